"""In-call control and recordings at the operator's surface of a process.

    POST   /calls/{call}/control        an order (`calleq.osn.orders`); `last`: the latest call that
                                        goes on; ?command=ID names the order, so that it can be sent
                                        again and is carried out once
    GET    /recordings                  those of the equipment here; ?call=CALL narrows it
    GET    /recordings/{recording}      one
    DELETE /recordings/{recording}      remove it; answered when its file is gone

A refused order is a problem with status 409 whose code is the refusal.
"""

import asyncio

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from calleq.calling_logic.recorded import view_of
from calleq.calling_logic.recordings import Recordings
from calleq.messages.answers import OrderDone, RecordedList
from calleq.network import Network
from calleq.osn.orders import REFUSALS, Order, OrderError, Refusal, read_order
from calleq.web.problems import ProblemError, plain_problem

BODY_LIMIT = 8_192
"""Octets of an order."""
COMMAND_LIMIT = 64
"""Characters of an order's id."""
NOT_HERE = "not_here"
"""The code of what some other process of the network may know."""
LAST = "last"


class ControlSurface:
    """The handlers."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def routes(self) -> list[Route]:
        """Where they are found."""
        return [
            Route("/calls/{call}/control", self.control, methods=["POST"]),
            Route("/recordings", self.recordings, methods=["GET"]),
            Route("/recordings/{recording}", self.recording, methods=["GET"]),
            Route("/recordings/{recording}", self.delete, methods=["DELETE"]),
        ]

    async def control(self, request: Request) -> Response:
        """Have an order carried out."""
        doors = list(self._network.doors.values())
        if not doors:
            raise ProblemError(plain_problem(404, NOT_HERE, "no door on the internet is here"))
        order = await _order(request)
        command = request.query_params.get("command", "")
        if len(command) > COMMAND_LIMIT:
            detail = f"an order's id has at most {COMMAND_LIMIT} characters"
            raise ProblemError(plain_problem(422, "invalid_order", detail))
        call: str = request.path_params["call"]
        if call == LAST:
            going_on = [one for door in doors for one in door.going_on()]
            call = max(going_on, default=LAST)  # references sort by time
        decided: asyncio.Future[Refusal | None] = asyncio.get_running_loop().create_future()

        def answer(refusal: Refusal | None) -> None:
            if not decided.done():
                decided.set_result(refusal)

        door = next((door for door in doors if door.knows(call)), doors[0])
        door.control(call, None, order, answer, command)
        refusal = await decided
        if refusal is not None:
            status = 404 if refusal == "no_such_call" else 409
            raise ProblemError(plain_problem(status, refusal, REFUSALS[refusal]))
        return _json(OrderDone(call, str(order.__struct_config__.tag)))

    async def recordings(self, request: Request) -> Response:
        """All of the equipment here, or those of one call."""
        wanted = request.query_params.get("call", "")
        found = [
            view_of(name, view)
            for name, recordings in recordings_of(self._network).items()
            for view in recordings.views(wanted)
        ]
        return _json(RecordedList(sorted(found, key=lambda view: view.begun_at)))

    async def recording(self, request: Request) -> Response:
        """One of them."""
        name, recordings = self._which(request)
        view = recordings.view(request.path_params["recording"])
        assert view is not None, "it was found"
        return _json(view_of(name, view))

    async def delete(self, request: Request) -> Response:
        """Remove one."""
        name, recordings = self._which(request)
        recording: str = request.path_params["recording"]
        gone = asyncio.Event()
        if not recordings.delete(recording, gone.set):
            detail = f"{recording} goes on, or has been removed already"
            raise ProblemError(plain_problem(409, "not_possible_now", detail))
        await gone.wait()
        view = recordings.view(recording)
        assert view is not None, "it was found"
        return _json(view_of(name, view))

    def _which(self, request: Request) -> tuple[str, Recordings]:
        wanted: str = request.path_params["recording"]
        for name, recordings in recordings_of(self._network).items():
            if recordings.view(wanted) is not None:
                return name, recordings
        raise ProblemError(plain_problem(404, NOT_HERE, f"no recording {wanted!r} is known here"))


def recordings_of(network: Network) -> dict[str, Recordings]:
    """The recordings of all equipment of a process, by its name."""
    logics = {name: peripheral.calling_logic for name, peripheral in network.peripherals.items()}
    for name, switch in network.switches.items():
        if switch.logic is not None:
            logics[name] = switch.logic
    return {
        name: logic.recordings for name, logic in logics.items() if logic.recordings is not None
    }


async def _order(request: Request) -> Order:
    """Raises ProblemError."""
    octets = b""
    async for chunk in request.stream():
        octets += chunk
        if len(octets) > BODY_LIMIT:
            detail = f"an order has at most {BODY_LIMIT} octets"
            raise ProblemError(plain_problem(413, "body_too_large", detail))
    try:
        return read_order(octets)
    except OrderError as wrong:
        raise ProblemError(plain_problem(422, "invalid_order", str(wrong))) from wrong


def _json(view: msgspec.Struct) -> Response:
    return Response(msgspec.json.encode(view), media_type="application/json")
