"""Who may ask for calls: businesses and their users, and whether a password is theirs.

`authenticate` ends in the business, `prove` in who it is, either in a `Denial` with the true
reason. The reason is for the log; a door tells every sender the same (`calleq.intake`). An unknown
identifier costs a stranger the same argon2 verification as a known one.

Good for a business are its `password_hash` of the topology and every password and PIN that the
registry has of it (argon2id all, from anywhere), while a password is being rotated the old one and
the new. The demonstration `password` in plain is good only from the same machine and only where
there is no other. A verified password is remembered as a keyed tag under a key of this process
(`LIMIT_VERIFIED` of them), so that only the first message of a business waits for argon2; equal
verifications under way are done once. A tag is one of password and hash together: with a hash that
is revoked or replaced nothing that was verified against it is worth anything, at once.

How guessing is bounded is `calleq.accounts.failures`. Sources known to be good have a lane of their
own there; they are also known from the journal (`restore`), so that a restart amid guessing
shuts nobody out.
"""

import hmac
import ipaddress
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from functools import lru_cache
from hashlib import blake2b
from typing import TypeVar

import msgspec

from calleq.accounts.changes import (
    BusinessSuspended,
    Change,
    CredentialRevoked,
    CredentialRotated,
    UserRemoved,
)
from calleq.accounts.credential import SPOKEN_KINDS, Credential
from calleq.accounts.denial import Denial, DenialReason
from calleq.accounts.failures import Buckets, FailureLimits, SlottedBuckets
from calleq.accounts.passwords import PasswordVerifier
from calleq.accounts.principal import Principal
from calleq.accounts.registry import Registry
from calleq.journal.entries import Accepted
from calleq.runtime.clock import Clock
from calleq.topology import Business

LIMIT_VERIFIED = 4_096
"""Verified passwords remembered."""
LIMIT_KNOWN = 16_384
"""Identifiers of which senders that gave the right password are remembered …"""
LIMIT_SOURCES_OF_ONE = 32
"""… and how many of each: nobody's senders push out anybody else's."""
IPV6_PREFIX = 64
USER_SEPARATOR = "/"
"""Between a business's identifier (empty: the carrier) and its user's."""

Verdict = Business | Denial
VerdictDone = Callable[[Verdict], object]
ProofDone = Callable[[Principal | Denial], object]
_Key = TypeVar("_Key")


class _Stored(msgspec.Struct, frozen=True):
    """A hash that a password may fit."""

    hash: str
    credential: Credential | None
    """None: it is the topology's."""


class _Attempt(msgspec.Struct, frozen=True):
    """One password being looked at."""

    identifier: str
    password: str
    peer: str
    tag: bytes
    """Of the password alone: equal attempts have the same."""


class Accounts:
    """The passwords of one registry. `tag_key` is random, 16 bytes or more, of this process."""

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
        self.registry = businesses if isinstance(businesses, Registry) else Registry(businesses)
        self.registry.listen(self._changed)
        self._verifier = verifier
        self._clock = clock
        self._tag_key = tag_key[:64]
        self._by_identifier = SlottedBuckets(limits.identifier, clock, self._tag_key)
        self._by_peer = SlottedBuckets(limits.peer, clock, self._tag_key)
        self._by_known_source = Buckets(limits.known_source, clock)
        self._verified: OrderedDict[bytes, None] = OrderedDict()
        self._known_sources: OrderedDict[str, OrderedDict[str, None]] = OrderedDict()
        """Networks of senders, by identifier."""
        self._under_way: dict[bytes, list[ProofDone]] = {}
        self.failures: Counter[str] = Counter()
        """Wrong passwords per business; those for businesses that do not exist under ``""``."""

    @property
    def under_way(self) -> int:
        """Passwords that are being verified, or wait to be."""
        return len(self._under_way)

    def business(self, identifier: str) -> Business | None:
        """The business, active or not."""
        return self.registry.business(identifier)

    def know_source(self, identifier: str, peer: str) -> None:
        """`peer` is an address from which this business or user has proved itself before."""
        if not peer:
            return
        own = self._known_sources.pop(identifier, OrderedDict())
        _remember(own, network_of(peer), LIMIT_SOURCES_OF_ONE)
        self._known_sources[identifier] = own
        if len(self._known_sources) > LIMIT_KNOWN:
            self._known_sources.popitem(last=False)

    def restore(self, entry: Accepted) -> None:
        """Know again the source of a message that was accepted for its password."""
        credential = self.registry.credential(entry.by)
        if entry.by == entry.business:
            self.know_source(entry.business, entry.source)
        elif credential is not None and credential.kind in SPOKEN_KINDS:
            self.know_source(_identifier(credential.business, credential.user), entry.source)

    def authenticate(self, identifier: str, password: str, peer: str, done: VerdictDone) -> None:
        """As `prove`, for a business's own password; `done` is told the business."""

        def proved(verdict: Principal | Denial) -> None:
            if isinstance(verdict, Denial):
                done(verdict)
                return
            business = self.registry.business(verdict.business)
            assert business is not None, "it has just proved itself"
            done(business)

        if USER_SEPARATOR in identifier:
            done(Denial("unknown_business"))
        else:
            self.prove(identifier, password, peer, proved)

    def prove(self, identifier: str, password: str, peer: str, done: ProofDone) -> None:
        """Call `done` once with who it is, at once where nothing slow is needed.

        `identifier` is a business's, or `business/user`, or `/user` for the carrier's. `peer` is
        the sender's IP address; any other text counts as from outside.
        """
        stored = self._stored(identifier)
        attempt = _Attempt(identifier, password, peer, self._tag(identifier, "", password))
        business = self.registry.business(identifier)
        if business and not stored and business.password and is_loopback(peer):
            done(self._demonstration(business, attempt))
            return
        for each in stored:
            tag = self._tag(identifier, each.hash, password)
            if tag in self._verified:
                self._verified.move_to_end(tag)
                done(self._standing(identifier, each.credential))
                return
        waiting = self._under_way.get(attempt.tag)
        if waiting is not None:
            waiting.append(done)
            return
        if not self._take(attempt):
            done(Denial("too_many_failures", self._named(identifier)))
            return
        self._under_way[attempt.tag] = [done]
        self._verify(attempt, stored or [_Stored(self._verifier.dummy_hash(), None)])

    def _named(self, identifier: str) -> str:
        """Its business, if there is one: what else a stranger writes there is not to be kept."""
        business = identifier.partition(USER_SEPARATOR)[0]
        return business if self.registry.business(business) is not None else ""

    def _stored(self, identifier: str) -> list[_Stored]:
        """What a password of this identifier may fit now."""
        business, _, user = identifier.partition(USER_SEPARATOR)
        found = [
            _Stored(one.stored, one)
            for one in self.registry.passwords(business, self._clock.now_us(), user)
        ]
        known = self.registry.business(business) if not user else None
        if known is not None and known.password_hash:
            found.append(_Stored(known.password_hash, None))
        return found

    def _demonstration(self, business: Business, attempt: _Attempt) -> Principal | Denial:
        if not self._take(attempt):
            return Denial("too_many_failures", business.identifier)
        expected = self._tag(attempt.identifier, "", business.password)
        if not hmac.compare_digest(expected, attempt.tag):
            return self._failed(attempt)
        self._succeeded(attempt)
        return self._standing(attempt.identifier, None)

    def _verify(self, attempt: _Attempt, stored: list[_Stored]) -> None:
        """Try one hash after the other, and tell whoever waits."""
        tried, rest = stored[0], stored[1:]

        def verified(right: bool | None) -> None:
            if right is None:
                self._give_back(attempt)
                self._tell(attempt, Denial("verifier_busy", self._named(attempt.identifier)))
            elif right and tried in self._stored(attempt.identifier):
                self._succeeded(attempt)
                tag = self._tag(attempt.identifier, tried.hash, attempt.password)
                _remember(self._verified, tag, LIMIT_VERIFIED)
                self._tell(attempt, self._standing(attempt.identifier, tried.credential))
            elif rest:
                self._verify(attempt, rest)
            else:
                self._tell(attempt, self._failed(attempt))

        self._verifier.verify(tried.hash, attempt.password, verified)

    def _tell(self, attempt: _Attempt, verdict: Principal | Denial) -> None:
        for one in self._under_way.pop(attempt.tag):
            one(verdict)

    def _standing(self, identifier: str, credential: Credential | None) -> Principal | Denial:
        business, _, user = identifier.partition(USER_SEPARATOR)
        known = self.registry.business(business)
        if business and (known is None or not known.active):
            return Denial("suspended", business)
        if credential is None:
            return Principal("business_owner", "password", business, business)
        standing = self.registry.standing(credential, self._clock.now_us())
        if standing != "good":
            return Denial(standing, business, credential.identifier)
        return Principal(
            credential.role,
            "password",
            business,
            user or business,
            credential.identifier,
            scopes=credential.scopes,
            is_initial=bool(credential.initial_until_us),
        )

    def _failed(self, attempt: _Attempt) -> Denial:
        identifier = attempt.identifier
        business, _, user = identifier.partition(USER_SEPARATOR)
        known = self.registry.business(business)
        if known is None and not (user and not business):
            self.failures[""] += 1
            return Denial("unknown_business")
        self.failures[business] += 1
        reason: DenialReason = "bad_password"
        if known is not None and known.password and not self._stored(identifier):
            reason = "bad_password" if is_loopback(attempt.peer) else "demo_password_from_outside"
        return Denial(reason, business)

    def _changed(self, change: Change) -> None:
        """Where a password may have been known to others no source is good any more."""
        match change:
            case CredentialRevoked() | CredentialRotated():
                known = self.registry.credential(change.credential)
                gone = None if known is None else _identifier(known.business, known.user)
            case UserRemoved():
                gone = _identifier(change.business, change.user)
            case BusinessSuspended():
                gone = change.business
            case _:
                gone = None
        if gone is not None:
            self._known_sources.pop(gone, None)

    # Guessing

    def _succeeded(self, attempt: _Attempt) -> None:
        self._give_back(attempt)
        self.know_source(attempt.identifier, attempt.peer)

    def _is_known(self, attempt: _Attempt) -> bool:
        own = self._known_sources.get(attempt.identifier)
        return own is not None and network_of(attempt.peer) in own

    def _take(self, attempt: _Attempt) -> bool:
        network = network_of(attempt.peer)
        if self._is_known(attempt):
            return self._by_known_source.take((attempt.identifier, network))
        if not self._by_peer.take(network):
            return False
        if self._by_identifier.take(attempt.identifier):
            return True
        self._by_peer.give_back(network)
        return False

    def _give_back(self, attempt: _Attempt) -> None:
        network = network_of(attempt.peer)
        if self._is_known(attempt):
            self._by_known_source.give_back((attempt.identifier, network))
        else:
            self._by_peer.give_back(network)
            self._by_identifier.give_back(attempt.identifier)

    def _tag(self, identifier: str, stored: str, password: str) -> bytes:
        parts: list[bytes] = []
        for part in (identifier, stored, password):
            octets = part.encode("utf-8", "surrogatepass")
            parts += (len(octets).to_bytes(4, "big"), octets)
        return blake2b(b"".join(parts), key=self._tag_key, digest_size=32).digest()


def _identifier(business: str, user: str) -> str:
    return f"{business}{USER_SEPARATOR}{user}" if user else business


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


@lru_cache(maxsize=4_096)
def network_of(peer: str) -> str:
    """What counts as one sender: an address of IPv4, and of IPv6 the network that one gets whole.

    >>> network_of("192.0.2.7"), network_of("::ffff:192.0.2.7"), network_of("2001:db8::1:2:3")
    ('192.0.2.7', '192.0.2.7', '2001:db8::/64')
    """
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return peer
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, IPV6_PREFIX), strict=False))
    return peer


def _remember(kept: "OrderedDict[_Key, None]", key: _Key, limit: int) -> None:
    kept[key] = None
    kept.move_to_end(key)
    if len(kept) > limit:
        kept.popitem(last=False)
