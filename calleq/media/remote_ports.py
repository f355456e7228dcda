"""The ports of a voice process as an element's process has them.

Free ports are asked of the voice process ahead and lie here, so that `take` answers at once. The
stock of a host is filled up again when it is half empty, and grows when it is nearly empty before
more have come: the voice process may be busy for some hundred milliseconds.

When the voice process is lost, what was taken and planned is remembered and asked for anew, with
the same numbers, as soon as there is a voice process again (`restore`). A port that cannot be had
again reports `failed`, and so does every port when none has come within `RESTORE_LIMIT_S`. A port
that is closed meanwhile has an empty Quality.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable

import msgspec

from calleq.media import protocol
from calleq.media.ports import PortAddress, PortEvent, PortPlan, Quality

STOCK_PORTS = 512
"""How many are bound ahead for each host, at first."""
MAX_STOCK_PORTS = 1_024
SPARE_SHARE = 4
"""A stock with less than this part of it left, while more are on their way, is too small."""
SHARED_PORTS = 4
RESTORE_LIMIT_S = 5.0


class _Stock:
    """The free ports of one host."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.free: deque[int] = deque()
        self.asked: dict[int, int] = {}
        """How many are on their way, by the number of the request."""
        self.has_grown = False
        """While those are on their way."""

    @property
    def missing(self) -> int:
        """How many should be asked for."""
        return self.size - len(self.free) - sum(self.asked.values())

    def grow(self) -> None:
        """Ports are taken faster than they come: want twice as many, once until some have."""
        if not self.has_grown:
            self.has_grown = True
            self.size = min(2 * self.size, MAX_STOCK_PORTS)


class _Taken(msgspec.Struct):
    host: str
    port: int
    shared: bool
    plan: PortPlan | None = None


class RemotePorts:
    """See `calleq.media.ports.Ports`. `send` says whether there is a voice process."""

    def __init__(
        self, send: Callable[[protocol.Request], bool], loop: asyncio.AbstractEventLoop
    ) -> None:
        self._send = send
        self._loop = loop
        self._hosts: dict[str, str] = {}
        """Where each element has its ports."""
        self._stocks: dict[tuple[str, bool], _Stock] = {}
        self._taken: dict[tuple[str, str], _Taken] = {}
        self._closing: dict[int, Callable[[Quality], object]] = {}
        self._tellers: defaultdict[str, list[Callable[[str, PortEvent], object]]]
        self._tellers = defaultdict(list)
        self._number = 0
        self._giving_up: asyncio.TimerHandle | None = None

    def open(self, element: str, host: str, shared: bool) -> None:
        """See `Ports.open_ports`."""
        self._hosts[element] = host
        self._fill(host, shared)

    def _stock(self, host: str, shared: bool) -> _Stock:
        stock = self._stocks.get((host, shared))
        if stock is None:
            stock = _Stock(SHARED_PORTS if shared else STOCK_PORTS)
            self._stocks[host, shared] = stock
        return stock

    def _fill(self, host: str, shared: bool) -> None:
        stock = self._stock(host, shared)
        missing = stock.missing
        if 2 * missing >= stock.size:
            self._number += 1
            if self._send(protocol.BindPorts(self._number, host, missing, shared)):
                stock.asked[self._number] = missing

    def take(self, element: str, wire: str, shared: bool) -> PortAddress | None:
        """See `Ports.take_port`."""
        host = self._hosts.get(element, "")
        stock = self._stock(host, shared)
        if stock.asked and not shared and SPARE_SHARE * len(stock.free) < stock.size:
            stock.grow()
        if not stock.free:
            self._fill(host, shared)
            return None
        port = stock.free.popleft()
        if shared:
            stock.free.append(port)  # others may have it too: each time the next one's turn
        self._taken[element, wire] = _Taken(host, port, shared)
        self._send(protocol.TakePort(element, wire, host, port, shared))
        self._fill(host, shared)
        return PortAddress(host, port)

    def plan(self, element: str, wire: str, plan: PortPlan) -> None:
        """See `Ports.plan_port`; does nothing for an end without a port."""
        taken = self._taken.get((element, wire))
        if taken is not None:
            taken.plan = plan
            self._send(protocol.PlanPort(element, wire, plan))

    def close(self, element: str, wire: str, done: Callable[[Quality], object]) -> None:
        """See `Ports.close_port`."""
        self._number += 1
        taken = self._taken.pop((element, wire), None)
        if taken is not None and self._send(protocol.ClosePort(self._number, element, wire)):
            self._closing[self._number] = done
        else:
            self._loop.call_soon(done, Quality())

    def on_event(self, element: str, told: Callable[[str, PortEvent], object]) -> None:
        """See `Ports.on_port_event`."""
        self._tellers[element].append(told)

    def bound(self, report: protocol.PortsBound) -> None:
        """Ports that were asked for are there."""
        stock = self._stocks.get((report.host, report.shared))
        if stock is not None:
            stock.free += report.ports
            stock.asked.pop(report.number, None)
            stock.has_grown = False

    def closed(self, report: protocol.PortClosed) -> None:
        """What the voice of a port was like."""
        done = self._closing.pop(report.number, None)
        if done is not None:
            done(report.quality)

    def told(self, report: protocol.PortTold) -> None:
        """Something happened to a port."""
        if (report.element, report.wire) in self._taken:
            self._tell(report.element, report.wire, report.event)

    def _tell(self, element: str, wire: str, event: PortEvent) -> None:
        for told in self._tellers[element]:
            told(wire, event)

    def restore(self) -> None:
        """There is a voice process, for the first time or again."""
        if self._giving_up is not None:
            self._giving_up.cancel()
            self._giving_up = None
        for (element, wire), taken in self._taken.items():
            self._send(protocol.TakePort(element, wire, taken.host, taken.port, taken.shared))
            if taken.plan is not None:
                self._send(protocol.PlanPort(element, wire, taken.plan))
        for host, shared in self._stocks:
            self._fill(host, shared)

    def lost(self) -> None:
        """The voice process is gone."""
        closing, self._closing = self._closing, {}
        for stock in self._stocks.values():
            stock.free.clear()
            stock.asked.clear()
        for done in closing.values():
            done(Quality())
        if self._taken and self._giving_up is None:
            self._giving_up = self._loop.call_later(RESTORE_LIMIT_S, self._give_up)

    def _give_up(self) -> None:
        self._giving_up = None
        for element, wire in list(self._taken):
            self._tell(element, wire, "failed")
