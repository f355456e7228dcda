"""Sums of rows: what an ear hears that hears several, all of them worked out at once.

A `Group` is a set of rows that are heard together, as in a conference. Each of its ears has a row
of its own: the total but for what it says itself (`own`), or the whole total. The total is made
once. Groups of one size lie in one array and are worked out in pieces that stay in the processor's
cache. A row may itself be a sum; such groups have a greater `depth` and come later.

The sum is clipped to 16 bits and passed through mu-law, as `calleq.media.mixer` does it: total less
own is the same number as the sum of the others.
"""

from collections import defaultdict

import numpy as np

from calleq.media.g711 import DECODING, ENCODING
from calleq.media.rtp.table import SILENT_ROW, Integers, Octets

PIECE_ROWS = 128
"""Of 160 samples, 4 octets each while they are added: 80 kB."""


class Group:
    """Rows that are heard together, and who hears them."""

    __slots__ = ("depth", "ears", "phase", "rows")

    def __init__(self, rows: tuple[int, ...], depth: int, phase: int) -> None:
        self.rows = rows
        self.depth = depth
        self.phase = phase
        self.ears: dict[int, int] = {}
        """The row of each ear, by its own row; `SILENT_ROW`: an ear that says nothing itself."""


class _Batch:
    """Groups of one size, depth and phase, as arrays."""

    __slots__ = ("members", "outs", "scratch", "whole", "whole_outs")

    def __init__(self, groups: list[Group], scratch: int) -> None:
        self.members: Integers = np.array([group.rows for group in groups], dtype=np.int64)
        outs = [[group.ears.get(row, scratch) for row in group.rows] for group in groups]
        self.outs: Integers = np.array(outs, dtype=np.int64)
        self.scratch = bool((self.outs != scratch).any())
        """Whether any ear hears less than everything."""
        whole = [at for at, group in enumerate(groups) if SILENT_ROW in group.ears]
        self.whole: Integers = np.array(whole, dtype=np.int64)
        ears = [groups[at].ears[SILENT_ROW] for at in whole]
        self.whole_outs: Integers = np.array(ears, dtype=np.int64)


class Sums:
    """All groups of a voice process."""

    def __init__(self, scratch_row: int) -> None:
        self._scratch_row = scratch_row
        self._kinds: defaultdict[tuple[int, int, int], dict[Group, None]] = defaultdict(dict)
        """Groups by phase, depth and size."""
        self._batches: dict[tuple[int, int, int], _Batch] = {}
        self._order: dict[int, list[tuple[int, int, int]]] = {}

    def changed(self, group: Group) -> None:
        """A group is new, or has other ears, or (with none) is no more."""
        kind = (group.phase, group.depth, len(group.rows))
        self._batches.pop(kind, None)
        self._order.clear()
        if group.ears:
            self._kinds[kind][group] = None
        else:
            self._kinds[kind].pop(group, None)
            if not self._kinds[kind]:
                del self._kinds[kind]

    def work_out(self, phase: int, rows: Octets) -> None:
        """Write every ear's row of a phase."""
        kinds = self._order.get(phase)
        if kinds is None:
            kinds = self._order[phase] = sorted(kind for kind in self._kinds if kind[0] == phase)
        for kind in kinds:
            batch = self._batches.get(kind)
            if batch is None:
                batch = self._batches[kind] = _Batch(list(self._kinds[kind]), self._scratch_row)
            _work_out(batch, rows, max(1, PIECE_ROWS // kind[2]))


def _work_out(batch: _Batch, rows: Octets, step: int) -> None:
    count, size = batch.members.shape
    totals = []
    for start in range(0, count, step):
        members = batch.members[start : start + step]
        samples = np.take(DECODING, rows[members])
        total = samples[:, 0].astype(np.int32)
        for at in range(1, size):
            total += samples[:, at]
        if batch.scratch:
            _put(rows, batch.outs[start : start + step], total[:, None] - samples)
        if batch.whole.size:
            totals.append(total)
    if totals:
        _put(rows, batch.whole_outs, np.concatenate(totals)[batch.whole])


def _put(
    rows: Octets, outs: Integers, samples: "np.ndarray[tuple[int, ...], np.dtype[np.int32]]"
) -> None:
    np.clip(samples, -32_768, 32_767, out=samples)
    rows[outs] = np.take(ENCODING, samples.astype(np.int16).view(np.uint16))
