"""Wiring of the intelligent network: what SCCP of each node goes by, what peripherals do for SCPs.

A part of `calleq.network`, in a module of its own. Whoever asks an SCP by point code is told by it
how it is. Messages to a service's number as global title go to the transfer points, which translate
them to the SCP of its trigger, or to the mate where that cannot be reached; so other networks need
not know which SCP answers.
"""

from msgspec.structs import replace

from calleq.ip_peripheral.assist import AssistMeans
from calleq.ip_peripheral.srf import ResourceFunction
from calleq.journal.contract import Journal
from calleq.media.contract import Voice
from calleq.runtime.clock import Clock
from calleq.ss7.sccp.plan import RemoteSubsystem, SccpPlan, TitledService, plans_of
from calleq.ss7.sccp.service import SccpNode
from calleq.ss7.sccp.values import NatureOfAddress
from calleq.topology import Peripheral, Topology, parse_point_code


def sccp_plans(topology: Topology) -> dict[str, SccpPlan]:
    """What SCCP of each node goes by, by the node's name; empty in a network without SCPs."""
    if not topology.service_control_points:
        return {}
    controls = tuple(point.name for point in topology.service_control_points)
    relays = tuple(point.name for point in topology.transfer_points)
    askers = (
        *(switch.name for switch in topology.switches),
        *(peripheral.name for peripheral in topology.peripherals),
    )
    codes = {
        name: parse_point_code(code, topology.variant)
        for name, code in topology.point_codes().items()
    }
    ssn = topology.intelligent_network.subsystem
    remote = {name: RemoteSubsystem(codes[name], ssn) for name in controls}
    made = plans_of(
        [codes[name] for name in (*askers, *controls)],
        [codes[name] for name in relays],
        _titled_services(topology, remote),
    )
    concerned = tuple(codes[name] for name in (*relays, *askers))
    plans = {}
    for name in (*askers, *relays, *controls):
        plan = made[codes[name]]
        watched = tuple(one for other, one in remote.items() if other != name)
        if name in controls:
            plan = replace(plan, concerned=concerned)
        plans[name] = replace(plan, watched=watched, told_of_remote=())
    return plans


def _titled_services(
    topology: Topology, remote: dict[str, RemoteSubsystem]
) -> tuple[TitledService, ...]:
    """The services of the triggers by their numbers' prefixes, with each SCP and its mate."""
    mates = {point.name: point.mate for point in topology.service_control_points}
    first: dict[str, str] = {}
    for trigger in topology.triggers:
        for prefix in trigger.called:
            first.setdefault(prefix.removeprefix("+"), trigger.control_point)
    # Titles of ANSI networks have no nature of address (T1.112.3 §3.4.2.3).
    nature = None if topology.variant == "ansi" else NatureOfAddress.INTERNATIONAL
    return tuple(
        TitledService(
            prefix=prefix,
            nature=nature,
            subsystems=tuple(remote[one] for one in (name, mates[name]) if one),
        )
        for prefix, name in first.items()
    )


def resource_of(
    topology: Topology,
    peripheral: Peripheral,
    sccp: SccpNode | None,
    voice: Voice,
    journal: Journal,
    clock: Clock,
) -> ResourceFunction | None:
    """What a peripheral does for SCPs; None where there are none."""
    if sccp is None:
        return None
    codes = topology.point_codes()
    points = topology.service_control_points
    return ResourceFunction(
        AssistMeans(peripheral.name, voice, journal, clock),
        sccp,
        topology.intelligent_network.subsystem,
        parse_point_code(codes[peripheral.name], topology.variant),
        tuple(parse_point_code(point.point_code, topology.variant) for point in points),
        peripheral.assist,
    )
