"""The guards of a network, made of its topology."""

from collections.abc import Callable

from calleq.guards.destinations import DeckOf
from calleq.guards.facts import regions_of_country_code
from calleq.guards.guard import CallGuards
from calleq.topology import Business, Topology


def guards_of(
    topology: Topology,
    business_of: Callable[[str], Business | None],
    *,
    limited: bool = True,
    deck_of: DeckOf | None = None,
) -> CallGuards:
    """The guards that `[guards]` wants; `business_of` knows businesses by identifier.

    Not `limited`: whatever must never be called is not, but nothing is counted.
    """
    carrier = topology.guards if limited else topology.guards.unlimited()
    home = regions_of_country_code(topology.country_code)
    return CallGuards(
        carrier,
        business_of,
        home,
        deck_of=deck_of,
        ring_limit_s=topology.timing.ring_limit_s,
    )
