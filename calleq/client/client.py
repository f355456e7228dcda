"""The client library: a business's side of the wire, over HTTP, blocking.

    with CalleqClient("http://127.0.0.1:8072", "abc", "abc-demo") as client:
        placed = client.place_call("+12125550100", "+12125550143")
        for event in client.events(placed.call):
            print(event.at, event.event)

It owns no state of calls. Whatever changes something carries an Idempotency-Key (its own unless one
is given), so that a request whose answer was lost on the way, or that the server could not take
now, is sent again without being done twice; it does so at most `LIMIT_TRIES` times, and not at all
when no connection came about. Whatever goes wrong is a `ClientError` that says it in the server's
own words. `AsyncCalleqClient` has the same methods for programs that do not wait.
"""

import time
from collections.abc import Iterator
from types import TracebackType
from typing import Self, TypeVar, Unpack

import httpx

from calleq.client.asking import (
    LIMIT_TRIES,
    TIMEOUT_S,
    Asking,
    Seal,
    call_path,
    changing,
    direct_request,
    events_of,
    initiation,
    is_to_be_repeated,
    listing,
    message_keys_of,
    new_key,
    of_call,
    of_recording,
    ordering,
    page_token,
    placing,
    queried,
    read,
    reading,
    recording_path,
    recordings_of,
    retry_after_s,
    sealed_placing,
    stream_of,
)
from calleq.client.credentials import Credential
from calleq.client.errors import ClientError
from calleq.client.fields import CallFilters, InitiationFields, RefusalFilters, RequestFields
from calleq.client.reading_events import EventReader
from calleq.client.transport import (
    base_of,
    credential_of,
    never_arrived,
    request_of,
    trusts_environment,
    unreachable,
)
from calleq.messages.answers import (
    CallAccepted,
    CallList,
    CallView,
    EventPage,
    EventView,
    Health,
    OrderDone,
    RecordedView,
)
from calleq.messages.guarding import Limits, Refusals
from calleq.messages.page_tokens import LIFETIME_S, PageTokenView, PageTokenWish
from calleq.messages.prices import BalanceView, PriceView
from calleq.messages.sealed import MessageKeySet

LIMIT_PAGES = 100_000
"""Requests one `events` or `calls` makes at most."""
STREAM_SILENCE_S = 45.0
"""A stream that says nothing for so long is dead: a server says more often that it lives."""

_Answer = TypeVar("_Answer")


class CalleqClient:
    """Talks to one server for one business; a context manager that closes its connections.

    It proves itself by `password`, or by a `credential` (an API key, a signing key).
    `transport` replaces the network, as httpx has it.
    """

    def __init__(
        self,
        url: str,
        business: str,
        password: str = "",
        transport: httpx.BaseTransport | None = None,
        *,
        credential: Credential | None = None,
    ) -> None:
        base = base_of(url)
        self._credential = credential_of(business, password, credential)
        self._http = httpx.Client(
            base_url=base,
            transport=transport,
            timeout=TIMEOUT_S,
            trust_env=trusts_environment(base),
        )

    def __enter__(self) -> Self:
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

    # Calls

    def place_call(
        self,
        customer_number: str | None = None,
        representative_number: str | None = None,
        *,
        idempotency_key: str | None = None,
        sealed_by: Seal | None = None,
        **fields: Unpack[InitiationFields],
    ) -> CallAccepted:
        """Post the message of figure 8; returns when it is accepted durably. `fields` are others of
        the message; what is None is left out. `sealed_by` encrypts it, as `Sealer.sealing` does.
        Raises ClientError."""
        whole = {
            **fields,
            "customer_number": customer_number,
            "representative_number": representative_number,
        }
        if sealed_by is not None:
            asking = sealed_placing(self._credential, whole, sealed_by, idempotency_key)
            return self.ask(asking)
        return self.place_raw(initiation(self._credential, whole), idempotency_key)

    def place_raw(self, body: bytes, idempotency_key: str | None = None) -> CallAccepted:
        """Post a message of figure 8 as it stands."""
        return self.ask(placing(body, idempotency_key))

    def message_keys(self) -> MessageKeySet:
        """With what the carrier wants messages of this business encrypted. Raises ClientError:
        `no_key` where it has no key."""
        return self.ask(message_keys_of(self._credential.business))

    def request_call(
        self,
        equipment_address: str,
        *,
        idempotency_key: str | None = None,
        **fields: Unpack[RequestFields],
    ) -> CallAccepted:
        """Post the request of figure 9, as a page of the business would."""
        whole = {**fields, "equipment_address": equipment_address}
        body = direct_request(self._credential, whole)
        return self.ask(
            Asking(
                method="POST",
                path="/v1/direct-calls",
                kind=CallAccepted,
                body=body,
                key=idempotency_key or new_key(),
            )
        )

    def call(self, call: str) -> CallView:
        """State and legs of a call. Raises ClientError."""
        return self.ask(of_call(call))

    def call_page(self, **filters: Unpack[CallFilters]) -> CallList:
        """One page of calls, the newest first."""
        return self.ask(listing(queried(filters)))

    def calls(self, **filters: Unpack[CallFilters]) -> Iterator[CallView]:
        """Every call that fits, the newest first, page after page."""
        for _ in range(LIMIT_PAGES):
            page = self.call_page(**filters)
            yield from page.calls
            if page.next is None:
                return
            filters["cursor"] = page.next

    def cancel(self, call: str, *, idempotency_key: str | None = None) -> CallView:
        """Cancel a call before it is begun."""
        asking = changing(call_path(call, "cancel"), CallView, key=idempotency_key)
        return self.ask(asking)

    def reschedule(
        self,
        call: str,
        desired_time: str | None,
        *,
        time_zone: str | None = None,
        confirmed: bool | None = None,
        idempotency_key: str | None = None,
    ) -> CallView:
        """Have a call that waits made at another time; None: as soon as possible."""
        fields = {"desired_time": desired_time, "time_zone": time_zone, "confirmed": confirmed}
        path = call_path(call, "reschedule")
        return self.ask(changing(path, CallView, fields, key=idempotency_key))

    def hang_up(self, call: str, *, idempotency_key: str | None = None) -> OrderDone:
        """End a call that has begun."""
        asking = changing(call_path(call, "hangup"), OrderDone, key=idempotency_key)
        return self.ask(asking)

    def control(
        self, call: str, order: str, *, idempotency_key: str | None = None, **fields: object
    ) -> OrderDone:
        """Have an order carried out: hold, mute, play, keys, transfer, record and the like, with
        the order's own fields (leg, text, number …)."""
        return self.ask(ordering(call, order, fields, idempotency_key))

    def add_party(self, call: str, number: str, *, idempotency_key: str | None = None) -> CallView:
        """Dial a third party and join it."""
        path = call_path(call, "parties")
        return self.ask(changing(path, CallView, {"number": number}, key=idempotency_key))

    # Events

    def event_page(self, call: str, after: int = 0, wait_s: float = 0) -> EventPage:
        """The events after the one numbered `after`, waited for up to `wait_s`."""
        return self.ask(events_of(call, after, wait_s))

    def events(self, call: str, after: int = 0) -> Iterator[EventView]:
        """The call's events after the one numbered `after`, as they happen, until the call has
        ended; a connection that is lost is made again. Raises ClientError."""
        reader = EventReader(after)
        lost = 0
        for _ in range(LIMIT_PAGES):
            before = reader.after
            try:
                yield from self._stream(call, reader)
            except httpx.TransportError as error:
                lost = 0 if reader.after > before else lost + 1
                if lost >= LIMIT_TRIES:
                    raise unreachable(self._http.base_url, error) from error
                continue
            if reader.over or (reader.after == before and (self.event_page(call, before)).final):
                return
        raise ClientError(f"call {call} has no end", code="unintelligible")

    def _stream(self, call: str, reader: EventReader) -> Iterator[EventView]:
        resume = {"last-event-id": str(reader.after), "accept": "text/event-stream"}
        request = request_of(self._http, stream_of(call), self._credential, resume)
        request.extensions["timeout"] = {**request.extensions["timeout"], "read": STREAM_SILENCE_S}
        answer = self._http.send(request, stream=True)
        try:
            if not answer.is_success:
                answer.read()
                read(answer, EventPage)
            for octets in answer.iter_bytes():
                yield from reader.feed(octets)
        finally:
            answer.close()

    # Recordings

    def recordings(self, call: str) -> list[RecordedView]:
        """The recordings of a call."""
        return (self.ask(recordings_of(call))).recordings

    def recording(self, recording: str) -> RecordedView:
        """One recording."""
        return self.ask(of_recording(recording))

    def recording_audio(self, recording: str) -> bytes:
        """The sound of a complete one: a WAV file."""
        path = recording_path(recording, "audio")
        answer = self._send(Asking(method="GET", path=path, kind=RecordedView))
        if not answer.is_success:
            read(answer, RecordedView)
        return answer.content

    def delete_recording(
        self, recording: str, *, idempotency_key: str | None = None
    ) -> RecordedView:
        """Remove one."""
        path = recording_path(recording)
        asking = changing(path, RecordedView, key=idempotency_key, method="DELETE")
        return self.ask(asking)

    # What it costs, and what may still be asked for

    def price(
        self, to: str, *, representative: str | None = None, minutes: float = 1.0
    ) -> PriceView:
        """What a call to a number would cost."""
        query = {"to": to, "representative": representative, "minutes": minutes}
        return self.ask(reading("/v1/price", PriceView, query))

    def balance(self) -> BalanceView:
        """What the business has, holds and has spent."""
        return self.ask(reading("/v1/balance", BalanceView))

    def limits(self) -> Limits:
        """How many calls may still be asked for."""
        return self.ask(reading("/v1/limits", Limits))

    def refusals(self, **filters: Unpack[RefusalFilters]) -> Refusals:
        """What was refused of late, and why."""
        return self.ask(reading("/v1/refusals", Refusals, queried(filters)))

    # Pages

    def page_token(
        self,
        page: str,
        *,
        origin: str | None = None,
        visitor: str | None = None,
        lifetime_s: int = LIFETIME_S,
    ) -> PageTokenView:
        """A token that lets a page ask for one call, for the server that serves the page."""
        return self.ask(page_token(PageTokenWish(page, origin, visitor, lifetime_s)))

    # Anything

    def health(self) -> Health:
        """Whether the server lives; asked without a proof."""
        asking = Asking(method="GET", path="/health", kind=Health, proof_in_message=True)
        return self.ask(asking)

    def ask(self, asking: Asking[_Answer]) -> _Answer:
        """Ask for anything that the API has. Raises ClientError."""
        return read(self._send(asking), asking.kind)

    def _send(self, asking: Asking[_Answer]) -> httpx.Response:
        repeatable = asking.method == "GET" or bool(asking.key)
        for tries_left in reversed(range(LIMIT_TRIES)):
            request = request_of(self._http, asking, self._credential)
            try:
                answer = self._http.send(request)
            except httpx.TransportError as error:
                if never_arrived(error) or not repeatable or not tries_left:
                    raise unreachable(self._http.base_url, error) from error
                continue
            if not (repeatable and tries_left and is_to_be_repeated(answer)):
                return answer
            time.sleep(retry_after_s(answer) or 0)
        raise AssertionError("the last try returns or raises")
