"""The basic encoding rules of ASN.1, by hand and fast (X.690 §8), for TCAP and INAP.

Owns identifiers, lengths and the few universal types that SS7 has. It knows no schema: a codec
above says which tag it expects where.

Writing: every function returns the octets of a whole element, with the shortest definite length.

Reading: a message is one `bytes`; an element of it is a tuple (tag, start, stop) of its tag and of
where its contents lie. Nothing is copied until a value is asked for. The contents of an element of
indefinite length end before its end-of-contents octets, so `tlv(tag, octets[start:stop])` is the
same element in definite form, whatever form it came in.

A tag is the number that its identifier octets make, the class and the constructed bit among them:
0x30 SEQUENCE, 0x62 [APPLICATION 2] constructed, 0xBF814F [207] constructed.

Refused with BerError, and with nothing else:

- elements that are cut short or reach beyond what holds them;
- lengths of more than LENGTH_OCTETS_LIMIT octets, the reserved length 0xFF, indefinite length of a
  primitive element, end-of-contents octets that end nothing or carry a length;
- tags of more than TAG_OCTETS_LIMIT octets, tag numbers under 31 in the long form, and those that
  begin with an empty septet;
- more than NESTING_LIMIT elements in one another;
- values that their type does not have (an INTEGER of no octet, of more than INTEGER_OCTETS_LIMIT,
  or with a needless first octet; an OBJECT IDENTIFIER that ends within an arc).

Long forms of a length that the short form would hold are valid BER and are read.

>>> write_integer(INTEGER, 300).hex()
'0202012c'
>>> elements(bytes.fromhex("0202012c 3080 0500 0000"), 0, 10)
[(2, 2, 4), (48, 6, 8)]
"""

from typing import NamedTuple

BOOLEAN = 0x01
INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
NULL = 0x05
OBJECT_IDENTIFIER = 0x06
OBJECT_DESCRIPTOR = 0x07
EXTERNAL = 0x28
ENUMERATED = 0x0A
SEQUENCE = 0x30
SET = 0x31

SINGLE_ASN1_TYPE = 0xA0
OCTET_ALIGNED = 0x81
ARBITRARY = 0x82
"""The three forms of what an EXTERNAL holds."""

CONSTRUCTED = 0x20
"""The bit of the first identifier octet that says that elements are inside."""

LENGTH_OCTETS_LIMIT = 4
"""Octets of a long length, after the one that counts them."""
TAG_OCTETS_LIMIT = 4
"""Identifier octets in all: tag numbers up to 2 097 151."""
NESTING_LIMIT = 32
"""Elements within one another; INAP nests twelve at the most."""
INTEGER_OCTETS_LIMIT = 8
ARCS_LIMIT = 32
"""Arcs of an object identifier."""
ARC_LIMIT = 1 << 63
"""Every arc is smaller."""

_INDEFINITE = 0x80
_LONG_TAG = 0x1F
_MORE = 0x80
_FIRST_ARCS = 40

Element = tuple[int, int, int]
"""The tag, where the contents start and where they stop."""


class BerError(ValueError):
    """The octets are no valid encoding, or a value has none."""


class External(NamedTuple):
    """An EXTERNAL as X.690 §8.18 has it; positions in the message that holds it."""

    direct_reference: tuple[int, ...] | None
    form: int
    """SINGLE_ASN1_TYPE, OCTET_ALIGNED or ARBITRARY."""
    start: int
    stop: int


# Writing.


def tlv(tag: int, contents: bytes) -> bytes:
    """An element of that tag and those contents."""
    length = len(contents)
    if length < 0x80 and tag < 0x100:
        return bytes((tag, length)) + contents
    return _tag_octets(tag) + _length_octets(length) + contents


def constructed(tag: int, *parts: bytes) -> bytes:
    """An element that holds whole elements; the caller's tag says that it is constructed."""
    return tlv(tag, b"".join(parts))


def write_integer(tag: int, value: int) -> bytes:
    """An INTEGER or ENUMERATED (X.690 §8.3, §8.4); BerError beyond 64 bits."""
    if -0x80 <= value < 0x80 and tag < 0x100:
        return bytes((tag, 1, value & 0xFF))
    octets = (value if value >= 0 else ~value).bit_length() // 8 + 1
    if octets > INTEGER_OCTETS_LIMIT:
        raise BerError(f"an integer of {octets} octets")
    return tlv(tag, value.to_bytes(octets, "big", signed=True))


def write_boolean(tag: int, value: bool) -> bytes:
    """A BOOLEAN; true is 0xFF."""
    return tlv(tag, b"\xff" if value else b"\x00")


def write_null(tag: int) -> bytes:
    """An element without contents."""
    return tlv(tag, b"")


def write_octet_string(tag: int, octets: bytes) -> bytes:
    """An OCTET STRING, primitive."""
    return tlv(tag, octets)


def write_oid(tag: int, arcs: tuple[int, ...]) -> bytes:
    """An OBJECT IDENTIFIER of at least two arcs (X.690 §8.19)."""
    if not 2 <= len(arcs) <= ARCS_LIMIT or not 0 <= arcs[0] <= 2:
        raise BerError(f"no object identifier: {arcs}")
    first, second = arcs[:2]
    if (first < 2 and second >= _FIRST_ARCS) or not all(0 <= arc < ARC_LIMIT for arc in arcs):
        raise BerError(f"no object identifier: {arcs}")
    contents = bytearray()
    for arc in (first * _FIRST_ARCS + second, *arcs[2:]):
        for shift in range((max(arc.bit_length(), 1) - 1) // 7 * 7, 0, -7):
            contents.append(arc >> shift & 0x7F | _MORE)
        contents.append(arc & 0x7F)
    return tlv(tag, bytes(contents))


def write_external(
    arcs: tuple[int, ...] | None, contents: bytes, form: int = SINGLE_ASN1_TYPE
) -> bytes:
    """An EXTERNAL with a direct reference; `contents` is a whole element where the form is single.

    The forms are SINGLE_ASN1_TYPE, OCTET_ALIGNED and ARBITRARY.
    """
    if form not in (SINGLE_ASN1_TYPE, OCTET_ALIGNED, ARBITRARY):
        raise BerError(f"no form of an EXTERNAL: {form:#x}")
    reference = b"" if arcs is None else write_oid(OBJECT_IDENTIFIER, arcs)
    return tlv(EXTERNAL, reference + tlv(form, contents))


def _length_octets(length: int) -> bytes:
    if length < _INDEFINITE:
        return bytes((length,))
    octets = (length.bit_length() + 7) // 8
    if octets > LENGTH_OCTETS_LIMIT:
        raise BerError(f"contents of {length} octets")
    return bytes((_INDEFINITE | octets,)) + length.to_bytes(octets, "big")


def _tag_octets(tag: int) -> bytes:
    octets = tag.to_bytes((max(tag.bit_length(), 1) + 7) // 8, "big")
    if _tag_at(octets + b"\0", 0, len(octets) + 1) != (tag, len(octets)):
        raise BerError(f"no tag: {tag:#x}")
    return octets


# Reading.


def elements(octets: bytes, start: int, stop: int) -> list[Element]:
    """The elements that lie one after another from `start` to `stop`, both within the octets."""
    found: list[Element] = []
    append = found.append
    while start < stop:
        at = start
        tag = octets[at]
        length_at = at + 1
        if tag & _LONG_TAG == _LONG_TAG or not tag:
            tag, length_at = _tag_at(octets, at, stop)
        if length_at >= stop:
            raise BerError(f"an element at {at} is cut short")
        length = octets[length_at]
        contents = length_at + 1
        if length < _INDEFINITE:
            start = end = contents + length
            if end > stop:
                raise BerError(f"an element at {at} reaches beyond what holds it")
        else:
            contents, end, start = _long_length(octets, at, length_at, stop)
        append((tag, contents, end))
    return found


def first(octets: bytes, start: int, stop: int) -> tuple[Element, int]:
    """The element at `start`, and where it ends; what follows is not looked at."""
    if start >= stop:
        raise BerError(f"no element at {start}")
    tag, length_at = _tag_at(octets, start, stop)
    if length_at >= stop:
        raise BerError(f"an element at {start} is cut short")
    length = octets[length_at]
    if length >= _INDEFINITE:
        contents, end, after = _long_length(octets, start, length_at, stop)
        return (tag, contents, end), after
    end = length_at + 1 + length
    if end > stop:
        raise BerError(f"an element at {start} reaches beyond what holds it")
    return (tag, length_at + 1, end), end


def contents_at(octets: bytes, at: int) -> int:
    """Where the contents of the element at `at` start, were it cut short itself."""
    _, length_at = _tag_at(octets, at, len(octets)) if at < len(octets) else (0, at)
    if length_at >= len(octets):
        raise BerError(f"an element at {at} is cut short")
    length = octets[length_at]
    return length_at + 1 + (length & 0x7F if length >= _INDEFINITE else 0)


def element(octets: bytes, start: int, stop: int) -> Element:
    """The one element that fills `start` to `stop`; BerError when there are none or more."""
    found = elements(octets, start, stop)
    if len(found) != 1:
        raise BerError(f"{len(found)} elements at {start} where there is one")
    return found[0]


def check(octets: bytes, start: int, stop: int, depth: int = 1) -> None:
    """Refuse what is not valid BER to the last leaf; what is not descended into stays unread."""
    for tag, inner, end in elements(octets, start, stop):
        if depth > NESTING_LIMIT:
            raise BerError(f"more than {NESTING_LIMIT} elements in one another")
        if is_constructed(tag):
            check(octets, inner, end, depth + 1)


def is_constructed(tag: int) -> bool:
    """Whether elements are inside an element of that tag."""
    return bool(tag >> (max(tag.bit_length(), 1) - 1) // 8 * 8 & CONSTRUCTED)


def read_integer(octets: bytes, start: int, stop: int) -> int:
    """The value of an INTEGER or ENUMERATED."""
    length = stop - start
    if length == 1:
        value = octets[start]
        return value if value < 0x80 else value - 0x100
    if not 0 < length <= INTEGER_OCTETS_LIMIT:
        raise BerError(f"an integer of {length} octets")
    if octets[start] in (0x00, 0xFF) and octets[start] & 0x80 == octets[start + 1] & 0x80:
        raise BerError("an integer with a needless first octet")
    return int.from_bytes(octets[start:stop], "big", signed=True)


def read_boolean(octets: bytes, start: int, stop: int) -> bool:
    """The value of a BOOLEAN: all but 0 is true."""
    if stop - start != 1:
        raise BerError(f"a boolean of {stop - start} octets")
    return octets[start] != 0


def read_null(octets: bytes, start: int, stop: int) -> None:
    """Refuse a NULL that has contents."""
    if start != stop:
        raise BerError(f"a null of {stop - start} octets")


def read_octet_string(octets: bytes, tag: int, start: int, stop: int) -> bytes:
    """The value of an OCTET STRING, whole or in segments (X.690 §8.7)."""
    return _segments(octets, start, stop, 1) if is_constructed(tag) else octets[start:stop]


def read_oid(octets: bytes, start: int, stop: int) -> tuple[int, ...]:
    """The arcs of an OBJECT IDENTIFIER."""
    if start == stop or octets[stop - 1] & _MORE:
        raise BerError("an object identifier that ends within an arc")
    arcs: list[int] = []
    value = 0
    for octet in octets[start:stop]:
        if octet == _MORE and not value:
            raise BerError("an arc that begins with an empty septet")
        value = value << 7 | octet & 0x7F
        if value >= ARC_LIMIT or len(arcs) >= ARCS_LIMIT:
            raise BerError("an object identifier that is too long")
        if octet & _MORE:
            continue
        if not arcs:
            arcs.append(min(value // _FIRST_ARCS, 2))
            value -= arcs[0] * _FIRST_ARCS
        arcs.append(value)
        value = 0
    return tuple(arcs)


def read_external(octets: bytes, start: int, stop: int) -> External:
    """The parts of an EXTERNAL; an indirect reference and a descriptor are read over."""
    reference = None
    form = 0
    for tag, inner, end in elements(octets, start, stop):
        if form:
            raise BerError("an EXTERNAL goes on after what it holds")
        if tag == OBJECT_IDENTIFIER and reference is None:
            reference = read_oid(octets, inner, end)
        elif tag in (SINGLE_ASN1_TYPE, OCTET_ALIGNED, ARBITRARY):
            form, start, stop = tag, inner, end
        elif tag not in (INTEGER, OBJECT_DESCRIPTOR):
            raise BerError(f"tag {tag:#x} in an EXTERNAL")
    if not form:
        raise BerError("an EXTERNAL that holds nothing")
    return External(reference, form, start, stop)


def _tag_at(octets: bytes, at: int, stop: int) -> tuple[int, int]:
    """The tag at `at`, and where its length stands."""
    tag = octets[at]
    if not tag:
        raise BerError(f"end of contents at {at}, where nothing of indefinite length ends")
    if tag & _LONG_TAG != _LONG_TAG:
        return tag, at + 1
    number = 0
    for position in range(at + 1, min(stop, at + TAG_OCTETS_LIMIT)):
        octet = octets[position]
        tag = tag << 8 | octet
        number = number << 7 | octet & 0x7F
        if not number:
            raise BerError(f"a tag at {at} that begins with an empty septet")
        if not octet & _MORE:
            if number < _LONG_TAG:
                raise BerError(f"tag number {number} at {at} in the long form")
            return tag, position + 1
    raise BerError(f"a tag at {at} that does not end")


def _long_length(octets: bytes, at: int, length_at: int, stop: int) -> tuple[int, int, int]:
    """Where contents of another than the short length start, stop, and where the next begins."""
    count = octets[length_at] & 0x7F
    start = length_at + 1
    if not count:
        if not octets[at] & CONSTRUCTED:
            raise BerError(f"a primitive element at {at} of indefinite length")
        end = _end_of_contents(octets, start, stop)
        return start, end, end + 2
    if count > LENGTH_OCTETS_LIMIT:
        raise BerError(f"a length of {count} octets at {at}")
    end = start + count + int.from_bytes(octets[start : start + count], "big")
    if start + count > stop or end > stop:
        raise BerError(f"an element at {at} reaches beyond what holds it")
    return start + count, end, end


def _end_of_contents(octets: bytes, start: int, stop: int) -> int:
    """Where the contents that start at `start` end: at the octets that close them.

    Elements of definite length are read over whole, so that only those of indefinite length nest.
    """
    depth = 1
    while start + 2 <= stop:
        if not octets[start]:
            if octets[start + 1]:
                raise BerError(f"end of contents at {start} with a length")
            depth -= 1
            if not depth:
                return start
            start += 2
            continue
        at = start
        _, length_at = _tag_at(octets, at, stop)
        if length_at >= stop:
            break
        length = octets[length_at]
        if length == _INDEFINITE and octets[at] & CONSTRUCTED:
            depth += 1
            if depth > NESTING_LIMIT:
                raise BerError(f"more than {NESTING_LIMIT} elements in one another")
            start = length_at + 1
        elif length < _INDEFINITE:
            start = length_at + 1 + length
        else:
            start = _long_length(octets, at, length_at, stop)[2]
    raise BerError("contents of indefinite length that do not end")


def _segments(octets: bytes, start: int, stop: int, depth: int) -> bytes:
    """The segments of an OCTET STRING, joined."""
    if depth > NESTING_LIMIT:
        raise BerError(f"more than {NESTING_LIMIT} elements in one another")
    parts = []
    for tag, inner, end in elements(octets, start, stop):
        if tag == OCTET_STRING:
            parts.append(octets[inner:end])
        elif tag == OCTET_STRING | CONSTRUCTED:
            parts.append(_segments(octets, inner, end, depth + 1))
        else:
            raise BerError(f"tag {tag:#x} in an octet string")
    return b"".join(parts)
