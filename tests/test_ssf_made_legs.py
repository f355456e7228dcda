"""The switch dials for an SCP: InitiateCallAttempt, its events, its legs let go, its journal."""

import pytest

from calleq.journal.entries import LineSeized, Transit
from calleq.journal.service_keys import service_key
from calleq.ss7.inap.arguments import (
    Connect,
    Continue,
    InitiateCallAttempt,
    ReleaseCall,
    ResetTimer,
)
from calleq.ss7.inap.errors import ErrorCode, Version
from calleq.ss7.inap.party_handling import (
    ContinueWithArgument,
    CreateCallSegmentAssociation,
    DisconnectLeg,
    EntityReleased,
    MergeCallSegments,
)
from calleq.ss7.inap.values import EventTypeBCSM, MonitorMode, sending
from calleq.ss7.isup.messages import CallingNumber, Cause
from calleq.topology import parse_point_code
from calleq.units import SECOND_US
from simulator.virtual import COMMIT_US
from tests.ssf_scene import Dialogue, Scene, arm, number_of, with_control_points
from tests.test_ssp_board import without_peripheral
from tests.virtual import REPRESENTATIVE, number

CUSTOMER = number("00")
E = EventTypeBCSM
ALL = (E.O_ANSWER, E.O_CALLED_PARTY_BUSY, E.O_NO_ANSWER, E.ROUTE_SELECT_FAILURE, E.O_DISCONNECT)
VERSIONS = pytest.mark.parametrize("version", list(Version))


def attempt(called: str, leg: int = 1, segment: int = 1, caller: str = "") -> InitiateCallAttempt:
    shown = CallingNumber(caller[1:]) if caller else None
    if (leg, segment) == (1, 1):
        return InitiateCallAttempt(
            destination_routing_address=number_of(called), calling_party_number=shown
        )
    return InitiateCallAttempt(
        destination_routing_address=number_of(called),
        leg_to_be_created=sending(leg),
        new_call_segment=segment,
        calling_party_number=shown,
    )


def dials(
    scene: Scene, called: str, version: Version = Version.CS2, no_answer_s: int | None = None
) -> Dialogue:
    """One leg, armed for everything, on its way."""
    return scene.scp.begin(
        "ssp-62",
        attempt(called, caller=REPRESENTATIVE),
        arm(*ALL, leg=1, no_answer_s=no_answer_s),
        Continue(),
        version=version,
    )


@VERSIONS
def test_a_party_is_called_and_released(version: Version) -> None:
    scene = Scene(talk_us=60 * SECOND_US)
    dialogue = dials(scene, CUSTOMER, version)
    assert dialogue.event() == (E.O_ANSWER, 1, None)
    (rang,) = scene.calls(CUSTOMER)
    assert rang.began.detail == REPRESENTATIVE
    dialogue.say(Continue())
    scene.passes(1)
    assert scene.hears(CUSTOMER) == set()
    dialogue.say(ReleaseCall(Cause(16)))
    scene.passes(1)
    assert dialogue.over == "end"
    scene.is_over()


@pytest.mark.parametrize("version", list(Version))
@pytest.mark.parametrize(
    ("ending", "event", "cause"),
    [
        ("01", E.O_CALLED_PARTY_BUSY, 17),
        ("02", E.O_NO_ANSWER, 19),
        ("03", E.ROUTE_SELECT_FAILURE, 1),
        ("07", E.O_CALLED_PARTY_BUSY, 21),
        ("08", E.ROUTE_SELECT_FAILURE, 42),
        ("12", E.ROUTE_SELECT_FAILURE, 20),
    ],
)
def test_a_party_that_cannot_be_had_is_told_with_its_cause(
    version: Version, ending: str, event: E, cause: int
) -> None:
    scene = Scene()
    dialogue = dials(scene, number(ending), version, no_answer_s=20)
    told = None if event is E.O_NO_ANSWER and version is Version.CS1 else cause
    assert dialogue.event() == (event, 1, told)
    dialogue.say(Continue())
    scene.passes(1)
    assert dialogue.over == "end"
    scene.is_over()


def test_the_no_answer_time_is_the_scps() -> None:
    scene = Scene()
    began_us = scene.clock.monotonic_us()
    dialogue = dials(scene, number("02"), no_answer_s=7)
    assert dialogue.event() == (E.O_NO_ANSWER, 1, 19)
    assert 7 <= (scene.clock.monotonic_us() - began_us) / SECOND_US < 7.2
    scene.passes(1)
    assert scene.state(number("02")) == "OnHook"
    dialogue.end(ReleaseCall(Cause(19)))
    scene.is_over()


def test_another_party_may_be_dialled_on_the_leg_of_one_that_is_busy() -> None:
    scene = Scene(talk_us=60 * SECOND_US)
    dialogue = dials(scene, number("01"))
    dialogue.event()
    dialogue.say(arm(*ALL, leg=1), Connect(destination_routing_address=number_of(CUSTOMER)))
    assert dialogue.event() == (E.O_ANSWER, 1, None)
    dialogue.end(ReleaseCall(Cause(16)))
    scene.is_over()


def test_a_party_that_hangs_up_is_told_and_its_leg_forgotten() -> None:
    scene = Scene(talk_us=60 * SECOND_US)
    dialogue = dials(scene, CUSTOMER)
    dialogue.event()
    dialogue.say(Continue())
    scene.passes(1)
    scene.hang_up(CUSTOMER)
    assert dialogue.event() == (E.O_DISCONNECT, 1, 16)
    dialogue.say(DisconnectLeg(sending(1)))
    scene.passes(0.5)
    assert dialogue.log[-2:] == ["result DISCONNECT_LEG", "END"]
    scene.is_over()


def test_nobody_armed_and_the_scp_is_told_that_the_leg_is_gone() -> None:
    scene = Scene(talk_us=3 * SECOND_US)
    dialogue = scene.scp.begin("ssp-62", CreateCallSegmentAssociation())
    scene.passes(0.2)
    dialogue.next_result()
    dialogue.say(attempt(CUSTOMER), Continue())
    dialogue.waits()
    released = dialogue.next(EntityReleased)
    assert released.failure.leg_id.leg == 1
    assert released.failure.cause.value == 16
    dialogue.end()
    scene.is_over()


def test_the_attempt_is_durable_before_it_is_dialled_and_joins_the_scps_journal_to_the_line() -> (
    None
):
    scene = Scene()
    dialogue = dials(scene, CUSTOMER)
    dialogue.waits()
    codes = {one.name: parse_point_code(one.point_code) for one in scene.topology.switches}
    key = service_key(parse_point_code("2-82-1"), codes["ssp-62"], dialogue.number, 1)
    (transit,) = [one for one in scene.written("ssp-62", Transit) if one.incoming == key]
    assert transit.called == CUSTOMER
    seized = scene.written("ssp-62", LineSeized)[-1]
    assert seized.incoming == transit.outgoing
    at_us = {
        one.entry: one.at_us for one in scene.journal.entries if one.entry in (transit, seized)
    }
    assert at_us[seized] >= at_us[transit] + COMMIT_US
    dialogue.end(ReleaseCall(Cause(16)))
    scene.is_over()


@pytest.mark.parametrize("ending", ["00", "02"], ids=["answered", "ringing"])
def test_an_scp_that_is_silent_loses_its_legs(ending: str) -> None:
    """Answered it waits for instructions; ringing it is let go when the SCP aborts."""
    scene = Scene(talk_us=100 * SECOND_US)
    dialogue = dials(scene, number(ending))
    if ending == "02":
        scene.passes(3)
        dialogue.abort()
    else:
        dialogue.event()
        scene.passes(11)
        assert dialogue.over == "abort"
    scene.passes(1)
    assert scene.state(number(ending)) == "OnHook"
    assert scene.cause_told(number(ending)) in (41, 16)
    scene.is_over()


def test_the_scp_may_take_its_time_if_it_says_so() -> None:
    scene = Scene(talk_us=100 * SECOND_US)
    dialogue = dials(scene, CUSTOMER)
    dialogue.event()
    dialogue.say(ResetTimer(40))
    scene.passes(35)
    assert dialogue.over == ""
    scene.passes(10)
    assert dialogue.over == "abort"
    scene.is_over()


def test_two_legs_in_two_segments_are_merged_and_their_parties_talk() -> None:
    scene = Scene(talk_us=60 * SECOND_US)
    dialogue = scene.scp.begin("ssp-62", CreateCallSegmentAssociation())
    scene.passes(0.2)
    dialogue.next_result()
    dialogue.say(attempt(CUSTOMER), arm(*ALL, leg=1), ContinueWithArgument(leg_or_segment=1))
    assert dialogue.event() == (E.O_ANSWER, 1, None)
    dialogue.say(
        ContinueWithArgument(leg_or_segment=sending(1)),
        attempt(REPRESENTATIVE, leg=2, segment=2),
        arm(*ALL, leg=2),
        ContinueWithArgument(leg_or_segment=2),
    )
    assert dialogue.event() == (E.O_ANSWER, 2, None)
    assert scene.hears(CUSTOMER) == set()
    dialogue.say(MergeCallSegments(2, 1))
    scene.passes(1)
    assert dialogue.next_result() is None
    assert scene.hears(CUSTOMER) == {f"mouth:{REPRESENTATIVE}"}
    assert scene.hears(REPRESENTATIVE) == {f"mouth:{CUSTOMER}"}
    dialogue.say(Continue())
    scene.passes(20)
    scene.hang_up(REPRESENTATIVE)
    assert dialogue.event() == (E.O_DISCONNECT, 2, 16)
    assert scene.hears(CUSTOMER) == set()
    dialogue.say(ReleaseCall(Cause(16)))
    scene.passes(1)
    assert scene.state(CUSTOMER) == "OnHook"
    assert dialogue.over == "end"
    scene.is_over()


def test_one_party_left_alone_is_released_where_nobody_wants_to_know() -> None:
    scene = Scene(talk_us=60 * SECOND_US)
    dialogue = scene.scp.begin("ssp-62", CreateCallSegmentAssociation())
    scene.passes(0.2)
    dialogue.say(
        attempt(CUSTOMER),
        attempt(REPRESENTATIVE, leg=2, segment=2),
        arm(E.O_ANSWER, leg=1, mode=MonitorMode.NOTIFY_AND_CONTINUE),
        arm(E.O_ANSWER, leg=2, mode=MonitorMode.NOTIFY_AND_CONTINUE),
        ContinueWithArgument(leg_or_segment=1),
        ContinueWithArgument(leg_or_segment=2),
    )
    dialogue.next_result()
    dialogue.event()
    dialogue.event()
    dialogue.say(MergeCallSegments(2, 1))
    scene.passes(1)
    assert scene.hears(CUSTOMER) == {f"mouth:{REPRESENTATIVE}"}
    dialogue.end()
    scene.passes(1)
    assert scene.hears(CUSTOMER) == {f"mouth:{REPRESENTATIVE}"}, "they talk on without the SCP"
    scene.hang_up(CUSTOMER)
    scene.passes(1)
    assert scene.state(REPRESENTATIVE) == "OnHook"
    scene.is_over()


def test_ports_that_are_promised_or_not_there_are_not_taken() -> None:
    scene = Scene(with_control_points(without_peripheral(board=1)), talk_us=60 * SECOND_US)
    first = dials(scene, CUSTOMER)
    second = dials(scene, REPRESENTATIVE)
    assert second.event() == (E.ROUTE_SELECT_FAILURE, 1, 34)
    assert first.event() == (E.O_ANSWER, 1, None)
    for dialogue in (first, second):
        dialogue.end(ReleaseCall(Cause(16)))
    scene.passes(1)
    third = dials(scene, REPRESENTATIVE)
    assert third.event() == (E.O_ANSWER, 1, None)
    third.end(ReleaseCall(Cause(16)))
    scene.is_over()


def test_a_switch_without_a_board_refuses() -> None:
    scene = Scene(with_control_points(without_peripheral(board=0)))
    dialogue = scene.scp.begin("ssp-62", attempt(CUSTOMER))
    scene.passes(0.5)
    assert dialogue.next_error() is ErrorCode.TASK_REFUSED
    assert dialogue.over == "end"
    scene.is_over()


def test_a_node_that_is_no_scp_is_refused() -> None:
    from calleq.ss7.sccp.service import SccpNode
    from calleq.ss7.sccp.values import PartyAddress
    from calleq.ss7.tcap.entity import Entity

    scene = Scene()
    sccp = scene.network.sccp["ssp-64"]
    assert isinstance(sccp, SccpNode)
    stranger = scene.scp
    stranger.entity = Entity(scene.clock, sccp, 200, stranger)
    stranger.address = PartyAddress(200, sccp.point_code)
    dialogue = stranger.begin("ssp-62", attempt(CUSTOMER))
    scene.passes(1)
    assert dialogue.over == "abort"
    assert scene.rings(CUSTOMER) == 0
