"""The timers of ISUP call control and of circuit supervision (Q.764 Table A.1), T1 to T36.

The defaults lie within the ranges of the table. Q.764 leaves T6 and T9 to Q.118: 1 to 2 and 2 to 4
minutes. T2, T3 and the others of supplementary services stand as Q.764 has them.

A timer that is repeated until something is answered comes in a pair: the first interval and the
long one that ends it. `IsupTimers` refuses pairs whose second is the shorter.

T11 and T37 belong to interworking exchanges and T31, T32 and T38 to end-to-end connections and
international exchanges; calleq is neither and has none. T33 bounds an information request of ours.
"""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from calleq.runtime.clock import Clock
from calleq.units import MILLISECOND_US, MINUTE_US, SECOND_US

_PAIRS = (
    ("t1_us", "t5_us"),
    ("t12_us", "t13_us"),
    ("t14_us", "t15_us"),
    ("t16_us", "t17_us"),
    ("t18_us", "t19_us"),
    ("t20_us", "t21_us"),
    ("t22_us", "t23_us"),
    ("t29_us", "t30_us"),
)


class IsupTimers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long each timer runs, in microseconds; ValueError when two contradict each other."""

    t1_us: int = 15 * SECOND_US
    """REL sent, RLC awaited: REL is repeated (15 to 60 s)."""
    t2_us: int = 3 * MINUTE_US
    """Suspended by the subscriber: the call is released (3 min)."""
    t3_us: int = 2 * MINUTE_US
    """Overload message received for an IAM: the call is released (2 min)."""
    t4_us: int = 5 * MINUTE_US
    """User part of the far exchange unavailable: the test is repeated (5 to 15 min)."""
    t5_us: int = 5 * MINUTE_US
    """First REL sent, still no RLC: the circuit is reset (5 to 15 min)."""
    t6_us: int = MINUTE_US
    """Suspended by the network: the call is released (Q.118 §4.3.2)."""
    t7_us: int = 25 * SECOND_US
    """IAM or SAM sent, ACM or CON awaited: the call is released (20 to 30 s)."""
    t8_us: int = 12 * SECOND_US
    """IAM with a continuity check received, COT awaited: the call is released (10 to 15 s)."""
    t9_us: int = 180 * SECOND_US
    """ACM received, ANM awaited: the call is released (Q.118 §4.3.1)."""
    t10_us: int = 5 * SECOND_US
    """Digits may follow but need not: the number is taken as complete (4 to 6 s)."""
    t12_us: int = 15 * SECOND_US
    """BLO sent, BLA awaited: BLO is repeated (15 to 60 s)."""
    t13_us: int = 5 * MINUTE_US
    """BLO still not acknowledged: alarm, repeated at this interval (5 to 15 min)."""
    t14_us: int = 15 * SECOND_US
    """UBL sent, UBA awaited: UBL is repeated (15 to 60 s)."""
    t15_us: int = 5 * MINUTE_US
    """UBL still not acknowledged: alarm, repeated at this interval (5 to 15 min)."""
    t16_us: int = 15 * SECOND_US
    """RSC sent by hand, RLC awaited: RSC is repeated (15 to 60 s)."""
    t17_us: int = 5 * MINUTE_US
    """RSC still not acknowledged: alarm, repeated at this interval (5 to 15 min)."""
    t18_us: int = 15 * SECOND_US
    """CGB sent, CGBA awaited: CGB is repeated (15 to 60 s)."""
    t19_us: int = 5 * MINUTE_US
    """CGB still not acknowledged: alarm, repeated at this interval (5 to 15 min)."""
    t20_us: int = 15 * SECOND_US
    """CGU sent, CGUA awaited: CGU is repeated (15 to 60 s)."""
    t21_us: int = 5 * MINUTE_US
    """CGU still not acknowledged: alarm, repeated at this interval (5 to 15 min)."""
    t22_us: int = 15 * SECOND_US
    """GRS sent, GRA awaited: GRS is repeated (15 to 60 s)."""
    t23_us: int = 5 * MINUTE_US
    """GRS still not acknowledged: alarm, repeated at this interval (5 to 15 min)."""
    t24_us: int = 1_900 * MILLISECOND_US
    """Check tone sent, its return awaited: the check has failed (less than 2 s)."""
    t25_us: int = 5 * SECOND_US
    """First check failed: CCR is sent (1 to 10 s)."""
    t26_us: int = 2 * MINUTE_US
    """Another check failed: CCR is sent again (1 to 3 min)."""
    t27_us: int = 4 * MINUTE_US
    """Failed check heard of, CCR awaited: the circuit is reset (4 min)."""
    t28_us: int = 10 * SECOND_US
    """CQM sent, CQR awaited: alarm (10 s)."""
    t29_us: int = 450 * MILLISECOND_US
    """Congestion told of: what is told meanwhile is the same congestion (300 to 600 ms)."""
    t30_us: int = 8 * SECOND_US
    """No more congestion told of: one step more traffic (5 to 10 s)."""
    t33_us: int = 13 * SECOND_US
    """INR sent, INF awaited: the call is released (12 to 15 s)."""
    t34_us: int = 3 * SECOND_US
    """A message says that a segment follows: it is acted on without it (2 to 4 s)."""
    t35_us: int = 18 * SECOND_US
    """Fewer digits than the number must have: the call is released (15 to 20 s)."""
    t36_us: int = 12 * SECOND_US
    """CCR received, COT or REL awaited: the circuit is reset (10 to 15 s)."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            if getattr(self, name) <= 0:
                raise ValueError(f"ISUP timer {name} must be longer than nothing")
        for first, long in _PAIRS:
            if getattr(self, long) < getattr(self, first):
                one, other = first[:-3].upper(), long[:-3].upper()
                raise ValueError(f"ISUP timer {other} cannot be shorter than {one}")


_USUAL = IsupTimers()

ANSI_TIMERS = IsupTimers(
    **dict.fromkeys(
        ("t5_us", "t13_us", "t15_us", "t17_us", "t19_us", "t21_us", "t23_us"), MINUTE_US
    ),
    t6_us=20 * SECOND_US,
)
"""As T1.113.4 has them where it differs: what is not answered is repeated each minute, and a call
that its called party has left is released after 10 to 32 s."""


def timers_of(seconds: Mapping[str, float], usual: IsupTimers = _USUAL) -> IsupTimers:
    """The timers with these lengths in place of the usual ones, by name (`T7`), in seconds.

    Raises ValueError for a timer that there is not, or lengths that contradict each other.
    """
    known = {name[:-3].upper(): name for name in IsupTimers.__struct_fields__}
    lengths_us = {}
    for timer, length_s in seconds.items():
        if timer not in known:
            raise ValueError(f"{timer!r} is none of {', '.join(known)}")
        lengths_us[known[timer]] = round(length_s * SECOND_US)
    return msgspec.structs.replace(usual, **lengths_us)


class Timed(Protocol):
    """Who has a clock and timers; both are read anew whenever a timer is set."""

    clock: Clock
    timers: IsupTimers
