"""What a dialogue portion means in the state it comes in, and which an answer has (Q.774 §3.2).

Pure: who is told and what is sent is decided by the caller. A dialogue that was begun with an
application context has a dialogue portion in its begin, in the first answer and in an abort, and
nowhere else; one that was begun without has none.

Odd cases:

- an abort for an incorrect transaction portion, in answer to a begin with a dialogue portion, comes
  from an end that knows none: there is no common dialogue portion (Q.774 §3.2.1.4.2);
- an abort by a user without any dialogue portion, in a dialogue with a context, is taken as one
  by its user that says nothing: networks in service send such.
"""

from calleq.ss7.tcap.contract import (
    AbortReason,
    Context,
    Event,
    ProviderAbortIndication,
    ProviderCause,
    TcapError,
    UserAbortIndication,
)
from calleq.ss7.tcap.messages import (
    Abort,
    Diagnostic,
    DialogueAbort,
    DialoguePortion,
    DialogueRequest,
    DialogueResponse,
    OtherDialogue,
)
from calleq.ss7.tcap.states import Dialogue, State

ABNORMAL = DialogueAbort(by_provider=True)
"""What is sent where a dialogue portion does not fit."""

_REFUSALS = {
    AbortReason.CONTEXT_NOT_SUPPORTED: Diagnostic.USER_CONTEXT_NOT_SUPPORTED,
    AbortReason.DIALOGUE_REFUSED: Diagnostic.USER_NO_REASON,
}


def refusal_of_begin(portion: DialoguePortion | None) -> DialoguePortion | None:
    """What a begin with that portion is aborted with; None: nothing is wrong with it."""
    if portion is None:
        return None
    if not isinstance(portion, DialogueRequest):
        return ABNORMAL
    if portion.version1:
        return None
    return DialogueResponse(portion.context, False, Diagnostic.PROVIDER_NO_COMMON_DIALOGUE_PORTION)


def fits_first_answer(dialogue: Dialogue, portion: DialoguePortion | None) -> bool:
    """Whether the first answer, by continue or end, may have that portion."""
    if dialogue.context is None:
        return portion is None
    return isinstance(portion, DialogueResponse) and portion.accepted


def told_of_abort(dialogue: Dialogue, message: Abort) -> Event:
    """What the user is told of an abort by the far end."""
    number = dialogue.number
    first = dialogue.state is State.INITIATION_SENT
    if message.cause is not None:
        no_portion = message.cause == ProviderCause.INCORRECT_TRANSACTION_PORTION
        if first and no_portion and dialogue.context is not None:
            return _provider(number, ProviderCause.NO_COMMON_DIALOGUE_PORTION)
        return ProviderAbortIndication(number, message.cause)
    portion = message.dialogue
    if portion is None:
        return UserAbortIndication(number, AbortReason.USER_SPECIFIC, None, b"")
    if dialogue.context is None:
        if isinstance(portion, OtherDialogue):
            contents = portion.contents
            return UserAbortIndication(number, AbortReason.USER_SPECIFIC, None, contents)
        return _provider(number, ProviderCause.ABNORMAL_DIALOGUE)
    if isinstance(portion, DialogueAbort) and not portion.by_provider:
        information = portion.user_information
        return UserAbortIndication(number, AbortReason.USER_SPECIFIC, None, information)
    if isinstance(portion, DialogueResponse) and first and not portion.accepted:
        return _told_of_refusal(number, portion)
    return _provider(number, ProviderCause.ABNORMAL_DIALOGUE)


def _told_of_refusal(number: int, portion: DialogueResponse) -> Event:
    match portion.diagnostic:
        case Diagnostic.USER_CONTEXT_NOT_SUPPORTED:
            reason = AbortReason.CONTEXT_NOT_SUPPORTED
        case Diagnostic.USER_NULL | Diagnostic.USER_NO_REASON:
            reason = AbortReason.DIALOGUE_REFUSED
        case Diagnostic.PROVIDER_NO_COMMON_DIALOGUE_PORTION:
            return _provider(number, ProviderCause.NO_COMMON_DIALOGUE_PORTION)
        case _:
            return _provider(number, ProviderCause.ABNORMAL_DIALOGUE)
    return UserAbortIndication(number, reason, portion.context, portion.user_information)


def _provider(number: int, cause: ProviderCause) -> ProviderAbortIndication:
    return ProviderAbortIndication(number, cause)


def acceptance(
    dialogue: Dialogue, context: Context | None, information: bytes
) -> DialoguePortion | None:
    """The portion of the first answer; TcapError for a context where none was asked for."""
    if dialogue.context is None:
        forbid(context, information, "a dialogue that was begun without a context")
        return None
    return DialogueResponse(context or dialogue.context, True, Diagnostic.USER_NULL, information)


def forbid(context: Context | None, information: bytes, where: str) -> None:
    """Refuse a context or user information there with TcapError."""
    if context is not None or information:
        raise TcapError(f"neither a context nor user information belongs in {where}")


def abort_portion(
    dialogue: Dialogue, reason: AbortReason, context: Context | None, information: bytes
) -> DialoguePortion | None:
    """The portion of an abort by the user; TcapError for a refusal of what goes on already."""
    if reason is AbortReason.USER_SPECIFIC:
        if context is not None:
            raise TcapError("a context is offered with a refusal only")
        if dialogue.context is None:
            return OtherDialogue(information) if information else None
        return DialogueAbort(False, information)
    if dialogue.state is not State.INITIATION_RECEIVED or dialogue.context is None:
        raise TcapError("only a begin with a context can be refused")
    return DialogueResponse(context or dialogue.context, False, _REFUSALS[reason], information)
