"""Digit analysis: from a called number to an own line or to trunk groups, by longest prefix.

Built once from the topology: the prefixes of every switch and the trunk groups between switches
(foreign exchanges are the last part of a route: nothing is known of their trunks; so is a
peripheral, which switches nothing through: the numbers by which it is reached lead to its switch,
and from there to it). What it answers:

- `OwnNumber`: this switch serves the prefix. Whether a line has the number is not asked here;
- `Towards`: trunk groups in the order in which to try them. First those to the switches nearest to
  the destination, then detours through a neighbour that is no farther from it than this switch is;
- `NoRoute`: nobody serves the prefix, or no trunks lead there (cause 3).

A call that came from another switch takes no detour: each further switch is then strictly nearer
to the destination, so that no call goes round in a circle.
"""

from collections import deque
from collections.abc import Iterable

import msgspec

from calleq.causes import Q850
from calleq.topology import ForeignNode, Peripheral, Switch, Topology


class OwnNumber(msgspec.Struct, frozen=True):
    """The number belongs to this switch, with or without a line."""


class Towards(msgspec.Struct, frozen=True):
    """The number belongs to another switch."""

    switch: str
    nearer: tuple[str, ...]
    """Trunk groups to switches nearer to it, the nearest first."""
    detours: tuple[str, ...]
    """Trunk groups to switches as far from it as this one."""


class NoRoute(msgspec.Struct, frozen=True):
    """The number leads nowhere."""

    cause: int


Route = OwnNumber | Towards | NoRoute


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
                route = _towards(topology, neighbours, name, exchange.name)
            for prefix in exchange.prefixes:
                self._by_prefix[prefix] = route
        for peripheral in topology.peripherals:
            if peripheral.assist:
                self._by_prefix[peripheral.assist] = _towards_peripheral(
                    topology, neighbours, name, peripheral
                )
        self._lengths = sorted({len(prefix) for prefix in self._by_prefix}, reverse=True)
        self._unknown = NoRoute(Q850.NO_ROUTE)

    def route(self, called: str) -> Route:
        """Where `called` (E.164 with `+`) leads."""
        for length in self._lengths:
            found = self._by_prefix.get(called[:length])
            if found is not None:
                return found
        return self._unknown

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
    destination: str, neighbours: dict[str, set[str]], without: set[str]
) -> dict[str, int]:
    """Trunks to cross from each switch to `destination`, never passing through `without`."""
    hops = {destination: 0}
    waiting = deque((destination,))
    while waiting:
        switch = waiting.popleft()
        for neighbour in neighbours[switch]:
            if neighbour not in hops and neighbour not in without:
                hops[neighbour] = hops[switch] + 1
                waiting.append(neighbour)
    return hops


def _towards(
    topology: Topology, neighbours: dict[str, set[str]], name: str, destination: str
) -> Route:
    hops = _hops_to(destination, neighbours, without={name, *topology.foreign()})
    near = [(hops[far], group) for group, far in _groups(topology, name) if far in hops]
    if not near:
        return NoRoute(Q850.NO_ROUTE)
    near.sort(key=lambda choice: choice[0])  # stable: the order of the file among equals
    own_hops = near[0][0] + 1
    return Towards(
        switch=destination,
        nearer=tuple(group for far_hops, group in near if far_hops < own_hops),
        detours=tuple(group for far_hops, group in near if far_hops == own_hops),
    )


def _towards_peripheral(
    topology: Topology, neighbours: dict[str, set[str]], name: str, peripheral: Peripheral
) -> Route:
    """To its switch, and from there by its own circuits."""
    if name != peripheral.switch:
        return _towards(topology, neighbours, name, peripheral.switch)
    own = tuple(group for group, far in _groups(topology, name) if far == peripheral.name)
    return Towards(peripheral.name, own, ()) if own else NoRoute(Q850.NO_ROUTE)


def _groups(topology: Topology, name: str) -> Iterable[tuple[str, str]]:
    for trunk in topology.trunks:
        one, other = trunk.ends
        if name in trunk.ends:
            yield trunk.name, other if one == name else one
