"""Octets of optional parameters: the bit fields as data, the others by a pair of functions each.

Owns the shapes that parameters share. Reading ignores octets beyond those that it knows, as later
editions may add some (Q.763 §1.9); writing adds none. Both raise IsupError and nothing else.
"""

from collections.abc import Callable

from calleq.ss7.isup import optional_types as t
from calleq.ss7.isup.numbers import pack_digits, unpack_signals
from calleq.ss7.isup.values import IsupError

Pack = Callable[..., bytes]
Unpack = Callable[[bytes], t.Contents]
Codec = tuple[Pack, Unpack]

SPARE = ""
"""A field of that name is written 0 and not read."""
ONE = "1"
"""A field of that name is written 1 and not read: the extension bit of a last octet."""

SIGNAL_ADDRESS = "0123456789bc"


def bits(kind: Callable[..., t.Contents] | None, *fields: tuple[str, int]) -> Codec:
    """The codec of consecutive bit fields, the highest first; without a kind there is but one."""
    total = sum(width for _, width in fields)
    assert total % 8 == 0, fields
    octets = total // 8
    places: list[tuple[str, int, int]] = []
    constant = 0
    shift = total
    for name, width in fields:
        shift -= width
        if name == ONE:
            constant |= 1 << shift
        elif name != SPARE:
            places.append((name, shift, (1 << width) - 1))

    def pack(value: object) -> bytes:
        packed = constant
        for name, at, mask in places:
            part = value if kind is None else getattr(value, name)
            if not isinstance(part, int) or part & ~mask:
                raise IsupError(f"{name} {part}: 0 to {mask}")
            packed |= part << at
        return packed.to_bytes(octets, "big")

    def unpack(contents: bytes) -> t.Contents:
        if len(contents) < octets:
            raise IsupError(f"{len(contents)} octets: at least {octets}")
        packed = int.from_bytes(contents[:octets], "big")
        values = {name: packed >> at & mask for name, at, mask in places}
        return next(iter(values.values())) if kind is None else kind(**values)

    return pack, unpack


def pack_number(number: t.Number) -> bytes:
    """A number with its two indicator octets (Q.763 §3.9, §3.10, §3.16, …)."""
    if (
        number.nature >> 7
        or (number.plan >> 3)
        or (number.flag >> 1)
        or (number.presentation | number.screening) >> 2
    ):
        raise IsupError(f"number {number}: an indicator is out of range (Q.763 §3.10)")
    odd, signals = pack_digits("party", number.digits)
    indicators = number.flag << 7 | number.plan << 4 | number.presentation << 2 | number.screening
    return bytes((odd << 7 | number.nature, indicators)) + signals


def unpack_number(contents: bytes) -> t.Number:
    """The number of the contents; its digits may be none."""
    if len(contents) < 2:
        raise IsupError(f"number of {len(contents)} octets: at least 2 (Q.763 §3.10)")
    nature, indicators = contents[0], contents[1]
    digits = unpack_signals("party", contents[2:], nature)
    _check_address(digits)
    return t.Number(
        digits,
        nature & 0x7F,
        indicators >> 4 & 7,
        indicators >> 7,
        indicators >> 2 & 3,
        indicators & 3,
    )


def pack_generic_number(value: t.GenericNumber) -> bytes:
    """§3.26: a qualifier, then a number."""
    return _octet(value.qualifier) + pack_number(value.number)


def unpack_generic_number(contents: bytes) -> t.GenericNumber:
    """The generic number of the contents."""
    return t.GenericNumber(_first(contents), unpack_number(contents[1:]))


def pack_network_digits(value: t.NetworkDigits) -> bytes:
    """§3.53: type and plan in one octet, then digits."""
    if value.kind >> 3 or value.plan >> 4:
        raise IsupError(f"network type {value.kind} or plan {value.plan} out of range (§3.53)")
    odd, signals = pack_digits("network", value.digits)
    return bytes((odd << 7 | value.kind << 4 | value.plan,)) + signals


def unpack_network_digits(contents: bytes) -> t.NetworkDigits:
    """The network's digits."""
    head = _first(contents)
    digits = unpack_signals("network", contents[1:], head)
    _check_address(digits)
    return t.NetworkDigits(digits, head >> 4 & 7, head & 15)


def pack_routing_number(value: t.RoutingNumber) -> bytes:
    """§3.90: plan and nature in one octet, then digits."""
    if value.plan >> 3 or value.nature >> 4:
        raise IsupError(f"plan {value.plan} or nature {value.nature} out of range (§3.90)")
    odd, signals = pack_digits("routing", value.digits)
    return bytes((odd << 7 | value.plan << 4 | value.nature,)) + signals


def unpack_routing_number(contents: bytes) -> t.RoutingNumber:
    """The routing number."""
    head = _first(contents)
    digits = unpack_signals("routing", contents[1:], head)
    _check_address(digits)
    return t.RoutingNumber(digits, head >> 4 & 7, head & 15)


def pack_call_reference(value: t.CallReference) -> bytes:
    """§3.8: identity of three octets, then a point code, its low octet first."""
    size = value.point_code_octets
    if value.identity >> 24 or size not in (2, 3) or value.point_code >> (14 if size == 2 else 24):
        raise IsupError(f"call reference {value} out of range (Q.763 §3.8)")
    return value.identity.to_bytes(3, "big") + value.point_code.to_bytes(size, "little")


def unpack_call_reference(contents: bytes) -> t.CallReference:
    """The call reference; six octets are of an ANSI network."""
    if len(contents) not in (5, 6):
        raise IsupError(f"call reference of {len(contents)} octets: 5 or, in ANSI, 6 (§3.8)")
    size = len(contents) - 3
    point_code = int.from_bytes(contents[3:], "little") & (0x3FFF if size == 2 else 0xFFFFFF)
    return t.CallReference(int.from_bytes(contents[:3], "big"), point_code, size)


def pack_connection_request(value: t.ConnectionRequest) -> bytes:
    """§3.17."""
    if value.local_reference >> 24 or value.point_code >> 14:
        raise IsupError(f"connection request {value} out of range (Q.763 §3.17)")
    head = value.local_reference.to_bytes(3, "big") + value.point_code.to_bytes(2, "little")
    return head + _octet(value.protocol_class) + _octet(value.credit)


def unpack_connection_request(contents: bytes) -> t.ConnectionRequest:
    """The connection request."""
    if len(contents) < 7:
        raise IsupError(f"connection request of {len(contents)} octets: 7 (Q.763 §3.17)")
    point_code = int.from_bytes(contents[3:5], "little") & 0x3FFF
    reference = int.from_bytes(contents[:3], "big")
    return t.ConnectionRequest(reference, point_code, contents[5], contents[6])


def pack_point_code(value: int) -> bytes:
    """§3.50: 14 bits, the low octet first."""
    if value >> 14:
        raise IsupError(f"point code {value}: 0 to 16383 (Q.763 §3.50)")
    return value.to_bytes(2, "little")


def unpack_point_code(contents: bytes) -> int:
    """The point code."""
    if len(contents) < 2:
        raise IsupError(f"point code of {len(contents)} octets: 2 (Q.763 §3.50)")
    return int.from_bytes(contents[:2], "little") & 0x3FFF


def pack_closed_user_group(value: t.ClosedUserGroup) -> bytes:
    """§3.15: four digits, the first in the high half, then a binary code."""
    if value.code >> 16:
        raise IsupError(f"interlock code {value.code}: 0 to 65535 (Q.763 §3.15)")
    return four_digits(value.network) + value.code.to_bytes(2, "big")


def unpack_closed_user_group(contents: bytes) -> t.ClosedUserGroup:
    """The interlock code."""
    if len(contents) < 4:
        raise IsupError(f"interlock code of {len(contents)} octets: 4 (Q.763 §3.15)")
    return t.ClosedUserGroup(contents[:2].hex(), int.from_bytes(contents[2:4], "big"))


def pack_mlpp(value: t.Mlpp) -> bytes:
    """§3.34."""
    if value.level >> 4 or value.look_ahead >> 2 or value.domain >> 24:
        raise IsupError(f"precedence {value} out of range (Q.763 §3.34)")
    head = bytes((value.look_ahead << 5 | value.level,))
    return head + four_digits(value.network) + value.domain.to_bytes(3, "big")


def unpack_mlpp(contents: bytes) -> t.Mlpp:
    """The precedence."""
    if len(contents) < 6:
        raise IsupError(f"precedence of {len(contents)} octets: 6 (Q.763 §3.34)")
    domain = int.from_bytes(contents[3:6], "big")
    return t.Mlpp(contents[0] & 15, contents[1:3].hex(), domain, contents[0] >> 5 & 3)


def pack_generic_digits(value: t.GenericDigits) -> bytes:
    """§3.24."""
    if value.encoding >> 3 or value.kind >> 5:
        raise IsupError(f"generic digits {value}: encoding 0 to 7, kind 0 to 31 (Q.763 §3.24)")
    return bytes((value.encoding << 5 | value.kind,)) + value.digits


def unpack_generic_digits(contents: bytes) -> t.GenericDigits:
    """The digits, as they are encoded."""
    head = _first(contents)
    return t.GenericDigits(head & 31, head >> 5, contents[1:])


def pack_circuit_map(value: t.CircuitMap) -> bytes:
    """§3.69: map type, then a bit for each of 31 circuits."""
    if value.kind >> 6 or value.circuits >> 31:
        raise IsupError(f"circuit assignment map {value} out of range (Q.763 §3.69)")
    return bytes((value.kind,)) + value.circuits.to_bytes(4, "little")


def unpack_circuit_map(contents: bytes) -> t.CircuitMap:
    """The map."""
    if len(contents) < 5:
        raise IsupError(f"circuit assignment map of {len(contents)} octets: 5 (Q.763 §3.69)")
    circuits = int.from_bytes(contents[1:5], "little") & 0x7FFFFFFF
    return t.CircuitMap(contents[0] & 63, circuits)


def four_digits(network: str) -> bytes:
    """A network identity of four digits, the first in the high half of the first octet."""
    try:
        packed = bytes.fromhex(network)
    except ValueError:
        packed = b""
    if len(network) != 4 or len(packed) != 2:
        raise IsupError(f"network identity {network!r}: four digits (Q.763 §3.15)")
    return packed


def _octet(value: int) -> bytes:
    if value >> 8:
        raise IsupError(f"{value}: 0 to 255")
    return bytes((value,))


def _first(contents: bytes) -> int:
    if not contents:
        raise IsupError("no octets")
    return contents[0]


def _check_address(digits: str) -> None:
    if digits.strip(SIGNAL_ADDRESS):
        raise IsupError(f"{digits!r} has what is no address signal (Q.763 §3.9 e)")
