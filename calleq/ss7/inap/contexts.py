"""Application contexts of CS-1 and CS-2: names, object identifiers, capability set.

CS-1: {ccitt(0) identified-organization(4) etsi(0) inDomain(1) in-network(1) ac(1) n version1(0)}
(ETS 300 374-1 §6.5). CS-2: under {… in-network(1) cs2(20) ac(3)} the numbers that Q.1228 has under
{itu-t recommendation q 1228 ac(3)}; both arcs are understood, the first is sent.
"""

from enum import Enum

from calleq.ss7.inap.errors import Version

_CS1 = (0, 4, 0, 1, 1, 1)
_CS2 = (0, 4, 0, 1, 1, 20, 3)
_Q1228 = (0, 0, 17, 1228, 3)


class Context(Enum):
    """An application context; the value is its object identifier."""

    CS1_SSP_TO_SCP = (*_CS1, 0, 0)
    """Opened by InitialDP."""
    CS1_ASSIST_HANDOFF_SSP_TO_SCP = (*_CS1, 1, 0)
    """Opened by AssistRequestInstructions of an assisting SSP."""
    CS1_IP_TO_SCP = (*_CS1, 2, 0)
    """Opened by AssistRequestInstructions of an intelligent peripheral."""
    CS1_SCP_TO_SSP = (*_CS1, 3, 0)
    """Opened by InitiateCallAttempt."""
    CS1_SCP_TO_SSP_TRAFFIC_MANAGEMENT = (*_CS1, 4, 0)
    """Opened by CallGap."""
    CS1_SCP_TO_SSP_SERVICE_MANAGEMENT = (*_CS1, 5, 0)
    CS1_SSP_TO_SCP_SERVICE_MANAGEMENT = (*_CS1, 6, 0)
    CS2_SSF_SCF_GENERIC = (*_CS2, 4, 0)
    """Opened by InitialDP."""
    CS2_SSF_SCF_ASSIST_HANDOFF = (*_CS2, 6, 0)
    CS2_SCF_SSF_GENERIC = (*_CS2, 8, 0)
    """Opened by InitiateCallAttempt or CreateCallSegmentAssociation."""
    CS2_SCF_SSF_TRAFFIC_MANAGEMENT = (*_CS2, 10, 0)
    CS2_SRF_SCF = (*_CS2, 14, 0)
    """Opened by AssistRequestInstructions."""

    @property
    def identifier(self) -> tuple[int, ...]:
        """The object identifier, arc by arc."""
        arcs: tuple[int, ...] = self.value
        return arcs

    @property
    def version(self) -> Version:
        """The capability set whose operations and tags hold."""
        return Version.CS2 if self.value[: len(_CS2)] == _CS2 else Version.CS1


_CONTEXTS = {context.identifier: context for context in Context} | {
    (*_Q1228, *context.value[len(_CS2) :]): context
    for context in Context
    if context.version is Version.CS2
}


def context_of(identifier: tuple[int, ...]) -> Context | None:
    """The context of that object identifier; None for one that is not spoken here.

    >>> context_of((0, 4, 0, 1, 1, 1, 0, 0))
    <Context.CS1_SSP_TO_SCP: (0, 4, 0, 1, 1, 1, 0, 0)>
    """
    return _CONTEXTS.get(identifier)
