"""Digits as operations carry them: generic digits in BCD (Q.763 §3.24).

Owns both directions: two digits an octet, the first in its low half. `*` and `#` are codes 11 and
12; codes that no key has are refused (InapError) when they are read.
"""

from calleq.ss7.inap.errors import ErrorCode, InapError, OperationError
from calleq.ss7.isup.optional_types import GenericDigits

_CODES = "0123456789 *#"
_NO_KEY = " "
_EVEN, _ODD = 0, 1


def generic_digits(digits: str) -> GenericDigits:
    """Digits, `*` and `#` in BCD.

    >>> generic_digits("1000421").digits.hex(), generic_digits("3#").digits.hex()
    ('01002401', 'c3')
    """
    codes = [_CODES.index(digit) for digit in digits]
    padded = [*codes, 0] if len(codes) % 2 else codes
    octets = bytes(low | high << 4 for low, high in zip(padded[::2], padded[1::2], strict=True))
    return GenericDigits(0, _ODD if len(codes) % 2 else _EVEN, octets)


def digits_of(generic: GenericDigits) -> str:
    """The digits of a parameter in BCD; InapError for another encoding or a code without a key.

    >>> digits_of(generic_digits("*12#3"))
    '*12#3'
    """
    wrong = OperationError(ErrorCode.UNEXPECTED_DATA_VALUE)
    if generic.encoding not in (_EVEN, _ODD):
        raise InapError(f"digits in encoding {generic.encoding}: BCD expected", wrong)
    codes = [code for octet in generic.digits for code in (octet & 15, octet >> 4)]
    if generic.encoding == _ODD:
        codes = codes[:-1]
    digits = "".join(_CODES[code] if code < len(_CODES) else _NO_KEY for code in codes)
    if _NO_KEY in digits:
        raise InapError(f"digits {generic.digits.hex()}: a code is no key", wrong)
    return digits
