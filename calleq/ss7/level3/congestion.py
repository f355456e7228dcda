"""Signalling traffic flow control (Q.704 §11, §13.7 to §13.9): congestion, and who is told of it.

Owns the congestion status of destinations at an end point (the national option with levels 1 to 3)
and the transfer-controlled messages of a transfer point. A transfer point that passes a message on
over a congested link tells its sender (TFC), once for every eight messages. The end point's status
of that destination rises to the level at once; after T15 it asks with a test message (RCT) whether
a lower level goes through, and when no TFC answers within T16 the status falls by one.

The user parts hear of every change of status (MTP-STATUS), and throttle themselves.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import assert_never

from calleq.runtime.clock import Timer
from calleq.ss7.level3.point import Link, Point, Way
from calleq.ss7.mtp3_management import Rct, Tfc

HIGHEST_LEVEL = 3
MESSAGES_PER_CONTROL = 8
"""One TFC for so many messages to a congested link (Q.704 §11.2.3.1 ii)."""


class State(IntEnum):
    """Of one destination at an end point."""

    CLEAR = 0
    CONGESTED = 1
    """T15 runs."""
    TESTING = 2
    """RCT sent; T16 runs."""


class Input(IntEnum):
    """What can happen."""

    CONTROLLED = 0
    """TFC with a level, or our own link is congested."""
    CLEARED = 1
    """TFC with level 0, or the destination has become inaccessible."""
    T15 = 2
    T16 = 3
    T16_LAST = 4
    """T16, and the status is 1."""


class Action(IntEnum):
    """What is to be done."""

    IGNORE = 0
    RAISE = 1
    """Take the level; T15."""
    TEST = 2
    """Send RCT; T16."""
    LOWER = 3
    """The status falls by one, and is tested again at once."""
    CLEAR = 4


_S, _I, _A = State, Input, Action

TABLE: dict[tuple[State, Input], tuple[Action, State]] = {
    (_S.CLEAR, _I.CONTROLLED): (_A.RAISE, _S.CONGESTED),
    (_S.CLEAR, _I.CLEARED): (_A.IGNORE, _S.CLEAR),
    (_S.CLEAR, _I.T15): (_A.IGNORE, _S.CLEAR),
    (_S.CLEAR, _I.T16): (_A.IGNORE, _S.CLEAR),
    (_S.CLEAR, _I.T16_LAST): (_A.IGNORE, _S.CLEAR),
    (_S.CONGESTED, _I.CONTROLLED): (_A.RAISE, _S.CONGESTED),
    (_S.CONGESTED, _I.CLEARED): (_A.CLEAR, _S.CLEAR),
    (_S.CONGESTED, _I.T15): (_A.TEST, _S.TESTING),
    (_S.CONGESTED, _I.T16): (_A.IGNORE, _S.CONGESTED),
    (_S.CONGESTED, _I.T16_LAST): (_A.IGNORE, _S.CONGESTED),
    (_S.TESTING, _I.CONTROLLED): (_A.RAISE, _S.CONGESTED),
    (_S.TESTING, _I.CLEARED): (_A.CLEAR, _S.CLEAR),
    (_S.TESTING, _I.T15): (_A.IGNORE, _S.TESTING),
    (_S.TESTING, _I.T16): (_A.LOWER, _S.TESTING),
    (_S.TESTING, _I.T16_LAST): (_A.CLEAR, _S.CLEAR),
}


class Congestion:
    """Flow control of one point. `controls` counts the TFC messages that it has sent."""

    def __init__(self, point: Point, told: Callable[[Way], object]) -> None:
        """`told` hears of every way whose congestion status has changed."""
        self.controls = 0
        self._point = point
        self._told = told
        self._states: dict[int, State] = {}
        self._timers: dict[int, Timer] = {}
        self._passed: dict[int, int] = {}
        """By origin: messages of it that met a congested link."""

    def controlled(self, way: Way, level: int) -> None:
        """TFC about a destination; 0 means congestion without levels, which is the lowest here."""
        level = min(level or 1, HIGHEST_LEVEL)
        if level >= way.congestion or self._states.get(way.destination) is State.TESTING:
            self._handle(way, Input.CONTROLLED, level)

    def lost(self, way: Way) -> None:
        """The destination has become inaccessible."""
        self._handle(way, Input.CLEARED, 0)

    def passed(self, link: Link, way: Way, origin: int, *, tests: bool = False) -> None:
        """A message of `origin` has gone to a congested link; `tests`: an RCT, always answered."""
        number = self._passed.get(origin, 0)
        self._passed[origin] = (number + 1) % MESSAGES_PER_CONTROL
        if number and not tests:
            return
        if origin == self._point.point_code:
            self.controlled(way, link.congestion)
        else:
            self.controls += 1
            self._point.send(Tfc(way.destination, link.congestion), origin)

    def _handle(self, way: Way, happened: Input, level: int) -> None:
        state = self._states.get(way.destination, State.CLEAR)
        action, following = TABLE[state, happened]
        if action is Action.IGNORE:
            return
        if way.destination in self._timers:
            self._timers.pop(way.destination).cancel()
        self._states[way.destination] = following
        before = way.congestion
        match action:
            case Action.RAISE:
                way.congestion = level
                self._await(way, self._point.timers.t15_us, Input.T15)
            case Action.TEST:
                self._test(way)
            case Action.LOWER:
                way.congestion -= 1
                self._test(way)
            case Action.CLEAR:
                way.congestion = 0
                del self._states[way.destination]
            case _:
                assert_never(action)
        if way.congestion != before:
            self._told(way)

    def _test(self, way: Way) -> None:
        self._point.send(Rct(), way.destination)
        last = way.congestion <= 1
        self._await(way, self._point.timers.t16_us, Input.T16_LAST if last else Input.T16)

    def _await(self, way: Way, delay_us: int, then: Input) -> None:
        self._timers[way.destination] = self._point.clock.call_later_us(
            delay_us, self._handle, way, then, 0
        )
