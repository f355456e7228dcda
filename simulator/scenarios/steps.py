"""Everything that can be done in a scenario: by businesses, telephones, operators, and faults.

Each step says when it is done and what; `stage` does it. Nothing here runs.
"""

from typing import Literal

import msgspec

from calleq.ss7.wire import Quality
from simulator.faults.bus import Trouble
from simulator.faults.disk import DiskState
from simulator.scenarios.parts import WAIT_LIMIT_S, Manner, Part

JsonValue = str | int | float | bool | dict[str, object] | list[object] | None


EXPECT_S = 60.0
"""How long an operation is waited for."""


class Step(Part, tag_field="do", frozen=True, kw_only=True):
    """When it is done: at an instant, or after an event, or right after the step before."""

    at_s: float | None = None
    """Seconds since the scenario began."""
    when: str = ""
    """An event to wait for."""
    after_s: float | Literal["sweep"] = 0.0
    """Then still to wait."""
    within_s: float = WAIT_LIMIT_S
    """How long to wait for `when`."""


class Post(Step, tag="post", frozen=True, kw_only=True):
    """A business posts a message (figure 8)."""

    call: str = "call"
    """How the scenario calls the call."""
    business: str = "abc"
    password: str | None = None
    """None: the right one."""
    customer: str = "customer"
    representative: str = ""
    only_representative: bool = False
    dial_first: Literal["customer", "agent"] | None = None
    key: str = ""
    """The idempotency key."""
    fields: dict[str, JsonValue] = msgspec.field(default_factory=dict)
    """Any other field of the message; replaces what the keys above say."""
    status: int = 202
    """What the door must answer; 0: no answer."""
    code: str = ""
    """The problem's code, where it refuses."""


class Offer(Step, tag="offer", frozen=True, kw_only=True):
    """Businesses post many messages at a rate (Poisson), customers drawn from the seed."""

    calls: int
    per_second: float
    businesses: tuple[str, ...] = ()
    """Empty: all."""
    customers: tuple[str, ...] = ()
    """Empty: every telephone that is no representative's and no modem's."""
    status: tuple[int, ...] = (202,)


class Dial(Step, tag="dial", frozen=True, kw_only=True):
    """Somebody takes up a telephone and dials."""

    telephone: str
    to: str


class HangUp(Step, tag="hang_up", frozen=True, kw_only=True):
    """Somebody hangs up, or turns a ringing call away."""

    telephone: str


class Answer(Step, tag="answer", frozen=True, kw_only=True):
    """Somebody answers now."""

    telephone: str


class Behave(Step, tag="behave", frozen=True, kw_only=True):
    """Whoever is at a telephone takes up another habit, from the next call on."""

    telephone: str
    how: Manner


class Talk(Step, tag="talk", frozen=True, kw_only=True):
    """How long people talk from now on."""

    talk_s: float


class Wait(Step, tag="wait", frozen=True, kw_only=True):
    """Nothing but time."""


class Cancel(Step, tag="cancel", frozen=True, kw_only=True):
    """An operator ends a call at the peripheral."""

    call: str = "call"


class Control(Step, tag="control", frozen=True, kw_only=True):
    """An operator orders something of a call that goes on, as with `calleq control`."""

    order: str
    """Such as `hold customer`, or `transfer +12125550144`; telephones may be named."""
    call: str = "call"
    to: str = ""
    """Who hears what is played; empty: all."""
    prompt: str = ""
    """The name of what is played."""
    refused: str = ""
    """Why it must be refused; empty: it must not."""


class Unsubscribe(Step, tag="unsubscribe", frozen=True, kw_only=True):
    """A business is struck off; elements know when they begin again."""

    business: str


class FailLink(Step, tag="fail_link", frozen=True, kw_only=True):
    """A signalling link goes out of service."""

    link: str


class SpoilLink(Step, tag="spoil_link", frozen=True, kw_only=True):
    """The wire of a signalling link gets worse, or better: without a value it is as it was."""

    link: str
    delay_us: int | None = None
    jitter_us: int = 0
    loss: float = 0.0
    damage: float = 0.0
    doubling: float = 0.0
    reordering: float = 0.0

    def quality(self, delay_us: int) -> Quality | None:
        """What the wire becomes, where its own delay is `delay_us`; None: as it was.

        Raises ValueError.
        """
        worse = (self.jitter_us, self.loss, self.damage, self.doubling, self.reordering)
        if self.delay_us is None and not any(worse):
            return None
        return Quality(
            delay_us=delay_us if self.delay_us is None else self.delay_us,
            jitter_us=self.jitter_us,
            loss=self.loss,
            damage=self.damage,
            doubling=self.doubling,
            reordering=self.reordering,
        )


class RestoreLink(Step, tag="restore_link", frozen=True, kw_only=True):
    """A signalling link comes back."""

    link: str


class Isolate(Step, tag="isolate", frozen=True, kw_only=True):
    """A node loses every signalling link and goes on running."""

    element: str


class Reconnect(Step, tag="reconnect", frozen=True, kw_only=True):
    """The links of an isolated node come back."""

    element: str


class Kill(Step, tag="kill", frozen=True, kw_only=True):
    """A process dies."""

    element: str
    keep: int = 0
    """How much of what it had not made durable is on its disk anyway."""


class Begin(Step, tag="begin", frozen=True, kw_only=True):
    """A dead process begins again from its disk."""

    element: str


class Restart(Step, tag="restart", frozen=True, kw_only=True):
    """A process dies and begins again."""

    element: str
    down_s: float = 2.0
    keep: int = 0


class LoseVoice(Step, tag="lose_voice", frozen=True, kw_only=True):
    """The voice process is lost: whatever plays fails."""


class LoseCalls(Step, tag="lose_calls", frozen=True, kw_only=True):
    """The peripheral loses what it makes its calls with."""


class StepClock(Step, tag="step_clock", frozen=True, kw_only=True):
    """A wall clock jumps: that of one element's machine, or all."""

    by_s: float
    element: str = ""


class Disk(Step, tag="disk", frozen=True, kw_only=True):
    """A disk is slow, full, broken, or well again."""

    element: str
    state: DiskState


class Osn(Step, tag="osn", frozen=True, kw_only=True):
    """The next messages that fit are late, doubled or lost."""

    trouble: Trouble
    message: str = ""
    sender: str = ""
    receiver: str = ""
    count: int = 1
    delay_s: float = 0.0


class Cover(Step, tag="cover", frozen=True, kw_only=True):
    """A mobile telephone comes into, or goes out of, reach."""

    telephone: str
    covered: bool = False


class Fault(Step, tag="fault", frozen=True, kw_only=True):
    """A kind of fault by its name (`calleq-sim faults --kinds`)."""

    kind: str
    customer: str = "customer"
    agent: str = "agent"


class Mend(Step, tag="mend", frozen=True, kw_only=True):
    """Every fault ends; whoever is dead begins again."""


class Press(Step, tag="press", frozen=True, kw_only=True):
    """Somebody presses keys of a telephone."""

    telephone: str
    keys: str


class Send(Step, tag="send", frozen=True, kw_only=True):
    """A node that the scenario plays says something: operations of INAP in a dialogue."""

    at: str
    """The node."""
    dialogue: str = "dialogue"
    """How the scenario calls the dialogue; each node has its own."""
    to: str = ""
    """Begins the dialogue, with this node."""
    context: str = ""
    """... in this application context."""
    message: Literal["continue", "end", "abort"] = "continue"
    operations: tuple[dict[str, JsonValue], ...] = ()


class Expect(Step, tag="expect", frozen=True, kw_only=True):
    """A node that the scenario plays hears this next in a dialogue."""

    at: str
    dialogue: str = "dialogue"
    begins: bool = False
    """The far end begins the dialogue."""
    operations: tuple[dict[str, JsonValue], ...] = ()
    ends: Literal["", "end", "abort", "notice"] = ""
    """How the dialogue ends, after these."""
    within_s: float = EXPECT_S


AnyStep = (
    Post
    | Offer
    | Dial
    | HangUp
    | Answer
    | Behave
    | Talk
    | Wait
    | Cancel
    | Control
    | Unsubscribe
    | FailLink
    | RestoreLink
    | SpoilLink
    | Isolate
    | Reconnect
    | Kill
    | Begin
    | Restart
    | LoseVoice
    | LoseCalls
    | StepClock
    | Disk
    | Osn
    | Cover
    | Fault
    | Mend
    | Press
    | Send
    | Expect
)
