"""What was refused and why, what may still be asked for: a business its own, the carrier all."""

from itertools import islice
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from calleq.access_server.reading import unusable_query
from calleq.access_server.routing import READ_BUSINESS, Answer, Context, Route, answer
from calleq.guards import CallGuards, Filter
from calleq.messages.fields import desired_instant_us
from calleq.messages.guarding import Limits, Refusals
from calleq.web.problems import ProblemDetail, ProblemError

LIMIT_PAGE = 500

NO_BUSINESS = ProblemDetail(
    status=404, code="no_business", title="No such business", detail="no business is called so"
)

_Business = Annotated[
    str, Meta(pattern="^[A-Za-z0-9._-]{0,64}$", description="For the carrier: of which business.")
]
_Instant = Annotated[
    str, Meta(max_length=40, description="RFC 3339 with its offset (in a query, + is %2B).")
]


class RefusalsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which refusals; everything given must fit."""

    business: _Business = ""
    reason: Annotated[str, Meta(pattern="^[a-z0-9_]{0,40}$", description="A problem's `code`.")] = (
        ""
    )
    since: _Instant = ""
    until: Annotated[
        str, Meta(max_length=40, description="Before this instant: the next page.")
    ] = ""
    limit: Annotated[int, Meta(ge=1, le=LIMIT_PAGE, description="How many at most.")] = 100


class LimitsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose limits."""

    business: _Business = ""


async def list_refusals(asked: Context) -> Response:
    """The refusals of late."""
    query = asked.query_as(RefusalsQuery)
    refusals = asked.services.the(CallGuards).refusals
    wanted = Filter(
        business=_whose(asked, query.business),
        reason=query.reason,
        since_us=_instant("since", query.since),
        until_us=_instant("until", query.until),
    )
    own = asked.business
    found = refusals.of_carrier(wanted) if own is None else refusals.of_business(own, wanted)
    page = tuple(islice(found, query.limit + 1))
    return answer(Refusals(page[: query.limit], len(page) > query.limit))


async def get_limits(asked: Context) -> Response:
    """What a business may ask for."""
    query = asked.query_as(LimitsQuery)
    guards = asked.services.the(CallGuards)
    business = asked.services.accounts.business(_whose(asked, query.business))
    if business is None:
        raise ProblemError(NO_BUSINESS)
    return answer(guards.told_to(business, asked.services.door.now_us()))


def _whose(asked: Context, wanted: str) -> str:
    if asked.business is None:
        return wanted
    if wanted not in ("", asked.business):
        raise unusable_query("business: only your own may be asked for")
    return asked.business


def _instant(name: str, text: str) -> int:
    if not text:
        return 0
    try:
        return desired_instant_us(text)
    except ValueError as error:
        raise unusable_query(f"{name} {error}") from error


ROUTES = (
    Route(
        method="GET",
        path="/v1/refusals",
        name="listRefusals",
        handler=list_refusals,
        policy=READ_BUSINESS,
        query=RefusalsQuery,
        summary="Messages that were refused of late and why, the latest first.",
        description="A business sees those of senders who had proved to be it. Older ones are in"
        " the journal: `calleq refusals`.",
        answers={200: Answer("Refusals, possibly none.", Refusals)},
        tag="guards",
    ),
    Route(
        method="GET",
        path="/v1/limits",
        name="getLimits",
        handler=get_limits,
        policy=READ_BUSINESS,
        query=LimitsQuery,
        summary="The regions that may be called, the limits, and what is left of them.",
        answers={200: Answer("The business's limits.", Limits)},
        problems={404: "No such business: the carrier says which with `business`."},
        tag="guards",
    ),
)
