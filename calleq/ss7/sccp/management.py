"""SCCP management (Q.714 §5): which points and subsystems can be reached, and telling others.

Owns the states of known points and subsystems, the status tests, and the broadcasts of SSA and SSP
to concerned points. What it hears from level 3 (MTP-PAUSE, MTP-RESUME, MTP-STATUS) and from other
SCCPs changes them by the tables of `status`; what it wants sent or told goes out by the functions
given to it. Points that no rule or list names are not kept: they count as reachable when level 3
has a route. Messages about them, and SOR, SOG and SSC, change nothing here.

A change that an SSP or SSA brings is told once: the state has then changed already, so that two
transfer points that tell each other do not go on for ever.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import assert_never

from calleq.runtime.clock import Clock
from calleq.ss7.mtp3 import Congested, Status
from calleq.ss7.sccp.management_codec import Kind, Management
from calleq.ss7.sccp.plan import CONCERNED_LIMIT, WATCHED_LIMIT, SccpPlan
from calleq.ss7.sccp.status import (
    POINT_TABLE,
    TABLE,
    Action,
    Input,
    PointAction,
    PointInput,
    PointStanding,
    State,
    StatusTest,
)
from calleq.ss7.sccp.values import (
    SERVICE_SCCP,
    PointState,
    ReturnCause,
    SccpError,
    SubsystemNumber,
    SubsystemState,
)

SOLITARY = 1
"""Subsystem multiplicity indicator."""
UNEQUIPPED_USER_PART = 1
"""Cause of MTP-STATUS (Q.704 §15.14.4)."""


class _Subsystem:
    def __init__(self, clock: Clock, due: Callable[[], None]) -> None:
        self.state = State.ALLOWED
        self.test = StatusTest(clock, due)


class _Point:
    def __init__(self, clock: Clock, due: Callable[[], None]) -> None:
        self.standing = PointStanding.THERE
        self.congestion = 0
        self.test = StatusTest(clock, due)
        self.subsystems: dict[int, _Subsystem] = {}


class SubsystemManagement:
    """SCMG of one node."""

    def __init__(
        self,
        plan: SccpPlan,
        clock: Clock,
        accessible: Callable[[int], bool],
        send: Callable[[Management, int], None],
        tell_subsystem: Callable[[int, int, SubsystemState], None],
        tell_point: Callable[[int, PointState], None],
    ) -> None:
        """`send` sends a message to a point; the last two tell every local user.

        Raises SccpError where the plan has more points than may be told or watched.
        """
        for told in (plan.concerned, plan.told_of_remote):
            if len(told) > CONCERNED_LIMIT:
                raise SccpError(f"{len(told)} concerned points: at most {CONCERNED_LIMIT}")
        self._plan = plan
        self._clock = clock
        self._send = send
        self._tell_subsystem = tell_subsystem
        self._tell_point = tell_point
        self._points: dict[int, _Point] = {}
        self._lost: set[int] = set()
        self._known = 0
        for entity in (entity for rule in plan.rules for entity in rule.entities):
            self._watch(entity.point_code, entity.ssn)
        for remote in plan.watched:
            self._watch(remote.point_code, remote.ssn)
        for code, point in self._points.items():
            if not accessible(code):
                point.standing = PointStanding.AWAY
                self._lost.add(code)
                for subsystem in point.subsystems.values():
                    subsystem.state = State.LOST

    def obstacle(self, code: int, ssn: int | None, importance: int) -> ReturnCause | None:
        """Why a message of that importance cannot go to a point, or its subsystem; None: it can."""
        point = self._points.get(code)
        if point is None:
            return None
        match point.standing:
            case PointStanding.THERE:
                pass
            case PointStanding.UNEQUIPPED:
                return ReturnCause.UNEQUIPPED_USER
            case PointStanding.AWAY | PointStanding.SILENT:
                return ReturnCause.MTP_FAILURE
            case _:
                assert_never(point.standing)
        if importance < point.congestion:
            return ReturnCause.NETWORK_CONGESTION
        subsystem = None if ssn is None else point.subsystems.get(ssn)
        if subsystem is not None and subsystem.state is not State.ALLOWED:
            return ReturnCause.SUBSYSTEM_FAILURE
        return None

    def state_of(self, code: int, ssn: int) -> State | None:
        """What is known of a remote subsystem; None where nothing is kept."""
        point = self._points.get(code)
        subsystem = None if point is None else point.subsystems.get(ssn)
        return None if subsystem is None else subsystem.state

    def standing_of(self, code: int) -> PointStanding | None:
        """What is known of a remote point; None where nothing is kept."""
        point = self._points.get(code)
        return None if point is None else point.standing

    def known(self) -> Iterable[tuple[int, PointStanding, dict[int, State]]]:
        """Every point that is kept: its code, how it stands, and its subsystems' states."""
        for code, point in self._points.items():
            yield code, point.standing, {ssn: one.state for ssn, one in point.subsystems.items()}

    def local_changed(self, ssn: int, own_code: int, in_service: bool) -> None:
        """Tell the concerned points of a local subsystem."""
        kind = Kind.SSA if in_service else Kind.SSP
        for code in self._plan.concerned:
            self._send(Management(kind, ssn, own_code, SOLITARY), code)

    def status_changed(self, code: int, accessible: bool) -> None:
        """MTP-PAUSE and MTP-RESUME (Q.714 §5.2.2, §5.2.3)."""
        self._at_point(code, PointInput.RESUME if accessible else PointInput.PAUSE)

    def indicated(self, told: Status) -> None:
        """MTP-STATUS (Q.714 §5.2.4): congestion, or a SCCP that is not there."""
        if isinstance(told, Congested):
            self._congested(told)
        elif told.service == SERVICE_SCCP:
            unequipped = told.cause == UNEQUIPPED_USER_PART
            happened = PointInput.USER_UNEQUIPPED if unequipped else PointInput.USER_UNAVAILABLE
            self._at_point(told.destination, happened)

    def heard(self, origin: int) -> None:
        """A message of the SCCP at a point has arrived."""
        if origin in self._lost:
            self._at_point(origin, PointInput.HEARD)

    def received(self, message: Management, origin: int) -> None:
        """SSA or SSP; what is about points that are not kept changes nothing."""
        code, ssn = message.point_code, message.ssn
        point = self._points.get(code)
        if point is None or message.kind not in (Kind.SSA, Kind.SSP):
            return
        if ssn == SubsystemNumber.MANAGEMENT:
            if message.kind is Kind.SSA:
                self._at_point(code, PointInput.HEARD)
            return
        if ssn not in point.subsystems:
            if message.kind is Kind.SSA or self._known >= WATCHED_LIMIT:
                return
            self._watch(code, ssn)
        self._at_subsystem(
            code, ssn, Input.SSA if message.kind is Kind.SSA else Input.SSP, informer=origin
        )

    def _watch(self, code: int, ssn: int | None) -> None:
        point = self._points.get(code)
        if point is None:
            due = partial(self._at_point, code, PointInput.T_STAT_INFO)
            point = self._points[code] = _Point(self._clock, due)
        if ssn is not None and ssn not in point.subsystems:
            if self._known >= WATCHED_LIMIT:
                raise SccpError(f"more than {WATCHED_LIMIT} remote subsystems")
            self._known += 1
            due = partial(self._at_subsystem, code, ssn, Input.T_STAT_INFO)
            point.subsystems[ssn] = _Subsystem(self._clock, due)

    def _at_subsystem(
        self, code: int, ssn: int, happened: Input, informer: int | None = None
    ) -> None:
        subsystem = self._points[code].subsystems[ssn]
        action, subsystem.state = TABLE[subsystem.state, happened]
        match action:
            case Action.IGNORE:
                pass
            case Action.PROHIBIT:
                subsystem.test.begin()
                self._tell_subsystem(code, ssn, SubsystemState.PROHIBITED)
                self._broadcast(Kind.SSP, code, ssn, informer)
            case Action.ALLOW:
                subsystem.test.stop()
                self._tell_subsystem(code, ssn, SubsystemState.ALLOWED)
                self._broadcast(Kind.SSA, code, ssn, informer)
            case Action.TEST:
                subsystem.test.go_on()
                self._test(code, ssn)
            case Action.TEST_ANEW:
                subsystem.test.begin()
                self._test(code, ssn)
            case Action.LOSE:
                self._tell_subsystem(code, ssn, SubsystemState.PROHIBITED)
            case Action.SUSPEND:
                subsystem.test.stop()
            case Action.REGAIN:
                self._tell_subsystem(code, ssn, SubsystemState.ALLOWED)
            case _:
                assert_never(action)

    def _at_point(self, code: int, happened: PointInput) -> None:
        point = self._points.get(code)
        if point is None:
            return
        action, point.standing = POINT_TABLE[point.standing, happened]
        match action:
            case PointAction.IGNORE:
                pass
            case PointAction.LOSE:
                self._lose(code, point)
            case PointAction.LOSE_AND_TEST:
                self._lose(code, point)
                point.test.begin()
            case PointAction.REGAIN:
                point.test.stop()
                self._regain(code, point)
            case PointAction.TEST:
                point.test.go_on()
                self._test(code, SubsystemNumber.MANAGEMENT)
            case PointAction.STOP_TEST:
                point.test.stop()
            case PointAction.BEGIN_TEST:
                point.test.begin()
            case _:
                assert_never(action)

    def _lose(self, code: int, point: _Point) -> None:
        self._lost.add(code)
        point.congestion = 0
        for ssn in point.subsystems:
            self._at_subsystem(code, ssn, Input.POINT_LOST)
        self._tell_point(code, PointState.INACCESSIBLE)

    def _regain(self, code: int, point: _Point) -> None:
        self._lost.discard(code)
        self._tell_point(code, PointState.ACCESSIBLE)
        for ssn in point.subsystems:
            self._at_subsystem(code, ssn, Input.POINT_BACK)

    def _congested(self, told: Congested) -> None:
        point = self._points.get(told.destination)
        if point is None or point.standing is not PointStanding.THERE:
            return
        if bool(point.congestion) != bool(told.level):
            state = PointState.CONGESTED if told.level else PointState.ACCESSIBLE
            point.congestion = told.level
            self._tell_point(told.destination, state)
        point.congestion = told.level

    def _test(self, code: int, ssn: int) -> None:
        self._send(Management(Kind.SST, ssn, code), code)

    def _broadcast(self, kind: Kind, code: int, ssn: int, informer: int | None) -> None:
        for told in self._plan.told_of_remote:
            if told not in (informer, code):
                self._send(Management(kind, ssn, code, SOLITARY), told)
