"""The simulator's network, with the verbs and questions that a test of calls wants.

Every element is the one that `calleq up` runs, wired by `calleq.network`; only what it stands on
(clock, disk, wires, voice) is of the virtual kind. Messages go in as raw bodies, as the HTTP
surface hands them over.
"""

import json
from collections.abc import Mapping
from typing import Any

from calleq.billing.derivation import derive_records
from calleq.billing.records import LegRecord, SessionRecord
from calleq.door.replies import Reply
from calleq.messages.answers import CallAccepted, CallView, EventView
from calleq.network_nodes import point_codes
from calleq.runtime.tap import Segment
from calleq.ss7 import mtp3_codec
from calleq.ss7.isup import codec as isup_codec
from calleq.ss7.isup.messages import Iam, Message
from calleq.ss7.mtp3 import SERVICE_ISUP, Msu
from calleq.telephones.diary import DiaryCall, DiaryEntry
from calleq.topology import Topology, load_topology
from calleq.trace.capture import Captured, MemoryCapture
from calleq.trace.ladder import Ladder, ladder
from calleq.units import SECOND_US
from simulator import virtual

SETTLE_US = 9 * SECOND_US
CALL_LIMIT_US = 600 * SECOND_US
"""No call of these tests lasts longer."""
QUIET_US = 40 * SECOND_US
"""After a call's end: every release, tone and timer of it is over."""

REPRESENTATIVE = "+12125550143"
OTHER_REPRESENTATIVE = "+12125550144"
XYZ_REPRESENTATIVE = "+12125550153"


def number(ending: str) -> str:
    """The telephone of issue 2's list: `number("05")`."""
    return "+121255501" + ending


class VirtualNetwork:
    """The simulator's network with a capture, and the verbs and questions of a test.

    Computers are on-line when it has been made.
    """

    def __init__(
        self,
        topology: Topology | None = None,
        *,
        talk_us: int = 5 * SECOND_US,
        seed: int = 1,
        **more: Any,
    ) -> None:
        self.tap = MemoryCapture()
        world = virtual.VirtualNetwork(
            topology or load_topology(), seed=seed, tap=self.tap, talk_us=talk_us, **more
        )
        self.topology = world.topology
        self.clock = world.clock
        self.journal = world.journal
        self.links = world.links
        self.diary = world.diary
        self.voice = world.voice
        self.network = world.network
        self.bus = world.bus
        self.server = world.server
        self.stp_fails = world.fail_element
        self.stp_returns = world.restore_element
        self.clock.advance_us(SETTLE_US)
        self.at_rest = self.activity()
        self.began_us = self.clock.now_us()
        """What is earlier belongs to computers going on-line."""

    # What a business does.

    def post(self, body: bytes | dict[str, Any], headers: Mapping[str, str] | None = None) -> Reply:
        """Hand a message to access server 72 and wait for its answer."""
        octets = body if isinstance(body, bytes) else json.dumps(body).encode()
        replies: list[Reply] = []
        self.server.submit(octets, headers or {}, "127.0.0.1", replies.append)
        while not replies:
            assert self.clock.run_next(), "nothing is left that could answer"
        assert len(replies) == 1
        return replies[0]

    def place(
        self, customer: str, rep: str | None = None, business: str = "abc", **more: Any
    ) -> str:
        """Post a call-initiation message that is accepted; the call's reference."""
        body = {
            "business_id": business,
            "password": f"{business}-demo",
            "customer_number": customer,
            **({} if rep is None else {"representative_number": rep}),
            **more,
        }
        reply = self.post(body)
        assert reply.status == 202, reply
        assert isinstance(reply.view, CallAccepted)
        return reply.view.call

    def run_to_end(self, *calls: str) -> None:
        """Until these calls have ended and everything of them is over."""
        end_us = self.clock.monotonic_us() + CALL_LIMIT_US
        while not all(self.view(call).final for call in calls):
            assert self.clock.run_next(), "nothing is left that could end the call"
            assert self.clock.monotonic_us() < end_us, [self.view(call) for call in calls]
        self.clock.advance_us(QUIET_US)

    def run_until(self, at_us: int) -> None:
        """Until that instant, UTC."""
        self.clock.advance_us(at_us - self.clock.now_us())

    def call(
        self, customer: str, rep: str | None = None, business: str = "abc", **more: Any
    ) -> CallView:
        """A whole call from its message to its last octet."""
        call = self.place(customer, rep, business, **more)
        self.run_to_end(call)
        return self.view(call)

    # What anyone may ask.

    def view(self, call: str) -> CallView:
        """The call as its business sees it."""
        views = [
            self.server.call(call, business.identifier) for business in self.topology.businesses
        ]
        view = next((view for view in views if view is not None), None)
        assert view is not None, f"no call {call}"
        return view

    def events(self, call: str) -> tuple[EventView, ...]:
        """The call's timeline."""
        page = self.server.events(call, self.view(call).business, 0)
        assert page is not None
        return page.events

    def event_at_us(self, call: str, event: str, leg: str = "", attempt: int = 0) -> int:
        """When an event of the timeline happened; the first that fits."""
        for captured in self.tap.captures():
            inside = captured.segment in (Segment.OSN, Segment.INSIDE)
            if inside and call.encode() in captured.octets:
                said = json.loads(captured.octets)
                if (
                    said.get("event") == event
                    and leg in ("", said.get("leg"))
                    and attempt in (0, said.get("attempt"))
                ):
                    at_us: int = said["at_us"]
                    return at_us
        raise AssertionError(f"{call}: no event {event} {leg}")

    def legs(self, call: str) -> list[tuple[str, bool, int | None]]:
        """(number, answered or not, cause) of each leg, in the order of dialling."""
        return [
            (leg.number, leg.answered_at is not None, leg.cause) for leg in self.view(call).legs
        ]

    def entries(self, telephone: str) -> tuple[DiaryEntry, ...]:
        """The telephone's own diary."""
        return self.diary.entries(telephone)

    def calls(self, telephone: str) -> list[DiaryCall]:
        """The calls a telephone lived through since computers are on-line."""
        lived = self.diary.calls(telephone)
        return [one for one in lived if one.began.at_us >= self.began_us]

    def rings(self, telephone: str) -> int:
        """How often a telephone has rung."""
        return sum(one.rang for one in self.calls(telephone))

    def hears(self, telephone: str) -> set[str]:
        """Whose voices a telephone hears now."""
        assert self.network.telephones is not None
        return set(self.network.telephones.heard(telephone))

    def records(self) -> dict[str, SessionRecord]:
        """The records that the journal proves, by call."""
        return {record.call: record for record in derive_records(self.journal.entries)}

    def ladder(self, call: str) -> Ladder:
        """Every message of the call."""
        return ladder(call, self.tap.captures(), self.journal.entries, point_codes(self.topology))

    def signalling(self) -> list[tuple[Captured, Msu, Message]]:
        """Every ISUP message captured since computers are on-line, with what it crossed."""
        found = []
        for captured in self.tap.captures():
            if captured.segment is Segment.SIGNALLING_LINK and captured.at_us >= self.began_us:
                msu = mtp3_codec.decode(captured.octets)
                if msu.service == SERVICE_ISUP:
                    found.append((captured, msu, isup_codec.decode(msu.payload)))
        return found

    def dialled(self) -> list[str]:
        """The called number of every IAM that its originating exchange sent, in order."""
        codes = point_codes(self.topology)
        return [
            "+" + message.called.digits
            for captured, msu, message in self.signalling()
            if isinstance(message, Iam) and codes[captured.sender] == msu.origin
        ]

    # Whether anything is left.

    def activity(self) -> dict[str, object]:
        """Circuits that are not idle, telephones that are not on the hook, calls in progress."""
        network = self.network
        found: dict[str, object] = {}
        for name, exchange in network.exchanges.items():
            for group in exchange.snapshot().groups:
                if group.busy or group.reset:
                    found[f"{name} {group.name}"] = (group.busy, group.reset)
        assert network.telephones is not None
        for telephone in network.telephones.numbers:
            state = network.telephones.telephone(telephone).state
            if state.value != "OnHook":
                found[telephone] = state.value
        for name, peripheral in network.peripherals.items():
            if len(peripheral.calling_logic):
                found[name] = len(peripheral.calling_logic)
            if peripheral.resource is not None and len(peripheral.resource):
                found[f"{name} for SCPs"] = len(peripheral.resource)
        for name, switch in network.switches.items():
            if switch.logic is not None and len(switch.logic):
                found[name] = len(switch.logic)
            if len(switch.joining):
                found[f"{name} joins"] = len(switch.joining)
            if switch.services is not None and len(switch.services):
                found[f"{name} services"] = len(switch.services)
        for name, equipment in network.equipments.items():
            if len(equipment.calling_logic):
                found[name] = len(equipment.calling_logic)
        for name, control in network.control_points.items():
            if len(control.calling_logic):
                found[name] = len(control.calling_logic)
            if len(control.platform):
                found[f"{name} dialogues"] = len(control.platform)
        return found

    def assert_at_rest(self) -> None:
        """Nothing is different from before the first call: no circuit, telephone or call left."""
        assert self.activity() == self.at_rest

    # What a person does.

    def hang_up(self, telephone: str) -> None:
        """Whoever is at the telephone hangs up, or turns away what rings."""
        assert self.network.telephones is not None
        if self.network.telephones.telephone(telephone).state.value != "OnHook":
            self.network.telephones.hang_up(telephone)


def leg_of(record: SessionRecord, leg: str, attempt: int = 1) -> LegRecord:
    """One leg of a record."""
    return next(one for one in record.legs if (one.leg, one.attempt) == (leg, attempt))
