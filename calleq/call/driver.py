"""The contract between the customer-first machine and the equipment that drives it.

The machine says commands; the equipment executes each once and answers each with exactly one of the
results named beside it, or lets the command's deadline pass. Notifications come besides. No
circuit, SIP or INAP type appears here: a leg is `customer` or `agent`.
"""

from typing import Literal

import msgspec

Leg = Literal["customer", "agent", "third"]
"""`third` is dialled beside the machine, see `calleq.calling_logic.third_party`."""


class Reserve(msgspec.Struct, frozen=True, gc=False):
    """Keep means for both legs free. Answer: `Reserved` or `ReserveFailed`."""

    command: int


class AwaitCapacity(msgspec.Struct, frozen=True, gc=False):
    """Say when a representative is likely to be free soon, if not at once. Answer: `LikelyFree`."""

    command: int


class FindRepresentative(msgspec.Struct, frozen=True, gc=False):
    """Offer the representative idle longest. Answer: `RepresentativeFound` (None: nobody)."""

    command: int
    excluding: tuple[str, ...]


class SetUpLeg(msgspec.Struct, frozen=True, gc=False):
    """Dial. Answer: `Answered` or `Failed`; `Ringing` may come before."""

    command: int
    leg: Leg
    attempt: int
    address: str
    caller: str
    """What the party sees as the caller; empty when it must not be presented."""
    ring_limit_us: int


class Detect(msgspec.Struct, frozen=True, gc=False):
    """Judge from the leg's samples who answered. Answer: `Detected`."""

    command: int
    leg: Leg
    limit_us: int


class Play(msgspec.Struct, frozen=True, gc=False):
    """Play to a leg until it ends. Answer: `PlayEnded`; `PlayMarked` may come before."""

    command: int
    leg: Leg
    prompt: Literal["announcement", "music", "whisper", "apology", "busy_notice", "goodbye"]
    text: str
    mark: str
    """The part of the text whose end is reported (the business's name); may be empty."""
    limit_us: int = 0
    """End it after so long; 0: at its own end."""


class Stop(msgspec.Struct, frozen=True, gc=False):
    """End what plays to a leg; its `Play` then answers `PlayEnded("stopped")`. No own answer."""

    command: int
    leg: Leg


class Collect(msgspec.Struct, frozen=True, gc=False):
    """Ask the leg for one key or a spoken word, or for a code. Answer: `Collected`."""

    command: int
    leg: Leg
    prompt: str
    """What is asked; a key may be pressed while it is spoken."""
    words: tuple[str, ...]
    """What may be said instead of pressing a key; none: keys alone."""
    limit_us: int
    """How long an answer is awaited when the question has been spoken."""
    digits: int = 1
    """So many are entered where a one-time code is asked for; the equipment judges them."""


class Join(msgspec.Struct, frozen=True, gc=False):
    """Bridge the two legs. Answer: `Joined` or `JoinFailed`."""

    command: int
    one: Leg
    other: Leg


class ReleaseLeg(msgspec.Struct, frozen=True, gc=False):
    """Release a leg in whatever state it is. Answer: `Released`, when nothing of it is left."""

    command: int
    leg: Leg
    cause: int


Command = (
    AwaitCapacity
    | Reserve
    | FindRepresentative
    | SetUpLeg
    | Detect
    | Play
    | Stop
    | Collect
    | Join
    | ReleaseLeg
)


class LikelyFree(msgspec.Struct, frozen=True, gc=False):
    command: int


class Reserved(msgspec.Struct, frozen=True, gc=False):
    command: int


class ReserveFailed(msgspec.Struct, frozen=True, gc=False):
    command: int
    cause: int


class RepresentativeFound(msgspec.Struct, frozen=True, gc=False):
    command: int
    address: str | None


class Ringing(msgspec.Struct, frozen=True, gc=False):
    command: int
    leg: Leg


class Answered(msgspec.Struct, frozen=True, gc=False):
    command: int
    leg: Leg


class Failed(msgspec.Struct, frozen=True, gc=False):
    """The leg came to nothing before answer; nothing of it is left."""

    command: int
    leg: Leg
    cause: int
    location: int = 0


class Detected(msgspec.Struct, frozen=True, gc=False):
    command: int
    leg: Leg
    verdict: Literal["human", "machine", "fax", "silence"]


class PlayMarked(msgspec.Struct, frozen=True, gc=False):
    command: int
    leg: Leg


class PlayEnded(msgspec.Struct, frozen=True, gc=False):
    command: int
    leg: Leg
    outcome: Literal["complete", "stopped", "failed"]


class Collected(msgspec.Struct, frozen=True, gc=False):
    """The party's answer, as `calleq.call.consent` reads it: key, word, other words, nothing, right
    or wrong code."""

    command: int
    leg: Leg
    value: str


class Joined(msgspec.Struct, frozen=True, gc=False):
    command: int


class JoinFailed(msgspec.Struct, frozen=True, gc=False):
    command: int
    cause: int


class Released(msgspec.Struct, frozen=True, gc=False):
    """Nothing is left of the leg.

    `command` is the `ReleaseLeg` it answers, or 0 when the party or the network ended the leg.
    """

    command: int
    leg: Leg
    cause: int


class DriverLost(msgspec.Struct, frozen=True, gc=False):
    """The equipment lost what it drove (peripheral, trunk or process): every leg is gone."""

    cause: int


LegResult = Ringing | Answered | Failed | Released
"""What becomes of a leg."""

Answer = (
    LikelyFree
    | Reserved
    | ReserveFailed
    | RepresentativeFound
    | Detected
    | Collected
    | Joined
    | JoinFailed
)
"""The one answer that a command has."""

Result = LegResult | Answer | PlayMarked | PlayEnded | DriverLost


def cause_of(result: LegResult) -> int:
    """The Q.850 cause of a leg's end, 0 where it did not end."""
    return result.cause if type(result) is Failed or type(result) is Released else 0


FINAL_STATES = (
    "completed",
    "customer_busy",
    "customer_no_answer",
    "customer_rejected",
    "customer_machine",
    "customer_abandoned",
    "agent_busy",
    "agent_no_answer",
    "agent_rejected",
    "agent_unavailable",
    "blocked",
    "expired",
    "canceled",
    "failed",
)
