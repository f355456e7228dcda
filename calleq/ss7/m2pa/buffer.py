"""What one end has sent and not seen acknowledged, and what waits to be sent (RFC 4165 §4.2).

Owns both queues, the level of congestion that their length means, and what remains of them when the
link fails, for level 3 to take to another link. Units are kept whole and in order; none is ever
dropped here: one too many is refused to whoever brings it.
"""

from collections import deque
from typing import NamedTuple

from calleq.ss7.m2pa.frames import SEQUENCE_MASK
from calleq.ss7.m2pa.timing import Bounds

NONE_RECEIVED = SEQUENCE_MASK
"""The number before the first: 2**24 - 1 (RFC 4165 §2.2)."""

LEVELS = 3


class Remains(NamedTuple):
    """What a time in service left behind."""

    received: int = NONE_RECEIVED
    """FSN of the last unit taken in order."""
    acknowledged: int = NONE_RECEIVED
    """FSN of the last unit that the far end acknowledged."""
    sent: tuple[bytes, ...] = ()
    """The units after `acknowledged`, in order."""
    unsent: tuple[bytes, ...] = ()

    def after(self, fsn: int | None) -> list[bytes]:
        """The units after `fsn`, which the far end says it had; None: only what was never sent.

        A number that was not outstanding cannot be the far end's last: it is taken for the last
        that was acknowledged, so that a unit is rather sent twice than lost.
        """
        if fsn is None:
            return list(self.unsent)
        had = (fsn - self.acknowledged) & SEQUENCE_MASK
        if had > len(self.sent):
            had = 0
        return [*self.sent[had:], *self.unsent]


class Buffer:
    """The two queues of one end."""

    __slots__ = ("_bounds", "level", "sent", "unsent")

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self.sent: deque[bytes] = deque()
        """Sent and not acknowledged."""
        self.unsent: deque[bytes] = deque()
        self.level = 0
        """Of congestion, 0 to 3."""

    def __len__(self) -> int:
        return len(self.sent) + len(self.unsent)

    @property
    def is_full(self) -> bool:
        """Whether one more unit would be one too many."""
        return len(self) >= self._bounds.limit

    def weigh(self) -> bool:
        """Bring `level` up to date; whether it has changed."""
        bounds, kept, before = self._bounds, len(self), self.level
        while self.level < LEVELS and kept >= bounds.onset[self.level]:
            self.level += 1
        while self.level and kept <= bounds.abatement[self.level - 1]:
            self.level -= 1
        return self.level != before

    def call_back(self) -> None:
        """Everything that was sent waits again, before what waits already."""
        self.unsent.extendleft(reversed(self.sent))
        self.sent.clear()

    def empty(self) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
        """Both queues as they are; nothing stays here."""
        kept = tuple(self.sent), tuple(self.unsent)
        self.sent.clear()
        self.unsent.clear()
        return kept
