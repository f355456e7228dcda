"""A process as a whole: it drains, it stops when no call is left, its topology is read anew."""

from collections.abc import Callable
from pathlib import Path

import httpx
import msgspec
import pytest
from msgspec.structs import replace

from calleq.journal.entries import Accepted, Charged
from calleq.messages.answers import ProblemView
from calleq.operation.process import ProcessDesk
from calleq.operation.reloading import ReloadRefusedError, reload, unchangeable
from calleq.operation.surface import operator_app
from calleq.topology import Business, Topology, TopologyError, load_topology
from calleq.topology_billing import Pricing
from calleq.units import SECOND_US
from tests.asgi import InProcess
from tests.charging_scene import FLAT
from tests.door import Door, message
from tests.gateway_world import Scene
from tests.sip_network import SHIPPED
from tests.test_charging_calls import Network as PricedNetwork
from tests.test_charging_calls import world as priced
from tests.test_schedule import TEN_US, later
from tests.virtual import REPRESENTATIVE, VirtualNetwork, number

FIGURE1 = load_topology()


class Process:
    """A network on the virtual clock with its operator's surface."""

    def __init__(self, reread: Callable[[], Topology] | None = None) -> None:
        self.network = VirtualNetwork()
        self.stopped: list[int] = []
        clock = self.network.clock
        desk = ProcessDesk(
            self.network.network, clock, lambda: self.stopped.append(clock.now_us()), reread
        )
        app = operator_app(self.network.network, process=desk)
        self.operator = httpx.Client(
            transport=InProcess(app, "127.0.0.1"), base_url="http://operator.example"
        )

    def drain(self, **order: bool) -> dict[str, object]:
        answer = self.operator.post("/process/drain", json=order)
        assert answer.status_code == 200, answer.text
        told: dict[str, object] = answer.json()
        return told

    def refused(self) -> str:
        body = {
            "business_id": "abc",
            "password": "abc-demo",
            "customer_number": number("00"),
        }
        reply = self.network.post(body)
        assert isinstance(reply.view, ProblemView)
        return reply.view.code


@pytest.mark.row("S2-79")
def test_a_process_that_drains_takes_no_call_and_stops_when_the_last_has_ended():
    process = Process()
    network = process.network
    call = network.place(number("00"), REPRESENTATIVE)
    bridged = network.clock.now_us() + 14 * SECOND_US
    network.run_until(bridged)
    told = process.drain(drain=True, stop=True)
    assert (told["draining"], told["going_on"], told["stops"]) == (True, 1, True)
    assert process.refused() == "draining"
    assert process.stopped == [], "a call goes on"
    network.run_to_end(call)
    assert network.view(call).state == "completed"
    ended_us = network.event_at_us(call, "released", "agent")
    assert len(process.stopped) == 1
    assert 0 <= process.stopped[0] - ended_us < 2 * SECOND_US
    assert len([one for one in network.journal.entries if isinstance(one.entry, Accepted)]) == 1


def test_a_door_that_drains_says_when_to_ask_again_and_draining_can_be_undone():
    door = Door()
    call = door.place()
    door.taken(call)
    door.server.draining = True
    answer = door.http().post("/v1/calls", json=message())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    assert answer.json()["code"] == "draining"
    door.happens(call, "bridged")
    door.ends(call)
    assert door.server.going_on() == []
    door.server.draining = False
    door.place()


def test_a_call_for_later_is_not_begun_while_the_door_drains_and_is_after_the_restart():
    door = Door()
    call = later(door)
    door.server.draining = True
    door.clock.advance_us(TEN_US - door.clock.now_us() + 60 * SECOND_US)
    assert door.bus.sent == []
    after = Door()
    after.clock.advance_us(door.clock.monotonic_us())
    after.restart(door.journal.entries)
    after.clock.advance_us(2 * SECOND_US)
    assert [sent.call for sent in after.set_ups()] == [call]


def test_a_process_that_was_told_to_stop_and_then_not_to_goes_on():
    process = Process()
    call = process.network.place(number("00"), REPRESENTATIVE)
    process.drain(drain=True, stop=True)
    process.drain(drain=False)
    process.network.run_to_end(call)
    process.network.clock.advance_us(60 * SECOND_US)
    assert process.stopped == []
    process.network.call(number("00"), REPRESENTATIVE)


# The topology, read anew.


def changed(topology: Topology, identifier: str, **values: object) -> Topology:
    """A topology of which one business has other values."""
    return replace(
        topology,
        businesses=tuple(
            replace(one, **values) if one.identifier == identifier else one
            for one in topology.businesses
        ),
    )


def test_businesses_are_read_anew_while_a_call_goes_on_and_no_call_is_touched():
    new = Business(identifier="acme", password="acme-demo", representatives=(REPRESENTATIVE,))
    fresh = changed(FIGURE1, "abc", name="ABC International", language="fr")
    fresh = replace(fresh, businesses=(*fresh.businesses, new))
    process = Process(lambda: fresh)
    network = process.network
    call = network.place(number("00"), REPRESENTATIVE)
    network.clock.advance_us(10 * SECOND_US)
    answer = process.operator.post("/process/reload")
    assert answer.json() == {"changed": ["businesses"]}
    network.topology = fresh
    other = network.place(number("06"), business="acme")
    network.run_to_end(call, other)
    assert (network.view(call).state, network.view(other).state) == ("completed", "completed")
    accounts = network.network.accounts
    assert accounts is not None
    abc = accounts.business("abc")
    assert abc is not None
    assert (abc.name, abc.language) == ("ABC International", "fr")
    assert process.operator.post("/process/reload").json() == {"changed": []}


def test_what_was_changed_since_stays_and_a_business_that_left_makes_no_call():
    fresh = replace(FIGURE1, businesses=FIGURE1.businesses[:1])
    process = Process(lambda: fresh)
    assert process.operator.post("/process/reload").status_code == 200
    body = {"business_id": "xyz", "password": "xyz-demo", "customer_number": number("00")}
    assert process.network.post(body).status == 401


@pytest.mark.parametrize(
    ("key", "fresh"),
    [
        ("name", replace(FIGURE1, name="another")),
        (
            "timing.ring_limit_s",
            replace(FIGURE1, timing=replace(FIGURE1.timing, ring_limit_s=20.0)),
        ),
        (
            "trunks[0].circuits",
            replace(FIGURE1, trunks=(replace(FIGURE1.trunks[0], circuits=5), *FIGURE1.trunks[1:])),
        ),
        ("lines", replace(FIGURE1, lines=FIGURE1.lines[1:])),
        (
            "lines[2].behaviour",
            replace(
                FIGURE1,
                lines=(
                    *FIGURE1.lines[:2],
                    replace(FIGURE1.lines[2], behaviour="rejects"),
                    *FIGURE1.lines[3:],
                ),
            ),
        ),
        ("businesses[0].recorded_name", changed(FIGURE1, "abc", recorded_name="abc.wav")),
        ("switches", replace(FIGURE1, switches=FIGURE1.switches[:-1])),
    ],
)
def test_what_cannot_change_is_refused_by_its_key_and_nothing_changes(key: str, fresh: Topology):
    assert list(unchangeable(FIGURE1, fresh)) == [key]
    fresh = changed(fresh, "abc", language="fr")
    process = Process(lambda: fresh)
    answer = process.operator.post("/process/reload")
    assert (answer.status_code, answer.json()["code"]) == (422, "not_reloaded")
    assert key in answer.json()["detail"]
    accounts = process.network.network.accounts
    assert accounts is not None
    assert accounts.registry.businesses() == list(FIGURE1.businesses)


def test_a_file_that_is_no_network_is_refused_with_its_own_words():
    def reread() -> Topology:
        raise TopologyError("net.toml: not a TOML file")

    answer = Process(reread).operator.post("/process/reload")
    assert answer.json()["detail"] == "net.toml: not a TOML file"


def test_a_telephone_registers_with_its_new_password_and_not_with_the_old():
    scene = Scene()
    shipped = load_topology(SHIPPED)
    fresh = replace(
        shipped,
        lines=tuple(
            replace(line, password="customer-new") if line.number == "+12125550120" else line
            for line in shipped.lines
        ),
    )
    assert reload(scene.network.network, fresh) == ["lines"]
    registered: dict[str, list[str]] = {}
    for index, password in enumerate(("customer-120", "customer-new")):
        telephone = scene.telephone(5_200 + index, 62)
        telephone.register("12125550120", password, "ssp-62.calleq.example")
        scene.clock.advance_us(2 * SECOND_US)
        registered[password] = telephone.happened
    assert registered["customer-new"] == ["registered"]
    assert "registered" not in registered["customer-120"]
    call = scene.call()
    assert scene.network.view(call).state == "completed", "who was registered still is"


LATER = (
    FLAT
    + """
[[rates]]
to = "+1"
from = {instant}
per_minute = "0.12"
"""
)


def test_prices_are_read_anew_for_calls_from_then_on(tmp_path: Path):
    network = PricedNetwork(priced(tmp_path))
    network.credit(100_000_000)
    first = network.call(number("00"), REPRESENTATIVE).call
    deck = tmp_path / "flat.toml"
    instant = "2100-01-01T00:00:00Z"
    deck.write_text(FLAT.replace('per_minute = "0.06"', 'per_minute = "0.03"'))
    with pytest.raises(ReloadRefusedError, match="supersede it by a later rate"):
        reload(network.network, network.topology)
    deck.write_text(LATER.format(instant=instant))
    assert reload(network.network, network.topology) == []
    now = network.clock.now_us()
    assert now > 0
    second = network.call(number("00"), REPRESENTATIVE).call
    amounts = {
        one.entry.call: one.entry.amount_micro
        for one in network.all_entries
        if isinstance(one.entry, Charged)
    }
    assert amounts[first] == amounts[second], "the later rate is not in force yet"
    nothing = replace(network.topology, pricing=Pricing())
    with pytest.raises(ReloadRefusedError, match=r"pricing\.decks"):
        reload(network.network, nothing)


def test_every_part_of_a_topology_is_looked_at():
    builtins = msgspec.to_builtins(FIGURE1)
    assert {"businesses", "lines", "pricing"} < builtins.keys()
