"""What may be ordered of a call that is going on: hold, play, transfer, record and the like.

An order is JSON with the key `order`, on the OSN and at the operator's door alike. A `leg` is
`customer`, `agent` (whoever is in the representative's place now) or `third`; where an order may
be for all of them it is empty.

An order is answered once, by the id that came with it: `done` when it stands, `refused` with one of
`REFUSALS` when nothing was changed. What takes its time (a telephone that rings, a prompt, a
recording's announcement) has begun when it is done; what becomes of it is in the call's events.
"""

from typing import Literal

import msgspec

Party = Literal["customer", "agent", "third"]

TEXT_LIMIT = 1_000
"""Characters of a text that is played."""
KEYS_LIMIT = 32
"""Keys of one order."""


class _Order(msgspec.Struct, frozen=True, tag_field="order", forbid_unknown_fields=True):
    """What all orders have in common."""


class Hold(_Order, frozen=True, tag="hold"):
    """The party hears music and nobody, and is heard by nobody."""

    leg: Party


class Unhold(_Order, frozen=True, tag="unhold"):
    leg: Party


class Mute(_Order, frozen=True, tag="mute"):
    """The party hears everybody and is heard by nobody."""

    leg: Party


class Unmute(_Order, frozen=True, tag="unmute"):
    leg: Party


class PlayPrompt(_Order, frozen=True, tag="play"):
    """One of text, the name of a prompt, or a recording of this equipment; what plays already
    ends. The party hears nothing else meanwhile, and is heard."""

    leg: Party | Literal[""] = ""
    text: str = ""
    prompt: str = ""
    recording: str = ""


class StopPrompt(_Order, frozen=True, tag="stop"):
    leg: Party | Literal[""] = ""


class SendKeys(_Order, frozen=True, tag="keys"):
    """Keys of a telephone, pressed towards the party."""

    leg: Party
    keys: str


class AddThird(_Order, frozen=True, tag="add"):
    """Dial a third party and join it when it answers."""

    number: str


class HangUp(_Order, frozen=True, tag="hang_up"):
    """End a leg, and with one of the first two the call; without a leg the call as it is."""

    leg: Party | Literal[""] = ""


class Transfer(_Order, frozen=True, tag="transfer"):
    """Dial somebody in the representative's place; the representative goes when they answer."""

    number: str


class Consult(_Order, frozen=True, tag="consult"):
    """Hold the customer; dial somebody for the representative to talk with."""

    number: str


class Complete(_Order, frozen=True, tag="complete"):
    """The consulted party takes the representative's place."""


class TakeBack(_Order, frozen=True, tag="take_back"):
    """Release whoever was dialled; the representative talks with the customer again."""


class Record(_Order, frozen=True, tag="record"):
    """Announce it to all, then record."""


class PauseRecording(_Order, frozen=True, tag="pause_recording"):
    """Record silence from now on."""


class ResumeRecording(_Order, frozen=True, tag="resume_recording"):
    """Record again."""


class StopRecording(_Order, frozen=True, tag="stop_recording"):
    """Complete the recording."""


Order = (
    Hold
    | Unhold
    | Mute
    | Unmute
    | PlayPrompt
    | StopPrompt
    | SendKeys
    | AddThird
    | HangUp
    | Transfer
    | Consult
    | Complete
    | TakeBack
    | Record
    | PauseRecording
    | ResumeRecording
    | StopRecording
)

Refusal = Literal[
    "no_such_call",
    "call_over",
    "not_bridged",
    "no_such_leg",
    "not_possible_here",
    "not_possible_now",
    "third_party_present",
    "transfer_going_on",
    "no_transfer",
    "no_recording",
    "recording_going_on",
    "objected",
    "invalid_number",
    "number_refused",
    "invalid_prompt",
    "no_circuit",
    "too_many_orders",
    "no_answer",
]
"""Why an order was refused. `not_possible_here`: the equipment cannot do it, as one that only
commands the bridge of others; `objected`: a party has pressed the key that forbids recording;
`no_answer`: the equipment did not say what became of it."""

REFUSALS: dict[Refusal, str] = {
    "no_such_call": "no such call",
    "call_over": "the call is over",
    "not_bridged": "customer and representative are not connected",
    "no_such_leg": "that party is not in the call",
    "not_possible_here": "the equipment that makes the call cannot do that",
    "not_possible_now": "that cannot be done as the call stands",
    "third_party_present": "there is a third party already",
    "transfer_going_on": "a transfer is going on",
    "no_transfer": "no transfer is going on",
    "no_recording": "the call is not being recorded",
    "recording_going_on": "the call is being recorded already",
    "objected": "a party has objected to being recorded",
    "invalid_number": "that is no telephone number",
    "number_refused": "that number must not be called: `calleq refusals` says why",
    "invalid_prompt": "that cannot be played",
    "no_circuit": "no circuit is free",
    "too_many_orders": "the call has had too many orders",
    "no_answer": "the equipment does not answer",
}
"""In words."""

_encode = msgspec.json.Encoder().encode
_decoder: msgspec.json.Decoder[Order] = msgspec.json.Decoder(Order)


class OrderError(ValueError):
    """The octets are no order; the text says why."""


def read_order(octets: bytes) -> Order:
    """An order as JSON. Raises OrderError."""
    try:
        return _decoder.decode(octets)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise OrderError(str(error)) from error


def write_order(order: Order) -> bytes:
    """An order as JSON."""
    return _encode(order)
