"""The RTP of one call between the browser process and a switch (RFC 3550, RFC 4733), as values.

`Uplink` makes packets of what the page says, 20 ms of mu-law each; `Downlink` takes those of the
switch and gives what the page shall hear. Neither reads a clock: the page's voice paces what is
sent, the switch's what is heard, so that nothing drifts. Gaps are told by timestamps: a short one
of the page's is filled with what came last, and so is none of the switch's, since browsers conceal
better than we.

Keys of the page leave as events where events were negotiated, otherwise as tones, in place of
voice. Keys of the switch are heard as tones, once each.

Odd cases: packets of another source than the first are strangers until none of the first came for
`SOURCE_LIMIT` packets (RFC 3550 §8.2); what is no RTP, of another payload type, or shorter than a
header is dropped and counted.
"""

import struct
from collections import deque

from calleq.media.frames import FRAME_SAMPLES
from calleq.media.g711 import encode
from calleq.media.keypad import KEY_US, KEYS, KEYS_LIMIT
from calleq.media.keys import key_tones
from calleq.units import SECOND_US

HEADER = struct.Struct(">BBHII")
EVENT = struct.Struct(">BBH")
VERSION = 0x80
MARKER = 0x80
EVENT_END = 0x80
EVENT_VOLUME = 10
"""-10 dBm0 (RFC 4733 §2.3.3)."""
EVENT_KEYS = "0123456789*#ABCD"
"""By event code (RFC 4733 §3.2)."""
KEY_FRAMES = KEY_US * 8_000 // SECOND_US // FRAME_SAMPLES
END_PACKETS = 3
"""The last packet of an event is sent so often (§2.5.1.4)."""
FILLED_LIMIT = 3
"""Frames that a gap in the page's voice is filled with, 60 ms; beyond, the timestamps jump."""
HELD_SAMPLES_LIMIT = 1_600
"""Of the page's voice that waits to be whole frames: 200 ms."""
SOURCE_LIMIT = 10
DATAGRAM_OCTETS_LIMIT = 1_500
_HALF = 1 << 31
_WHOLE = 1 << 32


class Uplink:
    """What the page says, as packets to the switch."""

    def __init__(self, ssrc: int, sequence: int, timestamp: int, payload: int = 0) -> None:
        """The first three are drawn at random (RFC 3550 §5.1)."""
        self._ssrc = ssrc
        self._sequence = sequence & 0xFFFF
        self._timestamp = timestamp % _WHOLE
        self._payload = payload
        self.event_payload: int | None = None
        """Of telephone-event; None: keys are sent as tones."""
        self._held = b""
        self._next_sample: int | None = None
        self._last = b""
        self._keys: deque[str] = deque()
        self._key_frame = 0
        self._key_timestamp = 0
        self._fresh = True
        self.filled = 0
        """Frames that the page's voice lacked, and were repeated."""

    def press(self, key: str) -> None:
        """Send a key as soon as those before it are sent; too many are dropped."""
        if key in KEYS and len(key) == 1 and len(self._keys) < KEYS_LIMIT:
            self._keys.append(key)

    def speak(self, octets: bytes, sample: int) -> list[bytes]:
        """Take mu-law of the page that begins with that sample; the packets that are whole now."""
        packets = self._bridge(sample)
        self._held += octets[-HELD_SAMPLES_LIMIT:]
        self._next_sample = sample + len(octets)
        while len(self._held) >= FRAME_SAMPLES:
            frame, self._held = self._held[:FRAME_SAMPLES], self._held[FRAME_SAMPLES:]
            packets += self._frame(frame)
        return packets

    def _bridge(self, sample: int) -> list[bytes]:
        """Fill what is missing before that sample, or pass over it."""
        missing = 0 if self._next_sample is None else sample - self._next_sample
        if missing <= 0:
            return []
        frames = missing // FRAME_SAMPLES
        if frames > FILLED_LIMIT or not self._last:
            self._timestamp = (self._timestamp + missing) % _WHOLE
            self._fresh = True
            return []
        self.filled += frames
        return [packet for _ in range(frames) for packet in self._frame(self._last)]

    def _frame(self, frame: bytes) -> list[bytes]:
        self._last = frame
        if self._keys:
            packets = self._key(self._keys[0])
        else:
            packets = [self._packet(frame, self._payload, self._timestamp)]
        self._timestamp = (self._timestamp + FRAME_SAMPLES) % _WHOLE
        return packets

    def _key(self, key: str) -> list[bytes]:
        """20 ms of a key."""
        first = self._key_frame == 0
        self._key_frame += 1
        last = self._key_frame >= KEY_FRAMES
        if self.event_payload is None:
            at = (self._key_frame - 1) * FRAME_SAMPLES
            tone = encode(key_tones(key)[at : at + FRAME_SAMPLES])
            packets = [self._packet(tone, self._payload, self._timestamp)]
        else:
            if first:
                self._key_timestamp = self._timestamp
                self._fresh = True
            flags = EVENT_VOLUME | (EVENT_END if last else 0)
            length = self._key_frame * FRAME_SAMPLES
            event = EVENT.pack(EVENT_KEYS.index(key), flags, length)
            packets = [
                self._packet(event, self.event_payload, self._key_timestamp)
                for _ in range(END_PACKETS if last else 1)
            ]
        if last:
            self._keys.popleft()
            self._key_frame = 0
        return packets

    def _packet(self, content: bytes, payload: int, timestamp: int) -> bytes:
        marked = payload | (MARKER if self._fresh else 0)
        self._fresh = False
        head = HEADER.pack(VERSION, marked, self._sequence, timestamp, self._ssrc)
        self._sequence = (self._sequence + 1) & 0xFFFF
        return head + content


class Downlink:
    """Packets of the switch, as what the page hears."""

    def __init__(self, payload: int = 0) -> None:
        self._payload = payload
        self.event_payload: int | None = None
        self._ssrc: int | None = None
        self._others = 0
        self._timestamp = 0
        self._sample = 0
        self._event: int | None = None
        self.strangers = 0
        self.dropped = 0

    def hear(self, datagram: bytes) -> tuple[int, bytes] | None:
        """The sample at which it begins and its mu-law; None where it is nothing to hear."""
        content = self._content(datagram)
        if content is None:
            return None
        payload, timestamp, octets = content
        if payload == self._payload and octets:
            return self._place(timestamp), octets
        if payload == self.event_payload and len(octets) >= EVENT.size:
            return self._key(timestamp, octets)
        self.dropped += 1
        return None

    def _content(self, datagram: bytes) -> tuple[int, int, bytes] | None:
        """Payload type, timestamp and payload (§5.1)."""
        if not HEADER.size <= len(datagram) <= DATAGRAM_OCTETS_LIMIT:
            self.dropped += 1
            return None
        flags, marked, _, timestamp, ssrc = HEADER.unpack_from(datagram)
        start = HEADER.size + 4 * (flags & 0x0F)
        if flags & 0x10 and len(datagram) >= start + 4:
            start += 4 + 4 * int.from_bytes(datagram[start + 2 : start + 4])
        end = len(datagram) - (datagram[-1] if flags & 0x20 else 0)
        if flags >> 6 != 2 or start > end:
            self.dropped += 1
            return None
        if not self._is_source(ssrc, timestamp):
            self.strangers += 1
            return None
        return marked & 0x7F, timestamp, datagram[start:end]

    def _is_source(self, ssrc: int, timestamp: int) -> bool:
        if self._ssrc == ssrc:
            self._others = 0
            return True
        self._others += 1
        if self._ssrc is not None and self._others <= SOURCE_LIMIT:
            return False
        self._ssrc, self._others = ssrc, 0
        # what is new begins where the old one was: the page hears one stream
        self._timestamp = (timestamp - FRAME_SAMPLES) % _WHOLE
        return True

    def _place(self, timestamp: int) -> int:
        """Where on the page's scale, which never wraps."""
        forward = (timestamp - self._timestamp) % _WHOLE
        if forward >= _HALF:
            forward -= _WHOLE
        self._timestamp = timestamp
        self._sample = max(0, self._sample + forward)
        return self._sample

    def _key(self, timestamp: int, octets: bytes) -> tuple[int, bytes] | None:
        """The whole tone with the first packet of an event; nothing with the others."""
        code, _, _ = EVENT.unpack_from(octets)
        if timestamp == self._event or code >= len(EVENT_KEYS):
            return None
        self._event = timestamp
        tone = key_tones(EVENT_KEYS[code])[: KEY_FRAMES * FRAME_SAMPLES]
        return self._place(timestamp), encode(tone)
