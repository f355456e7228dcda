"""What one end of TCAP makes of messages that arrive (Q.774 §3.3), by the table in `states`.

Odd cases:

- a message for a transaction whose far end has another id than it has is not for that transaction:
  it is refused as for one that is not known, and the transaction stands;
- a message that cannot be read is refused where its originating id can be told and someone waits
  for an answer, and ends the transaction whose it was; else it is dropped (Q.774 §3.3.3.1);
- the far end's address is the calling address of its first answer, from then on;
- whoever begins may have called a global title that several ends share: an answer comes from this
  end's own address, where it has one, so that what follows reaches this end and no other;
- a Begin that comes twice opens two dialogues: nothing in it says that it is the same.
"""

from calleq.ss7.sccp.values import PartyAddress, ReturnCause
from calleq.ss7.tcap import codec, portions
from calleq.ss7.tcap.contract import (
    BeginIndication,
    ContinueIndication,
    EndIndication,
    Event,
    NoticeIndication,
    ProviderAbortIndication,
    ProviderCause,
    UnidirectionalIndication,
)
from calleq.ss7.tcap.dialogue_table import DialogueTable
from calleq.ss7.tcap.messages import (
    Abort,
    Begin,
    Continue,
    DialogueRequest,
    DialogueResponse,
    End,
    MessageError,
    MessageType,
    Unidirectional,
    UnidirectionalDialogue,
)
from calleq.ss7.tcap.outbox import Outbox
from calleq.ss7.tcap.states import TABLE, Action, Dialogue, Input, State
from calleq.ss7.tcap.sublayer import ComponentSublayer

_NEVER_ANSWERED = (MessageType.END, MessageType.ABORT, MessageType.UNIDIRECTIONAL)
"""Whatever is wrong with them, nobody waits for an answer (Q.774 §3.3.3.1)."""


class Reception:
    """Takes messages for the dialogues of one end."""

    def __init__(
        self,
        table: DialogueTable,
        components: ComponentSublayer,
        outbox: Outbox,
        own_address: PartyAddress | None,
    ) -> None:
        self.discarded = 0
        """Messages that were dropped without an answer."""
        self._table = table
        self._components = components
        self._outbox = outbox
        self._own_address = own_address

    def receive(
        self, called: PartyAddress, calling: PartyAddress, octets: bytes, now_us: int
    ) -> list[Event]:
        """Take what SCCP delivers; it never raises, whatever the octets."""
        try:
            message = codec.decode(octets)
        except MessageError as error:
            return self._malformed(called, calling, error)
        match message:
            case Begin():
                return self._begun(called, calling, message, now_us)
            case Continue():
                return self._continued(called, calling, message, now_us)
            case End():
                return self._ended(message)
            case Abort():
                return self._aborted(message)
            case Unidirectional():
                return self._unidirectional(called, calling, message)

    def notice(self, cause: ReturnCause, octets: bytes) -> list[Event]:
        """Take back what SCCP could not deliver; its user decides what becomes of the dialogue."""
        dialogue = self._table.find(codec.derive_ids(octets)[0])
        state = State.IDLE if dialogue is None else dialogue.state
        if dialogue is not None and TABLE[state][Input.NOTICE].action is Action.TELL_NOTICE:
            return [NoticeIndication(dialogue.number, cause)]
        return []

    def _begun(
        self, called: PartyAddress, calling: PartyAddress, message: Begin, now_us: int
    ) -> list[Event]:
        far_id = message.originating
        refusal = portions.refusal_of_begin(message.dialogue)
        if refusal is not None:
            self._outbox.abort(calling, called, Abort(far_id, None, refusal))
            return []
        if self._table.is_full:
            self._outbox.abort(calling, called, Abort(far_id, ProviderCause.RESOURCE_LIMITATION))
            return []
        context, information = None, b""
        if isinstance(message.dialogue, DialogueRequest):
            context, information = message.dialogue.context, message.dialogue.user_information
        local_id = self._table.free_id()
        own = self._own_address or called
        dialogue = self._table.open(
            State.INITIATION_RECEIVED, local_id, far_id, own, calling, context, now_us
        )
        told = self._components.received(dialogue, message.components)
        return [BeginIndication(dialogue.number, called, calling, context, information, told)]

    def _continued(
        self, called: PartyAddress, calling: PartyAddress, message: Continue, now_us: int
    ) -> list[Event]:
        dialogue = self._table.find(message.destination, message.originating)
        state = State.IDLE if dialogue is None else dialogue.state
        cell = TABLE[state][Input.CONTINUE]
        portion = message.dialogue
        if dialogue is None or cell.action is Action.REFUSE:
            unknown = Abort(message.originating, ProviderCause.UNRECOGNIZED_TRANSACTION_ID)
            self._outbox.abort(calling, called, unknown)
            return []
        context, information = None, b""
        if cell.action is Action.ACCEPT:
            if not portions.fits_first_answer(dialogue, portion):
                return self._abnormal(dialogue, calling, message.originating)
            dialogue.remote_id = message.originating
            dialogue.remote = calling
            if isinstance(portion, DialogueResponse):
                context, information = portion.context, portion.user_information
        elif portion is not None:
            return self._abnormal(dialogue, calling, message.originating)
        dialogue.state = cell.state
        self._table.touch(dialogue, now_us)
        told = self._components.received(dialogue, message.components)
        return [ContinueIndication(dialogue.number, context, information, told)]

    def _ended(self, message: End) -> list[Event]:
        dialogue = self._table.find(message.destination)
        state = State.IDLE if dialogue is None else dialogue.state
        action = TABLE[state][Input.END].action
        if dialogue is None or action is Action.DISCARD:
            self.discarded += 1
            return []
        portion = message.dialogue
        fits = portion is None
        if action is Action.CONCLUDE_FIRST:
            fits = portions.fits_first_answer(dialogue, portion)
        if not fits:
            return self.give_up(dialogue, ProviderCause.ABNORMAL_DIALOGUE)
        context, information = None, b""
        if isinstance(portion, DialogueResponse):
            context, information = portion.context, portion.user_information
        told = self._components.received(dialogue, message.components)
        self.forget(dialogue)
        return [EndIndication(dialogue.number, context, information, told)]

    def _aborted(self, message: Abort) -> list[Event]:
        dialogue = self._table.find(message.destination)
        state = State.IDLE if dialogue is None else dialogue.state
        if dialogue is None or TABLE[state][Input.ABORT].action is Action.DISCARD:
            self.discarded += 1
            return []
        self.forget(dialogue)
        return [portions.told_of_abort(dialogue, message)]

    def _unidirectional(
        self, called: PartyAddress, calling: PartyAddress, message: Unidirectional
    ) -> list[Event]:
        context, information = None, b""
        portion = message.dialogue
        if isinstance(portion, UnidirectionalDialogue) and portion.version1:
            context, information = portion.context, portion.user_information
        elif portion is not None:
            self.discarded += 1
            return []
        components = message.components
        return [UnidirectionalIndication(called, calling, context, information, components)]

    def _malformed(
        self, called: PartyAddress, calling: PartyAddress, error: MessageError
    ) -> list[Event]:
        far_id = error.originating
        dialogue = self._table.find(error.destination, far_id)
        state = State.IDLE if dialogue is None else dialogue.state
        if far_id is not None and error.message_type not in _NEVER_ANSWERED:
            self._outbox.abort(calling, called, Abort(far_id, error.cause))
        else:
            self.discarded += 1
        if dialogue is None or TABLE[state][Input.MALFORMED].action is not Action.GIVE_UP:
            return []
        return self.give_up(dialogue, ProviderCause(error.cause))

    def forget(self, dialogue: Dialogue) -> None:
        """The dialogue is over."""
        self._table.forget(dialogue)
        self._components.drop(dialogue)

    def give_up(self, dialogue: Dialogue, cause: ProviderCause) -> list[Event]:
        """The dialogue is over, and its user is told so."""
        self.forget(dialogue)
        return [ProviderAbortIndication(dialogue.number, cause)]

    def _abnormal(self, dialogue: Dialogue, calling: PartyAddress, far_id: bytes) -> list[Event]:
        """A dialogue portion that does not fit: both ends are told."""
        self._outbox.abort(calling, dialogue.local, Abort(far_id, None, portions.ABNORMAL))
        return self.give_up(dialogue, ProviderCause.ABNORMAL_DIALOGUE)
