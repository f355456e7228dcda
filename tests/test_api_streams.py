"""Events of a call as they happen: numbered, resumed, bounded, kept alive."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from calleq.access_server import streams
from calleq.access_server.streams import KEEP_ALIVE, LIMIT_STREAMS_OF_ONE, EventStreams
from calleq.messages.answers import EventView
from calleq.web.problems import ProblemError
from tests.door import Door, basic


@pytest.fixture
def door() -> Door:
    return Door()


def read(text: str) -> list[tuple[int, str]]:
    """Sequence number and name of each event; the data says the same."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if line[:1] != ":")
        if "data" in fields:
            event = msgspec.json.decode(fields["data"], type=EventView)
            assert (str(event.sequence), event.event) == (fields["id"], fields["event"])
            found.append((event.sequence, event.event))
    return found


def test_a_call_that_is_over_is_told_whole_and_from_any_point(door: Door):
    call = door.place()
    door.happens(call, "dialled", "customer", 1, number="+12125550100")
    door.ends(call, "customer_busy", 17)
    path = f"/v1/calls/{call}/events/stream"
    whole = door.http().get(path, headers=basic())
    assert whole.headers["content-type"].startswith("text/event-stream")
    assert read(whole.text) == [(1, "accepted"), (2, "dialled"), (3, "ended")]
    again = door.http().get(path, headers={**basic(), "last-event-id": "2"})
    assert read(again.text) == [(3, "ended")]
    assert read(door.http().get(f"{path}?after=1", headers=basic()).text)[0] == (2, "dialled")
    assert door.http().head(path, headers=basic()).status_code == 200


@pytest.mark.parametrize("last", ["x", "-1", "12345678", "1.5", ""])
def test_a_last_event_that_is_none_is_refused(door: Door, last: str):
    call = door.place()
    headers = {**basic(), "last-event-id": last}
    answer = door.http().get(f"/v1/calls/{call}/events/stream", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_query")


def test_nobody_follows_the_call_of_another(door: Door):
    call = door.place()
    headers = basic("xyz", "xyz-demo")
    answer = door.http().get(f"/v1/calls/{call}/events/stream", headers=headers)
    assert answer.status_code == 404


def test_events_come_as_they_happen_and_the_stream_ends_with_the_call(door: Door):
    call = door.place()
    opened = EventStreams()

    async def followed() -> str:
        text = b""
        async for octets in opened.open(door.server, call, "abc", 0):
            text += octets
            if b"accepted" in octets:
                asyncio.get_running_loop().call_soon(
                    lambda: door.happens(call, "dialled", "customer", 1, number="+12125550100")
                )
            if b"dialled" in octets:
                assert opened.count == 1
                asyncio.get_running_loop().call_soon(lambda: door.ends(call))
        return text.decode()

    text = asyncio.run(asyncio.wait_for(followed(), 10))
    assert read(text) == [(1, "accepted"), (2, "dialled"), (3, "ended")]
    assert opened.count == 0


def test_a_stream_is_kept_alive_and_is_cut_after_its_time(
    door: Door, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(streams, "KEEP_ALIVE_S", 0.001)
    monkeypatch.setattr(streams, "LIMIT_S", 0.2)
    call = door.place()

    async def followed() -> list[bytes]:
        return [octets async for octets in EventStreams().open(door.server, call, "abc", 1)]

    assert KEEP_ALIVE in asyncio.run(asyncio.wait_for(followed(), 10))


def test_streams_are_bounded_for_each_business(door: Door):
    call = door.place()
    opened = EventStreams()

    async def first(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        await anext(stream)
        return stream

    async def many() -> None:
        kept = [
            await first(opened.open(door.server, call, "abc", 0))
            for _ in range(LIMIT_STREAMS_OF_ONE)
        ]
        with pytest.raises(ProblemError) as refused:
            opened.open(door.server, call, "abc", 0)
        assert refused.value.problem.code == "too_many_streams"
        await first(opened.open(door.server, call, "xyz", 0))
        for stream in kept:
            await stream.aclose()  # type: ignore[attr-defined]
        assert opened.count == 1

    asyncio.run(many())
