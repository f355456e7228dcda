"""One subsystem: its end of TCAP joined with SCCP and a clock.

Owns the one timer that the end needs, and nothing of its dialogues: requests are passed on, and
what they bring about is sent at once; events go to the user, in order. A user may make requests
while it is told an event.

Odd cases:

- a message that SCCP will not even take (an address that cannot be written) is treated as one that
  came back: the user is told in the same instant, once its request is done;
- answers come from this subsystem at this node, though a global title was called: SCCP puts the
  point code in;
- transaction ids begin with the wall clock, so that those of a former life are not met again soon.
"""

from collections.abc import Callable, Sequence

from calleq.runtime.clock import Clock, Timer
from calleq.ss7.sccp.contract import SccpProvider
from calleq.ss7.sccp.values import (
    PartyAddress,
    PointState,
    ReturnCause,
    SccpError,
    SubsystemState,
)
from calleq.ss7.tcap.components import Code, ComponentRequest
from calleq.ss7.tcap.contract import AbortReason, Context, DialogueUser, Event
from calleq.ss7.tcap.transactions import DIALOGUES_LIMIT, IDLE_LIMIT_US, TransactionCapabilities

_ID_US = 256
"""Ids that are counted up by one in so many microseconds are not met again within 12 days."""

StateListener = Callable[[int, int, SubsystemState, int], None]
"""Told point code, subsystem number, state and time of a remote subsystem that has changed."""


class Entity:
    """A subsystem that speaks TCAP; SCCP's user."""

    def __init__(
        self,
        clock: Clock,
        sccp: SccpProvider,
        ssn: int,
        user: DialogueUser,
        *,
        dialogues_limit: int = DIALOGUES_LIMIT,
        idle_limit_us: int = IDLE_LIMIT_US,
        answered: frozenset[Code] = frozenset(),
        subsystem_listener: StateListener | None = None,
    ) -> None:
        """Make it the subsystem `ssn`; SccpError where that is taken. For the rest see
        `TransactionCapabilities`."""
        self._clock = clock
        self._sccp = sccp
        self._user = user
        self._subsystem_listener = subsystem_listener
        self._end = TransactionCapabilities(
            first_id=clock.now_us() // _ID_US,
            dialogues_limit=dialogues_limit,
            idle_limit_us=idle_limit_us,
            answered=answered,
            own_address=PartyAddress(ssn=ssn),
        )
        self._timer: Timer | None = None
        self._timer_due_us = 0
        sccp.register(ssn, self)

    def __len__(self) -> int:
        """How many dialogues there are."""
        return len(self._end)

    # Requests of the user: see `Dialogues`.

    def begin(
        self,
        called: PartyAddress,
        calling: PartyAddress,
        components: Sequence[ComponentRequest] = (),
        *,
        context: Context | None = None,
        user_information: bytes = b"",
        number: int | None = None,
    ) -> int:
        """Open a dialogue and return its number."""
        opened = self._end.begin(
            called,
            calling,
            components,
            context=context,
            user_information=user_information,
            number=number,
            now_us=self._clock.monotonic_us(),
        )
        self._flush()
        return opened

    def continue_(
        self,
        dialogue: int,
        components: Sequence[ComponentRequest] = (),
        *,
        context: Context | None = None,
        user_information: bytes = b"",
    ) -> None:
        """Send in a dialogue."""
        self._end.continue_(
            dialogue,
            components,
            context=context,
            user_information=user_information,
            now_us=self._clock.monotonic_us(),
        )
        self._flush()

    def end(
        self,
        dialogue: int,
        components: Sequence[ComponentRequest] = (),
        *,
        prearranged: bool = False,
        context: Context | None = None,
        user_information: bytes = b"",
    ) -> None:
        """End a dialogue."""
        self._end.end(
            dialogue,
            components,
            prearranged=prearranged,
            context=context,
            user_information=user_information,
            now_us=self._clock.monotonic_us(),
        )
        self._flush()

    def abort(
        self,
        dialogue: int,
        *,
        reason: AbortReason = AbortReason.USER_SPECIFIC,
        context: Context | None = None,
        user_information: bytes = b"",
    ) -> None:
        """Give a dialogue up, or refuse to take it."""
        self._end.abort(
            dialogue,
            reason=reason,
            context=context,
            user_information=user_information,
            now_us=self._clock.monotonic_us(),
        )
        self._flush()

    def unidirectional(
        self,
        called: PartyAddress,
        calling: PartyAddress,
        components: Sequence[ComponentRequest],
        *,
        context: Context | None = None,
        user_information: bytes = b"",
    ) -> None:
        """Send components that belong to no dialogue."""
        self._end.unidirectional(
            called,
            calling,
            components,
            context=context,
            user_information=user_information,
            now_us=self._clock.monotonic_us(),
        )
        self._flush()

    def far_id(self, dialogue: int) -> int:
        """The far end's own transaction id of a dialogue (its number there, if it is ours)."""
        return self._end.far_id(dialogue)

    def cancel(self, dialogue: int, invoke_id: int) -> None:
        """Forget an invocation of this end."""
        self._end.cancel(dialogue, invoke_id)

    def reset_timer(self, dialogue: int, invoke_id: int) -> None:
        """Let an invocation's time run from now."""
        self._end.reset_timer(dialogue, invoke_id, self._clock.monotonic_us())
        self._arm()

    def reserve_number(self) -> int:
        """A number for a dialogue that is to be begun later."""
        return self._end.reserve_number()

    def free_invoke_id(self, dialogue: int | None = None) -> int:
        """The next invoke id in turn that is not in use."""
        return self._end.free_invoke_id(dialogue)

    # SCCP's user.

    def unitdata(
        self, called: PartyAddress, calling: PartyAddress, data: bytes, now_us: int
    ) -> None:
        """A message has arrived."""
        self._tell(self._end.receive(called, calling, data, now_us), now_us)

    def notice(
        self,
        cause: ReturnCause,
        called: PartyAddress,
        calling: PartyAddress,
        data: bytes,
        now_us: int,
    ) -> None:
        """A message of this end has come back."""
        self._tell(self._end.notice(cause, data, now_us), now_us)

    def subsystem_state(
        self, point_code: int, ssn: int, state: SubsystemState, now_us: int
    ) -> None:
        """A remote subsystem has changed; who listens is told."""
        if self._subsystem_listener is not None:
            self._subsystem_listener(point_code, ssn, state, now_us)

    def point_state(self, point_code: int, state: PointState, now_us: int) -> None:
        """A signalling point has changed: what follows of it comes as subsystem states."""

    def _tell(self, events: list[Event], now_us: int) -> None:
        for event in events:
            self._user.dialogue_event(event, now_us)
        self._flush()

    def _flush(self) -> None:
        """Send what has come up, and set the timer anew where it has to be."""
        for message in self._end.data_to_send():
            try:
                self._sccp.send(
                    message.called,
                    message.calling,
                    message.octets,
                    return_on_error=message.return_on_error,
                    sequence=message.sequence,
                )
            except SccpError:
                self._clock.call_later_us(0, self._not_taken, message.octets)
        self._arm()

    def _not_taken(self, octets: bytes) -> None:
        now_us = self._clock.monotonic_us()
        self._tell(self._end.notice(ReturnCause.UNQUALIFIED, octets, now_us), now_us)

    # The timer: it may fire early, for what was due then has mostly been answered.

    def _arm(self) -> None:
        due_us = self._end.next_timer()
        if self._timer is not None:
            if due_us is not None and due_us >= self._timer_due_us:
                return
            self._timer.cancel()
            self._timer = None
        if due_us is not None:
            delay_us = max(0, due_us - self._clock.monotonic_us())
            self._timer_due_us = due_us
            self._timer = self._clock.call_later_us(delay_us, self._due)

    def _due(self) -> None:
        self._timer = None
        now_us = self._clock.monotonic_us()
        self._tell(self._end.handle_timer(now_us), now_us)
