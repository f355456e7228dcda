"""No customer is rung while nobody is likely to be free: whole networks, on every equipment."""

from typing import Any

import msgspec
import pytest

from calleq.guards import CallGuards
from calleq.intake.contract import NO_HOLD
from calleq.osn.orders import HangUp
from calleq.topology import Topology, load_topology
from calleq.topology_policy import LIKELY_FREE, CallPolicy, CarrierPolicy
from calleq.units import SECOND_US
from tests.guards_scene import GuardedDoor, let_through, shop
from tests.test_equipments import BY_PERIPHERAL, OTHERS, made_by
from tests.virtual import OTHER_REPRESENTATIVE, REPRESENTATIVE, VirtualNetwork, number

ANN, BOB, EVE = number("00"), number("05"), number("06")
"""One who answers, one who hangs up during the announcement, and one who is slow to answer."""
EQUIPMENTS = (BY_PERIPHERAL, *OTHERS)
TALK_US = 60 * SECOND_US


def held(equipment: str = BY_PERIPHERAL, **policy: Any) -> Topology:
    """ABC has one representative, and rings nobody before she is free."""
    topology = made_by(equipment, load_topology())
    wanted = CallPolicy(**{"likely_free": 1.0, "hold_s": 300, **policy})
    return msgspec.structs.replace(
        topology,
        businesses=tuple(
            msgspec.structs.replace(
                one, policy=wanted, representatives=(REPRESENTATIVE,), agents=()
            )
            if one.identifier == "abc"
            else one
            for one in topology.businesses
        ),
    )


def told(network: VirtualNetwork, call: str) -> list[str]:
    return [event.event for event in network.events(call)]


@pytest.mark.row("S2-54", part=True)
@pytest.mark.parametrize("equipment", EQUIPMENTS)
def test_a_customer_is_rung_when_the_representative_is_free_again(equipment: str) -> None:
    network = VirtualNetwork(held(equipment), talk_us=TALK_US)
    first = network.place(ANN)
    network.clock.advance_us(20 * SECOND_US)
    second = network.place(EVE)
    network.clock.advance_us(10 * SECOND_US)
    assert told(network, second) == ["accepted", "waiting_for_representative"]
    assert network.rings(EVE) == 0
    network.run_to_end(first, second)
    assert network.view(first).state == network.view(second).state == "completed"
    assert told(network, second)[:3] == [
        "accepted",
        "waiting_for_representative",
        "representative_likely",
    ]
    predicted = {event.event: event.detail for event in network.events(second)}
    assert predicted["waiting_for_representative"] == "chance 0.15"
    assert predicted["representative_likely"] == "chance 1.00"
    free_us = network.event_at_us(first, "released", "agent")
    assert network.event_at_us(second, "dialled", "customer") >= free_us
    assert "waiting_for_representative" not in told(network, first)
    network.assert_at_rest()


@pytest.mark.parametrize("equipment", EQUIPMENTS)
def test_whoever_is_not_free_in_time_is_not_rung_for(equipment: str) -> None:
    network = VirtualNetwork(held(equipment, hold_s=20), talk_us=TALK_US)
    first = network.place(ANN)
    network.clock.advance_us(20 * SECOND_US)
    second = network.place(EVE)
    network.run_to_end(second)
    view = network.view(second)
    assert (view.state, view.cause, view.detail) == ("agent_unavailable", None, "nobody_free")
    waited_us = network.event_at_us(second, "waiting_for_representative")
    assert network.clock.now_us() - waited_us >= 20 * SECOND_US
    assert view.legs == ()
    assert network.rings(EVE) == 0
    record = network.records()[second]
    assert (record.state, record.legs) == ("agent_unavailable", ())
    network.run_to_end(first)
    network.assert_at_rest()


def test_with_a_lesser_chance_the_customer_is_rung_while_the_representative_still_talks() -> None:
    network = VirtualNetwork(held(likely_free=0.1, free_within_s=30), talk_us=TALK_US)
    first = network.place(ANN)
    network.clock.advance_us(20 * SECOND_US)
    second = network.place(EVE)
    network.clock.advance_us(SECOND_US)
    assert "dialled" in told(network, second)
    network.run_to_end(first, second)


def test_calls_wait_in_their_order() -> None:
    network = VirtualNetwork(held(), talk_us=10 * SECOND_US)
    calls = []
    for customer in (ANN, EVE, number("11")):
        calls.append(network.place(customer))
        network.clock.advance_us(SECOND_US)
    network.run_to_end(*calls)
    dialled = [network.event_at_us(call, "dialled", "customer") for call in calls]
    assert dialled == sorted(dialled)
    assert {network.view(call).state for call in calls} == {"completed"}
    assert all("music_started" not in told(network, call)[:6] for call in calls[:1])


def test_a_customer_who_does_not_answer_frees_the_place_of_the_next() -> None:
    network = VirtualNetwork(held())
    first = network.place(number("02"))
    network.clock.advance_us(SECOND_US)
    second = network.place(ANN)
    network.run_to_end(first, second)
    assert network.view(first).state == "customer_no_answer"
    assert network.view(second).state == "completed"
    ended_us = network.event_at_us(first, "failed", "customer")
    assert network.event_at_us(second, "dialled", "customer") >= ended_us


@pytest.mark.parametrize("equipment", EQUIPMENTS)
def test_a_call_that_waits_can_be_ended(equipment: str) -> None:
    network = VirtualNetwork(held(equipment), talk_us=TALK_US)
    first = network.place(ANN)
    network.clock.advance_us(20 * SECOND_US)
    second = network.place(EVE)
    network.clock.advance_us(SECOND_US)
    answers: list[str | None] = []
    network.server.control(second, "abc", HangUp(), answers.append)
    network.run_to_end(first, second)
    assert answers == [None]
    assert network.view(second).state == "canceled"
    assert network.rings(EVE) == 0
    network.assert_at_rest()


def test_a_call_that_waited_at_a_restart_is_begun_again() -> None:
    topology = held()
    network = VirtualNetwork(topology, talk_us=TALK_US)
    network.place(ANN)
    network.clock.advance_us(20 * SECOND_US)
    second = network.place(EVE)
    network.clock.advance_us(5 * SECOND_US)
    again = VirtualNetwork(topology, entries=network.journal.entries)
    again.run_to_end(second)
    assert again.view(second).state == "completed"


def test_without_the_policy_the_customer_is_rung_at_once() -> None:
    network = VirtualNetwork(held(likely_free=0.0), talk_us=TALK_US)
    first = network.place(ANN)
    network.clock.advance_us(20 * SECOND_US)
    second = network.place(EVE)
    network.run_to_end(first, second)
    assert network.rings(EVE) == 1
    assert "waiting_for_representative" not in told(network, second)


def test_a_representative_whom_a_message_names_beside_the_others_is_waited_for() -> None:
    network = VirtualNetwork(held(), talk_us=TALK_US)
    first = network.place(ANN, OTHER_REPRESENTATIVE, hunt=False)
    network.clock.advance_us(20 * SECOND_US)
    second = network.place(EVE, OTHER_REPRESENTATIVE, hunt=False)
    third = network.place(number("11"), REPRESENTATIVE)
    network.clock.advance_us(SECOND_US)
    assert told(network, second)[-1] == "waiting_for_representative"
    assert "dialled" in told(network, third)
    network.run_to_end(first, second, third)


# What is asked of equipment.


def test_calls_are_held_unless_a_business_wants_otherwise() -> None:
    scene = GuardedDoor()
    let_through(scene.post("+12125550100"))
    (instruction,) = scene.set_ups()
    assert instruction.likely_free == LIKELY_FREE
    assert instruction.free_within_us == 30 * SECOND_US
    assert instruction.hold_limit_us == 120 * SECOND_US


@pytest.mark.parametrize(
    ("likely", "tests", "chance"),
    [(None, (), LIKELY_FREE), (None, ("+1212",), 0.0), (0.0, (), 0.0), (0.5, ("+1212",), 0.5)],
)
def test_calls_to_test_telephones_are_held_only_where_a_business_says_so(
    likely: float | None, tests: tuple[str, ...], chance: float
) -> None:
    guards = CallGuards(CarrierPolicy(test_numbers=tests), lambda identifier: None)
    hold = guards.hold(shop("abc", likely_free=likely), "+12125550100")
    assert hold.chance == chance
    assert (hold == NO_HOLD) is (chance == 0.0)


@pytest.mark.parametrize(
    ("key", "value"), [("likely_free", 1.5), ("free_within_s", 0), ("hold_s", 4_000)]
)
def test_what_cannot_be_waited_for_is_no_policy(key: str, value: float) -> None:
    wrong = CallPolicy(**{key: value}).wrong()  # type: ignore[arg-type]
    assert wrong is not None
    assert wrong[0] == key
