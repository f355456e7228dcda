"""Calling logic 80: takes set-up instructions from the OSN and drives one call for each.

An instruction is taken when it is journalled (`Undertaken`), and `SetUpTaken` says so to the
element that wants the call's events; that element may send it again and gets the same answer, and
the call's end if it has ended; asked about a call (`AskForCall`) it says the same. A call is never
set up twice for it. The call begins at once: its
first dialling is journalled behind the instruction, so that one write makes both durable, and
nothing is told before.

It refuses: octets that are no OSN message and messages that are no instruction (`discarded`), more
than `CALLS_LIMIT` calls at once (`SetUpRefused`, cause 42).

After a restart an instruction that had no dialling is carried out; one that had any is ended,
`failed`, cause 41, detail `restart`: nobody is called a second time. Ends of the last `RETELL_US`
before the crash are told again, because an end is durable before it leaves.
"""

from collections import OrderedDict
from collections.abc import Iterable

import msgspec

from calleq.acd.capacity import Capacity
from calleq.call.consent import OPTED_OUT
from calleq.calling_logic.driver import CallDriver
from calleq.calling_logic.means import Means
from calleq.calling_logic.orders import Orders
from calleq.calling_logic.recordings import Recordings
from calleq.causes import Q850
from calleq.journal.entries import Dialled, Ended, Progress, Stamped, Undertaken
from calleq.osn.contract import Bus
from calleq.osn.messages import (
    AddParty,
    AskForCall,
    CallEnded,
    CallProgress,
    ControlCall,
    OsnError,
    OsnMessage,
    SetUpCall,
    SetUpRefused,
    SetUpTaken,
    decode,
    encode,
)
from calleq.units import MINUTE_US

CALLS_LIMIT = 20_000
"""Calls at once; far beyond the circuits of a trunk group, against a flood of instructions."""
ENDED_LIMIT = 10_000
"""Ended calls that are remembered, to answer an instruction that comes again."""
RETELL_US = 10 * MINUTE_US
"""Far longer than the OSN keeps a message that it can deliver."""


class _Undertaking:
    """One instruction on its way: what is to be told waits until it is durable."""

    __slots__ = ("call", "is_durable", "waiting")

    def __init__(self, is_durable: bool) -> None:
        self.is_durable = is_durable
        self.waiting: list[CallProgress] = []
        self.call: CallDriver | None = None


class CallingLogic:
    """Every call of one peripheral."""

    def __init__(self, means: Means, bus: Bus) -> None:
        self._means = means
        self._bus = bus
        self._undertakings: dict[str, _Undertaking] = {}
        self._ended: OrderedDict[str, CallEnded] = OrderedDict()
        self._orders = Orders(means, self._going_on, self._send)
        self._capacity = Capacity(means.representatives)
        self.discarded = 0
        self.refused = 0
        self.repeated = 0

    def __len__(self) -> int:
        """How many calls have not ended."""
        return len(self._undertakings)

    @property
    def recordings(self) -> Recordings | None:
        """What was recorded here; None: nothing is."""
        return self._means.recordings

    def state(self, call: str) -> str | None:
        """What a call is doing, as a word; None when it has ended or never was."""
        undertaking = self._undertakings.get(call)
        driver = undertaking.call if undertaking is not None else None
        return driver.state if driver is not None else None

    def receive(self, sender: str, octets: bytes) -> None:
        """A message from the OSN."""
        try:
            message = decode(octets)
        except OsnError:
            self.discarded += 1
            return
        if isinstance(message, AskForCall):
            self._answer(message)
        elif isinstance(message, AddParty):
            self._add_party(message)
        elif isinstance(message, ControlCall):
            self._orders.receive(message)
        elif not isinstance(message, SetUpCall):
            self.discarded += 1
        elif message.call in self._undertakings or message.call in self._ended:
            self._repeat(message)
        elif len(self._undertakings) >= CALLS_LIMIT:
            self.refused += 1
            reason = f"{self._means.name} has {CALLS_LIMIT} calls already"
            self._send(message.answer_to, SetUpRefused(message.call, Q850.CONGESTION, reason))
        else:
            self._undertake(message)

    def _going_on(self, call: str) -> CallDriver | None:
        undertaking = self._undertakings.get(call)
        return None if undertaking is None else undertaking.call

    def _add_party(self, message: AddParty) -> None:
        undertaking = self._undertakings.get(message.call)
        if undertaking is None or undertaking.call is None:
            self.discarded += 1
        else:
            undertaking.call.control.add_party(message.number)

    def cancel(self, call: str) -> bool:
        """End a call because its business wants so; False when there is none."""
        undertaking = self._undertakings.get(call)
        if undertaking is None or undertaking.call is None:
            return False
        undertaking.call.cancel()
        return True

    def lose_all(self, cause: int = Q850.TEMPORARY_FAILURE) -> None:
        """What every call is made with (circuits, voice) is lost: each fails with `cause`."""
        for undertaking in tuple(self._undertakings.values()):
            if undertaking.call is not None:
                undertaking.call.lose(cause)

    def restart(self, entries: Iterable[Stamped]) -> int:
        """Take up the journal of before, oldest first; how many calls are set up again.

        Raises msgspec.ValidationError for an instruction that this version cannot read.
        """
        entries = list(entries)
        if self._means.recordings is not None:
            self._means.recordings.restore(entries)
        undertaken: dict[str, dict[str, object]] = {}
        dialled: set[str] = set()
        opted_out: set[str] = set()
        ends: list[tuple[CallEnded, dict[str, object]]] = []
        last_us = 0
        for stamped in entries:
            if stamped.entity != self._means.name:
                continue
            last_us = stamped.at_us
            match stamped.entry:
                case Undertaken() as entry:
                    undertaken[entry.call] = entry.instruction
                case Dialled() as entry:
                    dialled.add(entry.call)
                case Progress(event="collected", detail=detail) as entry if detail == OPTED_OUT:
                    opted_out.add(entry.call)
                case Ended() as entry:
                    end = CallEnded(
                        entry.call, entry.state, entry.cause, stamped.at_us, entry.detail
                    )
                    self._remember(end)
                    dialled.discard(entry.call)
                    opted_out.discard(entry.call)
                    instruction = undertaken.pop(entry.call, None)
                    if instruction is not None:
                        ends.append((end, instruction))
                case _:
                    pass
        self._retell(ends, last_us)
        again = 0
        for call, instruction in undertaken.items():
            message = msgspec.convert(instruction, SetUpCall)
            if call in dialled:
                self._end_interrupted(message, OPTED_OUT if call in opted_out else "")
            else:
                again += 1
                self._begin(message, _Undertaking(is_durable=True))
        return again

    def _retell(self, ends: list[tuple[CallEnded, dict[str, object]]], last_us: int) -> None:
        for end, instruction in ends:
            if end.at_us >= last_us - RETELL_US:
                self._send(msgspec.convert(instruction, SetUpCall).answer_to, end)

    def _answer(self, message: AskForCall) -> None:
        """Say that a call goes on, or how it ended; one that nobody knows any more has failed."""
        call = message.call
        undertaking = self._undertakings.get(call)
        if undertaking is None:
            end = self._ended.get(call)
            if end is None:
                end = CallEnded(call, "failed", Q850.TEMPORARY_FAILURE, self._means.clock.now_us())
            self._send(message.answer_to, end)
        elif undertaking.is_durable:
            self._send(message.answer_to, SetUpTaken(call, self._means.name))

    def _repeat(self, message: SetUpCall) -> None:
        self.repeated += 1
        end = self._ended.get(message.call)
        undertaking = self._undertakings.get(message.call)
        if end is not None or (undertaking is not None and undertaking.is_durable):
            self._taken(message)
        if end is not None:
            self._send(message.answer_to, end)

    def _undertake(self, message: SetUpCall) -> None:
        undertaking = _Undertaking(is_durable=False)

        def durable() -> None:
            undertaking.is_durable = True
            self._taken(message)
            for event in undertaking.waiting:
                self._send(message.answer_to, event)
            undertaking.waiting.clear()

        means = self._means
        instruction: dict[str, object] = msgspec.to_builtins(message)
        means.journal.append(means.name, Undertaken(message.call, instruction), durable)
        self._begin(message, undertaking)

    def _begin(self, message: SetUpCall, undertaking: _Undertaking) -> None:
        def tell(event: CallProgress) -> None:
            if undertaking.is_durable:
                self._send(message.answer_to, event)
            else:
                undertaking.waiting.append(event)

        def ended(end: CallEnded) -> None:
            del self._undertakings[end.call]
            self._orders.call_over(end.call)
            undertaking.call = None  # they know each other: let both go at once
            self._remember(end)
            self._send(message.answer_to, end)

        self._undertakings[message.call] = undertaking
        undertaking.call = CallDriver(self._means, message, tell, ended, self._capacity)
        undertaking.call.start()

    def _end_interrupted(self, message: SetUpCall, answered: str) -> None:
        """End a call that had been dialled when the process ended; circuits are reset elsewhere.

        What its customer `answered` is not lost with it.
        """
        means, call, cause = self._means, message.call, Q850.TEMPORARY_FAILURE
        now_us = means.clock.now_us()
        progress = CallProgress(call, "failed", now_us, cause=cause, detail="restart")
        end = CallEnded(call, "failed", cause, now_us, answered)
        self._undertakings[call] = _Undertaking(is_durable=True)

        def durable() -> None:
            del self._undertakings[call]
            self._remember(end)
            self._send(message.answer_to, progress)
            self._send(message.answer_to, end)

        means.journal.append(means.name, Progress(call, "failed", cause=cause, detail="restart"))
        means.journal.append(means.name, Ended(call, "failed", cause, answered), durable)

    def _remember(self, end: CallEnded) -> None:
        self._ended[end.call] = end
        if len(self._ended) > ENDED_LIMIT:
            self._ended.popitem(last=False)

    def _taken(self, message: SetUpCall) -> None:
        self._send(message.answer_to, SetUpTaken(message.call, self._means.name))

    def _send(self, receiver: str, message: OsnMessage) -> None:
        self._bus.send(self._means.name, receiver, encode(message))
