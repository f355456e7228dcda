"""What writing and reading share: faults, tags, and what a struct says of its fields."""

from typing import NoReturn

import msgspec

from calleq.ss7 import ber
from calleq.ss7.inap import layout as g
from calleq.ss7.inap.errors import ErrorCode

IA5_STRING = 0x16
EXTENSION_VALUE = 0xA1
"""[1] EXPLICIT: the value of an extension."""
MORE = "more"
"""The attribute that keeps unknown elements."""
ARC_SEPARATOR = "."


class ParameterError(ValueError):
    """A parameter is wrong: in its type (`code` None), or as the error code says."""

    def __init__(self, reason: str, code: ErrorCode | None = None) -> None:
        super().__init__(reason)
        self.code = code


def out_of_range(what: object) -> NoReturn:
    """Refuse a value beyond its bounds."""
    raise ParameterError(f"{what} is out of range", ErrorCode.PARAMETER_OUT_OF_RANGE)


def unexpected(what: object) -> NoReturn:
    """Refuse a parameter that has no place there."""
    raise ParameterError(f"{what} is not expected", ErrorCode.UNEXPECTED_PARAMETER)


def bad_value(what: object) -> NoReturn:
    """Refuse a value that does not fit with the others."""
    raise ParameterError(f"{what} does not fit", ErrorCode.UNEXPECTED_DATA_VALUE)


def context_tag(number: int, constructed: bool) -> int:
    """The tag [number] of the context-specific class.

    >>> [hex(context_tag(*tag)) for tag in ((2, False), (2, True), (60, True))]
    ['0x82', '0xa2', '0xbf3c']
    """
    leading = 0x80 | (ber.CONSTRUCTED if constructed else 0)
    return leading | number if number < 31 else (leading | 0x1F) << 8 | number


def tag_of(number: int | None, universal: int) -> int:
    """The tag [number] IMPLICIT on a universal type; without a number the universal tag."""
    return universal if number is None else context_tag(number, ber.is_constructed(universal))


def other_form(tag: int) -> int:
    """The same tag with its constructed bit the other way."""
    return tag ^ ber.CONSTRUCTED << (max(tag.bit_length(), 1) - 1) // 8 * 8


def defaults_of(struct: type) -> dict[str, object]:
    """The default of every field of a struct that has one."""
    fields = msgspec.structs.fields(struct)
    return {field.name: field.default for field in fields if field.default is not msgspec.NODEFAULT}


def takes_none(kind: g.Kind) -> bool:
    """Whether None is a value of the kind (NULL of a choice), so that it cannot mean absence."""
    return isinstance(kind, g.Choice) and any(
        type(None) in alternative.types for alternative in kind.alternatives
    )


def is_mandatory(field: g.Field, defaults: dict[str, object]) -> bool:
    """Whether a sequence has always that component."""
    return field.mandatory or field.name not in defaults or takes_none(field.kind)


def allowed_integers(kind: g.Integer | g.Choices | g.Enumerated) -> range | frozenset[int]:
    """The integers that the kind has."""
    if isinstance(kind, g.Enumerated):
        return frozenset(int(value) for value in kind.values)
    return range(kind.low, kind.high + 1)
