"""What one node's SCCP is told of the network, as data.

Owns the lists: translations, the remote subsystems whose state matters here, and who is told of
changes (concerned points). `SccpPlan` refuses nothing; the node that is given one checks it.
`plans_of` gives every node of an ordinary network its own: end nodes send titles to the transfer
points, which translate them to the services, primary and backup, and hear from those how they are.
"""

from collections.abc import Iterable

import msgspec

from calleq.ss7.sccp.translation import Entity, Rule, Sharing
from calleq.ss7.sccp.values import NatureOfAddress

CONCERNED_LIMIT = 64
"""Points that one node tells of changes (Q.714 §5.3.6.1)."""
WATCHED_LIMIT = 1_024
"""Remote subsystems whose state one node keeps."""


class RemoteSubsystem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A subsystem at another node."""

    point_code: int
    ssn: int


class SccpPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one node's SCCP goes by."""

    rules: tuple[Rule, ...] = ()
    """Global title translations; the entities in them are watched."""
    watched: tuple[RemoteSubsystem, ...] = ()
    """Others of which the local users are told."""
    concerned: tuple[int, ...] = ()
    """Points that are told of the state of local subsystems (SSA, SSP)."""
    told_of_remote: tuple[int, ...] = ()
    """Points that are told of the state of remote subsystems: those served by a transfer point that
    translates for them."""
    extended: bool = True
    """Titles go in XUDT, whose hop counter ends circles of translations; else in UDT where the data
    fits."""


class TitledService(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A service that is reached by global title (E.164)."""

    prefix: str = ""
    """Digits that its titles begin with, the country code first."""
    translation_type: int = 0
    nature: int | None = NatureOfAddress.INTERNATIONAL
    """None: titles that have none (indicator 3, ANSI's 1)."""
    subsystems: tuple[RemoteSubsystem, ...]
    """Where it runs: primary first, then backups."""
    sharing: Sharing = Sharing.DOMINANT


def plans_of(
    nodes: Iterable[int], transfer_points: Iterable[int], services: Iterable[TitledService]
) -> dict[int, SccpPlan]:
    """A plan for each point code of `nodes` and `transfer_points`.

    Without transfer points every node translates for itself. Nodes that only ask are told of the
    services by the transfer points; those that run one tell the transfer points.
    """
    ends, relays, offered = tuple(nodes), tuple(transfer_points), tuple(services)
    final = tuple(
        Rule(
            prefix=service.prefix,
            translation_type=service.translation_type,
            nature=service.nature,
            entities=tuple(Entity(one.point_code, one.ssn) for one in service.subsystems),
            sharing=service.sharing,
        )
        for service in offered
    )
    remote = tuple(dict.fromkeys(one for service in offered for one in service.subsystems))
    running = {one.point_code for one in remote}
    kinds = dict.fromkeys((service.translation_type, service.nature) for service in offered)
    asking = tuple(code for code in ends if code not in running)
    onward = tuple(
        Rule(
            translation_type=kind,
            nature=nature,
            entities=tuple(Entity(code) for code in relays),
            sharing=Sharing.LOAD_SHARED,
            route_on_title=True,
        )
        for kind, nature in kinds
    )
    plans = {
        code: SccpPlan(rules=final, told_of_remote=(*relays, *asking)[:CONCERNED_LIMIT])
        for code in relays
    }
    for code in ends:
        plans[code] = SccpPlan(
            rules=onward if relays else final,
            watched=tuple(one for one in remote if one.point_code != code),
            concerned=(relays or asking)[:CONCERNED_LIMIT] if code in running else (),
        )
    return plans
