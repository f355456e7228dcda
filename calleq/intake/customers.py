"""The numbers of customers that a business has named before, by the business's own identifiers.

A message that gives identifier and number teaches the number to the registry of accounts, where the
business may have put its customers itself; a later message may give the identifier alone (figure
7's text; figure 8 by our addition). What a message teaches replaces the number and nothing else
that is known of the customer.
"""

from calleq.accounts.registry import Registry
from calleq.numbering import Address, parse_address


class KnownCustomers:
    """Customers of the registry as a door asks for them."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def learn(self, business: str, customer_id: str, number: Address) -> None:
        """From now on the identifier means this number."""
        self._registry.taught(business, customer_id, str(number))

    def number(self, business: str, customer_id: str) -> Address | None:
        """Where the customer is called; None when the business has not named this customer.

        By telephone where a number is known, else by voice over IP.
        """
        known = self._registry.customer(business, customer_id)
        address = "" if known is None else known.number or known.sip
        return parse_address(address) if address else None
