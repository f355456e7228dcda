"""All calls of one user agent, and who hears what the transactions tell.

Owns the tables: calls by handle, by our tag, and by the INVITE of theirs that is not over. What
belongs to no call of ours is answered 481, a call too many 503, OPTIONS 200; requests outside of
calls are handed up where the owner wants their method.
"""

from collections.abc import Mapping

from calleq.sip import transactions as layer
from calleq.sip.answering import TheirInvite
from calleq.sip.asking import Asking
from calleq.sip.bounds import SipError
from calleq.sip.call import Call
from calleq.sip.call_table import State
from calleq.sip.checks import Abilities, Refusal
from calleq.sip.dialog import TARGET_REFRESHING, as_called
from calleq.sip.end import End
from calleq.sip.events import Invited, Limits, Requested
from calleq.sip.message import Request, respond
from calleq.sip.partner import Partner, is_direct
from calleq.sip.session import description_of
from calleq.sip.session_timer import accept as accept_timer
from calleq.sip.transaction import Key, Target, Transaction
from calleq.sip.transaction_tables import INVITE_CLIENT
from calleq.sip.transactions import RETRY_AFTER_S, Transactions


class Layer(Transactions):
    """The transactions of a user agent, which hears of the end of an accepted INVITE of ours."""

    def __init__(self, abilities: Abilities, limit: int) -> None:
        super().__init__(abilities, limit=limit)
        self.over: list[Key] = []

    def ended(self, transaction: Transaction) -> None:
        super().ended(transaction)
        if transaction.machine is INVITE_CLIENT:
            self.over.append(transaction.key)


class Calls:
    """The calls of one end."""

    def __init__(
        self,
        transactions: Layer,
        end: End,
        asking: Asking,
        abilities: Abilities,
        handed: frozenset[str],
        limits: Limits,
    ) -> None:
        self._layer = transactions
        self._end = end
        self._asking = asking
        self._told = abilities.fields()
        self._handed = handed
        self._limits = limits
        self.calls: dict[int, Call] = {}
        self._by_tag: dict[str, Call] = {}
        """By our tag, which no two calls share."""
        self._invited: dict[Key, TheirInvite] = {}

    def open(self, state: State, call_id: str) -> Call:
        """A new call; it counts from `add` on."""
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

    def connection_broke(self, target: Target) -> None:
        """What is asked of those who came over it goes to their Contact from now on."""
        for call in self.calls.values():
            if call.partner is not None and call.partner.came == target:
                call.partner.is_broken = True

    def add(self, call: Call) -> None:
        """Its INVITE is here, or on its way."""
        self.calls[call.handle] = self._by_tag[call.tag] = call

    def _forget(self, call: Call) -> None:
        self.calls.pop(call.handle, None)
        self._by_tag.pop(call.tag, None)
        if isinstance(call.side, TheirInvite):
            self._invited.pop(call.side.key, None)

    # What the transactions tell.

    def drain(self, now_us: int) -> None:
        """Work on everything that the transactions have to tell."""
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

    def respond(
        self,
        key: Key,
        request: Request,
        status: int,
        now_us: int,
        *,
        fields: Mapping[str, list[str]] = {},
        body: bytes = b"",
    ) -> None:
        """Answer a request of theirs."""
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
            self.respond(key, request, 200, now_us, fields=self._told)
        else:
            self.respond(key, request, 481, now_us)

    def _invited_by(self, key: Key, request: Request, source: Target, now_us: int) -> None:
        """A new call of theirs."""
        limits = self._limits
        if len(self.calls) >= limits.calls:
            later = {"retry-after": [str(RETRY_AFTER_S)]}
            self.respond(key, request, 503, now_us, fields=later)
            return
        call = self.open(State.INVITED, request.call_id)
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
            self.respond(key, request, 400, now_us)
            return
        if isinstance(timing, Refusal):
            self.respond(key, request, timing.status, now_us, fields=timing.fields)
            return
        partner = call.partner = Partner(self._end, self._asking, dialog, source)
        call.session.partner = partner
        partner.note_allowed(request)
        side = TheirInvite(call, key, request, offer, timing, limits.ringing_us, now_us)
        call.side = self._invited[key] = side
        self.add(call)
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
            self.respond(key, request, 481, now_us)
            return
        call, partner = found
        if request.method in TARGET_REFRESHING:
            if call.state is State.RELEASING:
                self.respond(key, request, 481, now_us)
            else:
                call.their_offers.receive(key, request, partner, source, now_us)
            return
        try:
            refused = partner.judge(request, source)
        except SipError:
            refused = Refusal(400, "unfit")
        if refused is not None:
            self.respond(key, request, refused.status, now_us, fields=refused.fields)
        elif request.method == "PRACK" and isinstance(call.side, TheirInvite):
            call.side.pracked(key, request, now_us)
        elif request.method == "BYE" and call.partner is not None:
            self.respond(key, request, 200, now_us)
            call.bye_came(request, now_us)
        elif request.method == "OPTIONS":
            self.respond(key, request, 200, now_us, fields=self._told)
        else:
            self.respond(key, request, 481, now_us)

    def _ack_came(self, ack: Request, now_us: int) -> None:
        found = self._found(ack)
        if found is None:
            return
        call, _ = found
        if not call.their_offers.acknowledged(ack, now_us) and isinstance(call.side, TheirInvite):
            call.side.acknowledged(ack, now_us)
