"""Digit analysis: from a called number to an own line or to trunk groups, by longest prefix.

Built once from the topology: the prefixes of every switch and the trunk groups between switches,
and the prefixes of SIP trunks, which say what lies beyond the network
(foreign exchanges are the last part of a route: nothing is known of their trunks; so is a
peripheral, which switches nothing through: the numbers by which it is reached lead to its switch,
and from there to it). What it answers:

- `OwnNumber`: this switch serves the prefix. Whether a line has the number is not asked here;
- `Beyond`: SIP trunks of this switch lead there; `Towards` the switch that has some, else;
- `Towards`: trunk groups in the order in which to try them. First those to the switches nearest to
  the destination, then detours through a neighbour that is no farther from it than this switch is;
- `NoRoute`: nobody serves the prefix, or no trunks lead there (cause 3), or the SIP trunks that
  would must not be dialled to it (cause 21): a number that is forbidden leaves by no other way.

A call that came from another switch takes no detour: each further switch is then strictly nearer
to the destination, so that no call goes round in a circle.
"""

from collections import deque
from collections.abc import Callable, Iterable, Set
from typing import Literal

import msgspec

from calleq.causes import Q850
from calleq.topology import ForeignNode, Peripheral, Switch, Topology
from calleq.topology_sip import SipTrunk


class OwnNumber(msgspec.Struct, frozen=True):
    """The number belongs to this switch, with or without a line."""


Far = Literal["", "foreign", "equipment", "trunk"]
"""What a way leads to: a switch of ours, an exchange of another network, a peripheral, or a switch
whose SIP trunks lead out of the network."""


class Towards(msgspec.Struct, frozen=True):
    """The number belongs to another switch."""

    switch: str
    """The first by its name, where there are several."""
    nearer: tuple[str, ...]
    """Trunk groups to switches nearer to it, the nearest first."""
    detours: tuple[str, ...]
    """Trunk groups to switches as far from it as this one."""
    beyond: Far = ""


class Beyond(msgspec.Struct, frozen=True):
    """The number lies behind SIP trunks of this switch, to be tried in this order."""

    trunks: tuple[str, ...]
    onward: Towards | None = None
    """The way to other switches with trunks of the same prefix."""


class NoRoute(msgspec.Struct, frozen=True):
    """The number leads nowhere."""

    cause: int


Route = OwnNumber | Beyond | Towards | NoRoute


class Routing:
    """The routes of one switch."""

    def __init__(self, topology: Topology, name: str) -> None:
        neighbours = _neighbours(topology)
        self._switches = frozenset(neighbours)
        self._by_prefix: dict[str, Route] = {}
        for exchange in _exchanges(topology):
            route: Route
            if exchange.name == name:
                route = OwnNumber()
            else:
                far: Far = "foreign" if isinstance(exchange, ForeignNode) else ""
                route = _towards(topology, neighbours, name, {exchange.name}, far)
            for prefix in exchange.prefixes:
                self._by_prefix[prefix] = route
        for peripheral in topology.peripherals:
            if peripheral.assist:
                self._by_prefix[peripheral.assist] = _towards_peripheral(
                    topology, neighbours, name, peripheral
                )
        for prefix, route in _beyond(topology, neighbours, name):
            self._by_prefix.setdefault(prefix, route)
        self._lengths = sorted({len(prefix) for prefix in self._by_prefix}, reverse=True)
        self._unknown = NoRoute(Q850.NO_ROUTE)
        numbers = {switch.number for switch in topology.switches}
        numbers |= {peripheral.number for peripheral in topology.peripherals}
        self._of_equipment = frozenset(numbers - {""})
        owned = frozenset(
            number
            for business in topology.businesses
            for number in (business.number, *business.numbers)
        ) - {""}
        self.is_owned: Callable[[str], bool] = owned.__contains__
        """Whether a number is given to a business: as the topology says, until somebody knows
        better."""

    def route(self, called: str) -> Route:
        """Where `called` (E.164 with `+`) leads."""
        for length in self._lengths:
            found = self._by_prefix.get(called[:length])
            if found is not None:
                return found
        return self._unknown

    def is_ours(self, number: str) -> bool:
        """Whether a number is one of our subscribers', or given to a business or to equipment."""
        if number in self._of_equipment or self.is_owned(number):
            return True
        match self.route(number):
            case OwnNumber() | Towards(beyond=""):
                return True
            case _:
                return False

    def prefix_of(self, called: str) -> str:
        """The prefix that decides where a number leads; empty when none does."""
        for length in self._lengths:
            if called[:length] in self._by_prefix:
                return called[:length]
        return ""

    def may_lead_somewhere(self, digits: str) -> bool:
        """Whether further digits after these (E.164 with `+`) could make a known prefix."""
        return any(prefix.startswith(digits) for prefix in self._by_prefix)

    def is_switch(self, exchange: str) -> bool:
        """Whether an exchange of this name switches calls through (a peripheral does not)."""
        return exchange in self._switches


def _exchanges(topology: Topology) -> tuple[Switch | ForeignNode, ...]:
    return *topology.switches, *topology.foreign_nodes


def _neighbours(topology: Topology) -> dict[str, set[str]]:
    neighbours: dict[str, set[str]] = {exchange.name: set() for exchange in _exchanges(topology)}
    for trunk in topology.trunks:
        one, other = trunk.ends
        if one in neighbours and other in neighbours:
            neighbours[one].add(other)
            neighbours[other].add(one)
    return neighbours


def _hops_to(
    destinations: Set[str], neighbours: dict[str, set[str]], without: set[str]
) -> dict[str, int]:
    """Trunks to cross from each switch to the nearest destination, never passing through
    `without`."""
    hops = dict.fromkeys(sorted(destinations), 0)
    waiting = deque(hops)
    while waiting:
        switch = waiting.popleft()
        for neighbour in neighbours[switch]:
            if neighbour not in hops and neighbour not in without:
                hops[neighbour] = hops[switch] + 1
                waiting.append(neighbour)
    return hops


def _beyond(
    topology: Topology, neighbours: dict[str, set[str]], name: str
) -> Iterable[tuple[str, Route]]:
    """The route of every prefix that a SIP trunk has, or must not be dialled to."""
    trunks = topology.sip_trunks
    for prefix in {prefix for trunk in trunks for prefix in (*trunk.prefixes, *trunk.forbidden)}:
        nearest = max(_match(trunk.prefixes, prefix) for trunk in trunks)
        if not nearest:
            continue
        serving = [trunk for trunk in trunks if _match(trunk.prefixes, prefix) == nearest]
        allowed = [trunk for trunk in serving if not _match(trunk.forbidden, prefix)]
        yield prefix, _beyond_route(topology, neighbours, name, allowed)


def _beyond_route(
    topology: Topology, neighbours: dict[str, set[str]], name: str, allowed: list[SipTrunk]
) -> Route:
    if not allowed:
        return NoRoute(Q850.REJECTED)
    own = tuple(trunk.name for trunk in allowed if trunk.switch == name)
    others = {trunk.switch for trunk in allowed} - {name}
    onward = _towards(topology, neighbours, name, others, "trunk") if others else None
    if not own:
        return onward or NoRoute(Q850.NO_ROUTE)
    return Beyond(own, onward if isinstance(onward, Towards) else None)


def _match(prefixes: Iterable[str], prefix: str) -> int:
    """The length of the longest of `prefixes` that it begins with; 0: of none."""
    return max((len(one) for one in prefixes if prefix.startswith(one)), default=0)


def _towards(
    topology: Topology,
    neighbours: dict[str, set[str]],
    name: str,
    destinations: Set[str],
    far: Far = "",
) -> Towards | NoRoute:
    hops = _hops_to(destinations, neighbours, without={name, *topology.foreign()})
    near = [(hops[far], group) for group, far in _groups(topology, name) if far in hops]
    if not near:
        return NoRoute(Q850.NO_ROUTE)
    near.sort(key=lambda choice: choice[0])  # stable: the order of the file among equals
    own_hops = near[0][0] + 1
    return Towards(
        switch=min(destinations),
        nearer=tuple(group for far_hops, group in near if far_hops < own_hops),
        detours=tuple(group for far_hops, group in near if far_hops == own_hops),
        beyond=far,
    )


def _towards_peripheral(
    topology: Topology, neighbours: dict[str, set[str]], name: str, peripheral: Peripheral
) -> Route:
    """To its switch, and from there by its own circuits."""
    if name != peripheral.switch:
        return _towards(topology, neighbours, name, {peripheral.switch}, "equipment")
    own = tuple(group for group, far in _groups(topology, name) if far == peripheral.name)
    return Towards(peripheral.name, own, (), "equipment") if own else NoRoute(Q850.NO_ROUTE)


def _groups(topology: Topology, name: str) -> Iterable[tuple[str, str]]:
    for trunk in topology.trunks:
        one, other = trunk.ends
        if name in trunk.ends:
            yield trunk.name, other if one == name else one
