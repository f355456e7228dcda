"""What the two sides of every call share: the switch's means, and what is known of the attempt."""

from dataclasses import dataclass, field
from typing import Literal

import msgspec

from calleq.causes import Q850
from calleq.journal.contract import Journal
from calleq.journal.entries import CircuitKey, Received
from calleq.lines.messages import Screening
from calleq.media.contract import Voice
from calleq.runtime.clock import Clock
from calleq.ss7.isup.contract import Exchange
from calleq.ss7.isup.messages import CallingNumber, Iam, Presentation
from calleq.ssp.lines import LineRegister
from calleq.ssp.routing import Beyond, NoRoute, Route, Routing, Towards

Origin = Literal["", "foreign", "trunk", "transit trunk"]
"""Which other system a call came from, if any: an exchange of another network, a SIP trunk, or one
whose calls may leave the network again."""


class Attempt(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One call attempt as it reached the switch."""

    called: str
    """E.164 with `+`; empty when the digits make no such number."""
    calling: str
    """E.164 with `+` as signalled, whether or not it may be shown; empty when unknown."""
    shown: str
    """What the called telephone may be shown."""
    incoming: CircuitKey | None = None
    iam: Iam | None = None
    """Of a call that came by a circuit."""
    received: Received | None = None
    """What that IAM said, for the record."""
    from_switch: bool = False
    """It came from another switch, so it takes no detour."""
    line: str = ""
    """The line that dialled, where it was one of this switch, or the trunk it came by."""
    origin: Origin = ""
    screening: Screening = Screening.NETWORK
    """Of `calling`."""

    def calling_number(self) -> CallingNumber | None:
        """Who calls, as an IAM of this switch's own making says it."""
        if not self.calling:
            return None
        presentation = Presentation.RESTRICTED if self.restricted else Presentation.ALLOWED
        return CallingNumber(self.calling[1:], presentation=presentation, screening=self.screening)

    @property
    def restricted(self) -> bool:
        """Whether who calls is known and not to be shown."""
        return bool(self.calling) and not self.shown


@dataclass(slots=True)
class Office:
    """The means of one switch."""

    name: str
    exchange: Exchange
    voice: Voice
    journal: Journal
    clock: Clock
    register: LineRegister
    routing: Routing
    country_code: str
    seizures: int
    """The last number given to a seizure of a line."""
    talks: set[int] = field(default_factory=set)
    """The seizures whose party is connected."""

    def route(self, attempt: Attempt) -> Route:
        """Where a call leads, if it may."""
        route = self.routing.route(attempt.called)
        if may_go(attempt.origin, route):
            return route
        return NoRoute(Q850.REJECTED)

    def screening(self, attempt: Attempt) -> Screening:
        """What a SIP trunk or telephone is told of the calling number; so is what a signature says
        of it (RFC 8588).

        A: a number of ours, which we gave or checked. B: one of our own callers, with a number that
        is not ours. C: from elsewhere, where nobody is believed.
        """
        if attempt.screening is Screening.UNSCREENED:
            return Screening.UNSCREENED
        ours = self.routing.is_ours(attempt.calling)
        if ours and attempt.screening is not Screening.FAILED:
            return attempt.screening
        return Screening.FAILED

    def next_seizure(self) -> int:
        """A number that no other seizure of this switch has."""
        self.seizures += 1
        return self.seizures


def may_go(origin: Origin, route: Route) -> bool:
    """Whether a call from there may take the route.

    Our own callers may go anywhere. What comes from another system may not leave by a SIP trunk,
    which we pay for, unless the trunk that it came by may; what comes by a SIP trunk may reach
    nothing but our subscribers.
    """
    match route:
        case Towards(beyond=beyond):
            pass
        case Beyond():
            beyond = "trunk"
        case _:
            return True
    match origin:
        case "":
            return True
        case "foreign":
            return beyond != "trunk"
        case "transit trunk":
            return beyond != "equipment"
        case "trunk":
            return beyond == ""
