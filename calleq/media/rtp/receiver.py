"""The sockets of legs, read: what waits is taken in batches, each leg once in a batch.

A datagram from the address that its leg believes goes into the batch; one from elsewhere goes to
whoever judges strangers. Beyond `MAX_ROUNDS` datagrams for one leg at a time the rest waits for the
next look: a flood at one port costs the others nothing but that.
"""

import socket
from collections.abc import Callable

import numpy as np

from calleq.media.rtp.batch import Batch, address_key, address_of
from calleq.media.rtp.intake import BATCH, Intake, Ring
from calleq.media.rtp.latch import Address
from calleq.media.rtp.packet import SLOT_OCTETS
from calleq.media.rtp.ready import Ready
from calleq.media.rtp.table import MAX_LEGS, Integers, LegTable
from calleq.media.rtp.uring import LEAST, open_uring

MAX_ROUNDS = 4
USUAL_US = 10_000
"""Between two looks there is at most one packet of a leg, if it is not longer than this."""
MAX_FILES = 1 << 17
"""A descriptor is less than this, as far as `sockets.allow_files` asks."""

Opener = Callable[[bytes], bytes | None]
"""Makes a plain packet of a protected one; None where it is not what it should be."""


class Receiver:
    """Reads sockets, one for each leg."""

    def __init__(
        self,
        table: LegTable,
        intake: Intake,
        stranger: Callable[[int, bytes, Address, int], object],
    ) -> None:
        """`stranger(leg, octets, address, now_us)`."""
        self._intake = intake
        self._stranger = stranger
        self._table = table
        self._ring, self._alone = Ring(), Ring(1)
        self._ready = Ready()
        self._uring = open_uring(receiving=True)
        self._batch = None if self._uring is None else Batch(self._ring.octets)
        self._leg_of: Integers = np.zeros(MAX_FILES, dtype=np.int64)
        """Leg by descriptor."""
        self._last_us = 0
        self._others = 0
        """Sockets that are not IPv4."""
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
        self._leg_of[source.fileno()] = leg
        self._others += source.family != socket.AF_INET
        self.believed[leg] = None
        self._ready.add(source.fileno())

    def remove(self, leg: int, source: socket.socket) -> None:
        """It has it no longer."""
        self._ready.remove(source.fileno())
        del self._sockets[source.fileno()]
        self._others -= source.family != socket.AF_INET
        self._table.believed[leg] = 0
        self.believed[leg] = None
        self.openers.pop(leg, None)
        self.opened_from.pop(leg, None)

    def receive(self, now_us: int) -> None:
        """Take what waits: one of each socket, or several where the last look is long ago."""
        behind = (now_us - self._last_us) // USUAL_US
        self._last_us = now_us
        for _ in range(min(max(behind, 1), MAX_ROUNDS)):
            ready = self._ready.now()
            if not ready:
                return
            read = self._read_at_once if self._fit(len(ready)) else self._read
            for start in range(0, len(ready), BATCH):
                read(ready[start : start + BATCH], now_us)

    def _fit(self, count: int) -> bool:
        """Whether so many are read by batches."""
        return self._uring is not None and count >= LEAST and not self._others

    def _read_at_once(self, ready: list[tuple[int, int]], now_us: int) -> None:
        assert self._uring is not None
        assert self._batch is not None
        descriptors = np.array([descriptor for descriptor, _ in ready])
        lengths = self._uring.receive(self._batch, descriptors)
        legs = self._leg_of[descriptors]
        senders = self._batch.senders(legs.size)
        usual = (senders == self._table.believed[legs]) & (lengths > 0) & (lengths < SLOT_OCTETS)
        if not usual.all():
            for slot in np.flatnonzero(~usual & (lengths > 0)).tolist():
                self._unusual(slot, int(legs[slot]), int(lengths[slot]), int(senders[slot]), now_us)
            slots = np.flatnonzero(usual)
            self._ring.octets[: slots.size] = self._ring.octets[slots]
            legs, lengths = legs[slots], lengths[slots]
        if legs.size:
            self._intake.take(self._ring, legs, lengths, now_us)

    def _unusual(self, slot: int, leg: int, length: int, sender: int, now_us: int) -> None:
        """One of a batch that has to be looked at by itself."""
        if length == SLOT_OCTETS:
            self.oversized += 1
            return
        octets = self._ring.slots[slot]
        plain = self._judged(leg, octets, length, address_of(sender), now_us)
        if plain:
            self._alone.octets[0, :plain] = self._ring.octets[slot, :plain]
            self._intake.take(self._alone, np.array([leg]), np.array([plain]), now_us)

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
        plain = self.believed[leg]
        known = plain is not None and ":" not in plain[0]
        self._table.believed[leg] = address_key(*plain[:2]) if plain is not None and known else 0
