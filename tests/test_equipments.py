"""One call, every equipment: peripheral, switch, SCP, conference bridge, dialler.

The same instruction, the same telephones; what becomes of the call is the same, whoever makes it:
its final state, its cause, each attempt to reach someone, what the parties hear, what is billed.
With no delay in any wire or disk even the microseconds of the talks are the same; with delays they
differ by no more than those.
"""

import json
from typing import Any, get_args

import msgspec
import pytest

from calleq import topology_equipment
from calleq.billing.finder import FINDERS
from calleq.journal.entries import Entry, Undertaken
from calleq.messages.answers import CallView
from calleq.osn.orders import Hold, Mute, Unhold
from calleq.topology import Topology, load_topology
from calleq.topology_policy import CallPolicy
from calleq.units import MILLISECOND_US, SECOND_US, parse_utc
from tests.control_scene import ControlledCall
from tests.live import calleq
from tests.virtual import (
    OTHER_REPRESENTATIVE,
    REPRESENTATIVE,
    XYZ_REPRESENTATIVE,
    VirtualNetwork,
    leg_of,
    number,
)

BY_PERIPHERAL = "ip-76"
OTHERS = ("ssp-62", "scp-1", "scp-2", "bridge-77", "dialler-78")
CUSTOMERS = tuple(number(f"{place:02}") for place in range(13))
REPRESENTATIVES = (REPRESENTATIVE, number("01"), number("02"), None)
DELAYS_US = 50 * MILLISECOND_US
"""More than the wires and disks between an answer and the end of the call take together."""


def made_by(equipment: str, topology: Topology | None = None) -> Topology:
    """The network in which this equipment makes the access server's calls."""
    return topology_equipment.made_by(topology or load_topology(), equipment)


def without_delays(topology: Topology) -> Topology:
    """The network with wires that take no time."""
    return msgspec.structs.replace(
        topology,
        links=tuple(msgspec.structs.replace(link, delay_us=0) for link in topology.links),
        timing=msgspec.structs.replace(topology.timing, osn_delay_us=0, line_delay_us=0),
    )


def pair(equipment: str, **more: Any) -> tuple[VirtualNetwork, VirtualNetwork]:
    """Two networks that differ in what makes the calls: the peripheral, and this equipment."""
    return VirtualNetwork(made_by(BY_PERIPHERAL), **more), VirtualNetwork(
        made_by(equipment), **more
    )


def compared(
    theirs: VirtualNetwork, ours: VirtualNetwork, customer: str, rep: str | None, **more: Any
) -> tuple[CallView, CallView]:
    """The same call on both; everything that must be the same is."""
    theirs_view, ours_view = (one.call(customer, rep, **more) for one in (theirs, ours))
    assert (ours_view.state, ours_view.cause) == (theirs_view.state, theirs_view.cause)
    assert ours.legs(ours_view.call) == theirs.legs(theirs_view.call)
    their_record, our_record = theirs.records()[theirs_view.call], ours.records()[ours_view.call]
    assert (our_record.state, our_record.cause) == (their_record.state, their_record.cause)
    for leg in their_record.legs:
        same = leg_of(our_record, leg.leg, leg.attempt)
        assert (same.number, same.cause, bool(same.talk_us)) == (
            leg.number,
            leg.cause,
            bool(leg.talk_us),
        )
        assert abs(same.talk_us - leg.talk_us) <= DELAYS_US
    return theirs_view, ours_view


KINDS = {
    "the switch": "ssp-62",
    "a conference bridge": "bridge-77",
    "the intelligent peripheral": "ip-76",
    "AIN circuitry such as an ISCP": "scp-1",
    "other equipment able to initiate calls": "dialler-78",
}
"""What may execute a call initiation message, in the words of the source."""


@pytest.mark.row("S2-62")
def test_the_same_message_succeeds_with_each_of_the_five_kinds_of_equipment() -> None:
    ends = {}
    for kind, equipment in KINDS.items():
        network = VirtualNetwork(made_by(equipment))
        view = network.call(number("00"), REPRESENTATIVE)
        ends[kind] = (view.state, network.legs(view.call))
        network.assert_at_rest()
        (undertaken,) = [
            stamped.entity
            for stamped in network.journal.entries
            if isinstance(stamped.entry, Undertaken)
        ]
        assert undertaken == equipment
    both = [(number("00"), True, 16), (REPRESENTATIVE, True, 16)]
    assert ends == dict.fromkeys(KINDS, ("completed", both))


@pytest.mark.row("S2-62", part=True)
@pytest.mark.parametrize("dial_first", ["customer", "agent"])
@pytest.mark.parametrize("customer", CUSTOMERS)
@pytest.mark.parametrize("equipment", OTHERS)
def test_every_branch_ends_as_with_the_peripheral(
    equipment: str, customer: str, dial_first: str
) -> None:
    theirs, ours = pair(equipment)
    for representative in REPRESENTATIVES:
        compared(theirs, ours, customer, representative, dial_first=dial_first)
    ours.assert_at_rest()


@pytest.mark.row("S2-62", part=True)
@pytest.mark.parametrize("customer", [number("00"), number("05"), number("06"), number("11")])
@pytest.mark.parametrize("equipment", OTHERS)
def test_without_delays_the_talks_are_the_same_to_the_microsecond(
    equipment: str, customer: str
) -> None:
    theirs, ours = (
        VirtualNetwork(without_delays(made_by(one)), commit_us=0)
        for one in (BY_PERIPHERAL, equipment)
    )
    for representative in REPRESENTATIVES:
        their_view, our_view = (one.call(customer, representative) for one in (theirs, ours))
        talks = [
            [(leg.leg, leg.attempt, leg.talk_us) for leg in one.records()[view.call].legs]
            for one, view in ((theirs, their_view), (ours, our_view))
        ]
        assert talks[0] == talks[1]
        assert any(talk_us for _, _, talk_us in talks[0])


@pytest.mark.parametrize("equipment", OTHERS)
def test_what_is_billed_is_what_the_parties_lived_through(equipment: str) -> None:
    network = VirtualNetwork(made_by(equipment))
    view = network.call(number("00"), REPRESENTATIVE)
    record = network.records()[view.call]
    for leg, telephone in (("customer", number("00")), ("agent", REPRESENTATIVE)):
        (lived,) = network.calls(telephone)
        assert lived.answered is not None
        assert lived.ended is not None
        assert leg_of(record, leg).talk_us == lived.ended.at_us - lived.answered.at_us


def heard_by(network: VirtualNetwork, telephone: str) -> list[str]:
    """What a telephone heard, one after the other; the gap between two pieces is none."""
    details = [entry.detail for entry in network.entries(telephone) if entry.event == "hears"]
    spoken = [detail for detail in details if detail != "silence"]
    text = "".join(detail.removeprefix("speech:") for detail in spoken if "speech:" in detail)
    return [text, *(detail for detail in spoken if "speech:" not in detail)]


@pytest.mark.row("S2-96", part=True)
@pytest.mark.parametrize("customer", [number("00"), number("06"), number("11")])
@pytest.mark.parametrize("equipment", OTHERS)
def test_the_parties_hear_the_same(equipment: str, customer: str) -> None:
    theirs, ours = pair(equipment)
    compared(theirs, ours, customer, REPRESENTATIVE)
    for telephone in (customer, REPRESENTATIVE):
        assert heard_by(ours, telephone) == heard_by(theirs, telephone)


@pytest.mark.parametrize("equipment", OTHERS)
def test_while_they_talk_they_hear_each_other_and_nobody_else(equipment: str) -> None:
    network = VirtualNetwork(made_by(equipment), talk_us=60 * SECOND_US)
    call = network.place(number("00"), REPRESENTATIVE)
    while network.view(call).state != "bridged":
        assert network.clock.run_next()
    network.clock.advance_us(5 * SECOND_US)
    assert network.hears(number("00")) == {f"mouth:{REPRESENTATIVE}"}
    assert network.hears(REPRESENTATIVE) == {f"mouth:{number('00')}"}


@pytest.mark.parametrize("party", [number("00"), REPRESENTATIVE])
@pytest.mark.parametrize("after_s", [1, 5, 7, 9, 11, 14])
@pytest.mark.parametrize("equipment", OTHERS)
def test_whoever_hangs_up_whenever(equipment: str, after_s: int, party: str) -> None:
    """While it rings, is judged, listens, is whispered to, or talks: the end is the same."""
    ends = []
    for network in pair(equipment, talk_us=60 * SECOND_US):
        call = network.place(number("00"), REPRESENTATIVE)
        network.clock.advance_us(after_s * SECOND_US)
        network.hang_up(party)
        network.run_to_end(call)
        view = network.view(call)
        ends.append((view.state, view.cause, network.legs(call)))
        network.assert_at_rest()
    assert ends[0] == ends[1]


@pytest.mark.parametrize("after_s", [1, 7, 9, 14])
@pytest.mark.parametrize("equipment", OTHERS)
def test_a_business_may_cancel_whenever(equipment: str, after_s: int) -> None:
    ends = []
    for network in pair(equipment, talk_us=60 * SECOND_US):
        call = network.place(number("00"), OTHER_REPRESENTATIVE)
        network.clock.advance_us(after_s * SECOND_US)
        running = network.network
        logics = [
            *(one.calling_logic for one in running.peripherals.values()),
            *(one.calling_logic for one in running.control_points.values()),
            *(one.calling_logic for one in running.equipments.values()),
            *(one.logic for one in running.switches.values() if one.logic is not None),
        ]
        assert [logic.cancel(call) for logic in logics].count(True) == 1
        network.run_to_end(call)
        view = network.view(call)
        ends.append((view.state, view.cause, network.legs(call)))
        network.assert_at_rest()
    assert ends[0] == ends[1]


def with_silent_representatives() -> Topology:
    """Nobody answers at ABC, and everybody is rung for nearly three minutes."""
    topology = load_topology()
    silent = (REPRESENTATIVE, OTHER_REPRESENTATIVE)
    return msgspec.structs.replace(
        topology,
        lines=tuple(
            msgspec.structs.replace(line, behaviour="silent") if line.number in silent else line
            for line in topology.lines
        ),
        businesses=tuple(
            msgspec.structs.replace(one, policy=CallPolicy(ring_s=170, announcement_s=0))
            for one in topology.businesses
        ),
        timing=msgspec.structs.replace(topology.timing, ring_limit_s=170.0),
    )


@pytest.mark.parametrize("equipment", OTHERS)
def test_music_goes_on_for_longer_than_a_switch_waits_for_an_scp(equipment: str) -> None:
    topology = with_silent_representatives()
    theirs, ours = (VirtualNetwork(made_by(one, topology)) for one in (BY_PERIPHERAL, equipment))
    views = compared(theirs, ours, number("00"), None)
    assert {view.state for view in views} == {"agent_no_answer"}
    customer = leg_of(ours.records()[views[1].call], "customer")
    assert customer.talk_us > 340 * SECOND_US
    ours.assert_at_rest()


def with_limits(ring_s: int = 30, announcement_s: int = 60, call_s: int = 14_400) -> Topology:
    """Businesses whose calls are limited so, and representatives who do not answer at ABC."""
    policy = CallPolicy(ring_s=ring_s, announcement_s=announcement_s, call_s=call_s)
    topology = with_silent_representatives()
    return msgspec.structs.replace(
        topology,
        businesses=tuple(
            msgspec.structs.replace(one, policy=policy) for one in topology.businesses
        ),
    )


@pytest.mark.parametrize("equipment", [BY_PERIPHERAL, *OTHERS])
def test_a_customer_waits_no_longer_than_the_announcement_limit(equipment: str) -> None:
    network = VirtualNetwork(made_by(equipment, with_limits(announcement_s=45)))
    view = network.call(number("00"), None)
    assert view.state == "agent_no_answer"
    answered_us = network.event_at_us(view.call, "answered", "customer")
    apology_us = network.event_at_us(view.call, "apology_started", "customer")
    waited_us = apology_us - answered_us
    assert 45 * SECOND_US <= waited_us < 45 * SECOND_US + 3 * SECOND_US
    assert len([leg for leg in network.legs(view.call) if leg[0] != number("00")]) == 2
    network.assert_at_rest()


@pytest.mark.parametrize("equipment", [BY_PERIPHERAL, *OTHERS])
def test_parties_talk_no_longer_than_the_call_limit(equipment: str) -> None:
    network = VirtualNetwork(made_by(equipment, with_limits(call_s=20)), talk_us=300 * SECOND_US)
    view = network.call(number("00"), XYZ_REPRESENTATIVE, "xyz")
    assert view.state == "completed"
    ended = network.events(view.call)[-1]
    assert ended.detail == "completed: call_limit"
    bridged_us = network.event_at_us(view.call, "bridged")
    record = network.records()[view.call]
    assert record.ended_at_us is not None
    assert 20 * SECOND_US <= record.ended_at_us - bridged_us < 21 * SECOND_US
    network.assert_at_rest()


@pytest.mark.parametrize("equipment", [BY_PERIPHERAL, *OTHERS])
def test_a_telephone_rings_no_longer_than_the_ring_limit(equipment: str) -> None:
    network = VirtualNetwork(made_by(equipment, with_limits(ring_s=10)))
    view = network.call(number("02"), None)
    assert view.state == "customer_no_answer"
    rang_us = network.event_at_us(view.call, "dialled", "customer")
    assert view.ended_at is not None
    assert 9 * SECOND_US < parse_utc(view.ended_at) - rang_us < 13 * SECOND_US


@pytest.mark.parametrize("equipment", [BY_PERIPHERAL, *OTHERS])
def test_a_run_of_the_simulator_is_proved_whoever_makes_its_calls(equipment: str) -> None:
    options = ("--calls", "40", "--equipment", equipment, "--json")
    done = calleq("run", *options, module="simulator.cli")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["differences"] == {"records": 0, "us": 0}
    assert result["states"]["completed"] > 20


def test_the_simulator_says_which_equipment_there_is() -> None:
    done = calleq("run", "--calls", "1", "--equipment", "scp-9", module="simulator.cli")
    assert done.returncode == 2
    assert "ip-76" in done.stderr


def test_a_run_knows_whose_every_entry_of_a_journal_is() -> None:
    assert FINDERS.keys() == set(get_args(Entry))


def test_a_conference_bridge_holds_and_mutes_what_a_dialler_cannot() -> None:
    """Who has its own mixer carries out what is ordered of a call; who has not refuses it."""
    bridge = ControlledCall(made_by("bridge-77"))
    bridge.done(Hold("customer"))
    bridge.passes(1)
    assert "music" in bridge.hears(number("00"))
    bridge.done(Unhold("customer"), Mute("agent"))
    bridge.passes(1)
    assert bridge.hears(number("00")) == set()
    assert bridge.hears(REPRESENTATIVE) == {f"mouth:{number('00')}"}
    dialler = ControlledCall(made_by("dialler-78"))
    assert dialler.order(Hold("customer")) is not None
    assert dialler.hears(number("00")) == {f"mouth:{REPRESENTATIVE}"}
