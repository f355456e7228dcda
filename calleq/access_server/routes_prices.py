"""What calls cost, and what businesses have: price preview, balances, credits."""

import asyncio
import math

from starlette.responses import Response

from calleq.access_server.reading import unusable_query
from calleq.access_server.routing import (
    OF_OPERATOR,
    READ_BUSINESS,
    Answer,
    Context,
    Route,
    answer,
)
from calleq.charging import CallCharging, ChargingError
from calleq.messages.answers import FieldProblem
from calleq.messages.prices import (
    BalanceQuery,
    BalanceView,
    CreditOrder,
    PriceQuery,
    PriceView,
)
from calleq.numbering import Address, NumberingError, parse_address
from calleq.rating import RatingError, parse_amount
from calleq.topology import Business
from calleq.web.problems import ProblemDetail, ProblemError, plain_problem

MINUTES_LIMIT = 24 * 60
NOTE_LIMIT = 200
_NO_PRICES = "calls of this business have no price here"


async def get_price(asked: Context) -> Response:
    """What a call would cost now."""
    query = asked.query_as(PriceQuery)
    business = _business(asked, query.business)
    if not (math.isfinite(query.minutes) and 0 <= query.minutes <= MINUTES_LIMIT):
        raise unusable_query(f"minutes: 0 to {MINUTES_LIMIT}")
    customer = _address("to", query.to)
    representative = None
    if query.representative:
        representative = _address("representative", query.representative)
    length_s = math.ceil(query.minutes * 60)
    charging = asked.services.the(CallCharging)
    try:
        view = charging.price(business, customer, representative, length_s)
    except RatingError as error:
        raise ProblemError(plain_problem(403, error.reason, str(error))) from error
    except ChargingError as error:
        raise ProblemError(_not_in_order()) from error
    if view is None:
        raise ProblemError(plain_problem(404, "no_prices", _NO_PRICES))
    return answer(view)


async def get_balance(asked: Context) -> Response:
    """What a business has."""
    business = _business(asked, asked.query_as(BalanceQuery).business)
    return answer(_balance(asked.services.the(CallCharging), business))


async def add_credit(asked: Context) -> Response:
    """Write that money was paid in; answered when that is on disk."""
    order = asked.body_as(CreditOrder)
    business = _business(asked, order.business)
    charging = asked.services.the(CallCharging)
    _balance(charging, business)
    if len(order.note) > NOTE_LIMIT or not order.note.isprintable():
        raise ProblemError(_field("note", f"at most {NOTE_LIMIT} characters that can be printed"))
    sign = -1 if order.amount.startswith("-") else 1
    try:
        amount_micro = sign * parse_amount(order.amount.removeprefix("-"))
    except RatingError as error:
        raise ProblemError(_field("amount", str(error))) from error
    if amount_micro == 0:
        raise ProblemError(_field("amount", "more or less than 0 is expected"))
    written: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def durable() -> None:
        if not written.done():
            written.set_result(None)

    by = asked.who.credential or asked.who.name
    charging.credit(business, amount_micro, by, order.note, durable)
    await written
    return answer(_balance(charging, business), 201)


def _balance(charging: CallCharging, business: Business) -> BalanceView:
    try:
        view = charging.balance(business)
    except ChargingError as error:
        raise ProblemError(_not_in_order()) from error
    if view is None:
        raise ProblemError(plain_problem(404, "no_prices", _NO_PRICES))
    return view


def _business(asked: Context, named: str) -> Business:
    """Whose things are asked for. Raises ProblemError."""
    own = asked.business
    identifier = named or own
    if identifier is None:
        raise unusable_query("business: whose?")
    business = asked.services.accounts.business(identifier)
    if business is None or own not in (None, identifier):
        raise ProblemError(plain_problem(404, "unknown_business", f"no business {identifier!r}"))
    return business


def _address(name: str, text: str) -> Address:
    """Raises ProblemError."""
    try:
        return parse_address(text if text[:1] != " " else f"+{text[1:]}")  # a + in a query is one
    except NumberingError as error:
        raise unusable_query(f"{name}: {error}") from error


def _field(name: str, text: str) -> ProblemDetail:
    return plain_problem(422, "invalid_order", text, (FieldProblem(f"/{name}", name, text),))


def _not_in_order() -> ProblemDetail:
    detail = "the carrier's prices are not in order: tell the carrier"
    return plain_problem(503, "prices", detail)


ROUTES = (
    Route(
        method="GET",
        path="/v1/price",
        name="getPrice",
        handler=get_price,
        policy=READ_BUSINESS,
        summary="What a call would cost if it were asked for now; nobody is dialled.",
        answers={200: Answer("The price.", PriceView)},
        query=PriceQuery,
        problems={
            403: "`no_rate`, `barred`: the destination is not sold.",
            404: "`no_prices`: calls have no price.",
            503: "`prices`: the carrier's prices are not in order.",
        },
        tag="prices",
    ),
    Route(
        method="GET",
        path="/v1/balance",
        name="getBalance",
        handler=get_balance,
        policy=READ_BUSINESS,
        summary="What a business has: paid, charged, held, available, and its spend caps.",
        answers={200: Answer("The balance.", BalanceView)},
        query=BalanceQuery,
        problems={404: "`no_prices`: calls have no price."},
        tag="prices",
    ),
    Route(
        method="POST",
        path="/v1/balance/credits",
        name="addCredit",
        handler=add_credit,
        policy=OF_OPERATOR,
        summary="Write that a business paid money in, or that it was taken out; durable.",
        answers={201: Answer("The balance now.", BalanceView)},
        body=CreditOrder,
        problems={404: "`no_prices`, `unknown_business`.", 422: "A field."},
        examples={"paid": {"business": "abc", "amount": "25.00", "note": "bank transfer"}},
        tag="prices",
    ),
)
