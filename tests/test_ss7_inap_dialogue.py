"""Two ends of a dialogue in INAP, component by component, and what each makes of the other."""

import pytest

from calleq.ss7.inap import arguments as a
from calleq.ss7.inap import party_handling as p
from calleq.ss7.inap import values as v
from calleq.ss7.inap.dialogue import (
    Conversation,
    Failed,
    Invoked,
    Refused,
    Rejected,
    Returned,
)
from calleq.ss7.inap.errors import ErrorCode, InapError, OperationError, Version
from calleq.ss7.inap.interaction import CollectedDigits, InbandInfo
from calleq.ss7.inap.octets import bcd
from calleq.ss7.inap.operations import LONG_US, SHORT_US, Argument, OperationCode
from calleq.ss7.isup.values import Cause
from calleq.ss7.tcap.components import (
    Component,
    Invocation,
    Invoke,
    LocalReject,
    OperationClass,
    Problem,
    Reject,
    ReturnError,
    ReturnResult,
)


class Ends:
    """An SCP and an SSF (or SRF) in one dialogue, with TCAP left out."""

    def __init__(self, version: Version = Version.CS1) -> None:
        self.scp, self.ssf = Conversation(version), Conversation(version)

    def asks(self, invoke_id: int, argument: Argument) -> object:
        return self.ssf.read(on_the_wire(self.scp.invoke(invoke_id, argument)))

    def reports(self, invoke_id: int, argument: Argument, linked_id: int | None = None) -> object:
        return self.scp.read(on_the_wire(self.ssf.invoke(invoke_id, argument, linked_id=linked_id)))


def on_the_wire(asked: Invocation) -> Invoke:
    return Invoke(asked.invoke_id, asked.operation, asked.parameter, asked.linked_id)


def test_an_invocation_has_the_class_and_the_timer_of_its_operation() -> None:
    scp = Conversation(Version.CS1)
    played = scp.invoke(1, a.PlayAnnouncement(InbandInfo(7)))
    assert (played.operation, played.operation_class) == (47, OperationClass.FAILURE_ONLY)
    assert played.timer_us == LONG_US
    released = scp.invoke(2, a.ReleaseCall(Cause(16)), timer_us=7)
    assert (released.operation_class, released.timer_us) == (OperationClass.NEITHER, 7)
    assert scp.invoke(3, a.ActivityTest()) == Invocation(
        3, 55, b"", None, OperationClass.SUCCESS_ONLY, SHORT_US
    )
    with pytest.raises(InapError):
        scp.invoke(4, p.MoveLeg(v.sending(2)))
    assert scp.operation(4) is None
    assert scp.operation(1) is OperationCode.PLAY_ANNOUNCEMENT


def test_an_announcement_is_played_and_reported_with_a_link() -> None:
    ends = Ends()
    announcement = a.PlayAnnouncement(InbandInfo(7))
    assert ends.asks(5, announcement) == Invoked(5, announcement)
    report = a.SpecializedResourceReport()
    assert ends.reports(1, report, 5) == Invoked(1, report, 5)
    assert ends.reports(2, report) == Invoked(2, report, None)


@pytest.mark.parametrize(
    ("linked_id", "argument", "problem"),
    [
        (9, a.SpecializedResourceReport(), Problem.UNRECOGNIZED_LINKED_ID),
        (6, a.SpecializedResourceReport(), Problem.LINKED_RESPONSE_UNEXPECTED),
        (5, a.ActivityTest(), Problem.UNEXPECTED_LINKED_OPERATION),
    ],
)
def test_a_wrong_link_is_rejected(linked_id: int, argument: Argument, problem: Problem) -> None:
    ends = Ends()
    ends.asks(5, a.PlayAnnouncement(InbandInfo(7)))
    ends.asks(6, a.Continue())
    refused = ends.reports(1, argument, linked_id)
    assert isinstance(refused, Refused)
    assert refused.answer == Reject(1, problem)


def test_collected_digits_come_back_as_a_result() -> None:
    ends = Ends()
    ends.asks(3, a.PromptAndCollectUserInformation(CollectedDigits(4)))
    answer = ends.ssf.result(3, a.ReceivedInformation(bcd("1234")))
    assert answer.operation == 48
    assert ends.scp.read(answer) == Returned(
        3,
        OperationCode.PROMPT_AND_COLLECT_USER_INFORMATION,
        a.ReceivedInformation(bcd("1234")),
    )


def test_an_empty_result_names_no_operation() -> None:
    ends = Ends(Version.CS2)
    ends.asks(3, p.DisconnectLeg(v.sending(2)))
    answer = ends.ssf.result(3)
    assert answer == ReturnResult(3)
    assert ends.scp.read(answer) == Returned(3, OperationCode.DISCONNECT_LEG)


def test_errors_come_back_typed() -> None:
    ends = Ends()
    ends.asks(3, a.Cancel(2))
    error = OperationError(ErrorCode.CANCEL_FAILED, 1, 2)
    assert ends.scp.read(ends.ssf.error(3, error)) == Failed(3, OperationCode.CANCEL, error)


@pytest.mark.parametrize(
    ("component", "problem"),
    [
        (Invoke(1, (1, 2, 3)), Problem.UNRECOGNIZED_OPERATION),
        (Invoke(1, 99), Problem.UNRECOGNIZED_OPERATION),
        (Invoke(1, 24, b"\x30\x00"), Problem.MISTYPED_PARAMETER),
        (ReturnResult(9), Problem.RESULT_UNRECOGNIZED_INVOKE_ID),
        (ReturnResult(3, 20, b"\x05\x00"), Problem.RESULT_UNEXPECTED),
        (ReturnResult(3, 48, b"\x80\x01\x00", last=False), Problem.RESULT_UNEXPECTED),
        (ReturnResult(3), Problem.RESULT_MISTYPED_PARAMETER),
        (ReturnError(9, 12), Problem.ERROR_UNRECOGNIZED_INVOKE_ID),
        (ReturnError(3, (1, 2)), Problem.ERROR_UNRECOGNIZED),
        (ReturnError(3, 99), Problem.ERROR_UNRECOGNIZED),
        (ReturnError(3, 6), Problem.ERROR_UNEXPECTED_ERROR),
        (ReturnError(3, 12, b"\x05\x00"), Problem.ERROR_MISTYPED_PARAMETER),
    ],
)
def test_what_is_no_component_of_this_dialogue_is_rejected(
    component: Component, problem: Problem
) -> None:
    ends = Ends()
    ends.asks(3, a.PromptAndCollectUserInformation(CollectedDigits(4)))
    refused = ends.scp.read(component)
    assert isinstance(refused, Refused)
    assert refused.answer == Reject(refused.invoke_id, problem)


def test_an_argument_that_is_wrong_is_answered_with_the_error_of_its_operation() -> None:
    refused = Conversation(Version.CS1).read(Invoke(1, 0, b"\x30\x00"))
    assert isinstance(refused, Refused)
    assert refused.answer == ReturnError(1, ErrorCode.MISSING_PARAMETER)
    assert "service_key is missing" in refused.reason


def test_rejects_are_told_with_the_operation_they_are_about() -> None:
    scp = Conversation(Version.CS1)
    scp.invoke(3, a.Continue())
    problem = Problem.UNRECOGNIZED_OPERATION
    assert scp.read(Reject(3, problem)) == Rejected(3, OperationCode.CONTINUE, problem)
    assert scp.read(Reject(4, problem)) == Rejected(4, None, problem)
    assert scp.read(Reject(None, 0x8000)) == Rejected(None, None, 0x8000)
    refused = scp.read(LocalReject(7, Problem.MISTYPED_COMPONENT))
    assert isinstance(refused, Refused)
    assert (refused.invoke_id, refused.answer) == (7, None)
