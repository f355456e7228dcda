"""An SCP that is lost, late, doubled or mad: no leg, circuit or dialogue is left behind."""

import contextlib
import random
from collections.abc import Callable
from itertools import islice

import pytest

from calleq.media.numbered import CLOSED, DETECT, MUSIC
from calleq.ss7.inap import arguments as a
from calleq.ss7.inap import party_handling as p
from calleq.ss7.inap.codec import encode_argument
from calleq.ss7.inap.errors import ErrorCode, InapError, Version
from calleq.ss7.inap.interaction import CollectedDigits, InbandInfo, MessageText
from calleq.ss7.inap.network_charging import Charge, encode_charge
from calleq.ss7.inap.operations import Argument
from calleq.ss7.inap.values import (
    AllSegmentsRelease,
    CallSegmentRelease,
    EventTypeBCSM,
    LegMove,
    MonitorMode,
    RequestedInformationType,
    SegmentMove,
    SegmentRequest,
    sending,
)
from calleq.ss7.isup.messages import Cause
from calleq.ss7.isup.optional_types import GenericNumber, Number
from calleq.ss7.tcap.components import Invocation, Problem
from calleq.ss7.tcap.contract import TcapError
from calleq.units import SECOND_US
from simulator.fuzz.inap_samples import operations
from simulator.fuzz.mutator import mutations
from tests.ssf_scene import FREEPHONE, LIBERAL, Dialogue, Scene, arm, number_of, with_control_points
from tests.test_ssf_freephone import asked
from tests.test_ssf_interaction import play, temporary
from tests.test_ssf_made_legs import ALL, attempt, dials
from tests.virtual import OTHER_REPRESENTATIVE, REPRESENTATIVE, number

CALLER = number("00")
E = EventTypeBCSM
LONG_TALK_US = 400 * SECOND_US

Stage = Callable[[], tuple[Scene, Dialogue]]


def freephone(*orders: Argument, wait_s: float = 0.5) -> Stage:
    def reach() -> tuple[Scene, Dialogue]:
        scene = Scene(talk_us=LONG_TALK_US)
        dialogue = asked(scene)
        if orders:
            dialogue.say(*orders)
        scene.passes(wait_s)
        return scene, dialogue

    return reach


def made(*orders: Argument, wait_s: float = 0.5) -> Stage:
    def reach() -> tuple[Scene, Dialogue]:
        scene = Scene(talk_us=LONG_TALK_US)
        dialogue = dials(scene, CALLER)
        dialogue.event()
        if orders:
            dialogue.say(*orders)
        scene.passes(wait_s)
        return scene, dialogue

    return reach


def bridged() -> tuple[Scene, Dialogue]:
    scene, dialogue = made(
        a.Continue(),
        attempt(REPRESENTATIVE, 2, 2),
        arm(*ALL, leg=2),
        p.ContinueWithArgument(leg_or_segment=2),
        wait_s=5,
    )()
    dialogue.say(p.MergeCallSegments(2, 1), a.Continue())
    scene.passes(0.5)
    return scene, dialogue


TO_CENTRE = a.Connect(destination_routing_address=number_of(REPRESENTATIVE))
STAGES: dict[str, Stage] = {
    "asked": freephone(),
    "playing": freephone(a.ConnectToResource(), play(MUSIC)),
    "ringing": freephone(arm(*ALL, leg=2), TO_CENTRE),
    "answer held": freephone(arm(*ALL, leg=2), TO_CENTRE, wait_s=5),
    "talking": freephone(
        arm(E.O_DISCONNECT, leg=1), arm(E.O_DISCONNECT, leg=2), TO_CENTRE, wait_s=6
    ),
    "busy held": freephone(
        arm(*ALL, leg=2), a.Connect(destination_routing_address=number_of(number("01")))
    ),
    "temporary connection": freephone(temporary(OTHER_REPRESENTATIVE), wait_s=6),
    "leg answered": made(),
    "leg goes on": made(a.Continue()),
    "leg hears music": made(a.ConnectToResource(), play(MUSIC)),
    "leg is judged": made(
        a.ConnectToResource(),
        a.PromptAndCollectUserInformation(
            CollectedDigits(1, first_digit_timeout_s=9), True, InbandInfo(DETECT)
        ),
        wait_s=0.1,
    ),
    "leg at a resource": made(temporary(REPRESENTATIVE), wait_s=6),
    "second leg rings": made(
        a.Continue(), attempt(REPRESENTATIVE, 2, 2), p.ContinueWithArgument(leg_or_segment=2)
    ),
    "second leg not dialled": made(a.Continue(), attempt(REPRESENTATIVE, 2, 2)),
    "bridged": bridged,
}


def abort(scene: Scene, dialogue: Dialogue) -> None:
    dialogue.abort()


def cut(scene: Scene, dialogue: Dialogue) -> None:
    scene.stp_fails("scp-82")


def forget(scene: Scene, dialogue: Dialogue) -> None:
    """The SCP is started anew: it knows nothing of its dialogues, and says so when it is asked."""
    scene.scp.entity._end._reception.forget(scene.scp.entity._end._table.get(dialogue.number))


def hush(scene: Scene, dialogue: Dialogue) -> None:
    """It does not say anything any more."""


def give_up(scene: Scene) -> None:
    """What the SCPs did not hear the end of they give up; the switch has long done so."""
    for point in (scene.scp, scene.mate):
        for dialogue in point.dialogues.values():
            with contextlib.suppress(TcapError):
                dialogue.abort()


@pytest.mark.parametrize("loss", [abort, cut, forget, hush])
@pytest.mark.parametrize("stage", STAGES)
def test_an_scp_that_is_lost_leaves_nothing_behind(
    stage: str, loss: Callable[[Scene, Dialogue], None]
) -> None:
    scene, dialogue = STAGES[stage]()
    loss(scene, dialogue)
    scene.passes(320)  # the longest time that the switch waits for an SCP
    if stage in ("talking", "ringing"):
        assert scene.state(REPRESENTATIVE) == "Talking", "talks go on without an SCP"
    scene.hang_up(CALLER)
    scene.passes(30)
    if loss is cut:
        scene.stp_returns("scp-82")
        scene.passes(10)
    give_up(scene)
    scene.passes(15)
    scene.is_over()


@pytest.mark.parametrize("called", [FREEPHONE, LIBERAL])
def test_a_question_that_the_scp_refuses_is_treated_by_default(called: str) -> None:
    from calleq.ss7.inap.errors import OperationError

    scene = Scene()
    dialogue = asked(scene, called)
    wrong = dialogue.conversation.error(0, OperationError(ErrorCode.MISSING_CUSTOMER_RECORD))
    scene.scp.entity.continue_(dialogue.number, (wrong,))
    scene.passes(0.5)
    assert scene.cause_told(CALLER) == (31 if called == FREEPHONE else 3)
    assert dialogue.over == "abort"
    scene.is_over()


def test_orders_that_come_twice_or_late_do_nothing_twice() -> None:
    scene = Scene(talk_us=LONG_TALK_US)
    dialogue = asked(scene)
    dialogue.say(arm(*ALL, leg=2), TO_CENTRE, TO_CENTRE, a.Continue(), a.Continue())
    scene.passes(1)
    assert scene.rings(REPRESENTATIVE) == 1
    dialogue.next(a.InitialDP)
    assert dialogue.next_error() is ErrorCode.UNEXPECTED_COMPONENT_SEQUENCE
    assert dialogue.event() == (E.O_ANSWER, 2, None)
    dialogue.say(a.Continue())
    scene.passes(1)
    dialogue.say(TO_CENTRE, a.Continue(), a.DisconnectForwardConnection())
    scene.passes(0.5)
    assert [dialogue.next_error() for _ in range(2)] == [
        ErrorCode.UNEXPECTED_COMPONENT_SEQUENCE,
        ErrorCode.UNEXPECTED_COMPONENT_SEQUENCE,
    ]
    assert scene.state(CALLER) == "Talking"
    dialogue.end(a.ReleaseCall(Cause(16)))
    scene.is_over()


def test_unknown_operations_and_octets_are_rejected_and_the_call_goes_on() -> None:
    scene = Scene()
    dialogue = asked(scene)
    dialogue.next(a.InitialDP)
    entity = scene.scp.entity
    wrong = [
        Invocation(entity.free_invoke_id(dialogue.number), 77, b"\x30\x00"),
        Invocation(entity.free_invoke_id(dialogue.number), 20, b"\x02\x01\x05"),
    ]
    entity.continue_(dialogue.number, wrong)
    scene.passes(0.5)
    assert dialogue.log[1:] == [
        f"reject {Problem.UNRECOGNIZED_OPERATION:#x}",
        f"reject {Problem.MISTYPED_PARAMETER:#x}",
    ]
    dialogue.end(a.ReleaseCall(Cause(31)))
    scene.is_over()


def test_more_dialogues_than_there_may_be_are_refused_on_either_side() -> None:
    scene = Scene(talk_us=LONG_TALK_US)
    table = scene.services("ssp-62")._entity._end._table
    table._limit = 1
    first = dials(scene, CALLER)
    second = dials(scene, REPRESENTATIVE)
    scene.passes(1)
    assert second.over == "abort"
    assert first.over == ""
    scene.dials(number("02"), FREEPHONE)
    scene.passes(1)
    assert not scene.scp.begun
    assert scene.cause_told(number("02")) == 31
    first.end(a.ReleaseCall(Cause(16)))
    scene.is_over()


PEOPLE = tuple(number(f"{n:02}") for n in (0, 2, 4, 5, 6, 7, 8, 9, 11, 12))
NUMBERS = (CALLER, REPRESENTATIVE, OTHER_REPRESENTATIVE, *(number(f"{n:02}") for n in range(1, 13)))


def any_order(draw: random.Random) -> Argument:
    """Whatever an SCP might say."""
    leg = sending(draw.randint(1, 4))
    segment = draw.randint(1, 4)
    to = number_of(draw.choice(NUMBERS))
    mode = draw.choice(list(MonitorMode))
    events = draw.sample(ALL, draw.randint(1, len(ALL)))
    orders: list[Argument] = [
        a.Connect(destination_routing_address=to),
        a.Connect(destination_routing_address=to, call_segment=segment, leg_to_be_created=leg),
        a.Continue(),
        a.ReleaseCall(draw.choice([Cause(16), CallSegmentRelease(segment), AllSegmentsRelease()])),
        a.InitiateCallAttempt(
            destination_routing_address=to, leg_to_be_created=leg, new_call_segment=segment
        ),
        arm(*events, leg=leg.leg, mode=mode, no_answer_s=draw.choice([None, 3])),
        arm(*events, mode=mode),
        a.ResetTimer(draw.randint(1, 30)),
        a.ConnectToResource(draw.choice([None, segment, leg])),
        temporary(draw.choice(NUMBERS)),
        a.EstablishTemporaryConnection(
            GenericNumber(0, Number(draw.choice(NUMBERS)[1:])), None, leg
        ),
        a.DisconnectForwardConnection(),
        p.DisconnectForwardConnectionWithArgument(draw.choice([leg, segment])),
        play(
            draw.choice([MUSIC, CLOSED, MessageText("Hello."), 999]), forbidden=draw.random() < 0.7
        ),
        a.PromptAndCollectUserInformation(
            CollectedDigits(1, first_digit_timeout_s=3), True, InbandInfo(DETECT)
        ),
        a.Cancel(draw.choice([None, draw.randint(0, 20), SegmentRequest(1, segment)])),
        a.ActivityTest(),
        a.ApplyCharging(encode_charge(Charge(draw.randint(1, 100), draw.random() < 0.5)), leg),
        a.CallInformationRequest(tuple(RequestedInformationType), leg_id=leg),
        a.FurnishChargingInformation(b"\x30\x00"),
        p.ContinueWithArgument(leg_or_segment=draw.choice([leg, segment])),
        p.CreateCallSegmentAssociation(),
        p.DisconnectLeg(leg),
        p.MergeCallSegments(max(segment, 2), draw.randint(1, 3)),
        p.MoveLeg(leg, segment),
        p.SplitLeg(leg, max(segment, 2)),
        p.Reconnect(call_segment=segment),
        p.MoveCallSegments(
            draw.randint(1, 3),
            (SegmentMove(draw.randint(2, 6), segment),),
            (LegMove(leg, sending(draw.randint(1, 8))),),
        ),
    ]
    return draw.choice(orders)


def speak(draw: random.Random, dialogue: Dialogue) -> None:
    """A message of some orders; one that cannot even be written is not sent."""
    orders = [any_order(draw) for _ in range(draw.randint(1, 5))]
    try:
        if draw.random() < 0.03:
            dialogue.end(*orders)
            dialogue.over = "end"
        elif draw.random() < 0.02:
            dialogue.abort()
            dialogue.over = "abort"
        else:
            dialogue.say(*orders)
    except (InapError, TcapError):
        return


def walk(seed: int) -> int:
    """Two dialogues of a mad SCP, and people who pick up and hang up as they like.

    What the switches said in answer, in components.
    """
    draw = random.Random(seed)
    scene = Scene(with_control_points(capability_set=2), talk_us=20 * SECOND_US)
    scene.dials(CALLER, FREEPHONE)
    scene.passes(0.3)
    dialogues = [scene.scp.asked()]
    dialogues.append(
        scene.scp.begin("ssp-62", p.CreateCallSegmentAssociation(), version=Version.CS2)
    )
    scene.passes(0.1)
    for _ in range(draw.randint(5, 40)):
        for dialogue in dialogues:
            if not dialogue.over and draw.random() < 0.7:
                speak(draw, dialogue)
        if draw.random() < 0.2:
            scene.hang_up(draw.choice((*PEOPLE, REPRESENTATIVE)))
        scene.passes(draw.choice([0.002, 0.05, 0.5, 3, 8]))
    for dialogue in dialogues:
        if not dialogue.over:
            with contextlib.suppress(TcapError):
                dialogue.end()
    scene.passes(60)
    for telephone in (*PEOPLE, REPRESENTATIVE, OTHER_REPRESENTATIVE):
        scene.hang_up(telephone)
    scene.passes(330)
    give_up(scene)
    scene.passes(1)
    scene.is_over()
    return sum(len(dialogue.log) for dialogue in scene.scp.dialogues.values())


@pytest.mark.parametrize("seed", range(12))
def test_whatever_an_scp_says_nothing_is_left_behind(seed: int) -> None:
    assert walk(seed) > 2


def damaged_orders(seed: int, many: int) -> int:
    """Orders whose parameters are damaged, in dialogues with legs; how many were carried out."""
    draw = random.Random(seed)
    samples = [
        bytes((code,)) + encode_argument(argument, Version.CS2)
        for code, argument in operations(Version.CS2)
    ]
    scene = Scene(with_control_points(capability_set=2), talk_us=20 * SECOND_US)
    dialogue: Dialogue | None = None
    refused = 0
    for octets in islice(mutations(samples, 1, seed), many):
        if dialogue is None or dialogue.over:
            caller = draw.choice((number("02"), number("06")))
            if draw.random() < 0.5 and scene.state(caller) == "OnHook":
                scene.dials(caller, FREEPHONE)
                scene.passes(0.3)
            if scene.scp.begun:  # unless a damaged gap stops the call
                dialogue = scene.scp.asked()
                scene.scp.begun.clear()
            else:
                dialogue = dials(scene, CALLER)
                scene.passes(draw.choice([0.3, 5]))
        entity = scene.scp.entity
        with contextlib.suppress(TcapError):
            invocation = Invocation(
                entity.free_invoke_id(dialogue.number), octets[0] if octets else 0, octets[1:]
            )
            entity.continue_(dialogue.number, (invocation,))
        scene.passes(0.01)
        refused += sum(entry.startswith(("error", "reject")) for entry in dialogue.log)
        dialogue.log.clear()
        dialogue.heard.clear()
    give_up(scene)
    scene.passes(60)
    for telephone in (*PEOPLE, REPRESENTATIVE, OTHER_REPRESENTATIVE):
        scene.hang_up(telephone)
    scene.passes(330)
    scene.is_over()
    return many - refused


def test_damaged_orders_are_refused_or_carried_out_and_nothing_else() -> None:
    carried_out = damaged_orders(1, 1_500)
    assert 50 < carried_out < 1_400
