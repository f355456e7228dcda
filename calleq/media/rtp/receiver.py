"""The sockets of legs, read: what waits is taken in batches, each leg once in a batch.

A datagram from the address that its leg believes goes into the batch; one from elsewhere goes to
whoever judges strangers. Beyond `MAX_ROUNDS` datagrams for one leg at a time the rest waits for the
next look: a flood at one port costs the others nothing but that.
"""

import socket
from collections.abc import Callable

import numpy as np

from calleq.media.rtp.intake import BATCH, Intake, Ring
from calleq.media.rtp.latch import Address
from calleq.media.rtp.packet import SLOT_OCTETS
from calleq.media.rtp.ready import Ready
from calleq.media.rtp.table import MAX_LEGS

MAX_ROUNDS = 4

Opener = Callable[[bytes], bytes | None]
"""Makes a plain packet of a protected one; None where it is not what it should be."""


class Receiver:
    """Reads sockets, one for each leg."""

    def __init__(self, intake: Intake, stranger: Callable[[int, bytes, Address, int], object]):
        """`stranger(leg, octets, address, now_us)`."""
        self._intake = intake
        self._stranger = stranger
        self._ring = Ring()
        self._ready = Ready()
        self._sockets: dict[int, tuple[int, Callable[[memoryview], tuple[int, Address]]]] = {}
        self.believed: list[Address | None] = [None] * MAX_LEGS
        """By leg: from where plain packets go into the batch."""
        self.opened_from: dict[int, Address | None] = {}
        """By leg: from where protected packets do, once they are opened."""
        self.openers: dict[int, Opener] = {}
        """By leg: what makes its packets plain."""
        self.oversized = 0

    def add(self, leg: int, source: socket.socket) -> None:
        """A leg has a socket of its own."""
        self._sockets[source.fileno()] = (leg, source.recvfrom_into)
        self.believed[leg] = None
        self._ready.add(source.fileno())

    def remove(self, leg: int, source: socket.socket) -> None:
        """It has it no longer."""
        self._ready.remove(source.fileno())
        del self._sockets[source.fileno()]
        self.believed[leg] = None
        self.openers.pop(leg, None)
        self.opened_from.pop(leg, None)

    def receive(self, now_us: int) -> None:
        """Take what waits."""
        for _ in range(MAX_ROUNDS):
            ready = self._ready.now()
            if not ready:
                return
            for start in range(0, len(ready), BATCH):
                self._read(ready[start : start + BATCH], now_us)

    def _read(self, ready: list[tuple[int, int]], now_us: int) -> None:
        legs: list[int] = []
        lengths: list[int] = []
        sockets, believed, slots = self._sockets, self.believed, self._ring.slots
        count = 0
        for descriptor, _ in ready:
            leg, receive = sockets[descriptor]
            try:
                length, address = receive(slots[count])
            except OSError:
                continue
            if length == SLOT_OCTETS:
                self.oversized += 1
                continue
            if address != believed[leg]:
                plain = self._judged(leg, slots[count], length, address, now_us)
                if not plain:
                    continue
                length = plain
            legs.append(leg)
            lengths.append(length)
            count += 1
        if count:
            self._intake.take(self._ring, np.array(legs), np.array(lengths), now_us)

    def _judged(
        self, leg: int, slot: memoryview, length: int, address: Address, now_us: int
    ) -> int:
        """Length of the plain packet that was made of a protected one in its slot; 0: none."""
        octets = bytes(slot[:length])
        opener = self.openers.get(leg)
        if opener is not None:
            opened = opener(octets)
            if opened is None:
                return 0
            if address == self.opened_from[leg]:
                slot[: len(opened)] = opened
                return len(opened)
            octets = opened
        self._stranger(leg, octets, address, now_us)
        return 0

    def secure(self, leg: int, opener: Opener | None) -> None:
        """What makes packets of a leg plain; None: they are."""
        if opener is None:
            self.openers.pop(leg, None)
        else:
            self.openers[leg] = opener

    def believe(self, leg: int, address: Address | None) -> None:
        """Whose packets of a leg are taken without a question."""
        self.believed[leg] = None if leg in self.openers else address
        self.opened_from[leg] = address
