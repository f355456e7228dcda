"""A service control point, wired: SCCP and TCAP below, its services beside each other, OSN above.

It serves 800 numbers (`freephone`), and where an instruction for a customer-first call reaches it
over the OSN it makes that call with calling logic 80, the very one of the peripheral: on a switch
that also bridges (`switch_calls`), or with a peripheral that does (`assisted_calls`). Two SCPs
serve the same numbers; which of them a switch asks is the switch's choice, by what SCCP management
says of them.

It keeps nothing over a restart but what calling logic keeps: a dialogue of before is unknown here,
and TCAP says so to whoever goes on in it.
"""

from collections.abc import Iterable

from calleq.acd.longest_idle import LongestIdle
from calleq.calling_logic.logic import CallingLogic
from calleq.calling_logic.means import Means
from calleq.causes import Q850
from calleq.journal.contract import Journal
from calleq.journal.entries import Stamped
from calleq.osn.contract import Bus
from calleq.runtime.clock import Clock
from calleq.scp.assisted_calls import AssistedCalls
from calleq.scp.freephone import Freephone
from calleq.scp.platform import ServicePlatform
from calleq.scp.switch_calls import SwitchCalls
from calleq.ss7.sccp.contract import SccpProvider
from calleq.ss7.variant import variant_of
from calleq.topology import ServiceControlPoint, Topology, parse_point_code
from calleq.topology_service_checks import assisting_peripheral

GROUP = "inap"
"""What the journal calls the ways of an SCP: legs of a switch, under INAP."""


class ControlPoint:
    """One SCP at work, from construction on."""

    def __init__(
        self,
        topology: Topology,
        point: ServiceControlPoint,
        *,
        sccp: SccpProvider,
        bus: Bus,
        journal: Journal,
        clock: Clock,
    ) -> None:
        """Registers itself at SCCP and, by its name, on the OSN."""
        self.name = point.name
        code = parse_point_code(point.point_code, topology.variant)
        self.platform = ServicePlatform(clock, sccp, topology.intelligent_network.subsystem, code)
        self.freephone = Freephone(topology.freephone, clock, topology.country_code)
        for key in self.freephone.keys:
            self.platform.services[key] = self.freephone
        codes = topology.point_codes()
        switch = parse_point_code(codes[topology.access_server.switch], topology.variant)
        calls: SwitchCalls | AssistedCalls
        peripheral = assisting_peripheral(topology)
        if point.bridge == "ip" and peripheral is not None:
            place = topology.service_control_points.index(point) + 1
            resource, variant = peripheral.assist, variant_of(topology)
            calls = AssistedCalls(self.platform, switch, resource, place, GROUP, variant)
            self.platform.assisting = calls
        else:
            calls = SwitchCalls(self.platform, switch, GROUP)
        means = Means(point.name, point.number, calls, calls, journal, clock, LongestIdle())
        self.calling_logic = CallingLogic(means, bus)
        bus.attach(point.name, self.calling_logic.receive)

    def restart(self, entries: Iterable[Stamped]) -> int:
        """Take up the journal of before; how many calls are set up again. Before anything else."""
        return self.calling_logic.restart(entries)

    def cancel(self, call: str) -> bool:
        """End a call because its business wants so; False when there is none."""
        return self.calling_logic.cancel(call)

    def lose_all(self, cause: int = Q850.TEMPORARY_FAILURE) -> None:
        """What calls are made with is lost: every call fails with `cause`."""
        self.calling_logic.lose_all(cause)
