"""What a transit exchange changes in an IAM, and what the last one says of its way (Q.764 §2.1).

Owns the hop counter (Q.763 §3.80: one less at each exchange, cause 25 when none is left), the
propagation delay counter (§3.42, Q.764 §2.5: each exchange adds the delay of the circuit that it
takes) and the call history that the answer carries back (§3.7). Contents that cannot be read are
left as they are.
"""

import msgspec

from calleq.ss7.isup.indicators import SATELLITE
from calleq.ss7.isup.messages import Anm, Iam, IsupError
from calleq.ss7.isup.optional import HOP_COUNTER, PROPAGATION_DELAY, find, put

CALL_HISTORY = 0x2D
DELAY_LIMIT_MS = 0xFFFF
SATELLITES_LIMIT = 2
"""What the indicator can say (Q.763 §3.35)."""


def hops_exhausted(iam: Iam) -> bool:
    """Whether the call may not go on to a further exchange."""
    hops = _number(iam, HOP_COUNTER)
    return hops is not None and hops <= 1


def onward(iam: Iam, cic: int, delay_ms: int) -> Iam:
    """The IAM as it goes on, on another circuit with that delay.

    Where nothing has been counted yet, an exchange that knows its delay begins (Q.764 §2.6.2.3).
    """
    other = iam.other
    if other:
        hops = _number(iam, HOP_COUNTER)
        if hops is not None:
            other = put(other, HOP_COUNTER, max(hops - 1, 0))
    if other or delay_ms:
        delayed_ms = _number(iam, PROPAGATION_DELAY)
        if delayed_ms is not None or delay_ms:
            total_ms = (delayed_ms or 0) + delay_ms
            other = put(other, PROPAGATION_DELAY, min(total_ms, DELAY_LIMIT_MS))
    return msgspec.structs.replace(iam, cic=cic, other=other)


def delayed(iam: Iam, delay_ms: int) -> Iam:
    """The IAM of a call that begins here, on a circuit with that delay."""
    other = put(iam.other, PROPAGATION_DELAY, delay_ms)
    return msgspec.structs.replace(iam, other=other)


def by_satellite(iam: Iam) -> Iam:
    """The IAM as it goes on by way of one more satellite."""
    nature = iam.nature_of_connection
    count = min(SATELLITE.of(nature) + 1, SATELLITES_LIMIT)
    return msgspec.structs.replace(iam, nature_of_connection=SATELLITE.put(nature, count))


def history_of(iam: Iam) -> Anm | None:
    """What the answer to a call says of its way; None when nothing was counted."""
    delayed_ms = _number(iam, PROPAGATION_DELAY)
    if delayed_ms is None:
        return None
    return Anm(iam.cic, put((), CALL_HISTORY, delayed_ms))


def _number(iam: Iam, code: int) -> int | None:
    try:
        return find(iam.other, code, int) if iam.other else None
    except IsupError:
        return None
