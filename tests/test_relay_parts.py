"""The parts of the relay by themselves: messages, copy of the accounts, order of journals."""

import itertools
from collections.abc import Iterable

import pytest

from calleq.accounts.changes import BusinessSuspended, UserPut, written
from calleq.accounts.failures import FailureLimits
from calleq.accounts.registry import Registry
from calleq.journal.entries import CircuitKey, Dialled, LineSeized, Stamped, Transit
from calleq.journal.frames import JournalError, decode_entry, encode_entry
from calleq.osn import messages, relaying
from calleq.osn.messages import OsnError, SetUpTaken
from calleq.osn.relaying import AccountsTold, EntriesTold, Relayed, TellEntries
from calleq.relay.front_door import without_password
from calleq.relay.merging import MARGIN_US, Merger
from calleq.relay.mirror import AccountsMirror
from calleq.relay.tail import JournalTail
from calleq.runtime.clock import VirtualClock
from calleq.topology import load_topology
from calleq.topology_doors import authority_name, place_of
from calleq.units import HOUR_US, SECOND_US
from simulator.fuzz.relay import relay_samples

LIFE = 7
TO_SWITCH, ONWARD = CircuitKey(76, 62, 1), CircuitKey(62, 64, 9)
CALL = "01KE6P4ZK8CRN1KHA0F770ADTP"


# Messages.


@pytest.mark.parametrize("message", relay_samples(), ids=lambda one: type(one).__name__)
def test_a_message_is_read_as_it_was_written_and_no_element_takes_it_for_its_own(
    message: relaying.RelayMessage,
) -> None:
    octets = relaying.encode(message)
    assert relaying.encode(relaying.decode(octets)) == octets
    assert relaying.decode_any(octets) == relaying.decode(octets)
    assert type(relaying.decode(octets)) is type(message)
    with pytest.raises(OsnError):
        messages.decode(octets)


def test_octets_of_a_relayed_body_come_out_as_they_went_in() -> None:
    body = bytes(range(256))
    assert relaying.decode(relaying.encode(Relayed(1, 200, (), body))) == Relayed(1, 200, (), body)


def test_what_is_no_message_of_the_relay_is_refused() -> None:
    for octets in (b"", b"{", b"\xff", b"[]", b'{"kind":"relay"}', b'{"kind":"other"}'):
        with pytest.raises(OsnError):
            relaying.decode(octets)
    with pytest.raises(OsnError):
        relaying.decode(messages.encode(SetUpTaken(CALL, "ip-76")))


def test_what_holds_no_entry_is_refused() -> None:
    for payload in (b"", b"\xc1", b"\xc1\xa1a", b"\x80", bytes(range(256))):
        with pytest.raises(JournalError):
            decode_entry(payload)


def test_a_password_is_taken_out_of_a_message_and_nothing_else() -> None:
    body = '{"business_id":"abc","password":"abc-demo","note":"ä"}'.encode()
    assert without_password(body) == '{"business_id":"abc","note":"ä"}'.encode()
    sealed = b'{"password":"eyJhbGciOiJ9.a.b.c.d"}'
    assert without_password(sealed) == sealed
    whole = b"eyJhbGciOiJ9.a.b.c.d"
    assert without_password(whole) == whole


# Names.


def test_everything_of_the_relay_is_reached_at_the_place_of_its_element() -> None:
    topology = load_topology()
    places = {
        "ip-76": "ip-76",
        "ip-76-front": "ip-76",
        "ip-76-internet": "server-72",
        "ssp-64-journal": "ssp-64",
        authority_name(topology): "server-72",
    }
    assert {name: place_of(topology, name) for name in places} == places


def test_shares_of_wrong_passwords_are_together_no_more_than_the_whole() -> None:
    def hourly(limits: FailureLimits) -> list[int]:
        rates = (limits.identifier, limits.peer, limits.known_source)
        return [rate.burst + HOUR_US // rate.refill_us for rate in rates]

    whole = hourly(FailureLimits())
    for parts in (2, 3, 4, 5):
        share = hourly(FailureLimits().shared(parts))
        assert all(one * parts <= all_of for one, all_of in zip(share, whole, strict=True))
        assert min(share) >= 2


# The copy of the accounts.


def told(number: int, *users: str, whole: bool = False, life: int = LIFE) -> AccountsTold:
    changes = (UserPut(user=one, business="abc", role="developer") for one in users)
    return AccountsTold(life, number, tuple(written(one) for one in changes), whole)


def test_accounts_are_whole_when_the_authority_says_so_and_not_after_a_piece_is_missing() -> None:
    registry = Registry()
    mirror = AccountsMirror(registry, load_topology().businesses)
    mirror.take(told(1, "ann"))
    assert not mirror.is_whole
    mirror.take(told(2, "bob", whole=True))
    assert mirror.is_whole
    mirror.take(told(3, "eve"))
    assert mirror.is_whole
    assert [user.user for user in registry.users("abc")] == ["ann", "bob", "eve"]
    mirror.take(told(2, "bob"))
    assert mirror.is_whole, "it came twice"
    mirror.take(told(5, "joe"))
    assert (mirror.is_whole, mirror.taken) == (False, 0)
    mirror.take(told(1, "joe", whole=True))
    assert [user.user for user in registry.users("abc")] == ["joe"], "told anew, from nothing"
    assert mirror.is_whole


def test_another_life_of_the_authority_begins_anew_over_the_topology() -> None:
    registry = Registry()
    mirror = AccountsMirror(registry, load_topology().businesses)
    mirror.take(AccountsTold(1, 1, (written(BusinessSuspended(business="abc")),), True))
    assert not registry.business("abc").active  # type: ignore[union-attr]
    mirror.take(told(2, "ann", life=2))
    assert not mirror.is_whole
    mirror.take(told(1, life=2, whole=True))
    assert registry.business("abc").active  # type: ignore[union-attr]
    mirror.take(AccountsTold(2, 2, ({"change": "of another version"},)))
    assert (mirror.is_whole, mirror.unreadable) == (True, 1)


# The order of several journals.


def entry_of(entity: str, sequence: int, at_us: int, entry: object) -> Stamped:
    return Stamped(entity, sequence, at_us, at_us, entry)  # type: ignore[arg-type]


class Merging:
    """A merger of the journals of a peripheral and two switches."""

    def __init__(self) -> None:
        self.clock = VirtualClock(100 * SECOND_US)
        self.given: list[Stamped] = []
        self.asked: list[tuple[str, TellEntries]] = []
        self.merger = Merger(
            LIFE,
            ("ip-76", "ssp-62", "ssp-64"),
            self.clock,
            lambda name, message: self.asked.append((name, message)),
            self.given.append,
        )
        self.merger.start(90 * SECOND_US)

    def tells(self, entity: str, told_us: int, *entries: Stamped, life: int = LIFE) -> None:
        through = {entity: max((one.sequence for one in entries), default=0)}
        payloads = tuple(encode_entry(one) for one in entries)
        self.merger.told(f"{entity}-journal", EntriesTold(life, payloads, through, told_us))


def a_call(skew_us: dict[str, int], at_us: int = 95 * SECOND_US) -> dict[str, Stamped]:
    """A call from the peripheral over one switch to another, whose clocks are so far off."""
    entries = {
        "ip-76": Dialled(CALL, "customer", 1, "+12125550100", TO_SWITCH),
        "ssp-62": Transit(TO_SWITCH, ONWARD),
        "ssp-64": LineSeized(1, "+12125550100", ONWARD, "", "+12125550100"),
    }
    return {
        entity: entry_of(entity, 1, at_us + 1_000 * place + skew_us.get(entity, 0), entry)
        for place, (entity, entry) in enumerate(entries.items())
    }


@pytest.mark.parametrize("order", list(itertools.permutations(("ip-76", "ssp-62", "ssp-64"))))
@pytest.mark.parametrize(
    "skew_us",
    [{}, {"ip-76": 1_500_000}, {"ssp-62": 1_500_000}, {"ssp-64": -1_500_000}],
    ids=str,
)
def test_a_call_is_sent_on_before_it_comes_whoever_tells_first_and_whatever_clocks_say(
    order: Iterable[str], skew_us: dict[str, int]
) -> None:
    merging = Merging()
    call = a_call(skew_us)
    for entity in order:
        assert merging.given == [], "somebody has not told yet"
        merging.tells(entity, 200 * SECOND_US, call[entity])
    assert [one.entity for one in merging.given] == ["ip-76", "ssp-62", "ssp-64"]


def test_what_is_told_twice_is_given_once_and_nothing_before_everybody_has_told() -> None:
    merging = Merging()
    call = a_call({})
    merging.merger.own(entry_of("server-72", 1, 94 * SECOND_US, call["ip-76"].entry))
    for entity in ("ip-76", "ssp-62"):
        merging.tells(entity, 200 * SECOND_US, call[entity])
        merging.tells(entity, 200 * SECOND_US, call[entity])
    assert merging.given == []
    merging.tells("ssp-64", 200 * SECOND_US)
    assert [one.entity for one in merging.given] == ["server-72", "ip-76", "ssp-62"]


def test_one_who_is_away_for_an_hour_is_not_waited_for_any_more() -> None:
    merging = Merging()
    call = a_call({})
    merging.tells("ip-76", 200 * SECOND_US, call["ip-76"])
    merging.clock.advance_us(HOUR_US - SECOND_US)
    assert merging.given == []
    merging.tells("ip-76", 20 * HOUR_US)
    merging.clock.advance_us(5 * SECOND_US)
    assert merging.given == [call["ip-76"]]


def test_who_tells_another_life_is_asked_from_what_this_one_has() -> None:
    merging = Merging()
    call = a_call({})
    merging.tells("ip-76", 0, call["ip-76"], life=3)
    assert merging.given == []
    (name, asked), *_ = merging.asked
    assert (name, asked.life, asked.taken) == ("ip-76-journal", LIFE, {"ip-76": 0})
    assert asked.since_us == 90 * SECOND_US - MARGIN_US
    merging.tells("ip-76", 200 * SECOND_US, call["ip-76"])
    merging.tells("ip-76", 0, life=4)
    assert merging.asked[-1][1].taken == {"ip-76": 1}


def test_the_tail_of_a_journal_tells_what_is_durable_and_that_it_has_forgotten() -> None:
    outstanding = 1
    tail = JournalTail(lambda: outstanding)
    entries = [entry_of("ssp-62", n, n, Transit(TO_SWITCH, ONWARD)) for n in (1, 2, 3)]
    for one in entries:
        tail.take(one)
    assert tail.after(0, 10) == entries[:2]
    assert tail.after(1, 1) == [entries[1]]
    assert tail.after(2, 1) == []
    assert not tail.is_settled
    outstanding = 0
    assert tail.after(2, 1) == [entries[2]]
    assert tail.is_settled


def test_a_tail_that_is_too_long_forgets_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("calleq.relay.tail.LIMIT_RECENT_ENTRIES", 2)
    tail = JournalTail(lambda: 0)
    for number in (1, 2, 3):
        tail.take(entry_of("ssp-62", number, number, Transit(TO_SWITCH, ONWARD)))
    assert tail.after(0, 10) is None
    found = tail.after(1, 10)
    assert found is not None
    assert [one.sequence for one in found] == [2, 3]
