"""What precedes, interrupts and accompanies a call: checks, overlap, suspension, segments."""

import pytest

from calleq.media.prompts import NominalPrompts
from calleq.media.virtual import VirtualVoice
from calleq.ss7.isup.agreement import disagreements
from calleq.ss7.isup.alarms import AlarmKind
from calleq.ss7.isup.check_equipment import VoiceChecks
from calleq.ss7.isup.codec import encode
from calleq.ss7.isup.contract import Digits
from calleq.ss7.isup.exchange import IsupExchange
from calleq.ss7.isup.information import answer_to
from calleq.ss7.isup.messages import (
    CalledNumber,
    Cause,
    Ccr,
    Cfn,
    Cot,
    Fot,
    Iam,
    Idr,
    Inf,
    Inr,
    Irs,
    Message,
    Olm,
    Rel,
    Res,
    Sam,
    Sus,
    Unknown,
)
from calleq.ss7.isup.onward import history_of, hops_exhausted, onward
from calleq.ss7.isup.optional import (
    ACCESS_TRANSPORT,
    HOP_COUNTER,
    PROPAGATION_DELAY,
    USER_TO_USER,
    find,
    put,
)
from calleq.ss7.isup.suspension import SState
from calleq.ss7.isup.trunks import Trunk
from calleq.units import MINUTE_US, SECOND_US
from tests.ss7_network import (
    CALLED,
    CALLING,
    PC62,
    PC64,
    EveryNumberGoesOn,
    Network,
    Party,
)

GROUP = "62-64"


class SixDigits:
    """Numbers of this exchange have six digits; those that begin with 9 may have two more."""

    def digits(self, called: CalledNumber) -> Digits:
        length = len(called.digits.removesuffix("f"))
        if called.digits.endswith("f"):
            return Digits.ENOUGH
        if length < 6:
            return Digits.MISSING
        return Digits.MAYBE if called.digits[0] == "9" and length < 8 else Digits.ENOUGH

    def goes_on(self, called: CalledNumber) -> bool:
        return False


def from_b(network: Network, message: Message) -> None:
    """Exchange 64 sends a message that it would not have sent of itself."""
    assert network.node64.transfer(PC62, message.cic & 15, encode(message))
    network.pass_time()


def from_a(network: Network, message: Message) -> None:
    """Exchange 62 sends a message that it would not have sent of itself."""
    assert network.node62.transfer(PC64, message.cic & 15, encode(message))
    network.pass_time()


def checked_network(every: int = 1) -> tuple[Network, VirtualVoice]:
    """Both exchanges have equipment on one voice plane; 62 checks every so many calls."""
    network = Network()
    voice = VirtualVoice(network.clock, NominalPrompts())
    trunk = Trunk(GROUP, "ssp-64", PC64, 1, 4, check_every=every)
    network.a = IsupExchange(
        "ssp-62",
        PC62,
        network.node62,
        (trunk,),
        network.clock,
        checks=VoiceChecks(voice, "ssp-62"),
    )
    network.b = IsupExchange(
        "ssp-64",
        PC64,
        network.ear64,
        (Trunk(GROUP, "ssp-62", PC62, 1, 4),),
        network.clock,
        checks=VoiceChecks(voice, "ssp-64"),
    )
    network.b.on_set_up(lambda circuit, iam: network._arrives("b", circuit, iam))
    return network, voice


def kinds(exchange: IsupExchange) -> list[AlarmKind]:
    return [alarm.kind for alarm in exchange.alarms.standing()]


class TestContinuityCheck:
    def test_the_call_is_served_when_the_tone_has_come_back(self) -> None:
        """Q.764 §2.1.8, Q.784 6.1.1: the 2000 Hz goes round the loop on the voice wire."""
        network, voice = checked_network()
        network.dial(network.a, "a")
        network.pass_time()
        assert network.diary == ["a notice COT", "b set-up 1"]
        assert network.tap.names(sender="ssp-62") == ["IAM", "COT"]
        assert network.arrived[0][1].nature_of_connection == 0
        assert voice.players() == 0
        network.arrived[0][0].answer()
        network.pass_time()
        assert network.diary[-1] == "a answered"

    def test_only_every_so_many_calls_ask_for_it(self) -> None:
        network, _ = checked_network(every=3)
        for _ in range(4):
            network.dial(network.a, "a")
            network.pass_time()
        assert network.tap.names(sender="ssp-62").count("COT") == 1

    def test_a_failed_check_is_tried_elsewhere_and_the_circuit_rechecked(self) -> None:
        """Q.784 6.1.5 and 6.2.4: T24, COT (failed), T25, CCR, and REL when the check passes."""
        network, voice = checked_network()
        cut = network.a.circuit(PC64, 1)
        assert cut is not None
        circuit = network.dial(network.a, "a")
        network.clock.advance_us(500)
        voice.feed("ssp-62", circuit.wire, ())
        network.pass_time(2 * SECOND_US)
        assert network.diary == ["a released 34", "a cleared"]
        assert network.tap.messages(sender="ssp-62")[1] == Cot(1, 0)
        assert network.a.idle(GROUP) == 3
        network.pass_time(6 * SECOND_US)
        assert network.tap.names(sender="ssp-62") == ["IAM", "COT", "CCR", "REL"]
        assert network.idle() == (4, 4)

    def test_a_circuit_that_stays_dead_is_checked_every_t26_with_an_alarm(self) -> None:
        """Q.784 1.4.4."""
        network = Network()
        network.a.check(GROUP, [1])
        network.pass_time(3 * SECOND_US)
        assert network.tap.names(sender="ssp-62") == ["CCR", "COT"]
        assert kinds(network.a) == [AlarmKind.CHECK_FAILED]
        network.pass_time(2 * MINUTE_US + SECOND_US)
        assert network.tap.names(sender="ssp-62") == ["CCR", "COT", "CCR", "COT"]
        assert not disagreements(network.a, network.b)
        network.a.reset(GROUP, [1])
        network.pass_time()
        assert kinds(network.a) == []
        assert network.idle() == (4, 4)

    def test_a_check_by_hand_that_passes_leaves_the_circuit_idle(self) -> None:
        """Q.784 1.4.2."""
        network, _ = checked_network()
        network.a.check(GROUP)
        network.pass_time()
        assert network.tap.names(sender="ssp-62") == ["CCR"] * 4 + ["REL"] * 4
        assert network.idle() == (4, 4)

    def test_a_loop_that_nobody_ends_is_reset_at_t36(self) -> None:
        """Q.784 1.4.1 ends it by REL; here neither COT nor REL comes."""
        network = Network()
        from_b(network, Ccr(1))
        assert network.a.idle(GROUP) == 3
        network.pass_time(13 * SECOND_US)
        assert network.tap.names(sender="ssp-62") == ["RSC"]
        assert network.idle() == (4, 4)

    def test_a_failed_check_without_a_request_for_another_is_reset_at_t27(self) -> None:
        """Q.784 1.4.5."""
        network = Network()
        from_b(network, Iam(2, CALLED, nature_of_connection=0x04))
        from_b(network, Cot(2, 0))
        network.pass_time(4 * MINUTE_US - SECOND_US)
        assert network.tap.names(sender="ssp-62") == []
        network.pass_time(2 * SECOND_US)
        assert network.tap.names(sender="ssp-62") == ["RSC"]
        assert network.idle() == (4, 4)

    @pytest.mark.parametrize("nature", [0x04, 0x08], ids=["this circuit", "a previous one"])
    def test_t8_releases_a_call_whose_cot_never_comes(self, nature: int) -> None:
        """Q.784 5.2.5."""
        network = Network()
        from_b(network, Iam(2, CALLED, nature_of_connection=nature))
        network.pass_time(13 * SECOND_US)
        (release,) = network.tap.messages(sender="ssp-62")
        assert isinstance(release, Rel)
        assert release.cause.value == 41
        assert network.diary == []

    def test_who_gives_up_during_the_check_is_released_and_nobody_is_rung(self) -> None:
        """Q.784 6.1.3."""
        network, voice = checked_network()
        circuit = network.dial(network.a, "a")
        circuit.release(Cause(16))
        network.pass_time()
        assert network.diary == ["a cleared"]
        assert network.idle() == (4, 4)
        assert voice.players() == 0


class TestOverlap:
    def test_the_call_is_served_when_its_digits_have_come(self) -> None:
        """Q.764 §2.1.2, Q.784 2.2.2b."""
        network = Network()
        network.a.on_digits(SixDigits())
        from_b(network, Iam(2, CalledNumber("123")))
        from_b(network, Sam(2, "4"))
        assert network.diary == []
        from_b(network, Sam(2, "56"))
        assert network.diary == ["a set-up 2"]
        assert network.arrived[0][1].called.digits == "123456"

    def test_t35_releases_a_number_that_stays_too_short(self) -> None:
        network = Network()
        network.a.on_digits(SixDigits())
        from_b(network, Iam(2, CalledNumber("123")))
        network.pass_time(10 * SECOND_US)
        from_b(network, Sam(2, "4"))
        network.pass_time(17 * SECOND_US)
        assert network.tap.names(sender="ssp-62") == []
        network.pass_time(2 * SECOND_US)
        (release,) = network.tap.messages(sender="ssp-62")
        assert isinstance(release, Rel)
        assert release.cause.value == 28

    def test_t10_or_st_ends_a_number_that_may_be_longer(self) -> None:
        network = Network()
        network.a.on_digits(SixDigits())
        from_b(network, Iam(2, CalledNumber("912345")))
        network.pass_time(4 * SECOND_US)
        assert network.diary == []
        network.pass_time(2 * SECOND_US)
        assert network.diary == ["a set-up 2"]
        from_b(network, Iam(4, CalledNumber("912345")))
        from_b(network, Sam(4, "f"))
        assert network.diary[1:] == ["a set-up 4"]

    def test_digits_that_follow_an_outgoing_call_start_t7_again(self) -> None:
        """Q.784 2.2.2a."""
        network = Network()
        circuit = network.dial(network.a, "a")
        network.pass_time(20 * SECOND_US)
        circuit.pass_on(Sam(0, "99"))
        network.pass_time(20 * SECOND_US)
        assert network.tap.messages(sender="ssp-62")[1] == Sam(1, "99")
        assert network.diary == ["b set-up 1", "b notice SAM"]
        network.pass_time(6 * SECOND_US)
        assert network.diary[2] == "a released 102"


class TestSuspension:
    def test_the_network_suspends_and_resumes(self) -> None:
        """Q.764 §2.4, Q.784 3.5."""
        network = Network()
        _, incoming = network.call()
        incoming.pass_on(Sus(0, by_network=1))
        network.pass_time(30 * SECOND_US)
        assert network.a.circuits(GROUP, [1])[0].suspended
        incoming.pass_on(Res(0, by_network=1))
        network.pass_time(5 * MINUTE_US)
        assert network.diary[-2:] == ["a notice SUS", "a notice RES"]
        assert not network.a.circuits(GROUP, [1])[0].suspended
        assert network.idle() == (3, 3)

    def test_t6_releases_a_call_that_is_not_resumed(self) -> None:
        """Q.784 5.2.4; until then the call is up, and billed."""
        network = Network()
        _, incoming = network.call()
        incoming.pass_on(Sus(0, by_network=1))
        network.pass_time(MINUTE_US - SECOND_US)
        assert network.idle() == (3, 3)
        network.pass_time(2 * SECOND_US)
        assert "a released 102" in network.diary
        assert "b released 102" in network.diary
        assert network.idle() == (4, 4)

    def test_t2_releases_a_call_whose_subscriber_does_not_resume(self) -> None:
        """Q.733.4; Q.784 3.6: T2 runs where the subscriber is, who calls here."""
        network = Network()
        outgoing, _ = network.call()
        outgoing.pass_on(Sus(0))
        network.pass_time(3 * MINUTE_US - SECOND_US)
        assert network.idle() == (3, 3)
        network.pass_time(2 * SECOND_US)
        assert network.idle() == (4, 4)

    def test_a_transit_exchange_leaves_the_timing_to_who_controls_the_call(self) -> None:
        network = Network()
        circuit = network.a.seize(GROUP)
        assert circuit is not None
        network.a.forward(circuit, Iam(7, CALLED), Party("a", network.diary))
        network.pass_time()
        incoming = network.arrived[0][0]
        incoming.answer()
        incoming.pass_on(Sus(0, by_network=1))
        network.pass_time(10 * MINUTE_US)
        assert network.idle() == (3, 3)
        seen = network.a.circuit(PC64, 1)
        assert seen is not None
        assert network.a.suspensions.state(seen) is SState.NETWORK

    def test_before_the_answer_nothing_can_be_suspended(self) -> None:
        network = Network()
        circuit = network.dial(network.a, "a")
        network.pass_time()
        network.arrived[0][0].alerting()
        circuit.pass_on(Sus(0))
        network.pass_time()
        assert network.tap.names(sender="ssp-62") == ["IAM"]


class TestSegments:
    long = ((USER_TO_USER, b"\x04" + bytes(120)), (ACCESS_TRANSPORT, bytes(130)))

    def test_a_message_too_long_for_one_unit_arrives_whole(self) -> None:
        """Q.764 §2.1.12, Q.784 6.5.1 and 6.5.2."""
        network = Network()
        circuit = network.a.seize(GROUP)
        assert circuit is not None
        iam = Iam(1, CALLED, CALLING, other=self.long)
        network.a.forward(circuit, iam, Party("a", network.diary))
        network.pass_time()
        assert network.tap.names(sender="ssp-62") == ["IAM", "SGM"]
        assert sorted(network.arrived[0][1].other) == sorted(self.long)

    def test_without_its_second_part_it_is_acted_on_at_t34(self) -> None:
        """Q.784 6.5.3; what comes later is discarded."""
        network = Network()
        from_b(network, Iam(2, CALLED, other=((0x08, b"\x04"),)))
        network.pass_time(2 * SECOND_US)
        assert network.diary == []
        network.pass_time(2 * SECOND_US)
        assert network.diary == ["a set-up 2"]
        assert network.arrived[0][1].other == ()

    def test_a_release_does_not_wait_for_it(self) -> None:
        network = Network()
        from_b(network, Iam(2, CALLED, other=((0x08, b"\x04"),)))
        from_b(network, Rel(2, Cause(16)))
        assert network.tap.names(sender="ssp-62") == ["RLC"]
        assert network.idle() == (4, 4)


class TestNotUnderstood:
    """Q.764 §2.9.5: what the instructions of a message say; the reactions are the codec's."""

    RELEASE, DISCARD = b"\xa0", b"\xc0"

    def call_of(self, network: Network) -> None:
        network.dial(network.b, "b")
        network.pass_time()

    def test_a_message_that_demands_it_releases_the_call(self) -> None:
        """Q.784 1.7.1.1."""
        network = Network()
        self.call_of(network)
        body = b"\x01\x38\x01" + b"\x82" + b"\x00"
        from_b(network, Unknown(2, 0xF8, body))
        release = network.tap.messages(sender="ssp-62")[-1]
        assert isinstance(release, Rel)
        assert release.cause.value == 97
        assert network.idle() == (4, 4)

    def test_in_transit_it_is_passed_on(self) -> None:
        """Q.784 1.7.1.3."""
        network = Network()
        network.a.on_digits(EveryNumberGoesOn())
        self.call_of(network)
        body = b"\x01\x38\x01" + b"\x80" + b"\x00"
        from_b(network, Unknown(2, 0xF8, body))
        assert network.diary[-1] == "a notice UNKNOWN"

    def test_a_parameter_without_instructions_is_dropped_at_the_end_of_the_call(self) -> None:
        """Q.784 1.7.2.9: CFN 99 names it."""
        network = Network()
        from_b(network, Iam(2, CALLED, other=((0xF3, b"\x01"),)))
        assert network.arrived[0][1].other == ()
        confusion = network.tap.messages(sender="ssp-62")[0]
        assert isinstance(confusion, Cfn)
        assert (confusion.cause.value, confusion.cause.diagnostics) == (99, b"\xf3")

    def test_a_release_is_never_answered_by_confusion(self) -> None:
        """Q.784 1.7.2.10."""
        network = Network()
        self.call_of(network)
        from_b(network, Rel(2, Cause(16), ((0xF3, b"\x01"),)))
        assert set(network.tap.names(sender="ssp-62")) == {"RLC"}


class TestAlong:
    def test_a_notice_goes_to_the_user_and_a_question_is_bounded_by_t33(self) -> None:
        """Q.784 6.4.1; Q.764 §2.9.7."""
        network = Network()
        circuit = network.dial(network.a, "a")
        network.pass_time()
        circuit.pass_on(Fot(0))
        incoming = network.arrived[0][0]
        incoming.pass_on(Inr(0, 0x0100))
        network.pass_time()
        assert network.diary == ["b set-up 1", "b notice FOT", "a notice INR"]
        network.pass_time(14 * SECOND_US)
        assert "b released 102" in network.diary

    def test_an_answer_ends_t33(self) -> None:
        network = Network()
        circuit = network.dial(network.a, "a")
        network.pass_time()
        network.arrived[0][0].pass_on(Inr(0, 0x0100))
        network.pass_time()
        circuit.pass_on(Inf(0, 0x0300))
        network.pass_time(14 * SECOND_US)
        assert network.diary[-1] == "b notice INF"

    def test_the_exchange_at_the_end_answers_questions_about_the_caller(self) -> None:
        answer = answer_to(Inr(5, 0x0900), CALLING)
        assert isinstance(answer, Inf)
        assert answer.information == 0x2300
        assert [code for code, _ in answer.other] == [0x0A, 0x09]
        nobody = answer_to(Inr(5, 0x0100), None)
        assert isinstance(nobody, Inf)
        assert nobody.information == 0x0100
        assert isinstance(answer_to(Idr(5), None), Irs)
        assert answer_to(Fot(5), None) is None

    def test_hops_are_counted_down_and_delays_added_up(self) -> None:
        """Q.763 §3.80, Q.764 §2.6.2, Q.784 2.4.2."""
        other = put(put((), HOP_COUNTER, 2), PROPAGATION_DELAY, 30)
        iam = onward(Iam(1, CALLED, other=other), 9, 12)
        assert (iam.cic, find(iam.other, HOP_COUNTER, int)) == (9, 1)
        assert find(iam.other, PROPAGATION_DELAY, int) == 42
        assert hops_exhausted(iam)
        assert not hops_exhausted(Iam(1, CALLED))
        history = history_of(iam)
        assert history is not None
        assert history.other == ((0x2D, b"\x00\x2a"),)
        assert onward(Iam(1, CALLED), 9, 0).other == ()

    def test_an_exchange_that_goes_by_satellite_says_so(self) -> None:
        """Q.784 2.3.4a."""
        network = Network()
        trunk = Trunk(GROUP, "ssp-64", PC64, 1, 4, satellite=True)
        network.a = IsupExchange("ssp-62", PC62, network.node62, (trunk,), network.clock)
        network.dial(network.a, "a")
        network.pass_time()
        assert network.arrived[0][1].nature_of_connection == 1

    def test_overload_message_holds_the_call_until_t3(self) -> None:
        """Q.764 §2.9.9."""
        network = Network()
        network.dial(network.a, "a")
        network.pass_time()
        from_b(network, Olm(1))
        network.pass_time(2 * MINUTE_US - SECOND_US)
        assert network.diary == ["b set-up 1"]
        network.pass_time(2 * SECOND_US)
        assert "a released 42" in network.diary
