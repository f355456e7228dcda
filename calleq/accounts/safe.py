"""Where secrets are kept that must be known again: the keys with which businesses sign requests.

HMAC needs the secret itself, so a hash will not do. It is sealed with AES-256-GCM under the
carrier's own key, bound to the identifier of its credential, and only so does it reach the journal
or a backup. The carrier's key is 32 random octets in a file (`calleq.cli.carrier_key`) that its
owner alone may read; who has neither can do nothing with what is sealed.

What is sealed names its key (`1f2e3d4c.` before it; nothing: it is older than that, and every key
is tried), so that the key can be another from some day on: what was sealed before is opened under
the key of then, and is sealed anew by `Keeping`.
"""

import base64
import binascii
import hmac
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_OCTETS = 32
NONCE_OCTETS = 12


class SafeError(ValueError):
    """What was sealed cannot be opened: under another key, for another credential, or damaged."""


class Safe:
    """Seals under one key, and opens under it and those before it."""

    def __init__(self, key: bytes, *former: bytes) -> None:
        """Keys have `KEY_OCTETS`. Raises ValueError."""
        for one in (key, *former):
            if len(one) != KEY_OCTETS:
                raise ValueError(f"the carrier's key has {KEY_OCTETS} octets, not {len(one)}")
        self._keys = (key, *former)
        self._ciphers = {key_name(one): AESGCM(one) for one in self._keys}
        self._name = key_name(key)

    def derived(self, purpose: str) -> bytes:
        """Another key of 32 octets, the same for the same purpose; it tells nothing of this one."""
        return _derived(self._keys[0], purpose)

    def derived_before(self, purpose: str) -> tuple[bytes, ...]:
        """What `derived` gave under the keys before this one."""
        return tuple(_derived(key, purpose) for key in self._keys[1:])

    def seal(self, secret: str, credential: str, nonce: bytes) -> str:
        """The secret of a credential, sealed; `nonce` is 12 fresh random octets."""
        if len(nonce) != NONCE_OCTETS:
            raise ValueError("a nonce has 12 octets")
        sealed = self._ciphers[self._name].encrypt(nonce, secret.encode(), credential.encode())
        return f"{self._name}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def is_current(self, sealed: str) -> bool:
        """Whether it was sealed under the key that is in use."""
        return sealed.startswith(f"{self._name}.")

    def open(self, sealed: str, credential: str) -> str:
        """The secret again. Raises SafeError."""
        name, named, text = sealed.rpartition(".")
        ciphers = list(self._ciphers.values())
        if named:
            ciphers = [self._ciphers[name]] if name in self._ciphers else []
        for cipher in ciphers:
            try:
                octets = base64.urlsafe_b64decode(text.encode())
                nonce, rest = octets[:NONCE_OCTETS], octets[NONCE_OCTETS:]
                return cipher.decrypt(nonce, rest, credential.encode()).decode()
            except (InvalidTag, ValueError, binascii.Error):
                continue
        raise SafeError(f"{credential}: its sealed key does not open with this carrier's key")


def key_name(key: bytes) -> str:
    """What a key is called where it is shown, and in what it sealed; it tells nothing of it."""
    return _derived(key, "name")[:4].hex()


def _derived(key: bytes, purpose: str) -> bytes:
    return hmac.new(key, f"calleq {purpose}".encode(), sha256).digest()
