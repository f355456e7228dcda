"""BER as the tester has it: elements of definite length, integers, and nothing else (X.690 §8)."""

from simulator.conformance.language import WireError

HIGH_TAG = 0x1F
"""A tag number that goes on in the next octets."""
CONSTRUCTED = 0x20
CONTEXT = 0x80
SEQUENCE, OCTETS, INTEGER, ENUMERATED, NULL = 0x30, 0x04, 0x02, 0x0A, 0x05


def element(tag: int, contents: bytes) -> bytes:
    """One element."""
    octets = tag.to_bytes(2 if tag > 0xFF else 1, "big")
    if len(contents) < 0x80:
        return octets + bytes((len(contents),)) + contents
    if len(contents) < 0x100:
        return octets + bytes((0x81, len(contents))) + contents
    return octets + b"\x82" + len(contents).to_bytes(2, "big") + contents


def field(number: int, contents: bytes, *, constructed: bool = False) -> bytes:
    """An element under a context-specific tag."""
    shape = CONTEXT | (CONSTRUCTED if constructed else 0)
    if number < HIGH_TAG:
        return element(shape | number, contents)
    return element((shape | HIGH_TAG) << 8 | number, contents)


def integer(value: int) -> bytes:
    """The contents of an INTEGER: as short as they can be."""
    return value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True)


def number_of(contents: bytes) -> int:
    """What the contents of an INTEGER mean."""
    return int.from_bytes(contents, "big", signed=True)


def elements(octets: bytes) -> list[tuple[int, bytes]]:
    """Tags and contents of elements one after another. Raises WireError."""
    found = []
    place = 0
    while place < len(octets):
        start, tag = place, octets[place]
        place += 1
        if tag & HIGH_TAG == HIGH_TAG and place < len(octets):
            tag = tag << 8 | octets[place]
            place += 1
        if place >= len(octets):
            raise WireError(f"{octets[start:].hex()}: ends within an element")
        length = octets[place]
        place += 1
        if length & 0x80:
            count = length & 0x7F
            length = int.from_bytes(octets[place : place + count], "big")
            place += count
        if place + length > len(octets):
            raise WireError(f"{octets[start:].hex()}: longer than what it is in")
        found.append((tag, octets[place : place + length]))
        place += length
    return found


def tag_number(tag: int) -> int:
    """The number of a tag, whatever its class and shape."""
    return tag & 0xFF if tag > 0xFF else tag & HIGH_TAG
