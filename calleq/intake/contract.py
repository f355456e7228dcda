"""What stands beside the door and is asked, in this order, before a call is accepted.

| asked | decides |
|---|---|
| `Calendar` | when the call is due, or that it cannot be |
| `Guards` | whether the call may be made at all |
| `Charging` | whether it can be paid for, and holds the money |

Each is asked on the door's own thread, answers at once and changes nothing where it refuses. Where
one is absent it allows everything: the call is due now, unguarded, free. When a call is accepted
its `Accepted` entry carries what they decided (`due_us`, `held`), so that acceptance, due time and
reservation are one write, and `restore` rebuilds each from the journal.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from calleq.accounts.principal import Principal
from calleq.journal.entries import Accepted, Refused, Stamped
from calleq.numbering import Address
from calleq.topology import Business
from calleq.web.problems import ProblemDetail


class Wanted(msgspec.Struct, frozen=True):
    """A call that somebody entitled asks for."""

    call: str
    """The reference it will have."""
    business: Business
    by: Principal
    customer: Address
    representative: Address | None
    """The one asked for; None: the equipment finds one."""
    content: Mapping[str, object]
    """The message as it will be kept, without its password."""
    source: str = ""
    """Address of the sender; empty where none is known (behind a proxy nobody vouches for)."""
    desired_us: int | None = None
    """When the customer wishes to be called, UTC; None: as soon as possible."""
    retry_of: str = ""
    """The call of which this is another try."""
    try_number: int = 1


class Refusal(msgspec.Struct, frozen=True):
    """No: what the sender is told, and the true reason for the log."""

    problem: ProblemDetail
    reason: str


class When(msgspec.Struct, frozen=True):
    """When a call is to be made."""

    due_us: int
    """UTC; at most now: at once."""
    expires_us: int = 0
    """From then on it is not begun any more; 0: never."""


class Held(msgspec.Struct, frozen=True):
    """Money held for a call."""

    content: dict[str, object]
    """What goes into the `Accepted` entry, and from there to `restore`: plain JSON."""
    talk_limit_us: int = 0
    """How long the parties may talk for it; 0: no limit but the call's own."""


class Hold(msgspec.Struct, frozen=True):
    """How likely a representative must be free, and how soon, before a customer is rung."""

    chance: float = 0.0
    """0: the customer is rung at once."""
    within_us: int = 0
    limit_us: int = 0
    """How long that is waited for."""


NO_HOLD = Hold()


class Ending(msgspec.Struct, frozen=True):
    """How a call ended."""

    business: str
    customer: str
    state: str
    """The final state, as `Ended` has it."""
    cause: int
    at_us: int
    dialled: bool
    """Whether anybody was dialled."""


class Calendar(Protocol):
    """When calls are made."""

    def decide(self, wanted: Wanted, now_us: int) -> When | Refusal:
        """When this call is due."""


class Room(msgspec.Struct, frozen=True):
    """What is left of a limit."""

    left: int
    full_in_s: int
    """Until all is there again."""
    quota: int
    window_s: int
    """In which `quota` comes back."""


class Guards(Protocol):
    """What must never be dialled, and what not so often."""

    def judge(self, wanted: Wanted, now_us: int) -> Refusal | None:
        """Before acceptance; None: it may be made. Counts nothing: `accepted` does, in the same
        turn."""

    def judge_again(self, entry: Accepted, business: Business, now_us: int) -> Refusal | None:
        """Just before a scheduled or restarted call is dialled."""

    def judge_move(self, entry: Accepted, due_us: int, now_us: int) -> Refusal | None:
        """Before a call that has not been begun is due at another time."""

    def judge_party(self, business: Business, number: str, now_us: int) -> Refusal | None:
        """Before anybody else is dialled in a call: a third party, whoever a call is transferred
        to, a representative who is hunted."""

    def hold(self, business: Business, customer: str) -> Hold:
        """Whether a customer is rung only when a representative is likely to be free."""

    def accepted(self, entry: Accepted, at_us: int) -> None:
        """The call is accepted: its entry is written next."""

    def dropped(self, entry: Accepted) -> None:
        """It could not be written, so it never was accepted."""

    def rescheduled(self, entry: Accepted, due_us: int) -> None:
        """The call, which has not been begun, is due at another time."""

    def ended(self, call: str, ending: Ending) -> None:
        """The call has its final state."""

    def refused(self, entry: Refused, at_us: int) -> None:
        """A door refused a message, for whatever reason."""

    def restore(self, stamped: Stamped) -> None:
        """One entry of the journal of before, oldest first."""

    def room(self, business: str, now_us: int) -> Room | None:
        """How many calls a business may ask for; None: there is no limit."""


class Charging(Protocol):
    """What calls cost, and who has the money."""

    def hold(self, wanted: Wanted, now_us: int) -> Held | Refusal:
        """Hold what the call may cost. Held until `ended` or `dropped`."""

    def extend(self, call: str, party: Address) -> Refusal | None:
        """Hold what a further party of a call that goes on may cost; None: it is held."""

    def dropped(self, call: str) -> None:
        """The call was never accepted, or ended before anything was dialled."""

    def ended(self, call: str, ending: Ending) -> None:
        """The call has its final state."""

    def restore(self, stamped: Stamped) -> None:
        """One entry of the journal of before, oldest first."""


class AtOnce:
    """A calendar by which every call is due now."""

    def decide(self, wanted: Wanted, now_us: int) -> When | Refusal:
        """Now."""
        return When(now_us)


class NoGuards:
    """Guards that let everything pass."""

    def room(self, business: str, now_us: int) -> Room | None:
        """No limit."""
        return None

    def judge(self, wanted: Wanted, now_us: int) -> Refusal | None:
        """It may."""
        return None

    def judge_again(self, entry: Accepted, business: Business, now_us: int) -> Refusal | None:
        """It may."""
        return None

    def judge_move(self, entry: Accepted, due_us: int, now_us: int) -> Refusal | None:
        """It may."""
        return None

    def judge_party(self, business: Business, number: str, now_us: int) -> Refusal | None:
        """They may."""
        return None

    def hold(self, business: Business, customer: str) -> Hold:
        """They are not held."""
        return NO_HOLD

    def accepted(self, entry: Accepted, at_us: int) -> None:
        """Nothing is counted."""

    def dropped(self, entry: Accepted) -> None:
        """Nothing was counted."""

    def rescheduled(self, entry: Accepted, due_us: int) -> None:
        """Nothing is counted."""

    def ended(self, call: str, ending: Ending) -> None:
        """Nothing is counted."""

    def refused(self, entry: Refused, at_us: int) -> None:
        """Nothing is listed."""

    def restore(self, stamped: Stamped) -> None:
        """Nothing is counted."""


class FreeOfCharge:
    """Charging where nothing costs anything."""

    def hold(self, wanted: Wanted, now_us: int) -> Held | Refusal:
        """Nothing is held."""
        return Held({})

    def extend(self, call: str, party: Address) -> Refusal | None:
        """Nothing is held."""
        return None

    def dropped(self, call: str) -> None:
        """Nothing was held."""

    def ended(self, call: str, ending: Ending) -> None:
        """Nothing was held."""

    def restore(self, stamped: Stamped) -> None:
        """Nothing was held."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside a door."""

    calendar: Calendar = field(default_factory=AtOnce)
    guards: Guards = field(default_factory=NoGuards)
    charging: Charging = field(default_factory=FreeOfCharge)

    def restore(self, entries: Iterable[Stamped]) -> None:
        """Take up entries of the journal of before, oldest first, each once: of all doors that
        share this."""
        for stamped in entries:
            self.guards.restore(stamped)
            self.charging.restore(stamped)
