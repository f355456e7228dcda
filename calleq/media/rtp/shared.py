"""Ports that several legs share, as trunks do: told apart by where a packet comes from.

One `recvmmsg` takes whatever waits, and a search in the sorted addresses finds the legs. An address
is a leg's when its plan names it; a packet from any other is counted and dropped, since nobody can
say whose it would be (so a trunk's far end must send from where it receives). Two legs of one port
with the same far address cannot be told apart: the later plan has it.

Packets leave by `sendmmsg`. On platforms without these calls both are done one by one.
"""

import socket

import numpy as np

from calleq.media.rtp.batch import Batch, Keys, address_key, available
from calleq.media.rtp.intake import BATCH, Intake, Ring
from calleq.media.rtp.latch import Address
from calleq.media.rtp.packet import SLOT_OCTETS
from calleq.media.rtp.table import Integers, Legs

MAX_BATCHES = 8
"""So many are taken of one port at a time."""


class SharedPort:
    """A socket and its legs, by their far addresses."""

    def __init__(self, source: socket.socket) -> None:
        self._socket = source
        self._legs: dict[int, int] = {}
        self._keys: Keys = np.zeros(0, dtype=np.uint64)
        self._numbers: Legs = np.zeros(0, dtype=np.int64)
        self.strangers = 0

    def place(self, number: int, far: Address | None) -> None:
        """A leg's far end is there; None: nowhere any more."""
        self._legs = {key: leg for key, leg in self._legs.items() if leg != number}
        if far is not None:
            self._legs[address_key(*far[:2])] = number
        order = sorted(self._legs)
        self._keys = np.array(order, dtype=np.uint64)
        self._numbers = np.array([self._legs[key] for key in order], dtype=np.int64)

    def receive(self, ring: Ring, batch: Batch | None, again: Ring, take: Intake, now: int) -> None:
        """Take what waits. `again` is room for packets of legs that have several in a batch."""
        for _ in range(MAX_BATCHES):
            if batch is not None:
                count = batch.receive(self._socket.fileno())
                lengths, keys = batch.lengths(count), batch.senders(count)
            else:
                lengths, keys = self._read(ring)
                count = keys.size
            if count:
                self._sort(ring, again, lengths, keys, take, now)
            if count < BATCH:
                return

    def _read(self, ring: Ring) -> tuple[Integers, Keys]:
        lengths, keys = [], []
        for slot in ring.slots:
            try:
                length, address = self._socket.recvfrom_into(slot)
            except OSError:
                break
            lengths.append(length)
            keys.append(address_key(*address[:2]))
        return np.array(lengths, dtype=np.int64), np.array(keys, dtype=np.uint64)

    def _sort(
        self, ring: Ring, again: Ring, lengths: Integers, keys: Keys, take: Intake, now: int
    ) -> None:
        """Find the leg of each packet, and give them on, each leg once at a time."""
        if not self._keys.size:
            self.strangers += keys.size
            return
        found = np.minimum(np.searchsorted(self._keys, keys), self._keys.size - 1)
        known = (self._keys[found] == keys) & (lengths < SLOT_OCTETS)
        legs = self._numbers[found]
        _, first = np.unique(legs, return_index=True)
        if known.all() and first.size == legs.size:
            take.take(ring, legs, lengths, now)
            return
        self.strangers += int((~known).sum())
        left = np.flatnonzero(known)
        while left.size:
            _, first = np.unique(legs[left], return_index=True)
            first.sort()
            slots = left[first]
            again.octets[: slots.size] = ring.octets[slots]
            take.take(again, legs[slots], lengths[slots], now)
            left = np.delete(left, first)


class SharedPorts:
    """All shared ports of a voice process."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._ring, self._again = Ring(), Ring()
        self._batch = Batch(self._ring.octets) if available() else None
        self._ports: dict[int, SharedPort] = {}

    def place(self, number: int, source: socket.socket, far: Address | None) -> None:
        """A leg of this socket has its far end there, or nowhere any more."""
        port = self._ports.get(source.fileno())
        if port is None:
            port = self._ports[source.fileno()] = SharedPort(source)
        port.place(number, far)

    def receive(self, now_us: int) -> None:
        """Take what waits at any of them."""
        for port in self._ports.values():
            port.receive(self._ring, self._batch, self._again, self._intake, now_us)

    def strangers(self) -> int:
        """Packets that were nobody's."""
        return sum(port.strangers for port in self._ports.values())
