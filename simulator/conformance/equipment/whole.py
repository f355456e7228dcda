"""Whole calls of the equipment under test: a message at the door, and what becomes of it.

What is expected is written here, not taken from another equipment: the final state, the legs with
their causes, that every party answered is billed what it lived through, and that nothing is left.
"""

import json
from typing import NamedTuple

from calleq.units import SECOND_US
from simulator.conformance.equipment.bench import NAME, Bench, require

BUSINESS = "abc"
Leg = tuple[str, int]
"""Number and cause."""


class WholeCall(NamedTuple):
    """One call and what must become of it."""

    number: str
    title: str
    customer: str
    representative: str
    state: str
    legs: tuple[Leg, ...]
    mutants: tuple[str, ...]
    cancel_s: float = 0.0
    """The business cancels so long after its message; 0: it does not."""

    def perform(self, bench: Bench) -> None:
        """Make the call. Raises BrokenError."""
        call = bench.network.place(
            json.dumps(
                {
                    "business_id": BUSINESS,
                    "password": f"{BUSINESS}-demo",
                    "customer_number": self.customer,
                    "representative_number": self.representative,
                    "hunt": False,
                }
            ).encode()
        )
        if self.cancel_s:
            bench.wait_s(self.cancel_s)
            require(bench.service.cancel(call), "the call was over before it could be cancelled")
        view = bench.network.run_to_end(call, BUSINESS, 300 * SECOND_US)
        require(view.state == self.state, f"the call ended {view.state}, not {self.state}")
        found = tuple((leg.number, leg.cause or 0) for leg in view.legs)
        require(found == self.legs, f"its legs ended {found}, not {self.legs}")
        bench.wait_s(40)
        self._check_records(bench, call)
        for number, _ in self.legs:
            require(number == UNALLOCATED or _is_free(bench, number), f"{number} is not free")
        bench.at_rest()
        require(len(bench.service.calling_logic) == 0, f"{NAME} still has the call")

    def _check_records(self, bench: Bench, call: str) -> None:
        (record,) = [one for one in bench.network.records() if one.call == call]
        require(record.state == self.state, f"the record says {record.state}")
        require(
            tuple((leg.number, leg.cause) for leg in record.legs) == self.legs,
            f"the record's legs are {[(leg.number, leg.cause) for leg in record.legs]}",
        )
        for leg in record.legs:
            lived = sum(one.talk_us or 0 for one in bench.lived(leg.number))
            require(
                leg.talk_us == lived,
                f"{leg.number} talked for {lived} microseconds and {leg.talk_us} are billed",
            )


def _is_free(bench: Bench, number: str) -> bool:
    state = bench.telephones.telephone(number).state.value
    return state == "OnHook" or number == BUSY


PERSON, LATE, BUSY, SILENT = "+12125550100", "+12125550106", "+12125550101", "+12125550102"
UNALLOCATED = "+12125550103"
REJECTS = "+12125550107"
REPRESENTATIVE = "+12125550143"

CALLS = (
    WholeCall(
        "wh-01",
        "Customer and representative talk; the representative hangs up",
        PERSON,
        REPRESENTATIVE,
        "completed",
        ((PERSON, 16), (REPRESENTATIVE, 16)),
        ("tell no answer", "bridge without a word"),
    ),
    WholeCall(
        "wh-02",
        "The customer is busy: nobody else is called",
        BUSY,
        REPRESENTATIVE,
        "customer_busy",
        ((BUSY, 17),),
        ("one cause for all", "tell no release"),
    ),
    WholeCall(
        "wh-03",
        "The customer does not answer",
        SILENT,
        REPRESENTATIVE,
        "customer_no_answer",
        ((SILENT, 19),),
        ("never release", "take ringing for an answer"),
    ),
    WholeCall(
        "wh-04",
        "Nobody has the customer's number",
        UNALLOCATED,
        REPRESENTATIVE,
        "failed",
        ((UNALLOCATED, 1),),
        ("one cause for all", "tell no release"),
    ),
    WholeCall(
        "wh-05",
        "The representative is busy, and the customer is told",
        LATE,
        BUSY,
        "agent_busy",
        ((LATE, 16), (BUSY, 17)),
        ("one cause for all", "never release"),
    ),
    WholeCall(
        "wh-06",
        "The representative turns the call away",
        PERSON,
        REJECTS,
        "agent_rejected",
        ((PERSON, 16), (REJECTS, 21)),
        ("one cause for all", "tell no release"),
    ),
    WholeCall(
        "wh-07",
        "The business cancels while the customer is rung",
        SILENT,
        REPRESENTATIVE,
        "canceled",
        ((SILENT, 16),),
        ("never release", "never clear"),
        cancel_s=5,
    ),
    WholeCall(
        "wh-08",
        "The business cancels while they talk: both are let go",
        PERSON,
        REPRESENTATIVE,
        "completed",
        ((PERSON, 16), (REPRESENTATIVE, 16)),
        ("never release", "never clear"),
        cancel_s=14,
    ),
)
