"""The subscribers of one switch whose telephones register by SIP.

Owns which username is which line, and how the registrar's bindings become the way to a telephone:
contacts of equal preference ring at once, the dearest first, each called where it came from.

Systems behind trunks prove themselves here, too, where they come from elsewhere than their peers'
addresses; they cannot register, since where they are called is provisioned.
"""

from collections.abc import Iterable, Sequence

from calleq.gateway.way import Destination, Way
from calleq.sip.digest import shared_secret
from calleq.sip.flood import Sources
from calleq.sip.guard import Guard
from calleq.sip.message import Request
from calleq.sip.registrar import Bound, Registrar, Reply
from calleq.sip.transaction import Target
from calleq.topology import Line
from calleq.topology_sip import SipTrunk
from calleq.topology_sip_checks import username_of

SHORTEST_S = 10
"""Telephones behind a translation refresh often."""


class Subscribers:
    """The lines of one gateway."""

    def __init__(
        self,
        lines: Iterable[Line],
        domain: str,
        key: bytes,
        digests: Sequence[str],
        sources: Sources,
        trunks: Iterable[SipTrunk] = (),
    ) -> None:
        own = tuple(lines)
        self.usernames = {username_of(line): line.number for line in own}
        """The number of each username."""
        self.numbers = tuple(self.usernames.values())
        beyond = [trunk for trunk in trunks if trunk.password]
        addresses = {trunk.username: trunk.name for trunk in beyond} | self.usernames
        self._passwords = {trunk.username: trunk.password for trunk in beyond}
        self._passwords |= {username_of(line): line.password for line in own}
        self._domain = domain
        guard = Guard(domain, key, self._secret_of, algorithms=digests)
        self._registrar = Registrar(
            guard, self.usernames.get, sources=sources, shortest_s=SHORTEST_S
        )
        self._callers = Registrar(guard, addresses.get, sources=sources)
        """Judges who calls, and binds nothing."""

    def provision(self, lines: Iterable[Line]) -> None:
        """Lines that are served here have other usernames or passwords from now on; what is
        registered stays so until it has to be refreshed."""
        for line in lines:
            if line.number in self.numbers:
                for username in [one for one, of in self.usernames.items() if of == line.number]:
                    del self.usernames[username]
                    self._passwords.pop(username, None)
                self.usernames[username_of(line)] = line.number
                self._passwords[username_of(line)] = line.password

    def _secret_of(self, username: str, algorithm: str) -> str | None:
        password = self._passwords.get(username)
        if password is None:
            return None
        return shared_secret(algorithm, username, self._domain, password)

    def admit(self, request: Request, source: Target, now_us: int) -> Reply:
        """Which line or trunk sends a request, or how it is answered."""
        return self._callers.admit(request, source, now_us)

    def register(self, request: Request, source: Target, now_us: int) -> Reply:
        """A REGISTER, and how it is answered."""
        return self._registrar.register(request, source, now_us)

    def contacts(self, number: str, now_us: int) -> tuple[Bound, ...]:
        """Where a line's telephone is now, the best first."""
        return self._registrar.bound(number, now_us)

    def way(self, number: str, now_us: int) -> Way:
        """Whom to invite for a line; nobody: its telephone is not registered."""
        groups: dict[float, list[Destination]] = {}
        for one in self.contacts(number, now_us):
            groups.setdefault(one.q, []).append(
                Destination(uri=one.uri, next_hop=one.source, secure=one.source.transport == "TLS")
            )
        return tuple(tuple(group) for group in groups.values())
