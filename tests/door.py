"""The carrier's door alone, between a business and a recorded OSN, for the tests of its rooms.

Everything at the door is the real thing; its neighbours (journal, OSN, capture) write down what
they are given, in one list where the order matters.
"""

import base64
import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import argon2
import httpx
import msgspec

from calleq.access_server.administration import Administration
from calleq.access_server.http import HttpSurface
from calleq.access_server.proofs import by_proof
from calleq.access_server.routes_page_tokens import PageTokenDesk
from calleq.access_server.services import Older
from calleq.accounts import Accounts, FailureLimits, InlineVerifier, hash_password
from calleq.accounts.authenticator import Authenticator
from calleq.accounts.issuing import Issued, Issuing
from calleq.accounts.keeping import Keeping
from calleq.accounts.page_tokens import PageTokens
from calleq.accounts.registry import Registry
from calleq.accounts.replays import Replays
from calleq.accounts.safe import Safe
from calleq.door.door import Door as Server
from calleq.door.replies import Reply
from calleq.intake import CallReferences, Intake
from calleq.intake.contract import Beside
from calleq.journal.entries import Entry, Stamped
from calleq.operation.accounts import operator_api
from calleq.osn.messages import CallEnded, CallProgress, OsnMessage, SetUpTaken, decode, encode
from calleq.runtime.clock import VirtualClock
from calleq.schedule import BusinessCalendar, Schedule, ScheduleStore
from calleq.topology import Business, Topology, load_topology
from calleq.topology_equipment import instructed
from calleq.units import parse_utc
from tests.asgi import InProcess
from tests.doubles import RecordingTap

MORNING_US = parse_utc("2026-11-21T10:00:00Z")
LOOPBACK = "127.0.0.1"
OUTSIDE = "203.0.113.9"
QUICK = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""argon2id at its cheapest, so that ten thousand guesses fit a test."""

SUSPENDED = Business(identifier="gone", password="gone-demo", active=False)
HASHED = Business(
    identifier="abroad",
    name="Abroad",
    password_hash=hash_password("far away", QUICK),
    number="+12125550160",
    representatives=("+12125550153",),
)


async def _at_once(work: Callable[[], Issued]) -> Issued:
    return work()


class JournalDouble:
    """Says "durable" at once, or at `flush` when `held`."""

    def __init__(self, clock: VirtualClock, story: list[str]) -> None:
        self.entries: list[Stamped] = []
        self.held = False
        self._clock = clock
        self._story = story
        self._waiting: list[Callable[[], object]] = []

    def append(
        self, entity: str, entry: Entry, durable: Callable[[], object] | None = None
    ) -> None:
        octets = msgspec.msgpack.encode(entry)
        kept = msgspec.msgpack.decode(octets, type=Entry)
        self.entries.append(
            Stamped(
                entity,
                len(self.entries) + 1,
                self._clock.now_us(),
                self._clock.monotonic_us(),
                kept,
            )
        )
        if durable is not None:
            self._waiting.append(durable)
            if not self.held:
                self.flush()

    def last_sequence(self, entity: str) -> int:
        own = (one.sequence for one in self.entries if one.entity == entity)
        return max(own, default=0)

    def flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        for durable in waiting:
            self._story.append("durable")
            durable()

    def of(self, kind: type[Any]) -> list[Any]:
        return [stamped.entry for stamped in self.entries if isinstance(stamped.entry, kind)]


class RecordingBus:
    """OSN 74, of which everything is written down."""

    def __init__(self, story: list[str]) -> None:
        self.sent: list[tuple[str, str, OsnMessage]] = []
        self._story = story
        self._receivers: dict[str, Callable[[str, bytes], None]] = {}

    def attach(self, element: str, receive: Callable[[str, bytes], None]) -> None:
        self._receivers[element] = receive

    def send(self, sender: str, receiver: str, octets: bytes) -> None:
        message = decode(octets)
        self._story.append(type(message).__name__)
        self.sent.append((sender, receiver, message))

    def says(self, message: OsnMessage, sender: str = "ssp-62", to: str = "server-72") -> None:
        self._receivers[to](sender, encode(message))

    def says_octets(self, octets: bytes, sender: str = "ssp-62", to: str = "server-72") -> None:
        self._receivers[to](sender, octets)


class Door:
    """Access server 72 with everything at the door; `http(peer)` is the internet side."""

    def __init__(
        self,
        businesses: Iterable[Business] | None = None,
        limits: FailureLimits | None = None,
        older: Older | None = None,
        beside: Beside | Callable[[Accounts], Beside] | None = None,
        store: ScheduleStore | None = None,
    ) -> None:
        figure1 = load_topology()
        self.topology: Topology = msgspec.structs.replace(
            figure1,
            businesses=(*figure1.businesses, SUSPENDED, HASHED)
            if businesses is None
            else tuple(businesses),
        )
        self.clock = VirtualClock(MORNING_US)
        self.story: list[str] = []
        self.journal = JournalDouble(self.clock, self.story)
        self.bus = RecordingBus(self.story)
        self.tap = RecordingTap()
        self.verifier = InlineVerifier(QUICK)
        self.registry = Registry(self.topology.businesses, safe=Safe(b"s" * 32))
        self.keeping = Keeping(self.registry, self.journal, self.clock, "server-72")
        self.accounts = Accounts(self.registry, self.verifier, self.clock, b"k" * 32, limits)
        self.intake = Intake(
            self.accounts,
            self.journal,
            self.clock,
            CallReferences(self.clock, random.Random(1).getrandbits),
            self.topology.access_server.equipment_address,
            self.topology.access_server.name,
            beside=Beside(calendar=BusinessCalendar())
            if beside is None
            else beside
            if isinstance(beside, Beside)
            else beside(self.accounts),
        )
        self.schedule = Schedule(self.clock, store)
        self.server = Server(
            self.topology.access_server.name,
            instructed(self.topology),
            accounts=self.accounts,
            intake=self.intake,
            bus=self.bus,
            journal=self.journal,
            clock=self.clock,
            tap=self.tap,
            ring_limit_us=self.topology.ring_limit_us(),
            schedule=self.schedule,
        )
        self.authenticator = Authenticator(
            self.accounts, self.clock, PageTokens(b"p" * 32), Replays(), self.keeping.used
        )
        self.surface = HttpSurface(
            self.server,
            self.accounts,
            lambda: "request-1",
            lambda: 1.5,
            older,
            authenticate=by_proof(self.authenticator, self.intake.denied),
        )
        desk = PageTokenDesk(self.authenticator, random.Random(2).randbytes, self.clock)
        self.surface.services.add(PageTokenDesk, desk)
        issuing = Issuing(
            random.Random(3).randbytes, lambda text: hash_password(text, QUICK), Safe(b"s" * 32)
        )
        self.administration = Administration(self.keeping, issuing, _at_once)
        self.surface.services.add(Administration, self.administration)
        self.operators = operator_api(self.surface.services)

    def restart(self, entries: Sequence[Stamped]) -> int:
        """Take up the journal of before, as a process does; how many instructions left again."""
        self.keeping.restore(entries)
        return self.server.restart(entries)

    def operator(self) -> httpx.Client:
        """The same API for whoever is on the server's own machine."""
        transport = InProcess(self.operators, LOOPBACK)
        return httpx.Client(transport=transport, base_url="http://operator.example")

    def http(self, peer: str = LOOPBACK) -> httpx.Client:
        return httpx.Client(
            transport=InProcess(self.surface.app, peer), base_url="http://server-72.example"
        )

    def submit(self, body: bytes, peer: str = LOOPBACK, **headers: str) -> Reply:
        """Submit on the virtual clock and return the one reply."""
        replies: list[Reply] = []
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.server.submit(body, named, peer, replies.append)
        assert len(replies) == 1, "a message is answered once"
        return replies[0]

    def place(self, peer: str = LOOPBACK, **fields: object) -> str:
        """An accepted call's reference."""
        answer = self.http(peer).post("/v1/calls", json=message(**fields))
        assert answer.status_code == 202, answer.text
        return str(answer.json()["call"])

    def happens(self, call: str, event: str, leg: str = "", attempt: int = 0, **more: Any) -> None:
        """The equipment reports an event, a second after the last."""
        self.clock.advance_us(1_000_000)
        at_us = self.clock.now_us()
        self.bus.says(CallProgress(call, event, at_us, leg, attempt, **more))

    def taken(self, call: str) -> None:
        self.bus.says(SetUpTaken(call, "ip-76"))

    def ends(self, call: str, state: str = "completed", cause: int = 16) -> None:
        self.bus.says(CallEnded(call, state, cause, self.clock.now_us()))

    def set_ups(self) -> list[Any]:
        return [sent[2] for sent in self.bus.sent]


def message(**fields: object) -> dict[str, object]:
    """A good message of figure 8 by `abc`; None leaves a field out."""
    whole: dict[str, object] = {
        "business_id": "abc",
        "password": "abc-demo",
        "customer_number": "+12125550100",
        "representative_number": "+12125550143",
        **fields,
    }
    return {name: value for name, value in whole.items() if value is not None}


def basic(business: str = "abc", password: str = "abc-demo") -> dict[str, str]:
    credentials = base64.b64encode(f"{business}:{password}".encode()).decode()
    return {"authorization": f"Basic {credentials}"}
