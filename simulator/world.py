"""Worlds: networks of many subscribers for the simulator, built as ordinary topologies.

A world is the network of figure 1 with other lines: customers on SSP 62 and the MTSO,
representatives on SSPs 64 and 66, businesses that own them. Everything about it follows from its
seed. The elements are the very ones of `calleq up`.
"""

import random

import msgspec

from calleq.topology import Behaviour, Business, Line, Switch, Topology, TrunkGroup, load_topology
from calleq.topology_billing import Pricing
from calleq.topology_equipment import made_by

# How customers behave, in shares of a hundred.
MIX: tuple[tuple[Behaviour, int], ...] = (
    ("person", 80),
    ("busy", 5),
    ("silent", 5),
    ("rejects", 3),
    ("hangs_up", 5),
    ("slow", 2),
)

LINE_DELAY_US = 1_500
"""Between a telephone and its switch; the truth of a run has to reckon with it."""

CUSTOMER_PREFIXES = ("+1212556", *(f"+121256{tens}" for tens in range(1, 10)))
MOBILE_PREFIXES = ("+1212557", *(f"+121257{tens}" for tens in range(1, 10)))
LINES_PER_PREFIX = 10_000
CUSTOMERS_LIMIT = LINES_PER_PREFIX * len(CUSTOMER_PREFIXES)
REPRESENTATIVE_PREFIXES = ("+1212558", "+1212559")


def build_world(
    seed: int,
    customers: int,
    businesses: int,
    circuits: int,
    calls_at_once: int | None = None,
    equipment: str = "",
) -> Topology:
    """A network of `customers` lines, a tenth mobile, and `businesses` of 10 representatives each.

    `circuits` is the size of every trunk group. The trunk to whatever makes the calls carries two
    circuits per call; `calls_at_once` makes it just wide enough for so many. `equipment` makes the
    calls where it is not the peripheral; a world without an SCP in it has no intelligent network.
    """
    if customers > CUSTOMERS_LIMIT:
        raise ValueError(f"{customers} customers: at most {CUSTOMERS_LIMIT}")
    base = with_equipment(load_topology(), equipment)
    draw = random.Random(f"world {seed}")
    behaviours = [behaviour for behaviour, share in MIX for _ in range(share)]
    lines = [
        _customer(index, draw.choice(behaviours), mobile=index % 10 == 9)
        for index in range(customers)
    ]
    owners = []
    for number in range(businesses):
        prefix = REPRESENTATIVE_PREFIXES[number % 2]
        numbers = tuple(f"{prefix}{number:03d}{place}" for place in range(10))
        lines += [Line(number=text, telephone="56") for text in numbers]
        owners.append(
            Business(
                identifier=f"b{number:03d}",
                name=f"Business {number:03d}",
                password=f"secret-{number:03d}",
                number=f"+1212555{1000 + number}",
                representatives=numbers,
            )
        )
    pairs = circuits if calls_at_once is None else 2 * calls_at_once
    makers = {peripheral.name for peripheral in base.peripherals}
    makers |= {equipment.name for equipment in base.equipments}
    trunks = tuple(
        _widened(trunk, circuits if makers.isdisjoint(trunk.ends) else pairs)
        for trunk in base.trunks
    )
    modem = next(line for line in base.lines if line.number == base.isp_number)
    return msgspec.structs.replace(
        base,
        name=f"world {seed}",
        switches=_switches(base, pairs if equipment else None),
        trunks=trunks,
        lines=(*lines, modem),
        freephone=(),
        premises=(),
        timing=msgspec.structs.replace(base.timing, line_delay_us=LINE_DELAY_US),
        businesses=tuple(owners),
        pricing=Pricing(),
    )


def _switches(base: Topology, board: int | None) -> tuple[Switch, ...]:
    """With the world's prefixes, and boards of so many ports (None: as they are)."""
    prefixes = {
        "ssp-62": CUSTOMER_PREFIXES,
        "mtso-65": MOBILE_PREFIXES,
        "ssp-64": (REPRESENTATIVE_PREFIXES[0],),
        "ssp-66": (REPRESENTATIVE_PREFIXES[1], base.isp_number),
    }
    return tuple(
        msgspec.structs.replace(
            switch,
            prefixes=prefixes[switch.name],
            board=switch.board if board is None else board,
        )
        for switch in base.switches
    )


def with_equipment(topology: Topology, equipment: str) -> Topology:
    """The same network, with this equipment for its calls; SCPs only where one makes them."""
    if equipment not in {point.name for point in topology.service_control_points}:
        topology = without_services(topology)
    return made_by(topology, equipment)


def without_services(topology: Topology) -> Topology:
    """The same network without the intelligent network: no control points, nothing translated."""
    controls = {point.name for point in topology.service_control_points}
    return msgspec.structs.replace(
        topology,
        service_control_points=(),
        freephone=(),
        triggers=(),
        links=tuple(link for link in topology.links if controls.isdisjoint(link.ends)),
    )


def _customer(index: int, behaviour: Behaviour, *, mobile: bool) -> Line:
    block, place = divmod(index, LINES_PER_PREFIX)
    if mobile:
        number = f"{MOBILE_PREFIXES[block]}{place:04d}"
        return Line(number=number, kind="mobile", behaviour=behaviour)
    return Line(number=f"{CUSTOMER_PREFIXES[block]}{place:04d}", behaviour=behaviour)


def _widened(trunk: TrunkGroup, circuits: int) -> TrunkGroup:
    return msgspec.structs.replace(trunk, circuits=circuits)
