"""The timers of ISUP call control and of circuit supervision (Q.764 Table A.1).

The defaults lie within the ranges of the table. Q.764 leaves T9 to Q.118: 2 to 4 minutes.
"""

import msgspec

from calleq.units import MINUTE_US, SECOND_US


class IsupTimers(msgspec.Struct, frozen=True, kw_only=True):
    """How long each timer runs, in microseconds; ValueError when two contradict each other."""

    t1_us: int = 15 * SECOND_US
    """REL sent, RLC awaited: REL is repeated (15 to 60 s)."""
    t5_us: int = 5 * MINUTE_US
    """First REL sent, still no RLC: the circuit is reset (5 to 15 min)."""
    t7_us: int = 25 * SECOND_US
    """IAM sent, ACM or CON awaited: the call is released (20 to 30 s)."""
    t9_us: int = 180 * SECOND_US
    """ACM received, ANM awaited: the call is released (Q.118 §4.3.1)."""
    t16_us: int = 15 * SECOND_US
    """RSC sent by hand, RLC awaited: RSC is repeated (15 to 60 s)."""
    t17_us: int = 5 * MINUTE_US
    """RSC still not acknowledged: it is repeated at this longer interval (5 to 15 min)."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            if getattr(self, name) <= 0:
                raise ValueError(f"ISUP timer {name} must be longer than nothing")
        if self.t5_us < self.t1_us or self.t17_us < self.t16_us:
            raise ValueError("ISUP timers T5 and T17 cannot be shorter than T1 and T16")
