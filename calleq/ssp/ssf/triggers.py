"""Triggers of one switch: which number stops a call at which point (trigger detection points).

Built once from the topology. The longest prefix of the called number decides.
"""

from calleq.ss7.inap.contexts import Context
from calleq.ss7.inap.values import EventTypeBCSM
from calleq.topology import Topology, Trigger

EVENTS = {
    "collected_information": EventTypeBCSM.COLLECTED_INFO,
    "analysed_information": EventTypeBCSM.ANALYSED_INFORMATION,
    "termination_attempt": EventTypeBCSM.TERM_ATTEMPT_AUTHORIZED,
}
"""What a trigger's point is called in an InitialDP."""

CONTEXTS = {1: Context.CS1_SSP_TO_SCP, 2: Context.CS2_SSF_SCF_GENERIC}
"""The application context by capability set."""


class Triggers:
    """The triggers that are armed at one switch."""

    def __init__(self, topology: Topology, switch: str) -> None:
        own = [one for one in topology.triggers if not one.switches or switch in one.switches]
        self._by_prefix = {prefix: trigger for trigger in own for prefix in trigger.called}
        self._lengths = sorted({len(prefix) for prefix in self._by_prefix}, reverse=True)

    def __bool__(self) -> bool:
        return bool(self._by_prefix)

    def of(self, called: str) -> Trigger | None:
        """The trigger that a call to this number (E.164 with `+`) meets."""
        for length in self._lengths:
            found = self._by_prefix.get(called[:length])
            if found is not None:
                return found
        return None
