"""MTP restart as two literal tables (Q.704 §9): of this node, and of a node adjacent to it.

A node that had no link in service collects what its neighbours know before traffic may go by it;
a neighbour that could not be reached is not used before it says so (TRA).
"""

from enum import IntEnum


class Own(IntEnum):
    """How far this node's restart is."""

    ISOLATED = 0
    COLLECTING = 1
    """A transfer point waits for links and routes; T18 and T20 run."""
    AWAITING = 2
    """The neighbours shall allow traffic; T20 runs."""
    RUNNING = 3


class OwnInput(IntEnum):
    """What can happen to this node's restart."""

    FIRST_LINK = 0
    FIRST_LINK_OF_TRANSFER_POINT = 1
    ALLOWED = 2
    """Every linkset in service has given its TRA."""
    COLLECTED = 3
    """And every linkset is in service."""
    LAST_LINK_LOST = 4
    T18 = 5
    T20 = 6


class OwnAction(IntEnum):
    """What is to be done."""

    IGNORE = 0
    AWAIT = 1
    """Start T20."""
    COLLECT = 2
    """Start T18 and T20."""
    INFORM = 3
    """Enough collected: tell the neighbours what cannot be reached, and that traffic may come."""
    FINISH = 4
    """Tell the neighbours and the user parts."""
    END = 5
    """Isolated again: forget the restart."""


class Adjacent(IntEnum):
    """How far a neighbour may be used."""

    AWAY = 0
    RESTARTING = 1
    """T21 runs."""
    THERE = 2


class AdjacentInput(IntEnum):
    """What can happen to a neighbour."""

    UP = 0
    """Its linkset is in service; it could not be reached before."""
    UP_ALLOWED = 1
    """The same, and its TRA was there first."""
    UP_REACHED = 2
    """Its linkset is in service; it could be reached another way all the time."""
    ALLOWED = 3
    """TRA."""
    OWN_RESTART_OVER = 4
    GONE = 5
    """Its linkset is out of service."""
    T21 = 6


class AdjacentAction(IntEnum):
    """What is to be done."""

    IGNORE = 0
    NOTE = 1
    """Keep in mind that traffic is allowed."""
    AWAIT = 2
    """Start T21; no traffic meanwhile."""
    USE = 3
    """Traffic may go by it."""
    ANSWER = 4
    """An unexpected TRA: tell it again what it should know (§9.4)."""
    FORGET = 5


_S, _I, _A = Own, OwnInput, OwnAction

OWN_TABLE: dict[tuple[Own, OwnInput], tuple[OwnAction, Own]] = {
    (_S.ISOLATED, _I.FIRST_LINK): (_A.AWAIT, _S.AWAITING),
    (_S.ISOLATED, _I.FIRST_LINK_OF_TRANSFER_POINT): (_A.COLLECT, _S.COLLECTING),
    (_S.ISOLATED, _I.ALLOWED): (_A.IGNORE, _S.ISOLATED),
    (_S.ISOLATED, _I.COLLECTED): (_A.IGNORE, _S.ISOLATED),
    (_S.ISOLATED, _I.LAST_LINK_LOST): (_A.IGNORE, _S.ISOLATED),
    (_S.ISOLATED, _I.T18): (_A.IGNORE, _S.ISOLATED),
    (_S.ISOLATED, _I.T20): (_A.IGNORE, _S.ISOLATED),
    (_S.COLLECTING, _I.FIRST_LINK): (_A.IGNORE, _S.COLLECTING),
    (_S.COLLECTING, _I.FIRST_LINK_OF_TRANSFER_POINT): (_A.IGNORE, _S.COLLECTING),
    (_S.COLLECTING, _I.ALLOWED): (_A.IGNORE, _S.COLLECTING),
    (_S.COLLECTING, _I.COLLECTED): (_A.FINISH, _S.RUNNING),
    (_S.COLLECTING, _I.LAST_LINK_LOST): (_A.END, _S.ISOLATED),
    (_S.COLLECTING, _I.T18): (_A.INFORM, _S.AWAITING),
    (_S.COLLECTING, _I.T20): (_A.FINISH, _S.RUNNING),
    (_S.AWAITING, _I.FIRST_LINK): (_A.IGNORE, _S.AWAITING),
    (_S.AWAITING, _I.FIRST_LINK_OF_TRANSFER_POINT): (_A.IGNORE, _S.AWAITING),
    (_S.AWAITING, _I.ALLOWED): (_A.FINISH, _S.RUNNING),
    (_S.AWAITING, _I.COLLECTED): (_A.FINISH, _S.RUNNING),
    (_S.AWAITING, _I.LAST_LINK_LOST): (_A.END, _S.ISOLATED),
    (_S.AWAITING, _I.T18): (_A.IGNORE, _S.AWAITING),
    (_S.AWAITING, _I.T20): (_A.FINISH, _S.RUNNING),
    (_S.RUNNING, _I.FIRST_LINK): (_A.IGNORE, _S.RUNNING),
    (_S.RUNNING, _I.FIRST_LINK_OF_TRANSFER_POINT): (_A.IGNORE, _S.RUNNING),
    (_S.RUNNING, _I.ALLOWED): (_A.IGNORE, _S.RUNNING),
    (_S.RUNNING, _I.COLLECTED): (_A.IGNORE, _S.RUNNING),
    (_S.RUNNING, _I.LAST_LINK_LOST): (_A.END, _S.ISOLATED),
    (_S.RUNNING, _I.T18): (_A.IGNORE, _S.RUNNING),
    (_S.RUNNING, _I.T20): (_A.IGNORE, _S.RUNNING),
}

_T, _J, _B = Adjacent, AdjacentInput, AdjacentAction

ADJACENT_TABLE: dict[tuple[Adjacent, AdjacentInput], tuple[AdjacentAction, Adjacent]] = {
    (_T.AWAY, _J.UP): (_B.AWAIT, _T.RESTARTING),
    (_T.AWAY, _J.UP_ALLOWED): (_B.USE, _T.THERE),
    (_T.AWAY, _J.UP_REACHED): (_B.USE, _T.THERE),
    (_T.AWAY, _J.ALLOWED): (_B.NOTE, _T.AWAY),
    (_T.AWAY, _J.OWN_RESTART_OVER): (_B.IGNORE, _T.AWAY),
    (_T.AWAY, _J.GONE): (_B.IGNORE, _T.AWAY),
    (_T.AWAY, _J.T21): (_B.IGNORE, _T.AWAY),
    (_T.RESTARTING, _J.UP): (_B.IGNORE, _T.RESTARTING),
    (_T.RESTARTING, _J.UP_ALLOWED): (_B.IGNORE, _T.RESTARTING),
    (_T.RESTARTING, _J.UP_REACHED): (_B.IGNORE, _T.RESTARTING),
    (_T.RESTARTING, _J.ALLOWED): (_B.USE, _T.THERE),
    (_T.RESTARTING, _J.OWN_RESTART_OVER): (_B.USE, _T.THERE),
    (_T.RESTARTING, _J.GONE): (_B.FORGET, _T.AWAY),
    (_T.RESTARTING, _J.T21): (_B.USE, _T.THERE),
    (_T.THERE, _J.UP): (_B.IGNORE, _T.THERE),
    (_T.THERE, _J.UP_ALLOWED): (_B.IGNORE, _T.THERE),
    (_T.THERE, _J.UP_REACHED): (_B.IGNORE, _T.THERE),
    (_T.THERE, _J.ALLOWED): (_B.ANSWER, _T.THERE),
    (_T.THERE, _J.OWN_RESTART_OVER): (_B.IGNORE, _T.THERE),
    (_T.THERE, _J.GONE): (_B.FORGET, _T.AWAY),
    (_T.THERE, _J.T21): (_B.IGNORE, _T.THERE),
}
