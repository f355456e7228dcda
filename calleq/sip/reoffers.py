"""Requests of theirs within a call that may change it: re-INVITE and UPDATE.

Owns one of theirs at a time: judged, answered by us or by the user, and for an INVITE repeated
until its ACK. A description that is as before is answered as before without asking anybody.

It refuses 491 what meets an offer of ours, 500 with Retry-After what comes before its turn, 488
what nobody answers within ANSWER_LIMIT_US, and a storm: more than STORM_LIMIT requests within
STORM_US are refused 500, and twice as many end the call, for each costs a transaction.
"""

from calleq.causes import Q850
from calleq.sip.bounds import SipError
from calleq.sip.checks import Refusal
from calleq.sip.dialog import RETRY_AFTER_S
from calleq.sip.end import Wake
from calleq.sip.events import AgreedAgain, Reoffered, ReofferRefused
from calleq.sip.message import Fields, Request, respond
from calleq.sip.negotiation import Agreed, Local, Turn, Verdict
from calleq.sip.partner import Partner
from calleq.sip.sdp import Description
from calleq.sip.session import SDP_FIELDS, Session, description_of
from calleq.sip.session_timer import accept
from calleq.sip.transaction import Key, Target
from calleq.sip.unacknowledged import Unacknowledged
from calleq.units import SECOND_US

ANSWER_LIMIT_US = 10 * SECOND_US
STORM_US = 10 * SECOND_US
STORM_LIMIT = 20
_LATER = {"retry-after": [str(RETRY_AFTER_S)]}


class TheirOffers:
    """What they ask within one call."""

    def __init__(self, session: Session, *, interval_s: int, shortest_s: int) -> None:
        self._session = session
        self._interval_s = interval_s
        self._shortest_s = shortest_s
        self._key: Key | None = None
        self._request: Request | None = None
        self._partner: Partner | None = None
        self._offer: Description | None = None
        self._fields: Fields = {}
        self._limit: Wake | None = None
        self._unacknowledged: Unacknowledged | None = None
        self._we_offered = False
        self._since_us = -STORM_US
        self._count = 0

    def stop(self, now_us: int) -> None:
        """The call is over: what is not answered is refused (RFC 5407 §3.1.4)."""
        if self._key is not None:
            self._refuse_pending(487, now_us)
        if self._unacknowledged is not None:
            self._unacknowledged.stop()
            self._unacknowledged = None

    # What comes.

    def receive(
        self, key: Key, request: Request, partner: Partner, source: Target, now_us: int
    ) -> None:
        """A re-INVITE or UPDATE."""
        session = self._session
        if self._storms(now_us):
            self._answer(key, request, Refusal(500, "a storm", _LATER), now_us)
            if self._count > 2 * STORM_LIMIT and session.is_up:
                session.gone(Q850.CONGESTION, now_us)
            return
        try:
            refused = partner.judge(request, source) or self._untimely(request)
            partner.note_allowed(request)
            timing = accept(
                request, now_us, interval_s=self._interval_s, shortest_s=self._shortest_s
            )
            offer = description_of(request)
        except SipError as error:
            refused, timing, offer = Refusal(400, str(error)), None, None
        if refused is None and isinstance(timing, Refusal):
            refused = timing
        if refused is None:
            refused = self._take(offer, request)
        if refused is not None or timing is None or isinstance(timing, Refusal):
            self._answer(key, request, refused or Refusal(400, "unfit"), now_us)
            return
        timer, fields = timing
        if session.is_up:
            session.set_timer(timer)
            self._fields = fields
        else:
            self._fields = {}
        self._key, self._request, self._partner, self._offer = key, request, partner, offer
        session.inviting_us = request.method == "INVITE"
        self._work_on(request, offer, now_us)

    def _storms(self, now_us: int) -> bool:
        if now_us - self._since_us >= STORM_US:
            self._since_us = now_us
            self._count = 0
        self._count += 1
        return self._count > STORM_LIMIT

    def _untimely(self, request: Request) -> Refusal | None:
        """Why the request may not come now (RFC 3261 §14.2, RFC 3311 §5.2)."""
        session = self._session
        if request.method == "INVITE":
            if self._key is not None or self._unacknowledged is not None or not session.is_up:
                return Refusal(500, "an INVITE of theirs is under way", _LATER)
            if session.is_inviting:
                return Refusal(491, "an INVITE of ours is under way")
        elif self._key is not None:
            return Refusal(500, "a request of theirs is under way", _LATER)
        return None

    def _take(self, offer: Description | None, request: Request) -> Refusal | None:
        """Whose turn is it?"""
        descriptions = self._session.descriptions
        if offer is None:
            if request.method == "UPDATE" or descriptions.turn is Turn.STABLE:
                return None
            return Refusal(491, "an offer is out")
        if request.method == "UPDATE" and self._session.is_inviting:
            return Refusal(491, "a request of ours is under way")
        match descriptions.offered(offer):
            case Verdict.TAKE:
                return None
            case Verdict.GLARE:
                return Refusal(491, "our offer is out")
            case _:
                return Refusal(500, "their offer is not answered yet", _LATER)

    def _work_on(self, request: Request, offer: Description | None, now_us: int) -> None:
        session = self._session
        if offer is None and request.method == "UPDATE":
            self._say(b"", now_us)
        elif offer is not None and session.descriptions.is_as_before(offer):
            described = session.descriptions.same_answer()
            self._say(described.encode() if described is not None else b"", now_us)
        else:
            self._limit = session.end.at(now_us + ANSWER_LIMIT_US, self._nobody_answered)
            session.end.events.append(Reoffered(session.handle, offer))

    # What we say.

    def answer(self, local: Local, now_us: int) -> Agreed | None:
        """Say yes with that; None where nothing fits or where it is ours to offer."""
        if self._limit is None:
            return None
        descriptions = self._session.descriptions
        if self._offer is None:
            self._we_offered = True
            self._say(descriptions.offer(local).encode(), now_us)
            return None
        made = descriptions.answer(self._offer, local)
        if made is None:
            self._refuse_pending(488, now_us)
            return None
        described, agreed = made
        self._say(described.encode(), now_us)
        return agreed

    def refuse(self, status: int, now_us: int) -> None:
        """Say no."""
        if self._limit is None:
            return
        if self._offer is not None:
            self._session.descriptions.refused()
        self._refuse_pending(status, now_us)

    def _nobody_answered(self, now_us: int) -> None:
        if self._offer is not None:
            self._session.descriptions.refused()
        self._refuse_pending(488, now_us)

    def _done(self) -> tuple[Key, Request]:
        """What is answered now."""
        assert self._key is not None
        assert self._request is not None
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None
        key, request = self._key, self._request
        self._key = self._request = self._offer = None
        return key, request

    def _say(self, body: bytes, now_us: int) -> None:
        """2xx."""
        end = self._session.end
        partner = self._partner
        assert partner is not None
        key, request = self._done()
        fields = {**end.about, "contact": [end.way(partner.hop).contact], **self._fields}
        if body:
            fields.update(SDP_FIELDS)
        response = respond(request, 200, fields=fields, body=body)
        if request.method == "INVITE":
            self._unacknowledged = Unacknowledged(end, key, response, self._no_ack, now_us)
        else:
            end.transactions.respond(key, response, now_us)
            self._session.go_on(now_us)

    def _refuse_pending(self, status: int, now_us: int) -> None:
        key, request = self._done()
        self._session.inviting_us = False
        self._answer(key, request, Refusal(status, "refused"), now_us)
        self._session.go_on(now_us)

    def _answer(self, key: Key, request: Request, refused: Refusal, now_us: int) -> None:
        response = respond(request, refused.status, fields=refused.fields)
        self._session.end.transactions.respond(key, response, now_us)

    def _no_ack(self, now_us: int) -> None:
        self._unacknowledged = None
        self._session.gone(Q850.RECOVERY_ON_TIMER, now_us)

    def acknowledged(self, ack: Request, now_us: int) -> bool:
        """An ACK came; whether it was for an INVITE within the call."""
        waiting = self._unacknowledged
        if waiting is None or waiting.number != ack.cseq.number:
            return False
        waiting.stop()
        self._unacknowledged = None
        session = self._session
        session.inviting_us = False
        if self._we_offered:
            self._we_offered = False
            try:
                theirs = description_of(ack)
                if theirs is None:
                    raise SipError("no answer in the ACK")
                session.end.events.append(
                    AgreedAgain(session.handle, session.descriptions.settle(theirs))
                )
            except SipError:
                if session.descriptions.turn is Turn.LOCAL_OFFER:
                    session.descriptions.refused()
                session.end.events.append(ReofferRefused(session.handle, 488))
        session.go_on(now_us)
        return True
