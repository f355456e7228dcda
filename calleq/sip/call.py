"""One call: its state, what is left to be told of it, and its end.

Owns the carrying out of `call_table`. What an INVITE says and hears is its side's (`calling` for
ours, `answering` for theirs), what happens while it is up is `session`'s and `reoffers`'.

The verdict, which of `Failed` and `Ended` is told and with which cause, is given by whatever began
the end; what comes after it changes nothing.
"""

from collections.abc import Callable
from typing import Protocol

from calleq.causes import Q850
from calleq.sip.asking import Asked
from calleq.sip.call_table import CALL, Action, Input, State
from calleq.sip.end import End
from calleq.sip.events import Confirmed, Ended, Failed, Leaving
from calleq.sip.interworking import cause_of_message, reason_of_cause
from calleq.sip.message import Fields, Request, Response
from calleq.sip.negotiation import Agreed
from calleq.sip.partner import Partner
from calleq.sip.reoffers import TheirOffers
from calleq.sip.session import Session


class Side(Protocol):
    """Who deals with the INVITE."""

    def carry_out(self, action: Action, now_us: int) -> None:
        """ACKNOWLEDGE, TELL_ACCEPTED and TAKE_BACK of ours; SAY, ANSWER and REFUSE of theirs."""

    def partner_of(self, tag: str) -> Partner | None:
        """The far end that has that tag, before one of them has won."""

    def stop(self) -> None:
        """The call is over: no timer is wanted."""


class _NoSide:
    """Of a call that is over."""

    def carry_out(self, action: Action, now_us: int) -> None:
        raise AssertionError(f"{action} of a call that is over")

    def partner_of(self, tag: str) -> Partner | None:
        return None

    def stop(self) -> None:
        pass


_NO_SIDE: Side = _NoSide()


class Call:
    """One call. `give` is its door."""

    __slots__ = (
        "_forget",
        "agreed_by_ack",
        "call_id",
        "end",
        "handle",
        "partner",
        "reason",
        "session",
        "side",
        "state",
        "tag",
        "their_offers",
        "verdict",
    )

    def __init__(
        self,
        handle: int,
        end: End,
        state: State,
        call_id: str,
        tag: str,
        forget: Callable[["Call"], None],
        *,
        interval_s: int,
        shortest_s: int,
    ) -> None:
        """`tag` is ours; `forget` is told when it is over."""
        self.handle = handle
        self.end = end
        self.state = state
        self.call_id = call_id
        self.tag = tag
        self.partner: Partner | None = None
        self.side: Side
        ours = state is State.CALLING
        self.session = Session(handle, end, self.gone, owns_call_id=ours, interval_s=interval_s)
        self.their_offers = TheirOffers(self.session, interval_s=interval_s, shortest_s=shortest_s)
        self.verdict: Failed | Ended | None = None
        self.reason: Fields = {}
        """Of our BYE or CANCEL."""
        self.agreed_by_ack: Agreed | None = None
        self._forget = forget

    def give(self, given: Input, now_us: int) -> None:
        """Let something happen."""
        cell = CALL.get((self.state, given))
        if cell is None:
            return
        actions, following = cell
        self.state = following
        for action in actions:
            match action:
                case Action.RELEASE:
                    self._release(now_us)
                case Action.TELL_CONFIRMED:
                    self.end.events.append(Confirmed(self.handle, self.agreed_by_ack))
                case Action.TELL_END:
                    self._tell_end(now_us)
                case _:
                    self.side.carry_out(action, now_us)
        if following is State.UP and actions:
            self.session.came_up(now_us)

    def end_with(self, given: Input, verdict: Failed | Ended, now_us: int) -> None:
        """Let that happen, and say why where nothing was said before."""
        cell = CALL.get((self.state, given))
        if cell is None or cell == ((), self.state):
            return
        if self.verdict is None:
            self.verdict = verdict
        self.give(given, now_us)

    def hang_up(self, cause: int, now_us: int, fields: Fields) -> None:
        """Whatever the state asks for."""
        if self.verdict is None:
            self.say_why(cause, fields)
            self.end_with(Input.HANG_UP, Ended(self.handle, cause, by_us=True), now_us)

    def say_why(self, cause: int, fields: Fields | None = None) -> None:
        """The Reason of our BYE or CANCEL."""
        self.reason = {"reason": [str(reason_of_cause(cause))], **(fields or {})}

    def gone(self, cause: int, now_us: int) -> None:
        """The far end is no more, or must not be any more."""
        if self.verdict is None:
            self.say_why(cause)
            self._tell_leaving(cause)
            self.end_with(Input.GONE, Ended(self.handle, cause), now_us)

    def no_ack(self, now_us: int) -> None:
        """Our 2xx was never acknowledged."""
        cause = Q850.RECOVERY_ON_TIMER
        if self.verdict is None:
            self.say_why(cause)
            self._tell_leaving(cause)
        self.end_with(Input.NO_ACK, Ended(self.handle, cause), now_us)

    def _tell_leaving(self, cause: int) -> None:
        self.end.events.append(Leaving(self.handle, cause))

    def bye_came(self, request: Request, now_us: int) -> None:
        """Their BYE; it is answered already."""
        cause = cause_of_message(request) or Q850.NORMAL
        self.end_with(Input.BYE, Ended(self.handle, cause), now_us)

    def _release(self, now_us: int) -> None:
        """BYE."""
        self.session.stop()
        self.their_offers.stop(now_us)
        assert self.partner is not None
        self.partner.ask("BYE", self, now_us, fields=self.reason)

    def _tell_end(self, now_us: int) -> None:
        self.session.stop()
        self.their_offers.stop(now_us)
        self.side.stop()
        verdict = self.verdict or Ended(self.handle, Q850.NORMAL_UNSPECIFIED)
        self.end.events.append(verdict)
        self._forget(self)
        self.partner = None
        # They hold the call: nothing should have to find out that nobody else does.
        self.side = _NO_SIDE
        self.session.over()

    # Answers to our BYE.

    def answered(self, asked: Asked, response: Response, now_us: int) -> None:
        """Any final answer to BYE ends it (RFC 3261 §15.1.1)."""
        self.give(Input.BYE_OVER, now_us)

    def unanswered(self, asked: Asked, status: int, now_us: int) -> None:
        """So does none at all."""
        self.give(Input.BYE_OVER, now_us)
