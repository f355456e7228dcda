"""Events of a call: a list, which may wait for news."""

import asyncio
from typing import Annotated

import msgspec
from starlette.responses import Response

from calleq.access_server.routes_calls import NOT_FOUND, recalled
from calleq.access_server.routing import READ_BUSINESS, Answer, Context, Route, answer
from calleq.door.door import Door
from calleq.intake import errors
from calleq.messages.answers import EventPage
from calleq.web.problems import ProblemError

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


async def get_events(asked: Context) -> Response:
    """The timeline, from a point on."""
    door, query = asked.services.door, asked.query_as(EventsQuery)
    call = await recalled(asked)
    page = door.events(call, asked.business, query.after)
    if page is not None and not page.events and not page.final and query.wait > 0:
        await news(door, call, query.wait)
        page = door.events(call, asked.business, query.after)
    if page is None:
        raise ProblemError(NOT_FOUND)
    return answer(page)


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
)
