"""A third party for a call that is bridged: dialled beside it, and joined when it answers.

Owns that party's leg and nothing of the call: the call's machine does not know of it. The third
party is journalled, told and billed like any leg. It may leave without a word to the others; when
the call ends it is released with the others. One may follow another, one at a time.
"""

from collections.abc import Callable

from calleq.call.driver import Answered, Leg, LegResult, SetUpLeg, cause_of
from calleq.calling_logic.bridge import Bridge
from calleq.calling_logic.leg import EVENTS, CircuitLeg
from calleq.calling_logic.means import Means
from calleq.causes import Q850
from calleq.journal.entries import Progress

THIRD: Leg = "third"
THIRDS_LIMIT = 20
"""Third parties of one call, one after the other."""


class ThirdParty:
    """One third party of one call, from its dialling to its release; fulfils `LegOwner`."""

    def __init__(
        self,
        means: Means,
        call: str,
        bridge: Bridge,
        happened: Callable[[str, Progress], object],
        gone: Callable[[], object],
    ) -> None:
        """`happened` is told each event with its number, when it is durable; `gone` is told once,
        when nothing of the leg is left."""
        self._means = means
        self._call = call
        self._bridge = bridge
        self._happened = happened
        self._gone = gone
        self._leg: CircuitLeg | None = None

    def dial(self, number: str, caller: str, attempt: int, ring_limit_us: int) -> bool:
        """Dial, or tell that no way is left (cause 34); whether there is one."""
        way = self._means.access.seize_extra(self._call, number)
        if way is None:
            self._tell(number, Progress(self._call, "failed", THIRD, attempt, Q850.NO_CIRCUIT))
            self._gone()
            return False
        command = SetUpLeg(0, THIRD, attempt, number, caller, ring_limit_us)
        self._leg = CircuitLeg(self._means, self, self._call, command, way)
        self._leg.begin()
        return True

    def release(self, cause: int = Q850.NORMAL) -> None:
        """End the leg in whatever state it is."""
        if self._leg is not None:
            self._leg.release(0, cause)

    def leg_dialled(self, leg: CircuitLeg) -> None:
        """See `LegOwner`."""
        command = leg.command
        self._happened(command.address, Progress(self._call, "dialled", THIRD, command.attempt))

    def leg_reports(self, leg: CircuitLeg, result: LegResult) -> None:
        """See `LegOwner`."""
        command = leg.command
        event = EVENTS[type(result)]
        entry = Progress(self._call, event, THIRD, command.attempt, cause_of(result))
        self._tell(command.address, entry)
        if isinstance(result, Answered):
            self._bridge.add(leg)

    def leg_over(self, leg: CircuitLeg) -> None:
        """See `LegOwner`."""
        self._bridge.remove(leg)
        self._means.stage.silence(leg.circuit)

    def leg_clear(self, leg: CircuitLeg) -> None:
        """See `LegOwner`."""
        self._gone()

    def _tell(self, number: str, entry: Progress) -> None:
        self._means.journal.append(self._means.name, entry, lambda: self._happened(number, entry))
