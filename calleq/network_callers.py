"""Wiring of what makes calls by itself. A part of `calleq.network`, in a module of its own."""

from collections.abc import Iterable, Mapping, Set

from calleq.equipment.contract import Factory
from calleq.equipment.service import EquipmentService
from calleq.journal.contract import Journal
from calleq.journal.entries import LineSeized, Stamped
from calleq.media.contract import Voice
from calleq.osn.contract import Bus
from calleq.runtime.clock import Clock
from calleq.ss7.isup.contract import Exchange
from calleq.topology import Topology


def equipments_of(
    topology: Topology,
    chosen: Set[str],
    exchanges: Mapping[str, Exchange],
    voice: Voice,
    bus: Bus,
    journal: Journal,
    clock: Clock,
    drivers: Mapping[str, Factory],
) -> dict[str, EquipmentService]:
    """Each piece of stand-alone equipment that is chosen. Raises TopologyError where somebody
    else's driver cannot be had."""
    return {
        equipment.name: EquipmentService(
            equipment,
            exchange=exchanges[equipment.name],
            group=group_between(topology, equipment.name, equipment.switch),
            voice=voice,
            bus=bus,
            journal=journal,
            clock=clock,
            factory=drivers.get(equipment.name),
        )
        for equipment in topology.equipments
        if equipment.name in chosen
    }


def group_between(topology: Topology, one: str, other: str) -> str:
    """The trunk group between two elements; the topology's checks see to it that there is one."""
    return next(trunk.name for trunk in topology.trunks if set(trunk.ends) == {one, other})


def last_seizures(entries: Iterable[Stamped]) -> dict[str, int]:
    """The highest seizure number of each element."""
    last: dict[str, int] = {}
    for stamped in entries:
        entry = stamped.entry
        if isinstance(entry, LineSeized) and entry.seizure > last.get(stamped.entity, 0):
            last[stamped.entity] = entry.seizure
    return last
