"""What a person gave on the command line, checked and converted."""

import math
from pathlib import Path

import msgspec

from calleq.cli.failure import UsageError
from calleq.topology import (
    InternetInterface,
    Topology,
    TopologyError,
    address_of,
    check_topology,
    figure1_path,
    load_topology,
)
from calleq.topology_equipment import made_by
from calleq.units import HOUR_US, SECOND_US


def given_topology(
    path: Path | None, base_port: int | None = None, equipment: str | None = None
) -> Topology:
    """The network of a file, or a shipped one by name; None: figure 1. Raises UsageError.

    `equipment`: the element that makes its calls. `base_port` is that of the wires between
    elements, and with them of the doors that elements have of their own.
    """
    try:
        topology = load_topology(_shipped(path) or path)
        if equipment is not None:
            topology = made_by(topology, equipment)
            check_topology(topology)
    except TopologyError as error:
        raise UsageError(str(error)) from error
    if base_port is not None:
        if not 1024 <= base_port <= 65_000:
            raise UsageError(f"--base-port {base_port}: a port from 1024 to 65000 was expected")
        processes = msgspec.structs.replace(topology.processes, base_port=base_port)
        topology = _doors_moved(msgspec.structs.replace(topology, processes=processes))
    return topology


def _doors_moved(topology: Topology) -> Topology:
    """The network with the doors that elements have of their own among the ports from base port."""
    replace = msgspec.structs.replace

    def moved(element: str, door: InternetInterface | None) -> InternetInterface | None:
        if door is None:
            return None
        _, port = address_of(topology, element, "http")
        return replace(door, listen=f"{door.listen.rpartition(':')[0]}:{port}")

    return replace(
        topology,
        switches=tuple(
            replace(one, internet=moved(one.name, one.internet)) for one in topology.switches
        ),
        peripherals=tuple(
            replace(one, internet=moved(one.name, one.internet)) for one in topology.peripherals
        ),
    )


def _shipped(path: Path | None) -> Path | None:
    """The file of a shipped network, such as `figure1_ansi`; None where the name is none's."""
    if path is None or path.suffix or path.name != str(path):
        return None
    file = figure1_path().with_name(f"{path.name}.toml")
    return file if file.is_file() and not path.exists() else None


def given_talk_us(seconds: float) -> int:
    """How long the simulated people talk. Raises UsageError."""
    if not (math.isfinite(seconds) and 0 < seconds * SECOND_US <= HOUR_US):
        raise UsageError(f"--talk {seconds:g}: seconds above 0, at most 3600, were expected")
    return round(seconds * SECOND_US)


def given_days_us(days: int) -> int:
    """Days in microseconds."""
    return days * 24 * HOUR_US


def given_keep_us(days: int | None) -> int | None:
    """How long journals are kept, in microseconds; None: for ever."""
    return None if days is None else given_days_us(days)
