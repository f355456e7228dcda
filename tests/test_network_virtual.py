"""Calls through the whole network of figure 1 on the virtual clock: who is rung, and who pays.

What a call should become is told here from the telephones' habits as the topology's comment and
issue 2 list them; what became of it is read from the door's view, the telephones' diary, the
captured octets and the records.
"""

import math
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import msgspec
import pytest

from calleq.billing.records import LegRecord, SessionRecord
from calleq.journal.entries import LineRefused, LineSeized, Stamped, Transit
from calleq.journal.frames import encode_entry
from calleq.runtime.tap import Segment
from calleq.ss7.isup.messages import Anm, Con, Iam
from calleq.telephones.diary import DiaryCall
from calleq.topology import Business, Line, Topology, load_topology
from calleq.units import SECOND_US
from simulator.world import build_world
from tests.virtual import (
    OTHER_REPRESENTATIVE,
    REPRESENTATIVE,
    XYZ_REPRESENTATIVE,
    VirtualNetwork,
    leg_of,
    number,
)

SIGNALLING_US = 60_000
"""A few messages, each over two links, and a few flushes of the disk."""
WHISPER_S = 2
"""The longest whisper, "Call for ABC Company.", rounded up."""


class Habit(NamedTuple):
    """What a telephone does when it is called."""

    cause: int = 0
    """Why it cannot be reached; 0: it answers."""
    takes_s: float = 4
    """Until it answers, or until the network knows that it will not."""
    stays_s: float = math.inf
    """How long it waits for anybody to talk to."""
    machine: bool = False


HABITS = {
    "00": Habit(),
    "01": Habit(17, 0),
    "02": Habit(19, 30),
    "03": Habit(1, 0),
    "04": Habit(stays_s=20, machine=True),
    "05": Habit(stays_s=3),
    "06": Habit(takes_s=25),
    "07": Habit(21, 0),
    "08": Habit(42, 0),
    "09": Habit(stays_s=35, machine=True),
    "10": Habit(17, 0),
    "11": Habit(),
    "12": Habit(20, 3.5),
    "43": Habit(),
    "44": Habit(),
    "53": Habit(),
}
SILENT = frozenset({"01", "03", "07", "08", "10", "12"})
"""These never make a sound, whoever calls them."""
CUSTOMER_FINALS = {
    1: "failed",
    17: "customer_busy",
    19: "customer_no_answer",
    20: "customer_no_answer",
    21: "customer_rejected",
    42: "failed",
}
AGENT_FINALS = {
    1: "agent_unavailable",
    17: "agent_busy",
    19: "agent_no_answer",
    20: "agent_unavailable",
    21: "agent_rejected",
    42: "agent_unavailable",
}
LISTS = {"abc": ("43", "44"), "xyz": ("53",)}

Leg = tuple[str, bool, int]
Story = tuple[str, list[Leg]]


def candidates(rep: str | None, business: str, hunt: bool) -> Iterator[str]:
    """Who is tried, in order, as long as nobody answers; nobody twice, three in all."""
    tried = [rep] if rep is not None else []
    if hunt:
        tried += [one for one in LISTS[business] if one != rep]
    yield from tried[:3]


def customer_first(customer: str, rep: str | None, business: str, hunt: bool) -> Story:
    """How a call ends, and its legs, by the habits of who is called."""
    caller = HABITS[customer]
    if caller.cause:
        return CUSTOMER_FINALS[caller.cause], [(customer, False, caller.cause)]
    legs: list[Leg] = [(customer, True, 16)]
    if caller.machine and business == "abc":
        return "customer_machine", legs
    waited_s, cause = 0.0, 0
    for one in candidates(rep, business, hunt):
        called = Habit(17, 0) if one == customer else HABITS[one]
        waited_s += called.takes_s
        if waited_s > caller.stays_s:
            return "customer_abandoned", [*legs, (one, False, 16)]
        legs.append((one, not called.cause, called.cause or 16))
        if not called.cause:
            gone = waited_s + WHISPER_S > caller.stays_s
            return "customer_abandoned" if gone else "completed", legs
        cause = called.cause
    return AGENT_FINALS[cause], legs


def agent_first(customer: str, rep: str | None, business: str, hunt: bool) -> Story:
    """The same where the representative is called first, and waits for the customer."""
    legs: list[Leg] = []
    for one in candidates(rep, business, hunt):
        called = HABITS[one]
        legs.append((one, not called.cause, called.cause or 16))
        if not called.cause:
            break
    else:
        return AGENT_FINALS[legs[-1][2]], legs
    waiting, caller = called, Habit(17, 0) if one == customer else HABITS[customer]
    if caller.takes_s > waiting.stays_s:
        return "agent_unavailable", [*legs, (customer, False, 16)]
    legs.append((customer, not caller.cause, caller.cause or 16))
    if caller.cause:
        return CUSTOMER_FINALS[caller.cause], legs
    if business == "abc" and caller.machine:
        return "customer_machine", legs
    if business == "abc" and customer == "05":
        # An announcement bridges the time of the verdict, and this customer leaves announcements.
        return "customer_abandoned", legs
    return "completed", legs


def assert_records_true(network: VirtualNetwork, *records: SessionRecord) -> None:
    """Every leg's times are those of the telephone's own diary, to the microsecond.

    The records are all that this network has made.
    """
    delay_us = network.topology.timing.line_delay_us
    legs = [leg for record in records for leg in record.legs]
    for telephone in {leg.number for leg in legs}:
        rung = [leg for leg in legs if leg.number == telephone and leg.ringing_at_us is not None]
        lived = [one for one in network.calls(telephone) if one.rang]
        assert len(rung) == len(lived)
        for leg, call in zip(rung, lived, strict=True):
            assert_leg_true(leg, call, delay_us)
    for leg in legs:
        if leg.ringing_at_us is None:
            assert (leg.answered_at_us, leg.ring_us, leg.talk_us, leg.billable_s) == (None, 0, 0, 0)
    assert all(record.complete for record in records)


def assert_leg_true(leg: LegRecord, call: DiaryCall, delay_us: int) -> None:
    """One leg against the same call as its telephone lived it."""
    assert call.ended is not None
    assert call.ring_us is not None
    assert call.talk_us is not None
    assert leg.ringing_at_us == call.began.at_us + delay_us
    # What the network ends, it has ended one line's delay before the telephone hears of it, and
    # what the telephone does the switch sees one delay later.
    by_network_us = 2 * delay_us if call.ended.event in ("released", "stops_ringing") else 0
    if call.answered is None:
        assert leg.ring_us == call.ring_us - by_network_us
        assert (leg.answered_at_us, leg.talk_us, leg.billable_s) == (None, 0, 0)
    else:
        assert leg.ring_us == call.ring_us
        assert leg.answered_at_us == call.answered.at_us + delay_us
        assert leg.talk_us == call.talk_us - by_network_us
        assert leg.billable_s == math.ceil(leg.talk_us / SECOND_US)


def assert_rang_only(network: VirtualNetwork, legs: list[Leg]) -> None:
    """Of all telephones, those that were called, were free and make a sound rang, once each."""
    assert network.network.telephones is not None
    rang = Counter(
        {one: times for one in network.network.telephones.numbers if (times := network.rings(one))}
    )
    assert rang == Counter(
        number(one) for one, _, cause in legs if one not in SILENT and cause != 17
    )


def assert_first(network: VirtualNetwork, first: str) -> None:
    """Nobody but `first` was called before it had answered, on the wires and in the diaries."""
    answered = False
    for _, _, message in network.signalling():
        if isinstance(message, Iam) and not answered:
            assert "+" + message.called.digits == first
        answered = answered or isinstance(message, Anm | Con)
    answers = [one.answered.at_us for one in network.calls(first) if one.answered]
    assert network.network.telephones is not None
    for telephone in set(network.network.telephones.numbers) - {first}:
        for lived in network.calls(telephone):
            assert answers
            assert lived.began.at_us > answers[0]


REPS = ("00", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12", "43", None)
CUSTOMERS = REPS[:13]
EVERY_MESSAGE = [
    (business, hunt, rep)
    for business in ("abc", "xyz")
    for hunt in (True, False)
    for rep in (REPS if hunt else REPS[:-1])
]
"""Business, whether another representative may be tried, and who was asked for."""


@pytest.mark.row("S2-33", part=True)
@pytest.mark.row("S2-34", part=True)
@pytest.mark.row("S2-56")
@pytest.mark.row("S2-60")
@pytest.mark.parametrize("customer", CUSTOMERS)
def test_every_customer_with_every_representative_customer_first(customer: str) -> None:
    for business, hunt, rep in EVERY_MESSAGE:
        state, legs = customer_first(customer, rep, business, hunt)
        network, record = as_told(state, legs, customer, rep, business, hunt)
        assert_first(network, number(customer))
        if state.startswith("customer_") and state != "customer_abandoned":
            assert [leg.leg for leg in record.legs] == ["customer"]


@pytest.mark.row("S2-56", part=True)
@pytest.mark.parametrize("customer", CUSTOMERS)
def test_every_customer_with_every_representative_agent_first(customer: str) -> None:
    for business, hunt, rep in EVERY_MESSAGE:
        state, legs = agent_first(customer, rep, business, hunt)
        network, _ = as_told(state, legs, customer, rep, business, hunt, dial_first="agent")
        if legs[0][1]:
            assert_first(network, number(legs[0][0]))
        elif state.startswith("agent_"):
            assert network.rings(number(customer)) == 0 or customer == rep


def as_told(
    state: str,
    legs: list[Leg],
    customer: str,
    rep: str | None,
    business: str,
    hunt: bool,
    **fields: object,
) -> tuple[VirtualNetwork, SessionRecord]:
    """A call that goes as was told, is recorded as it went, and leaves nothing behind."""
    network = VirtualNetwork()
    named = None if rep is None else number(rep)
    view = network.call(number(customer), named, business, hunt=hunt, **fields)
    assert (view.state, network.legs(view.call)) == (
        state,
        [(number(one), up, cause) for one, up, cause in legs],
    ), (business, hunt, rep)
    assert_rang_only(network, legs)
    record = network.records()[view.call]
    assert record.state == state
    assert_records_true(network, record)
    network.assert_at_rest()
    return network, record


def test_a_business_may_have_its_representatives_called_first() -> None:
    """The setting of the business, and a message that wants it otherwise."""
    topology = with_business(load_topology(), dial_first="agent")
    network = VirtualNetwork(topology)
    by_business = network.call(number("00"), REPRESENTATIVE)
    assert network.legs(by_business.call)[0][0] == REPRESENTATIVE
    by_message = network.call(number("00"), REPRESENTATIVE, dial_first="customer")
    assert network.legs(by_message.call)[0][0] == number("00")


def with_business(topology: Topology, **changes: object) -> Topology:
    """The topology with business `abc` changed."""
    first, *rest = topology.businesses
    changed: Business = msgspec.structs.replace(first, **changes)
    return msgspec.structs.replace(topology, businesses=(changed, *rest))


def with_lines(topology: Topology, *lines: Line) -> Topology:
    """The topology with more lines."""
    return msgspec.structs.replace(topology, lines=(*topology.lines, *lines))


def test_the_representative_stops_ringing_at_once_when_the_customer_goes() -> None:
    network = VirtualNetwork()
    view = network.call(number("05"), REPRESENTATIVE)
    assert view.state == "customer_abandoned"
    (customer,), (rep,) = network.calls(number("05")), network.calls(REPRESENTATIVE)
    assert customer.ended is not None
    assert rep.ended is not None
    assert (customer.ended.event, rep.ended.event) == ("hangs_up", "stops_ringing")
    assert 0 < rep.ended.at_us - customer.ended.at_us < SIGNALLING_US
    assert network.records()[view.call].legs[1].talk_us == 0
    # Three seconds into the announcement, as this customer does.
    heard = next(e for e in network.entries(number("05")) if e.detail.startswith("speech:"))
    assert customer.ended.at_us - heard.at_us == 3 * SECOND_US


def test_at_most_three_representatives_are_tried() -> None:
    busy = tuple(f"+1212555014{digit}" for digit in (5, 6, 7, 8, 9))
    topology = with_lines(
        with_business(load_topology(), representatives=busy),
        *(Line(number=one, behaviour="busy") for one in busy),
    )
    network = VirtualNetwork(topology)
    view = network.call(number("00"))
    assert view.state == "agent_busy"
    assert network.legs(view.call) == [
        (number("00"), True, 16),
        *((one, False, 17) for one in busy[:3]),
    ]
    named = network.call(number("00"), number("07"))
    assert len(network.legs(named.call)) == 1 + 3
    assert not any(network.rings(one) for one in busy)
    network.assert_at_rest()


def test_the_next_representative_is_the_one_idle_longest() -> None:
    third = "+12125550145"
    topology = with_lines(
        with_business(
            load_topology(), representatives=(REPRESENTATIVE, OTHER_REPRESENTATIVE, third)
        ),
        Line(number=third),
    )
    network = VirtualNetwork(topology)

    def served_by(rep: str | None = None) -> str:
        view = network.call(number("00"), rep)
        assert view.state == "completed"
        return network.legs(view.call)[-1][0]

    assert [served_by() for _ in range(4)] == [
        REPRESENTATIVE,
        OTHER_REPRESENTATIVE,
        third,
        REPRESENTATIVE,
    ]
    # One who was asked for by name has been idle for the shortest time afterwards.
    assert served_by(OTHER_REPRESENTATIVE) == OTHER_REPRESENTATIVE
    assert [served_by() for _ in range(3)] == [third, REPRESENTATIVE, OTHER_REPRESENTATIVE]


def test_a_representative_in_a_call_is_not_offered_another() -> None:
    network = VirtualNetwork()
    first = network.place(number("00"))
    second = network.place(number("11"))
    third = network.place(number("06"))
    network.run_to_end(first, second, third)
    served = [network.legs(call)[-1] for call in (first, second, third)]
    assert [leg[0] for leg in served[:2]] == [REPRESENTATIVE, OTHER_REPRESENTATIVE]
    # 06 answers when both are free again.
    assert [network.view(call).state for call in (first, second, third)] == ["completed"] * 3
    assert network.rings(REPRESENTATIVE) + network.rings(OTHER_REPRESENTATIVE) == 3


def test_records_equal_the_diary_where_lines_have_a_delay() -> None:
    topology = load_topology()
    timing = msgspec.structs.replace(topology.timing, line_delay_us=20_011)
    topology = msgspec.structs.replace(topology, timing=timing)
    for customer in CUSTOMERS:
        network = VirtualNetwork(topology, talk_us=7_654_321)
        assert customer is not None
        view = network.call(number(customer), REPRESENTATIVE)
        assert_records_true(network, network.records()[view.call])
        network.assert_at_rest()


def test_no_customer_is_dialled_without_a_circuit_for_the_representative() -> None:
    network = VirtualNetwork(with_circuits(load_topology(), "76-62", 1))
    view = network.call(number("00"), REPRESENTATIVE)
    assert view.state == "failed"
    assert number("00") not in network.dialled()
    assert network.rings(number("00")) == 0
    assert network.records()[view.call].legs == ()


def test_circuits_are_kept_for_the_representatives_of_calls_under_way() -> None:
    network = VirtualNetwork(with_circuits(load_topology(), "76-62", 3))
    first = network.place(number("06"), REPRESENTATIVE)
    second = network.place(number("00"), OTHER_REPRESENTATIVE)
    network.run_to_end(first, second)
    # One circuit is idle, but the first call will need it.
    assert network.view(second).state == "failed"
    assert network.rings(number("00")) == 0
    assert network.view(first).state == "completed"
    assert network.call(number("00"), OTHER_REPRESENTATIVE).state == "completed"
    network.assert_at_rest()


def with_circuits(topology: Topology, trunk: str, circuits: int) -> Topology:
    """The topology with a trunk group of another size."""
    trunks = tuple(
        msgspec.structs.replace(one, circuits=circuits) if one.name == trunk else one
        for one in topology.trunks
    )
    return msgspec.structs.replace(topology, trunks=trunks)


@pytest.mark.row("S2-85")
def test_concurrent_customers_have_independent_calls() -> None:
    """Each of 60 customers at once gets what its own telephone does, and pays for that alone."""
    topology = build_world(7, customers=60, businesses=8, circuits=200)
    finals = {
        "person": "completed",
        "slow": "completed",
        "busy": "customer_busy",
        "silent": "customer_no_answer",
        "rejects": "customer_rejected",
        "hangs_up": "customer_abandoned",
    }
    network = VirtualNetwork(topology)
    customers = [line for line in topology.lines if line.number != topology.isp_number][:60]
    placed = {}
    for index, line in enumerate(customers):
        business = topology.businesses[index % 8]
        body = {
            "business_id": business.identifier,
            "password": business.password,
            "customer_number": line.number,
            "representative_number": business.representatives[index // 8],
        }
        reply = network.post(body)
        assert reply.status == 202
        placed[line.number] = reply.view.call
    network.run_to_end(*placed.values())
    assert {line.behaviour for line in customers} == set(finals)
    records = network.records()
    for line in customers:
        call = placed[line.number]
        assert network.view(call).state == finals[line.behaviour], line
        assert network.legs(call)[0][0] == line.number
    assert_records_true(network, *records.values())
    heard = {
        line.number: {
            voice
            for entry in network.entries(line.number)
            if entry.event == "hears"
            for voice in entry.detail.split(", ")
            if voice.startswith("mouth:")
        }
        for line in customers
    }
    for line in customers:
        if finals[line.behaviour] == "completed":
            rep = leg_of(records[placed[line.number]], "agent").number
            assert heard[line.number] == {f"mouth:{rep}"}
    network.assert_at_rest()


@pytest.mark.row("S2-58", part=True)
def test_each_business_has_its_own_name_announced() -> None:
    network = VirtualNetwork()
    abc = network.place(number("00"), REPRESENTATIVE)
    xyz = network.place(number("11"), XYZ_REPRESENTATIVE, "xyz")
    network.run_to_end(abc, xyz)

    def spoken(telephone: str) -> list[str]:
        return [e.detail for e in network.entries(telephone) if e.detail.startswith("speech:")]

    assert spoken(number("00")) == [
        "speech:Please hold while we connect you to an ABC Company customer representative."
    ]
    assert spoken(number("11")) == [
        "speech:Please hold while we connect you to an XYZ Travel customer representative."
    ]
    assert spoken(REPRESENTATIVE) == ["speech:Call for ABC Company."]


def test_a_business_without_a_name_has_neutral_wording() -> None:
    network = VirtualNetwork(with_business(load_topology(), name=""))
    network.call(number("00"), REPRESENTATIVE)
    speech = [e.detail for e in network.entries(number("00")) if e.detail.startswith("speech:")]
    assert speech == ["speech:Please hold while we connect you to a customer representative."]


def test_the_same_seed_gives_the_same_octets() -> None:
    def run() -> list[tuple[object, ...]]:
        network = VirtualNetwork(seed=3)
        network.call(number("00"), REPRESENTATIVE)
        return [tuple(captured) for captured in network.tap.captures()]

    assert run() == run()


@pytest.mark.row("S2-95", part=True)
def test_the_instruction_crosses_the_osn_and_not_the_internet() -> None:
    network = VirtualNetwork()
    view = network.call(number("00"), REPRESENTATIVE)
    by_segment: dict[Segment, list[bytes]] = {segment: [] for segment in Segment}
    for captured in network.tap.captures():
        by_segment[captured.segment].append(captured.octets)
    assert any(
        b'"set_up_call"' in octets and view.call.encode() in octets
        for octets in by_segment[Segment.OSN]
    )
    assert not any(b"set_up_call" in octets for octets in by_segment[Segment.INTERNET])
    assert not any(b"abc-demo" in octets for octets in by_segment[Segment.OSN])


def test_whatever_elements_write_can_lie_on_a_disk() -> None:
    """A simulated journal keeps objects; a number of a type of its own broke every call between
    telephones once a real one was to encode it."""
    network = VirtualNetwork()
    network.call(number("00"), REPRESENTATIVE)
    network.call(number("01"), REPRESENTATIVE)
    network.call(number("10"), REPRESENTATIVE)
    assert {type(one.entry) for one in network.journal.entries} > {Transit, LineSeized, LineRefused}
    for stamped in network.journal.entries:
        payload = encode_entry(stamped)
        assert encode_entry(msgspec.msgpack.decode(payload, type=Stamped)) == payload
