"""Businesses and their passwords."""

from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

import pytest

from calleq.accounts import (
    Accounts,
    Buckets,
    Denial,
    FailureLimits,
    InlineVerifier,
    PooledVerifier,
    Rate,
    Verdict,
    hash_password,
    is_loopback,
)
from calleq.accounts.failures import LIMIT_BUCKETS
from calleq.accounts.passwords import LIMIT_VERIFICATIONS
from calleq.runtime.clock import VirtualClock
from calleq.topology import Business
from tests.door import HASHED, LOOPBACK, OUTSIDE, QUICK, SUSPENDED

DEMO = Business(identifier="abc", password="abc-demo")
MINUTE_US = 60_000_000


class CountingVerifier(InlineVerifier):
    """The real verification; says how often it was done, and waits when told to."""

    def __init__(self) -> None:
        super().__init__(QUICK)
        self.hashes: list[str] = []
        self.held: list[Callable[[], None]] | None = None

    def verify(
        self, stored_hash: str, password: str, done: Callable[[bool | None], object]
    ) -> None:
        self.hashes.append(stored_hash)
        work = super().verify
        if self.held is None:
            work(stored_hash, password, done)
        else:
            self.held.append(lambda: work(stored_hash, password, done))


class World:
    def __init__(self, limits: FailureLimits | None = None) -> None:
        self.clock = VirtualClock(1_000_000)
        self.verifier = CountingVerifier()
        self.accounts = Accounts(
            [DEMO, HASHED, SUSPENDED], self.verifier, self.clock, b"0123456789abcdef", limits
        )

    def tries(self, business: str, password: str, peer: str = OUTSIDE) -> Verdict:
        verdicts: list[Verdict] = []
        self.accounts.authenticate(business, password, peer, verdicts.append)
        [verdict] = verdicts
        return Denial(verdict.reason) if isinstance(verdict, Denial) else verdict


@pytest.mark.parametrize(
    ("business", "password", "peer", "expected"),
    [
        ("abc", "abc-demo", LOOPBACK, DEMO),
        ("abc", "abc-demo", "::1", DEMO),
        ("abc", "abc-demo", "::ffff:127.0.0.1", DEMO),
        ("abc", "abc-demo", OUTSIDE, Denial("demo_password_from_outside")),
        ("abc", "wrong", OUTSIDE, Denial("demo_password_from_outside")),
        ("abc", "abc-demo", "localhost", Denial("demo_password_from_outside")),
        ("abc", "wrong", LOOPBACK, Denial("bad_password")),
        ("abc", "", LOOPBACK, Denial("bad_password")),
        ("abroad", "far away", OUTSIDE, HASHED),
        ("abroad", "far away", LOOPBACK, HASHED),
        ("abroad", "", LOOPBACK, Denial("bad_password")),
        ("gone", "gone-demo", LOOPBACK, Denial("suspended")),
        ("gone", "wrong", LOOPBACK, Denial("bad_password")),
        ("nobody", "abc-demo", LOOPBACK, Denial("unknown_business")),
        ("", "", LOOPBACK, Denial("unknown_business")),
    ],
)
def test_verdicts(business: str, password: str, peer: str, expected: Verdict):
    world = World()
    assert world.tries(business, password, peer) == expected
    assert world.tries(business, password, peer) == expected


def test_a_business_without_any_credential_is_never_accepted():
    accounts = Accounts(
        [Business(identifier="bare")], InlineVerifier(QUICK), VirtualClock(), b"0" * 16
    )
    verdicts: list[Verdict] = []
    for password in ("", "no password of anyone", "bare"):
        accounts.authenticate("bare", password, LOOPBACK, verdicts.append)
    assert verdicts == [Denial("bad_password", "bare")] * 3


def test_a_verified_password_is_not_verified_again():
    world = World()
    for _ in range(5):
        assert world.tries("abroad", "far away") == HASHED
    assert len(world.verifier.hashes) == 1


def test_an_unknown_business_costs_a_verification_as_a_known_one_does():
    world = World()
    world.tries("nobody", "x")
    world.tries("abroad", "x")
    world.tries("abc", "x")
    assert len(world.verifier.hashes) == 3
    parameters = {text.rsplit("$", 2)[0] for text in world.verifier.hashes}
    assert len(parameters) == 1


def test_equal_verifications_under_way_are_done_once():
    world = World()
    world.verifier.held = []
    verdicts: list[Verdict] = []
    for _ in range(50):
        world.accounts.authenticate("abroad", "far away", OUTSIDE, verdicts.append)
    assert verdicts == []
    [work] = world.verifier.held
    work()
    assert verdicts == [HASHED] * 50


def test_guesses_side_by_side_count_before_they_are_judged():
    world = World()
    world.verifier.held = []
    verdicts: list[Verdict] = []
    for guess in range(20):
        world.accounts.authenticate("abroad", f"guess {guess}", OUTSIDE, verdicts.append)
    assert len(world.verifier.held) == 5
    assert verdicts == [Denial("too_many_failures", "abroad")] * 15


@pytest.mark.parametrize("business", ["abroad", "abc", "nobody"])
def test_the_limit_is_the_same_for_businesses_known_and_unknown(business: str):
    world = World()
    reasons = [world.tries(business, f"guess {guess}") for guess in range(7)]
    limited = [verdict == Denial("too_many_failures") for verdict in reasons]
    assert limited == [False] * 5 + [True] * 2
    world.clock.advance_us(12 * MINUTE_US)
    assert world.tries(business, "another") != Denial("too_many_failures")


def test_a_right_password_costs_nothing_of_the_limit():
    world = World()
    for _ in range(30):
        assert world.tries("abc", "abc-demo", LOOPBACK) == DEMO
    assert world.tries("abc", "wrong", LOOPBACK) == Denial("bad_password")


def test_guessing_from_elsewhere_does_not_shut_a_known_source_out():
    world = World()
    assert world.tries("abroad", "far away", "198.51.100.1") == HASHED
    for guess in range(30):
        world.tries("abroad", f"guess {guess}", f"203.0.113.{guess}")
    assert world.tries("abroad", "guess", "203.0.113.99") == Denial("too_many_failures")
    assert world.tries("abroad", "mistyped", "198.51.100.1") == Denial("bad_password")
    assert world.tries("abroad", "far away", "203.0.113.99") == HASHED, "verified before"


def test_one_peer_cannot_try_every_business():
    world = World()
    verdicts = [world.tries(f"name-{guess}", "x") for guess in range(51)]
    assert verdicts.count(Denial("unknown_business")) == 50
    assert verdicts[-1] == Denial("too_many_failures")
    assert world.tries("name-x", "x", "198.51.100.7") == Denial("unknown_business")


def test_a_bucket_refills_and_the_oldest_is_forgotten():
    clock = VirtualClock()
    buckets = Buckets(Rate(burst=2, refill_us=MINUTE_US), clock)
    assert [buckets.take("a") for _ in range(3)] == [True, True, False]
    buckets.give_back("a")
    assert [buckets.take("a") for _ in range(2)] == [True, False]
    clock.advance_us(MINUTE_US)
    assert [buckets.take("a") for _ in range(2)] == [True, False]
    for other in range(LIMIT_BUCKETS):
        buckets.take(other)
    assert buckets.take("a")


def test_a_malformed_hash_fits_no_password():
    broken = Business(identifier="broken", password_hash="$argon2id$nonsense")
    accounts = Accounts([broken], InlineVerifier(QUICK), VirtualClock(), b"0" * 16)
    verdicts: list[Verdict] = []
    accounts.authenticate("broken", "x", LOOPBACK, verdicts.append)
    assert verdicts == [Denial("bad_password", "broken")]


class HeldPool(Executor):
    """A pool whose threads have not come round to anything yet."""

    def __init__(self) -> None:
        self.futures: list[Future[Any]] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.futures.append(future)
        return future


def test_the_pool_is_bounded_and_says_so():
    pool = HeldPool()
    verifier = PooledVerifier(pool, lambda call: call(), QUICK)
    verdicts: list[bool | None] = []
    for _ in range(LIMIT_VERIFICATIONS):
        verifier.verify("hash", "x", verdicts.append)
    assert verdicts == []
    verifier.verify("hash", "x", verdicts.append)
    assert verdicts == [None]
    pool.futures[0].set_result(True)
    pool.futures[1].cancel()
    pool.futures[2].set_exception(MemoryError())
    assert verdicts == [None, True, None, None]
    verifier.verify("hash", "x", verdicts.append)
    assert len(pool.futures) == LIMIT_VERIFICATIONS + 1


def test_a_busy_verifier_is_no_wrong_password():
    verifier = PooledVerifier(HeldPool(), lambda call: call(), QUICK)
    clock = VirtualClock()
    rate = Rate(burst=1_000, refill_us=1)
    accounts = Accounts([HASHED], verifier, clock, b"0" * 16, FailureLimits(rate, rate, rate))
    verdicts: list[Verdict] = []
    for guess in range(LIMIT_VERIFICATIONS + 1):
        accounts.authenticate("abroad", f"{guess}", OUTSIDE, verdicts.append)
    assert verdicts == [Denial("verifier_busy", "abroad")]
    assert accounts.failures == {}


def test_threads_verify():
    with ThreadPoolExecutor(2) as pool:
        verdicts: list[bool | None] = []
        verifier = PooledVerifier(pool, lambda call: call(), QUICK)
        verifier.verify(hash_password("right", QUICK), "right", verdicts.append)
        verifier.verify(hash_password("right", QUICK), "wrong", verdicts.append)
    assert sorted(verdicts, key=str) == [False, True]


def test_what_is_this_machine():
    here = ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"]
    elsewhere = ["10.0.0.1", "0.0.0.0", "", "localhost", "127.0.0.1.example", "behind proxy ::1"]
    assert [peer for peer in here + elsewhere if is_loopback(peer)] == here
