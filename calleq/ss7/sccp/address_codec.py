"""Party addresses as octets, ITU and ANSI (Q.713 §3.4, T1.112.3 §3.4).

Owns the address indicator and what it announces. ITU writes point code, subsystem number, global
title; ANSI subsystem number, point code, global title, with the two bits for them changed about and
other structures of the title. Refuses addresses that end within what their indicator announces,
octets after an address without a title, an odd count of no digits, and fields that do not fit; all
with SccpError.

Odd cases: a filler other than 0000 is taken for one; the spare bits of a point code and of a nature
of address are not looked at. An address without title may ask for routing on title: that is the
business of routing. Most addresses come again: the last `KEPT_ADDRESSES` are kept both ways.
"""

from functools import lru_cache

from calleq.ss7.sccp.values import (
    FullTitle,
    GlobalTitle,
    NatureTitle,
    PartyAddress,
    PlanTitle,
    SccpError,
    TranslationTitle,
    UnknownTitle,
)
from calleq.ss7.variant import ITU, Variant

KEPT_ADDRESSES = 4_096
ADDRESS_LIMIT_OCTETS = 254

_NATIONAL = 0x80
_ROUTE_ON_SUBSYSTEM = 0x40
_ODD = 0x80
_BCD_ODD = 1
_BCD_EVEN = 2
_SIGNALS = "0123456789abcdef"
_NIBBLE_SWAP = bytes((octet >> 4 | octet << 4) & 0xFF for octet in range(256))


@lru_cache(maxsize=KEPT_ADDRESSES)
def encode_address(address: PartyAddress, variant: Variant = ITU) -> bytes:
    """The octets of an address, its length not included; SccpError when a field does not fit.

    >>> from calleq.ss7.sccp.values import FullTitle
    >>> encode_address(PartyAddress(ssn=241, point_code=4593)).hex()
    '43f111f1'
    >>> title = FullTitle("18005550199")
    >>> encode_address(PartyAddress(ssn=241, title=title, route_on_title=True)).hex()
    '12f1001104810055059109'
    """
    code, ssn, title = address.point_code, address.ssn, address.title
    has_code, has_ssn = _presence_bits(variant)
    indicator = 0 if address.route_on_title else _ROUTE_ON_SUBSYSTEM
    if address.national:
        indicator |= _NATIONAL
    code_octets = ssn_octets = title_octets = b""
    if code is not None:
        if code >> variant.point_code_bits:
            raise SccpError(f"point code {code}: at most {variant.point_code_bits} bits (§3.4.2.1)")
        indicator |= has_code
        code_octets = code.to_bytes((variant.point_code_bits + 7) // 8, "little")
    if ssn is not None:
        if ssn >> 8:
            raise SccpError(f"subsystem number {ssn}: 0 to 255 (Q.713 §3.4.2.2)")
        indicator |= has_ssn
        ssn_octets = bytes((ssn,))
    if title is not None:
        kind, title_octets = _encode_title(title, variant)
        indicator |= kind << 2
    head = code_octets + ssn_octets if variant is ITU else ssn_octets + code_octets
    octets = bytes((indicator,)) + head + title_octets
    if len(octets) > ADDRESS_LIMIT_OCTETS:
        raise SccpError(f"address of {len(octets)} octets: at most {ADDRESS_LIMIT_OCTETS} fit")
    return octets


@lru_cache(maxsize=KEPT_ADDRESSES)
def decode_address(octets: bytes, variant: Variant = ITU) -> PartyAddress:
    """The address of the octets; SccpError when they are none."""
    if not octets:
        raise SccpError("address without an address indicator (Q.713 §3.4.1)")
    indicator = octets[0]
    has_code, has_ssn = _presence_bits(variant)
    code = ssn = None
    code_octets = (variant.point_code_bits + 7) // 8 if indicator & has_code else 0
    ssn_octets = 1 if indicator & has_ssn else 0
    rest = 1 + code_octets + ssn_octets
    if len(octets) < rest:
        raise SccpError(f"address of {len(octets)} octets: its indicator says {rest} at least")
    code_at, ssn_at = (1, 1 + code_octets) if variant is ITU else (1 + ssn_octets, 1)
    if code_octets:
        value = int.from_bytes(octets[code_at : code_at + code_octets], "little")
        code = value & (1 << variant.point_code_bits) - 1
    if ssn_octets:
        ssn = octets[ssn_at]
    kind = indicator >> 2 & 15
    title = None
    if kind:
        title = _decode_title(kind, octets[rest:], variant)
    elif len(octets) > rest:
        raise SccpError(f"{len(octets) - rest} octets after an address without global title")
    return PartyAddress(
        ssn, code, title, not indicator & _ROUTE_ON_SUBSYSTEM, bool(indicator & _NATIONAL)
    )


def forget() -> None:
    """Drop the addresses that are kept, so that what else holds memory can be seen."""
    encode_address.cache_clear()
    decode_address.cache_clear()


def _presence_bits(variant: Variant) -> tuple[int, int]:
    """The indicator's bits for point code and subsystem number."""
    return (1, 2) if variant is ITU else (2, 1)


def _encode_title(title: GlobalTitle, variant: Variant) -> tuple[int, bytes]:
    """Global title indicator and octets."""
    match title:
        case NatureTitle(digits, nature) if variant is ITU:
            _check(nature, 7, "nature of address")
            return 1, bytes(((len(digits) & 1) << 7 | nature,)) + _pack(digits)
        case TranslationTitle(digits, kind):
            _check(kind, 8, "translation type")
            if len(digits) & 1:
                raise SccpError("a title of translation type only has an even count of digits")
            return 2, bytes((kind,)) + _pack(digits)
        case PlanTitle(digits, kind, plan, scheme):
            head = _plan_octets(digits, kind, plan, scheme)
            return (3 if variant is ITU else 1), head + _pack(digits)
        case FullTitle(digits, kind, plan, nature, scheme) if variant is ITU:
            _check(nature, 7, "nature of address")
            head = _plan_octets(digits, kind, plan, scheme) + bytes((nature,))
            return 4, head + _pack(digits)
        case UnknownTitle(indicator, octets):
            if indicator in _known(variant) or not 0 < indicator < 16:
                raise SccpError(f"global title indicator {indicator} is not an unknown one")
            return indicator, octets
        case _:
            raise SccpError(f"{type(title).__name__} is no global title of {variant.name}")


def _known(variant: Variant) -> range:
    """The global title indicators that a variant has structures for."""
    return range(1, 5) if variant is ITU else range(1, 3)


def _plan_octets(digits: str, kind: int, plan: int, scheme: int | None) -> bytes:
    _check(kind, 8, "translation type")
    _check(plan, 4, "numbering plan")
    if scheme is None:
        scheme = _BCD_ODD if len(digits) & 1 else _BCD_EVEN
    elif scheme in (_BCD_ODD, _BCD_EVEN) or scheme >> 4 or len(digits) & 1:
        raise SccpError(f"encoding scheme {scheme} with {len(digits)} half octets (§3.4.2.3.3)")
    return bytes((kind, plan << 4 | scheme))


def _decode_title(indicator: int, octets: bytes, variant: Variant) -> GlobalTitle:
    if indicator not in _known(variant):
        return UnknownTitle(indicator, octets)
    if variant is not ITU:
        indicator = 3 if indicator == 1 else 2
    fixed = (1, 1, 2, 3)[indicator - 1]
    if len(octets) < fixed:
        raise SccpError(f"global title of {len(octets)} octets: at least {fixed} (Q.713 §3.4.2.3)")
    if indicator == 1:
        return NatureTitle(_unpack(octets[1:], bool(octets[0] & _ODD)), octets[0] & 0x7F)
    kind = octets[0]
    if indicator == 2:
        return TranslationTitle(_unpack(octets[1:], False), kind)
    plan, coding = octets[1] >> 4, octets[1] & 15
    digits = _unpack(octets[fixed:], coding == _BCD_ODD)
    scheme = None if coding in (_BCD_ODD, _BCD_EVEN) else coding
    if indicator == 3:
        return PlanTitle(digits, kind, plan, scheme)
    return FullTitle(digits, kind, plan, octets[2] & 0x7F, scheme)


def _check(value: int, bits: int, name: str) -> None:
    if value >> bits:
        raise SccpError(f"{name} {value} does not fit into {bits} bits (Q.713 §3.4.2.3)")


def _pack(digits: str) -> bytes:
    """Half octets, the low one first, 0 after an odd count."""
    if digits.strip(_SIGNALS):
        raise SccpError(f"{digits!r} are no address signals (Q.713 §3.4.2.3.1)")
    return bytes.fromhex(digits + "0" * (len(digits) & 1)).translate(_NIBBLE_SWAP)


def _unpack(octets: bytes, odd: bool) -> str:
    digits = octets.translate(_NIBBLE_SWAP).hex()
    if odd:
        if not digits:
            raise SccpError("an odd count of digits, but none of them (Q.713 §3.4.2.3.1)")
        digits = digits[:-1]
    return digits
