"""What a client asks, and how answers are read: shared by the client that waits and the other.

Pure: nothing here reaches a network. An `Asking` is one request; what changes something carries an
Idempotency-Key, so that it can be sent again when its answer was lost on the way.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import quote, urlencode

import httpx
import msgspec

from calleq.client.credentials import Credential, Password
from calleq.client.errors import ClientError
from calleq.messages.answers import (
    CallAccepted,
    CallList,
    CallView,
    EventPage,
    OrderDone,
    ProblemView,
    RecordedList,
    RecordedView,
)
from calleq.messages.page_tokens import PageTokenView, PageTokenWish
from calleq.messages.sealed import MessageKeySet

TIMEOUT_S = 10.0
LIMIT_TRIES = 3
LIMIT_RETRY_AFTER_S = 5
"""What a server asks to wait is waited here; longer is for whoever asked."""

Answered = TypeVar("Answered")
Seal = Callable[[Mapping[str, object]], tuple[bytes, str]]
"""Encrypts a message: the body that is sent, and its media type (`Sealer.sealing`)."""
Query = str | int | float | bool | None
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking(Generic[Answered]):
    """One request."""

    method: str
    path: str
    kind: type[Answered]
    query: Mapping[str, Query] = field(default_factory=dict)
    body: bytes | None = None
    media_type: str = "application/json"
    """Of the body."""
    key: str = ""
    """Its Idempotency-Key; empty: none."""
    timeout_s: float = TIMEOUT_S
    proof_in_message: bool = False
    """None is sent beside it."""

    @property
    def target(self) -> str:
        """Path and query as they are sent."""
        given = [(name, _text(value)) for name, value in self.query.items() if value is not None]
        return self.path + (f"?{urlencode(given, quote_via=quote)}" if given else "")

    def headers(self) -> dict[str, str]:
        """Those beside the proof."""
        headers = {"accept": "application/json"}
        if self.body is not None:
            headers["content-type"] = self.media_type
        if self.key:
            headers["idempotency-key"] = self.key
        return headers


def changing(
    path: str,
    kind: type[Answered],
    fields: Mapping[str, object] | None = None,
    *,
    key: str | None = None,
    method: str = "POST",
) -> Asking[Answered]:
    """Something that changes something; without `fields` it has no body."""
    body = None if fields is None else _encode(given(fields))
    return Asking(method=method, path=path, kind=kind, body=body, key=key or new_key())


def reading(
    path: str, kind: type[Answered], query: Mapping[str, Query] | None = None
) -> Asking[Answered]:
    """Something that changes nothing."""
    return Asking(method="GET", path=path, kind=kind, query=query or {})


def queried(filters: Mapping[str, object]) -> dict[str, Query]:
    """Filters as a query."""
    return {name: value for name, value in filters.items() if isinstance(value, str | int | float)}


def page_token(wish: PageTokenWish) -> Asking[PageTokenView]:
    """A token for a page; it takes no key, since it is shown once."""
    body = _encode(wish)
    return Asking(method="POST", path="/v1/page-tokens", kind=PageTokenView, body=body)


def given(fields: Mapping[str, object]) -> dict[str, object]:
    """Without what was left out."""
    return {name: value for name, value in fields.items() if value is not None}


def new_key() -> str:
    """An Idempotency-Key that nobody else has."""
    return secrets.token_hex(16)


def placing(body: bytes, key: str | None = None) -> Asking[CallAccepted]:
    """A message of figure 8, as it stands."""
    return Asking(
        method="POST",
        path="/v1/calls",
        kind=CallAccepted,
        body=body,
        key=key or new_key(),
        proof_in_message=b'"password"' in body,
    )


def sealed_placing(
    credential: Credential, fields: Mapping[str, object], seal: Seal, key: str | None = None
) -> Asking[CallAccepted]:
    """A message of figure 8, encrypted. Raises SealingError."""
    message = initiation_of(credential, fields)
    body, media_type = seal(message)
    return Asking(
        method="POST",
        path="/v1/calls",
        kind=CallAccepted,
        body=body,
        media_type=media_type,
        key=key or new_key(),
        proof_in_message="password" in message,
    )


def message_keys_of(business: str) -> Asking[MessageKeySet]:
    """With what a business encrypts; asked without a proof."""
    path = f"/v1/businesses/{quote(business, safe='')}/message-keys"
    return Asking(method="GET", path=path, kind=MessageKeySet, proof_in_message=True)


def of_call(call: str) -> Asking[CallView]:
    """State and legs."""
    return Asking(method="GET", path=_call(call), kind=CallView)


def listing(filters: Mapping[str, Query]) -> Asking[CallList]:
    """One page of calls."""
    return Asking(method="GET", path="/v1/calls", kind=CallList, query=filters)


def events_of(call: str, after: int, wait_s: float) -> Asking[EventPage]:
    """The timeline from a point on, waited for."""
    return Asking(
        method="GET",
        path=_call(call, "events"),
        kind=EventPage,
        query={"after": after, "wait": wait_s or None},
        timeout_s=wait_s + TIMEOUT_S,
    )


def stream_of(call: str) -> Asking[EventPage]:
    """The timeline as it happens."""
    return Asking(method="GET", path=_call(call, "events", "stream"), kind=EventPage)


def ordering(
    call: str, order: str, fields: Mapping[str, object], key: str | None
) -> Asking[OrderDone]:
    """An order to a call that goes on."""
    return changing(_call(call, "orders"), OrderDone, {"order": order, **fields}, key=key)


def recordings_of(call: str) -> Asking[RecordedList]:
    """Those of one call."""
    return Asking(method="GET", path=_call(call, "recordings"), kind=RecordedList)


def of_recording(recording: str) -> Asking[RecordedView]:
    """One of them."""
    return Asking(method="GET", path=recording_path(recording), kind=RecordedView)


def recording_path(recording: str, *more: str) -> str:
    """Where a recording is found."""
    return "/".join(("/v1/recordings", quote(recording, safe=""), *more))


def _call(call: str, *more: str) -> str:
    return "/".join(("/v1/calls", quote(call, safe=""), *more))


call_path = _call


def read(answer: httpx.Response, kind: type[Answered]) -> Answered:
    """What the server answered. Raises ClientError."""
    try:
        if answer.is_success:
            return msgspec.json.decode(answer.content, type=kind)
        problem = msgspec.json.decode(answer.content, type=ProblemView)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        text = f"status {answer.status_code} with a body that is no answer of calleq"
        raise ClientError(text, answer.status_code, "unintelligible") from error
    wait = retry_after_s(answer)
    raise ClientError(told(problem), problem.status, problem.code, problem, wait)


def told(problem: ProblemView) -> str:
    """A problem in one line: what it says of itself, and of each field what that leaves out."""
    detail = problem.detail or problem.title
    faults = [
        f"; {fault.pointer} {fault.detail}"
        for fault in problem.errors
        if fault.detail not in detail
    ]
    return detail + "".join(faults)


def retry_after_s(answer: httpx.Response) -> int | None:
    """What the server asks to wait."""
    text = answer.headers.get("retry-after", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else None


def is_to_be_repeated(answer: httpx.Response) -> bool:
    """Whether the server could not do it now and asks to be asked again soon."""
    wait = retry_after_s(answer)
    return answer.status_code in (409, 503) and wait is not None and wait <= LIMIT_RETRY_AFTER_S


def _text(value: Query) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return f"{value:g}"
        case _:
            return str(value)


def initiation(credential: Credential, fields: Mapping[str, object]) -> bytes:
    """The message of figure 8; by a business's own password it says it itself."""
    return _encode(initiation_of(credential, fields))


def initiation_of(credential: Credential, fields: Mapping[str, object]) -> dict[str, object]:
    """The same before it is written."""
    proof: dict[str, object] = {"business_id": credential.business}
    if isinstance(credential, Password) and credential.identifier == credential.business:
        proof["password"] = credential.password
    return {**proof, **given(fields)}


def direct_request(credential: Credential, fields: Mapping[str, object]) -> bytes:
    """The request of figure 9."""
    return _encode({"business_id": credential.business, **given(fields)})
