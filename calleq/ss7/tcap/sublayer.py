"""The component sublayer: what invocations make of components, both ways (Q.774 §3.2).

Owns the invocations of all dialogues of one end, and their timers. `written` turns what a user asks
for into octets, or refuses it, and changes nothing; `sent` records it once it is on its way;
`received` says what of a message's components the user is told.

What is rejected here, rather than by the user:

- a component that cannot be read, with a general problem: what follows it in the message is
  dropped, for it may be part of it;
- an Invoke whose linked id is no invocation of this end, or whose invoke id stands twice in one
  message, or is that of an operation that is always answered and is not yet;
- a result or an error for no invocation, or one that its class does not have.

The Reject goes with the user's next message, and with an End at the latest. A Reject is never
rejected.
"""

import heapq
from collections.abc import Sequence

from calleq.ss7 import ber
from calleq.ss7.tcap import component_codec
from calleq.ss7.tcap.components import (
    FIRST_INVOKE_ID,
    INVOKE_IDS,
    Code,
    ComponentIndication,
    ComponentRequest,
    Invocation,
    Invoke,
    LocalReject,
    Problem,
    Reject,
    ReturnError,
    ReturnResult,
)
from calleq.ss7.tcap.contract import CancelIndication, TcapError
from calleq.ss7.tcap.invocations import (
    INVOCATION_US,
    INVOCATIONS_LIMIT,
    InvocationAction,
    InvocationInput,
    InvocationState,
    Running,
)
from calleq.ss7.tcap.states import Dialogue

REJECTS_LIMIT = 32
"""Rejects of one dialogue that wait for its user's next message; further ones are lost."""
UNANSWERED_LIMIT = 64
"""Operations of the far end that wait for an answer at once, in one dialogue."""
STALE_LIMIT = 1_024
"""Timers that are no longer needed and are kept, beside as many as are."""

_GENERAL = range(0x8000, 0x8100)
_INVOKE_PROBLEMS = range(0x8100, 0x8200)
_IDS = 128
"""Invoke ids that are given out: more than there may be invocations."""
assert INVOCATIONS_LIMIT < _IDS


class ComponentSublayer:
    """The invocations of all dialogues of one end."""

    def __init__(self, answered: frozenset[Code]) -> None:
        self._answered = answered
        self._timers: list[tuple[int, int, Running]] = []
        self._order = 0
        self._running = 0

    # From the user.

    def written(
        self, dialogue: Dialogue | None, components: Sequence[ComponentRequest]
    ) -> list[bytes]:
        """The components as octets; TcapError for those that cannot be sent."""
        octets = []
        new: set[int] = set()
        try:
            for one in components:
                if isinstance(one, Invocation):
                    _check_invocation(dialogue, one, new)
                    octets.append(
                        component_codec.write_invoke(
                            one.invoke_id, one.operation, one.parameter, one.linked_id
                        )
                    )
                else:
                    octets.append(component_codec.encode(one))
        except ber.BerError as error:
            raise TcapError(str(error)) from error
        return octets

    def sent(self, dialogue: Dialogue, components: Sequence[ComponentRequest], now_us: int) -> None:
        """The user has sent these in the dialogue."""
        if dialogue.waiting:
            self._settle(dialogue)
        for one in components:
            if isinstance(one, Invocation):
                self._start(dialogue, one, now_us)
            elif one.invoke_id in dialogue.unanswered and not _is_part(one):
                dialogue.unanswered.remove(one.invoke_id)

    def cancel(self, dialogue: Dialogue, invoke_id: int) -> None:
        """Forget an invocation; TcapError where there is none."""
        self._happens(dialogue, self._invocation(dialogue, invoke_id), InvocationInput.CANCEL)

    def reset_timer(self, dialogue: Dialogue, invoke_id: int, now_us: int) -> None:
        """Let its time run from now; TcapError where there is none under way."""
        running = self._invocation(dialogue, invoke_id)
        if running.state is not InvocationState.SENT:
            raise TcapError(f"invocation {invoke_id} has been answered")
        self._set_timer(running, now_us)

    def free_invoke_id(self, dialogue: Dialogue | None) -> int:
        """The next invoke id in turn that is not in use."""
        if dialogue is None:
            return FIRST_INVOKE_ID
        invoke_id = dialogue.next_invoke_id % _IDS
        while invoke_id in dialogue.invocations:
            invoke_id = (invoke_id + 1) % _IDS
        dialogue.next_invoke_id = invoke_id + 1
        return invoke_id

    def drop(self, dialogue: Dialogue) -> None:
        """The dialogue is over."""
        for running in dialogue.invocations.values():
            running.due_us = 0
        self._running -= len(dialogue.invocations)
        dialogue.invocations.clear()
        self._tidy()

    # From the far end.

    def received(
        self, dialogue: Dialogue, components: tuple[ComponentIndication, ...]
    ) -> tuple[ComponentIndication, ...]:
        """What the user is told of a message's components."""
        told = []
        seen: set[int] = set()
        for one in components:
            indication = self._indication(dialogue, one, seen)
            if indication is None:
                continue
            told.append(indication)
            if type(indication) is LocalReject:
                _queue_reject(dialogue, indication)
                if indication.problem in _GENERAL:
                    break
        return tuple(told)

    def _invoke(self, dialogue: Dialogue, invoke: Invoke, seen: set[int]) -> Invoke | LocalReject:
        invoke_id = invoke.invoke_id
        problem = None
        if invoke_id in seen or invoke_id in dialogue.unanswered:
            problem = Problem.DUPLICATE_INVOKE_ID
        elif invoke.linked_id is not None and not _is_sent(dialogue, invoke.linked_id):
            problem = Problem.UNRECOGNIZED_LINKED_ID
        elif invoke.operation in self._answered:
            if len(dialogue.unanswered) >= UNANSWERED_LIMIT:
                problem = Problem.RESOURCE_LIMITATION
            else:
                dialogue.unanswered.add(invoke_id)
        seen.add(invoke_id)
        if problem is None:
            return invoke
        return LocalReject(invoke_id, problem, component_codec.encode(invoke))

    def _indication(
        self, dialogue: Dialogue, component: ComponentIndication, seen: set[int]
    ) -> ComponentIndication | None:
        """What the user is told of one component; `seen` are the Invokes before it."""
        match component:
            case Invoke():
                return self._invoke(dialogue, component, seen)
            case ReturnResult(invoke_id, last=last):
                event = InvocationInput.RESULT if last else InvocationInput.PART
                return self._report(dialogue, component, invoke_id, event, 0x8200)
            case ReturnError(invoke_id):
                return self._report(dialogue, component, invoke_id, InvocationInput.ERROR, 0x8300)
            case Reject(rejected_id, problem):
                return self._rejected(dialogue, component, rejected_id, problem)
            case LocalReject():
                return component

    def _report(
        self,
        dialogue: Dialogue,
        component: ReturnResult | ReturnError,
        invoke_id: int,
        event: InvocationInput,
        problems: int,
    ) -> ComponentIndication:
        """A result or an error; `problems` is the first of its kind: unrecognized invoke id."""
        running = dialogue.invocations.get(invoke_id)
        action = InvocationAction.REFUSE_UNRECOGNIZED
        if running is not None:
            action = self._happens(dialogue, running, event)
        if action is InvocationAction.DELIVER:
            return component
        unexpected = action is InvocationAction.REFUSE_UNEXPECTED
        return LocalReject(
            invoke_id, Problem(problems + unexpected), component_codec.encode(component)
        )

    def _rejected(
        self, dialogue: Dialogue, reject: Reject, invoke_id: int | None, problem: int
    ) -> Reject | None:
        """The far end rejects: an invocation that has to be there, or an answer of this end's."""
        if invoke_id is None or problem not in _INVOKE_PROBLEMS:
            running = dialogue.invocations.get(invoke_id) if invoke_id is not None else None
            if running is not None and problem in _GENERAL:
                self._happens(dialogue, running, InvocationInput.REJECT)
            return reject
        running = dialogue.invocations.get(invoke_id)
        if running is None:
            return None
        action = self._happens(dialogue, running, InvocationInput.REJECT)
        return reject if action is InvocationAction.DELIVER else None

    # Timers.

    def next_due_us(self) -> int | None:
        """When the next invocation's time is over."""
        timers = self._timers
        while timers and timers[0][2].due_us != timers[0][0]:
            heapq.heappop(timers)
        return timers[0][0] if timers else None

    def take_due(self, now_us: int) -> Running | None:
        """An invocation whose time is over, with its timer stopped; None: there is none."""
        due_us = self.next_due_us()
        if due_us is None or due_us > now_us:
            return None
        return heapq.heappop(self._timers)[2]

    def expired(self, dialogue: Dialogue, running: Running) -> CancelIndication:
        """Its time is over: what the user is told."""
        action = self._happens(dialogue, running, InvocationInput.TIMER)
        assert action is InvocationAction.TELL_TIMEOUT, "only what waits for an answer has a timer"
        return CancelIndication(dialogue.number, running.invoke_id)

    def _start(self, dialogue: Dialogue, one: Invocation, now_us: int) -> None:
        length_us = one.timer_us or INVOCATION_US
        running = Running(dialogue.number, one.invoke_id, one.operation_class, length_us, 0)
        self._running += 1
        dialogue.invocations[one.invoke_id] = running
        dialogue.next_invoke_id = max(dialogue.next_invoke_id, one.invoke_id + 1)
        self._set_timer(running, now_us)

    def _set_timer(self, running: Running, now_us: int) -> None:
        running.due_us = now_us + running.timer_us
        self._order += 1
        heapq.heappush(self._timers, (running.due_us, self._order, running))
        self._tidy()

    def _tidy(self) -> None:
        """Drop timers that are no longer needed once they are many."""
        if len(self._timers) > 2 * self._running + STALE_LIMIT:
            self._timers = [entry for entry in self._timers if entry[2].due_us == entry[0]]
            heapq.heapify(self._timers)

    # Invocations.

    def _invocation(self, dialogue: Dialogue, invoke_id: int) -> Running:
        running = dialogue.invocations.get(invoke_id)
        if running is None:
            raise TcapError(f"no invocation {invoke_id} in dialogue {dialogue.number}")
        return running

    def _happens(
        self, dialogue: Dialogue, running: Running, event: InvocationInput
    ) -> InvocationAction:
        action = running.take(event)
        if running.state is InvocationState.IDLE:
            del dialogue.invocations[running.invoke_id]
            self._running -= 1
        elif running.state is InvocationState.WAITING and action is InvocationAction.DELIVER:
            dialogue.waiting.append(running)
        return action

    def _settle(self, dialogue: Dialogue) -> None:
        """What waited for the user's next message is over."""
        for running in dialogue.waiting:
            if dialogue.invocations.get(running.invoke_id) is running:
                self._happens(dialogue, running, InvocationInput.SETTLED)
        dialogue.waiting.clear()


def _check_invocation(dialogue: Dialogue | None, one: Invocation, new: set[int]) -> None:
    """Refuse an invocation that cannot be; `new` are the ids of those sent with it."""
    if one.invoke_id not in INVOKE_IDS:
        raise TcapError(f"no invoke id: {one.invoke_id}")
    if one.invoke_id in new or (dialogue is not None and _is_sent(dialogue, one.invoke_id)):
        raise TcapError(f"invoke id {one.invoke_id} is in use")
    if one.timer_us < 0:
        raise TcapError(f"an invocation timer of {one.timer_us} us")
    new.add(one.invoke_id)
    under_way = len(dialogue.invocations) if dialogue is not None else 0
    if under_way + len(new) > INVOCATIONS_LIMIT:
        raise TcapError(f"more than {INVOCATIONS_LIMIT} operations under way in a dialogue")


def _is_part(one: ComponentRequest) -> bool:
    """Whether more of the same answer follows."""
    return isinstance(one, ReturnResult) and not one.last


def _is_sent(dialogue: Dialogue, invoke_id: int) -> bool:
    """Whether this end has an operation of that id under way."""
    running = dialogue.invocations.get(invoke_id)
    return running is not None and running.state is InvocationState.SENT


def _queue_reject(dialogue: Dialogue, rejected: LocalReject) -> None:
    """Let a Reject go with the user's next message; what is a Reject is never rejected."""
    a_reject = rejected.component[:1] == bytes((component_codec.REJECT,))
    if not a_reject and len(dialogue.rejects) < REJECTS_LIMIT:
        dialogue.rejects.append(Reject(rejected.invoke_id, rejected.problem))
