"""The numbers of customers that a business has named before, by the business's own identifiers.

A message that gives identifier and number teaches the number; a later message may give the
identifier alone (figure 7's text; figure 8 by our addition). The store is a projection of the
journal's `Accepted` entries. It is bounded: the customer named longest ago is forgotten first, and
a message that names a forgotten one is refused with the field, never dialled wrongly.
"""

from collections import OrderedDict

from calleq.numbering import Address

LIMIT_CUSTOMERS = 200_000


class KnownCustomers:
    """Customer numbers by business and identifier."""

    def __init__(self, limit: int = LIMIT_CUSTOMERS) -> None:
        self._limit = limit
        self._numbers: OrderedDict[tuple[str, str], Address] = OrderedDict()

    def learn(self, business: str, customer_id: str, number: Address) -> None:
        """From now on the identifier means this number."""
        self._numbers[business, customer_id] = number
        self._numbers.move_to_end((business, customer_id))
        if len(self._numbers) > self._limit:
            self._numbers.popitem(last=False)

    def number(self, business: str, customer_id: str) -> Address | None:
        """The customer's number; None when the business has not named this customer."""
        return self._numbers.get((business, customer_id))
