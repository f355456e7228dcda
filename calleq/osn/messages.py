"""The messages that cross the OSN, as one closed union; each is JSON with a `kind`.

A set-up instruction goes from access server 72 to the switch it chose and from there to the
equipment that executes it; what becomes of the call comes back the other way. Equipment may be
asked about a call that it has taken, and ordered to do something with it (`orders`). Equipment that
cannot bridge has its switch do it.
"""

from collections.abc import Callable

import msgspec

from calleq.journal.entries import CircuitKey
from calleq.osn.orders import Order, Refusal


class OsnError(ValueError):
    """The octets are no OSN message; the text says why."""


class Representative(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A representative as the instruction names one."""

    number: str
    name: str = ""


class SetUpCall(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="set_up_call"):
    """Establish a customer service call (figure 8 executed), customer first by default."""

    call: str
    business: str
    business_name: str
    """Spoken in the announcement; empty for neutral wording."""
    business_number: str
    """What the customer sees as the caller."""
    customer: str
    representative: str
    """The one the message names; empty: the equipment finds one."""
    representatives: tuple[str, ...]
    """The business's own, from which the hunt goes on."""
    hunt: bool
    """False: only the representative the message names is dialled."""
    dial_first: str
    """`customer` or `agent`."""
    detect_machine: bool
    ring_limit_us: int
    answer_to: str
    """The element that wants the call's events."""
    consent: str = "none"
    """Whether the customer is asked before a representative is rung, and how it may be answered:
    `none`, `key`, `key_or_speech` or `code`."""
    question_tries: int = 2
    answer_limit_us: int = 5_000_000
    language: str = "en"
    """What is spoken to both: `en`, `fr`, `es` or `de`."""
    supplied: tuple[tuple[str, str], ...] = ()
    """The business's own recordings instead of what would be spoken or played: what each is for
    (`name`, `announcement`, `music`), and the key under which the voice plane has it."""
    talk_limit_us: int = 0
    """The call is ended when both have talked for so long; 0: no limit."""
    announcement_limit_us: int = 0
    """The most that the customer is kept waiting by announcement and music; 0: no limit."""
    code_mark: str = ""
    """By which a one-time code that the customer enters is judged (`calleq.call.one_time_code`)."""
    likely_free: float = 0.0
    """The customer is rung when so likely a representative is free within `free_within_us`; 0: at
    once."""
    free_within_us: int = 0
    hold_limit_us: int = 0
    """How long that is waited for at most."""


class SetUpTaken(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="set_up_taken"):
    """The equipment has the instruction, durably."""

    call: str
    equipment: str


class SetUpRefused(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="set_up_refused"):
    """No equipment can execute the instruction."""

    call: str
    cause: int
    reason: str


class CallProgress(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="call_progress"):
    """One event of the call's timeline. `event` is one of `EVENTS`."""

    call: str
    event: str
    at_us: int
    leg: str = ""
    attempt: int = 0
    number: str = ""
    cause: int = 0
    detail: str = ""


class CallEnded(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="call_ended"):
    """The call's one final state."""

    call: str
    state: str
    cause: int
    at_us: int
    detail: str = ""
    """What belongs to the state: why a customer who answered is `customer_rejected`."""


class AskForCall(msgspec.Struct, frozen=True, tag_field="kind", tag="ask_for_call"):
    """Nothing was heard of a call for long: is it still going on? Answered by `SetUpTaken` when it
    is, by `CallEnded` when it is not. Nothing is set up for it."""

    call: str
    answer_to: str


class AddParty(msgspec.Struct, frozen=True, tag_field="kind", tag="add_party"):
    """Dial a third party and join it to a call that is bridged. What becomes of it comes back as
    `CallProgress` of the leg `third`."""

    call: str
    number: str


class JoinCircuits(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="join_circuits"):
    """Equipment that cannot bridge asks its switch: from now on each of the parties that it called
    by these circuits hears all the others, and not the circuit. One alone hears its circuit again.
    Answered by `CircuitsJoined`."""

    call: str
    request: int
    """A number of the asker's choice, which the answer repeats."""
    circuits: tuple[CircuitKey, ...]


class CircuitsJoined(
    msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="circuits_joined"
):
    """Whether the switch could do that; where not, nothing has changed."""

    call: str
    request: int
    joined: bool


class WatchLine(msgspec.Struct, frozen=True, tag_field="kind", tag="watch_line"):
    """A line of the switch was busy: tell when it can be called, within the limit. Answered by
    `LineFree`, or by nothing."""

    call: str
    """For which it is awaited."""
    number: str
    answer_to: str
    limit_us: int


class LineFree(msgspec.Struct, frozen=True, tag_field="kind", tag="line_free"):
    """The line can be called now."""

    call: str
    number: str


class ControlCall(msgspec.Struct, frozen=True, tag_field="kind", tag="control_call"):
    """Do something with a call that is going on. Answered once, by `ControlDone` or
    `ControlRefused`; one that comes again with the same id is not done again, and answered alike.
    """

    call: str
    command: str
    """The id of the order, unique among those of its call."""
    answer_to: str
    order: Order


class ControlDone(msgspec.Struct, frozen=True, tag_field="kind", tag="control_done"):
    """The order stands; what takes its time has begun."""

    call: str
    command: str


class ControlRefused(msgspec.Struct, frozen=True, tag_field="kind", tag="control_refused"):
    """Nothing was changed."""

    call: str
    command: str
    reason: Refusal


OsnMessage = (
    SetUpCall
    | SetUpTaken
    | SetUpRefused
    | CallProgress
    | CallEnded
    | AskForCall
    | AddParty
    | JoinCircuits
    | CircuitsJoined
    | ControlCall
    | ControlDone
    | ControlRefused
    | WatchLine
    | LineFree
)

EVENTS = (
    "waiting_for_representative",
    "representative_likely",
    "dialled",
    "ringing",
    "answered",
    "announcement_started",
    "announcement_ended",
    "music_started",
    "machine_verdict",
    "consent_asked",
    "consent_answered",
    "opted_out",
    "goodbye_started",
    "busy_notice_started",
    "whisper_started",
    "bridged",
    "apology_started",
    "failed",
    "released",
    "held",
    "unheld",
    "muted",
    "unmuted",
    "prompt_started",
    "prompt_ended",
    "keys_sent",
    "transfer_started",
    "consult_started",
    "consulting",
    "transferred",
    "transfer_failed",
    "taken_back",
    "recording_announcement_started",
    "recording_announced",
    "recording_started",
    "recording_paused",
    "recording_resumed",
    "recording_completed",
    "recording_absent",
    "recording_failed",
    "recording_objected",
)

_decoder: msgspec.json.Decoder[OsnMessage] = msgspec.json.Decoder(OsnMessage)


encode: Callable[[OsnMessage], bytes] = msgspec.json.Encoder().encode
"""The octets of a message."""


def decode(octets: bytes) -> OsnMessage:
    """The message of the octets; OsnError when they are none."""
    try:
        return _decoder.decode(octets)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise OsnError(f"not an OSN message: {error}") from error
