"""A registrar (RFC 3261 §10.3): who may register, and where each address of record is reached.

Owns bindings, for as long as they were granted. Who asks proves himself by digest; a wrong password
counts against the address that it came from (`flood`), never against the subscriber.

It refuses, and then changes nothing: `*` with anything else (400), an interval below the shortest
(423 with Min-Expires), more than CONTACTS_LIMIT contacts (403), an address of record that is
another's (403), a request that is older than what a binding was made by (500).

Odd cases: a binding knows where its REGISTER came from, and over which connection, for behind a
translation nothing else leads back; a contact that comes again is the same binding by the rules for
URIs (§19.1.4), whatever else it says; q orders the contacts, 1 where there is none.
"""

from collections.abc import Callable

import msgspec

from calleq.sip.bounds import SipError
from calleq.sip.fields import NameAddress
from calleq.sip.flood import Sources
from calleq.sip.grammar import parse_number
from calleq.sip.guard import Admission, Guard
from calleq.sip.message import Fields, Request
from calleq.sip.transaction import Target
from calleq.sip.uri import SipUri, TelUri, same_address
from calleq.units import SECOND_US

LONGEST_S = 3_600
SHORTEST_S = 60
CONTACTS_LIMIT = 8
ADDRESSES_LIMIT = 100_000
EXPIRES_LIMIT_S = 2**32 - 1


class Bound(msgspec.Struct, frozen=True):
    """One telephone of an address of record."""

    contact: NameAddress
    source: Target
    """Where its REGISTER came from."""
    until_us: int
    call_id: str
    number: int
    """CSeq."""
    q: float = 1.0
    user_agent: str = ""

    @property
    def uri(self) -> SipUri:
        """Whom to invite."""
        assert isinstance(self.contact.uri, SipUri)
        return self.contact.uri


class Reply(msgspec.Struct, frozen=True):
    """How a request is answered; `address` is whose it is, empty where that is not proven."""

    status: int
    fields: Fields = {}
    address: str = ""


class Registrar:
    """The bindings of one domain."""

    def __init__(
        self,
        guard: Guard,
        address_of: Callable[[str], str | None],
        *,
        sources: Sources | None = None,
        longest_s: int = LONGEST_S,
        shortest_s: int = SHORTEST_S,
        contacts_limit: int = CONTACTS_LIMIT,
    ) -> None:
        """`address_of` gives the address of record, as this house names it, that a user name may
        register and call as; None: there is no such user."""
        self._guard = guard
        self._address_of = address_of
        self._sources = Sources() if sources is None else sources
        self._longest_s = longest_s
        self._shortest_s = shortest_s
        self._contacts_limit = contacts_limit
        self._bound: dict[str, tuple[Bound, ...]] = {}

    # Who asks.

    def admit(self, request: Request, source: Target, now_us: int) -> Reply:
        """Whose a request is: 200 with the address, or how it is answered. Not for ACK, BYE,
        CANCEL, which have no credentials of their own."""
        if self._sources.is_locked(source.host, now_us) and not request.first("authorization"):
            return Reply(403)
        line = request.first("authorization")
        verdict = self._guard.judge(line, request.method, request.target, now_us)
        match verdict.admission:
            case Admission.GRANTED:
                address = self._address_of(verdict.username)
                if address is None:
                    return Reply(403)
                self._sources.proven(source.host, verdict.username, now_us)
                return Reply(200, {}, address)
            case Admission.WRONG:
                self._sources.guessed(source.host, now_us)
            case Admission.MISSING | Admission.STALE:
                pass
        stale = verdict.admission is Admission.STALE
        return Reply(401, {"www-authenticate": self._guard.challenges(now_us, stale=stale)})

    # Bindings.

    def register(self, request: Request, source: Target, now_us: int) -> Reply:
        """A REGISTER, from its credentials to its answer."""
        admitted = self.admit(request, source, now_us)
        if not admitted.address:
            return admitted
        try:
            if not self._is_own(request, admitted.address):
                return Reply(403)
            return self._bind(admitted.address, request, source, now_us)
        except SipError:
            return Reply(400)

    def _is_own(self, request: Request, address: str) -> bool:
        """Whether To is the address of record of who asks: by user name or by number."""
        match request.called.uri:
            case SipUri() as uri:
                named = uri.unescaped_user
            case TelUri() as uri:
                named = uri.digits
            case _:
                return False
        return named == address or self._address_of(named) == address

    def _bind(self, address: str, request: Request, source: Target, now_us: int) -> Reply:
        """Change the bindings, all or none. Raises SipError."""
        before = self.bound(address, now_us)
        call_id, number = request.call_id, request.cseq.number
        if any(one.call_id == call_id and one.number >= number for one in before):
            return Reply(500, {"retry-after": ["1"]})
        header_s = request.number("expires", EXPIRES_LIMIT_S)
        if (request.first("contact") or "").strip() == "*":
            if len(request.fields["contact"]) > 1 or header_s != 0:
                raise SipError("* stands alone, with Expires 0")
            self._bound.pop(address, None)
            return Reply(200, {}, address)
        after = before
        for contact in request.addresses("contact"):
            if not isinstance(contact.uri, SipUri):
                raise SipError("a contact that is no address of SIP")
            seconds = _seconds(contact, header_s, self._longest_s)
            if 0 < seconds < self._shortest_s:
                return Reply(423, {"min-expires": [str(self._shortest_s)]})
            after = tuple(o for o in after if not same_address(o.contact.uri, contact.uri))
            if seconds:
                until_us = now_us + min(seconds, self._longest_s) * SECOND_US
                agent = (request.first("user-agent") or "")[:80]
                q = _q(contact)
                kept = NameAddress(contact.uri)
                after = (*after, Bound(kept, source, until_us, call_id, number, q, agent))
        if len(after) > self._contacts_limit:
            return Reply(403)
        if after:
            self._keep(address, after, now_us)
        else:
            self._bound.pop(address, None)
        return Reply(200, _told(after, now_us), address)

    def _keep(self, address: str, bound: tuple[Bound, ...], now_us: int) -> None:
        if address not in self._bound and len(self._bound) >= ADDRESSES_LIMIT:
            self._bound = {a: b for a in self._bound if (b := self.bound(a, now_us))}
        self._bound[address] = bound

    def bound(self, address: str, now_us: int) -> tuple[Bound, ...]:
        """Where an address is reached now, the best first; contacts of one q are for all to ring
        at once."""
        kept = self._bound.get(address, ())
        if any(one.until_us <= now_us for one in kept):
            kept = tuple(one for one in kept if one.until_us > now_us)
            if kept:
                self._bound[address] = kept
            else:
                self._bound.pop(address, None)
        return tuple(sorted(kept, key=lambda one: -one.q))

    def __len__(self) -> int:
        """How many addresses have bindings, some maybe expired."""
        return len(self._bound)


def _seconds(contact: NameAddress, header_s: int | None, usual_s: int) -> int:
    """How long a contact wants to be bound (§10.2.1.1). Raises SipError."""
    own = contact.parameters.get("expires")
    if own is not None:
        return parse_number(own, EXPIRES_LIMIT_S)
    return usual_s if header_s is None else header_s


def _q(contact: NameAddress) -> float:
    try:
        q = float(contact.parameters.get("q") or "1")
    except ValueError:
        raise SipError("no q") from None
    if not 0 <= q <= 1:
        raise SipError("a q that is not between 0 and 1")
    return q


def _told(bound: tuple[Bound, ...], now_us: int) -> Fields:
    if not bound:
        return {}
    return {
        "contact": [
            f"{one.contact};expires={(one.until_us - now_us) // SECOND_US}"
            + (f";q={one.q:g}" if one.q != 1 else "")
            for one in bound
        ]
    }
