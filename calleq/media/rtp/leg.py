"""One RTP port in use, but for the numbers that many legs are asked for at once (`table`)."""

import contextlib
from collections.abc import Callable

from calleq.media.g711 import Samples
from calleq.media.graph import End, Leaf, Voices
from calleq.media.ports import PortEvent, PortPlan, SecureKeys
from calleq.media.rtp.latch import Address, Latch
from calleq.media.rtp.secure import Secure
from calleq.media.rtp.sockets import PortPair


class Leg:
    """A port at an end of a wire; the end's own source in the graph (`calleq.media.graph.Live`)."""

    __slots__ = (
        "_frame_of",
        "closes_report",
        "end",
        "far",
        "keys",
        "latch",
        "leaf",
        "number",
        "opener",
        "opens_report",
        "other_octets",
        "pair",
        "plan",
        "restarts_at",
        "row",
        "sendto",
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
        self.other_octets = 0
        """Sent beyond (or less than) 160 for each packet."""
        self.keys: SecureKeys | None = None
        self.opener: Callable[[bytes], bytes | None] | None = None
        """What makes its packets plain, where they are protected."""
        self.opens_report: Callable[[bytes], bytes | None] | None = None
        self.closes_report: Callable[[bytes], bytes] | None = None
        """Where reports are protected: what makes them plain, and the other way."""
        self.sendto: Callable[[memoryview, Address], object] = pair.rtp.sendto
        """What sends it a plain packet; protects it first, where that was negotiated."""
        self.voice = voice_of(end.wire)
        self.leaf = Leaf()
        self.leaf.live = self

    def secure(self, keys: SecureKeys | None) -> None:
        """Protect what is sent and open what comes, from now on; or do not. Raises SecureError.

        Keys that it has already change nothing: their packets are counted on.
        """
        if keys == self.keys:
            return
        self.keys = keys
        if keys is None:
            self.opener = self.opens_report = self.closes_report = None
            self.sendto = self.pair.rtp.sendto
            return
        secure = Secure(keys)
        plain_sendto = self.pair.rtp.sendto

        def sendto(packet: memoryview, far: Address) -> object:
            return plain_sendto(secure.close(bytes(packet)), far)

        self.opener, self.sendto = secure.open, sendto
        self.opens_report, self.closes_report = secure.open_report, secure.close_report

    def send(self, packet: bytes) -> None:
        """Send a packet to the far end, if there is one and it can be."""
        if self.far is not None:
            with contextlib.suppress(OSError):
                self.sendto(memoryview(packet), self.far)

    def report(self, octets: bytes, far: Address) -> None:
        """Send RTCP, if it can be."""
        with contextlib.suppress(OSError):
            if self.closes_report is not None:
                octets = self.closes_report(octets)
            self.pair.rtcp.sendto(octets, far)

    def open_report(self, octets: bytes) -> bytes | None:
        """Plain RTCP; None where it is not what it should be."""
        return octets if self.opens_report is None else self.opens_report(octets)

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
