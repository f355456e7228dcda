"""RTP at the ends of wires: what comes in, frame by frame, and what goes out.

First and simple: each leg by itself, in Python.
"""

import select
import struct
from collections import deque
from collections.abc import Callable

from calleq.media.frames import FRAME_SAMPLES
from calleq.media.g711 import Samples, decode, encode
from calleq.media.graph import End, Leaf
from calleq.media.port_sockets import PortPair
from calleq.media.ports import PortEvent, PortPlan, Quality
from calleq.media.ticked import TickedVoice

_HEADER = struct.Struct(">BBHII")
MAX_WAITING_FRAMES = 8
MAX_DATAGRAM = 2_048
_SILENCE = b"\xff" * FRAME_SAMPLES


class Leg:
    """One port in use."""

    def __init__(
        self, pair: PortPair, end: End, ssrc: int, told: Callable[[PortEvent], object]
    ) -> None:
        self.pair = pair
        self.end = end
        self.plan: PortPlan | None = None
        self.ssrc = ssrc
        self.told = told
        self.far: tuple[str, int] | None = None
        self.waiting: deque[bytes] = deque(maxlen=MAX_WAITING_FRAMES)
        self.current: bytes | None = None
        self.sequence = 0
        self.received = 0
        self.sent = 0

    def frame(self, frame: int) -> Samples | None:
        """See `calleq.media.graph.Live`."""
        return None if self.current is None else decode(self.current)


class Legs:
    """All ports in use of a voice process."""

    def __init__(self, voice: TickedVoice, random: Callable[[int], int]) -> None:
        self._voice = voice
        self._random = random
        self._ready = select.epoll()
        self._legs: dict[int, Leg] = {}

    def __len__(self) -> int:
        return len(self._legs)

    def take(
        self, pair: PortPair, element: str, wire: str, told: Callable[[PortEvent], object]
    ) -> Leg:
        """Let a port be an end's."""
        end = self._voice.graph.end(element, wire)
        leg = Leg(pair, end, self._random(32), told)
        leaf = Leaf()
        leaf.live = leg
        leaf.voice = frozenset((f"mouth:{wire.removeprefix('line:')}",))
        self._voice.graph.attach(end, leaf)
        self._legs[pair.rtp.fileno()] = leg
        self._ready.register(pair.rtp.fileno(), select.EPOLLIN)
        return leg

    def plan(self, leg: Leg, plan: PortPlan) -> None:
        """What was negotiated."""
        leg.plan = plan
        leg.far = (plan.host, plan.port) if plan.host else None

    def close(self, leg: Leg) -> Quality:
        """Take a port out of use; what its voice was like."""
        self._ready.unregister(leg.pair.rtp.fileno())
        del self._legs[leg.pair.rtp.fileno()]
        self._voice.graph.attach(leg.end, None)
        return Quality(received=leg.received, sent=leg.sent)

    def receive(self) -> None:
        """Take everything that has come."""
        for descriptor, _ in self._ready.poll(0):
            leg = self._legs[descriptor]
            while True:
                try:
                    octets, source = leg.pair.rtp.recvfrom(MAX_DATAGRAM)
                except (BlockingIOError, OSError):
                    break
                self._take_packet(leg, octets, source)

    def _take_packet(self, leg: Leg, octets: bytes, source: tuple[str, int]) -> None:
        plan = leg.plan
        if plan is None or not plan.receives or len(octets) != 12 + FRAME_SAMPLES:
            return
        if octets[0] != 0x80 or octets[1] & 0x7F != plan.payload:
            return
        leg.far = source
        if not leg.received:
            leg.told("heard")
        leg.received += 1
        leg.waiting.append(octets[12:])

    def begin_frame(self) -> None:
        """Let the next frame of every leg be what it says."""
        for leg in self._legs.values():
            leg.current = leg.waiting.popleft() if leg.waiting else None

    def send_frame(self, frame: int) -> None:
        """Send every leg what arrives at its end."""
        for leg in self._legs.values():
            plan = leg.plan
            if plan is None or leg.far is None or not plan.sends:
                continue
            samples = self._voice.arriving(leg.end)
            payload = _SILENCE if samples is None else encode(samples)
            leg.sequence = (leg.sequence + 1) & 0xFFFF
            at = frame * FRAME_SAMPLES & 0xFFFF_FFFF
            header = _HEADER.pack(0x80, plan.payload, leg.sequence, at, leg.ssrc)
            try:
                leg.pair.rtp.sendto(header + payload, leg.far)
                leg.sent += 1
            except (OSError, BlockingIOError):
                continue
