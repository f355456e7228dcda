"""What the INAP codec refuses, and the answer it wants given; what it takes though it is odd."""

import pytest

from calleq.ss7.inap import arguments as a
from calleq.ss7.inap import party_handling as p
from calleq.ss7.inap import values as v
from calleq.ss7.inap.codec import (
    decode_argument,
    decode_error,
    decode_result,
    encode_argument,
    encode_error,
    encode_result,
)
from calleq.ss7.inap.contexts import Context, context_of
from calleq.ss7.inap.errors import ErrorCode, InapError, OperationError, Version
from calleq.ss7.inap.interaction import InbandInfo
from calleq.ss7.inap.octets import address, bcd, text
from calleq.ss7.inap.operations import OPERATIONS, Argument, OperationCode
from calleq.ss7.isup.optional_types import GenericDigits
from calleq.ss7.isup.values import CalledNumber, Cause, IsupError
from calleq.ss7.tcap.components import OperationClass, Problem

CS1, CS2 = Version.CS1, Version.CS2
IDP = OperationCode.INITIAL_DP
NUMBER = CalledNumber("18005550199")


def answer(code: int, octets: str, version: Version = CS2) -> OperationError | Problem:
    with pytest.raises(InapError) as refused:
        decode_argument(code, bytes.fromhex(octets), version)
    return refused.value.answer


@pytest.mark.parametrize(
    ("code", "octets", "wanted"),
    [
        (IDP, "3000", ErrorCode.MISSING_PARAMETER),
        (IDP, "", ErrorCode.MISSING_PARAMETER),
        (IDP, "3006 800101 9c010b", ErrorCode.PARAMETER_OUT_OF_RANGE),
        (IDP, "3006 8001ff 9c0107", ErrorCode.PARAMETER_OUT_OF_RANGE),
        (IDP, "3007 800101 82028410", ErrorCode.PARAMETER_OUT_OF_RANGE),
        (IDP, "3008 800101 820384100d", ErrorCode.UNEXPECTED_DATA_VALUE),
        (IDP, "300a 800101 ab05 800100 8207", Problem.MISTYPED_PARAMETER),
        (IDP, "300b 800101 ab06 800100 820107", ErrorCode.UNEXPECTED_PARAMETER),
        (IDP, "3006 800101 800101", Problem.MISTYPED_PARAMETER),
        (IDP, "3007 800101 a5030401 0a", Problem.MISTYPED_PARAMETER),
        (IDP, "3005 a003020101", Problem.MISTYPED_PARAMETER),
        (IDP, "3080 800101", Problem.MISTYPED_PARAMETER),
        (IDP, "0500", Problem.MISTYPED_PARAMETER),
        (IDP, "3003800101 0500", Problem.MISTYPED_PARAMETER),
        (OperationCode.CONTINUE, "3000", Problem.MISTYPED_PARAMETER),
        (OperationCode.RELEASE_CALL, "040180", Problem.MISTYPED_PARAMETER),
        (OperationCode.CONNECT, "3002a000", ErrorCode.PARAMETER_OUT_OF_RANGE),
        (OperationCode.RESET_TIMER, "3003800101", ErrorCode.PARAMETER_OUT_OF_RANGE),
        (OperationCode.SPLIT_LEG, "3008a003800101810101", Problem.MISTYPED_PARAMETER),
        (OperationCode.MOVE_LEG, "3005a003820101", Problem.MISTYPED_PARAMETER),
        (255, "", Problem.UNRECOGNIZED_OPERATION),
    ],
)
def test_what_is_wrong_is_answered_as_the_standard_wants(
    code: int, octets: str, wanted: ErrorCode | Problem
) -> None:
    expected = OperationError(wanted) if isinstance(wanted, ErrorCode) else wanted
    assert answer(code, octets) == expected


def test_an_operation_without_that_error_is_rejected_as_mistyped() -> None:
    assert ErrorCode.PARAMETER_OUT_OF_RANGE not in OPERATIONS[OperationCode.SPLIT_LEG].errors
    assert answer(OperationCode.SPLIT_LEG, "3008a003800101810101") is Problem.MISTYPED_PARAMETER
    assert answer(OperationCode.EVENT_REPORT_BCSM, "3000") is Problem.MISTYPED_PARAMETER


def test_an_operation_of_cs2_is_not_recognized_in_cs1() -> None:
    octets = encode_argument(p.MoveLeg(v.sending(2)), CS2).hex()
    assert answer(OperationCode.MOVE_LEG, octets, CS1) is Problem.UNRECOGNIZED_OPERATION
    with pytest.raises(InapError) as refused:
        encode_argument(p.MoveLeg(v.sending(2)), CS1)
    assert refused.value.answer is Problem.UNRECOGNIZED_OPERATION
    with pytest.raises(InapError):
        decode_result(OperationCode.MOVE_LEG, b"", CS1)


def test_a_parameter_of_cs2_is_kept_unread_in_cs1_and_sent_on() -> None:
    octets = encode_argument(a.ResetTimer(30, call_segment=2), CS2)
    read = decode_argument(OperationCode.RESET_TIMER, octets, CS1)
    assert read == a.ResetTimer(30, more=(b"\x83\x01\x02",))
    assert encode_argument(read, CS1) == octets


@pytest.mark.parametrize(
    "argument",
    [
        a.ResetTimer(30, call_segment=2),
        a.ReleaseCall(v.CallSegmentRelease(2)),
        a.PlayAnnouncement(InbandInfo(1), connected_party=v.sending(1)),
        a.ConnectToResource(2),
        a.EventReportBCSM(
            v.EventTypeBCSM.O_NO_ANSWER,
            information=v.EventInformation(v.EventTypeBCSM.O_NO_ANSWER, Cause(19)),
        ),
        a.EventReportBCSM(
            v.EventTypeBCSM.O_ABANDON,
            information=v.EventInformation(v.EventTypeBCSM.O_ABANDON),
        ),
        a.ApplyCharging(b"\x01", extensions=(v.Extension("1.3.12", b"\x05\x00"),)),
    ],
)
def test_cs1_does_not_send_what_cs2_has(argument: Argument) -> None:
    assert encode_argument(argument, CS2)
    with pytest.raises(InapError):
        encode_argument(argument, CS1)


@pytest.mark.parametrize(
    "argument",
    [
        a.ResetTimer(-1),
        a.Connect(destination_routing_address=()),
        a.RequestReportBCSMEvent(()),
        a.Connect(destination_routing_address=(CalledNumber(""),)),
        a.PlayAnnouncement("Grüß Gott"),
        a.PlayAnnouncement(InbandInfo(())),
        a.ApplyCharging(b""),
        a.ApplyCharging(b"\x01", v.LegID(256)),
        a.ApplyCharging(b"\x01", extensions=(v.Extension(1, b"\x05"),)),
        a.ApplyCharging(b"\x01", extensions=(v.Extension("one", b"\x05\x00"),)),
        a.Cancel(200),
        a.RequestReportBCSMEvent(
            (
                v.BcsmEvent(
                    v.EventTypeBCSM.O_ANSWER,
                    v.MonitorMode.INTERRUPTED,
                    criteria=v.DpCriteria(),
                ),
            )
        ),
        a.EventReportBCSM(
            v.EventTypeBCSM.O_ANSWER,
            information=v.EventInformation(v.EventTypeBCSM.O_ANSWER, Cause(16)),
        ),
        a.EventReportBCSM(
            v.EventTypeBCSM.O_ANSWER,
            information=v.EventInformation(v.EventTypeBCSM.TERM_ATTEMPT),
        ),
    ],
)
def test_what_does_not_fit_is_not_sent(argument: Argument) -> None:
    with pytest.raises(InapError):
        encode_argument(argument, CS2)


def test_an_unknown_extension_is_kept_unless_it_insists() -> None:
    octets = encode_argument(
        a.ApplyCharging(b"\x01", extensions=(v.Extension(7, b"\x05\x00"),)), CS1
    )
    code = OperationCode.APPLY_CHARGING
    assert decode_argument(code, octets, CS1) == a.ApplyCharging(
        b"\x01", extensions=(v.Extension(7, b"\x05\x00"),)
    )
    insisting = v.Extension(7, b"\x05\x00", v.Criticality.ABORT)
    octets = encode_argument(a.ApplyCharging(b"\x01", extensions=(insisting,)), CS1)
    assert answer(code, octets.hex(), CS1) == OperationError(ErrorCode.UNEXPECTED_PARAMETER)
    known = decode_argument(code, octets, CS1, frozenset({7}))
    assert known == a.ApplyCharging(b"\x01", extensions=(insisting,))


def test_unknown_parameters_are_kept_in_definite_form_and_sent_on() -> None:
    octets = bytes.fromhex("3080 810105 bf2880 800101 0000 9f6f00 0000")
    read = decode_argument(OperationCode.RESET_TIMER, octets, CS2)
    assert read == a.ResetTimer(5, more=(bytes.fromhex("bf2803800101"), bytes.fromhex("9f6f00")))
    assert encode_argument(read, CS2).hex() == "300c810105bf28038001019f6f00"


def test_components_out_of_order_and_strings_in_segments_are_read() -> None:
    octets = bytes.fromhex("3080 a580 04010a 0000 800101 0000")
    assert decode_argument(IDP, octets, CS1) == a.InitialDP(
        service_key=1, calling_partys_category=10
    )


def test_the_whole_range_of_invoke_identifiers_can_be_cancelled() -> None:
    assert encode_argument(a.Cancel(-128), CS1).hex() == "800180"
    assert decode_argument(OperationCode.CANCEL, b"\x80\x01\x80", CS1) == a.Cancel(-128)
    assert decode_argument(OperationCode.CANCEL, b"\x81\x00", CS1) == a.Cancel()


def test_results_and_errors_that_are_none_are_rejected() -> None:
    def problem(call, *arguments) -> object:
        with pytest.raises(InapError) as refused:
            call(*arguments)
        return refused.value.answer

    mistyped = Problem.RESULT_MISTYPED_PARAMETER
    assert problem(decode_result, 48, b"", CS1) is mistyped
    assert problem(decode_result, 48, b"\x82\x00", CS1) is mistyped
    assert problem(encode_result, a.ReceivedInformation(""), CS1) is mistyped
    assert decode_result(OperationCode.ACTIVITY_TEST, b"", CS1) is None
    assert problem(decode_error, 99, b"") is Problem.ERROR_UNRECOGNIZED
    assert problem(decode_error, 12, b"\x0a\x01\x07") is Problem.ERROR_MISTYPED_PARAMETER
    assert problem(encode_error, OperationError(ErrorCode.CANCEL_FAILED)) is (
        Problem.ERROR_MISTYPED_PARAMETER
    )
    assert encode_error(OperationError(ErrorCode.TASK_REFUSED)) == b"\x0a\x01\x00"
    assert decode_error(12, b"") == OperationError(ErrorCode.TASK_REFUSED)


def test_every_operation_has_the_class_that_its_answers_need() -> None:
    for operation in OPERATIONS.values():
        told = operation.kind
        assert bool(operation.errors) == (told in (1, 2)), operation.name
        if operation.result is not None:
            assert told is OperationClass.SUCCESS_OR_FAILURE
    assert OPERATIONS[OperationCode.ACTIVITY_TEST].kind is OperationClass.SUCCESS_ONLY
    assert len(OPERATIONS) == 33
    assert OPERATIONS[0].name == "initialDP"


def test_contexts_are_known_by_either_arc() -> None:
    assert context_of((0, 4, 0, 1, 1, 1, 3, 0)) is Context.CS1_SCP_TO_SSP
    assert Context.CS1_SCP_TO_SSP.version is CS1
    assert context_of((0, 0, 17, 1228, 3, 8, 0)) is Context.CS2_SCF_SSF_GENERIC
    assert context_of(Context.CS2_SCF_SSF_GENERIC.identifier) is Context.CS2_SCF_SSF_GENERIC
    assert Context.CS2_SCF_SSF_GENERIC.version is CS2
    assert context_of((1, 2, 3)) is None


def test_digits_for_people() -> None:
    assert [text(bcd(keys)) for keys in ("", "1", "12#", "*0")] == ["", "1", "12#", "*0"]
    assert address("1000011").number.digits == "1000011"
    for digits in (GenericDigits(0, 2, b"12"), GenericDigits(0, 0, b"\xdd")):
        with pytest.raises(IsupError):
            text(digits)
    with pytest.raises(IsupError):
        bcd("A")
