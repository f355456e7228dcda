"""A node of the signalling network: what its user parts see of level 3 (Q.704 §2, Q.701 §8).

Owns the hot path: sending for a user part, discriminating and distributing what arrives. It fulfils
`MessageTransfer`. Which link a message takes has been worked out beforehand by the procedures of
`calleq.ss7.level3`, so that sending is two look-ups; all messages of one selection take one way,
which keeps a circuit's messages in order (Q.704 §2.3).

It refuses: octets that are no signal unit (`malformed`), units for another point code or network
(`wrong_destination`), units of a service that nobody here uses (`unknown_service`). Each is
discarded and counted; no octets make it raise. An exception out of a user part is our own bug and
passes through.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from msgspec.structs import replace

from calleq.runtime.clock import Clock
from calleq.ss7.level3.inhibition import Told
from calleq.ss7.level3.management import Management
from calleq.ss7.level3.point import LINKS_LIMIT, Link, Linkset, Point, Way
from calleq.ss7.level3.screening import Screening
from calleq.ss7.level3.snapshots import PointSnapshot, point_snapshot
from calleq.ss7.level3.timers import Mtp3Timers
from calleq.ss7.links import LinkEnd
from calleq.ss7.m3ua.messages import Affected
from calleq.ss7.mtp3 import SERVICE_ISUP, Congested, Msu, Status, UserPartUnavailable
from calleq.ss7.mtp3_codec import SIF_LIMIT_OCTETS, unit_codec
from calleq.ss7.mtp3_management import Management as ManagementMessage
from calleq.ss7.mtp3_management import Upu
from calleq.ss7.mtp3_management_codec import to_msu
from calleq.ss7.variant import ITU, Variant
from calleq.units import SECOND_US

SERVICE_TEST = 1
UNEQUIPPED = 1
"""Cause of a UPU: there is no such user part (Q.704 §15.14.4)."""

UPU_PAUSE_US = SECOND_US
UPU_LIMIT = 1_024
"""Senders and services for which the pause is kept at one time."""

_LIMIT_OCTETS = 1 + SIF_LIMIT_OCTETS


class Mtp3Node:
    """One point code of the signalling network, with its links and routes."""

    transfers = False
    """Whether it passes on what is for others."""

    def __init__(
        self,
        name: str,
        point_code: int,
        clock: Clock,
        network_indicator: int = 2,
        timers: Mtp3Timers | None = None,
        variant: Variant = ITU,
    ) -> None:
        self.name = name
        self.point_code = point_code
        self.clock = clock
        self.network_indicator = network_indicator
        self.screening: Screening | None = None
        """Of a transfer point, where it has rules."""
        self.malformed = 0
        self.wrong_destination = 0
        self.unknown_service = 0
        self.sent = 0
        self.delivered = 0
        self.point = Point(
            name,
            point_code,
            clock,
            network_indicator,
            timers or Mtp3Timers(),
            transfers=self.transfers,
            variant=variant,
        )
        self.point.encode = self._encode
        self._units = unit_codec(variant)
        labels = self.point.labels
        self._read, self._write, self._head_octets = labels.read, labels.write, labels.head_octets
        self._code_mask, self._origin_shift = labels.code_mask, labels.origin_shift
        self._selection_shift = labels.selection_shift
        self._selection_mask = labels.selection_mask
        self._payload_limit_octets = _LIMIT_OCTETS - labels.head_octets
        self._test_service = variant.test_service
        self.management = Management(
            self.point, self._way_changed, self._congested, self._user_part_unavailable
        )
        self._ways = self.point.ways
        self._users: dict[int, Callable[[Msu], None]] = {}
        self._watchers: list[Callable[[int, bool], None]] = []
        self._indicated: list[Callable[[Status], None]] = []
        self._upu_until_us: dict[tuple[int, int], int] = {}
        """By origin and service: no second UPU before."""
        self._network = network_indicator << 6

    def attach(self, end: LinkEnd, adjacent: int, code: int | None = None) -> None:
        """Make `end` a link of the linkset to the point code `adjacent`, and a route to it.

        `code` is its signalling link code, the same at both ends; None: the lowest that is free.
        It carries traffic when it is in service and has passed its test (Q.707 §2.2). Raises
        ValueError for a link that is not this node's, one too many, or one whose code is taken.
        """
        if end.near != self.name:
            raise ValueError(f"{self.name}: {end.link} ends at {end.near} here")
        if adjacent == self.point_code:
            raise ValueError(f"{self.name}: {end.link} leads to its own point code")
        linkset = self.point.linksets.get(adjacent)
        if linkset is None:
            self.point.way_to(adjacent)
            linkset = self.point.linksets[adjacent] = Linkset(adjacent)
        if len(linkset.links) >= LINKS_LIMIT:
            raise ValueError(f"{self.name}: more than {LINKS_LIMIT} links to one node")
        if code is None:
            code = linkset.free_code()
        elif not 0 <= code < LINKS_LIMIT or linkset.link(code) is not None:
            raise ValueError(f"{self.name}: {end.link}: code {code} is taken, or none")
        link = self.management.add(linkset, end, code)
        end.attach(self.receiver(link), partial(self.management.changed, link))
        if end.in_service:
            # Not at once: the other end of the link may not stand yet.
            self.clock.call_later_us(0, self._begin, link)

    def set_route(self, destination: int, *levels: tuple[int, ...]) -> None:
        """Reach `destination` over the linksets to these adjacent point codes.

        Each level is a tuple of adjacent point codes that share the load; a later level stands in
        when the earlier ones are out of service. The adjacent nodes may be attached afterwards.
        Raises ValueError for the node's own point code.
        """
        if destination == self.point_code:
            raise ValueError(f"{self.name}: a route to itself")
        way = self.point.way_to(destination)
        way.levels = ((destination,), *levels)
        self.management.routed(way)

    def accessible(self, destination: int) -> bool:
        """Whether a route to the point code is in service."""
        way = self._ways.get(destination)
        return way is not None and way.open

    def transfer(
        self,
        destination: int,
        selection: int,
        payload: bytes,
        priority: int = 0,
        service: int = SERVICE_ISUP,
    ) -> bool:
        """Send for a user part; False when no route is in service, and nothing was sent."""
        way = self._ways.get(destination)
        if way is None or not way.open:
            return False
        if len(payload) > self._payload_limit_octets or not 0 <= selection <= self._selection_mask:
            # Whatever is wrong with it, the codec says so.
            self._units.encode(Msu(destination, self.point_code, selection, payload))
        information = self._network | priority << 4 | service
        octets = self._write(information, way.label | selection << self._selection_shift) + payload
        self.sent += 1
        if self.point.is_congested and way.links[selection].congestion:
            self.management.congestion.passed(way.links[selection], way, self.point_code)
        return way.carriers[selection].carry(octets)

    def on_message(self, service: int, receive: Callable[[Msu], None]) -> None:
        """Hand every unit of `service` addressed to this node to `receive` (one user each)."""
        assert service > SERVICE_TEST, "level 3 speaks for itself"
        self._users[service] = receive

    def on_status(self, changed: Callable[[int, bool], None]) -> None:
        """Tell of each point code that becomes inaccessible (False) or accessible (True)."""
        self._watchers.append(changed)

    def on_indication(self, told: Callable[[Status], None]) -> None:
        """Tell of congestion of a destination, and of user parts that are not there."""
        self._indicated.append(told)

    def knows(self, destination: int) -> bool:
        """Whether it has a route to the point code, in service or not."""
        return destination in self._ways

    def destinations(self, affected: Iterable[Affected]) -> Iterator[int]:
        """The destinations it has a route to among these, masks considered."""
        for point in affected:
            if not point.mask:
                if point.point_code in self._ways:
                    yield point.point_code
                continue
            yield from [
                code for code in self._ways if code >> point.mask == point.point_code >> point.mask
            ]

    def snapshot(self) -> PointSnapshot:
        """Links, linksets, routes and counters as they stand now."""
        return point_snapshot(self.management, self.screening, self._discrimination())

    def _discrimination(self) -> dict[str, int]:
        return {
            "malformed": self.malformed,
            "wrong destination": self.wrong_destination,
            "unknown service": self.unknown_service,
            "given up": self.point.discarded,
        }

    def inhibit(self, link: str, told: Told, code: int = 0) -> None:
        """Keep a link free of traffic (Q.704 §10); `told` hears how that ends.

        Raises KeyError where no link has that name and code.
        """
        self.management.inhibition.inhibit(self._link(link, code), told)

    def uninhibit(self, link: str, told: Told, code: int = 0) -> None:
        """Give a link back to traffic; as `inhibit`."""
        self.management.inhibition.uninhibit(self._link(link, code), told)

    def _link(self, name: str, code: int) -> Link:
        for link in self.point.links():
            if (link.name, link.code) == (name, code):
                return link
        raise KeyError(f"{self.name} has no link {name} with code {code}")

    def pass_on(self, information: int, label: int, octets: bytes, link: Link) -> None:
        """A unit for another point code: an end point has no use for it."""
        self.wrong_destination += 1

    def receiver(self, link: Link) -> Callable[[bytes], None]:
        """Whom the units that arrive over a link are handed to: discrimination (Q.704 §2.4).

        Everything that does not change is bound beforehand, as each unit passes here at each node.
        """
        point, own, network = self.point, self.point_code, self.network_indicator
        read, head_octets, mask = self._read, self._head_octets, self._code_mask
        origin_shift, selection_shift = self._origin_shift, self._selection_shift
        selection_mask = self._selection_mask
        users, pass_on = self._users, self.pass_on

        def received(octets: bytes) -> None:
            if not head_octets <= len(octets) <= _LIMIT_OCTETS:
                self.malformed += 1
                return
            information, label = read(octets)
            link.received += 1
            if link.is_blocked:
                point.discarded += 1
            elif information >> 6 != network:
                self.wrong_destination += 1
            elif label & mask != own:
                pass_on(information, label, octets, link)
            else:
                msu = Msu(
                    own,
                    label >> origin_shift & mask,
                    label >> selection_shift & selection_mask,
                    octets[head_octets:],
                    information & 15,
                    network,
                )
                user = users.get(information & 15)
                if user is None:
                    self._unused(msu, link)
                else:
                    self.delivered += 1
                    user(msu)

        return received

    def _begin(self, link: Link) -> None:
        if link.end.in_service:
            self.management.changed(link, True)

    def _unused(self, msu: Msu, link: Link) -> None:
        """A unit for this node, and for no user part: level 3's own, or of nobody here."""
        if msu.service <= self._test_service:
            self.management.received(msu, link)
        else:
            self.unknown_service += 1
            self._say_unavailable(msu)

    def _encode(
        self, message: ManagementMessage, destination: int, service: int | None = None
    ) -> bytes:
        variant = self.point.variant
        msu = to_msu(message, destination, self.point_code, self.network_indicator, variant)
        if service is not None:
            msu = replace(msu, service=service)
        return self._units.encode(msu)

    def _way_changed(self, way: Way) -> None:
        """Tell the user parts what has become of a destination."""
        is_open = bool(way.links) and not self.point.is_restarting
        if is_open != way.open:
            way.open = is_open
            for changed in self._watchers:
                changed(way.destination, is_open)

    def _say_unavailable(self, msu: Msu) -> None:
        """Tell the sender that nobody here uses that service (UPU, Q.704 §11.2.7)."""
        now_us = self.clock.monotonic_us()
        key = (msu.origin, msu.service)
        if self._upu_until_us.get(key, 0) > now_us:
            return
        if len(self._upu_until_us) >= UPU_LIMIT:
            self._upu_until_us.clear()
        self._upu_until_us[key] = now_us + UPU_PAUSE_US
        self.point.send(Upu(self.point_code, msu.service, UNEQUIPPED), msu.origin)

    def _user_part_unavailable(self, message: Upu) -> None:
        self.indicate(UserPartUnavailable(message.destination, message.user, message.cause))

    def _congested(self, way: Way) -> None:
        self.indicate(Congested(way.destination, way.congestion))

    def indicate(self, status: Status) -> None:
        """Tell the user parts of congestion, or of a user part that is not there."""
        for told in self._indicated:
            told(status)
