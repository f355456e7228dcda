"""The operator's surface of a process, as an HTTP application.

    GET  /status                              exchanges, links, alarms, counters, certificates
    GET  /metrics                             the same and more, for Prometheus
    GET  /health                              200: it lives
    GET  /ready                               200, or 503 when no messages should be sent here
    GET  /sip                                 lines with their registrations, SIP trunks
    GET  /circuits                            every circuit; ?exchange=ssp-62&group=62-64 narrows it
    POST /exchanges/{exchange}/groups/{group} {"order": "block", "circuits": [1, 2],
                                               "kind": "maintenance"}
    GET  /do-not-call                         numbers not to be called; ?business=abc narrows it
    POST /do-not-call                         {"business": "abc", "number": "+12125550100",
                                               "listed": false}

What is done with calls and their recordings is in `calleq.operation.control`, with the process as a
whole in `calleq.operation.process`; where there is a
door its whole API is here, too (`calleq.operation.accounts`).

Orders are block, unblock, reset, check (continuity) and query; without `circuits` the whole group
is meant. The answer shows the circuits as they are then: an order is done when the far exchange has
acknowledged it. It is for loopback only and has no password: whoever hosts it binds it there.
Refusals are RFC 9457 problems.
"""

from typing import Literal, TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from calleq.access_server.services import Services
from calleq.intake.do_not_call import DoNotCallList
from calleq.network import Network
from calleq.numbering import NumberingError, parse_e164
from calleq.operation.accounts import operator_api
from calleq.operation.control import ControlSurface
from calleq.operation.metrics import MEDIA_TYPE, ProcessMetrics
from calleq.operation.process import ProcessDesk
from calleq.operation.sip import sip_of
from calleq.operation.standing import Standing
from calleq.operation.views import (
    CircuitList,
    CircuitView,
    circuits_of,
    do_not_call_of,
    status_of,
)
from calleq.ss7.isup.exchange import CircuitOrderError, IsupExchange
from calleq.ss7.isup.messages import GroupKind
from calleq.web.answering import with_problems
from calleq.web.problems import ProblemError, plain_problem
from calleq.web.ready import ReadyView

BODY_LIMIT = 65_536
"""Octets of a request's body."""

OrderName = Literal["block", "unblock", "reset", "check", "query"]
KindName = Literal["maintenance", "hardware"]
KINDS: dict[KindName, GroupKind] = {
    "maintenance": GroupKind.MAINTENANCE,
    "hardware": GroupKind.HARDWARE,
}


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be done with circuits of a group."""

    order: OrderName
    circuits: list[int] | None = None
    kind: KindName = "maintenance"


class Listing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A number that a business must not call, or may call again."""

    business: str
    number: str
    listed: bool


Asked = TypeVar("Asked", Order, Listing)


class Surface:
    """The handlers; `operator_app` makes the application of them."""

    def __init__(self, network: Network, standing: Standing | None) -> None:
        self._network = network
        self._standing = standing
        self._metrics = None if standing is None else ProcessMetrics(standing)

    async def status(self, request: Request) -> Response:
        """The whole process."""
        return _json(status_of(self._network, self._standing))

    async def metrics(self, request: Request) -> Response:
        """The process in figures."""
        if self._metrics is None:
            raise ProblemError(plain_problem(404, "no_metrics", "this process counts nothing"))
        return Response(self._metrics.text(), media_type=MEDIA_TYPE)

    async def health(self, request: Request) -> Response:
        """It lives."""
        return _json(ReadyView("ready"))

    async def ready(self, request: Request) -> Response:
        """Whether messages should be sent here."""
        view = ReadyView("ready") if self._standing is None else self._standing.view()
        return _json(view, 503 if view.status == "not_ready" else 200)

    async def sip(self, request: Request) -> Response:
        """Telephones and trunks."""
        return _json(sip_of(self._network))

    async def circuits(self, request: Request) -> Response:
        """Circuits one by one."""
        wanted, group = request.query_params.get("exchange"), request.query_params.get("group")
        found: list[CircuitView] = []
        for name, exchange in self._network.exchanges.items():
            if wanted in (None, name):
                for each in exchange.groups:
                    if group in (None, each):
                        found += circuits_of(name, exchange, each)
        return _json(CircuitList(found))

    async def order(self, request: Request) -> Response:
        """Carry an order out."""
        name, group = request.path_params["exchange"], request.path_params["group"]
        exchange = self._network.exchanges.get(name)
        if exchange is None:
            known = ", ".join(self._network.exchanges)
            detail = f"no exchange {name!r} here: {known or 'none'}"
            raise ProblemError(plain_problem(404, "unknown_exchange", detail))
        order = await _body(request, Order)
        try:
            _carry_out(exchange, group, order)
            shown = circuits_of(name, exchange, group, order.circuits)
        except CircuitOrderError as refused:
            problem = plain_problem(404, "unknown_circuit", str(refused))
            raise ProblemError(problem) from refused
        return _json(CircuitList(shown))

    async def do_not_call(self, request: Request) -> Response:
        """Who must not be called, and by whom."""
        return _json(do_not_call_of(self._list(), request.query_params.get("business", "")))

    async def list_number(self, request: Request) -> Response:
        """Put a number on the list, or take it off."""
        listed, asked = self._list(), await _body(request, Listing)
        accounts = self._network.accounts
        if accounts is None or accounts.business(asked.business) is None:
            detail = f"no business {asked.business!r}"
            raise ProblemError(plain_problem(404, "unknown_business", detail))
        try:
            number = str(parse_e164(asked.number))
        except NumberingError as wrong:
            raise ProblemError(plain_problem(422, "number", str(wrong))) from wrong
        changed = (listed.add if asked.listed else listed.remove)(asked.business, number)
        if not changed:
            state = "is there already" if asked.listed else "is not on the list"
            detail = f"{number} of {asked.business} {state}"
            raise ProblemError(plain_problem(409, "unchanged", detail))
        return _json(do_not_call_of(listed, asked.business))

    def _list(self) -> DoNotCallList:
        if self._network.intake is None:
            raise ProblemError(plain_problem(404, "no_door", "this process has no door"))
        return self._network.intake.do_not_call


def operator_app(
    network: Network,
    services: Services | None = None,
    standing: Standing | None = None,
    process: ProcessDesk | None = None,
) -> ASGIApp:
    """The operator's surface of this process; `services` stand behind its door, None: it has no
    door. Without a `process` it is neither drained nor is its topology read anew."""
    surface = Surface(network, standing)
    return with_problems(
        Starlette(
            routes=[
                Route("/status", surface.status),
                Route("/metrics", surface.metrics),
                Route("/health", surface.health),
                Route("/ready", surface.ready),
                Route("/sip", surface.sip),
                Route("/circuits", surface.circuits),
                Route("/exchanges/{exchange}/groups/{group}", surface.order, methods=["POST"]),
                Route("/do-not-call", surface.do_not_call),
                Route("/do-not-call", surface.list_number, methods=["POST"]),
                *ControlSurface(network).routes(),
                *([] if process is None else process.routes()),
                *([] if services is None else [Mount("/", operator_api(services))]),
            ]
        )
    )


def _carry_out(exchange: IsupExchange, group: str, order: Order) -> None:
    """Raises CircuitOrderError."""
    cics = order.circuits
    match order.order:
        case "block":
            exchange.block(group, cics, KINDS[order.kind])
        case "unblock":
            exchange.unblock(group, cics, KINDS[order.kind])
        case "reset":
            exchange.reset(group, cics)
        case "check":
            exchange.check(group, cics)
        case "query":
            exchange.query(group, cics)


async def _body(request: Request, kind: type[Asked]) -> Asked:
    """What is asked for. Raises ProblemError."""
    octets = b""
    async for chunk in request.stream():
        octets += chunk
        if len(octets) > BODY_LIMIT:
            detail = f"a body has at most {BODY_LIMIT} octets"
            raise ProblemError(plain_problem(413, "body_too_large", detail))
    try:
        return msgspec.json.decode(octets, type=kind)
    except msgspec.DecodeError as wrong:
        raise ProblemError(plain_problem(422, "invalid_order", str(wrong))) from wrong


def _json(view: msgspec.Struct, status: int = 200) -> Response:
    return Response(msgspec.json.encode(view), status, media_type="application/json")
