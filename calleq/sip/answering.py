"""An INVITE of theirs: ringing, early voice, and the one final answer.

Owns provisional answers, reliable ones with their PRACKs, the 2xx until its ACK, and the refusal.
The state of the call is `call`'s.

Odd cases: early voice goes reliably wherever they can; then the 2xx has no description, for it was
answered, and waits for the PRACK. Others hear the same description again in the 2xx. Whoever rings
for long is told so every minute, for proxies on the way give up otherwise (RFC 3261 §13.3.1.1).
"""

from collections.abc import Mapping

from calleq.causes import Q850
from calleq.sip.bounds import NUMBER_LIMIT, RELIABLE_LIMIT, SipError
from calleq.sip.call import Call
from calleq.sip.call_table import Action, Input, State
from calleq.sip.checks import Refusal
from calleq.sip.dialog import confirmed
from calleq.sip.end import Wake
from calleq.sip.events import Ended
from calleq.sip.interworking import cause_of_message
from calleq.sip.message import Fields, Request, Response, respond
from calleq.sip.negotiation import Agreed, Local, Turn
from calleq.sip.partner import Partner
from calleq.sip.reliable import OPTION, ReliableAnswers, wants_reliable
from calleq.sip.sdp import Description
from calleq.sip.session import SDP_FIELDS, description_of
from calleq.sip.session_timer import SessionTimer
from calleq.sip.transaction import Key
from calleq.sip.unacknowledged import Unacknowledged
from calleq.units import SECOND_US

REMIND_US = 60 * SECOND_US
UNFIT = 488
TERMINATED = 487


class TheirInvite:
    """The called side of one call."""

    def __init__(
        self,
        call: Call,
        key: Key,
        request: Request,
        offer: Description | None,
        timing: tuple[SessionTimer, Fields],
        ringing_us: int,
        now_us: int,
    ) -> None:
        """`timing` is what `session_timer.accept` made of the INVITE."""
        assert call.partner is not None
        self._call = call
        self._end = end = call.end
        self._partner = call.partner
        self.key = key
        self._request = request
        self._offer = offer
        self._timing = timing
        self._to_say: Response | None = None
        self._last: Response | None = None
        self._final: Response | None = None
        self._refusal = Refusal(TERMINATED, "over")
        self._needs_reliable = OPTION in request.tokens("require")
        self._can_reliable = wants_reliable(request)
        self._reliable: ReliableAnswers | None = None
        self._waiting: list[Response] = []
        self._reliable_wake: Wake | None = None
        self._is_settled = False
        """A reliable answer carries our description."""
        self._early: tuple[Local, Description, Agreed] | None = None
        self._we_offered = False
        self._unacknowledged: Unacknowledged | None = None
        self._limit: Wake | None = end.at(now_us + ringing_us, self._rang_too_long)
        self._remind: Wake | None = None

    def stop(self) -> None:
        for wake in (self._limit, self._remind, self._reliable_wake):
            if wake is not None:
                wake.cancel()
        self._limit = self._remind = self._reliable_wake = None
        if self._unacknowledged is not None:
            self._unacknowledged.stop()

    def partner_of(self, tag: str) -> Partner | None:
        return self._partner if self._partner.dialog.remote.tag == tag else None

    # What the user says.

    def _response(
        self, status: int, fields: Mapping[str, list[str]], body: bytes = b""
    ) -> Response:
        request = self._request
        made: Fields = {}
        if status < 300:
            made["contact"] = [self._end.way(self._partner.came).contact]
            if "record-route" in request.fields:
                made["record-route"] = request.fields["record-route"]
        made.update(self._end.about)
        made.update(fields)
        if body:
            made.update(SDP_FIELDS)
        return respond(request, status, to_tag=self._call.tag, fields=made, body=body)

    def ring(self, fields: Mapping[str, list[str]], now_us: int) -> None:
        """180."""
        if self._call.state is State.INVITED:
            self._to_say = self._response(180, fields)
            self._call.give(Input.SAY, now_us)

    def progress(self, local: Local, fields: Mapping[str, list[str]], now_us: int) -> Agreed | None:
        """183 with our description."""
        if self._call.state is not State.INVITED:
            return None
        body = b""
        if self._offer is not None or self._can_reliable:
            described = self._describe(local)
            if described is None:
                return None
            body = described.encode()
        self._to_say = self._response(183, fields, body)
        self._call.give(Input.SAY, now_us)
        return self._early[2] if self._early is not None else None

    def accept(self, local: Local, fields: Mapping[str, list[str]], now_us: int) -> Agreed | None:
        """200."""
        call = self._call
        if call.state is not State.INVITED:
            return None
        body = b""
        if not self._is_settled:
            described = self._describe(local)
            if described is None:
                verdict = Ended(call.handle, Q850.INTERWORKING, UNFIT)
                self.refuse(Refusal(UNFIT, "nothing fits"), verdict, now_us)
                return None
            body = described.encode()
        self._final = self._response(200, {**fields, **self._timing[1]}, body)
        waits = self._reliable is not None and self._reliable.under_way is not None
        call.give(Input.ACCEPT_LATER if waits else Input.ACCEPT, now_us)
        return self._early[2] if self._early is not None else None

    def _describe(self, local: Local) -> Description | None:
        """Our description for this INVITE; None where nothing fits."""
        descriptions = self._call.session.descriptions
        if self._offer is None:
            if descriptions.turn is Turn.STABLE:
                self._we_offered = True
                return descriptions.offer(local)
            return descriptions.out
        if self._early is not None and self._early[0] == local:
            return self._early[1]
        if self._early is not None:
            descriptions.offered(self._offer)
        made = descriptions.answer(self._offer, local)
        if made is None:
            return None
        self._early = (local, *made)
        return made[0]

    def refuse(self, refused: Refusal, verdict: Ended, now_us: int) -> None:
        """With that status."""
        self._refusal = refused
        self._call.end_with(Input.REFUSE, verdict, now_us)

    def will_refuse(self, refused: Refusal) -> None:
        """What is said where the call ends before it is answered."""
        self._refusal = refused

    # What they say.

    def cancelled(self, cancel: Request, now_us: int) -> None:
        """They do not want it any more; the CANCEL is answered."""
        self._refusal = Refusal(TERMINATED, "cancelled")
        cause = cause_of_message(cancel) or Q850.NORMAL
        verdict = Ended(self._call.handle, cause, TERMINATED)
        self._call.end_with(Input.CANCEL, verdict, now_us)

    def broke(self, now_us: int) -> None:
        """The connection that it came by is no more, and no answer will arrive."""
        if self._call.state not in (State.INVITED, State.ACCEPTING):
            return
        verdict = Ended(self._call.handle, Q850.TEMPORARY_FAILURE, TERMINATED)
        self._call.end_with(Input.GONE, verdict, now_us)

    def acknowledged(self, ack: Request, now_us: int) -> None:
        """An ACK came, of our 2xx where the numbers agree."""
        if ack.cseq.number != self._request.cseq.number or self._unacknowledged is None:
            return
        self._unacknowledged.stop()
        self._unacknowledged = None
        call = self._call
        if self._we_offered and not self._is_settled:
            try:
                call.agreed_by_ack = self._settled(ack)
            except SipError:
                call.give(Input.ACK, now_us)
                call.gone(Q850.INTERWORKING, now_us)
                return
        call.give(Input.ACK, now_us)

    def _settled(self, message: Request) -> Agreed:
        """What their answer to our offer comes to. Raises SipError."""
        theirs = description_of(message)
        if theirs is None:
            raise SipError("no answer to our offer")
        return self._call.session.descriptions.settle(theirs)

    def pracked(self, key: Key, request: Request, now_us: int) -> None:
        """PRACK (RFC 3262 §3)."""
        refused: Refusal | None = Refusal(481, "nothing is to be acknowledged")
        said = self._reliable.under_way if self._reliable is not None else None
        if self._reliable is not None:
            try:
                refused = self._reliable.acknowledged(request)
            except SipError as error:
                refused = Refusal(400, str(error))
        status = 200 if refused is None else refused.status
        self._end.transactions.respond(key, respond(request, status), now_us)
        if refused is not None:
            return
        if said is not None and said.body:
            self._call.session.may_update = True
            if self._we_offered and not self._takes_answer(request, now_us):
                return
        self._next_reliable(now_us)

    def _takes_answer(self, prack: Request, now_us: int) -> bool:
        """Our offer in a reliable answer is answered by its PRACK, or the call is refused."""
        try:
            self._call.agreed_by_ack = self._settled(prack)
        except SipError:
            self._refusal = Refusal(UNFIT, "no answer in the PRACK")
            verdict = Ended(self._call.handle, Q850.INTERWORKING, UNFIT)
            self._call.end_with(Input.NO_PRACK, verdict, now_us)
            return False
        return True

    # What the call wants.

    def carry_out(self, action: Action, now_us: int) -> None:
        match action:
            case Action.SAY:
                assert self._to_say is not None
                self._say(self._to_say, now_us)
            case Action.ANSWER:
                self._answer(now_us)
            case Action.REFUSE:
                refused = self._refusal
                response = self._response(refused.status, refused.fields)
                self._end.transactions.respond(self.key, response, now_us)
            case _:
                raise AssertionError(f"{action} is not for the called side")

    def _say(self, response: Response, now_us: int) -> None:
        if self._needs_reliable or (self._can_reliable and response.body):
            if len(self._waiting) < RELIABLE_LIMIT:
                self._waiting.append(response)
                self._is_settled = self._is_settled or bool(response.body)
            if self._reliable is None or self._reliable.under_way is None:
                self._next_reliable(now_us)
            return
        self._last = response
        self._end.transactions.respond(self.key, response, now_us)
        if self._remind is None:
            self._remind = self._end.at(now_us + REMIND_US, self._remind_them)

    def _remind_them(self, now_us: int) -> None:
        self._remind = None
        if self._last is not None and self._call.state is State.INVITED:
            self._say(self._last, now_us)

    def _next_reliable(self, now_us: int) -> None:
        """Say the next reliable answer that waits; without one, a 2xx may go."""
        if self._reliable_wake is not None:
            self._reliable_wake.cancel()
            self._reliable_wake = None
        if not self._waiting:
            self._call.give(Input.PRACKED, now_us)
            return
        response = self._waiting.pop(0)
        if self._reliable is None:
            first = 1 + self._end.random(30) % (NUMBER_LIMIT // 2)
            self._reliable = ReliableAnswers(self._request, first)
        try:
            said = self._reliable.say(response, now_us)
        except SipError:
            return  # there were too many of them
        self._end.transactions.respond(self.key, said, now_us)
        self._set_reliable()

    def _set_reliable(self) -> None:
        due_us = self._reliable.due_us if self._reliable is not None else None
        if due_us is not None:
            self._reliable_wake = self._end.at(due_us, self._reliable_due)

    def _reliable_due(self, now_us: int) -> None:
        assert self._reliable is not None
        self._reliable_wake = None
        again = self._reliable.handle_timer(now_us)
        if self._reliable.gave_up:
            self._refusal = Refusal(504, "no PRACK")
            verdict = Ended(self._call.handle, Q850.RECOVERY_ON_TIMER, 504)
            self._call.end_with(Input.NO_PRACK, verdict, now_us)
            return
        if again is not None:
            self._end.transactions.respond(self.key, again, now_us)
        self._set_reliable()

    def _answer(self, now_us: int) -> None:
        assert self._final is not None
        for wake in (self._limit, self._remind):
            if wake is not None:
                wake.cancel()
        self._limit = self._remind = None
        call = self._call
        self._partner.dialog = confirmed(self._partner.dialog)
        self._unacknowledged = Unacknowledged(
            self._end, self.key, self._final, self._no_ack, now_us
        )
        self._final = self._to_say = self._last = None
        call.session.set_timer(self._timing[0].refreshed(now_us))

    def _no_ack(self, now_us: int) -> None:
        self._unacknowledged = None
        self._call.no_ack(now_us)

    def _rang_too_long(self, now_us: int) -> None:
        self._limit = None
        self._refusal = Refusal(480, "nobody answers")
        verdict = Ended(self._call.handle, Q850.NO_ANSWER, 480)
        self._call.end_with(Input.LIMIT, verdict, now_us)
