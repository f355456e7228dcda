"""The steps of a conformance case, as its file has them; docs/guide/conformance.md is the manual.

`clause` says where the recommendation asks for it. `at` is the exchange of the tester's that sends
or is sent to, `circuit` a number or a name that the first message with it gives a number.
"""

from typing import Literal

import msgspec

from simulator.conformance.language import Value
from simulator.scenarios.parts import Part

Fields = dict[str, Value]
WITHIN_S = 2.0
"""An answer that no timer delays has come by then."""


class Base(Part, frozen=True, kw_only=True, tag_field="do"):
    """What every step may say."""

    clause: str = ""
    after_s: float = 0.0
    """How long to wait before it."""


class Send(Base, frozen=True, kw_only=True, tag="send"):
    """The tester sends a message."""

    message: str
    at: str = "b"
    circuit: int | str = "x"
    fields: Fields = msgspec.field(default_factory=dict)
    echo: tuple[str, ...] = ()
    """Parameters that are those of the last message expected at this end."""


class Expect(Base, frozen=True, kw_only=True, tag="expect"):
    """The next message from the switch is this one."""

    message: str
    at: str = "b"
    circuit: int | str = "x"
    fields: Fields = msgspec.field(default_factory=dict)
    without: tuple[str, ...] = ()
    """Parameters that it must not have."""
    among: str = ""
    """Circuits of which it must be one, such as "32-40"."""
    controlled_by: Literal["", "switch", "tester"] = ""
    """Which exchange has the say in a dual seizure of its circuit (Q.764 §2.9.1.3)."""
    optional: bool = False
    """It may be left out, where the recommendation leaves that to the network."""
    count: int = 1
    """So many of them come, one after the other."""
    unordered: bool = False
    """It may come after others that later steps expect."""
    within_s: float = WITHIN_S
    timer: str = ""
    """It comes when this timer of Q.764 runs out, counted from `since`."""
    since: str = ""
    """A message; without it, the one of the step before."""


class Repeats(Base, frozen=True, kw_only=True, tag="repeats"):
    """The switch repeats a message at every `every`, for the last time when `until` runs out."""

    message: str
    every: str
    until: str
    then: str = ""
    """What comes instead when `until` runs out."""
    at: str = "b"
    circuit: int | str = "x"
    since: str = ""


class Silence(Base, frozen=True, kw_only=True, tag="silence"):
    """Nothing comes from the switch, at either exchange."""

    for_s: float


class Dial(Base, frozen=True, kw_only=True, tag="dial"):
    """A subscriber of the switch dials."""

    telephone: str
    to: str


class Attempts(Base, frozen=True, kw_only=True, tag="attempts"):
    """A subscriber dials again and again; each IAM that leaves is released with cause 31."""

    telephone: str
    to: str
    count: int
    leave: Literal["all", "fewer"]
    """Whether each attempt must leave, or some but not all."""
    at: str = "b"


class PickUp(Base, frozen=True, kw_only=True, tag="answer"):
    """A subscriber of the switch answers."""

    telephone: str


class HangUp(Base, frozen=True, kw_only=True, tag="hang_up"):
    """A subscriber of the switch hangs up, or turns a ringing call away."""

    telephone: str


class Sees(Base, frozen=True, kw_only=True, tag="sees"):
    """What a subscriber of the switch lives through next."""

    telephone: str
    event: str
    """An event of the telephones' diary."""
    detail: str | None = None
    cause: int | None = None
    within_s: float = WITHIN_S


class NotSeen(Base, frozen=True, kw_only=True, tag="not_seen"):
    """A subscriber of the switch has not lived through this since what it saw last."""

    telephone: str
    event: str


class Hears(Base, frozen=True, kw_only=True, tag="hears"):
    """What arrives now at a telephone, or at an exchange of the tester's on a circuit."""

    telephone: str = ""
    at: str = ""
    circuit: int | str = "x"
    voices: tuple[str, ...]
    """Exactly these."""


class Speak(Base, frozen=True, kw_only=True, tag="speak"):
    """What the tester puts on a circuit from now on: speech, or what arrives on it (a loop)."""

    what: Literal["speech", "loop", "nothing", "keys"]
    keys: str = ""
    """Keys of a telephone that are pressed, one after the other."""
    at: str = "b"
    circuit: int | str = "x"


class Order(Base, frozen=True, kw_only=True, tag="order"):
    """An operator of the switch gives an order."""

    order: str
    """One that the suite knows."""
    at: str = "b"
    """The exchange at the far end of the circuits."""
    circuits: str = ""
    """"12", or "1-31"."""
    to: str = ""
    """Of level 3: a destination."""
    kind: Literal["maintenance", "hardware failure"] = "maintenance"


class Alarm(Base, frozen=True, kw_only=True, tag="alarm"):
    """Maintenance has been told of something whose text has this in it."""

    text: str
    stands: bool = True
    """False: no such alarm stands (any more)."""


class CircuitIs(Base, frozen=True, kw_only=True, tag="circuit"):
    """What both ends hold of a circuit now."""

    circuit: int | str = "x"
    at: str = "b"
    state: Literal["idle", "busy"] = "idle"
    blocked: Literal["no", "by switch", "by tester", "by both"] = "no"


class Perform(Base, frozen=True, kw_only=True, tag="perform"):
    """The steps of a block."""

    block: str


AnyStep = (
    Send
    | Expect
    | Repeats
    | Silence
    | Dial
    | Attempts
    | PickUp
    | HangUp
    | Sees
    | NotSeen
    | Hears
    | Speak
    | Order
    | Alarm
    | CircuitIs
    | Perform
)


class Route(Part, frozen=True, kw_only=True):
    """How the trunk groups of the switch are, where a case needs it."""

    continuity_check: bool = False
    """Every call that leaves asks for a check of its circuit."""
    delay_ms: int = 0
    """What a circuit adds to the propagation delay counter."""
    satellite: bool = False
    """The circuits go by way of a satellite."""


class Case(Part, frozen=True, kw_only=True):
    """One case of a suite, checked."""

    title: str
    about: str = ""
    mutants: tuple[str, ...] = ()
    """Altered switches, each of which must fail the case (`mutants`)."""
    not_run: str = ""
    """Why there are no steps."""
    route: Route = Route()
    role: Literal["", "asp", "sgp", "sgp-shared", "sp", "stp", "ip"] = ""
    """Of M3UA, level 3 and INAP: what is under test; `shared`: both processes serve one server."""
    unanswered: tuple[str, ...] = ()
    """Of level 3: links whose tests the tester does not answer by itself."""
    registers: bool = False
    """Of M3UA: the process registers its routing key."""
    circuits: dict[str, int] = msgspec.field(default_factory=dict)
    steps: tuple[AnyStep, ...] = ()
    leaves: tuple[CircuitIs, ...] = ()
    """Circuits that are not idle, or are blocked, at the end."""


def told(step: AnyStep) -> str:
    """A step in a few words."""
    match step:
        case Send():
            return f"send {step.message}"
        case Expect():
            return f"expect {step.message}"
        case Repeats():
            return f"{step.message} repeated"
        case Dial() | Attempts() | PickUp() | HangUp():
            return f"{step.__struct_config__.tag} {step.telephone}"
        case Sees():
            return f"{step.telephone} sees {step.event}"
        case Hears():
            return f"{step.telephone or step.at} hears {', '.join(step.voices) or 'nothing'}"
        case NotSeen():
            return f"{step.telephone} does not see {step.event}"
        case CircuitIs():
            return f"circuit {step.circuit} {step.state}, blocked: {step.blocked}"
        case Order():
            return f"order {step.order} {step.circuits}"
        case Alarm():
            return f"alarm {step.text!r} {'stands' if step.stands else 'does not stand'}"
        case _:
            return str(step.__struct_config__.tag)
