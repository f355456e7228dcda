"""Every ISUP message of both variants: golden octets, refusals by name, parameters on demand."""

import os
import pathlib

import pytest

from calleq.ss7.isup import ansi, codec, indicators, losses, optional
from calleq.ss7.isup import messages as m
from calleq.ss7.isup import optional_types as t
from calleq.ss7.isup.compatibility import (
    Action,
    Reaction,
    Setting,
    message_instructions,
    parameter_instructions,
    unexpected_parameters,
    unknown_message,
    unknown_parameter,
)
from calleq.ss7.isup.describe import describe
from calleq.ss7.isup.layouts import ANSI_LAYOUTS, LAYOUTS, MESSAGE_TYPES
from calleq.ss7.isup.segmentation import announces_segment, join, split
from calleq.ss7.isup.values import Cause, CircuitState, RangeStatus, range_status
from calleq.ss7.variant import ANSI, ITU
from simulator.fuzz.isup_samples import ANSI_PLAIN, PLAIN, VALUES, ansi_form, every_message

_ASKED = "calling party's category requested, calling party address requested, 0x1"
GOLDEN: list[tuple[m.Message, str]] = [
    (m.Sam(17, "43f"), "110002 0200 03 80 340f"),
    (m.Inr(17, 0x0900), "110003 0900 00"),
    (m.Inf(17, 0xA300), "110004 a300 00"),
    (m.Cot(17, 0), "110005 00"),
    (m.Fot(17), "110008 00"),
    (m.Sus(17, 1), "11000d 01 00"),
    (m.Grs(5, RangeStatus(11)), "050017 01 01 0b"),
    (m.Gra(5, range_status(5, 12, [5, 7, 16])), "050029 01 03 0b 0508"),
    (m.Cgb(5, 0, range_status(5, 12, [5, 7, 16])), "050018 00 01 03 0b 0508"),
    (m.Cgua(5, 1, range_status(5, 8, [12])), "05001b 01 01 02 07 80"),
    (m.Frj(17, 2, Cause(29)), "110021 02 0200 02 829d"),
    (m.Cqm(5, RangeStatus(2)), "05002a 01 01 02"),
    (
        m.Cqr(5, RangeStatus(1), (CircuitState(), CircuitState(1, 2, 3))),
        "05002b 0203 01 01 02 0c 36",
    ),
    (m.Usr(17, b"\x04hi"), "11002d 0200 03 046869"),
    (m.Cfn(17, Cause(97, diagnostics=b"\xf8")), "11002f 0200 03 82e1f8"),
    (m.Upt(0, ((0x39, b"\xf0\xd5"),)), "000034 01 3902f0d5 00"),
    (m.Pam(17, 0x08, b"\x00"), "110028 08 00"),
    (m.Crg(17, b"\x01"), "110031 01"),
]


@pytest.mark.parametrize(("message", "octets"), GOLDEN, ids=lambda one: type(one).__name__)
def test_golden_octets_both_ways(message: m.Message, octets: str) -> None:
    assert codec.encode(message).hex(" ") == bytes.fromhex(octets).hex(" ")
    assert codec.decode(bytes.fromhex(octets)) == message


def test_every_message_of_the_tables_comes_back_as_it_was() -> None:
    messages = every_message()
    for message in messages:
        octets = codec.encode(message)
        assert codec.decode(octets) == message
        assert losses.losses(octets) == ()
        name, fields = describe(message)
        assert name
        assert fields[-1] == ("CIC", str(message.cic))
    assert {type(message) for message in messages} == {*LAYOUTS, m.Pam, m.Crg, m.Unknown}
    assert len(LAYOUTS) + 2 >= 48


def test_ansi_has_its_own_iam_and_rlc_and_messages_of_its_own() -> None:
    messages = [*ANSI_PLAIN, *ansi_form(PLAIN)]
    for message in messages:
        octets = ansi.encode(message)
        decoded = ansi.decode(octets)
        if isinstance(message, m.Iam) and not message.other:
            assert decoded.other[0][0] == 0x1D  # type: ignore[union-attr]
            assert ansi.encode(decoded) == octets
        else:
            assert decoded == message
        assert losses.losses(octets, ANSI) == ()
    assert {MESSAGE_TYPES[type(message)] for message in messages[:6]} >= {0xE9, 0xEA, 0xEB, 0xEC}
    assert {type(message) for message in messages} >= set(ANSI_LAYOUTS)
    iam = ansi.encode(m.Iam(0x3FFF, m.CalledNumber("2125550100", 3), medium=0))
    assert iam.hex(" ") == "ff 3f 01 00 60 01 0a 03 06 00 03 80 90 a2 07 03 10 12 52 55 10 00"
    assert ansi.decode(iam).medium == 0  # type: ignore[union-attr]


def test_one_interface_for_both_variants() -> None:
    for variant in (ITU, ANSI):
        encode, decode = ansi.message_codec(variant)
        assert decode(encode(m.Rel(7, Cause(17)))) == m.Rel(7, Cause(17))


@pytest.mark.parametrize(
    ("message", "wrong"),
    [
        (m.Iam(0x4000, m.CalledNumber("12")), "0 to 16383"),
        (m.Sam(1, "12"), "SAM is no message of T1.113"),
        (m.Iam(1, m.CalledNumber("12"), medium=6), "medium 6"),
        (m.Iam(1, m.CalledNumber("12"), category=256), "category"),
        (m.Iam(1, m.CalledNumber("12"), forward_call=1 << 16), "forward call"),
        (m.Iam(1, m.CalledNumber("12"), other=((0x0A, b""),)), "a field of its own"),
        (m.Rlc(1, Cause(16)), "no parameters"),
        (m.Unknown(1, 0xED, b""), "EXM"),
        (m.Fac(1, ((0x20, bytes(130)), (0x20, bytes(128)))), "at most 265"),
    ],
)
def test_what_ansi_has_no_octets_for_is_refused_by_name(message: m.Message, wrong: str) -> None:
    with pytest.raises(m.IsupError, match=wrong):
        ansi.encode(message)


@pytest.mark.parametrize(
    ("octets", "wrong"),
    [
        ("1100", "2 octets"),
        ("ff3f01 00 6001 0a 0304 00 00 0703101252551000", "without an octet"),
    ],
)
def test_malformed_ansi_octets_are_refused_by_name(octets: str, wrong: str) -> None:
    with pytest.raises(m.IsupError, match=wrong):
        ansi.decode(bytes.fromhex(octets))


@pytest.mark.parametrize(
    ("message", "wrong"),
    [
        (m.Cot(1, 256), "continuity 256"),
        (m.Cgb(1, -1, RangeStatus(3, 1)), "kind -1"),
        (m.Grs(1, RangeStatus(256)), "range 256"),
        (m.Cgb(1, 0, RangeStatus(7, 256)), "status 0x100"),
        (m.Cqr(1, RangeStatus(0), ()), "0 circuit states"),
        (m.Cqr(1, RangeStatus(0), (CircuitState(4),)), "fields of 0 to 3"),
        (m.Sam(1, ""), "without address signals"),
        (m.Sam(1, "1a"), "'a' is no address signal"),
        (m.Pam(1, 256), "256"),
        (m.Crm(1), "no message of Q.763"),
        (m.Usr(1, bytes(256)), "over 255"),
        (m.Usr(1, bytes(255), ((0x03, b""),)), "over 255"),
        (m.Crg(1, bytes(266)), "at most 268"),
    ],
)
def test_fields_that_do_not_fit_are_refused_by_name(message: m.Message, wrong: str) -> None:
    with pytest.raises(m.IsupError, match=wrong):
        codec.encode(message)


@pytest.mark.parametrize(
    ("octets", "wrong"),
    [
        ("050018 00 01 00", "without a range"),
        ("050018 00 01 03 07 0508", "2 octets for 8 circuits"),
        ("05002b 0203 01 01 00", "0 circuit states"),
        ("110002 0200 01 80", "1 octets: at least 2"),
        ("110002 0200 02 00 fd", "no address signal"),
        ("110028", "without a message"),
    ],
)
def test_malformed_octets_are_refused_by_name(octets: str, wrong: str) -> None:
    with pytest.raises(m.IsupError, match=wrong):
        codec.decode(bytes.fromhex(octets))


def test_a_sam_or_cfn_without_a_pointer_to_its_empty_optional_part_is_understood() -> None:
    """As RestComm jss7 sends them."""
    assert codec.decode(bytes.fromhex("0c0b0201 04 00836038")) == m.Sam(0xB0C, "380683")
    assert codec.decode(bytes.fromhex("0c0b2f01 02 8290")) == m.Cfn(0xB0C, Cause(16))
    assert losses.losses(bytes.fromhex("0c0b2f01 02 8290")) == (
        "that there is no pointer to an optional part",
    )


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (m.Cot(1, 0), ("continuity check", "failed")),
        (m.Sus(1, 1), ("initiated by", "network")),
        (m.Cgb(1, 1, range_status(1, 4, [2])), ("kind", "hardware failure")),
        (m.Cgb(1, 0, range_status(1, 4, [2, 4])), ("status 1", "2, 4")),
        (m.Cgb(1, 2, range_status(1, 4, [])), ("kind", "2")),
        (m.Grs(5, RangeStatus(3)), ("circuits", "5 to 8")),
        (m.Gra(5, RangeStatus(3, 0x10)), ("spare status", "0x1")),
        (m.Inr(1, 0x0901), ("request", _ASKED)),
        (m.Inf(1, 0x0300), ("information", "calling party address response 3")),
        (m.Cqr(1, RangeStatus(0), (CircuitState(1, 2, 3),)), ("states", "123")),
        (m.Usr(1, b"\x04hi"), ("information", "046869")),
    ],
    ids=lambda one: type(one).__name__,
)
def test_messages_are_told_in_words(message: m.Message, told: tuple[str, str]) -> None:
    assert told in describe(message)[1]


def test_status_bits_are_told_by_circuit() -> None:
    status = range_status(30, 5, range(31, 33))
    assert status == RangeStatus(4, 0b110)
    assert list(status.covered(30)) == [30, 31, 32, 33, 34]
    assert (status.circuits, status.marked(30)) == (5, [31, 32])
    assert RangeStatus(4).marked(30) == []


def test_indicators_have_names() -> None:
    backward = indicators.CALLED_STATUS.put(0x1204, indicators.SUBSCRIBER_FREE)
    assert indicators.CALLED_STATUS.of(backward) == indicators.SUBSCRIBER_FREE
    assert indicators.CHARGE.of(backward) == indicators.CHARGED
    with pytest.raises(ValueError, match="called party's status"):
        indicators.CALLED_STATUS.put(0, 4)


@pytest.mark.parametrize("code", sorted(optional.CODECS))
def test_every_typed_parameter_comes_back_as_it_was(code: int) -> None:
    assert VALUES[code]
    for value in VALUES[code]:
        octets = optional.contents(code, value)
        assert optional.typed(code, octets) == value


def test_at_least_forty_optional_parameters_are_typed() -> None:
    assert len(optional.CODECS) >= 70


def test_parameters_are_found_put_and_taken_away() -> None:
    other = optional.put((), optional.HOP_COUNTER, 20)
    other = optional.put(other, optional.PROPAGATION_DELAY, 7)
    other = optional.put(other, optional.HOP_COUNTER, 19)
    assert other == ((0x3D, b"\x13"), (0x31, b"\x00\x07"))
    assert optional.find(other, optional.HOP_COUNTER, int) == 19
    assert optional.find(other, optional.ECHO_CONTROL, t.EchoControl) is None
    assert optional.without(other, optional.HOP_COUNTER) == ((0x31, b"\x00\x07"),)
    assert optional.typed(0xF0, b"\x01") == b"\x01"
    for wrong, value in (
        (optional.HOP_COUNTER, 32),
        (optional.HOP_COUNTER, "x"),
        (optional.REDIRECTION, 3),
        (0xF0, 3),
    ):
        with pytest.raises(m.IsupError):
            optional.contents(wrong, value)  # type: ignore[arg-type]
    with pytest.raises(m.IsupError, match="hop counter is no Number"):
        optional.find(other, optional.HOP_COUNTER, t.Number)


@pytest.mark.parametrize(
    ("code", "octets"),
    [
        (0x01, "010203e8"),
        (0x03, "1e"),
        (0x03, "1e0582"),
        (0x08, ""),
        (0x0B, "04"),
        (0x0B, "84101a"),
        (0x0B, "041f1e"),
        (0x0D, "010203e80303"),
        (0x1A, "021104"),
        (0x1D, "80"),
        (0x1D, "8810"),
        (0x1D, "8898"),
        (0x1E, "e8"),
        (0x20, ""),
        (0x23, ""),
        (0x25, "013f0000"),
        (0x34, "91"),
        (0x34, "915e"),
        (0x38, ""),
        (0x39, "f0"),
        (0x39, "f000"),
        (0x3A, "0202110102"),
        (0x4C, "022143"),
        (0x4C, "02214382650700"),
        (0x73, ""),
        (0x73, "280b41"),
        (0x78, "0580"),
        (0x78, "858040"),
        (0x81, "01"),
        (0x84, ""),
        (0xC0, ""),
        (0xC1, ""),
        (0xC7, ""),
    ],
)
def test_contents_that_are_none_are_refused_and_kept_raw(code: int, octets: str) -> None:
    with pytest.raises(m.IsupError):
        optional.typed(code, bytes.fromhex(octets))
    message = m.Fac(1, ((code, bytes.fromhex(octets)),))
    assert codec.decode(codec.encode(message)) == message


@pytest.mark.parametrize(
    ("code", "value"),
    [
        (0x01, t.CallReference(1 << 24, 0)),
        (0x01, t.CallReference(1, 1 << 14)),
        (0x03, (t.Element(0x1E, None),)),
        (0x03, (t.Element(0xA1, b""),)),
        (0x0B, t.Number("12", nature=128)),
        (0x0B, t.Number("1f")),
        (0x0D, t.ConnectionRequest(1, 1 << 14, 0, 0)),
        (0x13, t.Redirection(8)),
        (0x1A, t.ClosedUserGroup("123", 1)),
        (0x1A, t.ClosedUserGroup("wxyz", 1)),
        (0x1A, t.ClosedUserGroup("1234", 1 << 16)),
        (0x1D, t.UserService(32)),
        (0x1D, t.UserService(8, rate=24)),
        (0x1E, 1 << 14),
        (0x20, t.UserToUser(256, b"")),
        (0x23, t.NetworkDigits("1", 8)),
        (0x25, t.CircuitMap(1, 1 << 31)),
        (0x34, t.UserTeleservice(1, coding=4)),
        (0x34, t.UserTeleservice(128)),
        (0x38, t.MessageInstructions(interworking=4)),
        (0x38, t.MessageInstructions(more=b"\x00")),
        (0x3A, t.Mlpp(16, "0000", 0)),
        (0x4C, t.ForwardGvns("1", "2", "3", 8)),
        (0x4C, t.ForwardGvns("1" * 30, "2", "3" * 30)),
        (0x78, t.ApplicationTransport(128, b"")),
        (0x81, t.GeodeticLocation(128, b"")),
        (0x84, t.RoutingNumber("1", 8)),
        (0xC0, t.GenericNumber(256, t.Number("1"))),
        (0xC1, t.GenericDigits(32, 0, b"")),
        (0xC7, t.GenericName("Łódź")),
        (0xC7, t.GenericName("x", 8)),
    ],
)
def test_values_that_do_not_fit_a_parameter_are_refused(code: int, value: t.Contents) -> None:
    with pytest.raises(m.IsupError):
        optional.contents(code, value)


TRANSIT, END = Setting(transit=True), Setting(transit=False)
STUCK = Setting(transit=True, can_pass_on=False)
UNKNOWN = Cause(97, diagnostics=b"\xf8")
Message = t.MessageInstructions


@pytest.mark.parametrize(
    ("instructions", "setting", "reaction"),
    [
        (None, END, Reaction(Action.DISCARD_MESSAGE, UNKNOWN)),
        (None, TRANSIT, Reaction(Action.DISCARD_MESSAGE, UNKNOWN)),
        (Message(release=1), TRANSIT, Reaction(Action.PASS_ON)),
        (Message(release=1), END, Reaction(Action.RELEASE, UNKNOWN)),
        (Message(end_node=1, release=1), TRANSIT, Reaction(Action.RELEASE, UNKNOWN)),
        (Message(discard=1), END, Reaction(Action.DISCARD_MESSAGE)),
        (Message(discard=1, notify=1), END, Reaction(Action.DISCARD_MESSAGE, UNKNOWN)),
        (Message(end_node=1, discard=1), TRANSIT, Reaction(Action.DISCARD_MESSAGE)),
        (Message(discard=1), TRANSIT, Reaction(Action.PASS_ON)),
        (Message(), END, Reaction(Action.PASS_ON)),
        (Message(), STUCK, Reaction(Action.RELEASE, UNKNOWN)),
        (Message(discard_if_stuck=1), STUCK, Reaction(Action.DISCARD_MESSAGE)),
        (
            Message(discard_if_stuck=1, notify=1),
            STUCK,
            Reaction(Action.DISCARD_MESSAGE, UNKNOWN),
        ),
    ],
)
def test_what_becomes_of_an_unknown_message(
    instructions: t.MessageInstructions | None, setting: Setting, reaction: Reaction
) -> None:
    """Q.764 §2.9.5.3.1."""
    assert unknown_message(0xF8, instructions, setting) == reaction


def _parameter(**bits: int) -> t.ParameterInstructions:
    return t.ParameterInstructions(0xF0, **bits)


LACKS = Cause(99, diagnostics=b"\xf0")
WHOLE = Cause(110, diagnostics=b"\x06\xf0")


@pytest.mark.parametrize(
    ("instructions", "setting", "reaction"),
    [
        (None, END, Reaction(Action.DISCARD_PARAMETER, LACKS)),
        (None, TRANSIT, Reaction(Action.PASS_ON)),
        (None, STUCK, Reaction(Action.DISCARD_PARAMETER, LACKS)),
        (_parameter(release=1), END, Reaction(Action.RELEASE, LACKS)),
        (_parameter(release=1), TRANSIT, Reaction(Action.PASS_ON)),
        (_parameter(end_node=1, release=1), TRANSIT, Reaction(Action.RELEASE, LACKS)),
        (_parameter(discard_message=1), END, Reaction(Action.DISCARD_MESSAGE)),
        (_parameter(discard_message=1, notify=1), END, Reaction(Action.DISCARD_MESSAGE, WHOLE)),
        (_parameter(discard_parameter=1), END, Reaction(Action.DISCARD_PARAMETER)),
        (
            _parameter(discard_parameter=1, notify=1),
            END,
            Reaction(Action.DISCARD_PARAMETER, LACKS),
        ),
        (_parameter(), END, Reaction(Action.PASS_ON)),
        (_parameter(notify=1), END, Reaction(Action.PASS_ON, Cause(103, diagnostics=b"\xf0"))),
        (_parameter(notify=1), TRANSIT, Reaction(Action.PASS_ON)),
        (_parameter(), STUCK, Reaction(Action.RELEASE, LACKS)),
        (_parameter(if_stuck=1), STUCK, Reaction(Action.DISCARD_MESSAGE)),
        (_parameter(if_stuck=1, notify=1), STUCK, Reaction(Action.DISCARD_MESSAGE, WHOLE)),
        (_parameter(if_stuck=2), STUCK, Reaction(Action.DISCARD_PARAMETER)),
        (_parameter(if_stuck=3), STUCK, Reaction(Action.RELEASE, LACKS)),
    ],
)
def test_what_becomes_of_an_unknown_parameter(
    instructions: t.ParameterInstructions | None, setting: Setting, reaction: Reaction
) -> None:
    """Q.764 §2.9.5.3.2."""
    assert unknown_parameter(0x06, 0xF0, instructions, setting) == reaction


def test_confusion_is_never_answered_with_confusion() -> None:
    assert unknown_message(0x2F, None, END) == Reaction(Action.DISCARD_MESSAGE)
    assert unknown_parameter(0x10, 0xF0, None, END) == Reaction(Action.DISCARD_PARAMETER)


def test_a_release_does_its_work_whatever_is_in_it() -> None:
    told = Reaction(Action.DISCARD_PARAMETER, LACKS)
    for instructions in (_parameter(release=1), _parameter(discard_message=1), None):
        assert unknown_parameter(0x0C, 0xF0, instructions, END) == told
    assert unknown_parameter(0x0C, 0xF0, _parameter(), END) == Reaction(Action.PASS_ON)


def test_instructions_are_read_where_they_stand() -> None:
    body = codec.encode(m.Fac(1, ((0x38, b"\x8d"),)))[3:]
    assert message_instructions(body) == t.MessageInstructions(1, 0, 1, 1)
    assert message_instructions(b"") is None
    assert message_instructions(b"\x00") is None
    assert message_instructions(b"\x01\x38\x00\x00") is None
    assert message_instructions(b"\x01\x39\x00\x00") is None
    found = parameter_instructions(((0x39, b"\x01"), (0x39, b"\xf0\x90\xf0\x82"), (0x20, b"")))
    assert found == {0xF0: t.ParameterInstructions(0xF0, discard_parameter=1)}


def test_parameters_of_other_messages_are_unexpected() -> None:
    message = m.Anm(1, ((0x21, b""), (0xF0, b""), (0x3D, b""), (0xF0, b"")))
    assert unexpected_parameters(message) == (0xF0, 0x3D)
    assert unexpected_parameters(m.Blo(1)) == ()


LONG = ((0x03, b"\x7e\x7e" + bytes(126)), (0x3D, b"\x05"), (0x20, bytes(131)), (0x2C, b"\xe0"))


@pytest.mark.parametrize(
    ("message", "indicators_code"),
    [
        (m.Iam(5, m.CalledNumber("12"), other=LONG), 0x08),
        (m.Acm(5, 0x0400, other=((0x29, b"\x02"), *LONG)), 0x29),
        (m.Pri(5, ((0x29, b"\x01"), *LONG)), 0x29),
        (m.Con(5, 0x0400, LONG), 0x29),
    ],
    ids=lambda one: type(one).__name__,
)
def test_a_long_message_is_split_in_two_and_joined(
    message: m.Message, indicators_code: int
) -> None:
    first, second = split(message)
    begun, segment = codec.decode(first), codec.decode(second)
    assert len(first) <= 268
    assert announces_segment(begun)
    assert any(code == indicators_code for code, _ in begun.other)  # type: ignore[union-attr]
    assert isinstance(segment, m.Sgm)
    whole = join(begun, segment)  # type: ignore[arg-type]
    assert not announces_segment(whole)
    assert sorted(whole.other) == sorted(message.other)  # type: ignore[union-attr]
    without_rest = join(begun, None)  # type: ignore[arg-type]
    assert sorted(without_rest.other) == sorted(
        one
        for one in message.other
        if one not in segment.other  # type: ignore[union-attr]
    )


def test_a_short_message_is_left_alone_and_a_hopeless_one_refused() -> None:
    assert split(m.Rel(5, Cause(16))) == (codec.encode(m.Rel(5, Cause(16))),)
    with pytest.raises(m.IsupError, match="is not segmented"):
        split(m.Fac(5, LONG))
    with pytest.raises(m.IsupError, match="too long for two"):
        split(m.Anm(5, ((0xF0, bytes(200)), (0xF1, bytes(200)))))
    assert not announces_segment(m.Rel(5, Cause(16)))
    assert not announces_segment(m.Anm(5, ((0x29, b""),)))


@pytest.mark.parametrize(
    ("octets", "dropped"),
    [
        ("11f00c 0200 028291", "spare bits beside the circuit identification code"),
        ("11000c 0200 028291 0000", "2 octets after the end"),
        ("11000c 0200 029291", "spare bits of the cause indicators"),
        ("110010 02 ff 12028290 00", "the places of parameters"),
        ("110010 01 12029290 00", "spare bits of the cause indicators"),
        ("110006 0400 01 27 01 01 12 02 82 9f 00", "the order of optional parameters"),
        ("110010 01 00", "the places of parameters"),
        ("110010 01 12028301 12028301 00", "spare bits of the cause indicators"),
        ("050017 01 01 0b ff", "1 octets after the end"),
    ],
)
def test_what_encoding_again_would_drop_is_named(octets: str, dropped: str) -> None:
    assert dropped in losses.losses(bytes.fromhex(octets))


CORPORA = pathlib.Path(os.environ.get("CALLEQ_CORPORA", "")) / "isup"


@pytest.mark.skipif(
    not os.environ.get("CALLEQ_CORPORA") or not CORPORA.is_dir(),
    reason="CALLEQ_CORPORA names no directory with isup",
)
def test_messages_of_third_parties_come_out_as_they_came_in_or_it_is_said_why_not() -> None:
    """Files of lines `name octets`; what is refused must not be more than one in ten."""
    lines = [
        line.split()
        for path in sorted(CORPORA.glob("*.txt"))
        for line in path.read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    refused = 0
    for name, text in lines:
        octets = bytes.fromhex(text)
        try:
            message = codec.decode(octets)
        except m.IsupError:
            refused += 1
            continue
        assert codec.encode(message) == octets or losses.losses(octets), name
    assert lines
    assert refused <= len(lines) // 10
