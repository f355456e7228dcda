"""The guards against a plain model that keeps every call and every instant, by random walks."""

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from calleq.accounts.principal import Principal
from calleq.guards import CallGuards
from calleq.intake.contract import Ending, Wanted
from calleq.journal.entries import Accepted, Ended, Entry, Stamped
from calleq.numbering import parse_address
from calleq.topology_policy import Rate
from calleq.units import SECOND_US, parse_utc
from tests.guards_scene import only, shop

NUMBERS = ("+12125550100", "+12125550102", "+18765550100", "sip:ann@example.com")
VISITORS = ("", "v1", "v2")
SOURCES = ("198.51.100.1", "198.51.100.2")
STATES = ("completed", "customer_no_answer", "customer_rejected", "customer_busy", "canceled")
BUSINESSES = {one: shop(one, regions=("US",)) for one in ("abc", "xyz")}
CARRIER = only(
    number=Rate(burst=3, refill_s=100),
    visitor=Rate(burst=2, refill_s=70),
    source=Rate(burst=3, refill_s=50),
    calls=Rate(burst=4, refill_s=30),
    all_calls=Rate(burst=6, refill_s=20),
    apart_s=40,
    unanswered_s=15,
    declined_s=45,
    cool_down_most_s=200,
)
START_US = parse_utc("2026-11-21T10:00:00Z")


@dataclass
class Bucket:
    """The plain way: tokens that trickle in."""

    rate: Rate
    tokens: float
    at_us: int

    def now(self, now_us: int) -> float:
        gained = (now_us - self.at_us) / self.rate.refill_us
        return min(float(self.rate.burst), self.tokens + gained)

    def take(self, now_us: int) -> None:
        self.tokens, self.at_us = self.now(now_us) - 1, now_us


@dataclass
class Model:
    """What the guards ought to know."""

    buckets: dict[tuple[str, str], Bucket] = field(default_factory=dict)
    live: dict[str, tuple[str, int]] = field(default_factory=dict)
    rows: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    """Times, until when, until when it is remembered."""

    def bucket(self, kind: str, key: str, rate: Rate, now_us: int) -> Bucket:
        return self.buckets.setdefault((kind, key), Bucket(rate, rate.burst, now_us))

    def wanted_buckets(self, wanted: Wanted, now_us: int) -> list[tuple[str, Bucket]]:
        business, visitor = wanted.business.identifier, wanted.by.visitor
        found = [("number_limit", self.bucket("n", wanted.customer, CARRIER.number, now_us))]
        if visitor:
            key = f"{business}/{visitor}"
            found.append(("visitor_limit", self.bucket("v", key, CARRIER.visitor, now_us)))
            found.append(("source_limit", self.bucket("s", wanted.source, CARRIER.source, now_us)))
        found.append(("calls_limit", self.bucket("b", business, CARRIER.calls, now_us)))
        found.append(("all_calls_limit", self.bucket("a", "", CARRIER.all_calls, now_us)))
        return found

    def verdict(self, wanted: Wanted, due_us: int, now_us: int) -> str:
        if wanted.customer == "+18765550100":
            return "region"
        for number, other_us in self.live.values():
            near = abs(max(other_us, now_us) - max(due_us, now_us)) < CARRIER.apart_s * SECOND_US
            if number == wanted.customer and near:
                return "called_already"
        _, until_us, _ = self.rows.get(wanted.customer, (0, 0, 0))
        if now_us < until_us and due_us <= now_us:
            return "cooling_down"
        for code, bucket in self.wanted_buckets(wanted, now_us):
            if bucket.now(now_us) < 1 - 1e-9:
                return code
        return ""

    def ended(self, number: str, state: str, now_us: int) -> None:
        if state == "completed":
            self.rows.pop(number, None)
            return
        first_s = {"customer_no_answer": 15, "customer_rejected": 45}.get(state)
        if first_s is None:
            return
        times, _, kept_us = self.rows.get(number, (0, 0, 0))
        times = times + 1 if now_us < kept_us else 1
        length_us = min(first_s * 2 ** (times - 1), CARRIER.cool_down_most_s) * SECOND_US
        kept_us = now_us + length_us + max(4 * length_us, 3_600 * SECOND_US)
        self.rows[number] = (times, now_us + length_us, kept_us)


class Guarded(RuleBasedStateMachine):
    """Calls come, end, and time passes; at any moment the process may begin anew."""

    @initialize()
    def begins(self) -> None:
        self.now_us = START_US
        self.model = Model()
        self.journal: list[Stamped] = []
        self.accepted: dict[str, Accepted] = {}
        self.guards = self.new()

    def new(self) -> CallGuards:
        return CallGuards(CARRIER, BUSINESSES.get)

    def write(self, entry: Entry) -> None:
        number = len(self.journal) + 1
        self.journal.append(Stamped("server-72", number, self.now_us, 0, entry))

    @rule(
        number=st.sampled_from(NUMBERS),
        business=st.sampled_from(sorted(BUSINESSES)),
        visitor=st.sampled_from(VISITORS),
        source=st.sampled_from(SOURCES),
        later_s=st.sampled_from((0, 0, 0, 20, 39, 40, 100)),
    )
    def asks(self, number: str, business: str, visitor: str, source: str, later_s: int) -> None:
        due_us = self.now_us + later_s * SECOND_US
        wanted = Wanted(
            call=f"call {len(self.journal)}",
            business=BUSINESSES[business],
            by=Principal("page" if visitor else "business_owner", "page_token", visitor=visitor),
            customer=parse_address(number),
            representative=None,
            content={"customer_number": number},
            source=source,
            desired_us=due_us if later_s else None,
        )
        refusal = self.guards.judge(wanted, self.now_us)
        assert ("" if refusal is None else refusal.reason) == self.model.verdict(
            wanted, due_us, self.now_us
        )
        if refusal is not None:
            return
        entry = Accepted(
            wanted.call,
            business,
            "server-72",
            dict(wanted.content),
            source=source,
            visitor=visitor,
            due_us=due_us if later_s else 0,
        )
        self.write(entry)
        self.guards.accepted(entry, self.now_us)
        self.accepted[entry.call] = entry
        self.model.live[entry.call] = (number, due_us)
        for _, bucket in self.model.wanted_buckets(wanted, self.now_us):
            bucket.take(self.now_us)

    @rule(draw=st.integers(0, 99), state=st.sampled_from(STATES))
    def ends(self, draw: int, state: str) -> None:
        if not self.model.live:
            return
        call = sorted(self.model.live)[draw % len(self.model.live)]
        number, _ = self.model.live.pop(call)
        entry = self.accepted[call]
        self.write(Ended(call, state, 16))
        if draw % 2:
            self.write(Ended(call, state, 16))  # the journal has it of the equipment, too
        ending = Ending(entry.business, number, state, 16, self.now_us, dialled=True)
        self.guards.ended(call, ending)
        self.guards.ended(call, ending)
        self.model.ended(number, state, self.now_us)

    @rule(seconds=st.sampled_from((1, 5, 15, 30, 50, 100, 400, 4_000)))
    def passes(self, seconds: int) -> None:
        self.now_us += seconds * SECOND_US

    @rule()
    def restarts(self) -> None:
        self.guards = self.new()
        for stamped in self.journal:
            self.guards.restore(stamped)

    @invariant()
    def knows_what_goes_on(self) -> None:
        assert len(self.guards.going_on) == len(self.model.live)


Guarded.TestCase.settings = settings(
    max_examples=120, stateful_step_count=40, deadline=None, print_blob=True
)
TestGuarded = Guarded.TestCase
