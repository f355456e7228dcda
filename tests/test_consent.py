"""Before a representative is rung the customer is asked: each answer, each equipment, what is kept.

Calls through the whole network of figure 1 on the virtual clock. Keys are heard from samples; what
is said instead is in `test_speech`.
"""

from typing import Any

import msgspec
import pytest

from calleq.door.replies import Reply
from calleq.intake.do_not_call import RESTATED_US
from calleq.journal.entries import DoNotCall, Stamped
from calleq.journal.segments import Unfinished
from calleq.messages.answers import ProblemView
from calleq.topology import Topology, load_topology
from calleq.units import SECOND_US
from tests.test_equipments import BY_PERIPHERAL, OTHERS, made_by
from tests.virtual import REPRESENTATIVE, VirtualNetwork, leg_of, number

CUSTOMER = number("00")
EQUIPMENTS = (BY_PERIPHERAL, *OTHERS)


def asking(equipment: str = BY_PERIPHERAL, behaviour: str = "person", **business: Any) -> Topology:
    """The network in which ABC asks its customers, one of whom behaves so."""
    topology = made_by(equipment, load_topology())
    keys = {"consent": "key", "detect_machine": False, **business}
    return msgspec.structs.replace(
        topology,
        businesses=tuple(
            msgspec.structs.replace(one, **keys) if one.identifier == "abc" else one
            for one in topology.businesses
        ),
        lines=tuple(
            msgspec.structs.replace(line, behaviour=behaviour) if line.number == CUSTOMER else line
            for line in topology.lines
        ),
    )


def answers(network: VirtualNetwork, call: str) -> list[str]:
    return [one.detail for one in network.events(call) if one.event == "consent_answered"]


@pytest.mark.row("S2-60", part=True)
@pytest.mark.parametrize("equipment", EQUIPMENTS)
def test_a_customer_who_presses_1_is_connected(equipment: str) -> None:
    network = VirtualNetwork(asking(equipment))
    view = network.call(CUSTOMER, REPRESENTATIVE)
    assert view.state == "completed"
    assert answers(network, view.call) == ["key_1"]
    asked = network.event_at_us(view.call, "consent_answered")
    assert network.event_at_us(view.call, "dialled", "agent") >= asked
    network.assert_at_rest()


@pytest.mark.row("S2-60", part=True)
@pytest.mark.parametrize("behaviour", ["presses_other", "keeps_quiet", "says_no", "machine"])
@pytest.mark.parametrize("equipment", EQUIPMENTS)
def test_whoever_does_not_press_1_rings_nobody(equipment: str, behaviour: str) -> None:
    network = VirtualNetwork(asking(equipment, behaviour))
    view = network.call(CUSTOMER, REPRESENTATIVE)
    assert [leg.leg for leg in view.legs] == ["customer"]
    assert network.rings(REPRESENTATIVE) == 0
    network.assert_at_rest()
    if behaviour == "machine":  # which hangs up on its own account
        assert view.state == "customer_abandoned"
        return
    assert (view.state, view.cause) == ("customer_rejected", 21)
    said = {"presses_other": "key_5"}.get(behaviour, "silence")
    assert answers(network, view.call) == [said, said]
    ended = network.events(view.call)[-1]
    assert (ended.event, ended.detail) == ("ended", f"customer_rejected: {said}")
    assert leg_of(network.records()[view.call], "customer").talk_us > 0


@pytest.mark.parametrize("tries", [1, 3])
def test_the_question_is_asked_as_often_as_the_business_wants(tries: int) -> None:
    network = VirtualNetwork(asking(behaviour="keeps_quiet", question_tries=tries))
    view = network.call(CUSTOMER, REPRESENTATIVE)
    assert answers(network, view.call) == ["silence"] * tries


@pytest.mark.parametrize("limit_s", [1.0, 3.0])
def test_an_answer_is_awaited_as_long_as_the_business_wants(limit_s: float) -> None:
    topology = asking(behaviour="keeps_quiet", question_tries=1, answer_limit_s=limit_s)
    network = VirtualNetwork(topology)
    view = network.call(CUSTOMER, REPRESENTATIVE)
    (question,) = [
        entry.at_us
        for entry in network.entries(CUSTOMER)
        if entry.event == "hears" and "Press 1" in entry.detail
    ]
    (silence, *_) = [
        entry.at_us
        for entry in network.entries(CUSTOMER)
        if entry.event == "hears" and entry.detail == "silence" and entry.at_us > question
    ]
    waited_us = network.event_at_us(view.call, "consent_answered") - silence
    assert limit_s * SECOND_US <= waited_us <= limit_s * SECOND_US + 100_000


def test_a_customer_who_hangs_up_on_the_question_has_left() -> None:
    network = VirtualNetwork(asking(behaviour="hangs_up"))
    view = network.call(CUSTOMER, REPRESENTATIVE)
    assert view.state == "customer_abandoned"
    assert network.rings(REPRESENTATIVE) == 0


@pytest.mark.parametrize("customer", [number("01"), number("02"), number("07"), number("03")])
def test_who_is_not_reached_is_not_asked_and_rings_nobody(customer: str) -> None:
    network = VirtualNetwork(asking())
    view = network.call(customer, REPRESENTATIVE)
    assert view.state in ("customer_busy", "customer_no_answer", "customer_rejected", "failed")
    assert answers(network, view.call) == []
    assert network.rings(REPRESENTATIVE) == 0
    record = network.records()[view.call]
    assert not [leg for leg in record.legs if leg.leg == "agent"]


def test_a_machine_is_told_from_a_person_before_it_is_asked() -> None:
    network = VirtualNetwork(asking(behaviour="machine", detect_machine=True))
    view = network.call(CUSTOMER, REPRESENTATIVE)
    assert view.state == "customer_machine"
    assert answers(network, view.call) == []
    person = VirtualNetwork(asking(detect_machine=True))
    assert person.call(CUSTOMER, REPRESENTATIVE).state == "completed"


def test_a_message_cannot_have_the_representative_rung_before_consent() -> None:
    network = VirtualNetwork(asking())
    reply = posted(network, dial_first="agent")
    assert reply.status == 422
    assert isinstance(reply.view, ProblemView)
    assert reply.view.errors[0].pointer == "/dial_first"


# Never again.


def posted(network: VirtualNetwork, business: str = "abc", **more: Any) -> Reply:
    return network.post(
        {
            "business_id": business,
            "password": f"{business}-demo",
            "customer_number": CUSTOMER,
            "representative_number": REPRESENTATIVE,
            **more,
        }
    )


def forbidden(reply: Reply) -> bool:
    if isinstance(reply.view, ProblemView):
        assert (reply.status, reply.view.code) == (403, "do_not_call")
        return True
    return False


@pytest.mark.parametrize("equipment", EQUIPMENTS)
def test_a_customer_who_presses_9_is_never_called_again_by_that_business(equipment: str) -> None:
    topology = asking(equipment, "opts_out")
    network = VirtualNetwork(topology)
    view = network.call(CUSTOMER, REPRESENTATIVE)
    assert view.state == "customer_rejected"
    assert network.events(view.call)[-1].detail == "customer_rejected: opted_out"
    assert network.rings(REPRESENTATIVE) == 0
    listed = [one.entry for one in network.journal.entries if isinstance(one.entry, DoNotCall)]
    assert listed == [DoNotCall("server-72", "abc", CUSTOMER, True, view.call)]
    assert forbidden(posted(network))
    assert not forbidden(posted(network, "xyz"))
    again = VirtualNetwork(topology, entries=network.journal.entries)
    assert forbidden(posted(again))
    assert again.network.intake is not None
    assert again.network.intake.do_not_call.remove("abc", CUSTOMER)
    assert not forbidden(posted(again))


def test_who_opted_out_stays_so_when_the_equipment_dies_before_the_call_has_ended() -> None:
    topology = asking(behaviour="opts_out")
    network = VirtualNetwork(topology)
    view = network.call(CUSTOMER, REPRESENTATIVE)
    entries = network.journal.entries

    def says(stamped: Stamped) -> bool:
        return getattr(stamped.entry, "event", "") == "collected"

    died = next(index for index, stamped in enumerate(entries) if says(stamped)) + 1
    again = VirtualNetwork(topology, entries=entries[:died])
    again.run_to_end(view.call)
    assert again.view(view.call).state == "failed"
    assert forbidden(posted(again))


def test_an_accepted_call_is_not_made_after_a_restart_to_who_opted_out_meanwhile() -> None:
    topology = asking(behaviour="opts_out")
    network = VirtualNetwork(topology)
    call = network.place(CUSTOMER, REPRESENTATIVE)
    entries = [one for one in network.journal.entries if one.entity == "server-72"]
    number_of = len(entries) + 1
    listed = DoNotCall("server-72", "abc", CUSTOMER)
    last = entries[-1]
    entries.append(Stamped("server-72", number_of, last.at_us, last.monotonic_us, listed))
    again = VirtualNetwork(topology, entries=entries)
    again.run_to_end(call)
    assert again.view(call).state == "blocked"
    assert again.rings(CUSTOMER) == 0


def test_the_list_is_written_anew_every_day_so_that_old_segments_may_go() -> None:
    network = VirtualNetwork(asking(behaviour="opts_out"))
    network.call(CUSTOMER, REPRESENTATIVE)
    network.clock.advance_us(RESTATED_US)
    listed = [one for one in network.journal.entries if isinstance(one.entry, DoNotCall)]
    assert len(listed) == 2
    assert listed[0].entry == listed[1].entry
    assert network.network.intake is not None
    assert len(network.network.intake.do_not_call) == 1


def test_the_journal_needs_what_is_in_force_from_where_it_was_last_written() -> None:
    unfinished = Unfinished()
    entry = DoNotCall("server-72", "abc", CUSTOMER)
    unfinished.note("server-72", entry, 3)
    assert unfinished.needed_from(9) == 3
    unfinished.note("server-72", entry, 7)
    assert unfinished.needed_from(9) == 7
    unfinished.note("server-72", msgspec.structs.replace(entry, listed=False), 8)
    assert unfinished.needed_from(9) == 9
