"""A subsystem that speaks TCAP over SCCP: what it sends, what it hears, and its one timer."""

from typing import Any

import pytest

from calleq.runtime.clock import VirtualClock
from calleq.ss7.sccp.contract import SccpUser
from calleq.ss7.sccp.values import (
    PartyAddress,
    PointState,
    ReturnCause,
    SccpError,
    SubsystemState,
)
from calleq.ss7.tcap.components import Invocation, Invoke, ReturnResult
from calleq.ss7.tcap.contract import (
    AbortReason,
    BeginIndication,
    CancelIndication,
    ContinueIndication,
    EndIndication,
    Event,
    NoticeIndication,
    ProviderAbortIndication,
    ProviderCause,
    TcapError,
    UnidirectionalIndication,
    UserAbortIndication,
)
from calleq.ss7.tcap.entity import Entity
from tests.tcap_pair import CS1, NULL

SSF = PartyAddress(ssn=241, point_code=1)
SCF = PartyAddress(ssn=106, point_code=1)
NOWHERE = PartyAddress(ssn=99, point_code=1)
UNWRITABLE = PartyAddress(ssn=999, point_code=1)
DELAY_US = 1_000


class Carrier:
    """SCCP of one node, reduced to what its subsystems see of it."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.users: dict[int, SccpUser] = {}
        self.sequences: list[int | None] = []

    def register(self, ssn: int, user: SccpUser) -> None:
        self.users[ssn] = user

    def set_in_service(self, ssn: int, in_service: bool) -> None:
        raise SccpError(f"nobody takes {ssn} out of service here")

    def available(self, point_code: int, ssn: int) -> bool:
        return ssn in self.users

    def send(
        self,
        called: PartyAddress,
        calling: PartyAddress,
        data: bytes,
        *,
        return_on_error: bool = True,
        sequence: int | None = None,
    ) -> None:
        if called == UNWRITABLE:
            raise SccpError("no such address")
        self.sequences.append(sequence)
        self.clock.call_later_us(DELAY_US, self._deliver, called, calling, data, return_on_error)

    def _deliver(
        self, called: PartyAddress, calling: PartyAddress, data: bytes, wanted_back: bool
    ) -> None:
        user = self.users.get(called.ssn or 0)
        now_us = self.clock.monotonic_us()
        if user is not None:
            user.unitdata(called, calling, data, now_us)
        elif wanted_back:
            cause = ReturnCause.UNEQUIPPED_USER
            self.users[calling.ssn or 0].notice(cause, called, calling, data, now_us)


class Recorder:
    """A user that only listens."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def dialogue_event(self, event: Event, now_us: int) -> None:
        self.events.append(event)

    def told(self) -> list[Any]:
        """What it was told since."""
        events, self.events = self.events, []
        return events


class Answerer(Recorder):
    """A user that answers every begin at once, from within."""

    entity: Entity

    def dialogue_event(self, event: Event, now_us: int) -> None:
        super().dialogue_event(event, now_us)
        if isinstance(event, BeginIndication):
            self.entity.continue_(event.dialogue, [Invocation(1, 20, NULL)])


class Scene:
    """An SSF and an SCF at one node."""

    def __init__(self, **options: Any) -> None:
        self.clock = VirtualClock(start_us=1_700_000_000_000_000)
        self.carrier = Carrier(self.clock)
        self.switch = Recorder()
        self.control = Answerer()
        self.states: list[tuple[int, int, SubsystemState, int]] = []
        self.ssf = Entity(
            self.clock,
            self.carrier,
            241,
            self.switch,
            subsystem_listener=lambda *state: self.states.append(state),
            **options,
        )
        self.scf = self.control.entity = Entity(self.clock, self.carrier, 106, self.control)


def test_a_dialogue_runs_over_sccp_and_leaves_no_timer():
    scene = Scene()
    here = scene.ssf.begin(SCF, SSF, [Invocation(1, 0, NULL)], context=CS1)
    scene.clock.advance_us(2 * DELAY_US)
    (begun,) = scene.control.told()
    assert scene.switch.told() == [ContinueIndication(here, CS1, b"", (Invoke(1, 20, NULL),))]
    scene.ssf.continue_(here, [ReturnResult(1)])
    scene.clock.advance_us(DELAY_US)
    scene.scf.end(begun.dialogue)
    scene.clock.advance_us(DELAY_US)
    assert scene.switch.told() == [EndIndication(here, None, b"", ())]
    assert len(scene.ssf) == len(scene.scf) == 0
    assert scene.clock.next_due_us() is None
    assert scene.carrier.sequences == [here, begun.dialogue, here, begun.dialogue]


def test_the_timer_follows_what_is_due_first():
    scene = Scene()
    here = scene.ssf.begin(SCF, SSF, [Invocation(1, 0, timer_us=50_000)], context=CS1)
    scene.clock.advance_us(10_000)
    scene.switch.told()
    scene.ssf.continue_(here, [Invocation(2, 24, timer_us=15_000)])
    assert scene.ssf.free_invoke_id(here) == 3
    scene.ssf.continue_(here, [Invocation(3, 24, timer_us=15_000)])
    scene.ssf.reset_timer(here, 1)
    scene.ssf.cancel(here, 3)
    scene.clock.advance_us(14_999)
    assert scene.switch.told() == []
    scene.clock.advance_us(1)
    assert scene.switch.told() == [CancelIndication(here, 2)]
    scene.clock.advance_us(34_999)
    assert scene.switch.told() == []
    scene.clock.advance_us(1)
    assert scene.switch.told() == [CancelIndication(here, 1)]


def test_an_idle_dialogue_is_given_up_at_both_ends():
    scene = Scene(idle_limit_us=30_000_000)
    here = scene.ssf.begin(SCF, SSF, context=CS1)
    scene.clock.advance_us(31_000_000)
    idle = ProviderAbortIndication(here, ProviderCause.IDLE)
    assert scene.switch.told()[-1] == idle
    told = scene.control.told()
    assert told[-1].cause == ProviderCause.RESOURCE_LIMITATION
    assert len(scene.ssf) == len(scene.scf) == 0
    assert scene.clock.next_due_us() is None


def test_what_nobody_takes_comes_back_as_a_notice():
    scene = Scene()
    here = scene.ssf.begin(NOWHERE, SSF, context=CS1)
    scene.clock.advance_us(DELAY_US)
    assert scene.switch.told() == [NoticeIndication(here, ReturnCause.UNEQUIPPED_USER)]
    scene.ssf.abort(here)
    here = scene.ssf.begin(UNWRITABLE, SSF, context=CS1)
    assert scene.switch.told() == []
    scene.clock.advance_us(0)
    assert scene.switch.told() == [NoticeIndication(here, ReturnCause.UNQUALIFIED)]
    scene.ssf.abort(here)
    assert scene.clock.next_due_us() is None


def test_a_node_that_starts_anew_knows_nothing_of_its_dialogues():
    scene = Scene()
    here = scene.ssf.begin(SCF, SSF, context=CS1)
    scene.clock.advance_us(2 * DELAY_US)
    (begun,) = scene.control.told()
    scene.switch.told()
    scene.scf = Entity(scene.clock, scene.carrier, 106, scene.control)
    scene.ssf.continue_(here, [Invocation(4, 24)])
    scene.clock.advance_us(2 * DELAY_US)
    unknown = ProviderAbortIndication(here, ProviderCause.UNRECOGNIZED_TRANSACTION_ID)
    assert (scene.switch.told(), scene.control.told()) == ([unknown], [])
    with pytest.raises(TcapError):
        scene.scf.continue_(begun.dialogue)


def test_the_first_id_of_another_life_is_another():
    first = Scene().ssf
    again = Scene()
    again.clock.step_wall_us(60_000_000)
    second = Entity(again.clock, again.carrier, 7, again.switch)
    assert first.begin(SCF, SSF) != second.begin(SCF, SSF)


def test_refusals_aborts_and_components_without_a_dialogue_pass():
    scene = Scene()
    scene.scf = Entity(scene.clock, scene.carrier, 106, scene.switch)
    here = scene.ssf.begin(SCF, SSF, context=CS1)
    scene.clock.advance_us(DELAY_US)
    (begun,) = scene.switch.told()
    scene.scf.abort(begun.dialogue, reason=AbortReason.DIALOGUE_REFUSED)
    scene.clock.advance_us(DELAY_US)
    assert scene.switch.told() == [
        UserAbortIndication(here, AbortReason.DIALOGUE_REFUSED, CS1, b"")
    ]
    scene.ssf.unidirectional(SCF, SSF, [Invocation(1, 0, NULL)])
    scene.clock.advance_us(DELAY_US)
    invoke = (Invoke(1, 0, NULL),)
    assert scene.switch.told() == [UnidirectionalIndication(SCF, SSF, None, b"", invoke)]


def test_who_listens_is_told_of_remote_subsystems():
    scene = Scene()
    scene.ssf.subsystem_state(8, 106, SubsystemState.PROHIBITED, 5)
    scene.scf.subsystem_state(8, 106, SubsystemState.PROHIBITED, 5)
    scene.ssf.point_state(8, PointState.INACCESSIBLE, 5)
    assert scene.states == [(8, 106, SubsystemState.PROHIBITED, 5)]
