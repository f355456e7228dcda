"""SRTP and SRTCP of a leg (RFC 3711), by libsrtp; the keys are those of RFC 4568.

`pylibsrtp` is the extra `srtp`: without it a plan with keys is refused (SecureError), and so are a
suite that is not one of `SUITES` and keys of the wrong length. What does not authenticate is
dropped and counted, whoever sent it; a packet that comes twice is dropped, too, as the replay
protection of the RFC has it.
"""

import base64
import binascii
from typing import TYPE_CHECKING, Final

from calleq.media.ports import SecureKeys

if TYPE_CHECKING:
    from pylibsrtp import Session

SUITES: Final = {"AES_CM_128_HMAC_SHA1_80": 1, "AES_CM_128_HMAC_SHA1_32": 2}
"""By the names of RFC 4568 §6.2: libsrtp's numbers for their profiles."""
KEY_OCTETS: Final = 30
"""Master key and salt of both suites."""


class SecureError(ValueError):
    """A leg cannot be secured; the text says why."""


class Secure:
    """Both directions of one leg."""

    def __init__(self, keys: SecureKeys) -> None:
        """Raises SecureError."""
        self._ours = _session(keys.suite, keys.ours, outbound=True)
        self._theirs = _session(keys.suite, keys.theirs, outbound=False)
        self.refused = 0

    def close(self, packet: bytes) -> bytes:
        """Protect a packet of ours. Raises OSError where it cannot be, as sending does."""
        try:
            return self._ours.protect(packet)
        except _error() as error:
            raise OSError(str(error)) from None

    def open(self, packet: bytes) -> bytes | None:
        """Make a packet plain; None where it is not what it should be."""
        try:
            return self._theirs.unprotect(packet)
        except _error():
            self.refused += 1
            return None

    def close_report(self, packet: bytes) -> bytes:
        """As `close`, for RTCP."""
        try:
            return self._ours.protect_rtcp(packet)
        except _error() as error:
            raise OSError(str(error)) from None

    def open_report(self, packet: bytes) -> bytes | None:
        """As `open`, for RTCP."""
        try:
            return self._theirs.unprotect_rtcp(packet)
        except _error():
            self.refused += 1
            return None


def _error() -> type[Exception]:
    from pylibsrtp import Error

    return Error


def _session(suite: str, key: str, outbound: bool) -> "Session":
    try:
        from pylibsrtp import Error, Policy, Session
    except ImportError:
        raise SecureError("SRTP needs pylibsrtp: install calleq[srtp]") from None
    profile = SUITES.get(suite)
    if profile is None:
        raise SecureError(f"suite {suite}: one of {', '.join(SUITES)} expected")
    try:
        octets = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        raise SecureError("a key that is no base64") from None
    if len(octets) != KEY_OCTETS:
        raise SecureError(f"a key of {len(octets)} octets: {KEY_OCTETS} expected")
    direction = Policy.SSRC_ANY_OUTBOUND if outbound else Policy.SSRC_ANY_INBOUND
    try:
        return Session(Policy(key=octets, ssrc_type=direction, srtp_profile=profile))
    except Error as error:
        raise SecureError(str(error)) from None
