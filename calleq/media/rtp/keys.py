"""Keys as telephone-events (RFC 4733): heard as the tones they name, and sent where tones were.

In: the packets of an event all bear the time at which it began and say how long it has lasted so
far, so that a lost one is made good by the next. Each lets the tone be written into the jitter
buffer up to there; voice that comes for the same time is not heard. An event is heard for
`LEAST_SAMPLES` at least, so that a receiver that looks at whole frames knows it, and is followed by
`PAUSE_SAMPLES` of silence. Only keys (events 0 to 15) are heard; others are counted.

Out: a player that presses keys has the packets of its leg, where events were negotiated, replaced
by events: one every 20 ms, the last three times (RFC 4733 §2.5.1.4). The pauses between are voice.
"""

import struct
from functools import lru_cache
from typing import Final

import msgspec
import numpy as np

from calleq.media.frames import FRAME_SAMPLES, SAMPLE_RATE_HZ
from calleq.media.g711 import ENCODING, IDLE_OCTET, rms_of_dbm0, saturate
from calleq.media.graph import Leaf
from calleq.media.keypad import KEY_US, KEYS, PAUSE_US
from calleq.media.keys import HIGH_HZ, LEVEL_DBM0, LOW_HZ
from calleq.media.rtp.jitter import JitterBuffers
from calleq.media.rtp.latch import Address
from calleq.media.rtp.leg import Leg
from calleq.media.rtp.packet import HEADER_OCTETS, MARKER, Packet, header
from calleq.media.rtp.table import PHASES, LegTable, Octets
from calleq.units import SECOND_US

EVENTS: Final = "0123456789*#ABCD"
"""The keys, by their event codes."""
LEAST_SAMPLES: Final = 640
PAUSE_SAMPLES: Final = 320
MOST_AT_ONCE: Final = 2_400
"""So much of a tone is written for one packet."""
VOLUME: Final = 10
"""Below 1 mW, in dB."""
END_PACKETS: Final = 3

_EVENT = struct.Struct(">BBH")
_END = 0x80
_KEY_SAMPLES = KEY_US * SAMPLE_RATE_HZ // SECOND_US
_TURN_SAMPLES = (KEY_US + PAUSE_US) * SAMPLE_RATE_HZ // SECOND_US


@lru_cache(maxsize=len(KEYS))
def _tone(key: str) -> Octets:
    """A second of a key's tones as mu-law; whole periods of both."""
    low, high = divmod(KEYS.index(key), len(HIGH_HZ))
    at_s = np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    peak = rms_of_dbm0(LEVEL_DBM0) * np.sqrt(2)
    tones = [np.sin(2 * np.pi * hertz * at_s) for hertz in (LOW_HZ[low], HIGH_HZ[high])]
    octets: Octets = ENCODING[saturate(peak * np.sum(tones, axis=0)).view(np.uint16)]
    return octets


class _Event(msgspec.Struct):
    """One that is being heard."""

    timestamp: int
    key: str
    written: int = 0
    """Samples of it that are in the jitter buffer."""
    until: int = 0
    """Samples from its beginning for which voice is not heard."""
    ended: bool = False


class KeysIn:
    """Telephone-events of all legs."""

    def __init__(self, table: LegTable, buffers: JitterBuffers) -> None:
        self._table = table
        self._buffers = buffers
        self._events: dict[int, _Event] = {}
        self.unknown = 0

    def forget(self, number: int) -> None:
        """A leg ends."""
        self._events.pop(number, None)

    def pressing(self, number: int) -> bool:
        """Whether voice of the leg has to be looked at, because there is an event."""
        return number in self._events

    def covers(self, number: int, timestamp: int) -> bool:
        """Whether voice of this time is not to be heard; after the event it is forgotten."""
        event = self._events.get(number)
        if event is None:
            return False
        since = (timestamp - event.timestamp) & 0xFFFF_FFFF
        if since < event.until:
            return True
        if event.ended and not since >> 31:
            del self._events[number]
        return bool(since >> 31)

    def take(self, number: int, packet: Packet, slack_us: int) -> None:
        """A packet of the negotiated payload type."""
        if len(packet.payload) < _EVENT.size:
            self.unknown += 1
            return
        code, flags, duration = _EVENT.unpack_from(packet.payload)
        if code >= len(EVENTS):
            self.unknown += 1
            return
        event = self._events.get(number)
        if event is None or event.timestamp != packet.timestamp:
            event = self._events[number] = _Event(packet.timestamp, EVENTS[code])
        if event.ended:
            return
        until = max(duration, LEAST_SAMPLES)
        until = min(until, event.written + MOST_AT_ONCE)
        event.ended = bool(flags & _END)
        missing = until - event.written
        if missing > 0:
            order = np.arange(event.written, until)
            tone = np.take(_tone(event.key), order, mode="wrap")
            self._write(number, event, tone, slack_us)
        event.until = event.written
        if event.ended:
            silence = np.full(PAUSE_SAMPLES, IDLE_OCTET, dtype=np.uint8)
            self._write(number, event, silence, slack_us)

    def _write(self, number: int, event: _Event, octets: Octets, slack_us: int) -> None:
        if self._table.buffered[number]:
            at = event.timestamp + event.written & 0xFFFF_FFFF
            self._buffers.put_piece(number, at, octets, slack_us)
        event.written += octets.size


class KeysOut:
    """What sends events in place of a leg's packets, while a player presses keys."""

    def __init__(self, table: LegTable, leg: Leg, leaf: Leaf, payload: int) -> None:
        self._table = table
        self._leg = leg
        self._leaf = leaf
        self._payload = payload

    def send_to(self, packet: memoryview, far: Address) -> None:
        """Send a packet, or an event in its place. Raises OSError."""
        table, number = self._table, self._leg.number
        prompt = self._leaf.prompt
        timestamp = int.from_bytes(packet[4:8])
        start = int(table.time_base[number]) + self._leaf.start_frame * FRAME_SAMPLES
        start += int(table.sends_phase[number]) * (FRAME_SAMPLES // PHASES)
        at = (timestamp - start) & 0xFFFF_FFFF
        turn, within = divmod(at, _TURN_SAMPLES)
        if prompt is None or turn >= len(prompt.text) or within >= _KEY_SAMPLES:
            self._leg.sendto(packet, far)
            return
        code = EVENTS.index(prompt.text[turn])
        duration = within + FRAME_SAMPLES
        last = duration >= _KEY_SAMPLES
        body = _EVENT.pack(code, VOLUME | (_END if last else 0), duration)
        sequence, source = int(table.out_sequence[number]), int(table.out_source[number])
        kind = self._payload | (0 if within else MARKER)
        for again in range(END_PACKETS if last else 1):
            head = header(kind, sequence + again, timestamp - within, source)
            self._leg.send(head + body)
        table.out_sequence[number] += END_PACKETS - 1 if last else 0
        self._leg.other_octets += HEADER_OCTETS - FRAME_SAMPLES
