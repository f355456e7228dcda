"""The subscribers of one switch whose telephones register by SIP.

Owns who may register and call: the username and password of each line, by digest; and where each
line's telephone is, as far as it has registered.
"""

from collections.abc import Iterable, Sequence

import msgspec

from calleq.gateway.way import Destination, Way
from calleq.sip.bounds import SipError
from calleq.sip.digest import shared_secret
from calleq.sip.guard import Admission, Guard
from calleq.sip.message import Fields, Request
from calleq.sip.transaction import Target
from calleq.sip.uri import SipUri
from calleq.topology import Line
from calleq.topology_sip_checks import username_of
from calleq.units import SECOND_US

EXPIRES_S = 3_600
SHORTEST_S = 10
CONTACTS_LIMIT = 8


class Contact(msgspec.Struct, frozen=True):
    """Where a telephone is."""

    uri: SipUri
    source: Target
    until_us: int
    q: float = 1.0
    user_agent: str = ""


class Admitted(msgspec.Struct, frozen=True):
    """Whose a request is; empty: nobody's, and how it is answered."""

    line: str = ""
    status: int = 0
    fields: Fields = {}


class Subscribers:
    """The lines of one gateway."""

    def __init__(
        self, lines: Iterable[Line], domain: str, key: bytes, digests: Sequence[str]
    ) -> None:
        self._lines = {username_of(line): line for line in lines}
        self.usernames = {name: line.number for name, line in self._lines.items()}
        """The number of each username."""
        self.numbers = tuple(self.usernames.values())
        self._guard = Guard(domain, key, self._secret_of, algorithms=digests)
        self._contacts: dict[str, list[Contact]] = {}
        self._domain = domain

    def _secret_of(self, username: str, algorithm: str) -> str | None:
        line = self._lines.get(username)
        if line is None:
            return None
        return shared_secret(algorithm, username, self._domain, line.password)

    def admit(self, request: Request, source: Target, now_us: int) -> Admitted:
        """Which line sends a request."""
        line = request.first("authorization")
        verdict = self._guard.judge(line, request.method, request.target, now_us)
        if verdict.admission is Admission.GRANTED:
            return Admitted(self._lines[verdict.username].number)
        stale = verdict.admission is Admission.STALE
        challenges = self._guard.challenges(now_us, stale=stale)
        return Admitted("", 401, {"www-authenticate": challenges})

    def register(self, request: Request, source: Target, now_us: int) -> tuple[int, Fields]:
        """A REGISTER, and how it is answered."""
        admitted = self.admit(request, source, now_us)
        if not admitted.line:
            return admitted.status, admitted.fields
        try:
            expires = request.number("expires", 2**31)
            contacts = [] if request.first("contact") == "*" else request.addresses("contact")
        except SipError:
            return 400, {}
        kept = self.contacts(admitted.line, now_us)
        for contact in contacts:
            own = contact.parameters.get("expires")
            seconds = int(own) if own else expires if expires is not None else EXPIRES_S
            if not isinstance(contact.uri, SipUri):
                continue
            kept = [one for one in kept if str(one.uri) != str(contact.uri)]
            if seconds:
                until_us = now_us + min(max(seconds, SHORTEST_S), EXPIRES_S) * SECOND_US
                kept.append(Contact(contact.uri, source, until_us))
        self._contacts[admitted.line] = kept[-CONTACTS_LIMIT:]
        lines = [
            f"<{one.uri}>;expires={(one.until_us - now_us) // SECOND_US}"
            for one in self._contacts[admitted.line]
        ]
        return 200, {"contact": lines} if lines else {}

    def contacts(self, number: str, now_us: int) -> list[Contact]:
        """Where a line's telephone is now."""
        return [one for one in self._contacts.get(number, ()) if one.until_us > now_us]

    def way(self, number: str, now_us: int) -> Way:
        """Whom to invite for a line: contacts of equal preference at once, the dearest first."""
        groups: dict[float, list[Destination]] = {}
        for one in self.contacts(number, now_us):
            groups.setdefault(one.q, []).append(
                Destination(uri=one.uri, next_hop=one.source, secure=one.source.transport == "TLS")
            )
        return tuple(tuple(groups[q]) for q in sorted(groups, reverse=True))
