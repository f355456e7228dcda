"""Digits that parties enter for an SCP, from the tones of their keys alone."""

from itertools import product

import pytest

from calleq.special_resource import receiver
from calleq.special_resource.receiver import ReceiverAction, ReceiverInput, ReceiverState
from calleq.ss7.inap.arguments import Cancel, ConnectToResource, ReleaseCall
from calleq.ss7.inap.digits import digits_of
from calleq.ss7.inap.errors import ErrorCode
from calleq.ss7.inap.interaction import ErrorTreatment
from calleq.ss7.isup.messages import Cause
from calleq.units import SECOND_US
from tests.srf_scene import A, Assisted, SrfScene, collect, scene

MENU = "For sales press one. For support press two."


def asked(order: object, wait_s: float = 0.5) -> tuple[SrfScene, Assisted]:
    network = scene()
    party = network.assisted()
    party.say(order)
    network.passes(wait_s)
    return network, party


def over(network: SrfScene, party: Assisted) -> None:
    party.goes()
    network.is_over()


def test_a_key_ends_the_menu_and_is_the_reply() -> None:
    network, party = asked(collect(1, MENU))
    assert party.hears() == {f"speech:{MENU}"}
    party.presses("2")
    network.passes(0.3)
    assert party.hears() == set()
    assert party.reply() == "2"
    over(network, party)


def test_a_menu_that_must_be_heard_is_heard_and_keys_meanwhile_do_not_count() -> None:
    network, party = asked(collect(1, MENU, interruptable=False))
    party.presses("1")
    network.passes(1)
    assert party.hears() == {f"speech:{MENU}"}
    while party.hears():
        network.passes(0.1)
    party.presses("2")
    assert party.reply() == "2"
    over(network, party)


@pytest.mark.parametrize(
    ("keys", "rules", "reply"),
    [
        ("1234567890*#", {"maximum": 12}, "1234567890*#"),
        ("42#", {"maximum": 8, "end_of_reply": "#"}, "42"),
        ("42##", {"maximum": 8, "end_of_reply": "##"}, "42"),
        ("12345#", {"maximum": 5, "end_of_reply": "#"}, "12345"),
        ("12*34#", {"maximum": 8, "cancel": "*", "end_of_reply": "#"}, "34"),
        ("99*12#", {"maximum": 8, "start": "*", "end_of_reply": "#"}, "12"),
        ("12", {"maximum": 8, "minimum": 2, "inter_digit_timeout_s": 2}, "12"),
        ("A1B", {"maximum": 1}, "1"),
    ],
)
def test_what_counts_as_the_reply(keys: str, rules: dict[str, object], reply: str) -> None:
    network, party = asked(collect(**rules))
    party.presses(keys)
    assert party.reply() == reply
    over(network, party)


def test_nobody_presses_anything() -> None:
    network, party = asked(collect(4, first_digit_timeout_s=3))
    began_us = network.clock.monotonic_us()
    party.assist.waits()
    assert party.assist.next_error() is ErrorCode.IMPROPER_CALLER_RESPONSE
    assert 2_300_000 < network.clock.monotonic_us() - began_us < 3_100_000
    over(network, party)


@pytest.mark.parametrize(
    "rules",
    [
        {"maximum": 8, "minimum": 4, "inter_digit_timeout_s": 1},
        {"maximum": 8, "minimum": 4, "end_of_reply": "#"},
    ],
)
def test_too_few_digits(rules: dict[str, object]) -> None:
    network, party = asked(collect(**rules))
    party.presses("12#")
    party.assist.waits()
    assert party.assist.next_error() is ErrorCode.IMPROPER_CALLER_RESPONSE
    over(network, party)


def test_the_menu_is_repeated_where_the_scp_wants_it_so() -> None:
    treatment = ErrorTreatment.REPEAT_PROMPT
    network, party = asked(collect(1, MENU, error_treatment=treatment, first_digit_timeout_s=2))
    party.assist.waits()
    assert party.assist.next_error() is ErrorCode.IMPROPER_CALLER_RESPONSE
    heard = [
        entry.detail
        for entry in network.entries(A)
        if entry.event == "hears" and entry.detail.startswith("speech")
    ]
    assert heard == [f"speech:{MENU}"] * receiver.TRIES
    over(network, party)


def test_the_second_try_succeeds() -> None:
    treatment = ErrorTreatment.REPEAT_PROMPT
    network, party = asked(collect(4, MENU, minimum=4, error_treatment=treatment, end_of_reply="#"))
    party.presses("12#")
    network.passes(1.5)
    assert party.hears() == {f"speech:{MENU}"}
    party.presses("1234")
    assert party.reply() == "1234"
    over(network, party)


def test_a_collection_is_cancelled_in_the_middle() -> None:
    network = scene()
    party = network.assisted()
    (wanted,) = party.say(collect(4, MENU))
    network.passes(0.5)
    party.presses("12")
    network.passes(1)
    party.say(Cancel(wanted))
    network.passes(0.5)
    assert party.assist.next_error() is ErrorCode.CANCELED
    party.say(collect(1))
    network.passes(0.5)
    party.presses("7")
    assert party.reply() == "7"
    over(network, party)


def test_orders_that_make_no_sense_are_refused() -> None:
    network = scene()
    party = network.assisted()
    party.say(collect(2, minimum=3))
    network.passes(0.5)
    assert party.assist.next_error() is ErrorCode.UNEXPECTED_DATA_VALUE
    party.say(collect(1, voice_information=True))
    network.passes(0.5)
    assert party.assist.next_error() is ErrorCode.UNAVAILABLE_RESOURCE
    over(network, party)


def test_the_board_of_a_switch_collects_digits_as_well() -> None:
    network = scene()
    leg = network.answered()
    leg.say(ConnectToResource(), collect(2, MENU))
    network.passes(0.5)
    telephones = network.network.telephones
    assert telephones is not None
    telephones.press(A, "47")
    leg.waits()
    result = leg.next_result()
    assert digits_of(result.response) == "47"
    leg.end(ReleaseCall(Cause(16)))
    network.is_over()


def test_every_pair_of_state_and_input_is_decided() -> None:
    assert set(receiver.TABLE) == set(product(ReceiverState, ReceiverInput))
    assert {action for action, _ in receiver.TABLE.values()} == set(ReceiverAction)
    assert set(receiver.ACTS) == set(ReceiverAction)
    for given in ReceiverInput:
        assert receiver.TABLE[ReceiverState.OVER, given][1] is ReceiverState.OVER


def test_a_party_who_only_ever_cancels_is_not_waited_for_for_ever() -> None:
    network, party = asked(collect(4, cancel="*", inter_digit_timeout_s=2))
    party.presses("1*1*1*")
    began_us = network.clock.monotonic_us()
    party.assist.waits()
    assert party.assist.next_error() is ErrorCode.IMPROPER_CALLER_RESPONSE
    assert network.clock.monotonic_us() - began_us < 6 * SECOND_US
    over(network, party)
