"""A switch that bridges by itself, and a third party on either bridge, in simulated time."""

import json
from typing import Any

import httpx
import msgspec
import pytest

from calleq.access_server.http import http_app
from calleq.journal.entries import Accepted, Dialled, Stamped
from calleq.messages.answers import CallAccepted
from calleq.topology import Topology, load_topology
from calleq.units import SECOND_US
from simulator import virtual
from tests.asgi import client_of
from tests.virtual import OTHER_REPRESENTATIVE, REPRESENTATIVE, VirtualNetwork, leg_of, number

CUSTOMERS = ("00", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12")
THIRD = number("06")
"""An ISDN telephone of another place, whose person is slow to answer."""


def without_peripheral(**more: Any) -> Topology:
    """Figure 1 with neither IP 76 nor what leads to it; `more` is of the access server's switch."""
    topology = load_topology()
    mine = topology.access_server.switch
    return msgspec.structs.replace(
        topology,
        peripherals=(),
        links=tuple(link for link in topology.links if "ip-76" not in link.ends),
        trunks=tuple(trunk for trunk in topology.trunks if "ip-76" not in trunk.ends),
        switches=tuple(
            msgspec.structs.replace(switch, **more) if switch.name == mine else switch
            for switch in topology.switches
        ),
    )


@pytest.mark.row("S2-62", part=True)
@pytest.mark.parametrize("dial_first", ["customer", "agent"])
@pytest.mark.parametrize("customer", CUSTOMERS)
def test_a_call_ends_as_it_does_with_the_peripheral(customer: str, dial_first: str) -> None:
    own, other = VirtualNetwork(without_peripheral()), VirtualNetwork()
    for representative in (REPRESENTATIVE, number("01"), number("02"), None):
        ours, theirs = (
            network.call(number(customer), representative, dial_first=dial_first)
            for network in (own, other)
        )
        assert ours.state == theirs.state
        assert own.legs(ours.call) == other.legs(theirs.call)
        assert own.records()[ours.call].state == ours.state
    own.assert_at_rest()


@pytest.mark.row("S2-62", part=True)
@pytest.mark.parametrize("switch", ["ssp-62", "ssp-64", "ssp-66"])
def test_the_same_octets_succeed_at_any_switch_and_at_the_peripheral(switch: str) -> None:
    """One call-initiation message of figure 8, posted at the door; only the equipment differs."""
    body = json.dumps(
        {
            "business_id": "abc",
            "password": "abc-demo",
            "customer_number": number("00"),
            "representative_number": REPRESENTATIVE,
        }
    ).encode()
    topology = without_peripheral()
    door = msgspec.structs.replace(topology.access_server, switch=switch)
    told = []
    for one in (msgspec.structs.replace(topology, access_server=door), load_topology()):
        network = VirtualNetwork(one)
        reply = network.post(body)
        assert isinstance(reply.view, CallAccepted)
        call = reply.view.call
        network.run_to_end(call)
        told.append((network.view(call).state, network.legs(call)))
        dialled = [entry.entity for entry in network.journal.entries if is_dialled(entry)]
        assert set(dialled) == ({"ip-76"} if one.peripherals else {switch})
        network.assert_at_rest()
    assert told[0] == told[1]
    assert told[0][0] == "completed"


def is_dialled(stamped: Stamped) -> bool:
    return isinstance(stamped.entry, Dialled)


def heard_by(network: VirtualNetwork, telephone: str) -> list[str]:
    return [entry.detail for entry in network.entries(telephone) if entry.event == "hears"]


@pytest.mark.row("S2-96", part=True)
@pytest.mark.parametrize("customer", ["00", "06", "11"])
def test_what_is_heard_is_what_the_peripheral_would_have_made(customer: str) -> None:
    """A line of the switch itself, one behind a trunk, and a mobile telephone."""
    heard = []
    for topology in (without_peripheral(), load_topology()):
        network = VirtualNetwork(topology)
        assert network.call(number(customer), REPRESENTATIVE).state == "completed"
        heard.append([heard_by(network, one) for one in (number(customer), REPRESENTATIVE)])
    assert heard[0] == heard[1]
    assert any(f"mouth:{REPRESENTATIVE}" in one for one in heard[0][0])


def test_the_bill_is_made_of_what_the_switches_facing_the_parties_wrote() -> None:
    network = VirtualNetwork(without_peripheral())
    view = network.call(number("00"), REPRESENTATIVE)
    record = network.records()[view.call]
    for leg, telephone in (("customer", number("00")), ("agent", REPRESENTATIVE)):
        (lived,) = network.calls(telephone)
        assert lived.answered is not None
        assert lived.ended is not None
        assert leg_of(record, leg).talk_us == lived.ended.at_us - lived.answered.at_us


def test_without_peripheral_and_board_the_instruction_is_refused() -> None:
    network = VirtualNetwork(without_peripheral(board=0))
    view = network.call(number("00"), REPRESENTATIVE)
    assert (view.state, view.cause) == ("failed", 27)
    assert network.rings(number("00")) == 0


def test_ports_are_kept_for_both_legs_and_none_is_left_over() -> None:
    """Three ports carry one call at a time: the second finds no pair and rings nobody."""
    network = VirtualNetwork(without_peripheral(board=3))
    first = network.place(number("00"), REPRESENTATIVE)
    second = network.place(number("06"), OTHER_REPRESENTATIVE)
    network.run_to_end(first, second)
    assert network.view(first).state == "completed"
    assert (network.view(second).state, network.view(second).cause) == ("failed", 34)
    assert network.rings(number("06")) == 0
    assert network.call(number("06"), OTHER_REPRESENTATIVE).state == "completed"
    network.assert_at_rest()


def door_of(network: VirtualNetwork) -> httpx.Client:
    assert network.network.accounts is not None
    app = http_app(network.server, network.network.accounts, lambda: "request")
    client = client_of(app)
    client.auth = ("abc", "abc-demo")
    return client


def bridged(network: VirtualNetwork) -> str:
    """A call whose two parties talk."""
    call = network.place(number("00"), REPRESENTATIVE)
    while network.view(call).state != "bridged":
        assert network.clock.run_next()
    network.clock.advance_us(SECOND_US)
    return call


def add(network: VirtualNetwork, call: str, third: str) -> None:
    assert network.server.add_party(call, "abc", third) is True


def by_control_point(name: str) -> Topology:
    """Figure 1 with calls that an SCP makes: on the switch, or with the peripheral."""
    topology = load_topology()
    server = msgspec.structs.replace(topology.access_server, equipment=name)
    return msgspec.structs.replace(topology, access_server=server)


EACH = pytest.mark.parametrize(
    "topology",
    [
        without_peripheral(),
        load_topology(),
        by_control_point("scp-1"),
        by_control_point("scp-2"),
    ],
    ids=["ssp", "ip", "scp-ssf", "scp-ip"],
)
LONG_TALK_US = 60 * SECOND_US


@pytest.mark.row("S2-96")
@EACH
def test_three_parties_hear_each_other_and_the_third_may_leave(topology: Topology) -> None:
    network = VirtualNetwork(topology, talk_us=LONG_TALK_US)
    call = bridged(network)
    add(network, call, THIRD)
    while not any(
        event.event == "answered" and event.leg == "third" for event in network.events(call)
    ):
        assert network.clock.run_next()
    network.clock.advance_us(2 * SECOND_US)
    parties = {number("00"), REPRESENTATIVE, THIRD}
    for party in parties:
        hears = network.hears(party)
        assert hears == {f"mouth:{other}" for other in parties - {party}}
    assert network.view(call).state == "bridged"
    network.hang_up(THIRD)
    network.clock.advance_us(2 * SECOND_US)
    assert network.hears(number("00")) == {f"mouth:{REPRESENTATIVE}"}
    assert network.hears(REPRESENTATIVE) == {f"mouth:{number('00')}"}
    network.run_to_end(call)
    assert network.view(call).state == "completed"
    record = network.records()[call]
    (lived,) = network.calls(THIRD)
    assert lived.answered is not None
    assert lived.ended is not None
    assert leg_of(record, "third").talk_us == lived.ended.at_us - lived.answered.at_us
    network.assert_at_rest()


@EACH
def test_the_third_party_is_released_with_the_call(topology: Topology) -> None:
    network = VirtualNetwork(topology, talk_us=LONG_TALK_US)
    call = bridged(network)
    add(network, call, THIRD)
    network.clock.advance_us(20 * SECOND_US)
    network.hang_up(number("00"))
    network.run_to_end(call)
    (lived,) = network.calls(THIRD)
    assert lived.ended is not None
    assert network.view(call).state == "completed"
    network.assert_at_rest()


@EACH
def test_a_third_party_that_is_busy_changes_nothing_and_another_may_be_tried(
    topology: Topology,
) -> None:
    network = VirtualNetwork(topology, talk_us=LONG_TALK_US)
    call = bridged(network)
    add(network, call, number("01"))
    network.clock.advance_us(SECOND_US)
    add(network, call, THIRD)
    network.clock.advance_us(28 * SECOND_US)
    thirds = [
        (event.event, event.attempt, event.cause)
        for event in network.events(call)
        if event.leg == "third"
    ]
    assert thirds[:2] == [("dialled", 1, 0), ("failed", 1, 17)]
    expected = ["dialled", "ringing", "answered"]
    if topology.access_server.equipment == "scp-2":
        expected.remove("ringing")  # CS-1 has no event for it
    assert [event for event, attempt, _ in thirds if attempt == 2] == expected
    network.run_to_end(call)
    network.assert_at_rest()


def test_a_second_third_party_is_refused_while_there_is_one() -> None:
    network = VirtualNetwork(talk_us=LONG_TALK_US)
    call = bridged(network)
    add(network, call, THIRD)
    add(network, call, number("11"))
    network.clock.advance_us(SECOND_US)
    refused = [event for event in network.events(call) if event.event == "failed"]
    assert [(event.leg, event.cause, event.number) for event in refused] == [
        ("third", 47, number("11"))
    ]
    assert network.rings(number("11")) == 0
    network.run_to_end(call)


def test_the_door_takes_a_third_party_only_for_a_call_that_is_bridged() -> None:
    network = VirtualNetwork(talk_us=LONG_TALK_US)
    door = door_of(network)
    call = network.place(number("00"), REPRESENTATIVE)
    path = f"/v1/calls/{call}/parties"
    early = door.post(path, json={"number": THIRD})
    assert (early.status_code, early.json()["code"]) == (409, "not_bridged")
    while network.view(call).state != "bridged":
        assert network.clock.run_next()
    assert door.post(path, json={"number": THIRD}).status_code == 202
    for body, status in (
        ({"number": "12"}, 422),
        ({"number": THIRD, "more": 1}, 422),
        ({}, 422),
        ([], 400),
    ):
        assert door.post(path, json=body).status_code == status
    assert (
        door.post(path, content=b"{", headers={"content-type": "application/json"}).status_code
        == 400
    )
    assert door.post(path, content=b"{}").status_code == 415
    assert door.post(path, json={"number": THIRD}, auth=("xyz", "xyz-demo")).status_code == 404
    assert door.post(path, json={"number": THIRD}, auth=("abc", "wrong")).status_code == 401
    network.run_to_end(call)
    assert network.rings(THIRD) == 1


def test_a_restart_dials_what_was_accepted_and_nobody_twice() -> None:
    before = VirtualNetwork(without_peripheral(), talk_us=LONG_TALK_US)
    under_way = bridged(before)
    accepted = Accepted(
        call="01KE6P4ZK8CRN1KHA0F770ADTP",
        business="abc",
        door="server-72",
        message={
            "business_id": "abc",
            "customer_number": number("06"),
            "representative_number": OTHER_REPRESENTATIVE,
        },
    )
    before.journal.append("server-72", accepted)
    before.clock.advance_us(10_000)
    after = virtual.VirtualNetwork(before.topology, entries=before.journal.entries)
    assert after.run_to_end(under_way, "abc").state == "failed"
    assert after.run_to_end(accepted.call, "abc").state == "completed"
    dialled = [s.entry for s in after.journal.entries if isinstance(s.entry, Dialled)]
    assert [(entry.call, entry.number) for entry in dialled] == [
        (accepted.call, number("06")),
        (accepted.call, OTHER_REPRESENTATIVE),
    ]
