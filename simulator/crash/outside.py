"""The world outside the process that is killed: other elements, the telephones, the client.

It never dies, and it keeps its own books: the telephones' diary, the journal of the elements
outside, and what the client was told. It drives the process inside in lockstep (see `wires`),
notices when that has ended, breaks its wires, and after a while starts the next life.
"""

import os
import random
from collections.abc import Callable
from pathlib import Path

from calleq.journal.memory import MemoryJournal
from calleq.lines.messages import LineMessage
from calleq.lines.q931 import decode, encode
from calleq.runtime.clock import Timer, VirtualClock
from calleq.telephones.table import State
from calleq.telephones.telephone import Telephone
from calleq.topology import home_switch
from calleq.units import SECOND_US
from simulator.crash.disks import KILLED_STATUS
from simulator.crash.inside import Life, live
from simulator.crash.side import Side
from simulator.crash.wires import Audit, Channel, Done, EndedError, Kind, Run, Sent, Standing
from simulator.crash.world import FAR, LONGEST_CALL_US, START_US, WIRE_US, Manner, Message, World

DOWN_US = 2 * SECOND_US
"""Between the end of one life and the beginning of the next."""
RESET_ROUND_US = 10 * SECOND_US
"""After which a call that died with the whole network has left no telephone off the hook."""
POST_AGAIN_US = SECOND_US
POSTS_LIMIT = 20
SETTLE_US = 2 * LONGEST_CALL_US
"""Until everything is over, after the last message or the last life's beginning."""


class FaultError(Exception):
    """The process inside ended by itself: a fault of calleq's or of this harness's."""


class _Subscriber:
    """Who is at a telephone; fulfils `Occupant`."""

    def __init__(self, phone: Telephone, manner: Manner, clock: VirtualClock) -> None:
        self._phone = phone
        self._manner = manner
        self._clock = clock
        self._next: Timer | None = None

    def telephone_rings(self) -> None:
        after_us = self._manner.answers_after_us
        if after_us is not None:
            self._next = self._clock.call_later_us(after_us, self._phone.pick_up)

    def telephone_connected(self) -> None:
        after_us = self._manner.leaves_after_us
        self._next = self._clock.call_later_us(after_us, self._phone.hang_up)

    def telephone_off_hook(self) -> None:
        """There is nothing to hear here."""

    def telephone_stopped_ringing(self) -> None:
        self._forget()

    def telephone_put_down(self) -> None:
        """These people hang up for good."""

    def telephone_hung_up(self) -> None:
        self._forget()

    def telephone_free(self) -> None:
        """Nothing is kept for it."""

    def _forget(self) -> None:
        if self._next is not None:
            self._next.cancel()


class _Client:
    """Posts its messages until each is accepted, and notes every call it was promised."""

    def __init__(
        self, messages: tuple[Message, ...], clock: VirtualClock, post: Callable[[Message], object]
    ) -> None:
        self.promised: dict[str, list[str]] = {message.key: [] for message in messages}
        """By key, the call named in each 202."""
        self.posts = 0
        self._messages = {message.key: message for message in messages}
        self._clock = clock
        self._post = post
        self._waiting: dict[str, Timer] = {}
        for message in messages:
            clock.call_later_us(message.at_us, self._try, message, POSTS_LIMIT)

    def _try(self, message: Message, tries_left: int) -> None:
        self.posts += 1
        self._post(message)
        if tries_left:
            self._waiting[message.key] = self._clock.call_later_us(
                POST_AGAIN_US, self._try, message, tries_left - 1
            )

    def answered(self, key: str, status: int, call: str) -> None:
        if status != 202:
            return  # busy, or still in progress: it is posted again
        first = not self.promised[key]
        self.promised[key].append(call)
        waiting = self._waiting.pop(key, None)
        if waiting is not None:
            waiting.cancel()
        again_us = self._messages[key].again_after_us
        if first and again_us is not None:
            self._clock.call_later_us(again_us, self._try, self._messages[key], 0)


class Outside:
    """One world from its first message to its rest, over as many lives as kills make it."""

    def __init__(self, world: World, journal: Path, fatal_steps: tuple[int, ...]) -> None:
        """`fatal_steps`: at which durable step the first, second … life ends; the next: at none."""
        self.world = world
        self.journal = journal
        self.lives = 0
        self.lingering = 0
        """Telephones that a dead network's call still held a reset round after its restart."""
        self.clock = VirtualClock(START_US)
        self.memory = MemoryJournal(self.clock)
        """The journal of everything outside."""
        self._fatal_steps = fatal_steps
        self._channel: Channel | None = None
        self._process = 0
        self._inside_due_us: int | None = None
        self._queue: list[Sent] = []
        self.side = Side(world, world.outside, self.clock, self._put)
        self.side.build(self.memory, random.Random(f"{world.seed} outside"))
        self.telephones = {line.number: self._install(line.number) for line in world.topology.lines}
        self.client = _Client(
            world.messages, self.clock, lambda message: self.side.post(message.key, message.body)
        )
        self.side.on_answer(self.client.answered)

    @property
    def options(self) -> str:
        """How `calleq-sim crash` is asked for this very world and these kills."""
        steps = ",".join(str(step) for step in self._fatal_steps) or "0"
        return f"--seed {self.world.seed} --at {steps}"

    def run(self) -> Standing:
        """Live through it all. Raises FaultError."""
        messages_over_us = max(message.at_us for message in self.world.messages) + SECOND_US
        while True:
            self._begin_life()
            try:
                self._run_until(max(messages_over_us, self.clock.monotonic_us()) + SETTLE_US)
                return self._audit()
            except EndedError:
                self._life_ended()

    def telephones_off_hook(self) -> int:
        """Telephones that still believe in a call."""
        return len(self._off_hook())

    def _off_hook(self) -> list[str]:
        phones = self.telephones.items()
        return [number for number, phone in phones if phone.state is not State.ON_HOOK]

    # What lies outside.

    def _install(self, number: str) -> Telephone:
        switch = home_switch(self.world.topology, number)
        assert switch is not None

        def send(message: LineMessage) -> None:
            self.side.to_switch(switch, number, encode(message))

        manner = self.world.manners.get(number, Manner())
        note = self.side.diary.note
        phone = Telephone(number, self.clock, send, note, rejects=manner.rejects)
        phone.seat(_Subscriber(phone, manner, self.clock))

        def receive(octets: bytes) -> None:
            phone.receive(decode(octets))

        self.side.plug_in(switch, number, receive)
        return phone

    def _put(self, kind: Kind, place: str, far: str, octets: bytes) -> None:
        """While nobody lives inside, nothing gets there."""
        if self._channel is not None:
            self._queue.append(Sent(self.clock.monotonic_us(), kind, place, far, octets))

    # The process inside.

    def _begin_life(self) -> None:
        fatal = self._fatal_steps[self.lives] if self.lives < len(self._fatal_steps) else 0
        self.lives += 1
        orders_read, orders_write = os.pipe()
        reports_read, reports_write = os.pipe()
        life = Life(self.journal, self.clock.monotonic_us(), fatal)
        self._process = os.fork()
        if self._process == 0:
            os.close(orders_write)
            os.close(reports_read)
            live(self.world, Channel(orders_read, reports_write), life)
        os.close(orders_read)
        os.close(reports_write)
        self._channel = Channel(reports_read, orders_write)
        try:
            self._take_reports()
        except EndedError:
            self._life_ended()
            self._begin_life()
            return
        self.side.other_side(there=True)
        if self.world.outside == {FAR} and self.lives > 1:
            self.clock.call_later_us(RESET_ROUND_US, self._count_lingering, self._off_hook())

    def _life_ended(self) -> None:
        """Nobody is inside any more: the wires break, and time passes."""
        assert self._channel is not None
        self._channel.close()
        self._channel = None
        self._queue.clear()
        _, status = os.waitpid(self._process, 0)
        if os.waitstatus_to_exitcode(status) != KILLED_STATUS:
            raise FaultError(f"world {self.world.seed}, life {self.lives} ended by itself")
        self.side.other_side(there=False)
        # What was on its way to a telephone arrives; that the line is broken shows only then.
        self.clock.advance_us(WIRE_US)
        for line in self.world.topology.lines:
            if home_switch(self.world.topology, line.number) in self.world.inside:
                self.telephones[line.number].lose_line()
        self.clock.advance_us(DOWN_US)

    def _count_lingering(self, off_hook_then: list[str]) -> None:
        self.lingering += len(set(off_hook_then) & set(self._off_hook()))

    def _run_until(self, limit_us: int) -> None:
        """Let time pass on both sides, in steps that no wire is quicker than."""
        clock = self.clock
        assert self._channel is not None
        while (now_us := clock.monotonic_us()) < limit_us:
            due_us = [sent.at_us + WIRE_US for sent in self._queue]
            due_us += [
                due for due in (clock.next_of_all_us(), self._inside_due_us) if due is not None
            ]
            first_us = min(due_us, default=limit_us)
            end_us = min(max(first_us, now_us) + WIRE_US - 1, limit_us)
            arriving, self._queue = self._queue, []
            self._channel.send(Run(end_us, arriving))
            clock.advance_us(end_us - now_us)
            self._take_reports()

    def _take_reports(self) -> None:
        """Everything that came out, until the inside is done. Raises EndedError."""
        assert self._channel is not None
        now_us = self.clock.monotonic_us()
        while True:
            report = self._channel.receive()
            match report:
                case Sent():
                    due_us = report.at_us + WIRE_US
                    self.clock.call_later_us(max(0, due_us - now_us), self.side.arrives, report)
                case Done():
                    self._inside_due_us = report.next_due_us
                    return
                case _:
                    raise AssertionError(f"no report: {report}")

    def _audit(self) -> Standing:
        assert self._channel is not None
        calls = sorted({call for given in self.client.promised.values() for call in given})
        self._channel.send(Audit(calls))
        standing = self._channel.receive()
        assert isinstance(standing, Standing)
        self._channel.close()
        self._channel = None
        os.waitpid(self._process, 0)
        return standing
