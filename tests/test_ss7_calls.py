"""Calls between two exchanges by way of a mated pair of transfer points, message by message."""

import random

import pytest

from calleq.media.contract import circuit_wire
from calleq.ss7 import mtp3_codec
from calleq.ss7.isup import codec
from calleq.ss7.isup.circuit import CircuitUseError
from calleq.ss7.isup.exchange import GroupSnapshot, IsupExchange
from calleq.ss7.isup.messages import (
    Acm,
    Anm,
    Cause,
    Cfn,
    Con,
    Cot,
    Cpg,
    Iam,
    Inf,
    Message,
    Olm,
    Rel,
    Rlc,
    Rsc,
    Sam,
    Sus,
    Unknown,
)
from calleq.ss7.isup.timers import IsupTimers
from calleq.ss7.isup.trunks import Trunk
from calleq.ss7.mtp3 import Msu
from calleq.units import MINUTE_US, SECOND_US
from tests.ss7_network import (
    CALLED,
    CALLING,
    DELAY_US,
    PC62,
    PC64,
    WAY_US,
    EveryNumberGoesOn,
    Network,
    Party,
)


def from_b(network: Network, message: Message) -> None:
    """Exchange 64 sends a message that it would not have sent of itself."""
    assert network.node64.transfer(PC62, message.cic & 15, codec.encode(message))
    network.pass_time()


class TestCall:
    def test_a_call_is_set_up_answered_and_released_by_the_caller(self) -> None:
        network = Network()
        outgoing, _ = network.call()
        assert network.idle() == (3, 3)
        outgoing.release(Cause(16))
        network.pass_time()
        assert network.tap.names(sender="ssp-62") == ["IAM", "REL"]
        assert network.tap.names(sender="ssp-64") == ["ACM", "ANM", "RLC"]
        assert network.diary == [
            "b set-up 1",
            "a alerting",
            "a answered",
            "b released 16",
            "b cleared",
            "a cleared",
        ]
        assert network.idle() == (4, 4)

    def test_the_called_side_may_release_and_its_own_user_is_told_only_of_the_clearing(
        self,
    ) -> None:
        network = Network()
        _, incoming = network.call()
        del network.diary[:]
        incoming.release(Cause(17))
        network.pass_time()
        assert network.diary == ["a released 17", "a cleared", "b cleared"]

    def test_both_ends_know_the_circuit_by_one_key_and_one_wire(self) -> None:
        network = Network()
        outgoing, incoming = network.call()
        assert outgoing.key == incoming.key
        assert (outgoing.key.origin, outgoing.key.destination) == (PC62, PC64)
        assert outgoing.wire == incoming.wire == circuit_wire(PC62, PC64, outgoing.key.cic)
        assert (outgoing.far, incoming.far) == ("ssp-64", "ssp-62")

    def test_the_numbers_arrive_as_they_were_dialled(self) -> None:
        network = Network()
        network.call()
        iam = network.arrived[0][1]
        assert (iam.called, iam.calling) == (CALLED, CALLING)

    def test_a_transit_call_keeps_every_parameter(self) -> None:
        """User service information (0x1D) and a parameter that nobody defined (0xF3)."""
        network = Network()
        network.b.on_digits(EveryNumberGoesOn())
        other = ((0x1D, b"\x80\x90\xa2"), (0xF3, b"\x01"))
        received = Iam(cic=77, called=CALLED, category=11, medium=0, other=other)
        circuit = network.a.seize("62-64")
        assert circuit is not None
        network.a.forward(circuit, received, Party("a", network.diary))
        network.pass_time()
        iam = network.arrived[0][1]
        assert iam.cic == circuit.key.cic
        assert (iam.category, iam.medium, iam.other) == (11, 0, other)

    def test_progress_then_alerting_is_acm_then_cpg(self) -> None:
        network = Network()
        network.dial(network.a, "a")
        network.pass_time()
        incoming = network.arrived[0][0]
        incoming.progress()
        network.pass_time()
        assert network.diary == ["b set-up 1", "a progress"]
        incoming.alerting()
        incoming.alerting()
        incoming.answer()
        network.pass_time()
        assert network.tap.names(sender="ssp-64") == ["ACM", "CPG", "ANM"]
        assert network.diary[2:] == ["a alerting", "a answered"]

    def test_answer_without_alerting_is_con(self) -> None:
        network = Network()
        network.dial(network.a, "a")
        network.pass_time()
        network.arrived[0][0].answer()
        network.pass_time()
        assert network.tap.names(sender="ssp-64") == ["CON"]
        assert network.diary[1:] == ["a answered"]

    def test_an_answered_call_lasts_longer_than_any_timer(self) -> None:
        network = Network()
        network.call()
        network.pass_time(60 * MINUTE_US)
        assert network.idle() == (3, 3)
        assert network.diary[-1] == "a answered"

    def test_what_a_late_user_does_with_a_cleared_circuit_does_nothing(self) -> None:
        network = Network(circuits=1)
        outgoing, _ = network.call()
        outgoing.release(Cause(16))
        network.pass_time()
        network.call()
        sent = len(network.tap.seen)
        outgoing.release(Cause(16))
        outgoing.answer()
        network.pass_time()
        assert len(network.tap.seen) == sent
        assert network.diary[-1] == "a answered"

    def test_a_call_that_nobody_serves_is_released_with_41(self) -> None:
        network = Network()
        network.a = IsupExchange("ssp-62", PC62, network.node62, (), network.clock)
        network.b = IsupExchange(
            "ssp-64", PC64, network.node64, (Trunk("62-64", "ssp-62", PC62),), network.clock
        )
        iam = codec.encode(Iam(3, CALLED))
        network.node62.transfer(PC64, 3, iam)
        network.pass_time()
        (release,) = network.tap.messages(sender="ssp-64")
        assert isinstance(release, Rel)
        assert release.cause.value == 41


class TestCircuits:
    def test_each_side_takes_first_what_it_controls_lowest_first(self) -> None:
        """Q.764 §2.9.1.4: 64 has the higher point code and controls the even circuits."""
        network = Network(circuits=6)
        ours = [network.a.seize("62-64") for _ in range(7)]
        assert [circuit and circuit.key.cic for circuit in ours] == [1, 3, 5, 6, 4, 2, None]
        theirs = [network.b.seize("62-64") for _ in range(4)]
        assert [circuit and circuit.key.cic for circuit in theirs] == [2, 4, 6, 5]

    def test_a_seized_circuit_can_be_given_back_unsignalled(self) -> None:
        network = Network()
        circuit = network.a.seize("62-64")
        assert circuit is not None
        assert network.a.idle("62-64") == 3
        network.a.give_back(circuit)
        assert network.a.idle("62-64") == 4
        assert network.tap.seen == []
        with pytest.raises(CircuitUseError):
            network.a.send_iam(circuit, CALLED, None, Party("a", network.diary))

    def test_one_iam_for_one_seizure(self) -> None:
        network = Network()
        circuit = network.dial(network.a, "a")
        with pytest.raises(CircuitUseError):
            network.a.send_iam(circuit, CALLED, None, Party("other", network.diary))
        network.pass_time()
        network.arrived[0][0].alerting()
        network.pass_time()
        assert network.diary[-1] == "a alerting"

    def test_two_groups_may_not_share_a_circuit(self) -> None:
        network = Network()
        trunks = (Trunk("x", "ssp-64", PC64, 1, 10), Trunk("y", "ssp-64", PC64, 10, 10))
        with pytest.raises(ValueError, match="circuit 10 to ssp-64 is in two groups"):
            IsupExchange("ssp-62", PC62, network.node62, trunks, network.clock)

    def test_the_operator_sees_idle_busy_and_reset(self) -> None:
        network = Network()
        network.call()
        snapshot = network.a.snapshot()
        assert snapshot.groups == (GroupSnapshot("62-64", "ssp-64", 3, 1, 0),)
        assert (snapshot.messages_sent, snapshot.messages_received) == (1, 2)


class TestRelease:
    def test_rel_collision_is_confirmed_by_both_and_neither_user_hears_of_the_other(self) -> None:
        """Q.784 3.8."""
        network = Network()
        outgoing, incoming = network.call()
        del network.diary[:]
        outgoing.release(Cause(16))
        incoming.release(Cause(17))
        network.pass_time()
        assert network.tap.names(sender="ssp-62")[-2:] == ["REL", "RLC"]
        assert network.tap.names(sender="ssp-64")[-2:] == ["REL", "RLC"]
        assert sorted(network.diary) == ["a cleared", "b cleared"]
        assert network.idle() == (4, 4)

    def test_a_lost_rlc_is_made_good_by_t1(self) -> None:
        """Q.764 §2.9.6.2: REL is repeated, and answered on the circuit that is idle by then."""
        network = Network()
        outgoing, _ = network.call()
        outgoing.release(Cause(16))
        network.clock.advance_us(WAY_US)
        assert network.diary[-1] == "b cleared"
        network.stp_fails("stp-68")
        network.stp_fails("stp-70")
        network.pass_time()
        network.stp_returns("stp-68")
        network.stp_returns("stp-70")
        network.pass_time(15 * SECOND_US)
        network.pass_time()
        assert network.tap.names(sender="ssp-62") == ["IAM", "REL", "REL"]
        assert network.diary[-1] == "a cleared"
        assert network.idle() == (4, 4)

    def test_t5_resets_the_circuit_and_keeps_it_out_of_service_until_confirmed(self) -> None:
        """Q.764 §2.9.6.2, Q.784 5.2.3: T1 for 5 minutes, then RSC, then RSC each T17."""
        network = Network()
        outgoing, _ = network.call()
        network.ear64.deaf = True
        del network.tap.seen[:]
        outgoing.release(Cause(16))
        network.pass_time(5 * MINUTE_US - SECOND_US)
        assert network.tap.names(sender="ssp-62") == ["REL"] * 20
        assert network.diary[-1] == "a answered"
        network.pass_time(2 * SECOND_US)
        assert network.tap.names(sender="ssp-62") == ["REL"] * 20 + ["RSC"]
        assert network.diary[-1] == "a cleared"
        assert network.a.snapshot().groups == (GroupSnapshot("62-64", "ssp-64", 3, 0, 1),)
        network.pass_time(5 * MINUTE_US)
        assert network.tap.names(sender="ssp-62")[-2:] == ["RSC", "RSC"]
        network.ear64.deaf = False
        network.pass_time(5 * MINUTE_US)
        assert network.a.idle("62-64") == 4

    def test_rel_on_an_idle_circuit_is_confirmed(self) -> None:
        """Q.764 §2.9.5.1 a)."""
        network = Network()
        from_b(network, Rel(2, Cause(16)))
        assert network.tap.names(sender="ssp-62") == ["RLC"]
        assert network.diary == []

    def test_rlc_for_a_call_that_nobody_released_releases_it(self) -> None:
        """Q.764 §2.9.5.1 c)."""
        network = Network()
        network.call()
        from_b(network, Rlc(1))
        assert network.tap.names(sender="ssp-62") == ["IAM", "REL"]
        assert network.a.snapshot().unexpected == 1
        assert "a released 31" in network.diary
        assert network.diary[-1] == "a cleared"
        assert network.idle() == (4, 4)


class TestTimers:
    def test_t7_releases_a_call_whose_address_is_never_complete(self) -> None:
        """Q.784 5.2.1; the cause is Q.850's recovery on timer expiry."""
        network = Network()
        network.dial(network.a, "a")
        network.pass_time(25 * SECOND_US - 1)
        assert network.diary == ["b set-up 1"]
        network.pass_time()
        assert network.diary[1:] == ["a released 102", "b released 102", "b cleared", "a cleared"]
        assert network.idle() == (4, 4)

    @pytest.mark.parametrize("signal", ["progress", "alerting"])
    def test_t9_releases_a_call_that_nobody_answers(self, signal: str) -> None:
        """Q.784 5.2.2."""
        network = Network()
        network.dial(network.a, "a")
        network.pass_time()
        getattr(network.arrived[0][0], signal)()
        network.pass_time()
        network.pass_time(180 * SECOND_US)
        assert "a released 19" in network.diary
        assert "b released 19" in network.diary
        assert network.idle() == (4, 4)

    def test_the_timers_can_be_set(self) -> None:
        network = Network(timers=IsupTimers(t7_us=20 * SECOND_US))
        network.dial(network.a, "a")
        network.pass_time(20 * SECOND_US)
        assert network.diary[-1] == "a released 102"

    def test_timers_that_contradict_each_other_are_refused(self) -> None:
        with pytest.raises(ValueError, match="T5"):
            IsupTimers(t5_us=SECOND_US)
        with pytest.raises(ValueError, match="t9_us"):
            IsupTimers(t9_us=0)


class TestDualSeizure:
    def test_both_ends_decide_alike_for_the_controlling_exchange(self) -> None:
        """Q.764 §2.9.1.4, Q.784 6.2.1 and 6.3.1: of one circuit, number 1, 62 is in control."""
        network = Network(circuits=1)
        network.dial(network.a, "a")
        circuit = network.dial(network.b, "caller-b")
        network.pass_time()
        assert network.diary == ["caller-b released 34", "caller-b cleared", "b set-up 1"]
        assert network.a.snapshot().dual_seizures == network.b.snapshot().dual_seizures == 1
        circuit.release(Cause(16))
        incoming = network.arrived[0][0]
        incoming.alerting()
        incoming.answer()
        network.pass_time()
        assert network.diary[3:] == ["a alerting", "a answered"]
        incoming.release(Cause(16))
        network.pass_time()
        assert network.idle() == (1, 1)

    def test_who_backed_off_may_try_again_from_inside_the_release(self) -> None:
        network = Network(circuits=2)
        circuits = [network.b.seize("62-64"), network.b.seize("62-64")]
        assert [circuit and circuit.key.cic for circuit in circuits] == [2, 1]
        assert circuits[0] is not None
        assert circuits[1] is not None
        network.b.give_back(circuits[0])

        class Repeats(Party):
            def circuit_released(self, circuit: object, cause: Cause) -> None:
                network.dial(network.b, "second attempt")

        network.dial(network.a, "a")
        network.b.send_iam(circuits[1], CALLED, None, Repeats("first attempt", network.diary))
        network.pass_time()
        assert network.diary[0:2] == ["first attempt cleared", "b set-up 1"]
        assert network.diary[2] == "a set-up 2"

    def test_a_seizure_not_yet_signalled_is_lost_to_an_iam(self) -> None:
        network = Network(circuits=1)
        seized = network.a.seize("62-64")
        assert seized is not None
        network.dial(network.b, "b")
        network.pass_time()
        assert network.diary == ["a set-up 1"]
        network.a.send_iam(seized, CALLED, None, Party("late", network.diary))
        assert network.diary == ["a set-up 1"]
        network.pass_time()
        assert network.diary[1:] == ["late released 34", "late cleared"]
        network.a.give_back(seized)
        assert network.a.idle("62-64") == 0


class TestReset:
    def test_rsc_ends_a_call_at_either_end(self) -> None:
        """Q.784 5.3.1, 5.3.2: the answer to RSC is RLC."""
        network = Network()
        network.call()
        del network.diary[:]
        network.b.reset("62-64", [1])
        network.pass_time()
        assert network.diary == ["b released 31", "b cleared", "a released 31", "a cleared"]
        assert network.tap.names(sender="ssp-62") == ["IAM", "RLC"]
        assert network.idle() == (4, 4)

    def test_a_lost_reset_is_repeated_after_t16(self) -> None:
        network = Network(circuits=1)
        network.ear64.deaf = True
        network.a.reset("62-64")
        network.pass_time(SECOND_US)
        network.ear64.deaf = False
        assert network.a.snapshot().groups == (GroupSnapshot("62-64", "ssp-64", 0, 0, 1),)
        network.pass_time(15 * SECOND_US)
        assert network.tap.names(sender="ssp-62") == ["RSC", "RSC"]
        assert network.idle() == (1, 1)

    def test_after_t17_the_repetition_is_slow(self) -> None:
        network = Network(circuits=1)
        network.ear64.deaf = True
        network.a.reset("62-64")
        network.pass_time(5 * MINUTE_US)
        fast = len(network.tap.names(sender="ssp-62"))
        network.pass_time(10 * MINUTE_US)
        assert (fast, len(network.tap.names(sender="ssp-62"))) == (21, 23)

    def test_an_exchange_that_resets_before_its_links_are_there_need_not_wait_for_t16(self) -> None:
        network = Network()
        network.stp_fails("stp-68")
        network.stp_fails("stp-70")
        network.pass_time()
        network.a.reset("62-64")
        network.pass_time(SECOND_US)
        assert network.idle() == (0, 4)
        network.stp_returns("stp-70")
        network.pass_time(3 * SECOND_US)
        assert network.idle() == (4, 4)

    def test_crossing_resets_bring_both_ends_back(self) -> None:
        network = Network()
        network.a.reset("62-64")
        network.b.reset("62-64")
        network.pass_time()
        assert network.idle() == (4, 4)

    def test_rsc_while_rlc_is_awaited_clears(self) -> None:
        network = Network(circuits=1)
        outgoing, _ = network.call()
        outgoing.release(Cause(16))
        network.clock.advance_us(DELAY_US // 2)
        network.b.reset("62-64")
        network.pass_time()
        assert network.idle() == (1, 1)
        assert network.diary.count("a cleared") == network.diary.count("b cleared") == 1

    def test_a_seizure_not_yet_signalled_is_void_after_a_reset(self) -> None:
        network = Network(circuits=1)
        seized = network.a.seize("62-64")
        assert seized is not None
        network.a.reset("62-64")
        network.a.send_iam(seized, CALLED, None, Party("late", network.diary))
        network.pass_time()
        assert network.diary == ["late released 34", "late cleared"]
        assert network.idle() == (1, 1)


class TestUnreasonable:
    @pytest.mark.parametrize(
        "message",
        [Acm(3), Cpg(3, 1), Anm(3), Con(3), Sam(3, "1"), Sus(3), Cot(3), Inf(3), Olm(3)],
        ids=lambda message: type(message).__name__,
    )
    def test_on_an_idle_circuit_it_is_counted_and_the_circuit_reset(self, message: Message) -> None:
        """Q.764 §2.9.5.1 d), Q.784 1.5.1: whichever end is wrong, one RSC brings both back."""
        network = Network()
        from_b(network, message)
        assert network.a.snapshot().unexpected == 1
        assert network.tap.names(sender="ssp-62") == ["RSC"]
        assert network.tap.names(sender="ssp-64")[1:] == ["RLC"]
        assert network.idle() == (4, 4)

    def test_rlc_on_an_idle_circuit_is_discarded(self) -> None:
        """Q.764 §2.9.5.1 b)."""
        network = Network()
        from_b(network, Rlc(3))
        assert network.tap.names(sender="ssp-62") == []
        assert network.idle() == (4, 4)

    def test_a_message_of_a_type_that_nobody_knows_is_reported_as_confusing(self) -> None:
        """Q.764 §2.9.5.3.1, Q.784 1.7.1.7: no compatibility information: discard, CFN 97."""
        network = Network()
        from_b(network, Unknown(3, 0xF8, b"\x00"))
        (confusion,) = network.tap.messages(sender="ssp-62")
        assert isinstance(confusion, Cfn)
        assert (confusion.cause.value, confusion.cause.diagnostics) == (97, b"\xf8")
        assert network.b.snapshot().confused == 1
        assert network.idle() == (4, 4)

    def test_for_a_circuit_that_is_not_there_it_is_discarded_and_counted(self) -> None:
        """Q.784 1.1."""
        network = Network()
        from_b(network, Iam(300, CALLED))
        assert network.a.snapshot().unequipped == 1
        assert network.arrived == []

    def test_an_answer_whose_acm_was_lost_still_answers(self) -> None:
        network = Network()
        network.dial(network.a, "a")
        network.pass_time()
        from_b(network, Anm(network.arrived[0][0].key.cic))
        assert network.diary[-1] == "a answered"

    def test_two_thousand_mutated_units_are_survived_and_the_next_call_completes(self) -> None:
        network = Network(circuits=4)
        valid = [
            mtp3_codec.encode(Msu(PC64, PC62, message.cic & 15, codec.encode(message)))
            for message in (
                Iam(1, CALLED, CALLING, other=((0x2D, b"\x01\x02"),)),
                Acm(1, 0x1604),
                Cpg(1, 1),
                Anm(1),
                Con(1, 0x1604),
                Rel(1, Cause(16)),
                Rlc(1),
                Rsc(1),
            )
        ]
        source = random.Random(97)
        end = network.links["ssp-62/stp-68"].end("ssp-62")
        for number in range(2_000):
            octets = bytearray(source.choice(valid))
            # Half keep their routing label and reach the exchange.
            place = source.randrange(5 if number % 2 else 0, len(octets))
            match source.randrange(3):
                case 0:
                    octets[place] ^= 1 << source.randrange(8)
                case 1:
                    del octets[place:]
                case _:
                    octets.insert(place, source.randrange(256))
            end.send(bytes(octets))
            network.pass_time(3_000)
        assert network.stp68.malformed > 0
        assert network.stp68.undeliverable + network.stp70.undeliverable > 0
        assert network.b.snapshot().malformed > 300
        assert network.b.snapshot().messages_received > 300
        for _, iam in network.arrived:
            assert codec.decode(codec.encode(iam)) == iam, "a switch could not pass it on"
        network.a.reset("62-64")
        network.pass_time(MINUTE_US)
        assert network.idle() == (4, 4)
        del network.diary[:]
        network.call()
        assert network.diary[-2:] == ["a alerting", "a answered"]
