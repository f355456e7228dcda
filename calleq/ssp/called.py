"""The called side on each access: a line of this switch, or a circuit towards another.

On a line this switch faces the party, so it writes what bills are made of: the seizure, ringing,
answer and release, or that it could not offer the call. On a circuit it writes only which circuit
the call came by and which it left by: nothing of a transit call is billed here. That is durable
before the IAM leaves, because what the next switch writes of the call can be joined to it by that
alone, whatever becomes of this one.

Answer and end of a party's call are durable before they are reported. Seizure and ringing are
written and not waited for: the journal keeps the order, so whatever is durable later has them
before it. While a party is connected a heartbeat is written every `HEARTBEAT_US`: whatever a crash
leaves unproved of a call is less than a minute.
"""

from calleq.journal.entries import (
    LineAnswered,
    LineHeartbeat,
    LineRefused,
    LineReleased,
    LineRinging,
    LineSeized,
    Transit,
)
from calleq.media.contract import line_wire
from calleq.runtime.clock import Timer
from calleq.ss7.isup.contract import Circuit
from calleq.ss7.isup.information import answer_to
from calleq.ss7.isup.messages import CalledNumber, CallingNumber, Cause, Location, Message, Sam
from calleq.ssp.causes import Q850
from calleq.ssp.channel import LineChannel
from calleq.ssp.lines import Availability
from calleq.ssp.office import Attempt, Office
from calleq.ssp.terminating import CalledSide, TerminatingCall, TInput, TState
from calleq.units import SECOND_US

TURNED_BACK = frozenset((Q850.NO_CIRCUIT, Q850.CIRCUIT_NOT_AVAILABLE))
"""Causes which say that a call never reached the party's switch, so another way may be tried."""

HEARTBEAT_US = 55 * SECOND_US
"""Between two heartbeats; the rest of a minute is for a slow disk."""

EARLY_LIMIT = 16
"""Messages (digits, mostly) that may have to follow the IAM, or that of a repeat attempt."""

REPEATS = 2
"""Automatic repeat attempts on one trunk group after a dual seizure (Q.764 §2.9.1, §2.8.1)."""


class CalledLine(CalledSide):
    """The party is a telephone of this switch."""

    __slots__ = ("_attempt", "_channel", "_heartbeat", "_office", "_page", "_seizure", "_wire")

    def __init__(self, office: Office, attempt: Attempt, call: TerminatingCall) -> None:
        super().__init__(call)
        self._office = office
        self._attempt = attempt
        self._wire = line_wire(attempt.called)
        self._channel: LineChannel | None = None
        self._page: Timer | None = None
        self._heartbeat: Timer | None = None
        self._seizure = 0

    @property
    def wire(self) -> str:
        return self._wire

    def hear(self, sources: tuple[str, ...]) -> None:
        if self._channel is not None:
            self._office.register.hear(self._channel, sources)

    def notice(self, message: Message) -> None:
        """A telephone has no use for it; who asks to identify the caller is told that none does."""
        answer = answer_to(message, None)
        if answer is not None:
            self.call.party_says(answer)

    def select(self) -> None:
        register = self._office.register
        called = self._attempt.called
        availability = register.availability(called)
        if availability is not Availability.IDLE:
            self._refuse(availability)
            return
        self._channel = register.take(called, self)
        line = register.line(called)
        if line.kind == "mobile":
            self._page = self._office.paging.page(
                covered=line.coverage, found=self._found, absent=self._absent
            )
        else:
            self.receive(TInput.FACILITY_SELECTED)

    def present(self) -> None:
        assert self._channel is not None, "a channel is taken before a call is presented"
        attempt = self._attempt
        self._seizure = self._office.next_seizure()
        self._write(
            LineSeized(
                self._seizure,
                attempt.called,
                attempt.incoming,
                attempt.calling,
                attempt.called,
                attempt.received,
            )
        )
        self._channel.offer(attempt.shown)

    def record_alerting(self) -> None:
        self._write(LineRinging(self._seizure))

    def record_answer(self) -> None:
        self._office.journal.append(
            self._office.name, LineAnswered(self._seizure), self.answer_durable
        )

    def answer_durable(self) -> None:
        super().answer_durable()
        if self.state is TState.T_ACTIVE:
            self._set_heartbeat()

    def record_refusal(self) -> None:
        self._office.journal.append(self._office.name, self._refusal(), self.end_durable)

    def record_end(self) -> None:
        self._stop_heartbeat()
        by_line = self.cause.location == Location.USER
        self._office.journal.append(
            self._office.name, self._released("line" if by_line else "network"), self.end_durable
        )

    def withdraw(self) -> None:
        """The caller gave up while the telephone was paged."""
        assert self._channel is not None, "only paging takes time"
        if self._page is not None:
            self._page.cancel()
        self._give_back(self._channel)
        self._write(self._refusal())

    def clear(self) -> None:
        assert self._channel is not None, "a call that was presented has a channel"
        self._stop_heartbeat()
        self.hear(())
        self._write(self._released("network"))
        self._channel.release(self.cause.value)

    def _set_heartbeat(self) -> None:
        self._office.talks.add(self._seizure)
        self._heartbeat = self._office.clock.call_later_us(HEARTBEAT_US, self._beat)

    def _beat(self) -> None:
        self._write(LineHeartbeat(self._seizure))
        self._set_heartbeat()

    def _stop_heartbeat(self) -> None:
        self._office.talks.discard(self._seizure)
        if self._heartbeat is not None:
            self._heartbeat.cancel()
            self._heartbeat = None

    def _found(self) -> None:
        self.receive(TInput.FACILITY_SELECTED)

    def _absent(self) -> None:
        assert self._channel is not None, "paging holds a channel"
        self._give_back(self._channel)
        self._refuse(Q850.SUBSCRIBER_ABSENT)

    def _refuse(self, cause: int) -> None:
        self.cause = Cause(int(cause))
        self.receive(TInput.FACILITY_REFUSED)

    def _give_back(self, channel: LineChannel) -> None:
        self._channel = None
        self._office.register.give_back(channel)

    def _refusal(self) -> LineRefused:
        attempt, cause = self._attempt, self.cause
        return LineRefused(
            attempt.called,
            attempt.incoming,
            cause.value,
            cause.location,
            attempt.calling,
            attempt.received,
        )

    def _released(self, released_by: str) -> LineReleased:
        return LineReleased(self._seizure, self.cause.value, self.cause.location, released_by)

    def _write(
        self, entry: LineSeized | LineRinging | LineHeartbeat | LineReleased | LineRefused
    ) -> None:
        self._office.journal.append(self._office.name, entry)

    # ChannelUser

    def channel_alerting(self) -> None:
        self.receive(TInput.PARTY_ALERTING)

    def channel_connected(self) -> None:
        self.receive(TInput.PARTY_ANSWERED)

    def channel_released(self, cause: int, *, by_line: bool) -> None:
        self.hear(())
        self.cause = Cause(cause, Location.USER if by_line else Location.PUBLIC_LOCAL)
        self.receive(TInput.PARTY_RELEASED)

    def channel_cleared(self) -> None:
        """The line looks after its channels itself."""


class CalledCircuit(CalledSide):
    """The party is reached by a circuit of a trunk group; the groups are tried in order.

    A call that is turned back before the party's switch goes to the next group; one that lost its
    circuit to a dual seizure (34, said by this exchange itself) first tries the same group again.
    """

    __slots__ = (
        "_attempt",
        "_chose",
        "_circuit",
        "_early",
        "_groups",
        "_heard",
        "_office",
        "_repeats",
        "_signalled",
        "_wire",
    )

    def __init__(
        self, office: Office, attempt: Attempt, groups: tuple[str, ...], call: TerminatingCall
    ) -> None:
        super().__init__(call)
        self._office = office
        self._attempt = attempt
        self._groups = list(groups)
        self._repeats = 0
        self._circuit: Circuit | None = None
        self._signalled = False
        self._chose = False
        """Whether a circuit was chosen before."""
        self._early: list[Message] = []
        """What is to follow the IAM."""
        self._wire = ""
        self._heard: tuple[str, ...] = ()
        location = Location.TRANSIT if attempt.incoming is not None else Location.PUBLIC_LOCAL
        self.cause = Cause(Q850.NO_CIRCUIT, location)

    @property
    def wire(self) -> str:
        return self._wire

    def hear(self, sources: tuple[str, ...]) -> None:
        if self._circuit is not None and sources != self._heard:
            self._heard = sources
            self._office.voice.feed(self._office.name, self._wire, sources)

    def notice(self, message: Message) -> None:
        """It goes on; digits that came while the IAM waits for the disk follow it."""
        if self._circuit is not None and self._signalled:
            self._circuit.pass_on(message)
        follows = isinstance(message, Sam) or not self._signalled
        if follows and len(self._early) < EARLY_LIMIT:
            self._early.append(message)

    def select(self) -> None:
        while self._groups:
            circuit = self._office.exchange.seize(self._groups[0])
            if circuit is not None:
                self._circuit = circuit
                self._wire = circuit.wire
                self.receive(TInput.FACILITY_SELECTED)
                return
            self._give_up_group()
        self.receive(TInput.FACILITY_REFUSED)

    def present(self) -> None:
        circuit = self._circuit
        assert circuit is not None, "a circuit is seized before a call is presented"
        attempt = self._attempt
        office = self._office
        self._signalled = False
        office.journal.append(
            office.name,
            Transit(
                attempt.incoming, circuit.key, attempt.line, self._chose, called=attempt.called
            ),
            lambda: self._transit_durable(circuit),
        )
        self._chose = True
        self.call.party_presented()

    def _transit_durable(self, circuit: Circuit) -> None:
        """The IAM leaves, unless the caller has gone and the circuit with him."""
        if circuit is not self._circuit:
            return
        attempt, office = self._attempt, self._office
        self._signalled = True
        if attempt.iam is not None:
            office.exchange.forward(circuit, attempt.iam, self)
        else:
            called = CalledNumber(attempt.called[1:])
            calling = CallingNumber(attempt.calling[1:]) if attempt.calling else None
            office.exchange.send_iam(circuit, called, calling, self)
        for message in self._early:
            circuit.pass_on(message)

    def record_alerting(self) -> None:
        """The switch that faces the party writes it."""

    def record_answer(self) -> None:
        self.answer_durable()

    def record_refusal(self) -> None:
        self.end_durable()

    def record_end(self) -> None:
        self.end_durable()

    def withdraw(self) -> None:
        """Seizing takes no time, so there is nothing to give up."""

    def clear(self) -> None:
        circuit = self._circuit
        assert circuit is not None, "a call that was presented has a circuit"
        self._silence()
        if self._signalled:
            circuit.release(self.cause, self.call.heard)
        else:
            self._office.exchange.give_back(circuit)

    def _give_up_group(self) -> None:
        del self._groups[0]
        self._repeats = 0

    def _silence(self) -> None:
        """Before the circuit can be seized anew, so that no other call is cut."""
        self.hear(())
        self._circuit = None

    # CircuitUser

    def circuit_alerting(self, circuit: Circuit) -> None:
        if circuit is self._circuit:
            self.call.heard = circuit.heard
            self.receive(TInput.PARTY_ALERTING)

    def circuit_progress(self, circuit: Circuit) -> None:
        if circuit is self._circuit:
            self.call.heard = circuit.heard
            self.call.party_progress()

    def circuit_answered(self, circuit: Circuit) -> None:
        if circuit is self._circuit:
            self.call.heard = circuit.heard
            self.receive(TInput.PARTY_ANSWERED)

    def circuit_notice(self, circuit: Circuit, message: Message) -> None:
        if circuit is self._circuit:
            self.call.party_says(message)

    def circuit_released(self, circuit: Circuit, cause: Cause) -> None:
        if circuit is not self._circuit:
            return
        self._silence()
        self.cause = cause
        self.call.heard = circuit.heard
        if self.state is TState.PRESENT_CALL and cause.value in TURNED_BACK:
            if cause.location == Location.PUBLIC_LOCAL and self._repeats < REPEATS:
                self._repeats += 1
            else:
                self._give_up_group()
            if self._groups:
                self.receive(TInput.ROUTE_FULL)
                return
        self.receive(TInput.PARTY_RELEASED)

    def circuit_cleared(self, circuit: Circuit) -> None:
        """The exchange looks after its circuits itself; without a release before it, an end."""
        if circuit is self._circuit:
            self._silence()
            self.cause = Cause(Q850.UNSPECIFIED)
            self.receive(TInput.PARTY_RELEASED)
