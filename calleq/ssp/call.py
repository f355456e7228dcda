"""A call: a calling side and a called side, joined.

Owns what passes between the two, and the voices. Backward (what the caller hears of an outgoing
circuit) is connected when the call is presented, so that tones and announcements of the network
pass; the rest on answer, so that nobody speaks free of charge (Q.764 §2.1.1.1, §2.1.4.1).
A telephone that is only ringing is connected to nobody.
"""

from collections.abc import Callable
from typing import assert_never

from calleq.causes import Q850
from calleq.journal.entries import CircuitKey
from calleq.media.contract import wire_source
from calleq.ss7.isup.messages import Cause, Location, Message
from calleq.ss7.isup.onward import history_of, hops_exhausted
from calleq.ssp.called_circuit import CalledCircuit
from calleq.ssp.called_line import CalledLine
from calleq.ssp.called_trunk import FAILED, CalledTrunk
from calleq.ssp.office import Attempt, Office
from calleq.ssp.originating import CallingSide, OInput, OState
from calleq.ssp.routing import Beyond, NoRoute, OwnNumber, Towards
from calleq.ssp.terminating import CalledSide, TInput, TState

EARLY_LIMIT = 8
"""Messages (digits, mostly) that may come before the called side is there."""


CallMaker = Callable[[Office, Attempt, Callable[["Call"], object]], "Call"]
"""Makes the call of an attempt; `Call` itself is one, service switching has another."""


class Call:
    """One call, from its origination attempt until nothing is left of the caller's access."""

    __slots__ = (
        "_attempt",
        "_beginning",
        "_called",
        "_early",
        "_ended",
        "_goes_onward",
        "_office",
        "_route",
        "calling",
        "cause",
        "heard",
    )

    calling: CallingSide
    """Set right after construction, once: call and side need each other."""

    def __init__(self, office: Office, attempt: Attempt, ended: Callable[["Call"], object]) -> None:
        """Begins by itself, after the access that brought the call has been handed over."""
        self._office = office
        self._attempt = attempt
        self._ended = ended
        self._route: OwnNumber | Beyond | Towards | None = None
        self._called: CalledSide | None = None
        self._goes_onward = False
        """Whether the SIP trunks of this switch came to nothing, and those of another are tried."""
        self._beginning = office.clock.call_later_us(0, self._begin)
        self._early: list[Message] = []
        """What the calling side said before there was a called side."""
        self.cause = Cause(Q850.NORMAL)
        self.heard: Message | None = None

    def _begin(self) -> None:
        self.calling.receive(OInput.ORIGINATION_ATTEMPT)

    # OriginatingCall

    def collect(self) -> None:
        if self._attempt.called:
            self.calling.receive(OInput.INFORMATION_COLLECTED)
        else:
            self._end_here(Q850.ADDRESS_INCOMPLETE, OInput.INFORMATION_INVALID)

    def analyze(self) -> None:
        if self._attempt.iam is not None and hops_exhausted(self._attempt.iam):
            self._end_here(Q850.ROUTING_ERROR, OInput.ROUTE_FAILED)
            return
        route = self._office.route(self._attempt)
        match route:
            case OwnNumber() | Beyond() | Towards():
                self._route = route
                self.calling.receive(OInput.ROUTE_SELECTED)
            case NoRoute():
                self._end_here(route.cause, OInput.ROUTE_FAILED)
            case _:
                assert_never(route)

    def present(self) -> None:
        route = self._route
        attempt = self._attempt
        match route:
            case OwnNumber():
                self._called = CalledLine(self._office, attempt, self)
            case Beyond():
                self._called = CalledTrunk(self._office, attempt, route.trunks, self)
            case Towards():
                groups = route.nearer if attempt.from_switch else route.nearer + route.detours
                again = self._goes_onward
                self._called = CalledCircuit(self._office, attempt, groups, self, again=again)
            case None:
                raise AssertionError("a route is selected before a call is presented")
            case _:
                assert_never(route)
        self._called.receive(TInput.TERMINATION_ATTEMPT)
        for message in self._early:
            self._called.notice(message)

    def abandon(self) -> None:
        if self._called is not None:
            self._called.release(self.cause)

    def forget(self) -> None:
        self._beginning.cancel()
        self._ended(self)
        # Neither side has anything to say or to hear any more: let all three go at once.
        self._called = None
        del self.calling

    @property
    def incoming(self) -> CircuitKey | None:
        """The circuit that the call came by; None: a line dialled."""
        return self._attempt.incoming

    @property
    def is_connected(self) -> bool:
        """Whether caller and party are connected."""
        return self._called is not None and self._called.state is TState.T_ACTIVE

    @property
    def caller_wire(self) -> str:
        """The caller's voice wire."""
        return self.calling.wire

    @property
    def called_wire(self) -> str:
        """The called party's voice wire; empty before the call is presented."""
        return "" if self._called is None else self._called.wire

    def called_hears(self, sources: tuple[str, ...]) -> None:
        """What the called party hears from now on, where the caller is this switch itself."""
        if self._called is not None:
            self._called.hear(sources)

    def connect_voices(self) -> None:
        called = self._called
        assert called is not None, "only a called side answers"
        self.calling.hear((wire_source(called.wire),))
        called.hear((wire_source(self.calling.wire),))

    def answered_with(self) -> Message | None:
        attempt = self._attempt
        if self.heard is None and attempt.iam is not None:
            return history_of(attempt.iam)
        return self.heard

    def says(self, message: Message) -> None:
        if self._called is not None:
            self._called.notice(message)
        elif len(self._early) < EARLY_LIMIT:
            self._early.append(message)

    # TerminatingCall

    def party_progress(self) -> None:
        self.calling.progress(self.heard)

    def party_says(self, message: Message) -> None:
        self.calling.notice(message)

    def party_presented(self) -> None:
        assert self._called is not None, "the called side reports"
        self.calling.hear((wire_source(self._called.wire),))

    def party_hidden(self) -> None:
        self.calling.hear(())

    def party_alerting(self) -> None:
        self.calling.receive(OInput.PARTY_ALERTING)

    def party_answered(self) -> None:
        self.calling.receive(OInput.PARTY_ANSWERED)

    def party_released(self, cause: Cause) -> None:
        route = self._route
        if (
            isinstance(route, Beyond)
            and route.onward is not None
            and not self._attempt.from_switch
            and cause.value in FAILED
            and self.calling.state is OState.ROUTING
        ):
            self._route = route.onward
            self._goes_onward = True
            self.present()
            return
        self.cause = cause
        self.calling.receive(OInput.PARTY_RELEASED)

    def _end_here(self, cause: int, given: OInput) -> None:
        transit = self._attempt.incoming is not None
        self.cause = Cause(cause, Location.TRANSIT if transit else Location.PUBLIC_LOCAL)
        self.heard = None
        self.calling.receive(given)
