"""How a submitted message ends: `Admitted` or `Declined`, exactly one of them, once."""

import msgspec

from calleq.journal.entries import Accepted
from calleq.topology import Business
from calleq.web.problems import ProblemDetail


class Order(msgspec.Struct, frozen=True):
    """What equipment needs of an accepted message; read from its journal entry alone, so that an
    accepted message means the same before and after a restart."""

    customer_number: str
    representative_number: str | None = None
    dial_first: str | None = None
    hunt: bool = True
    language: str | None = None
    representative: str | None = None
    """Field 910 as the message has it, where it is one of figure 9."""
    customer_id: str | None = None

    @classmethod
    def of(cls, entry: Accepted) -> "Order":
        """The order of an accepted message."""
        return msgspec.convert(entry.message, cls)


class Acceptance(msgspec.Struct, frozen=True):
    """A message accepted just now, durably."""

    entry: Accepted
    business: Business
    at_us: int
    sequence: int = 0
    """Of the entry in the door's journal."""


class Admitted(msgspec.Struct, frozen=True):
    """The call will be made; or was, when the message is a repetition (`acceptance` is None)."""

    call: str
    business: str
    acceptance: Acceptance | None
    is_later: bool = False
    """Whether it was accepted for later, just now or before."""

    @property
    def replayed(self) -> bool:
        """Whether the message had been accepted before."""
        return self.acceptance is None


class Declined(msgspec.Struct, frozen=True):
    """No call is made. `reason` is the true one, for the log; the problem is for the sender."""

    problem: ProblemDetail
    reason: str
    replayed: bool = False
    """Whether the message had been refused so before."""
    business: str = ""
    """Who asked, where that has been proved."""


Outcome = Admitted | Declined
