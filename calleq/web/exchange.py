"""One request and one answer, as a connection of a site and its direct handlers know them."""

from collections.abc import Callable

import msgspec
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from calleq.web.framing import Head
from calleq.web.problems import ProblemDetail

_HOP_BY_HOP = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"content-length",
        b"upgrade",
        b"http2-settings",
        b"expect",
    )
)
HOUSE_LINES = b"cache-control: no-store\r\nx-content-type-options: nosniff\r\n"


class Request(msgspec.Struct):
    """One request, whole."""

    method: bytes
    target: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes
    address: str
    certificate: str = ""
    """SHA-256 of the client's certificate, hexadecimal; empty: it showed none."""


class Response(msgspec.Struct):
    """What a direct handler answers."""

    status: int
    lines: bytes
    """Header lines, each with its CR LF, without Content-Length and Date."""
    body: bytes


Direct = Callable[[Request, Callable[[Response], None]], bool]
"""Answers a request, at once or later, once; False: it is not its kind of request."""


def problem_octets(problem: ProblemDetail) -> tuple[bytes, bytes]:
    """An answer made beforehand: before and behind its Request-Id."""
    body = msgspec.json.encode(problem.view())
    retry = b"retry-after: %d\r\n" % problem.retry_after_s if problem.retry_after_s else b""
    head = (
        STATUS_LINE[problem.status]
        + b"content-type: application/problem+json\r\ncontent-length: %d\r\n" % len(body)
        + HOUSE_LINES
        + retry
        + b"request-id: "
    )
    return head, b"\r\n\r\n" + body


def written_anew(request: Request, head: Head, *, keeps: bool) -> bytes:
    """The octets of a request in the one plain way: whole, with a Content-Length."""
    lines = [
        b"%b: %b\r\n" % (name, value) for name, value in request.headers if name not in _HOP_BY_HOP
    ]
    if request.body or head.length:
        lines.append(b"content-length: %d\r\n" % len(request.body))
    if not keeps:
        lines.append(b"connection: close\r\n")
    version = b"1.0" if head.old else b"1.1"
    start = b"%b %b HTTP/%b\r\n" % (request.method, request.target, version)
    return b"".join((start, *lines, b"\r\n", request.body))


def header_map(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by name; one that came twice has both values, joined by a comma."""
    found: dict[str, str] = {}
    for name_octets, value_octets in headers:
        name, value = name_octets.decode("latin-1"), value_octets.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found
