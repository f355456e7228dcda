"""Called, calling and subsequent numbers as parameter contents (Q.763 §3.9, §3.10, §3.51).

Owns the address signals: two to an octet, the first in the low half, a filler of 0000 after an odd
count. Refuses spare address signals (a, d, e), ST (f) anywhere but last in a called or subsequent
number, a called or subsequent number without signals, a calling number without signals unless it
says "address not available", and more than `SIGNALS_LIMIT` of them.

Odd case: a filler other than 0000 is refused too, for it would be lost on the way through a switch.
"""

from calleq.ss7.isup.values import CalledNumber, CallingNumber, IsupError, Presentation

SIGNALS_LIMIT = 30
"""More than any E.164 number with a prefix and a correlation identity has."""

_NIBBLE_SWAP = bytes((octet >> 4 | octet << 4) & 0xFF for octet in range(256))
_DECIMAL = "0123456789"
_SIGNALS = _DECIMAL + "bc"
_ST = "f"


def pack_called(number: CalledNumber) -> bytes:
    """Contents of a called party number; IsupError when a field does not fit.

    >>> pack_called(CalledNumber("12125550100")).hex()
    '8410212155050100'
    """
    digits = number.digits
    if not digits:
        raise IsupError("called party number without address signals (Q.763 §3.9)")
    if digits.strip(_DECIMAL) or len(digits) > SIGNALS_LIMIT:
        _check_signals("called", digits[:-1] if digits[-1] == _ST else digits)
    nature = number.nature
    plan = number.plan
    internal = number.internal_network
    if nature >> 7 or plan >> 3 or internal >> 1:
        raise IsupError(
            f"called party number: nature {nature}, plan {plan} or internal network {internal} "
            "out of range (Q.763 §3.9)"
        )
    indicators = internal << 7 | plan << 4
    if len(digits) & 1:
        head = bytes((0x80 | nature, indicators))
        return head + bytes.fromhex(digits + "0").translate(_NIBBLE_SWAP)
    return bytes((nature, indicators)) + bytes.fromhex(digits).translate(_NIBBLE_SWAP)


def unpack_called(contents: bytes) -> CalledNumber:
    """The called party number of the contents; IsupError when they are none."""
    if len(contents) < 3:
        raise IsupError(f"called party number of {len(contents)} octets: at least 3 (Q.763 §3.9)")
    nature, indicators = contents[0], contents[1]
    digits = unpack_signals("called", contents[2:], nature)
    if digits.strip(_DECIMAL):
        _check_signals("called", digits[:-1] if digits[-1] == _ST else digits)
    return CalledNumber(digits, nature & 0x7F, indicators >> 4 & 7, indicators >> 7)


def pack_calling(number: CallingNumber) -> bytes:
    """Contents of a calling party number; IsupError when a field does not fit."""
    digits = number.digits
    presentation = number.presentation
    if digits.strip(_DECIMAL) or len(digits) > SIGNALS_LIMIT:
        _check_signals("calling", digits)
    nature = number.nature
    plan = number.plan
    incomplete = number.incomplete
    screening = number.screening
    if nature >> 7 or plan >> 3 or incomplete >> 1 or presentation >> 2 or screening >> 2:
        raise IsupError(
            f"calling party number: nature {nature}, plan {plan}, incomplete {incomplete}, "
            f"presentation {presentation} or screening {screening} out of range (Q.763 §3.10)"
        )
    if not digits and presentation != Presentation.NOT_AVAILABLE:
        raise IsupError("calling party number without address signals, yet available (§3.10)")
    indicators = incomplete << 7 | plan << 4 | presentation << 2 | screening
    if len(digits) & 1:
        head = bytes((0x80 | nature, indicators))
        return head + bytes.fromhex(digits + "0").translate(_NIBBLE_SWAP)
    return bytes((nature, indicators)) + bytes.fromhex(digits).translate(_NIBBLE_SWAP)


def unpack_calling(contents: bytes) -> CallingNumber:
    """The calling party number of the contents; IsupError when they are none."""
    if len(contents) < 2:
        raise IsupError(f"calling party number of {len(contents)} octets: at least 2 (Q.763 §3.10)")
    nature, indicators = contents[0], contents[1]
    presentation = indicators >> 2 & 3
    digits = unpack_signals("calling", contents[2:], nature)
    if digits.strip(_DECIMAL):
        _check_signals("calling", digits)
    if not digits and presentation != Presentation.NOT_AVAILABLE:
        raise IsupError("calling party number without address signals, yet available (§3.10)")
    return CallingNumber(
        digits,
        nature & 0x7F,
        indicators >> 4 & 7,
        indicators >> 7,
        presentation,
        indicators & 3,
    )


def pack_subsequent(digits: str) -> bytes:
    """Contents of a subsequent number (Q.763 §3.51); IsupError for what are no address signals.

    >>> pack_subsequent("123").hex()
    '802103'
    """
    if not digits:
        raise IsupError("subsequent number without address signals (Q.763 §3.51)")
    if digits.strip(_DECIMAL) or len(digits) > SIGNALS_LIMIT:
        _check_signals("subsequent", digits[:-1] if digits[-1] == _ST else digits)
    odd = len(digits) & 1
    return bytes((odd << 7,)) + bytes.fromhex(digits + "0" * odd).translate(_NIBBLE_SWAP)


def unpack_subsequent(contents: bytes) -> str:
    """The address signals of a subsequent number; IsupError when the contents are none."""
    if len(contents) < 2:
        raise IsupError(f"subsequent number of {len(contents)} octets: at least 2 (Q.763 §3.51)")
    digits = unpack_signals("subsequent", contents[1:], contents[0])
    if digits.strip(_DECIMAL):
        _check_signals("subsequent", digits[:-1] if digits[-1] == _ST else digits)
    return digits


def pack_digits(party: str, digits: str) -> tuple[int, bytes]:
    """Whether the count is odd, and the address signals in octets; IsupError for what are none."""
    if digits.strip(_DECIMAL) or len(digits) > SIGNALS_LIMIT:
        _check_signals(party, digits)
    odd = len(digits) & 1
    return odd, bytes.fromhex(digits + "0" * odd).translate(_NIBBLE_SWAP)


def unpack_signals(party: str, octets: bytes, nature: int) -> str:
    """The address signals in the octets, the odd bit in `nature` heeded."""
    signals = octets.translate(_NIBBLE_SWAP).hex()
    if nature & 0x80:
        if not signals:
            raise IsupError(f"{party} party number: odd, but without address signals")
        if signals[-1] != "0":
            raise IsupError(f"{party} party number: filler {signals[-1]} where 0 belongs (§3.9 c)")
        signals = signals[:-1]
    if len(signals) > SIGNALS_LIMIT:
        raise IsupError(
            f"{party} party number of {len(signals)} address signals: at most {SIGNALS_LIMIT}"
        )
    return signals


def _check_signals(party: str, digits: str) -> None:
    for signal in digits:
        if signal not in _SIGNALS:
            raise IsupError(f"{party} party number: {signal!r} is no address signal (Q.763 §3.9 e)")
    if len(digits) > SIGNALS_LIMIT:
        raise IsupError(
            f"{party} party number of {len(digits)} address signals: at most {SIGNALS_LIMIT}"
        )
