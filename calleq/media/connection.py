"""The connections to a voice process: what each asks for is done by the plane and its ports.

What a connection has fed, played and listened to ends with the connection, and so do its ports.
More than `MAX_CONNECTIONS` are refused. A peer that breaks the protocol, or does not read, is
disconnected; a request that the plane refuses is answered `Refused`.
"""

import asyncio
import gc
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import assert_never

import msgspec

from calleq.media import mouths, protocol
from calleq.media.contract import Played, Player, Prompt, Verdict
from calleq.media.frames import FRAME_US
from calleq.media.graph import VoiceError, Voices
from calleq.media.ports import Tally
from calleq.media.prompts import SpokenPrompts
from calleq.media.recognise import is_installed
from calleq.media.recorder import RecordingEnd
from calleq.media.rtp.legs import LegSet
from calleq.media.rtp.service import Claimed, PortService
from calleq.media.rtp.sockets import PortRange
from calleq.media.taping import ThreadScribe
from calleq.media.ticked import TickedVoice
from calleq.media.ticking import Ticker
from calleq.media.understanding import Understanding
from calleq.runtime.draws import SystemDraws
from calleq.runtime.garbage import look_seldom

MAX_CONNECTIONS = 64

Claim = tuple[str, str, str]
"""`feed`, `hear`, `play` or `tape`; the element; the wire, player or recording."""


def _utc_us() -> int:
    return time.time_ns() // 1_000


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
        self.ready = False
        self._cache_dir = cache_dir
        self._start_us = time.monotonic_ns() // 1_000
        self.scribe = ThreadScribe(loop.call_soon_threadsafe)
        self.understanding = Understanding(loop)
        understand = self.understanding.ask if is_installed() else None
        self.voice = TickedVoice(self.prompts, self._fetch, recordings, self.scribe, understand)
        self.legs = LegSet(self.voice, SystemDraws().bits, self.now_us, _utc_us)
        self.ports = PortService(self.legs, ports, loop)
        self.connections: set[Connection] = set()
        self.owners: dict[Claim, Connection] = {}
        """Who asked last: an element that came back is not silenced by its past."""
        self._loop = loop
        self.ticker = Ticker(loop, self.now_us, self._has_legs, self._tick)
        self._tasks: set[asyncio.Task[None]] = set()

    async def make_ready(self) -> None:
        """Have ready what is made beside the first calls; then nothing of it is ever garbage."""
        await mouths.have(self._cache_dir)
        gc.collect()
        look_seldom()
        self.ready = True

    def now_us(self) -> int:
        """Since the beginning of frame 0."""
        return time.monotonic_ns() // 1_000 - self._start_us

    def _has_legs(self) -> bool:
        return len(self.legs) > 0

    def _tick(self) -> None:
        if self.legs:
            self.legs.step()
        frame = self.now_us() // FRAME_US
        if frame >= self.voice.next_frame:
            self.voice.tick(frame)

    def soon(self, call: Callable[[], object]) -> None:
        """Call it in the next turn of the loop."""
        self._loop.call_soon(call)

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

    def tally(self) -> Tally:
        """What was done with all ports."""
        return msgspec.structs.replace(self.legs.tally(), ready=self.ready)

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
        self._hushed: set[int] = set()
        """Players that were told to stop: nobody waits to hear that they have."""
        self._unsent: list[bytes] = []
        """Reports of this turn of the loop."""
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
            return
        if self._transport is not None and self._process.ticker.may_wait(self):
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read on."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

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
                number = self._playing.get(("play", element, player))
                if number is not None:
                    self._hushed.add(number)
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
            case protocol.AskTalkers(number):
                talkers = tuple(self._process.legs.speaking())
                self._say(protocol.TalkersTold(number, talkers))
            case protocol.AskTally(number):
                self._say(protocol.Told(number, self._process.tally()))
            case _:
                assert_never(request)

    def _play(self, request: protocol.Play) -> None:
        claim = ("play", request.element, request.player)

        def ended(how: Played) -> None:
            if self._playing.get(claim) == request.number:
                del self._playing[claim]
                self._disclaim(claim)
            if request.number in self._hushed:
                self._hushed.discard(request.number)
            else:
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
        if self._transport is None:
            return
        if not self._unsent:
            self._process.soon(self._flush)
        self._unsent.append(protocol.framed(report))

    def _flush(self) -> None:
        """Everything that one turn of the loop has to say, at once."""
        octets = b"".join(self._unsent)
        self._unsent.clear()
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        transport.write(octets)
        if transport.get_write_buffer_size() > protocol.MAX_UNREAD_OCTETS:
            transport.abort()
