"""Whether a topology is a network: every name it uses exists, every number can be reached.

`check_topology` stops at the first fault; its text begins with the key (`trunks[2].ends[1]`) and
says what was expected. What one value alone must look like is checked here too, where the types of
`topology_types` do not say it.
"""

import math
import re
from collections.abc import Iterable, Iterator

from calleq.numbering import NumberingError, is_voip, parse_e164
from calleq.topology_doors import check_doors
from calleq.topology_equipment import (
    check_equipments,
    check_voip,
    check_voip_address,
    instructed,
    voip_policy,
)
from calleq.topology_foreign import PORT_LIMIT, check_link, is_host
from calleq.topology_links import check_codes, check_delay, check_wire
from calleq.topology_mtp3 import check_mtp3
from calleq.topology_service_checks import check_services
from calleq.topology_sip_checks import check_sip
from calleq.topology_types import (
    HomeSwitches,
    Line,
    Switch,
    Topology,
    TopologyError,
    TrunkGroup,
    VariantName,
    element_names,
    parse_point_code,
)

CIC_LIMITS: dict[VariantName, int] = {"itu": 4_095, "ansi": 16_383}
"""The highest circuit identification code: 12 bits (Q.763 §1.2), or 14 (T1.113.3 §1.2)."""

PORTS_LIMIT = 4_095

RING_LIMIT_S = 600.0
PAGING_LIMIT_S = 60.0
RADIO_CHANNELS_LIMIT = 255
ROW_OF_PORTS = 10

_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?")
_PREFIX = re.compile(r"\+[0-9]{1,15}")
_COUNTRY_CODE = re.compile(r"[1-9][0-9]{0,2}")


def check_topology(topology: Topology) -> None:
    """Raise TopologyError on the first thing that makes no network, naming its key."""
    if not _COUNTRY_CODE.fullmatch(topology.country_code):
        raise TopologyError(
            f"country_code: {topology.country_code!r} is no country code: 1 to 3 digits expected"
        )
    _check_names(topology)
    _check_nodes(topology)
    _check_links(topology)
    _check_trunks(topology)
    _check_peripherals(topology)
    check_equipments(topology)
    check_voip(topology)
    _check_premises(topology)
    _check_lines(topology)
    _check_businesses(topology)
    _check_access(topology)
    check_doors(topology)
    _check_timing(topology)
    check_services(topology)
    check_sip(topology)
    check_mtp3(topology)
    _check_processes(topology)


def _named(topology: Topology) -> Iterator[tuple[str, str]]:
    """Key and name of each element."""
    yield "access_server", topology.access_server.name
    for index, switch in enumerate(topology.switches):
        yield f"switches[{index}]", switch.name
    for index, point in enumerate(topology.transfer_points):
        yield f"transfer_points[{index}]", point.name
    for index, peripheral in enumerate(topology.peripherals):
        yield f"peripherals[{index}]", peripheral.name
    for index, equipment in enumerate(topology.equipments):
        yield f"equipments[{index}]", equipment.name
    for index, scp in enumerate(topology.service_control_points):
        yield f"service_control_points[{index}]", scp.name
    for index, node in enumerate(topology.foreign_nodes):
        yield f"foreign_nodes[{index}]", node.name


def _coded(topology: Topology) -> Iterator[tuple[str, str, str]]:
    """Key, name and point code of each signalling node."""
    for index, switch in enumerate(topology.switches):
        yield f"switches[{index}]", switch.name, switch.point_code
    for index, point in enumerate(topology.transfer_points):
        yield f"transfer_points[{index}]", point.name, point.point_code
    for index, peripheral in enumerate(topology.peripherals):
        yield f"peripherals[{index}]", peripheral.name, peripheral.point_code
    for index, equipment in enumerate(topology.equipments):
        yield f"equipments[{index}]", equipment.name, equipment.point_code
    for index, scp in enumerate(topology.service_control_points):
        yield f"service_control_points[{index}]", scp.name, scp.point_code
    for index, node in enumerate(topology.foreign_nodes):
        yield f"foreign_nodes[{index}]", node.name, node.point_code


def _check_names(topology: Topology) -> None:
    seen: dict[str, str] = {"telephones": "the telephones"}
    for key, name in _named(topology):
        if not _NAME.fullmatch(name):
            raise TopologyError(
                f"{key}.name: {name!r} is no name: small letters, digits, - and . expected"
            )
        if name in seen:
            raise TopologyError(f"{key}.name: {name!r} is the name of {seen[name]} already")
        seen[name] = key


def _check_nodes(topology: Topology) -> None:
    if not topology.switches and topology.access_server.switch:
        raise TopologyError("switches: at least one switch is expected")
    seen: dict[int, str] = {}
    for key, name, point_code in _coded(topology):
        try:
            code = parse_point_code(point_code, topology.variant)
        except TopologyError as error:
            raise TopologyError(f"{key}.point_code: {error}") from error
        if code in seen:
            raise TopologyError(f"{key}.point_code: {point_code} is the code of {seen[code]}")
        seen[code] = name
    _check_mates(topology)
    _check_prefixes(topology)


def _check_mates(topology: Topology) -> None:
    points = {point.name: point for point in topology.transfer_points}
    for index, point in enumerate(topology.transfer_points):
        if point.mate and (point.mate == point.name or point.mate not in points):
            raise TopologyError(
                f"transfer_points[{index}].mate: {_unknown(point.mate, 'transfer point', points)}"
            )
        if point.mate and points[point.mate].mate != point.name:
            raise TopologyError(
                f"transfer_points[{index}].mate: {point.mate} has another mate:"
                f" {point.name} expected there too"
            )


def _check_prefixes(topology: Topology) -> None:
    seen: dict[str, str] = {}
    for index, switch in enumerate(topology.switches):
        if not 0 <= switch.paging_s <= PAGING_LIMIT_S:
            raise TopologyError(
                f"switches[{index}].paging_s: {switch.paging_s}: 0 to {PAGING_LIMIT_S} s expected"
            )
        _check_antennas(f"switches[{index}]", switch)
        if not 0 <= switch.board <= PORTS_LIMIT:
            raise TopologyError(
                f"switches[{index}].board: {switch.board}: 0 to {PORTS_LIMIT} ports expected"
            )
        if switch.number:
            _check_number(f"switches[{index}].number", switch.number)
        _check_own_prefixes(f"switches[{index}]", switch.name, switch.prefixes, seen)
    for index, node in enumerate(topology.foreign_nodes):
        key = f"foreign_nodes[{index}]"
        if node.prefixes and node.kind != "exchange":
            raise TopologyError(f"{key}.prefixes: a transfer point serves no numbers")
        _check_own_prefixes(key, node.name, node.prefixes, seen)


def _check_antennas(key: str, switch: Switch) -> None:
    if switch.kind != "mtso" and (switch.antenna or switch.antennas):
        raise TopologyError(f"{key}.antenna: only a mobile switch has antennas")
    if switch.kind == "mtso" and not (switch.antenna and all(switch.antennas)):
        raise TopologyError(f"{key}.antenna: a mobile switch needs one, and each a name")
    if len(set(switch.all_antennas)) != 1 + len(switch.antennas):
        raise TopologyError(f"{key}.antennas: two have one name")
    if not 1 <= switch.radio_channels <= RADIO_CHANNELS_LIMIT:
        raise TopologyError(
            f"{key}.radio_channels: {switch.radio_channels}: 1 to {RADIO_CHANNELS_LIMIT} expected"
        )


def _check_own_prefixes(
    node_key: str, name: str, prefixes: tuple[str, ...], seen: dict[str, str]
) -> None:
    for place, prefix in enumerate(prefixes):
        key = f"{node_key}.prefixes[{place}]"
        if not _PREFIX.fullmatch(prefix):
            raise TopologyError(f"{key}: {prefix!r} is no prefix: + and 1 to 15 digits expected")
        if prefix in seen:
            raise TopologyError(f"{key}: {prefix} belongs to {seen[prefix]} already")
        seen[prefix] = name


def _check_links(topology: Topology) -> None:
    nodes = {name for _, name in _named(topology)} - {topology.access_server.name}
    for index, link in enumerate(topology.links):
        _check_ends(f"links[{index}]", link.ends, nodes, "switch, transfer point or peripheral")
        check_wire(f"links[{index}]", link)
        check_link(f"links[{index}]", link, topology)
    check_codes(topology.links)


def _check_trunks(topology: Topology) -> None:
    exchanges = {switch.name for switch in topology.switches}
    exchanges |= {peripheral.name for peripheral in topology.peripherals}
    exchanges |= {equipment.name for equipment in topology.equipments}
    foreign = {node.name for node in topology.foreign_nodes if node.kind == "exchange"}
    limit = CIC_LIMITS[topology.variant]
    names: set[str] = set()
    pairs: dict[frozenset[str], list[TrunkGroup]] = {}
    for index, group in enumerate(topology.trunks):
        key = f"trunks[{index}]"
        if not group.name or group.name in names:
            raise TopologyError(f"{key}.name: {group.name!r}: a name of its own is expected")
        names.add(group.name)
        _check_ends(key, group.ends, exchanges | foreign, "switch or peripheral")
        if foreign.issuperset(group.ends):
            raise TopologyError(f"{key}.ends: both are foreign; one end of our own expected")
        if group.circuits < 1:
            raise TopologyError(f"{key}.circuits: {group.circuits}: at least 1 expected")
        if group.first < 1 or group.first + group.circuits - 1 > limit:
            raise TopologyError(
                f"{key}.first: CICs {group.first} to {group.first + group.circuits - 1}:"
                f" 1 to {limit} expected"
            )
        same_pair = pairs.setdefault(frozenset(group.ends), [])
        for other in same_pair:
            if (
                group.first < other.first + other.circuits
                and other.first < group.first + group.circuits
            ):
                raise TopologyError(
                    f"{key}.first: its CICs overlap those of {other.name} between the same two"
                )
        same_pair.append(group)


def _check_ends(key: str, ends: tuple[str, str], known: set[str], what: str) -> None:
    for place, end in enumerate(ends):
        if end not in known:
            raise TopologyError(f"{key}.ends[{place}]: {_unknown(end, what, known)}")
    if ends[0] == ends[1]:
        raise TopologyError(f"{key}.ends: both are {ends[0]}; two different ends expected")


def _check_peripherals(topology: Topology) -> None:
    switches = {switch.name for switch in topology.switches}
    pairs = {frozenset(group.ends) for group in topology.trunks}
    for index, peripheral in enumerate(topology.peripherals):
        key = f"peripherals[{index}]"
        if peripheral.number:
            _check_number(f"{key}.number", peripheral.number)
        if not peripheral.switch and peripheral.sip is not None:
            continue
        if peripheral.switch not in switches:
            raise TopologyError(f"{key}.switch: {_unknown(peripheral.switch, 'switch', switches)}")
        if frozenset((peripheral.name, peripheral.switch)) not in pairs:
            raise TopologyError(
                f"{key}.switch: no circuits lead to {peripheral.switch}:"
                f" a trunk group between the two is expected"
            )


def _check_premises(topology: Topology) -> None:
    seen: set[str] = set()
    for index, place in enumerate(topology.premises):
        if not place.numeral or place.numeral in seen:
            raise TopologyError(
                f"premises[{index}].numeral: {place.numeral!r}: a numeral of its own is expected"
            )
        seen.add(place.numeral)
    for index, line in enumerate(topology.lines):
        if line.place and line.place not in seen:
            raise TopologyError(f"lines[{index}].place: {_unknown(line.place, 'place', seen)}")


def _check_lines(topology: Topology) -> None:
    kinds = {switch.name: switch.kind for switch in topology.switches}
    switches = HomeSwitches(topology)
    seen: set[str] = set()
    for index, line in enumerate(topology.lines):
        key = f"lines[{index}]"
        _check_number(f"{key}.number", line.number)
        if line.number in seen:
            raise TopologyError(f"{key}.number: {line.number} has a line already")
        seen.add(line.number)
        switch = switches.of(line.number)
        if switch is None:
            raise TopologyError(f"{key}.number: no switch has a prefix of {line.number}")
        _check_line_kind(key, line, switch, kinds[switch])
    _check_number("isp_number", topology.isp_number)
    dialled_in = any(line.kind == "dial_up" and line.online for line in topology.lines)
    if dialled_in and topology.isp_number not in seen:
        raise TopologyError(
            f"isp_number: a dial-up line is on-line, so a line with {topology.isp_number} is"
            " expected"
        )


def _check_line_kind(key: str, line: Line, switch: str, kind: str) -> None:
    if (line.kind == "mobile") != (kind == "mtso"):
        expected = "mobile" if kind == "mtso" else "a kind other than mobile"
        raise TopologyError(f"{key}.kind: {line.kind} at {switch}: {expected} expected")
    if not line.coverage and line.kind != "mobile":
        raise TopologyError(f"{key}.coverage: only a mobile line can be out of reach")
    if line.online and line.kind == "mobile":
        raise TopologyError(f"{key}.online: a mobile line carries no computer here")


def _check_businesses(topology: Topology) -> None:
    lines = {line.number for line in topology.lines}
    lines |= {service.number for service in topology.freephone}
    beyond = tuple(prefix for node in topology.foreign_nodes for prefix in node.prefixes)
    voip = voip_policy(topology)
    wrong = topology.guards.wrong()
    if wrong is not None:
        raise TopologyError(f"guards.{wrong[0]}: {wrong[1]}")
    seen: set[str] = set()
    for index, business in enumerate(topology.businesses):
        key = f"businesses[{index}]"
        if not _NAME.fullmatch(business.identifier):
            raise TopologyError(
                f"{key}.identifier: {business.identifier!r}: small letters, digits, - and ."
                " expected"
            )
        if business.identifier in seen:
            raise TopologyError(f"{key}.identifier: {business.identifier!r} is there already")
        seen.add(business.identifier)
        wrong = business.wrong()
        if wrong is not None:
            raise TopologyError(f"{key}.{wrong[0]}: {wrong[1]}")
        if business.number:
            _check_number(f"{key}.number", business.number)
        for place, number in enumerate(business.representatives):
            here = f"{key}.representatives[{place}]"
            if is_voip(number):
                check_voip_address(here, number, voip)
            else:
                _check_number(here, number)
                if number not in lines and not number.startswith(beyond):
                    raise TopologyError(f"{here}: no line has {number}")
            if number in business.representatives[:place]:
                raise TopologyError(f"{here}: {number} is named twice")
        wrong = business.wrong_agents()
        if wrong is not None:
            raise TopologyError(f"{key}.{wrong[0]}: {wrong[1]}")


def _check_access(topology: Topology) -> None:
    switches = {switch.name for switch in topology.switches}
    server = topology.access_server
    if not server.switch and not instructed(topology):
        raise TopologyError("access_server.switch: a switch, or a peripheral without one, expected")
    if server.switch and server.switch not in switches:
        raise TopologyError(f"access_server.switch: {_unknown(server.switch, 'switch', switches)}")


def _check_timing(topology: Topology) -> None:
    timing = topology.timing
    if not (math.isfinite(timing.ring_limit_s) and 0 < timing.ring_limit_s <= RING_LIMIT_S):
        raise TopologyError(
            f"timing.ring_limit_s: {timing.ring_limit_s}: more than 0, at most {RING_LIMIT_S} s"
            " expected"
        )
    check_delay("timing.osn_delay_us", timing.osn_delay_us)
    check_delay("timing.line_delay_us", timing.line_delay_us)


def _check_processes(topology: Topology) -> None:
    names = element_names(topology)
    processes = topology.processes
    highest = PORT_LIMIT - ROW_OF_PORTS * len(names)
    if not 1 <= processes.base_port <= highest:
        raise TopologyError(f"processes.base_port: {processes.base_port}: 1 to {highest} expected")
    for element, host in processes.hosts.items():
        if element not in names:
            raise TopologyError(f"processes.hosts.{element}: {_unknown(element, 'element', names)}")
        if not is_host(host):
            raise TopologyError(f"processes.hosts.{element}: {host!r} is no host name or address")


def _check_number(key: str, number: str) -> None:
    try:
        canonical = parse_e164(number)
    except NumberingError as error:
        raise TopologyError(f"{key}: {error}") from error
    if canonical != number:
        raise TopologyError(f"{key}: {number!r}: write it {canonical}")


def _unknown(name: str, what: str, known: Iterable[str]) -> str:
    listed = ", ".join(sorted(known)) or "there is none"
    return f"no {what} is called {name!r}: expected one of {listed}"
