"""Whom a message means: customer and representative as addresses that can be dialled.

Field 910 of figure 9 names a representative of the business by identifier, or by a telephone
number, or names the 800 number of its service centre. From a page, which anybody may have written
to, only numbers of the business itself are taken: its representatives', and its centres'. Where
nobody is named the equipment finds somebody; where it could not, because all of the business's
representatives are off shift, a call for now is refused before anybody is dialled.
"""

from collections.abc import Mapping

import msgspec

from calleq.accounts.principal import Principal
from calleq.accounts.shifts import on_shift
from calleq.intake.customers import KnownCustomers
from calleq.messages import CallInitiation, DirectCallRequest, Fault, desired_time_us
from calleq.numbering import (
    E164,
    Address,
    NumberRefusedError,
    VoipPolicy,
    parse_address,
    public_number,
)
from calleq.runtime.clock import Clock
from calleq.topology import Business


class Resolved(msgspec.Struct, frozen=True):
    """Who is to be called."""

    customer: Address
    representative: Address | None
    """None: the equipment finds one of the business's own."""


class Resolver:
    """Resolves messages of figures 8 and 9 for one door."""

    def __init__(
        self,
        customers: KnownCustomers,
        voip: VoipPolicy,
        clock: Clock,
        centres: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        """`centres`: the 800 numbers of each business's service centres."""
        self._customers = customers
        self._centres = centres or {}
        self._clock = clock
        self._voip = voip
        self._clock = clock

    def resolve(
        self, message: CallInitiation | DirectCallRequest, business: Business, by: Principal
    ) -> Resolved | Fault:
        """Who is meant, or what makes the message of `by` impossible to carry out."""
        wrong = self._address_fault(message)
        if wrong is not None:
            return wrong
        representative = self._representative(message, business, by)
        if representative is None:
            representative = self._nobody_fault(message, business)
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
        for name in ("customer_number", "representative_number", "representative"):
            number = getattr(message, name, None)
            fault = _kind_fault(f"/{name}", str(number)) if number is not None else None
            if fault is not None:
                return fault
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
        self, message: CallInitiation | DirectCallRequest, business: Business, by: Principal
    ) -> Address | Fault | None:
        if isinstance(message, DirectCallRequest):
            return self._named(message.representative, business, by)
        if message.dial_first == "agent" and business.consent != "none":
            text = "this business asks its customers first: leave it out, or say customer"
            return Fault("/dial_first", "consent", text)
        if message.representative_number is not None:
            return message.representative_number
        if not message.hunt:
            text = "false needs a representative_number to call"
            return Fault("/hunt", "no_representative", text)
        return None

    def _named(
        self, named: str | None, business: Business, by: Principal
    ) -> Address | Fault | None:
        """Field 910."""
        if named is None:
            return None
        if named.startswith("+"):
            own = {*business.representatives, *(agent.number for agent in business.agents)}
            own |= self._centres.get(business.identifier, frozenset())
            if by.role == "page" and named not in own:
                text = "is no number of a representative or a service centre of this business"
                return Fault(_FIELD_910, "unknown_representative", text)
            return parse_address(named)
        for agent in business.agents:
            if agent.identifier == named:
                return parse_address(agent.number)
        return Fault(_FIELD_910, "unknown_representative", "is no representative of this business")

    def _nobody_fault(
        self, message: CallInitiation | DirectCallRequest, business: Business
    ) -> Fault | None:
        """Nobody is named: why the equipment could not find anybody either."""
        direct = isinstance(message, DirectCallRequest)
        field = _FIELD_910 if direct else "/representative_number"
        if not business.representatives:
            text = "is needed: the business has no representatives of its own"
            return Fault(field, "no_representative", text)
        now_us = self._clock.now_us()
        at_once = (desired_time_us(message) or 0) <= now_us
        if at_once and not on_shift(business, now_us):
            text = "is needed: no representative is on shift; or give a desired_time of a shift"
            return Fault(field, "nobody_on_shift", text)
        return None


def _kind_fault(pointer: str, text: str) -> Fault | None:
    """Why a number that exists is never called."""
    if not text.startswith("+"):
        return None
    try:
        public_number(text)
    except NumberRefusedError as error:
        return Fault(pointer, error.reason, str(error))
    return None


_FIELD_910 = "/representative"
