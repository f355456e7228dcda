"""Both ends of a browser telephone: a switch that speaks SIP and plain RTP, and a page.

`FarEnd` is a registrar and a caller made of our own user agent, with a UDP socket for voice in
place of a gateway. `Page` is a page without a browser: a WebSocket and aiortc.
"""

import asyncio
import contextlib
import secrets
import struct
from collections.abc import AsyncIterator, Callable
from fractions import Fraction
from typing import cast

import av
import msgspec
import numpy as np
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from websockets.asyncio.client import ClientConnection, connect

from calleq.browser.configuration import BrowserLine, Configuration
from calleq.browser.messages import VERSION
from calleq.browser.service import Service, serving
from calleq.media.frames import FRAME_SAMPLES, SAMPLE_RATE_HZ
from calleq.media.g711 import Samples, decode, encode
from calleq.runtime.clock import LoopClock, Timer
from calleq.sip import events as sip
from calleq.sip.digest import shared_secret
from calleq.sip.fields import NameAddress
from calleq.sip.guard import Admission, Guard
from calleq.sip.message import Request
from calleq.sip.negotiation import Agreed, Local
from calleq.sip.transaction import Target
from calleq.sip.uri import SipUri
from calleq.sip.user_agent import UserAgent

NUMBER = "+12125550120"
PASSWORD = "customer-120"
DOMAIN = "ssp-62.calleq.example"
CALLER = "+12125550140"
LIMIT_S = 10.0
_HEADER = struct.Struct(">BBHII")


async def until(wanted: Callable[[], bool], what: str) -> None:
    """Wait for something that other tasks bring about."""
    try:
        async with asyncio.timeout(LIMIT_S):
            while not wanted():
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"waited {LIMIT_S:g} s for: {what}") from None


def tone(hertz: float, samples: int, start: int = 0) -> Samples:
    """A tone at 8 kHz."""
    at = np.arange(start, start + samples) / SAMPLE_RATE_HZ
    return (8_000 * np.sin(2 * np.pi * hertz * at)).astype(np.int16)


def strongest_hertz(samples: Samples) -> float:
    """Of what is loudest in them."""
    spectrum = np.abs(np.fft.rfft(samples.astype(np.float64)))
    return float(spectrum[1:].argmax() + 1) * SAMPLE_RATE_HZ / samples.size


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, received: Callable[[bytes, tuple[str, int]], None]) -> None:
        self._received = received

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._received(data, addr)


class FarEnd:
    """The switch of the line, as far as a browser sees it."""

    def __init__(self) -> None:
        self._clock = LoopClock(asyncio.get_running_loop())
        self._agent = UserAgent(
            contact=lambda _: f"sip:ssp-62@127.0.0.1:{self.port}",
            random=secrets.randbits,
            handed=frozenset(("REGISTER",)),
        )
        self._guard = Guard(DOMAIN, secrets.token_bytes(16), self._secret_of)
        self._timer: Timer | None = None
        self.port = 0
        self.contacts: list[str] = []
        """Of the line, now."""
        self.registrations = 0
        self.events: list[sip.Event] = []
        self.agreed: Agreed | None = None
        self.packets: list[bytes] = []
        self._speaking: asyncio.Task[None] | None = None

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls) -> AsyncIterator["FarEnd"]:
        far_end = cls()
        loop = asyncio.get_running_loop()
        signalling, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(far_end._received), ("127.0.0.1", 0)
        )
        voice, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(lambda data, _: far_end.packets.append(data)), ("127.0.0.1", 0)
        )
        far_end._signalling, far_end._voice = signalling, voice
        far_end.port = signalling.get_extra_info("sockname")[1]
        try:
            yield far_end
        finally:
            if far_end._speaking is not None:
                far_end._speaking.cancel()
            if far_end._timer is not None:
                far_end._timer.cancel()
            signalling.close()
            voice.close()

    def _secret_of(self, username: str, algorithm: str) -> str | None:
        if username != NUMBER[1:]:
            return None
        return shared_secret(algorithm, username, DOMAIN, PASSWORD)

    # Calls.

    def call(self, name: str = "ABC Company", number: str = CALLER) -> int:
        """Call the line where it is registered; the handle."""
        contact = self.contacts[-1]
        host, _, port = contact.rpartition("@")[2].partition(":")
        target = SipUri(host, contact.partition(":")[2].partition("@")[0], port=int(port))
        call = self._agent.invite(
            sip.Outgoing(
                target=target,
                to=NameAddress(target),
                caller=NameAddress(SipUri(DOMAIN, number), name),
                next_hop=Target(host, int(port)),
                local=self._local(),
            ),
            self._now_us(),
        )
        self._work()
        return call

    def hang_up(self, call: int) -> None:
        self._agent.hang_up(call, 16, self._now_us())
        self._work()

    def hold(self, call: int, on: bool) -> None:
        self._agent.hold(call, on, self._now_us())
        self._work()

    def happened(self, kind: type[sip.Event]) -> list[sip.Event]:
        return [event for event in self.events if isinstance(event, kind)]

    def _local(self) -> Local:
        return Local(1, 1, "127.0.0.1", self._voice.get_extra_info("sockname")[1])

    # Voice.

    def speak(self, hertz: float) -> None:
        """A tone, from now on."""
        self._speaking = asyncio.create_task(self._speak(hertz))

    async def _speak(self, hertz: float) -> None:
        loop = asyncio.get_running_loop()
        start_s, sent = loop.time(), 0
        while True:
            frame = encode(tone(hertz, FRAME_SAMPLES, sent * FRAME_SAMPLES))
            header = _HEADER.pack(0x80, 0, sent & 0xFFFF, sent * FRAME_SAMPLES, 77)
            self.send_voice(header + frame)
            sent += 1
            await asyncio.sleep(max(0.0, start_s + sent * 0.02 - loop.time()))

    def send_voice(self, packet: bytes) -> None:
        if self.agreed is not None:
            self._voice.sendto(packet, (self.agreed.address, self.agreed.port))

    def heard(self, payload: int = 0) -> list[bytes]:
        """Payloads of that type, in the order in which they came."""
        return [packet[12:] for packet in self.packets if packet[1] & 0x7F == payload]

    def heard_samples(self) -> Samples:
        return decode(b"".join(self.heard()))

    # Machinery.

    def _now_us(self) -> int:
        return self._clock.monotonic_us()

    def _received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._agent.receive(data, Target(*addr), self._now_us())
        self._work()

    def _timers(self) -> None:
        self._agent.handle_timers(self._now_us())
        self._work()

    def _work(self) -> None:
        while (event := self._agent.next_event()) is not None:
            self.events.append(event)
            match event:
                case sip.Requested(key=key, request=request):
                    self._register(key, request)
                case sip.Accepted(agreed=agreed) | sip.AgreedAgain(agreed=agreed):
                    self.agreed = agreed
                case _:
                    pass
        for target, octets in self._agent.data_to_send():
            self._signalling.sendto(octets, (target.host, target.port))
        if self._timer is not None:
            self._timer.cancel()
        due_us = self._agent.next_timer_us()
        if due_us is not None:
            self._timer = self._clock.call_later_us(max(0, due_us - self._now_us()), self._timers)

    def _register(self, key: tuple[str, ...], request: Request) -> None:
        now_us = self._now_us()
        line = request.first("authorization")
        verdict = self._guard.judge(line, "REGISTER", request.target, now_us)
        if verdict.admission is not Admission.GRANTED:
            fields = {"www-authenticate": self._guard.challenges(now_us)}
            self._agent.reply(key, 401, now_us, fields=fields)
            return
        self.registrations += 1
        (contact,) = request.addresses("contact")
        expires = contact.parameters.get("expires") or request.first("expires") or "300"
        self.contacts = [one for one in self.contacts if one != str(contact.uri)]
        if int(expires):
            self.contacts.append(str(contact.uri))
        fields = {"contact": [f"<{one}>;expires={expires}" for one in self.contacts]}
        self._agent.reply(key, 200, now_us, fields=fields)


class Microphone(MediaStreamTrack):
    kind = "audio"

    def __init__(self, hertz: float) -> None:
        super().__init__()
        self._hertz = hertz
        self._sent = 0
        self.frames = 0
        """That have left."""
        self._start_s = 0.0

    async def recv(self) -> av.AudioFrame:
        loop = asyncio.get_running_loop()
        self._start_s = self._start_s or loop.time()
        due_s = self._start_s + self._sent / SAMPLE_RATE_HZ
        await asyncio.sleep(max(0.0, due_s - loop.time()))
        samples = tone(self._hertz, FRAME_SAMPLES, self._sent)
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts = SAMPLE_RATE_HZ, self._sent
        frame.time_base = Fraction(1, SAMPLE_RATE_HZ)
        self._sent += FRAME_SAMPLES
        self.frames += 1
        return frame


class Page:
    """A page without a browser."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self.told: list[dict[str, object]] = []
        self._reading = asyncio.create_task(self._read())
        self._connection: RTCPeerConnection | None = None
        self._microphone: Microphone | None = None
        self._ear: asyncio.Task[None] | None = None
        self.frames: list[Samples] = []

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, service: Service, origin: str | None = None) -> AsyncIterator["Page"]:
        address = service.page.replace("http", "ws", 1) + "/signalling"
        async with connect(address, origin=origin or service.page) as socket:  # type: ignore[arg-type]
            page = cls(socket)
            try:
                yield page
            finally:
                page._reading.cancel()
                if page._ear is not None:
                    page._ear.cancel()
                if page._connection is not None:
                    await page._connection.close()

    async def _read(self) -> None:
        async for text in self._socket:
            self.told.append(msgspec.json.decode(text))

    async def say(self, **message: object) -> None:
        await self._socket.send(msgspec.json.encode(message).decode())

    async def send_text(self, text: str) -> None:
        await self._socket.send(text)

    async def hello(self, **changed: object) -> None:
        hello: dict[str, object] = {
            "version": VERSION,
            "number": NUMBER,
            "password": PASSWORD,
            "profile": {
                "browser": "Page 1",
                "operating_system": "None",
                "voip_routine": "WebRTC, G.711 PCMU",
                "user": "C. Stomer",
                "language": "en",
            },
        }
        await self.say(type="hello", **(hello | changed))

    async def until(self, kind: str, **wanted: object) -> dict[str, object]:
        """The last message of that type once one has come with those fields."""

        def found() -> list[dict[str, object]]:
            return [
                one
                for one in self.told
                if one["type"] == kind and all(one.get(k) == v for k, v in wanted.items())
            ]

        await until(lambda: bool(found()), f"{kind} {wanted}; told: {self.told}")
        return found()[-1]

    async def closed(self) -> int:
        """The code with which the other side closed."""
        await asyncio.wait_for(self._socket.wait_closed(), LIMIT_S)
        return cast(int, self._socket.close_code)

    async def drop(self) -> None:
        """Lose the connection without a word."""
        self._socket.transport.abort()
        await self._socket.wait_closed()

    async def offer(self, hertz: float = 1_000) -> str:
        """Make a peer connection that speaks a tone; its offer."""
        self._connection = connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._microphone = Microphone(hertz)
        connection.addTrack(self._microphone)
        connection.on("track", self._listen)
        await connection.setLocalDescription(await connection.createOffer())
        return cast(str, connection.localDescription.sdp)

    async def take(self, sdp: object) -> None:
        assert self._connection is not None
        await self._connection.setRemoteDescription(RTCSessionDescription(str(sdp), "answer"))

    async def answer(self, call: object, hertz: float = 1_000) -> None:
        """Answer a call, voice and all."""
        await self.say(type="answer", call=call, sdp=await self.offer(hertz))
        await self.take((await self.until("voice", call=call))["sdp"])
        await self.until("talking", call=call)

    async def speaks(self, frames: int) -> None:
        """Wait until so much more of its voice has left."""
        microphone = self._microphone
        assert microphone is not None
        enough = microphone.frames + frames
        await until(lambda: microphone.frames >= enough, "voice of the page")

    async def close_voice(self) -> None:
        """End the peer connection, and nothing else."""
        assert self._connection is not None
        await self._connection.close()

    def _listen(self, track: MediaStreamTrack) -> None:
        self._ear = asyncio.create_task(self._hear(track))

    async def _hear(self, track: MediaStreamTrack) -> None:
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                assert isinstance(frame, av.AudioFrame)
                self.frames.append(frame.to_ndarray()[0])

    def heard_samples(self) -> Samples:
        return np.concatenate(self.frames) if self.frames else np.zeros(0, dtype=np.int16)


def configuration(far_end: FarEnd) -> Configuration:
    """One line at that switch."""
    line = BrowserLine(
        number=NUMBER, registrar=f"127.0.0.1:{far_end.port}", password=PASSWORD, domain=DOMAIN
    )
    return Configuration(lines=(line,), listen="127.0.0.1:0", media_host="127.0.0.1")


@contextlib.asynccontextmanager
async def scene() -> AsyncIterator[tuple[FarEnd, Service]]:
    """A switch and a browser process for one line of it."""
    async with FarEnd.open() as far_end:
        clock = LoopClock(asyncio.get_running_loop())
        async with serving(configuration(far_end), clock) as service:
            yield far_end, service
