"""INAP in words, and in the ladder of the call that it is about."""

import pytest

from calleq.journal.entries import CircuitKey, Dialled
from calleq.runtime.tap import Segment
from calleq.ss7 import mtp3_codec
from calleq.ss7.inap import arguments as a
from calleq.ss7.inap import party_handling as p
from calleq.ss7.inap import values as v
from calleq.ss7.inap.codec import encode_argument, encode_error, encode_result
from calleq.ss7.inap.contexts import Context
from calleq.ss7.inap.errors import Version
from calleq.ss7.inap.octets import address, bcd
from calleq.ss7.inap.operations import Argument, operation_of
from calleq.ss7.isup.values import Cause
from calleq.ss7.mtp3 import Msu
from calleq.ss7.sccp import codec as sccp_codec
from calleq.ss7.sccp.messages import Segmentation, Udt, Udts, Xudt
from calleq.ss7.sccp.values import SERVICE_SCCP, PartyAddress
from calleq.ss7.tcap import codec
from calleq.ss7.tcap import messages as m
from calleq.ss7.tcap.components import Invoke, Reject, ReturnError, ReturnResult
from calleq.trace import inap
from calleq.trace.ladder import ladder
from simulator.fuzz.inap_samples import ERRORS, INITIAL_DP, RESULTS, operations
from tests.trace_scene import POINT_CODES, Scene

SCP = 4753
SSP = POINT_CODES["ssp-62"]
IP = POINT_CODES["ip-76"]
CALL = "01JD4Z8Q7R5T3V1X9Y0B2C4D6F"
OTHER = "01JD4Z8Q7R5T3V1X9Y0B2C4D6G"


def invoke(argument: Argument, invoke_id: int = 1, linked_id: int | None = None) -> Invoke:
    code = int(operation_of(argument).code)
    return Invoke(invoke_id, code, encode_argument(argument, Version.CS2), linked_id)


def said(message: m.Message) -> str:
    return inap.describe(codec.encode(message))


def test_a_trigger_reads_as_one_line() -> None:
    context = Context.CS1_SSP_TO_SCP.identifier
    begin = m.Begin(b"\0\0\0\1", m.DialogueRequest(context), (invoke(INITIAL_DP),))
    assert said(begin) == (
        "TC-BEGIN initialDP; initialDP 1 service key 800 called party number 18005550199 "
        "calling party number 12125550100 calling partys category 10 bearer capability "
        "(capability 0) event analysed information; from transaction 00000001; "
        "context cs1-ssp-to-scp (0.4.0.1.1.1.0.0)"
    )


def test_a_report_tells_the_event_the_leg_and_the_cause() -> None:
    event = v.EventTypeBCSM.O_DISCONNECT
    report = a.EventReportBCSM(event, v.receiving(1), v.EventInformation(event, Cause(17), 12))
    words = said(m.Continue(b"\1", b"\2", None, (invoke(report), invoke(a.Continue(), 2, 1))))
    assert words.startswith("TC-CONTINUE eventReportBCSM continue; eventReportBCSM 1 event o disc")
    assert " leg 1 (receiving) cause (17 user busy" in words
    assert "connect time 12 tenths of a second" in words
    assert "; continue 2 linked to 1; from transaction 01; to transaction 02" in words


def test_answers_refusals_and_aborts_are_told() -> None:
    number, result = RESULTS[0]
    components = (
        ReturnResult(3, number, encode_result(result, Version.CS2)),
        ReturnResult(4),
        ReturnError(5, 1, encode_error(ERRORS[-4])),
        ReturnError(6, 12),
        ReturnError(7, (1, 2)),
        Reject(8, 0x8102),
        Reject(None, 0x80FF),
        Invoke(9, 99, b"\x05\x00"),
        Invoke(10, 0, b"\x30\x00"),
    )
    assert said(m.End(b"\2", None, components)) == (
        "TC-END promptAndCollectUserInformation result result error error error reject reject "
        "operation 99 initialDP; "
        "promptAndCollectUserInformation result 3 response 12#; "
        "result 4; "
        "error 5 cancel failed: too late of 5; "
        "error 6 task refused; "
        "error 7; "
        "reject 8 mistyped parameter; "
        "reject None 33023; "
        "operation 99 9 operation 99 is none of CS2: 0500; "
        "initialDP 10 initialDP: service_key is missing: 3000; "
        "to transaction 02"
    )
    refused = m.DialogueResponse((1, 2, 3), False, m.Diagnostic.USER_CONTEXT_NOT_SUPPORTED, b"")
    assert said(m.Abort(b"\2", None, refused)).endswith(
        "context 1.2.3; refused user context not supported"
    )
    assert (
        said(m.Abort(b"\2", 4))
        == "TC-ABORT; to transaction 02; aborted by TCAP resource limitation"
    )
    assert said(m.Abort(b"\2", None, m.DialogueAbort(True))).endswith("dialogue aborted by TCAP")


def test_what_cannot_be_read_shows_its_octets() -> None:
    assert inap.describe(b"\x00\x01").startswith("TCAP damaged; error ")
    assert inap.describe(b"\x00\x01").endswith("octets 0001")
    other = said(m.Continue(b"\1", b"\2", m.OtherDialogue(b"\x30\x00")))
    assert "dialogue portion 3000" in other
    component = inap.describe(bytes.fromhex("6409490101 6c04 a1020500"))
    assert component.startswith("TC-END damaged; damaged None mistyped component: ")
    spare = Invoke(1, 33, bytes.fromhex("3006 800100 81011e"))
    assert "octets of resetTimer 1 300680010081011e" in said(m.End(b"\1", None, (spare,)))


def test_different_operations_read_differently() -> None:
    for version in Version:
        lines = [
            said(m.End(b"\1", None, (Invoke(1, code, encode_argument(argument, version)),)))
            for code, argument in operations(version)
        ]
        assert len(set(lines)) == len(lines)
        assert not [line for line in lines if "octets of" in line]


@pytest.mark.parametrize("ssn", [106, 241, 146])
def test_subsystems_of_inap_alone_are_read(ssn: int) -> None:
    address_ = PartyAddress(ssn=ssn, point_code=1)
    data = codec.encode(m.End(b"\1"))
    told = inap.user_data(Udt(address_, address_, data))
    assert (told is None) == (ssn == 146)
    segment = Xudt(address_, address_, data, segmentation=Segmentation(True, 1, 7))
    assert inap.user_data(segment) is None
    whole = Xudt(address_, address_, data, segmentation=Segmentation(True, 0, 7))
    assert inap.user_data(whole) == told
    returned = inap.user_data(Udts(address_, address_, data))
    assert returned is None or returned[0] == "returned TC-END"


class Intelligent(Scene):
    """A scene with an SCP that dials by a switch."""

    def speaks(self, at_us: int, origin: int, destination: int, message: m.Message) -> None:
        called = PartyAddress(ssn=241, point_code=destination)
        unit = Udt(called, PartyAddress(ssn=241, point_code=origin), codec.encode(message))
        payload = sccp_codec.encode(unit)
        octets = mtp3_codec.encode(Msu(destination, origin, 0, payload, SERVICE_SCCP))
        for hop in range(2):
            self.tap.saw(
                Segment.SIGNALLING_LINK, "l", str(origin), str(destination), octets, at_us + hop
            )

    def has_dialled(self, at_us: int, call: str, transaction: int, leg: int) -> None:
        key = CircuitKey(SCP, SSP, transaction << 8 | leg)
        self.writes(at_us, "scp-1", Dialled(call, "customer", 1, "+12125550100", key))

    def names(self, call: str) -> list[str]:
        rows = ladder(call, self.captures(), self.entries, POINT_CODES | {"scp-1": SCP}).rows
        return [row.name for row in rows]


def test_a_dialogue_is_in_the_ladder_of_the_call_that_its_scp_dialled() -> None:
    scene = Intelligent()
    for transaction, call in ((7, CALL), (8, OTHER)):
        ours, theirs = bytes((0, 0, 0, transaction)), bytes((9, transaction))
        at = transaction * 100
        scene.has_dialled(at, call, transaction, 1)
        scene.speaks(
            at + 1, SCP, SSP, m.Begin(ours, None, (invoke(p.CreateCallSegmentAssociation()),))
        )
        scene.speaks(at + 3, SSP, SCP, m.Continue(theirs, ours, None, (ReturnResult(1),)))
        scene.speaks(at + 5, SCP, SSP, m.End(theirs, None, (invoke(a.ReleaseCall(Cause(16)), 2),)))
    scene.speaks(5_000, SSP, SCP, m.Begin(b"\0\0\0\7", None, (invoke(INITIAL_DP),)))
    wanted = [
        "UDT TC-BEGIN createCallSegmentAssociation",
        "UDT TC-CONTINUE result",
        "UDT TC-END releaseCall",
    ]
    assert scene.names(CALL) == [name for name in wanted for _ in range(2)]
    assert scene.names(OTHER) == [name for name in wanted for _ in range(2)]


def test_the_dialogue_of_a_resource_joins_the_call_by_its_correlation_digits() -> None:
    scene = Intelligent()
    scene.has_dialled(1, CALL, 7, 1)
    connect = a.EstablishTemporaryConnection(address("12125559"), bcd("1000011"))
    scene.speaks(2, SCP, SSP, m.Begin(b"\0\0\0\7", None, (invoke(connect),)))
    for digits, transaction in (("1000011", b"\1"), ("1000021", b"\2")):
        assist = invoke(a.AssistRequestInstructions(address(digits)))
        scene.speaks(5, IP, SCP, m.Begin(transaction, None, (assist,)))
        scene.speaks(9, SCP, IP, m.End(transaction))
    assert scene.names(CALL)[::2] == [
        "UDT TC-BEGIN establishTemporaryConnection",
        "UDT TC-BEGIN assistRequestInstructions",
        "UDT TC-END",
    ]
