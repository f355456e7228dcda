"""Wiring of fronts: doors whose elements are in this process, and the access server is not.

A part of `calleq.network`, in a module of its own. Each is by itself: it is told the accounts, and
bears its share of wrong passwords. Used-up proofs are known to all fronts of the process.
"""

from collections.abc import Set

from calleq.accounts.accounts import Accounts
from calleq.accounts.registry import Registry
from calleq.accounts.replays import Replays
from calleq.intake.references import CallReferences
from calleq.network_doors import authenticator_of, failure_limits, writers_among
from calleq.network_plant import Plant
from calleq.protection import protection_by
from calleq.relay import Front, FrontDoor
from calleq.relay.feeding import Feeder
from calleq.relay.front_door import FrontIntake
from calleq.relay.mirror import AccountsMirror
from calleq.topology import Topology, element_names
from calleq.topology_doors import FEED, FRONT, DoorPlan, authority_name, doors_of


def build_fronts(topology: Topology, plant: Plant, chosen: Set[str]) -> dict[str, FrontDoor]:
    """The fronts of the elements that are chosen, by element; none beside the authority."""
    server = topology.access_server.name
    if not plant.life or chosen >= set(element_names(topology)) or server in chosen:
        return {}
    plans = (plan for plan in doors_of(topology) if plan.element in chosen)
    return {plan.element: _front_door(topology, plant, chosen, plan) for plan in plans}


def _front_door(topology: Topology, plant: Plant, chosen: Set[str], plan: DoorPlan) -> FrontDoor:
    registry = Registry(topology.businesses, safe=plant.safe)
    limits = failure_limits(topology, plant, chosen)
    accounts = Accounts(registry, plant.verifier, plant.clock, plant.secret, limits)
    replays = plant.replays or Replays()
    name, authority = plan.element + FRONT, authority_name(topology)
    front = Front(
        name,
        authority,
        bus=plant.bus,
        clock=plant.clock,
        mirror=AccountsMirror(registry, topology.businesses),
        life=plant.life,
        waits=lambda: not plant.reaches(authority),
    )
    intake = FrontIntake(
        accounts,
        plant.journal,
        plant.clock,
        CallReferences(plant.clock, plant.random_bits),
        plan.equipment_address,
        name,
        protection=protection_by(plant.message_keys, plant.clock),
    )
    return FrontDoor(
        name,
        front=front,
        intake=intake,
        accounts=accounts,
        authenticator=authenticator_of(accounts, replays, plant, _noted_elsewhere),
        replays=replays,
        clock=plant.clock,
    )


def build_feeder(topology: Topology, plant: Plant, chosen: Set[str]) -> Feeder | None:
    """What tells the authority of the journal; None where nothing in it is charged by."""
    writers = writers_among(topology, chosen)
    is_beside = topology.access_server.name in chosen
    if not plant.life or is_beside or not writers or not topology.pricing.decks:
        return None
    if plant.tail is None or plant.past is None or plant.observe is None:
        return None
    plant.observe(plant.tail.take)
    authority = authority_name(topology)
    return Feeder(
        writers[0] + FEED,
        authority,
        writers,
        bus=plant.bus,
        clock=plant.clock,
        tail=plant.tail,
        past=plant.past,
        waits=lambda: not plant.reaches(authority),
    )


def _noted_elsewhere(credential: str) -> None:
    """The authority notes it, when it decides what was asked."""
