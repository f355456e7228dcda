"""`calleq-sim seeds`: small worlds with random faults, as many as wanted, over several processes.

A seed that breaks a rule is told with the one command that repeats it. With `--n 1` the seed's plan
is printed, so that one sees what was done to it.
"""

import argparse
import gc
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

import msgspec

from calleq.cli.failure import UsageError
from calleq.cli.output import print_json, print_line, print_table
from simulator.faults.progress import progress
from simulator.faults.random_world import Verdict, plan, told, try_seed

SEEDS_LIMIT = 100_000_000
TOLD_LIMIT = 20
"""Broken seeds that are told in full; the rest is counted."""
CHUNK = 50


class Tally(msgspec.Struct, frozen=True):
    """What became of many seeds."""

    first: int
    seeds: int
    broken: tuple[Verdict, ...]
    """The first TOLD_LIMIT of them."""
    broken_count: int
    states: dict[str, int]
    struck: dict[str, int]
    cpu_ms_per_seed: float
    slowest: int
    """The seed that took most CPU time, and how much."""
    slowest_cpu_ms: float


def run_seeds(first: int, count: int, workers: int, *, show: bool = False) -> Tally:
    """Run `count` seeds from `first` on."""
    broken: list[Verdict] = []
    states: Counter[str] = Counter()
    struck: Counter[str] = Counter()
    broken_count = done = 0
    cpu_s = 0.0
    slowest = (0.0, first)
    with progress("seeds", count, show=show) as advance:
        for tried in _chunks(first, count, workers):
            for verdict, used_s in tried:
                cpu_s += used_s
                slowest = max(slowest, (used_s, verdict.seed))
                states.update(verdict.states)
                struck.update(verdict.struck)
                if verdict.breaches:
                    broken_count += 1
                    if len(broken) < TOLD_LIMIT:
                        broken.append(verdict)
            done += len(tried)
            advance(done)
    return Tally(
        first,
        count,
        tuple(broken),
        broken_count,
        dict(sorted(states.items())),
        dict(struck.most_common()),
        1_000 * cpu_s / count,
        slowest[1],
        1_000 * slowest[0],
    )


def _chunks(first: int, count: int, workers: int) -> Iterator[list[tuple[Verdict, float]]]:
    parts = [
        (start, min(CHUNK, first + count - start)) for start in range(first, first + count, CHUNK)
    ]
    if workers == 1 or len(parts) == 1:
        yield from map(_run_part, parts)
        return
    with ProcessPoolExecutor(min(workers, len(parts))) as pool:
        yield from pool.map(_run_part, parts)


def _run_part(part: tuple[int, int]) -> list[tuple[Verdict, float]]:
    """What became of each seed, and the CPU seconds it took."""
    tried = []
    for seed in range(part[0], part[0] + part[1]):
        began_s = time.process_time()
        verdict = try_seed(seed)
        gc.collect(0)  # the world is over: left to heap up, a hundred of them take 250 ms at once
        tried.append((verdict, time.process_time() - began_s))
    return tried


def run(arguments: argparse.Namespace) -> int:
    """0 when no seed broke a rule."""
    if not 1 <= arguments.n <= SEEDS_LIMIT:
        raise UsageError(f"--n {arguments.n}: 1 to {SEEDS_LIMIT} was expected")
    if arguments.workers < 1:
        raise UsageError(f"--workers {arguments.workers}: at least 1 was expected")
    tally = run_seeds(arguments.seed, arguments.n, arguments.workers, show=not arguments.json)
    if arguments.json:
        print_json(msgspec.to_builtins(tally))
    else:
        if arguments.n == 1:
            for line in told(plan(arguments.seed)):
                print_line(line)
        _show(tally)
    return 1 if tally.broken_count else 0


def _show(tally: Tally) -> None:
    rows = [(state, str(count)) for state, count in tally.states.items()]
    print_table(
        f"{tally.seeds} seeds from {tally.first} on", ("final state", "calls"), rows, ("calls",)
    )
    for verdict in tally.broken:
        print_line(f"seed {verdict.seed} ({', '.join(verdict.struck) or 'no fault'}):")
        for text in verdict.breaches:
            print_line(f"  {text}")
        print_line(f"  repeat: calleq-sim seeds --n 1 --seed {verdict.seed}")
    print_line(f"faults       {sum(tally.struck.values())} of {len(tally.struck)} kinds")
    print_line(
        f"CPU          {tally.cpu_ms_per_seed:.1f} ms per seed,"
        f" {tally.slowest_cpu_ms:.1f} ms for the slowest ({tally.slowest})"
    )
    print_line(f"broken       {tally.broken_count} of {tally.seeds}")
