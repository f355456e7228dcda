"""M3UA as a signalling link of a node: message signal units to DATA and back.

Owns `AdaptedEnd`, a `LinkEnd` whose far side is reached over M3UA: a gateway, over which this node
reaches whatever the gateway says is available; or, at a gateway, an application server, which
stands for the point code of its routing key. Level 3 has nothing to manage on either (`managed`):
there is no changeover, since the processes of a server share its traffic among themselves, and no
link test, since M3UA has heartbeats.

Odd case: units that M3UA's side cannot place any more when an association breaks are lost, as RFC
4666 §4.3.3 has it; only those of a server that is pending wait.
"""

from collections.abc import Callable

from calleq.runtime.clock import Clock
from calleq.runtime.tap import Segment, Tap
from calleq.ss7.links import NONE_RECEIVED
from calleq.ss7.m2pa import Remains
from calleq.ss7.m3ua import messages as m
from calleq.ss7.m3ua.association import Association
from calleq.ss7.m3ua.gateway import Gateway
from calleq.ss7.m3ua.server import ApplicationServer
from calleq.ss7.mtp3 import Msu, Mtp3Error
from calleq.ss7.mtp3_codec import unit_codec
from calleq.ss7.variant import ITU, Variant


class AdaptedEnd:
    """One end of a link over M3UA; fulfils `LinkEnd`. `malformed` counts units that fit no DATA."""

    managed = False
    """No network management of level 3 crosses it."""

    def __init__(
        self,
        names: tuple[str, str, str],
        clock: Clock,
        tap: Tap,
        put: Callable[[m.Data], bool],
        serves: Callable[[], bool],
        variant: Variant = ITU,
    ) -> None:
        """`names`: link, near node, far node. `put` sends; `serves` says whether it would."""
        self.link, self.near, self.far = names
        self.malformed = 0
        self.gateway: Gateway | None = None
        """Where this node is one."""
        self.watch: Callable[[AdaptedEnd], object] | None = None
        """Told, after the node, when the link goes into or out of service."""
        self._units = unit_codec(variant)
        self._clock = clock
        self._tap = tap
        self._put = put
        self._serves = serves
        self._wanted = True
        self._told: Callable[[m.DestinationMessage], object] | None = None
        self._receive: Callable[[bytes], None] | None = None
        self._changed: Callable[[bool], None] | None = None

    @property
    def in_service(self) -> bool:
        return self._wanted and self._serves()

    @property
    def congestion(self) -> int:
        return 0

    def on_congestion(self, told: Callable[[int], None]) -> None:
        """The transport below tells of no congestion of its own; SCON goes to level 3 directly."""

    def attach(self, receive: Callable[[bytes], None], changed: Callable[[bool], None]) -> None:
        self._receive = receive
        self._changed = changed

    def start(self) -> None:
        self._wanted = True
        self.changed(self._serves())

    def stop(self) -> None:
        self._wanted = False
        self.changed(False)

    def last_received(self) -> int:
        return NONE_RECEIVED

    def retrieve(self, after: int | None) -> list[bytes]:
        return []

    def take_back(self) -> Remains:
        return Remains()

    def send(self, octets: bytes) -> bool:
        if not self.in_service:
            return False
        try:
            msu = self._units.decode(octets)
        except Mtp3Error:
            self.malformed += 1
            return False
        data = m.Data(
            msu.origin,
            msu.destination,
            msu.service,
            msu.network,
            msu.selection,
            msu.payload,
            msu.priority,
        )
        if not self._put(data):
            return False
        self._tap.saw(
            Segment.SIGNALLING_LINK, self.link, self.near, self.far, octets, self._clock.now_us()
        )
        return True

    def arrived(self, data: m.Data) -> None:
        """DATA came from the far side."""
        msu = Msu(
            data.destination,
            data.origin,
            data.selection,
            data.payload,
            data.service,
            data.network,
            data.priority,
        )
        try:
            octets = self._units.encode(msu)
        except Mtp3Error:
            self.malformed += 1
            return
        if self._receive is not None:
            self._receive(octets)

    def on_destination(self, told: Callable[[m.DestinationMessage], object]) -> None:
        """Hand what the far gateway says of destinations to `told`."""
        self._told = told

    def heard_of(self, message: m.DestinationMessage) -> None:
        """The far gateway says something of destinations."""
        if self._told is not None:
            self._told(message)

    def changed(self, in_service: bool) -> None:
        """Traffic flows, or flows no more."""
        if self._changed is not None:
            self._changed(in_service and self._wanted)
        if self.watch is not None:
            self.watch(self)


def gateway_end(
    names: tuple[str, str, str],
    clock: Clock,
    tap: Tap,
    association: Association,
    variant: Variant = ITU,
) -> AdaptedEnd:
    """A process's way to its gateway."""
    asp = association.asp
    if asp is None:
        raise ValueError(f"{names[0]}: the association has no process on this side")

    def put(data: m.Data) -> bool:
        contexts = asp.routing_contexts
        return association.send_data(_with_context(data, contexts[0] if contexts else None))

    end = AdaptedEnd(names, clock, tap, put, lambda: asp.active, variant)
    association.receive_data = end.arrived
    association.destination = end.heard_of
    end.gateway = association.gateway
    association.active = end.changed
    return end


def server_end(
    names: tuple[str, str, str],
    clock: Clock,
    tap: Tap,
    server: ApplicationServer,
    gateway: Gateway,
    variant: Variant = ITU,
) -> AdaptedEnd:
    """A gateway's way to an application server."""

    def put(data: m.Data) -> bool:
        return server.transfer(_with_context(data, server.routing_context))

    end = AdaptedEnd(names, clock, tap, put, lambda: server.takes_traffic, variant)
    end.gateway = gateway
    server.receive = end.arrived
    server.changed = end.changed
    return end


def _with_context(data: m.Data, context: int | None) -> m.Data:
    return m.Data(
        data.origin,
        data.destination,
        data.service,
        data.network,
        data.selection,
        data.payload,
        data.priority,
        context,
    )
