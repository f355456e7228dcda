"""Packets that leave by batches: each leg's by its own socket, or many by one that they share.

What cannot leave so (protected legs, keys as events, IPv6, a platform without the calls) is left to
whoever asked, to be sent one by one.
"""

import numpy as np

from calleq.media.rtp.batch import MOST_AT_ONCE, Batch
from calleq.media.rtp.packet import FRAME_OCTETS
from calleq.media.rtp.table import Flags, Integers, Legs, LegTable
from calleq.media.rtp.uring import LEAST, open_uring


class Departure:
    """The calls of the kernel that send many packets."""

    def __init__(self, table: LegTable) -> None:
        self._table = table
        self._uring = open_uring(receiving=False)

    def in_batches(self, legs: Legs) -> Flags:
        """Which of these legs leave by batches, if all of them leave at once."""
        table = self._table
        direct = table.direct[legs]
        if self._uring is None or int(direct.sum()) < LEAST:
            direct = np.zeros(legs.size, dtype=np.bool_)
        return direct | (table.shared[legs] >= 0)

    def leave(self, batch: Batch, slots: Integers, legs: Legs) -> int:
        """Send these slots to these legs, all of which leave by batches; how many failed."""
        table, failed = self._table, 0
        sockets = table.shared[legs]
        shared = sockets >= 0
        if shared.any():
            for descriptor in np.unique(sockets[shared]).tolist():
                here = sockets == descriptor
                far = table.far[legs[here]]
                failed += batch.send(descriptor, slots[here], far, FRAME_OCTETS)
            slots, legs = slots[~shared], legs[~shared]
        for start in range(0, legs.size, MOST_AT_ONCE):
            assert self._uring is not None
            some = legs[start : start + MOST_AT_ONCE]
            batch.lay(slots[start : start + MOST_AT_ONCE], table.far[some], FRAME_OCTETS)
            failed += self._uring.send(batch, table.descriptor[some])
        return failed
