"""What the parts of one door have in common."""

from dataclasses import dataclass

from calleq.accounts import Accounts
from calleq.door.calls import Calls
from calleq.intake import Intake
from calleq.journal.contract import Journal
from calleq.osn.contract import Bus
from calleq.runtime.clock import Clock


@dataclass(frozen=True, slots=True)
class Parts:
    """Of one door."""

    door: str
    """Its name."""
    calls: Calls
    accounts: Accounts
    intake: Intake
    bus: Bus
    journal: Journal
    clock: Clock
