"""The list of calls, by what is known of them."""

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from calleq.access_server.call_lists import CallLists
from calleq.access_server.reading import unusable_query
from calleq.access_server.routing import READ_BUSINESS, Answer, Context, Route, answer
from calleq.door.finding import STATES, Wish
from calleq.messages.answers import CallList
from calleq.messages.fields import desired_instant_us
from calleq.numbering import NumberingError, parse_address

LIMIT_PAGE = 100

_INSTANT = "RFC 3339 with its offset (in a query, + is written %2B)."
_Text = Annotated[str, Meta(max_length=255)]
_Instant = Annotated[str, Meta(max_length=40, description=_INSTANT)]


class CallsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which calls; everything given must fit."""

    state: (
        Annotated[
            str,
            Meta(
                description="A final state, or how far it has come (`scheduled`, `bridged`, …).",
                extra_json_schema={"enum": list(STATES)},
            ),
        ]
        | None
    ) = None
    final: Annotated[bool | None, Meta(description="Whether it has ended.")] = None
    customer: Annotated[_Text, Meta(description="The customer's number, E.164.")] = ""
    representative: Annotated[_Text, Meta(description="The number asked for, E.164.")] = ""
    accepted_after: _Instant = ""
    accepted_before: _Instant = ""
    due_after: _Instant = ""
    due_before: _Instant = ""
    ended_after: _Instant = ""
    ended_before: _Instant = ""
    business: Annotated[
        str, Meta(pattern="^[A-Za-z0-9._-]{0,64}$", description="For the carrier: whose calls.")
    ] = ""
    limit: Annotated[int, Meta(ge=1, le=LIMIT_PAGE, description="Calls of one page.")] = 25
    cursor: Annotated[
        str, Meta(max_length=100, description="`next` of the page before, the rest unchanged.")
    ] = ""


async def list_calls(asked: Context) -> Response:
    """One page."""
    query = asked.query_as(CallsQuery)
    lists = asked.services.the(CallLists)
    return answer(await lists.page(_wish(asked, query), query.cursor, query.limit))


def _wish(asked: Context, query: CallsQuery) -> Wish:
    business = asked.business
    if business is not None and query.business not in ("", business):
        raise unusable_query("business: only your own calls may be listed")
    return Wish(
        business=business if business is not None else query.business or None,
        state=_state(query.state),
        final=query.final,
        customer=_number("customer", query.customer),
        representative=_number("representative", query.representative),
        accepted_after_us=_instant("accepted_after", query.accepted_after),
        accepted_before_us=_instant("accepted_before", query.accepted_before),
        due_after_us=_instant("due_after", query.due_after),
        due_before_us=_instant("due_before", query.due_before),
        ended_after_us=_instant("ended_after", query.ended_after),
        ended_before_us=_instant("ended_before", query.ended_before),
    )


def _state(text: str | None) -> str:
    if text is not None and text not in STATES:
        raise unusable_query(f"state: {text[:40]!r} is none of {', '.join(STATES)}")
    return text or ""


def _number(name: str, text: str) -> str:
    if not text:
        return ""
    if text.startswith(" "):  # a + that was not written %2B
        text = "+" + text[1:]
    try:
        return str(parse_address(text))
    except NumberingError as error:
        raise unusable_query(f"{name}: {error}") from error


def _instant(name: str, text: str) -> int | None:
    if not text:
        return None
    try:
        return desired_instant_us(text)
    except ValueError as error:
        raise unusable_query(f"{name} {error}") from error


ROUTES = (
    Route(
        method="GET",
        path="/v1/calls",
        name="listCalls",
        handler=list_calls,
        policy=READ_BUSINESS,
        query=CallsQuery,
        summary="Calls, the newest first, page by page.",
        description="Legs and events of calls that ended long ago are told by the call itself.",
        answers={200: Answer("One page, possibly empty.", CallList)},
        problems={
            422: "What is no state, number, instant or cursor, or too much to look through.",
        },
    ),
)
