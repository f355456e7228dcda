"""Ports without a voice process: legs on a plane that the test ticks, with sockets of its own.

Far ends are sockets of 127.0.0.1 too. Time is what the test says: a packet that was sent is there
when the next `step` looks.
"""

import itertools
import pathlib
import socket
from collections.abc import Callable

import numpy as np

from calleq.media.frames import FRAME_SAMPLES, FRAME_US
from calleq.media.g711 import Samples, decode, encode
from calleq.media.ports import PortEvent, PortPlan
from calleq.media.prompts import NominalPrompts
from calleq.media.rtp.leg import Leg
from calleq.media.rtp.legs import LegSet
from calleq.media.rtp.packet import header, parse
from calleq.media.rtp.sockets import bind_pair
from calleq.media.ticked import TickedVoice

HOST = "127.0.0.1"
STEP_US = FRAME_US // 4
_numbers = itertools.count(15_000, 2)


class FarEnd:
    """What a leg is connected to."""

    def __init__(self, source: int = 7) -> None:
        pair = None
        while pair is None:
            pair = bind_pair(HOST, next(_numbers))
        self.socket, self._rtcp = pair.rtp, pair.rtcp
        self.port = pair.port
        self.source = source
        self.sequence = 65_530
        self.timestamp = 0xFFFF_FF00
        """Both wrap soon."""
        self.kind = 0

    def say(self, leg: Leg, octets: bytes, marker: bool = False) -> None:
        """Send voice as the next packet of the stream."""
        self.send(leg, self.packet(octets, marker))
        self.skip(len(octets))

    def packet(self, octets: bytes, marker: bool = False) -> bytes:
        """The next packet of the stream, with this voice."""
        kind = self.kind | (0x80 if marker else 0)
        return header(kind, self.sequence, self.timestamp, self.source) + octets

    def skip(self, samples: int = FRAME_SAMPLES) -> None:
        """Count a packet that is not sent, or was."""
        self.sequence += 1
        self.timestamp += samples

    def send(self, leg: Leg, packet: bytes) -> None:
        """Send octets to a leg's port."""
        self.socket.sendto(packet, (HOST, leg.pair.port))

    def report(self, leg: Leg, octets: bytes) -> None:
        """Send RTCP to a leg."""
        self._rtcp.sendto(octets, (HOST, leg.pair.port + 1))

    def reports(self) -> list[bytes]:
        """RTCP that has come since the last look."""
        return _waiting(self._rtcp)

    def close(self) -> None:
        """Its sockets."""
        self.socket.close()
        self._rtcp.close()

    def packets(self) -> list[bytes]:
        """What has come since the last look."""
        return _waiting(self.socket)

    def heard(self) -> Samples:
        """Its voice."""
        octets = b"".join(parse(packet).payload for packet in self.packets())
        return decode(octets)


def _waiting(source: socket.socket) -> list[bytes]:
    found = []
    while True:
        try:
            found.append(source.recv(2_048))
        except BlockingIOError:
            return found


class Plane:
    """A voice plane and its legs, ticked by the test."""

    def __init__(self, recordings: pathlib.Path | None = None) -> None:
        self.now_us = 0
        self.voice = TickedVoice(NominalPrompts(), recordings=recordings)
        bits = itertools.count(1_000)
        self.legs = LegSet(self.voice, lambda _: next(bits), self._now_us, self._now_us)
        self.events: list[tuple[str, PortEvent]] = []
        self._opened: list[tuple[Leg, FarEnd]] = []

    def leg(
        self, element: str, wire: str, plan: bool = True, codec: str = "PCMU"
    ) -> tuple[Leg, FarEnd]:
        """A port at an end, planned towards a far end of its own."""
        pair = None
        while pair is None:
            pair = bind_pair(HOST, next(_numbers))
        leg = self.legs.take(pair, element, wire, lambda event: self.events.append((wire, event)))
        assert leg is not None
        far = FarEnd(source=100 + leg.number)
        self._opened.append((leg, far))
        if plan:
            far.kind = 8 if codec == "PCMA" else 0
            self.legs.plan(
                leg, PortPlan(HOST, far.port, "PCMA" if codec == "PCMA" else "PCMU", far.kind)
            )
        return leg, far

    def _now_us(self) -> int:
        return self.now_us

    def step(self, us: int = STEP_US) -> None:
        """Let time go on to the next tick of a phase, and do what is due."""
        self.now_us += us
        self.legs.step()
        frame = self.now_us // FRAME_US
        if frame >= self.voice.next_frame:
            self.voice.tick(frame)

    def frames(self, count: int, before: Callable[[], object] | None = None) -> None:
        """Whole frames, four steps each."""
        for _ in range(count):
            if before is not None:
                before()
            for _ in range(4):
                self.step()

    def close(self) -> None:
        for leg, far in self._opened:
            leg.pair.close()
            far.close()


def speech(seed: int, frames: int) -> Samples:
    """Something as rich as speech, on the grid of mu-law."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 3_000, frames * FRAME_SAMPLES)
    smooth = np.convolve(noise, np.ones(6) / 6, mode="same")
    return decode(encode(smooth.astype(np.int16)))
