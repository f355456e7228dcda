"""The procedures of level 3, message by message, with neighbours played by the test (Q.782)."""

import random

import pytest

from calleq.runtime.clock import VirtualClock
from calleq.ss7 import mtp3_codec
from calleq.ss7 import mtp3_management as m
from calleq.ss7.level3.screening import Rule, Screening
from calleq.ss7.level3.timers import Mtp3Timers
from calleq.ss7.mtp3 import Congested, Msu, Status, UserPartUnavailable
from calleq.ss7.mtp3_management_codec import to_msu
from calleq.ss7.node import Mtp3Node
from calleq.ss7.transfer_point import TransferPoint
from calleq.units import MILLISECOND_US, SECOND_US
from tests.mtp3_far_end import FarEnd, pass_time
from tests.ss7_network import PC62, PC64, PC68, PC70

TIMERS = Mtp3Timers()


class EndPoint:
    """SSP 62, with neighbours 68 and 70 played here."""

    def __init__(self, links: int = 1, *, allow: bool = True) -> None:
        self.clock = VirtualClock()
        self.node = Mtp3Node("ssp-62", PC62, self.clock)
        self.stp68 = [FarEnd(self.node, "stp-68", PC68, code) for code in range(links)]
        self.stp70 = FarEnd(self.node, "stp-70", PC70, 0)
        self.node.set_route(PC64, (PC68, PC70))
        self.node.set_route(PC68, (PC70,))
        self.node.set_route(PC70, (PC68,))
        self.told: list[tuple[int, bool]] = []
        self.statuses: list[Status] = []
        self.node.on_status(lambda *status: self.told.append(status))
        self.node.on_indication(self.statuses.append)
        pass_time(self.clock)
        if allow:
            self.stp68[0].send(m.Tra())
            self.stp70.send(m.Tra())
            pass_time(self.clock)
            self.told.clear()
            for far in (*self.stp68, self.stp70):
                far.messages.clear()

    def send(self, count: int = 16) -> None:
        for selection in range(count):
            self.node.transfer(PC64, selection % 16, b"\x01\x00\x10\x00")
        pass_time(self.clock)


class RelayPoint:
    """STP 68, with neighbours 62, 64 and its mate 70 played here."""

    def __init__(self, screening: Screening | None = None, *, allow: bool = True) -> None:
        self.clock = VirtualClock()
        self.node = TransferPoint("stp-68", PC68, self.clock, PC70, screening=screening)
        self.ssp62 = FarEnd(self.node, "ssp-62", PC62, 0)
        self.ssp64 = FarEnd(self.node, "ssp-64", PC64, 0)
        self.stp70 = FarEnd(self.node, "stp-70", PC70, 0)
        self.far = (self.ssp62, self.ssp64, self.stp70)
        pass_time(self.clock)
        if allow:
            for far in self.far:
                far.send(m.Tra())
            pass_time(self.clock)
            for far in self.far:
                far.messages.clear()


class TestLinkTest:
    def test_no_traffic_before_the_test_has_passed(self) -> None:
        clock = VirtualClock()
        node = Mtp3Node("ssp-62", PC62, clock)
        far = FarEnd(node, "stp-68", PC68, 0)
        far.answers_tests = False
        node.set_route(PC64, (PC68,))
        pass_time(clock)
        (test,) = far.tests
        assert node.snapshot().links[0].state == "testing"
        for wrong in (
            m.Slta(1, test.pattern),
            m.Slta(0, test.pattern + b"x"),
            m.Slta(0, b"other"),
        ):
            far.send(wrong)
        far.send(m.Slta(0, test.pattern), origin=PC70)
        pass_time(clock)
        assert node.snapshot().links[0].state == "testing"
        far.send(m.Slta(0, test.pattern))
        pass_time(clock)
        assert node.snapshot().links[0].state == "in traffic"

    def test_a_test_of_the_far_end_is_answered_with_its_pattern(self) -> None:
        point = EndPoint()
        point.stp68[0].send(m.Sltm(0, b"any pattern"))
        point.stp68[0].send(m.Sltm(3, b"not this link"))
        point.stp68[0].send(m.Sltm(0, b"not this node"), origin=PC70)
        pass_time(point.clock)
        assert point.stp68[0].taken() == [m.Slta(0, b"any pattern")]
        assert point.node.management.ignored == 2

    def test_a_test_without_answer_is_made_again_and_then_the_link_is_begun_anew(self) -> None:
        point = EndPoint(links=2)
        far = point.stp68[1]
        far.answers_tests = False
        before = len(far.tests)
        point.clock.advance_us(TIMERS.test_t2_us)
        assert len(far.tests) == before + 1
        point.clock.advance_us(TIMERS.test_t1_us)
        assert len(far.tests) == before + 2
        assert point.node.snapshot().links[1].state == "in traffic"
        point.clock.advance_us(TIMERS.test_t1_us)
        snapshot = point.node.snapshot().links[1]
        assert (snapshot.state, snapshot.tests_failed) == ("changing over", 1)
        far.answers_tests = True
        point.clock.advance_us(5 * SECOND_US)
        assert point.node.snapshot().links[1].state == "in traffic"


class TestChangeover:
    def test_it_is_declared_with_the_last_number_received_and_retrieves_after_the_answer(
        self,
    ) -> None:
        point = EndPoint()
        far = point.stp68[0]
        for _ in range(3):
            far.send_unit(PC62, PC64)
        pass_time(point.clock)
        received = far.wire.end("ssp-62").last_received()
        seen = far.end.last_received()
        point.node.transfer(PC64, 0, b"\x01\x00\x10\x00")
        far.wire.fail()
        pass_time(point.clock)
        assert point.stp70.taken() == [m.Xco(0, received)]
        assert point.stp70.units == []
        point.stp70.send(m.Xca(0, seen), origin=PC68)
        pass_time(point.clock)
        assert [unit.selection for unit in point.stp70.units] == [0]

    def test_without_an_answer_traffic_is_diverted_after_t2(self) -> None:
        point = EndPoint()
        point.node.transfer(PC64, 0, b"\x01\x00\x10\x00")
        point.stp68[0].wire.fail()
        point.send(1)
        point.clock.advance_us(TIMERS.t2_us - 20 * MILLISECOND_US)
        assert point.stp70.units == []
        point.clock.advance_us(20 * MILLISECOND_US)
        assert len(point.stp70.units) == 1, "what was under way is lost, what was held is not"

    @pytest.mark.parametrize(
        ("order", "answer"),
        [(m.Xco(0, 1), m.Xca), (m.Coo(0, 1), m.Coa), (m.Eco(0), m.Xca)],
    )
    def test_the_far_end_may_declare_first(
        self, order: m.Management, answer: type[m.Management]
    ) -> None:
        point = EndPoint()
        point.stp70.send(order, origin=PC68)
        pass_time(point.clock)
        (given,) = point.stp70.taken()
        assert isinstance(given, answer)
        point.send()
        assert len(point.stp70.units) == 16
        assert point.node.snapshot().links[0].state != "in traffic"
        point.clock.advance_us(3 * SECOND_US)
        assert point.node.snapshot().links[0].state == "in traffic", "level 2 has begun anew"

    def test_an_order_after_the_end_is_answered_with_eca(self) -> None:
        point = EndPoint()
        point.stp68[0].wire.fail()
        point.clock.advance_us(2 * SECOND_US)
        point.stp70.taken()
        point.stp70.send(m.Xco(0, 5), origin=PC68)
        pass_time(point.clock)
        assert point.stp70.taken() == [m.Eca(0)]

    def test_an_answer_that_nobody_asked_for_changes_nothing(self) -> None:
        point = EndPoint()
        for answer in (m.Xca(0, 7), m.Coa(0, 7), m.Eca(0), m.Cba(0, 1), m.Xca(9, 1)):
            point.stp70.send(answer, origin=PC68)
        pass_time(point.clock)
        assert point.node.snapshot().links[0].state == "in traffic"
        assert point.node.management.ignored == 1, "there is no link 9"

    def test_without_a_way_to_the_far_end_traffic_waits_for_t1(self) -> None:
        point = EndPoint()
        point.stp70.send(m.Tfp(PC68))
        pass_time(point.clock)
        point.stp68[0].wire.fail()
        point.send(1)
        point.clock.advance_us(TIMERS.t1_us - 20 * MILLISECOND_US)
        assert point.stp70.units == []
        point.clock.advance_us(20 * MILLISECOND_US)
        assert len(point.stp70.units) == 1


class TestChangeback:
    def test_it_is_declared_on_the_old_link_and_traffic_waits_for_the_answer(self) -> None:
        point = EndPoint(links=2)
        one, other = point.stp68
        other.wire.fail()
        pass_time(point.clock)
        point.stp70.send(m.Xca(1, other.end.last_received()), origin=PC68)
        point.clock.advance_us(SECOND_US)
        for far in (one, other):
            far.taken()
            far.units.clear()
        other.wire.restore()
        orders: list[m.Cbd] = []
        while not orders:
            pass_time(point.clock)
            orders = [message for message in one.taken() if isinstance(message, m.Cbd)]
        point.send()
        assert orders[0].slc == 1
        assert other.units == []
        one.send(m.Cba(1, orders[0].code + 1))
        pass_time(point.clock)
        assert other.units == [], "the code says which changeback is meant"
        one.send(m.Cba(1, orders[0].code))
        pass_time(point.clock)
        assert len(other.units) == 4

    def test_it_is_declared_twice_and_then_done_without_an_answer(self) -> None:
        point = EndPoint(links=2)
        one, other = point.stp68
        other.wire.fail()
        point.clock.advance_us(2 * SECOND_US)
        other.wire.restore()
        point.clock.advance_us(3 * SECOND_US)
        orders = [message for message in one.taken() if isinstance(message, m.Cbd)]
        assert len(orders) == 2
        assert orders[0] == orders[1]
        point.send()
        assert len(other.units) == 4

    def test_a_declaration_is_acknowledged(self) -> None:
        point = EndPoint()
        point.stp68[0].send(m.Cbd(0, 77))
        pass_time(point.clock)
        assert point.stp68[0].taken() == [m.Cba(0, 77)]


class TestRoutes:
    def test_a_prohibited_route_is_left_at_once_and_an_allowed_one_taken_after_t6(self) -> None:
        point = EndPoint()
        point.stp68[0].send(m.Tfp(PC64))
        pass_time(point.clock)
        point.send()
        assert (len(point.stp68[0].units), len(point.stp70.units)) == (0, 16)
        point.stp68[0].send(m.Tfa(PC64))
        pass_time(point.clock)
        point.send()
        assert (len(point.stp68[0].units), len(point.stp70.units)) == (0, 24)
        point.clock.advance_us(TIMERS.t6_us)
        assert (len(point.stp68[0].units), len(point.stp70.units)) == (8, 24)
        snapshot = point.node.snapshot()
        assert (snapshot.forced_reroutings, snapshot.controlled_reroutings) == (8, 1)

    def test_a_route_that_is_prohibited_is_asked_about_every_t10(self) -> None:
        point = EndPoint()
        point.stp68[0].send(m.Tfp(PC64))
        point.clock.advance_us(2 * TIMERS.t10_us + SECOND_US)
        assert point.stp68[0].taken() == [m.Rst(PC64)] * 2
        point.stp68[0].send(m.Tfr(PC64))
        point.clock.advance_us(TIMERS.t10_us + SECOND_US)
        assert point.stp68[0].taken() == [m.Rsr(PC64)]
        point.stp68[0].send(m.Tfa(PC64))
        point.clock.advance_us(3 * TIMERS.t10_us)
        assert point.stp68[0].taken() == []

    def test_with_every_route_prohibited_the_user_parts_pause(self) -> None:
        point = EndPoint()
        point.stp68[0].send(m.Tfp(PC64))
        point.stp70.send(m.Tfp(PC64))
        pass_time(point.clock)
        assert point.told == [(PC64, False)]
        assert not point.node.transfer(PC64, 0, b"\x01\x00\x10\x00")
        point.stp70.send(m.Tfa(PC64))
        pass_time(point.clock)
        assert point.told[1:] == [(PC64, True)]

    def test_what_concerns_no_route_of_ours_is_ignored(self) -> None:
        point = EndPoint()
        for message in (m.Tfp(9), m.Tfp(PC68), m.Tfa(9), m.Tfr(PC62), m.Rst(PC64)):
            point.stp68[0].send(message)
        point.stp68[0].send(m.Tfp(PC64), origin=9)
        pass_time(point.clock)
        assert point.node.snapshot().ignored == 6
        assert point.told == []

    def test_a_transfer_point_tells_its_mate_before_it_sends_by_way_of_it(self) -> None:
        point = RelayPoint()
        point.ssp64.wire.fail()
        pass_time(point.clock)
        assert point.stp70.taken()[0] == m.Tfp(PC64)
        assert point.ssp62.taken() == []

    def test_and_everybody_when_there_is_no_way_left(self) -> None:
        point = RelayPoint()
        point.stp70.send(m.Tfp(PC64))
        pass_time(point.clock)
        point.ssp64.wire.fail()
        pass_time(point.clock)
        assert point.ssp62.taken() == [m.Tfp(PC64)]
        assert point.stp70.taken() == [m.Tfp(PC64)]
        point.ssp64.wire.restore()
        point.clock.advance_us(SECOND_US)
        point.ssp64.send(m.Tra())
        pass_time(point.clock)
        assert point.ssp62.taken() == [m.Tfa(PC64)]
        assert point.stp70.taken() == [m.Tfa(PC64)]

    def test_a_message_for_what_cannot_be_reached_is_answered_once_in_t8(self) -> None:
        point = RelayPoint()
        for _ in range(3):
            point.ssp62.send_unit(9, PC62)
        pass_time(point.clock)
        assert point.ssp62.taken() == [m.Tfp(9)]
        point.clock.advance_us(TIMERS.t8_us)
        point.ssp62.send_unit(9, PC62)
        pass_time(point.clock)
        assert point.ssp62.taken() == [m.Tfp(9)]
        assert point.node.undeliverable == 4

    def test_a_question_about_an_allowed_route_is_answered(self) -> None:
        point = RelayPoint()
        point.ssp62.send(m.Rst(PC64))
        point.stp70.send(m.Rst(PC64))
        point.ssp62.send(m.Rst(9))
        pass_time(point.clock)
        assert point.ssp62.taken() == [m.Tfa(PC64)]
        assert point.stp70.taken() == [m.Tfa(PC64)]
        point.ssp64.wire.fail()
        pass_time(point.clock)
        point.stp70.taken()
        point.stp70.send(m.Rst(PC64))
        pass_time(point.clock)
        assert point.stp70.taken() == [], "still prohibited: no answer (§13.5.4)"


class TestRestart:
    def test_an_end_point_waits_for_every_neighbour(self) -> None:
        point = EndPoint(allow=False)
        assert point.stp68[0].messages == [m.Tra()], "it knows nothing that would be worth waiting"
        assert not point.node.accessible(PC64)
        point.stp68[0].send(m.Tra())
        pass_time(point.clock)
        assert not point.node.accessible(PC64)
        point.stp70.send(m.Tra())
        pass_time(point.clock)
        assert sorted(point.told) == sorted([(PC64, True), (PC68, True), (PC70, True)])

    def test_and_no_longer_than_t20(self) -> None:
        point = EndPoint(allow=False)
        point.stp68[0].send(m.Tra())
        point.clock.advance_us(TIMERS.t20_us)
        assert point.node.accessible(PC64)

    def test_a_neighbour_that_was_away_is_used_when_it_allows_it_or_after_t21(self) -> None:
        for allows in (True, False):
            point = EndPoint()
            point.stp70.send(m.Tfp(PC68))
            point.stp68[0].wire.fail()
            point.clock.advance_us(2 * SECOND_US)
            point.stp68[0].wire.restore()
            point.clock.advance_us(2 * SECOND_US)
            point.send()
            assert len(point.stp70.units) == 16
            if allows:
                point.stp68[0].send(m.Tra())
                point.clock.advance_us(SECOND_US)
            else:
                point.clock.advance_us(TIMERS.t21_us)
            point.send()
            assert len(point.stp68[0].units) == 8

    def test_a_transfer_point_tells_what_is_prohibited_before_it_allows_traffic(self) -> None:
        point = RelayPoint(allow=False)
        for far in point.far:
            assert far.messages == []
        point.ssp62.send(m.Tra())
        point.ssp64.wire.fail()
        point.stp70.send(m.Tfp(PC64))
        point.stp70.send(m.Tra())
        pass_time(point.clock)
        assert point.ssp62.messages == []
        point.clock.advance_us(TIMERS.t18_us)
        assert point.ssp62.taken() == [m.Tfp(PC64), m.Tra()]
        assert point.stp70.taken()[-1] == m.Tra()

    def test_an_unexpected_permission_is_answered_once_in_t19(self) -> None:
        point = RelayPoint()
        point.ssp62.send(m.Tra())
        pass_time(point.clock)
        assert point.ssp62.taken() == []
        point.clock.advance_us(TIMERS.t19_us)
        for _ in range(2):
            point.ssp62.send(m.Tra())
            pass_time(point.clock)
        assert point.ssp62.taken() == [m.Tra()]


class TestInhibiting:
    def test_a_link_is_kept_free_of_traffic_and_given_back(self) -> None:
        point = EndPoint(links=2)
        outcomes: list[str] = []
        point.node.inhibit("ssp-62/stp-68", outcomes.append, code=1)
        pass_time(point.clock)
        asked = [one for far in point.stp68 for one in far.taken() if isinstance(one, m.Lin)]
        assert asked == [m.Lin(1)]
        point.stp68[0].send(m.Lia(1))
        point.clock.advance_us(SECOND_US)
        assert outcomes == ["inhibited"]
        assert point.node.snapshot().links[1].state == "inhibited"
        point.send()
        assert (len(point.stp68[0].units), len(point.stp68[1].units)) == (8, 0)
        point.clock.advance_us(TIMERS.t22_us)
        asked = [one for far in point.stp68 for one in far.taken() if isinstance(one, m.Llt)]
        assert asked == [m.Llt(1)]
        point.node.uninhibit("ssp-62/stp-68", outcomes.append, code=1)
        pass_time(point.clock)
        point.stp68[0].send(m.Lua(1))
        point.clock.advance_us(2 * SECOND_US)
        assert outcomes == ["inhibited", "free"]
        assert point.node.snapshot().links[1].state == "in traffic"

    def test_the_last_way_is_not_inhibited(self) -> None:
        point = EndPoint()
        outcomes: list[str] = []
        point.stp70.wire.fail()
        point.clock.advance_us(2 * SECOND_US)
        point.stp68[0].taken()
        point.node.inhibit("ssp-62/stp-68", outcomes.append)
        point.stp68[0].send(m.Lin(0))
        pass_time(point.clock)
        assert outcomes == ["denied"]
        assert point.stp68[0].taken() == [m.Lid(0)]

    def test_the_far_end_may_refuse_or_be_silent(self) -> None:
        point = EndPoint(links=2)
        outcomes: list[str] = []
        point.node.inhibit("ssp-62/stp-68", outcomes.append, code=1)
        point.stp68[0].send(m.Lid(1))
        pass_time(point.clock)
        point.node.inhibit("ssp-62/stp-68", outcomes.append, code=1)
        point.clock.advance_us(2 * TIMERS.t14_us)
        assert outcomes == ["denied", "denied"]
        with pytest.raises(KeyError):
            point.node.inhibit("no link", outcomes.append)

    def test_the_far_end_inhibits_and_frees_and_is_asked_every_t23(self) -> None:
        point = EndPoint(links=2)
        point.stp68[0].send(m.Lin(1))
        point.clock.advance_us(SECOND_US)
        assert point.node.snapshot().links[1].inhibited_there
        point.clock.advance_us(TIMERS.t23_us)
        answers = [one for far in point.stp68 for one in far.taken()]
        assert sorted(answers, key=str) == [m.Lia(1), m.Lrt(1)]
        point.stp68[0].send(m.Lun(1))
        point.clock.advance_us(2 * SECOND_US)
        assert point.node.snapshot().links[1].state == "in traffic"
        assert m.Lua(1) in [one for far in point.stp68 for one in far.taken()]

    def test_an_inhibited_link_that_is_needed_is_freed(self) -> None:
        point = EndPoint(links=2)
        point.stp68[0].send(m.Lin(1))
        point.clock.advance_us(SECOND_US)
        point.stp70.wire.fail()
        point.clock.advance_us(SECOND_US)
        point.stp68[0].taken()
        point.stp68[0].wire.fail()
        pass_time(point.clock)
        assert m.Lfu(1) in point.stp68[1].taken()
        point.stp68[1].send(m.Lun(1))
        point.clock.advance_us(2 * SECOND_US)
        point.stp68[1].send(m.Tra())
        point.clock.advance_us(2 * SECOND_US)
        assert point.node.accessible(PC64)

    def test_mistakes_about_who_inhibits_are_put_right(self) -> None:
        point = EndPoint(links=2)
        point.stp68[0].send(m.Llt(1))
        point.stp68[0].send(m.Lrt(1))
        pass_time(point.clock)
        assert sorted(map(str, (one for far in point.stp68 for one in far.taken()))) == sorted(
            map(str, (m.Lfu(1), m.Lun(1)))
        )


class TestCongestion:
    def test_user_parts_hear_of_congestion_and_of_its_gradual_end(self) -> None:
        point = EndPoint()
        point.stp68[0].send(m.Tfc(PC64, 2))
        pass_time(point.clock)
        assert point.statuses == [Congested(PC64, 2)]
        point.clock.advance_us(TIMERS.t15_us)
        assert [one for far in (*point.stp68, point.stp70) for one in far.taken()] == [m.Rct()]
        point.clock.advance_us(TIMERS.t16_us)
        assert point.statuses[1:] == [Congested(PC64, 1)]
        point.clock.advance_us(TIMERS.t16_us)
        assert point.statuses[2:] == [Congested(PC64, 0)]
        assert point.clock.run(3_600 * SECOND_US), "no timer is left"

    def test_while_it_lasts_it_is_not_lowered(self) -> None:
        point = EndPoint()
        point.stp68[0].send(m.Tfc(PC64, 3))
        point.clock.advance_us(TIMERS.t15_us + 20 * MILLISECOND_US)
        point.stp68[0].send(m.Tfc(PC64, 3))
        point.clock.advance_us(TIMERS.t16_us)
        assert point.statuses == [Congested(PC64, 3)]

    def test_a_transfer_point_controls_the_sender_once_in_eight_messages(self) -> None:
        point = RelayPoint()
        link = next(iter(point.node.point.linksets[PC64].links))
        link.congestion = 2
        for _ in range(17):
            point.ssp62.send_unit(PC64, PC62)
        pass_time(point.clock)
        assert point.ssp62.taken() == [m.Tfc(PC64, 2)] * 3
        assert len(point.ssp64.units) == 17
        test = to_msu(m.Rct(), PC64, PC62)
        point.ssp62.end.send(mtp3_codec.encode(test))
        pass_time(point.clock)
        assert point.ssp62.taken() == [m.Tfc(PC64, 2)], "a test is answered always"


class TestUserParts:
    def test_a_service_that_nobody_uses_is_answered_with_upu_once_in_a_while(self) -> None:
        point = EndPoint()
        for _ in range(3):
            point.stp68[0].send_unit(PC62, PC64, service=3)
        pass_time(point.clock)
        sent = [one for far in (*point.stp68, point.stp70) for one in far.taken()]
        assert sent == [m.Upu(PC62, 3, 1)]
        assert point.node.unknown_service == 3

    def test_user_parts_hear_of_one_that_is_not_there(self) -> None:
        point = EndPoint()
        point.stp68[0].send(m.Upu(PC64, 5, 2), origin=PC64)
        pass_time(point.clock)
        assert point.statuses == [UserPartUnavailable(PC64, 5, 2)]


class TestOverM3ua:
    """Links that manage themselves: no message of level 3 crosses them."""

    def test_they_carry_traffic_at_once_and_are_sent_no_management(self) -> None:
        clock = VirtualClock()
        node = TransferPoint("stp-68", PC68, clock)
        gateway = FarEnd(node, "gateway", PC70, 0, managed=False)
        ssp = FarEnd(node, "ssp-62", PC62, 0)
        pass_time(clock)
        ssp.send(m.Tra())
        pass_time(clock)
        ssp.send_unit(PC70, PC62)
        gateway.send_unit(PC62, PC70)
        gateway.send_unit(9, PC70)
        pass_time(clock)
        assert len(gateway.units) == len(ssp.units) == 1
        ssp.wire.fail()
        clock.advance_us(2 * SECOND_US)
        assert gateway.messages == gateway.tests == []
        gateway.wire.fail()
        pass_time(clock)
        assert not node.accessible(PC70)
        gateway.wire.restore()
        clock.advance_us(3 * SECOND_US)
        assert node.accessible(PC70)
        assert gateway.messages == gateway.tests == []


class TestScreening:
    RULES = (
        Rule(frozenset({PC62}), frozenset({PC64}), frozenset({5}), frozenset({PC62})),
        Rule(frozenset({PC64})),
    )

    def test_what_no_rule_allows_is_refused_counted_and_kept(self) -> None:
        screening = Screening(self.RULES)
        point = RelayPoint(screening)
        point.ssp62.send_unit(PC64, PC62)
        point.ssp64.send_unit(PC62, PC64, service=3)
        point.ssp62.send_unit(PC64, PC62, service=3)
        point.ssp62.send_unit(PC70, PC62)
        point.ssp62.send_unit(PC64, 77)
        point.stp70.send_unit(PC64, PC62)
        pass_time(point.clock)
        assert len(point.ssp64.units) == 1
        assert len(point.ssp62.units) == 1
        snapshot = point.node.snapshot()
        assert snapshot.refused == {"origin": 1, "destination": 1, "service": 1, "link": 1}
        assert [(one.origin, one.destination, one.reason) for one in snapshot.refusals] == [
            (PC62, PC64, "service"),
            (PC62, PC70, "destination"),
            (77, PC64, "origin"),
            (PC62, PC64, "link"),
        ]

    def test_what_is_for_the_transfer_point_itself_is_not_screened(self) -> None:
        point = RelayPoint(Screening(self.RULES))
        point.stp70.send(m.Tfp(PC64))
        pass_time(point.clock)
        assert point.node.point.ways[PC64].prohibited == {PC70}


STRINGS = 50_000


def test_fifty_thousand_damaged_management_messages_stop_nothing() -> None:
    """Valid messages of level 3, damaged behind the label, into an end point and an STP."""
    draw = random.Random(20_261_121)
    orders: list[m.Management] = [m.Coo(0, 3), m.Xco(0, 9), m.Eco(0)]
    messages: list[m.Management] = [
        m.Coa(0, 3), m.Xca(0, 9), m.Cbd(0, 1), m.Cba(0, 1), m.Eca(0), m.Rct(), m.Tfc(PC64, 1),
        m.Tfp(PC64), m.Tfr(PC64), m.Tfa(PC64), m.Rst(PC64), m.Rsr(PC64), m.Lin(0), m.Lun(0),
        m.Lia(0), m.Lua(0), m.Lid(0), m.Lfu(0), m.Llt(0), m.Lrt(0), m.Tra(), m.Upu(PC64, 5, 1),
        m.Sltm(0, b"x"), m.Slta(0, b"calleq\x00\x01"),
    ]  # fmt: skip
    end_point, relay = EndPoint(), RelayPoint()
    scenes = [(end_point, (*end_point.stp68, end_point.stp70)), (relay, relay.far)]
    sent = 0
    while sent < STRINGS:
        scene, fars = scenes[sent % 2]
        far = draw.choice(fars)
        # Orders take a link out of service for a while, so they are few.
        pool = orders if draw.random() < 0.02 else messages
        octets = bytearray(
            mtp3_codec.encode(to_msu(draw.choice(pool), scene.node.point_code, far.point_code))
        )
        for _ in range(draw.randint(0, 3)):
            place = draw.randrange(5, len(octets) + 1)
            if place < len(octets) and draw.random() < 0.6:
                octets[place] = draw.randrange(256)
            elif draw.random() < 0.5:
                del octets[place:]
            else:
                octets[place:place] = draw.randbytes(draw.randint(1, 4))
        if far.end.send(bytes(octets)):
            sent += 1
        else:
            # Changeovers that nobody meant take links out of service for a while.
            scene.clock.advance_us(SECOND_US)
        if sent % 50 < 2:
            scene.clock.advance_us(draw.choice((2, 20, 500)) * MILLISECOND_US)
    for scene, fars in scenes:
        scene.clock.advance_us(600 * SECOND_US)
        for far in fars:
            far.send(m.Tfa(PC64))
            far.send(m.Lun(0))
            far.send(m.Tra())
        scene.clock.advance_us(600 * SECOND_US)
        assert scene.node.management.malformed > 500
        assert scene.node.management.ignored > 500
        assert {link.state for link in scene.node.snapshot().links} == {"in traffic"}
        assert scene.node.accessible(PC64)


def test_a_unit_that_does_not_fit_is_refused_by_the_codec() -> None:
    point = EndPoint()
    with pytest.raises(ValueError, match="payload of 269"):
        point.node.transfer(PC64, 0, bytes(269))
    with pytest.raises(ValueError, match="selection 16"):
        point.node.transfer(PC64, 16, b"")
    assert isinstance(point.node.point.encode(m.Tra(), PC68), bytes)
    assert mtp3_codec.decode(point.node.point.encode(m.Tra(), PC68)) == Msu(
        PC68, PC62, 0, b"\x17", 0
    )
