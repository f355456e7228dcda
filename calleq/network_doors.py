"""Wiring of the doors on the internet. A part of `calleq.network`, in a module of its own.

All doors of one process share accounts, customers, the do-not-call list, the schedule and what
stands beside the intake (calendar, guards, charging); each has an intake of its own, for its own
equipment address. Instructions of a door that an element has of its own go to that element by a bus
inside it (`calleq.osn.inner`).
"""

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field

from calleq.accounts.accounts import Accounts
from calleq.door.door import Door
from calleq.intake.contract import Beside
from calleq.intake.customers import KnownCustomers
from calleq.intake.do_not_call import DoNotCallList
from calleq.intake.intake import Intake
from calleq.intake.references import CallReferences
from calleq.journal.contract import Journal
from calleq.osn.contract import Bus
from calleq.osn.inner import InnerBus
from calleq.protection.opening import Protection
from calleq.runtime.clock import Clock
from calleq.runtime.tap import Tap
from calleq.schedule import BusinessCalendar, Schedule
from calleq.topology import Topology
from calleq.topology_doors import DoorPlan, doors_of, inner_name


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorGround:
    """What the doors of one process stand on."""

    accounts: Accounts
    journal: Journal
    clock: Clock
    tap: Tap
    random_bits: Callable[[int], int]
    supplied: Mapping[str, dict[str, str]]
    schedule: Schedule
    """Of the calls that are made later; of all doors."""
    beside: Beside = field(default_factory=lambda: Beside(calendar=BusinessCalendar()))
    protection: Protection | None = None
    """What opens encrypted messages."""


@dataclass(slots=True)
class Doors:
    """The doors of one process."""

    accounts: Accounts | None = None
    """None where there is no door."""
    by_element: dict[str, Door] = field(default_factory=dict)
    """By the name of the element whose door it is, the access server's first."""
    intakes: dict[str, Intake] = field(default_factory=dict)


class Buses:
    """The OSN as each element of one process sees it."""

    def __init__(self, topology: Topology, osn: Bus, clock: Clock, tap: Tap) -> None:
        self._topology = topology
        self._osn = osn
        self._clock = clock
        self._tap = tap
        self._inner: dict[str, InnerBus] = {}

    def of(self, element: str) -> Bus:
        """The OSN, or, for an element with a door of its own, the one around it."""
        if element not in self._inner:
            door = inner_name(self._topology, element)
            if not door:
                return self._osn
            self._inner[element] = InnerBus(element, door, self._osn, self._clock, self._tap)
        return self._inner[element]


def build_doors(topology: Topology, chosen: Set[str], buses: Buses, ground: DoorGround) -> Doors:
    """The doors of the elements that are chosen, without which there are no accounts."""
    plans = [plan for plan in doors_of(topology) if plan.element in chosen]
    if not plans:
        return Doors()
    doors = Doors(ground.accounts)
    references = CallReferences(ground.clock, ground.random_bits)
    registry = ground.accounts.registry
    do_not_call = DoNotCallList(ground.journal, ground.clock, plans[0].name, registry)
    customers = KnownCustomers(registry)
    centres = _service_centres(topology)
    for plan in plans:
        intake = doors.intakes[plan.element] = Intake(
            ground.accounts,
            ground.journal,
            ground.clock,
            references,
            plan.equipment_address,
            plan.name,
            plan.voip,
            ground.beside,
            do_not_call=do_not_call,
            customers=customers,
            centres=centres,
            protection=ground.protection,
        )
        doors.by_element[plan.element] = _door(plan, topology, buses, intake, ground)
    return doors


def _service_centres(topology: Topology) -> dict[str, frozenset[str]]:
    """The 800 numbers of each business."""
    centres: dict[str, frozenset[str]] = {}
    for service in topology.freephone:
        centres[service.business] = centres.get(service.business, frozenset()) | {service.number}
    return centres


def _door(
    plan: DoorPlan, topology: Topology, buses: Buses, intake: Intake, ground: DoorGround
) -> Door:
    return Door(
        plan.name,
        plan.instructs,
        accounts=ground.accounts,
        intake=intake,
        bus=buses.of(plan.element),
        journal=ground.journal,
        clock=ground.clock,
        tap=ground.tap,
        ring_limit_us=topology.ring_limit_us(),
        supplied=ground.supplied,
        schedule=ground.schedule,
    )
