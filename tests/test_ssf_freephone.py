"""A telephone dials a freephone number: trigger, InitialDP, and what the SCP makes of the call."""

import pytest

from calleq.journal.entries import LineSeized, Transit
from calleq.ss7.inap.arguments import (
    Connect,
    Continue,
    InitialDP,
    ReleaseCall,
)
from calleq.ss7.inap.values import EventTypeBCSM, MonitorMode
from calleq.ss7.isup.messages import Cause
from calleq.units import SECOND_US
from tests.ssf_scene import FREEPHONE, LIBERAL, Dialogue, Scene, arm, number_of
from tests.virtual import OTHER_REPRESENTATIVE, REPRESENTATIVE, number

CALLER = number("00")
E = EventTypeBCSM
LONG_TALK_US = 60 * SECOND_US


def asked(scene: Scene, called: str = FREEPHONE, caller: str = CALLER) -> Dialogue:
    """Somebody dials; the question that the SCP gets."""
    scene.dials(caller, called)
    scene.passes(0.5)
    return scene.scp.asked()


def test_the_scp_is_asked_and_the_call_reaches_the_centre() -> None:
    scene = Scene()
    dialogue = asked(scene)
    question = dialogue.next(InitialDP)
    assert question.service_key == 800
    assert question.called_party_number.digits == FREEPHONE[1:]
    assert question.calling_party_number.digits == CALLER[1:]
    assert question.event_type_bcsm is E.ANALYSED_INFORMATION
    assert scene.rings(REPRESENTATIVE) == 0
    dialogue.say(
        arm(E.O_ANSWER, mode=MonitorMode.NOTIFY_AND_CONTINUE),
        arm(E.O_DISCONNECT, leg=1, mode=MonitorMode.NOTIFY_AND_CONTINUE),
        arm(E.O_DISCONNECT, leg=2, mode=MonitorMode.NOTIFY_AND_CONTINUE),
        Connect(destination_routing_address=number_of(REPRESENTATIVE)),
    )
    scene.passes(5)
    assert dialogue.event() == (E.O_ANSWER, 2, None)
    assert scene.hears(CALLER) == {f"mouth:{REPRESENTATIVE}"}
    assert scene.hears(REPRESENTATIVE) == {f"mouth:{CALLER}"}
    scene.hang_up(CALLER)
    scene.passes(1)
    assert dialogue.event() == (E.O_DISCONNECT, 1, 16)
    scene.is_over()
    assert dialogue.over == "end"
    assert [one.called for one in scene.written("ssp-62", Transit)][-1] == REPRESENTATIVE
    assert scene.written("ssp-64", LineSeized)[-1].calling == CALLER


def test_the_scp_may_say_it_all_with_the_end_of_the_dialogue() -> None:
    scene = Scene()
    dialogue = asked(scene)
    dialogue.end(Connect(destination_routing_address=number_of(REPRESENTATIVE)))
    scene.passes(5)
    assert scene.hears(CALLER) == {f"mouth:{REPRESENTATIVE}"}
    scene.hang_up(REPRESENTATIVE)
    scene.is_over()


def test_nothing_armed_ends_the_dialogue_from_the_switch() -> None:
    scene = Scene()
    dialogue = asked(scene)
    dialogue.say(Connect(destination_routing_address=number_of(REPRESENTATIVE)))
    scene.passes(0.5)
    assert dialogue.log == ["InitialDP", "END"]
    scene.passes(5)
    assert scene.hears(CALLER) == {f"mouth:{REPRESENTATIVE}"}
    scene.hang_up(CALLER)
    scene.is_over()


def test_a_call_is_released_with_the_scps_cause() -> None:
    scene = Scene()
    dialogue = asked(scene)
    dialogue.say(ReleaseCall(Cause(21)))
    scene.passes(0.5)
    assert dialogue.over == "end"
    assert scene.cause_told(CALLER) == 21
    scene.is_over()


def test_continue_routes_the_number_as_it_was_dialled() -> None:
    """Which no switch has: cause 3."""
    scene = Scene()
    dialogue = asked(scene)
    dialogue.say(arm(E.ROUTE_SELECT_FAILURE, mode=MonitorMode.NOTIFY_AND_CONTINUE), Continue())
    scene.passes(0.5)
    dialogue.next(InitialDP)
    assert dialogue.event() == (E.ROUTE_SELECT_FAILURE, 2, 3)
    assert scene.cause_told(CALLER) == 3
    scene.is_over()
    assert dialogue.over == "end"


@pytest.mark.parametrize(
    ("called", "cause"), [(FREEPHONE, 31), (LIBERAL, 3)], ids=["release", "continue"]
)
def test_a_silent_scp_leaves_the_call_to_the_default_of_its_trigger(
    called: str, cause: int
) -> None:
    scene = Scene()
    dialogue = asked(scene, called)
    scene.passes(9)
    assert scene.state(CALLER) != "OnHook"
    scene.passes(2)
    assert scene.services("ssp-62").expired == 1
    assert scene.cause_told(CALLER) == cause
    # The question was never answered, so the SCP cannot be told; it ends by itself.
    dialogue.abort()
    scene.is_over()


@pytest.mark.parametrize("wanted", [16, 17, 18, 19, 20, 34])
def test_overflow_goes_to_another_number_whatever_the_first_came_to(wanted: int) -> None:
    event, first = {
        17: (E.O_CALLED_PARTY_BUSY, number("01")),
        19: (E.O_NO_ANSWER, number("02")),
        20: (E.ROUTE_SELECT_FAILURE, number("12")),
        16: (E.O_DISCONNECT, REPRESENTATIVE),
        34: (E.ROUTE_SELECT_FAILURE, number("08")),
        18: (E.ROUTE_SELECT_FAILURE, number("03")),
    }[wanted]
    cause = {34: 42, 18: 1}.get(wanted, wanted)
    scene = Scene(talk_us=LONG_TALK_US)
    dialogue = asked(scene)
    dialogue.say(
        arm(
            E.O_CALLED_PARTY_BUSY,
            E.O_NO_ANSWER,
            E.ROUTE_SELECT_FAILURE,
            E.O_DISCONNECT,
            leg=2,
            no_answer_s=8,
        ),
        Connect(destination_routing_address=number_of(first)),
    )
    dialogue.next(InitialDP)
    if wanted == 16:
        scene.passes(6)
        scene.hang_up(first)
    assert dialogue.event() == (event, 2, cause if wanted != 19 else None)
    dialogue.say(
        arm(E.O_ANSWER, leg=2, mode=MonitorMode.NOTIFY_AND_CONTINUE),
        Connect(destination_routing_address=number_of(OTHER_REPRESENTATIVE)),
    )
    assert dialogue.event() == (E.O_ANSWER, 2, None)
    scene.passes(1)
    assert scene.hears(CALLER) == {f"mouth:{OTHER_REPRESENTATIVE}"}
    assert scene.hears(OTHER_REPRESENTATIVE) == {f"mouth:{CALLER}"}
    scene.hang_up(CALLER)
    scene.is_over()


def test_a_caller_who_gives_up_is_told_as_an_abandon() -> None:
    scene = Scene()
    dialogue = asked(scene)
    dialogue.say(
        arm(E.O_ABANDON, leg=1, mode=MonitorMode.NOTIFY_AND_CONTINUE),
        arm(E.O_ANSWER, leg=2),
        Connect(destination_routing_address=number_of(number("02"))),
    )
    scene.passes(3)
    scene.hang_up(CALLER)
    scene.passes(1)
    dialogue.next(InitialDP)
    assert dialogue.event() == (E.O_ABANDON, 1, None)
    assert dialogue.over == "end"
    scene.is_over()


def test_a_caller_who_gives_up_before_the_scp_answers_leaves_nothing_behind() -> None:
    scene = Scene()
    dialogue = asked(scene)
    scene.hang_up(CALLER)
    scene.passes(1)
    assert len(scene.services("ssp-62")) == 0
    # The late answer finds no dialogue.
    dialogue.say(Connect(destination_routing_address=number_of(REPRESENTATIVE)))
    scene.passes(1)
    assert dialogue.over == "abort"
    assert scene.rings(REPRESENTATIVE) == 0
    scene.is_over()


def test_an_answer_may_wait_for_the_scp() -> None:
    scene = Scene()
    dialogue = asked(scene)
    dialogue.say(
        arm(E.O_ANSWER, leg=2), Connect(destination_routing_address=number_of(REPRESENTATIVE))
    )
    dialogue.next(InitialDP)
    assert dialogue.event() == (E.O_ANSWER, 2, None)
    assert scene.hears(REPRESENTATIVE) == set()
    dialogue.say(Continue())
    scene.passes(1)
    assert scene.hears(CALLER) == {f"mouth:{REPRESENTATIVE}"}
    assert scene.hears(REPRESENTATIVE) == {f"mouth:{CALLER}"}
    scene.hang_up(CALLER)
    scene.is_over()


def test_the_mate_is_asked_where_the_first_is_out_of_reach() -> None:
    scene = Scene()
    scene.stp_fails("scp-82")
    scene.passes(3)
    scene.dials(CALLER, FREEPHONE)
    scene.passes(1)
    dialogue = scene.mate.asked()
    dialogue.end(Connect(destination_routing_address=number_of(REPRESENTATIVE)))
    scene.passes(5)
    assert scene.hears(CALLER) == {f"mouth:{REPRESENTATIVE}"}
    scene.hang_up(CALLER)
    scene.is_over()


def test_the_mate_is_asked_when_the_subsystem_of_the_first_goes_out_of_service() -> None:
    """By SCCP management alone: the links stand."""
    scene = Scene()
    scene.dials(CALLER, FREEPHONE)
    scene.passes(0.5)
    first = scene.scp.asked()
    scene.scp.sccp.set_in_service(241, False)
    scene.passes(1)
    dialogue = scene.mate.asked()
    assert dialogue.log == ["InitialDP"]
    dialogue.end(ReleaseCall(Cause(31)))
    first.abort()
    scene.is_over()


def test_no_scp_at_all_is_the_default_at_once() -> None:
    scene = Scene()
    for name in ("scp-82", "scp-84"):
        scene.stp_fails(name)
    scene.passes(3)
    scene.dials(CALLER, FREEPHONE)
    scene.passes(1)
    assert scene.cause_told(CALLER) == 31
    assert scene.services("ssp-62").defaulted == 1
    scene.is_over()
