"""Arrivals: when which business asks for a call to whom, drawn from a seed.

Poisson arrivals at a rate; the customer and the business are drawn evenly. The arrival list is made
before the run, so that nothing in the run can disturb it.
"""

import random
from collections.abc import Iterator

import msgspec

from calleq.topology import Topology
from calleq.units import SECOND_US
from simulator.world import CUSTOMER_PREFIX, MOBILE_PREFIX


class Arrival(msgspec.Struct, frozen=True):
    """One message to post."""

    at_us: int
    """Since the start of the run."""
    business: str
    password: str
    customer: str


def poisson(
    topology: Topology, seed: int, calls: int, calls_per_second: float
) -> Iterator[Arrival]:
    """`calls` arrivals with exponential gaps of mean 1/`calls_per_second`."""
    draw = random.Random(f"traffic {seed}")
    customers = [
        line.number
        for line in topology.lines
        if line.number.startswith((CUSTOMER_PREFIX, MOBILE_PREFIX))
    ]
    at_us = 0
    for _ in range(calls):
        at_us += round(draw.expovariate(calls_per_second) * SECOND_US)
        business = draw.choice(topology.businesses)
        yield Arrival(at_us, business.identifier, business.password, draw.choice(customers))
