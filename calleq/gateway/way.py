"""Where a call can be sent: contacts of a telephone, or peers of a trunk, in the order of trying.

Owns the walk over them and the choice of the cause that the caller is told. What is in one group is
tried at once, and the next group when all of it has failed.

A telephone is looked for everywhere unless somebody there says no for all of it (6xx, RFC 3261
§16.7). Behind a trunk lies one system with several doors: the next door is tried where a door does
not work (no answer at all, 5xx), and not where the party or its system has refused.
"""

from collections.abc import Sequence
from enum import Enum, auto

import msgspec

from calleq.causes import Q850
from calleq.sip.events import Credentials, Failed
from calleq.sip.transaction import Target
from calleq.sip.uri import Uri

DESTINATIONS_LIMIT = 16
"""Destinations of one call."""

SILENT = 408
_GLOBAL = range(600, 700)
_BROKEN = frozenset((408, 500, 502, 503, 504))
_TELLING = (Q850.USER_BUSY, Q850.REJECTED, Q850.NO_ANSWER, Q850.SUBSCRIBER_ABSENT)
"""Of several causes the one that is nearest to the party is told."""


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """One place to invite."""

    uri: Uri
    next_hop: Target
    route: tuple[str, ...] = ()
    secure: bool = False
    """Voice is offered encrypted."""
    credentials: Credentials | None = None
    peer: str = ""
    """The trunk's name for it."""


Way = tuple[tuple[Destination, ...], ...]
"""Groups of destinations."""


class Kind(Enum):
    """What lies at the end of a line."""

    TELEPHONE = auto()
    TRUNK = auto()


def cause_of_failure(failed: Failed, kind: Kind) -> int:
    """The cause that the switch is told: who is not there is out of order."""
    if failed.response is not None:
        return failed.cause
    if kind is Kind.TELEPHONE and failed.status == SILENT:
        return Q850.NO_USER_RESPONDING
    return Q850.OUT_OF_ORDER


class Walk:
    """The groups of one call that are left, and what came of those before."""

    __slots__ = ("_causes", "_groups", "_kind", "_over")

    def __init__(self, way: Way, kind: Kind) -> None:
        self._groups = list(way)
        self._kind = kind
        self._causes: list[int] = []
        self._over = False

    def following(self) -> Sequence[Destination]:
        """The group to try next; empty when there is none."""
        return self._groups.pop(0) if self._groups and not self._over else ()

    def failed(self, failed: Failed) -> None:
        """One destination came to nothing."""
        self._causes.append(cause_of_failure(failed, self._kind))
        if self._kind is Kind.TELEPHONE:
            self._over |= failed.status in _GLOBAL
        else:
            self._over |= failed.status not in _BROKEN

    @property
    def cause(self) -> int:
        """Why nobody is reached."""
        for telling in _TELLING:
            if telling in self._causes:
                return int(telling)
        return self._causes[-1] if self._causes else int(Q850.SUBSCRIBER_ABSENT)


def is_broken(failed: Failed) -> bool:
    """Whether a peer, rather than who lies behind it, has failed."""
    return failed.status in _BROKEN
