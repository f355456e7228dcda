"""Calls under control, as flows: hold, mute, prompts, keys, third parties, transfers."""

import pytest

from calleq.journal.entries import Controlled, Progress
from calleq.media.wording import named_text
from calleq.osn.messages import ControlCall, ControlRefused, encode
from calleq.osn.orders import (
    AddThird,
    Complete,
    Consult,
    HangUp,
    Hold,
    Mute,
    PlayPrompt,
    Record,
    SendKeys,
    StopPrompt,
    TakeBack,
    Transfer,
    Unhold,
    Unmute,
)
from calleq.topology import Topology, load_topology
from calleq.units import SECOND_US
from tests.control_scene import AGENT, CUSTOMER, OTHER, ControlledCall
from tests.test_ssp_board import by_control_point, without_peripheral
from tests.virtual import OTHER_REPRESENTATIVE, VirtualNetwork, leg_of, number

EACH = pytest.mark.parametrize(
    "topology", [load_topology(), without_peripheral()], ids=["ip", "ssp"]
)
"""The equipment that mixes voices itself."""

HEARS_AGENT, HEARS_CUSTOMER, HEARS_OTHER = (
    {f"mouth:{telephone}"} for telephone in (AGENT, CUSTOMER, OTHER)
)
MUSIC = {"music"}
BUSY, NOBODY = number("01"), "+12125559999"


@EACH
def test_a_party_on_hold_hears_music_and_is_not_heard(topology: Topology) -> None:
    call = ControlledCall(topology)
    call.done(Hold("customer"))
    call.passes(10)
    assert (call.hears(CUSTOMER), call.hears(AGENT)) == (MUSIC, set())
    call.done(Hold("customer"))  # it is: nothing happens again
    call.done(Unhold("customer"))
    call.passes(1)
    assert (call.hears(CUSTOMER), call.hears(AGENT)) == (HEARS_AGENT, HEARS_CUSTOMER)
    assert call.happened() == ["held customer", "unheld customer"]
    call.ends()


def test_the_timeline_has_the_time_on_hold_and_billing_goes_on() -> None:
    call = ControlledCall()
    call.done(Hold("customer"))
    call.passes(30)
    call.done(Unhold("customer"))
    call.passes(1)
    held_us = call.event_at_us(call.reference, "unheld") - call.event_at_us(call.reference, "held")
    assert abs(held_us - 30 * SECOND_US) < SECOND_US // 10
    call.ends()
    record = call.records()[call.reference]
    for leg, telephone in (("customer", CUSTOMER), ("agent", AGENT)):
        (lived,) = call.calls(telephone)
        assert lived.answered is not None
        assert lived.ended is not None
        assert leg_of(record, leg).talk_us == lived.ended.at_us - lived.answered.at_us > held_us


@EACH
def test_both_may_be_on_hold_and_each_comes_back_alone(topology: Topology) -> None:
    call = ControlledCall(topology)
    call.done(Hold("customer"), Hold("agent"))
    call.passes(1)
    assert (call.hears(CUSTOMER), call.hears(AGENT)) == (MUSIC, MUSIC)
    call.done(Unhold("customer"))
    call.passes(1)
    assert (call.hears(CUSTOMER), call.hears(AGENT)) == (set(), MUSIC)
    call.done(Unhold("agent"))
    call.passes(1)
    assert (call.hears(CUSTOMER), call.hears(AGENT)) == (HEARS_AGENT, HEARS_CUSTOMER)
    call.ends()


@EACH
def test_a_muted_party_hears_and_is_not_heard(topology: Topology) -> None:
    call = ControlledCall(topology)
    call.done(Mute("agent"))
    call.passes(1)
    assert (call.hears(CUSTOMER), call.hears(AGENT)) == (set(), HEARS_CUSTOMER)
    call.done(Unmute("agent"))
    call.passes(1)
    assert (call.hears(CUSTOMER), call.hears(AGENT)) == (HEARS_AGENT, HEARS_CUSTOMER)
    assert call.happened() == ["muted agent", "unmuted agent"]
    call.ends()


@EACH
def test_a_prompt_is_heard_by_one_or_by_all_to_its_end(topology: Topology) -> None:
    call = ControlledCall(topology)
    call.done(PlayPrompt("agent", text="The lorry is here."))
    call.passes(0.2)
    assert call.hears(AGENT) == {"speech:The lorry is here."}
    assert call.hears(CUSTOMER) == HEARS_AGENT
    call.until("prompt_ended agent complete")
    call.done(PlayPrompt(prompt="hold"))
    call.passes(0.2)
    both = {f"speech:{named_text('hold')}"}
    assert (call.hears(CUSTOMER), call.hears(AGENT)) == (both, both)
    call.until("prompt_ended complete")
    assert (call.hears(CUSTOMER), call.hears(AGENT)) == (HEARS_AGENT, HEARS_CUSTOMER)
    assert call.happened() == [
        "prompt_started agent The lorry is here.",
        "prompt_ended agent complete",
        "prompt_started hold",
        "prompt_ended complete",
    ]
    call.ends()


def test_a_later_prompt_takes_the_place_of_an_earlier_one_and_any_can_be_stopped() -> None:
    call = ControlledCall()
    text = "one " * 50
    call.done(PlayPrompt(text=text), PlayPrompt("agent", text="two " * 50))
    call.passes(0.2)
    assert call.hears(CUSTOMER) == {f"speech:{text}"}
    assert call.hears(AGENT) == {"speech:" + "two " * 50}
    call.done(StopPrompt())
    call.passes(0.2)
    assert (call.hears(CUSTOMER), call.hears(AGENT)) == (HEARS_AGENT, HEARS_CUSTOMER)
    assert [event for event in call.happened() if event.startswith("prompt_ended")] == [
        "prompt_ended stopped",
        "prompt_ended agent stopped",
    ]
    call.ends()


@pytest.mark.parametrize(
    "order",
    [
        PlayPrompt(),
        PlayPrompt(text=" "),
        PlayPrompt(text="x" * 1_001),
        PlayPrompt(text="a\nb"),
        PlayPrompt(prompt="nothing of the kind"),
        PlayPrompt(text="a", prompt="busy"),
        PlayPrompt(recording="01NONE-1"),
        SendKeys("agent", ""),
        SendKeys("agent", "12x"),
        SendKeys("agent", "1" * 33),
    ],
    ids=str,
)
def test_what_cannot_be_played_is_refused(order: PlayPrompt | SendKeys) -> None:
    call = ControlledCall()
    assert call.order(order) == "invalid_prompt"
    assert call.happened() == []


@EACH
def test_keys_are_pressed_towards_one_party(topology: Topology) -> None:
    call = ControlledCall(topology)
    recording = call.voice.record("telephones", f"line:{AGENT}")
    call.done(SendKeys("agent", "42#"))
    assert call.order(SendKeys("agent", "1")) == "not_possible_now"
    assert call.hears(CUSTOMER) == HEARS_AGENT
    call.until("keys_sent agent 3")
    assert call.hears(AGENT) == HEARS_CUSTOMER
    from calleq.media.keys import measure_keys

    heard = [key for key in measure_keys(recording.stop()) if key]
    assert list(dict.fromkeys(heard)) == ["4", "2", "#"]
    (written, _) = [
        entry.entry for entry in call.journal.entries if isinstance(entry.entry, Controlled)
    ]
    assert written.order["keys"] == "3 keys"
    call.ends()


@pytest.mark.row("S2-96", part=True)
def assert_billed(call: ControlledCall, *legs: tuple[str, int, str]) -> None:
    """Each leg has a record of its own, with the talk that its telephone lived through."""
    record = call.records()[call.reference]
    for leg, attempt, telephone in legs:
        made = leg_of(record, leg, attempt)
        (lived,) = call.calls(telephone)
        assert lived.answered is not None
        assert lived.ended is not None
        assert made.number == telephone
        assert made.talk_us == lived.ended.at_us - lived.answered.at_us > 0
        assert made.billable_s == -(-made.talk_us // SECOND_US)


@EACH
def test_a_third_party_is_added_and_removed_by_orders(topology: Topology) -> None:
    call = ControlledCall(topology)
    call.done(AddThird(OTHER))
    assert call.order(AddThird(number("07"))) == "third_party_present"
    assert call.order(Transfer(number("07"))) == "third_party_present"
    call.until("answered third")
    call.passes(1)
    assert call.hears(CUSTOMER) == HEARS_AGENT | HEARS_OTHER
    call.done(Hold("customer"))
    call.passes(1)
    assert (call.hears(CUSTOMER), call.hears(OTHER)) == (MUSIC, HEARS_AGENT)
    call.done(Unhold("customer"), HangUp("third"))
    call.passes(1)
    assert (call.hears(CUSTOMER), call.hears(AGENT)) == (HEARS_AGENT, HEARS_CUSTOMER)
    call.done(AddThird(number("07")))
    call.until("failed third")
    call.ends()
    assert_billed(call, ("customer", 1, CUSTOMER), ("agent", 1, AGENT), ("third", 1, OTHER))
    refused = leg_of(call.records()[call.reference], "third", 2)
    assert (refused.number, refused.answered_at_us, refused.talk_us) == (number("07"), None, 0)


def test_a_third_party_without_a_number_or_a_circuit_is_refused() -> None:
    call = ControlledCall()
    assert call.order(AddThird("12")) == "invalid_number"
    assert call.order(AddThird("+1")) == "invalid_number"
    small = ControlledCall(without_peripheral(board=2))
    assert small.order(AddThird(OTHER)) == "no_circuit"
    assert small.order(Transfer(OTHER)) == "no_circuit"
    assert small.order(Consult(OTHER)) == "no_circuit"
    small.ends()
    call.ends()


@EACH
def test_a_blind_transfer_keeps_the_representative_until_the_new_one_answers(
    topology: Topology,
) -> None:
    call = ControlledCall(topology)
    call.done(Transfer(OTHER))
    assert call.order(Complete()) == "not_possible_now"
    assert call.order(Transfer(number("07"))) == "transfer_going_on"
    call.until("ringing agent")
    assert (call.hears(CUSTOMER), call.hears(AGENT)) == (HEARS_AGENT, HEARS_CUSTOMER)
    call.until_true(lambda: "transferred agent" in call.happened())
    call.passes(2)
    assert call.hears(CUSTOMER) == HEARS_OTHER
    assert call.hears(OTHER) == HEARS_CUSTOMER
    assert call.view(call.reference).state == "bridged"
    assert call.happened() == [
        f"transfer_started agent {OTHER}",
        "dialled agent",
        "ringing agent",
        "answered agent",
        "transferred agent",
        "released agent",
    ]
    call.passes(10)
    call.hang_up(OTHER)
    call.run_to_end(call.reference)
    assert call.view(call.reference).state == "completed"
    assert_billed(call, ("agent", 1, AGENT), ("agent", 2, OTHER))
    released = [
        (event.attempt, event.number)
        for event in call.events(call.reference)
        if (event.event, event.leg) == ("released", "agent")
    ]
    assert released == [(1, AGENT), (2, OTHER)]
    call.assert_at_rest()


@EACH
@pytest.mark.parametrize("telephone", [BUSY, NOBODY])
def test_a_transfer_that_fails_leaves_the_representative(
    topology: Topology, telephone: str
) -> None:
    call = ControlledCall(topology)
    call.done(Transfer(telephone))
    call.until("transfer_failed agent")
    assert (call.hears(CUSTOMER), call.hears(AGENT)) == (HEARS_AGENT, HEARS_CUSTOMER)
    call.done(Transfer(OTHER), TakeBack())
    call.passes(1)
    assert (call.hears(CUSTOMER), call.hears(AGENT)) == (HEARS_AGENT, HEARS_CUSTOMER)
    assert "taken_back agent" in call.happened()
    call.ends()
    assert call.view(call.reference).state == "completed"


@EACH
def test_who_was_transferred_to_can_transfer_on(topology: Topology) -> None:
    call = ControlledCall(topology)
    for telephone in (OTHER, OTHER_REPRESENTATIVE, OTHER):
        before = call.happened().count("transferred agent")
        call.done(Transfer(telephone))
        while call.happened().count("transferred agent") == before:
            call.passes(1)
        call.passes(2)
        assert call.hears(CUSTOMER) == {f"mouth:{telephone}"}
    attempts = [leg.attempt for leg in call.view(call.reference).legs if leg.leg == "agent"]
    assert attempts == [1, 2, 3, 4]
    call.ends()


@EACH
def test_the_representative_consults_and_hands_over(topology: Topology) -> None:
    call = ControlledCall(topology)
    assert call.order(Complete()) == "no_transfer"
    assert call.order(TakeBack()) == "no_transfer"
    call.done(Consult(OTHER))
    call.passes(1)
    assert (call.hears(CUSTOMER), call.hears(AGENT)) == (MUSIC, set())
    assert call.order(Hold("agent")) == "transfer_going_on"
    call.until("consulting agent")
    call.passes(1)
    assert call.hears(CUSTOMER) == MUSIC
    assert (call.hears(AGENT), call.hears(OTHER)) == (HEARS_OTHER, HEARS_AGENT)
    call.done(Complete())
    call.until("released agent")
    call.passes(1)
    assert (call.hears(CUSTOMER), call.hears(OTHER)) == (HEARS_OTHER, HEARS_CUSTOMER)
    assert call.happened() == [
        f"consult_started agent {OTHER}",
        "dialled agent",
        "held customer",
        "ringing agent",
        "answered agent",
        "consulting agent",
        "unheld customer",
        "transferred agent",
        "released agent",
    ]
    call.ends()
    assert_billed(call, ("customer", 1, CUSTOMER), ("agent", 1, AGENT), ("agent", 2, OTHER))


@EACH
@pytest.mark.parametrize("answered", [False, True])
def test_the_representative_takes_the_customer_back(topology: Topology, answered: bool) -> None:
    call = ControlledCall(topology)
    call.done(Consult(OTHER))
    if answered:
        call.until("consulting agent")
    call.done(TakeBack())
    call.passes(2)
    assert (call.hears(CUSTOMER), call.hears(AGENT)) == (HEARS_AGENT, HEARS_CUSTOMER)
    assert call.hears(OTHER) & HEARS_AGENT == set()
    call.ends()


@EACH
def test_when_the_consulted_leaves_the_customer_is_back(topology: Topology) -> None:
    call = ControlledCall(topology)
    call.done(Consult(OTHER))
    call.until("consulting agent")
    call.hang_up(OTHER)
    call.passes(2)
    assert (call.hears(CUSTOMER), call.hears(AGENT)) == (HEARS_AGENT, HEARS_CUSTOMER)
    assert "transfer_failed agent" in call.happened()
    call.done(Consult(BUSY))
    call.passes(2)
    assert (call.hears(CUSTOMER), call.hears(AGENT)) == (HEARS_AGENT, HEARS_CUSTOMER)
    call.ends()


@EACH
@pytest.mark.parametrize("order", [Transfer(OTHER), Consult(OTHER)], ids=["blind", "attended"])
def test_a_representative_who_goes_early_leaves_the_customer_to_the_new_one(
    topology: Topology, order: Transfer | Consult
) -> None:
    call = ControlledCall(topology)
    call.done(order)
    call.until("ringing agent")
    call.hang_up(AGENT)
    call.passes(1)
    assert call.hears(CUSTOMER) == MUSIC
    assert not call.view(call.reference).final
    call.until_true(lambda: "transferred agent" in call.happened())
    call.passes(1)
    assert (call.hears(CUSTOMER), call.hears(OTHER)) == (HEARS_OTHER, HEARS_CUSTOMER)
    call.ends()
    assert call.view(call.reference).state == "completed"


@EACH
def test_a_consultation_completed_early_waits_for_the_new_one(topology: Topology) -> None:
    call = ControlledCall(topology)
    call.done(Consult(OTHER))
    call.until("ringing agent")
    call.done(Complete())
    call.passes(1)
    assert call.hears(CUSTOMER) == MUSIC
    assert call.order(TakeBack()) == "not_possible_now"
    call.until_true(lambda: "transferred agent" in call.happened())
    call.passes(1)
    assert (call.hears(CUSTOMER), call.hears(OTHER)) == (HEARS_OTHER, HEARS_CUSTOMER)
    call.ends()


@EACH
def test_a_representative_who_hangs_up_on_the_consulted_has_handed_over(
    topology: Topology,
) -> None:
    call = ControlledCall(topology)
    call.done(Consult(OTHER))
    call.until("consulting agent")
    call.hang_up(AGENT)
    call.passes(2)
    assert (call.hears(CUSTOMER), call.hears(OTHER)) == (HEARS_OTHER, HEARS_CUSTOMER)
    assert not call.view(call.reference).final
    call.ends()


@EACH
def test_when_nobody_is_left_and_nobody_comes_the_call_ends(topology: Topology) -> None:
    call = ControlledCall(topology)
    silent = number("02")
    call.done(Transfer(silent))
    call.until("ringing agent")
    call.hang_up(AGENT)
    call.run_to_end(call.reference)
    assert call.view(call.reference).state == "completed"
    happened = call.happened()
    assert "transfer_failed agent" in happened
    assert happened.count("released agent") == 1
    call.assert_at_rest()


@EACH
@pytest.mark.parametrize("when", ["dialled agent", "ringing agent", "consulting agent"])
@pytest.mark.parametrize("order", [Transfer(OTHER), Consult(OTHER)], ids=["blind", "attended"])
def test_the_customer_may_leave_at_any_time_of_a_transfer(
    topology: Topology, order: Transfer | Consult, when: str
) -> None:
    call = ControlledCall(topology)
    call.done(order)
    if when == "consulting agent" and isinstance(order, Transfer):
        when = "transferred agent"
    call.until_true(lambda: when in call.happened())
    call.ends()
    assert call.view(call.reference).state == "completed"
    for leg in call.view(call.reference).legs:
        assert leg.released_at is not None, leg


@EACH
@pytest.mark.parametrize("leg", ["customer", "agent", ""])
def test_hanging_up_either_party_or_the_call_ends_it(topology: Topology, leg: str) -> None:
    call = ControlledCall(topology)
    assert call.order(HangUp("third")) == "no_such_leg"
    assert call.order(Hold("third")) == "no_such_leg"
    assert leg in ("customer", "agent", "")
    call.done(HangUp("customer" if leg == "customer" else "agent" if leg else ""))
    call.run_to_end(call.reference)
    assert call.view(call.reference).state == "completed"
    call.assert_at_rest()
    assert call.order(Hold("customer")) == "call_over"


def test_before_the_bridge_nothing_can_be_ordered_but_the_end() -> None:
    call = ControlledCall()
    call.reference = call.place(number("06"), number("07"))
    answers: list[object] = []
    call.server.control(call.reference, "abc", Hold("customer"), answers.append)
    assert answers == ["not_bridged"]
    call.passes(1)
    assert call.order(Hold("customer")) == "not_bridged"
    assert call.order(Record()) == "not_bridged"
    call.done(HangUp())
    call.run_to_end(call.reference)
    assert call.view(call.reference).state == "canceled"


def test_a_call_that_nobody_knows_or_of_another_business_is_none() -> None:
    call = ControlledCall()
    answers: list[object] = []
    call.server.control("01NOTHING", None, Hold("customer"), answers.append)
    call.server.control(call.reference, "xyz", Hold("customer"), answers.append)
    assert answers == ["no_such_call", "no_such_call"]
    call.server.control(call.reference, None, Hold("customer"), answers.append)
    call.passes(1)
    assert answers[2:] == [None]
    assert call.hears(CUSTOMER) == MUSIC


@pytest.mark.parametrize("point", ["scp-1", "scp-2"])
def test_what_the_equipment_cannot_do_is_refused_clearly(point: str) -> None:
    """An SCP commands the bridge of others: parties can be added and released, and no more."""
    call = ControlledCall(by_control_point(point))
    for order in (
        Hold("customer"),
        Mute("agent"),
        PlayPrompt(text="Hello."),
        SendKeys("agent", "1"),
        Transfer(OTHER),
        Consult(OTHER),
        Record(),
    ):
        assert call.order(order) == "not_possible_here"
    call.done(AddThird(OTHER))
    call.until("answered third")
    call.done(HangUp("third"))
    call.until("released third")
    call.done(HangUp())
    call.run_to_end(call.reference)
    assert call.view(call.reference).state == "completed"
    call.assert_at_rest()


def test_an_order_that_comes_again_is_carried_out_once_and_answered_alike() -> None:
    call = ControlledCall()
    assert call.order(PlayPrompt("agent", text="Once."), "the-order") is None
    assert call.order(PlayPrompt("agent", text="Once."), "the-order") is None
    assert call.order(Hold("third"), "wrong") == "no_such_leg"
    call.passes(10)
    assert call.happened().count("prompt_started agent Once.") == 1
    again = encode(ControlCall(call.reference, "the-order", "server-72", Hold("customer")))
    call.network.peripherals["ip-76"].calling_logic.receive("server-72", again)
    call.passes(1)
    assert call.hears(CUSTOMER) == HEARS_AGENT
    assert call.server.ignored["late_answer"] == 1
    call.ends()


def test_an_order_is_durable_before_anybody_notices_it() -> None:
    call = ControlledCall()
    answers: list[object] = []
    call.server.control(call.reference, "abc", Hold("customer"), answers.append)
    while not any(isinstance(one.entry, Controlled) for one in call.journal.entries):
        assert call.clock.run_next()
    assert call.hears(CUSTOMER) == HEARS_AGENT
    assert answers == []
    call.passes(1)
    assert call.hears(CUSTOMER) == MUSIC
    assert answers == [None]
    told = [one.entry for one in call.journal.entries if isinstance(one.entry, Progress)]
    assert told[-1].event == "held"


def test_equipment_that_does_not_answer_is_asked_again_and_then_given_up() -> None:
    call = ControlledCall()
    logic = call.network.peripherals["ip-76"].calling_logic
    heard: list[bytes] = []
    logic.receive = lambda sender, octets: heard.append(octets)  # type: ignore[method-assign]
    from calleq.osn.in_process import InProcessBus

    bus = call.server._ordering._bus
    assert isinstance(bus, InProcessBus)
    bus.detach("ip-76")
    bus.attach("ip-76", logic.receive)
    answers: list[object] = []
    call.server.control(call.reference, "abc", Hold("customer"), answers.append)
    call.passes(20)
    assert answers == ["no_answer"]
    assert len(set(heard)) == 1
    assert len(heard) == 4


def test_an_order_that_crosses_the_end_of_the_call_is_refused() -> None:
    call = ControlledCall()
    answers: list[object] = []
    call.server.control(call.reference, "abc", Transfer(OTHER), answers.append)
    call.hang_up(CUSTOMER)
    call.run_to_end(call.reference)
    assert answers == ["call_over"]
    assert call.rings(OTHER) == 0
    call.assert_at_rest()


def test_orders_and_answers_are_in_the_ladder() -> None:
    call = ControlledCall()
    call.done(Hold("customer"))
    assert call.order(Hold("third")) == "no_such_leg"
    call.ends()
    shown = [
        (row.name, dict(row.fields))
        for row in call.ladder(call.reference).rows
        if row.name.startswith("control_")
    ]
    assert [name for name, _ in shown] == [
        "control_call",
        "control_done",
        "control_call",
        "control_refused",
    ]
    assert shown[0][1]["order"] == "hold customer"
    assert shown[3][1]["reason"] == "no_such_leg"


@pytest.mark.parametrize("durable", [False, True])
def test_after_a_crash_no_order_is_carried_out_again(durable: bool) -> None:
    """Whether it was on disk or not: the call is over, and nobody is called for it."""
    call = ControlledCall()
    call.server.control(call.reference, "abc", Transfer(OTHER), lambda refusal: None, "the-order")
    call.until_true(lambda: any(isinstance(one.entry, Controlled) for one in call.journal.entries))
    if durable:
        call.until("ringing agent")
    entries = [
        one for one in call.journal.entries if durable or not isinstance(one.entry, Controlled)
    ]
    again = VirtualNetwork(entries=entries, seed=2)
    answers: list[object] = []
    again.server.control(call.reference, "abc", Transfer(OTHER), answers.append, "the-order")
    again.clock.advance_us(40 * SECOND_US)
    assert answers == ["call_over"]
    assert again.rings(OTHER) == 0
    assert again.view(call.reference).state == "failed"
    assert len(again.legs(call.reference)) == (3 if durable else 2)


@pytest.mark.parametrize("kind", [AddThird, Transfer, Consult])
def test_equipment_dials_no_number_that_is_never_called_whoever_orders_it(
    kind: type[AddThird | Transfer | Consult],
) -> None:
    """The door judges first; equipment looks again at what comes over the OSN."""
    call = ControlledCall()
    heard: list[bytes] = []
    logic = call.network.peripherals["ip-76"].calling_logic
    logic._orders._send = lambda to, answer: heard.append(encode(answer))
    logic.receive(
        "server-72", encode(ControlCall(call.reference, "7", "server-72", kind("+19005550100")))
    )
    call.passes(1)
    assert encode(ControlRefused(call.reference, "7", "number_refused")) in heard
    assert "+19005550100" not in call.dialled()
