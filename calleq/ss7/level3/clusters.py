"""Clusters of ANSI destinations: what neighbours say of many at once (T1.111.4 §13.2 to §13.5).

A cluster is every point code that differs in its last octet, the member, alone. A message about a
cluster (TCP, TCR, TCA) is taken for one about each destination of it that this point routes; to a
test of a cluster (RCP, RCR) a transfer point answers with what holds for its destinations there,
when that is the same for all. No message about a cluster is sent unasked: destinations are told of
one by one.
"""

from calleq.ss7 import mtp3_management as m
from calleq.ss7.level3.point import Point
from calleq.ss7.level3.routes import Routes, Standing

MEMBER_MASK = 0xFF

ClusterMessage = m.Tcp | m.Tcr | m.Tca | m.Rcp | m.Rcr

_ANSWERS: dict[Standing, type[m.Tca | m.Tcr | m.Tcp]] = {
    Standing.ALLOWED: m.Tca,
    Standing.RESTRICTED: m.Tcr,
}
"""A test of what is prohibited still is not answered (§13.5.4)."""


def destinations(point: Point, cluster: int) -> list[int]:
    """The destinations of a cluster that the point has routes to."""
    return [code for code in point.ways if (code ^ cluster) & ~MEMBER_MASK == 0]


def heard(point: Point, routes: Routes, adjacent: int, message: ClusterMessage) -> None:
    """A neighbour says something of a cluster, or asks."""
    cluster = message.destination
    members = [code for code in destinations(point, cluster) if code != adjacent]
    if not members:
        routes.ignored += 1
    elif isinstance(message, m.Rcp | m.Rcr):
        _answer(point, routes, adjacent, cluster, members)
    else:
        for code in members:
            match message:
                case m.Tcp():
                    routes.prohibited(adjacent, code)
                case m.Tcr():
                    routes.restricted(adjacent, code)
                case m.Tca():
                    routes.allowed(adjacent, code)


def _answer(point: Point, routes: Routes, adjacent: int, cluster: int, members: list[int]) -> None:
    if not point.transfers:
        routes.ignored += 1
        return
    standings = {routes.standing(code, adjacent) for code in members}
    kind = _ANSWERS.get(standings.pop()) if len(standings) == 1 else None
    if kind is not None:
        point.send(kind(cluster & ~MEMBER_MASK), adjacent)
