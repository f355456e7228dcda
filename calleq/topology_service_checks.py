"""Whether the intelligent network of a topology fits the rest of it.

Owns the checks of service control points, triggers and 800 numbers; errors are TopologyError and
begin with the key (`freephone[0].rules[1].shares[0].numbers[2]`).
"""

import math
import re
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from calleq.numbering import NumberingError, parse_e164
from calleq.topology_callers import Peripheral
from calleq.topology_services import FreephoneNumber, IntelligentNetwork, RoutingRule
from calleq.topology_types import Topology, TopologyError

SERVICE_KEY_LIMIT = 2_147_483_647
"""serviceKey is a whole number of 31 bits (ETS 300 374-1 §6.1, Integer4)."""
RING_LIMIT_S = 600.0
NUMBERS_LIMIT = 10
"""Numbers tried one after the other for one call."""
RULES_LIMIT = 100
TSSF_LIMIT_S = 1_800.0
SUBSYSTEMS = range(2, 255)

_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00")
ASSIST_LIMIT = 8
"""With seven digits of correlation there are 15, as many as E.164 has."""

_ASSIST = re.compile(r"\+[0-9]{1,8}")
_PREFIX = re.compile(r"\+[0-9]{1,15}")


def check_services(topology: Topology) -> None:
    """Raise TopologyError on the first thing that does not fit, naming its key."""
    _check_assist(topology)
    _check_points(topology)
    _check_equipment(topology)
    _check_triggers(topology)
    _check_common(topology.intelligent_network)
    seen: set[str] = set()
    for index, service in enumerate(topology.freephone):
        _check_freephone(f"freephone[{index}]", service, topology, seen)


def _check_points(topology: Topology) -> None:
    points = {point.name: point for point in topology.service_control_points}
    relays = {point.name for point in topology.transfer_points}
    for index, point in enumerate(topology.service_control_points):
        key = f"service_control_points[{index}]"
        if point.mate and (point.mate == point.name or point.mate not in points):
            others = points.keys() - {point.name}
            raise TopologyError(
                f"{key}.mate: {_unknown(point.mate, 'other control point', others)}"
            )
        if point.mate and points[point.mate].mate != point.name:
            raise TopologyError(
                f"{key}.mate: {point.mate} has another mate: {point.name} expected there too"
            )
        if point.number:
            _check_number(f"{key}.number", point.number)
        if point.bridge == "ip" and not assisting_peripheral(topology):
            raise TopologyError(f"{key}.bridge: no peripheral has an assist number: ssf expected")
        linked = {end for link in topology.links if point.name in link.ends for end in link.ends}
        if relays and not relays & linked:
            raise TopologyError(f"{key}: a link to a transfer point is expected")


def assisting_peripheral(topology: Topology) -> Peripheral | None:
    """The peripheral that takes orders of SCPs; None where there is none."""
    return next((one for one in topology.peripherals if one.assist), None)


def _check_assist(topology: Topology) -> None:
    for index, peripheral in enumerate(topology.peripherals):
        if peripheral.assist and not _ASSIST.fullmatch(peripheral.assist):
            raise TopologyError(
                f"peripherals[{index}].assist: {peripheral.assist!r}: + and 1 to"
                f" {ASSIST_LIMIT} digits expected"
            )


def _check_equipment(topology: Topology) -> None:
    """An instruction reaches the peripheral by way of its switch, everything else directly."""
    server = topology.access_server
    known = {server.switch} | {point.name for point in topology.service_control_points}
    known |= {one.name for one in topology.peripherals if one.switch == server.switch}
    known |= {one.name for one in topology.equipments}
    if server.equipment and server.equipment not in known:
        unknown = _unknown(server.equipment, "equipment for calls", known)
        raise TopologyError(f"access_server.equipment: {unknown}")


def _check_common(common: IntelligentNetwork) -> None:
    if common.subsystem not in SUBSYSTEMS:
        raise TopologyError(f"intelligent_network.subsystem: {common.subsystem}: 2 to 254 expected")
    if not 0 < common.tssf_s <= TSSF_LIMIT_S:
        raise TopologyError(
            f"intelligent_network.tssf_s: {common.tssf_s}:"
            f" more than 0, at most {TSSF_LIMIT_S} s expected"
        )


def _check_triggers(topology: Topology) -> None:
    points = {point.name for point in topology.service_control_points}
    switches = {switch.name for switch in topology.switches}
    seen: set[tuple[str, str]] = set()
    for index, trigger in enumerate(topology.triggers):
        key = f"triggers[{index}]"
        if trigger.control_point not in points:
            raise TopologyError(
                f"{key}.control_point: {_unknown(trigger.control_point, 'control point', points)}"
            )
        _check_service_key(key, trigger.service_key)
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


def _check_freephone(
    key: str, service: FreephoneNumber, topology: Topology, seen: set[str]
) -> None:
    _check_number(f"{key}.number", service.number)
    if service.number in seen:
        raise TopologyError(f"{key}.number: {service.number} is translated already")
    seen.add(service.number)
    if any(line.number == service.number for line in topology.lines):
        raise TopologyError(f"{key}.number: a line has {service.number}")
    if not topology.service_control_points:
        raise TopologyError(f"{key}: a control point that translates it is expected")
    owners = {business.identifier for business in topology.businesses}
    if service.business and service.business not in owners:
        raise TopologyError(f"{key}.business: {_unknown(service.business, 'business', owners)}")
    _check_service_key(key, service.service_key)
    if not (math.isfinite(service.ring_limit_s) and 0 < service.ring_limit_s <= RING_LIMIT_S):
        raise TopologyError(
            f"{key}.ring_limit_s: {service.ring_limit_s}: more than 0, at most {RING_LIMIT_S} s"
            " expected"
        )
    try:
        ZoneInfo(service.zone)
    except (OSError, ValueError, KeyError):  # the last is ZoneInfoNotFoundError
        raise TopologyError(
            f"{key}.zone: no zone is called {service.zone!r}: a name of the tz database expected,"
            " such as America/New_York or UTC"
        ) from None
    if not 1 <= len(service.rules) <= RULES_LIMIT:
        raise TopologyError(f"{key}.rules: 1 to {RULES_LIMIT} rules expected")
    for place, rule in enumerate(service.rules):
        _check_rule(f"{key}.rules[{place}]", rule, topology)


def _check_rule(key: str, rule: RoutingRule, topology: Topology) -> None:
    for name in ("start", "end"):
        text = getattr(rule, name)
        if not _TIME.fullmatch(text):
            raise TopologyError(f"{key}.{name}: {text!r}: a time from 00:00 to 24:00 expected")
    if rule.start == rule.end or rule.start == "24:00":
        raise TopologyError(f"{key}.start: {rule.start} to {rule.end} is no time at all")
    if len(set(rule.days)) != len(rule.days):
        raise TopologyError(f"{key}.days: a day is named twice")
    for place, prefix in enumerate(rule.callers):
        if not _PREFIX.fullmatch(prefix):
            raise TopologyError(
                f"{key}.callers[{place}]: {prefix!r} is no prefix: + and 1 to 15 digits expected"
            )
    if rule.shares and rule.closed_text:
        raise TopologyError(f"{key}.closed_text: the rule has shares, so it is not closed")
    if rule.shares and sum(share.percent for share in rule.shares) != 100:
        raise TopologyError(f"{key}.shares: the percents make a hundred")
    for place, share in enumerate(rule.shares):
        here = f"{key}.shares[{place}]"
        if not 1 <= share.percent <= 100:
            raise TopologyError(f"{here}.percent: {share.percent}: 1 to 100 expected")
        if not 1 <= len(share.numbers) <= NUMBERS_LIMIT:
            raise TopologyError(f"{here}.numbers: 1 to {NUMBERS_LIMIT} numbers expected")
        _check_destinations(here, share.numbers, topology)


def _check_destinations(key: str, numbers: Iterable[str], topology: Topology) -> None:
    lines = {line.number for line in topology.lines}
    beyond = tuple(prefix for node in topology.foreign_nodes for prefix in node.prefixes)
    for place, number in enumerate(numbers):
        here = f"{key}.numbers[{place}]"
        _check_number(here, number)
        if number not in lines and not number.startswith(beyond):
            raise TopologyError(f"{here}: no line has {number}")


def _check_service_key(key: str, service_key: int) -> None:
    if not 0 <= service_key <= SERVICE_KEY_LIMIT:
        raise TopologyError(f"{key}.service_key: {service_key}: 0 to {SERVICE_KEY_LIMIT} expected")


def _unknown(name: str, what: str, known: Iterable[str]) -> str:
    listed = ", ".join(sorted(known)) or "there is none"
    return f"no {what} is called {name!r}: expected one of {listed}"


def _check_number(key: str, number: str) -> None:
    try:
        canonical = parse_e164(number)
    except NumberingError as error:
        raise TopologyError(f"{key}: {error}") from error
    if canonical != number:
        raise TopologyError(f"{key}: {number!r}: write it {canonical}")
