"""A user agent (RFC 3261): calls, registrations and requests of one end, without input and output.

Owns the door. `calling`, `answering` and `session` are the parts of a call, `registration` the
client of a registrar, `asking` every request of ours until its answer. Octets and the time go in,
octets and events come out; sockets are `calleq.gateway.transport`'s.

Whatever comes from outside, nothing is raised. What the owner asks of a call that is over, or that
its state does not allow, does nothing: events and verbs may cross.
"""

from collections.abc import Callable, Mapping, Sequence

from calleq.sip.answering import TheirInvite
from calleq.sip.asking import Asked, Asking
from calleq.sip.bounds import SipError
from calleq.sip.call_table import State
from calleq.sip.calling import OurInvite
from calleq.sip.calls import Calls, Layer
from calleq.sip.checks import Abilities, Refusal
from calleq.sip.dialog import MAX_FORWARDS
from calleq.sip.end import End
from calleq.sip.events import (
    Binding,
    Credentials,
    Ended,
    Event,
    Limits,
    Outgoing,
    Replied,
)
from calleq.sip.fields import NameAddress
from calleq.sip.interworking import cause_of_status, reason_of_cause, status_of_cause
from calleq.sip.message import Fields, Response
from calleq.sip.negotiation import Agreed, Local
from calleq.sip.proof import Proof
from calleq.sip.registration import Registration
from calleq.sip.transaction import Key, Target
from calleq.sip.uri import Uri


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


CALL_METHODS = ("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "PRACK", "UPDATE")
REQUESTS_LIMIT = 1_000
"""Registrations, and requests outside of calls that wait for their answer, each."""
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
        self._layer = Layer(abilities, limits.transactions)
        self._end = End(self._layer, contact, random, about)
        self._asking = Asking(self._end)
        self._table = Calls(self._layer, self._end, self._asking, abilities, handed, limits)
        self._calls = self._table.calls
        self._registrations: dict[int, Registration] = {}
        self._waiting: set[int] = set()

    def __len__(self) -> int:
        """How many calls there are."""
        return len(self._calls)

    @property
    def calls(self) -> tuple[int, ...]:
        """Their handles."""
        return tuple(self._calls)

    @property
    def transactions(self) -> int:
        """How many transactions there are; those that are over linger (RFC 3261 §17)."""
        return len(self._layer)

    @property
    def dropped(self) -> int:
        """Messages that could not be read or answered."""
        return self._layer.dropped

    # What comes and goes.

    def receive(self, octets: bytes, source: Target, now_us: int) -> None:
        """One message, whole, from there."""
        self._layer.receive(octets, source, now_us)
        self._table.drain(now_us)

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

    def may_want_before(self, due_us: int) -> bool:
        """Whether `handle_timers` may be wanted sooner than that; False: it is not."""
        return self._end.soonest_us < due_us or self._layer.soonest_us < due_us

    def handle_timers(self, now_us: int) -> None:
        """Do what is due."""
        self._layer.handle_timers(now_us)
        self._table.drain(now_us)
        self._end.handle_timers(now_us)
        self._table.drain(now_us)

    def transport_failed(self, target: Target, now_us: int) -> None:
        """The connection broke, or nothing can be sent there."""
        self._table.connection_broke(target)
        self._layer.transport_failed(target, now_us)
        self._table.drain(now_us)

    # Calls of ours.

    def invite(self, outgoing: Outgoing, now_us: int) -> int:
        """Call; the handle. Raises SipError where there is no room or a field can't be written."""
        if len(self._calls) >= self._limits.calls:
            raise SipError(f"more than {self._limits.calls} calls")
        end = self._end
        call_id = outgoing.call_id or f"{end.random(96):024x}"
        call = self._table.open(State.CALLING, call_id)
        call.side = OurInvite(call, outgoing, self._asking, self._limits.ringing_us, now_us)
        self._table.add(call)
        return call.handle

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
        kept = self._registrations
        self._registrations = {h: one for h, one in kept.items() if not one.is_over}
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
            self._table.respond(key, found, status, now_us, fields=fields, body=body)
