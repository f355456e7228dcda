"""The authority: answers fronts, tells them the accounts, and decides what they relay.

Every front has a door here (`calleq.door`), built as if its element were in this process: it has
that door's equipment address, keys and calls, and instructs the element over the OSN. So whatever
is decided is decided by one intake, in one turn, with one journal: a limit is one limit, and a
restart here finds everything.

A front has proved who sends a request. What may have changed since is asked again here: whether its
credential and its business are still good, and whether a nonce or token has been used at another
door. Requests that ask for calls go to the door; all others to `serve`, where there is one.

Refuses whoever is no front of this network, requests meant for another life, and late ones.
"""

from collections.abc import Callable, Mapping
from typing import Literal, cast

import msgspec

from calleq.accounts.keeping import Keeping
from calleq.accounts.principal import Principal
from calleq.accounts.replays import Replays
from calleq.door.door import Door
from calleq.door.replies import Reply, declined
from calleq.intake import errors
from calleq.journal.frames import JournalError
from calleq.osn.contract import Bus
from calleq.osn.messages import OsnError
from calleq.osn.relaying import (
    AskAuthority,
    AuthorityHere,
    EntriesTold,
    Relay,
    Relayed,
    RelayMessage,
    RelayOver,
    decode,
    encode,
)
from calleq.relay.bounds import LIMIT_PARTS_OCTETS
from calleq.relay.merging import Merger
from calleq.relay.telling import AccountsTeller
from calleq.runtime.clock import Clock
from calleq.units import SECOND_US

Part = Callable[[int, tuple[tuple[str, str], ...], bytes, bool], object]
"""Told status, headers and body of an answer, and whether more of the body follows."""
Serve = Callable[[str, Relay, Principal, Part], Callable[[], object]]
"""Serves a request at the door of a front; what is returned says that nobody waits for it."""

_encode = msgspec.json.Encoder().encode


class Authority:
    """Decides for the doors of other processes."""

    def __init__(
        self,
        name: str,
        doors: Mapping[str, Door],
        *,
        keeping: Keeping,
        replays: Replays,
        bus: Bus,
        clock: Clock,
        life: int,
    ) -> None:
        """`name` is on the OSN; `doors` are those of fronts, by the fronts' names."""
        self.name = name
        self.doors = doors
        self.serve: Serve | None = None
        """Set by a process that has an API besides."""
        self.merger: Merger | None = None
        """Takes what other processes tell of their journals; None: calls have no price."""
        self._keeping = keeping
        self._registry = keeping.registry
        self._replays = replays
        self._bus = bus
        self._clock = clock
        self._life = life
        self._teller = AccountsTeller(self._registry, clock, life, self.tell)
        self._serving: dict[tuple[str, int], Callable[[], object]] = {}
        self.ignored = 0
        """Messages of strangers, or that meant nothing."""
        self.refused = 0
        """Requests that were not decided."""
        bus.attach(name, self.receive)

    def receive(self, sender: str, octets: bytes) -> None:
        """A message from the OSN."""
        try:
            message = decode(octets)
        except OsnError:
            self.ignored += 1
            return
        if isinstance(message, EntriesTold) and self.merger is not None:
            self.merger.told(sender, message)
            return
        if sender not in self.doors:
            self.ignored += 1
            return
        match message:
            case AskAuthority():
                at_us = self._clock.monotonic_us()
                self.tell(sender, AuthorityHere(self._life, message.number, at_us))
                self._teller.asked(sender, message)
            case Relay():
                self._decide(sender, message)
            case RelayOver(question):
                over = self._serving.pop((sender, question), None)
                if over is not None:
                    over()
            case _:
                self.ignored += 1

    def _decide(self, front: str, request: Relay) -> None:
        refusal = self._refusal(request)
        if refusal:
            self.refused += 1
            self.tell(front, Relayed(request.question, 0, refused=refusal))
            return
        principal = request.asker
        if principal.credential and principal.proof != "page_token":
            self._keeping.used(principal.credential)
        if request.figure:
            self._submit(front, request, principal)
        else:
            self._serve(front, request, principal)

    def _refusal(self, request: Relay) -> str:
        """Why it is not decided at all; empty: it is."""
        if request.authority != self._life or self._clock.monotonic_us() > request.until_us:
            return "late"
        asker = request.asker
        denied = self._denied(asker.business, asker.credential, asker.proof)
        if denied:
            return denied
        used = request.used
        if used is not None:
            now_s = self._clock.now_us() // SECOND_US
            if used.until_s <= now_s:
                return "late"
            match self._replays.use(used.owner, used.mark, used.until_s, now_s):
                case "again":
                    of_page = asker.proof == "page_token"
                    return "replayed_page_token" if of_page else "replayed_nonce"
                case "full":
                    return "replays_full"
                case "first":
                    pass
        return ""

    def _denied(self, business: str, credential: str, proof: str) -> str:
        """What has changed since the front looked."""
        if business:
            known = self._registry.business(business)
            if known is None or not known.active:
                return "suspended"
        if credential and proof != "page_token":
            kept = self._registry.credential(credential)
            if kept is None:
                return "unknown_credential"
            standing = self._registry.standing(kept, self._clock.now_us())
            if standing != "good":
                return standing
        return ""

    def _submit(self, front: str, request: Relay, principal: Principal) -> None:
        def answer(reply: Reply) -> None:
            body = _encode(reply.view)
            self.tell(front, Relayed(request.question, reply.status, reply.headers, body))

        door = self.doors[front]
        try:
            door.submit(
                request.body,
                dict(request.headers),
                request.peer,
                answer,
                figure=cast(Literal[8, 9], request.figure),
                principal=principal,
            )
        except JournalError:  # the disk takes nothing: nothing was accepted
            answer(declined(errors.BUSY))

    def _serve(self, front: str, request: Relay, principal: Principal) -> None:
        if self.serve is None:
            self.tell(front, Relayed(request.question, 0, refused="not_here"))
            return
        key = (front, request.question)

        def part(
            status: int, headers: tuple[tuple[str, str], ...], body: bytes, more: bool
        ) -> None:
            if not more:
                self._serving.pop(key, None)
            pieces = [
                body[start : start + LIMIT_PARTS_OCTETS]
                for start in range(0, len(body), LIMIT_PARTS_OCTETS)
            ] or [b""]
            for piece in pieces[:-1]:
                self.tell(front, Relayed(request.question, status, headers, piece, more=True))
            self.tell(front, Relayed(request.question, status, headers, pieces[-1], more=more))

        self._serving[key] = _nothing
        over = self.serve(front, request, principal, part)
        if key in self._serving:
            self._serving[key] = over

    def tell(self, name: str, message: RelayMessage) -> None:
        """Send a message to whatever of another process has that name."""
        self._bus.send(self.name, name, encode(message))


def _nothing() -> None:
    """It is being begun."""
