"""Numbers that are left alone for a while, because the last call to them was not answered or was
turned away.

| the call ended as | the number |
|---|---|
| customer_no_answer, customer_machine | rests for `unanswered_s`, doubled with each in a row |
| customer_rejected | rests for `declined_s`, doubled with each in a row |
| anything else after the customer answered | starts afresh |
| anything else (busy, no means, cancelled) | is as before |

A row is forgotten when the number was left alone for `ROW_TIMES` as long as it had to be, and an
hour at least. It counts over all businesses: the telephone that rings is the same.
"""

import msgspec

from calleq.guards.fair_table import FairTable
from calleq.topology_policy import CarrierPolicy
from calleq.units import HOUR_US, SECOND_US

LIMIT_COOLING = 200_000
ROW_TIMES = 4
ROW_LEAST_US = HOUR_US
DOUBLINGS_LIMIT = 20

UNANSWERED = frozenset(("customer_no_answer", "customer_machine"))
DECLINED = frozenset(("customer_rejected",))
ANSWERED = frozenset(
    ("completed", "customer_abandoned", "agent_busy", "agent_no_answer", "agent_rejected")
)
"""Final states of a call whose customer answered; of `agent_unavailable` it is not known."""


class Cooling(msgspec.Struct, frozen=True):
    """A number that rests, or did so lately."""

    times: int
    until_us: int
    """UTC."""
    length_us: int


class CoolDowns:
    """The numbers of one carrier."""

    def __init__(self, carrier: CarrierPolicy, limit: int = LIMIT_COOLING) -> None:
        self._unanswered_us = carrier.unanswered_s * SECOND_US
        self._declined_us = carrier.declined_s * SECOND_US
        self._most_us = carrier.cool_down_most_s * SECOND_US
        self._table: FairTable[Cooling] = FairTable(limit)

    def __len__(self) -> int:
        return len(self._table)

    def wait_us(self, number: str, now_us: int) -> int:
        """How long the number is still left alone; 0: no longer."""
        found = self._table.get(number, now_us)
        if found is None:
            return 0
        return max(0, min(found.until_us - now_us, found.length_us))

    def ended(self, number: str, business: str, state: str, at_us: int) -> None:
        """A call to the number has ended."""
        if state in ANSWERED:
            self._table.drop(number)
            return
        first_us = (
            self._unanswered_us
            if state in UNANSWERED
            else self._declined_us
            if state in DECLINED
            else 0
        )
        if not first_us:
            return
        before = self._table.get(number, at_us)
        times = 1 if before is None else min(before.times + 1, DOUBLINGS_LIMIT)
        length_us = min(first_us << (times - 1), self._most_us)
        until_us = at_us + length_us
        forgotten_us = until_us + max(ROW_TIMES * length_us, ROW_LEAST_US)
        self._table.put(number, business, Cooling(times, until_us, length_us), forgotten_us, at_us)
