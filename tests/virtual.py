"""The whole network of figure 1 on the virtual clock, for tests that read like a call.

Every element is the one that `calleq up` runs, wired by `calleq.network`; only what it stands on
(clock, disk, wires, voice, hashing) is of the virtual kind. Messages go in as raw bodies, as the
HTTP surface hands them over.
"""

import json
import random
from collections.abc import Mapping
from typing import Any

import argon2

from calleq.access_server.server import Reply
from calleq.accounts.passwords import InlineVerifier
from calleq.billing.derivation import derive_records
from calleq.billing.records import LegRecord, SessionRecord
from calleq.journal.memory import MemoryJournal
from calleq.lines.plants import InProcessLines
from calleq.media.prompts import NominalPrompts
from calleq.media.virtual import VirtualVoice
from calleq.messages.answers import CallAccepted, CallView, EventView
from calleq.network import Network, Plant, build_network, point_codes
from calleq.osn.in_process import InProcessBus
from calleq.runtime.clock import VirtualClock
from calleq.runtime.tap import Segment
from calleq.ss7 import mtp3_codec
from calleq.ss7.isup import codec as isup_codec
from calleq.ss7.isup.messages import Iam, Message
from calleq.ss7.links import InProcessLink, LinkEnd
from calleq.ss7.mtp3 import Msu
from calleq.telephones.diary import Diary, DiaryCall, DiaryEntry
from calleq.topology import SignallingLink, Topology, load_topology
from calleq.trace.capture import Captured, MemoryCapture
from calleq.trace.ladder import Ladder, ladder
from calleq.units import SECOND_US

START_US = 1_795_262_400_000_000
"""2026-11-21T12:00:00Z."""
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
    """Every element on one virtual clock; computers are on-line when it has been made."""

    def __init__(
        self, topology: Topology | None = None, *, talk_us: int = 5 * SECOND_US, seed: int = 1
    ) -> None:
        self.topology = topology or load_topology()
        self.clock = VirtualClock(START_US)
        self.tap = MemoryCapture()
        self.journal = MemoryJournal(self.clock)
        self.links: dict[tuple[str, str], InProcessLink] = {}
        self.voice = VirtualVoice(self.clock, NominalPrompts())
        self.diary = Diary(self.clock)
        timing = self.topology.timing
        self.lines = InProcessLines(self.clock, timing.line_delay_us, self.tap)
        self.bus = InProcessBus(self.clock, timing.osn_delay_us, self.tap)
        hasher = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        plant = Plant(
            clock=self.clock,
            journal=self.journal,
            bus=self.bus,
            lines=self.lines,
            voice=self.voice,
            tap=self.tap,
            link_ends=self._link_ends,
            verifier=InlineVerifier(hasher),
            random_bits=random.Random(seed).getrandbits,
            secret=b"sixteen octets, and more",
            diary=self.diary,
            talk_us=talk_us,
        )
        self.network: Network = build_network(self.topology, plant)
        self.network.start()
        self.clock.advance_us(10 * SECOND_US)
        self._at_rest = self.activity()
        self.began_us = self.clock.now_us()
        """What is earlier belongs to computers going on-line."""

    def _link_ends(self, link: SignallingLink, chosen: frozenset[str]) -> Mapping[str, LinkEnd]:
        wire = InProcessLink(link.ends, self.clock, self.tap, link.delay_us)
        self.links[link.ends] = wire
        return {name: wire.end(name) for name in link.ends}

    # What a business does.

    def post(self, body: bytes | dict[str, Any], headers: Mapping[str, str] | None = None) -> Reply:
        """Hand a message to access server 72 and wait for its answer."""
        octets = body if isinstance(body, bytes) else json.dumps(body).encode()
        replies: list[Reply] = []
        assert self.network.server is not None
        self.network.server.submit(octets, headers or {}, "127.0.0.1", replies.append)
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
        server = self.network.server
        assert server is not None
        views = [server.call(call, business.identifier) for business in self.topology.businesses]
        view = next((view for view in views if view is not None), None)
        assert view is not None, f"no call {call}"
        return view

    def events(self, call: str) -> tuple[EventView, ...]:
        """The call's timeline."""
        server = self.network.server
        assert server is not None
        page = server.events(call, self.view(call).business, 0)
        assert page is not None
        return page.events

    def event_at_us(self, call: str, event: str, leg: str = "", attempt: int = 0) -> int:
        """When an event of the timeline happened; the first that fits."""
        for captured in self.tap.captures():
            if captured.segment is Segment.OSN and call.encode() in captured.octets:
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
        return found

    def assert_at_rest(self) -> None:
        """Nothing is different from before the first call: no circuit, telephone or call left."""
        assert self.activity() == self._at_rest

    # Faults.

    def stp_fails(self, name: str) -> None:
        """Every link of a transfer point goes down."""
        for ends, link in self.links.items():
            if name in ends:
                link.fail()

    def stp_returns(self, name: str) -> None:
        """Its links come back."""
        for ends, link in self.links.items():
            if name in ends:
                link.restore()

    def hang_up(self, telephone: str) -> None:
        """Whoever is at the telephone hangs up, or turns away what rings."""
        assert self.network.telephones is not None
        if self.network.telephones.telephone(telephone).state.value != "OnHook":
            self.network.telephones.hang_up(telephone)


def leg_of(record: SessionRecord, leg: str, attempt: int = 1) -> LegRecord:
    """One leg of a record."""
    return next(one for one in record.legs if (one.leg, one.attempt) == (leg, attempt))
