"""Small contents of OCTET STRINGs that ISUP has no functions for, and digits for people.

Owns BCD times and dates, delimiters, and the way between text and generic digits or numbers.
Refuses, with IsupError as its neighbours in ISUP do, what does not fit.
"""

from calleq.ss7.isup.optional_types import GenericDigits, GenericNumber, Number
from calleq.ss7.isup.values import IsupError, Nature

_SWAP = bytes((octet >> 4 | octet << 4) & 0xFF for octet in range(256))
_DECIMAL = "0123456789"
_KEYS = "0123456789*#"
_CODES = "0123456789bc"
_TO_CODE = str.maketrans("*#", "bc")
_TO_KEY = str.maketrans("bc", "*#")
BCD_EVEN = 0
BCD_ODD = 1


def same_octets(octets: bytes) -> bytes:
    """Contents without a meaning here."""
    return bytes(octets)


def pack_octet(value: int) -> bytes:
    """One octet."""
    if not 0 <= value <= 0xFF:
        raise IsupError(f"{value}: 0 to 255")
    return bytes((value,))


def unpack_octet(contents: bytes) -> int:
    """The value of one octet."""
    return contents[0]


def pack_pair(value: int) -> bytes:
    """Two octets, the high one first."""
    if not 0 <= value <= 0xFFFF:
        raise IsupError(f"{value}: 0 to 65535")
    return value.to_bytes(2, "big")


def unpack_pair(contents: bytes) -> int:
    """The value of two octets."""
    return int.from_bytes(contents, "big")


def pack_bcd(digits: str) -> bytes:
    """Decimal digits, two to an octet, the first in the low half.

    >>> pack_bcd("980930121501").hex()
    '899003215110'
    """
    if digits.strip(_DECIMAL) or len(digits) & 1:
        raise IsupError(f"{digits!r}: an even count of decimal digits")
    return bytes.fromhex(digits).translate(_SWAP)


def unpack_bcd(contents: bytes) -> str:
    """The decimal digits of the octets."""
    digits = contents.translate(_SWAP).hex()
    if digits.strip(_DECIMAL):
        raise IsupError(f"{digits!r} has what is no decimal digit")
    return digits


def pack_delimiter(keys: str) -> bytes:
    """Keys "0" to "9", "*" and "#", one to an octet.

    >>> pack_delimiter("*#").hex()
    '0b0c'
    """
    if keys.strip(_KEYS):
        raise IsupError(f"{keys!r} has what is no key")
    return bytes(_KEYS.index(key) if key in _DECIMAL else 0x0B + (key == "#") for key in keys)


def unpack_delimiter(contents: bytes) -> str:
    """The keys of the octets."""
    keys = ["0123456789?*#???"[octet & 0x0F] for octet in contents]
    if "?" in keys:
        raise IsupError(f"{contents.hex()} has what is no key")
    return "".join(keys)


def bcd(keys: str, kind: int = 0) -> GenericDigits:
    """Generic digits (Q.763 §3.24) of keys "0" to "9", "*" and "#".

    >>> text(bcd("12#"))
    '12#'
    """
    if keys.strip(_KEYS):
        raise IsupError(f"{keys!r} has what is no key")
    odd = len(keys) & 1
    codes = keys.translate(_TO_CODE) + "0" * odd
    return GenericDigits(kind, BCD_ODD if odd else BCD_EVEN, bytes.fromhex(codes).translate(_SWAP))


def text(digits: GenericDigits) -> str:
    """The keys of generic digits; IsupError where they are not BCD, or no keys."""
    codes = digits.digits.translate(_SWAP).hex()
    if digits.encoding == BCD_ODD:
        codes = codes[:-1]
    if digits.encoding > BCD_ODD or codes.strip(_CODES):
        raise IsupError(f"{digits} are no keys in BCD")
    return codes.translate(_TO_KEY)


def address(digits: str, nature: int = Nature.INTERNATIONAL, qualifier: int = 0) -> GenericNumber:
    """A generic number: routing address of a resource, correlation identity, gapped number."""
    return GenericNumber(qualifier, Number(digits, nature))
