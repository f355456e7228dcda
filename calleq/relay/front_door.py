"""A door whose decisions are taken by the authority: takes requests, finds out who asks, relays.

A request whose sender has not proved who it is ends here and leaves nothing on the OSN. For that
the front opens what such a message has in it (its password); a message of somebody known is not
even read: the authority does that, as for its own door.

Of what a sender gave as proof nothing is relayed: neither headers nor a password in the body. The
front's own journal has the attempts that were refused here, under the front's name.
"""

from collections.abc import Callable, Mapping
from typing import Literal, cast

import msgspec

from calleq.accounts import Accounts, Denial
from calleq.accounts.authenticator import Authenticator
from calleq.accounts.denial import DenialReason
from calleq.accounts.principal import Principal
from calleq.accounts.replays import Replays
from calleq.door.replies import Reply, declined
from calleq.intake import Declined, Intake, Outcome, errors
from calleq.intake.intake import PROXY_HEADERS
from calleq.intake.work import Work
from calleq.messages.answers import CallAccepted, ProblemView
from calleq.messages.sealed import is_sealed
from calleq.osn.relaying import Relay, Relayed, Used
from calleq.relay.front import Front
from calleq.relay.problems import UNREACHABLE
from calleq.runtime.clock import Clock
from calleq.topology import Business
from calleq.web.problems import ProblemDetail, plain_problem

RELAYED_HEADERS = (
    "content-type",
    "idempotency-key",
    "accept",
    "last-event-id",
    "request-id",
    *sorted(PROXY_HEADERS),
)
"""Those that mean something behind the front. None of them proves anything."""

NOT_HERE = plain_problem(404, "not_here", "this door does not offer that; ask the access server's")

_encode = msgspec.json.Encoder().encode
_decode_accepted = msgspec.json.Decoder(CallAccepted).decode
_decode_problem = msgspec.json.Decoder(ProblemView).decode
_ONCE = frozenset(("signature", "page_token"))
"""Proofs that are good for one request. They are looked at in the turn in which it is relayed."""
_Figure = Literal[8, 9]
Answer = Callable[[Relayed | ProblemDetail], object]
"""Told every part of an answer, or once why there is none."""


class Proved(Declined, frozen=True, kw_only=True):
    """Who sends a message is known, and nothing else has been decided: whoever does not relay it
    declines it."""

    principal: Principal


class FrontIntake(Intake):
    """An intake that goes no further than to who sends a message."""

    def _authenticated(self, work: Work, business: Business, by: Principal) -> None:
        self._finish(work, Proved(UNREACHABLE, "relayed", principal=by), "relayed")


class FrontDoor:
    """One door of a process without the authority."""

    def __init__(
        self,
        name: str,
        *,
        front: Front,
        intake: FrontIntake,
        accounts: Accounts,
        authenticator: Authenticator,
        replays: Replays,
        clock: Clock,
    ) -> None:
        """`replays` are those of who finds out here who asks."""
        self.name = name
        self.front = front
        self.intake = intake
        self.accounts = accounts
        self.authenticator = authenticator
        self.draining = False
        """Whether it takes no message."""
        self._clock = clock
        self._replays = replays

    def start(self) -> None:
        """Begin to look for the authority."""
        self.front.start()

    def now_us(self) -> int:
        """The time at the door."""
        return self._clock.now_us()

    def submit(
        self,
        body: bytes,
        headers: Mapping[str, str],
        peer: str,
        answer: Callable[[Reply], object],
        *,
        figure: _Figure = 8,
        principal: Principal | None = None,
    ) -> None:
        """One message of figure 8 or 9; see `Door.submit`."""
        problem = errors.DRAINING if self.draining else self.front.problem
        if problem is not None:
            answer(declined(problem))
            return

        def relay(by: Principal, octets: bytes) -> None:
            def told(said: Relayed | ProblemDetail) -> None:
                answer(self._reply(said, by, peer))

            self._relay(by, ("POST", "", figure), headers, octets, peer, told)

        if principal is not None:
            relay(principal, body)
            return

        def decided(outcome: Outcome) -> None:
            if isinstance(outcome, Proved):
                relay(outcome.principal, without_password(body))
            elif self.front.problem is not None:  # what is known of accounts was lost meanwhile
                answer(declined(self.front.problem))
            else:
                assert isinstance(outcome, Declined), "nothing is admitted here"
                answer(declined(outcome.problem))

        self.intake.submit(body, headers, peer, decided, figure=figure)

    def ask(
        self,
        by: Principal,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes,
        peer: str,
        answer: Answer,
    ) -> Callable[[], None]:
        """Any other request of somebody known; the result says that nobody waits any more."""

        def told(said: Relayed | ProblemDetail) -> None:
            refused = said.refused if isinstance(said, Relayed) else ""
            answer(self._refused(refused, by, peer) if refused else said)

        return self._relay(by, (method, target, 0), headers, body, peer, told)

    def _relay(
        self,
        by: Principal,
        what: tuple[str, str, int],
        headers: Mapping[str, str],
        body: bytes,
        peer: str,
        told: Answer,
    ) -> Callable[[], None]:
        method, target, figure = what
        last = self._replays.last if by.proof in _ONCE else None
        used = None if last is None else Used(*last)
        kept = tuple((name, headers[name]) for name in RELAYED_HEADERS if name in headers)

        def request(number: int, life: int, until_us: int) -> Relay:
            return Relay(number, life, until_us, by, method, target, kept, body, peer, figure, used)

        return self.front.relay(request, told)

    def _reply(self, said: Relayed | ProblemDetail, by: Principal, peer: str) -> Reply:
        if isinstance(said, ProblemDetail):
            return declined(said)
        if said.refused:
            return declined(self._refused(said.refused, by, peer))
        decode = _decode_accepted if said.status < 400 else _decode_problem
        return Reply(said.status, decode(said.body), said.headers)

    def _refused(self, reason: str, by: Principal, peer: str) -> ProblemDetail:
        """The authority says that somebody is not good any more."""
        if reason == "not_here":
            return NOT_HERE
        denial = Denial(cast(DenialReason, reason), by.business, by.credential)
        self.intake.denied(denial, peer)
        return errors.BUSY if denial.is_busy else errors.NOT_ACCEPTED


def without_password(body: bytes) -> bytes:
    """A message whose password has been found right, without it; what is sealed stays as it is."""
    try:
        fields = msgspec.json.decode(body, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return body  # the whole is sealed
    password = fields.get("password")
    if isinstance(password, str) and not is_sealed(password):
        del fields["password"]
    return _encode(fields)
