"""Figure 1 with every element a process, doors at three of them, one authority: in simulated time.

A process dies with `world.kill` and begins again with what its disk had; the doors' requests are
made as their HTTP surfaces make them.
"""

import json
from typing import Any

import msgspec

from calleq.accounts.changes import Change
from calleq.accounts.principal import Principal
from calleq.charging import CallCharging
from calleq.door.replies import Reply
from calleq.journal.entries import Accepted, Charged, Dialled, Entry
from calleq.messages.answers import CallAccepted, ProblemView
from calleq.network import Network
from calleq.relay import FrontDoor
from calleq.runtime.tap import Segment
from calleq.topology import Topology, load_topology
from calleq.topology_billing import Billing
from calleq.trace.capture import MemoryCapture
from calleq.units import SECOND_US
from simulator.faults.network import FragileNetwork
from tests.guards_scene import LOOSE

SERVER, PERIPHERAL, SWITCH = "server-72", "ip-76", "ssp-62"
DOORS = (SERVER, PERIPHERAL, SWITCH)
FRONTS = (PERIPHERAL, SWITCH)
CUSTOMERS = ("+12125550100", "+12125550101", "+12125550102", "+12125550103")
REPRESENTATIVE = "+12125550143"


def topology_of(billing: dict[str, Any] | None = None, **policy: Any) -> Topology:
    """Figure 1; `abc` pays as `billing` says, and the carrier's limits are these and no others."""
    figure1 = load_topology()
    businesses = tuple(
        msgspec.structs.replace(one, billing=msgspec.convert(billing or {}, Billing))
        if one.identifier == "abc"
        else one
        for one in figure1.businesses
    )
    guards = msgspec.structs.replace(LOOSE, **policy)
    return msgspec.structs.replace(figure1, businesses=businesses, guards=guards)


class Split:
    """The network, and what a test asks it."""

    def __init__(self, topology: Topology | None = None, *, talk_s: int = 10) -> None:
        self.tap = MemoryCapture()
        self.world = FragileNetwork(
            topology or topology_of(), relayed=True, tap=self.tap, talk_us=talk_s * SECOND_US
        )
        self.clock = self.world.clock

    def passes(self, seconds: float) -> None:
        """Time goes on."""
        self.clock.advance_us(int(seconds * SECOND_US))

    def network(self, element: str) -> Network:
        """What runs of an element."""
        found = self.world.running(element)
        assert found is not None, f"{element} is dead"
        return found

    def front(self, element: str) -> FrontDoor:
        """The front of an element."""
        return self.network(element).fronts[element]

    @property
    def charging(self) -> CallCharging:
        """What the authority has of money."""
        charged = self.network(SERVER).charged
        assert charged is not None
        return charged.charging

    def change(self, change: Change) -> None:
        """Something changes in the accounts, at the access server."""
        keeping = self.network(SERVER).keeping
        assert keeping is not None
        keeping.change(change)

    def submit(
        self,
        door: str,
        customer: str = CUSTOMERS[0],
        *,
        key: str = "",
        principal: Principal | None = None,
        peer: str = "127.0.0.1",
        **fields: Any,
    ) -> list[Reply]:
        """A message at the door of an element; the reply is there when it has been made."""
        said: list[Reply] = []
        body: dict[str, Any] = {
            "business_id": "abc",
            "equipment_address": f"{door}.calleq.example",
            "customer_number": customer,
            "representative_number": REPRESENTATIVE,
            **({} if principal else {"password": "abc-demo"}),
            **fields,
        }
        headers = {"content-type": "application/json"}
        if key:
            headers["idempotency-key"] = key
        octets = json.dumps(body).encode()
        target: Any = self.network(SERVER).server if door == SERVER else self.front(door)
        target.submit(octets, headers, peer, said.append, principal=principal)
        return said

    def asked(self, door: str, customer: str = CUSTOMERS[0], **more: Any) -> Reply:
        """The reply to a message at a door."""
        said = self.submit(door, customer, **more)
        self.passes(0.5)
        (reply,) = said
        return reply

    def entries(self, kind: type[Entry]) -> list[Any]:
        """What all disks hold of a kind."""
        return [one.entry for one in self.world.entries() if isinstance(one.entry, kind)]

    def accepted(self) -> list[Accepted]:
        """Every acceptance."""
        return self.entries(Accepted)

    def charged(self) -> list[Charged]:
        """Every charge."""
        return self.entries(Charged)

    def dialled(self, leg: str = "customer") -> list[str]:
        """The numbers dialled as that leg, in the order of dialling."""
        return [one.number for one in self.entries(Dialled) if one.leg == leg]

    def on_osn(self) -> list[bytes]:
        """Everything captured on the OSN."""
        return [one.octets for one in self.tap.captures() if one.segment is Segment.OSN]


def code_of(reply: Reply) -> str:
    """Why a message was refused."""
    assert isinstance(reply.view, ProblemView), reply
    return reply.view.code


def call_of(reply: Reply) -> str:
    """The call of a message that was accepted."""
    assert isinstance(reply.view, CallAccepted), reply
    return reply.view.call


def asking(topology: Topology, customer: str) -> Topology:
    """The same where `abc` asks for consent, and a customer presses 9."""
    lines = tuple(
        msgspec.structs.replace(line, behaviour="opts_out") if line.number == customer else line
        for line in topology.lines
    )
    return msgspec.structs.replace(changed(topology, consent="key"), lines=lines)


def with_origin(topology: Topology) -> Topology:
    """The same where `abc` has pages."""
    return changed(topology, origins=("https://www.abc.example",))


def changed(topology: Topology, **settings: Any) -> Topology:
    """Other settings of `abc`."""
    businesses = tuple(
        msgspec.structs.replace(one, **settings) if one.identifier == "abc" else one
        for one in topology.businesses
    )
    return msgspec.structs.replace(topology, businesses=businesses)
