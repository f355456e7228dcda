"""What ApplyCharging and its report say: octets of the network's own making, so ours.

Both are a BER sequence. Characteristics: `[0]` the longest talk in tenths of a second, `[1]`
whether the call is released then. Call result: `[0]` the leg, `[1]` the talk so far in tenths of a
second from answer, `[2]` whether the leg is over. What lies behind those is ignored.

Refused: octets that are no such sequence (`ChargingError`).
"""

import msgspec

from calleq.ss7 import ber

_LIMIT_TAG, _RELEASE_TAG = 0x80, 0x81
_LEG_TAG, _TALK_TAG, _OVER_TAG = 0x80, 0x81, 0x82

TENTH_US = 100_000


class ChargingError(ValueError):
    """The octets are no charging characteristics, or no call result, of this network."""


class Charge(msgspec.Struct, frozen=True):
    """How a party is charged."""

    limit_ms100: int | None = None
    """Report when it has talked for so long; None: only at its end."""
    release: bool = False
    """Release the call at the limit."""


class Charged(msgspec.Struct, frozen=True):
    """What a party is charged for."""

    leg: int
    talk_ms100: int
    is_over: bool


def encode_charge(charge: Charge) -> bytes:
    """The octets of aChBillingChargingCharacteristics."""
    parts = []
    if charge.limit_ms100 is not None:
        parts.append(ber.write_integer(_LIMIT_TAG, charge.limit_ms100))
    if charge.release:
        parts.append(ber.write_boolean(_RELEASE_TAG, True))
    return ber.constructed(ber.SEQUENCE, *parts)


def decode_charge(octets: bytes) -> Charge:
    """What an SCP wants. Raises ChargingError."""
    limit_ms100, release = None, False
    try:
        for tag, start, stop in _fields(octets):
            if tag == _LIMIT_TAG:
                limit_ms100 = ber.read_integer(octets, start, stop)
            elif tag == _RELEASE_TAG:
                release = ber.read_boolean(octets, start, stop)
    except ber.BerError as error:
        raise ChargingError(str(error)) from error
    if limit_ms100 is not None and limit_ms100 < 1:
        raise ChargingError(f"a limit of {limit_ms100} tenths of a second")
    return Charge(limit_ms100, release)


def encode_charged(charged: Charged) -> bytes:
    """The octets of a call result."""
    return ber.constructed(
        ber.SEQUENCE,
        ber.write_integer(_LEG_TAG, charged.leg),
        ber.write_integer(_TALK_TAG, charged.talk_ms100),
        ber.write_boolean(_OVER_TAG, charged.is_over),
    )


def decode_charged(octets: bytes) -> Charged:
    """What a switch reports. Raises ChargingError."""
    found: dict[int, int] = {}
    try:
        for tag, start, stop in _fields(octets):
            if tag == _OVER_TAG:
                found[tag] = ber.read_boolean(octets, start, stop)
            elif tag in (_LEG_TAG, _TALK_TAG):
                found[tag] = ber.read_integer(octets, start, stop)
        return Charged(found[_LEG_TAG], found[_TALK_TAG], bool(found[_OVER_TAG]))
    except (ber.BerError, KeyError) as error:
        raise ChargingError(f"no call result: {error}") from error


def _fields(octets: bytes) -> list[ber.Element]:
    tag, start, stop = ber.element(octets, 0, len(octets))
    if tag != ber.SEQUENCE:
        raise ChargingError(f"tag {tag:#x}: a sequence is expected")
    return ber.elements(octets, start, stop)
