"""Makes writers of the grammar: one for each kind, for one capability set.

A writer makes the octets of a whole element from a value. What can be decided once is decided when
a kind is compiled: tags, tables, which fields exist. Components are written in the order of the
layout; what equals its default is left out.

Refused with ParameterError, IsupError or BerError: values out of bounds, fields of CS-2 in CS-1,
None where a component is mandatory.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import assert_never

from calleq.ss7 import ber
from calleq.ss7.inap import layout as g
from calleq.ss7.inap.errors import Version
from calleq.ss7.inap.faults import (
    ARC_SEPARATOR,
    EXTENSION_VALUE,
    IA5_STRING,
    MORE,
    allowed_integers,
    bad_value,
    context_tag,
    defaults_of,
    is_mandatory,
    out_of_range,
    tag_of,
    unexpected,
)
from calleq.ss7.inap.values import Criticality, Extension, LegID

Writer = Callable[..., bytes]
_NEVER = object()


class Writers:
    """Compiles writers for one capability set."""

    def __init__(self, version: Version) -> None:
        self.version = version

    def of(self, kind: g.Kind, number: int | None = None) -> Writer:
        """The writer of elements under the tag [number], or under their universal tag."""
        match kind:
            case g.Integer():
                return _integers(tag_of(number, ber.INTEGER), allowed_integers(kind))
            case g.Choices() | g.Enumerated():
                return _integers(tag_of(number, ber.ENUMERATED), allowed_integers(kind))
            case g.Boolean():
                tag = tag_of(number, ber.BOOLEAN)
                false, true = ber.write_boolean(tag, False), ber.write_boolean(tag, True)
                return lambda value: true if value else false
            case g.Null():
                null = ber.write_null(tag_of(number, ber.NULL))
                return lambda _: null
            case g.Octets():
                return _octets(tag_of(number, ber.OCTET_STRING), kind)
            case g.Text():
                return _text(tag_of(number, IA5_STRING), kind)
            case g.ListOf():
                return self._list(kind, number)
            case g.Sequence():
                inner = self._components(kind.struct, kind.fields)
                return _within(tag_of(number, ber.SEQUENCE), inner)
            case g.Tagged():
                return _within(tag_of(number, ber.SEQUENCE), self._tagged(kind))
            case g.ExtensionField():
                return _within(tag_of(number, ber.SEQUENCE), self._extension)
            case g.Wrapped():
                return self._wrapped(kind, number)
            case g.Leg():
                return _explicit(number, _leg)
            case g.Choice():
                return _explicit(number, self._choice(kind))
            case g.OneOf():
                return _explicit(number, self._one_of(kind))
            case g.Keyed():
                return _explicit(number, self._keyed(kind))
        assert_never(kind)

    def _list(self, kind: g.ListOf, number: int | None) -> Writer:
        tag = tag_of(number, ber.SET if kind.unordered else ber.SEQUENCE)
        item = self.of(kind.of)
        low, high = kind.low, kind.high

        def write(values: tuple[object, ...]) -> bytes:
            if not low <= len(values) <= high:
                out_of_range(f"a list of {len(values)}")
            return ber.tlv(tag, b"".join([item(value) for value in values]))

        return write

    def _components(self, struct: type, fields: tuple[g.Field, ...]) -> Writer:
        """The components of a sequence, without its own tag."""
        defaults = defaults_of(struct)
        rows = tuple(
            (
                _NEVER if is_mandatory(field, defaults) else defaults[field.name],
                self.of(field.kind, field.tag)
                if field.since <= self.version
                else _refusing(field.name),
            )
            for field in fields
        )
        names = [field.name for field in fields]
        if MORE in defaults:
            names.append(MORE)
            rows = (*rows, ((), b"".join))
        if len(names) < 2:
            only = attrgetter(*names) if names else None
            return _one_component(only, *rows[0]) if only else lambda _: b""
        values_of = attrgetter(*names)

        def write(value: object) -> bytes:
            parts = []
            for row, part in zip(rows, values_of(value), strict=True):
                default, writer = row
                if part is not default and part != default:
                    parts.append(writer(part))
            return b"".join(parts)

        return write

    def _tagged(self, kind: g.Tagged) -> Writer:
        kind_writer = self.of(g.Enumerated(kind.kinds), 0)
        by_kind = {key: _explicit(1, self.of(value, int(key))) for key, value in kind.values}
        kind_of, value_of = attrgetter("kind"), attrgetter("value")

        def write(value: object) -> bytes:
            key = kind_of(value)
            return kind_writer(key) + by_kind[key](value_of(value))

        return write

    def _extension(self, value: Extension) -> bytes:
        if isinstance(value.kind, str):
            if self.version is Version.CS1:
                unexpected(f"extension {value.kind} in CS-1")
            kind = ber.write_oid(ber.OBJECT_IDENTIFIER, arcs_of(value.kind))
        else:
            kind = ber.write_integer(ber.INTEGER, value.kind)
        ber.element(value.value, 0, len(value.value))
        criticality = (
            ber.write_integer(ber.ENUMERATED, value.criticality)
            if value.criticality is not Criticality.IGNORE
            else b""
        )
        return kind + criticality + ber.tlv(EXTENSION_VALUE, value.value)

    def _wrapped(self, kind: g.Wrapped, number: int | None) -> Writer:
        inner = self.of(kind.kind, number)
        names: tuple[str, ...] = kind.struct.__struct_fields__  # type: ignore[attr-defined]
        if not names:
            return inner
        value_of = attrgetter(names[0])
        return lambda value: inner(value_of(value))

    def _choice(self, kind: g.Choice) -> Writer:
        writers: dict[type, Writer] = {}
        for alternative in kind.alternatives:
            writer = self.of(alternative.kind, alternative.tag)
            for each in alternative.types:
                known = alternative.since <= self.version
                writers[each] = writer if known else _refusing(each.__name__)

        def write(value: object) -> bytes:
            writer = writers.get(type(value))
            if writer is None:
                writer = next(
                    (writers[each] for each in type(value).__mro__ if each in writers), None
                )
            if writer is None:
                bad_value(f"{value!r}: no alternative")
            return writer(value)

        return write

    def _one_of(self, kind: g.OneOf) -> Writer:
        rows = [(attrgetter(one.name), self.of(one.kind, one.tag)) for one in kind.fields]

        def write(value: object) -> bytes:
            parts = [writer(part) for of, writer in rows if (part := of(value)) is not None]
            if len(parts) != 1:
                bad_value(f"{value}: exactly one is given")
            return parts[0]

        return write

    def _keyed(self, kind: g.Keyed) -> Writer:
        names = [
            name
            for name in kind.struct.__struct_fields__  # type: ignore[attr-defined]
            if name != kind.key
        ]
        rows = {
            one.key: (
                _within(context_tag(one.tag, True), self._components(kind.struct, one.fields)),
                [attrgetter(name) for name in names if name not in {f.name for f in one.fields}],
            )
            for one in kind.alternatives
            if one.since <= self.version
        }
        key_of = attrgetter(kind.key)

        def write(value: object) -> bytes:
            row = rows.get(key_of(value))
            if row is None or any(of(value) is not None for of in row[1]):
                bad_value(value)
            return row[0](value)

        return write


def arcs_of(identifier: str) -> tuple[int, ...]:
    """The arcs of an object identifier that is written with full stops."""
    arcs = identifier.split(ARC_SEPARATOR)
    if not all(arc.isascii() and arc.isdigit() for arc in arcs):
        bad_value(f"{identifier!r}: no object identifier")
    return tuple(map(int, arcs))


def _one_component(only: Callable[[object], object], default: object, writer: Writer) -> Writer:
    def write(value: object) -> bytes:
        part = only(value)
        return b"" if part is default or part == default else writer(part)

    return write


def _refusing(name: str) -> Writer:
    def write(_: object) -> bytes:
        unexpected(f"{name} in CS-1")

    return write


def _integers(tag: int, allowed: range | frozenset[int]) -> Writer:
    write_integer = ber.write_integer

    def write(value: int) -> bytes:
        if value not in allowed:
            out_of_range(value)
        return write_integer(tag, value)

    return write


def _octets(tag: int, kind: g.Octets) -> Writer:
    low, high, pack, tlv = kind.low, kind.high, kind.pack, ber.tlv

    def write(value: object) -> bytes:
        contents = pack(value)
        if not low <= len(contents) <= high:
            out_of_range(f"a parameter of {len(contents)} octets")
        return tlv(tag, contents)

    return write


def _text(tag: int, kind: g.Text) -> Writer:
    low, high = kind.low, kind.high

    def write(value: str) -> bytes:
        if not low <= len(value) <= high or not value.isascii():
            out_of_range(f"text {value!r}")
        return ber.tlv(tag, value.encode("ascii"))

    return write


def _leg(value: LegID) -> bytes:
    if not 0 <= value.leg <= 0xFF:
        out_of_range(value)
    return bytes((context_tag(value.side, False), 1, value.leg))


def _within(tag: int, inner: Writer) -> Writer:
    tlv = ber.tlv
    return lambda value: tlv(tag, inner(value))


def _explicit(number: int | None, inner: Writer) -> Writer:
    return inner if number is None else _within(context_tag(number, True), inner)
