"""What a call is made with: ways to parties, a stage, journal, clock, representatives.

Owns the contract of a `Way`, one call towards one party; of `Access`, the equipment's ways and who
may still take how many; and of the `Stage`, which is all that the parties hear. A call that is to
have two legs keeps ways for both from its beginning, so that no customer is called when none is
free for the representative. A reservation is a count: which way is taken is the equipment's choice
when a leg is dialled.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from calleq.acd.longest_idle import LongestIdle
from calleq.journal.contract import Journal
from calleq.journal.entries import CircuitKey
from calleq.media.contract import Player, Prompt, Verdict
from calleq.numbering import (
    NumberingError,
    NumberRefusedError,
    is_voip,
    parse_e164,
    public_number,
)
from calleq.osn.orders import Refusal
from calleq.runtime.clock import Clock
from calleq.ss7.isup.messages import CallingNumber, Cause, Message

if TYPE_CHECKING:
    from calleq.calling_logic.mixing import Mixing
    from calleq.calling_logic.recordings import Recordings

LEGS = 2

Parties = tuple[tuple[str, ...], ...]
"""Whom a call is to connect: for each leg the addresses of which one is dialled."""
NUMBERS: Parties = (("+",), ("+",))
"""Two parties with telephone numbers, whichever."""


class Way(Protocol):
    """One seizure of one way to a party, until its user is told `circuit_cleared`."""

    @property
    def key(self) -> CircuitKey:
        """What the journal calls it."""

    @property
    def wire(self) -> str:
        """The voice wire on which the party is heard; valid once the party has answered."""

    def release(self, cause: Cause) -> None:
        """End the call from this side; does nothing once either side has released."""

    def pass_on(self, message: Message) -> None:
        """Send a message about the call; what the way has no place for is not sent."""


class WayUser(Protocol):
    """Who makes a call on a way; told `circuit_cleared` exactly once, last, whatever happened."""

    def circuit_alerting(self, circuit: Way) -> None:
        """The party is being rung."""

    def circuit_progress(self, circuit: Way) -> None:
        """Progress that is neither alerting nor answer."""

    def circuit_answered(self, circuit: Way) -> None:
        """The party answered."""

    def circuit_notice(self, circuit: Way, message: Message) -> None:
        """A message about the call that changes nothing of the above."""

    def circuit_released(self, circuit: Way, cause: Cause) -> None:
        """The far end, or the way itself, ended the call."""

    def circuit_cleared(self, circuit: Way) -> None:
        """Nothing is left of the call."""


class Access(Protocol):
    """The ways of one piece of equipment."""

    @property
    def group(self) -> str:
        """What the journal calls them together."""

    def reserve(
        self, call: str, answer: Callable[[bool], object], parties: Parties = NUMBERS
    ) -> None:
        """Keep ways for the legs of a call; answered False, once, when they are not there."""

    def are_resetting(self) -> bool:
        """Whether ways are being reset, as after a restart, and will be free in a moment."""

    def seize(self, call: str, called: str = "") -> Way | None:
        """Take one of the call's ways, which is to lead to `called` (as in `dial`; empty: to a
        number); None when it has none left or all are busy."""

    def seize_extra(self, call: str, called: str = "") -> Way | None:
        """Take a way for a further party of a call; None when none is free of promises."""

    def dial(self, way: Way, called: str, caller: str, user: WayUser) -> None:
        """Start the call on a seized way; numbers are E.164 with `+`, `caller` may be empty.

        `called` may be a SIP URI or an IP address where `Means.takes` says so.
        """

    def give_back(self, way: Way) -> None:
        """Return a way that was seized and never dialled; nobody is told anything."""

    def returned(self, call: str, way: Way | None = None) -> None:
        """A way of the call is free again, and kept for its next leg while the call lasts.

        `way` is told where there are several kinds."""

    def done(self, call: str) -> None:
        """The call needs no way any more."""


class Stage(Protocol):
    """What the parties of calls hear. It is told of ways whose party has answered alone.

    What it reports may come late, and from within the request.
    """

    def play(self, way: Way, player: str, prompt: Prompt, report: Player) -> None:
        """Let the way's party hear a prompt, and nothing else, from its beginning.

        `player` is a name of the caller's choice that no other player has.
        """

    def stop(self, way: Way, player: str) -> None:
        """End what plays early; it reports `stopped`. Does nothing when it has ended."""

    def detect(self, way: Way, limit_us: int, verdict: Callable[[Verdict], object]) -> None:
        """Tell once, soon after `limit_us` at the latest, who answered."""

    def understands(self) -> bool:
        """Whether a question may be answered by words; where not, by keys alone."""

    def ask(
        self,
        way: Way,
        player: str,
        prompt: Prompt,
        words: tuple[str, ...],
        limit_us: int,
        answered: Callable[[str], object],
        digits: int = 1,
    ) -> None:
        """Let the way's party hear a question, and tell once what they answer to it.

        That is a key, or one of `words`, or `OTHER_WORDS`; `NOTHING_SAID` when nothing of it came
        within `limit_us` of the question's end. `stop` ends it like a prompt, without an answer.
        With more than one of `digits` that many keys are awaited, fewer where "#" ends them or no
        further one follows.
        """

    def bridge(self, ways: tuple[Way, ...], done: Callable[[bool], object]) -> None:
        """From now on each of these hears all the others, and nothing else.

        `done` is told whether it could be done. One way alone hears nothing.
        """

    def silence(self, way: Way) -> None:
        """The way's party hears nothing any more; its call is over."""


class Reservations:
    """How many ways each call may still take, and how many are promised in all."""

    def __init__(self) -> None:
        self.promised = 0
        self._left: dict[str, int] = {}

    def reserve(self, call: str, free: int, ways: int = LEGS) -> bool:
        """Promise `ways` of the `free` ways to a call; False when they are promised already."""
        assert call not in self._left
        if free - self.promised < ways:
            return False
        self._left[call] = ways
        self.promised += ways
        return True

    def may_take(self, call: str) -> bool:
        """Whether the call has one left."""
        return self._left.get(call, 0) > 0

    def taken(self, call: str) -> None:
        """The call has taken one."""
        self._left[call] -= 1
        self.promised -= 1

    def returned(self, call: str) -> None:
        """One that the call had is free again, and its own while it lasts."""
        if call in self._left:
            self._left[call] += 1
            self.promised += 1

    def done(self, call: str) -> None:
        """Nothing is kept for the call any more."""
        self.promised -= self._left.pop(call, 0)


def legs_by_number(parties: Parties) -> int:
    """How many legs may need a way to a telephone number."""
    return sum(1 for addresses in parties if not all(map(is_voip, addresses)))


def legs_by_voip(parties: Parties) -> int:
    """How many legs may need a way by voice over IP."""
    return sum(1 for addresses in parties if any(map(is_voip, addresses)))


def calling_number(caller: str) -> CallingNumber | None:
    """A caller as ISUP says it; None where there is none, or one that has no number."""
    return CallingNumber(caller.lstrip("+")) if caller and not is_voip(caller) else None


def objection_to(means: "Means", address: str) -> Refusal | None:
    """Why a further party must not be dialled with this equipment, whoever ordered it; what may be
    dialled for a business the door has judged."""
    if not means.takes(address):
        return "invalid_number"
    try:
        if not is_voip(address):
            public_number(address)
    except NumberRefusedError:
        return "number_refused"
    return None


def is_number(address: str) -> bool:
    """Whether an address is a telephone number, which every equipment can call."""
    try:
        parse_e164(address)
    except NumberingError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Means:
    """Everything around a call, shared by all calls of one piece of equipment."""

    name: str
    number: str
    """What a customer sees as the caller where the business has no number."""
    access: Access
    stage: Stage
    journal: Journal
    clock: Clock
    representatives: LongestIdle
    mixing: "Mixing | None" = None
    """What the equipment can do with voices of its own; None: it commands those of others."""
    recordings: "Recordings | None" = None
    """Its recordings; None: it makes none."""
    takes: Callable[[str], bool] = is_number
    """Whether an address can be called at all with this equipment."""
    group_of: Callable[[Way], str] | None = None
    """What the journal calls the ways of that kind; None: `access.group`, all of them."""
