"""The client library for programs that do not wait: as `CalleqClient`, with the same methods.

async with AsyncCalleqClient("http://127.0.0.1:8072", "abc", "abc-demo") as client:
    placed = await client.place_call("+12125550100", "+12125550143")
    async for event in client.events(placed.call):
        print(event.at, event.event)
"""

import asyncio
from collections.abc import AsyncIterator
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


class AsyncCalleqClient:
    """Talks to one server for one business; a context manager that closes its connections.

    It proves itself by `password`, or by a `credential` (an API key, a signing key).
    `transport` replaces the network, as httpx has it.
    """

    def __init__(
        self,
        url: str,
        business: str,
        password: str = "",
        transport: httpx.AsyncBaseTransport | None = None,
        *,
        credential: Credential | None = None,
    ) -> None:
        base = base_of(url)
        self._credential = credential_of(business, password, credential)
        self._http = httpx.AsyncClient(
            base_url=base,
            transport=transport,
            timeout=TIMEOUT_S,
            trust_env=trusts_environment(base),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    # Calls

    async def place_call(
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
            return await self.ask(asking)
        return await self.place_raw(initiation(self._credential, whole), idempotency_key)

    async def place_raw(self, body: bytes, idempotency_key: str | None = None) -> CallAccepted:
        """Post a message of figure 8 as it stands."""
        return await self.ask(placing(body, idempotency_key))

    async def message_keys(self) -> MessageKeySet:
        """With what the carrier wants messages of this business encrypted. Raises ClientError:
        `no_key` where it has no key."""
        return await self.ask(message_keys_of(self._credential.business))

    async def request_call(
        self,
        equipment_address: str,
        *,
        idempotency_key: str | None = None,
        **fields: Unpack[RequestFields],
    ) -> CallAccepted:
        """Post the request of figure 9, as a page of the business would."""
        whole = {**fields, "equipment_address": equipment_address}
        body = direct_request(self._credential, whole)
        return await self.ask(
            Asking(
                method="POST",
                path="/v1/direct-calls",
                kind=CallAccepted,
                body=body,
                key=idempotency_key or new_key(),
            )
        )

    async def call(self, call: str) -> CallView:
        """State and legs of a call. Raises ClientError."""
        return await self.ask(of_call(call))

    async def call_page(self, **filters: Unpack[CallFilters]) -> CallList:
        """One page of calls, the newest first."""
        return await self.ask(listing(queried(filters)))

    async def calls(self, **filters: Unpack[CallFilters]) -> AsyncIterator[CallView]:
        """Every call that fits, the newest first, page after page."""
        for _ in range(LIMIT_PAGES):
            page = await self.call_page(**filters)
            for view in page.calls:
                yield view
            if page.next is None:
                return
            filters["cursor"] = page.next

    async def cancel(self, call: str, *, idempotency_key: str | None = None) -> CallView:
        """Cancel a call before it is begun."""
        asking = changing(call_path(call, "cancel"), CallView, key=idempotency_key)
        return await self.ask(asking)

    async def reschedule(
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
        return await self.ask(changing(path, CallView, fields, key=idempotency_key))

    async def hang_up(self, call: str, *, idempotency_key: str | None = None) -> OrderDone:
        """End a call that has begun."""
        asking = changing(call_path(call, "hangup"), OrderDone, key=idempotency_key)
        return await self.ask(asking)

    async def control(
        self, call: str, order: str, *, idempotency_key: str | None = None, **fields: object
    ) -> OrderDone:
        """Have an order carried out: hold, mute, play, keys, transfer, record and the like, with
        the order's own fields (leg, text, number …)."""
        return await self.ask(ordering(call, order, fields, idempotency_key))

    async def add_party(
        self, call: str, number: str, *, idempotency_key: str | None = None
    ) -> CallView:
        """Dial a third party and join it."""
        path = call_path(call, "parties")
        return await self.ask(changing(path, CallView, {"number": number}, key=idempotency_key))

    # Events

    async def event_page(self, call: str, after: int = 0, wait_s: float = 0) -> EventPage:
        """The events after the one numbered `after`, waited for up to `wait_s`."""
        return await self.ask(events_of(call, after, wait_s))

    async def events(self, call: str, after: int = 0) -> AsyncIterator[EventView]:
        """The call's events after the one numbered `after`, as they happen, until the call has
        ended; a connection that is lost is made again. Raises ClientError."""
        reader = EventReader(after)
        lost = 0
        for _ in range(LIMIT_PAGES):
            before = reader.after
            try:
                async for event in self._stream(call, reader):
                    yield event
            except httpx.TransportError as error:
                lost = 0 if reader.after > before else lost + 1
                if lost >= LIMIT_TRIES:
                    raise unreachable(self._http.base_url, error) from error
                continue
            if reader.over or (
                reader.after == before and (await self.event_page(call, before)).final
            ):
                return
        raise ClientError(f"call {call} has no end", code="unintelligible")

    async def _stream(self, call: str, reader: EventReader) -> AsyncIterator[EventView]:
        resume = {"last-event-id": str(reader.after), "accept": "text/event-stream"}
        request = request_of(self._http, stream_of(call), self._credential, resume)
        request.extensions["timeout"] = {**request.extensions["timeout"], "read": STREAM_SILENCE_S}
        answer = await self._http.send(request, stream=True)
        try:
            if not answer.is_success:
                await answer.aread()
                read(answer, EventPage)
            async for octets in answer.aiter_bytes():
                for event in reader.feed(octets):
                    yield event
        finally:
            await answer.aclose()

    # Recordings

    async def recordings(self, call: str) -> list[RecordedView]:
        """The recordings of a call."""
        return (await self.ask(recordings_of(call))).recordings

    async def recording(self, recording: str) -> RecordedView:
        """One recording."""
        return await self.ask(of_recording(recording))

    async def recording_audio(self, recording: str) -> bytes:
        """The sound of a complete one: a WAV file."""
        path = recording_path(recording, "audio")
        answer = await self._send(Asking(method="GET", path=path, kind=RecordedView))
        if not answer.is_success:
            read(answer, RecordedView)
        return answer.content

    async def delete_recording(
        self, recording: str, *, idempotency_key: str | None = None
    ) -> RecordedView:
        """Remove one."""
        path = recording_path(recording)
        asking = changing(path, RecordedView, key=idempotency_key, method="DELETE")
        return await self.ask(asking)

    # What it costs, and what may still be asked for

    async def price(
        self, to: str, *, representative: str | None = None, minutes: float = 1.0
    ) -> PriceView:
        """What a call to a number would cost."""
        query = {"to": to, "representative": representative, "minutes": minutes}
        return await self.ask(reading("/v1/price", PriceView, query))

    async def balance(self) -> BalanceView:
        """What the business has, holds and has spent."""
        return await self.ask(reading("/v1/balance", BalanceView))

    async def limits(self) -> Limits:
        """How many calls may still be asked for."""
        return await self.ask(reading("/v1/limits", Limits))

    async def refusals(self, **filters: Unpack[RefusalFilters]) -> Refusals:
        """What was refused of late, and why."""
        return await self.ask(reading("/v1/refusals", Refusals, queried(filters)))

    # Pages

    async def page_token(
        self,
        page: str,
        *,
        origin: str | None = None,
        visitor: str | None = None,
        lifetime_s: int = LIFETIME_S,
    ) -> PageTokenView:
        """A token that lets a page ask for one call, for the server that serves the page."""
        return await self.ask(page_token(PageTokenWish(page, origin, visitor, lifetime_s)))

    # Anything

    async def health(self) -> Health:
        """Whether the server lives; asked without a proof."""
        asking = Asking(method="GET", path="/health", kind=Health, proof_in_message=True)
        return await self.ask(asking)

    async def ask(self, asking: Asking[_Answer]) -> _Answer:
        """Ask for anything that the API has. Raises ClientError."""
        return read(await self._send(asking), asking.kind)

    async def _send(self, asking: Asking[_Answer]) -> httpx.Response:
        repeatable = asking.method == "GET" or bool(asking.key)
        for tries_left in reversed(range(LIMIT_TRIES)):
            request = request_of(self._http, asking, self._credential)
            try:
                answer = await self._http.send(request)
            except httpx.TransportError as error:
                if never_arrived(error) or not repeatable or not tries_left:
                    raise unreachable(self._http.base_url, error) from error
                continue
            if not (repeatable and tries_left and is_to_be_repeated(answer)):
                return answer
            await asyncio.sleep(retry_after_s(answer) or 0)
        raise AssertionError("the last try returns or raises")
