"""What the two sides of every call share: the switch's means, and what is known of the attempt."""

from dataclasses import dataclass, field

import msgspec

from calleq.journal.contract import Journal
from calleq.journal.entries import CircuitKey, Received
from calleq.media.contract import Voice
from calleq.runtime.clock import Clock
from calleq.ss7.isup.contract import Exchange
from calleq.ss7.isup.messages import Iam
from calleq.ssp.lines import LineRegister
from calleq.ssp.routing import Routing


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
    """The line that dialled, where it was one of this switch."""


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

    def next_seizure(self) -> int:
        """A number that no other seizure of this switch has."""
        self.seizures += 1
        return self.seizures
