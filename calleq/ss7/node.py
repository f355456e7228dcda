"""A node of the signalling network: routing, load sharing and distribution of level 3 (Q.704 §2).

Owns the routes of one point code and the links that leave it. It fulfils `MessageTransfer` for the
user parts above. Links to one adjacent node form a linkset. A destination has levels of linksets:
those of one level share its traffic by signalling link selection, the next level is used only when
no linkset of the level before has a link in service. A linkset that ends at the destination itself
always comes before every level (Q.704 §4).

For each destination the link of every one of the 16 selections is worked out when a link changes,
so that sending is two look-ups. All messages of one selection take one way, which keeps a circuit's
messages in order (Q.704 §2.3).

It refuses: octets that are no signal unit (`malformed`), units for another point code or network
(`wrong_destination`), units of a service that nobody here uses (`unknown_service`). Each is
discarded and counted; no octets make it raise. An exception out of a user part is our own bug and
passes through.
"""

from collections.abc import Callable

from calleq.runtime.clock import Clock
from calleq.ss7 import mtp3_codec
from calleq.ss7.links import LinkEnd
from calleq.ss7.mtp3 import SERVICE_ISUP, Msu, Mtp3Error

SELECTIONS = 16
"""Values of the 4-bit signalling link selection field (Q.704 §2.2.4)."""

DESTINATIONS_LIMIT = 1 << 14
"""A node has no more routes than there are point codes."""

LINKS_LIMIT = 16
"""Links of one linkset (Q.704 §2.3.1)."""

Levels = tuple[tuple[int, ...], ...]


class Linkset:
    """The links to one adjacent node."""

    __slots__ = ("_node", "adjacent", "ends")

    def __init__(self, node: "Mtp3Node", adjacent: int) -> None:
        self.adjacent = adjacent
        self.ends: list[LinkEnd] = []
        self._node = node

    def serving(self) -> list[LinkEnd]:
        """The ends of the links in service."""
        return [end for end in self.ends if end.in_service]

    def receive(self, octets: bytes) -> None:
        """Discriminate and distribute a unit that arrived over one of the links (Q.704 §2.4)."""
        node = self._node
        try:
            msu = mtp3_codec.decode(octets)
        except Mtp3Error:
            node.malformed += 1
            return
        if msu.network != node.network_indicator:
            node.wrong_destination += 1
        elif msu.destination != node.point_code:
            node.pass_on(msu, octets, self)
        else:
            node.deliver(msu, self)

    def changed(self, in_service: bool) -> None:
        """One of the links went into or out of service."""
        self._node.link_changed()


class Mtp3Node:
    """One point code of the signalling network, with its links and routes."""

    def __init__(
        self, name: str, point_code: int, clock: Clock, network_indicator: int = 2
    ) -> None:
        self.name = name
        self.point_code = point_code
        self.clock = clock
        self.network_indicator = network_indicator
        self.malformed = 0
        self.wrong_destination = 0
        self.unknown_service = 0
        self.sent = 0
        self.delivered = 0
        self._linksets: dict[int, Linkset] = {}
        self._routes: dict[int, Levels] = {}
        self._forwarding: dict[int, tuple[LinkEnd, ...]] = {}
        self._users: dict[int, Callable[[Msu], None]] = {}
        self._watchers: list[Callable[[int, bool], None]] = []

    def attach(self, end: LinkEnd, adjacent: int) -> None:
        """Make `end` a link of the linkset to the point code `adjacent`, and a route to it.

        Raises ValueError for a link that is not this node's, or one too many.
        """
        if end.near != self.name:
            raise ValueError(f"{self.name}: {end.link} ends at {end.near} here")
        if adjacent == self.point_code:
            raise ValueError(f"{self.name}: {end.link} leads to its own point code")
        linkset = self._linksets.get(adjacent)
        if linkset is None:
            linkset = self._linksets[adjacent] = Linkset(self, adjacent)
            self._routes.setdefault(adjacent, ())
        if len(linkset.ends) >= LINKS_LIMIT:
            raise ValueError(f"{self.name}: more than {LINKS_LIMIT} links to one node")
        linkset.ends.append(end)
        end.attach(linkset.receive, linkset.changed)
        self.link_changed()

    def set_route(self, destination: int, *levels: tuple[int, ...]) -> None:
        """Reach `destination` over the linksets to these adjacent point codes.

        Each level is a tuple of adjacent point codes that share the load; a later level stands in
        when the earlier ones are out of service. The adjacent nodes may be attached afterwards.
        Raises ValueError for the node's own point code.
        """
        if destination == self.point_code:
            raise ValueError(f"{self.name}: a route to itself")
        if len(self._routes) >= DESTINATIONS_LIMIT:
            raise ValueError(f"{self.name}: more than {DESTINATIONS_LIMIT} routes")
        self._routes[destination] = levels
        self._settle((destination,))

    def accessible(self, destination: int) -> bool:
        """Whether a route to the point code is in service."""
        return destination in self._forwarding

    def transfer(self, destination: int, selection: int, payload: bytes) -> bool:
        """Send for the ISDN user part; False when no route is in service, and nothing was sent."""
        ends = self._forwarding.get(destination)
        if ends is None:
            return False
        msu = Msu(
            destination, self.point_code, selection, payload, SERVICE_ISUP, self.network_indicator
        )
        octets = mtp3_codec.encode(msu)
        if ends[selection].send(octets):
            self.sent += 1
            return True
        # The link failed and the clock has not told us yet: take what is left, at once.
        ends = self._links_to(destination, self._routes[destination])
        if not ends or not ends[selection].send(octets):
            return False
        self.sent += 1
        return True

    def on_message(self, service: int, receive: Callable[[Msu], None]) -> None:
        """Hand every unit of `service` addressed to this node to `receive` (one user each)."""
        self._users[service] = receive

    def on_status(self, changed: Callable[[int, bool], None]) -> None:
        """Tell of each point code that becomes inaccessible (False) or accessible (True)."""
        self._watchers.append(changed)

    def deliver(self, msu: Msu, linkset: Linkset) -> None:
        """Hand a unit for this node to the user part it is for."""
        user = self._users.get(msu.service)
        if user is None:
            self.unknown_service += 1
            return
        self.delivered += 1
        user(msu)

    def pass_on(self, msu: Msu, octets: bytes, linkset: Linkset) -> None:
        """A unit for another point code: an end point has no use for it."""
        self.wrong_destination += 1

    def link_changed(self) -> None:
        """Work out the links anew and tell the user parts what became of each destination."""
        self._settle(tuple(self._routes))

    def _settle(self, destinations: tuple[int, ...]) -> None:
        """Work out the links to these destinations; then tell of those that changed."""
        changes = []
        for destination in destinations:
            ends = self._links_to(destination, self._routes[destination])
            if bool(ends) != (destination in self._forwarding):
                changes.append((destination, bool(ends)))
            if ends:
                self._forwarding[destination] = ends
            else:
                self._forwarding.pop(destination, None)
        for destination, accessible in changes:
            for changed in self._watchers:
                changed(destination, accessible)

    def _links_to(self, destination: int, levels: Levels) -> tuple[LinkEnd, ...]:
        """The link of each selection, () when no route is in service."""
        for level in ((destination,), *levels):
            choices = [
                serving
                for adjacent in level
                if (linkset := self._linksets.get(adjacent)) and (serving := linkset.serving())
            ]
            if len(choices) == 1 and len(choices[0]) == 1:
                return (choices[0][0],) * SELECTIONS
            if choices:
                return tuple(_share(choices, selection) for selection in range(SELECTIONS))
        return ()


def _share(choices: list[list[LinkEnd]], selection: int) -> LinkEnd:
    """The link of a selection: its low part picks the linkset, the rest the link within it."""
    rest, linkset = divmod(selection, len(choices))
    ends = choices[linkset]
    return ends[rest % len(ends)]
