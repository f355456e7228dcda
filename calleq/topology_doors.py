"""The doors of a network: who listens on the internet, as what, and whom it instructs.

Access server 72 is the first; a peripheral or a switch with `internet` has one of its own, whose
instructions never leave the element. Owns what must be true of them. Errors are TopologyError and
begin with the key.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from calleq.numbering import VoipPolicy
from calleq.topology_equipment import instructed, voip_policy
from calleq.topology_foreign import is_host, is_port
from calleq.topology_tls import Tls
from calleq.topology_types import Topology, TopologyError

INNER = "-internet"
"""What an element's own door is called, behind the element's name."""
FRONT = "-front"
"""What stands on the internet for such a door where its element is in a process of its own."""
AUTHORITY = "-authority"
"""What decides for fronts, behind the access server's name."""
FEED = "-journal"
"""What tells the authority of a process's journal, behind the name of its first element."""


class DoorPlan(msgspec.Struct, frozen=True):
    """One door."""

    key: str
    """Where the topology file tells of it."""
    element: str
    """Whose it is, and in whose process it is."""
    name: str
    """Of the door in the journal and in captures."""
    equipment_address: str
    listen: str
    instructs: str
    """The element that gets its instructions."""
    voip: VoipPolicy
    """Who may be called by voice over IP by what makes its calls."""
    tls: Tls = Tls()

    @property
    def is_inner(self) -> bool:
        """Whether its instructions stay inside the element."""
        return self.element == self.instructs


def doors_of(topology: Topology) -> tuple[DoorPlan, ...]:
    """Every door, the access server's first. Raises NumberingError where who may be called by
    voice over IP is no domain and no network."""
    return tuple(_doors(topology))


def _doors(topology: Topology) -> Iterator[DoorPlan]:
    server = topology.access_server
    yield DoorPlan(
        "access_server",
        server.name,
        server.name,
        server.equipment_address,
        server.listen,
        instructed(topology),
        voip_policy(topology),
        server.tls,
    )
    for index, peripheral in enumerate(topology.peripherals):
        if peripheral.internet is not None:
            allowed = VoipPolicy(peripheral.voip_allowed) if peripheral.sip else VoipPolicy()
            yield DoorPlan(
                f"peripherals[{index}].internet",
                peripheral.name,
                peripheral.name + INNER,
                peripheral.internet.equipment_address,
                peripheral.internet.listen,
                peripheral.name,
                allowed,
                peripheral.internet.tls,
            )
    for index, switch in enumerate(topology.switches):
        if switch.internet is not None:
            yield DoorPlan(
                f"switches[{index}].internet",
                switch.name,
                switch.name + INNER,
                switch.internet.equipment_address,
                switch.internet.listen,
                switch.name,
                VoipPolicy(),
                switch.internet.tls,
            )


def inner_name(topology: Topology, element: str) -> str:
    """The name of an element's own door; empty where it has none."""
    owners = {one.name for one in topology.peripherals if one.internet is not None}
    owners |= {one.name for one in topology.switches if one.internet is not None}
    return element + INNER if element in owners else ""


def authority_name(topology: Topology) -> str:
    """The name on the OSN of what decides for all doors."""
    return topology.access_server.name + AUTHORITY


def place_of(topology: Topology, name: str) -> str:
    """The element at whose place on the OSN something is reached that has a name there: itself,
    or the one to which a door, a front, a feed or the authority belongs."""
    if name == authority_name(topology):
        return topology.access_server.name
    for ending in (FRONT, FEED):
        if name.endswith(ending) and name not in topology.point_codes():
            return name.removesuffix(ending)
    element = name.removesuffix(INNER)
    if element != name and inner_name(topology, element) == name:
        return topology.access_server.name
    return name


def check_doors(topology: Topology) -> None:
    """Raise TopologyError on the first thing that does not fit, naming its key."""
    for index, switch in enumerate(topology.switches):
        if switch.internet is not None and not switch.board:
            raise TopologyError(
                f"switches[{index}].internet: it makes its calls on the switch's own board:"
                " a board of at least 2 ports is expected"
            )
    names = {topology.access_server.name, *topology.point_codes()}
    addresses: dict[str, str] = {}
    for door in doors_of(topology):
        if not door.equipment_address:
            raise TopologyError(f"{door.key}.equipment_address: is empty, an address is expected")
        address = door.equipment_address.casefold().rstrip(".")
        if address in addresses:
            raise TopologyError(
                f"{door.key}.equipment_address: {door.equipment_address!r} is that of"
                f" {addresses[address]}: one of its own is expected"
            )
        addresses[address] = door.element
        if door.is_inner and door.name in names:
            raise TopologyError(
                f"{door.key}: its door is called {door.name!r}, which is an element already"
            )
        wrong = door.tls.wrong()
        if wrong is not None:
            raise TopologyError(f"{door.key}.tls.{wrong[0]}: {wrong[1]}")
        host, colon, port = door.listen.rpartition(":")
        if not colon or not is_host(host) or not (is_port(port) or (door.is_inner and port == "0")):
            raise TopologyError(
                f"{door.key}.listen: {door.listen!r}: HOST:PORT expected, such as 127.0.0.1:8072"
            )


def doors_found_from(topology: Topology, directory: Path) -> Topology:
    """The same with the places of the doors' files told from a directory."""
    return msgspec.structs.replace(
        topology,
        access_server=topology.access_server.found_from(directory),
        peripherals=tuple(
            msgspec.structs.replace(one, internet=one.internet.found_from(directory))
            if one.internet
            else one
            for one in topology.peripherals
        ),
        switches=tuple(
            msgspec.structs.replace(one, internet=one.internet.found_from(directory))
            if one.internet
            else one
            for one in topology.switches
        ),
    )
