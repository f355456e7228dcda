"""What the handlers of accounts have in common: whose they are about, pages, changes."""

from collections.abc import Callable

import msgspec
from starlette.responses import Response

from calleq.access_server.administration import Administration, refusal
from calleq.access_server.routing import OPERATOR, Context, Policy, answer
from calleq.accounts.changes import AccountError, Change
from calleq.accounts.subscribers import Subscriber
from calleq.messages.accounts import PageQuery
from calleq.numbering import NumberingError, parse_e164
from calleq.web.problems import ProblemError, plain_problem

CHANGE_OWN = Policy(OPERATOR | {"business_owner"}, "business")
"""Changed by the owner of a business, or by the carrier's operator."""

OF_BUSINESS_PATH = "/v1/businesses/{business}"
TOLD = {404: "There is none.", 409: "It is so already, or there is no room.", 422: "A field."}


def business_of(asked: Context) -> Subscriber:
    """The business of the path, if it may be seen. Raises ProblemError 404."""
    identifier = asked.parameter("business")
    known = asked.services.the(Administration).registry.subscriber(identifier)
    if known is None or asked.business not in (None, identifier):
        raise ProblemError(plain_problem(404, "unknown_business", f"no business {identifier!r}"))
    return known


async def made(asked: Context, change: Change) -> Administration:
    administration = asked.services.the(Administration)
    await administration.make(change, asked.who)
    return administration


async def shown_after(
    asked: Context,
    change_of: Callable[[str], Change],
    view: Callable[[Subscriber], msgspec.Struct],
) -> Response:
    """Change the business of the path, then show it as it is. Raises ProblemError."""
    await made(asked, change_of(business_of(asked).base.identifier))
    return answer(view(business_of(asked)))


async def gone_after(asked: Context, change_of: Callable[[str], Change]) -> Response:
    """Remove something from the business of the path. Raises ProblemError."""
    await made(asked, change_of(business_of(asked).base.identifier))
    return Response(None, 204)


def page_of(asked: Context) -> PageQuery:
    return asked.query_as(PageQuery)


def canonical(number: str) -> str:
    """A number in E.164. Raises ProblemError 422."""
    try:
        return str(parse_e164(number))
    except NumberingError as error:
        raise refusal(AccountError("number", str(error), "number")) from error
