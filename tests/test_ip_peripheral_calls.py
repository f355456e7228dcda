"""Calls of the peripheral on its circuits: journal before signalling, voice, hunting, ends."""

import msgspec
import pytest

from calleq.calling_logic.logic import RETELL_US
from calleq.journal.entries import Dialled, Ended, Progress, Stamped, Undertaken
from calleq.osn.messages import CallProgress, SetUpRefused, encode
from calleq.ss7.isup.messages import CalledNumber, Iam
from calleq.units import MINUTE_US, SECOND_US
from tests.ip_peripheral_neighbours import (
    BUSINESS,
    CUSTOMER,
    JANE,
    JIM,
    JOE,
    OWN,
    FarCircuit,
    Network,
    Telephone,
    instruction,
)

ANNOUNCEMENT = "Please hold while we connect you to an ABC Company customer representative."
WHISPER = "Call for ABC Company."


def test_a_call_is_durable_step_by_step_before_it_is_acted_on() -> None:
    network = Network()
    network.set_up()
    network.passes(20 * SECOND_US)
    network.exchange.hangs_up(CUSTOMER)
    network.passes(SECOND_US)
    assert network.seen == [
        "durable: undertaken",
        "told: SetUpTaken",
        f"durable: dialled {CUSTOMER}",
        "told: dialled customer",
        f"IAM {CUSTOMER}",
        "durable: ringing customer",
        "told: ringing customer",
        "durable: answered customer",
        "told: answered customer",
        "told: announcement_started customer",
        f"durable: dialled {JANE}",
        "told: dialled agent",
        f"IAM {JANE}",
        "durable: ringing agent",
        "told: ringing agent",
        "durable: name_spoken customer",
        "durable: announcement_ended customer",
        "told: announcement_ended customer",
        "told: music_started customer",
        "durable: answered agent",
        "told: answered agent",
        "told: whisper_started agent",
        "durable: whisper_ended agent",
        "durable: bridged",
        "told: bridged",
        "durable: music_ended customer",
        f"REL 16 from {CUSTOMER}",
        "durable: released customer",
        "told: released customer",
        f"REL 16 to {JANE}",
        "durable: released agent",
        "told: released agent",
        "durable: completed",
        "told: ended completed",
    ]
    assert network.exchange.idle("76-62") == network.exchange.circuits
    assert len(network.peripheral.calling_logic) == 0
    assert network.clock.next_due_us() is None


def test_the_attempt_names_the_circuit_of_its_iam() -> None:
    network = Network()
    network.set_up()
    network.passes(SECOND_US)
    (dialled,) = [s.entry for s in network.journal.entries if isinstance(s.entry, Dialled)]
    assert dialled.circuit == network.exchange.ringing[CUSTOMER].key
    assert (dialled.leg, dialled.attempt, dialled.number) == ("customer", 1, CUSTOMER)


def test_each_party_sees_the_other_side_as_the_caller() -> None:
    network = Network()
    network.set_up()
    network.passes(20 * SECOND_US)
    to_customer, to_agent = network.exchange.calling[CUSTOMER], network.exchange.calling[JANE]
    assert to_customer is not None
    assert to_agent is not None
    assert (f"+{to_customer.digits}", to_customer.presentation) == (BUSINESS, 0)
    assert (f"+{to_agent.digits}", to_agent.presentation) == (CUSTOMER, 0)


def test_a_business_without_a_number_shows_the_peripherals() -> None:
    network = Network()
    network.set_up(business_number="")
    network.passes(SECOND_US)
    calling = network.exchange.calling[CUSTOMER]
    assert calling is not None
    assert f"+{calling.digits}" == OWN


def test_each_party_hears_what_is_meant_for_it() -> None:
    network = Network()
    network.set_up()
    network.passes(20 * SECOND_US)
    customer, agent = network.exchange.up[CUSTOMER].wire, network.exchange.up[JANE].wire
    heard = {
        wire: [names for _, fed, names in network.voice.heard if fed == wire]
        for wire in (customer, agent)
    }
    assert heard[customer] == [(ANNOUNCEMENT,), ("music",), (f"wire:{agent}",)]
    assert heard[agent] == [(WHISPER,), (f"wire:{customer}",)]
    network.exchange.hangs_up(JANE)
    network.passes(SECOND_US)
    assert network.voice.fed == {customer: (), agent: ()}
    assert network.voice.playing == {}


def test_who_is_left_on_the_bridge_hears_nothing_of_the_circuits_next_call() -> None:
    network = Network()
    network.set_up()
    network.passes(20 * SECOND_US)
    agent = network.exchange.up[JANE]
    network.exchange.hangs_up(CUSTOMER)
    assert agent.user is not None, "not released yet"
    assert network.voice.fed[agent.wire] == ()


def test_an_answer_at_the_instant_of_the_ring_limit_comes_too_late() -> None:
    network = Network()
    network.exchange.telephones[JANE] = Telephone(answers_after_us=30 * SECOND_US - 2_000)
    network.set_up(hunt=False)
    network.passes(MINUTE_US)
    assert network.told("REL") == [f"REL 19 to {JANE}", f"REL 16 to {CUSTOMER}"]
    assert [(end.state, end.cause) for end in network.ends()] == [("agent_no_answer", 19)]


def test_the_announcement_is_heard_from_the_answer_on() -> None:
    network = Network()
    network.set_up(detect_machine=True)
    network.passes(20 * SECOND_US)
    (answered,) = [
        s.monotonic_us
        for s in network.journal.entries
        if isinstance(s.entry, Progress)
        and (s.entry.event, s.entry.leg) == ("answered", "customer")
    ]
    first_heard_us, _, names = network.voice.heard[0]
    assert names == (ANNOUNCEMENT,)
    assert first_heard_us - answered <= 1_000


class TestCustomer:
    @pytest.mark.parametrize(
        ("cause", "state"), [(17, "customer_busy"), (21, "customer_rejected"), (1, "failed")]
    )
    def test_not_reached(self, cause: int, state: str) -> None:
        network = Network()
        network.exchange.telephones[CUSTOMER] = Telephone(refuses=cause)
        network.set_up()
        network.passes(MINUTE_US)
        assert [(end.state, end.cause) for end in network.ends()] == [(state, cause)]
        assert network.told("IAM") == [f"IAM {CUSTOMER}"]

    def test_who_never_answers_is_released_at_the_ring_limit(self) -> None:
        network = Network()
        network.exchange.telephones[CUSTOMER] = Telephone(answers_after_us=None)
        network.set_up()
        network.passes(30 * SECOND_US)
        assert network.told("REL") == []
        network.passes(SECOND_US)
        assert network.told("REL") == [f"REL 19 to {CUSTOMER}"]
        assert [end.state for end in network.ends()] == ["customer_no_answer"]

    def test_who_leaves_stops_the_representatives_telephone(self) -> None:
        network = Network()
        network.exchange.telephones[CUSTOMER] = Telephone(hangs_up_after_us=3 * SECOND_US)
        network.set_up()
        network.passes(6 * SECOND_US)
        assert JANE in network.exchange.ringing
        network.passes(SECOND_US + 20_000)
        assert JANE not in network.exchange.ringing
        assert network.told("REL") == [f"REL 16 from {CUSTOMER}", f"REL 16 to {JANE}"]
        assert [end.state for end in network.ends()] == ["customer_abandoned"]

    def test_who_leaves_before_the_representatives_iam_takes_it_back(self) -> None:
        network = Network()
        network.exchange.telephones[CUSTOMER] = Telephone(hangs_up_after_us=500)
        network.set_up()
        network.passes(MINUTE_US)
        assert f"durable: dialled {JANE}" in network.seen
        assert "given back" in network.seen
        assert network.told("IAM") == [f"IAM {CUSTOMER}"]
        assert network.told("told: dialled") == ["told: dialled customer"]
        assert [end.state for end in network.ends()] == ["customer_abandoned"]
        assert network.exchange.idle("76-62") == network.exchange.circuits

    def test_who_is_a_machine_costs_no_representative(self) -> None:
        network = Network()
        network.voice.verdict = "machine"
        network.set_up(detect_machine=True)
        network.passes(MINUTE_US)
        assert [end.state for end in network.ends()] == ["customer_machine"]
        assert network.told("IAM") == [f"IAM {CUSTOMER}"]

    def test_who_has_no_telephone_number(self) -> None:
        network = Network()
        network.set_up(customer="sip:alice@example.com")
        network.passes(MINUTE_US)
        assert [(end.state, end.cause) for end in network.ends()] == [("failed", 28)]
        assert network.told("IAM") == []


class TestHunt:
    def test_goes_to_who_has_been_idle_longest(self) -> None:
        network = Network()
        network.exchange.telephones[JANE] = Telephone(refuses=17)
        network.set_up()
        network.passes(20 * SECOND_US)
        assert network.told("IAM") == [f"IAM {number}" for number in (CUSTOMER, JANE, JOE)]
        network.exchange.hangs_up(JOE)
        network.passes(SECOND_US)
        assert [end.state for end in network.ends()] == ["completed"]
        network.set_up("c2", representative="")
        network.passes(20 * SECOND_US)
        assert network.told("IAM")[-2:] == [f"IAM {JANE}", f"IAM {JOE}"]

    def test_passes_over_who_is_in_another_call(self) -> None:
        network = Network()
        network.exchange.telephones[JIM] = Telephone()
        network.set_up()
        network.passes(20 * SECOND_US)
        network.set_up("c2", customer=JIM, representative="")
        network.passes(20 * SECOND_US)
        assert network.told("IAM")[-1] == f"IAM {JOE}"

    def test_that_fails_ends_with_the_apology(self) -> None:
        network = Network()
        network.exchange.telephones[JANE] = Telephone(refuses=17)
        network.exchange.telephones[JOE] = Telephone(refuses=21)
        network.set_up()
        network.passes(MINUTE_US)
        assert network.told("told: apology") == ["told: apology_started customer"]
        assert network.told("REL")[-1] == f"REL 16 to {CUSTOMER}"
        assert [(end.state, end.cause) for end in network.ends()] == [("agent_rejected", 21)]

    def test_goes_on_after_a_representative_who_never_answers(self) -> None:
        network = Network()
        network.exchange.telephones[JANE] = Telephone(answers_after_us=None)
        network.set_up()
        network.passes(MINUTE_US)
        assert network.told("REL") == [f"REL 19 to {JANE}"]
        assert JOE in network.exchange.up

    def test_goes_on_after_a_representative_who_hangs_up_on_the_whisper(self) -> None:
        network = Network()
        network.exchange.telephones[JANE] = Telephone(hangs_up_after_us=SECOND_US // 2)
        network.set_up()
        network.passes(30 * SECOND_US)
        assert JOE in network.exchange.up
        assert network.told("told: bridged") == ["told: bridged"]


class TestCircuits:
    def test_no_customer_is_called_without_a_circuit_for_the_representative(self) -> None:
        network = Network(circuits=3)
        network.set_up()
        network.set_up("c2")
        network.passes(SECOND_US)
        assert network.told("IAM") == [f"IAM {CUSTOMER}"]
        assert [(end.call, end.state, end.cause) for end in network.ends()] == [
            ("c2", "failed", 34)
        ]

    def test_every_attempt_of_a_hunt_has_its_circuit(self) -> None:
        network = Network(circuits=2)
        network.exchange.telephones[JANE] = Telephone(refuses=17)
        network.set_up()
        network.passes(20 * SECOND_US)
        assert JOE in network.exchange.up

    def test_a_call_that_ends_gives_its_reservation_back(self) -> None:
        network = Network(circuits=2)
        network.exchange.telephones[CUSTOMER] = Telephone(refuses=17)
        for call in ("c1", "c2", "c3"):
            network.set_up(call)
            network.passes(SECOND_US)
        assert [end.state for end in network.ends()] == ["customer_busy"] * 3

    def test_a_call_that_comes_in_is_refused(self) -> None:
        network = Network()
        circuit = FarCircuit(network.exchange, 40)
        assert network.exchange.arrived is not None
        circuit.user = network.exchange.arrived(circuit, Iam(40, CalledNumber("12125550199")))
        network.passes(SECOND_US)
        assert network.told("REL") == ["REL 3 to "]
        assert network.peripheral.refused_set_ups == 1


class TestInstructions:
    def test_that_come_again_set_up_one_call(self) -> None:
        network = Network()
        network.set_up()
        network.set_up()
        network.passes(SECOND_US)
        network.set_up()
        network.passes(20 * SECOND_US)
        assert network.told("told: SetUpTaken") == ["told: SetUpTaken"] * 2
        assert network.told("IAM") == [f"IAM {CUSTOMER}", f"IAM {JANE}"]

    def test_that_come_again_after_the_end_are_answered_with_it(self) -> None:
        network = Network()
        network.exchange.telephones[CUSTOMER] = Telephone(refuses=17)
        network.set_up()
        network.passes(SECOND_US)
        network.set_up()
        network.passes(SECOND_US)
        first, second = network.ends()
        assert first == second
        assert network.told("IAM") == [f"IAM {CUSTOMER}"]

    @pytest.mark.parametrize(
        "octets",
        [b"", b"{}", b'{"kind":"set_up_call"}', b"\xff\x00", encode(CallProgress("c", "x", 1))],
    )
    def test_that_are_none_are_counted(self, octets: bytes) -> None:
        network = Network()
        network.instruct(octets)
        network.passes(SECOND_US)
        assert network.peripheral.calling_logic.discarded == 1
        assert network.seen == []

    def test_beyond_the_limit_are_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("calleq.calling_logic.logic.CALLS_LIMIT", 1)
        network = Network()
        network.set_up()
        network.set_up("c2")
        network.passes(SECOND_US)
        (refused,) = [m for m in network.received if isinstance(m, SetUpRefused)]
        assert (refused.call, refused.cause) == ("c2", 42)

    def test_may_be_taken_back(self) -> None:
        network = Network()
        network.set_up()
        network.passes(6 * SECOND_US)
        assert network.peripheral.cancel("c1")
        network.passes(SECOND_US)
        assert [end.state for end in network.ends()] == ["canceled"]
        assert network.exchange.idle("76-62") == network.exchange.circuits
        assert not network.peripheral.cancel("c1")


def test_the_loss_of_the_voice_plane_fails_every_call_and_releases_its_circuits() -> None:
    network = Network()
    network.set_up()
    network.passes(20 * SECOND_US)
    network.peripheral.lose_all()
    network.passes(SECOND_US)
    assert [(end.state, end.cause) for end in network.ends()] == [("failed", 41)]
    assert sorted(network.told("REL")) == [f"REL 41 to {CUSTOMER}", f"REL 41 to {JANE}"]
    assert network.exchange.idle("76-62") == network.exchange.circuits


class TestRestart:
    def entries(self, length_us: int) -> list[Stamped]:
        """The journal of a process that ended after `length_us`."""
        network = Network()
        network.set_up()
        network.passes(length_us)
        return network.journal.entries

    def test_sets_up_what_had_no_dialling(self) -> None:
        undertaken = [s for s in self.entries(0) if isinstance(s.entry, Undertaken)]
        network = Network()
        assert network.peripheral.restart(undertaken) == 1
        network.passes(20 * SECOND_US)
        assert network.told("IAM") == [f"IAM {CUSTOMER}", f"IAM {JANE}"]

    @pytest.mark.parametrize("length_us", [0, 3 * SECOND_US, 6 * SECOND_US, 20 * SECOND_US])
    def test_dials_nobody_a_second_time(self, length_us: int) -> None:
        network = Network()
        assert network.peripheral.restart(self.entries(length_us)) == 0
        network.passes(MINUTE_US)
        assert network.told("IAM") == []
        assert [(end.state, end.cause) for end in network.ends()] == [("failed", 41)]
        (progress,) = [m for m in network.received if isinstance(m, CallProgress)]
        assert (progress.event, progress.detail) == ("failed", "restart")
        assert [s.entry for s in network.journal.entries][-1] == Ended("c1", "failed", 41)

    def test_tells_an_end_again_and_does_nothing_else(self) -> None:
        """The process may have died after the end was durable and before it left."""
        network = Network()
        network.exchange.telephones[CUSTOMER] = Telephone(refuses=17)
        network.set_up()
        network.passes(SECOND_US)
        restarted = Network()
        assert restarted.peripheral.restart(network.journal.entries) == 0
        restarted.passes(SECOND_US)
        assert restarted.seen == ["told: ended customer_busy"]

    def test_leaves_alone_what_had_ended_long_before(self) -> None:
        network = Network()
        network.exchange.telephones[CUSTOMER] = Telephone(refuses=17)
        network.set_up()
        network.passes(SECOND_US)
        last = network.journal.entries[-1]
        later = msgspec.structs.replace(
            last, at_us=last.at_us + RETELL_US + 1, entry=Progress("another", "ringing")
        )
        restarted = Network()
        assert restarted.peripheral.restart([*network.journal.entries, later]) == 0
        restarted.passes(SECOND_US)
        assert restarted.seen == []
        restarted.instruct(encode(instruction()))
        restarted.passes(SECOND_US)
        assert [end.state for end in restarted.ends()] == ["customer_busy"]
        assert restarted.told("IAM") == []

    def test_reads_only_what_the_peripheral_wrote(self) -> None:
        entries = [
            Stamped("ip-77", s.sequence, s.at_us, s.monotonic_us, s.entry)
            for s in self.entries(SECOND_US)
        ]
        network = Network()
        assert network.peripheral.restart(entries) == 0
        network.passes(SECOND_US)
        assert network.seen == []


@pytest.mark.parametrize("hangs_up_after_us", range(0, 10 * SECOND_US, 230_011))
def test_a_customer_who_hangs_up_at_any_instant_leaves_nothing_behind(
    hangs_up_after_us: int,
) -> None:
    network = Network()
    network.exchange.telephones[CUSTOMER] = Telephone(hangs_up_after_us=hangs_up_after_us)
    network.set_up()
    network.passes(MINUTE_US)
    assert network.exchange.idle("76-62") == network.exchange.circuits
    assert network.voice.playing == {}
    assert len(network.ends()) == 1
    assert network.ends()[0].state in ("customer_abandoned", "completed")
    assert network.clock.next_due_us() is None
