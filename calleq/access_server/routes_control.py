"""What is done with a call: cancelled, moved, ended, held, joined by others, transferred, recorded.

An order is answered once, when it stands or is refused; what takes its time (a telephone that
rings) has begun by then, and the call's events say what becomes of it. With an Idempotency-Key the
order is known to the equipment by it too, which carries it out once however often it is sent.
"""

import asyncio
from collections.abc import Callable
from hashlib import sha256
from typing import cast

from starlette.responses import Response

from calleq.access_server.routes_calls import recalled
from calleq.access_server.routes_recordings import NO_RECORDING, own_recording
from calleq.access_server.routing import CHANGE_BUSINESS, Answer, Context, Route, answer
from calleq.door.door import Door
from calleq.door.problems import NOT_FOUND
from calleq.intake import errors
from calleq.intake.intake import IDEMPOTENCY_KEY
from calleq.messages.answers import CallView, OrderDone
from calleq.messages.errors import Fault, MessageError
from calleq.messages.new_time import NewTime, decode_new_time
from calleq.messages.requests import AddParty
from calleq.numbering import NumberingError, parse_address
from calleq.osn.orders import REFUSALS, HangUp, Order, PlayPrompt, Refusal
from calleq.web.problems import ProblemDetail, ProblemError

NOT_BRIDGED = ProblemDetail(
    status=409,
    code="not_bridged",
    title="Not bridged",
    detail="a third party can be added while customer and representative talk",
)


async def control_call(asked: Context) -> Response:
    """Have an order carried out."""
    order = cast(Order, asked.body)  # the route says what it is
    recording = order.recording if isinstance(order, PlayPrompt) else ""
    # Names of recordings are no secret: only one's own may be played.
    if recording and await own_recording(asked, recording) is None:
        raise ProblemError(NO_RECORDING)
    return await _carry_out(asked, order)


async def cancel_call(asked: Context) -> Response:
    """Have it not made."""
    door, call = await recalled(asked)
    decided: asyncio.Future[ProblemDetail | None] = asyncio.get_running_loop().create_future()
    door.cancel(call, asked.business, asked.who, _settle(decided))
    return await _changed(asked, door, call, decided)


async def reschedule_call(asked: Context) -> Response:
    """Have it made at another time."""
    door, call = await recalled(asked)
    try:
        new = decode_new_time(asked.octets)
    except MessageError as error:
        raise ProblemError(errors.malformed(error)) from error
    decided: asyncio.Future[ProblemDetail | None] = asyncio.get_running_loop().create_future()
    door.reschedule(call, asked.business, new, asked.who, _settle(decided))
    return await _changed(asked, door, call, decided)


def _settle(
    decided: asyncio.Future[ProblemDetail | None],
) -> Callable[[ProblemDetail | None], None]:
    def settle(problem: ProblemDetail | None) -> None:
        if not decided.done():
            decided.set_result(problem)

    return settle


async def _changed(
    asked: Context, door: Door, call: str, decided: asyncio.Future[ProblemDetail | None]
) -> Response:
    problem = await decided
    if problem is not None:
        raise ProblemError(problem)
    view = door.call(call, asked.business)
    if view is None:
        raise ProblemError(NOT_FOUND)
    return answer(view)


async def hang_up(asked: Context) -> Response:
    """End the call as it is."""
    return await _carry_out(asked, HangUp())


async def _carry_out(asked: Context, order: Order) -> Response:
    door, call = await recalled(asked)
    decided: asyncio.Future[Refusal | None] = asyncio.get_running_loop().create_future()

    def done(refusal: Refusal | None) -> None:
        if not decided.done():
            decided.set_result(refusal)

    door.control(call, asked.business, order, done, _command(asked))
    refusal = await decided
    if refusal == "no_such_call":
        raise ProblemError(NOT_FOUND)
    if refusal is not None:
        raise ProblemError(_refused(refusal))
    return answer(OrderDone(call, str(order.__struct_config__.tag)))


def _command(asked: Context) -> str:
    """The order's id: made of its key, so that the same request is the same order."""
    key = asked.request.headers.get(IDEMPOTENCY_KEY)
    if key is None:
        return ""
    who = asked.who.business or asked.who.credential
    return sha256(f"{who}\0{asked.request.url.path}\0{key}".encode()).hexdigest()[:32]


def _refused(refusal: Refusal) -> ProblemDetail:
    """Nothing was changed."""
    return ProblemDetail(
        status=409, code=refusal, title="Not done", detail=REFUSALS.get(refusal, refusal)
    )


async def add_party(asked: Context) -> Response:
    """Have a third party dialled."""
    number = _number(asked.body_as(AddParty).number)
    door, call = await recalled(asked)
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


_REFUSED = {409: "Nothing was changed; the code says why."}

ROUTES = (
    Route(
        method="POST",
        path="/v1/calls/{call}/cancel",
        name="cancelCall",
        handler=cancel_call,
        policy=CHANGE_BUSINESS,
        summary="Cancel a call before it is begun.",
        description="Answered when that is durable: the call is then never made.",
        answers={200: Answer("The call, canceled.", CallView)},
        problems={409: "It has been begun (too_late: hang it up), or is over."},
    ),
    Route(
        method="POST",
        path="/v1/calls/{call}/reschedule",
        name="rescheduleCall",
        handler=reschedule_call,
        policy=CHANGE_BUSINESS,
        body=NewTime,
        summary="Have a call that waits made at another time.",
        answers={200: Answer("The call, due at its new time.", CallView)},
        problems={
            409: "It has been begun (too_late), is over, or another call to it goes on or is"
            " due at about the new time (called_already).",
            422: "The business's calendar does not allow that time; the code says why.",
        },
        examples={"tomorrow": {"desired_time": "2026-11-22T10:00:00-05:00"}},
    ),
    Route(
        method="POST",
        path="/v1/calls/{call}/hangup",
        name="hangUpCall",
        handler=hang_up,
        policy=CHANGE_BUSINESS,
        summary="End a call that has begun.",
        answers={200: Answer("It is being released.", OrderDone)},
        problems=_REFUSED,
    ),
    Route(
        method="POST",
        path="/v1/calls/{call}/orders",
        name="controlCall",
        handler=control_call,
        policy=CHANGE_BUSINESS,
        body=Order,
        summary="Hold, mute, play, press keys, add, transfer, consult, record, hang up.",
        answers={200: Answer("The order stands.", OrderDone)},
        problems=_REFUSED,
        examples={
            "hold": {"order": "hold", "leg": "customer"},
            "play": {"order": "play", "text": "We are looking for your order."},
            "transfer": {"order": "transfer", "number": "+12125550144"},
            "record": {"order": "record"},
        },
    ),
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
