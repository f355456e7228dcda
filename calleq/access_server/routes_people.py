"""The people of a business: its representatives with their shifts, and its customers."""

from starlette.responses import Response

from calleq.access_server.account_handling import (
    CHANGE_OWN,
    OF_BUSINESS_PATH,
    TOLD,
    business_of,
    canonical,
    gone_after,
    made,
    page_of,
)
from calleq.access_server.administration import Administration
from calleq.access_server.routing import (
    CHANGE_BUSINESS,
    READ_BUSINESS,
    Answer,
    Context,
    Route,
    answer,
)
from calleq.accounts.changes import (
    CustomerForgotten,
    CustomerPut,
    RepresentativePut,
    RepresentativeRemoved,
)
from calleq.accounts.shifts import works
from calleq.messages.accounts import (
    CustomerList,
    CustomerOrder,
    CustomerView,
    PageQuery,
    RepresentativeList,
    RepresentativeOrder,
    RepresentativeView,
    Shift,
)
from calleq.topology_business import Agent, Business
from calleq.topology_calendar import Opening
from calleq.web.problems import ProblemError, plain_problem
from calleq.zones import local_time, zone_of


def _agent_view(business: Business, agent: Agent, now_us: int) -> RepresentativeView:
    zone = zone_of(business.calendar.zone)
    assert zone is not None, "a business names a zone that there is"
    return RepresentativeView(
        representative=agent.identifier,
        number=agent.number,
        name=agent.name,
        shifts=tuple(Shift(days=one.days, begin=one.begin, end=one.end) for one in agent.shifts),
        on_shift=works(agent, local_time(now_us, zone)),
    )


async def list_representatives(asked: Context) -> Response:
    """The representatives of a business."""
    business, now_us = business_of(asked).whole, asked.services.the(Administration).now_us()
    shown = [_agent_view(business, agent, now_us) for agent in business.agents]
    return answer(RepresentativeList(shown))


async def put_representative(asked: Context) -> Response:
    """Add a representative, or change it."""
    known, order = business_of(asked), asked.body_as(RepresentativeOrder)
    name = asked.parameter("representative")
    change = RepresentativePut(
        business=known.base.identifier,
        representative=name,
        number=canonical(order.number),
        name=order.name,
        shifts=tuple(Opening(days=one.days, begin=one.begin, end=one.end) for one in order.shifts),
    )
    administration = await made(asked, change)
    agent = administration.registry.agent(change.business, name)
    assert agent is not None, "it was put"
    return answer(_agent_view(business_of(asked).whole, agent, administration.now_us()))


async def remove_representative(asked: Context) -> Response:
    """No call is offered any more; one that goes on does."""
    name = asked.parameter("representative")
    return await gone_after(
        asked, lambda business: RepresentativeRemoved(business=business, representative=name)
    )


# Customers


def _customer_view(customer: CustomerPut) -> CustomerView:
    return CustomerView(
        customer=customer.customer,
        number=customer.number,
        sip=customer.sip,
        consent=customer.consent,
        do_not_call=customer.do_not_call,
        name=customer.name,
    )


async def list_customers(asked: Context) -> Response:
    """The customers of a business."""
    known, query = business_of(asked), page_of(asked)
    registry = asked.services.the(Administration).registry
    found: list[CustomerView] = []
    for customer in registry.customers(known.base.identifier, query.after):
        if len(found) == query.limit:
            return answer(CustomerList(found, found[-1].customer))
        found.append(_customer_view(customer))
    return answer(CustomerList(found))


async def get_customer(asked: Context) -> Response:
    """One customer."""
    known, name = business_of(asked), asked.parameter("customer")
    registry = asked.services.the(Administration).registry
    customer = registry.customer(known.base.identifier, name)
    if customer is None:
        raise ProblemError(plain_problem(404, "unknown_customer", f"no customer {name!r}"))
    return answer(_customer_view(customer))


async def put_customer(asked: Context) -> Response:
    """Say what an identifier means; a message may then give the identifier alone."""
    known, order = business_of(asked), asked.body_as(CustomerOrder)
    change = CustomerPut(
        business=known.base.identifier,
        customer=asked.parameter("customer"),
        number=canonical(order.number) if order.number else "",
        sip=order.sip,
        consent=order.consent,
        do_not_call=order.do_not_call,
        name=order.name,
    )
    await made(asked, change)
    return answer(_customer_view(change))


async def forget_customer(asked: Context) -> Response:
    """Know nothing of a customer any more."""
    name = asked.parameter("customer")
    return await gone_after(
        asked, lambda business: CustomerForgotten(business=business, customer=name)
    )


ROUTES = (
    Route(
        method="GET",
        path=OF_BUSINESS_PATH + "/representatives",
        name="listRepresentatives",
        handler=list_representatives,
        policy=READ_BUSINESS,
        summary="List a business's representatives with their shifts.",
        answers={200: Answer("Its representatives.", RepresentativeList)},
        tag="accounts",
    ),
    Route(
        method="PUT",
        path=OF_BUSINESS_PATH + "/representatives/{representative}",
        name="putRepresentative",
        handler=put_representative,
        policy=CHANGE_OWN,
        body=RepresentativeOrder,
        summary="Add a representative, or change it.",
        answers={200: Answer("As it is now.", RepresentativeView)},
        problems=TOLD,
        examples={
            "weekdays": {
                "number": "+12125550143",
                "name": "Ann",
                "shifts": [
                    {"days": ["mon", "tue", "wed", "thu", "fri"], "begin": "09:00", "end": "17:00"}
                ],
            }
        },
        tag="accounts",
    ),
    Route(
        method="DELETE",
        path=OF_BUSINESS_PATH + "/representatives/{representative}",
        name="removeRepresentative",
        handler=remove_representative,
        policy=CHANGE_OWN,
        summary="Remove a representative.",
        answers={204: Answer("Removed.")},
        problems=TOLD,
        tag="accounts",
    ),
    Route(
        method="GET",
        path=OF_BUSINESS_PATH + "/customers",
        name="listCustomers",
        handler=list_customers,
        policy=READ_BUSINESS,
        query=PageQuery,
        summary="List a business's customers.",
        answers={200: Answer("Its customers by identifier.", CustomerList)},
        tag="accounts",
    ),
    Route(
        method="GET",
        path=OF_BUSINESS_PATH + "/customers/{customer}",
        name="getCustomer",
        handler=get_customer,
        policy=READ_BUSINESS,
        summary="Get a customer.",
        answers={200: Answer("The customer.", CustomerView)},
        tag="accounts",
    ),
    Route(
        method="PUT",
        path=OF_BUSINESS_PATH + "/customers/{customer}",
        name="putCustomer",
        handler=put_customer,
        policy=CHANGE_BUSINESS,
        body=CustomerOrder,
        summary="Say what a business's own identifier of a customer means.",
        answers={200: Answer("As it is now.", CustomerView)},
        problems=TOLD,
        examples={"by telephone": {"number": "+12125550100", "consent": "given"}},
        tag="accounts",
    ),
    Route(
        method="DELETE",
        path=OF_BUSINESS_PATH + "/customers/{customer}",
        name="forgetCustomer",
        handler=forget_customer,
        policy=CHANGE_BUSINESS,
        summary="Forget a customer.",
        answers={204: Answer("Forgotten.")},
        problems=TOLD,
        tag="accounts",
    ),
)
