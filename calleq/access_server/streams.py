"""Events of a call as they happen: server-sent events (the HTML standard, 9.2).

Each event carries its sequence number as `id`; a reader that was cut off comes again with
`Last-Event-ID` and misses nothing. The stream ends after the event that ends the call, or after
`LIMIT_S`, whatever goes on: the reader comes again. While nothing happens a comment is sent every
`KEEP_ALIVE_S`, so that whoever stands between does not take the connection for dead.

At most `LIMIT_STREAMS` at once, `LIMIT_STREAMS_OF_ONE` of them by one business; more are told to
come again.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import msgspec

from calleq.door.door import Door
from calleq.intake import errors
from calleq.messages.answers import EventView
from calleq.web.problems import ProblemDetail, ProblemError

KEEP_ALIVE_S = 15.0
LIMIT_S = 3_600.0
LIMIT_STREAMS = 500
LIMIT_STREAMS_OF_ONE = 50
KEEP_ALIVE = b": nothing new\n\n"

TOO_MANY = ProblemDetail(
    status=429,
    code="too_many_streams",
    title="Too many streams",
    detail=f"at most {LIMIT_STREAMS_OF_ONE} streams of events are open at once: close one",
    retry_after_s=5,
)

_encode = msgspec.json.Encoder().encode


class EventStreams:
    """The open streams of one surface."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    def open(self, door: Door, call: str, business: str | None, after: int) -> AsyncIterator[bytes]:
        """The stream of a call that was found; ProblemError when there are too many."""
        who = business or ""
        if self._open.total() >= LIMIT_STREAMS:
            raise ProblemError(errors.BUSY)
        if self._open[who] >= LIMIT_STREAMS_OF_ONE:
            raise ProblemError(TOO_MANY)
        return self._counted(door, who, call, business, after)

    @property
    def count(self) -> int:
        """How many are open."""
        return self._open.total()

    async def _counted(
        self, door: Door, who: str, call: str, business: str | None, after: int
    ) -> AsyncIterator[bytes]:
        self._open[who] += 1
        try:
            async with asyncio.timeout(LIMIT_S):
                async for octets in self._octets(door, call, business, after):
                    yield octets
        except TimeoutError:
            return
        finally:
            self._open[who] -= 1
            if not self._open[who]:
                del self._open[who]

    async def _octets(
        self, door: Door, call: str, business: str | None, after: int
    ) -> AsyncIterator[bytes]:
        yield b"retry: 1000\n\n"
        while True:
            page = door.events(call, business, after)
            if page is None:
                return  # forgotten meanwhile; it is recalled for whoever comes again
            for event in page.events:
                after = event.sequence
                yield _event(event)
            if page.final:
                return
            if not page.events and not await _news(door, call):
                yield KEEP_ALIVE


async def _news(door: Door, call: str) -> bool:
    """Wait for the call's next event; False when none came for a while."""
    happened = asyncio.Event()
    forget = door.watch(call, happened.set)
    try:
        async with asyncio.timeout(KEEP_ALIVE_S):
            await happened.wait()
    except TimeoutError:
        return False
    finally:
        if forget is not None:
            forget()
    return True


def _event(event: EventView) -> bytes:
    data = _encode(event)  # JSON: no line ends in it
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.sequence, event.event.encode(), data)
