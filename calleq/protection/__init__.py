"""Encryption of messages, whole or in part: the carrier's end.

`keys` are the decryption keys of businesses, `key_file` keeps them, `envelopes` opens one JWE,
`opening` a message, `veil` keeps what was sealed out of what is said about it.
"""

from calleq.protection.keys import KeySource, NoKeys
from calleq.protection.opening import protection_by

__all__ = ["KeySource", "NoKeys", "protection_by"]
