"""Ways by voice over IP: the channels of a pseudo line between equipment and its own gateway.

The equipment dials SIP URIs and IP addresses by itself, with no circuit of any network. It speaks
Q.931 on the line `voip` as a switch does on a trunk, and its gateway turns that into SIP, so
that every call has a wire of its own. In the journal a call is named by a circuit of the equipment
to itself, as the ports of a switch's board are.

Refused: what is no such address, and hosts that the operator has not allowed (no way is given).
Octets that are no line message are counted (`malformed`).
"""

from collections.abc import Callable

from calleq.calling_logic.means import NUMBERS, Parties, Reservations, Way, WayUser, legs_by_voip
from calleq.calling_logic.voip_way import VoipWay
from calleq.causes import Q850
from calleq.journal.contract import Journal
from calleq.journal.entries import CircuitKey, Entry
from calleq.lines.channel import LineChannel
from calleq.lines.contract import VOIP_LINE, LinePlant
from calleq.lines.messages import (
    TRUNK_REFERENCES,
    LineError,
    LineMessage,
    Release,
    ReleaseComplete,
)
from calleq.lines.q931 import decode, encode
from calleq.media.contract import channel_wire
from calleq.numbering import IpAddress, NumberingError, SipUri, VoipPolicy, is_voip, parse_address
from calleq.runtime.clock import Clock

VOIP_GROUP = "voip"
"""What the journal calls these ways together."""
KEYS = range(4_096, 16_384)
"""Numbers of ways in the journal, given out in turn; circuits that are real have lower ones."""


class VoipAccess:
    """The ways of one piece of equipment; fulfils `Access` and `VoipDesk`."""

    group = VOIP_GROUP

    def __init__(
        self,
        name: str,
        point_code: int,
        policy: VoipPolicy,
        channels: int,
        *,
        lines: LinePlant,
        journal: Journal,
        clock: Clock,
        last_seizure: int = 0,
    ) -> None:
        """`channels`: how many calls at once. Serves the element's name on the plant."""
        self.clock = clock
        self.policy = policy
        self.malformed = 0
        self._name = name
        self._point_code = point_code
        self._capacity = channels
        self._lines = lines
        self._journal = journal
        self._seizures = last_seizure
        self._reservations = Reservations()
        self._ways: dict[int, VoipWay] = {}
        """By call reference."""
        self._reference = TRUNK_REFERENCES.switch.start
        self._number = KEYS.start
        self._talking: set[int] = set()
        lines.serve(name, self._received)

    def __len__(self) -> int:
        """How many ways are in use."""
        return len(self._ways)

    def takes(self, address: str) -> bool:
        """Whether it is an address that may be called so."""
        return self._uri(address) is not None

    # Access

    def reserve(
        self,
        call: str,
        answer: Callable[[bool], object],
        parties: Parties = NUMBERS,
    ) -> None:
        wanted = legs_by_voip(parties)
        answer(self._reservations.reserve(call, self._capacity - len(self._ways), wanted))

    def are_resetting(self) -> bool:
        return False

    def seize(self, call: str, called: str = "") -> VoipWay | None:
        if len(self._ways) >= self._capacity or not self._reservations.may_take(call):
            return None
        self._reservations.taken(call)
        return self._take()

    def seize_extra(self, call: str, called: str = "") -> VoipWay | None:
        free = self._capacity - len(self._ways)
        return self._take() if free > self._reservations.promised else None

    def dial(self, way: Way, called: str, caller: str, user: WayUser) -> None:
        uri = self._uri(called)
        assert isinstance(way, VoipWay), "seize gives nothing else"
        assert uri is not None, "`takes` is asked first"
        shown = _caller_uri(caller) if is_voip(caller) else caller
        way.dial(str(uri), shown, user)

    def give_back(self, way: Way) -> None:
        assert isinstance(way, VoipWay), "seize gives nothing else"
        self.freed(way)

    def returned(self, call: str, way: Way | None = None) -> None:
        self._reservations.returned(call)

    def done(self, call: str) -> None:
        self._reservations.done(call)

    # VoipDesk

    def write(self, entry: Entry, durable: Callable[[], object] | None = None) -> None:
        """See `VoipDesk`."""
        self._journal.append(self._name, entry, durable)

    def next_seizure(self) -> int:
        """See `VoipDesk`."""
        self._seizures += 1
        return self._seizures

    def talks(self, seizure: int, talking: bool) -> None:
        """See `VoipDesk`."""
        (self._talking.add if talking else self._talking.discard)(seizure)

    def freed(self, way: VoipWay) -> None:
        """See `VoipDesk`."""
        self._ways.pop(way.channel.reference, None)

    @property
    def talking(self) -> frozenset[int]:
        """The seizures whose party is connected."""
        return frozenset(self._talking)

    # Inside

    def _uri(self, address: str) -> SipUri | None:
        try:
            found = parse_address(address)
        except NumberingError:
            return None
        if not self.policy.allows(found):
            return None
        if isinstance(found, IpAddress):
            return found.uri
        return found if isinstance(found, SipUri) else None

    def _take(self) -> VoipWay:
        references = TRUNK_REFERENCES.switch
        reference = self._reference
        while reference in self._ways:
            reference = _following(reference, references)
        self._reference = _following(reference, references)
        channel = LineChannel(VOIP_LINE, reference, self.clock, self._send, _keep, by_switch=True)
        key = CircuitKey(self._point_code, self._point_code, self._number)
        self._number = _following(self._number, KEYS)
        wire = channel_wire(VOIP_LINE, reference, True)
        way = self._ways[reference] = VoipWay(self, channel, key, wire)
        channel.user = way
        return way

    def _send(self, line: str, message: LineMessage) -> None:
        self._lines.to_telephone(self._name, line, encode(message))

    def _received(self, line: str, octets: bytes) -> None:
        """The gateway offers no calls: a SETUP is an unknown reference like any other."""
        try:
            message = decode(octets)
        except LineError:
            self.malformed += 1
            return
        way = self._ways.get(message.reference)
        if way is not None and getattr(message, "to_originator", False):
            way.channel.received(message)
        elif not isinstance(message, ReleaseComplete):
            cause = message.cause if isinstance(message, Release) else Q850.INVALID_REFERENCE
            towards = not getattr(message, "to_originator", False)
            self._send(line, ReleaseComplete(message.reference, cause, towards))


def _caller_uri(caller: str) -> str:
    """A caller without a number is shown as the address that it has; a journal's plain text."""
    address = parse_address(caller) if caller else ""
    return str(address.uri if isinstance(address, IpAddress) else address)


def _keep(channel: LineChannel) -> None:
    """The reference is the way's until the way is clear."""


def _following(number: int, among: range) -> int:
    return number + 1 if number + 1 in among else among.start
