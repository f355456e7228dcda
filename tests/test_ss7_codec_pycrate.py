"""pycrate, an ISUP codec nobody here wrote, agrees field by field both ways, and is slower."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calleq.ss7.isup import codec
from calleq.ss7.isup.messages import (
    Acm,
    Anm,
    CalledNumber,
    CallingNumber,
    Cause,
    Con,
    Cpg,
    Iam,
    Message,
    Rel,
    Rlc,
    Rsc,
)

pycrate = pytest.importorskip("pycrate_mobile.ISUP")
Buf = pytest.importorskip("pycrate_core.base").Buf

DIGITS = st.text("0123456789", min_size=1, max_size=15)
CICS = st.integers(0, 4095)
OCTET = st.integers(0, 255)
PAIR = st.integers(0, 65535)
CALLED = st.builds(CalledNumber, DIGITS, st.integers(0, 127), st.integers(0, 7), st.integers(0, 1))
CALLING = st.builds(
    CallingNumber,
    DIGITS,
    st.integers(0, 127),
    st.integers(0, 7),
    st.integers(0, 1),
    st.integers(0, 3),
    st.integers(0, 3),
)
CAUSES = st.builds(Cause, st.integers(0, 127), st.integers(0, 15), st.integers(0, 3))


def optional(*parameters: tuple[int, int]) -> st.SearchStrategy[tuple[tuple[int, bytes], ...]]:
    """A subset of (name code, octets), in the order in which pycrate writes them."""
    chosen = [
        st.one_of(st.none(), st.binary(min_size=size, max_size=size).map(lambda b, c=code: (c, b)))
        for code, size in parameters
    ]
    return st.tuples(*chosen).map(lambda all_: tuple(one for one in all_ if one is not None))


IAM_OTHER = optional((0x20, 7), (0x31, 2), (0x65, 4), (0x66, 3), (0x3D, 1))
BACKWARD_OTHER = optional((0x20, 9), (0x2C, 1))
NO_CAUSE = st.none() | CAUSES

MESSAGES: st.SearchStrategy[Message] = st.one_of(
    st.builds(Iam, CICS, CALLED, st.none() | CALLING, OCTET, PAIR, OCTET, OCTET, IAM_OTHER),
    st.builds(Acm, CICS, PAIR, NO_CAUSE, optional((0x20, 9))),
    st.builds(Cpg, CICS, OCTET, NO_CAUSE, optional((0x20, 4))),
    st.builds(Anm, CICS, optional((0x20, 9), (0x2D, 2))),
    st.builds(Con, CICS, PAIR, optional((0x20, 9))),
    st.builds(Rel, CICS, CAUSES, optional((0x20, 9), (0x27, 1))),
    st.builds(Rlc, CICS, NO_CAUSE),
    st.builds(Rsc, CICS),
)

Pycrate = Any
CLASSES = {
    Iam: "InitialAddress",
    Acm: "AddressComplete",
    Cpg: "CallProgress",
    Anm: "Answer",
    Con: "Connect",
    Rel: "Release",
    Rlc: "ReleaseComplete",
    Rsc: "ResetCircuit",
}
OPTIONS = {
    0x20: "UserToUserInfo",
    0x27: "AutomaticCongestionLevel",
    0x2D: "CallHistoryInfo",
    0x31: "PropagationDelayCounter",
    0x3D: "HopCounter",
    0x65: "CorrelationID",
    0x66: "ScfID",
}


def to_pycrate(message: Message) -> Pycrate:
    """The same message, built by pycrate's own means."""
    theirs = getattr(pycrate, CLASSES[type(message)])()
    theirs["CIC"].set_val(message.cic)
    given: list[str] = []
    if isinstance(message, Iam):
        fill(theirs["NatureConnectionInd"], message.nature_of_connection, 8)
        fill(theirs["ForwardCallInd"], message.forward_call, 16)
        theirs["CallingPartyCat"].set_val(message.category)
        theirs["TransmissionMediumReq"].set_val(message.medium)
        called = theirs["CalledPartyNum"][1]
        called["NAI"].set_val(message.called.nature)
        called["INN"].set_val(message.called.internal_network)
        called["NumPlan"].set_val(message.called.plan)
        called.set_num(message.called.digits)
        if message.calling is not None:
            calling = option(theirs, "CallingPartyNum", given)
            calling["NAI"].set_val(message.calling.nature)
            calling["NI"].set_val(message.calling.incomplete)
            calling["NumPlan"].set_val(message.calling.plan)
            calling["AddrPresInd"].set_val(message.calling.presentation)
            calling["ScreeningInd"].set_val(message.calling.screening)
            calling.set_num(message.calling.digits)
    if isinstance(message, Acm | Con):
        fill(theirs["BackwardCallInd"], message.backward_call, 16)
    if isinstance(message, Cpg):
        fill(theirs["EventInfo"], message.event, 8)
    if isinstance(message, Rel):
        fill_cause(theirs["CauseInd"][1], message.cause)
    elif isinstance(message, Acm | Cpg | Rlc) and message.cause is not None:
        fill_cause(option(theirs, "CauseInd", given), message.cause)
    for code, contents in getattr(message, "other", ()):
        element = option(theirs, OPTIONS[code], given)
        if isinstance(element, Buf):
            element.set_val(contents)
        else:
            element.from_bytes(contents)
    if given:
        theirs["Opt"]["EOO"].set_trans(False)
    return theirs


def option(theirs: Pycrate, name: str, given: list[str]) -> Pycrate:
    given.append(name)
    theirs["Opt"][name].set_trans(False)
    return theirs["Opt"][name][2]


def fill(envelope: Pycrate, value: int, bits: int) -> None:
    """Give each bit field of an envelope its part of `value`, the first field the highest."""
    for element in envelope:
        bits -= element.get_bl()
        element.set_val(value >> bits & (1 << element.get_bl()) - 1)
    assert bits == 0


def fill_cause(envelope: Pycrate, cause: Cause) -> None:
    envelope.set_val(
        [1, cause.coding, 0, cause.location, 1, cause.value >> 4, cause.value & 15, b""]
    )


def read(envelope: Pycrate) -> int:
    """The bit fields of an envelope as one number, the first field the highest."""
    value = 0
    for element in envelope:
        value = value << element.get_bl() | element.get_val()
    return value


def read_cause(envelope: Pycrate) -> Cause:
    value = envelope["Class"].get_val() << 4 | envelope["Cause"].get_val()
    return Cause(value, envelope["Location"].get_val(), envelope["CodingStd"].get_val())


def from_pycrate(theirs: Pycrate) -> Message:
    """The message as pycrate reads it, field by field."""
    cic = theirs["CIC"].get_val()
    other, calling, cause = [], None, None
    for one in theirs["Opt"] if "Opt" in theirs._by_name else ():
        if one.get_trans() or one._name == "EOO":
            continue
        if one._name == "CallingPartyNum":
            number = one[2]
            calling = CallingNumber(
                number.get_num(),
                number["NAI"].get_val(),
                number["NumPlan"].get_val(),
                number["NI"].get_val(),
                number["AddrPresInd"].get_val(),
                number["ScreeningInd"].get_val(),
            )
        elif one._name == "CauseInd":
            cause = read_cause(one[2])
        else:
            other.append((one["Name"].get_val(), one[2].to_bytes()))
    rest = tuple(other)
    match theirs["Type"].get_val():
        case 0x01:
            number = theirs["CalledPartyNum"][1]
            called = CalledNumber(
                number.get_num(),
                number["NAI"].get_val(),
                number["NumPlan"].get_val(),
                number["INN"].get_val(),
            )
            return Iam(
                cic,
                called,
                calling,
                read(theirs["NatureConnectionInd"]),
                read(theirs["ForwardCallInd"]),
                theirs["CallingPartyCat"].get_val(),
                theirs["TransmissionMediumReq"].get_val(),
                rest,
            )
        case 0x06:
            return Acm(cic, read(theirs["BackwardCallInd"]), cause, rest)
        case 0x07:
            return Con(cic, read(theirs["BackwardCallInd"]), rest)
        case 0x09:
            return Anm(cic, rest)
        case 0x0C:
            return Rel(cic, read_cause(theirs["CauseInd"][1]), rest)
        case 0x10:
            return Rlc(cic, cause, rest)
        case 0x12:
            return Rsc(cic)
        case _:
            return Cpg(cic, read(theirs["EventInfo"]), cause, rest)


@settings(max_examples=150, deadline=None)
@given(MESSAGES)
def test_pycrate_agrees_field_by_field_both_ways(message: Message) -> None:
    octets = codec.encode(message)
    theirs, error = pycrate.parse_ISUP(octets)
    assert error == 0
    assert from_pycrate(theirs) == message
    their_octets = to_pycrate(message).to_bytes()
    assert their_octets.hex(" ") == octets.hex(" ")
    assert codec.decode(their_octets) == message


def cpu_s_each(call: Callable[[], object], times: int) -> float:
    """Process CPU seconds of one call, the best of three rounds."""
    rounds = []
    for _ in range(3):
        start = time.process_time()
        for _ in range(times):
            call()
        rounds.append((time.process_time() - start) / times)
    return min(rounds)


def test_at_least_300_times_pycrates_speed_in_the_same_run() -> None:
    message = Iam(
        17,
        CalledNumber("12125550100"),
        CallingNumber("12125550140"),
        other=((0x3D, b"\x1f"),),
    )
    octets = codec.encode(message)
    assert to_pycrate(message).to_bytes() == octets
    ours = cpu_s_each(lambda: codec.encode(message), 20_000)
    theirs = cpu_s_each(lambda: to_pycrate(message).to_bytes(), 20)
    assert theirs / ours >= 300, f"encoding: {theirs / ours:.0f} times"
    ours = cpu_s_each(lambda: codec.decode(octets), 20_000)
    theirs = cpu_s_each(lambda: pycrate.parse_ISUP(octets), 20)
    assert theirs / ours >= 300, f"decoding: {theirs / ours:.0f} times"
