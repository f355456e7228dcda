"""What can be said of a point's links, linksets, routes and screening, for commands and tests."""

from typing import Literal

import msgspec

from calleq.ss7.level3.link_test import State as TestState
from calleq.ss7.level3.management import Management
from calleq.ss7.level3.outage_log import Outage
from calleq.ss7.level3.point import Link, Way
from calleq.ss7.level3.restart_tables import Adjacent, Own
from calleq.ss7.level3.screening import Refusal, Screening

RestartState = Literal["isolated", "collecting", "awaiting", "running"]
NeighbourState = Literal["away", "restarting", "there"]
LinkState = Literal[
    "in traffic", "out of service", "testing", "test failed", "changing over", "inhibited"
]
RouteState = Literal["accessible", "restricted", "inaccessible"]

_RESTARTS: dict[Own, RestartState] = {
    Own.ISOLATED: "isolated",
    Own.COLLECTING: "collecting",
    Own.AWAITING: "awaiting",
    Own.RUNNING: "running",
}
_NEIGHBOURS: dict[Adjacent, NeighbourState] = {
    Adjacent.AWAY: "away",
    Adjacent.RESTARTING: "restarting",
    Adjacent.THERE: "there",
}


class LinkSnapshot(msgspec.Struct, frozen=True):
    """One link as level 3 knows it."""

    name: str
    code: int
    adjacent: int
    state: LinkState
    inhibited_here: bool
    inhibited_there: bool
    congestion: int
    sent: int
    received: int
    interruptions: int
    changeovers: int
    tests_failed: int


class LinksetSnapshot(msgspec.Struct, frozen=True):
    """The links to one adjacent node."""

    adjacent: int
    links: int
    in_traffic: int
    neighbour: NeighbourState


class RouteSnapshot(msgspec.Struct, frozen=True):
    """What is known of one destination."""

    destination: int
    state: RouteState
    next_nodes: tuple[int, ...]
    """The adjacent nodes that its traffic goes to now."""
    prohibited: tuple[int, ...]
    """The adjacent nodes that carry nothing for it."""
    restricted: tuple[int, ...]
    congestion: int


class PointSnapshot(msgspec.Struct, frozen=True):
    """A whole signalling point."""

    name: str
    point_code: int
    restart: RestartState
    links: tuple[LinkSnapshot, ...]
    linksets: tuple[LinksetSnapshot, ...]
    routes: tuple[RouteSnapshot, ...]
    restarts: int
    changebacks: int
    forced_reroutings: int
    controlled_reroutings: int
    controls_sent: int
    lost: int
    unsent: int
    malformed: int
    """Management messages that are none."""
    ignored: int
    """Management messages about what the point does not have."""
    discrimination: dict[str, int]
    """Units that were not taken in, by reason."""
    refused: dict[str, int]
    refusals: tuple[Refusal, ...]
    outages: tuple[Outage, ...]
    """Of its ends of links, that last."""
    outages_ended: tuple[Outage, ...]
    """The last of them, the oldest first."""


def point_snapshot(
    management: Management, screening: Screening | None, discrimination: dict[str, int]
) -> PointSnapshot:
    """Everything about a point as it stands now."""
    point, traffic = management.point, management.traffic
    return PointSnapshot(
        name=point.name,
        point_code=point.point_code,
        restart=_RESTARTS[management.restart.state],
        links=link_snapshots(management),
        linksets=linkset_snapshots(management),
        routes=route_snapshots(management),
        restarts=management.restart.count,
        changebacks=traffic.changebacks,
        forced_reroutings=traffic.forced_reroutings,
        controlled_reroutings=traffic.controlled_reroutings,
        controls_sent=management.congestion.controls,
        lost=point.lost,
        unsent=point.unsent,
        malformed=management.malformed,
        ignored=management.ignored + management.routes.ignored,
        discrimination=discrimination,
        refused={} if screening is None else dict(screening.counters()),
        refusals=() if screening is None else tuple(screening.refusals),
        outages=management.outages.standing(),
        outages_ended=tuple(management.outages.ended),
    )


def link_snapshots(management: Management) -> tuple[LinkSnapshot, ...]:
    """Every link of a point."""
    return tuple(
        LinkSnapshot(
            name=link.name,
            code=link.code,
            adjacent=link.linkset.adjacent,
            state=link_state(link),
            inhibited_here=link.inhibited_here,
            inhibited_there=link.inhibited_there,
            congestion=link.congestion,
            sent=link.sent,
            received=link.received,
            interruptions=link.interruptions,
            changeovers=link.changeover.count,
            tests_failed=link.test.failures,
        )
        for link in management.point.links()
    )


def linkset_snapshots(management: Management) -> tuple[LinksetSnapshot, ...]:
    """Every linkset of a point."""
    states = management.restart.states
    return tuple(
        LinksetSnapshot(
            linkset.adjacent,
            len(linkset.links),
            len(linkset.serving),
            _NEIGHBOURS[states.get(linkset.adjacent, Adjacent.AWAY)],
        )
        for linkset in management.point.linksets.values()
    )


def route_snapshots(management: Management) -> tuple[RouteSnapshot, ...]:
    """Every destination of a point."""
    return tuple(
        RouteSnapshot(
            way.destination,
            _route_state(way),
            tuple(sorted(way.next_nodes())),
            tuple(sorted(way.prohibited)),
            tuple(sorted(way.restricted)),
            way.congestion,
        )
        for way in management.point.ways.values()
    )


def link_state(link: Link) -> LinkState:
    """How a link stands."""
    if link.is_available:
        return "in traffic"
    if link.inhibited_here or link.inhibited_there:
        return "inhibited"
    if not link.changeover.is_over:
        return "changing over"
    if link.test.state in (TestState.FIRST_TEST, TestState.SECOND_TEST):
        return "testing"
    return "test failed" if link.test.state is TestState.FAILED else "out of service"


def _route_state(way: Way) -> RouteState:
    if not way.open:
        return "inaccessible"
    return "restricted" if way.next_nodes() & way.restricted else "accessible"
