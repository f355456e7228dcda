"""How the reference grammar is put together: pyasn1 objects by small functions.

Owns the notation of `schema` and nothing of INAP. pyasn1 has no types of its own, so what it makes
is known here as `Asn1` alone.
"""

from collections.abc import Callable
from collections.abc import Sequence as Several
from dataclasses import dataclass, replace
from typing import Protocol

from pyasn1.codec.ber import decoder, encoder
from pyasn1.codec.cer.encoder import BooleanEncoder
from pyasn1.type import char, constraint, namedtype, namedval, tag, univ


class Asn1(Protocol):
    """A type of the grammar, or a value of one."""

    def subtype(self, **options: object) -> "Asn1":
        """The same with a tag or a constraint more."""

    def clone(self, *value: object) -> "Asn1":
        """The same with another value."""

    def __setitem__(self, name: str, part: object) -> None:
        """Set a component of a SEQUENCE."""


@dataclass(frozen=True, slots=True)
class Component:
    """One component of a SEQUENCE, or alternative of a CHOICE."""

    number: int | None
    """Context-specific tag."""
    name: str
    type: Asn1
    optional: bool = False
    default: object = None
    second: bool = False
    """Of CS-2 alone."""


def must(number: int | None, name: str, type_: Asn1) -> Component:
    """A component that is always there, or an alternative."""
    return Component(number, name, type_)


def may(number: int | None, name: str, type_: Asn1) -> Component:
    """An OPTIONAL component."""
    return Component(number, name, type_, optional=True)


def default(number: int | None, name: str, type_: Asn1, value: object) -> Component:
    """A component with a DEFAULT."""
    return Component(number, name, type_, default=value)


def second(component: Component) -> Component:
    """The component, in CS-2 alone."""
    return replace(component, second=True)


def tagged(number: int | None, type_: Asn1) -> Asn1:
    """The type under [number]: IMPLICIT, but EXPLICIT on a choice or on any (X.680 §31.2.7)."""
    if number is None:
        return type_
    if isinstance(type_, univ.Choice | univ.Any):
        explicit = tag.Tag(tag.tagClassContext, tag.tagFormatConstructed, number)
        made: Asn1 = type_.subtype(explicitTag=explicit)
        return made
    return type_.subtype(implicitTag=tag.Tag(tag.tagClassContext, tag.tagFormatSimple, number))


def sequence(cs2: bool, *components: Component) -> Asn1:
    """A SEQUENCE of CS-1, or if `cs2` of CS-2."""
    made: Asn1 = univ.Sequence(componentType=_named(cs2, components))
    return made


def choice(cs2: bool, *alternatives: Component) -> Asn1:
    """A CHOICE of CS-1, or if `cs2` of CS-2."""
    made: Asn1 = univ.Choice(componentType=_named(cs2, alternatives))
    return made


def _named(cs2: bool, components: Several[Component]) -> namedtype.NamedTypes:
    named = []
    for one in components:
        if one.second and not cs2:
            continue
        type_ = tagged(one.number, one.type)
        if one.default is not None:
            named.append(namedtype.DefaultedNamedType(one.name, _valued(type_, one.default)))
        elif one.optional:
            named.append(namedtype.OptionalNamedType(one.name, type_))
        else:
            named.append(namedtype.NamedType(one.name, type_))
    return namedtype.NamedTypes(*named)


def _valued(type_: Asn1, value: object) -> Asn1:
    """The type with a value; a dictionary is one of a SEQUENCE."""
    if not isinstance(value, dict):
        return type_.clone(value)
    made = type_.clone()
    for name, part in value.items():
        made[name] = part
    return made


def list_of(type_: Asn1, low: int, high: int) -> Asn1:
    """A SEQUENCE OF so many."""
    size = constraint.ValueSizeConstraint(low, high)
    made: Asn1 = univ.SequenceOf(componentType=type_, subtypeSpec=size)
    return made


def set_of(type_: Asn1, low: int, high: int) -> Asn1:
    """A SET OF so many."""
    size = constraint.ValueSizeConstraint(low, high)
    made: Asn1 = univ.SetOf(componentType=type_, subtypeSpec=size)
    return made


def integer(low: int, high: int) -> Asn1:
    """An INTEGER in bounds."""
    made: Asn1 = univ.Integer(subtypeSpec=constraint.ValueRangeConstraint(low, high))
    return made


def enumerated(*values: int) -> Asn1:
    """An ENUMERATED of these values."""
    names = namedval.NamedValues(*((f"v{value}", value) for value in values))
    one_of = constraint.SingleValueConstraint(*values)
    made: Asn1 = univ.Enumerated(namedValues=names, subtypeSpec=one_of)
    return made


def octets(low: int, high: int) -> Asn1:
    """An OCTET STRING of so many octets."""
    made: Asn1 = univ.OctetString(subtypeSpec=constraint.ValueSizeConstraint(low, high))
    return made


def ia5(low: int, high: int) -> Asn1:
    """An IA5String of so many characters."""
    made: Asn1 = char.IA5String(subtypeSpec=constraint.ValueSizeConstraint(low, high))
    return made


def boolean() -> Asn1:
    """A BOOLEAN."""
    made: Asn1 = univ.Boolean()
    return made


def null() -> Asn1:
    """A NULL."""
    made: Asn1 = univ.Null("")
    return made


def any_integer() -> Asn1:
    """An INTEGER."""
    made: Asn1 = univ.Integer()
    return made


def object_identifier() -> Asn1:
    """An OBJECT IDENTIFIER."""
    made: Asn1 = univ.ObjectIdentifier()
    return made


def anything() -> Asn1:
    """ANY."""
    made: Asn1 = univ.Any()
    return made


class _SequenceEncoder(encoder.SequenceEncoder):  # type: ignore[misc]
    """Of a SEQUENCE, what is there and is not its default.

    pyasn1's own takes an absent OPTIONAL of nothing but optional components for an empty one, and
    cannot compare a DEFAULT of which a component is absent.
    """

    def encodeValue(  # noqa: N802
        self, value: univ.Sequence, _spec: object, encode: Callable[..., bytes], **options: object
    ) -> tuple[bytes, bool, bool]:
        parts = []
        for index, named in enumerate(value.componentType.namedTypes):
            part = value.getComponentByPosition(index, default=None, instantiate=False)
            if part is None or (named.isOptional and not part.isValue):
                continue
            octets_ = encode(part, None, **options)
            if not named.isDefaulted or octets_ != encode(named.asn1Object, None, **options):
                parts.append(octets_)
        return b"".join(parts), True, True


_TRUE_FF = BooleanEncoder()
"""True as 0xFF, one of the 255 octets that BER allows for it (X.690 §8.2)."""
_SEQUENCE = _SequenceEncoder()
_ENCODE = encoder.Encoder(
    tagMap={**encoder.TAG_MAP, univ.Boolean.tagSet: _TRUE_FF},
    typeMap={
        **encoder.TYPE_MAP,
        univ.Boolean.typeId: _TRUE_FF,
        univ.Sequence.typeId: _SEQUENCE,
    },
)


def to_octets(value: Asn1, *, definite: bool = True) -> bytes:
    """BER of a value, of definite or indefinite length."""
    made: bytes = _ENCODE(value, defMode=definite)
    return made


def of_octets(octets_: bytes, type_: Asn1) -> tuple[Asn1, bytes]:
    """The value of the octets, and what is left over; pyasn1's own errors."""
    value, rest = decoder.decode(octets_, asn1Spec=type_)
    return value, rest
