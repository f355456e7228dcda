"""Kills at every durable step of small worlds, on all processors.

A world is lived once without a kill to count its durable steps, then once for each step with the
process killed there; every third time the next life is killed as well, at a step drawn from the
seed (which is often one of its recovery). The journals lie in memory where the system has such a
file system: for a kill it makes no difference, what was written is the system's.
"""

import gc
import multiprocessing
import random
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path

from simulator.crash.outside import Outside
from simulator.crash.verdict import Verdict, judge
from simulator.crash.world import World, build_world
from simulator.virtual import VirtualNetwork

SHARES = 8
"""Of the steps of one world, each a task for a processor."""
SECOND_KILL_EVERY = 3
SECOND_KILL_STEPS = 60
MEMORY = Path("/dev/shm")


def live_once(world: World, fatal_steps: tuple[int, ...]) -> tuple[Verdict, int]:
    """One world with the kills given; the verdict, and the durable steps of the last life.

    Raises FaultError.
    """
    parent = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="calleq-crash-", dir=parent) as directory:
        outside = Outside(world, Path(directory, "network.journal"), fatal_steps)
        standing = outside.run()
        return judge(outside, standing), standing.steps


def kill_share(seed: int, share: int) -> Verdict:
    """One share of a world's kills. Raises FaultError."""
    gc.disable()
    world = build_world(seed)
    draw = random.Random(f"kills {seed} {share}")
    whole, steps = live_once(world, ())
    for step in range(1 + share, steps + 1, SHARES):
        twice = draw.randrange(SECOND_KILL_EVERY) == 0
        second = (draw.randrange(1, SECOND_KILL_STEPS),) if twice else ()
        whole.add(live_once(world, (step, *second))[0])
    whole.worlds = int(share == 0)
    return whole


def kill_many(
    kills: int, seed: int, workers: int, report: Callable[[int], object] = lambda kills: None
) -> Verdict:
    """At least `kills` kills, worlds from `seed` on; `report` is told how many so far.

    Raises FaultError when the process inside ended by a fault of its own.
    """
    _warm_up()
    whole = Verdict()
    tasks = _tasks(seed)
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        under_way: set[Future[Verdict]] = set()
        while whole.kills < kills:
            while len(under_way) < workers:
                under_way.add(pool.submit(kill_share, *next(tasks)))
            done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
            for future in done:
                whole.add(future.result())
            report(whole.kills)
        for future in under_way:
            whole.add(future.result())
    return whole


def _tasks(seed: int) -> Iterator[tuple[int, int]]:
    while True:
        for share in range(SHARES):
            yield seed, share
        seed += 1


def _warm_up() -> None:
    """Import and compile everything now, so that no life has to."""
    world = build_world(0)
    VirtualNetwork(world.topology).place(world.messages[0].body)
    gc.collect()
    gc.freeze()
