"""TCAP's messages as values (Q.773 §3): the transaction, dialogue and component portions.

A message keeps whatever may be wrong with its components as `LocalReject` among them, and a
dialogue portion that cannot be read as `OtherDialogue`: neither spoils the transaction portion,
whose faults are MessageError.
"""

from enum import IntEnum

import msgspec

from calleq.ss7.tcap.components import ComponentIndication
from calleq.ss7.tcap.contract import Context

TRANSACTION_ID_OCTETS = range(1, 5)
"""How long a transaction id may be (Q.773 §4.2.1.3)."""


class MessageType(IntEnum):
    """The tags of messages (Q.773 §4.2.1.1)."""

    UNIDIRECTIONAL = 0x61
    BEGIN = 0x62
    END = 0x64
    CONTINUE = 0x65
    ABORT = 0x67


class MessageError(ValueError):
    """The transaction portion cannot be read.

    Carries what could be told nevertheless: whom an abort could answer, and whose transaction it
    was.
    """

    def __init__(
        self,
        text: str,
        *,
        cause: int,
        message_type: int,
        originating: bytes | None,
        destination: bytes | None,
    ) -> None:
        super().__init__(text)
        self.cause = cause
        """A `ProviderCause` of the wire."""
        self.message_type = message_type
        self.originating = originating
        self.destination = destination


class Diagnostic(IntEnum):
    """Who refused a dialogue and why: the tag of the source, then the reason (Q.773 §3.2)."""

    USER_NULL = 0xA100
    USER_NO_REASON = 0xA101
    USER_CONTEXT_NOT_SUPPORTED = 0xA102
    PROVIDER_NULL = 0xA200
    PROVIDER_NO_REASON = 0xA201
    PROVIDER_NO_COMMON_DIALOGUE_PORTION = 0xA202


class DialogueRequest(msgspec.Struct, frozen=True, gc=False):
    """AARQ: a dialogue in an application context is asked for."""

    context: Context
    user_information: bytes = b""
    """EXTERNAL elements, one after another."""
    version1: bool = True
    """Whether version 1 of the dialogue portion is offered; there is no other."""


class DialogueResponse(msgspec.Struct, frozen=True, gc=False):
    """AARE: it is accepted or refused."""

    context: Context
    accepted: bool
    diagnostic: int
    """A `Diagnostic`."""
    user_information: bytes = b""


class DialogueAbort(msgspec.Struct, frozen=True, gc=False):
    """ABRT: a dialogue is given up."""

    by_provider: bool
    user_information: bytes = b""


class UnidirectionalDialogue(msgspec.Struct, frozen=True, gc=False):
    """AUDT: the context of components that belong to no dialogue."""

    context: Context
    user_information: bytes = b""
    version1: bool = True


class OtherDialogue(msgspec.Struct, frozen=True, gc=False):
    """A dialogue portion of another syntax, or one that cannot be read."""

    contents: bytes


DialoguePortion = (
    DialogueRequest | DialogueResponse | DialogueAbort | UnidirectionalDialogue | OtherDialogue
)


class Unidirectional(msgspec.Struct, frozen=True):
    """Components without a transaction."""

    dialogue: DialoguePortion | None
    components: tuple[ComponentIndication, ...]


class Begin(msgspec.Struct, frozen=True):
    """A transaction is opened."""

    originating: bytes
    dialogue: DialoguePortion | None = None
    components: tuple[ComponentIndication, ...] = ()


class Continue(msgspec.Struct, frozen=True):
    """A transaction is accepted or goes on."""

    originating: bytes
    destination: bytes
    dialogue: DialoguePortion | None = None
    components: tuple[ComponentIndication, ...] = ()


class End(msgspec.Struct, frozen=True):
    """A transaction ends."""

    destination: bytes
    dialogue: DialoguePortion | None = None
    components: tuple[ComponentIndication, ...] = ()


class Abort(msgspec.Struct, frozen=True):
    """A transaction is given up: by TCAP with a cause, by its user without."""

    destination: bytes
    cause: int | None = None
    dialogue: DialoguePortion | None = None


Message = Unidirectional | Begin | Continue | End | Abort
