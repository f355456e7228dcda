"""Three doors, one intake, one outcome: figures 8 and 9 at server 72, at IP 76 and at SSP 62."""

import json
from typing import Any

import msgspec
import pytest

from calleq.accounts.principal import Principal
from calleq.door.recovery import in_order, recovery_of
from calleq.journal.entries import Accepted, Dialled, Ended, Undertaken
from calleq.messages.schemas import EXAMPLES
from calleq.runtime.tap import Segment
from calleq.topology_calendar import Opening
from calleq.units import SECOND_US, parse_utc
from simulator import virtual
from simulator.cli import main
from tests.door_scenes import (
    ADDRESSES,
    DOORS,
    INNER,
    PAGE,
    PERIPHERAL,
    SERVER,
    SWITCH,
    AtDoor,
    agents,
    changed,
    of_page,
    problem,
)
from tests.virtual import (
    OTHER_REPRESENTATIVE,
    REPRESENTATIVE,
    XYZ_REPRESENTATIVE,
    number,
)

EACH = pytest.mark.parametrize("element", DOORS)
OWN = pytest.mark.parametrize("element", [PERIPHERAL, SWITCH])
FIGURES = pytest.mark.parametrize("figure", [8, 9])
CUSTOMER = number("00")
CENTRE = "+18005550199"
CUSTOMER_FIRST = [
    ("accepted", ""),
    ("dialled", "customer"),
    ("ringing", "customer"),
    ("answered", "customer"),
    ("announcement_started", "customer"),
    ("dialled", "agent"),
    ("ringing", "agent"),
    ("answered", "agent"),
    ("whisper_started", "agent"),
    ("bridged", ""),
]
SPOKEN = {"abc": "ABC Company", "xyz": "XYZ Travel"}


def whole_call(network: AtDoor, figure: int, **fields: Any) -> str:
    """A call by a message of that figure, for ABC's first representative; its reference."""
    if figure == 9:
        return network.ask_to_end(representative="sales", **fields)
    return network.call(CUSTOMER, REPRESENTATIVE, **fields).call


def milestones(network: AtDoor, call: str) -> list[tuple[str, str]]:
    told = [(event, leg) for event, leg, _ in network.story(call)]
    return [one for one in told if one in CUSTOMER_FIRST]


# The same outcome at each.


@pytest.mark.row("S2-105")
@pytest.mark.row("S2-102", part=True)
@pytest.mark.row("S2-106", part=True)
@pytest.mark.row("S2-49", part=True)
@EACH
@FIGURES
def test_the_same_call_succeeds_through_each_entry(element: str, figure: int) -> None:
    """Customer first, announcement naming the business, representative, bridge, record."""
    network = AtDoor(element)
    call = whole_call(network, figure)
    assert network.view(call).state == "completed"
    assert milestones(network, call) == CUSTOMER_FIRST
    assert network.legs(call) == [(CUSTOMER, True, 16), (REPRESENTATIVE, True, 16)]
    heard = [one.detail for one in network.entries(CUSTOMER) if one.event == "hears"]
    assert any(SPOKEN["abc"] in sounds for sounds in heard), heard
    assert any(f"mouth:{REPRESENTATIVE}" in sounds for sounds in heard)
    record = network.records()[call]
    assert (record.business, record.state) == ("abc", "completed")
    (lived,) = network.calls(REPRESENTATIVE)
    assert lived.answered is not None
    assert lived.ended is not None
    talked = next(leg.talk_us for leg in record.legs if leg.leg == "agent")
    assert talked == lived.ended.at_us - lived.answered.at_us
    (accepted,) = network.acceptances()
    assert (accepted.door, accepted.figure) == (INNER.get(element, element), figure)
    network.assert_at_rest()


@pytest.mark.row("S2-101")
@pytest.mark.row("S2-102")
@FIGURES
def test_at_the_peripheral_messages_come_by_internet_and_calls_go_by_circuits_to_ssp_62(
    figure: int,
) -> None:
    network = AtDoor(PERIPHERAL)
    call = whole_call(network, figure)
    exchanges = [one for one in network.captured(Segment.INTERNET) if call in str(one.octets)]
    assert {(one.sender, one.receiver) for one in exchanges} == {
        ("business", "ip-76-internet"),
        ("ip-76-internet", "business"),
    }
    (undertaken,) = network.of(Undertaken)
    assert undertaken.call == call
    dialled = [s for s in network.journal.entries if isinstance(s.entry, Dialled)]
    assert {stamped.entity for stamped in dialled} == {PERIPHERAL}
    assert {stamped.entry.trunk_group for stamped in dialled} == {"76-62"}  # type: ignore[union-attr]
    assert network.captured(Segment.OSN) == []


@pytest.mark.row("S2-106")
@FIGURES
def test_the_switch_makes_its_own_doors_calls_on_its_own_board(figure: int) -> None:
    """Neither the peripheral nor the OSN has a part in them."""
    network = AtDoor(SWITCH)
    call = whole_call(network, figure)
    assert network.view(call).state == "completed"
    dialled = [s for s in network.journal.entries if isinstance(s.entry, Dialled)]
    assert {stamped.entity for stamped in dialled} == {SWITCH}
    assert network.captured(Segment.OSN) == []
    inside = {(one.link, one.sender, one.receiver) for one in network.captured(Segment.INSIDE)}
    assert inside == {
        ("inside ssp-62", "ssp-62-internet", SWITCH),
        ("inside ssp-62", SWITCH, "ssp-62-internet"),
    }


@pytest.mark.row("S2-47", part=True)
@pytest.mark.row("S2-49")
@EACH
def test_a_request_from_a_page_has_the_timeline_of_a_message_from_a_web_server(
    element: str,
) -> None:
    """By way of the business's web server (figure 8) and direct (figure 9): to the microsecond."""
    told = []
    for figure in (8, 9):
        network = AtDoor(element)
        call = whole_call(network, figure)
        first_us = network.event_at_us(call, "dialled", "customer")
        told.append(
            [
                (said["event"], said["leg"], said["at_us"] - first_us)
                for one in network.captured(Segment.OSN, Segment.INSIDE)
                if (said := json.loads(one.octets))["kind"] == "call_progress"
            ]
        )
    assert told[0] == told[1]
    assert len(told[0]) > len(CUSTOMER_FIRST)


@pytest.mark.row("S2-49", part=True)
@FIGURES
def test_every_door_tells_the_same_story_of_a_call(figure: int) -> None:
    stories = []
    for element in DOORS:
        network = AtDoor(element)
        stories.append(network.story(whole_call(network, figure)))
    assert stories[0] == stories[1]
    # On its own board the switch hears its own line fall silent a moment earlier or later.
    assert sorted(stories[1]) == sorted(stories[2])


@pytest.mark.row("S2-46", part=True)
@EACH
def test_a_request_of_figure_9_alone_gives_a_bridged_and_billed_call(element: str) -> None:
    """No web server of the business has any part in it, and nothing but the page's token does."""
    network = AtDoor(element)
    call = network.ask_to_end(customer_number=CUSTOMER)
    assert "bridged" in [event for event, _, _ in network.story(call)]
    record = network.records()[call]
    assert record.business == "abc"
    assert all(leg.billable_s > 0 for leg in record.legs)
    (accepted,) = network.acceptances()
    assert accepted.visitor == "visitor-1"


@pytest.mark.row("S2-40")
@pytest.mark.row("S2-42")
@EACH
def test_business_and_number_of_the_request_are_those_of_the_call(element: str) -> None:
    network = AtDoor(element)
    call = network.ask_to_end("xyz", customer_number=number("06"), representative="cruise-expert")
    assert network.dialled()[0] == number("06") or element == SWITCH
    assert network.legs(call)[0][0] == number("06")
    assert network.records()[call].business == "xyz"
    heard = [one.detail for one in network.entries(number("06")) if one.event == "hears"]
    assert any(SPOKEN["xyz"] in sounds for sounds in heard)


@pytest.mark.row("S2-44", part=True)
@EACH
@pytest.mark.parametrize("blank", [{}, {"desired_time": ""}, {"desired_time": None}])
def test_no_desired_time_means_at_once(element: str, blank: dict[str, Any]) -> None:
    network = AtDoor(element)
    before_us = network.clock.now_us()
    body = {
        "equipment_address": ADDRESSES[element],
        "business_id": "abc",
        "customer_number": CUSTOMER,
        **blank,
    }
    call = network.accepted(network.answered(json.dumps(body).encode(), 9, of_page()))
    network.run_to_end(call)
    assert network.event_at_us(call, "dialled", "customer") - before_us < SECOND_US // 20


# Who is meant.


@pytest.mark.row("S2-29", part=True)
@pytest.mark.row("S2-39")
@EACH
@FIGURES
def test_a_message_for_other_equipment_is_refused_and_logged(element: str, figure: int) -> None:
    network = AtDoor(element)
    for other in (*(name for name in DOORS if name != element), "elsewhere"):
        address = ADDRESSES.get(other, "equipment.other.example")
        if figure == 9:
            reply = network.ask(equipment_address=address)
        else:
            reply = network.post(
                {
                    "equipment_address": address,
                    "business_id": "abc",
                    "password": "abc-demo",
                    "customer_number": CUSTOMER,
                }
            )
        assert (reply.status, problem(reply).code) == (421, "wrong_equipment")
    network.clock.advance_us(60 * SECOND_US)
    assert network.captured(Segment.OSN, Segment.INSIDE) == []
    assert [(entry.door, entry.reason) for entry in network.refusals()] == [
        (INNER.get(element, element), "wrong_equipment")
    ] * 3


@pytest.mark.row("S2-18")
@EACH
def test_conference_equipment_takes_figure_9_and_not_figure_7(element: str) -> None:
    """A message for a web server lacks the business identifier."""
    network = AtDoor(element)
    refused = network.answered(EXAMPLES["7"], 9, of_page())
    assert refused.status == 422
    missing = {one.pointer: one.code for one in problem(refused).errors}
    assert missing["/business_id"] == "missing"
    assert missing["/equipment_address"] == "missing"
    assert missing["/web_server_address"] == "unknown_field"
    assert network.ask().status == 202


@EACH
def test_a_page_of_another_business_is_refused(element: str) -> None:
    network = AtDoor(element)
    assert network.ask("xyz", principal=of_page("abc")).status == 401
    assert network.answered(EXAMPLES["9"], 9).status in (401, 421)
    network.clock.advance_us(60 * SECOND_US)
    assert network.captured(Segment.OSN, Segment.INSIDE) == []


# Field 910.


EXPERTS = changed(
    "xyz",
    representatives=(XYZ_REPRESENTATIVE, OTHER_REPRESENTATIVE),
    agents=agents(cruise_expert=XYZ_REPRESENTATIVE, airline_expert=OTHER_REPRESENTATIVE),
)


@pytest.mark.row("S2-43", part=True)
@pytest.mark.row("S2-45", part=True)
@EACH
def test_the_page_names_the_representative_who_is_rung(element: str) -> None:
    """A travel agency's cruise page and its flight page; the expert idle longest makes no odds."""
    network = AtDoor(element, EXPERTS)
    for expert, rung in (
        ("airline-expert", OTHER_REPRESENTATIVE),
        ("cruise-expert", XYZ_REPRESENTATIVE),
        ("cruise-expert", XYZ_REPRESENTATIVE),
        ("airline-expert", OTHER_REPRESENTATIVE),
    ):
        call = network.ask_to_end("xyz", representative=expert)
        assert [leg.number for leg in network.view(call).legs] == [CUSTOMER, rung]


@pytest.mark.row("S2-43")
@EACH
def test_without_field_910_the_equipment_chooses(element: str) -> None:
    """Who has been idle longest: the one and the other in turn."""
    network = AtDoor(element, EXPERTS)
    rung = []
    for _ in range(3):
        call = network.ask_to_end("xyz")
        rung.append(network.legs(call)[1][0])
    assert rung == [XYZ_REPRESENTATIVE, OTHER_REPRESENTATIVE, XYZ_REPRESENTATIVE]


@pytest.mark.row("S2-48")
@EACH
@pytest.mark.parametrize("named", [REPRESENTATIVE, CENTRE, "+1 800 555-0199"])
def test_a_request_may_name_a_number_or_the_centres_800_number(element: str, named: str) -> None:
    """At an 800 number the switch asks an SCP where it leads, and the centre is rung."""
    network = AtDoor(element)
    call = network.ask_to_end(representative=named)
    called = REPRESENTATIVE if named == REPRESENTATIVE else CENTRE
    assert network.view(call).state == "completed"
    assert [leg.number for leg in network.view(call).legs] == [CUSTOMER, called]
    assert network.rings(REPRESENTATIVE) == 1
    point = network.network.control_points["scp-1"]
    assert point.freephone.translated == (called == CENTRE)
    assert network.records()[call].business == "abc"
    network.assert_at_rest()


@EACH
@pytest.mark.parametrize(
    ("named", "code"),
    [
        ("nobody", "unknown_representative"),
        ("cruise-expert", "unknown_representative"),
        (XYZ_REPRESENTATIVE, "unknown_representative"),
        ("+18005550150", "unknown_representative"),
        ("+19005550123", "premium"),
        ("+1", "too_short"),
        ("sip:sales@abc.example", "representative"),
        ("", "representative"),
    ],
)
def test_a_page_cannot_name_anybody_else(element: str, named: str, code: str) -> None:
    """What a page says anybody may have written: only numbers of the business are rung for it."""
    network = AtDoor(element)
    refused = network.ask(representative=named)
    assert refused.status == 422
    (fault,) = problem(refused).errors
    assert fault.pointer == "/representative"
    if code not in ("premium", "too_short"):
        assert fault.code == code
    network.clock.advance_us(10 * SECOND_US)
    assert network.captured(Segment.OSN, Segment.INSIDE) == []


def test_the_business_itself_may_name_any_number_in_field_910() -> None:
    network = AtDoor(PERIPHERAL)
    owner = Principal("business_owner", "password", "abc", "abc")
    call = network.ask_to_end(principal=owner, representative=XYZ_REPRESENTATIVE)
    assert network.legs(call)[1] == (XYZ_REPRESENTATIVE, True, 16)


# The equipment's own distribution.


@pytest.mark.row("S2-50")
@EACH
def test_the_equipment_finds_a_free_representative_of_that_business_only(element: str) -> None:
    """The two of ABC are taken by two calls; the third finds none, though XYZ's is idle."""
    network = AtDoor(element, talk_us=120 * SECOND_US)
    slow = number("06")
    calls = [
        network.accepted(network.ask(customer_number=customer))
        for customer in (CUSTOMER, number("11"), slow)
    ]
    network.run_to_end(*calls)
    reached = [{leg for leg, up, _ in network.legs(call)[1:] if up} for call in calls]
    assert reached == [{REPRESENTATIVE}, {OTHER_REPRESENTATIVE}, set()]
    assert network.view(calls[2]).state == "agent_unavailable"
    assert network.rings(XYZ_REPRESENTATIVE) == 0


@pytest.mark.row("S2-50", part=True)
def test_somebody_busy_at_other_equipment_is_found_busy_and_the_hunt_goes_on() -> None:
    """The peripheral's distribution does not know what the switch's own does: the line does."""
    network = AtDoor(PERIPHERAL, talk_us=120 * SECOND_US)
    first = network.accepted(network.ask())
    while network.view(first).state != "bridged":
        assert network.clock.run_next()
    assert network.legs(first)[1][0] == REPRESENTATIVE
    network.use(SWITCH)
    second = network.ask_to_end(customer_number=number("06"))
    assert network.legs(second)[1:] == [
        (REPRESENTATIVE, False, 17),
        (OTHER_REPRESENTATIVE, True, 16),
    ]


ONE_SHIFT = changed(
    "abc",
    agents=(
        *agents(sales=REPRESENTATIVE),
        *(
            type(agents(x="")[0])(
                identifier="nights",
                number=OTHER_REPRESENTATIVE,
                shifts=(Opening(days=("mon",), begin="22:00", end="06:00"),),
            ),
        ),
    ),
    representatives=(REPRESENTATIVE, OTHER_REPRESENTATIVE),
)


@pytest.mark.row("S2-50", part=True)
@EACH
def test_somebody_off_shift_is_not_offered_a_call(element: str) -> None:
    """Monday, nine in the morning: the one who works nights is not rung, whoever names him."""
    network = AtDoor(element, ONE_SHIFT)
    for named in (None, "nights", None):
        call = network.ask_to_end(representative=named)
        assert network.legs(call)[1][0] == REPRESENTATIVE
    assert network.rings(OTHER_REPRESENTATIVE) == 0
    called = network.call(CUSTOMER, OTHER_REPRESENTATIVE)  # figure 8: the business says who
    assert network.legs(called.call)[1][0] == OTHER_REPRESENTATIVE


def test_a_call_for_now_when_nobody_is_on_shift_is_refused_before_anybody_is_rung() -> None:
    nights = Opening(days=("mon",), begin="22:00", end="06:00")
    (agent,) = agents(nights=XYZ_REPRESENTATIVE)
    topology = changed("xyz", agents=(type(agent)(**{**_fields(agent), "shifts": (nights,)}),))
    network = AtDoor(PERIPHERAL, topology)
    refused = network.ask("xyz")
    assert refused.status == 422
    (fault,) = problem(refused).errors
    assert (fault.pointer, fault.code) == ("/representative", "nobody_on_shift")
    assert network.rings(CUSTOMER) == 0


def _fields(agent: Any) -> dict[str, Any]:
    return {name: getattr(agent, name) for name in agent.__struct_fields__}


# What the customer looked at, and said.


@pytest.mark.row("S2-41")
@pytest.mark.row("S2-14", part=True)
@pytest.mark.row("S2-16", part=True)
@EACH
def test_pages_and_note_are_kept_with_the_call_and_shown_to_its_business_alone(
    element: str,
) -> None:
    note = "Gibt es die auch in Größe 12? <script>alert(1)</script> 日本"
    network = AtDoor(element)
    call = network.ask_to_end(web_page=PAGE, note=note)
    view = network.view(call)
    assert view.note == note
    assert view.web_page is not None
    assert msgspec.json.decode(msgspec.json.encode(view.web_page)) == PAGE
    assert view.web_page.current.title == "Shoes <b>& more</b>"
    assert view.web_page.recent[0].viewed_at == "2026-01-05T04:00:00-05:00"
    assert network.server.call(call, "xyz") is None
    after = virtual.VirtualNetwork(network.topology, entries=network.journal.entries)
    again = after.network.doors[element].call(call, "abc")
    assert again is not None
    assert (again.web_page, again.note) == (view.web_page, note)


@EACH
def test_a_web_server_may_pass_on_what_its_customer_looked_at(element: str) -> None:
    network = AtDoor(element)
    view = network.call(CUSTOMER, REPRESENTATIVE, web_page=PAGE, note="Blue?")
    assert view.note == "Blue?"
    assert view.web_page is not None
    assert msgspec.json.decode(msgspec.json.encode(view.web_page)) == PAGE


@pytest.mark.row("S2-61")
@pytest.mark.row("S2-12", part=True)
@EACH
@FIGURES
def test_the_number_comes_from_the_message_or_from_what_is_stored(
    element: str, figure: int
) -> None:
    """A number told at one door is known at the others; one never told is refused by field."""
    network = AtDoor(SERVER)
    network.call(number("06"), REPRESENTATIVE, customer_id="c-1071")
    network.use(element)
    for customer, number_called in (("c-1071", number("06")), ("c-1072", None)):
        if figure == 9:
            reply = network.ask(customer_number=None, customer_id=customer)
        else:
            reply = network.post(
                {
                    "business_id": "abc",
                    "password": "abc-demo",
                    "customer_id": customer,
                    "representative_number": REPRESENTATIVE,
                }
            )
        if number_called is None:
            assert reply.status == 422
            (fault,) = problem(reply).errors
            assert (fault.pointer, fault.code) == ("/customer_id", "unknown_customer")
        else:
            call = network.accepted(reply)
            network.run_to_end(call)
            assert network.legs(call)[0][0] == number_called


# After a restart.


@EACH
def test_a_restart_takes_up_each_doors_own_calls(element: str) -> None:
    """Accepted and not begun: begun by the same equipment, told by the same door, once."""
    before = AtDoor(element)
    done = before.ask_to_end(customer_number=number("06"))
    accepted = before.accepted(before.ask(representative="service"))
    kept = [
        stamped
        for stamped in before.journal.entries
        if getattr(stamped.entry, "call", "") != accepted or stamped.entry in before.acceptances()
    ]
    after = virtual.VirtualNetwork(before.topology, entries=kept)
    assert [door.going_on() for door in after.network.doors.values() if door.going_on()] == [
        [accepted]
    ]
    door = after.network.doors[element]
    while (view := door.call(accepted, "abc")) is not None and not view.final:
        assert after.clock.run_next()
    assert view is not None
    assert view.state == "completed"
    assert [leg.number for leg in view.legs] == [CUSTOMER, OTHER_REPRESENTATIVE]
    again = door.call(done, "abc")
    assert again is not None
    assert again.state == "completed"
    for other in DOORS:
        if other != element:
            assert after.network.doors[other].call(accepted, "abc") is None
    new = [s for s in after.journal.entries if isinstance(s.entry, Dialled)]
    assert [s.entry.call for s in new] == [accepted] * 2  # type: ignore[union-attr]


@EACH
def test_a_restart_during_a_call_ends_it_and_rings_nobody_twice(element: str) -> None:
    before = AtDoor(element, talk_us=60 * SECOND_US)
    call = before.accepted(before.ask())
    while before.view(call).state != "bridged":
        assert before.clock.run_next()
    before.clock.advance_us(SECOND_US)
    after = virtual.VirtualNetwork(before.topology, entries=before.journal.entries)
    after.clock.advance_us(30 * SECOND_US)
    view = after.network.doors[element].call(call, "abc")
    assert view is not None
    assert (view.state, view.cause) == ("failed", 41)
    assert not [s for s in after.journal.entries if isinstance(s.entry, Dialled)]


def test_who_opts_out_at_one_door_is_refused_at_every_door() -> None:
    topology = changed("abc", consent="key")
    network = AtDoor(PERIPHERAL, topology)
    assert network.network.intake is not None
    network.network.intake.do_not_call.add("abc", CUSTOMER)
    for element in DOORS:
        network.use(element)
        assert problem(network.ask()).code == "do_not_call"
    after = virtual.VirtualNetwork(topology, entries=network.journal.entries)
    assert after.network.intake is not None
    assert after.network.intake.do_not_call.forbids("abc", CUSTOMER)


def test_the_names_of_doors() -> None:
    network = AtDoor(SERVER, start_us=parse_utc("2026-01-05T09:00:00Z"))
    assert {element: door.name for element, door in network.network.doors.items()} == {
        SERVER: SERVER,
        **INNER,
    }
    assert {door.instructs for door in network.network.doors.values()} == {SWITCH, PERIPHERAL}


def test_what_doors_share_is_restored_in_the_order_of_time() -> None:
    """Guards and charging of a process hear every door's entries once, the oldest first."""
    network = AtDoor(SERVER)
    for element in (SWITCH, SERVER, PERIPHERAL):
        network.use(element)
        network.ask_to_end(customer_number=number("06"))
    restored = in_order(
        [
            recovery_of(door.name, network.journal.entries, (), frozenset()).own
            for door in network.network.doors.values()
        ]
    )
    calls = [entry.call for entry in network.acceptances()]
    told = [s.entry.call for s in restored if isinstance(s.entry, Accepted)]
    assert told == calls
    ends = [s.entry.call for s in restored if isinstance(s.entry, Ended)]
    assert ends == calls


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--door", "stp-68"), "one of server-72, ip-76, ssp-62 was expected"),
        (("--page", "shoes"), "a URL such as"),
        (("--page", "https://www.abc.example/", "--only-rep"), "no wishes that a page may have"),
        (("--page", "https://www.abc.example/", "--rep", "nobody"), "is no representative"),
    ],
)
def test_what_the_simulator_cannot_ask_is_said(
    options: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["call", "--customer", CUSTOMER, *options]) != 0
    assert told in capsys.readouterr().err


def test_the_simulator_asks_at_any_door_and_as_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    for element in DOORS:
        options = ["--door", element, "--page", "https://www.abc.example/a", "--rep", "service"]
        assert main(["call", "--customer", CUSTOMER, *options, "--json"]) == 0
        said = json.loads(capsys.readouterr().out)
        assert [leg["number"] for leg in said["legs"]] == [CUSTOMER, OTHER_REPRESENTATIVE]
