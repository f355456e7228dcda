"""Messages between fronts, feeders and the authority under mutation, taken by all three of them.

What can be decoded is taken by a front with its copy of the accounts, by the authority with what
merges journals, and by a feeder: none of them may break, whoever says it.
"""

from collections.abc import Callable
from types import FunctionType

from calleq.accounts.changes import CredentialIssued, UserPut, written
from calleq.accounts.credential import Credential
from calleq.accounts.principal import Principal
from calleq.accounts.registry import Registry
from calleq.journal.entries import CircuitKey, Dialled, Entry, LineSeized, Stamped, Transit
from calleq.journal.frames import encode_entry
from calleq.osn import relaying
from calleq.osn.messages import OsnError
from calleq.osn.relaying import (
    AccountsTold,
    AskAuthority,
    AuthorityHere,
    EntriesTold,
    Relay,
    Relayed,
    RelayMessage,
    RelayOver,
    TellEntries,
    Used,
)
from calleq.relay.feeding import Feeder
from calleq.relay.front import Front
from calleq.relay.merging import Merger
from calleq.relay.mirror import AccountsMirror
from calleq.relay.tail import JournalTail
from calleq.runtime.clock import VirtualClock
from simulator.fuzz.target import Target

HEADER_OCTETS = 26
LIFE = 7
AUTHORITY = "server-72-authority"
KEY = CircuitKey(1, 2, 3)


def relay_samples() -> list[RelayMessage]:
    """One message of every kind, and more where they have parts."""
    user = UserPut(user="ann", business="abc", role="developer", name="Ann")
    key = Credential(
        identifier="key-1", kind="api_key", role="developer", business="abc", stored="00"
    )
    asker = Principal("developer", "api_key", "abc", credential="key-1")
    headers = (("accept", "*/*"),)
    written_to_journal: tuple[Entry, ...] = (
        Dialled("01", "customer", 1, "+12", KEY),
        Transit(KEY, CircuitKey(2, 3, 4)),
        LineSeized(1, "+12", CircuitKey(2, 3, 4), "+1", "+12"),
    )
    entries = tuple(
        encode_entry(Stamped("s", number, number, number, entry))
        for number, entry in enumerate(written_to_journal, 1)
    )
    return [
        AskAuthority(5, 1, LIFE, 2),
        AuthorityHere(LIFE, 1, 1_000_000),
        AccountsTold(LIFE, 1, (written(user),), True),
        AccountsTold(LIFE, 2, (written(CredentialIssued(credential=key)),)),
        AccountsTold(LIFE, 3, ({"change": "of another version"},)),
        AccountsTold(LIFE, 9, ()),
        Relay(1, LIFE, 2_000_000, asker, "GET", "/v1/calls", headers, b"", "192.0.2.7"),
        Relay(
            *(2, LIFE, 1, Principal("page", "page_token"), "", "", (), b"", "", 8),
            used=Used("k", "n", 1),
        ),
        Relayed(1, 200, headers, bytes(3), more=True),
        Relayed(2, 0, refused="late"),
        RelayOver(1),
        TellEntries(LIFE, {"ssp-62": 1}, 5),
        *(EntriesTold(LIFE, (one,), {"s": 3}, 1_000_000) for one in entries),
    ]


class _Silent:
    """A bus on which nothing goes anywhere."""

    def attach(self, element: str, receive: Callable[[str, bytes], None]) -> None:
        """Nobody is told."""

    def send(self, sender: str, receiver: str, octets: bytes) -> None:
        """Nobody is told; what is sent can be read."""
        relaying.decode(octets)


class _Takers:
    """Everybody who is sent such messages."""

    def __init__(self) -> None:
        clock, bus = VirtualClock(0), _Silent()
        mirror = AccountsMirror(Registry(), ())
        self._front = Front("f", AUTHORITY, bus=bus, clock=clock, mirror=mirror, life=5)
        self._merger = Merger(LIFE, ("s",), clock, _nobody, _nobody)
        tail = JournalTail(lambda: 0)
        self._feeder = Feeder(
            *("ssp-62-journal", AUTHORITY, ("ssp-62",)),
            bus=bus,
            clock=clock,
            tail=tail,
            past=lambda since_us, found: found(()),
        )

    def hear(self, octets: bytes) -> None:
        """Whatever it is, and whoever says it."""
        for sender in (AUTHORITY, "stranger"):
            self._front.receive(sender, octets)
            self._feeder.receive(sender, octets)

    def take(self, message: RelayMessage) -> None:
        """What could be decoded is taken further."""
        if isinstance(message, EntriesTold):
            self._merger.told("ssp-62-journal", message)


def target() -> Target:
    """The messages and who takes them."""
    takers = [_Takers()]

    def decode(octets: bytes) -> object:
        takers[0].hear(octets)
        message = relaying.decode(octets)
        assert relaying.decode(relaying.encode(message)) == message, octets.hex()
        takers[0].take(message)
        return message

    def forget() -> None:
        takers[0] = _Takers()

    looked_at = (relaying.decode, AccountsMirror.take, Front.receive)
    return Target(
        name="relay",
        samples=[relaying.encode(message) for message in relay_samples()],
        header_octets=HEADER_OCTETS,
        past_header=lambda octets: octets.startswith(b'{"kind":"'),
        decode=decode,
        refusal=OsnError,
        decoder=tuple(each for each in looked_at if isinstance(each, FunctionType)),
        forget=forget,
    )


def _nobody(*what: object) -> None:
    """Takes the place of whoever is to be told."""
