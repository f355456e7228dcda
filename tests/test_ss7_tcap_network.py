"""TCAP over SCCP, STPs and links: a title that two ends share, long messages, a lost end."""

from typing import Any

import pytest

from calleq.ss7.sccp.plan import RemoteSubsystem, SccpPlan, TitledService, plans_of
from calleq.ss7.sccp.translation import Sharing
from calleq.ss7.sccp.values import PartyAddress, SubsystemState
from calleq.ss7.tcap.components import Invocation, Invoke, ReturnResult
from calleq.ss7.tcap.contract import (
    BeginIndication,
    ContinueIndication,
    EndIndication,
    Event,
    NoticeIndication,
)
from calleq.ss7.tcap.entity import Entity
from calleq.units import SECOND_US
from tests.sccp_scene import (
    BACKUP,
    HERE,
    SCP,
    SSP,
    STP68,
    STP70,
    TO_FREEPHONE,
    SignallingNetwork,
)
from tests.tcap_pair import CS1, NULL

SSN = 106
"""The diaries of the network have the other number of INAP."""
LONG = b"\x04\x82\x04\xb0" + bytes(range(240)) * 5
CONTROLS = {"scp": SCP, "backup": BACKUP}


class Told:
    """A user that writes down what it is told."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.states: list[tuple[int, SubsystemState]] = []

    def dialogue_event(self, event: Event, now_us: int) -> None:
        self.events.append(event)

    def told(self) -> list[Any]:
        """What it was told since."""
        events, self.events = self.events, []
        return events


def plans(sharing: bool) -> dict[str, SccpPlan]:
    """The translations of a service of two ends, that share it or stand by for one another."""
    ends = (RemoteSubsystem(SCP, SSN), RemoteSubsystem(BACKUP, SSN))
    kind = Sharing.LOAD_SHARED if sharing else Sharing.DOMINANT
    service = TitledService(prefix="1800", subsystems=ends, sharing=kind)
    names = {SSP: "ssp", STP68: "stp-68", STP70: "stp-70", SCP: "scp", BACKUP: "backup"}
    made = plans_of((SSP, SCP, BACKUP), (STP68, STP70), (service,))
    return {names[code]: plan for code, plan in made.items()}


class Scene:
    """A switch and two control points on a real network of signalling."""

    def __init__(self, *, sharing: bool = False) -> None:
        self.network = SignallingNetwork(plans(sharing))
        self.users = {name: Told() for name in ("ssp", "scp", "backup")}
        self.ends = {
            name: Entity(
                self.network.clock,
                self.network.sccp[name],
                SSN,
                user,
                subsystem_listener=self._listener(user),
            )
            for name, user in self.users.items()
        }
        self.network.pass_time()

    def _listener(self, user: Told) -> Any:
        def changed(point_code: int, ssn: int, state: SubsystemState, now_us: int) -> None:
            user.states.append((point_code, state))

        return changed

    def ask(self, *components: Invocation) -> tuple[int, str, BeginIndication]:
        """The switch asks for the 800 number; who is asked, and what it is told."""
        here = self.ends["ssp"].begin(TO_FREEPHONE, PartyAddress(SSN), components, context=CS1)
        self.network.pass_time(SECOND_US // 10)
        ((name, begun),) = [(name, event) for name in CONTROLS for event in self.users[name].told()]
        assert isinstance(begun, BeginIndication)
        return here, name, begun

    def told(self, name: str) -> list[Any]:
        """What a user was told since, a tenth of a second later."""
        self.network.pass_time(SECOND_US // 10)
        return self.users[name].told()


@pytest.mark.parametrize("sharing", [False, True])
def test_a_dialogue_stays_with_the_end_that_answered_it(sharing: bool):
    scene = Scene(sharing=sharing)
    asked = set()
    for number in range(8):
        here, name, begun = scene.ask(Invocation(1, 0, NULL))
        asked.add(name)
        there = begun.dialogue
        scene.ends[name].continue_(there, [Invocation(1, 20, NULL)])
        answer = ContinueIndication(here, CS1, b"", (Invoke(1, 20, NULL),))
        assert scene.told("ssp") == [answer]
        scene.ends["ssp"].continue_(here, [ReturnResult(1)])
        # Whatever the title means now: the far end is the one that answered.
        assert scene.told(name) == [ContinueIndication(there, None, b"", (ReturnResult(1),))]
        scene.ends[name].end(there)
        assert scene.told("ssp") == [EndIndication(here, None, b"", ())]
        assert begun.called.title is not None, number
    assert asked == ({"scp", "backup"} if sharing else {"scp"})
    assert [len(end) for end in scene.ends.values()] == [0, 0, 0]


def test_a_message_that_is_longer_than_a_unit_arrives_whole():
    scene = Scene()
    here, name, begun = scene.ask(Invocation(1, 0, LONG))
    assert begun.components == (Invoke(1, 0, LONG),)
    scene.ends[name].end(begun.dialogue, [Invocation(2, 20, LONG)])
    assert scene.told("ssp") == [EndIndication(here, CS1, b"", (Invoke(2, 20, LONG),))]


def test_an_end_out_of_service_is_told_of_and_nobody_waits_for_it():
    scene = Scene()
    here, name, begun = scene.ask(Invocation(1, 0, NULL))
    scene.network.sccp[name].set_in_service(SSN, False)
    scene.ends["ssp"].abort(here)
    scene.network.pass_time()
    assert (SCP, SubsystemState.PROHIBITED) in scene.users["ssp"].states
    called = PartyAddress(SSN, SCP)
    lost = scene.ends["ssp"].begin(called, PartyAddress(SSN), context=CS1)
    (notice,) = scene.told("ssp")
    assert isinstance(notice, NoticeIndication)
    assert notice.dialogue == lost
    scene.ends["ssp"].abort(lost)
    # The service itself goes on: its other end answers.
    _, other, _ = scene.ask(Invocation(1, 0, NULL))
    assert (name, other) == ("scp", "backup")
    assert begun.dialogue != 0
    assert HERE.ssn != SSN
