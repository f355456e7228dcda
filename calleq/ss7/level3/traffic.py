"""Signalling traffic management (Q.704 §4 to §8): which link each selection takes.

Owns the diversion of traffic and nothing of how its occasions come about. Something has changed (a
link is lost or has returned, a route is prohibited or allowed); `settle` works out anew where each
selection should go, and decides how it gets there:

- from a lost link: held until the changeover is over (`changeover.py`);
- away from a route that is prohibited: at once (forced rerouting, §7);
- to a better link while the old one works: held, then sent (`changeback.py`).

A flow is one selection of one destination. It is held at one place at most, so that its messages
stay in order; what it finds when the holding is over is where it goes.
"""

from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import assert_never

from calleq.ss7.level3 import changeback, changeover
from calleq.ss7.level3.answers import Answers
from calleq.ss7.level3.changeback import Changeback
from calleq.ss7.level3.hold import Hold
from calleq.ss7.level3.point import Link, Point, Way
from calleq.ss7.mtp3_management import Cba, Cbd, Eca, Xco

CHANGEBACK_CODES = 256
"""Values of the changeback code (Q.704 §15.5.3)."""


class Cause(IntEnum):
    """Why traffic shall take other links."""

    LINK = 0
    """A link has come or gone."""
    ROUTE = 1
    """A route is prohibited, restricted or allowed."""


class Traffic:
    """Traffic management of one point. Counters say how often each procedure has begun."""

    def __init__(
        self, point: Point, told: Callable[[Way], object], over: Callable[[Link], object]
    ) -> None:
        """`told` hears of every way whose links have changed, `over` of changeovers that end."""
        self.changebacks = 0
        self.forced_reroutings = 0
        self.controlled_reroutings = 0
        self._point = point
        self._told = told
        self._over = over
        self._holds: dict[Link, Hold] = {}
        """By the link that is changed over from."""
        self._declared: dict[tuple[int, int, int], Changeback] = {}
        """By adjacent node, link and code: those that a CBA ends."""
        self._moving: list[Hold] = []
        """Every hold of a changeback."""
        self._code = 0
        self._answers = Answers(point, self._holds_from)

    @property
    def diversions(self) -> int:
        """How many are in progress."""
        return len(self._holds) + len(self._moving)

    # Links that come and go.

    def lost(
        self,
        link: Link,
        *,
        failed: bool = True,
        declared: changeover.Input | None = None,
        fsn: int = 0,
    ) -> None:
        """A link carries no traffic any more.

        `failed`: it does not work either. `declared`: its far end has said so first.
        """
        hold = Hold(self._point, is_retrieved=failed)
        for earlier in (*self._holds.values(), *self._moving):
            if not earlier.is_timed:
                self._take_over(hold, earlier, link)
        for way in self._point.ways.values():
            if link in way.carriers:
                for selection in range(len(way.carriers)):
                    if way.carriers[selection] is link:
                        hold.take(way, selection, link)
        self._holds[link] = hold
        self.settle(self._point.ways.values(), Cause.LINK)
        if declared is not None:
            link.changeover.handle(declared, fsn)
        elif failed and self._point.reaches(link.linkset.adjacent):
            self._declare(link, changeover.Input.LOST)
        else:
            link.changeover.handle(changeover.Input.LOST_WITHOUT_WAY)

    def failed(self, link: Link) -> None:
        """A link that carried no traffic any more has failed."""
        if link in self._holds:
            self._holds[link].is_retrieved = True

    def act(self, link: Link, action: changeover.Action, fsn: int) -> None:
        """Do what the table of changeover says."""
        adjacent = link.linkset.adjacent
        match action:
            case changeover.Action.DECLARE:
                self._point.send(Xco(link.code, link.last_received), adjacent, link.code)
            case changeover.Action.ANSWER:
                self._answers.answer(link)
            case changeover.Action.ANSWER_AND_DIVERT:
                self._answers.answer(link)
                self._divert(link, fsn)
            case changeover.Action.ANSWER_AND_DIVERT_UNSENT:
                self._answers.answer(link)
                self._divert(link, None)
            case changeover.Action.DIVERT:
                self._divert(link, fsn)
            case changeover.Action.DIVERT_UNSENT:
                self._divert(link, None)
            case changeover.Action.ANSWER_LATE:
                self._point.send(Eca(link.code), adjacent, link.code)
            case changeover.Action.IGNORE | changeover.Action.WAIT | changeover.Action.WITHHOLD:
                pass
            case _:
                assert_never(action)

    def _divert(self, link: Link, fsn: int | None) -> None:
        """The changeover of a link is over."""
        hold = self._holds.pop(link)
        link.was_changed_over = True
        kept, link.kept = link.kept, None
        take_back = link.end.retrieve if kept is None else kept.after
        retrieved = take_back(fsn) if hold.is_retrieved else []
        self._release(hold, self._hand_over(retrieved, link))
        self._gone_on()
        self._over(link)

    def _hand_over(self, retrieved: list[bytes], link: Link) -> list[bytes]:
        """Give what was taken back to those that wait for T3 or T6 already; the rest is left."""
        rest = retrieved
        for hold in self._moving:
            if hold.is_timed:
                rest = hold.precede(rest, link)
        return rest

    def ways_found(self) -> None:
        """A link serves: what was changed over without a way to the far end is told to it now."""
        for link, hold in tuple(self._holds.items()):
            if hold.is_retrieved and self._point.reaches(link.linkset.adjacent):
                self._declare(link, changeover.Input.WAY_FOUND)

    def _declare(self, link: Link, why: changeover.Input) -> None:
        """The far end of a link can be told that it is changed over, maybe not at once."""
        withheld = self._answers.are_withheld(link.linkset.adjacent)
        link.changeover.handle(changeover.Input.HOLDING if withheld else why)

    def _gone_on(self) -> None:
        """Something is held no more: what was withheld because of it can be said."""
        self._answers.go_on()
        for link in tuple(self._holds):
            if not self._answers.are_withheld(link.linkset.adjacent):
                link.changeover.handle(changeover.Input.RELEASED)

    def _holds_from(self, adjacent: int) -> bool:
        return any(hold.holds_from(adjacent) for hold in (*self._holds.values(), *self._moving))

    # Where everything should go.

    def settle(self, ways: Iterable[Way], cause: Cause) -> None:
        """Work out the links of these ways, and divert what should take others."""
        moved: dict[tuple[Link, Link], list[tuple[Way, int]]] = {}
        changed: list[Way] = []
        for way in ways:
            links = self._point.links_to(way)
            if links == way.links and all(map(_is, way.carriers, links)):
                continue
            changed.append(way)
            way.links = links
            if not links:
                way.carriers = []
            elif not way.carriers:
                way.carriers = list(links)
                self._resume(way)
            else:
                self._compare(way, moved)
        self._move(moved, cause)
        for way in changed:
            self._told(way)

    def _resume(self, way: Way) -> None:
        """A way is there again: what is held still comes before what comes now.

        Not so at a transfer point: the neighbours have been told, and have gone other ways.
        """
        if self._point.transfers:
            return
        for hold in (*self._holds.values(), *self._moving):
            for destination, selection in hold.flows:
                if destination == way.destination:
                    way.carriers[selection] = hold

    def _compare(self, way: Way, moved: dict[tuple[Link, Link], list[tuple[Way, int]]]) -> None:
        """Find the selections that shall leave the link they take."""
        carriers = way.carriers
        for selection, wanted in enumerate(way.links):
            present = carriers[selection]
            if present is wanted or not isinstance(present, Link):
                continue
            adjacent = present.linkset.adjacent
            if self._point.is_restarting:
                # Nothing has gone that way yet.
                carriers[selection] = wanted
            elif adjacent in way.prohibited or present.linkset.awaits_restart:
                self.forced_reroutings += 1
                carriers[selection] = wanted
            else:
                moved.setdefault((present, wanted), []).append((way, selection))

    def _move(self, moved: dict[tuple[Link, Link], list[tuple[Way, int]]], cause: Cause) -> None:
        """Begin the changebacks, one for each pair of links within a linkset, one for the rest."""
        timed: Hold | None = None
        for (present, wanted), flows in moved.items():
            if present.linkset is wanted.linkset and present.is_managed:
                hold = self._hold_moving()
                self._sequenced(hold, present, wanted)
            else:
                if timed is None:
                    timed = self._hold_moving()
                hold = timed
            for way, selection in flows:
                hold.take(way, selection, present)
            if hold.changeback is not None:
                hold.changeback.handle(changeback.Input.BEGIN_SEQUENCED)
        if timed is not None:
            self._timed(timed, cause)

    def _hold_moving(self) -> Hold:
        hold = Hold(self._point)
        self._moving.append(hold)
        return hold

    def _sequenced(self, hold: Hold, present: Link, wanted: Link) -> None:
        """Traffic returns to a link of the linkset that it is in (§6.3)."""
        self.changebacks += 1
        self._code = code = (self._code + 1) % CHANGEBACK_CODES
        key = (wanted.linkset.adjacent, wanted.code, code)

        def act(action: changeback.Action) -> None:
            match action:
                case changeback.Action.DECLARE | changeback.Action.DECLARE_AGAIN:
                    self._point.send_over(present, Cbd(wanted.code, code))
                case changeback.Action.DIVERT:
                    self._declared.pop(key, None)
                    self._moved(hold)
                case changeback.Action.END:
                    self._declared.pop(key, None)
                case changeback.Action.IGNORE | changeback.Action.WAIT:
                    pass
                case _:
                    assert_never(action)

        point = self._point
        hold.changeback = self._declared[key] = Changeback(point.clock, point.timers, 0, act)

    def _timed(self, hold: Hold, cause: Cause) -> None:
        """Traffic goes to another linkset (§6.4, §8.2)."""
        timers = self._point.timers
        if cause is Cause.LINK:
            self.changebacks += 1
            wait_us = timers.t3_us
        else:
            self.controlled_reroutings += 1
            wait_us = timers.t6_us

        def act(action: changeback.Action) -> None:
            if action is changeback.Action.DIVERT:
                self._moved(hold)

        hold.changeback = Changeback(self._point.clock, timers, wait_us, act)
        hold.changeback.handle(changeback.Input.BEGIN_TIMED)

    def answered(self, adjacent: int, slc: int, code: int) -> None:
        """A CBA has come."""
        changing = self._declared.get((adjacent, slc, code))
        if changing is not None:
            changing.handle(changeback.Input.ANSWERED)

    def declared(self, adjacent: int, message: Cbd) -> None:
        """A CBD has come: everything before it has too."""
        self._point.send(Cba(message.slc, message.code), adjacent, message.slc)

    # The end of a diversion.

    def _moved(self, hold: Hold) -> None:
        self._moving.remove(hold)
        self._release(hold, [])
        self._gone_on()

    def _take_over(self, hold: Hold, earlier: Hold, link: Link) -> None:
        """What waits for earlier traffic of a lost link waits for its changeover from now on."""
        given = earlier.give_up(link)
        hold.flows |= given.flows
        for (_, selection), (way, _) in given.flows.items():
            if way.carriers and way.carriers[selection] is earlier:
                way.carriers[selection] = hold
        hold.buffer += given.buffer
        if given.flows and not earlier.flows and earlier.changeback is not None:
            earlier.changeback.handle(changeback.Input.OVERTAKEN)
            self._moving.remove(earlier)

    def _release(self, hold: Hold, retrieved: list[bytes]) -> None:
        """Send what was taken back and then what was held, by the links that are right now."""
        gone = set()
        for (destination, selection), (way, _) in hold.flows.items():
            if way.carriers and way.carriers[selection] is hold:
                way.carriers[selection] = way.links[selection]
            else:
                # It was inaccessible meanwhile: what was sent before must not follow what came
                # after.
                gone.add((destination, selection))
        for octets in retrieved:
            service, test_service = octets[0] & 15, self._point.variant.test_service
            if service > test_service:
                flow = self._point.labels.flow_of(octets)
                if flow not in hold.flows:
                    # On its way to a node that could not pass it on, when the flow was rerouted.
                    gone.add(flow)
            if service != test_service:
                self._send_on(octets, gone)
        for octets in hold.buffer:
            self._send_on(octets, gone)

    def carry_on(self, octets: bytes) -> bool:
        """Send a unit that level 2 refused by whatever takes its flow now."""
        return self._send_on(octets, set())

    def _send_on(self, octets: bytes, gone: set[tuple[int, int]]) -> bool:
        destination, selection = flow = self._point.labels.flow_of(octets)
        way = self._point.ways.get(destination)
        if (
            flow not in gone
            and way is not None
            and way.carriers
            and way.carriers[selection].carry(octets)
        ):
            return True
        self._point.lost += 1
        return False


def _is(one: object, other: object) -> bool:
    return one is other
