"""Makes readers of the grammar: tables by tag for each kind, for one capability set.

A value may come under several tags (a choice, a string in segments), so a kind is read by a table;
each reader in it makes the value of an element from where its contents lie.

Reading is liberal where that loses nothing: components may come in any order, lengths long or
indefinite, strings in segments, defaults written out. Unknown components of an extensible sequence
are kept in `more` where the struct has it, else dropped.

Refused with ParameterError, IsupError or BerError: components twice, missing, or of another type;
values out of bounds; unknown components of a sequence without an extension marker.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import assert_never

import msgspec

from calleq.ss7 import ber
from calleq.ss7.inap import layout as g
from calleq.ss7.inap.errors import ErrorCode, Version
from calleq.ss7.inap.faults import (
    ARC_SEPARATOR,
    EXTENSION_VALUE,
    IA5_STRING,
    MORE,
    ParameterError,
    context_tag,
    defaults_of,
    is_mandatory,
    other_form,
    out_of_range,
    tag_of,
    unexpected,
)
from calleq.ss7.inap.values import Criticality, Extension, LegID, Side

Reader = Callable[[bytes, int, int, int], object]
"""Of the octets, the tag, and where the contents start and stop."""
Table = dict[int, Reader]
Named = dict[int, tuple[str, Reader]]
_NO_KEY: dict[str, object] = {}


class Readers:
    """Compiles readers for one capability set."""

    def __init__(self, version: Version) -> None:
        self.version = version

    def of(self, kind: g.Kind, number: int | None = None) -> Table:
        """The readers of elements under the tag [number], or under their universal tag."""
        match kind:
            case g.Integer():
                return {tag_of(number, ber.INTEGER): _integers(kind.low, kind.high)}
            case g.Choices():
                return {tag_of(number, ber.ENUMERATED): _integers(kind.low, kind.high)}
            case g.Enumerated():
                return {tag_of(number, ber.ENUMERATED): _enumerated(kind.values)}
            case g.Boolean():
                return {tag_of(number, ber.BOOLEAN): _boolean}
            case g.Null():
                return {tag_of(number, ber.NULL): _null}
            case g.Octets():
                return _octets(tag_of(number, ber.OCTET_STRING), kind)
            case g.Text():
                return _text(tag_of(number, IA5_STRING), kind)
            case g.ListOf():
                tag = ber.SET if kind.unordered else ber.SEQUENCE
                return {tag_of(number, tag): self._list(kind)}
            case g.Sequence():
                return {tag_of(number, ber.SEQUENCE): self._sequence(kind)}
            case g.Tagged():
                return {tag_of(number, ber.SEQUENCE): self._tagged(kind)}
            case g.ExtensionField():
                return {tag_of(number, ber.SEQUENCE): self._extension}
            case g.Wrapped():
                return self._wrapped(kind, number)
            case g.Leg():
                return _explicit(number, _LEG)
            case g.Choice():
                return _explicit(number, self._choice(kind))
            case g.OneOf():
                return _explicit(number, self._one_of(kind))
            case g.Keyed():
                return _explicit(number, self._keyed(kind))
        assert_never(kind)

    def _list(self, kind: g.ListOf) -> Reader:
        table = self.of(kind.of)
        low, high = kind.low, kind.high

        def read(octets: bytes, tag: int, start: int, stop: int) -> object:
            found = ber.elements(octets, start, stop)
            if not low <= len(found) <= high:
                out_of_range(f"a list of {len(found)}")
            return tuple([read_one(table, octets, element) for element in found])

        return read

    def _named(self, fields: tuple[g.Field, ...]) -> Named:
        """The components that exist in this capability set, by tag."""
        return {
            tag: (field.name, reader)
            for field in fields
            if field.since <= self.version
            for tag, reader in self.of(field.kind, field.tag).items()
        }

    def _sequence(self, kind: g.Sequence, key: dict[str, object] = _NO_KEY) -> Reader:
        """`key`: a field of the struct that is no component, and its value."""
        struct = kind.struct
        named = self._named(kind.fields)
        defaults = defaults_of(struct)
        keeps = MORE in defaults
        mandatory = tuple(field.name for field in kind.fields if is_mandatory(field, defaults))
        extensible = kind.extensible
        elements = ber.elements

        def read(octets: bytes, tag: int, start: int, stop: int) -> object:
            values = key.copy()
            more: list[bytes] = []
            for element in elements(octets, start, stop):
                known = named.get(element[0])
                if known is None:
                    more.append(_unknown(named, extensible, octets, element))
                    continue
                name, reader = known
                if name in values:
                    raise ParameterError(f"{name} twice")
                values[name] = reader(octets, *element)
            for name in mandatory:
                if name not in values:
                    raise ParameterError(f"{name} is missing", ErrorCode.MISSING_PARAMETER)
            if more and keeps:
                values[MORE] = tuple(more)
            return struct(**values)

        return read

    def _tagged(self, kind: g.Tagged) -> Reader:
        kind_tag, value_tag = context_tag(0, False), context_tag(1, True)
        kinds = _enumerated(kind.kinds)
        tables = {key: self.of(value, int(key)) for key, value in kind.values}
        struct = kind.struct

        def read(octets: bytes, tag: int, start: int, stop: int) -> object:
            found = {element[0]: element for element in ber.elements(octets, start, stop)}
            if kind_tag not in found or value_tag not in found:
                raise ParameterError("kind or value is missing", ErrorCode.MISSING_PARAMETER)
            key = kinds(octets, *found[kind_tag])
            _, at, end = found[value_tag]
            inner = ber.element(octets, at, end)
            return struct(key, read_one(tables[key], octets, inner))  # type: ignore[index]

        return read

    def _extension(self, octets: bytes, tag: int, start: int, stop: int) -> object:
        found = ber.elements(octets, start, stop)
        if len(found) not in (2, 3) or found[-1][0] != EXTENSION_VALUE:
            raise ParameterError("no extension")
        head, at, end = found[0]
        kind: int | str
        if head == ber.INTEGER:
            kind = ber.read_integer(octets, at, end)
        elif head == ber.OBJECT_IDENTIFIER and self.version is not Version.CS1:
            kind = ARC_SEPARATOR.join(map(str, ber.read_oid(octets, at, end)))
        else:
            raise ParameterError(f"type of an extension under tag {head:#x}")
        criticality: object = Criticality.IGNORE
        if len(found) == 3:
            criticality = read_one(_CRITICALITY, octets, found[1])
        _, at, end = found[-1]
        tag, inner, inner_end = ber.element(octets, at, end)
        _check(octets, tag, inner, inner_end)
        return Extension(kind, octets[at:end], criticality)  # type: ignore[arg-type]

    def _wrapped(self, kind: g.Wrapped, number: int | None) -> Table:
        struct = kind.struct
        attributes = msgspec.structs.fields(struct)
        return {
            tag: _wrapping(struct, reader) if attributes else _replacing(struct, reader)
            for tag, reader in self.of(kind.kind, number).items()
        }

    def _choice(self, kind: g.Choice) -> Table:
        return {
            tag: reader
            for one in kind.alternatives
            if one.since <= self.version
            for tag, reader in self.of(one.kind, one.tag).items()
        }

    def _one_of(self, kind: g.OneOf) -> Table:
        return {
            tag: _naming(kind.struct, name, reader)
            for tag, (name, reader) in self._named(kind.fields).items()
        }

    def _keyed(self, kind: g.Keyed) -> Table:
        return {
            context_tag(one.tag, True): self._sequence(
                g.Sequence(kind.struct, one.fields), {kind.key: one.key}
            )
            for one in kind.alternatives
            if one.since <= self.version
        }


def read_one(table: Table, octets: bytes, element: ber.Element) -> object:
    """The value of an element that must be in the table."""
    reader = table.get(element[0])
    if reader is None:
        raise ParameterError(f"tag {element[0]:#x} is none of this type")
    return reader(octets, *element)


def _unknown(named: Named, extensible: bool, octets: bytes, element: ber.Element) -> bytes:
    """An element that the sequence has not, in definite form."""
    tag, start, stop = element
    if other_form(tag) in named:
        raise ParameterError(f"{named[other_form(tag)][0]} under tag {tag:#x}")
    if not extensible:
        unexpected(f"tag {tag:#x}")
    _check(octets, tag, start, stop)
    return ber.tlv(tag, octets[start:stop])


def _check(octets: bytes, tag: int, start: int, stop: int) -> None:
    """Refuse what is kept as it is, if it is no BER."""
    if ber.is_constructed(tag):
        ber.check(octets, start, stop)


def _integers(low: int, high: int) -> Reader:
    read_integer = ber.read_integer

    def read(octets: bytes, tag: int, start: int, stop: int) -> int:
        value = read_integer(octets, start, stop)
        if not low <= value <= high:
            out_of_range(value)
        return value

    return read


def _enumerated(values: type[IntEnum]) -> Reader:
    members = {int(value): value for value in values}

    def read(octets: bytes, tag: int, start: int, stop: int) -> IntEnum:
        value = members.get(ber.read_integer(octets, start, stop))
        if value is None:
            out_of_range(f"{values.__name__} {octets[start:stop].hex()}")
        return value

    return read


_CRITICALITY: Table = {ber.ENUMERATED: _enumerated(Criticality)}


def _boolean(octets: bytes, tag: int, start: int, stop: int) -> bool:
    return ber.read_boolean(octets, start, stop)


def _null(octets: bytes, tag: int, start: int, stop: int) -> None:
    ber.read_null(octets, start, stop)


def _octets(primitive: int, kind: g.Octets) -> Table:
    low, high, unpack = kind.low, kind.high, kind.unpack

    def take(contents: bytes) -> object:
        if not low <= len(contents) <= high:
            out_of_range(f"a parameter of {len(contents)} octets")
        return unpack(contents)

    def read(octets: bytes, tag: int, start: int, stop: int) -> object:
        if not low <= stop - start <= high:
            out_of_range(f"a parameter of {stop - start} octets")
        return unpack(octets[start:stop])

    def read_segments(octets: bytes, tag: int, start: int, stop: int) -> object:
        return take(ber.read_octet_string(octets, tag, start, stop))

    return {primitive: read, other_form(primitive): read_segments}


def _text(primitive: int, kind: g.Text) -> Table:
    low, high = kind.low, kind.high

    def read(octets: bytes, tag: int, start: int, stop: int) -> str:
        contents = ber.read_octet_string(octets, tag, start, stop)
        if not low <= len(contents) <= high or not contents.isascii():
            out_of_range(f"text {contents!r}")
        return contents.decode("ascii")

    return {primitive: read, other_form(primitive): read}


def _leg(side: Side) -> Table:
    legs = tuple(LegID(leg, side) for leg in range(0x100))
    return _octets(context_tag(side, False), g.Octets(1, 1, bytes, lambda octet: legs[octet[0]]))


_LEG: Table = {**_leg(Side.SENDING), **_leg(Side.RECEIVING)}


def _explicit(number: int | None, table: Table) -> Table:
    if number is None:
        return table

    def read(octets: bytes, tag: int, start: int, stop: int) -> object:
        return read_one(table, octets, ber.element(octets, start, stop))

    return {context_tag(number, True): read}


def _wrapping(struct: type, reader: Reader) -> Reader:
    return lambda octets, tag, start, stop: struct(reader(octets, tag, start, stop))


def _replacing(struct: type, reader: Reader) -> Reader:
    value = struct()

    def read(octets: bytes, tag: int, start: int, stop: int) -> object:
        reader(octets, tag, start, stop)
        return value

    return read


def _naming(struct: type, name: str, reader: Reader) -> Reader:
    return lambda octets, tag, start, stop: struct(**{name: reader(octets, tag, start, stop)})
