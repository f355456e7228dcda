"""A door of the carrier: what stands between the internet and what makes calls.

Access server 72 has one towards the OSN; a peripheral or a switch with an interface of its own to
the internet has one inside. A door owns the way from an accepted message to a set-up instruction at
whatever it instructs, and what is known of each call since. Nothing goes inside that the intake
(`calleq.intake`) has not accepted durably. It dials nothing and knows no circuit.

Instructions are repeated until they are taken, and equipment is audited (`sending`). After a
restart every accepted call without an end is sent again. The door writes `Ended` to its journal as
well, so that it knows its own calls from its own journal; where it shares the journal with the
equipment and a crash came between the two, it writes its own at the restart.

From inside it takes the messages about a call and the answers to orders; anything else is counted
and ignored.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Literal, assert_never

from calleq.accounts import Accounts
from calleq.accounts.principal import Principal
from calleq.call.consent import OPTED_OUT
from calleq.call.one_time_code import OneTimeCodes
from calleq.causes import Q850
from calleq.door.again import Again, SwitchOf
from calleq.door.calls import Calls
from calleq.door.control import Answer
from calleq.door.finding import Wish
from calleq.door.instruction import Instructing
from calleq.door.internet_tap import InternetTap
from calleq.door.later import Answer as ChangeAnswer
from calleq.door.later import Later
from calleq.door.ordering import Ordering
from calleq.door.parts import Parts
from calleq.door.problems import NO_SUBSCRIBER
from calleq.door.recovery import Recovery, recovery_of
from calleq.door.replies import Reply, accepted, declined, with_room
from calleq.door.sending import Sending
from calleq.door.timeline import Timeline
from calleq.door.told_code import told_code
from calleq.intake import Admitted, Declined, Intake, Outcome
from calleq.intake.contract import Ending
from calleq.journal.contract import Journal
from calleq.journal.entries import Accepted, Charged, Ended, Stamped
from calleq.messages.answers import CallView, EventPage
from calleq.messages.new_time import NewTime
from calleq.osn.contract import Bus
from calleq.osn.messages import (
    AddParty,
    AskForCall,
    CallEnded,
    CallProgress,
    CircuitsJoined,
    ControlCall,
    ControlDone,
    ControlRefused,
    JoinCircuits,
    LineFree,
    OsnError,
    SetUpCall,
    SetUpRefused,
    SetUpTaken,
    WatchLine,
    decode,
)
from calleq.osn.orders import Order as CallOrder
from calleq.runtime.clock import Clock
from calleq.runtime.tap import Tap
from calleq.schedule import Schedule
from calleq.topology import Business
from calleq.web.problems import ProblemDetail


class Door:
    """One door."""

    def __init__(
        self,
        name: str,
        instructs: str,
        *,
        accounts: Accounts,
        intake: Intake,
        bus: Bus,
        journal: Journal,
        clock: Clock,
        tap: Tap,
        ring_limit_us: int,
        supplied: Mapping[str, dict[str, str]] | None = None,
        schedule: Schedule | None = None,
        switch_of: SwitchOf = lambda number: "",
        codes: OneTimeCodes | None = None,
    ) -> None:
        """`name` is the door's in the journal and on the bus, `instructs` the element that gets
        its instructions: the switch, or what makes calls in its place. The equipment address that
        messages must say is the intake's. `supplied` are the keys of what businesses supplied, by
        business and purpose. `schedule` keeps the calls that are made later; None: in memory.
        `switch_of` says who can tell when a busy line is free; `codes` makes one-time codes, None:
        there are none."""
        self.name = name
        self.instructs = instructs
        self._accounts = accounts
        self._intake = intake
        self._journal = journal
        self._clock = clock
        self._instructing = Instructing(
            name, ring_limit_us, supplied or {}, intake.may_dial, intake.beside.guards, codes
        )
        self._codes = codes
        self._internet = InternetTap(tap, name)
        self._calls = Calls()
        self._sending = Sending(name, instructs, bus, clock)
        self._ordering = Ordering(
            name, bus, clock, sending=self._sending, accounts=accounts, intake=intake
        )
        parts = Parts(name, self._calls, accounts, intake, bus, journal, clock)
        self.later = Later(parts, Schedule(clock) if schedule is None else schedule, self)
        self._again = Again(parts, self.later, switch_of)
        self._recovery = Recovery()
        """Of the journal of before, between `read` and `resume`."""
        self.ignored: Counter[str] = Counter()
        """Messages from inside that meant nothing, by kind."""
        self.ended: Counter[str] = Counter()
        """Calls that ended since the start, by final state."""
        bus.attach(name, self.receive)

    # Internet side

    def submit(
        self,
        body: bytes,
        headers: Mapping[str, str],
        peer: str,
        answer: Callable[[Reply], object],
        *,
        figure: Literal[8, 9] = 8,
        principal: Principal | None = None,
    ) -> None:
        """One message of figure 8 or 9, raw; header names lower-case, `peer` an IP address.

        `principal` as in `Intake.submit`. `answer` is called once. With 202 the call is durable
        and, where it is due, its instruction has left.
        """
        arrived_us = self._clock.now_us()

        def decided(outcome: Outcome) -> None:
            call = outcome.call if isinstance(outcome, Admitted) else None
            self._internet.request(call, figure, body, arrived_us)
            self._decided(outcome, answer)

        problem = self._calls.refusal()
        if problem is not None:
            decided(Declined(problem, problem.code))
        else:
            self._intake.submit(body, headers, peer, decided, figure=figure, principal=principal)

    def now_us(self) -> int:
        """The time at the door."""
        return self._clock.now_us()

    def knows(self, call: str) -> bool:
        """Whether a call is remembered; one that ended long ago may have to be recalled."""
        return self._find(call) is not None

    def recall(self, call: str, entries: Iterable[Stamped]) -> None:
        """Remember a call again by what its journal says of it, oldest entry first."""
        self._calls.recall(call, self.name, entries)

    def call(self, call: str, business: str | None) -> CallView | None:
        """The call; None when that business (None: any) has no such call that is remembered."""
        timeline = self._own(call, business)
        return None if timeline is None else timeline.view()

    def events(self, call: str, business: str | None, after: int) -> EventPage | None:
        """The call's events after the one numbered `after` (0: all); None as in `call`."""
        timeline = self._own(call, business)
        return None if timeline is None else timeline.page(max(after, 0))

    def charged(self, entry: Charged) -> None:
        """What a call cost has been written."""
        timeline = self._calls.find(entry.call)
        if timeline is not None:
            timeline.charge = entry
            self._calls.changed(timeline)

    def add_party(
        self, call: str, business: str | None, number: str
    ) -> bool | ProblemDetail | None:
        """Have a third party dialled and joined; False when the call is not bridged, a problem
        when the number must not be dialled, None as in `call`. What becomes of it is told by the
        call's events."""
        timeline = self._own(call, business)
        if timeline is None:
            return None
        return self._ordering.add_party(timeline, number, business or "operator")

    def control(
        self, call: str, business: str | None, order: CallOrder, answer: Answer, command: str = ""
    ) -> None:
        """Have an order carried out; `answer` is told once, with None or why it was refused.

        `business` None: by the operator, whosever call it is. `command` names the order: the same
        name again is the same order, not carried out twice.
        """
        timeline = self._own(call, business)
        self._ordering.control(timeline, order, answer, command, business or "operator")

    def cancel(self, call: str, business: str | None, by: Principal, answer: ChangeAnswer) -> None:
        """Cancel a call before it is begun; `answer` is told once, with None when the call has
        ended durably, or with why not: it has been begun already, or has ended. `business` None:
        by the carrier, whosever call it is."""
        self.later.cancel(call, business, by, answer)

    def reschedule(
        self, call: str, business: str | None, new: NewTime, by: Principal, answer: ChangeAnswer
    ) -> None:
        """Have a call that has not been begun made at another time, which its business's calendar
        must allow; `business` and `answer` as in `cancel`."""
        self.later.reschedule(call, business, new, by, answer)

    def matching(self, wish: Wish, before: str, limit: int) -> list[CallView]:
        """The calls in memory that fit, the newest first, behind the one named `before`."""
        return [timeline.view() for timeline in self._calls.matching(wish, before, limit)]

    def as_it_is(self, view: CallView, wish: Wish) -> CallView | None:
        """A call of an older list as it is now; None when it does not fit any more."""
        timeline = self._calls.get(view.call)
        if timeline is None:
            return view
        return timeline.view() if wish.fits(timeline) else None

    @property
    def draining(self) -> bool:
        """Whether it takes no message and begins no call; calls that go on do so."""
        return self._calls.draining

    @draining.setter
    def draining(self, drains: bool) -> None:
        self._calls.draining = drains

    def going_on(self) -> list[str]:
        """The references of the calls that have not ended, the earliest accepted first."""
        return [timeline.call for timeline in self._calls.live()]

    @property
    def intake(self) -> Intake:
        """What messages pass on their way in."""
        return self._intake

    def states(self) -> Counter[str]:
        """How many calls that have not ended are in which state."""
        return Counter(timeline.state for timeline in self._calls.live())

    def watch(self, call: str, notify: Callable[[], object]) -> Callable[[], None] | None:
        """Call `notify` at the call's next event; the result forgets it. None: too many wait."""
        return self._calls.watch(call, notify)

    # Inside the carrier

    def receive(self, sender: str, octets: bytes) -> None:
        """A message from the OSN, or from the door's own equipment."""
        try:
            message = decode(octets)
        except OsnError:
            self.ignored["undecodable"] += 1
            return
        if isinstance(message, LineFree):
            self.ignored["late_line_free"] += not self._again.line_free(message)
            return
        timeline = self._calls.get(message.call)
        if timeline is None:
            self.ignored["unknown_call"] += 1
            return
        match message:
            case CallProgress():  # by far the most frequent
                if not self._sending.is_taken(message.call):
                    self._has_it(sender, timeline)
                timeline.progressed(message)
                if message.event == OPTED_OUT:
                    self._opted_out(timeline)
            case SetUpTaken():
                self._has_it(sender, timeline)
                timeline.taken()
            case SetUpRefused():
                now_us = self._clock.now_us()
                self.end(timeline, "failed", message.cause, now_us, message.reason)
            case CallEnded():
                end = message
                self.end(timeline, end.state, end.cause, end.at_us, end.detail)
                if end.detail == OPTED_OUT:
                    self._opted_out(timeline)
            case ControlDone() | ControlRefused():
                if not self._ordering.answered(message):
                    self.ignored["late_answer"] += 1
            case (
                SetUpCall()
                | AskForCall()
                | AddParty()
                | ControlCall()
                | JoinCircuits()
                | CircuitsJoined()
                | WatchLine()
            ):
                self.ignored[str(message.__struct_config__.tag)] += 1
            case _:
                assert_never(message)
        self._calls.changed(timeline)

    def restart(self, entries: Sequence[Stamped]) -> int:
        """Take up the journal of before, oldest entry first, alone in its process; how many
        instructions left again."""
        self._intake.beside.restore(chain(self.later.kept(), self.read(entries)))
        return self.resume()

    def read(self, entries: Sequence[Stamped]) -> list[Stamped]:
        """Know the calls of before, oldest entry first, and act on none; `resume` does. Told are
        the entries by which what stands beside the intake is to be restored meanwhile."""
        self._intake.begin_with(self.later.keys())
        past = self.later.restore(entries)
        entries = [*past.acceptances, *entries] if past.acceptances else entries
        found = self._recovery = recovery_of(self.name, entries, past.waiting, past.cancelled)
        for stamped in found.own:
            self._intake.restore(stamped)
        self._calls.restore(entries, self.name, found.ended, past.waiting)
        return found.own

    def resume(self) -> int:
        """Go on where the door of before stopped; how many instructions left again."""
        found, self._recovery = self._recovery, Recovery()
        for end in found.unwritten.values():
            self._journal.append(self.name, end)
        for order in found.orders.values():
            self._set_up_again(order, is_cancelled=order.call in found.cancelled)
        self._again.restart(self._calls.ended_lately())
        self.later.start()
        return len(found.orders)

    # Its own

    def _decided(self, outcome: Outcome, answer: Callable[[Reply], object]) -> None:
        call = outcome.call if isinstance(outcome, Admitted) else None
        match outcome:
            case Admitted():
                if outcome.acceptance is not None:
                    acceptance = outcome.acceptance
                    if acceptance.entry.due_us:
                        self.later.accepted(acceptance)
                    else:
                        self.later.passed(acceptance.sequence)
                        self._calls.begin(acceptance.entry, acceptance.at_us)
                        self.set_up(acceptance.entry, acceptance.business)
                reply = accepted(outcome, told_code(self._codes, outcome, self._find))
            case Declined():
                reply = declined(outcome.problem, replayed=outcome.replayed)
            case _:
                assert_never(outcome)
        reply = with_room(reply, self._intake.room_of(outcome.business))
        self._internet.answer(call, reply.status, reply.view, self._clock.now_us())
        answer(reply)

    def _set_up_again(self, entry: Accepted, *, is_cancelled: bool) -> None:
        business = self._accounts.business(entry.business)
        timeline = self._calls.get(entry.call)
        assert timeline is not None, "restart began every call it sends again"
        now_us = self._clock.now_us()
        if is_cancelled:
            self.end(timeline, "canceled", Q850.NORMAL, now_us)
        elif business is None:
            self.end(timeline, "blocked", Q850.NOT_SUBSCRIBED, now_us, NO_SUBSCRIBER)
        elif (reason := self.later.forbidden(entry, business)) is not None:
            self.end(timeline, "blocked", Q850.REJECTED, now_us, reason)
        else:
            self.set_up(entry, business)
            return
        self._calls.changed(timeline)

    def set_up(self, entry: Accepted, business: Business) -> None:
        """Have equipment make an accepted call."""
        self._sending.send(self._instructing.of(entry, business, self._clock.now_us()))

    def _has_it(self, equipment: str, timeline: Timeline) -> None:
        if not timeline.final:
            self._sending.taken(timeline.call, equipment)

    def end(self, timeline: Timeline, state: str, cause: int, at_us: int, detail: str = "") -> None:
        """Give a call its final state, unless it has one."""
        self._sending.over(timeline.call)
        if timeline.ended(state, cause, at_us, detail):
            self.ended[state] += 1
            entry = Ended(timeline.call, state, cause, detail)
            self._journal.append(self.name, entry, self.later.over(timeline))
            self._tell_of(timeline, state, cause, at_us)
            self._again.ended(timeline)
        else:
            self.ignored["second_end"] += 1

    def _tell_of(self, timeline: Timeline, state: str, cause: int, at_us: int) -> None:
        """Guards and charging learn of the end."""
        dialled = any(event.event == "dialled" for event in timeline.events)
        ending = Ending(timeline.business, timeline.customer_number, state, cause, at_us, dialled)
        self._intake.beside.guards.ended(timeline.call, ending)
        self._intake.beside.charging.ended(timeline.call, ending)

    def _opted_out(self, timeline: Timeline) -> None:
        """Its event says so at once; its end again, lest the event was lost."""
        self._intake.do_not_call.add(timeline.business, timeline.customer_number, timeline.call)

    def _find(self, call: str) -> Timeline | None:
        return self._calls.find(call) or self.later.timeline(call)

    def _own(self, call: str, business: str | None) -> Timeline | None:
        timeline = self._find(call)
        return timeline if timeline and business in (None, timeline.business) else None
