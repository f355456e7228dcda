"""Every kind of fault in every state of a call: each cell one run, its answer a final state.

A cell sets a call going until the peripheral's machine is in the wanted state, strikes, lets the
fault last `LAST_US`, mends everything and lets the network come to rest; then every rule of
`invariants` must hold. States that a call only passes through within one instant (finding a
representative in memory) can be struck by nothing and have no row.
"""

import json
from collections.abc import Iterator
from functools import lru_cache
from random import Random

import msgspec

from calleq.calling_logic.logic import CallingLogic
from calleq.door.replies import Reply
from calleq.messages.answers import CallAccepted
from calleq.network import Network
from calleq.ss7.sccp.values import SERVICE_SCCP
from calleq.topology import Behaviour, Timing, load_topology
from calleq.units import HOUR_US, SECOND_US
from simulator.faults.disk import FLUSH_US
from simulator.faults.invariants import breaches, rest_of
from simulator.faults.kinds import KINDS, Kind, Scene
from simulator.faults.network import FragileNetwork
from simulator.faults.service_kinds import SERVICE_KINDS
from simulator.faults.signalling import SignallingRule
from simulator.faults.small import AGENTS, CUSTOMERS, PASSWORD, small_world

LAST_US = 8 * SECOND_US
"""How long a fault lasts before it is mended."""
REACH_US = 5 * 60 * SECOND_US
"""A state that is not reached by then is not reached at all."""
REST_US = 12 * HOUR_US
RING_LIMIT_S = 12.0
DEAF_COUNT = 100_000
LINKS_US = SECOND_US
"""Until the nodes of the intelligent network have heard of each other."""
IAM_LEAVES_US = FLUSH_US + 500
"""From the journalling of an attempt until its IAM is on the link and nothing has come back."""


class Approach(msgspec.Struct, frozen=True, kw_only=True):
    """How a call comes into a state."""

    state: str
    customer: Behaviour = "person"
    agents: Behaviour = "person"
    detect_machine: bool = False
    dial_first: str = "customer"
    prelude: str = ""
    """What is done to the network: `reset` begins the peripheral again before the call, `silence`
    cuts its signalling once the representative is being dialled. To an SCP: none, and deafness."""


APPROACHES: tuple[Approach, ...] = (
    Approach(state="accepted"),
    Approach(state="Reserving", prelude="reset"),
    Approach(state="DialingCustomer"),
    Approach(state="CustomerRinging"),
    Approach(state="JudgingCustomer", detect_machine=True),
    Approach(state="DialingAgent"),
    Approach(state="AgentRinging"),
    Approach(state="DroppingAgent", prelude="silence"),
    Approach(state="Whispering"),
    Approach(state="Joining"),
    Approach(state="Bridged"),
    Approach(state="Apologising", agents="busy"),
    Approach(state="Releasing"),
    Approach(state="AgentFirstReserving", dial_first="agent", prelude="reset"),
    Approach(state="AgentFirstDialing", dial_first="agent"),
    Approach(state="AgentFirstRinging", dial_first="agent"),
    Approach(state="AgentFirstDropping", dial_first="agent", prelude="silence"),
    Approach(state="AgentFirstDialingCustomer", dial_first="agent"),
    Approach(state="AgentFirstCustomerRinging", dial_first="agent"),
    Approach(state="AgentFirstJudging", dial_first="agent", detect_machine=True),
)


class Cell(msgspec.Struct, frozen=True):
    """What became of one call."""

    state: str
    kind: str
    outcome: str
    """The final state; `not reached` when the call never came into the state; `-` when the kind
    found nothing to strike."""
    breaches: tuple[str, ...]


def cells() -> Iterator[tuple[Approach, Kind]]:
    """Every cell of the matrix, row by row."""
    for approach in APPROACHES:
        for kind in KINDS:
            yield approach, kind


NOT_IN_CS1 = frozenset(
    (
        *("Reserving", "CustomerRinging", "AgentRinging", "DroppingAgent"),
        *("AgentFirstReserving", "AgentFirstRinging", "AgentFirstDropping"),
        "AgentFirstCustomerRinging",
    )
)
"""In CS-1 nothing is reserved, alerting is not reported, and a release is not confirmed."""


@lru_cache(maxsize=8)
def approaches_of(equipment: str) -> tuple[Approach, ...]:
    """The states that a call of this equipment is in for any time."""
    points = {point.name: point for point in load_topology().service_control_points}
    if equipment not in points or points[equipment].bridge != "ip":
        return APPROACHES
    return tuple(one for one in APPROACHES if one.state not in NOT_IN_CS1)


def kinds_of(equipment: str) -> tuple[Kind, ...]:
    """The kinds of fault that can hurt calls of this equipment (empty: of the peripheral)."""
    return (*KINDS, *SERVICE_KINDS) if equipment else KINDS


def run_cell(approach: Approach, kind: Kind, equipment: str = "") -> Cell:
    """One run, of a call that `equipment` makes; empty: the peripheral."""
    customer, agent = CUSTOMERS[0], AGENTS[0]
    behaviours: dict[str, Behaviour] = dict.fromkeys(AGENTS, approach.agents)
    behaviours[customer] = approach.customer
    network = FragileNetwork(
        small_world(
            behaviours,
            detect_machine=approach.detect_machine,
            timing=Timing(ring_limit_s=RING_LIMIT_S),
            equipment=equipment,
        ),
        settle_us=LINKS_US if equipment else 0,
    )
    before = rest_of(network)
    if approach.prelude == "reset" and not equipment:
        _reset_slowly(network)
    calls = _post(network, customer, approach.dial_first)
    if not _reach(network, approach, calls):
        return Cell(approach.state, kind.name, "not reached", ())
    draw = Random(f"{approach.state} {kind.name}")
    if not kind.strike(Scene(network, customer, agent), draw):
        return Cell(approach.state, kind.name, "-", ())
    network.clock.advance_us(LAST_US)
    network.mend()
    still = [] if network.clock.run(REST_US) else ["the network does not come to rest"]
    return Cell(
        approach.state,
        kind.name,
        _outcome(network, calls),
        (*still, *breaches(network, before, calls)),
    )


def _reset_slowly(network: FragileNetwork) -> None:
    """The peripheral begins again while its host cannot hear of it: its circuits stay reset."""
    name = network.peripheral
    _post(network, CUSTOMERS[1], "customer")
    network.clock.run(REST_US)
    network.restart(name, SECOND_US)
    network.isolate(name)
    network.clock.advance_us(2 * SECOND_US)
    network.clock.call_later_us(3 * SECOND_US, network.reconnect, name)


def _post(network: FragileNetwork, customer: str, dial_first: str) -> list[str]:
    calls: list[str] = []
    body = json.dumps(
        {
            "business_id": "small",
            "password": PASSWORD,
            "customer_number": customer,
            "representative_number": AGENTS[0],
            "dial_first": dial_first,
        }
    ).encode()

    def answered(reply: Reply) -> None:
        if isinstance(reply.view, CallAccepted):
            calls.append(reply.view.call)

    network.submit(body, answered)
    return calls


def _reach(network: FragileNetwork, approach: Approach, calls: list[str]) -> bool:
    """Let time pass until the call is in the state; False when that never happens."""
    clock = network.clock
    limit_us = clock.monotonic_us() + REACH_US
    wants_silence = approach.prelude == "silence"
    while clock.monotonic_us() < limit_us and clock.run_next():
        if approach.state == "accepted":
            if calls:
                return True
            continue
        running = network.running(network.equipment)
        if running is None or not calls:
            continue
        state = _logic(running, network.equipment).state(calls[0])
        if state == approach.state:
            return True
        if wants_silence and state in ("DialingAgent", "AgentFirstDialing"):
            if network.equipment == network.peripheral:
                clock.call_later_us(IAM_LEAVES_US, network.isolate, network.peripheral)
            else:
                clock.call_later_us(IAM_LEAVES_US, _deafen, network)
            wants_silence = False
    return False


def _deafen(network: FragileNetwork) -> None:
    """The SCP hears nothing any more, and does not know it."""
    network.signalling.trouble(
        SignallingRule(
            trouble="drop", exchange=network.equipment, service=SERVICE_SCCP, count=DEAF_COUNT
        )
    )


def _logic(running: Network, equipment: str) -> CallingLogic:
    point = running.control_points.get(equipment)
    return (point or running.peripherals[equipment]).calling_logic


def _outcome(network: FragileNetwork, calls: list[str]) -> str:
    running = network.running(network.server)
    if not calls or running is None or running.server is None:
        return "-"
    view = running.server.call(calls[0], "small")
    return "unknown" if view is None else view.state
