"""TCAP's messages to octets and back (Q.773 §3.1, §4.2.1).

`encode` refuses values that have no encoding with BerError. `decode` refuses with MessageError
whatever is wrong with the transaction portion, and tells by its cause what an abort says of it:

- unrecognized message type: another outer tag;
- badly formatted transaction portion: no valid BER down to the elements of the message, or octets
  after its end;
- incorrect transaction portion: an element that is missing, repeated, out of its place or of a
  length that a transaction id or cause does not have.

Faults within components or the dialogue portion are no fault of the message (see `messages`).

>>> encode(End(bytes.fromhex("01020304"))).hex()
'6406490401020304'
"""

from calleq.ss7 import ber
from calleq.ss7.tcap import component_codec, dialogue_codec
from calleq.ss7.tcap.components import ComponentIndication, LocalReject
from calleq.ss7.tcap.contract import ProviderCause
from calleq.ss7.tcap.messages import (
    TRANSACTION_ID_OCTETS,
    Abort,
    Begin,
    Continue,
    DialoguePortion,
    End,
    Message,
    MessageError,
    MessageType,
    Unidirectional,
)

ORIGINATING_ID = 0x48
DESTINATION_ID = 0x49
CAUSE = 0x4A
COMPONENT_PORTION = 0x6C
_DIALOGUE_PORTION = dialogue_codec.DIALOGUE_PORTION
_BEGIN = int(MessageType.BEGIN)
_CONTINUE = int(MessageType.CONTINUE)
_END = int(MessageType.END)
_ABORT = int(MessageType.ABORT)
_UNIDIRECTIONAL = int(MessageType.UNIDIRECTIONAL)

_ORDER = {
    ORIGINATING_ID: 1,
    DESTINATION_ID: 2,
    CAUSE: 3,
    _DIALOGUE_PORTION: 4,
    COMPONENT_PORTION: 5,
}
"""In which order the elements of a message stand."""

_ALLOWED = {
    _BEGIN: frozenset({ORIGINATING_ID, _DIALOGUE_PORTION, COMPONENT_PORTION}),
    _CONTINUE: frozenset({ORIGINATING_ID, DESTINATION_ID, _DIALOGUE_PORTION, COMPONENT_PORTION}),
    _END: frozenset({DESTINATION_ID, _DIALOGUE_PORTION, COMPONENT_PORTION}),
    _ABORT: frozenset({DESTINATION_ID, CAUSE, _DIALOGUE_PORTION}),
    _UNIDIRECTIONAL: frozenset({_DIALOGUE_PORTION, COMPONENT_PORTION}),
}
"""Which elements a message may have."""
_CAUSES = range(128)


# Writing.


def encode(message: Message) -> bytes:
    """A whole message; BerError for a value that has no encoding."""
    match message:
        case Begin(originating, dialogue, components):
            portions = portion(dialogue, [write_component(one) for one in components])
            return begin(originating, portions)
        case Continue(originating, destination, dialogue, components):
            portions = portion(dialogue, [write_component(one) for one in components])
            return continue_(originating, destination, portions)
        case End(destination, dialogue, components):
            portions = portion(dialogue, [write_component(one) for one in components])
            return end(destination, portions)
        case Abort(destination, cause, dialogue):
            reason = b"" if cause is None else _write_cause(cause)
            return ber.tlv(
                _ABORT, _write_id(DESTINATION_ID, destination) + reason + portion(dialogue, [])
            )
        case Unidirectional(dialogue, components):
            portions = portion(dialogue, [write_component(one) for one in components])
            return unidirectional(portions)


def portion(dialogue: DialoguePortion | None, components: list[bytes]) -> bytes:
    """The dialogue portion and the component portion, each where there is one."""
    octets = b"" if dialogue is None else dialogue_codec.encode(dialogue)
    return octets + ber.tlv(COMPONENT_PORTION, b"".join(components)) if components else octets


def begin(originating: bytes, portions: bytes) -> bytes:
    """A Begin of portions that are written already."""
    return ber.tlv(_BEGIN, _write_id(ORIGINATING_ID, originating) + portions)


def continue_(originating: bytes, destination: bytes, portions: bytes) -> bytes:
    """A Continue of portions that are written already."""
    identifiers = _write_id(ORIGINATING_ID, originating) + _write_id(DESTINATION_ID, destination)
    return ber.tlv(_CONTINUE, identifiers + portions)


def end(destination: bytes, portions: bytes) -> bytes:
    """An End of portions that are written already."""
    return ber.tlv(_END, _write_id(DESTINATION_ID, destination) + portions)


def unidirectional(portions: bytes) -> bytes:
    """A unidirectional message of portions that are written already."""
    return ber.tlv(_UNIDIRECTIONAL, portions)


def write_component(component: ComponentIndication) -> bytes:
    """One component; of a rejected one, the octets that it came in."""
    if isinstance(component, LocalReject):
        return component.component
    return component_codec.encode(component)


def _write_id(tag: int, transaction_id: bytes) -> bytes:
    length = len(transaction_id)
    if not 1 <= length <= 4:
        raise ber.BerError(f"a transaction id of {length} octets")
    return bytes((tag, length)) + transaction_id


def _write_cause(cause: int) -> bytes:
    if cause not in _CAUSES:
        raise ber.BerError(f"no cause of an abort: {cause}")
    return bytes((CAUSE, 1, cause))


# Reading.


def decode(octets: bytes) -> Message:
    """The message that the octets are; MessageError where they are none."""
    message_type = octets[0] if octets else 0
    try:
        outer, start, stop = ber.element(octets, 0, len(octets))
        allowed = _ALLOWED.get(outer)
        if allowed is None:
            raise _refusal(octets, message_type, ProviderCause.UNRECOGNIZED_MESSAGE_TYPE)
        parts = ber.elements(octets, start, stop)
    except ber.BerError as error:
        cause = ProviderCause.BADLY_FORMATTED_TRANSACTION_PORTION
        if message_type not in _ALLOWED and octets:
            cause = ProviderCause.UNRECOGNIZED_MESSAGE_TYPE
        raise _refusal(octets, message_type, cause) from error
    identifiers: dict[int, bytes] = {}
    dialogue: DialoguePortion | None = None
    components: tuple[ComponentIndication, ...] = ()
    last = 0
    for tag, inner, after in parts:
        if tag not in allowed or _ORDER[tag] <= last:
            raise _refusal(octets, outer, ProviderCause.INCORRECT_TRANSACTION_PORTION)
        last = _ORDER[tag]
        if tag == COMPONENT_PORTION:
            components = component_codec.decode_portion(octets, inner, after)
        elif tag == _DIALOGUE_PORTION:
            dialogue = dialogue_codec.decode(octets[inner:after])
        else:
            identifiers[tag] = octets[inner:after]
    message = _message(outer, identifiers, dialogue, components)
    if message is None:
        raise _refusal(octets, outer, ProviderCause.INCORRECT_TRANSACTION_PORTION)
    return message


def _message(
    outer: int,
    identifiers: dict[int, bytes],
    dialogue: DialoguePortion | None,
    components: tuple[ComponentIndication, ...],
) -> Message | None:
    """The message of these parts; None where one is missing or of a wrong length."""
    originating = identifiers.get(ORIGINATING_ID, b"")
    destination = identifiers.get(DESTINATION_ID, b"")
    has_originating = 1 <= len(originating) <= 4
    has_destination = 1 <= len(destination) <= 4
    if outer == _BEGIN and has_originating:
        return Begin(originating, dialogue, components)
    if outer == _CONTINUE and has_originating and has_destination:
        return Continue(originating, destination, dialogue, components)
    if outer == _END and has_destination:
        return End(destination, dialogue, components)
    if outer == _ABORT and has_destination:
        return _abort(destination, identifiers.get(CAUSE), dialogue)
    if outer == _UNIDIRECTIONAL and components:
        return Unidirectional(dialogue, components)
    return None


def _abort(
    destination: bytes, cause: bytes | None, dialogue: DialoguePortion | None
) -> Abort | None:
    """An abort by its provider, with a cause, or by its user; it cannot be by both."""
    if cause is None:
        return Abort(destination, None, dialogue)
    if len(cause) != 1 or cause[0] not in _CAUSES or dialogue is not None:
        return None
    return Abort(destination, cause[0])


def _refusal(octets: bytes, message_type: int, cause: ProviderCause) -> MessageError:
    originating, destination = derive_ids(octets)
    return MessageError(
        f"{cause.name} of {octets[:8].hex()}",
        cause=cause,
        message_type=message_type,
        originating=originating,
        destination=destination,
    )


def derive_ids(octets: bytes) -> tuple[bytes | None, bytes | None]:
    """The transaction ids, originating and destination, of a message that may be broken.

    They stand before all else; whatever follows, and whether the whole is as long as it says, is
    not looked at (Q.774 §3.3.3.1 asks whether they can be derived).
    """
    found: dict[int, bytes] = {}
    try:
        start = ber.contents_at(octets, 0)
        while start < len(octets):
            (tag, inner, after), start = ber.first(octets, start, len(octets))
            if tag not in (ORIGINATING_ID, DESTINATION_ID):
                break
            if after - inner in TRANSACTION_ID_OCTETS and tag not in found:
                found[tag] = octets[inner:after]
    except ber.BerError:
        pass  # What was found before stands.
    return found.get(ORIGINATING_ID), found.get(DESTINATION_ID)
