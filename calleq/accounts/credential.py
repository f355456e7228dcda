"""Credentials as the registry keeps them: what proves who somebody is, never the secret itself.

| kind | the secret | what is kept |
|---|---|---|
| `password` | a person's, or a business's own as figure 8 has it | argon2id |
| `pin` | 6 to 12 digits, in place of a password | argon2id |
| `api_key` | `cq_live_` + 12 hexadecimal digits + `_` + 256 random bits | SHA-256 of the whole |
| `signing_key` | `cq_sign_` + … in the same form, for HMAC | sealed (`calleq.accounts.safe`) |
| `certificate` | a private key that never comes here | SHA-256 of the certificate (DER) |

The hexadecimal digits of a key are those of its credential's identifier, so that one that was found
somewhere names the credential to revoke (`grep -E 'cq_(live|sign)_[0-9a-f]{12}_'`), and one that is
shown is looked up directly.
"""

import hmac
import re
from hashlib import sha256
from typing import Literal

import msgspec

from calleq.accounts.principal import Role

CredentialKind = Literal["password", "pin", "api_key", "signing_key", "certificate"]

PREFIXES: dict[CredentialKind, str] = {
    "password": "pwd-",
    "pin": "pin-",
    "api_key": "key-",
    "signing_key": "sig-",
    "certificate": "crt-",
}
"""With what identifiers of a kind begin; 12 hexadecimal digits follow."""

SPOKEN_KINDS = ("password", "pin")
"""Kinds that are given beside the identifier of a business or user, and verified slowly."""

Standing = Literal["good", "revoked", "expired", "suspended", "no_user"]
"""What a credential is worth now; `no_user`: the user it belongs to was removed."""

_KEY = re.compile(r"cq_(live|sign)_([0-9a-f]{12})_[A-Za-z0-9_-]{43}", re.ASCII)


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """One credential, as `AccountChanged` entries carry it."""

    identifier: str
    kind: CredentialKind
    role: Role
    business: str = ""
    """Whose it is; empty: the carrier's."""
    user: str = ""
    """Of which user; empty: of the business itself."""
    label: str = ""
    """For people to read."""
    stored: str
    """What is kept of the secret, by kind."""
    scopes: tuple[str, ...] = ()
    """Of those of its role, the ones it is limited to; empty: all."""
    issued_us: int = 0
    expires_us: int = 0
    """From then on it proves nothing; 0: never."""
    ended_us: int = 0
    """When it was revoked; 0: it was not."""
    initial_until_us: int = 0
    """It was made for a person, who has to change it before then and can do nothing else with it;
    0: it is the person's own, or a program's."""
    replaced_by: str = ""
    """The credential that it was rotated to; it is good until `expires_us` yet."""

    def standing(self, now_us: int) -> Literal["good", "revoked", "expired"]:
        """What it is worth by itself."""
        if self.ended_us:
            return "revoked"
        for end_us in (self.expires_us, self.initial_until_us):
            if end_us and end_us <= now_us:
                return "expired"
        return "good"


def identifier_in(presented: str) -> str | None:
    """The identifier of the credential that a presented key is of; None where it is no key.

    >>> identifier_in("cq_live_0123456789ab_" + 43 * "x")
    'key-0123456789ab'
    >>> identifier_in("hello") is None
    True
    """
    found = _KEY.fullmatch(presented)
    if found is None:
        return None
    return ("key-" if found[1] == "live" else "sig-") + found[2]


def is_api_key(credential: Credential, presented: str) -> bool:
    """Whether the text is the secret of an API key; takes as long for every wrong one."""
    if credential.kind != "api_key":
        return False
    return hmac.compare_digest(sha256(presented.encode()).hexdigest(), credential.stored)
