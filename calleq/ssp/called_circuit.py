"""The called side on a circuit towards another switch: a transit call, or one of an own subscriber.

Here is written only which circuit the call came by and which it left by: nothing of a transit call
is billed here. That is durable before the IAM leaves, because what the next switch writes of the
call can be joined to it by that alone, whatever becomes of this one.

What the further exchange says goes back with its parameters, and what the calling side says goes on
(`notice`): digits that follow, suspension, questions and answers.
"""

from calleq.causes import Q850
from calleq.journal.entries import Transit
from calleq.ss7.isup.contract import Circuit
from calleq.ss7.isup.messages import (
    CalledNumber,
    Cause,
    Cot,
    Location,
    Message,
    Sam,
)
from calleq.ssp.office import Attempt, Office
from calleq.ssp.terminating import CalledSide, TerminatingCall, TInput, TState

TURNED_BACK = frozenset((Q850.NO_CIRCUIT, Q850.CIRCUIT_NOT_AVAILABLE))
"""Causes which say that a call never reached the party's switch, so another way may be tried."""

EARLY_LIMIT = 16
"""Messages (digits, mostly) that may have to follow the IAM, or that of a repeat attempt."""

REPEATS = 2
"""Automatic repeat attempts on one trunk group after a dual seizure (Q.764 §2.9.1, §2.8.1)."""


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
        self,
        office: Office,
        attempt: Attempt,
        groups: tuple[str, ...],
        call: TerminatingCall,
        *,
        again: bool = False,
    ) -> None:
        """`again`: this switch has tried another way for the call, which came to nothing."""
        super().__init__(call)
        self._office = office
        self._attempt = attempt
        self._groups = list(groups)
        self._repeats = 0
        self._circuit: Circuit | None = None
        self._signalled = False
        self._chose = again
        """Whether another way was chosen before."""
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
                attempt.incoming, circuit.key, attempt.line, self._chose, called=str(attempt.called)
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
            calling = attempt.calling_number()
            office.exchange.send_iam(circuit, called, calling, self)
        for message in self._early:
            circuit.pass_on(message)
        if circuit.checking:
            self.call.party_hidden()

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
        if circuit is not self._circuit:
            return
        if isinstance(message, Cot):
            self.call.party_presented()
        else:
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
            self.cause = Cause(Q850.NORMAL_UNSPECIFIED)
            self.receive(TInput.PARTY_RELEASED)
