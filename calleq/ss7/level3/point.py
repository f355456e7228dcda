"""One signalling point as its procedures share it: links, linksets, ways to destinations.

Owns the structures and what can be read off them; the procedures of `calleq.ss7.level3` change
them. A `Way` is all that a node knows about one destination: the levels of linksets that lead
there, which adjacent nodes have said that they cannot carry traffic for it, and the link of every
selection. Links to one adjacent node form a `Linkset`. Linksets of one level share the traffic of a
destination by signalling link selection; a later level is used only where the earlier ones have
nothing. The linkset that ends at the destination itself comes before every level (Q.704 §4.2).

`Way.carriers` is what messages go by: for each selection a link, or for as long as
traffic is being diverted something that holds it (`traffic.Hold`). It is worked out when something
changes, never for a message.
"""

from collections.abc import Callable, Iterator
from typing import Protocol

from calleq.runtime.clock import Clock
from calleq.ss7.level3.changeover import Changeover
from calleq.ss7.level3.link_test import LinkTest
from calleq.ss7.level3.timers import Mtp3Timers
from calleq.ss7.links import NONE_RECEIVED, LinkEnd
from calleq.ss7.m2pa import Remains
from calleq.ss7.mtp3_management import Management
from calleq.ss7.variant import ITU, Variant, labels_of

DESTINATIONS_LIMIT = 1 << 14
"""A node has no more routes than there are point codes of 14 bits."""

LINKS_LIMIT = 16
"""Links of one linkset (Q.704 §2.3.1)."""

Levels = tuple[tuple[int, ...], ...]


class Carrier(Protocol):
    """What a message can be handed to: a link, or what holds the traffic of one."""

    def carry(self, octets: bytes) -> bool:
        """Take the octets of a unit; False, and nothing taken, when that is not possible."""


class Encode(Protocol):
    """The octets of a message of management to a point code."""

    def __call__(
        self, message: Management, destination: int, service: int | None = None, /
    ) -> bytes:
        """`service`: the service indicator, where it is not the variant's own."""


class Link:
    """One signalling link as level 3 knows it. `code` is its signalling link code."""

    __slots__ = (
        "_send",
        "changeover",
        "code",
        "congestion",
        "end",
        "inhibited_here",
        "inhibited_there",
        "interruptions",
        "is_available",
        "is_blocked",
        "is_managed",
        "is_short",
        "kept",
        "last_received",
        "linkset",
        "pattern",
        "received",
        "refused",
        "sent",
        "test",
        "was_changed_over",
    )

    test: LinkTest
    changeover: Changeover

    def __init__(
        self,
        linkset: "Linkset",
        end: LinkEnd,
        code: int,
        refused: Callable[["Link", bytes], bool],
    ) -> None:
        """`refused` is asked what to do with a unit that level 2 does not take."""
        self.linkset = linkset
        self.end = end
        self.code = code
        self.is_available = False
        """It carries traffic."""
        self.is_managed = bool(getattr(end, "managed", True))
        """Level 3 tests it and manages traffic over it; not so where M3UA does that."""
        self.is_blocked = False
        """The far end has given it up; level 2 has not told us yet."""
        self.is_short = False
        """The far end has asked with a 7-bit number (COO), and is answered so."""
        self.was_changed_over = False
        """Its traffic has been diverted since it carried some."""
        self.inhibited_here = False
        self.inhibited_there = False
        self.kept: Remains | None = None
        """What it had not delivered, where it is in service again before that is diverted."""
        self.last_received = NONE_RECEIVED
        """Number of the last unit received before it failed."""
        self.congestion = 0
        """Level of transmission congestion, 0 to 3."""
        self.pattern = b""
        """Of the test message sent last."""
        self.sent = 0
        self.received = 0
        self.interruptions = 0
        self.refused = refused
        self._send = end.send

    @property
    def name(self) -> str:
        """The link's name in the topology."""
        return self.end.link

    def replace_end(self, end: LinkEnd) -> None:
        """Send over another end from now on; what arrives still comes from the one before."""
        self.end = end
        self._send = end.send

    def carry(self, octets: bytes) -> bool:
        """Send a unit."""
        if self._send(octets):
            self.sent += 1
            return True
        return self.refused(self, octets)


class Linkset:
    """The links to one adjacent node, and how far that node may be used."""

    __slots__ = (
        "adjacent",
        "allowed",
        "allowed_sent",
        "awaits_restart",
        "links",
        "no_answer_until_us",
        "serving",
    )

    def __init__(self, adjacent: int) -> None:
        self.adjacent = adjacent
        self.links: list[Link] = []
        """By code, ascending."""
        self.serving: tuple[Link, ...] = ()
        """The links that carry traffic."""
        self.awaits_restart = False
        """The adjacent node has not said yet that traffic may restart (Q.704 §9)."""
        self.allowed = False
        """It has said so since the linkset came into service."""
        self.allowed_sent = False
        """We have said so."""
        self.no_answer_until_us = 0
        """T19: an unexpected traffic-restart-allowed is not answered before."""

    def link(self, code: int) -> Link | None:
        """The link with a signalling link code."""
        return next((link for link in self.links if link.code == code), None)

    def free_code(self) -> int:
        """The lowest signalling link code that none of its links has."""
        taken = {link.code for link in self.links}
        return next(code for code in range(LINKS_LIMIT + 1) if code not in taken)

    @property
    def is_managed(self) -> bool:
        """Whether messages of management can cross it."""
        return all(link.is_managed for link in self.links)


class Way:
    """What a node knows of one destination."""

    __slots__ = (
        "carriers",
        "congestion",
        "destination",
        "label",
        "levels",
        "links",
        "open",
        "prohibited",
        "restricted",
    )

    def __init__(self, destination: int, label: int, levels: Levels) -> None:
        self.destination = destination
        self.label = label
        """Of a message from here, selection 0."""
        self.levels = levels
        self.links: tuple[Link, ...] = ()
        """The link that each selection should take; () when no route is available."""
        self.carriers: list[Carrier] = []
        """What each selection takes; [] when no route is available."""
        self.prohibited: set[int] = set()
        """Adjacent nodes that carry nothing for it."""
        self.restricted: set[int] = set()
        """Adjacent nodes that would rather not."""
        self.open = False
        """The user parts have been told that it is accessible."""
        self.congestion = 0
        """Congestion status of the signalling route set, 0 to 3 (Q.704 §11.2)."""

    def next_nodes(self) -> set[int]:
        """The adjacent nodes that its traffic goes to."""
        return {link.linkset.adjacent for link in self.links}


class Point:
    """A signalling point: its links and its ways, and how messages of its own leave it."""

    def __init__(
        self,
        name: str,
        point_code: int,
        clock: Clock,
        network_indicator: int,
        timers: Mtp3Timers,
        *,
        transfers: bool,
        variant: Variant = ITU,
    ) -> None:
        """`transfers`: whether it passes on what is for others (an STP)."""
        self.name = name
        self.point_code = point_code
        self.variant = variant
        self.labels = labels_of(variant)
        self.clock = clock
        self.network_indicator = network_indicator
        self.timers = timers
        self.transfers = transfers
        self.linksets: dict[int, Linkset] = {}
        self.ways: dict[int, Way] = {}
        self.is_restarting = True
        """The MTP restart is not over: the user parts have to wait (Q.704 §9)."""
        self.is_congested = False
        """Some link is."""
        self.unsent = 0
        """Messages of management that had no way."""
        self.discarded = 0
        """Messages that came over a link after its far end had given it up."""
        self.lost = 0
        """Messages taken and then lost: no way was left when their diversion was over."""
        self.encode: Encode

    def links(self) -> Iterator[Link]:
        """Every link."""
        for linkset in self.linksets.values():
            yield from linkset.links

    def way_to(self, destination: int) -> Way:
        """The way to a destination; made when there is none yet."""
        way = self.ways.get(destination)
        if way is None:
            if len(self.ways) >= DESTINATIONS_LIMIT:
                raise ValueError(f"{self.name}: more than {DESTINATIONS_LIMIT} routes")
            label = destination | self.point_code << self.labels.origin_shift
            way = self.ways[destination] = Way(destination, label, ((destination,),))
        return way

    def links_to(self, way: Way) -> tuple[Link, ...]:
        """The link of each selection as things stand; () when no route is available."""
        links = self._links_by(way, way.restricted)
        return links if links or not way.restricted else self._links_by(way, set())

    def _links_by(self, way: Way, avoided: set[int]) -> tuple[Link, ...]:
        prohibited, linksets = way.prohibited, self.linksets
        selections = self.variant.selections
        for level in way.levels:
            choices = [
                linkset.serving
                for adjacent in level
                if (linkset := linksets.get(adjacent)) is not None
                and linkset.serving
                and not linkset.awaits_restart
                and adjacent not in prohibited
                and adjacent not in avoided
            ]
            if len(choices) == 1 and len(choices[0]) == 1:
                return choices[0] * selections
            if choices:
                return tuple(_share(choices, selection) for selection in range(selections))
        return ()

    def reaches(self, adjacent: int) -> bool:
        """Whether a message of management can be sent to an adjacent node."""
        link = self._link_to(adjacent, 0)
        return link is not None and link.is_managed

    def send(self, message: Management, destination: int, selection: int = 0) -> bool:
        """Send a message of management by any way there is; False, and counted, without one."""
        link = self._link_to(destination, selection)
        if link is None or not link.is_managed:
            return self._sent(False)
        return self._sent(link.carry(self.encode(message, destination)))

    def send_over(self, link: Link, message: Management, service: int | None = None) -> bool:
        """Send a message of management to the far end of a link, over that link.

        `service`: as which service, where it is not the variant's own.
        """
        return self._sent(link.end.send(self.encode(message, link.linkset.adjacent, service)))

    def _sent(self, sent: bool) -> bool:
        self.unsent += not sent
        return sent

    def _link_to(self, destination: int, selection: int) -> Link | None:
        """Directly where a link serves, even before the node there has ended its restart."""
        linkset = self.linksets.get(destination)
        if linkset is not None and linkset.serving:
            return linkset.serving[selection % len(linkset.serving)]
        way = self.ways.get(destination)
        return way.links[selection] if way is not None and way.links else None


def _share(choices: list[tuple[Link, ...]], selection: int) -> Link:
    """The link of a selection: its low part picks the linkset, the rest the link within it.

    Where there is one linkset the bits are mixed first: nodes before may have chosen by the lowest
    bit already, so that only even selections, or only odd ones, come here.
    """
    rest, linkset = divmod(selection, len(choices))
    if len(choices) == 1:
        rest = selection ^ selection >> 1
    links = choices[linkset]
    return links[rest % len(links)]
