"""By what a client proves who it is: a password, an API key, or a signature on every request."""

import base64
import secrets
from dataclasses import dataclass, field
from typing import Protocol

from calleq.messages.signing import signed_headers


class Credential(Protocol):
    """A proof, made for one request."""

    @property
    def business(self) -> str:
        """Whose it is."""

    def headers(self, method: str, target: str, body: bytes, at_s: int) -> dict[str, str]:
        """The headers that prove it; `target` is path and query as they are sent."""


@dataclass(frozen=True, slots=True)
class Password:
    """A business's identifier, or `business/user`, and the password."""

    identifier: str
    password: str = field(repr=False)

    @property
    def business(self) -> str:
        """Without the user."""
        return self.identifier.partition("/")[0]

    def headers(self, method: str, target: str, body: bytes, at_s: int) -> dict[str, str]:
        """HTTP Basic (RFC 7617)."""
        octets = f"{self.identifier}:{self.password}".encode()
        return {"authorization": "Basic " + base64.b64encode(octets).decode()}


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key of a business."""

    business: str
    key: str = field(repr=False)

    def headers(self, method: str, target: str, body: bytes, at_s: int) -> dict[str, str]:
        """A bearer token (RFC 6750)."""
        return {"authorization": f"Bearer {self.key}"}


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A signing key of a business: `credential` is its identifier, `secret` never leaves here."""

    business: str
    credential: str
    secret: str = field(repr=False)

    def headers(self, method: str, target: str, body: bytes, at_s: int) -> dict[str, str]:
        """Signed as `calleq.messages.signing` has it, under a nonce of its own."""
        return signed_headers(
            self.secret,
            self.credential,
            at_s=at_s,
            nonce=secrets.token_urlsafe(16),
            method=method,
            target=target,
            body=body,
        )
