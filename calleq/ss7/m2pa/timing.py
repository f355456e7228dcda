"""How long an end of a link waits for what, and how much it keeps: RFC 4165's timers and bounds.

The timers are those of Q.703 §12.3 by name, with values inside its ranges. Those of a terrestrial
64 kbit/s channel fit a link over IP as well; each can be chosen for a link.
"""

from dataclasses import dataclass, fields
from itertools import pairwise

from calleq.units import MILLISECOND_US, SECOND_US

TIMER_LIMIT_US = 600 * SECOND_US


@dataclass(frozen=True, slots=True, kw_only=True)
class Timers:
    """Timers of one end, in microseconds. ValueError for values that no link could work with."""

    t1_us: int = 45 * SECOND_US
    """T1, alignment ready: the far end must have finished proving (40 to 50 s)."""
    t2_us: int = 5 * SECOND_US
    """T2, not aligned: the far end must have begun to align (5 to 150 s)."""
    t3_us: int = 1_500 * MILLISECOND_US
    """T3, aligned: the far end must have begun to prove (1 to 2 s)."""
    t4_normal_us: int = 8_200 * MILLISECOND_US
    """T4, normal proving (7.5 to 9.5 s)."""
    t4_emergency_us: int = 500 * MILLISECOND_US
    """T4, emergency proving (0.4 to 0.6 s)."""
    t5_us: int = 100 * MILLISECOND_US
    """T5, how often a busy end says so again (80 to 120 ms)."""
    t6_us: int = 5 * SECOND_US
    """T6, remote congestion: a busy far end must have ended it (3 to 6 s)."""
    t7_us: int = 2 * SECOND_US
    """T7, excessive delay of acknowledgement (0.5 to 2 s)."""
    repeat_us: int = 100 * MILLISECOND_US
    """How often the own state is said again until the link is in service."""
    pause_us: int = 100 * MILLISECOND_US
    """How long an end is out of service before it aligns again."""
    acknowledge_us: int = 300 * MILLISECOND_US
    """The longest a unit waits for one in the other direction that takes its acknowledgement."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not 0 < value <= TIMER_LIMIT_US:
                raise ValueError(f"{field.name}: {value}: 1 to {TIMER_LIMIT_US} us expected")
        if self.acknowledge_us >= self.t7_us:
            raise ValueError(
                f"acknowledge_us: {self.acknowledge_us}: less than T7, {self.t7_us} us, expected"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How many units one end keeps. ValueError for bounds that contradict each other."""

    window: int = 1_024
    """Units sent and not acknowledged; later ones wait."""
    limit: int = 8_192
    """Units kept in all; one more is refused."""
    onset: tuple[int, int, int] = (512, 2_048, 4_096)
    """At so many units kept, congestion rises to level 1, 2 and 3 (Q.704 §3.8.2)."""
    abatement: tuple[int, int, int] = (384, 1_536, 3_072)
    """At so many or fewer, congestion falls below level 1, 2 and 3."""
    acknowledge_after: int = 64
    """Units received after which an acknowledgement is sent at once."""

    def __post_init__(self) -> None:
        rising = (0, *self.onset, self.limit)
        if any(low >= high for low, high in pairwise(rising)):
            raise ValueError(f"onset: {self.onset}: rising, and below {self.limit}, expected")
        if any(low >= high for low, high in zip(self.abatement, self.onset, strict=True)):
            raise ValueError(f"abatement: {self.abatement}: each below its onset expected")
        if not 0 < self.acknowledge_after <= self.window <= self.limit:
            raise ValueError(
                f"window: {self.window}: {self.acknowledge_after} to {self.limit} expected"
            )
