"""Events of a call: a list, which may wait for news, and a stream of them as they happen."""

import asyncio
import re
from typing import Annotated

import msgspec
from starlette.responses import Response, StreamingResponse

from calleq.access_server.reading import invalid_query
from calleq.access_server.routes_calls import recalled
from calleq.access_server.routing import READ_BUSINESS, Answer, Context, Route, answer
from calleq.access_server.streams import EventStreams
from calleq.door.door import Door
from calleq.door.problems import NOT_FOUND
from calleq.intake import errors
from calleq.messages.answers import EventPage
from calleq.web.problems import ProblemError

EVENT_STREAM = "text/event-stream"
LIMIT_WAIT_S = 30.0
"""How long a reader may wait for an event."""
LIMIT_AFTER = 1_000_000


class EventsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which events of a call."""

    after: Annotated[
        int,
        msgspec.Meta(
            ge=0, le=LIMIT_AFTER, description="Only events with a greater sequence number."
        ),
    ] = 0
    wait: Annotated[
        float,
        msgspec.Meta(
            ge=0, le=LIMIT_WAIT_S, description="Seconds to wait for one, when there is none yet."
        ),
    ] = 0


class StreamQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From where the stream begins."""

    after: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            le=LIMIT_AFTER,
            description="Only events with a greater sequence number; Last-Event-ID goes before it.",
        ),
    ] = 0


async def get_events(asked: Context) -> Response:
    """The timeline, from a point on."""
    query = asked.query_as(EventsQuery)
    door, call = await recalled(asked)
    page = door.events(call, asked.business, query.after)
    if page is not None and not page.events and not page.final and query.wait > 0:
        await news(door, call, query.wait)
        page = door.events(call, asked.business, query.after)
    if page is None:
        raise ProblemError(NOT_FOUND)
    return answer(page)


async def stream_events(asked: Context) -> Response:
    """The timeline as it happens."""
    after = asked.query_as(StreamQuery).after
    last = asked.request.headers.get("last-event-id")
    if last is not None:
        if not re.fullmatch("[0-9]{1,7}", last):
            raise invalid_query("Last-Event-ID is the id of an event: a whole number")
        after = int(last)
    door, call = await recalled(asked)
    if door.call(call, asked.business) is None:
        raise ProblemError(NOT_FOUND)
    streams = asked.services.the(EventStreams)
    if asked.request.method == "HEAD":
        return Response(media_type=EVENT_STREAM)
    return StreamingResponse(
        streams.open(door, call, asked.business, after), media_type=EVENT_STREAM
    )


async def news(door: Door, call: str, wait_s: float) -> None:
    """Return at the call's next event, or after `wait_s`; ProblemError 503 when too many wait."""
    happened = asyncio.Event()
    forget = door.watch(call, happened.set)
    if forget is None:
        raise ProblemError(errors.BUSY)
    try:
        async with asyncio.timeout(wait_s):
            await happened.wait()
    except TimeoutError:
        pass
    finally:
        forget()


ROUTES = (
    Route(
        method="GET",
        path="/v1/calls/{call}/events",
        name="getCallEvents",
        handler=get_events,
        policy=READ_BUSINESS,
        query=EventsQuery,
        summary="The timeline of a call; waits for news if asked to.",
        answers={200: Answer("Events, possibly none.", EventPage)},
    ),
    Route(
        method="GET",
        path="/v1/calls/{call}/events/stream",
        name="streamCallEvents",
        handler=stream_events,
        policy=READ_BUSINESS,
        query=StreamQuery,
        summary="The timeline of a call as it happens: server-sent events, until it has ended.",
        description="Come again with Last-Event-ID where the connection was lost; each event's"
        " data is an EventView.",
        answers={200: Answer("Events, one by one.", media_type=EVENT_STREAM)},
    ),
)
