"""Which subsystems and points can be reached, and who is told (Q.714 §5)."""

from itertools import product

import pytest

from calleq.runtime.clock import VirtualClock
from calleq.ss7.mtp3 import Congested, Msu, UserPartUnavailable
from calleq.ss7.sccp.codec import encode
from calleq.ss7.sccp.management import SubsystemManagement
from calleq.ss7.sccp.management_codec import Kind, Management, encode_management
from calleq.ss7.sccp.messages import Udt
from calleq.ss7.sccp.plan import CONCERNED_LIMIT, WATCHED_LIMIT, RemoteSubsystem, SccpPlan
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
from calleq.ss7.sccp.translation import Entity, Rule
from calleq.ss7.sccp.values import SERVICE_SCCP, PartyAddress, ReturnCause, SccpError
from calleq.units import SECOND_US
from tests.sccp_scene import (
    BACKUP,
    DELAY_US,
    HERE,
    INAP,
    SCP,
    SSP,
    STP68,
    STP70,
    TO_FREEPHONE,
    Scene,
)

WATCHING = SccpPlan(watched=(RemoteSubsystem(SCP, INAP),))
CONCERNED = SccpPlan(concerned=(SSP, STP68))
REPLICATED = SccpPlan(
    rules=(Rule(prefix="1800", entities=(Entity(SCP, INAP), Entity(BACKUP, INAP))),),
    told_of_remote=(SSP, STP70),
)
SCP_INAP = f"{SCP}:{INAP}"


def watched() -> Scene:
    return Scene({SSP: WATCHING, SCP: SccpPlan()})


def tell(scene: Scene, kind: Kind, ssn: int = INAP, about: int = SCP, to: int = SSP) -> None:
    """A message of SCCP management about a subsystem arrives from the SCP's node."""
    manager = PartyAddress(1)
    unit = Udt(manager, manager, encode_management(Management(kind, ssn, about)))
    scene.wires.carry(Msu(to, SCP, 0, encode(unit), SERVICE_SCCP))
    scene.pass_time(2 * DELAY_US)


class TestTables:
    def test_every_state_and_input_of_a_subsystem_is_decided(self) -> None:
        assert set(TABLE) == set(product(State, Input))
        assert {action for action, _ in TABLE.values()} == set(Action)

    def test_every_state_and_input_of_a_point_is_decided(self) -> None:
        assert set(POINT_TABLE) == set(product(PointStanding, PointInput))
        assert {action for action, _ in POINT_TABLE.values()} == set(PointAction)

    def test_a_subsystem_is_tested_exactly_while_it_is_prohibited(self) -> None:
        """Every state is left and entered by actions that keep the timer as it must be."""
        begins = {Action.PROHIBIT, Action.TEST_ANEW, Action.TEST}
        ends = {Action.ALLOW, Action.SUSPEND}
        for (state, happened), (action, following) in TABLE.items():
            running = state is State.PROHIBITED
            after = True if action in begins else False if action in ends else running
            assert after == (following is State.PROHIBITED), (state, happened)

    def test_a_point_is_tested_exactly_while_its_sccp_is_silent(self) -> None:
        begins = {PointAction.LOSE_AND_TEST, PointAction.BEGIN_TEST, PointAction.TEST}
        ends = {PointAction.STOP_TEST, PointAction.REGAIN}
        for (standing, happened), (action, following) in POINT_TABLE.items():
            running = standing is PointStanding.SILENT
            after = True if action in begins else False if action in ends else running
            assert after == (following is PointStanding.SILENT), (standing, happened)

    def test_the_walk_through_every_pair_leaves_tests_as_the_state_has_them(self) -> None:
        """The table as the machine lives it: every input in every state that can be reached."""
        for path in product(Input, repeat=3):
            scene = watched()
            management = scene.nodes[SSP].management
            for happened in path:
                match happened:
                    case Input.SSP:
                        tell(scene, Kind.SSP)
                    case Input.SSA:
                        tell(scene, Kind.SSA)
                    case Input.T_STAT_INFO:
                        scene.clock.advance_us(5 * SECOND_US)
                    case Input.POINT_LOST:
                        scene.wires.port(SSP).pause(SCP)
                    case Input.POINT_BACK:
                        scene.wires.port(SSP).resume(SCP)
            state = management.state_of(SCP, INAP)
            standing = management.standing_of(SCP)
            assert (standing is PointStanding.THERE) == (
                state in (State.ALLOWED, State.PROHIBITED)
            ), path


class TestLocalSubsystems:
    def test_concerned_points_are_told(self) -> None:
        scene = Scene({SCP: CONCERNED, SSP: WATCHING})
        assert scene.wires.management() == [f"SSA {SCP_INAP}"] * 2
        scene.nodes[SCP].set_in_service(INAP, False)
        scene.nodes[SCP].set_in_service(INAP, False)
        assert scene.wires.management()[2:] == [f"SSP {SCP_INAP}"] * 2
        scene.nodes[SCP].set_in_service(INAP, True)
        assert scene.wires.management()[4:] == [f"SSA {SCP_INAP}"] * 2
        scene.pass_time()
        assert scene.diaries[SSP].states == [f"{SCP_INAP} prohibited", f"{SCP_INAP} allowed"]

    @pytest.mark.parametrize(
        ("ssn", "in_service", "answered"),
        [(INAP, True, True), (INAP, False, False), (99, True, False), (1, True, True)],
    )
    def test_a_status_test_is_answered_while_the_subsystem_is_there(
        self, ssn: int, in_service: bool, answered: bool
    ) -> None:
        scene = watched()
        scene.nodes[SCP].set_in_service(INAP, in_service)
        tell_back = len(scene.wires.seen)
        manager = PartyAddress(1)
        unit = Udt(manager, manager, encode_management(Management(Kind.SST, ssn, SCP)))
        scene.wires.carry(Msu(SCP, SSP, 0, encode(unit), SERVICE_SCCP))
        scene.pass_time()
        said = scene.wires.management()[tell_back + 1 :]
        assert said == ([f"SSA {SCP}:{ssn}"] if answered else [])

    def test_a_test_of_another_nodes_subsystem_is_not_answered(self) -> None:
        scene = watched()
        tell(scene, Kind.SST, about=BACKUP)
        assert len(scene.wires.seen) == 1

    def test_the_points_to_be_told_are_bounded(self) -> None:
        many = tuple(range(1, CONCERNED_LIMIT + 2))
        for plan in (SccpPlan(concerned=many), SccpPlan(told_of_remote=many)):
            with pytest.raises(SccpError, match="concerned"):
                Scene({SCP: plan})


class TestRemoteSubsystems:
    def test_prohibited_tested_and_allowed_again(self) -> None:
        scene = watched()
        node = scene.nodes[SSP]
        assert node.available(SCP, INAP)
        scene.nodes[SCP].set_in_service(INAP, False)
        tell(scene, Kind.SSP)
        assert scene.diaries[SSP].states == [f"{SCP_INAP} prohibited"]
        assert not node.available(SCP, INAP)
        scene.nodes[SCP].set_in_service(INAP, True)
        scene.pass_time(6 * SECOND_US)
        assert scene.diaries[SSP].states[1:] == [f"{SCP_INAP} allowed"]
        assert scene.wires.management()[1:] == [f"SST {SCP_INAP}", f"SSA {SCP_INAP}"]
        scene.pass_time(1_200 * SECOND_US)
        assert len(scene.wires.seen) == 3, "no test goes on"

    def test_the_pauses_between_tests_grow_from_5_to_600_seconds(self) -> None:
        clock = VirtualClock()
        fired: list[int] = []

        def due() -> None:
            fired.append(clock.monotonic_us() // SECOND_US)
            test.go_on()

        test = StatusTest(clock, due)
        test.begin()
        clock.advance_us(3_500 * SECOND_US)
        pauses = [now - then for then, now in zip([0, *fired], fired, strict=False)]
        assert pauses == [5, 10, 20, 40, 80, 160, 320, 600, 600, 600, 600]
        test.stop()
        assert not test.is_running
        test.begin()
        clock.advance_us(5 * SECOND_US)
        assert len(fired) == 12, "a new test begins with the first pause"

    def test_tests_do_not_keep_simulated_time_from_ending(self) -> None:
        scene = watched()
        tell(scene, Kind.SSP)
        assert scene.clock.run(600 * SECOND_US)
        assert scene.wires.management() == [f"SSP {SCP_INAP}"]

    def test_what_is_about_points_that_nobody_named_changes_nothing(self) -> None:
        scene = watched()
        tell(scene, Kind.SSP, about=BACKUP)
        assert scene.nodes[SSP].management.state_of(BACKUP, INAP) is None
        assert scene.nodes[SSP].management.standing_of(BACKUP) is None
        for kind in (Kind.SOR, Kind.SOG, Kind.SSC):
            tell(scene, kind)
        tell(scene, Kind.SSP, ssn=1)
        assert scene.diaries[SSP].states == []

    def test_another_subsystem_of_a_known_point_is_learned_within_bounds(self) -> None:
        scene = Scene({SSP: WATCHING, SCP: SccpPlan()})
        management = scene.nodes[SSP].management
        tell(scene, Kind.SSA, ssn=8)
        assert management.state_of(SCP, 8) is None
        tell(scene, Kind.SSP, ssn=8)
        assert management.state_of(SCP, 8) is State.PROHIBITED
        full = tuple(RemoteSubsystem(100 + at, INAP) for at in range(WATCHED_LIMIT - 1))
        scene = Scene({SSP: SccpPlan(watched=(*full, RemoteSubsystem(SCP, INAP)))})
        tell(scene, Kind.SSP, ssn=8)
        assert scene.nodes[SSP].management.state_of(SCP, 8) is None
        with pytest.raises(SccpError, match="more than"):
            Scene({SSP: SccpPlan(watched=(*full, *WATCHING.watched, RemoteSubsystem(1, 2)))})


class TestPoints:
    def test_pause_and_resume(self) -> None:
        scene = watched()
        port = scene.wires.port(SSP)
        port.pause(SCP)
        assert scene.diaries[SSP].states == [f"{SCP_INAP} prohibited", f"{SCP} inaccessible"]
        assert not scene.nodes[SSP].available(SCP, INAP)
        port.resume(SCP)
        assert scene.diaries[SSP].states[2:] == [f"{SCP} accessible", f"{SCP_INAP} allowed"]
        assert scene.wires.seen == []

    def test_a_subsystem_that_was_prohibited_is_tested_when_its_point_is_back(self) -> None:
        scene = watched()
        tell(scene, Kind.SSP)
        port = scene.wires.port(SSP)
        port.pause(SCP)
        scene.pass_time(60 * SECOND_US)
        assert scene.wires.management() == [f"SSP {SCP_INAP}"], "no test while it is away"
        port.resume(SCP)
        scene.pass_time()
        assert scene.diaries[SSP].states[-1] == f"{SCP_INAP} allowed"
        assert scene.wires.management()[1:] == [f"SST {SCP_INAP}", f"SSA {SCP_INAP}"]

    def test_points_that_are_away_when_all_begins(self) -> None:
        scene = Scene({})
        scene.wires.port(SSP).away.add(SCP)
        told: list[str] = []
        management = SubsystemManagement(
            WATCHING,
            scene.clock,
            scene.wires.port(SSP).accessible,
            lambda message, to: told.append(f"sent {to}"),
            lambda code, ssn, state: told.append(f"{code}:{ssn} {state.name}"),
            lambda code, state: told.append(f"{code} {state.name}"),
        )
        assert management.obstacle(SCP, INAP, 4) is ReturnCause.MTP_FAILURE
        management.status_changed(SCP, True)
        assert told == [f"{SCP} ACCESSIBLE", f"{SCP_INAP} ALLOWED"]

    def test_a_silent_sccp_is_tested_until_it_is_heard(self) -> None:
        scene = watched()
        scene.wires.port(SSP).indicate(UserPartUnavailable(SCP, SERVICE_SCCP, 2))
        assert not scene.nodes[SSP].available(SCP, INAP)
        scene.wires.change = lambda msu: ()
        scene.pass_time(16 * SECOND_US)
        assert scene.wires.management() == [f"SST {SCP}:1"] * 2
        scene.wires.change = lambda msu: (msu,)
        scene.pass_time(20 * SECOND_US)
        assert scene.nodes[SSP].available(SCP, INAP)
        assert scene.diaries[SSP].states[-2:] == [f"{SCP} accessible", f"{SCP_INAP} allowed"]
        assert scene.wires.management()[2:] == [f"SST {SCP}:1", f"SSA {SCP}:1"]

    def test_a_sccp_that_is_not_equipped_is_not_tested_and_is_back_when_it_speaks(self) -> None:
        scene = watched()
        port = scene.wires.port(SSP)
        port.indicate(UserPartUnavailable(SCP, SERVICE_SCCP, 1))
        port.indicate(UserPartUnavailable(SCP, 5, 1))
        scene.pass_time(60 * SECOND_US)
        assert scene.wires.seen == []
        scene.nodes[SCP].send(PartyAddress(INAP, SSP), HERE, b"here I am")
        scene.pass_time()
        assert scene.nodes[SSP].available(SCP, INAP)

    @pytest.mark.parametrize(
        ("indications", "standing"),
        [
            ((1, 2), PointStanding.SILENT),
            ((2, 1), PointStanding.UNEQUIPPED),
            ((2, 0), PointStanding.SILENT),
        ],
    )
    def test_what_is_said_last_of_a_user_part_holds(
        self, indications: tuple[int, ...], standing: PointStanding
    ) -> None:
        scene = watched()
        for cause in indications:
            scene.wires.port(SSP).indicate(UserPartUnavailable(SCP, SERVICE_SCCP, cause))
        assert scene.nodes[SSP].management.standing_of(SCP) is standing
        scene.wires.port(SSP).pause(SCP)
        assert scene.nodes[SSP].management.standing_of(SCP) is PointStanding.AWAY
        scene.pass_time(60 * SECOND_US)
        assert scene.wires.seen == []

    def test_congestion_is_told_when_it_comes_and_goes(self) -> None:
        scene = watched()
        port = scene.wires.port(SSP)
        for level in (1, 3, 0, 0):
            port.indicate(Congested(SCP, level))
        port.indicate(Congested(BACKUP, 1))
        port.pause(SCP)
        port.indicate(Congested(SCP, 1))
        assert scene.diaries[SSP].states[:2] == [f"{SCP} congested", f"{SCP} accessible"]
        assert len(scene.diaries[SSP].states) == 4

    def test_points_that_nobody_named_are_no_concern(self) -> None:
        scene = watched()
        scene.wires.port(SSP).pause(BACKUP)
        assert scene.diaries[SSP].states == []
        assert not scene.nodes[SSP].available(BACKUP, INAP)
        scene.wires.port(SSP).resume(BACKUP)
        assert scene.nodes[SSP].available(BACKUP, INAP)
        assert scene.nodes[SSP].available(SSP, INAP)
        assert not scene.nodes[SSP].available(SSP, 99)


class TestReplicatedSubsystems:
    """A transfer point translates to a primary and its backup (Q.714 §5.1)."""

    def scene(self) -> Scene:
        to_stp = SccpPlan(rules=(Rule(entities=(Entity(STP68),), route_on_title=True),))
        plans = {
            SSP: to_stp,
            STP68: REPLICATED,
            STP70: REPLICATED,
            SCP: SccpPlan(concerned=(STP68,)),
            BACKUP: SccpPlan(concerned=(STP68,)),
        }
        return Scene(plans, (SSP, SCP, BACKUP))

    def ask(self, scene: Scene, data: bytes) -> None:
        scene.nodes[SSP].send(TO_FREEPHONE, HERE, data)
        scene.pass_time()

    def test_traffic_goes_to_the_backup_while_the_primary_is_prohibited(self) -> None:
        scene = self.scene()
        self.ask(scene, b"1")
        scene.nodes[SCP].set_in_service(INAP, False)
        scene.pass_time()
        self.ask(scene, b"2")
        scene.nodes[SCP].set_in_service(INAP, True)
        scene.pass_time()
        self.ask(scene, b"3")
        assert scene.diaries[SCP].heard == [b"1", b"3"]
        assert scene.diaries[BACKUP].heard == [b"2"]
        assert scene.diaries[SSP].notices == []

    def test_traffic_goes_to_the_backup_while_the_primarys_point_is_away(self) -> None:
        scene = self.scene()
        scene.wires.port(STP68).pause(SCP)
        self.ask(scene, b"1")
        scene.wires.port(STP68).resume(SCP)
        self.ask(scene, b"2")
        assert scene.diaries[BACKUP].heard == [b"1"]
        assert scene.diaries[SCP].heard == [b"2"]

    def test_without_being_told_the_first_unit_is_lost_and_the_next_goes_to_the_backup(
        self,
    ) -> None:
        """The response method (Q.714 §5.3.2.1): who sends to what is prohibited is told so."""
        scene = self.scene()
        scene.wires.change = lambda msu: () if msu.origin == SCP else (msu,)
        scene.nodes[SCP].set_in_service(INAP, False)
        scene.pass_time()
        scene.wires.change = lambda msu: (msu,)
        self.ask(scene, b"1")
        self.ask(scene, b"2")
        assert scene.diaries[SSP].notices == [(ReturnCause.SUBSYSTEM_FAILURE, b"1")]
        assert scene.diaries[BACKUP].heard == [b"2"]

    def test_with_both_gone_the_sender_hears_why_of_the_first(self) -> None:
        scene = self.scene()
        scene.wires.port(STP68).pause(SCP)
        scene.nodes[BACKUP].set_in_service(INAP, False)
        scene.pass_time()
        self.ask(scene, b"1")
        assert scene.diaries[SSP].notices == [(ReturnCause.MTP_FAILURE, b"1")]

    def test_transfer_points_tell_each_other_once(self) -> None:
        scene = self.scene()
        before = len(scene.wires.seen)
        scene.nodes[SCP].set_in_service(INAP, False)
        scene.clock.advance_us(SECOND_US)
        told = [
            (msu.origin, msu.destination)
            for msu in scene.wires.seen[before:]
            if msu.origin in (STP68, STP70)
        ]
        assert sorted(told) == sorted([(STP68, SSP), (STP68, STP70), (STP70, SSP)])
        assert scene.nodes[STP70].management.state_of(SCP, INAP) is State.PROHIBITED
        scene.nodes[SCP].set_in_service(INAP, True)
        scene.clock.advance_us(SECOND_US)
        assert scene.nodes[STP70].management.state_of(SCP, INAP) is State.ALLOWED
