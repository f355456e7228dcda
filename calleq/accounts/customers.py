"""The customers of businesses, by the businesses' own identifiers of them.

Bounded: beyond the limit the customer put or called longest ago is forgotten first, and a message
that names a forgotten one is refused with the field, never dialled wrongly.
"""

from bisect import bisect_right, insort
from collections import Counter, OrderedDict
from collections.abc import Iterator

from calleq.accounts.changes import Change, CustomerPut

LIMIT_CUSTOMERS = 200_000
"""Of all businesses together."""

Customer = CustomerPut
"""What is known of a customer is what was said of it last."""


def refuses(customer: Customer) -> bool:
    """Whether the customer does not want to be called."""
    return customer.do_not_call or customer.consent == "withdrawn"


class CustomerBook:
    """All customers."""

    def __init__(self, limit: int = LIMIT_CUSTOMERS) -> None:
        self._limit = limit
        self._all: OrderedDict[tuple[str, str], Customer] = OrderedDict()
        self._names: dict[str, list[str]] = {}
        """Of each business, sorted."""
        self._forbidden: Counter[tuple[str, str]] = Counter()
        """Business and address of those that must not be called, by how many say so."""

    def __len__(self) -> int:
        return len(self._all)

    def find(self, business: str, identifier: str) -> Customer | None:
        """One customer."""
        return self._all.get((business, identifier))

    def of(self, business: str, after: str = "") -> Iterator[Customer]:
        """Those of a business by identifier, from after that one."""
        names = self._names.get(business, [])
        found = range(bisect_right(names, after), len(names))
        return (self._all[business, names[index]] for index in found)

    def forbids(self, business: str, address: str) -> bool:
        """Whether a customer at that address does not want to be called by the business."""
        return (business, address) in self._forbidden

    def put(self, customer: Customer) -> None:
        """A customer is as said."""
        key = (customer.business, customer.customer)
        self.forget(*key)
        self._all[key] = customer
        insort(self._names.setdefault(customer.business, []), customer.customer)
        self._count(customer, 1)
        if len(self._all) > self._limit:
            self.forget(*next(iter(self._all)))

    def named(self, business: str, identifier: str) -> None:
        """A message named it: others are forgotten before."""
        if (business, identifier) in self._all:
            self._all.move_to_end((business, identifier))

    def forget(self, business: str, identifier: str) -> None:
        """Nothing is known of a customer any more."""
        known = self._all.pop((business, identifier), None)
        if known is not None:
            names = self._names[business]
            del names[bisect_right(names, identifier) - 1]
            self._count(known, -1)

    def in_force(self) -> Iterator[list[Change]]:
        """All of them, the oldest first; see `Registry.in_force`."""
        for key in list(self._all):
            known = self._all.get(key)
            if known is not None:
                yield [known]

    def _count(self, customer: Customer, step: int) -> None:
        if not refuses(customer):
            return
        for address in {customer.number, customer.sip} - {""}:
            key = (customer.business, address)
            self._forbidden[key] += step
            if not self._forbidden[key]:
                del self._forbidden[key]
