"""pycrate agrees about every message and parameter that it knows, field by field both ways."""

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from calleq.ss7.isup import codec, optional
from calleq.ss7.isup import messages as m
from calleq.ss7.isup.layouts import LAYOUTS, MESSAGE_TYPES, Layout
from calleq.ss7.isup.names import PARAMETERS
from calleq.ss7.isup.parameters import split
from calleq.ss7.isup.permitted import PERMITTED
from calleq.ss7.isup.values import Other
from simulator.fuzz.isup_samples import PLAIN, VALUES, every_message

pycrate = pytest.importorskip("pycrate_mobile.ISUP")

Element = Any
_NUMBER = "NAI=nature NumPlan=plan get_num()=digits"
_PRESENTED = f"{_NUMBER} AddrPresInd=presentation"
_SCREENED = f"{_PRESENTED} ScreeningInd=screening"
_ROUTED = f"{_NUMBER} INN=flag"

FIELDS: dict[int, str] = {
    0x01: "CallIdentity=identity SignallingPointCode=point_code",
    0x04: "NAI=nature INN=internal_network NumPlan=plan get_num()=digits",
    0x05: "get_num()=",
    0x08: (
        "ConnectedLineIdentReqInd=connected_line_requested SimpleSegmentationInd=segmented"
        " ClosedUserGroupCallInd=closed_user_group"
    ),
    0x09: "=",
    0x0A: f"{_SCREENED} NI=flag",
    0x0B: _PRESENTED,
    0x0C: _ROUTED,
    0x0D: (
        "LocalRef=local_reference SignallingPointCode=point_code ProtocolClass=protocol_class"
        " Credit=credit"
    ),
    0x13: (
        "OriginalRedirectReason=original_reason RedirectingInd=indicator RedirectingReason=reason"
        " RedirectCounter=counter"
    ),
    0x1A: "Code=code",
    0x1E: "=",
    0x21: _SCREENED,
    0x23: "TypeOfNetworkIdent=kind NetworkIdentPlan=plan get_num()=digits",
    0x25: "MapType=kind Map=circuits",
    0x27: "=",
    0x28: _PRESENTED,
    0x29: (
        "MLPPUsedInd=mlpp_user SimpleSegmentationInd=segmented"
        " CallDiversionMayOccurInd=diversion_may_occur InbandInfoInd=in_band"
    ),
    0x2A: (
        "NetworkDiscardInd=discarded Service3=service3 Service2=service2 Service1=service1"
        " Type=response"
    ),
    0x2B: "=",
    0x2C: "Value=",
    0x2D: "=",
    0x2E: "Value=",
    0x31: "=",
    0x35: "=",
    0x36: "RedirectingReason=reason NotifSubsOptions=options",
    0x37: (
        "IncomingEchoControlDeviceReqInd=incoming_request"
        " OutgoingEchoControlDeviceReqInd=outgoing_request"
        " IncomingEchoControlDeviceInfoInd=incoming_device"
        " OutgoingEchoControlDeviceInfoInd=outgoing_device"
    ),
    0x38: (
        "BroadbandNarrowbandInterworkInd=interworking PassOnNotPossibleInd=discard_if_stuck"
        " DiscardMessageInd=discard SendNotifInd=notify ReleaseCallInd=release"
        " TransitAtIntermedExchInd=end_node"
    ),
    0x3A: "LFB=look_ahead PrecedenceLevel=level MLPPServiceDom=domain",
    0x3B: "HoldingProvidedInd=holding MCIDReqInd=wanted",
    0x3C: "HoldingInd=holding MCIDRespInd=wanted",
    0x3D: "Value=",
    0x3E: "=",
    0x3F: f"{_SCREENED} INN=flag",
    0x40: "PresentationRestrictedInd=",
    0x43: "=",
    0x44: "ResponseInd=result Type=response",
    0x45: _SCREENED,
    0x4B: "CCSSCallInd=",
    0x4D: "TerminatingAccessInd=",
    0x4E: "Value=",
    0x5B: "TARInd=",
    0x6E: "CallToBeDivertedInd=",
    0x6F: _PRESENTED,
    0x70: "CallToBeOfferedInd=",
    0x72: "ConferenceAcceptInd=",
    0x73: "Disp=",
    0x74: "T9TimerInsInd=t9 ThroughConnectionInsInd=through_connection",
    0x75: "T9TimerInd=t9 ThroughConnectionInd=through_connection",
    0x77: "Value=",
    0x78: (
        "AppCtxtIdent=context SNI=notify RCI=release SI=first APMSegmentationInd=segments_left"
        " EncapsulatedAppInfo=contents"
    ),
    0x79: "Value=",
    0x7A: "Value=",
    0x7B: "InterworkToRedirectInd=no_interworking PivotPossibleInd=possible",
    0x7C: "Value=",
    0x7D: _ROUTED,
    0x7F: _PRESENTED,
    0x81: "LPRI=presentation Screening=screening TypeOfShape=shape",
    0x82: _NUMBER,
    0x84: "NumPlan=plan NAI=nature get_num()=digits",
    0x85: "Value=",
    0x87: "Value=",
    0x8A: "Value=",
    0x8D: "Value=",
    0xC1: "Encoding=encoding Type=kind Digits=digits",
}
"""pycrate's name of each field and ours; ours empty: the value is the field."""

APART = {
    0x86: "nine bits of pivot status (Q.763 §3.92 has eight)",
    0x39: "more than one parameter, or a second octet of instructions",
    0x34: "no user teleservice information without the extended octet, which is optional",
}
"""Parameters of which pycrate 0.8 does not read what Q.763 allows."""
# Apart too: INF with optional parameters, since pycrate's information indicators lack a bit, and
# user-to-user information in SGM, where pycrate puts the message of that name.


def _kinds() -> dict[int, Any]:
    """The class of each parameter, found where messages offer it as an option."""
    found = {}
    for kind in pycrate.ISUPTypeClasses.values():
        element = kind()
        for one in options(element):
            found[one["Name"].get_val()] = type(one[2])
    return found


def options(element: Element) -> list[Element]:
    """All optional parameters that pycrate's message may have, given or not."""
    optional_part = element["Opt"]._content if "Opt" in element._by_name else ()
    return [one for one in optional_part if one._name != "EOO"]


KINDS = _kinds()


def theirs(code: int) -> Element:
    """A new parameter of pycrate's, alone, taking all the octets it is given."""
    return KINDS[code]("it")


def values() -> Iterator[tuple[int, Any]]:
    for code, samples in VALUES.items():
        for value in samples:
            if code in FIELDS and code in KINDS:
                yield code, value


def parts(code: int, value: Any) -> list[tuple[str, Any]]:
    """(pycrate's field name, our value of it)."""
    pairs = [pair.split("=") for pair in FIELDS[code].split()]
    return [(name, getattr(value, own) if own else value) for name, own in pairs]


@pytest.mark.parametrize(("code", "value"), list(values()))
def test_pycrate_reads_every_field_of_a_parameter_as_it_was_written(code: int, value: Any) -> None:
    element = theirs(code)
    element.from_bytes(optional.contents(code, value))
    for name, expected in parts(code, value):
        if name == "get_num()":
            assert element.get_num() == expected
        elif name:
            assert element[name].get_val() == expected, name
        else:
            assert element.get_val() == expected
    assert element.to_bytes() == optional.contents(code, value)


@pytest.mark.parametrize(("code", "value"), list(values()))
def test_what_pycrate_builds_of_the_same_fields_is_read_the_same(code: int, value: Any) -> None:
    element = theirs(code)
    if code in (0x1A, 0x3A):
        element["NetworkIdent"].set_val(int(value.network, 16))
    for name, expected in parts(code, value):
        if name == "get_num()":
            element.set_num(expected)
        elif name:
            element[name].set_val(expected)
        else:
            element.set_val(expected)
    if code == 0x81:
        element["Shape"].from_bytes(value.contents)
    if code == 0x78 and value.reference is not None:
        element[6].set_val(0)
        element["SegmentationLocalRef"]["cont"].set_val(value.reference)
    if code == 0x38 and value.more:
        element["ext"].set_val(0)
        element["ExtSeq"].from_bytes(value.more)
    octets = element.to_bytes()
    assert octets.hex(" ") == optional.contents(code, value).hex(" ")
    assert optional.typed(code, octets) == value


def test_lists_of_parameters_are_read_alike() -> None:
    """Those that pycrate reads as sequences: Q.931 elements, instructions, tags, features."""
    elements = theirs(0x03)
    for value in VALUES[0x03]:
        elements.from_bytes(optional.contents(0x03, value))
        assert len(list(elements)) == len(value)
        assert elements.to_bytes() == optional.contents(0x03, value)
    (value,) = VALUES[0x33]
    features = theirs(0x33)
    features.from_bytes(optional.contents(0x33, value))
    assert features.get_val() == list(value)
    for code in (0x88, 0x89, 0x8B, 0x8C):
        (pieces,) = VALUES[code]
        tagged = theirs(code)
        tagged.from_bytes(optional.contents(code, pieces))
        assert [(one["Tag"].get_val(), one["Val"].get_val()) for one in tagged] == [
            (piece.tag, piece.contents) for piece in pieces
        ]


def test_a_generic_number_and_gvns_are_read_alike() -> None:
    for value in VALUES[0xC0]:
        element = theirs(0xC0)
        element.from_bytes(optional.contents(0xC0, value))
        assert element["NumQualifInd"].get_val() == value.qualifier
        assert element.get_num() == value.number.digits
        assert element["NAI"].get_val() == value.number.nature
    (gvns,) = VALUES[0x4C]
    element = theirs(0x4C)
    element.from_bytes(optional.contents(0x4C, gvns))
    assert element[0].get_num() == gvns.provider
    assert element[1].get_num() == gvns.user_group
    assert element[2].get_num() == gvns.routing_number
    assert element[2]["NAI"].get_val() == gvns.routing_nature


@pytest.mark.parametrize("code", [0x1D, 0x30])
def test_bearers_are_read_alike(code: int) -> None:
    for value in VALUES[code]:
        element = theirs(code)
        element.from_bytes(optional.contents(code, value))
        assert element["InfoTransferCap"].get_val() == value.capability
        assert element["InfoTransferRate"].get_val() == value.rate
        assert element.to_bytes() == optional.contents(code, value)


def test_high_layers_are_read_alike() -> None:
    for value in VALUES[0x34]:
        if value.extended is None:
            continue  # set apart
        element = theirs(0x34)
        element.from_bytes(optional.contents(0x34, value))
        assert element["Interpretation"].get_val() == value.interpretation
        assert element["HighLayerCharIdent"].get_val() == value.characteristics
        assert element["ExtLayerCharIdent"].get_val() == value.extended


def test_instructions_of_one_parameter_are_read_alike() -> None:
    (value,) = VALUES[0x39][0]
    element = theirs(0x39)
    element.from_bytes(optional.contents(0x39, (value,)))
    (instructions,) = element
    assert instructions["Param"].get_val() == value.parameter
    first = instructions["Ins"][0]["Ins0"]
    assert first["PassOnNotPossibleInd"].get_val() == value.if_stuck
    assert first["DiscardParamInd"].get_val() == value.discard_parameter
    assert first["DiscardMessageInd"].get_val() == value.discard_message
    assert first["SendNotifInd"].get_val() == value.notify
    assert first["ReleaseCallInd"].get_val() == value.release
    assert first["TransitAtIntermedExchInd"].get_val() == value.end_node


def test_every_parameter_of_pycrates_table_is_typed_or_named() -> None:
    known = set(KINDS)
    assert known <= set(PARAMETERS)
    compared = set(FIELDS) | {0x03, 0x33, 0x88, 0x89, 0x8B, 0x8C, 0xC0, 0x4C, 0x1D, 0x30, 0x34}
    compared |= set(APART)
    unseen = set(optional.CODECS) & known - compared
    assert unseen == {0x0A, 0x11, 0x12, 0x20, 0x39} - compared


def pycrate_class(message: m.Message) -> Element | None:
    kind = pycrate.ISUPTypeClasses.get(MESSAGE_TYPES.get(type(message)))
    return kind() if kind is not None and type(message) in LAYOUTS else None


def plainer(message: m.Message) -> m.Message:
    """Without diagnostics, which pycrate reads only where Q.850 has none (extension bit 0)."""
    cause = getattr(message, "cause", None)
    return message if cause is None else replace(message, cause=replace(cause, diagnostics=b""))


def set_apart(message: m.Message) -> bool:
    """Whether pycrate cannot read it for a reason given above."""
    other = getattr(message, "other", ())
    if isinstance(message, m.Inf) and other:
        return True
    if isinstance(message, m.Sgm) and any(code == 0x20 for code, _ in other):
        return True
    return any(
        code in APART and contents != optional.contents(0x39, VALUES[0x39][0])
        for code, contents in other
    )


COMPARED = [
    plainer(message)
    for message in every_message()
    if pycrate_class(message) is not None and not set_apart(message)
]


def mandatory(element: Element, layout: Layout) -> list[Element]:
    """pycrate's elements of the fixed and variable parameters, in order."""
    names = [one._name for one in element if one._name not in ("CIC", "Type", "Pointers", "Opt")]
    assert len(names) == len(layout.fixed) + len(layout.variable)
    return [element[name] for name in names]


def given_options(element: Element) -> list[tuple[int, bytes]]:
    return [
        (one["Name"].get_val(), one[2].to_bytes())
        for one in options(element)
        if not one.get_trans()
    ]


@pytest.mark.parametrize("message", COMPARED, ids=lambda one: type(one).__name__)
def test_pycrate_reads_every_message_and_finds_each_parameter(message: m.Message) -> None:
    octets = codec.encode(message)
    element, error = pycrate.parse_ISUP(octets)
    assert error == 0
    assert element["CIC"].get_val() == message.cic
    layout = LAYOUTS[type(message)]
    variable, ours = split(layout, octets)
    own = mandatory(element, layout)
    fixed = [bits_of(one) for one in own[: len(layout.fixed)]]
    names = message.__struct_fields__[1:]
    if isinstance(message, m.Iam):
        names = ("nature_of_connection", "forward_call", "category", "medium")
    assert fixed == [getattr(message, name) for name in names[: len(fixed)]]
    contents = [one[1].to_bytes() for one in own[len(fixed) :]]
    assert contents == variable
    assert sorted(given_options(element)) == sorted(ours)
    assert element.to_bytes()[:3] == octets[:3]


@pytest.mark.parametrize("message", COMPARED, ids=lambda one: type(one).__name__)
def test_every_message_that_pycrate_builds_is_read_the_same(message: m.Message) -> None:
    octets = codec.encode(message)
    layout = LAYOUTS[type(message)]
    variable, optional_ = split(layout, octets)
    element = pycrate_class(message)
    assert element is not None
    element["CIC"].set_val(message.cic)
    own = mandatory(element, layout)
    start = 3
    for (_, length), one in zip(layout.fixed, own, strict=False):
        fill(one, int.from_bytes(octets[start : start + length], "big"), 8 * length)
        start += length
    for contents, one in zip(variable, own[len(layout.fixed) :], strict=True):
        give(one[1], contents)
    if optional_:
        by_code = {one["Name"].get_val(): one for one in options(element)}
        for code, contents in optional_:
            by_code[code].set_trans(False)
            give(by_code[code][2], contents)
        element["Opt"]["EOO"].set_trans(False)
    built = element.to_bytes()
    read = codec.decode(built)
    if len(optional_) > 1:  # pycrate has an order of its own
        assert len(built) == len(octets)
        read = replace(read, other=ordered(read))  # type: ignore[call-overload]
        message = replace(message, other=ordered(message))  # type: ignore[call-overload]
    else:
        assert built.hex(" ") == octets.hex(" ")
    assert read == message


def ordered(message: m.Message) -> Other:
    """Its optional parameters by name code."""
    return tuple(sorted(getattr(message, "other", ())))


def give(element: Element, contents: bytes) -> None:
    """Set a parameter within a message; alone it reads octets, within it knows no length yet."""
    alone = type(element)("it")
    alone.from_bytes(contents)
    if type(element).__name__.startswith("UserServiceInfo"):
        for own, given in zip(element._content, alone._content, strict=True):
            own.set_trans(given.get_trans())
            if not given.get_trans():
                own.set_val(given.get_val())
        return
    element.set_val(alone.get_val())


def bits_of(element: Element) -> int:
    """The bit fields of an element as one number, the first field the highest."""
    return int.from_bytes(element.to_bytes(), "big")


def fill(element: Element, value: int, bits: int) -> None:
    element.from_bytes(value.to_bytes(bits // 8, "big"))


def test_every_message_that_pycrate_knows_is_among_them() -> None:
    compared = {MESSAGE_TYPES[type(message)] for message in COMPARED}
    known = set(pycrate.ISUPTypeClasses)
    assert known - compared == {MESSAGE_TYPES[m.Pam]}, "PAM: pycrate does not look inside"


def test_the_optional_parameters_permitted_in_a_message_are_pycrates() -> None:
    """Both were written from the tables of Q.763 clause 4."""
    for message in PLAIN:
        element = pycrate_class(message)
        if element is None or "Opt" not in element._by_name:
            continue
        listed = {one["Name"].get_val() for one in options(element)}
        assert PERMITTED[type(message)] == listed, type(message).__name__
