"""A door with guards, for their tests: what is posted, what is answered, what the OSN is told."""

import json
from collections.abc import Iterable
from typing import Any

import msgspec

from calleq.accounts import Accounts
from calleq.accounts.principal import Principal
from calleq.door.replies import Reply
from calleq.guards import CallGuards
from calleq.intake.contract import Beside
from calleq.journal.entries import Refused, Stamped
from calleq.messages.answers import CallAccepted, ProblemView
from calleq.osn.messages import SetUpCall
from calleq.schedule import BusinessCalendar
from calleq.topology import Business, load_topology
from calleq.topology_policy import CallPolicy, CarrierPolicy, Rate
from tests.door import Door, message

ADDRESS = load_topology().access_server.equipment_address
NO_LIMIT = Rate(burst=0)
LOOSE = CarrierPolicy(
    number=NO_LIMIT,
    source=NO_LIMIT,
    visitor=NO_LIMIT,
    calls=NO_LIMIT,
    all_calls=NO_LIMIT,
    apart_s=0,
    unanswered_s=0,
    declined_s=0,
)
"""Nothing is counted; each test adds what it is about."""


def only(**more: Any) -> CarrierPolicy:
    """The guards of a carrier with these limits and no other."""
    return msgspec.structs.replace(LOOSE, **more)


def shop(identifier: str, **policy: Any) -> Business:
    """A business of New York."""
    return Business(
        identifier=identifier,
        name=identifier.upper(),
        password=f"{identifier}-demo",
        number="+12125550140",
        representatives=("+12125550143", "+12125550144"),
        policy=CallPolicy(**policy),
    )


class GuardedDoor:
    """Access server 72 whose guards are these; it begins its life with `entries`."""

    def __init__(
        self,
        carrier: CarrierPolicy = LOOSE,
        businesses: Iterable[Business] = (shop("abc"), shop("xyz")),
        entries: Iterable[Stamped] = (),
        at_us: int = 0,
    ) -> None:
        self.guards: CallGuards

        def beside(accounts: Accounts) -> Beside:
            self.guards = CallGuards(carrier, accounts.business, frozenset(("US",)))
            return Beside(calendar=BusinessCalendar(), guards=self.guards)

        self.door = Door(businesses, beside=beside)
        self.clock = self.door.clock
        if at_us:
            self.clock.advance_us(at_us - self.clock.now_us())
        self.entries = list(entries)
        self.door.server.restart(self.entries)

    def post(self, customer: str, business: str = "abc", **fields: object) -> Reply:
        """A message of figure 8 by the business's own server."""
        password = f"{business}-demo"
        body = message(business_id=business, password=password, customer_number=customer, **fields)
        return self.door.submit(json.dumps(body).encode())

    def click(
        self, customer: str, visitor: str, source: str = "203.0.113.9", business: str = "abc"
    ) -> Reply:
        """A request of figure 9 from a page of the business."""
        body = {
            "equipment_address": ADDRESS,
            "business_id": business,
            "customer_number": customer,
        }
        page = Principal("page", "page_token", business, visitor=visitor)
        replies: list[Reply] = []
        self.door.server.submit(
            json.dumps(body).encode(), {}, source, replies.append, figure=9, principal=page
        )
        assert len(replies) == 1
        return replies[0]

    def ends(self, reply: Reply, state: str = "completed") -> None:
        """The call has its final state."""
        self.door.ends(call_of(reply), state)

    def calls_and_ends(self, customer: str, state: str, business: str = "abc") -> None:
        """A whole call."""
        self.ends(let_through(self.post(customer, business)), state)

    def passes(self, seconds: float) -> None:
        self.clock.advance_us(round(seconds * 1_000_000))

    def set_ups(self) -> list[SetUpCall]:
        return [one for one in self.door.set_ups() if isinstance(one, SetUpCall)]

    def refused(self) -> list[Refused]:
        return self.door.journal.of(Refused)

    def next_life(self, carrier: CarrierPolicy, businesses: Iterable[Business]) -> "GuardedDoor":
        """The same door after a restart, at the same instant."""
        entries = [*self.entries, *self.door.journal.entries]
        return GuardedDoor(carrier, businesses, entries, self.clock.now_us())


def code_of(reply: Reply) -> str:
    """Why it was refused; empty: accepted."""
    return reply.view.code if isinstance(reply.view, ProblemView) else ""


def call_of(reply: Reply) -> str:
    assert isinstance(reply.view, CallAccepted), reply
    return reply.view.call


def let_through(reply: Reply) -> Reply:
    assert reply.status == 202, reply
    return reply
