"""Calls: asked for by a message of figure 8 or a request of figure 9, looked at, called off."""

import asyncio
from typing import Literal

from starlette.responses import Response

from calleq.access_server.replies import reply_response
from calleq.access_server.routing import (
    BUSINESS,
    READ_BUSINESS,
    Answer,
    Context,
    Policy,
    Route,
    answer,
)
from calleq.access_server.senders import headers_of, peer_of
from calleq.accounts.principal import Role
from calleq.door.door import Door
from calleq.door.problems import NOT_FOUND
from calleq.door.replies import Reply
from calleq.intake import is_reference
from calleq.messages import CallInitiation, DirectCallRequest
from calleq.messages.answers import CallAccepted, CallView
from calleq.messages.schemas import example
from calleq.web.problems import ProblemError

_PAGE: frozenset[Role] = frozenset(("page",))


async def place_call(asked: Context) -> Response:
    """A message of figure 8."""
    return await _submit(asked, 8)


async def request_call(asked: Context) -> Response:
    """A request of figure 9."""
    return await _submit(asked, 9)


async def _submit(asked: Context, figure: Literal[8, 9]) -> Response:
    request = asked.request
    decided: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

    def done(reply: Reply) -> None:
        if not decided.done():
            decided.set_result(reply)

    asked.services.door.submit(
        asked.octets,
        headers_of(request),
        peer_of(request),
        done,
        figure=figure,
        principal=asked.principal,
    )
    return reply_response(request, await decided)


def reference(asked: Context) -> str:
    """The call of the path; ProblemError 404 when it has no reference's form."""
    call = asked.parameter("call")
    if not is_reference(call):
        raise ProblemError(NOT_FOUND)
    return call


async def recalled(asked: Context) -> tuple[Door, str]:
    """As `reference`, with the door whose call it is, which remembers it where the journal does."""
    call = reference(asked)
    return await asked.services.door_of(call), call


async def get_call(asked: Context) -> Response:
    """One call."""
    door, call = await recalled(asked)
    view = door.call(call, asked.business)
    if view is None:
        raise ProblemError(NOT_FOUND)
    return answer(view)


_ACCEPTED = Answer(
    "Accepted, durably; the call will be made, or end in a final state that says why not.",
    CallAccepted,
    headers={
        "Location": "Where the call is read.",
        "Idempotent-Replayed": "true: this message had been accepted before.",
    },
)
_REFUSALS = {
    402: "It cannot be paid for.",
    403: "It must not be made: the code says why, the detail what to do.",
    409: "A message with this Idempotency-Key is being accepted; or one live call is enough.",
    421: "Addressed to other equipment.",
    422: "Fields that cannot be acted upon, each named; or an Idempotency-Key of another message.",
}

ROUTES = (
    Route(
        method="POST",
        path="/v1/calls",
        name="placeCall",
        handler=place_call,
        policy=Policy(BUSINESS, "business", proof_in_message=True),
        summary="Ask for a customer service call (figure 8).",
        description="The message proves who asks by its password, unless the request does by a"
        " credential beside it.",
        body=CallInitiation,
        sealed=True,
        answers={202: _ACCEPTED},
        problems=_REFUSALS,
        examples={"now": example("8")},
        asks_for_call=True,
    ),
    Route(
        method="POST",
        path="/v1/direct-calls",
        name="requestCall",
        handler=request_call,
        policy=Policy(BUSINESS | _PAGE, "business"),
        summary="Ask for a call from a page of a business (figure 9).",
        description="The request has no secret in it: a page token, or any credential of the"
        " business, stands beside it.",
        body=DirectCallRequest,
        sealed=True,
        answers={202: _ACCEPTED},
        problems=_REFUSALS,
        examples={"from a page": example("9")},
        asks_for_call=True,
    ),
    Route(
        method="GET",
        path="/v1/calls/{call}",
        name="getCall",
        handler=get_call,
        policy=READ_BUSINESS,
        summary="State and legs of a call.",
        answers={200: Answer("The call.", CallView)},
    ),
)
