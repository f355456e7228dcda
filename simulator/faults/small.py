"""Small worlds: the network of figure 1 with few lines and few circuits, quick to build and to run.

One customer on each kind of switch, two representatives on different ones, two businesses; four
circuits in each trunk group. What is different from world to world (who is where, how they behave,
how long wires take) is drawn by whoever asks for one.
"""

from functools import lru_cache

import msgspec

from calleq.topology import Behaviour, Business, Line, Timing, Topology, load_topology
from simulator.world import with_equipment

CIRCUITS = 4

CUSTOMERS = ("+12125550100", "+12125550106", "+12125550108", "+12125550111", "+12125550145")
"""On SSP 62, SSP 62, SSP 66, the MTSO and SSP 64."""
AGENTS = ("+12125550143", "+12125550144", "+12125550153")
"""The first two on SSP 64, the third on SSP 66."""
PASSWORD = "small"


@lru_cache(maxsize=8)
def _figure1(equipment: str) -> Topology:
    return with_equipment(load_topology(), equipment)


def small_world(
    behaviours: dict[str, Behaviour],
    *,
    circuits: int = CIRCUITS,
    timing: Timing | None = None,
    detect_machine: bool = False,
    name: str = "Small",
    equipment: str = "",
) -> Topology:
    """A network in which the telephones of `behaviours` behave so, and all others as persons.

    `equipment` makes the calls, such as an SCP; empty: the peripheral.

    Its one business is `small` (spoken name `name`), with the three representatives.
    """
    base = _figure1(equipment)
    lines = tuple(
        Line(
            number=number,
            kind="mobile" if number == "+12125550111" else "two_lines",
            behaviour=behaviours.get(number, "person"),
        )
        for number in (*CUSTOMERS, *AGENTS)
    )
    business = Business(
        identifier="small",
        name=name,
        password=PASSWORD,
        number="+12125550140",
        representatives=AGENTS,
        detect_machine=detect_machine,
    )
    trunks = tuple(msgspec.structs.replace(trunk, circuits=circuits) for trunk in base.trunks)
    return msgspec.structs.replace(
        base,
        name="a small world",
        lines=lines,
        trunks=trunks,
        premises=(),
        businesses=(business,),
        timing=timing or Timing(),
    )
