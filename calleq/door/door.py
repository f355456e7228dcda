"""A door of the carrier: what stands between the internet and what makes calls.

Access server 72 has one towards the OSN. It owns the way from an accepted message to a set-up
instruction at the switch it was given, and what is known of each call since. Nothing reaches the
OSN that the intake (`calleq.intake`) has not accepted durably. It dials nothing and knows no
circuit.

An instruction is sent again until equipment says it has it (equipment takes a call once, by its
reference), first after `RESEND_FIRST_US`, then ever more rarely, for as long as the call is not
taken: only the equipment can say that a call will not be made. After a restart every accepted call
without an end is sent again. Equipment from which nothing final has come for `AUDIT_US` is asked
about the call, and again, so that a call whose end was lost on its way ends here as well. The
server writes `Ended` to its journal as well, so that it knows its own calls from its own journal;
where it shares the journal with the equipment and a crash came between the two, it writes its own
at the restart.

From the OSN it takes the messages about a call and the answers to orders; anything else is counted
and ignored.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, assert_never

import msgspec

from calleq.accounts import Accounts
from calleq.accounts.principal import Principal
from calleq.call.consent import OPTED_OUT
from calleq.causes import Q850
from calleq.door.calls import Calls
from calleq.door.control import Answer, Controls
from calleq.door.internet_tap import InternetTap
from calleq.door.timeline import Timeline
from calleq.intake import Admitted, Declined, Intake, Order, Outcome, errors
from calleq.intake.contract import Ending
from calleq.intake.errors import BUSY
from calleq.journal.contract import Journal
from calleq.journal.entries import Accepted, DoNotCall, Ended, Stamped
from calleq.messages.answers import (
    CallAccepted,
    CallView,
    EventPage,
    ProblemView,
)
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
    OsnError,
    SetUpCall,
    SetUpRefused,
    SetUpTaken,
    decode,
    encode,
)
from calleq.osn.orders import Order as CallOrder
from calleq.runtime.clock import Clock, Timer
from calleq.runtime.tap import Tap
from calleq.topology import Business, Topology
from calleq.topology_equipment import instructed
from calleq.units import SECOND_US
from calleq.web.problems import ProblemDetail

RESEND_FIRST_US = 5 * SECOND_US
RESEND_LONGEST_US = 60 * SECOND_US
AUDIT_US = 300 * SECOND_US
"""Equipment is asked about a call that it has taken and not ended for so long."""


class Reply(msgspec.Struct, frozen=True):
    """What is answered to a submitted message; `view` is the body."""

    status: int
    view: CallAccepted | ProblemView
    headers: tuple[tuple[str, str], ...] = ()


class Door:
    """One door."""

    def __init__(
        self,
        topology: Topology,
        accounts: Accounts,
        intake: Intake,
        bus: Bus,
        journal: Journal,
        clock: Clock,
        tap: Tap,
        supplied: Mapping[str, dict[str, str]] | None = None,
    ) -> None:
        """`supplied` are the keys of what businesses supplied, by business and purpose."""
        self.name = topology.access_server.name
        self._switch = instructed(topology)
        """Whom instructions are sent to: the switch, or what makes calls in its place."""
        self._ring_limit_us = topology.ring_limit_us()
        self._accounts = accounts
        self._intake = intake
        self._bus = bus
        self._journal = journal
        self._clock = clock
        self._supplied = supplied or {}
        self._internet = InternetTap(tap, self.name)
        self._calls = Calls()
        self._resends: dict[str, Timer] = {}
        self._audits: dict[str, Timer] = {}
        """Of every call that equipment has and that has not ended."""
        self._controls = Controls(self.name, bus, clock)
        self._equipment: dict[str, str] = {}
        """Who has such a call."""
        self.ignored: Counter[str] = Counter()
        """Messages from the OSN that meant nothing, by kind."""
        bus.attach(self.name, self.receive)

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
            self._decided(outcome, body, arrived_us, answer)

        if self._calls.full():
            decided(Declined(BUSY, "busy"))
        else:
            self._intake.submit(body, headers, peer, decided, figure=figure, principal=principal)

    def knows(self, call: str) -> bool:
        """Whether a call is remembered; one that ended long ago may have to be recalled."""
        return self._calls.find(call) is not None

    def recall(self, call: str, entries: Iterable[Stamped]) -> None:
        """Remember a call again by what its journal says of it, oldest entry first."""
        self._calls.recall(call, self.name, entries)

    def call(self, call: str, business: str) -> CallView | None:
        """The call; None when this business has none of that reference that is remembered."""
        timeline = self._own(call, business)
        return None if timeline is None else timeline.view()

    def events(self, call: str, business: str, after: int) -> EventPage | None:
        """The call's events after the one numbered `after` (0: all); None as in `call`."""
        timeline = self._own(call, business)
        return None if timeline is None else timeline.page(max(after, 0))

    def add_party(self, call: str, business: str, number: str) -> bool | None:
        """Have a third party dialled and joined; False when the call is not bridged, None as in
        `call`. What becomes of it is told by the call's events."""
        timeline = self._own(call, business)
        if timeline is None:
            return None
        equipment = self._equipment.get(call)
        if timeline.state != "bridged" or equipment is None:
            return False
        self._bus.send(self.name, equipment, encode(AddParty(call, number)))
        return True

    def control(
        self, call: str, business: str | None, order: CallOrder, answer: Answer, command: str = ""
    ) -> None:
        """Have an order carried out; `answer` is told once, with None or why it was refused.

        `business` None: by the operator, whosever call it is. `command` names the order: the same
        name again is the same order, not carried out twice.
        """
        timeline = self._calls.find(call) if business is None else self._own(call, business)
        equipment = self._equipment.get(call)
        if timeline is None:
            answer("no_such_call")
        elif timeline.final:
            answer("call_over")
        elif equipment is None:
            answer("not_bridged")
        else:
            self._controls.send(call, equipment, order, answer, command)

    def going_on(self) -> list[str]:
        """The references of the calls that have not ended, the earliest accepted first."""
        return [timeline.call for timeline in self._calls.live()]

    def watch(self, call: str, notify: Callable[[], object]) -> Callable[[], None] | None:
        """Call `notify` at the call's next event; the result forgets it. None: too many wait."""
        return self._calls.watch(call, notify)

    # OSN side

    def receive(self, sender: str, octets: bytes) -> None:
        """A message from the OSN."""
        try:
            message = decode(octets)
        except OsnError:
            self.ignored["undecodable"] += 1
            return
        timeline = self._calls.get(message.call)
        if timeline is None:
            self.ignored["unknown_call"] += 1
            return
        match message:
            case CallProgress():  # by far the most frequent
                if message.call not in self._audits:
                    self._has_it(sender, timeline)
                timeline.progressed(message)
                if message.event == OPTED_OUT:
                    self._opted_out(timeline)
            case SetUpTaken():
                self._has_it(sender, timeline)
                timeline.taken()
            case SetUpRefused():
                now_us = self._clock.now_us()
                self._ended(timeline, "failed", message.cause, now_us, message.reason)
            case CallEnded():
                end = message
                self._ended(timeline, end.state, end.cause, end.at_us, end.detail)
                if end.detail == OPTED_OUT:
                    self._opted_out(timeline)
            case ControlDone() | ControlRefused():
                if not self._controls.answered(message):
                    self.ignored["late_answer"] += 1
            case (
                SetUpCall()
                | AskForCall()
                | AddParty()
                | ControlCall()
                | JoinCircuits()
                | CircuitsJoined()
            ):
                self.ignored[str(message.__struct_config__.tag)] += 1
            case _:
                assert_never(message)
        self._calls.changed(timeline)

    def restart(self, entries: Sequence[Stamped]) -> int:
        """Take up the journal of before, oldest entry first; how many instructions left again."""
        orders: dict[str, Accepted] = {}
        ended: dict[str, None] = {}
        ends_unwritten: dict[str, Ended] = {}
        for stamped in entries:
            entry = stamped.entry
            match entry:
                case DoNotCall(door=self.name):
                    self._intake.restore(stamped)
                case Accepted(door=self.name):
                    self._intake.restore(stamped)
                    orders[entry.call] = entry
                case Ended(call):
                    if stamped.entity == self.name:
                        ends_unwritten.pop(call, None)
                    elif call in orders:
                        ends_unwritten[call] = entry
                    if orders.pop(call, None) is not None:
                        ended[call] = None
                case _:
                    pass
        self._calls.restore(entries, self.name, ended)
        for end in ends_unwritten.values():
            self._journal.append(self.name, end)
        for order in orders.values():
            self._set_up_again(order)
        return len(orders)

    # Inside

    def _decided(
        self,
        outcome: Outcome,
        body: bytes,
        arrived_us: int,
        answer: Callable[[Reply], object],
    ) -> None:
        call = outcome.call if isinstance(outcome, Admitted) else None
        self._internet.request(call, body, arrived_us)
        match outcome:
            case Admitted():
                if outcome.acceptance is not None:
                    accepted = outcome.acceptance
                    self._calls.begin(accepted.entry, accepted.at_us)
                    self._set_up(accepted.entry, accepted.business)
                reply = _accepted(outcome)
            case Declined():
                reply = declined(outcome.problem)
            case _:
                assert_never(outcome)
        self._internet.answer(call, reply.status, reply.view, self._clock.now_us())
        answer(reply)

    def _set_up_again(self, entry: Accepted) -> None:
        business = self._accounts.business(entry.business)
        timeline = self._calls.get(entry.call)
        assert timeline is not None, "restart began every call it sends again"
        if business is None:
            reason = "the business is no subscriber any more"
            now_us = self._clock.now_us()
            self._ended(timeline, "blocked", Q850.NOT_SUBSCRIBED, now_us, reason)
            self._calls.changed(timeline)
            return
        if self._intake.forbids(timeline.business, timeline.customer_number):
            now_us = self._clock.now_us()
            self._ended(timeline, "blocked", Q850.REJECTED, now_us, errors.DO_NOT_CALL.code)
            self._calls.changed(timeline)
            return
        self._set_up(entry, business)

    def _set_up(self, entry: Accepted, business: Business) -> None:
        order = Order.of(entry)
        instruction = SetUpCall(
            call=entry.call,
            business=business.identifier,
            business_name=business.name,
            business_number=business.number,
            customer=order.customer_number,
            representative=order.representative_number or "",
            representatives=business.representatives,
            hunt=order.hunt,
            dial_first=order.dial_first or business.dial_first,
            detect_machine=business.detect_machine,
            ring_limit_us=self._ring_limit_us,
            answer_to=self.name,
            consent=business.consent,
            question_tries=business.question_tries,
            answer_limit_us=round(business.answer_limit_s * SECOND_US),
            language=order.language or business.language,
            supplied=tuple(self._supplied.get(business.identifier, {}).items()),
        )
        self._send(entry.call, encode(instruction), RESEND_FIRST_US)

    def _send(self, call: str, octets: bytes, again_after_us: int) -> None:
        longer_us = min(2 * again_after_us, RESEND_LONGEST_US)
        self._resends[call] = self._clock.call_later_us(
            again_after_us, self._send, call, octets, longer_us
        )
        self._bus.send(self.name, self._switch, octets)

    def _stop_resending(self, call: str) -> None:
        timer = self._resends.pop(call, None)
        if timer is not None:
            timer.cancel()

    def _has_it(self, equipment: str, timeline: Timeline) -> None:
        """Equipment has the call: the instruction rests, and audits begin."""
        call = timeline.call
        if call in self._audits:
            return
        self._stop_resending(call)
        if not timeline.final:
            self._equipment[call] = equipment
            self._audits[call] = self._clock.call_later_us(AUDIT_US, self._ask, equipment, call)

    def _ask(self, equipment: str, call: str) -> None:
        self._audits[call] = self._clock.call_later_us(AUDIT_US, self._ask, equipment, call)
        self._bus.send(self.name, equipment, encode(AskForCall(call, self.name)))

    def _ended(
        self, timeline: Timeline, state: str, cause: int, at_us: int, detail: str = ""
    ) -> None:
        self._stop_resending(timeline.call)
        self._equipment.pop(timeline.call, None)
        audit = self._audits.pop(timeline.call, None)
        if audit is not None:
            audit.cancel()
        if timeline.ended(state, cause, at_us, detail):
            self._journal.append(self.name, Ended(timeline.call, state, cause, detail))
            self._tell_of(timeline, state, cause, at_us)
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

    def _own(self, call: str, business: str) -> Timeline | None:
        timeline = self._calls.find(call)
        return timeline if timeline is not None and timeline.business == business else None


def _accepted(outcome: Admitted) -> Reply:
    location = f"/v1/calls/{outcome.call}"
    view = CallAccepted(outcome.call, "accepted", outcome.business, f"{location}/events")
    headers: tuple[tuple[str, str], ...] = (("location", location),)
    if outcome.replayed:
        headers += (("idempotent-replayed", "true"),)
    return Reply(202, view, headers)


def declined(problem: ProblemDetail) -> Reply:
    """The reply that says a problem."""
    headers: tuple[tuple[str, str], ...] = ()
    if problem.retry_after_s is not None:
        headers += (("retry-after", str(problem.retry_after_s)),)
    if problem.status == 401:
        headers += (("www-authenticate", 'Basic realm="calleq", charset="UTF-8"'),)
    return Reply(problem.status, problem.view(), headers)
