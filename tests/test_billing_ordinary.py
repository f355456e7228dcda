"""Records of calls that telephones and SIP trunks make with no message, on the virtual clock."""

from collections.abc import Iterator

import pytest

from calleq.billing.ordinary import OrdinaryCall, as_json, ordinary_calls, row
from calleq.journal.entries import (
    CircuitKey,
    LineAnswered,
    LineHeartbeat,
    LineReleased,
    Stamped,
    Transit,
)
from calleq.units import SECOND_US
from tests.billing_scene import IP, SSP_62, SSP_66, Journals
from tests.gateway_world import CUSTOMER, REPRESENTATIVE, TALK_US
from tests.test_gateway_trunks import ABROAD, TrunkScene, dials_from, trunk
from tests.virtual import leg_of


@pytest.fixture
def scene() -> Iterator[TrunkScene]:
    made = TrunkScene()
    yield made
    made.assert_nothing_is_left()


def ordinary(scene: TrunkScene) -> list[OrdinaryCall]:
    entries: list[Stamped] = scene.network.journal.entries
    return ordinary_calls(entries)


def test_a_call_that_came_by_a_trunk_has_a_record_whatever_switch_faces_the_party(
    scene: TrunkScene,
) -> None:
    peer = scene.peers[0]
    peer.hang_up_after_us = 2 * SECOND_US
    dials_from(scene, peer, CUSTOMER, ABROAD)
    scene.clock.advance_us(20 * SECOND_US)
    dials_from(scene, peer, REPRESENTATIVE, ABROAD)
    scene.clock.advance_us(20 * SECOND_US)
    here, elsewhere = ordinary(scene)
    for call, number, switch in (
        (here, CUSTOMER, "ssp-62"),
        (elsewhere, REPRESENTATIVE, "ssp-64"),
    ):
        assert (call.came_by, call.leg.calling, call.leg.number) == ("carrier", ABROAD, number)
        assert (call.leg.entity, call.leg.outgoing_trunk, call.leg.cause) == (switch, "", 16)
        assert call.leg.talk_us == pytest.approx(2 * SECOND_US, abs=SECOND_US // 10)
        assert call.leg.rtp_received is not None
    assert here.leg.route == ()
    assert len(elsewhere.leg.route) == 1
    assert here.is_of("carrier")


def test_a_call_that_left_by_a_trunk_has_a_record_from_either_switch(scene: TrunkScene) -> None:
    scene.peers[0].hang_up_after_us = 3 * SECOND_US
    scene.representative.hang_up_after_us = None
    scene.customer.dial(ABROAD, "12125550120", "customer-120")
    scene.clock.advance_us(20 * SECOND_US)
    scene.representative.dial(ABROAD, "12125550143", "agent-143", domain="ssp-64.calleq.example")
    scene.clock.advance_us(20 * SECOND_US)
    found = ordinary(scene)
    assert [(call.came_by, call.leg.calling, call.leg.number) for call in found] == [
        (CUSTOMER, CUSTOMER, ABROAD),
        (REPRESENTATIVE, REPRESENTATIVE, ABROAD),
    ]
    for call in found:
        assert (call.leg.entity, call.leg.outgoing_trunk, call.leg.cause) == (
            *("ssp-62", "carrier"),
            16,
        )
        assert call.leg.talk_us == pytest.approx(3 * SECOND_US, abs=SECOND_US // 10)


def test_a_call_that_the_first_trunk_failed_is_one_call_by_the_second() -> None:
    west = trunk(name="west", peers=("127.0.0.2:5090",))
    east = trunk(name="east", peers=("127.0.0.3:5090",))
    scene = TrunkScene(west, east)
    scene.peers[0].refuses = 503
    scene.customer.hang_up_after_us = SECOND_US
    scene.customer.dial(ABROAD, "12125550120", "customer-120")
    scene.clock.advance_us(20 * SECOND_US)
    (call,) = ordinary(scene)
    assert scene.invited() == [1, 1]
    assert (call.leg.outgoing_trunk, call.leg.cause, call.leg.released_by) == (
        *("east", 16),
        "network",
    )
    assert not call.is_of("west")
    scene.assert_nothing_is_left()


def test_a_caller_who_finds_the_line_busy_has_a_record_without_a_talk(scene: TrunkScene) -> None:
    scene.customer.hang_up_after_us = 8 * SECOND_US
    dials_from(scene, scene.peers[0], CUSTOMER, ABROAD)
    scene.clock.advance_us(4 * SECOND_US)
    dials_from(scene, scene.peers[0], CUSTOMER, ABROAD)
    scene.clock.advance_us(20 * SECOND_US)
    _, busy = ordinary(scene)
    assert (busy.came_by, busy.leg.calling, busy.leg.cause) == ("carrier", ABROAD, 17)
    assert (busy.leg.answered_at_us, busy.leg.talk_us, busy.leg.partial) == (None, 0, False)


def test_calls_of_messages_are_not_among_them_and_keep_their_own_records(
    scene: TrunkScene,
) -> None:
    call = scene.network.place(ABROAD, REPRESENTATIVE)
    scene.clock.advance_us(SECOND_US // 2)
    scene.customer.hang_up_after_us = SECOND_US
    scene.customer.dial(ABROAD[:-1] + "9", "12125550120", "customer-120")
    scene.network.run_to_end(call)
    scene.clock.advance_us(20 * SECOND_US)
    (plain,) = ordinary(scene)
    assert plain.leg.number == ABROAD[:-1] + "9"
    leg = leg_of(scene.network.records()[call], "customer")
    assert (leg.number, leg.outgoing_trunk) == (ABROAD, "carrier")
    assert leg.talk_us > TALK_US


def test_a_call_that_a_crash_cut_off_ends_where_its_switch_was_last_heard_of() -> None:
    journals = Journals()
    seizure = journals.seized(0, SSP_62, CUSTOMER, None)
    name = "ssp-62"

    journals.say(SECOND_US, name, LineAnswered(seizure))
    journals.say(56 * SECOND_US, name, LineHeartbeat(seizure))
    journals.say(900 * SECOND_US, name, LineReleased(seizure, 41, 2, "restart"))
    (call,) = ordinary_calls(journals.entries)
    assert (call.leg.talk_us, call.leg.partial, call.leg.cause) == (55 * SECOND_US, True, 41)
    assert call.came_by == "", "journals of before it was written do not say"


def test_a_switch_s_own_connection_to_its_peripheral_is_no_call() -> None:
    journals = Journals()

    journals.say(0, "ssp-62", Transit(None, CircuitKey(SSP_62, IP, 7), called=CUSTOMER))
    journals.say(0, "ssp-62", Transit(None, CircuitKey(SSP_62, SSP_66, 7), ABROAD, called=CUSTOMER))
    (call,) = ordinary_calls(journals.entries)
    assert (call.came_by, call.leg.calling, call.leg.partial) == (ABROAD, ABROAD, True)


def test_it_is_shown_as_people_and_programs_read_it(scene: TrunkScene) -> None:
    scene.peers[0].hang_up_after_us = 2 * SECOND_US
    dials_from(scene, scene.peers[0], CUSTOMER, ABROAD)
    scene.clock.advance_us(20 * SECOND_US)
    (call,) = ordinary(scene)
    shown = as_json(call)
    assert (shown["came_by"], shown["calling"], shown["number"]) == ("carrier", ABROAD, CUSTOMER)
    assert "session" not in shown
    assert row(call)[2:6] == (ABROAD, "carrier", CUSTOMER, "line of ssp-62")
