"""Where a server is, and how it is reached over HTTP; for the client that waits and the other."""

import ipaddress
import time
from typing import TypeVar

import httpx

from calleq.client.asking import Asking
from calleq.client.credentials import Credential, Password
from calleq.client.errors import ClientError

_Answered = TypeVar("_Answered")


def base_of(url: str) -> httpx.URL:
    """Raises ClientError when it is no URL of a server."""
    try:
        base = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ClientError(f"{url!r} is no URL: {error}", code="unreachable") from error
    if base.scheme not in ("http", "https") or not base.host:
        raise ClientError(f"{url!r} is no URL such as http://127.0.0.1:8072", code="unreachable")
    return base


def trusts_environment(base: httpx.URL) -> bool:
    """A proxy of the environment never stands between a machine and itself."""
    try:
        return not ipaddress.ip_address(base.host).is_loopback
    except ValueError:
        return base.host != "localhost"


def credential_of(business: str, password: str, credential: Credential | None) -> Credential:
    """By what the client proves itself."""
    return credential if credential is not None else Password(business, password)


def request_of(
    http: httpx.Client | httpx.AsyncClient,
    asking: Asking[_Answered],
    credential: Credential,
    more: dict[str, str] | None = None,
) -> httpx.Request:
    """The request, with its proof; a signature is made anew for every sending."""
    headers = {**asking.headers(), **(more or {})}
    body = asking.body or b""
    if not asking.proof_in_message:
        proof = credential.headers(asking.method, asking.target, body, int(time.time()))
        headers.update(proof)
    return http.build_request(
        asking.method,
        asking.target,
        content=asking.body,
        headers=headers,
        timeout=asking.timeout_s,
    )


def unreachable(base: httpx.URL, error: httpx.TransportError) -> ClientError:
    """The server does not answer."""
    text = str(error) or type(error).__name__
    return ClientError(f"{base} does not answer: {text}", code="unreachable")


def never_arrived(error: httpx.TransportError) -> bool:
    """Whether no connection came about: nothing was sent, and sending again helps nobody."""
    return isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.UnsupportedProtocol)
