"""Small worlds for crashes: a network, a few calls, and what their parties will do.

The switch FAR and every telephone lie outside the process that is killed; in half of the worlds all
else is inside, as in `calleq up`, in the others some elements, as in `calleq run`. Each call has a
customer and a representative of its own, so that whoever is rung twice shows. Everything about a
world follows from its seed.
"""

import json
import random

import msgspec

from calleq.network import TELEPHONES
from calleq.topology import (
    Business,
    Line,
    SignallingLink,
    Topology,
    TrunkGroup,
    element_names,
    load_topology,
)
from calleq.units import SECOND_US, parse_utc
from simulator.world import without_services

START_US = parse_utc("2026-01-05T09:00:00Z")
FAR = "ssp-64"
"""The switch that is never killed."""
WIRE_US = 5_000
"""What every wire between inside and outside takes: neither side can surprise the other sooner."""
CALLS = 3
CIRCUITS = CALLS
"""Of each trunk group; twice as many to the peripheral, where a call takes two."""
OFFERED_WITHIN_US = 6 * SECOND_US
LONGEST_CALL_US = 260 * SECOND_US

WRITERS = ("server-72", "ip-76", "ssp-62", "ssp-66", "mtso-65")
"""Elements that write a journal; of those inside there is one at least."""

CUSTOMERS = ("+12125550100", "+12125550101", "+12125550104", "+12125550111", "+12125550112")
"""On SSP 62 and, the last two, the MTSO."""
REPRESENTATIVES = ("+12125550140", "+12125550141", "+12125550142", "+12125550150", "+12125550151")
"""On FAR and, the last two, SSP 66."""
BUSINESS = Business(identifier="abc", name="ABC", password="abc-demo", number="+12125550142")


class Manner(msgspec.Struct, frozen=True):
    """What a party does with a call."""

    answers_after_us: int | None = None
    """None: lets it ring."""
    leaves_after_us: int = 0
    """After the answer, when nobody else ends the call before."""
    rejects: bool = False


class Message(msgspec.Struct, frozen=True):
    """One message of the client."""

    key: str
    """Its idempotency key."""
    at_us: int
    customer: str
    representative: str
    body: bytes
    again_after_us: int | None
    """Posted once more so long after it was accepted, as clients do that lost the answer."""


class World(msgspec.Struct, frozen=True):
    """One small world."""

    seed: int
    topology: Topology
    inside: frozenset[str]
    outside: frozenset[str]
    messages: tuple[Message, ...]
    manners: dict[str, Manner]


def build_world(seed: int) -> World:
    """The world of a seed."""
    draw = random.Random(f"crash {seed}")
    customers = draw.sample(CUSTOMERS, CALLS)
    representatives = draw.sample(REPRESENTATIVES, CALLS)
    manners: dict[str, Manner] = {}
    messages = []
    for place, (customer, representative) in enumerate(
        zip(customers, representatives, strict=True)
    ):
        manners[customer], manners[representative] = _manners(draw)
        fields = {
            "business_id": BUSINESS.identifier,
            "password": BUSINESS.password,
            "customer_number": customer,
            "representative_number": representative,
            "hunt": False,
        }
        messages.append(
            Message(
                key=f"message-{seed}-{place}",
                at_us=draw.randrange(OFFERED_WITHIN_US),
                customer=customer,
                representative=representative,
                body=json.dumps(fields).encode(),
                again_after_us=draw.randrange(4 * SECOND_US) if draw.random() < 0.3 else None,
            )
        )
    topology = _topology()
    elements = sorted(set(element_names(topology)) - {FAR, TELEPHONES})
    inside = frozenset(elements)
    if seed % 2:
        inside = frozenset(draw.sample(elements, draw.randrange(1, len(elements))))
        inside |= {draw.choice(WRITERS)}
    outside = frozenset((*elements, FAR)) - inside
    return World(seed, topology, inside, outside, tuple(messages), manners)


def _manners(draw: random.Random) -> tuple[Manner, Manner]:
    """The customer's and the representative's; the latter usually ends the call."""
    answers_us = draw.randrange(SECOND_US, 4 * SECOND_US)
    customer = Manner(answers_us, 2 * LONGEST_CALL_US)
    talk_us = draw.randrange(2 * SECOND_US, 6 * SECOND_US)
    representative = Manner(draw.randrange(SECOND_US, 3 * SECOND_US), talk_us)
    match draw.randrange(10):
        case 0:
            customer = Manner(None)
        case 1:
            customer = Manner(rejects=True)
        case 2:
            customer = Manner(answers_us, 2 * SECOND_US)
        case 3:
            representative = Manner(None)
        case 4 | 5:
            representative = Manner(SECOND_US, LONGEST_CALL_US // 2)
        case _:
            pass
    return customer, representative


def _topology() -> Topology:
    base = without_services(load_topology())
    return msgspec.structs.replace(
        base,
        name="crash",
        links=tuple(_slowed(link) for link in base.links),
        trunks=tuple(_narrowed(trunk) for trunk in base.trunks),
        lines=tuple(Line(number=number) for number in (*CUSTOMERS, *REPRESENTATIVES)),
        premises=(),
        timing=msgspec.structs.replace(base.timing, line_delay_us=WIRE_US),
        businesses=(BUSINESS,),
    )


def _slowed(link: SignallingLink) -> SignallingLink:
    return msgspec.structs.replace(link, delay_us=WIRE_US)


def _narrowed(trunk: TrunkGroup) -> TrunkGroup:
    doubled = any(end.startswith("ip-") for end in trunk.ends)
    return msgspec.structs.replace(trunk, circuits=CIRCUITS * (2 if doubled else 1))
