"""The voice process: `python -m calleq.media --listen 127.0.0.1:PORT` (or `--unix PATH`).

It ticks a `TickedVoice` every 20 ms of the monotonic clock and lets any number of elements'
processes command it over a local socket. It prints `ready ADDRESS` when it listens (port 0 takes a
free port), and ends on SIGTERM, on SIGINT, or when its parent closes the pipe on its standard
input (`calleq run voice` has no such parent). What a connection has fed, played and listened to
ends with the connection.

Refuses: an address that is not loopback (voice is commanded by this machine alone); more than
`MAX_CONNECTIONS`. A peer that breaks the protocol, or does not read, is disconnected; a request
that the plane refuses is answered `Refused`.
"""

import argparse
import asyncio
import contextlib
import os
import secrets
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import TextIO, assert_never

from calleq.media import protocol
from calleq.media.contract import Played, Player, Prompt, Verdict
from calleq.media.frames import FRAME_US
from calleq.media.graph import VoiceError, Voices
from calleq.media.legs import Legs
from calleq.media.music import hold_music
from calleq.media.port_service import Claimed, PortService
from calleq.media.port_sockets import (
    DEFAULT_RANGE,
    MAX_PAIRS,
    PortRange,
    allow_files,
    overlaps_ephemeral,
    parse_range,
)
from calleq.media.prompts import SpokenPrompts
from calleq.media.recognise import is_installed
from calleq.media.recorder import RECORDINGS, RecordingEnd
from calleq.media.sounds import make_mouths
from calleq.media.taping import ThreadScribe
from calleq.media.ticked import TickedVoice
from calleq.media.understanding import Understanding

MAX_CONNECTIONS = 64
SPARE_FILES = 256
DEFAULT_CACHE = Path("calleq-data") / "prompts"
DEFAULT_RECORDINGS = Path("calleq-data") / RECORDINGS


Claim = tuple[str, str, str]
"""`feed`, `hear`, `play` or `tape`; the element; the wire, player or recording."""


class VoiceProcess:
    """The plane, its ticks and the connections to it."""

    def __init__(
        self,
        cache_dir: Path,
        ports: PortRange,
        loop: asyncio.AbstractEventLoop,
        recordings: Path | None = None,
    ) -> None:
        self.prompts = SpokenPrompts(cache_dir)
        self.scribe = ThreadScribe(loop.call_soon_threadsafe)
        self.understanding = Understanding(loop)
        understand = self.understanding.ask if is_installed() else None
        self.voice = TickedVoice(self.prompts, self._fetch, recordings, self.scribe, understand)
        self.legs = Legs(self.voice, secrets.randbits)
        self.ports = PortService(self.legs, ports, loop)
        self.connections: set[Connection] = set()
        self.owners: dict[Claim, Connection] = {}
        """Who asked last: an element that came back is not silenced by its past."""
        self._loop = loop
        self._start_us = time.monotonic_ns() // 1_000
        self._tasks: set[asyncio.Task[None]] = set()

    async def run_ticks(self) -> None:
        """Tick at the edge of every frame, until cancelled."""
        while True:
            elapsed_us = time.monotonic_ns() // 1_000 - self._start_us
            frame = elapsed_us // FRAME_US
            self.legs.receive()
            self.legs.begin_frame()
            self.voice.tick(frame)
            self.legs.send_frame(frame)
            elapsed_us = time.monotonic_ns() // 1_000 - self._start_us
            await asyncio.sleep((FRAME_US - elapsed_us % FRAME_US) / 1e6)

    def spawn(self, coroutine: "asyncio._CoroutineLike[None]") -> None:
        """Run something beside the ticks."""
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _fetch(self, prompt: Prompt, come: Callable[[], object]) -> None:
        async def fetch() -> None:
            if prompt.kind == "recording":
                await asyncio.to_thread(self.voice.load, prompt)
            await self.prepare(prompt)
            come()

        self.spawn(fetch())

    async def prepare(self, *prompts: Prompt) -> None:
        """Have everything synthesised that is spoken in these."""
        spoken = [part for prompt in prompts for part in self.voice.spoken(prompt)]
        await asyncio.gather(*(self.prompts.prepare(part) for part in spoken))

    def end_recordings(self) -> None:
        """Complete what is being recorded; returns when it is safe."""
        self.voice.stop_recordings()
        self.scribe.close()

    def frame_of_utc(self, at_us: int) -> int:
        """The frame that was heard at an instant (UTC), by the clocks as they stand now."""
        ago_us = time.time_ns() // 1_000 - at_us
        return (time.monotonic_ns() // 1_000 - ago_us - self._start_us) // FRAME_US

    def utc_of_frame(self, frame: int) -> int:
        """When a frame began to be heard (UTC microseconds)."""
        ago_us = time.monotonic_ns() // 1_000 - (self._start_us + frame * FRAME_US)
        return time.time_ns() // 1_000 - ago_us


class Connection(asyncio.Protocol):
    """One element's process."""

    def __init__(self, process: VoiceProcess) -> None:
        self._process = process
        self._voice = process.voice
        self._frames = protocol.requests()
        self._transport: asyncio.Transport | None = None
        self._claims: set[Claim] = set()
        self._playing: dict[Claim, int] = {}
        self._claimed = Claimed(self._say)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        if len(self._process.connections) >= MAX_CONNECTIONS:
            transport.abort()
            return
        self._process.connections.add(self)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._process.connections.discard(self)
        self._process.ports.lost(self._claimed)
        for claim in self._claims:
            if self._process.owners.get(claim) is self:
                del self._process.owners[claim]
                self._end(*claim)

    def _end(self, what: str, element: str, name: str) -> None:
        match what:
            case "feed":
                self._voice.feed(element, name, ())
            case "hear":
                self._voice.graph.end(element, name).listener = None
            case "tape":
                self._voice.stop_recording(element, name)
            case _:
                self._voice.stop(element, name)

    def _claim(self, claim: Claim) -> None:
        self._claims.add(claim)
        self._process.owners[claim] = self

    def _disclaim(self, claim: Claim) -> None:
        self._claims.discard(claim)
        if self._process.owners.get(claim) is self:
            del self._process.owners[claim]

    def data_received(self, data: bytes) -> None:
        try:
            for request in self._frames.receive(data):
                self._serve(request)
        except protocol.ProtocolError as error:
            sys.stderr.write(f"voice: a peer was disconnected: {error}\n")
            if self._transport is not None:
                self._transport.abort()

    def _serve(self, request: protocol.Request) -> None:
        try:
            self._do(request)
        except VoiceError as error:
            self._say(protocol.Refused(str(error)))

    def _do(self, request: protocol.Request) -> None:
        voice = self._voice
        match request:
            case protocol.Feed(element, wire, sources):
                voice.feed(element, wire, sources)
                (self._claim if sources else self._disclaim)(("feed", element, wire))
            case protocol.Play():
                self._play(request)
            case protocol.Stop(element, player):
                voice.stop(element, player)
            case protocol.Detect(number, element, wire, limit_us):
                voice.detect(element, wire, limit_us, partial(self._judged, number))
            case protocol.NextKey(number, element, wire, limit_us):
                voice.next_key(element, wire, limit_us, partial(self._pressed, number))
            case protocol.ListenFor(number, element, wire, words, limit_us):
                voice.listen_for(element, wire, words, limit_us, partial(self._said, number))
            case protocol.Hear(number, element, wire):
                self._claim(("hear", element, wire))
                voice.hear(element, wire, partial(self._heard, number))
            case protocol.Supply(key, octets):
                voice.supply(key, octets)
            case protocol.Prepare():
                self._process.spawn(self._prepare(request))
            case protocol.StartRecording(number, element, recording):
                self._claim(("tape", element, recording))
                over = partial(self._recording_over, number, element, recording)
                voice.start_recording(element, recording, over)
            case protocol.StopRecording(element, recording):
                voice.stop_recording(element, recording)
            case protocol.Record(element, wire):
                voice.record(element, wire)
            case protocol.FetchRecording():
                self._fetch_recording(request)
            case protocol.ClearRecording(element, wire):
                ear = voice.ear(element, wire)
                if ear is not None:
                    ear.clear()
            case protocol.BindPorts():
                self._process.ports.bind(self._claimed, request)
            case protocol.TakePort():
                self._process.ports.take(self._claimed, request)
            case protocol.PlanPort():
                self._process.ports.plan(self._claimed, request)
            case protocol.ClosePort():
                self._process.ports.close(self._claimed, request)
            case _:
                assert_never(request)

    def _play(self, request: protocol.Play) -> None:
        claim = ("play", request.element, request.player)

        def ended(how: Played) -> None:
            if self._playing.get(claim) == request.number:
                del self._playing[claim]
                self._disclaim(claim)
            self._say(protocol.Ended(request.number, how))

        def marked() -> None:
            self._say(protocol.Marked(request.number))

        self._playing[claim] = request.number
        self._claim(claim)
        try:
            self._voice.play(request.element, request.player, request.prompt, Player(ended, marked))
        except VoiceError:
            ended("failed")

    def _recording_over(self, number: int, element: str, recording: str, end: RecordingEnd) -> None:
        self._disclaim(("tape", element, recording))
        self._say(protocol.RecordingOver(number, end))

    def _judged(self, number: int, verdict: Verdict) -> None:
        self._say(protocol.Judged(number, verdict))

    def _pressed(self, number: int, key: str) -> None:
        self._say(protocol.Pressed(number, key))

    def _said(self, number: int, word: str) -> None:
        self._say(protocol.Said(number, word))

    def _heard(self, number: int, voices: Voices) -> None:
        self._say(protocol.Heard(number, tuple(sorted(voices))))

    async def _prepare(self, request: protocol.Prepare) -> None:
        process = self._process
        prompts = request.prompts[: protocol.MAX_PREPARED_PROMPTS]
        understands = self._voice.understands()
        notice = process.understanding.notice if request.words else ""
        if request.words and understands:
            process.understanding.begin()
        await process.prepare(*prompts)
        told = process.prompts.notice or notice
        self._say(protocol.Prepared(request.number, told, understands))

    def _fetch_recording(self, request: protocol.FetchRecording) -> None:
        process, voice = self._process, self._voice
        ear = voice.ear(request.element, request.wire)
        first_frame, octets = voice.next_frame, b""
        if ear is not None:
            since = process.frame_of_utc(request.since_us) if request.since_us else 0
            first_frame, octets = ear.since(since, voice.next_frame)
        from_us = process.utc_of_frame(first_frame)
        self._say(protocol.Recorded(request.number, from_us, octets, voice.missed_frames))

    def _say(self, report: protocol.Report) -> None:
        transport = self._transport
        if transport is None:
            return
        transport.write(protocol.framed(report))
        if transport.get_write_buffer_size() > protocol.MAX_UNREAD_OCTETS:
            transport.abort()


class _ParentWatch(asyncio.Protocol):
    """Ends the process when the pipe on its standard input is closed."""

    def __init__(self, ended: asyncio.Event) -> None:
        self._ended = ended

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended.set()


def loopback(address: str) -> tuple[str, int]:
    """HOST:PORT of this machine. Raises ValueError for anything else."""
    host, _, port = address.rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) < 65_536):
        raise ValueError(f"--listen {address}: expected HOST:PORT")
    try:
        local = ip_address(host.strip("[]")).is_loopback
    except ValueError:
        local = False
    if not local:
        raise ValueError(
            f"--listen {address}: only a loopback address, such as 127.0.0.1, is served"
        )
    return host.strip("[]"), int(port)


async def serve(
    listen: str | None,
    unix: str | None,
    cache_dir: Path,
    *,
    rtp: str = DEFAULT_RANGE,
    say_ready: Callable[[str], object],
    with_parent: bool,
    recordings: Path | None = None,
) -> None:
    """Run the voice process until it is told to end; `say_ready` is told where it listens.

    `with_parent`: a pipe on standard input that closes ends it too. Raises ValueError for an
    address that is not served, OSError when it cannot be listened on.
    """
    loop = asyncio.get_running_loop()
    ports = parse_range(rtp)
    if overlaps_ephemeral(ports):
        sys.stderr.write(f"voice: the kernel gives ports of {rtp} to any program that asks\n")
    allow_files(2 * MAX_PAIRS + SPARE_FILES)
    hold_music()  # made before the first caller holds
    # Beside the ticks: made within one, it would be a gap of a tenth of a second in every call.
    threading.Thread(target=make_mouths, daemon=True).start()
    process = VoiceProcess(cache_dir, ports, loop, recordings)
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    if with_parent and _is_pipe(sys.stdin):
        await loop.connect_read_pipe(lambda: _ParentWatch(ended), sys.stdin)

    def connection() -> Connection:
        return Connection(process)

    if unix is not None:
        server = await loop.create_unix_server(connection, unix)
        address = f"unix:{unix}"
    else:
        host, port = loopback(listen or "127.0.0.1:0")
        server = await loop.create_server(connection, host, port)
        address = "{}:{}".format(*server.sockets[0].getsockname()[:2])
    ticks = loop.create_task(process.run_ticks())
    say_ready(address)
    await ended.wait()
    ticks.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await ticks
    server.close()
    process.ports.stop()
    process.end_recordings()
    await process.understanding.close()
    if unix is not None:
        Path(unix).unlink(missing_ok=True)


def _is_pipe(file: TextIO | None) -> bool:
    """Whether the far end of a standard file can be seen to close; None: it was never open."""
    if file is None:
        return False
    mode = os.fstat(file.fileno()).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def _print_ready(address: str) -> None:
    sys.stdout.write(f"ready {address}\n")
    sys.stdout.flush()


def main(arguments: list[str] | None = None) -> int:
    """The command; 2 for wrong use."""
    parser = argparse.ArgumentParser(
        prog="python -m calleq.media",
        description="The voice process of a calleq network.",
        epilog="example: python -m calleq.media --listen 127.0.0.1:8076",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--listen", metavar="HOST:PORT", help="a loopback address; port 0: any")
    where.add_argument("--unix", metavar="PATH", help="a socket in the file system")
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="where prompts are kept")
    parser.add_argument(
        "--rtp", metavar="HOST:FIRST-LAST", default=DEFAULT_RANGE, help="where RTP is received"
    )
    parser.add_argument(
        "--recordings", type=Path, default=DEFAULT_RECORDINGS, help="where calls are recorded"
    )
    given = parser.parse_args(arguments)
    serving = serve(
        given.listen,
        given.unix,
        given.cache,
        rtp=given.rtp,
        say_ready=_print_ready,
        with_parent=True,
        recordings=given.recordings,
    )
    try:
        asyncio.run(serving)
    except ValueError as error:
        parser.error(str(error))
    except OSError as error:
        sys.stderr.write(f"voice: cannot listen: {error.strerror}\n")
        return 1
    return 0
