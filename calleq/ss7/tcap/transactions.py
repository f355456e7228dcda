"""One subsystem's end of TCAP: its transactions and dialogues (Q.771–Q.774), sans-I/O.

Owns which dialogues there are, by the table in `states`; `sublayer` owns their components and
`portions` what their dialogue portions mean. Times are monotonic microseconds.

Bounds: DIALOGUES_LIMIT dialogues, beyond which a Begin is refused with resource limitation and
`begin` raises TcapError; a dialogue of which nothing is sent or received for the idle limit is
given up, at both ends; what waits to be sent is bounded in `outbox`.

Transaction ids are four octets and count up from `first_id`, so that one is not used again before
all others were. An end that starts anew should be given another `first_id`, for far ends may go on
for a while with dialogues of its former life: those messages are answered with a P-Abort.

Odd cases:

- an end may have invocations: nothing comes of them that this end would be told;
- what is given up because it was idle is aborted with resource limitation: TCAP has no other cause
  for it, and a far end that still has the dialogue must not keep it.
"""

from collections.abc import Sequence

from calleq.ss7.sccp.values import PartyAddress, ReturnCause
from calleq.ss7.tcap import portions
from calleq.ss7.tcap.components import Code, ComponentRequest
from calleq.ss7.tcap.contract import (
    AbortReason,
    Context,
    Event,
    Outgoing,
    ProviderCause,
    TcapError,
)
from calleq.ss7.tcap.dialogue_table import DialogueTable
from calleq.ss7.tcap.messages import Abort, DialogueRequest, UnidirectionalDialogue
from calleq.ss7.tcap.outbox import Outbox
from calleq.ss7.tcap.reception import Reception
from calleq.ss7.tcap.states import TABLE, Action, Input, State
from calleq.ss7.tcap.sublayer import ComponentSublayer
from calleq.units import MINUTE_US

DIALOGUES_LIMIT = 100_000
IDLE_LIMIT_US = 10 * MINUTE_US
"""How long a dialogue may be idle; its users test long ones (INAP: ActivityTest) meanwhile."""


class TransactionCapabilities:
    """One subsystem's end; fulfils `Dialogues`."""

    def __init__(
        self,
        *,
        first_id: int = 1,
        dialogues_limit: int = DIALOGUES_LIMIT,
        idle_limit_us: int = IDLE_LIMIT_US,
        answered: frozenset[Code] = frozenset(),
        own_address: PartyAddress | None = None,
    ) -> None:
        """`answered`: operations that this end's user always answers.

        Of those a second Invoke of the same id, before the answer, is rejected as a duplicate.
        `own_address`: what answers come from; None: the address that was called.
        """
        self._table = DialogueTable(first_id, dialogues_limit, idle_limit_us)
        self._components = ComponentSublayer(answered)
        self._outbox = Outbox()
        self._reception = Reception(self._table, self._components, self._outbox, own_address)

    def __len__(self) -> int:
        """How many dialogues there are."""
        return len(self._table)

    @property
    def discarded(self) -> int:
        """How many messages were dropped without an answer."""
        return self._reception.discarded

    # Requests of the user.

    def begin(
        self,
        called: PartyAddress,
        calling: PartyAddress,
        components: Sequence[ComponentRequest] = (),
        *,
        context: Context | None = None,
        user_information: bytes = b"",
        number: int | None = None,
        now_us: int,
    ) -> int:
        """Open a dialogue and return its number; TcapError where there are too many.

        `number` is one that `reserve_number` gave; None: the next in turn.
        """
        if self._table.is_full:
            raise TcapError(f"there are {len(self._table)} dialogues already")
        if number is not None and number in self._table:
            raise TcapError(f"dialogue {number} is there already")
        if context is None:
            portions.forbid(None, user_information, "a dialogue without a context")
        request = None if context is None else DialogueRequest(context, user_information)
        octets = self._components.written(None, components)
        local_id = self._table.free_id() if number is None else self._table.id_of(number)
        self._outbox.begin(called, calling, local_id, request, octets)
        dialogue = self._table.open(
            State.INITIATION_SENT, local_id, b"", calling, called, context, now_us
        )
        self._components.sent(dialogue, components, now_us)
        return dialogue.number

    def continue_(
        self,
        dialogue: int,
        components: Sequence[ComponentRequest] = (),
        *,
        context: Context | None = None,
        user_information: bytes = b"",
        now_us: int,
    ) -> None:
        """Send in a dialogue, and accept it if this is the first answer."""
        found = self._table.get(dialogue)
        cell = TABLE[found.state][Input.USER_CONTINUE]
        match cell.action:
            case Action.SEND_FIRST_CONTINUE:
                portion = portions.acceptance(found, context, user_information)
            case Action.SEND_CONTINUE:
                portions.forbid(context, user_information, "a dialogue that goes on")
                portion = None
            case _:
                raise TcapError(f"dialogue {dialogue} has not been answered")
        octets = self._components.written(found, components)
        self._outbox.continue_(found, portion, octets)
        found.state = cell.state
        self._table.touch(found, now_us)
        self._components.sent(found, components, now_us)

    def end(
        self,
        dialogue: int,
        components: Sequence[ComponentRequest] = (),
        *,
        prearranged: bool = False,
        context: Context | None = None,
        user_information: bytes = b"",
        now_us: int,
    ) -> None:
        """End a dialogue; prearranged: nothing is sent, and it cannot have components."""
        found = self._table.get(dialogue)
        event = Input.USER_PREARRANGED_END if prearranged else Input.USER_END
        match TABLE[found.state][event].action:
            case Action.FORGET:
                portions.forbid(context, user_information, "a prearranged end")
                if components:
                    raise TcapError("a prearranged end sends no components")
                self._reception.forget(found)
                return
            case Action.SEND_FIRST_END:
                portion = portions.acceptance(found, context, user_information)
            case Action.SEND_END:
                portions.forbid(context, user_information, "a dialogue that goes on")
                portion = None
            case _:
                raise TcapError(f"dialogue {dialogue} has not been answered")
        octets = self._components.written(found, components)
        self._outbox.end(found, portion, octets)
        self._reception.forget(found)

    def abort(
        self,
        dialogue: int,
        *,
        reason: AbortReason = AbortReason.USER_SPECIFIC,
        context: Context | None = None,
        user_information: bytes = b"",
        now_us: int,
    ) -> None:
        """Give a dialogue up; before the first answer of the far end nothing is sent."""
        found = self._table.get(dialogue)
        portion = portions.abort_portion(found, reason, context, user_information)
        if TABLE[found.state][Input.USER_ABORT].action is not Action.FORGET:
            self._outbox.user_abort(found, portion)
        self._reception.forget(found)

    def unidirectional(
        self,
        called: PartyAddress,
        calling: PartyAddress,
        components: Sequence[ComponentRequest],
        *,
        context: Context | None = None,
        user_information: bytes = b"",
        now_us: int,
    ) -> None:
        """Send components that belong to no dialogue."""
        if not components:
            raise TcapError("a unidirectional message has components")
        if context is None:
            portions.forbid(None, user_information, "a message without a context")
        portion = None if context is None else UnidirectionalDialogue(context, user_information)
        octets = self._components.written(None, components)
        self._outbox.unidirectional(called, calling, portion, octets)

    def far_id(self, dialogue: int) -> int:
        """The far end's own transaction id of a dialogue; 0 before it has said one."""
        return int.from_bytes(self._table.get(dialogue).remote_id, "big")

    def cancel(self, dialogue: int, invoke_id: int) -> None:
        """Forget an invocation of this end; the far end is not told."""
        self._components.cancel(self._table.get(dialogue), invoke_id)

    def reset_timer(self, dialogue: int, invoke_id: int, now_us: int) -> None:
        """Let an invocation's time run from now."""
        self._components.reset_timer(self._table.get(dialogue), invoke_id, now_us)

    def reserve_number(self) -> int:
        """A number for a dialogue that is to be begun later: whoever has to write it down first."""
        return int.from_bytes(self._table.free_id(), "big")

    def free_invoke_id(self, dialogue: int | None = None) -> int:
        """The next invoke id in turn that is not in use; each time another, in one dialogue."""
        return self._components.free_invoke_id(
            None if dialogue is None else self._table.get(dialogue)
        )

    def data_to_send(self) -> list[Outgoing]:
        """What has come up to be sent since this was last asked, in order."""
        return self._outbox.fetch()

    # From the far end.

    def receive(
        self, called: PartyAddress, calling: PartyAddress, octets: bytes, now_us: int
    ) -> list[Event]:
        """Take what SCCP delivers; it never raises, whatever the octets."""
        return self._reception.receive(called, calling, octets, now_us)

    def notice(self, cause: ReturnCause, octets: bytes, now_us: int) -> list[Event]:
        """Take back what SCCP could not deliver; its user decides what becomes of the dialogue."""
        return self._reception.notice(cause, octets)

    # Timers.

    def next_timer(self) -> int | None:
        """When `handle_timer` is to be called, in monotonic microseconds; None: not at all."""
        idle_us = self._table.next_idle_us()
        if idle_us is None:
            return None
        due_us = self._components.next_due_us()
        return idle_us if due_us is None else min(idle_us, due_us)

    def handle_timer(self, now_us: int) -> list[Event]:
        """Tell of invocations whose time is over, and give idle dialogues up."""
        events: list[Event] = []
        while (running := self._components.take_due(now_us)) is not None:
            dialogue = self._table.get(running.dialogue)
            events.append(self._components.expired(dialogue, running))
        while (idle := self._table.idle(now_us)) is not None:
            if idle.remote_id:
                abort = Abort(idle.remote_id, ProviderCause.RESOURCE_LIMITATION)
                self._outbox.abort(idle.remote, idle.local, abort)
            events += self._reception.give_up(idle, ProviderCause.IDLE)
        return events
