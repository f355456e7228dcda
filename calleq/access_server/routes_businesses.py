"""Businesses and the numbers that they own.

A business sees and changes its own; whose identifier is another's is told that there is none. Who
may be called, what it costs and which numbers a business has are the carrier's to change.
"""

import msgspec
from starlette.responses import Response

from calleq.access_server.account_handling import (
    CHANGE_OWN,
    OF_BUSINESS_PATH,
    TOLD,
    business_of,
    canonical,
    made,
    page_of,
    shown_after,
)
from calleq.access_server.administration import Administration, refusal
from calleq.access_server.routing import (
    OF_OPERATOR,
    READ_BUSINESS,
    Answer,
    Context,
    Route,
    answer,
)
from calleq.accounts.changes import (
    AccountError,
    BusinessAdded,
    BusinessChanged,
    BusinessResumed,
    BusinessSuspended,
    NumberAssigned,
    NumberReleased,
)
from calleq.accounts.subscribers import KEPT_APART, Subscriber
from calleq.messages.accounts import (
    BusinessList,
    BusinessSettings,
    BusinessView,
    NewBusiness,
    NumberList,
    PageQuery,
    Suspension,
)

OWN_SETTINGS = frozenset(
    (
        *("dial_first", "detect_machine", "consent", "question_tries", "answer_limit_s"),
        *("language", "calendar", "retries"),
    )
)
"""Settings that a business changes by itself."""


def _business_view(known: Subscriber) -> BusinessView:
    whole = known.whole
    settings = {
        key: value for key, value in msgspec.to_builtins(whole).items() if key not in KEPT_APART
    }
    return BusinessView(
        business=whole.identifier,
        active=whole.active,
        suspended_because=known.reason,
        in_topology=known.of_topology and not known.left,
        numbers=known.own_numbers(),
        settings=settings,
        changed=tuple(sorted(known.settings)),
    )


async def list_businesses(asked: Context) -> Response:
    """The carrier sees all, a business itself."""
    query, registry = page_of(asked), asked.services.the(Administration).registry
    names = sorted(one.identifier for one in registry.businesses())
    if asked.business is not None:
        names = [asked.business]
    names = [name for name in names if name > query.after]
    shown = [registry.subscriber(name) for name in names[: query.limit]]
    more = names[query.limit - 1] if len(names) > query.limit else ""
    return answer(BusinessList([_business_view(one) for one in shown if one is not None], more))


async def add_business(asked: Context) -> Response:
    """A business that no topology file names."""
    order = asked.body_as(NewBusiness)
    change = BusinessAdded(business=order.business, settings=order.settings)
    administration = await made(asked, change)
    known = administration.registry.subscriber(order.business)
    assert known is not None, "it was added"
    headers = {"location": f"/v1/businesses/{order.business}"}
    return answer(_business_view(known), 201, headers)


async def get_business(asked: Context) -> Response:
    """One business."""
    return answer(_business_view(business_of(asked)))


async def change_business(asked: Context) -> Response:
    """Give settings other values."""
    business_of(asked)
    settings = asked.body_as(BusinessSettings).settings
    if not asked.who.of_carrier and not OWN_SETTINGS.issuperset(settings):
        key = min(set(settings) - OWN_SETTINGS)
        error = AccountError("not_yours", f"{key} is the carrier's to change", f"settings/{key}")
        raise refusal(error)
    return await shown_after(
        asked,
        lambda business: BusinessChanged(business=business, settings=settings),
        _business_view,
    )


async def suspend_business(asked: Context) -> Response:
    """No new call is made for it; calls that go on do so to their end."""
    reason = asked.body_as(Suspension).reason
    return await shown_after(
        asked, lambda business: BusinessSuspended(business=business, reason=reason), _business_view
    )


async def resume_business(asked: Context) -> Response:
    """Calls are made for it again."""
    return await shown_after(
        asked, lambda business: BusinessResumed(business=business), _business_view
    )


# Numbers


def _numbers(known: Subscriber) -> NumberList:
    return NumberList(known.base.identifier, known.own_numbers())


async def list_numbers(asked: Context) -> Response:
    """The numbers that a business owns."""
    return answer(_numbers(business_of(asked)))


async def assign_number(asked: Context) -> Response:
    """Make a number a business's own."""
    number = canonical(asked.parameter("number"))
    return await shown_after(
        asked, lambda business: NumberAssigned(business=business, number=number), _numbers
    )


async def release_number(asked: Context) -> Response:
    """It is a business's own no more."""
    number = canonical(asked.parameter("number"))
    return await shown_after(
        asked, lambda business: NumberReleased(business=business, number=number), _numbers
    )


ROUTES = (
    Route(
        method="GET",
        path="/v1/businesses",
        name="listBusinesses",
        handler=list_businesses,
        policy=READ_BUSINESS,
        query=PageQuery,
        summary="List businesses.",
        answers={200: Answer("Businesses by identifier.", BusinessList)},
        tag="accounts",
    ),
    Route(
        method="POST",
        path="/v1/businesses",
        name="addBusiness",
        handler=add_business,
        policy=OF_OPERATOR,
        body=NewBusiness,
        summary="Add a business.",
        answers={201: Answer("Added.", BusinessView, headers={"Location": "Where it is."})},
        problems=TOLD,
        examples={
            "a shop": {
                "business": "acme",
                "settings": {"name": "Acme Ltd", "number": "+12125550170"},
            }
        },
        tag="accounts",
    ),
    Route(
        method="GET",
        path=OF_BUSINESS_PATH,
        name="getBusiness",
        handler=get_business,
        policy=READ_BUSINESS,
        summary="Get a business with its settings.",
        answers={200: Answer("The business.", BusinessView)},
        tag="accounts",
    ),
    Route(
        method="PATCH",
        path=OF_BUSINESS_PATH,
        name="changeBusiness",
        handler=change_business,
        policy=CHANGE_OWN,
        body=BusinessSettings,
        summary="Change settings of a business.",
        answers={200: Answer("As it is now.", BusinessView)},
        problems=TOLD,
        examples={"ask first": {"settings": {"consent": "key", "language": "fr"}}},
        tag="accounts",
    ),
    Route(
        method="POST",
        path=OF_BUSINESS_PATH + "/suspend",
        name="suspendBusiness",
        handler=suspend_business,
        policy=OF_OPERATOR,
        body=Suspension,
        summary="Suspend a business: no new call, calls that go on are not touched.",
        answers={200: Answer("As it is now.", BusinessView)},
        problems=TOLD,
        examples={"unpaid": {"reason": "unpaid since October"}},
        tag="accounts",
    ),
    Route(
        method="POST",
        path=OF_BUSINESS_PATH + "/resume",
        name="resumeBusiness",
        handler=resume_business,
        policy=OF_OPERATOR,
        summary="Let a business that was suspended make calls again.",
        answers={200: Answer("As it is now.", BusinessView)},
        problems=TOLD,
        tag="accounts",
    ),
    Route(
        method="GET",
        path=OF_BUSINESS_PATH + "/numbers",
        name="listNumbers",
        handler=list_numbers,
        policy=READ_BUSINESS,
        summary="List the numbers that a business owns.",
        answers={200: Answer("Its numbers.", NumberList)},
        tag="accounts",
    ),
    Route(
        method="PUT",
        path=OF_BUSINESS_PATH + "/numbers/{number}",
        name="assignNumber",
        handler=assign_number,
        policy=OF_OPERATOR,
        summary="Make a number a business's own.",
        answers={200: Answer("Its numbers.", NumberList)},
        problems=TOLD,
        tag="accounts",
    ),
    Route(
        method="DELETE",
        path=OF_BUSINESS_PATH + "/numbers/{number}",
        name="releaseNumber",
        handler=release_number,
        policy=OF_OPERATOR,
        summary="Take a number from a business.",
        answers={200: Answer("Its numbers.", NumberList)},
        problems=TOLD,
        tag="accounts",
    ),
)
