"""A call that goes on: what may be done with it."""

from starlette.responses import Response

from calleq.access_server.routes_calls import NOT_FOUND, recalled
from calleq.access_server.routing import CHANGE_BUSINESS, Answer, Context, Route, answer
from calleq.intake import errors
from calleq.messages.answers import CallView
from calleq.messages.errors import Fault
from calleq.messages.requests import AddParty
from calleq.numbering import NumberingError, parse_address
from calleq.web.problems import ProblemDetail, ProblemError

NOT_BRIDGED = ProblemDetail(
    status=409,
    code="not_bridged",
    title="Not bridged",
    detail="a third party can be added while customer and representative talk",
)


async def add_party(asked: Context) -> Response:
    """Have a third party dialled."""
    door = asked.services.door
    number = _number(asked.body_as(AddParty).number)
    call = await recalled(asked)
    added = door.add_party(call, asked.business, number)
    if added is None:
        raise ProblemError(NOT_FOUND)
    if isinstance(added, ProblemDetail):
        raise ProblemError(added)
    if not added:
        raise ProblemError(NOT_BRIDGED)
    view = door.call(call, asked.business)
    assert view is not None, "it was found"
    return answer(view, 202)


def _number(given: str) -> str:
    try:
        return str(parse_address(given))
    except NumberingError as error:
        fault = Fault("/number", "number", str(error))
        raise ProblemError(errors.invalid(fault)) from error


ROUTES = (
    Route(
        method="POST",
        path="/v1/calls/{call}/parties",
        name="addParty",
        handler=add_party,
        policy=CHANGE_BUSINESS,
        body=AddParty,
        summary="Dial a third party and join it to a call, while its parties talk.",
        answers={202: Answer("Asked for; the call's events say what becomes of it.", CallView)},
        problems={
            403: "The number must not be called.",
            409: "The call is not bridged.",
            422: "No telephone number.",
        },
        examples={"a colleague": {"number": "+12125550144"}},
    ),
)
