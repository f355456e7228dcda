"""Voice over IP as the source has it: IP addresses and SIP URIs in place of either number.

The peripheral calls them itself; telephones are user agents at addresses of a virtual net, the
network of figure 1 stands beside them where a leg goes by telephone.
"""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from calleq.access_server.server import Reply
from calleq.billing.records import LegRecord, SessionRecord
from calleq.journal.entries import LineMeasured
from calleq.messages.answers import CallAccepted, CallView
from calleq.sip.transaction import Target
from calleq.topology import Topology, figure1_path, load_topology
from calleq.topology_sip import SipAccess
from calleq.units import SECOND_US
from simulator.virtual import VirtualNetwork
from tests.sip_scene import SipWorld, Telephone

SERVER = Target("127.0.0.1", 5076)
CUSTOMER = "sip:ann@127.0.0.38:5060"
REPRESENTATIVE = "sip:56@127.0.0.56:5060"
NUMBER = "+12125550100"
NUMBERED_REPRESENTATIVE = "+12125550143"


def voip_alone() -> Topology:
    """The shipped network without a telephone network."""
    return load_topology(figure1_path().with_name("voip.toml"))


def figure1_with_voip() -> Topology:
    """Figure 1, whose peripheral calls SIP URIs besides."""
    topology = load_topology()
    (peripheral,) = topology.peripherals
    peripheral = msgspec.structs.replace(
        peripheral,
        sip=SipAccess(listen="127.0.0.1:5076"),
        voip_allowed=("127.0.0.0/8", "phones.example"),
    )
    return msgspec.structs.replace(topology, peripherals=(peripheral,))


class Scene:
    """A network with telephones that speak SIP."""

    def __init__(self, topology: Topology, **more: Any) -> None:
        self.world = SipWorld()
        self.network = VirtualNetwork(
            topology, sip=self.world.ground, talk_us=5 * SECOND_US, **more
        )
        self.clock = self.network.clock
        self.wait_s(9)

    def wait_s(self, seconds: float) -> None:
        self.clock.advance_us(round(seconds * SECOND_US))

    def telephone(self, host: str, port: int = 5060) -> Telephone:
        return Telephone(self.world.net, self.clock, (host, port), SERVER)

    def post(self, customer: str, representative: str | None = None, **more: Any) -> Reply:
        body = {
            "business_id": "abc",
            "password": "abc-demo",
            "customer_number": customer,
            **({} if representative is None else {"representative_number": representative}),
            **more,
        }
        replies: list[Reply] = []
        self.network.submit(json.dumps(body).encode(), replies.append)
        while not replies:
            assert self.clock.run_next()
        return replies[0]

    def call(self, customer: str, representative: str | None = None, **more: Any) -> CallView:
        reply = self.post(customer, representative, **more)
        assert isinstance(reply.view, CallAccepted), reply
        view = self.network.run_to_end(reply.view.call, "abc", 300 * SECOND_US)
        self.wait_s(40)
        return view

    def record(self, call: str) -> SessionRecord:
        (record,) = [one for one in self.network.records() if one.call == call]
        return record

    def voip(self) -> Any:
        (peripheral,) = self.network.network.peripherals.values()
        assert peripheral.voip is not None
        return peripheral.voip

    def at_rest(self) -> None:
        """No way, port, gateway call or circuit is left."""
        assert len(self.voip()) == 0
        assert self.world.ports.taken == {}
        for gateway in self.network.network.gateways.values():
            assert gateway.calls_in_progress == 0
        for exchange in self.network.network.exchanges.values():
            assert all(not group.busy for group in exchange.snapshot().groups)
        for peripheral in self.network.network.peripherals.values():
            assert len(peripheral.calling_logic) == 0


def leg(record: SessionRecord, which: str) -> LegRecord:
    (found,) = [one for one in record.legs if one.leg == which]
    return found


@pytest.fixture
def alone() -> Iterator[Scene]:
    scene = Scene(voip_alone())
    yield scene
    scene.at_rest()


@pytest.fixture
def mixed() -> Iterator[Scene]:
    scene = Scene(figure1_with_voip())
    yield scene
    scene.at_rest()


@pytest.mark.row("S2-13")
@pytest.mark.row("S2-114")
def test_the_whole_method_without_any_telephone_network(alone: Scene) -> None:
    network = alone.network.network
    assert not network.nodes
    assert not network.exchanges
    assert not network.switches
    customer, representative = alone.telephone("127.0.0.38"), alone.telephone("127.0.0.56")
    representative.hang_up_after_us = 5 * SECOND_US
    view = alone.call(CUSTOMER, REPRESENTATIVE)
    assert (view.state, view.cause) == ("completed", 16)
    assert customer.happened == ["rings", "answers", "is ended 16"]
    assert representative.happened == ["rings", "answers", "hangs up", "ends"]
    record = alone.record(view.call)
    for which, telephone, number in (
        ("customer", customer, CUSTOMER),
        ("agent", representative, REPRESENTATIVE),
    ):
        found = leg(record, which)
        assert (found.number, found.entity, found.cause) == (number, "ip-76", 16)
        ended = telephone.at_us["is ended 16" if which == "customer" else "hangs up"]
        assert abs(found.talk_us - (ended - telephone.at_us["answers"])) < 20_000
        assert not found.partial
    assert record.complete
    measured = [e for e in alone.network.journal.entries if isinstance(e.entry, LineMeasured)]
    assert len(measured) == 2
