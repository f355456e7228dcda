"""Trunk groups and the choice of a circuit (Q.764 §2.9.1).

Owns which circuits of a group are idle. Of each group one exchange controls half: the one with the
higher point code the even circuits, the other the odd ones (§2.9.1.4). An exchange hunts first
among the circuits it controls, the lowest first, and only when none of them is idle among the
others, there the highest first: the two ends meet as late as can be, so dual seizure is rare, and
what is chosen repeats from run to run.

A circuit that is taken by the far end stays in the heap it lies in and is passed over when it comes
up, so taking and putting back cost O(log n) and nothing is searched.
"""

import heapq

import msgspec

CIRCUITS_LIMIT = 16_384
"""Circuits between two exchanges: the CIC has 12 bits (Q.763 §1.2), or 14 (T1.113.3 §1.2)."""


class Trunk(msgspec.Struct, frozen=True):
    """A trunk group as one of its exchanges sees it: CICs `first` to `first + circuits - 1`."""

    name: str
    far_name: str
    far_point_code: int
    first: int = 1
    circuits: int = 30
    check_every: int = 0
    """Of how many calls sent one asks for a continuity check of its circuit; 0: none does."""
    delay_ms: int = 0
    """What a circuit adds to the propagation delay counter (Q.763 §3.42)."""
    satellite: bool = False
    """The circuits go by way of a satellite (Q.763 §3.35)."""

    def __post_init__(self) -> None:
        if not 0 <= self.first < self.first + self.circuits <= CIRCUITS_LIMIT:
            raise ValueError(
                f"trunk group {self.name}: circuits {self.first} to"
                f" {self.first + self.circuits - 1} are not all within 0 to {CIRCUITS_LIMIT - 1}"
            )


def controls(own: int, far: int, cic: int) -> bool:
    """Whether `own` prevails in a dual seizure of the circuit (Q.764 §2.9.1.4).

    >>> controls(own=200, far=100, cic=2), controls(own=100, far=200, cic=2)
    (True, False)
    """
    return (cic % 2 == 0) == (own > far)


class Pool:
    """The idle circuits of one trunk group, by CIC."""

    def __init__(self, trunk: Trunk, own_point_code: int) -> None:
        self.trunk = trunk
        self._own = own_point_code
        self._idle: set[int] = set()
        self._queued: set[int] = set()
        self._ours: list[int] = []
        self._theirs: list[int] = []
        for cic in range(trunk.first, trunk.first + trunk.circuits):
            self.put_back(cic)

    @property
    def idle(self) -> int:
        """How many circuits may be taken."""
        return len(self._idle)

    def choose(self) -> int | None:
        """Take the circuit to seize next; None when all are busy."""
        for heap, sign in ((self._ours, 1), (self._theirs, -1)):
            while heap:
                cic = sign * heapq.heappop(heap)
                self._queued.discard(cic)
                if cic in self._idle:
                    self._idle.discard(cic)
                    return cic
        return None

    def take(self, cic: int) -> None:
        """This very circuit is no longer idle: the far end seized it, or it is reset."""
        self._idle.discard(cic)

    def put_back(self, cic: int) -> None:
        """The circuit is idle again."""
        self._idle.add(cic)
        if cic in self._queued:
            return
        self._queued.add(cic)
        if controls(self._own, self.trunk.far_point_code, cic):
            heapq.heappush(self._ours, cic)
        else:
            heapq.heappush(self._theirs, -cic)
