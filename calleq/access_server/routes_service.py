"""What anybody may read: the description of the API, the messages' schemas, whether it lives."""

import msgspec
from starlette.responses import Response

from calleq.access_server.openapi import openapi_octets
from calleq.access_server.routing import PUBLIC, Answer, Context, Route, answer
from calleq.access_server.senders import sender_of
from calleq.accounts import is_loopback
from calleq.door.problems import NOT_FOUND
from calleq.messages.answers import Health
from calleq.messages.schemas import FIGURES, json_schema
from calleq.web.problems import ProblemError
from calleq.web.ready import Ready, ReadyView

_SCHEMAS = {figure: msgspec.json.encode(json_schema(figure)) for figure in FIGURES}


async def get_schema(asked: Context) -> Response:
    """The schema of a figure's message."""
    schema = _SCHEMAS.get(asked.parameter("figure"))
    if schema is None:
        detail = "figures 7, 8 and 9 are messages"
        raise ProblemError(msgspec.structs.replace(NOT_FOUND, detail=detail))
    return Response(schema, media_type="application/schema+json")


async def get_openapi(asked: Context) -> Response:
    """The description of all this."""
    from calleq.access_server.routes import ROUTES as EVERY_ROUTE  # which has this one in it

    return Response(openapi_octets(EVERY_ROUTE), media_type="application/json")


async def get_health(asked: Context) -> Response:
    """Alive; its processor time for its own machine alone."""
    cpu_s = asked.services.cpu_s() if is_loopback(sender_of(asked.request)) else None
    return answer(Health("ok", asked.services.door.name, cpu_s))


async def get_ready(asked: Context) -> Response:
    """Whether messages should be sent here; why not is told to its own machine alone."""
    view = asked.services.the(Ready).view()  # type: ignore[type-abstract]
    status = 503 if view.status == "not_ready" else 200
    if not is_loopback(sender_of(asked.request)):
        view = ReadyView(view.status)
    return answer(view, status)


ROUTES = (
    Route(
        method="GET",
        path="/v1/schemas/{figure}",
        name="getSchema",
        handler=get_schema,
        policy=PUBLIC,
        summary="JSON Schema of the message of figure 7, 8 or 9.",
        answers={200: Answer("The schema.", media_type="application/schema+json")},
        tag="service",
    ),
    Route(
        method="GET",
        path="/openapi.json",
        name="getOpenapi",
        handler=get_openapi,
        policy=PUBLIC,
        summary="This description.",
        answers={200: Answer("OpenAPI 3.1.")},
        tag="service",
    ),
    Route(
        method="GET",
        path="/health",
        name="getHealth",
        handler=get_health,
        policy=PUBLIC,
        summary="Whether the server lives.",
        answers={200: Answer("It does.", Health)},
        tag="service",
    ),
    Route(
        method="GET",
        path="/ready",
        name="getReady",
        handler=get_ready,
        policy=PUBLIC,
        summary="Whether messages should be sent here.",
        answers={
            200: Answer("They should.", ReadyView),
            503: Answer("They should not: it drains, or cannot do what it promises.", ReadyView),
        },
        tag="service",
    ),
)
