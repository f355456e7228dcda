"""Signalling network management of one point: the procedures wired together (Q.704 §3).

Owns the states of links as level 3 sees them and the distribution of management messages to the
procedures. Whatever arrives is either understood and concerns a link or neighbour of this point, or
it is counted (`malformed`, `ignored`) and changes nothing.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import assert_never

from calleq.ss7 import mtp3_management as m
from calleq.ss7.level3 import changeover, clusters, link_test
from calleq.ss7.level3.changeover import Changeover
from calleq.ss7.level3.congestion import Congestion
from calleq.ss7.level3.inhibition import Inhibition, OfLink
from calleq.ss7.level3.link_test import LinkTest
from calleq.ss7.level3.outage_log import OutageLog
from calleq.ss7.level3.point import Link, Linkset, Point, Way
from calleq.ss7.level3.restart import Restart
from calleq.ss7.level3.routes import Routes
from calleq.ss7.level3.traffic import Cause, Traffic
from calleq.ss7.links import LinkEnd
from calleq.ss7.mtp3 import Msu, Mtp3Error
from calleq.ss7.mtp3_management_codec import from_msu

_CARRYING = (
    link_test.State.PASSED,
    link_test.State.FIRST_RETEST,
    link_test.State.SECOND_RETEST,
)
_PATTERN = b"calleq"


class Management:
    """Everything that one point does about its links, routes and neighbours."""

    def __init__(
        self,
        point: Point,
        told: Callable[[Way], object],
        congested: Callable[[Way], object],
        unavailable: Callable[[m.Upu], object],
    ) -> None:
        """`told` hears of every way that may have become accessible or inaccessible.

        `congested` hears of ways whose congestion status has changed, `unavailable` of user parts.
        """
        self.malformed = 0
        """Management messages that are none."""
        self.ignored = 0
        """Management messages about what this point does not have."""
        self.point = point
        self.traffic = Traffic(point, self._way_changed, self._refresh)
        self.routes = Routes(point, lambda: self.traffic)
        self.restart = Restart(point, self.routes.inform, self._usable, self._finished)
        self.inhibition = Inhibition(point, self._refresh)
        self.congestion = Congestion(point, congested)
        self.outages = OutageLog(point.clock)
        self._told = told
        self._unavailable = unavailable
        self._tests = 0

    # Links.

    def add(self, linkset: Linkset, end: LinkEnd, code: int) -> Link:
        """Make an end the link of a code; it carries traffic when it has passed its test."""
        link = Link(linkset, end, code, self._refused)
        clock, timers = self.point.clock, self.point.timers
        link.test = LinkTest(clock, timers, lambda action: self._test(link, action))
        link.changeover = Changeover(
            clock, timers, lambda action, fsn: self.traffic.act(link, action, fsn)
        )
        linkset.links.append(link)
        linkset.links.sort(key=attrgetter("code"))
        end.on_congestion(lambda level: self.congested(link, level))
        self.congested(link, end.congestion)
        self.outages.note(link.name, end.in_service)
        return link

    def congested(self, link: Link, level: int) -> None:
        """Level 2 tells how congested a link is."""
        link.congestion = level
        self.point.is_congested = any(link.congestion for link in self.point.links())

    def changed(self, link: Link, in_service: bool) -> None:
        """Level 2 has brought a link into service, or lost it."""
        self.outages.note(link.name, in_service)
        if in_service:
            if not link.changeover.is_over:
                # Level 2 keeps it for one failure, and this link may fail again before T2.
                link.kept = link.end.take_back()
            link.is_blocked = False
            if link.is_managed:
                link.test.handle(link_test.Input.LINK_UP)
            else:
                self._refresh(link)
            return
        link.interruptions += 1
        if link.changeover.is_over:
            link.last_received = link.end.last_received()
        link.is_blocked = False
        link.test.handle(link_test.Input.LINK_DOWN)
        if link.is_available:
            self._refresh(link)
        else:
            self.traffic.failed(link)

    def _refused(self, link: Link, octets: bytes) -> bool:
        """Level 2 has lost a link and not told us yet, or keeps too much for it already."""
        if not link.is_available or link.end.in_service:
            self.point.lost += link.end.in_service
            return False
        link.last_received = link.end.last_received()
        link.test.handle(link_test.Input.LINK_DOWN)
        self._refresh(link)
        return self.traffic.carry_on(octets)

    def _test(self, link: Link, action: link_test.Action) -> None:
        match action:
            case link_test.Action.SEND:
                self._tests = (self._tests + 1) & 0xFFFF
                link.pattern = _PATTERN + self._tests.to_bytes(2, "big")
                self.point.send_over(link, m.Sltm(link.code, link.pattern))
            case link_test.Action.PASS:
                self._refresh(link)
            case link_test.Action.FAIL:
                self._refresh(link)
                link.end.stop()
            case link_test.Action.BEGIN_ANEW:
                link.end.start()
            case link_test.Action.IGNORE | link_test.Action.WAIT | link_test.Action.END:
                pass
            case _:
                assert_never(action)

    def _refresh(self, link: Link, declared: changeover.Input | None = None, fsn: int = 0) -> None:
        """A link may have begun, or ceased, to be fit for traffic."""
        available = (
            link.end.in_service
            and (link.test.state in _CARRYING or not link.is_managed)
            and link.changeover.is_over
            and not (link.is_blocked or link.inhibited_here or link.inhibited_there)
        )
        if available == link.is_available:
            return
        link.is_available = available
        linkset = link.linkset
        linkset.serving = tuple(link for link in linkset.links if link.is_available)
        if available:
            link.was_changed_over = link.is_short = False
            if len(linkset.serving) == 1:
                self.restart.up(linkset)
            self.traffic.settle(self.point.ways.values(), Cause.LINK)
            self.traffic.ways_found()
            self.restart.go_on()
            return
        failed = link.test.state not in _CARRYING or link.is_blocked or not link.end.in_service
        self.traffic.lost(link, failed=failed, declared=declared, fsn=fsn)
        if not linkset.serving:
            self.restart.gone(linkset)
        if not all(way.links for way in self.point.ways.values()):
            self.inhibition.needed()

    # Ways.

    def routed(self, way: Way) -> None:
        """A way has other levels."""
        self.traffic.settle((way,), Cause.ROUTE)

    def _way_changed(self, way: Way) -> None:
        if not way.links and way.destination in self.point.linksets:
            self._neighbour_lost(self.point.linksets[way.destination])
        if not way.links:
            self.congestion.lost(way)
        if way.links and way.destination in self.point.linksets:
            self.traffic.ways_found()
        self.routes.update(way)
        self._told(way)

    def _neighbour_lost(self, linkset: Linkset) -> None:
        if not linkset.awaits_restart:
            self.routes.gone(linkset.adjacent)
        if not self.point.reaches(linkset.adjacent):
            for link in linkset.links:
                link.changeover.handle(changeover.Input.WAY_LOST)

    def _usable(self) -> None:
        """A neighbour may be used."""
        self.traffic.settle(self.point.ways.values(), Cause.LINK)

    def _finished(self) -> None:
        """The restart of this point is over."""
        self._usable()
        for way in self.point.ways.values():
            self.routes.update(way)
            self._told(way)

    # Messages.

    def received(self, msu: Msu, link: Link) -> None:
        """A message of service 0 or of link tests came for this point over `link`."""
        try:
            message = from_msu(msu, self.point.variant)
        except Mtp3Error:
            self.malformed += 1
            return
        if isinstance(message, m.Sltm | m.Slta):
            self._tested(message, msu, link)
            return
        linkset = self.point.linksets.get(msu.origin)
        match message:
            # These come from afar.
            case m.Tfc(destination, status) if destination in self.point.ways:
                self.congestion.controlled(self.point.ways[destination], status)
            case m.Upu():
                self._unavailable(message)
            case m.Rct():
                """A test that has come through: nothing to do (Q.704 §13.9.5)."""
            case _ if linkset is not None:
                self._distribute(message, linkset)
            case _:
                self.ignored += 1

    def _tested(self, message: m.TestMessage, msu: Msu, link: Link) -> None:
        right = msu.origin == link.linkset.adjacent and message.slc == link.code
        if isinstance(message, m.Slta):
            right = right and message.pattern == link.pattern
            answer = link_test.Input.RIGHT_ANSWER if right else link_test.Input.WRONG_ANSWER
            link.test.handle(answer)
        elif right:
            # As the far end asks: in ANSI either of two services may carry its tests.
            self.point.send_over(link, m.Slta(message.slc, message.pattern), msu.service)
        else:
            self.ignored += 1

    def _distribute(self, message: m.NetworkMessage, linkset: Linkset) -> None:
        adjacent = linkset.adjacent
        match message:
            case m.Coo() | m.Xco() | m.Eco() | m.Coa() | m.Xca() | m.Eca():
                self._changing_over(message, linkset)
            case m.Cbd():
                self.traffic.declared(adjacent, message)
            case m.Cba():
                self.traffic.answered(adjacent, message.slc, message.code)
            case m.Tfp(destination):
                self.routes.prohibited(adjacent, destination)
            case m.Tfr(destination):
                self.routes.restricted(adjacent, destination)
            case m.Tfa(destination):
                self.routes.allowed(adjacent, destination)
            case m.Rst(destination) | m.Rsr(destination):
                self.routes.asked(adjacent, destination)
            case m.Tcp() | m.Tcr() | m.Tca() | m.Rcp() | m.Rcr():
                clusters.heard(self.point, self.routes, adjacent, message)
            case m.Tra():
                self.restart.allowed(linkset)
            case m.Trw():
                """It waits with its own restart; T21 bounds how long we wait for it (§9.3)."""
            case m.Lin() | m.Lun() | m.Lia() | m.Lua() | m.Lid() | m.Lfu() | m.Llt() | m.Lrt():
                self._inhibiting(message, linkset)
            case _:
                self.ignored += 1

    def _inhibiting(self, message: OfLink, linkset: Linkset) -> None:
        link = linkset.link(message.slc)
        if link is None:
            self.ignored += 1
        else:
            self.inhibition.received(message, link)

    def _changing_over(
        self, message: m.Coo | m.Xco | m.Eco | m.Coa | m.Xca | m.Eca, linkset: Linkset
    ) -> None:
        link = linkset.link(message.slc)
        if link is None:
            self.ignored += 1
            return
        match message:
            case m.Xca(fsn=fsn):
                link.changeover.handle(changeover.Input.ANSWERED, fsn)
            case m.Coa() | m.Eca():
                # A 7-bit number does not say which of 24 bits are meant.
                link.changeover.handle(changeover.Input.ANSWERED_EMERGENCY)
            case m.Xco(fsn=fsn):
                self._declared(link, fsn)
            case m.Coo():
                link.is_short = True
                self._declared(link, None)
            case m.Eco():
                self._declared(link, None)
            case _:
                assert_never(message)

    def _declared(self, link: Link, fsn: int | None) -> None:
        """The far end has changed over from a link; `fsn` is what it received last."""
        inputs = changeover.Input
        if link.is_available:
            # Level 2 has not noticed: nothing more may come over this link.
            link.last_received = link.end.last_received()
            link.is_blocked = True
            first = inputs.DECLARED_EMERGENCY_FIRST if fsn is None else inputs.DECLARED_FIRST
            self._refresh(link, first, fsn or 0)
            # Level 2 shall bring it into service anew, so that both ends mean the same link.
            link.end.stop()
            self.point.clock.call_later_us(self.point.timers.t17_us, link.end.start)
        elif fsn is None:
            link.changeover.handle(inputs.DECLARED_EMERGENCY)
        elif link.was_changed_over:
            link.changeover.handle(inputs.DECLARED, fsn)
        else:
            link.changeover.handle(inputs.DECLARED_UNUSED, fsn)
