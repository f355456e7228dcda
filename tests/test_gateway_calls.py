"""Calls to telephones that speak SIP, on the virtual clock: how each ends, and its record.

The network is the shipped one; telephones are user agents of ours. Every test ends with nothing
left: no circuit, no port, no call reference.
"""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from calleq.gateway.table import TABLE, GInput, GState
from calleq.journal.entries import LineAnswered
from calleq.sip import events as sip
from calleq.sip.dialog import make_request
from calleq.sip.negotiation import offer
from calleq.sip.transaction import Target
from calleq.topology import load_topology
from calleq.units import MILLISECOND_US, SECOND_US
from tests.gateway_world import CUSTOMER, REPRESENTATIVE, TALK_US, Scene
from tests.sip_network import SHIPPED


@pytest.fixture
def scene() -> Iterator[Scene]:
    made = Scene()
    yield made
    made.assert_nothing_is_left()


@pytest.mark.row("S2-59", part=True)
def test_customer_and_representative_are_connected_by_one_message(scene: Scene) -> None:
    call = scene.call()
    assert scene.network.view(call).state == "completed"
    assert scene.customer.happened == ["registered", "rings", "answers", "is ended 16"]
    assert scene.representative.happened == ["registered", "rings", "answers", "hangs up", "ends"]
    for leg, one in (("customer", scene.customer), ("agent", scene.representative)):
        record = scene.leg(call, leg)
        assert record.answered_at_us is not None
        assert abs(record.answered_at_us - one.at_us["answers"]) < 10 * MILLISECOND_US
        assert record.rtp_received == 250
        assert record.mos == 4.3
    representative = scene.leg(call, "agent")
    assert representative.talk_us is not None
    assert abs(representative.talk_us - TALK_US) < 5 * MILLISECOND_US


@pytest.mark.row("S2-99")
def test_a_switch_has_the_internet_and_a_peripheral_beside_its_circuits(scene: Scene) -> None:
    """Switch 62 reaches the customer over the internet, for a call that its peripheral 76 makes."""
    call = scene.call()
    switch = next(one for one in scene.network.topology.switches if one.numeral == "62")
    peripheral = next(one for one in scene.network.topology.peripherals if one.numeral == "76")
    assert peripheral.switch == switch.name
    assert switch.sip is not None
    sent_to = {
        receiver for _, sender, receiver, _ in scene.net.passing if sender == switch.sip.listen
    }
    assert sent_to, "the switch speaks to the internet"
    leg = scene.leg(call)
    assert (leg.entity, leg.trunk_group) == (switch.name, "76-62")
    assert scene.network.view(call).state == "completed"


def test_the_number_of_the_business_is_shown_to_the_customer(scene: Scene) -> None:
    scene.call()
    request = scene.customer.invited[0].request
    assert "+12125550140" in str(request.caller.uri)
    assert "+12125550140" in request.fields["p-asserted-identity"][0]
    assert CUSTOMER in str(request.called.uri)


@pytest.mark.parametrize(
    ("status", "cause", "state"),
    [
        (486, 17, "not_connected"),
        (603, 21, "not_connected"),
        (404, 1, "not_connected"),
        (480, 18, "not_connected"),
    ],
)
def test_a_customer_who_refuses_ends_the_call_with_the_cause_of_the_status(
    scene: Scene, status: int, cause: int, state: str
) -> None:
    scene.customer.refuses = status
    call = scene.call()
    view = scene.network.view(call)
    assert view.cause == cause
    assert scene.representative.happened == ["registered"]
    leg = scene.leg(call)
    assert (leg.cause, leg.answered_at_us, leg.talk_us) == (cause, None, 0)
    assert leg.released_by == "line"


@pytest.mark.row("S2-60", part=True)
def test_a_customer_who_never_answers_is_let_go_by_cancel(scene: Scene) -> None:
    scene.customer.answer_after_us = None
    call = scene.call()
    assert scene.network.view(call).state == "customer_no_answer"
    assert scene.customer.happened[-2] == "rings"
    assert scene.customer.happened[-1].startswith("is ended")
    assert len(scene.net.first_lines(b"CANCEL sip:")) == 1
    leg = scene.leg(call)
    assert (leg.cause, leg.answered_at_us, leg.talk_us) == (19, None, 0)
    assert leg.ringing_at_us is not None
    assert scene.network.records()[call].complete
    assert scene.representative.happened == ["registered"]


def test_a_telephone_that_is_not_registered_is_absent(scene: Scene) -> None:
    call = scene.call("+12125550121")
    assert scene.network.legs(call) == [("+12125550121", False, 20)]
    assert scene.leg(call).cause == 20


def test_a_registration_that_has_run_out_is_none(scene: Scene) -> None:
    scene.customer.vanish()
    scene.clock.advance_us(3_700 * SECOND_US)
    call = scene.call()
    assert scene.network.legs(call) == [(CUSTOMER, False, 20)]


def test_a_telephone_that_vanished_before_the_call_does_not_respond(scene: Scene) -> None:
    scene.customer.vanish()
    call = scene.call()
    assert scene.network.legs(call) == [(CUSTOMER, False, 18)]
    leg = scene.leg(call)
    assert (leg.cause, leg.ringing_at_us, leg.talk_us) == (18, None, 0)


def test_a_telephone_that_vanishes_while_it_rings_is_let_go_at_the_ring_limit(scene: Scene) -> None:
    scene.customer.answer_after_us = None
    call = scene.network.place(CUSTOMER, REPRESENTATIVE)
    scene.clock.advance_us(SECOND_US)
    assert "rings" in scene.customer.happened
    scene.customer.vanish()
    scene.network.run_to_end(call)
    assert scene.network.view(call).state == "customer_no_answer"
    leg = scene.leg(call)
    assert (leg.cause, leg.talk_us, leg.partial) == (19, 0, False)
    scene.clock.advance_us(40 * SECOND_US)


def test_a_telephone_that_vanishes_in_its_call_ends_it_when_it_is_asked(scene: Scene) -> None:
    scene.representative.hang_up_after_us = None
    call = scene.network.place(CUSTOMER, REPRESENTATIVE)
    scene.clock.advance_us(10 * SECOND_US)
    assert scene.network.view(call).state == "bridged"
    scene.customer.vanish()
    wire = next(wire for element, wire in scene.ports.taken if element == "sip:ssp-62")
    scene.ports.told["sip:ssp-62"](wire, "silent")
    scene.network.run_to_end(call)
    leg = scene.leg(call)
    assert leg.talk_us is not None
    assert 38 * SECOND_US < leg.talk_us < 45 * SECOND_US, "nobody answered an INVITE for 32 s"
    assert (leg.released_by, leg.cause, leg.partial) == ("line", 41, False)
    assert scene.network.view(call).state == "completed"


def test_a_bye_that_is_lost_is_made_good_by_the_session_timer(scene: Scene) -> None:
    """Whoever hung up is gone; nobody knows before the session is to be refreshed."""
    scene.representative.hang_up_after_us = None
    call = scene.network.place(CUSTOMER, REPRESENTATIVE)
    scene.clock.advance_us(10 * SECOND_US)
    scene.representative.vanish()
    scene.representative.hang_up()
    limit_us = 2_000 * SECOND_US
    end_us = scene.clock.monotonic_us() + limit_us
    while not scene.network.view(call).final and scene.clock.monotonic_us() < end_us:
        scene.clock.advance_us(10 * SECOND_US)
    scene.network.run_to_end(call)
    leg = scene.leg(call, "agent")
    assert leg.talk_us is not None
    assert leg.talk_us < 1_900 * SECOND_US
    assert leg.released_by == "line"
    assert scene.network.view(call).state == "completed"


def test_a_bye_of_ours_that_is_lost_for_ever_changes_no_record(scene: Scene) -> None:
    """It is said again for 32 s; the line is free and the bill closed long before."""
    scene.net.losing = lambda octets: octets.startswith(b"BYE sip:") and b"5100" in octets[:60]
    call = scene.call()
    assert scene.network.view(call).state == "completed"
    leg, other = scene.leg(call), scene.leg(call, "agent")
    assert (leg.cause, leg.released_by, leg.partial) == (16, "network", False)
    assert abs(leg.talk_us - other.talk_us) < 4 * SECOND_US
    scene.clock.advance_us(40 * SECOND_US)
    byes = [line for line in scene.net.first_lines(b"BYE sip:") if "5100" in line]
    assert len(byes) >= 10
    scene.net.losing = lambda octets: False
    scene.customer.hang_up()  # it never heard of the end
    scene.clock.advance_us(40 * SECOND_US)
    assert scene.customer.happened[-1] == "ends"


@pytest.mark.row("S2-60", part=True)
def test_early_media_is_heard_and_no_answer(scene: Scene) -> None:
    scene.customer.early = True
    scene.customer.ring_after_us = None
    scene.customer.answer_after_us = None
    call = scene.call()
    planned = [plan for element, _, plan in scene.ports.plans if element == "sip:ssp-62"]
    assert [plan.port for plan in planned] == [30_000]
    entries = scene.network.journal.entries
    assert not [one for one in entries if isinstance(one.entry, LineAnswered)]
    assert scene.network.view(call).state == "customer_no_answer"
    assert scene.leg(call).talk_us == 0
    assert scene.representative.happened == ["registered"]


def test_a_200_that_crosses_the_cancel_is_acknowledged_and_ended(scene: Scene) -> None:
    scene.customer.answer_after_us = None
    before = scene.call()
    cancelled_us = next(at for at, *_, octets in scene.net.passing if octets.startswith(b"CANCEL"))
    rang_us = scene.customer.at_us["rings"]
    scene.customer.answer_after_us = cancelled_us - rang_us - MILLISECOND_US // 2
    scene.net.passing.clear()
    call = scene.call()
    words = [octets.partition(b" ")[0] for *_, octets in scene.net.passing]
    assert b"CANCEL" in words
    assert "answers" in scene.customer.happened
    assert words.count(b"ACK") == 1
    assert words.count(b"BYE") == 1
    assert scene.customer.happened[-1] == "is ended 19" or scene.customer.happened[-1].startswith(
        "is ended"
    )
    assert (
        scene.network.view(call).state == scene.network.view(before).state == "customer_no_answer"
    )
    leg = scene.leg(call)
    assert (leg.answered_at_us, leg.talk_us) == (None, 0)


def test_a_storm_of_offers_changes_nothing_and_costs_the_voice_nothing(scene: Scene) -> None:
    scene.representative.hang_up_after_us = 20 * SECOND_US
    call = scene.network.place(CUSTOMER, REPRESENTATIVE)
    scene.clock.advance_us(10 * SECOND_US)
    plans = len(scene.ports.plans)
    for _ in range(60):
        telephone = scene.customer
        telephone.agent.reoffer(telephone.calls[-1], telephone.local, scene.clock.monotonic_us())
        telephone.flush()
        scene.clock.advance_us(20 * MILLISECOND_US)
    lines = scene.net.first_lines()
    offers = [line for line in lines if line.startswith(("INVITE", "UPDATE")) and "ssp-62@" in line]
    assert len(offers) > 20
    assert "SIP/2.0 500 Server Internal Error" in lines, "beyond 20 in a while they are put off"
    assert len(scene.ports.plans) == plans
    scene.network.run_to_end(call)
    assert scene.network.view(call).state == "completed"
    talk_us = scene.leg(call, "agent").talk_us
    assert talk_us is not None
    assert abs(talk_us - 20 * SECOND_US) < 10 * MILLISECOND_US


def test_a_storm_of_offers_without_end_ends_the_call_and_closes_its_record(scene: Scene) -> None:
    """A telephone that never waits for an answer: 40 offers in a while are the end."""
    scene.representative.hang_up_after_us = None
    call = scene.network.place(CUSTOMER, REPRESENTATIVE)
    scene.clock.advance_us(10 * SECOND_US)
    telephone = scene.customer
    partner = telephone.agent._calls[telephone.calls[-1]].partner
    assert partner is not None
    for number in range(60):
        via = f"SIP/2.0/UDP 127.0.0.1:5100;branch=z9hG4bKstorm{number};rport"
        fields = {"contact": ["<sip:127.0.0.1:5100>"], "content-type": ["application/sdp"]}
        body = offer(telephone.local).encode()
        partner.dialog, asked = make_request(
            partner.dialog, "UPDATE", via, fields=fields, body=body
        )
        telephone.net.send(telephone.address, telephone.server, asked.encode())
        scene.clock.advance_us(10 * MILLISECOND_US)
    scene.network.run_to_end(call)
    assert scene.network.view(call).state == "completed"
    leg = scene.leg(call)
    assert (leg.cause, leg.released_by, leg.partial) == (42, "line", False)
    assert leg.talk_us < 11 * SECOND_US
    scene.clock.advance_us(40 * SECOND_US)


def test_hold_by_the_customer_stops_the_voice_towards_it_and_no_bill(scene: Scene) -> None:
    scene.representative.hang_up_after_us = 20 * SECOND_US
    call = scene.network.place(CUSTOMER, REPRESENTATIVE)
    scene.clock.advance_us(10 * SECOND_US)
    scene.customer.hold(True)
    scene.clock.advance_us(SECOND_US)
    scene.customer.hold(False)
    scene.clock.advance_us(SECOND_US)
    plans = [plan for element, _, plan in scene.ports.plans if element == "sip:ssp-62"]
    assert [plan.sends for plan in plans] == [True, False, True]
    scene.network.run_to_end(call)
    assert scene.network.view(call).state == "completed"
    talk_us = scene.leg(call, "agent").talk_us
    assert talk_us is not None
    assert abs(talk_us - 20 * SECOND_US) < 10 * MILLISECOND_US


def test_of_two_telephones_on_a_line_the_one_that_answers_has_the_call(scene: Scene) -> None:
    other = scene.telephone(5102, 62)
    other.register("12125550120", "customer-120", "ssp-62.calleq.example")
    other.answer_after_us = None
    scene.clock.advance_us(SECOND_US)
    call = scene.call()
    assert scene.network.view(call).state == "completed"
    assert "answers" in scene.customer.happened
    assert other.happened[:2] == ["registered", "rings"]
    cancel = next(octets for *_, octets in scene.net.passing if octets.startswith(b"CANCEL"))
    assert b"Call completed elsewhere" in cancel
    assert len(scene.network.records()[call].legs) == 2


def test_both_telephones_of_a_line_refuse_and_the_call_has_the_nearer_cause(scene: Scene) -> None:
    other = scene.telephone(5102, 62)
    other.register("12125550120", "customer-120", "ssp-62.calleq.example")
    other.refuses, scene.customer.refuses = 486, 480
    scene.clock.advance_us(SECOND_US)
    call = scene.call()
    assert scene.network.legs(call) == [(CUSTOMER, False, 17)]


def test_a_line_with_a_call_is_busy_without_asking_its_telephone(scene: Scene) -> None:
    scene.representative.hang_up_after_us = 30 * SECOND_US
    first = scene.network.place(CUSTOMER, REPRESENTATIVE)
    scene.clock.advance_us(10 * SECOND_US)
    second = scene.network.call(CUSTOMER, "+12125550145", business="xyz").call
    assert scene.network.legs(second) == [(CUSTOMER, False, 17)]
    assert len(scene.customer.invited) == 1, "a dsl line has one channel"
    scene.network.run_to_end(first)


def test_without_a_free_port_there_is_no_call() -> None:
    scene = Scene(free_ports=0)
    call = scene.call()
    assert scene.network.legs(call) == [(CUSTOMER, False, 47)]
    assert scene.customer.happened == ["registered"]
    scene.assert_nothing_is_left()


def test_a_port_that_is_lost_ends_the_call_visibly(scene: Scene) -> None:
    scene.representative.hang_up_after_us = None
    call = scene.network.place(CUSTOMER, REPRESENTATIVE)
    scene.clock.advance_us(10 * SECOND_US)
    wire = next(wire for element, wire in scene.ports.taken if element == "sip:ssp-62")
    scene.ports.told["sip:ssp-62"](wire, "failed")
    scene.network.run_to_end(call)
    assert scene.leg(call).cause == 41
    assert scene.customer.happened[-1] == "is ended 41"


def test_a_process_that_ends_says_bye_to_everybody(scene: Scene) -> None:
    """The switch is told nothing: its next life closes what this one left open."""
    scene.representative.hang_up_after_us = None
    call = scene.network.place(CUSTOMER, REPRESENTATIVE)
    scene.clock.advance_us(10 * SECOND_US)
    for gateway in scene.network.network.gateways.values():
        gateway.stop()
    scene.clock.advance_us(SECOND_US)
    assert scene.customer.happened[-1] == scene.representative.happened[-1] == "is ended 41"
    assert scene.network.view(call).state == "bridged"
    for name, switch in scene.network.network.switches.items():
        for number in scene.network.network.gateways[name].subscribers.numbers:
            switch.register.line_lost(number, 41)
    for gateway in scene.network.network.gateways.values():
        gateway.lines_lost()
    scene.network.run_to_end(call)


def test_what_a_switch_says_that_is_no_line_message_is_counted(scene: Scene) -> None:
    lines = scene.network.network.gateways["ssp-62"]._ground.lines
    lines.to_telephone("ssp-62", CUSTOMER, b"\x08nonsense")
    scene.clock.advance_us(SECOND_US)
    gateway = scene.network.network.gateways["ssp-62"]
    assert gateway.malformed == 1
    gateway.malformed = 0


def test_every_pair_of_the_table_is_decided() -> None:
    assert set(TABLE) == {(state, given) for state in GState for given in GInput}


def test_events_of_the_gateway_s_user_agent_are_a_closed_union() -> None:
    assert sip.Trying in sip.Event.__args__  # type: ignore[attr-defined]


def test_who_came_by_tls_and_refuses_encrypted_voice_is_offered_plain_voice() -> None:
    shipped = load_topology(SHIPPED)
    switches = tuple(
        replace(switch, sip=replace(switch.sip, srtp=True)) if switch.sip else switch
        for switch in shipped.switches
    )
    scene = Scene(topology=replace(shipped, switches=switches))
    secure = scene.telephone(5_160, 62)
    secure.server = Target("127.0.0.1", 5_062, "TLS")
    secure.register("alice", "customer-121", "ssp-62.calleq.example")
    scene.clock.advance_us(SECOND_US)
    call = scene.call("+12125550121")
    assert [str(one.request.body).count("RTP/SAVP") for one in secure.invited] == [1, 0]
    assert scene.network.view(call).state == "completed"
    scene.assert_nothing_is_left()
