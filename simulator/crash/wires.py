"""What joins the process inside with the world outside: octets over two pipes, in virtual time.

Both sides have a virtual clock, started at the same instant. The outside orders the inside to run
up to an instant and gives it what was sent meanwhile; the inside writes each octet string to the
pipe as it sends it, so what had left before it was killed has left, and says when it is done.
Every wire takes WIRE_US, longer than any such run: nothing can arrive in the past.

Kinds of wire: `line` (place: the switch, far: the line's number), `link` (the ends of a signalling
link, from, to), `osn` (sender, receiver), `post` (a message of the client: its key) and `answer`
(the key; what came of it).
"""

import os
import struct
from collections.abc import Callable
from typing import Literal

import msgspec

from calleq.ss7.m2pa import NONE_RECEIVED, Remains
from calleq.topology import link_name

FRAME_LIMIT_BYTES = 1 << 20
_LENGTH = struct.Struct(">I")

Kind = Literal["line", "link", "osn", "post", "answer"]
Put = Callable[[Kind, str, str, bytes], object]
"""Sends octets over the pipe: kind, place, far, octets."""


class Sent(msgspec.Struct, frozen=True, tag="sent"):
    """One octet string on a wire."""

    at_us: int
    """Of the clocks' monotonic time."""
    kind: Kind
    place: str
    far: str
    octets: bytes


class Run(msgspec.Struct, frozen=True, tag="run"):
    """Order: take these and run up to `until_us`."""

    until_us: int
    arriving: list[Sent]


class Audit(msgspec.Struct, frozen=True, tag="audit"):
    """Order: close the journal, say how things stand with these calls, and end."""

    calls: list[str]


class Done(msgspec.Struct, frozen=True, tag="done"):
    """The inside has run as far as it was told; its next event."""

    next_due_us: int | None


class Standing(msgspec.Struct, frozen=True, tag="standing"):
    """How things stand inside."""

    steps: int
    """Durable steps of this life."""
    states: dict[str, str]
    """Each call that is asked for: its final state, or empty."""
    calls_in_progress: int
    circuits_not_idle: int


Frame = Sent | Run | Audit | Done | Standing


class EndedError(Exception):
    """The other side is gone."""


class Channel:
    """One end of the pair of pipes."""

    def __init__(self, read_handle: int, write_handle: int) -> None:
        self._read_handle = read_handle
        self._write_handle = write_handle
        self._gathered = b""
        self._encode = msgspec.msgpack.Encoder().encode
        self._decoder: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame)

    def send(self, frame: Frame) -> None:
        """Write at once; what a reader that is gone would have got is lost."""
        octets = self._encode(frame)
        try:
            os.write(self._write_handle, _LENGTH.pack(len(octets)) + octets)
        except BrokenPipeError:
            return

    def receive(self) -> Frame:
        """The next frame; waits. Raises EndedError when there will be none."""
        while True:
            if len(self._gathered) >= _LENGTH.size:
                (length,) = _LENGTH.unpack_from(self._gathered)
                assert length <= FRAME_LIMIT_BYTES
                end = _LENGTH.size + length
                if len(self._gathered) >= end:
                    octets, self._gathered = self._gathered[4:end], self._gathered[end:]
                    return self._decoder.decode(octets)
            more = os.read(self._read_handle, 1 << 16)
            if not more:
                raise EndedError
            self._gathered += more

    def close(self) -> None:
        """Let go of both pipes."""
        os.close(self._read_handle)
        os.close(self._write_handle)


class WireEnd:
    """One end of a signalling link whose other end is across the pipes; fulfils `LinkEnd`."""

    def __init__(self, ends: tuple[str, str], near: str, put: Put, slc: int = 0) -> None:
        self.link = link_name(ends, slc)
        self.near = near
        self.far = ends[1] if near == ends[0] else ends[0]
        self.in_service = True
        self._put = put
        self._receive: Callable[[bytes], None] | None = None
        self._changed: Callable[[bool], None] | None = None

    def attach(self, receive: Callable[[bytes], None], changed: Callable[[bool], None]) -> None:
        self._receive = receive
        self._changed = changed

    @property
    def congestion(self) -> int:
        return 0

    def on_congestion(self, told: Callable[[int], None]) -> None:
        """A pipe takes everything at once."""

    def start(self) -> None:
        """It runs from the first."""

    def stop(self) -> None:
        """Level 3 stops no link of a crash's world."""

    def last_received(self) -> int:
        return NONE_RECEIVED

    def retrieve(self, after: int | None) -> list[bytes]:
        """A process that died has whatever it had read: nothing can be told apart, as after it."""
        return []

    def take_back(self) -> Remains:
        return Remains()

    def send(self, octets: bytes) -> bool:
        if self.in_service:
            self._put("link", self.near, self.link, octets)
        return self.in_service

    def arrives(self, octets: bytes) -> None:
        """From the other side."""
        if self.in_service and self._receive is not None:
            self._receive(octets)

    def change(self, in_service: bool) -> None:
        """The other side went, or came back."""
        self.in_service = in_service
        if self._changed is not None:
            self._changed(in_service)
