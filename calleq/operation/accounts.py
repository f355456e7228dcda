"""The whole API of the doors for whoever is on the server's own machine: no credential is asked.

    GET /v1/businesses …                      as `calleq.access_server.routes` has them

It is a part of the operator's surface (`calleq.operation.surface`) and bound as that is, to
loopback: what is done there is done by the carrier's operator, and written down so.
"""

import uuid

from starlette.requests import Request
from starlette.types import ASGIApp

from calleq.access_server.http import HttpSurface
from calleq.access_server.services import Services
from calleq.accounts.principal import Principal

OPERATOR = Principal("carrier_operator", "operator", name="operator")


def operator_api(services: Services) -> ASGIApp:
    """The API on what stands behind a door, asked by the operator."""

    async def operator(request: Request, body: bytes) -> Principal:
        return OPERATOR

    surface = HttpSurface(
        services.door,
        services.accounts,
        lambda: uuid.uuid4().hex,
        services.cpu_s,
        authenticate=operator,
    )
    surface.services = services
    return surface.app
