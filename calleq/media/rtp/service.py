"""The ports of a voice process, as the connections to it have them: bound ahead, taken, closed.

A pair of sockets that was closed rests for `REST_S` before it is given out again, so that what is
still on its way to the call that had it reaches nobody. What a connection has bound and taken goes
with the connection. Shared ports are bound once for each host and belong to the process.
"""

import asyncio
from collections.abc import Callable
from functools import partial

import msgspec

from calleq.media import protocol
from calleq.media.ports import PortEvent, Quality
from calleq.media.rtp.leg import Leg
from calleq.media.rtp.legs import LegSet
from calleq.media.rtp.secure import SecureError
from calleq.media.rtp.sockets import (
    MAX_PAIRS,
    SHARED_OCTETS,
    PortPair,
    PortRange,
    bind_pair,
)

REST_S = 2.0
MAX_BOUND_AT_ONCE = 1_024


class Claimed(msgspec.Struct, eq=False):
    """What one connection has."""

    say: Callable[[protocol.Report], object]
    bound: dict[tuple[str, int], PortPair] = {}
    """Offered to it and not taken yet."""
    taken: dict[tuple[str, str], Leg] = {}


class PortService:
    """Binds ports and gives them out."""

    def __init__(self, legs: LegSet, ports: PortRange, loop: asyncio.AbstractEventLoop) -> None:
        self._legs = legs
        self._range = ports
        self._loop = loop
        self._rested: dict[str, list[PortPair]] = {}
        self._shared: dict[tuple[str, int], PortPair] = {}
        self._pairs = 0

    def bind(self, claimed: Claimed, request: protocol.BindPorts) -> None:
        """Bind what is asked for, or as many as can be."""
        host = request.host or self._range.host
        if request.shared:
            ports = self._bind_shared(host, request.count)
        else:
            ports = []
            for _ in range(min(request.count, MAX_BOUND_AT_ONCE)):
                pair = self._free_pair(host)
                if pair is None:
                    break
                claimed.bound[request.host, pair.port] = pair
                ports.append(pair.port)
        report = protocol.PortsBound(request.number, request.host, request.shared, tuple(ports))
        claimed.say(report)

    def _free_pair(self, host: str) -> PortPair | None:
        rested = self._rested.get(host)
        if rested:
            return rested.pop()
        if self._pairs >= MAX_PAIRS:
            return None
        pair = self._range.bind(host)
        self._pairs += pair is not None
        return pair

    def _bind_shared(self, host: str, count: int) -> list[int]:
        ports = [port for at, port in self._shared if at == host]
        while len(ports) < count and self._pairs < MAX_PAIRS:
            pair = self._range.bind(host, SHARED_OCTETS)
            if pair is None:
                break
            self._share(pair)
            ports.append(pair.port)
        return ports

    def _share(self, pair: PortPair) -> None:
        pair.shared = True
        self._pairs += 1
        self._shared[pair.host, pair.port] = pair

    def take(self, claimed: Claimed, request: protocol.TakePort) -> None:
        """Let a port be an end's."""
        key = (request.element, request.wire)
        if key in claimed.taken:
            self._give_back(claimed.taken.pop(key))
        pair = self._pair_of(claimed, request)
        if pair is None:
            claimed.say(protocol.PortTold(*key, "failed"))
            return
        told = partial(self._told, claimed, key)
        leg = self._legs.take(pair, request.element, request.wire, told)
        if leg is None:
            if not pair.shared:
                self._rest(pair)
            claimed.say(protocol.PortTold(*key, "failed"))
        else:
            claimed.taken[key] = leg

    def _pair_of(self, claimed: Claimed, request: protocol.TakePort) -> PortPair | None:
        """The pair that is meant; after a new start of this process it has to be bound first."""
        if request.shared:
            host = request.host or self._range.host
            pair = self._shared.get((host, request.port))
            if pair is None:
                pair = bind_pair(host, request.port, SHARED_OCTETS)
                if pair is not None:
                    self._share(pair)
            return pair
        pair = claimed.bound.pop((request.host, request.port), None)
        if pair is None and self._pairs < MAX_PAIRS:
            pair = bind_pair(request.host or self._range.host, request.port)
            self._pairs += pair is not None
        return pair

    def _told(self, claimed: Claimed, key: tuple[str, str], event: PortEvent) -> None:
        claimed.say(protocol.PortTold(*key, event))

    def plan(self, claimed: Claimed, request: protocol.PlanPort) -> None:
        """What was negotiated; nothing for an end without a port.

        A port that cannot be secured as planned fails: it is never plain instead.
        """
        leg = claimed.taken.get((request.element, request.wire))
        if leg is None:
            return
        try:
            self._legs.plan(leg, request.plan)
        except SecureError as error:
            claimed.say(protocol.Refused(str(error)))
            claimed.say(protocol.PortTold(request.element, request.wire, "failed"))

    def close(self, claimed: Claimed, request: protocol.ClosePort) -> None:
        """Give a port back."""
        leg = claimed.taken.pop((request.element, request.wire), None)
        quality = Quality() if leg is None else self._give_back(leg)
        claimed.say(protocol.PortClosed(request.number, quality))

    def _give_back(self, leg: Leg) -> Quality:
        quality = self._legs.close(leg)
        if not leg.pair.shared:
            self._loop.call_later(REST_S, self._rest, leg.pair)
        return quality

    def _rest(self, pair: PortPair) -> None:
        self._rested.setdefault(pair.host, []).append(pair)

    def lost(self, claimed: Claimed) -> None:
        """The connection is gone, and with it what it had."""
        for leg in claimed.taken.values():
            self._give_back(leg)
        claimed.taken.clear()
        for pair in claimed.bound.values():
            self._rest(pair)
        claimed.bound.clear()

    def stop(self) -> None:
        """Close the sockets that nobody has."""
        for pair in (
            *self._shared.values(),
            *(each for at in self._rested.values() for each in at),
        ):
            pair.close()
