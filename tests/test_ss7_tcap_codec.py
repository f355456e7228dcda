"""TCAP's messages: pycrate reads and writes the same, other forms are read, faults told apart."""

import random
from typing import Any

import pytest
from msgspec.structs import replace

from calleq.ss7 import ber
from calleq.ss7.tcap import codec, component_codec, dialogue_codec
from calleq.ss7.tcap import messages as m
from calleq.ss7.tcap.components import (
    Code,
    Component,
    Invoke,
    LocalReject,
    Problem,
    Reject,
    ReturnError,
    ReturnResult,
)
from calleq.ss7.tcap.contract import ProviderCause
from calleq.ss7.tcap.dialogue_codec import STRUCTURED, UNSTRUCTURED
from simulator.conformance.steps import Send
from simulator.conformance.suites import load
from simulator.conformance.tcap.octets import SPOILERS, TCAP
from simulator.fuzz import tcap_samples
from simulator.fuzz.tcap_samples import CONTEXTS, NESTED, indefinite, overlong

DRAWN = 400
DIALOGUE_PDU = {
    m.DialogueRequest: "DialoguePDU",
    m.DialogueResponse: "DialoguePDU",
    m.DialogueAbort: "DialoguePDU",
    m.UnidirectionalDialogue: "UniDialoguePDU",
}
PROBLEM_KINDS = {0x80: "general", 0x81: "invoke", 0x82: "returnResult", 0x83: "returnError"}


def external(syntax: tuple[int, ...], unit: str) -> str:
    """The contents of a dialogue portion with that unit in it."""
    return ber.write_external(syntax, bytes.fromhex(unit)).hex()


def drawn() -> list[m.Message]:
    """Messages that both codecs have values for: dialogue portions of TCAP's own syntaxes."""
    draw = random.Random(773)
    found = [*tcap_samples.every_message(), *(tcap_samples.message(draw) for _ in range(DRAWN))]
    return [one for one in found if _is_plain(one)]


def _is_plain(message: m.Message) -> bool:
    if isinstance(message.dialogue, m.OtherDialogue):
        return False
    components = () if isinstance(message, m.Abort) else message.components
    return not any(
        isinstance(one, ReturnResult) and one.operation is not None and not one.parameter
        for one in components
    )


def as_pycrate(message: m.Message) -> tuple[str, dict[str, Any]]:
    """A message as pycrate has it."""
    value: dict[str, Any] = {}
    if isinstance(message, m.Begin | m.Continue):
        value["otid"] = message.originating
    if isinstance(message, m.Continue | m.End | m.Abort):
        value["dtid"] = message.destination
    if isinstance(message, m.Abort):
        if message.cause is not None:
            value["reason"] = ("p-abortCause", message.cause)
        elif message.dialogue is not None:
            value["reason"] = ("u-abortCause", portion_as_pycrate(message.dialogue))
        return "abort", value
    if message.dialogue is not None:
        value["dialoguePortion"] = portion_as_pycrate(message.dialogue)
    if message.components:
        value["components"] = [component_as_pycrate(one) for one in message.components]
    return type(message).__name__.lower(), value


def portion_as_pycrate(portion: m.DialoguePortion) -> dict[str, Any]:
    value: dict[str, Any] = {}
    reference = (0, 0, 17, 773, 1, 1, 1)
    match portion:
        case m.DialogueRequest(context, _, version1) | m.UnidirectionalDialogue(
            context, _, version1
        ):
            name = "dialogueRequest"
            if isinstance(portion, m.UnidirectionalDialogue):
                name, reference = "unidialoguePDU", (0, 0, 17, 773, 1, 2, 1)
            value["protocol-version"] = (int(version1), 1)
            value["application-context-name"] = context
        case m.DialogueResponse(context, accepted, diagnostic):
            name = "dialogueResponse"
            source = ("dialogue-service-user", "dialogue-service-provider")[diagnostic >> 8 & 2 > 0]
            value["protocol-version"] = (1, 1)
            value["application-context-name"] = context
            value["result"] = 0 if accepted else 1
            value["result-source-diagnostic"] = (source, diagnostic & 0xFF)
        case m.DialogueAbort(by_provider):
            name = "dialogueAbort"
            value["abort-source"] = int(by_provider)
    information = portion.user_information
    if information:
        found = ber.elements(information, 0, len(information))
        value["user-information"] = [
            {"direct-reference": (1, 2, 826), "encoding": ("single-ASN1-type", b"\x04\x01\x02")}
            for _ in found
        ]
    pdu = DIALOGUE_PDU[type(portion)]
    encoding = ("single-ASN1-type", (pdu, (name, value)))
    return {"direct-reference": reference, "encoding": encoding}


def component_as_pycrate(component: Component) -> tuple[str, Any]:
    value: dict[str, Any] = {"invokeId": ("present", component.invoke_id)}
    if component.invoke_id is None:
        value["invokeId"] = ("absent", 0)
    match component:
        case Invoke(_, operation, parameter, linked_id):
            name = "invoke"
            if linked_id is not None:
                value["linkedId"] = ("present", linked_id)
            value["opcode"] = _code(operation)
            if parameter:
                value["argument"] = _parameter(parameter)
        case ReturnResult(_, operation, parameter, last):
            name = "returnResult" if last else "returnResultNotLast"
            if operation is not None:
                value["result"] = {"opcode": _code(operation), "result": _parameter(parameter)}
        case ReturnError(_, error, parameter):
            name = "returnError"
            value["errcode"] = _code(error)
            if parameter:
                value["parameter"] = _parameter(parameter)
        case Reject(_, problem):
            name = "reject"
            value["problem"] = (PROBLEM_KINDS[problem >> 8], problem & 0xFF)
    if name == "returnResultNotLast":
        return name, value
    return "basicROS", (name, value)


def _code(code: Code) -> tuple[str, object]:
    return ("local", code) if isinstance(code, int) else ("global", code)


def _parameter(octets: bytes) -> object:
    tag, start, stop = ber.element(octets, 0, len(octets))
    return (f"_unk_{tag >> 6}{tag >> 5 & 1}{tag & 0x1F}", octets[start:stop])


@pytest.fixture(scope="module")
def pycrate() -> Any:
    module = pytest.importorskip("pycrate_asn1dir.TCAP_RAW")
    return module.TCAP_Messages.TCAP_Message


def test_pycrate_reads_the_same_values_from_what_is_written(pycrate: Any):
    messages = drawn()
    assert len(messages) > DRAWN
    for message in messages:
        octets = codec.encode(message)
        pycrate.from_ber(octets)
        assert comparable(pycrate.get_val()) == comparable(as_pycrate(message)), octets.hex()
        assert pycrate.to_ber() == octets


def test_codes_of_every_length_are_as_pycrate_has_them(pycrate: Any):
    draw = random.Random(690)
    for _ in range(300):
        local = draw.getrandbits(draw.randint(1, 63)) * draw.choice((1, -1))
        arcs = (draw.randint(0, 1), draw.randint(0, 39), *draw.choices(range(1 << 40), k=4))
        message = m.Begin(b"\x01", None, (Invoke(1, local), ReturnError(2, arcs)))
        octets = codec.encode(message)
        pycrate.from_ber(octets)
        assert pycrate.get_val() == as_pycrate(message)
        assert pycrate.to_ber() == octets
        assert codec.decode(octets) == message


def test_what_pycrate_writes_is_read_as_the_same_values(pycrate: Any):
    for message in drawn():
        octets = codec.encode(message)
        pycrate.from_ber(octets)
        pycrate.set_val(pycrate.get_val())
        assert codec.decode(pycrate.to_ber()) == message


def comparable(value: Any) -> Any:
    """pycrate's values with what it says in more than one way said in one."""
    if isinstance(value, dict):
        return {key: comparable(one) for key, one in value.items()}
    if isinstance(value, list):
        return [comparable(one) for one in value]
    if isinstance(value, tuple) and len(value) == 2 and value[0] == "single-ASN1-type":
        inner = value[1]
        if isinstance(inner, bytes):
            return inner
        if isinstance(inner, tuple) and inner[0] == "_unk_004":
            return ber.tlv(ber.OCTET_STRING, inner[1])
        return comparable(inner)
    if isinstance(value, tuple):
        return tuple(comparable(one) for one in value)
    return value


def test_every_message_comes_back_as_it_was_in_whatever_form_of_lengths():
    draw = random.Random(7)
    messages = [*tcap_samples.every_message(), *(tcap_samples.message(draw) for _ in range(DRAWN))]
    for message in messages:
        octets = codec.encode(message)
        assert codec.decode(octets) == message
        if isinstance(message.dialogue, m.OtherDialogue) or b"\xbe" in octets:
            continue  # What is kept as it came keeps its form, too.
        for other in (indefinite(octets), overlong(octets)):
            assert but_for_parameters(codec.decode(other)) == but_for_parameters(message)


def but_for_parameters(message: m.Message) -> m.Message:
    """The message without what TCAP does not look into, and so leaves in its form."""
    if isinstance(message, m.Abort):
        return message
    components = [
        one if isinstance(one, Reject) else replace(one, parameter=b"")
        for one in message.components
    ]
    return replace(message, components=tuple(components))


@pytest.mark.parametrize(
    ("octets", "cause", "originating", "destination"),
    [
        # Another outer tag.
        ("6306480400000001", 0, "00000001", None),
        ("3003020101", 0, None, None),
        ("60", 0, None, None),
        # No BER, or octets after the end.
        ("", 2, None, None),
        ("62", 2, None, None),
        ("6207480400000001", 2, "00000001", None),
        ("620648040000000100", 2, "00000001", None),
        ("6580480101490102", 2, "01", "02"),
        ("650748010149010249", 2, "01", "02"),
        ("62800000000000", 2, None, None),
        ("64044901016b", 2, None, "01"),
        ("64064901016c000500", 2, None, "01"),
        # BER, but elements that are missing, repeated, out of place, of wrong lengths.
        ("6200", 3, None, None),
        ("62024800", 3, None, None),
        ("620748050102030405", 3, None, None),
        ("6209480400000001490102", 3, "00000001", "02"),
        ("6203490101", 3, None, "01"),
        ("6206480101480102", 3, "01", None),
        ("6506490101480102", 3, "02", "01"),
        ("6503480101", 3, "01", None),
        ("6403480101", 3, "01", None),
        ("64074901016c006b00", 3, None, "01"),
        ("6706480101490101", 3, "01", "01"),
        ("67064901014a0180", 3, None, "01"),
        ("67074901014a020001", 3, None, "01"),
        ("67084901014a01006b00", 3, None, "01"),
        ("67054901016c00", 3, None, "01"),
        ("6100", 3, None, None),
        ("61026b00", 3, None, None),
        ("62054801010500", 3, "01", None),
    ],
)
def test_faults_of_the_transaction_portion_are_told_apart(
    octets: str, cause: int, originating: str | None, destination: str | None
):
    with pytest.raises(m.MessageError) as refused:
        codec.decode(bytes.fromhex(octets))
    error = refused.value
    assert ProviderCause(error.cause) == ProviderCause(cause)
    assert (error.originating or b"").hex() == (originating or "")
    assert (error.destination or b"").hex() == (destination or "")


@pytest.mark.parametrize(
    ("component", "problem", "invoke_id"),
    [
        # No kind of component.
        ("a803020101", 0x8000, 1),
        ("a503020107", 0x8000, 7),
        ("3000", 0x8000, None),
        # An invoke.
        ("a103020101", 0x8001, 1),
        ("a10702020101020100", 0x8001, None),
        ("a106020101040100", 0x8001, 1),
        ("a10602010180010a", 0x8001, 1),
        ("a10a02010102010005000500", 0x8001, 1),
        ("a10702010102010005", 0x8002, 1),
        ("a1080201010201000580", 0x8002, 1),
        ("a1080201010201000500", None, 1),
        # A result.
        ("a2050201013000", 0x8001, 1),
        ("a2050201013100", 0x8001, 1),
        ("a20702010105000500", 0x8001, 1),
        ("a203020101", None, 1),
        ("a2080201013003020105", None, 1),
        ("a70402020001", 0x8001, None),
        ("a700", 0x8001, None),
        # An error.
        ("a30302010a", 0x8001, 10),
        ("a306020101840101", 0x8001, 1),
        ("a306020101020101", None, 1),
        # A reject.
        ("a403020101", 0x8001, 1),
        ("a406050100810101", 0x8002, None),
        ("a406020101840101", 0x8001, 1),
        ("a4060201018101ff", 0x8001, 1),
        ("a4050500810101", None, None),
    ],
)
def test_faults_of_a_component_are_its_own(component: str, problem: int | None, invoke_id: int):
    octets = bytes.fromhex(component)
    message = ber.constructed(0x64, b"\x49\x01\x01", ber.tlv(0x6C, octets))
    (found,) = codec.decode(message).components
    assert found.invoke_id == invoke_id
    if problem is None:
        assert not isinstance(found, LocalReject)
    else:
        assert isinstance(found, LocalReject)
        assert Problem(found.problem) == Problem(problem)
        assert found.component == octets


def test_a_component_that_ends_nowhere_leaves_those_before_it():
    good = component_codec.encode(Invoke(1, 20, NESTED))
    portion = ber.tlv(0x6C, good + bytes.fromhex("a17f020102"))
    message = codec.decode(ber.constructed(0x62, b"\x48\x01\x01", portion))
    assert isinstance(message, m.Begin)
    assert message.components == (
        Invoke(1, 20, NESTED),
        LocalReject(None, Problem.BADLY_STRUCTURED_COMPONENT, bytes.fromhex("a17f020102")),
    )


@pytest.mark.parametrize(
    "contents",
    [
        "",
        "0500",
        "300506032a0304",
        external(STRUCTURED, ""),
        external(STRUCTURED, "0500"),
        external((1, 2, 3), "6000"),
        external(STRUCTURED, "6000"),
        external(STRUCTURED, "600480020780"),
        external(STRUCTURED, "6006a10402020001"),
        external(STRUCTURED, "6009800101a10406022a03"),
        external(STRUCTURED, "6009800108a10406022a03"),
        external(STRUCTURED, "600aa10406022a0380020780"),
        external(STRUCTURED, "600aa10406022a03be020500"),
        external(STRUCTURED, "6403800102"),
        external(STRUCTURED, "6400"),
        external(STRUCTURED, "6106a10406022a03"),
        external(STRUCTURED, "6112a10406022a03a203020102a305a103020100"),
        external(STRUCTURED, "6112a10406022a03a203020101a305a303020100"),
        external(STRUCTURED, "6112a10406022a03a203040101a305a103020100"),
        external(UNSTRUCTURED, "6403800100"),
    ],
)
def test_a_dialogue_portion_that_cannot_be_read_is_kept_as_it_came(contents: str):
    octets = bytes.fromhex(contents)
    assert dialogue_codec.decode(octets) == m.OtherDialogue(octets)
    assert dialogue_codec.encode(m.OtherDialogue(octets)) == ber.tlv(0x6B, octets)
    dialogue_codec.forget()


def test_values_that_have_no_encoding_are_refused():
    wrong: list[m.Message] = [
        m.Begin(b""),
        m.Begin(b"12345"),
        m.Abort(b"1", 128),
        m.Begin(b"1", None, (Invoke(128, 1),)),
        m.Begin(b"1", None, (Invoke(-129, 1, b"", 3),)),
        m.Begin(b"1", None, (Invoke(1, 1, b"", 200),)),
        m.Begin(b"1", None, (Invoke(1, (7, 7)),)),
        m.Begin(b"1", None, (ReturnResult(1, None, b"\x05\x00"),)),
        m.Begin(b"1", None, (Reject(1, 0x8401),)),
        m.Begin(b"1", m.DialogueRequest((9,))),
        m.Begin(b"1", m.DialogueResponse(CONTEXTS[0], True, 0xA300)),
    ]
    for message in wrong:
        with pytest.raises(ber.BerError):
            codec.encode(message)


def test_few_dialogue_portions_are_kept_and_no_more():
    for number in range(dialogue_codec.KEPT_LIMIT + 10):
        request = m.DialogueRequest((1, 2, number))
        octets = dialogue_codec.encode(request)
        assert dialogue_codec.decode(octets[2:]) == request
    assert len(dialogue_codec._written) <= dialogue_codec.KEPT_LIMIT
    assert len(dialogue_codec._read) <= dialogue_codec.KEPT_LIMIT
    dialogue_codec.forget()


def test_what_the_tester_of_conformance_writes_is_read_alike():
    """Two codecs, written apart: a mistake in either shows here."""
    seen = set()
    for case in load("q787")[1]:
        for step in case.steps:
            if isinstance(step, Send) and not set(step.fields) & set(SPOILERS):
                octets = TCAP.build(step.message, 0, step.fields)
                try:
                    message = codec.decode(octets)
                except m.MessageError:
                    continue
                seen.add(step.message)
                if message.dialogue == m.DialogueRequest(CONTEXTS[0], version1=False):
                    continue  # Which other versions it offers is not kept.
                assert codec.encode(message) == octets, (case.number, octets.hex())
    assert seen == {"BEGIN", "CONTINUE", "END", "ABORT", "UNIDIRECTIONAL"}
