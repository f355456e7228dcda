"""Signalling route management (Q.704 §13): what neighbours say of routes, and what they are told.

Owns transfer-prohibited, -restricted and -allowed (TFP, TFR, TFA) and the route-set-test (RST), in
both directions. A transfer point tells a neighbour (TFP) that it carries nothing for a destination

- that it cannot reach itself (to all: the broadcast method);
- that it reaches by way of that very neighbour, so that nothing goes round (§13.2.2);
- that a message has just come for in vain (to its sender, once in T8: the response method);

and that it would rather not (TFR) what it has reached by way of its mate alone for T11. It
remembers what each neighbour has been told, and so tells only what changes. A neighbour that
prohibits or restricts a destination is asked every T10 (RST, RSR) until it allows it.
"""

from collections.abc import Callable
from enum import Enum

from calleq.runtime.clock import Timer
from calleq.ss7.level3.point import Linkset, Point, Way
from calleq.ss7.level3.traffic import Cause, Traffic
from calleq.ss7.mtp3_management import Rsr, Rst, Tfa, Tfp, Tfr

RESPONSES_LIMIT = 4_096
"""Pairs of neighbour and destination for which T8 is kept at one time."""


class Standing(Enum):
    """How a neighbour should think of a destination by way of this point."""

    ALLOWED = 0
    RESTRICTED = 1
    PROHIBITED = 2


_MESSAGES: dict[Standing, type[Tfa | Tfr | Tfp]] = {
    Standing.ALLOWED: Tfa,
    Standing.RESTRICTED: Tfr,
    Standing.PROHIBITED: Tfp,
}


class Routes:
    """Route management of one point. `ignored` counts messages about what it does not route."""

    def __init__(self, point: Point, traffic: Callable[[], Traffic]) -> None:
        self.ignored = 0
        self._point = point
        self._traffic = traffic
        self._told: dict[int, dict[int, Standing]] = {}
        """By neighbour and destination: what it has been told last."""
        self._detours: set[int] = set()
        """Neighbours that have been reached by way of the mate for T11 and longer."""
        self._lasting: dict[int, Timer] = {}
        """Neighbours that are reached by way of the mate: T11."""
        self._testing: dict[tuple[int, int], Timer] = {}
        """By neighbour and destination: T10."""
        self._responded: dict[tuple[int, int], int] = {}
        """By neighbour and destination: until when T8 runs."""

    # What neighbours say.

    def prohibited(self, adjacent: int, destination: int) -> None:
        """TFP."""
        way = self._way(adjacent, destination)
        if way is not None:
            way.prohibited.add(adjacent)
            way.restricted.discard(adjacent)
            self._test_later(adjacent, destination)
            self._traffic().settle((way,), Cause.ROUTE)

    def restricted(self, adjacent: int, destination: int) -> None:
        """TFR."""
        way = self._way(adjacent, destination)
        if way is not None:
            way.prohibited.discard(adjacent)
            way.restricted.add(adjacent)
            self._test_later(adjacent, destination)
            self._traffic().settle((way,), Cause.ROUTE)

    def allowed(self, adjacent: int, destination: int) -> None:
        """TFA."""
        way = self._way(adjacent, destination)
        if way is not None:
            way.prohibited.discard(adjacent)
            way.restricted.discard(adjacent)
            self._test_no_more(adjacent, destination)
            self._traffic().settle((way,), Cause.ROUTE)

    def asked(self, adjacent: int, destination: int) -> None:
        """RST: answered when the destination is allowed (§13.5.4)."""
        way = self._point.ways.get(destination)
        if not self._point.transfers or way is None or adjacent == destination:
            self.ignored += 1
        elif (standing := self._standing(way, adjacent)) is not Standing.PROHIBITED:
            self._told.setdefault(adjacent, {})[destination] = standing
            self._point.send(_MESSAGES[standing](destination), adjacent)

    def standing(self, destination: int, adjacent: int) -> Standing:
        """How a neighbour should think of a destination that this point routes."""
        return self._standing(self._point.ways[destination], adjacent)

    def gone(self, adjacent: int) -> None:
        """A neighbour cannot be reached: what it said and what it was told is void."""
        self._told.pop(adjacent, None)
        for way in self._point.ways.values():
            if adjacent in way.prohibited or adjacent in way.restricted:
                way.prohibited.discard(adjacent)
                way.restricted.discard(adjacent)
                self._test_no_more(adjacent, way.destination)

    # What neighbours are told.

    def update(self, way: Way) -> None:
        """Tell the neighbours what has changed about a destination."""
        point = self._point
        if not point.transfers or point.is_restarting:
            return
        self._watch(way)
        for adjacent, linkset in point.linksets.items():
            if adjacent != way.destination and linkset.allowed_sent and linkset.is_managed:
                self._tell(way, adjacent, self._told.setdefault(adjacent, {}))

    def inform(self, linkset: Linkset) -> None:
        """Tell a neighbour that begins everything that is prohibited or restricted.

        And what no longer is: it may have been reached by way of the mate all the time.
        """
        adjacent = linkset.adjacent
        told = self._told.setdefault(adjacent, {})
        for way in self._point.ways.values():
            if way.destination != adjacent:
                if self._standing(way, adjacent) is not Standing.ALLOWED:
                    told.pop(way.destination, None)
                self._tell(way, adjacent, told)

    def respond(self, adjacent: int, destination: int) -> None:
        """A message came from a neighbour for what cannot be reached."""
        if not self._point.reaches(adjacent):
            return
        now_us = self._point.clock.monotonic_us()
        if self._responded.get((adjacent, destination), 0) > now_us:
            return
        if len(self._responded) >= RESPONSES_LIMIT:
            self._responded.clear()
        self._responded[adjacent, destination] = now_us + self._point.timers.t8_us
        if destination in self._point.ways:
            self._told.setdefault(adjacent, {})[destination] = Standing.PROHIBITED
        self._point.send(Tfp(destination), adjacent)

    def _tell(self, way: Way, adjacent: int, told: dict[int, Standing]) -> None:
        standing = self._standing(way, adjacent)
        if standing is told.get(way.destination, Standing.ALLOWED):
            return
        told[way.destination] = standing
        self._point.send(_MESSAGES[standing](way.destination), adjacent)

    def _standing(self, way: Way, adjacent: int) -> Standing:
        if not way.links or adjacent in way.next_nodes():
            return Standing.PROHIBITED
        return Standing.RESTRICTED if way.destination in self._detours else Standing.ALLOWED

    def _watch(self, way: Way) -> None:
        """Begin or end the wait for a detour to have lasted long (T11, §13.4.2)."""
        destination = way.destination
        is_detour = bool(way.links) and (
            destination in self._point.linksets and destination not in way.next_nodes()
        )
        if not is_detour:
            self._detours.discard(destination)
            timer = self._lasting.pop(destination, None)
            if timer is not None:
                timer.cancel()
        elif destination not in self._detours and destination not in self._lasting:
            self._lasting[destination] = self._point.clock.call_in_background_us(
                self._point.timers.t11_us, self._lasts, way
            )

    def _lasts(self, way: Way) -> None:
        del self._lasting[way.destination]
        self._detours.add(way.destination)
        self.update(way)

    # Inside.

    def _way(self, adjacent: int, destination: int) -> Way | None:
        """The way that a neighbour's word concerns."""
        way = self._point.ways.get(destination)
        if (
            way is None
            or adjacent == destination
            or not any(adjacent in level for level in way.levels)
        ):
            self.ignored += 1
            return None
        return way

    def _test_later(self, adjacent: int, destination: int) -> None:
        self._test_no_more(adjacent, destination)
        # A route may be away for ever: no simulation waits for the next question.
        self._testing[adjacent, destination] = self._point.clock.call_in_background_us(
            self._point.timers.t10_us, self._ask, adjacent, destination
        )

    def _test_no_more(self, adjacent: int, destination: int) -> None:
        timer = self._testing.pop((adjacent, destination), None)
        if timer is not None:
            timer.cancel()

    def _ask(self, adjacent: int, destination: int) -> None:
        del self._testing[adjacent, destination]
        if self._point.reaches(adjacent):
            way = self._point.ways[destination]
            asks = Rst if adjacent in way.prohibited else Rsr
            self._point.send(asks(destination), adjacent)
        self._test_later(adjacent, destination)
