"""Who may ask for calls: businesses, and whether a sender is the one it says it is.

`authenticate` ends in the business, or in a `Denial` with the true reason. The reason is for the
log; a door tells every sender the same (`calleq.intake`). An unknown business costs a stranger the
same argon2 verification as a known one.

Two kinds of credential: passwords and PINs of the registry and the topology's `password_hash` (all
argon2id), good from anywhere, and the demonstration `password` in plain, good only from the same
machine and only where there is no other. A verified password is remembered as a keyed tag under a
key of this process (`LIMIT_VERIFIED` of them), so that only the first message of a business waits
for argon2; equal verifications under way are done once. The tag covers the hashes that are good, so
that a password that is revoked or expires is forgotten with them, and the sources that it made
known are when it is revoked.
"""

import hmac
import ipaddress
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from functools import lru_cache
from hashlib import blake2b
from typing import Literal, TypeVar

import msgspec

from calleq.accounts.changes import BusinessSuspended, Change, CredentialRevoked
from calleq.accounts.failures import Buckets, FailureLimits
from calleq.accounts.passwords import PasswordVerifier
from calleq.accounts.registry import Registry
from calleq.runtime.clock import Clock
from calleq.topology import Business

LIMIT_VERIFIED = 4_096
"""Verified passwords remembered."""
LIMIT_KNOWN_SOURCES = 16_384
"""Senders remembered as having given a business's right password."""

DenialReason = Literal[
    "unknown_business",
    "bad_password",
    "suspended",
    "demo_password_from_outside",
    "too_many_failures",
    "verifier_busy",
]


class Denial(msgspec.Struct, frozen=True):
    """Not this business, or not now; `verifier_busy` says nothing about the password."""

    reason: DenialReason


Verdict = Business | Denial
VerdictDone = Callable[[Verdict], object]
_Key = TypeVar("_Key")


class _Attempt(msgspec.Struct, frozen=True):
    """One password being looked at."""

    identifier: str
    password: str
    peer: str
    tag: bytes


class Accounts:
    """The businesses of a registry, or of one topology. `tag_key` is random, 16 bytes or more, of
    this process."""

    def __init__(
        self,
        businesses: Iterable[Business] | Registry,
        verifier: PasswordVerifier,
        clock: Clock,
        tag_key: bytes,
        limits: FailureLimits | None = None,
    ) -> None:
        if len(tag_key) < 16:
            raise ValueError("the tag key needs at least 16 random bytes")
        limits = limits or FailureLimits()
        known = businesses if isinstance(businesses, Registry) else Registry(businesses)
        self.registry = known
        self._clock = clock
        self._verifier = verifier
        self._tag_key = tag_key[:64]
        self._by_identifier = Buckets(limits.identifier, clock)
        self._by_peer = Buckets(limits.peer, clock)
        self._by_known_source = Buckets(limits.known_source, clock)
        self._verified: OrderedDict[bytes, None] = OrderedDict()
        self._known_sources: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._under_way: dict[bytes, list[VerdictDone]] = {}
        self.failures: Counter[str] = Counter()
        """Wrong passwords per business; those for businesses that do not exist under ``""``."""
        known.listen(self._changed)

    def business(self, identifier: str) -> Business | None:
        """The business, active or not."""
        return self.registry.business(identifier)

    def authenticate(self, identifier: str, password: str, peer: str, done: VerdictDone) -> None:
        """Call `done` once with the verdict, at once where nothing slow is needed.

        `peer` is the sender's IP address; any other text counts as from outside.
        """
        business = self.registry.business(identifier)
        stored = self._hashes(business) if business else ()
        tag = self._tag(identifier, "\n".join(stored), password)
        attempt = _Attempt(identifier, password, peer, tag)
        if business and self._is_demonstration(business) and is_loopback(peer):
            done(self._demonstration(business, attempt))
            return
        if attempt.tag in self._verified:
            self._verified.move_to_end(attempt.tag)
            done(self._standing(identifier))
            return
        waiting = self._under_way.get(attempt.tag)
        if waiting is not None:
            waiting.append(done)
            return
        if not self._take(attempt):
            done(Denial("too_many_failures"))
            return
        self._verify(attempt, stored, done)

    def _demonstration(self, business: Business, attempt: _Attempt) -> Verdict:
        if not self._take(attempt):
            return Denial("too_many_failures")
        expected = self._tag(attempt.identifier, "", business.password)
        if not hmac.compare_digest(expected, attempt.tag):
            return self._failed(attempt)
        self._give_back(attempt)
        self._know_source(attempt)
        return self._standing(attempt.identifier)

    def _verify(self, attempt: _Attempt, stored: tuple[str, ...], done: VerdictDone) -> None:
        waiting = self._under_way[attempt.tag] = [done]
        left = list(reversed(stored or (self._verifier.dummy_hash(),)))

        def verified(right: bool | None) -> None:
            if right is False and left:
                self._verifier.verify(left.pop(), attempt.password, verified)
                return
            del self._under_way[attempt.tag]
            if right is None:
                self._give_back(attempt)
                verdict: Verdict = Denial("verifier_busy")
            elif right and stored:
                self._give_back(attempt)
                _remember(self._verified, attempt.tag, LIMIT_VERIFIED)
                self._know_source(attempt)
                verdict = self._standing(attempt.identifier)
            else:
                verdict = self._failed(attempt)
            for one in waiting:
                one(verdict)

        self._verifier.verify(left.pop(), attempt.password, verified)

    def _standing(self, identifier: str) -> Verdict:
        business = self.registry.business(identifier)
        assert business is not None, "no business is ever gone"
        return business if business.active else Denial("suspended")

    def _failed(self, attempt: _Attempt) -> Denial:
        business = self.registry.business(attempt.identifier)
        if business is None:
            self.failures[""] += 1
            return Denial("unknown_business")
        self.failures[attempt.identifier] += 1
        if self._is_demonstration(business) and not is_loopback(attempt.peer):
            return Denial("demo_password_from_outside")
        return Denial("bad_password")

    def _hashes(self, business: Business) -> tuple[str, ...]:
        """What its passwords are verified against, the newest first."""
        issued = self.registry.passwords(business.identifier, self._clock.now_us())
        stored = tuple(credential.stored for credential in issued)
        return (*stored, business.password_hash) if business.password_hash else stored

    def _is_demonstration(self, business: Business) -> bool:
        return bool(business.password) and not self._hashes(business)

    def _changed(self, change: Change) -> None:
        """A source that a revoked password made known is no more known than another."""
        match change:
            case CredentialRevoked():
                revoked = self.registry.credential(change.credential)
                identifier = revoked.business if revoked else ""
            case BusinessSuspended():
                identifier = change.business
            case _:
                return
        for source in [source for source in self._known_sources if source[0] == identifier]:
            del self._known_sources[source]

    def _know_source(self, attempt: _Attempt) -> None:
        _remember(self._known_sources, (attempt.identifier, attempt.peer), LIMIT_KNOWN_SOURCES)

    def _take(self, attempt: _Attempt) -> bool:
        source = (attempt.identifier, attempt.peer)
        if source in self._known_sources:
            return self._by_known_source.take(source)
        if not self._by_peer.take(attempt.peer):
            return False
        if self._by_identifier.take(attempt.identifier):
            return True
        self._by_peer.give_back(attempt.peer)
        return False

    def _give_back(self, attempt: _Attempt) -> None:
        source = (attempt.identifier, attempt.peer)
        if source in self._known_sources:
            self._by_known_source.give_back(source)
        else:
            self._by_peer.give_back(attempt.peer)
            self._by_identifier.give_back(attempt.identifier)

    def _tag(self, identifier: str, stored: str, password: str) -> bytes:
        parts: list[bytes] = []
        for part in (identifier, stored, password):
            octets = part.encode("utf-8", "surrogatepass")
            parts += (len(octets).to_bytes(4, "big"), octets)
        return blake2b(b"".join(parts), key=self._tag_key, digest_size=32).digest()


@lru_cache(maxsize=1_024)
def is_loopback(peer: str) -> bool:
    """Whether the address is this machine's own; text that is no address is not.

    >>> is_loopback("127.0.0.1"), is_loopback("::ffff:127.0.0.1"), is_loopback("localhost")
    (True, True, False)
    """
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_loopback


def _remember(kept: "OrderedDict[_Key, None]", key: _Key, limit: int) -> None:
    kept[key] = None
    kept.move_to_end(key)
    if len(kept) > limit:
        kept.popitem(last=False)
