"""An INVITE of ours: what it says, and what each of its answers, of however many forks, comes to.

Owns early dialogs, PRACK, ACK, and the one early or final description of each fork. The state of
the call is `call`'s.

Odd cases: voice in an answer that may be lost is a preview, whatever comes with the 2xx counts; a
2xx without a description takes what its fork said before. The first 2xx wins; every other is
acknowledged and released, even after the call is over (RFC 3261 §13.2.2.4), FORKS_LIMIT of them;
so are RELIABLE_LIMIT reliable answers of each fork, and what comes beyond is ignored. 422 is
answered once with a longer interval (RFC 4028 §7.4).
"""

from calleq.causes import Q850
from calleq.sip.asking import SILENT, Asked, Asking
from calleq.sip.bounds import FORKS_LIMIT, RELIABLE_LIMIT, SipError
from calleq.sip.call import Call
from calleq.sip.call_table import Action, Input, State
from calleq.sip.descriptions import Descriptions
from calleq.sip.dialog import MAX_FORWARDS, Forks
from calleq.sip.end import End
from calleq.sip.events import Accepted, EarlyMedia, Failed, Outgoing, Ringing, Trying
from calleq.sip.interworking import cause_of_message, cause_of_status, reason_of_cause
from calleq.sip.message import Fields, Response
from calleq.sip.negotiation import Agreed
from calleq.sip.partner import Partner, seen_by_caller
from calleq.sip.proof import Proof
from calleq.sip.reliable import ReliableOrder, is_reliable
from calleq.sip.sdp import Description
from calleq.sip.session import SDP_FIELDS, description_of
from calleq.sip.session_timer import after_too_brief, ask
from calleq.sip.session_timer import settle as settle_timer

UNFIT = 488


class Fork:
    """One telephone that answers our INVITE."""

    __slots__ = ("agreed", "descriptions", "order", "partner", "pracks", "theirs")

    def __init__(self, partner: Partner, descriptions: Descriptions) -> None:
        self.partner = partner
        self.descriptions = descriptions
        """Its own: our offer is out to each fork (RFC 3261 §13.1)."""
        self.order = ReliableOrder()
        self.pracks = 0
        self.theirs: Description | None = None
        """What it said of itself so far."""
        self.agreed: Agreed | None = None
        """Its answer came reliably: no other will come with the 2xx."""


class OurInvite:
    """The calling side of one call."""

    def __init__(
        self, call: Call, outgoing: Outgoing, asking: Asking, ringing_us: int, now_us: int
    ) -> None:
        """Sends it. Raises SipError where that is not possible."""
        self._call = call
        self._end = end = call.end
        self._asking = asking
        self._hop = outgoing.next_hop
        self._forks: dict[str, Fork] = {}
        self._dialogs: Forks | None = None
        self._accepted: tuple[Response, Agreed] | None = None
        self._was_brief = False
        proof = Proof(outgoing.credentials, end.random) if outgoing.credentials else None
        self._offered = call.session.descriptions
        body = self._offered.offer(outgoing.local).encode()
        fields = _fields(call, outgoing, end)
        self._asked = Asked("INVITE", str(outgoing.target), self._hop, fields, body, self, proof)
        asking.send(self._asked, now_us)
        self._limit = end.at(now_us + ringing_us, self._rang_too_long)

    def stop(self) -> None:
        """No timer is wanted. What is kept from now on acknowledges what still comes."""
        self._limit.cancel()
        self._forks = {}

    def partner_of(self, tag: str) -> Partner | None:
        fork = self._forks.get(tag)
        return fork.partner if fork is not None else None

    # Answers.

    def answered(self, asked: Asked, response: Response, now_us: int) -> None:
        """Of the INVITE; PRACK and BYE of other forks may be answered as they like."""
        if asked is not self._asked:
            return
        if response.status == 100:
            self._end.events.append(Trying(self._call.handle))
            return
        try:
            if response.status < 200:
                self._provisional(response, now_us)
            elif response.status < 300:
                self._success(response, now_us)
            else:
                self._failure(response, now_us)
        except SipError:
            if response.status >= 200:
                verdict = Failed(self._call.handle, 502, Q850.PROTOCOL, response)
                self._call.end_with(Input.FAILURE, verdict, now_us)

    def unanswered(self, asked: Asked, status: int, now_us: int) -> None:
        if asked is self._asked:
            cause = Q850.RECOVERY_ON_TIMER if status == SILENT else Q850.TEMPORARY_FAILURE
            verdict = Failed(self._call.handle, status, cause)
            self._call.end_with(Input.FAILURE, verdict, now_us)

    def _fork(self, response: Response) -> Fork | None:
        """Who answers; None where it makes no dialog. Raises SipError."""
        if self._dialogs is None or self._dialogs.request is not self._asked.request:
            self._dialogs = Forks(self._asked.request)
        dialog = self._dialogs.answered(response)
        if dialog is None:
            return None
        fork = self._forks.get(dialog.remote.tag)
        if fork is None:
            partner = Partner(self._end, self._asking, dialog, self._hop, self._asked.proof)
            fork = Fork(partner, self._offered.copy())
            self._forks[dialog.remote.tag] = fork
            partner.note_allowed(response)
        else:
            partner = fork.partner
            partner.answered(response)
        partner.dialog = seen_by_caller(partner.dialog, response, self._hop)
        return fork

    def _provisional(self, response: Response, now_us: int) -> None:
        call = self._call
        if call.state not in (State.CALLING, State.RINGING):
            return
        fork = self._fork(response)
        if fork is not None and is_reliable(response):
            rack = fork.order.receive(response)
            if rack is None or fork.pracks >= RELIABLE_LIMIT:
                return
            fork.pracks += 1
            fork.partner.ask("PRACK", self, now_us, fields={"rack": [str(rack)]})
        call.give(Input.PROVISIONAL, now_us)
        self._end.events.append(Ringing(call.handle, response))
        if fork is not None and fork.agreed is None:
            self._early(fork, response, now_us)

    def _early(self, fork: Fork, response: Response, now_us: int) -> None:
        """Voice before the answer. Raises SipError."""
        call = self._call
        theirs = description_of(response)
        if theirs is None:
            return
        if not is_reliable(response):
            agreed = fork.descriptions.preview(theirs)
        else:
            agreed = fork.agreed = fork.descriptions.settle(theirs)
            if not call.session.may_update:
                call.session.may_update = True
                self._is_with(fork)
        if agreed is not None:
            fork.theirs = theirs
            self._end.events.append(EarlyMedia(call.handle, agreed, response))
            call.session.go_on(now_us)

    def _is_with(self, fork: Fork) -> None:
        """What changes from now on is between us and that fork."""
        session = self._call.session
        session.partner = fork.partner
        session.descriptions = fork.descriptions

    def _success(self, response: Response, now_us: int) -> None:
        tag = response.called.tag
        if tag in self._asked.acks:
            self._end.transactions.send_octets(*self._asked.acks[tag])
            return
        if len(self._asked.acks) > FORKS_LIMIT:
            return
        fork = self._fork(response)
        call = self._call
        if fork is None:
            raise SipError("a 2xx without a tag")
        assert self._dialogs is not None
        if self._dialogs.is_surplus(fork.partner.dialog):
            fork.partner.acknowledge(self._asked)
            reason = {"reason": [str(reason_of_cause(Q850.NORMAL))]}
            fork.partner.ask("BYE", self, now_us, fields=reason)
            return
        call.partner = fork.partner
        self._is_with(fork)
        self._limit.cancel()
        try:
            agreed = self._settled(fork, response)
        except SipError:
            call.say_why(Q850.INTERWORKING)
            verdict = Failed(call.handle, UNFIT, Q850.INTERWORKING, response)
            call.end_with(Input.UNFIT, verdict, now_us)
            return
        self._accepted = (response, agreed)
        try:
            timer = settle_timer(response, now_us)
        except SipError:
            timer = None
        call.give(Input.SUCCESS, now_us)
        if call.state is State.UP:
            call.session.set_timer(timer)
            self._forks = {tag: fork}
            self._linger()

    def _linger(self) -> None:
        """From now on only other forks may answer: keep little of what was asked."""
        self._asked.accepted()
        if self._dialogs is not None:
            self._dialogs.request = self._asked.request

    def _settled(self, fork: Fork, response: Response) -> Agreed:
        """What the voice comes to. Raises SipError."""
        if fork.agreed is not None:
            return fork.agreed
        theirs = description_of(response) or fork.theirs
        if theirs is None:
            raise SipError("no answer to our offer")
        return fork.descriptions.settle(theirs)

    def _failure(self, response: Response, now_us: int) -> None:
        call = self._call
        if response.status == 422 and not self._was_brief and call.verdict is None:
            self._was_brief = True
            fields = {**self._asked.fields, **after_too_brief(response)}
            fields["cseq"] = [f"{self._asked.number + 1} INVITE"]
            self._asked.fields = fields
            self._asking.try_send(self._asked, now_us)
            return
        cause = cause_of_message(response) or cause_of_status(response.status)
        verdict = Failed(call.handle, response.status, cause, response)
        call.end_with(Input.FAILURE, verdict, now_us)

    def _rang_too_long(self, now_us: int) -> None:
        call = self._call
        call.say_why(Q850.NO_ANSWER)
        call.end_with(Input.LIMIT, Failed(call.handle, SILENT, Q850.NO_ANSWER), now_us)

    # What the call wants.

    def carry_out(self, action: Action, now_us: int) -> None:
        call = self._call
        match action:
            case Action.TAKE_BACK:
                self._end.transactions.cancel(self._asked.key, now_us, call.reason)
            case Action.ACKNOWLEDGE:
                assert call.partner is not None
                call.partner.acknowledge(self._asked)
            case Action.TELL_ACCEPTED:
                assert self._accepted is not None
                self._end.events.append(Accepted(call.handle, *self._accepted))
                self._accepted = None
            case _:
                raise AssertionError(f"{action} is not for the calling side")


def _fields(call: Call, outgoing: Outgoing, end: End) -> Fields:
    """Everything but Via and credentials."""
    fields: Fields = {
        "max-forwards": [str(MAX_FORWARDS)],
        "from": [f"{outgoing.caller};tag={call.tag}"],
        "to": [str(outgoing.to)],
        "call-id": [call.call_id],
        "cseq": ["1 INVITE"],
        "contact": [end.way(outgoing.next_hop).contact],
    }
    if outgoing.route:
        fields["route"] = list(outgoing.route)
    fields.update(end.about)
    fields.update(ask(call.session.interval_s))
    fields.update(outgoing.fields)
    fields.update(SDP_FIELDS)
    return fields
