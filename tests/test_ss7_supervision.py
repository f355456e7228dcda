"""Circuits are blocked, reset, checked and queried between two exchanges, message by message."""

from collections.abc import Callable
from itertools import product

import pytest

from calleq.ss7.isup import blocking, congestion, requests, suspension
from calleq.ss7.isup.agreement import disagreements
from calleq.ss7.isup.alarms import AlarmKind
from calleq.ss7.isup.circuit_states import Input
from calleq.ss7.isup.codec import encode
from calleq.ss7.isup.exchange import CircuitOrderError, IsupExchange
from calleq.ss7.isup.messages import (
    Bla,
    Blo,
    CallState,
    Cause,
    Cgb,
    Cgba,
    Cgu,
    Cgua,
    CircuitState,
    Cqm,
    Cqr,
    Gra,
    GroupKind,
    Grs,
    Iam,
    Message,
    RangeStatus,
    Rel,
    Rsc,
    Ucic,
    Upt,
)
from calleq.ss7.isup.optional import CONGESTION_LEVEL, put
from calleq.ss7.isup.timers import IsupTimers
from calleq.ss7.mtp3 import Congested, UserPartUnavailable
from calleq.units import MINUTE_US, SECOND_US
from tests.ss7_network import CALLED, PC62, PC64, Network, Party

GROUP = "62-64"


def from_b(network: Network, message: Message) -> None:
    """Exchange 64 sends a message that it would not have sent of itself."""
    assert network.node64.transfer(PC62, message.cic & 15, encode(message))
    network.pass_time()


def agreed(network: Network) -> bool:
    """Both exchanges think the same of every circuit."""
    return not disagreements(network.a, network.b)


def blocked(exchange: IsupExchange) -> list[int]:
    """The circuits that are barred at one end or the other."""
    return [
        circuit.cic
        for circuit in exchange.circuits(GROUP)
        if circuit.blocked_here or circuit.blocked_remotely
    ]


class TestTables:
    @pytest.mark.parametrize(
        ("table", "states", "inputs"),
        [
            (blocking.LOCAL, blocking.Local, blocking.LocalInput),
            (blocking.REMOTE, blocking.Remote, blocking.RemoteInput),
            (requests.TABLE, requests.RequestState, requests.RequestInput),
            (suspension.TABLE, suspension.SState, suspension.SInput),
            (congestion.TABLE, congestion.CState, congestion.CInput),
        ],
        ids=["local", "remote", "request", "suspension", "congestion"],
    )
    def test_every_pair_of_state_and_input_is_decided(
        self, table: dict[object, object], states: type, inputs: type
    ) -> None:
        assert set(table) == set(product(states, inputs))

    def test_the_bits_of_a_circuit_hold_every_state_of_its_blocking(self) -> None:
        kinds = (GroupKind.MAINTENANCE, GroupKind.HARDWARE)
        for kind, state, given in product(kinds, blocking.Local, blocking.LocalInput):
            other = blocking.Local.BLOCKED << 2 * (1 - kind)
            marks = other | state << 2 * kind | blocking.Marks.REMOTE_HARDWARE
            action, after = blocking.local_step(marks, kind, given)
            decided = blocking.LOCAL[state, given]
            assert (action, blocking.local_of(after, kind)) == decided
            assert blocking.local_of(after, GroupKind(1 - kind)) is blocking.Local.BLOCKED
            assert after & blocking.REMOTE_MASK == blocking.Marks.REMOTE_HARDWARE


class TestBlocking:
    def test_one_circuit_is_blocked_and_unblocked(self) -> None:
        """Q.784 1.3.2.1 and 1.3.2.2."""
        network = Network()
        network.a.block(GROUP, [1])
        network.pass_time()
        assert network.tap.names(sender="ssp-62") == ["BLO"]
        assert network.tap.names(sender="ssp-64") == ["BLA"]
        assert network.idle() == (3, 3)
        (here,) = network.a.circuits(GROUP, [1])
        (there,) = network.b.circuits(GROUP, [1])
        assert (here.blocked_here, there.blocked_remotely) == (("maintenance",), ("maintenance",))
        assert [alarm.kind for alarm in network.b.alarms.standing()] == [AlarmKind.BLOCKED_REMOTELY]
        network.a.unblock(GROUP, [1])
        network.pass_time()
        assert network.tap.names(sender="ssp-62")[1:] == ["UBL"]
        assert network.tap.names(sender="ssp-64")[1:] == ["UBA"]
        assert network.idle() == (4, 4)
        assert network.a.alarms.standing() == network.b.alarms.standing() == ()

    def test_blocked_from_both_ends_a_circuit_is_idle_only_when_both_have_unblocked_it(
        self,
    ) -> None:
        """Q.784 1.3.2.3."""
        network = Network(circuits=1)
        network.a.block(GROUP)
        network.b.block(GROUP)
        network.pass_time()
        network.a.unblock(GROUP)
        network.pass_time()
        assert network.idle() == (0, 0)
        network.b.unblock(GROUP)
        network.pass_time()
        assert network.idle() == (1, 1)

    def test_an_iam_on_a_circuit_that_the_far_end_has_blocked_unblocks_it(self) -> None:
        """Q.764 §2.8.2.1, Q.784 1.3.2.4."""
        network = Network()
        network.ear64.deaf = True
        from_b(network, Blo(2))
        assert network.a.idle(GROUP) == 3
        from_b(network, Iam(2, CALLED))
        assert network.diary == ["a set-up 2"]
        assert network.a.circuits(GROUP, [2])[0].blocked_remotely == ()

    def test_what_a_group_message_blocked_one_circuit_s_message_unblocks(self) -> None:
        """Q.784 1.3.2.5."""
        network = Network()
        network.a.block(GROUP, [1, 2, 3])
        network.pass_time()
        network.a.unblock(GROUP, [2])
        network.pass_time()
        assert network.tap.names(sender="ssp-62") == ["CGB", "UBL"]
        assert (blocked(network.a), blocked(network.b)) == ([1, 3], [1, 3])

    def test_a_call_on_a_circuit_blocked_for_maintenance_goes_on(self) -> None:
        """Q.784 2.3.5 and 2.3.6; when it ends the circuit is not idle."""
        network = Network()
        outgoing, _ = network.call()
        network.a.block(GROUP, [1])
        network.b.block(GROUP, [1])
        network.pass_time()
        assert network.diary[-1] == "a answered"
        outgoing.release(Cause(16))
        network.pass_time()
        assert network.idle() == (3, 3)
        assert agreed(network)

    def test_a_call_on_a_circuit_whose_hardware_failed_is_over_without_a_word(self) -> None:
        """Q.764 §2.8.2.3, Q.784 1.3.1.1 d."""
        network = Network()
        network.call()
        del network.diary[:]
        network.b.block(GROUP, [1, 2], GroupKind.HARDWARE)
        network.pass_time()
        assert network.diary == ["b released 31", "b cleared", "a released 31", "a cleared"]
        assert network.tap.names(sender="ssp-62") == ["IAM", "CGBA"]
        assert network.idle() == (2, 2)

    def test_both_kinds_are_blocked_and_unblocked_each_for_itself(self) -> None:
        network = Network()
        for kind in (GroupKind.MAINTENANCE, GroupKind.HARDWARE):
            network.a.block(GROUP, [3, 4], kind)
        network.pass_time()
        network.a.unblock(GROUP, [3, 4], GroupKind.HARDWARE)
        network.pass_time()
        assert network.b.circuits(GROUP, [3])[0].blocked_remotely == ("maintenance",)
        assert network.idle() == (2, 2)

    def test_a_call_that_crosses_a_blocking_is_tried_again_elsewhere(self) -> None:
        """Q.764 §2.8.1, Q.784 6.2.2: BLA, REL, and the user is told 34 of its own exchange."""
        network = Network()
        network.dial(network.a, "a")
        network.b.block(GROUP, [1])
        network.pass_time()
        assert "a released 34" in network.diary
        assert network.tap.names(sender="ssp-62") == ["IAM", "BLA", "REL", "BLA"]
        assert network.idle() == (3, 3)
        assert agreed(network)

    def test_an_iam_on_a_circuit_blocked_here_is_answered_by_saying_so_again(self) -> None:
        network = Network()
        network.a.block(GROUP, [2])
        network.pass_time()
        from_b(network, Iam(2, CALLED))
        assert network.tap.names(sender="ssp-62") == ["BLO", "BLO"]
        assert network.diary == []

    def test_a_lost_answer_is_asked_for_every_t12_and_after_t13_slowly_with_an_alarm(self) -> None:
        """Q.784 5.2.6."""
        network = Network()
        network.ear64.deaf = True
        network.a.block(GROUP, [1])
        network.pass_time(5 * MINUTE_US - SECOND_US)
        assert network.tap.names().count("BLO") // 2 == 20
        assert AlarmKind.REQUEST_UNANSWERED not in kinds(network.a)
        network.pass_time(2 * SECOND_US)
        assert AlarmKind.REQUEST_UNANSWERED in kinds(network.a)
        network.pass_time(5 * MINUTE_US)
        assert len(network.tap.messages(link="ssp-62/stp-70", sender="ssp-62")) == 22
        network.ear64.deaf = False
        network.pass_time(5 * MINUTE_US)
        assert kinds(network.a) == [AlarmKind.BLOCKED_HERE]
        assert agreed(network)

    @pytest.mark.parametrize(
        ("order", "kind", "name"),
        [("block", GroupKind.MAINTENANCE, "CGB"), ("unblock", GroupKind.HARDWARE, "CGU")],
    )
    def test_a_group_message_is_repeated_too(self, order: str, kind: GroupKind, name: str) -> None:
        """Q.784 5.2.9 and 5.2.10."""
        network = Network()
        if order == "unblock":
            network.a.block(GROUP, None, kind)
            network.pass_time()
        network.ear64.deaf = True
        del network.tap.seen[:]
        getattr(network.a, order)(GROUP, None, kind)
        network.pass_time(16 * SECOND_US)
        assert network.tap.names(sender="ssp-62") == [name, name]
        network.ear64.deaf = False
        network.pass_time(15 * SECOND_US)
        assert agreed(network)

    def test_an_order_taken_back_before_it_was_heard_is_not_repeated(self) -> None:
        network = Network()
        network.ear64.deaf = True
        network.a.block(GROUP)
        network.pass_time()
        network.a.unblock(GROUP)
        network.ear64.deaf = False
        network.pass_time(MINUTE_US)
        assert network.tap.names(sender="ssp-62") == ["CGB", "CGU"]
        assert network.idle() == (4, 4)

    def test_an_acknowledgement_of_what_nobody_asked_is_answered_by_what_is_so(self) -> None:
        """Q.764 §2.9.4."""
        network = Network()
        from_b(network, Bla(1))
        assert network.tap.names(sender="ssp-62") == ["UBL"]
        assert network.idle() == (4, 4)
        from_b(network, Cgba(1, GroupKind.HARDWARE, RangeStatus(3, 0b0110)))
        assert network.tap.names(sender="ssp-62")[1:] == ["CGU"]
        assert network.idle() == (4, 4)

    def test_a_group_message_that_makes_no_sense_is_discarded(self) -> None:
        network = Network(circuits=4)
        from_b(network, Cgb(1, 3, RangeStatus(3, 15)))
        from_b(network, Cgb(1, 0, RangeStatus(0, 1)))
        from_b(network, Grs(1, RangeStatus(40)))
        assert network.tap.names(sender="ssp-62") == []
        assert network.a.snapshot().unexpected == 3

    def test_of_circuits_that_there_are_not_no_bit_is_acknowledged(self) -> None:
        network = Network(circuits=4)
        network.ear64.deaf = True
        from_b(network, Cgb(3, 0, RangeStatus(3, 0b1111)))
        (answer,) = network.tap.messages(sender="ssp-62")
        assert answer == Cgba(3, 0, RangeStatus(3, 0b0011))

    @pytest.mark.parametrize("order", ["block", "unblock"])
    def test_what_an_acknowledgement_leaves_out_is_asked_for_again(self, order: str) -> None:
        """A bit that was lost on the way of CGBA or CGUA must not leave a circuit half-way."""
        network = Network()
        request, answer = (Cgb, Cgba) if order == "block" else (Cgu, Cgua)
        if order == "unblock":
            network.a.block(GROUP)
            network.pass_time()
        network.ear64.deaf = True
        getattr(network.a, order)(GROUP)
        network.pass_time()
        network.ear64.deaf = False
        from_b(network, answer(1, 0, RangeStatus(3, 0b1101)))
        network.pass_time(16 * SECOND_US)
        assert network.tap.messages(sender="ssp-62")[-1] == request(1, 0, RangeStatus(3, 0b0010))
        assert network.a.maintenance.requests == ()
        assert network.a.circuits(GROUP, [2])[0].blocked_here == (
            ("maintenance",) if order == "block" else ()
        )

    def test_a_circuit_seized_before_it_was_blocked_is_not_signalled(self) -> None:
        network = Network()
        circuit = network.a.seize(GROUP)
        assert circuit is not None
        network.b.block(GROUP, [circuit.key.cic])
        network.pass_time()
        network.a.send_iam(circuit, CALLED, None, Party("late", network.diary))
        network.pass_time()
        assert network.diary == ["late released 34", "late cleared"]
        assert network.tap.names(sender="ssp-62") == ["BLA"]
        assert network.a.idle(GROUP) == 3

    def test_orders_for_what_there_is_not_are_refused(self) -> None:
        network = Network()
        with pytest.raises(CircuitOrderError, match="no trunk group 'x': 62-64 expected"):
            network.a.block("x")
        with pytest.raises(CircuitOrderError, match="no circuit 5: 1 to 4 expected"):
            network.a.reset(GROUP, [5])


def kinds(exchange: IsupExchange) -> list[AlarmKind]:
    return [alarm.kind for alarm in exchange.alarms.standing()]


class TestReset:
    def test_many_circuits_are_reset_by_one_message(self) -> None:
        """Q.764 §2.9.3.2, Q.784 1.2.5."""
        network = Network(circuits=40)
        network.call()
        network.a.reset(GROUP)
        network.pass_time()
        sent = network.tap.messages(sender="ssp-62")[1:]
        assert sent == [Grs(1, RangeStatus(31)), Grs(33, RangeStatus(7))]
        assert network.tap.messages(sender="ssp-64")[-2:] == [
            Gra(1, RangeStatus(31, 0)),
            Gra(33, RangeStatus(7, 0)),
        ]
        assert network.diary[-4:] == [
            "a released 31",
            "a cleared",
            "b released 31",
            "b cleared",
        ]
        assert network.idle() == (40, 40)

    def test_the_answer_says_what_is_blocked_for_maintenance_and_hardware_says_so_itself(
        self,
    ) -> None:
        """Q.784 1.2.6 and 1.2.7."""
        network = Network()
        network.b.block(GROUP, [2])
        network.b.block(GROUP, [3], GroupKind.HARDWARE)
        network.pass_time()
        del network.tap.seen[:]
        network.a.reset(GROUP)
        network.pass_time()
        assert network.tap.names(sender="ssp-64") == ["CGB", "GRA"]
        assert network.tap.messages(sender="ssp-64")[1] == Gra(1, RangeStatus(3, 0b0010))
        assert network.tap.names(sender="ssp-62") == ["GRS", "CGBA", "CGBA"]
        assert network.idle() == (2, 2)
        assert agreed(network)

    def test_a_bit_too_many_in_the_answer_bars_no_circuit_for_good(self) -> None:
        """What GRA says is blocked is acknowledged; whoever has not blocked it unblocks it."""
        network = Network()
        network.ear64.deaf = True
        network.a.reset(GROUP)
        network.pass_time()
        network.ear64.deaf = False
        from_b(network, Gra(1, RangeStatus(3, 0b0110)))
        assert network.tap.messages(sender="ssp-62")[:2] == [
            Grs(1, RangeStatus(3)),
            Cgba(1, GroupKind.MAINTENANCE, RangeStatus(3, 0b0110)),
        ]
        assert network.tap.names(sender="ssp-64") == ["GRA", "CGU"]
        assert network.idle() == (4, 4)
        assert agreed(network)

    def test_rsc_on_a_circuit_blocked_here_is_answered_by_blo_before_rlc(self) -> None:
        """Q.764 §2.9.3.1, Q.784 1.2.3."""
        network = Network()
        network.a.block(GROUP, [1])
        network.pass_time()
        network.b.reset(GROUP, [1])
        network.pass_time()
        assert network.tap.names(sender="ssp-62") == ["BLO", "BLO", "RLC"]
        assert agreed(network)

    def test_rsc_ends_what_the_far_end_has_blocked(self) -> None:
        """Q.784 1.2.4."""
        network = Network()
        network.ear64.deaf = True
        from_b(network, Blo(1))
        from_b(network, Rsc(1))
        assert network.tap.names(sender="ssp-62") == ["BLA", "RLC"]
        assert network.a.idle(GROUP) == 4

    def test_a_circuit_blocked_here_and_reset_from_here_is_blocked_anew(self) -> None:
        network = Network()
        network.a.block(GROUP, [1, 2])
        network.pass_time()
        network.a.reset(GROUP)
        network.pass_time()
        assert (blocked(network.a), blocked(network.b)) == ([1, 2], [1, 2])
        assert agreed(network)

    def test_a_lost_group_reset_is_repeated_every_t22_and_at_t23_alarms(self) -> None:
        """Q.784 5.2.11."""
        network = Network()
        network.ear64.deaf = True
        network.a.reset(GROUP)
        network.pass_time(5 * MINUTE_US + SECOND_US)
        assert network.tap.names(sender="ssp-62") == ["GRS"] * 21
        assert AlarmKind.REQUEST_UNANSWERED in kinds(network.a)
        network.ear64.deaf = False
        network.pass_time(5 * MINUTE_US)
        assert network.idle() == (4, 4)
        assert kinds(network.a) == []

    def test_a_reset_that_stays_unanswered_alarms_at_t17(self) -> None:
        """Q.784 5.2.8."""
        network = Network()
        network.ear64.deaf = True
        network.a.reset(GROUP, [1])
        network.pass_time(5 * MINUTE_US + SECOND_US)
        assert kinds(network.a) == [AlarmKind.RESET_UNANSWERED]
        network.ear64.deaf = False
        network.pass_time(5 * MINUTE_US)
        assert kinds(network.a) == []

    def test_a_call_that_is_reset_before_anything_came_back_is_tried_again(self) -> None:
        """Q.784 6.2.3."""
        network = Network()
        network.dial(network.a, "a")
        network.pass_time()
        network.b.reset(GROUP, [1])
        network.pass_time()
        assert "a released 34" in network.diary
        assert network.idle() == (4, 4)


class TestQuery:
    def test_idle_busy_and_blocked_circuits_are_told_and_agree(self) -> None:
        network = Network()
        network.call()
        network.b.block(GROUP, [4])
        network.pass_time()
        network.a.query(GROUP)
        network.pass_time()
        assert network.tap.messages(sender="ssp-62")[-1] == Cqm(1, RangeStatus(3))
        assert network.tap.names(sender="ssp-64")[-1] == "CQR"
        assert network.diary[-1] == "a answered"
        assert kinds(network.a) == [AlarmKind.BLOCKED_REMOTELY]

    @pytest.mark.parametrize("kind", list(GroupKind))
    def test_a_bit_too_many_in_the_answer_bars_no_circuit_for_good(self, kind: GroupKind) -> None:
        network = Network()
        network.ear64.deaf = True
        network.a.query(GROUP)
        network.pass_time()
        network.ear64.deaf = False
        said = [CircuitState(CallState.IDLE, 0, 0)] * 4
        said[3] = CircuitState(CallState.IDLE, *((1, 0) if kind is kind.MAINTENANCE else (0, 1)))
        from_b(network, Cqr(1, RangeStatus(3), tuple(said)))
        assert network.tap.names(sender="ssp-62")[:2] == ["CQM", "CGBA"]
        assert network.idle() == (4, 4)
        assert agreed(network)

    def test_a_call_that_only_one_end_has_is_reset(self) -> None:
        """Q.764 §2.8.3.4."""
        network = Network()
        network.call()
        circuit = network.b.circuit(PC62, 1)
        assert circuit is not None
        circuit.handle(Input.RSC, Grs(1, RangeStatus(3)))
        assert not agreed(network)
        network.a.query(GROUP)
        network.pass_time(MINUTE_US)
        assert network.idle() == (4, 4)
        assert agreed(network)

    def test_an_unanswered_query_alarms_at_t28(self) -> None:
        network = Network()
        network.ear64.deaf = True
        network.a.query(GROUP)
        network.pass_time(11 * SECOND_US)
        assert kinds(network.a) == [AlarmKind.REQUEST_UNANSWERED]


class TestFarExchange:
    def test_an_iam_for_a_circuit_that_there_is_not_is_answered_by_ucic(self) -> None:
        """Q.764 §2.12, Q.784 1.1."""
        network = Network()
        from_b(network, Iam(300, CALLED))
        assert network.tap.messages(sender="ssp-62") == [Ucic(300)]

    def test_a_circuit_that_the_far_end_has_not_is_not_used_until_it_shows_that_it_has(
        self,
    ) -> None:
        network = Network()
        network.dial(network.a, "a")
        from_b(network, Ucic(1))
        assert "a released 34" in network.diary
        assert network.a.circuits(GROUP, [1])[0].unequipped
        assert kinds(network.a) == [AlarmKind.UNEQUIPPED]
        from_b(network, Rsc(1))
        assert network.a.idle(GROUP) == 4

    def test_a_user_part_that_is_away_is_tested_every_t4_and_gets_no_calls(self) -> None:
        """Q.764 §2.13, Q.784 8.2.1 and 8.2.3."""
        network = Network()
        network.ear64.deaf = True
        network.a.test_user_part(GROUP)
        assert network.a.seize(GROUP) is None
        network.pass_time(5 * MINUTE_US + SECOND_US)
        assert network.tap.messages(sender="ssp-62") == [Upt(), Upt()]
        assert kinds(network.a) == [AlarmKind.USER_PART_UNAVAILABLE]
        network.ear64.deaf = False
        network.pass_time(5 * MINUTE_US)
        assert network.tap.names(sender="ssp-64") == ["UPA"]
        assert kinds(network.a) == []
        assert network.a.seize(GROUP) is not None

    def test_what_level_3_says_of_congestion_and_of_user_parts_is_heeded(self) -> None:
        """Q.764 §2.10 and §2.13: MTP-STATUS; of other destinations and services nothing is."""
        network = Network()
        network.a._indicated(Congested(PC64, 1))
        assert network.a.congestion.steps(PC64) == 1
        network.a._indicated(Congested(99, 1))
        network.a._indicated(UserPartUnavailable(PC64, 3, 1))
        assert kinds(network.a) == [AlarmKind.CONGESTED]
        network.ear64.deaf = True
        network.a._indicated(UserPartUnavailable(PC64, 5, 1))
        assert kinds(network.a) == [AlarmKind.CONGESTED, AlarmKind.USER_PART_UNAVAILABLE]

    def test_a_destination_out_of_reach_is_an_alarm_until_it_is_back(self) -> None:
        network = Network()
        for name in ("stp-68", "stp-70"):
            network.stp_fails(name)
        network.pass_time()
        assert kinds(network.a) == [AlarmKind.INACCESSIBLE]
        network.stp_returns("stp-68")
        network.pass_time(MINUTE_US)
        assert kinds(network.a) == []
        assert [change.raised for change in network.a.alarms.history] == [True, False]


class TestCongestion:
    def congested(self, network: Network, level: int) -> None:
        other = put((), CONGESTION_LEVEL, level)
        network.dial(network.a, "a")
        network.pass_time()
        from_b(network, Rel(1, Cause(42), other))
        network.b.reset(GROUP, [1])
        network.pass_time()

    def attempts(self, network: Network, count: int) -> int:
        made = 0
        for _ in range(count):
            circuit = network.a.seize(GROUP)
            if circuit is not None:
                network.a.give_back(circuit)
                made += 1
        return made

    @pytest.mark.parametrize(("level", "made"), [(1, 70), (2, 60), (3, 80)])
    def test_a_release_with_a_congestion_level_reduces_the_traffic(
        self, level: int, made: int
    ) -> None:
        """Q.764 §2.11, Q.784 8.1.1; other levels are spare."""
        network = Network()
        self.congested(network, level)
        assert self.attempts(network, 80) == made
        assert network.a.snapshot().turned_away == 80 - made

    def test_the_traffic_comes_back_step_by_step(self) -> None:
        network = Network()
        self.congested(network, 2)
        assert kinds(network.a) == [AlarmKind.CONGESTED]
        network.pass_time(8 * SECOND_US)
        assert self.attempts(network, 80) == 70
        network.pass_time(8 * SECOND_US)
        assert self.attempts(network, 80) == 80
        assert kinds(network.a) == []

    def test_what_is_told_within_t29_is_the_same_congestion(self) -> None:
        network = Network()
        for _ in range(5):
            network.a.congestion_heard(PC64, 1)
        assert network.a.congestion.steps(PC64) == 1
        network.pass_time(SECOND_US)
        network.a.congestion_heard(PC64, 1)
        assert network.a.congestion.steps(PC64) == 2

    def test_an_exchange_that_is_overloaded_says_so_in_its_releases(self) -> None:
        """Q.784 8.1.2."""
        network = Network()
        network.b.overload = 1
        network.dial(network.a, "a")
        network.pass_time()
        network.arrived[0][0].release(Cause(42))
        network.pass_time()
        assert network.a.congestion.steps(PC64) == 1


def test_timers_may_be_changed_while_the_exchange_runs() -> None:
    network = Network()
    network.a.timers = IsupTimers(t12_us=20 * SECOND_US)
    network.ear64.deaf = True
    network.a.block(GROUP, [1])
    network.pass_time(19 * SECOND_US)
    assert network.tap.names(sender="ssp-62") == ["BLO"]
    network.pass_time(2 * SECOND_US)
    assert network.tap.names(sender="ssp-62") == ["BLO", "BLO"]


Orders = Callable[[IsupExchange], None]
ORDERS: dict[str, Orders] = {
    "block one": lambda exchange: exchange.block(GROUP, [1]),
    "block all": lambda exchange: exchange.block(GROUP),
    "hardware": lambda exchange: exchange.block(GROUP, None, GroupKind.HARDWARE),
    "unblock all": lambda exchange: exchange.unblock(GROUP),
    "reset one": lambda exchange: exchange.reset(GROUP, [1]),
    "reset all": lambda exchange: exchange.reset(GROUP),
    "query": lambda exchange: exchange.query(GROUP),
    "check": lambda exchange: exchange.check(GROUP, [1]),
}


@pytest.mark.parametrize(("one", "other"), list(product(ORDERS, ORDERS)))
def test_orders_of_both_ends_that_cross_leave_them_agreed(one: str, other: str) -> None:
    network = Network()
    outgoing, _ = network.call()
    ORDERS[one](network.a)
    ORDERS[other](network.b)
    network.pass_time(MINUTE_US)
    outgoing.release(Cause(16))
    network.pass_time(MINUTE_US)
    assert agreed(network)
