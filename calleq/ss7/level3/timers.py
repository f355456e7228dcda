"""The timers of level 3 (Q.704 §16.8, Q.707 §5.5), with the ranges that the Recommendations allow.

The defaults are at the quick end of each range, because our links are quick. A network may be given
others by its topology; a value out of its range is refused (ValueError).
"""

import msgspec

from calleq.topology_mtp3 import RANGES_US
from calleq.units import MILLISECOND_US, MINUTE_US, SECOND_US

_MS = MILLISECOND_US
_S = SECOND_US


class Mtp3Timers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long each timer runs, in microseconds. `t1_us` is T1 of Q.704 §16.8, and so on."""

    t1_us: int = 500 * _MS
    """Before traffic is diverted without the far end's word (time-controlled changeover)."""
    t2_us: int = 700 * _MS
    """Changeover declared, acknowledgement awaited."""
    t3_us: int = 500 * _MS
    """Before traffic is diverted to another linkset's link (time-controlled changeback)."""
    t4_us: int = 500 * _MS
    """Changeback declared, acknowledgement awaited."""
    t5_us: int = 500 * _MS
    """Changeback declared again, acknowledgement awaited."""
    t6_us: int = 500 * _MS
    """Before traffic is diverted to a route that is allowed again (controlled rerouting)."""
    t8_us: int = 800 * _MS
    """No second transfer-prohibited to the same node about the same destination."""
    t10_us: int = 30 * _S
    """Between two signalling-route-set-test messages."""
    t11_us: int = 30 * _S
    """A detour lasts so long before the neighbours are told to avoid it (transfer-restricted)."""
    t12_us: int = 800 * _MS
    """Uninhibit sent, acknowledgement awaited."""
    t13_us: int = 800 * _MS
    """Force uninhibit sent, uninhibit awaited."""
    t14_us: int = 2 * _S
    """Inhibit sent, acknowledgement awaited."""
    t15_us: int = 2 * _S
    """Congestion heard of; then a route-set-congestion-test."""
    t16_us: int = 1_400 * _MS
    """Route-set-congestion-test sent, transfer-controlled awaited."""
    t17_us: int = 800 * _MS
    """Before a link that failed its test is begun with again."""
    t18_us: int = 2 * _S
    """At a transfer point that restarts: how long it collects links and routes."""
    t19_us: int = 67 * _S
    """No second answer to an unexpected traffic-restart-allowed."""
    t20_us: int = 59 * _S
    """The longest restart of this node."""
    t21_us: int = 63 * _S
    """The longest restart of an adjacent node."""
    t22_us: int = 3 * MINUTE_US
    """Between two tests of a link that is inhibited from here."""
    t23_us: int = 3 * MINUTE_US
    """Between two tests of a link that is inhibited from the far end."""
    test_t1_us: int = 4 * _S
    """Link test sent, acknowledgement awaited (T1 of Q.707)."""
    test_t2_us: int = 90 * _S
    """Between two tests of a link that carries traffic (T2 of Q.707)."""

    def __post_init__(self) -> None:
        for name, (shortest_us, longest_us) in RANGES_US.items():
            if not shortest_us <= getattr(self, name) <= longest_us:
                raise ValueError(
                    f"{name}: {getattr(self, name)}: {shortest_us} to {longest_us} expected"
                )
