"""The client library: a business's side of the wire, over HTTP, blocking.

It owns no state of calls. Every message it sends carries an Idempotency-Key (its own unless one is
given), so that a message whose answer was lost on the way is sent again without a second call being
made; it does so at most `LIMIT_TRIES` times, and not at all when no connection came about.
Whatever goes wrong is a `ClientError` that says it in the server's own words.
"""

import ipaddress
import secrets
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Literal, TypeVar

import httpx
import msgspec

from calleq.messages.answers import CallAccepted, CallView, EventPage, EventView, ProblemView

LIMIT_TRIES = 3
LIMIT_PAGES = 100_000
"""Requests one `events` makes at most: 20 s each, a call of any length ends before."""
WAIT_S = 20.0
TIMEOUT_S = 10.0

_Answer = TypeVar("_Answer")
_encode = msgspec.json.Encoder().encode


class ClientError(Exception):
    """The server refused, or could not be reached or understood.

    `status` and `code` are the problem's (0 and "unreachable" or "unintelligible" without one),
    `problem` the whole of it where there is one.
    """

    def __init__(
        self, detail: str, status: int = 0, code: str = "", problem: ProblemView | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.problem = problem


class CalleqClient:
    """Talks to one server for one business; a context manager that closes its connections.

    `transport` replaces the network, as httpx has it.
    """

    def __init__(
        self,
        url: str,
        business: str,
        password: str,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._business = business
        self._password = password
        try:
            base = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise ClientError(f"{url!r} is no URL: {error}", code="unreachable") from error
        if base.scheme not in ("http", "https") or not base.host:
            raise ClientError(
                f"{url!r} is no URL such as http://127.0.0.1:8072", code="unreachable"
            )
        self._http = httpx.Client(
            base_url=base,
            transport=transport,
            timeout=TIMEOUT_S,
            # A proxy of the environment never stands between a machine and itself.
            trust_env=not _is_own_machine(base.host),
        )

    def __enter__(self) -> "CalleqClient":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def place_call(
        self,
        customer_number: str | None = None,
        representative_number: str | None = None,
        *,
        customer_id: str | None = None,
        desired_time: str | None = None,
        dial_first: Literal["customer", "agent"] | None = None,
        hunt: bool | None = None,
        extension: object = None,
        equipment_address: str | None = None,
        idempotency_key: str | None = None,
    ) -> CallAccepted:
        """Post the message of figure 8; returns when it is accepted durably. What is None is left
        out of the message. Raises ClientError."""
        fields: dict[str, object] = {
            "equipment_address": equipment_address,
            "business_id": self._business,
            "password": self._password,
            "extension": extension,
            "customer_number": customer_number,
            "representative_number": representative_number,
            "desired_time": desired_time,
            "customer_id": customer_id,
            "dial_first": dial_first,
            "hunt": hunt,
        }
        body = _encode({name: value for name, value in fields.items() if value is not None})
        return self.place_raw(body, idempotency_key)

    def place_raw(self, body: bytes, idempotency_key: str | None = None) -> CallAccepted:
        """Post a message as it stands."""
        headers = {
            "content-type": "application/json",
            "idempotency-key": idempotency_key or secrets.token_hex(16),
        }
        for tries_left in reversed(range(LIMIT_TRIES)):
            try:
                answer = self._http.post("/v1/calls", content=body, headers=headers)
                return _read(answer, CallAccepted)
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol) as error:
                raise self._unreachable(error) from error
            except httpx.TransportError as error:
                if not tries_left:
                    raise self._unreachable(error) from error
        raise AssertionError("the last try returns or raises")

    def call(self, call: str) -> CallView:
        """State and legs of a call. Raises ClientError."""
        return self._get(f"/v1/calls/{call}", {}, TIMEOUT_S, CallView)

    def events(self, call: str, after: int = 0, wait_s: float = WAIT_S) -> Iterator[EventView]:
        """The call's events after the one numbered `after`, as they happen, until the call has
        ended. Raises ClientError."""
        for _ in range(LIMIT_PAGES):
            query = {"after": str(after), "wait": f"{wait_s:g}"}
            page = self._get(f"/v1/calls/{call}/events", query, wait_s + TIMEOUT_S, EventPage)
            for event in page.events:
                after = event.sequence
                yield event
            if page.final:
                return
        raise ClientError(f"call {call} has no end", code="unintelligible")

    def _get(
        self, path: str, query: Mapping[str, str], timeout_s: float, kind: type[_Answer]
    ) -> _Answer:
        try:
            answer = self._http.get(
                path, params=query, auth=(self._business, self._password), timeout=timeout_s
            )
        except httpx.TransportError as error:
            raise self._unreachable(error) from error
        return _read(answer, kind)

    def _unreachable(self, error: httpx.TransportError) -> ClientError:
        text = str(error) or type(error).__name__
        return ClientError(f"{self._http.base_url} does not answer: {text}", code="unreachable")


def _read(answer: httpx.Response, kind: type[_Answer]) -> _Answer:
    try:
        if answer.is_success:
            return msgspec.json.decode(answer.content, type=kind)
        problem = msgspec.json.decode(answer.content, type=ProblemView)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        text = f"status {answer.status_code} with a body that is no answer of calleq"
        raise ClientError(text, answer.status_code, "unintelligible") from error
    faults = "".join(f"; {fault.pointer} {fault.detail}" for fault in problem.errors)
    detail = (problem.detail or problem.title) + faults
    raise ClientError(detail, problem.status, problem.code, problem)


def _is_own_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
