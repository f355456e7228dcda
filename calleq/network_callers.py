"""Wiring of what makes calls by itself. A part of `calleq.network`, in a module of its own."""

from collections.abc import Iterable, Mapping, Set

from calleq.calling_logic.voip import VoipAccess
from calleq.equipment.contract import Factory
from calleq.equipment.service import EquipmentService
from calleq.journal.contract import Journal
from calleq.journal.entries import LineSeized, Stamped
from calleq.lines.contract import LinePlant
from calleq.media.contract import Voice
from calleq.numbering import VoipPolicy
from calleq.osn.contract import Bus
from calleq.runtime.clock import Clock
from calleq.ss7.isup.contract import Exchange
from calleq.topology import Peripheral, Topology, parse_point_code


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


def voip_of(
    topology: Topology,
    peripheral: Peripheral,
    lines: LinePlant,
    journal: Journal,
    clock: Clock,
    last_seizure: int,
) -> VoipAccess | None:
    """How a peripheral calls SIP URIs and IP addresses; None where it speaks no SIP."""
    if peripheral.sip is None:
        return None
    return VoipAccess(
        peripheral.name,
        parse_point_code(peripheral.point_code, topology.variant),
        VoipPolicy(peripheral.voip_allowed),
        peripheral.voip_channels,
        lines=lines,
        journal=journal,
        clock=clock,
        last_seizure=last_seizure,
    )


def group_between(topology: Topology, one: str, other: str) -> str:
    """The trunk group between two elements; empty where one of them has no circuits."""
    pair = {one, other}
    return next((trunk.name for trunk in topology.trunks if set(trunk.ends) == pair), "")


def last_seizures(entries: Iterable[Stamped]) -> dict[str, int]:
    """The highest seizure number of each element."""
    last: dict[str, int] = {}
    for stamped in entries:
        entry = stamped.entry
        if isinstance(entry, LineSeized) and entry.seizure > last.get(stamped.entity, 0):
            last[stamped.entity] = entry.seizure
    return last
