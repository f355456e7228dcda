"""Which page is which line's telephone: who is let in, who comes back, who is replaced.

Owns the sessions, one for each line at most, and the last profile of each line's client. Guessing
passwords costs the guesser's address its attempts, never the line: `ATTEMPTS`.

Odd cases: a page that gives the line's password while another page has the line takes it over,
unless that one is in a call; a page that comes back with what it was welcomed with goes on where it
was.
"""

import hmac
import secrets

import msgspec

from calleq.accounts.failures import Buckets, Rate
from calleq.browser import messages
from calleq.browser.call_table import State
from calleq.browser.configuration import Configuration
from calleq.browser.messages import ClientProfile, Hello, Refused
from calleq.browser.peers import Peers
from calleq.browser.session import Send, Session
from calleq.runtime.clock import Clock
from calleq.units import SECOND_US

ATTEMPTS = Rate(burst=10, refill_us=6 * SECOND_US)
"""Wrong passwords from one address: 10, then 10 a minute."""
RESUME_OCTETS = 18
PROFILE_CHARACTERS_LIMIT = 200


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """The profile of a line's client: what its page told, and what we see ourselves."""

    number: str
    """The telephone number that the client is."""
    address: str
    """The IP address that it connects from."""
    browser: str
    operating_system: str
    voip_routine: str
    user: str
    language: str
    since_us: int
    """UTC: when it connected, last."""


class LineView(msgspec.Struct, frozen=True, kw_only=True):
    """One line, for the operator."""

    number: str
    connected: bool
    registered: bool
    state: str
    """`idle`, `ringing`, `preparing`, `talking`, `over`."""
    calls: int
    """Answered since the page connected."""
    client: Client | None
    """The last one, where there was any."""


class Hub:
    """See above."""

    def __init__(self, configuration: Configuration, clock: Clock, peers: Peers) -> None:
        self._lines = {line.number: line for line in configuration.lines}
        self._configuration = configuration
        self.clock = clock
        self._peers = peers
        self._sessions: dict[str, Session] = {}
        self._clients: dict[str, Client] = {}
        self._attempts = Buckets(ATTEMPTS, clock)
        self._leaving: set[Session] = set()
        self._is_closing = False

    async def enter(self, hello: Hello, address: str, send: Send) -> Session | Refused:
        """Let a page in, or say why not."""
        if hello.version != messages.VERSION:
            return Refused("version")
        if self._is_closing:
            return Refused("stopping")
        number = "+" + hello.number.strip().removeprefix("+")
        session = self._sessions.get(number)
        if session is not None and _same(hello.resume, session.resume):
            session.attach(send)
            return session
        refused = self._refusal(hello, number, address)
        if refused is not None:
            return refused
        if session is not None:
            if session.is_here and session.state is not State.IDLE:
                return Refused("in_use")
            self._replace(session)
        return await self._begin(hello, number, address, send)

    def _refusal(self, hello: Hello, number: str, address: str) -> Refused | None:
        if not self._attempts.take(address):
            return Refused("too_many_attempts")
        line = self._lines.get(number)
        expected = line.password if line is not None else secrets.token_hex()
        if not _same(hello.password, expected):
            return Refused("credentials")
        self._attempts.give_back(address)
        return None

    def _replace(self, session: Session) -> None:
        session.tell_moved()
        self._sessions.pop(session.line.number, None)
        self._leaving.add(session)
        session.leave()

    async def _begin(
        self, hello: Hello, number: str, address: str, send: Send
    ) -> Session | Refused:
        profile = _bounded(hello.profile)
        session = Session(
            self._lines[number],
            profile,
            address,
            secrets.token_urlsafe(RESUME_OCTETS),
            clock=self.clock,
            peers=self._peers,
            sip_host=self._configuration.sip_host or self._lines[number].host,
            names=self._configuration.names,
            over=self._over,
        )
        self._sessions[number] = session
        self._clients[number] = Client(
            number=number,
            address=address,
            browser=profile.browser,
            operating_system=profile.operating_system,
            voip_routine=profile.voip_routine,
            user=profile.user,
            language=profile.language,
            since_us=session.since_us,
        )
        session.attach(send)
        try:
            await session.start()
        except OSError:
            self._over(session)
            return Refused("full")
        return session

    def _over(self, session: Session) -> None:
        self._leaving.discard(session)
        if self._sessions.get(session.line.number) is session:
            del self._sessions[session.line.number]

    def views(self) -> list[LineView]:
        """Every line, for the operator."""
        return [self._view(number) for number in self._lines]

    def _view(self, number: str) -> LineView:
        session = self._sessions.get(number)
        return LineView(
            number=number,
            connected=session is not None and session.is_here,
            registered=session is not None and session.is_registered,
            state=session.state.name.lower() if session is not None else "over",
            calls=session.calls if session is not None else 0,
            client=self._clients.get(number),
        )

    async def close(self) -> None:
        """Let every page go, and wait until nothing of them goes on."""
        self._is_closing = True
        sessions = (*self._sessions.values(), *self._leaving)
        for session in sessions:
            session.leave()
        for session in sessions:
            await session.ended()
        await self._peers.close()


def _same(given: str, expected: str) -> bool:
    """In a time that tells nothing of where they differ."""
    return hmac.compare_digest(given.encode(), expected.encode())


def _bounded(profile: ClientProfile) -> ClientProfile:
    """What pages tell is theirs to choose: cut short, and without what is no text."""
    fields = msgspec.structs.asdict(profile)
    kept = {
        name: "".join(c for c in text if c.isprintable())[:PROFILE_CHARACTERS_LIMIT]
        for name, text in fields.items()
    }
    return ClientProfile(**kept)
