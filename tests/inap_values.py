"""Hypothesis strategies for INAP, derived from the layouts: any value of any argument."""

import msgspec
from hypothesis import strategies as st

from calleq.ss7.inap import layout as g
from calleq.ss7.inap import layouts as of
from calleq.ss7.inap.errors import Version
from calleq.ss7.inap.operation_layouts import CS1_ARGUMENTS
from calleq.ss7.inap.operations import OPERATIONS, Argument, OperationCode
from calleq.ss7.inap.party_layouts import CS2_ARGUMENTS, RESULTS
from calleq.ss7.inap.values import Criticality, Extension, LegID, Side
from calleq.ss7.isup.optional_types import (
    GenericDigits,
    GenericNumber,
    Number,
    Redirection,
    UserService,
    UserTeleservice,
)
from calleq.ss7.isup.values import CalledNumber, CallingNumber, Cause

ARGUMENTS = {**CS1_ARGUMENTS, **CS2_ARGUMENTS}
LEAST = -127
"""pyasn1 writes -128 in two octets, where X.690 §8.3.2 has one."""
ASCII = st.characters(min_codepoint=0x20, max_codepoint=0x7E)


def bounded(low: int, high: int) -> st.SearchStrategy[int]:
    """Integers, the bounds and what is near them more often."""
    return st.integers(low, high) | st.sampled_from((low, high))


def digits(least: int, most: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=least, max_size=most)


NUMBERS = st.builds(
    Number,
    digits(0, 20),
    bounded(0, 127),
    bounded(0, 7),
    bounded(0, 1),
    bounded(0, 3),
    bounded(0, 3),
)
KINDS: dict[g.Octets, st.SearchStrategy[object]] = {
    of.NETWORK: st.binary(min_size=1, max_size=20),
    of.SCF_ID: st.binary(min_size=2, max_size=20),
    of.PATTERN: st.binary(min_size=3, max_size=3),
    of.OCTET: bounded(0, 255),
    of.PAIR: bounded(0, 65535),
    of.CALLED: st.builds(
        CalledNumber, digits(1, 20), bounded(0, 127), bounded(0, 7), bounded(0, 1)
    ),
    of.CALLING: st.builds(
        CallingNumber,
        digits(1, 20),
        bounded(0, 127),
        bounded(0, 7),
        bounded(0, 1),
        bounded(0, 2),
        bounded(0, 3),
    ),
    of.NUMBER: NUMBERS,
    of.GENERIC_NUMBER: st.builds(GenericNumber, bounded(0, 255), NUMBERS),
    of.DIGITS: st.builds(GenericDigits, bounded(0, 31), bounded(0, 7), st.binary(max_size=12)),
    of.CAUSE: st.builds(
        Cause, bounded(0, 127), bounded(0, 15), bounded(0, 3), st.binary(max_size=10)
    ),
    of.REDIRECTION: st.builds(
        Redirection, bounded(0, 7), bounded(0, 15), bounded(0, 7), bounded(0, 15)
    ),
    of.TELESERVICE: st.builds(
        UserTeleservice,
        bounded(0, 127),
        st.none() | bounded(0, 127),
        bounded(0, 7),
        bounded(0, 3),
        bounded(0, 3),
    ),
    of.USER_SERVICE: st.builds(
        UserService,
        bounded(0, 31),
        bounded(0, 3),
        bounded(0, 23),
        bounded(0, 3),
        st.none(),
        st.binary(max_size=6).map(lambda octets: bytes(octet | 0x80 for octet in octets)),
    ),
    of.DATE_AND_TIME: digits(12, 12),
}


def values(kind: g.Kind, version: Version) -> st.SearchStrategy[object]:
    """Any value of the kind in that capability set."""
    match kind:
        case g.Integer() | g.Choices():
            return bounded(max(kind.low, LEAST), kind.high)
        case g.Enumerated():
            return st.sampled_from(list(kind.values))
        case g.Boolean():
            return st.booleans()
        case g.Null():
            return st.none()
        case g.Octets():
            return octets(kind)
        case g.Text():
            return st.text(ASCII, min_size=kind.low, max_size=min(kind.high, 30))
        case g.ListOf():
            most = min(kind.high, kind.low + 3)
            listed = st.lists(values(kind.of, version), min_size=kind.low, max_size=most)
            return listed.map(tuple)
        case g.Leg():
            return st.builds(LegID, bounded(0, 255), st.sampled_from(list(Side)))
        case g.Sequence():
            return built(kind.struct, kind.fields, version)
        case g.Choice():
            return st.one_of(
                *(values(one.kind, version) for one in kind.alternatives if one.since <= version)
            )
        case g.OneOf():
            return st.one_of(
                *(
                    values(field.kind, version).map(
                        lambda value, name=field.name: kind.struct(**{name: value})
                    )
                    for field in kind.fields
                )
            )
        case g.Keyed():
            return st.one_of(
                *(
                    built(kind.struct, one.fields, version, **{kind.key: st.just(one.key)})
                    for one in kind.alternatives
                    if one.since <= version
                )
            )
        case g.Tagged():
            return st.one_of(
                *(
                    st.builds(kind.struct, st.just(key), values(value, version))
                    for key, value in kind.values
                )
            )
        case g.ExtensionField():
            return extensions(version)
        case g.Wrapped():
            if not msgspec.structs.fields(kind.struct):
                return st.builds(kind.struct)
            return st.builds(kind.struct, values(kind.kind, version))


def octets(kind: g.Octets) -> st.SearchStrategy[object]:
    """What stands in an OCTET STRING of that kind."""
    if kind in KINDS:
        return KINDS[kind]
    if kind.high == 10:
        return st.binary(min_size=2, max_size=10)
    if kind.unpack is of.DATE_AND_TIME.unpack:
        return digits(2 * kind.low, 2 * kind.low)
    return st.text("0123456789*#", min_size=kind.low, max_size=kind.high)


def extensions(version: Version) -> st.SearchStrategy[Extension]:
    kinds: st.SearchStrategy[int | str] = bounded(LEAST, 2**31)
    if version is Version.CS2:
        kinds |= st.sampled_from(("1.3.12.2.1107.3.3.2", "0.4.0.1.1.1", "2.999.7"))
    elements = st.sampled_from((b"\x01\x01\xff", b"\x05\x00", b"\x30\x03\x80\x01\x07"))
    return st.builds(Extension, kinds, elements, st.sampled_from(list(Criticality)))


def built(
    struct: type,
    fields: tuple[g.Field, ...],
    version: Version,
    **more: st.SearchStrategy[object],
) -> st.SearchStrategy[object]:
    """A struct with all that is mandatory and some of what is not."""
    wanted = {one.name: one for one in msgspec.structs.fields(struct)}
    parts = dict(more)
    for field in fields:
        if field.since > version:
            continue
        any_value = values(field.kind, version)
        default = wanted[field.name].default
        if default is not msgspec.NODEFAULT and not field.mandatory:
            any_value = st.just(default) | any_value
        parts[field.name] = any_value
    return st.builds(struct, **parts)


def arguments(code: int, version: Version) -> st.SearchStrategy[Argument]:
    """Any argument of an operation."""
    kind = ARGUMENTS.get(OperationCode(code))
    if kind is None:
        return st.builds(OPERATIONS[code].argument)
    return values(kind, version)


def results(code: int, version: Version) -> st.SearchStrategy[object]:
    """Any result of an operation that has one."""
    return values(RESULTS[code], version)


def spoken(version: Version) -> list[OperationCode]:
    """The operations of a capability set."""
    return [one.code for one in OPERATIONS.values() if one.since <= version]
