"""What becomes of a message or parameter that an exchange does not understand (Q.764 §2.9.5).

Pure: instruction indicators in, one `Reaction` out; call control carries it out. An exchange that
can act for the call (originating, terminating, interworking: type A) heeds every indicator, one
that only passes the call on (type B) heeds none but "pass on not possible", unless bit A says that
every exchange is to act.

Odd cases. Without instructions an unknown message is discarded and confusion reported (§2.9.5.3.1);
an unknown parameter is passed on by a transit exchange, elsewhere discarded and reported
(§2.9.5.3.2). Nothing is ever answered to CFN, RLC or a message that clears or resets a circuit
without instructions, lest two exchanges confuse one another for ever.
"""

from enum import Enum
from typing import NamedTuple

from calleq.causes import Q850
from calleq.ss7.isup.layouts import MESSAGE_TYPES
from calleq.ss7.isup.messages import Cfn, Message, Rel, Rlc
from calleq.ss7.isup.optional import MESSAGE_COMPATIBILITY, PARAMETER_COMPATIBILITY, typed
from calleq.ss7.isup.optional_types import MessageInstructions, ParameterInstructions
from calleq.ss7.isup.parameters import split_optional
from calleq.ss7.isup.permitted import PERMITTED
from calleq.ss7.isup.values import Cause, IsupError, Location, Other

PASSED_ON = 103
"""Cause: parameter non-existent or not implemented, passed on (Q.850 §2.2.7)."""
MESSAGE_DISCARDED = 110
"""Cause: message with unrecognized parameter, discarded."""

SILENT = frozenset((MESSAGE_TYPES[Cfn], MESSAGE_TYPES[Rlc]))
"""Messages of which confusion is never reported (§2.9.5.2)."""


_REL = MESSAGE_TYPES[Rel]


class Action(Enum):
    """What to do with the message, or with the parameter in it."""

    PASS_ON = "pass on"
    DISCARD_PARAMETER = "discard the parameter"
    DISCARD_MESSAGE = "discard the message"
    RELEASE = "release the call"


class Reaction(NamedTuple):
    """What to do, and the cause to say it with: in REL to both sides, or in CFN to the sender.

    Of a parameter in REL the cause goes into the RLC that answers it (§2.9.5.3.2).
    """

    action: Action
    cause: Cause | None = None
    """None: nobody is told."""


class Setting(NamedTuple):
    """The exchange that has to decide, as far as it matters."""

    transit: bool
    """Type B: the call only passes through, between exchanges of the same kind."""
    can_pass_on: bool = True
    """Whether there is another side, and it takes what this one does not understand."""
    location: int = Location.PUBLIC_LOCAL


def unknown_message(
    message_type: int, instructions: MessageInstructions | None, setting: Setting
) -> Reaction:
    """What to do with a message whose type is not known, or is not expected to be (§2.9.5.3.1)."""
    said = Cause(Q850.UNKNOWN_MESSAGE, setting.location, diagnostics=bytes((message_type,)))
    if instructions is None:
        return Reaction(Action.DISCARD_MESSAGE, None if message_type in SILENT else said)
    told = said if instructions.notify else None
    if not setting.transit or instructions.end_node:
        if instructions.release:
            return Reaction(Action.RELEASE, said)
        if instructions.discard:
            return Reaction(Action.DISCARD_MESSAGE, told)
    if setting.can_pass_on:
        return Reaction(Action.PASS_ON)
    if instructions.discard_if_stuck:
        return Reaction(Action.DISCARD_MESSAGE, told)
    return Reaction(Action.RELEASE, said)


def unknown_parameter(
    message_type: int,
    parameter: int,
    instructions: ParameterInstructions | None,
    setting: Setting,
) -> Reaction:
    """What to do with a parameter that is not known, or not of that message (§2.9.5.3.2).

    REL does its work whatever is in it: there the parameter goes at most, and the cause is told.
    """
    reaction = _reaction(message_type, parameter, instructions, setting)
    if message_type == _REL and reaction.action in (Action.RELEASE, Action.DISCARD_MESSAGE):
        said = Cause(Q850.UNKNOWN_PARAMETER, setting.location, diagnostics=bytes((parameter,)))
        return Reaction(Action.DISCARD_PARAMETER, said)
    return reaction


def _reaction(
    message_type: int,
    parameter: int,
    instructions: ParameterInstructions | None,
    setting: Setting,
) -> Reaction:
    """The same, where the message is no REL."""
    name = bytes((parameter,))
    said = Cause(Q850.UNKNOWN_PARAMETER, setting.location, diagnostics=name)
    whole = Cause(MESSAGE_DISCARDED, setting.location, diagnostics=bytes((message_type,)) + name)
    if instructions is None:
        if setting.transit and setting.can_pass_on:
            return Reaction(Action.PASS_ON)
        return Reaction(Action.DISCARD_PARAMETER, None if message_type in SILENT else said)
    notify = instructions.notify
    if not setting.transit or instructions.end_node:
        if instructions.release:
            return Reaction(Action.RELEASE, said)
        if instructions.discard_message:
            return Reaction(Action.DISCARD_MESSAGE, whole if notify else None)
        if instructions.discard_parameter:
            return Reaction(Action.DISCARD_PARAMETER, said if notify else None)
    if setting.can_pass_on:
        passed = Cause(PASSED_ON, setting.location, diagnostics=name)
        heeded = not setting.transit or instructions.end_node
        return Reaction(Action.PASS_ON, passed if notify and heeded else None)
    match instructions.if_stuck:
        case 1:
            return Reaction(Action.DISCARD_MESSAGE, whole if notify else None)
        case 2:
            return Reaction(Action.DISCARD_PARAMETER, said if notify else None)
        case _:
            return Reaction(Action.RELEASE, said)


def message_instructions(body: bytes) -> MessageInstructions | None:
    """The instructions of a message of unknown type, from the octets after its type.

    Such a message has, as every message from the 1992 edition on, only an optional part
    (Q.763 §1.9); None when there is none that can be read, or it has no instructions.
    """
    try:
        for code, octets in split_optional(body):
            if code == MESSAGE_COMPATIBILITY:
                found = typed(code, octets)
                return found if isinstance(found, MessageInstructions) else None
    except IsupError:
        return None
    return None


def parameter_instructions(other: Other) -> dict[int, ParameterInstructions]:
    """The instructions of a message's parameters, by name code; of two the first.

    Unreadable compatibility information is as if there were none (§2.9.5.3.3).
    """
    found: dict[int, ParameterInstructions] = {}
    for code, octets in other:
        if code == PARAMETER_COMPATIBILITY:
            try:
                values = typed(code, octets)
            except IsupError:
                continue
            assert isinstance(values, tuple)
            for value in values:
                if isinstance(value, ParameterInstructions):
                    found.setdefault(value.parameter, value)
    return found


def unexpected_parameters(message: Message) -> tuple[int, ...]:
    """Name codes in a message that Q.763 does not have there, each once, in order.

    A parameter of another message counts: it is treated as unknown (§2.9.5.3.2).
    """
    other: Other = getattr(message, "other", ())
    permitted = PERMITTED.get(type(message), frozenset())
    return tuple(dict.fromkeys(code for code, _ in other if code not in permitted))
