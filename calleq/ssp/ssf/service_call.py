"""A call that met a trigger: its two sides are legs of an SCP's call segment association.

It is an ordinary call of the switch until its digits are there, then it stops and the SCP is asked.
Whatever happens on either side comes to the legs first, and they do with it what the SCP wants:
hold it, dial another number instead, let one party go and keep the other. What the parties see and
hear of all this is what any call shows them.

Odd cases. A caller who hangs up while the call waits for instructions is noticed when its access is
clear. Nothing is left of the call only when both legs are over: a called party may outlive the
caller. Who asked for a call that was never presented is told the SCP's cause as if routing failed.
"""

from collections.abc import Callable

from msgspec.structs import replace

from calleq.causes import Q850
from calleq.journal.entries import Redirected
from calleq.ss7.isup.messages import (
    CalledNumber,
    CallingNumber,
    Cause,
    Iam,
    Location,
    Message,
    Sam,
)
from calleq.ss7.isup.onward import hops_exhausted
from calleq.ssp.call import Call
from calleq.ssp.office import Attempt, Office
from calleq.ssp.originating import OInput, OState
from calleq.ssp.routing import NoRoute
from calleq.ssp.ssf.destination import Destination
from calleq.ssp.ssf.leg import Leg, LegInput, LegOwner, LegState
from calleq.ssp.ssf.points import Model, Occurrence
from calleq.topology import Trigger

CALLER = 1
PARTY = 2
"""Legs of a call that met a trigger: the controlling one and the passive one."""

_FAILING = {
    OState.COLLECT_INFORMATION: OInput.INFORMATION_INVALID,
    OState.ANALYZE_INFORMATION: OInput.ROUTE_FAILED,
    OState.ROUTING: OInput.ROUTE_FAILED,
}
"""How a call fails in each state; later its called side comes to an end."""

_BEFORE_ANSWER = (OState.ROUTING, OState.O_ALERTING)


class CallerLeg(Leg):
    """Leg 1: who called."""

    __slots__ = ("_call", "heard")

    def __init__(self, call: "ServiceCall", owner: LegOwner) -> None:
        super().__init__(owner, CALLER, call.clock, LegState.ACTIVE)
        self._call = call
        self.key = call.attempt.incoming
        self.heard: tuple[str, ...] = ()

    @property
    def is_written(self) -> bool:
        return self._call.was_routed

    @property
    def address(self) -> str:
        return self._call.attempt.calling

    @property
    def wire(self) -> str:
        return self._call.calling.wire if self.state is LegState.ACTIVE else ""

    def hear(self, sources: tuple[str, ...]) -> None:
        if self.state is LegState.ACTIVE:
            self.heard = sources
            self._call.calling.hear(sources)

    def end_occurrence(self) -> Occurrence:
        """Before the answer of the party the caller abandons, afterwards it disconnects."""
        return Occurrence.DISCONNECT if self._call.is_answered else Occurrence.ABANDON

    def write(self) -> None:
        """Nobody dials a caller."""

    def dial(self) -> None:
        """Nobody dials a caller."""

    def give_back(self) -> None:
        """Nobody dials a caller."""

    def alert(self) -> None:
        """Only called parties are rung."""

    def join(self) -> None:
        """A caller is there from the beginning."""

    def drop_party(self) -> None:
        self._call.dismiss_caller(self.cause)

    def over(self) -> None:
        self._call.leg_over()

    def next_party(self, owner: LegOwner, number: int) -> "CalledLeg":
        """A further party, where the one before is over."""
        return self._call.next_party(owner, number)

    def let_hear(self) -> None:
        """A caller who waits for an answer may hear what is played (address complete)."""
        self._call.open_voice()


class CalledLeg(Leg):
    """Leg 2: the called side of the call, one destination after another."""

    __slots__ = ("_call", "destination")

    def __init__(self, call: "ServiceCall", owner: LegOwner, model: Model) -> None:
        super().__init__(owner, PARTY, call.clock, LegState.IDLE)
        self._call = call
        self.model = model
        self.destination: Destination | None = None
        """What the SCP gave; None: the number that was dialled."""

    @property
    def address(self) -> str:
        return self._call.attempt.called

    @property
    def wire(self) -> str:
        return self._call.called_wire

    @property
    def continues_by_default(self) -> bool:
        """What becomes of the call where no SCP says anything."""
        return self._call.trigger.default == "continue"

    def hear(self, sources: tuple[str, ...]) -> None:
        """A caller without a wire is the switch itself, which says what its party hears."""
        if sources or self._call.caller.wire:
            self._call.called_hears(sources)

    def write(self) -> None:
        """The called side itself writes what it does before it does it."""
        self.receive(LegInput.DURABLE)

    def dial(self) -> None:
        self.start_timer()
        self._call.go_on(self.destination)

    def give_back(self) -> None:
        """There is no way before it is dialled."""

    def alert(self) -> None:
        self._call.show_alerting()

    def join(self) -> None:
        self._call.show_answer()
        self.owner.joined(self)

    def drop_party(self) -> None:
        self._call.drop_called(self.cause)

    def over(self) -> None:
        self._call.leg_over()


class ServiceCall(Call):
    """A call with a trigger on its way; `begin` is told when it has met it."""

    __slots__ = (
        "_asked",
        "_begin_service",
        "_cleared",
        "_dialled",
        "_forgotten",
        "caller",
        "clock",
        "is_answered",
        "party",
        "trigger",
        "was_routed",
    )

    caller: CallerLeg
    party: CalledLeg
    """Both from the trigger on."""

    def __init__(
        self,
        office: Office,
        attempt: Attempt,
        ended: Callable[[Call], object],
        trigger: Trigger,
        begin: Callable[["ServiceCall"], object],
    ) -> None:
        super().__init__(office, attempt, ended)
        self.clock = office.clock
        self.trigger = trigger
        self._begin_service = begin
        self._asked = False
        """Whether the trigger has been met."""
        self._cleared = False
        """Whether nothing is left of the caller's access."""
        self._forgotten = False
        self._dialled = attempt.called
        """The number that the call came for."""
        self.was_routed = False
        """Whether the call has been dialled somewhere."""
        self.is_answered = False

    @property
    def attempt(self) -> Attempt:
        """What is known of the call."""
        return self._attempt

    def serve(self, owner: LegOwner) -> None:
        """The call is under the command of `owner` from now on."""
        terminating = self.trigger.point == "termination_attempt"
        self.caller = CallerLeg(self, owner)
        self.party = CalledLeg(self, owner, Model.TERMINATING if terminating else Model.ORIGINATING)
        self.caller.model = self.party.model
        self._asked = True

    # Where the trigger is met.

    def collect(self) -> None:
        if self.trigger.point == "collected_information" and self._attempt.called:
            self._begin_service(self)
        else:
            super().collect()

    def analyze(self) -> None:
        if self._asked or self.trigger.point == "termination_attempt":
            super().analyze()
        elif self._attempt.iam is not None and hops_exhausted(self._attempt.iam):
            self._end_here(Q850.ROUTING_ERROR, OInput.ROUTE_FAILED)
        else:
            self._begin_service(self)

    def present(self) -> None:
        if self._asked:
            super().present()
        else:
            self._begin_service(self)

    # What the legs do.

    def next_party(self, owner: LegOwner, number: int) -> CalledLeg:
        """The called side for a further party, where the one before is over."""
        before = self.party
        self.party = CalledLeg(self, owner, before.model)
        self.party.number = number
        return self.party

    def go_on(self, destination: Destination | None) -> None:
        """Dial the number, or where there is none the one that was dialled."""
        if destination is not None:
            self._translate(destination)
        self.was_routed = True
        if self._cleared:
            self.party.ended(self.cause)
            return
        match self.calling.state:
            case OState.COLLECT_INFORMATION:
                self.calling.receive(OInput.INFORMATION_COLLECTED)
            case OState.ANALYZE_INFORMATION:
                super().analyze()
            case OState.ROUTING | OState.O_ALERTING | OState.O_ACTIVE:
                self._present_again()
            case _:
                self.party.ended(self.cause)

    def _translate(self, to: Destination) -> None:
        attempt, office = self._attempt, self._office
        if attempt.incoming is not None:
            office.journal.append(
                office.name,
                Redirected(attempt.incoming, self._dialled, to.number, again=self.was_routed),
            )
        shown = to.shown or attempt.shown
        calling = to.shown or attempt.calling
        iam = attempt.iam
        if iam is None and to.says_more:
            # What a telephone dialled leaves as an IAM of this switch's own making.
            iam = Iam(0, CalledNumber(""), CallingNumber(calling[1:]) if calling else None)
        if iam is not None:
            iam = to.said_in(iam)
        self._attempt = replace(attempt, called=to.number, calling=calling, shown=shown, iam=iam)

    def _present_again(self) -> None:
        self._called = None
        self.heard = None
        route = self._office.route(self._attempt)
        if isinstance(route, NoRoute):
            self._end_here(route.cause, OInput.ROUTE_FAILED)
        else:
            self._route = route
            super().present()

    def show_alerting(self) -> None:
        """The caller learns that the party is rung."""
        match self.calling.state:
            case OState.ROUTING:
                self.calling.receive(OInput.PARTY_ALERTING)
            case OState.O_ALERTING:  # for a second party
                self.calling.alert()
            case _:
                pass

    def show_answer(self) -> None:
        """The caller learns that the party answered, if none has before."""
        self.is_answered = True
        self.caller.answered_at_us = self.caller.answered_at_us or self.clock.monotonic_us()
        if self.calling.state in _BEFORE_ANSWER:
            self.calling.receive(OInput.PARTY_ANSWERED)

    def open_voice(self) -> None:
        """The caller is about to hear something that is not an answer."""
        if self.calling.state in (OState.COLLECT_INFORMATION, OState.ANALYZE_INFORMATION):
            self.calling.progress(None)

    def connect_voices(self) -> None:
        """The call segment does it, when the leg has joined it."""

    def drop_called(self, cause: Cause) -> None:
        """The called party is let go; the caller stays."""
        called, self._called = self._called, None
        if called is not None:
            called.release(cause)
        self._forget_if_over()

    def dismiss_caller(self, cause: Cause) -> None:
        """The caller is let go."""
        if self._cleared:
            return
        self.cause = cause
        self.calling.receive(_FAILING.get(self.calling.state, OInput.PARTY_RELEASED))

    # What happens on the sides.

    def says(self, message: Message) -> None:
        """Digits that follow belong to a number that is not the called party's."""
        if not (self._asked and isinstance(message, Sam)):
            super().says(message)

    def party_presented(self) -> None:
        if self.caller.state is LegState.ACTIVE:
            super().party_presented()

    def party_hidden(self) -> None:
        if self.caller.state is LegState.ACTIVE:
            super().party_hidden()

    def party_progress(self) -> None:
        if self.caller.state is LegState.ACTIVE:
            super().party_progress()

    def party_alerting(self) -> None:
        self.party.receive(LegInput.ALERTED)

    def party_answered(self) -> None:
        self.party.receive(LegInput.ANSWERED)

    def party_released(self, cause: Cause) -> None:
        self._called = None
        self.party.ended(cause)

    def abandon(self) -> None:
        if self._asked:
            self.caller.ended(self.cause)
        else:
            super().abandon()

    def forget(self) -> None:
        self._cleared = True
        if self._asked:
            self.caller.ended(self.cause)
        self._forget_if_over()

    def leg_over(self) -> None:
        """One of the legs has come to its end."""
        self._forget_if_over()

    def _forget_if_over(self) -> None:
        if not self._cleared or self._forgotten:
            return
        if not self._asked or self.party.state is LegState.GONE:
            self._forgotten = True
            super().forget()

    def _end_here(self, cause: int, given: OInput) -> None:
        if self._asked and given is OInput.ROUTE_FAILED:
            transit = self._attempt.incoming is not None
            self.party.ended(Cause(cause, Location.TRANSIT if transit else Location.PUBLIC_LOCAL))
        else:
            super()._end_here(cause, given)
