"""Whether the intelligent network of a topology fits its switches. Errors begin with the key."""

import re
from collections.abc import Iterable

from calleq.topology_types import Topology, TopologyError

SERVICE_KEY_LIMIT = (1 << 31) - 1
TSSF_LIMIT_S = 1_800.0
SUBSYSTEMS = range(2, 255)

_PREFIX = re.compile(r"\+[0-9]{1,15}")


def check_services(topology: Topology) -> None:
    """Raise TopologyError for the first thing that does not fit."""
    _check_control_points(topology)
    _check_triggers(topology)
    common = topology.intelligent_network
    if common.subsystem not in SUBSYSTEMS:
        raise TopologyError(f"intelligent_network.subsystem: {common.subsystem}: 2 to 254 expected")
    if not 0 < common.tssf_s <= TSSF_LIMIT_S:
        raise TopologyError(
            f"intelligent_network.tssf_s: {common.tssf_s}:"
            f" more than 0, at most {TSSF_LIMIT_S} s expected"
        )


def _check_control_points(topology: Topology) -> None:
    points = {point.name: point for point in topology.service_control_points}
    for index, point in enumerate(topology.service_control_points):
        key = f"service_control_points[{index}].mate"
        if point.mate and (point.mate == point.name or point.mate not in points):
            raise TopologyError(f"{key}: {_unknown(point.mate, 'control point', points)}")
        if point.mate and points[point.mate].mate != point.name:
            raise TopologyError(
                f"{key}: {point.mate} has another mate: {point.name} expected there too"
            )


def _check_triggers(topology: Topology) -> None:
    points = {point.name for point in topology.service_control_points}
    switches = {switch.name for switch in topology.switches}
    seen: set[tuple[str, str]] = set()
    for index, trigger in enumerate(topology.triggers):
        key = f"triggers[{index}]"
        if trigger.control_point not in points:
            unknown = _unknown(trigger.control_point, "control point", points)
            raise TopologyError(f"{key}.control_point: {unknown}")
        if not 0 <= trigger.service_key <= SERVICE_KEY_LIMIT:
            raise TopologyError(
                f"{key}.service_key: {trigger.service_key}: 0 to {SERVICE_KEY_LIMIT} expected"
            )
        if not trigger.called:
            raise TopologyError(f"{key}.called: at least one prefix is expected")
        for switch in trigger.switches:
            if switch not in switches:
                raise TopologyError(f"{key}.switches: {_unknown(switch, 'switch', switches)}")
        for place, prefix in enumerate(trigger.called):
            if not _PREFIX.fullmatch(prefix):
                raise TopologyError(
                    f"{key}.called[{place}]: {prefix!r} is no prefix: + and 1 to 15 digits expected"
                )
            for switch in trigger.switches or switches:
                if (switch, prefix) in seen:
                    raise TopologyError(f"{key}.called[{place}]: {prefix} has a trigger already")
                seen.add((switch, prefix))


def _unknown(name: str, what: str, known: Iterable[str]) -> str:
    listed = ", ".join(sorted(known)) or "there is none"
    return f"no {what} is called {name!r}: expected one of {listed}"
