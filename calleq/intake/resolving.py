"""Whom a message means: customer and representative as addresses that can be dialled."""

import msgspec

from calleq.intake.customers import KnownCustomers
from calleq.messages import CallInitiation, DirectCallRequest, Fault
from calleq.numbering import E164, Address, VoipPolicy, parse_address
from calleq.topology import Business


class Resolved(msgspec.Struct, frozen=True):
    """Who is to be called."""

    customer: Address
    representative: Address | None
    """None: the equipment finds one of the business's own."""


class Resolver:
    """Resolves messages of figures 8 and 9 for one door."""

    def __init__(self, customers: KnownCustomers, voip: VoipPolicy) -> None:
        self._customers = customers
        self._voip = voip

    def resolve(
        self, message: CallInitiation | DirectCallRequest, business: Business
    ) -> Resolved | Fault:
        """Who is meant, or what makes the message impossible to carry out."""
        wrong = self._address_fault(message)
        if wrong is not None:
            return wrong
        representative = _representative(message, business)
        if isinstance(representative, Fault):
            return representative
        if message.customer_number is not None:
            return Resolved(message.customer_number, representative)
        identifier = message.customer_id or ""
        number = self._customers.number(business.identifier, identifier)
        if number is None:
            text = "no number is stored for this customer"
            return Fault("/customer_id", "unknown_customer", text)
        return Resolved(number, representative)

    def _address_fault(self, message: CallInitiation | DirectCallRequest) -> Fault | None:
        for name in ("customer_number", "representative_number"):
            address: Address | None = getattr(message, name, None)
            if address is None or isinstance(address, E164) or self._voip.allows(address):
                continue
            what = "that host may not be called by voice over IP"
            if not self._voip.is_offered:
                what = "voice over IP is not offered by this equipment: give a telephone number"
            return Fault(f"/{name}", "voice_over_ip", what)
        return None


def _representative(
    message: CallInitiation | DirectCallRequest, business: Business
) -> Address | Fault | None:
    if isinstance(message, DirectCallRequest):
        return _named(message.representative, business)
    if message.dial_first == "agent" and business.consent != "none":
        text = "this business asks its customers first: leave it out, or say customer"
        return Fault("/dial_first", "consent", text)
    if message.representative_number is not None:
        return message.representative_number
    if not message.hunt:
        text = "false needs a representative_number to call"
        return Fault("/hunt", "no_representative", text)
    if not business.representatives:
        text = "is needed: the business has no representatives of its own"
        return Fault("/representative_number", "no_representative", text)
    return None


def _named(identifier: str | None, business: Business) -> Address | Fault | None:
    """Field 910: the representative of that identifier."""
    if identifier is None:
        if business.representatives:
            return None
        text = "is needed: the business has no representatives of its own"
        return Fault("/representative", "no_representative", text)
    for agent in business.agents:
        if agent.identifier == identifier:
            return parse_address(agent.number)
    text = "is no representative of this business"
    return Fault("/representative", "unknown_representative", text)
