"""One RTP port in use, but for the numbers that many legs are asked for at once (`table`)."""

import contextlib
from collections.abc import Callable

from calleq.media.g711 import Samples
from calleq.media.graph import End, Leaf, Voices
from calleq.media.ports import PortEvent, PortPlan
from calleq.media.rtp.latch import Address, Latch
from calleq.media.rtp.sockets import PortPair


class Leg:
    """A port at an end of a wire; the end's own source in the graph (`calleq.media.graph.Live`)."""

    __slots__ = (
        "_frame_of",
        "end",
        "far",
        "latch",
        "leaf",
        "number",
        "pair",
        "plan",
        "restarts_at",
        "row",
        "silent",
        "told",
        "voice",
    )

    def __init__(
        self,
        number: int,
        pair: PortPair,
        end: End,
        frame_of: Callable[[int, int], Samples | None],
        told: Callable[[PortEvent], object],
    ) -> None:
        self._frame_of = frame_of
        self.number = number
        self.row = 1 + number
        self.pair = pair
        self.end = end
        self.told = told
        self.plan: PortPlan | None = None
        self.latch = Latch()
        self.far: Address | None = None
        """Where it is sent to."""
        self.silent = True
        """What was told last: nothing is heard of the far end."""
        self.restarts_at = -1
        """The sequence number that would prove that its source has begun anew."""
        self.voice = voice_of(end.wire)
        self.leaf = Leaf()
        self.leaf.live = self

    def send(self, packet: bytes) -> None:
        """Send a packet to the far end, if there is one and it can be."""
        if self.far is not None:
            with contextlib.suppress(OSError):
                self.pair.rtp.sendto(packet, self.far)

    def frame(self, frame: int) -> Samples | None:
        """What it brings in now, for an ear that is no leg."""
        return self._frame_of(self.number, frame)


def voice_of(wire: str) -> Voices:
    """What those who hear it call the voice of a port, as a simulated telephone's there.

    >>> voice_of("line:+12125550100/switch-3")
    frozenset({'mouth:+12125550100'})
    >>> voice_of("line:west-trunk/line-4")
    frozenset({'mouth:west-trunk/line-4'})
    """
    name = wire.removeprefix("line:")
    return frozenset((f"mouth:{name.partition('/')[0] if name.startswith('+') else name}",))
