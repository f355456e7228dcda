"""Equipment that stands by itself and makes calls: whether it fits a network, and how it is added.

Owns the checks of `[[equipments]]`, and two pieces of equipment that any network may be given by
name (`attached`): conference bridge `bridge-77` and dialler `dialler-78`. Errors are TopologyError
and begin with the key.
"""

import re

from msgspec.structs import replace

from calleq.numbering import NumberingError, VoipPolicy, parse_address
from calleq.numbering.voip import ALLOWED_LIMIT
from calleq.topology_callers import CallingEquipment
from calleq.topology_types import (
    SignallingLink,
    Topology,
    TopologyError,
    TrunkGroup,
)

CIRCUITS = 60
"""Between equipment that is added and its switch: thirty calls at once."""

CHANNELS_LIMIT = 1_000
"""Calls by voice over IP of one piece of equipment at once."""

_FACTORY = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)

STAND_ALONE = {
    "bridge-77": CallingEquipment(
        name="bridge-77", numeral="77", kind="bridge", point_code="2-77-1", switch=""
    ),
    "dialler-78": CallingEquipment(
        name="dialler-78", numeral="78", kind="dialler", point_code="2-78-1", switch=""
    ),
}
"""By name; each is attached to the switch of the access server."""


def check_equipments(topology: Topology) -> None:
    """Raise TopologyError on the first thing that does not fit, naming its key."""
    switches = {switch.name for switch in topology.switches}
    pairs = {frozenset(group.ends) for group in topology.trunks}
    for index, equipment in enumerate(topology.equipments):
        key = f"equipments[{index}]"
        if equipment.switch not in switches:
            known = ", ".join(sorted(switches)) or "there is none"
            raise TopologyError(
                f"{key}.switch: no switch is called {equipment.switch!r}: expected one of {known}"
            )
        if frozenset((equipment.name, equipment.switch)) not in pairs:
            raise TopologyError(
                f"{key}.switch: no circuits lead to {equipment.switch}:"
                " a trunk group between the two is expected"
            )
        check_driver(key, equipment)


def check_driver(key: str, equipment: CallingEquipment) -> None:
    """Raise TopologyError where the driver is not named as it must be."""
    if (equipment.kind == "outside") != bool(equipment.driver):
        raise TopologyError(f"{key}.driver: expected with kind = 'outside', and with no other")
    if equipment.driver and not _FACTORY.fullmatch(equipment.driver):
        raise TopologyError(
            f"{key}.driver: {equipment.driver!r}: expected package.module:factory, such as"
            " acme.calleq:equipment"
        )


def check_voip(topology: Topology) -> None:
    """Raise TopologyError where voice over IP of a peripheral does not fit."""
    for index, peripheral in enumerate(topology.peripherals):
        key = f"peripherals[{index}]"
        if peripheral.sip is None and peripheral.voip_allowed:
            raise TopologyError(f"{key}.sip: whom it may call is said, so where it speaks SIP, too")
        if not 1 <= peripheral.voip_channels <= CHANNELS_LIMIT:
            raise TopologyError(
                f"{key}.voip_channels: {peripheral.voip_channels}: 1 to {CHANNELS_LIMIT} expected"
            )
        if len(peripheral.voip_allowed) > ALLOWED_LIMIT:
            raise TopologyError(f"{key}.voip_allowed: at most {ALLOWED_LIMIT} expected")
        for place, text in enumerate(peripheral.voip_allowed):
            try:
                VoipPolicy((text,))
            except NumberingError as error:
                raise TopologyError(f"{key}.voip_allowed[{place}]: {error}") from error


def check_voip_address(key: str, text: str, policy: VoipPolicy) -> None:
    """Raise TopologyError unless the address may be called."""
    try:
        address = parse_address(text)
    except NumberingError as error:
        raise TopologyError(f"{key}: {error}") from error
    if address != text:
        raise TopologyError(f"{key}: {text!r}: write it {address}")
    if not policy.allows(address):
        raise TopologyError(f"{key}: {text}: what makes the calls may not call that host")


def instructed(topology: Topology) -> str:
    """Whom the access server sends its instructions to: what makes its calls, or the switch, which
    passes them on to its peripheral or executes them itself."""
    server = topology.access_server
    direct = {point.name for point in topology.service_control_points}
    direct |= {equipment.name for equipment in topology.equipments}
    if not server.switch:
        return peripheral_of(topology, "")
    return server.equipment if server.equipment in direct else server.switch


def peripheral_of(topology: Topology, switch: str) -> str:
    """The peripheral of a switch, or, where there is no switch, the one that makes the access
    server's calls; empty where there is none."""
    wanted = topology.access_server.equipment if not switch else ""
    for peripheral in topology.peripherals:
        if peripheral.switch == switch and wanted in ("", peripheral.name):
            return peripheral.name
    return ""


def voip_policy(topology: Topology) -> VoipPolicy:
    """Who may be called by voice over IP by whatever makes the access server's calls. Raises
    NumberingError where what is allowed is no domain and no network."""
    server = topology.access_server
    maker = server.equipment or peripheral_of(topology, server.switch)
    for peripheral in topology.peripherals:
        if peripheral.name == maker and peripheral.sip is not None:
            return VoipPolicy(peripheral.voip_allowed)
    return VoipPolicy()


def attached(topology: Topology, equipment: CallingEquipment) -> Topology:
    """The network with this equipment in it, at the switch that it names, or at that of the access
    server: its node, its signalling links, its circuits."""
    if not equipment.switch:
        equipment = replace(equipment, switch=topology.access_server.switch)
    switch = equipment.switch
    points = {point.name for point in topology.transfer_points}
    near = {end for link in topology.links if switch in link.ends for end in link.ends}
    towards = sorted(near & points) or [switch]
    links = tuple(SignallingLink(ends=(equipment.name, end)) for end in towards)
    trunk = TrunkGroup(
        name=f"{equipment.name}-{switch}", ends=(equipment.name, switch), circuits=CIRCUITS
    )
    return replace(
        topology,
        equipments=(*topology.equipments, equipment),
        links=(*topology.links, *links),
        trunks=(*topology.trunks, trunk),
    )


def made_by(topology: Topology, name: str) -> Topology:
    """The network whose calls this equipment makes; one of `STAND_ALONE` is added where it is not
    there."""
    known = {equipment.name for equipment in topology.equipments}
    if name in STAND_ALONE and name not in known:
        topology = attached(topology, STAND_ALONE[name])
    server = replace(topology.access_server, equipment=name)
    return replace(topology, access_server=server)
