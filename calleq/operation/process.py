"""A process as a whole at the operator's surface: how it drains, and its topology read anew.

    GET  /process          whether its doors drain, how many of their calls go on
    POST /process/drain    {"drain": true, "stop": false}
    POST /process/reload   read the topology file again

While doors drain they answer every message with 503 and Retry-After, and begin no call that waits;
such calls are begun after the next start, or expire. Calls that go on do so to their end. With
`stop` the process ends once there is none of them left.
"""

from collections.abc import Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from calleq.network import Network
from calleq.operation.reloading import ReloadRefusedError, reload
from calleq.runtime.clock import Clock
from calleq.topology import Topology, TopologyError
from calleq.units import MILLISECOND_US
from calleq.web.problems import ProblemError, plain_problem

LOOK_US = 200 * MILLISECOND_US
"""How often it is looked whether calls are left."""
BODY_LIMIT = 1_024


class ProcessView(msgspec.Struct, frozen=True, kw_only=True):
    """A process."""

    doors: tuple[str, ...]
    draining: bool
    going_on: int
    """Calls of its doors."""
    stops: bool = False
    """Whether it ends when none is left."""


class DrainOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether doors are to drain."""

    drain: bool = True
    stop: bool = False


class ReloadView(msgspec.Struct, frozen=True):
    """What a reload changed."""

    changed: list[str]
    """Parts of the topology: `businesses`, `lines`, `pricing`."""


class ProcessDesk:
    """What may be done with the process. `reread` reads its topology file."""

    def __init__(
        self,
        network: Network,
        clock: Clock,
        stop: Callable[[], object],
        reread: Callable[[], Topology] | None,
    ) -> None:
        self._network = network
        self._clock = clock
        self._stop = stop
        self._reread = reread
        self._stops = False

    def draining(self) -> bool:
        """Whether its doors drain."""
        network = self._network
        drains = any(door.draining for door in network.doors.values())
        return drains or any(front.draining for front in network.fronts.values())

    def view(self) -> ProcessView:
        """How it stands."""
        doors = self._network.doors
        return ProcessView(
            doors=(*doors, *self._network.fronts),
            draining=self.draining(),
            going_on=sum(len(door.going_on()) for door in doors.values()),
            stops=self._stops,
        )

    def drain(self, order: DrainOrder) -> ProcessView:
        """Begin or end draining."""
        for door in self._network.doors.values():
            door.draining = order.drain
        for front in self._network.fronts.values():
            front.draining = order.drain
        begins = order.drain and order.stop and not self._stops
        self._stops = order.drain and order.stop
        if begins:
            self._clock.call_later_us(LOOK_US, self._look)
        return self.view()

    def reload(self) -> ReloadView:
        """Read the topology again. Raises ProblemError, and changes nothing."""
        if self._reread is None:
            raise ProblemError(plain_problem(409, "no_file", "its topology comes from no file"))
        try:
            return ReloadView(reload(self._network, self._reread()))
        except (ReloadRefusedError, TopologyError) as refused:
            raise ProblemError(plain_problem(422, "not_reloaded", str(refused))) from refused

    def _look(self) -> None:
        if not self._stops:
            return
        if self.view().going_on:
            self._clock.call_later_us(LOOK_US, self._look)
        else:
            self._stop()

    def routes(self) -> list[Route]:
        """Where all that is found."""

        async def view(request: Request) -> Response:
            return _json(self.view())

        async def drain(request: Request) -> Response:
            octets = await request.body()
            if len(octets) > BODY_LIMIT:
                raise ProblemError(plain_problem(413, "body_too_large", "an order is short"))
            try:
                order = msgspec.json.decode(octets, type=DrainOrder)
            except msgspec.DecodeError as wrong:
                raise ProblemError(plain_problem(422, "invalid_order", str(wrong))) from wrong
            return _json(self.drain(order))

        async def read_again(request: Request) -> Response:
            return _json(self.reload())

        return [
            Route("/process", view),
            Route("/process/drain", drain, methods=["POST"]),
            Route("/process/reload", read_again, methods=["POST"]),
        ]


def _json(view: msgspec.Struct) -> Response:
    return Response(msgspec.json.encode(view), media_type="application/json")
