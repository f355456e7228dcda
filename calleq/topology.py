"""The network as data: which elements exist, what links them, who has which number.

A topology is a TOML file. `load_topology` reads it, checks it whole and returns frozen, typed
structures; an error names the file, the key and what was expected. The file shipped with calleq
(`figure1.toml`) is the network of the source's figure 1 with every numeral; another file builds
another network.

Elements that run as processes of their own find each other by `address_of`: from `base_port` on,
every element has a row of ten ports in the order of `element_names`.
"""

import re
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Literal

import msgspec

from calleq.topology_business import Business
from calleq.topology_callers import (
    AccessServer,
    CallingEquipment,
    InternetInterface,
    Peripheral,
)
from calleq.topology_checks import check_topology
from calleq.topology_doors import doors_found_from
from calleq.topology_services import (
    FreephoneNumber,
    IntelligentNetwork,
    RoutingRule,
    ServiceControlPoint,
    Share,
    Trigger,
)
from calleq.topology_sip_checks import placed
from calleq.topology_types import (
    Behaviour,
    ForeignNode,
    HomeSwitches,
    Line,
    LineKind,
    Premises,
    Processes,
    ScreeningRule,
    SignallingLink,
    Switch,
    Timing,
    Topology,
    TopologyError,
    TransferPoint,
    TrunkGroup,
    VariantName,
    element_names,
    home_switch,
    link_name,
    parse_point_code,
    point_code_text,
)

__all__ = [
    "AccessServer",
    "Behaviour",
    "Business",
    "CallingEquipment",
    "ForeignNode",
    "FreephoneNumber",
    "HomeSwitches",
    "IntelligentNetwork",
    "InternetInterface",
    "Line",
    "LineKind",
    "Peripheral",
    "Premises",
    "Processes",
    "RoutingRule",
    "ScreeningRule",
    "Service",
    "ServiceControlPoint",
    "Share",
    "SignallingLink",
    "Switch",
    "Timing",
    "Topology",
    "TopologyError",
    "TransferPoint",
    "Trigger",
    "TrunkGroup",
    "VariantName",
    "address_of",
    "check_topology",
    "element_names",
    "figure1_path",
    "home_switch",
    "link_name",
    "load_topology",
    "numerals",
    "parse_point_code",
    "parse_topology",
    "point_code_text",
    "reworded",
]

Service = Literal["osn", "links", "lines", "voice", "http"]

EQUIPMENT_KINDS = {
    "bridge": "conference bridge",
    "dialler": "dialler",
    "outside": "calling equipment",
}

_PORT_OFFSETS: dict[Service, int] = {"osn": 0, "links": 1, "lines": 2, "voice": 3, "http": 4}


def figure1_path() -> Path:
    """The shipped network."""
    return Path(str(files("calleq") / "data" / "figure1.toml"))


def load_topology(path: Path | None = None) -> Topology:
    """Read and check a network file; None is the shipped one. Raises TopologyError."""
    path = path or figure1_path()
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise TopologyError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise TopologyError(f"{path}: not a TOML file: {error}") from error
    topology = parse_topology(text, str(path))
    directory = path.resolve().parent
    businesses = tuple(business.found_from(directory) for business in topology.businesses)
    pricing = topology.pricing.found_from(directory)
    wires = topology.processes.tls.found_from(directory)
    processes = msgspec.structs.replace(topology.processes, tls=wires)
    topology = msgspec.structs.replace(
        topology,
        businesses=businesses,
        passwords=topology.passwords.found_from(directory),
        pricing=pricing,
        processes=processes,
    )
    topology = doors_found_from(topology, directory)
    try:
        return placed(topology, path.parent)
    except TopologyError as error:
        raise TopologyError(f"{path}: {error}") from error


def parse_topology(text: str, name: str) -> Topology:
    """The checked network of a TOML text; `name` begins every error. Raises TopologyError."""
    try:
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise TopologyError(f"{name}: not a TOML file: {error}") from error
    try:
        topology = msgspec.convert(raw, Topology)
    except msgspec.ValidationError as error:
        raise TopologyError(f"{name}: {reworded(str(error))}") from error
    try:
        check_topology(topology)
    except TopologyError as error:
        raise TopologyError(f"{name}: {error}") from error
    unfit = topology.processes.tls.wrong()
    if unfit:
        raise TopologyError(f"{name}: processes.tls.{unfit}")
    wrong = topology.pricing.wrong()
    if wrong is not None:
        raise TopologyError(f"{name}: pricing.{wrong[0]}: {wrong[1]}")
    return topology


def address_of(topology: Topology, element: str, service: Service) -> tuple[str, int]:
    """Host and port at which a process of `element` offers `service`. Raises TopologyError."""
    names = element_names(topology)
    if element not in names:
        raise TopologyError(f"{element!r} is no element: {', '.join(names)} expected")
    processes = topology.processes
    port = processes.base_port + 10 * names.index(element) + _PORT_OFFSETS[service]
    return processes.hosts.get(element, "127.0.0.1"), port


def numerals(topology: Topology) -> list[tuple[str, str, str]]:
    """Every numeral of the network as (numeral, what it is, name), in the order of the figure."""
    rows = [
        (topology.system, "system", topology.name),
        (topology.network, "telephone network", "the carrier's network"),
        (topology.internet, "internet", "the internet"),
        (topology.osn, "operational switching network", "OSN"),
        (topology.access_server.numeral, "internet access server", topology.access_server.name),
    ]
    for switch in topology.switches:
        what = "service switching point" if switch.kind == "ssp" else "mobile switching office"
        rows.append((switch.numeral, what, switch.name))
        rows.append((switch.antenna, "antenna", switch.name))
    for point in topology.transfer_points:
        rows.append((point.numeral, "signal transfer point", point.name))
    for peripheral in topology.peripherals:
        rows.append((peripheral.numeral, "intelligent peripheral", peripheral.name))
        rows.append((peripheral.interface, "network interface", peripheral.name))
        rows.append((peripheral.logic, "calling logic", peripheral.name))
    for equipment in topology.equipments:
        rows.append((equipment.numeral, EQUIPMENT_KINDS[equipment.kind], equipment.name))
    wired = {(line.place, line.telephone) for line in topology.lines}
    for control in topology.service_control_points:
        rows.append((control.numeral, "service control point", control.name))
    for place in topology.premises:
        rows += _numerals_of_place(place, wired)
    for line in topology.lines:
        rows.append((line.telephone, "telephone", _line_name(line)))
    return sorted({row for row in rows if row[0]}, key=_figure_order)


def _numerals_of_place(place: Premises, wired: set[tuple[str, str]]) -> list[tuple[str, str, str]]:
    """The place's own rows; telephones in `wired` are named by their lines instead."""
    kinds = {
        "customer": "customer premises",
        "business": "business site",
        "remote": "remote business site",
    }
    where = f"{kinds[place.kind]} {place.numeral}"
    rows = [(place.numeral, kinds[place.kind], place.name or where)]
    rows += [(numeral, "computer", where) for numeral in place.computers]
    rows += [(numeral, "representative's position", where) for numeral in place.positions]
    rows.append((place.web_server, "web server", where))
    for numeral in place.telephones:
        if (place.numeral, numeral) not in wired:
            rows.append((numeral, "telephone", where))
    return rows


def _line_name(line: Line) -> str:
    return f"{line.number} at {line.place}" if line.place else line.number


def _figure_order(row: tuple[str, str, str]) -> tuple[int, str, str, str]:
    digits = re.match("[0-9]*", row[0])
    number = int(digits.group()) if digits and digits.group() else 0
    return number, *row


_AT = re.compile(r"(?P<what>.*?) - at `\$\.?(?P<key>.*)`")
_MISSING = re.compile(r"Object missing required field `(?P<name>.*)`")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>.*)`", re.DOTALL)

_TYPES = re.compile(r"Expected `(?P<wanted>[a-z |]*)`, got `(?P<got>[a-z]*)`")
_WORDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
    "null": "nothing",
}


def reworded(text: str) -> str:
    """What msgspec says of a file's value, with the key's path first, as a TOML file shows it."""
    at = _AT.fullmatch(text)
    what, key = (at["what"], at["key"]) if at else (text, "")
    if missing := _MISSING.fullmatch(what):
        return f"{_joined(key, missing['name'])}: is missing, a value is expected"
    if unknown := _UNKNOWN.fullmatch(what):
        return f"{_joined(key, unknown['name'])}: no such key is known here"
    if types := _TYPES.fullmatch(what):
        wanted = [_WORDS.get(name, name) for name in types["wanted"].split(" | ")]
        told = " or ".join(word for word in wanted if word != "nothing")
        return f"{key or 'the file'}: {told} expected, not {_WORDS.get(types['got'], types['got'])}"
    what = what[:1].lower() + what[1:].replace("`", "")
    return f"{key or 'the file'}: {what}"


def _joined(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name
