"""A user agent (RFC 3261): calls, registrations and requests of one end, without input and output.

Owns the door. `calling`, `answering` and `session` are the parts of a call, `registration` the
client of a registrar, `asking` every request of ours until its answer. Octets and the time go in,
octets and events come out; sockets are `calleq.gateway.transport`'s.

Whatever comes from outside, nothing is raised. What the owner asks of a call that is over, or that
its state does not allow, does nothing: events and verbs may cross.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from calleq.sip import transactions as layer
from calleq.sip.answering import TheirInvite
from calleq.sip.asking import Asked, Asking
from calleq.sip.bounds import SipError
from calleq.sip.call import Call
from calleq.sip.call_table import State
from calleq.sip.calling import OurInvite
from calleq.sip.checks import Abilities, Refusal
from calleq.sip.dialog import MAX_FORWARDS, as_called
from calleq.sip.end import End
from calleq.sip.events import (
    Binding,
    Credentials,
    Ended,
    Event,
    Invited,
    Outgoing,
    Replied,
    Requested,
)
from calleq.sip.fields import NameAddress
from calleq.sip.interworking import cause_of_status, reason_of_cause, status_of_cause
from calleq.sip.message import Fields, Request, Response, respond
from calleq.sip.negotiation import Agreed, Local
from calleq.sip.partner import Partner, is_direct
from calleq.sip.proof import Proof
from calleq.sip.registration import Registration
from calleq.sip.session import description_of
from calleq.sip.session_timer import accept as accept_timer
from calleq.sip.transaction import Key, Target, Transaction
from calleq.sip.transaction_tables import INVITE_CLIENT
from calleq.sip.transactions import RETRY_AFTER_S, Transactions
from calleq.sip.uri import Uri
from calleq.units import SECOND_US

CALL_METHODS = ("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "PRACK", "UPDATE")
CALLS_LIMIT = 20_000
REQUESTS_LIMIT = 1_000
"""Registrations, and requests outside of calls that wait for their answer, each."""
TRANSACTIONS_LIMIT = 100_000
RINGING_US = 180 * SECOND_US
"""Longer than this no telephone rings (RFC 3261 §16.6, Timer C)."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one user agent."""

    calls: int = CALLS_LIMIT
    transactions: int = TRANSACTIONS_LIMIT
    ringing_us: int = RINGING_US
    session_s: int = 1_800
    """Session-Expires that we ask for (RFC 4028)."""
    shortest_session_s: int = 90


class _Layer(Transactions):
    """The transactions of a user agent, which hears of the end of an accepted INVITE of ours."""

    def __init__(self, abilities: Abilities, limit: int) -> None:
        super().__init__(abilities, limit=limit)
        self.over: list[Key] = []

    def ended(self, transaction: Transaction) -> None:
        super().ended(transaction)
        if transaction.machine is INVITE_CLIENT:
            self.over.append(transaction.key)


class _Answer:
    """Who waits for the answer to a request outside of calls."""

    def __init__(self, handle: int, agent: "UserAgent") -> None:
        self._handle = handle
        self._agent = agent

    def answered(self, asked: Asked, response: Response, now_us: int) -> None:
        if response.status >= 200:
            self._agent.replied(self._handle, response)

    def unanswered(self, asked: Asked, status: int, now_us: int) -> None:
        self._agent.replied(self._handle, None)


DEFAULT_LIMITS = Limits()


class UserAgent:
    """One end of SIP. Drive it with `receive`, `handle_timers`, `next_event`, `data_to_send`."""

    def __init__(
        self,
        *,
        contact: Callable[[Target], str],
        random: Callable[[int], int],
        user_agent: str = "calleq",
        handed: frozenset[str] = frozenset(),
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        """`contact` gives our URI towards a target (`sip:ssp-62@192.0.2.1:5060;transport=tcp`); its
        host and port stand in Via, too. `random` gives so many random bits. `handed` are methods
        outside of calls that come as `Requested` (REGISTER, at a registrar); OPTIONS is answered
        here, every other method 405."""
        methods = (*CALL_METHODS, *sorted(handed - set(CALL_METHODS)))
        abilities = Abilities(methods=methods)
        told = abilities.fields()
        about = {name: told[name] for name in ("allow", "supported")}
        about["user-agent"] = [user_agent]
        self._limits = limits
        self._handed = handed
        self._abilities = abilities
        self._layer = _Layer(abilities, limits.transactions)
        self._end = End(self._layer, contact, random, about)
        self._asking = Asking(self._end)
        self._calls: dict[int, Call] = {}
        self._by_tag: dict[str, Call] = {}
        """By our tag, which no two calls share."""
        self._invited: dict[Key, TheirInvite] = {}
        self._registrations: dict[int, Registration] = {}
        self._waiting: set[int] = set()

    def __len__(self) -> int:
        """How many calls there are."""
        return len(self._calls)

    # What comes and goes.

    def receive(self, octets: bytes, source: Target, now_us: int) -> None:
        """One message, whole, from there."""
        self._layer.receive(octets, source, now_us)
        self._drain(now_us)

    def next_event(self) -> Event | None:
        """What happened next; None where nothing did."""
        return self._end.events.popleft() if self._end.events else None

    def data_to_send(self) -> list[tuple[Target, bytes]]:
        """What is to be sent, in order; each is given once."""
        return self._layer.data_to_send()

    def next_timer_us(self) -> int | None:
        """When `handle_timers` is wanted next."""
        ours, theirs = self._end.next_timer_us(), self._layer.next_timer_us()
        if ours is None or theirs is None:
            return theirs if ours is None else ours
        return min(ours, theirs)

    def handle_timers(self, now_us: int) -> None:
        """Do what is due."""
        self._layer.handle_timers(now_us)
        self._drain(now_us)
        self._end.handle_timers(now_us)
        self._drain(now_us)

    def transport_failed(self, target: Target, now_us: int) -> None:
        """The connection broke, or nothing can be sent there."""
        self._layer.transport_failed(target, now_us)
        self._drain(now_us)

    # Calls of ours.

    def invite(self, outgoing: Outgoing, now_us: int) -> int:
        """Call; the handle. Raises SipError where there is no room or a field can't be written."""
        if len(self._calls) >= self._limits.calls:
            raise SipError(f"more than {self._limits.calls} calls")
        end = self._end
        call_id = outgoing.call_id or f"{end.random(96):024x}"
        call = self._call(State.CALLING, call_id)
        call.side = OurInvite(call, outgoing, self._asking, self._limits.ringing_us, now_us)
        self._add(call)
        return call.handle

    def _call(self, state: State, call_id: str) -> Call:
        return Call(
            self._end.handle(),
            self._end,
            state,
            call_id,
            self._end.tag(),
            self._forget,
            interval_s=self._limits.session_s,
            shortest_s=self._limits.shortest_session_s,
        )

    def _add(self, call: Call) -> None:
        self._calls[call.handle] = self._by_tag[call.tag] = call

    def _forget(self, call: Call) -> None:
        self._calls.pop(call.handle, None)
        self._by_tag.pop(call.tag, None)
        if isinstance(call.side, TheirInvite):
            self._invited.pop(call.side.key, None)

    # Calls of theirs.

    def ring(self, call: int, now_us: int, *, fields: Mapping[str, list[str]] = {}) -> None:
        """180."""
        side = self._theirs(call)
        if side is not None:
            side.ring(fields, now_us)

    def _theirs(self, handle: int) -> TheirInvite | None:
        call = self._calls.get(handle)
        return call.side if call is not None and isinstance(call.side, TheirInvite) else None

    def progress(
        self, call: int, local: Local, now_us: int, *, fields: Mapping[str, list[str]] = {}
    ) -> Agreed | None:
        """183 with our answer (reliably where they can), so that they hear us before we accept.

        None where there is nothing to agree on yet: they offered nothing, or nothing fits.
        """
        side = self._theirs(call)
        return side.progress(local, fields, now_us) if side is not None else None

    def accept(
        self, call: int, local: Local, now_us: int, *, fields: Mapping[str, list[str]] = {}
    ) -> Agreed | None:
        """200 with our answer, or with our offer where they made none: then None, and `Confirmed`
        tells. None too where nothing fits: the call is refused 488, and `Ended` comes."""
        side = self._theirs(call)
        return side.accept(local, fields, now_us) if side is not None else None

    def refuse(
        self,
        call: int,
        status: int,
        cause: int | None,
        now_us: int,
        *,
        fields: Mapping[str, list[str]] = {},
    ) -> None:
        """Refuse with that status (300 to 699); `Ended` comes at once."""
        side = self._theirs(call)
        if side is None:
            return
        made = {"reason": [str(reason_of_cause(cause))]} if cause is not None else {}
        verdict = Ended(call, cause or cause_of_status(status), status, by_us=True)
        side.refuse(Refusal(status, "refused", {**made, **fields}), verdict, now_us)

    # Any call.

    def hang_up(
        self, call: int, cause: int, now_us: int, *, fields: Mapping[str, list[str]] = {}
    ) -> None:
        """BYE, CANCEL or a refusal, whatever the state asks for, with Reason of Q.850. `Ended` by
        us comes once nothing is left: at the latest 64*T1 later."""
        found = self._calls.get(call)
        if found is None:
            return
        if isinstance(found.side, TheirInvite):
            reason = {"reason": [str(reason_of_cause(cause))], **fields}
            found.side.will_refuse(Refusal(status_of_cause(cause), "hung up", reason))
        found.hang_up(cause, now_us, dict(fields))

    def hold(self, call: int, on: bool, now_us: int) -> None:
        """Hold them, or take them back, with what is local now."""
        found = self._calls.get(call)
        if found is not None:
            found.session.hold(on, now_us)

    def reoffer(self, call: int, local: Local, now_us: int) -> None:
        """Offer anew as soon as it is our turn; `AgreedAgain` or `ReofferRefused` tells. The
        version counts up by itself. A newer wish replaces one that still waits."""
        found = self._calls.get(call)
        if found is not None:
            found.session.reoffer(local, now_us)

    def answer_offer(self, call: int, local: Local, now_us: int) -> Agreed | None:
        """Answer `Reoffered`. None where nothing fits (488: all stays), or where it was ours to
        offer."""
        found = self._calls.get(call)
        return found.their_offers.answer(local, now_us) if found is not None else None

    def refuse_offer(self, call: int, now_us: int, status: int = 488) -> None:
        """Refuse `Reoffered`: what was agreed stays."""
        found = self._calls.get(call)
        if found is not None:
            found.their_offers.refuse(status, now_us)

    # Other requests.

    def register(self, binding: Binding, now_us: int) -> int:
        """Register, and refresh until `unregister`; the handle. Raises SipError without room."""
        if len(self._registrations) >= REQUESTS_LIMIT:
            raise SipError(f"more than {REQUESTS_LIMIT} registrations")
        made = Registration(self._end.handle(), binding, self._end, self._asking)
        self._registrations[made.handle] = made
        made.register(now_us)
        return made.handle

    def unregister(self, binding: int, now_us: int) -> None:
        """Take the binding back: `Registered` with 0, or `RegistrationFailed`, is the last."""
        found = self._registrations.get(binding)
        if found is not None:
            found.leave(now_us)

    def request(
        self,
        method: str,
        target: Uri,
        next_hop: Target,
        caller: NameAddress,
        now_us: int,
        *,
        to: NameAddress | None = None,
        route: Sequence[str] = (),
        fields: Fields | None = None,
        body: bytes = b"",
        credentials: Credentials | None = None,
    ) -> int:
        """Ask outside of calls (OPTIONS, MESSAGE); the handle that `Replied` has."""
        if len(self._waiting) >= REQUESTS_LIMIT:
            raise SipError(f"more than {REQUESTS_LIMIT} requests")
        end = self._end
        made: Fields = {
            "max-forwards": [str(MAX_FORWARDS)],
            "from": [f"{caller};tag={end.tag()}"],
            "to": [str(to or NameAddress(target))],
            "call-id": [f"{end.random(96):024x}"],
            "cseq": [f"1 {method}"],
            "contact": [end.way(next_hop).contact],
            **end.about,
        }
        if route:
            made["route"] = list(route)
        made.update(fields or {})
        proof = Proof(credentials, end.random) if credentials is not None else None
        handle = end.handle()
        owner = _Answer(handle, self)
        asked = Asked(method, str(target), next_hop, made, body, owner, proof)
        self._asking.send(asked, now_us)
        self._waiting.add(handle)
        return handle

    def replied(self, handle: int, response: Response | None) -> None:
        """What `request` asked is answered, or will not be."""
        self._waiting.discard(handle)
        self._end.events.append(Replied(handle, response))

    def reply(
        self,
        key: Key,
        status: int,
        now_us: int,
        *,
        fields: Mapping[str, list[str]] = {},
        body: bytes = b"",
    ) -> None:
        """Answer `Requested`. Not answering is no option: answer something within seconds."""
        found = self._layer.request_of(key)
        if found is not None:
            self._respond(key, found, status, now_us, fields=fields, body=body)

    # What the transactions tell.

    def _drain(self, now_us: int) -> None:
        layer_ = self._layer
        while (event := layer_.next_event()) is not None:
            match event:
                case layer.Answered(key, response):
                    self._asking.answered(key, response, now_us)
                case layer.Requested(key, request, source):
                    self._requested(key, request, source, now_us)
                case layer.Cancelled(key, cancel):
                    if (side := self._invited.get(key)) is not None:
                        side.cancelled(cancel, now_us)
                case layer.TimedOut(key):
                    self._asking.timed_out(key, now_us)
                case layer.Unreachable(key):
                    self._asking.unreachable(key, now_us)
                    if (side := self._invited.get(key)) is not None:
                        side.broke(now_us)
        while layer_.over:
            self._asking.over(layer_.over.pop())

    def _respond(
        self,
        key: Key,
        request: Request,
        status: int,
        now_us: int,
        *,
        fields: Mapping[str, list[str]] = {},
        body: bytes = b"",
    ) -> None:
        made = {**self._end.about, **fields}
        tag = "" if request.called.tag else self._end.tag()
        response = respond(request, status, to_tag=tag, fields=made, body=body)
        self._layer.respond(key, response, now_us)

    def _requested(self, key: Key | None, request: Request, source: Target, now_us: int) -> None:
        if key is None:
            self._ack_came(request, now_us)
        elif request.called.tag:
            self._within(key, request, source, now_us)
        elif request.method == "INVITE":
            self._invited_by(key, request, source, now_us)
        elif request.method in self._handed:
            self._end.events.append(Requested(key, request, source))
        elif request.method == "OPTIONS":
            self._respond(key, request, 200, now_us, fields=self._abilities.fields())
        else:
            self._respond(key, request, 481, now_us)

    def _invited_by(self, key: Key, request: Request, source: Target, now_us: int) -> None:
        """A new call of theirs."""
        limits = self._limits
        if len(self._calls) >= limits.calls:
            later = {"retry-after": [str(RETRY_AFTER_S)]}
            self._respond(key, request, 503, now_us, fields=later)
            return
        call = self._call(State.INVITED, request.call_id)
        try:
            timing = accept_timer(
                request,
                now_us,
                interval_s=limits.session_s,
                shortest_s=limits.shortest_session_s,
            )
            offer = description_of(request)
            seen_from = source if is_direct(request) else None
            dialog = as_called(request, call.tag, source=seen_from)
        except SipError:
            self._respond(key, request, 400, now_us)
            return
        if isinstance(timing, Refusal):
            self._respond(key, request, timing.status, now_us, fields=timing.fields)
            return
        partner = call.partner = Partner(self._end, self._asking, dialog, source)
        call.session.partner = partner
        partner.note_allowed(request)
        side = TheirInvite(call, key, request, offer, timing, limits.ringing_us, now_us)
        call.side = self._invited[key] = side
        self._add(call)
        self._end.events.append(Invited(call.handle, request, source, offer))

    def _found(self, request: Request) -> tuple[Call, Partner] | None:
        """The call and the far end that a request within a dialog is of."""
        call = self._by_tag.get(request.called.tag)
        if call is None or call.call_id != request.call_id:
            return None
        partner = call.partner or call.side.partner_of(request.caller.tag)
        if partner is None or partner.dialog.remote.tag != request.caller.tag:
            return None
        return call, partner

    def _within(self, key: Key, request: Request, source: Target, now_us: int) -> None:
        """A request within a dialog."""
        found = self._found(request)
        if found is None:
            self._respond(key, request, 481, now_us)
            return
        call, partner = found
        match request.method:
            case "INVITE" | "UPDATE":
                if call.state is State.RELEASING:
                    self._respond(key, request, 481, now_us)
                else:
                    call.their_offers.receive(key, request, partner, source, now_us)
                return
            case "PRACK" if isinstance(call.side, TheirInvite):
                call.side.pracked(key, request, now_us)
                return
        try:
            refused = partner.judge(request, source)
        except SipError:
            refused = Refusal(400, "unfit")
        if refused is not None:
            self._respond(key, request, refused.status, now_us, fields=refused.fields)
        elif request.method == "BYE" and call.partner is not None:
            self._respond(key, request, 200, now_us)
            call.bye_came(request, now_us)
        elif request.method == "OPTIONS":
            self._respond(key, request, 200, now_us, fields=self._abilities.fields())
        else:
            self._respond(key, request, 481, now_us)

    def _ack_came(self, ack: Request, now_us: int) -> None:
        found = self._found(ack)
        if found is None:
            return
        call, _ = found
        if not call.their_offers.acknowledged(ack, now_us) and isinstance(call.side, TheirInvite):
            call.side.acknowledged(ack, now_us)
