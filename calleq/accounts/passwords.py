"""Argon2id verification (RFC 9106) where it may be slow without holding up calls.

A verification costs tens of milliseconds by design. `PooledVerifier` does it on a bounded pool of
threads; `InlineVerifier` does it on the spot, for the virtual clock. Both answer None instead of a
verdict when they cannot take the work: nothing is refused as wrong that was not looked at.
"""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Protocol

import argon2

LIMIT_VERIFICATIONS = 64
"""Verifications in the pool at once, waiting ones counted."""

Done = Callable[[bool | None], object]


class PasswordVerifier(Protocol):
    """Verifies one password against one argon2id hash."""

    def dummy_hash(self) -> str:
        """A hash no password fits, whose verification costs what a real one's does."""

    def verify(self, stored_hash: str, password: str, done: Done) -> None:
        """Call `done` once: True or False, None when too much is waiting already."""


def hash_password(password: str, hasher: argon2.PasswordHasher | None = None) -> str:
    """The argon2id hash to put into a topology's `password_hash`."""
    return (hasher or argon2.PasswordHasher()).hash(password)


def matches(hasher: argon2.PasswordHasher, stored_hash: str, password: str) -> bool:
    """Whether the password fits the hash; a malformed hash fits nothing."""
    try:
        return hasher.verify(stored_hash, password)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False


def is_password_of(stored_hash: str, password: str) -> bool:
    """The same with the cost that the hash itself says."""
    return matches(argon2.PasswordHasher(), stored_hash, password)


class InlineVerifier:
    """Verifies before it returns."""

    def __init__(self, hasher: argon2.PasswordHasher | None = None) -> None:
        self._hasher = hasher or argon2.PasswordHasher()
        self._dummy_hash = ""

    def dummy_hash(self) -> str:
        if not self._dummy_hash:
            self._dummy_hash = self._hasher.hash("no password of anyone")
        return self._dummy_hash

    def verify(self, stored_hash: str, password: str, done: Done) -> None:
        done(matches(self._hasher, stored_hash, password))


class PooledVerifier(InlineVerifier):
    """Verifies on `pool` and says so by `call_soon`, on the element's own thread.

    `call_soon` is asyncio's `loop.call_soon_threadsafe` or its like.
    """

    def __init__(
        self,
        pool: Executor,
        call_soon: Callable[[Callable[[], object]], object],
        hasher: argon2.PasswordHasher | None = None,
    ) -> None:
        super().__init__(hasher)
        self._pool = pool
        self._call_soon = call_soon
        self._waiting = 0
        self.dummy_hash()

    def verify(self, stored_hash: str, password: str, done: Done) -> None:
        if self._waiting >= LIMIT_VERIFICATIONS:
            done(None)
            return
        self._waiting += 1

        def finish(verdict: bool | None) -> None:
            self._waiting -= 1
            done(verdict)

        def finished(future: Future[bool]) -> None:
            failed = future.cancelled() or future.exception() is not None
            verdict = None if failed else future.result()
            self._call_soon(lambda: finish(verdict))

        self._pool.submit(matches, self._hasher, stored_hash, password).add_done_callback(finished)
