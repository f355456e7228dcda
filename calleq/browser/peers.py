"""The voice path between this process and a page: WebRTC, by aiortc.

A `Peer` is made for one answered call and closed with it. G.711 mu-law is all that is negotiated,
so that octets of the switch pass to the page as they are. Every peer is closed before the loop
stops: `Peers.close` sees to it.

Whatever aiortc makes of an offer that it does not like is a PeerError. Odd cases: a page whose
network changes loses its path and the call with it; the far end's voice waits for the page
`EARPIECE_LIMIT` frames at most, then the oldest is dropped.
"""

import asyncio
import contextlib
import fractions
from collections.abc import Callable
from typing import Final

import aioice.ice
import av
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from av.stream import Stream

from calleq.browser.offers import OfferError, checked_offer
from calleq.media.frames import SAMPLE_RATE_HZ
from calleq.media.g711 import encode

EARPIECE_LIMIT = 10
"""Frames, 200 ms."""
ANSWER_LIMIT_S = 5.0
"""How long an answer may take to make."""
CLOSE_LIMIT_S = 5.0
PEERS_LIMIT = 200
_TIME_BASE: Final = fractions.Fraction(1, SAMPLE_RATE_HZ)
_BROKEN = frozenset({"failed", "closed"})


class PeerError(Exception):
    """No voice path can be made; the text says why."""


class _Earpiece(MediaStreamTrack):
    """What the page hears: mu-law as it comes."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._ahead: asyncio.Queue[tuple[int, bytes]] = asyncio.Queue(EARPIECE_LIMIT)
        self.dropped = 0

    def put(self, sample: int, octets: bytes) -> None:
        if self._ahead.full():
            self._ahead.get_nowait()
            self.dropped += 1
        self._ahead.put_nowait((sample, octets))

    async def recv(self) -> "av.Packet[Stream]":
        sample, octets = await self._ahead.get()
        packet = av.Packet(octets)
        packet.pts = sample
        packet.time_base = _TIME_BASE
        return packet


class Peer:
    """One voice path. `spoken(octets, sample)` is told what the page says, `changed(stands)` when
    the path stands and when it broke."""

    def __init__(
        self, spoken: Callable[[bytes, int], object], changed: Callable[[bool], object]
    ) -> None:
        self._spoken = spoken
        self._changed = changed
        self._earpiece = _Earpiece()
        self._listening: asyncio.Task[None] | None = None
        self._connection = connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        connection.on("track", self._track)
        connection.on("connectionstatechange", self._state)
        transceiver = connection.addTransceiver(self._earpiece, direction="sendrecv")
        known = RTCRtpReceiver.getCapabilities("audio")
        assert known is not None
        transceiver.setCodecPreferences([c for c in known.codecs if c.mimeType == "audio/PCMU"])

    async def answer(self, offer: str) -> str:
        """Our description in answer to the page's. Raises PeerError."""
        try:
            async with asyncio.timeout(ANSWER_LIMIT_S):
                checked = RTCSessionDescription(checked_offer(offer), "offer")
                await self._connection.setRemoteDescription(checked)
                answer = await self._connection.createAnswer()
                await self._connection.setLocalDescription(answer)
        except OfferError as error:
            raise PeerError(str(error)) from error
        except Exception as error:  # a foreign library's parser: nothing is promised
            raise PeerError(f"{type(error).__name__}: {error}") from error
        made: str = self._connection.localDescription.sdp
        return made

    def play(self, sample: int, octets: bytes) -> None:
        """Let the page hear that."""
        self._earpiece.put(sample, octets)

    async def close(self) -> None:
        """End it; nothing is told any more."""
        self._spoken = self._changed = _nobody
        if self._listening is not None:
            self._listening.cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_LIMIT_S):
                await self._connection.close()

    def _track(self, track: MediaStreamTrack) -> None:
        if track.kind == "audio" and self._listening is None:
            self._listening = asyncio.create_task(self._listen(track))

    async def _listen(self, track: MediaStreamTrack) -> None:
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                if isinstance(frame, av.AudioFrame) and frame.pts is not None:
                    self._spoken(encode(frame.to_ndarray()[0]), frame.pts)

    def _state(self) -> None:
        state = self._connection.connectionState
        if state == "connected":
            self._changed(True)
        elif state in _BROKEN:
            self._changed(False)


class Peers:
    """All voice paths of the process."""

    def __init__(self, media_host: str) -> None:
        """`media_host` is the one address that pages are told; empty: each that there is."""
        self._open: set[Peer] = set()
        self._closing: set[asyncio.Task[None]] = set()
        if media_host:
            # aioice has no setting for it, and leaves loopback out
            aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: [media_host]

    def make(
        self, spoken: Callable[[bytes, int], object], changed: Callable[[bool], object]
    ) -> Peer:
        """A new one. Raises PeerError where there are too many."""
        if len(self._open) + len(self._closing) >= PEERS_LIMIT:
            raise PeerError(f"{PEERS_LIMIT} voice paths are open")
        peer = Peer(spoken, changed)
        self._open.add(peer)
        return peer

    def drop(self, peer: Peer) -> None:
        """Close one, in the background."""
        if peer in self._open:
            self._open.remove(peer)
            closing = asyncio.create_task(peer.close())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """Close all, and wait until they are."""
        for peer in tuple(self._open):
            self.drop(peer)
        await asyncio.gather(*self._closing)


def _nobody(*_: object) -> None:
    """Takes the place of whoever is to be told."""
