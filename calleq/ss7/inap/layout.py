"""How a grammar is written down here: kinds of values as data, for `engine` to compile.

Owns the vocabulary alone. A kind says what an element holds, a field where it stands in a sequence.
Tags of fields are context-specific and implicit, but for a choice, whose tag is explicit (X.680
§31.2.7). A field or an alternative of CS-2 is marked so; in CS-1 it is unknown.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from calleq.ss7.inap.errors import Version


@dataclass(frozen=True, slots=True)
class Integer:
    """An INTEGER within bounds, both included."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Enumerated:
    """An ENUMERATED; other values than the enumeration has are out of range."""

    values: type[IntEnum]


@dataclass(frozen=True, slots=True)
class Choices:
    """An ENUMERATED that stays a number, within bounds."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Boolean:
    """A BOOLEAN."""


@dataclass(frozen=True, slots=True)
class Null:
    """A NULL; its value is None."""


@dataclass(frozen=True, slots=True)
class Leg:
    """LegID: a CHOICE of one octet under the tag of the side that speaks."""


@dataclass(frozen=True, slots=True)
class Octets:
    """An OCTET STRING of so many octets, with what they mean as a pair of functions."""

    low: int
    high: int
    pack: Callable[..., bytes]
    """Raises IsupError."""
    unpack: Callable[[bytes], object]
    """Raises IsupError."""


@dataclass(frozen=True, slots=True)
class Text:
    """An IA5String of so many characters."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class ListOf:
    """A SEQUENCE OF (or SET OF) so many; its value is a tuple."""

    of: "Kind"
    low: int
    high: int
    unordered: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """A component of a sequence: optional or with a default where the struct has a default."""

    tag: int | None
    """None: an untagged choice, whose alternatives stand in the sequence by their own tags."""
    name: str
    kind: "Kind"
    since: Version = Version.CS1
    mandatory: bool = False
    """Though the struct has a default, which other alternatives need."""


@dataclass(frozen=True, slots=True)
class Sequence:
    """A SEQUENCE; extensible ones keep unknown elements in the struct's `more`, if it has one."""

    struct: type
    fields: tuple[Field, ...]
    extensible: bool = True


@dataclass(frozen=True, slots=True)
class Alternative:
    """One of a choice: its tag, the Python types of its values, its kind.

    Tag None: the alternative stands under its universal tag.
    """

    tag: int | None
    types: tuple[type, ...]
    kind: "Kind"
    since: Version = Version.CS1


@dataclass(frozen=True, slots=True)
class Choice:
    """A CHOICE, told by the type of the value."""

    alternatives: tuple[Alternative, ...]


@dataclass(frozen=True, slots=True)
class OneOf:
    """A CHOICE that is a struct, of whose fields exactly one is not None."""

    struct: type
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class KeyedAlternative:
    """A sequence under a tag, for one value of the key."""

    tag: int
    key: IntEnum
    fields: tuple[Field, ...]
    since: Version = Version.CS1


@dataclass(frozen=True, slots=True)
class Keyed:
    """A CHOICE of sequences that is one struct: a field of it says which alternative it is."""

    struct: type
    key: str
    alternatives: tuple[KeyedAlternative, ...]


@dataclass(frozen=True, slots=True)
class Tagged:
    """A struct of a kind and a value: SEQUENCE {[0] kind, [1] CHOICE}, the tag being the kind."""

    struct: type
    kinds: type[IntEnum]
    values: tuple[tuple[IntEnum, "Kind"], ...]


@dataclass(frozen=True, slots=True)
class ExtensionField:
    """SEQUENCE {type, criticality DEFAULT ignore, [1] EXPLICIT any}; CS-2: type may be an OID."""


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A struct with one attribute (or none, for NULL), which is all of the element."""

    struct: type
    kind: "Kind"


Kind = (
    Integer
    | Enumerated
    | Choices
    | Boolean
    | Null
    | Leg
    | Octets
    | Text
    | ListOf
    | Sequence
    | Choice
    | OneOf
    | Keyed
    | Tagged
    | ExtensionField
    | Wrapped
)
