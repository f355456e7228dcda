"""A one-time code as proof of a number: told to whoever asked, entered by whoever answers.

Calls through the whole network of figure 1 on the virtual clock; what is entered is heard from
samples, or comes as digits by INAP.
"""

import json
from typing import Any

import msgspec
import pytest

from calleq.call.one_time_code import DIGITS, KEY_OCTETS, OneTimeCodes, judged
from calleq.calling_logic.entering import INTER_DIGIT_US, Entering
from calleq.journal.entries import Accepted, Stamped
from calleq.media.contract import Player, Prompt
from calleq.messages.answers import CallAccepted
from calleq.telephones.habits import HABITS
from calleq.topology import Topology
from calleq.topology_calendar import Retries
from calleq.units import SECOND_US
from tests.door_scenes import AtDoor
from tests.test_consent import CUSTOMER, EQUIPMENTS, answers, asking, forbidden, posted
from tests.virtual import REPRESENTATIVE, VirtualNetwork, leg_of

WRONG = "999999"
"""No code begins with 9."""


def asking_for_code(equipment: str = "ip-76", **business: Any) -> Topology:
    return asking(equipment, consent="code", **business)


def code_of(reply_view: object) -> str:
    assert isinstance(reply_view, CallAccepted)
    assert isinstance(reply_view.code, str)
    return reply_view.code


def asked(network: VirtualNetwork, enters: str | None = None, **more: Any) -> tuple[str, str]:
    """A call is asked for, and its customer enters the code, or what is said; call and code."""
    reply = posted(network, **more)
    assert isinstance(reply.view, CallAccepted)
    code = code_of(reply.view)
    assert network.network.telephones is not None
    network.network.telephones.note(CUSTOMER, code if enters is None else enters)
    return reply.view.call, code


def everything_kept(network: VirtualNetwork) -> bytes:
    """What journals and captures of everything but signalling and lines hold."""
    kept = [msgspec.json.encode(one) for one in network.journal.entries]
    said = [one.octets for one in network.tap.captures() if b"{" in one.octets]
    return b"\n".join((*kept, *said))


@pytest.mark.row("S2-60", part=True)
@pytest.mark.parametrize("equipment", EQUIPMENTS)
def test_whoever_enters_the_code_is_connected(equipment: str) -> None:
    network = VirtualNetwork(asking_for_code(equipment))
    call, code = asked(network)
    network.run_to_end(call)
    assert network.view(call).state == "completed"
    assert answers(network, call) == ["right_code"]
    entered_us = network.event_at_us(call, "consent_answered")
    assert network.event_at_us(call, "dialled", "agent") >= entered_us
    assert code.encode() not in everything_kept(network)
    network.assert_at_rest()


@pytest.mark.row("S2-60", part=True)
@pytest.mark.parametrize("equipment", EQUIPMENTS)
def test_another_code_rings_nobody_however_often_it_is_entered(equipment: str) -> None:
    network = VirtualNetwork(asking_for_code(equipment, question_tries=3))
    call, _ = asked(network, WRONG)
    network.run_to_end(call)
    view = network.view(call)
    assert (view.state, view.cause, view.detail) == ("customer_rejected", 21, "wrong_code")
    assert answers(network, call) == ["wrong_code"] * 3
    assert network.rings(REPRESENTATIVE) == 0
    assert leg_of(network.records()[call], "customer").talk_us > 0
    heard = [one.detail for one in network.entries(CUSTOMER) if one.event == "hears"]
    assert sum("This is not the code" in one for one in heard) == 2
    assert WRONG.encode() not in everything_kept(network)
    network.assert_at_rest()


@pytest.mark.parametrize("equipment", EQUIPMENTS)
@pytest.mark.parametrize(
    ("enters", "found"), [("1", "wrong_code"), ("12#", "wrong_code"), ("#", "silence")]
)
def test_fewer_digits_are_no_code(equipment: str, enters: str, found: str) -> None:
    network = VirtualNetwork(asking_for_code(equipment, question_tries=1))
    call, _ = asked(network, enters)
    network.run_to_end(call)
    assert network.view(call).state == "customer_rejected"
    assert answers(network, call) == [found]
    assert network.rings(REPRESENTATIVE) == 0


@pytest.mark.parametrize("equipment", EQUIPMENTS)
def test_whoever_enters_nothing_is_asked_again_then_dismissed(equipment: str) -> None:
    network = VirtualNetwork(asking(equipment, "keeps_quiet", consent="code"))
    call = network.place(CUSTOMER, REPRESENTATIVE)
    network.run_to_end(call)
    assert network.view(call).detail == "silence"
    assert answers(network, call) == ["silence", "silence"]
    assert network.rings(REPRESENTATIVE) == 0


@pytest.mark.parametrize("equipment", EQUIPMENTS)
def test_a_9_alone_asks_never_to_be_called_again(equipment: str) -> None:
    network = VirtualNetwork(asking(equipment, "opts_out", consent="code"))
    view = network.call(CUSTOMER, REPRESENTATIVE)
    assert (view.state, view.detail) == ("customer_rejected", "opted_out")
    assert forbidden(posted(network))


def test_the_same_request_is_told_the_same_code_while_the_call_lasts() -> None:
    topology = asking_for_code()
    network = VirtualNetwork(topology)
    body = {
        "business_id": "abc",
        "password": "abc-demo",
        "customer_number": CUSTOMER,
        "representative_number": REPRESENTATIVE,
    }
    first = network.post(body, {"idempotency-key": "k1"})
    code, call = code_of(first.view), first.view.call  # type: ignore[union-attr]
    again = network.post(body, {"idempotency-key": "k1"})
    assert ("idempotent-replayed", "true") in again.headers
    assert code_of(again.view) == code
    restarted = VirtualNetwork(topology, entries=network.journal.entries)
    later = restarted.post(body, {"idempotency-key": "k1"})
    assert code_of(later.view) == code
    restarted.run_to_end(call)
    over = restarted.post(body, {"idempotency-key": "k1"})
    assert isinstance(over.view, CallAccepted)
    assert over.view.code is msgspec.UNSET


@pytest.mark.parametrize("element", ["server-72", "ip-76", "ssp-62"])
def test_a_page_is_told_the_code_of_its_request_at_every_door(element: str) -> None:
    network = AtDoor(element, asking_for_code())
    reply = network.ask()
    code = code_of(reply.view)
    assert network.network.telephones is not None
    network.network.telephones.note(CUSTOMER, code)
    call = network.accepted(reply)
    network.run_to_end(call)
    assert network.view(call).state == "completed"
    assert code.encode() not in everything_kept(network)


def test_a_further_try_has_the_code_of_the_first() -> None:
    topology = asking(behaviour="silent", consent="code", retries=Retries(tries=2, spacing_s=60))
    network = VirtualNetwork(topology)
    call, _ = asked(network)
    network.run_to_end(call)
    assert network.view(call).state == "customer_no_answer"
    again = network.view(call).retried_as
    assert again
    assert network.network.telephones is not None
    network.network.telephones.behave(CUSTOMER, HABITS["person"])
    network.run_to_end(again)
    assert network.view(again).state == "completed"
    assert answers(network, again) == ["right_code"]
    tries = [one.entry for one in network.journal.entries if isinstance(one.entry, Accepted)]
    assert [one.code_of for one in tries] == [call, call]


def test_a_call_accepted_before_codes_were_wanted_is_consented_to_by_key() -> None:
    network = VirtualNetwork(asking())
    call = network.place(CUSTOMER, REPRESENTATIVE)
    before: list[Stamped] = [one for one in network.journal.entries if one.entity == "server-72"]
    restarted = VirtualNetwork(asking_for_code(), entries=before)
    restarted.run_to_end(call)
    assert restarted.view(call).state == "completed"
    assert answers(restarted, call) == ["key_1"]


def test_businesses_that_want_no_code_are_told_none() -> None:
    network = VirtualNetwork(asking())
    reply = posted(network)
    assert "code" not in json.loads(msgspec.json.encode(reply.view))


# Codes themselves.


def test_codes_have_six_digits_differ_and_never_begin_with_9() -> None:
    codes = OneTimeCodes(bytes(KEY_OCTETS))
    found = [codes.code(f"call-{place}") for place in range(2_000)]
    assert {len(code) for code in found} == {DIGITS}
    assert {code[0] for code in found} == set("012345678")
    assert len(set(found)) > 1_990
    assert found == [OneTimeCodes(bytes(KEY_OCTETS)).code(f"call-{n}") for n in range(2_000)]
    with pytest.raises(ValueError, match="32 octets"):
        OneTimeCodes(b"short")


def test_a_mark_is_of_one_code_and_one_call() -> None:
    codes = OneTimeCodes(bytes(KEY_OCTETS))
    code, mark = codes.code("c1"), codes.mark("c1", "c1")
    assert judged(code, mark, "c1") == "right code"
    assert judged(code, mark, "c2") == "wrong code"
    assert judged(code[:-1], mark, "c1") == "wrong code"
    assert judged("", mark, "c1") == ""
    assert judged("9", mark, "c1") == "9"
    assert code not in mark


# Entering.


class OneVoice:
    """A voice that lets a test press keys, and time run out."""

    def __init__(self) -> None:
        self.player: Player | None = None
        self.stopped = False
        self.listeners: list[tuple[int, Any]] = []

    def play(self, element: str, player: str, prompt: Prompt, report: Player) -> None:
        self.player = report

    def stop(self, element: str, player: str) -> None:
        if not self.stopped:
            self.stopped = True
            self.ends("stopped")

    def ends(self, outcome: str) -> None:
        assert self.player is not None
        assert self.player.ended is not None
        self.player.ended(outcome)  # type: ignore[arg-type]

    def next_key(self, element: str, wire: str, limit_us: int, pressed: Any) -> None:
        self.listeners.append((limit_us, pressed))

    def press(self, key: str) -> None:
        """Everybody who listens hears it; empty: everybody has listened long enough."""
        listeners, self.listeners = self.listeners, []
        for _, pressed in listeners:
            pressed(key)


def entering(digits: int = 3) -> tuple[OneVoice, list[str]]:
    voice, found = OneVoice(), []
    one = Entering(voice, "ip", "wire", "p", digits, 4 * SECOND_US, found.append)  # type: ignore[arg-type]
    one.begin(Prompt("speech", "enter"))
    return voice, found


def test_a_key_that_two_listeners_hear_is_entered_once() -> None:
    voice, found = entering()
    voice.ends("complete")
    assert sorted(limit for limit, _ in voice.listeners) == [4 * SECOND_US, 10 * SECOND_US]
    for key in "123":
        voice.press(key)
    assert found == ["123"]
    assert voice.listeners == []


def test_a_first_key_ends_the_prompt_and_a_pause_ends_the_entry() -> None:
    voice, found = entering()
    voice.press("4")
    assert voice.stopped
    assert [limit for limit, _ in voice.listeners] == [INTER_DIGIT_US]
    voice.press("")
    assert found == ["4"]


def test_silence_counts_from_the_end_of_the_prompt() -> None:
    voice, found = entering()
    voice.press("")
    assert found == []
    assert len(voice.listeners) == 1
    voice.ends("complete")
    voice.press("")
    assert found == [""]


def test_an_entry_that_nobody_wants_any_more_tells_nothing() -> None:
    voice, found = entering()
    voice.stop("ip", "p")
    for key in "123":
        voice.press(key)
    voice.press("")
    assert found == []


def test_a_hash_key_ends_the_entry() -> None:
    for keys, told in (("12#", "12"), ("#", "")):
        voice, found = entering()
        for key in keys:
            voice.press(key)
        assert found == [told]
