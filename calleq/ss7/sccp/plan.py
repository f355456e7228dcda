"""What one node's SCCP is told of the network, as data.

Owns the lists: translations, the remote subsystems whose state matters here, and who is told of
changes (concerned points). `SccpPlan` refuses nothing; the node that is given one checks it.
"""

import msgspec

from calleq.ss7.sccp.translation import Rule

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
