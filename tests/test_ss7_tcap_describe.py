"""Messages of TCAP in words."""

import pytest

from calleq.ss7.tcap import codec
from calleq.ss7.tcap.components import (
    ComponentIndication,
    Invoke,
    Reject,
    ReturnError,
    ReturnResult,
)
from calleq.ss7.tcap.contract import Context
from calleq.ss7.tcap.describe import Fields, describe
from calleq.ss7.tcap.messages import (
    Abort,
    Begin,
    Continue,
    Diagnostic,
    DialogueAbort,
    DialogueRequest,
    DialogueResponse,
    End,
    Message,
    OtherDialogue,
    Unidirectional,
    UnidirectionalDialogue,
)
from simulator.fuzz import tcap_samples
from tests.tcap_pair import CS1, NULL


@pytest.mark.parametrize(
    ("message", "name", "fields"),
    [
        (
            Begin(b"\x01\x02", DialogueRequest(CS1), (Invoke(1, 0, NULL), Invoke(2, 23, b"", 1))),
            "TC-BEGIN",
            [
                ("originating", "0102"),
                ("dialogue", "request of 0.4.0.1.1.1.0.0"),
                ("invoke 1", "operation 0 0500"),
                ("invoke 2", "operation 23 linked to 1"),
            ],
        ),
        (
            Continue(
                b"\x01",
                b"\x02",
                DialogueResponse(CS1, True, Diagnostic.USER_NULL),
                (ReturnResult(1), ReturnResult(2, 48, NULL, last=False)),
            ),
            "TC-CONTINUE",
            [
                ("originating", "01"),
                ("destination", "02"),
                ("dialogue", "acceptance with 0.4.0.1.1.1.0.0"),
                ("result 1", ""),
                ("part of result 2", "operation 48 0500"),
            ],
        ),
        (
            End(
                b"\x02", None, (ReturnError(1, (1, 2, 3)), Reject(None, 0x8102), Reject(3, 0x8177))
            ),
            "TC-END",
            [
                ("destination", "02"),
                ("error 1", "error 1.2.3"),
                ("reject of no id", "mistyped parameter"),
                ("reject 3", "0x8177"),
            ],
        ),
        (Abort(b"\x02", 4), "TC-ABORT", [("destination", "02"), ("cause", "resource limitation")]),
        (
            Abort(b"\x02", None, DialogueResponse(CS1, False, 0xA102)),
            "TC-ABORT",
            [
                ("destination", "02"),
                ("dialogue", "refusal with 0.4.0.1.1.1.0.0, user context not supported"),
            ],
        ),
        (
            Abort(b"\x02", None, DialogueAbort(True)),
            "TC-ABORT",
            [("destination", "02"), ("dialogue", "abort by its provider")],
        ),
        (
            Unidirectional(UnidirectionalDialogue(CS1), (Invoke(1, 0),)),
            "TC-UNI",
            [("dialogue", "none, in 0.4.0.1.1.1.0.0"), ("invoke 1", "operation 0")],
        ),
        (
            Begin(b"\x01", OtherDialogue(NULL)),
            "TC-BEGIN",
            [("originating", "01"), ("dialogue", "0500")],
        ),
    ],
)
def test_a_message_in_words(message: Message, name: str, fields: list[tuple[str, str]]):
    assert describe(codec.encode(message)) == (name, tuple(fields))


def test_the_application_says_what_its_components_mean():
    def inap(component: ComponentIndication, context: Context | None) -> tuple[str, Fields] | None:
        if isinstance(component, Invoke) and context == CS1:
            return "initialDP", (("service key", "5"),)
        return None

    begin = Begin(b"\x01", DialogueRequest(CS1), (Invoke(1, 0, NULL), ReturnResult(4)))
    assert describe(codec.encode(begin), inap) == (
        "TC-BEGIN initialDP",
        (
            ("originating", "01"),
            ("dialogue", "request of 0.4.0.1.1.1.0.0"),
            ("invoke 1", "initialDP"),
            ("service key", "5"),
            ("result 4", ""),
        ),
    )


def test_whatever_passes_is_described():
    for octets in (*tcap_samples.encoded(), b"", b"\x62", b"\x63\x00"):
        name, fields = describe(octets)
        assert name.startswith("TC")
        assert fields or name == "TC-UNI"
    assert describe(b"\x62\x00")[0] == "TCAP"
    wrong = bytes.fromhex("620a4801016c05a103020101")
    assert describe(wrong)[1][1] == ("wrong component", "mistyped component a103020101")
