"""Figure 1 in simulated time, asked at one of its three doors, by figure 8 or figure 9."""

import json
from typing import Any

import msgspec

from calleq.accounts.principal import Principal
from calleq.door.replies import Reply
from calleq.journal.entries import Accepted, Refused, Stamped
from calleq.messages.answers import CallAccepted, ProblemView
from calleq.runtime.tap import Segment
from calleq.topology import Business, Topology, load_topology
from calleq.topology_business import Agent
from calleq.trace.capture import Captured
from tests.virtual import VirtualNetwork, number

SERVER, PERIPHERAL, SWITCH = "server-72", "ip-76", "ssp-62"
DOORS = (SERVER, PERIPHERAL, SWITCH)
ADDRESSES = {name: f"{name}.calleq.example" for name in DOORS}
INNER = {PERIPHERAL: "ip-76-internet", SWITCH: "ssp-62-internet"}
"""What the doors that elements have of their own are called in journals and captures."""

PAGE = {
    "current": {"url": "https://www.abc.example/shoes?size=9", "title": "Shoes <b>& more</b>"},
    "recent": [
        {"url": "https://www.abc.example/", "viewed_at": "2026-01-05T04:00:00-05:00"},
        {"url": "https://www.abc.example/söcks"},
    ],
}


def of_page(business: str = "abc") -> Principal:
    """A visitor of the business's page, as its page token says."""
    return Principal(
        "page",
        "page_token",
        business,
        visitor="visitor-1",
        origin=f"https://www.{business}.example",
        page="/shoes",
    )


def changed(identifier: str, **settings: Any) -> Topology:
    """Figure 1 with other settings of one business."""
    topology = load_topology()
    businesses = tuple(
        msgspec.structs.replace(one, **settings) if one.identifier == identifier else one
        for one in topology.businesses
    )
    return msgspec.structs.replace(topology, businesses=businesses)


def business_of(topology: Topology, identifier: str) -> Business:
    return next(one for one in topology.businesses if one.identifier == identifier)


def agents(**numbers: str) -> tuple[Agent, ...]:
    return tuple(
        Agent(identifier=name.replace("_", "-"), number=number) for name, number in numbers.items()
    )


class AtDoor(VirtualNetwork):
    """A network whose questions and messages go to one of its doors."""

    def __init__(self, element: str, topology: Topology | None = None, **more: Any) -> None:
        super().__init__(topology, **more)
        self.element = element
        self.use(element)

    def use(self, element: str) -> None:
        """From now on at that element's door."""
        self.element = element
        self.server = self.network.doors[element]

    def ask(
        self, business: str = "abc", *, principal: Principal | None = None, **fields: Any
    ) -> Reply:
        """A request of figure 9, for this equipment unless it says otherwise; None leaves a
        field out."""
        body = {
            "equipment_address": ADDRESSES[self.element],
            "business_id": business,
            "customer_number": number("00"),
            **fields,
        }
        told = {name: value for name, value in body.items() if value is not None}
        return self.answered(json.dumps(told).encode(), 9, principal or of_page(business))

    def answered(self, body: bytes, figure: Any = 8, principal: Principal | None = None) -> Reply:
        """Hand a message in and wait for its one answer."""
        replies: list[Reply] = []
        self.server.submit(
            body, {}, "127.0.0.1", replies.append, figure=figure, principal=principal
        )
        while not replies:
            assert self.clock.run_next(), "nothing is left that could answer"
        assert len(replies) == 1
        return replies[0]

    def accepted(self, reply: Reply) -> str:
        """The call of a reply that accepts."""
        assert reply.status == 202, reply
        assert isinstance(reply.view, CallAccepted)
        return reply.view.call

    def ask_to_end(self, business: str = "abc", **fields: Any) -> str:
        """A whole call by figure 9; its reference."""
        call = self.accepted(self.ask(business, **fields))
        self.run_to_end(call)
        return call

    def captured(self, *segments: Segment) -> list[Captured]:
        """What crossed those segments since computers are on-line."""
        return [
            one
            for one in self.tap.captures()
            if one.segment in segments and one.at_us >= self.began_us
        ]

    def of(self, kind: type[Any]) -> list[Any]:
        """The entries of a kind."""
        found: list[Stamped] = [s for s in self.journal.entries if isinstance(s.entry, kind)]
        return [stamped.entry for stamped in found]

    def refusals(self) -> list[Refused]:
        return self.of(Refused)

    def acceptances(self) -> list[Accepted]:
        return self.of(Accepted)

    def story(self, call: str) -> list[tuple[str, str, int]]:
        """(event, leg, attempt) of the call's timeline, in order."""
        return [(one.event, one.leg, one.attempt) for one in self.events(call)]


def problem(reply: Reply) -> ProblemView:
    assert isinstance(reply.view, ProblemView), reply
    return reply.view
