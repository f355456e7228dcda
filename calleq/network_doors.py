"""Wiring of the doors on the internet. A part of `calleq.network`, in a module of its own.

A network in several processes has its doors in that of the access server, also those of elements
that are in others; these have fronts there (`calleq.network_fronts`).

All doors of one process share accounts, customers, the do-not-call list, the schedule and what
stands beside the intake (calendar, guards, charging); each has an intake of its own, for its own
equipment address. Instructions of a door that an element has of its own go to that element by a bus
inside it (`calleq.osn.inner`).
"""

from collections.abc import Callable, Collection, Sequence, Set
from dataclasses import dataclass, field, replace
from hashlib import sha256

from calleq.accounts.accounts import Accounts
from calleq.accounts.authenticator import Authenticator
from calleq.accounts.failures import FailureLimits
from calleq.accounts.keeping import Keeping, Resealing
from calleq.accounts.page_tokens import PageTokens
from calleq.accounts.registry import Registry
from calleq.accounts.replays import Replays
from calleq.call.one_time_code import OneTimeCodes
from calleq.door.door import Door
from calleq.door.recovery import in_order
from calleq.guards import CallGuards, guards_of
from calleq.intake.contract import Beside
from calleq.intake.customers import KnownCustomers
from calleq.intake.do_not_call import DoNotCallList
from calleq.intake.intake import Intake
from calleq.intake.references import CallReferences
from calleq.journal.entries import Stamped
from calleq.network_charging import Charged, charging_of
from calleq.network_plant import Plant
from calleq.osn.contract import Bus
from calleq.osn.inner import InnerBus
from calleq.protection import protection_by
from calleq.relay import Authority
from calleq.relay.merging import Merger
from calleq.runtime.clock import Clock
from calleq.runtime.tap import Tap
from calleq.schedule import BusinessCalendar, Schedule
from calleq.topology import Topology, element_names
from calleq.topology_doors import FRONT, DoorPlan, authority_name, doors_of, inner_name
from calleq.topology_types import home_switch


@dataclass(slots=True)
class Doors:
    """The doors of one process, and what they share; nothing where there is no door."""

    by_element: dict[str, Door] = field(default_factory=dict)
    """By the name of the element whose door it is, the access server's first."""
    intakes: dict[str, Intake] = field(default_factory=dict)
    beside: Beside = field(default_factory=Beside)
    accounts: Accounts | None = None
    keeping: Keeping | None = None
    authenticator: Authenticator | None = None
    guards: CallGuards | None = None
    charged: Charged | None = None
    """None also where calls have no price."""
    authority: Authority | None = None
    """What decides for fronts of other processes; None where there is none."""


def restart_doors(doors: Collection[Door], beside: Beside, entries: Sequence[Stamped]) -> int:
    """Take up the journal of before at every door of a process; how many instructions left again.

    What they share is restored from all of them in the order of time, before any acts.
    """
    told = in_order([door.read(entries) for door in doors])
    beside.restore(stamped for door in doors for stamped in door.later.kept())
    beside.restore(told)
    return sum(door.resume() for door in doors)


class Buses:
    """The OSN as each element of one process sees it."""

    def __init__(
        self, topology: Topology, osn: Bus, clock: Clock, tap: Tap, *, inner: bool = True
    ) -> None:
        """`inner`: doors of elements are in this process, too."""
        self._topology = topology
        self._has_inner = inner
        self._osn = osn
        self._clock = clock
        self._tap = tap
        self._inner: dict[str, InnerBus] = {}

    def of(self, element: str) -> Bus:
        """The OSN, or, for an element with a door of its own, the one around it."""
        if element not in self._inner:
            door = inner_name(self._topology, element)
            if not door or not self._has_inner:
                return self._osn
            self._inner[element] = InnerBus(element, door, self._osn, self._clock, self._tap)
        return self._inner[element]


def build_doors(topology: Topology, plant: Plant, buses: Buses, chosen: Set[str]) -> Doors:
    """The doors of the elements that are chosen, and, beside the access server, all others."""
    plans = [plan for plan in doors_of(topology) if decides_here(topology, plant, chosen, plan)]
    if not plans:
        return Doors()
    registry = Registry(topology.businesses, safe=plant.safe)
    limits = failure_limits(topology, plant, chosen)
    accounts = Accounts(registry, plant.verifier, plant.clock, plant.secret, limits)
    keeping = Keeping(registry, plant.journal, plant.clock, plans[0].name, _resealing(plant))
    doors = Doors(accounts=accounts, keeping=keeping)
    replays = plant.replays or Replays()
    doors.authenticator = authenticator_of(accounts, replays, plant, keeping.used)
    if plant.observe is not None and has_all_entries(topology, plant, chosen):
        doors.charged = charging_of(
            topology, plant.journal, plant.clock, plant.observe, registry.business, plant.decks
        )
    charging = None if doors.charged is None else doors.charged.charging
    doors.guards = guards_of(
        topology,
        registry.business,
        limited=plant.limited,
        deck_of=None if charging is None else charging.deck_of,
    )
    doors.beside = Beside(calendar=BusinessCalendar(), guards=doors.guards)
    if charging is not None:
        doors.beside = replace(doors.beside, charging=charging)
    intake_of = _intakes(topology, plant, accounts, doors.beside, plans[0].name)
    schedule = Schedule(plant.clock, plant.schedule)
    # of the oldest key that there is: who was told a code before another came, enters that
    lasting = (_page_key(plant), *plant.former_page_keys)[-1]
    codes = OneTimeCodes(sha256(b"one-time codes" + lasting).digest())
    for plan in plans:
        intake = doors.intakes[plan.element] = intake_of(plan)
        doors.by_element[plan.element] = Door(
            plan.name,
            plan.instructs,
            accounts=accounts,
            intake=intake,
            bus=buses.of(plan.element) if plan.element in chosen else plant.bus,
            journal=plant.journal,
            clock=plant.clock,
            tap=plant.tap,
            ring_limit_us=topology.ring_limit_us(),
            supplied=plant.supplied,
            schedule=schedule,
            switch_of=_switches_asked(plan, topology),
            codes=codes,
        )
    if doors.charged is not None:
        doors.charged.told.extend(door.charged for door in doors.by_element.values())
    _build_authority(topology, plant, chosen, doors, replays)
    return doors


def _build_authority(
    topology: Topology, plant: Plant, chosen: Set[str], doors: Doors, replays: Replays
) -> None:
    """Beside the access server, where elements are in other processes."""
    server = topology.access_server.name
    if not plant.life or server not in chosen or chosen >= set(element_names(topology)):
        return
    assert doors.keeping is not None, "where there are doors there are accounts"
    far = {name + FRONT: door for name, door in doors.by_element.items() if name not in chosen}
    doors.authority = Authority(
        authority_name(topology),
        far,
        keeping=doors.keeping,
        replays=replays,
        bus=plant.bus,
        clock=plant.clock,
        life=plant.life,
    )
    if doors.charged is not None:
        doors.charged.merger = doors.authority.merger = Merger(
            plant.life,
            writers_among(topology, set(element_names(topology)) - chosen),
            plant.clock,
            doors.authority.tell,
            doors.charged.finished.take,
        )


def writers_among(topology: Topology, elements: Set[str]) -> list[str]:
    """Those of the elements that write to their journal what calls are charged by."""
    owners = (
        topology.switches,
        topology.peripherals,
        topology.equipments,
        topology.service_control_points,
    )
    return [one.name for owned in owners for one in owned if one.name in elements]


def decides_here(topology: Topology, plant: Plant, chosen: Set[str], plan: DoorPlan) -> bool:
    """Whether a process decides what is asked at a door."""
    if plant.life and not chosen >= set(element_names(topology)):
        return topology.access_server.name in chosen
    return plan.element in chosen


def has_all_entries(topology: Topology, plant: Plant, chosen: Set[str]) -> bool:
    """Whether a process has, or is told, all that is written of a call: then calls have prices."""
    if chosen >= set(element_names(topology)):
        return True
    return bool(plant.life) and topology.access_server.name in chosen


def failure_limits(topology: Topology, plant: Plant, chosen: Set[str]) -> FailureLimits:
    """How often passwords may be wrong in a process: where doors are in several, each bears its
    share, so that all together bear no more than one would."""
    limits, doors = FailureLimits(), doors_of(topology)
    apart = plant.life and any(plan.element not in chosen for plan in doors)
    return limits.shared(len(doors)) if apart else limits


def _intakes(
    topology: Topology, plant: Plant, accounts: Accounts, beside: Beside, first: str
) -> Callable[[DoorPlan], Intake]:
    """What makes the intake of each door; `first` is the door that writes what they share."""
    references = CallReferences(plant.clock, plant.random_bits)
    do_not_call = DoNotCallList(plant.journal, plant.clock, first, accounts.registry)
    customers = KnownCustomers(accounts.registry)
    centres = _service_centres(topology)
    protection = protection_by(plant.message_keys, plant.clock)

    def intake_of(plan: DoorPlan) -> Intake:
        return Intake(
            accounts,
            plant.journal,
            plant.clock,
            references,
            plan.equipment_address,
            plan.name,
            plan.voip,
            beside,
            do_not_call=do_not_call,
            customers=customers,
            centres=centres,
            protection=protection,
        )

    return intake_of


def _resealing(plant: Plant) -> Resealing | None:
    safe = plant.safe
    if safe is None:
        return None
    return Resealing(safe, lambda octets: plant.random_bits(8 * octets).to_bytes(octets, "big"))


def authenticator_of(
    accounts: Accounts, replays: Replays, plant: Plant, used: Callable[[str], object]
) -> Authenticator:
    """Who finds out who asks; `used` is told of credentials that proved somebody."""
    tokens = PageTokens(_page_key(plant), plant.former_page_keys)
    return Authenticator(accounts, plant.clock, tokens, replays, used=used)


def _page_key(plant: Plant) -> bytes:
    return plant.page_key or sha256(b"page tokens" + plant.secret).digest()


def _service_centres(topology: Topology) -> dict[str, frozenset[str]]:
    """The 800 numbers of each business."""
    centres: dict[str, frozenset[str]] = {}
    for service in topology.freephone:
        centres[service.business] = centres.get(service.business, frozenset()) | {service.number}
    return centres


def _switches_asked(plan: DoorPlan, topology: Topology) -> Callable[[str], str]:
    """Whom a door asks when the line of a number is free: the switch that has it, where the door
    reaches it; an element's own door reaches its element alone."""
    lines = {line.number for line in topology.lines}

    def switch_of(number: str) -> str:
        switch = home_switch(topology, number) if number in lines else None
        return switch if switch and (not plan.is_inner or switch == plan.element) else ""

    return switch_of
