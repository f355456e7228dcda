"""Where secrets are kept that must be known again: the keys with which businesses sign requests.

HMAC needs the secret itself, so a hash will not do. It is sealed with AES-256-GCM under the
carrier's own key, bound to the identifier of its credential, and only so does it reach the journal
or a backup. The carrier's key is a file of 32 random octets (`calleq.cli.carrier_key` makes one
that its owner alone may read); who has neither can do nothing with what is sealed.
"""

import base64
import binascii
import hmac
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_OCTETS = 32
_NONCE_OCTETS = 12


class SafeError(ValueError):
    """What was sealed cannot be opened: under another key, for another credential, or damaged."""


class Safe:
    """Seals and opens under one key."""

    def __init__(self, key: bytes) -> None:
        """`key` has `KEY_OCTETS`. Raises ValueError."""
        if len(key) != KEY_OCTETS:
            raise ValueError(f"the carrier's key has {KEY_OCTETS} octets, not {len(key)}")
        self._key = key
        self._cipher = AESGCM(key)

    def derived(self, purpose: str) -> bytes:
        """Another key of 32 octets, the same for the same purpose; it tells nothing of this one."""
        return hmac.new(self._key, f"calleq {purpose}".encode(), sha256).digest()

    def seal(self, secret: str, credential: str, nonce: bytes) -> str:
        """The secret of a credential, sealed; `nonce` is 12 fresh random octets."""
        if len(nonce) != _NONCE_OCTETS:
            raise ValueError("a nonce has 12 octets")
        sealed = self._cipher.encrypt(nonce, secret.encode(), credential.encode())
        return base64.urlsafe_b64encode(nonce + sealed).decode()

    def open(self, sealed: str, credential: str) -> str:
        """The secret again. Raises SafeError."""
        try:
            octets = base64.urlsafe_b64decode(sealed.encode())
            nonce, rest = octets[:_NONCE_OCTETS], octets[_NONCE_OCTETS:]
            return self._cipher.decrypt(nonce, rest, credential.encode()).decode()
        except (InvalidTag, ValueError, binascii.Error) as error:
            text = f"{credential}: its sealed key does not open with this carrier's key"
            raise SafeError(text) from error
