"""When a voice process ticks and reads, and what it says to whom: on a loop that the test turns."""

import asyncio
from collections import deque
from collections.abc import Callable
from pathlib import Path

from calleq.media import protocol
from calleq.media.connection import Connection, VoiceProcess
from calleq.media.contract import Player, Prompt
from calleq.media.remote_players import RemotePlayers
from calleq.media.rtp.sockets import parse_range
from calleq.media.ticking import Ticker


class Handle:
    """A call that the loop is to make."""

    def __init__(self, call: Callable[[], object]) -> None:
        self.call: Callable[[], object] | None = call

    def cancel(self) -> None:
        self.call = None


class Turned:
    """A loop whose turns the test makes, and whose time it sets."""

    def __init__(self) -> None:
        self.now_us = 0
        self.soon: deque[Handle] = deque()
        self.later: list[tuple[int, Handle]] = []

    def call_soon(self, call: Callable[[], object], *args: object) -> Handle:
        self.soon.append(Handle(lambda: call(*args)))
        return self.soon[-1]

    def call_later(self, delay_s: float, call: Callable[[], object]) -> Handle:
        handle = Handle(call)
        self.later.append((self.now_us + round(delay_s * 1e6), handle))
        return handle

    def turn(self) -> None:
        """What was to be called in this turn; what that asks for belongs to the next."""
        for _ in range(len(self.soon)):
            handle = self.soon.popleft()
            if handle.call is not None:
                handle.call()

    def pass_us(self, us: int) -> None:
        """Let time pass, then do what is due, and all that follows at once."""
        self.now_us += us
        due = [handle for at_us, handle in self.later if at_us <= self.now_us]
        self.later = [each for each in self.later if each[0] > self.now_us]
        self.soon.extend(due)
        while self.soon:
            self.turn()


class Ticked:
    """A ticker, what it has done, and somebody who wants to be read."""

    def __init__(self, legs: bool) -> None:
        self.loop = Turned()
        self.legs = legs
        self.did: list[tuple[int, str]] = []
        self.takes_us = 0
        self.ticker = Ticker(
            self.loop,  # type: ignore[arg-type]
            lambda: self.loop.now_us,
            lambda: self.legs,
            self._tick,
        )
        self.ticker.start()

    def _tick(self) -> None:
        self.did.append((self.loop.now_us, "tick"))
        self.loop.now_us += self.takes_us

    def resume_reading(self) -> None:
        self.did.append((self.loop.now_us, "resumed"))
        self.loop.call_soon(lambda: self.loop.call_soon(self._read))  # the loop has to look first

    def _read(self) -> None:
        self.did.append((self.loop.now_us, "read"))


def test_ticks_are_at_the_edges_of_quarters_with_rtp_and_of_frames_without():
    scene = Ticked(legs=True)
    scene.loop.pass_us(0)
    for _ in range(4):
        scene.loop.pass_us(5_000)
    assert [at_us for at_us, _ in scene.did] == [0, 5_000, 10_000, 15_000, 20_000]
    scene.legs = False
    for _ in range(8):
        scene.loop.pass_us(5_000)
    assert [at_us for at_us, _ in scene.did[5:]] == [25_000, 40_000, 60_000]


def test_an_edge_that_went_by_in_a_long_tick_is_not_slept_through():
    scene = Ticked(legs=True)
    scene.takes_us = 7_000
    scene.loop.pass_us(0)
    scene.loop.pass_us(0)
    assert [at_us for at_us, _ in scene.did] == [0, 7_000]


def test_who_was_read_is_read_again_before_the_next_tick():
    scene = Ticked(legs=True)
    scene.loop.pass_us(0)
    assert scene.ticker.may_wait(scene)
    scene.loop.pass_us(4_000)
    assert scene.did == [(0, "tick")]
    scene.loop.pass_us(1_000)
    assert [what for _, what in scene.did] == ["tick", "resumed", "read", "tick"]


def test_without_rtp_and_after_the_end_nobody_has_to_wait():
    scene = Ticked(legs=False)
    scene.loop.pass_us(0)
    assert not scene.ticker.may_wait(scene)
    scene.legs = True
    scene.ticker.stop()
    assert not scene.ticker.may_wait(scene)
    scene.loop.pass_us(100_000)
    assert scene.did == [(0, "tick")]


class Written(asyncio.Transport):
    """What a connection says."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[list[protocol.Report]] = []
        self._reader = protocol.reports()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.writes.append(self._reader.receive(bytes(data)))

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return False


def test_reports_of_a_turn_leave_together_and_a_stopped_player_says_nothing(tmp_path: Path):
    async def scene() -> list[list[protocol.Report]]:
        loop = asyncio.get_running_loop()
        process = VoiceProcess(tmp_path, parse_range("127.0.0.1:30000-30099"), loop)
        connection, written = Connection(process), Written()
        connection.connection_made(written)
        tone = Prompt("tone", "440")
        asked: list[protocol.Request] = [
            protocol.Play(1, "ip-76", "a", tone),
            protocol.Play(2, "ip-76", "b", tone),
            protocol.Play(3, "ip-76", "b", tone),  # takes the place of the second
            protocol.Play(4, "ip-76", "c", Prompt("tone", "440", limit_us=20_000)),
            protocol.Stop("ip-76", "a"),
        ]
        connection.data_received(b"".join(map(protocol.framed, asked)))
        for frame in range(1, 5):
            process.voice.tick(frame)
        assert written.writes == []
        await asyncio.sleep(0)
        process.voice.stop("ip-76", "b")
        process.voice.tick(5)
        await asyncio.sleep(0)
        return written.writes

    writes = asyncio.run(scene())
    assert writes == [
        [protocol.Ended(2, "stopped"), protocol.Ended(4, "complete")],
        [protocol.Ended(3, "stopped")],
    ]


def test_an_element_is_told_at_once_that_its_player_has_stopped_and_only_once():
    loop = Turned()
    sent: list[protocol.Request] = []
    ended: list[tuple[str, str]] = []

    def send(request: protocol.Request) -> bool:
        sent.append(request)
        return True

    players = RemotePlayers(send, loop, 0.0)  # type: ignore[arg-type]
    for number, name in ((1, "a"), (2, "b"), (3, "b")):
        report = Player(lambda how, name=name: ended.append((name, how)))
        players.play(number, "ip-76", name, Prompt("music"), report)
    players.stop("ip-76", "a")
    players.stop("ip-76", "b")
    assert ended == []  # never from within the call
    loop.turn()
    assert ended == [("a", "stopped"), ("b", "stopped")]
    players.ended(3, "complete")  # it was on its way
    players.marked(1)
    players.ended(2, "stopped")  # the one whose place was taken
    assert ended == [("a", "stopped"), ("b", "stopped"), ("b", "stopped")]
    players.stop("ip-76", "a")
    assert sent[-1] == protocol.Stop("ip-76", "a")
    loop.turn()
    assert len(ended) == 3
