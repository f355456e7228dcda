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
from tests.ssf_scene import FREEPHONE, LIBERAL, Scene, arm, number_of
from tests.virtual import OTHER_REPRESENTATIVE, REPRESENTATIVE, number

CALLER = number("00")
E = EventTypeBCSM


def asked(scene: Scene, called: str = FREEPHONE):
    scene.dials(CALLER, called)
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
