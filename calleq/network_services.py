"""Wiring of the intelligent network: what SCCP of each node has to know of the others.

A part of `calleq.network`, in a module of its own. Whoever asks an SCP by point code is told by it
how it is. Messages to a service's number as global title go to the transfer points, which translate
them to the SCP of its trigger, or to the mate where that cannot be reached; so other networks need
not know which SCP answers.
"""

from msgspec.structs import replace

from calleq.ss7.sccp.plan import RemoteSubsystem, SccpPlan, TitledService, plans_of
from calleq.ss7.sccp.values import NatureOfAddress
from calleq.topology import Topology, parse_point_code


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
