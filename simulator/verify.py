"""`calleq-sim verify`: the simulator against theory, against itself, and against wrong records.

Each check has a value that theory or reason gives, what was measured, and the standard error over
the seeds; it passes within `ERRORS_ALLOWED` of them, or where it is exact, only exactly. Blocking
and Engset are measured in the real network of switches and signalling; waiting (Erlang-C, -A,
M/M/c/K) on the simulator's arrivals, holding times and patience alone, since the network has no
queue yet.
"""

import argparse
import math
from collections.abc import Callable, Iterator, Sequence

import msgspec

from calleq.cli.failure import CommandError, UsageError
from calleq.cli.output import print_json, print_line, print_table
from calleq.theory import engset, erlang_a, erlang_b, erlang_c, finite_queue
from calleq.units import SECOND_US
from simulator.engine import Outcome, Plan, simulate
from simulator.loss import MEAN_HOLDING_US, finite_loss, poisson_loss
from simulator.people import Holding
from simulator.queueing import simulate_queue
from simulator.traffic import arrivals
from simulator.world import build_world

ERRORS_ALLOWED = 3.0
SEEDS_LEAST = 12
QUEUE_CALLS_FACTOR = 10
"""A call of the event simulation alone costs a fraction of one in the network."""
RECORD_CALLS = 2_000
MUTATIONS = 50
LITTLE_LIMIT = 1e-9
SMALL_RATE = 20.0
PATIENCE_US = 60 * SECOND_US
WORLD = (1_000, 20, 400)


class Check(msgspec.Struct, frozen=True):
    """One thing that was looked at."""

    name: str
    expected: float
    measured: float
    error: float
    """Standard error of the mean over the seeds; 0 where the check is exact."""
    passed: bool


def compare(name: str, expected: float, values: Sequence[float]) -> Check:
    """The mean of one value for each seed against theory."""
    count = len(values)
    mean = math.fsum(values) / count
    spread = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (count - 1))
    error = spread / math.sqrt(count)
    return Check(name, expected, mean, error, abs(mean - expected) <= ERRORS_ALLOWED * error)


def exactly(name: str, expected: float, measured: float) -> Check:
    """Nothing to tolerate."""
    return Check(name, expected, measured, 0.0, measured == expected)


def by_chance(count: int, seeds: int) -> str:
    """How many of so many sound checks miss by chance: Student's t, since the error is measured."""
    freedom = seeds - 1
    steps = 20_000
    width = math.pi / 2 / steps
    start = math.atan(ERRORS_ALLOWED / math.sqrt(freedom))
    angles = (start + (math.pi / 2 - start) * (place + 0.5) / steps for place in range(steps))
    tail = math.fsum(math.cos(angle) ** (freedom - 1) for angle in angles)
    whole = math.fsum(math.cos((place + 0.5) * width) ** (freedom - 1) for place in range(steps))
    chance = tail * (math.pi / 2 - start) / (whole * math.pi / 2)
    return (
        f"a sound check misses by chance once in {1 / chance:,.0f} times;"
        f" {count} of these can, {count * chance:.2f} in the mean"
    )


def blocking(circuits: int, erlangs: float, seeds: range, calls: int, kind: str) -> list[Check]:
    """Erlang-B in the network: calls lost, and, by PASTA, time with every circuit taken."""
    found = [poisson_loss(circuits, erlangs, calls, seed, kind) for seed in seeds]
    name = f"Erlang-B, {circuits} circuits, {erlangs:g} E, {kind} holding"
    lost = erlang_b(circuits, erlangs)
    return [
        compare(f"{name}: calls lost", lost, [one.call_congestion for one in found]),
        compare(f"{name}: time all taken", lost, [one.time_congestion for one in found]),
        compare(
            f"{name}: erlangs carried",
            erlangs * (1 - lost),
            [one.carried_erlangs for one in found],
        ),
    ]


def sources(circuits: int, count: int, alpha: float, seeds: range, calls: int) -> list[Check]:
    """Engset in the network."""
    theory = engset(circuits, count, alpha)
    found = [finite_loss(circuits, count, alpha, calls, seed) for seed in seeds]
    name = f"Engset, {circuits} circuits, {count} sources, {alpha:g}"
    return [
        compare(f"{name}: calls lost", theory.call_congestion, [f.call_congestion for f in found]),
        compare(
            f"{name}: time all taken", theory.time_congestion, [f.time_congestion for f in found]
        ),
    ]


def waiting(seeds: range, calls: int) -> list[Check]:
    """Erlang-C, Erlang-A and M/M/c/K on the simulator's draws."""
    holding = Holding("exponential", MEAN_HOLDING_US)
    held_s, patience_s = MEAN_HOLDING_US / SECOND_US, PATIENCE_US / SECOND_US
    c_theory = erlang_c(10, 8.0, held_s)
    c_found = [simulate_queue(10, 8.0, holding, calls, seed) for seed in seeds]
    a_theory = erlang_a(10, 10.0, held_s, patience_s)
    a_found = [
        simulate_queue(10, 10.0, holding, calls, seed, patience_us=PATIENCE_US) for seed in seeds
    ]
    k_theory = finite_queue(30, 40, 25.0, held_s)
    k_found = [simulate_queue(30, 25.0, holding, calls, seed, room=40) for seed in seeds]
    c_name, a_name, k_name = "Erlang-C, 10 servers, 8 E", "Erlang-A, 10 servers, 10 E", "M/M/30/40"
    return [
        compare(
            f"{c_name}: wait", c_theory.wait_probability, [f.wait_probability for f in c_found]
        ),
        compare(f"{c_name}: mean wait, s", c_theory.mean_wait_s, [f.mean_wait_s for f in c_found]),
        compare(
            f"{a_name}: wait", a_theory.wait_probability, [f.wait_probability for f in a_found]
        ),
        compare(
            f"{a_name}: abandon", a_theory.abandoned, [f.abandoned / f.offered for f in a_found]
        ),
        compare(f"{a_name}: mean wait, s", a_theory.mean_wait_s, [f.mean_wait_s for f in a_found]),
        compare(f"{k_name}, 25 E: lost", k_theory.blocking, [f.lost / f.offered for f in k_found]),
        compare(
            f"{k_name}, 25 E: mean wait, s", k_theory.mean_wait_s, [f.mean_wait_s for f in k_found]
        ),
    ]


def small_run(
    seed: int, calls: int, mutations: int = 0, line_delay_us: int | None = None
) -> Outcome:
    """A run of the whole network, customers of every kind in it."""
    world = build_world(seed, *WORLD)
    if line_delay_us is not None:
        timing = msgspec.structs.replace(world.timing, line_delay_us=line_delay_us)
        world = msgspec.structs.replace(world, timing=timing)
    return simulate(
        Plan(
            topology=world,
            arrivals=arrivals(world, seed, SMALL_RATE, calls=calls),
            seed=seed,
            holding=Holding("lognormal", 5 * SECOND_US),
            patience_us=30 * SECOND_US,
            calls=calls,
            mutations=mutations,
        )
    )


def records(calls: int) -> list[Check]:
    """The records against the diary, Little's law, and the digest."""
    one = small_run(1, calls).result
    again = small_run(1, calls).result
    delayed = small_run(1, calls, line_delay_us=1_501).result
    altered = small_run(1, calls, mutations=MUTATIONS).result
    return [
        exactly("records that differ from the diary", 0, one.differences.records),
        exactly("microseconds of difference", 0, one.differences.us),
        exactly("records altered on purpose and found", MUTATIONS, altered.differences.records),
        exactly("runs of one seed with one digest", 2, 1 + (again.digest == one.digest)),
        exactly(
            "digests of two line delays, a microsecond apart",
            2,
            len({one.digest, delayed.digest}),
        ),
        Check(
            "Little's law: L less lambda W, relative",
            0.0,
            one.littles_law,
            LITTLE_LIMIT / ERRORS_ALLOWED,
            one.littles_law <= LITTLE_LIMIT,
        ),
    ]


def checks(seeds: range, calls: int) -> Iterator[Callable[[], list[Check]]]:
    """Every group of checks, each to be run by whoever wants to know."""
    yield lambda: blocking(5, 3.0, seeds, calls, "exponential")
    yield lambda: blocking(5, 3.0, seeds, calls, "lognormal")
    yield lambda: blocking(10, 5.0, seeds, calls, "exponential")
    yield lambda: sources(5, 10, 0.5, seeds, calls)
    yield lambda: sources(10, 30, 0.3, seeds, calls)
    yield lambda: waiting(seeds, QUEUE_CALLS_FACTOR * calls)
    yield lambda: records(RECORD_CALLS)


def run(arguments: argparse.Namespace) -> int:
    """The command."""
    if arguments.seeds < SEEDS_LEAST:
        raise UsageError(f"--seeds {arguments.seeds}: at least {SEEDS_LEAST} expected")
    if arguments.calls < 100:
        raise UsageError(f"--calls {arguments.calls}: at least 100 expected")
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
    found = [check for group in checks(seeds, arguments.calls) for check in group()]
    failed = sum(not check.passed for check in found)
    if arguments.json:
        print_json([msgspec.to_builtins(check) for check in found])
    else:
        print_table(
            f"{arguments.seeds} seeds of {arguments.calls} calls each",
            ("check", "expected", "measured", "3 s.e.", ""),
            [
                (
                    check.name,
                    f"{check.expected:.6g}",
                    f"{check.measured:.6g}",
                    f"{ERRORS_ALLOWED * check.error:.2g}" if check.error else "exact",
                    "passed" if check.passed else "FAILED",
                )
                for check in found
            ],
            right=("expected", "measured", "3 s.e."),
        )
        print_line(f"{len(found) - failed} passed, {failed} failed")
        print_line(by_chance(sum(check.error > 0 for check in found), arguments.seeds))
    if failed:
        raise CommandError(f"{failed} of {len(found)} checks failed")
    return 0
