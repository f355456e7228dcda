"""MTP restart (Q.704 §9): who may be used when, after a node was isolated or away.

Owns the restart of this node and that of each neighbour, by the tables of `restart_tables.py`.

Where the Recommendation leaves the choice, so that a whole network that begins at once is ready
when its links are, and not after T20:

- an end point knows no routes of others, so it allows traffic (TRA) as soon as a linkset serves;
- a transfer point allows traffic to a neighbour when all other neighbours have allowed it, and not
  before T18 is over where a linkset is still missing;
- T18 ends early when every linkset is in service and has allowed traffic.
"""

from collections.abc import Callable
from typing import assert_never

from calleq.runtime.clock import Timer
from calleq.ss7.level3.point import Linkset, Point
from calleq.ss7.level3.restart_tables import (
    ADJACENT_TABLE,
    OWN_TABLE,
    Adjacent,
    AdjacentAction,
    AdjacentInput,
    Own,
    OwnAction,
    OwnInput,
)
from calleq.ss7.mtp3_management import Tra


class Restart:
    """The restart of one point and of its neighbours. `count` says how often it has finished."""

    def __init__(
        self,
        point: Point,
        inform: Callable[[Linkset], object],
        usable: Callable[[], object],
        finished: Callable[[], object],
    ) -> None:
        """`inform` tells a neighbour of prohibited routes, before it is allowed to send.

        `usable` hears that a neighbour may be used, `finished` that the user parts may begin.
        """
        self.state = Own.ISOLATED
        self.count = 0
        self.states: dict[int, Adjacent] = {}
        self._point = point
        self._inform = inform
        self._usable = usable
        self._finished = finished
        self._own_timers: list[Timer] = []
        self._timers: dict[int, Timer] = {}

    def up(self, linkset: Linkset) -> None:
        """The first link of a linkset serves; routes are worked out anew afterwards."""
        transfers = self._point.transfers
        self._own(OwnInput.FIRST_LINK_OF_TRANSFER_POINT if transfers else OwnInput.FIRST_LINK)
        way = self._point.ways[linkset.adjacent]
        if not linkset.is_managed:
            linkset.allowed = linkset.allowed_sent = True
        if way.links:
            self._neighbour(linkset, AdjacentInput.UP_REACHED)
        elif linkset.allowed:
            self._neighbour(linkset, AdjacentInput.UP_ALLOWED)
        else:
            self._neighbour(linkset, AdjacentInput.UP)

    def gone(self, linkset: Linkset) -> None:
        """The last link of a linkset serves no more."""
        self._neighbour(linkset, AdjacentInput.GONE)
        if not any(linkset.serving for linkset in self._point.linksets.values()):
            self._own(OwnInput.LAST_LINK_LOST)

    def allowed(self, linkset: Linkset) -> None:
        """TRA has come from a neighbour."""
        self._neighbour(linkset, AdjacentInput.ALLOWED)
        self.go_on()

    def go_on(self) -> None:
        """Tell whom it is time to tell; see whether the restart is over."""
        serving = [linkset for linkset in self._point.linksets.values() if linkset.serving]
        for linkset in serving:
            if not linkset.allowed_sent and self._may_allow(linkset, serving):
                self._allow(linkset)
        if serving and all(linkset.allowed for linkset in serving):
            whole = len(serving) == len(self._point.linksets)
            self._own(OwnInput.COLLECTED if whole else OwnInput.ALLOWED)

    def _may_allow(self, linkset: Linkset, serving: list[Linkset]) -> bool:
        if not self._point.transfers or self.state is Own.RUNNING:
            return True
        if self.state is Own.COLLECTING and len(serving) < len(self._point.linksets):
            return False
        return all(other.allowed for other in serving if other is not linkset)

    def _allow(self, linkset: Linkset) -> None:
        linkset.allowed_sent = True
        linkset.no_answer_until_us = self._point.clock.monotonic_us() + self._point.timers.t19_us
        if self._point.transfers:
            self._inform(linkset)
        self._point.send(Tra(), linkset.adjacent)

    def _own(self, happened: OwnInput) -> None:
        action, self.state = OWN_TABLE[self.state, happened]
        timers = self._point.timers
        match action:
            case OwnAction.IGNORE:
                pass
            case OwnAction.AWAIT:
                self._point.is_restarting = True
                self._start(timers.t20_us, OwnInput.T20)
            case OwnAction.COLLECT:
                self._point.is_restarting = True
                self._start(timers.t18_us, OwnInput.T18)
                self._start(timers.t20_us, OwnInput.T20)
            case OwnAction.INFORM:
                self.go_on()
            case OwnAction.FINISH:
                self._finish()
            case OwnAction.END:
                self._stop()
                self._point.is_restarting = True
            case _:
                assert_never(action)

    def _finish(self) -> None:
        self.count += 1
        self._stop()
        self._point.is_restarting = False
        for linkset in self._point.linksets.values():
            self._neighbour(linkset, AdjacentInput.OWN_RESTART_OVER)
        self._finished()
        self.go_on()

    def _neighbour(self, linkset: Linkset, happened: AdjacentInput) -> None:
        adjacent = linkset.adjacent
        state = self.states.get(adjacent, Adjacent.AWAY)
        action, self.states[adjacent] = ADJACENT_TABLE[state, happened]
        if action is AdjacentAction.IGNORE:
            return
        if action is not AdjacentAction.ANSWER and adjacent in self._timers:
            self._timers.pop(adjacent).cancel()
        match action:
            case AdjacentAction.NOTE:
                linkset.allowed = True
            case AdjacentAction.AWAIT:
                linkset.awaits_restart = True
                self._timers[adjacent] = self._point.clock.call_later_us(
                    self._point.timers.t21_us, self._neighbour, linkset, AdjacentInput.T21
                )
            case AdjacentAction.USE:
                self._use(linkset, happened)
            case AdjacentAction.ANSWER:
                linkset.allowed = True
                if self._point.clock.monotonic_us() >= linkset.no_answer_until_us:
                    self._allow(linkset)
            case AdjacentAction.FORGET:
                linkset.allowed = linkset.allowed_sent = linkset.awaits_restart = False
            case _:
                assert_never(action)

    def _use(self, linkset: Linkset, happened: AdjacentInput) -> None:
        awaited, linkset.awaits_restart = linkset.awaits_restart, False
        linkset.allowed = linkset.allowed or happened is AdjacentInput.ALLOWED
        if awaited:
            self._usable()

    def _start(self, delay_us: int, then: OwnInput) -> None:
        self._own_timers.append(self._point.clock.call_later_us(delay_us, self._own, then))

    def _stop(self) -> None:
        for timer in self._own_timers:
            timer.cancel()
        self._own_timers.clear()
