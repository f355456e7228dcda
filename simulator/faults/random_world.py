"""A seed is one small world: a few calls in a small network, faults at random instants, all drawn.

`plan` draws everything before anything runs, so that the plan can be shown and nothing in the run
can disturb it; `play` runs a plan and says which rules were broken. The same seed and version give
the same run.
"""

import json
from random import Random

import msgspec

from calleq.door.replies import Reply
from calleq.messages.answers import CallAccepted
from calleq.topology import Behaviour, Timing
from calleq.units import HOUR_US, MILLISECOND_US, SECOND_US, seconds_text
from simulator.faults.invariants import breaches, rest_of
from simulator.faults.kinds import KINDS, Scene
from simulator.faults.network import FragileNetwork, Machines
from simulator.faults.small import AGENTS, CUSTOMERS, PASSWORD, small_world

CUSTOMER_HABITS: tuple[Behaviour, ...] = (
    *("person",) * 6,
    *("hangs_up", "busy", "silent", "rejects", "machine", "fax", "slow"),
)
AGENT_HABITS: tuple[Behaviour, ...] = (*("person",) * 6, "busy", "rejects", "silent", "hangs_up")
CALLS_LIMIT = 3
FAULTS_LIMIT = 3
CALLS_WITHIN_US = 8 * SECOND_US
FAULTS_WITHIN_US = 25 * SECOND_US
FAULTS_LAST_US = 40 * SECOND_US
AGAIN_AFTER_US = 4 * SECOND_US
"""A business that got no answer posts its message again, with the same key."""
TRIES = 5
REST_US = 24 * HOUR_US


class PlannedCall(msgspec.Struct, frozen=True):
    """A message and how its business behaves."""

    at_us: int
    customer: str
    representative: str
    """Empty: the carrier finds one."""
    dial_first: str
    posts: int
    """How often the same message is posted, answered or not."""


class PlannedFault(msgspec.Struct, frozen=True):
    """A fault and whom it strikes."""

    at_us: int
    kind: str
    customer: str
    agent: str


class Plan(msgspec.Struct, frozen=True):
    """Everything about the world of one seed."""

    seed: int
    circuits: int
    line_delay_us: int
    osn_delay_us: int
    detect_machine: bool
    machines: Machines
    talk_us: int
    behaviours: dict[str, Behaviour]
    calls: tuple[PlannedCall, ...]
    faults: tuple[PlannedFault, ...]
    mended_at_us: int


class Verdict(msgspec.Struct, frozen=True):
    """What became of a seed."""

    seed: int
    states: tuple[str, ...]
    """The final states of the calls that were accepted, in their order."""
    struck: tuple[str, ...]
    """The kinds that found something to strike."""
    breaches: tuple[str, ...]


def plan(seed: int) -> Plan:
    """The world of a seed."""
    draw = Random(f"small world {seed}")
    behaviours: dict[str, Behaviour] = {
        **{number: draw.choice(CUSTOMER_HABITS) for number in CUSTOMERS},
        **{number: draw.choice(AGENT_HABITS) for number in AGENTS},
    }
    calls = tuple(
        PlannedCall(
            at_us=draw.randrange(CALLS_WITHIN_US),
            customer=draw.choice(CUSTOMERS),
            representative=draw.choice(("", *AGENTS)),
            dial_first=draw.choice(("customer", "customer", "customer", "agent")),
            posts=draw.choice((1, 1, 2, 3)),
        )
        for _ in range(draw.randint(1, CALLS_LIMIT))
    )
    faults = tuple(
        PlannedFault(
            at_us=draw.randrange(FAULTS_WITHIN_US),
            kind=draw.choice(KINDS).name,
            customer=draw.choice(calls).customer,
            agent=draw.choice(AGENTS),
        )
        for _ in range(draw.randint(0, FAULTS_LIMIT))
    )
    last_us = max((fault.at_us for fault in faults), default=0)
    return Plan(
        seed=seed,
        circuits=draw.choice((2, 4, 4, 6)),
        line_delay_us=draw.choice((0, 1_500)),
        osn_delay_us=draw.choice((500, 20 * MILLISECOND_US)),
        detect_machine=draw.random() < 0.2,
        machines=draw.choice(("one", "each")),
        talk_us=draw.choice((1, 5)) * SECOND_US,
        behaviours=behaviours,
        calls=calls,
        faults=tuple(sorted(faults, key=lambda fault: fault.at_us)),
        mended_at_us=last_us + draw.randrange(FAULTS_LAST_US),
    )


def told(made: Plan) -> list[str]:
    """The plan in lines for people."""
    lines = [
        f"circuits {made.circuits}, line delay {made.line_delay_us} us, OSN delay"
        f" {made.osn_delay_us} us, machine detection {'on' if made.detect_machine else 'off'},"
        f" {made.machines} machine,"
        f" talk {seconds_text(made.talk_us)} s"
    ]
    lines += [f"{number} {behaviour}" for number, behaviour in made.behaviours.items()]
    events = [
        (
            call.at_us,
            f"{call.customer} with {call.representative or 'whoever is idle'},"
            f" {call.dial_first} first, posted {call.posts} times",
        )
        for call in made.calls
    ]
    events += [
        (fault.at_us, f"fault: {fault.kind} (of {fault.customer}, {fault.agent})")
        for fault in made.faults
    ]
    events.append((made.mended_at_us, "everything is mended"))
    return lines + [f"{seconds_text(at_us)} s  {text}" for at_us, text in sorted(events)]


class _Business:
    """Posts one message as often as planned, and until it is answered."""

    def __init__(self, network: FragileNetwork, call: PlannedCall, key: str) -> None:
        self._network = network
        self._key = key
        self._tries = 0
        self._posts = call.posts
        self.call = ""
        message = {
            "business_id": "small",
            "password": PASSWORD,
            "customer_number": call.customer,
            "dial_first": call.dial_first,
        }
        if call.representative:
            message["representative_number"] = call.representative
        self._body = json.dumps(message).encode()
        network.clock.call_later_us(call.at_us, self._post)

    def _post(self) -> None:
        self._tries += 1
        self._network.submit(self._body, self._answered, self._key)
        self._network.clock.call_later_us(AGAIN_AFTER_US, self._look)

    def _look(self) -> None:
        if self._tries < max(self._posts, 0 if self.call else TRIES):
            self._post()

    def _answered(self, reply: Reply) -> None:
        if isinstance(reply.view, CallAccepted):
            assert self.call in ("", reply.view.call), "one key, one call"
            self.call = reply.view.call


def play(made: Plan) -> Verdict:
    """Run the world of a plan."""
    timing = Timing(
        ring_limit_s=12.0, line_delay_us=made.line_delay_us, osn_delay_us=made.osn_delay_us
    )
    topology = small_world(
        made.behaviours,
        circuits=made.circuits,
        timing=timing,
        detect_machine=made.detect_machine,
    )
    network = FragileNetwork(
        topology, seed=made.seed, talk_us=made.talk_us, settle_us=0, machines=made.machines
    )
    before = rest_of(network)
    businesses = [
        _Business(network, call, f"key-{made.seed}-{place}")
        for place, call in enumerate(made.calls)
    ]
    draw = Random(f"strikes {made.seed}")
    struck = []
    kinds = {kind.name: kind for kind in KINDS}
    for fault in made.faults:
        network.clock.advance_us(fault.at_us - network.clock.monotonic_us())
        if kinds[fault.kind].strike(Scene(network, fault.customer, fault.agent), draw):
            struck.append(fault.kind)
    network.clock.advance_us(made.mended_at_us - network.clock.monotonic_us())
    network.mend()
    found = [] if network.clock.run(REST_US) else ["the network does not come to rest"]
    calls = [business.call for business in businesses if business.call]
    found += breaches(network, before, calls)
    return Verdict(made.seed, _states(network, calls), tuple(struck), tuple(found))


def _states(network: FragileNetwork, calls: list[str]) -> tuple[str, ...]:
    running = network.running(network.server)
    if running is None or running.server is None:
        return ()
    views = [running.server.call(call, "small") for call in calls]
    return tuple("unknown" if view is None else view.state for view in views)


def try_seed(seed: int) -> Verdict:
    """Run a seed; a fault of the program's own is a broken rule as well."""
    try:
        return play(plan(seed))
    except Exception as error:
        text = f"a fault of calleq's own: {type(error).__name__}: {error}"
        return Verdict(seed, (), (), (text,))
