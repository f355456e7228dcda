"""The steps of an INAP case: those of ISUP's, with SCPs beside the exchanges.

Dialogues are named as circuits: `x`, `y`, `z` are the first, the second, the third of an SCP. The
order `prohibit` is about an SCP (`at`): SCCP management tells the switch that its subsystem is out
of service.

At the end, beside what ISUP's cases ask for: no dialogue is left open at either side, and no
association in the switch.
"""

from simulator.conformance.inap.bench import TOPOLOGY, ResourceBench, SwitchBench
from simulator.conformance.inap.language import BOTH
from simulator.conformance.isup.performing import IsupPerformer
from simulator.conformance.isup.tester import Tester
from simulator.conformance.language import Read, WireError
from simulator.conformance.loading import LoadedCase
from simulator.conformance.mutants import Mutant
from simulator.conformance.steps import AnyStep, Expect, Order

ORDERS = ("prohibit",)
DIALOGUES = {"x": 1, "y": 2, "z": 3}
"""Numbers of dialogues by the names that cases have for them."""


def check_step(step: AnyStep) -> None:
    """Raises WireError when a step names a telephone or an order that there is not."""
    if isinstance(step, Order) and step.order not in ORDERS:
        raise WireError(f"order {step.order!r}: one of {', '.join(ORDERS)} expected")
    telephone = getattr(step, "telephone", "")
    numbers = [line.number for line in TOPOLOGY.lines]
    if telephone and telephone not in numbers:
        raise WireError(f"{telephone!r}: one of {', '.join(numbers)} expected")


class InapPerformer(IsupPerformer):
    """One run of an INAP case on a bench of its own."""

    def __init__(self, loaded: LoadedCase, mutant: Mutant | None = None) -> None:
        bench = (ResourceBench if loaded.case.role == "ip" else SwitchBench)(mutant)
        super().__init__(loaded, mutant, bench=bench, language=BOTH)
        self._bench = bench
        self.circuits = {**DIALOGUES, **self.circuits}
        self.parties = {**bench.testers, **bench.points}

    def other_step(self, step: AnyStep) -> None:
        if isinstance(step, Order):
            self._bench.points[step.at].prohibit()
        else:
            super().other_step(step)

    def check_more(self, step: Expect, message: Read) -> None:
        if isinstance(self.parties[step.at], Tester):
            super().check_more(step, message)

    def left_over(self) -> str:
        found = super().left_over()
        if found:
            return found
        for point in self._bench.points.values():
            if point.open:
                return f"dialogue {point.open[0]} of {point.name} is open"
        return ""
