"""Management inhibiting (Q.704 §10): links that an operator keeps free of traffic.

Owns the machine of every link that is inhibited from here (`inhibition_tables.py`), and the answers
to a far end that inhibits one of ours, which is simpler: it is agreed to (LIA) unless the link is
the last way to a destination (LID), and undone at its word (LUN). A link that is needed, because
nothing else serves a destination any more, is freed at once (§10.3.2): by LUN where it is inhibited
here, by LFU where the far end has inhibited it.
"""

from collections.abc import Callable
from typing import Literal, assert_never

from calleq.runtime.clock import Timer
from calleq.ss7 import mtp3_management as m
from calleq.ss7.level3.inhibition_tables import TABLE, Action, Input, State
from calleq.ss7.level3.point import Link, Point

Outcome = Literal["inhibited", "denied", "free", "not answered"]
Told = Callable[[Outcome], object]
OfLink = m.Lin | m.Lun | m.Lia | m.Lua | m.Lid | m.Lfu | m.Llt | m.Lrt

FORCE_ATTEMPTS = 2
"""How often the far end is asked to free a link (Q.704 §10.3.2)."""


class Inhibition:
    """Of one point, for all its links."""

    def __init__(self, point: Point, changed: Callable[[Link], object]) -> None:
        """`changed` hears of links that may no longer, or may again, carry traffic."""
        self.states: dict[Link, State] = {}
        self._point = point
        self._changed = changed
        self._timers: dict[Link, Timer] = {}
        self._tests: dict[Link, Timer] = {}
        """T23 of the links that the far end has inhibited."""
        self._told: dict[Link, Told] = {}

    def inhibit(self, link: Link, told: Told) -> None:
        """The operator wants the link free of traffic; `told` hears how that ends."""
        self._told[link] = told
        denied = self.is_last_way(link)
        self._handle(link, Input.INHIBIT_DENIED_HERE if denied else Input.INHIBIT)

    def uninhibit(self, link: Link, told: Told) -> None:
        """The operator wants it back; `told` hears how that ends."""
        self._told[link] = told
        self._handle(link, Input.UNINHIBIT)

    def is_last_way(self, link: Link) -> bool:
        """Whether some destination can be reached over this link alone."""
        if not link.is_available:
            return False
        serving = link.linkset.serving
        link.linkset.serving = tuple(other for other in serving if other is not link)
        try:
            return any(
                way.links and not self._point.links_to(way) for way in self._point.ways.values()
            )
        finally:
            link.linkset.serving = serving

    def needed(self) -> None:
        """A destination has become inaccessible: every link is wanted."""
        for link in self._point.links():
            if link.inhibited_here:
                self._handle(link, Input.UNINHIBIT)
            if link.inhibited_there:
                self._force(link, 1)

    def received(self, message: OfLink, link: Link) -> None:
        """A message about one of our links."""
        match message:
            case m.Lin():
                self._asked(link)
            case m.Lun():
                self._send(m.Lua(link.code), link)
                self._freed_there(link)
            case m.Lia():
                self._handle(link, Input.LIA)
            case m.Lid():
                self._handle(link, Input.LID)
            case m.Lua():
                self._handle(link, Input.LUA)
            case m.Lfu():
                self._handle(link, Input.LFU)
            case m.Lrt():
                self._handle(link, Input.LRT)
            case m.Llt():
                if not link.inhibited_there:
                    # It thinks that it has inhibited the link: we know of nothing (§10.6).
                    self._send(m.Lfu(link.code), link)
            case _:
                assert_never(message)

    # Inhibited from the far end.

    def _asked(self, link: Link) -> None:
        if not link.inhibited_there and self.is_last_way(link):
            self._send(m.Lid(link.code), link)
            return
        self._send(m.Lia(link.code), link)
        if not link.inhibited_there:
            link.inhibited_there = True
            self._test_later(link)
            self._changed(link)

    def _freed_there(self, link: Link) -> None:
        if link.inhibited_there:
            link.inhibited_there = False
            self._tests.pop(link).cancel()
            self._changed(link)

    def _test_later(self, link: Link) -> None:
        self._tests[link] = self._point.clock.call_in_background_us(
            self._point.timers.t23_us, self._test_there, link
        )

    def _test_there(self, link: Link) -> None:
        self._send(m.Lrt(link.code), link)
        self._test_later(link)

    def _force(self, link: Link, attempt: int) -> None:
        """Ask the far end to free a link that it has inhibited; T13."""
        if not link.inhibited_there:
            return
        self._send(m.Lfu(link.code), link)
        if attempt < FORCE_ATTEMPTS:
            self._point.clock.call_later_us(
                self._point.timers.t13_us, self._force, link, attempt + 1
            )

    # Inhibited from here.

    def _handle(self, link: Link, happened: Input) -> None:
        state = self.states.get(link, State.FREE)
        action, following = TABLE[state, happened]
        if action is Action.IGNORE:
            return
        self.states[link] = following
        if action is not Action.CORRECT and link in self._timers:
            self._timers.pop(link).cancel()
        match action:
            case Action.ASK:
                self._send(m.Lin(link.code), link)
                self._await(link, self._point.timers.t14_us, Input.T14)
            case Action.DENY:
                self._tell(link, "denied")
            case Action.INHIBIT:
                link.inhibited_here = True
                self._await(link, self._point.timers.t22_us, Input.T22)
                self._changed(link)
                self._tell(link, "inhibited")
            case Action.FREE:
                self._send(m.Lun(link.code), link)
                self._await(link, self._point.timers.t12_us, Input.T12)
            case Action.DONE:
                link.inhibited_here = False
                self._changed(link)
                self._tell(link, "free")
            case Action.GIVE_UP:
                self._await(link, self._point.timers.t22_us, Input.T22)
                self._tell(link, "not answered")
            case Action.TEST:
                self._send(m.Llt(link.code), link)
                self._await(link, self._point.timers.t22_us, Input.T22)
            case Action.CORRECT:
                self._send(m.Lun(link.code), link)
            case _:
                assert_never(action)

    def _await(self, link: Link, delay_us: int, then: Input) -> None:
        clock = self._point.clock
        # A link may stay inhibited for ever: no simulation waits for its next test.
        call = clock.call_in_background_us if then is Input.T22 else clock.call_later_us
        self._timers[link] = call(delay_us, self._handle, link, then)

    def _tell(self, link: Link, outcome: Outcome) -> None:
        told = self._told.pop(link, None)
        if told is not None:
            told(outcome)

    def _send(self, message: OfLink, link: Link) -> None:
        """By the link itself where it works, since its traffic alone is inhibited."""
        if not self._point.send(message, link.linkset.adjacent, link.code):
            self._point.send_over(link, message)
