"""`calleq-sim fuzz`: damaged messages by the million, decoded or refused and nothing else.

For each codec: how many were decoded, refused and got past the outer header, how long the slowest
took, whether memory grew, and which octets broke it. `--coverage` tells instead how many of the
decoder's branches so many messages take.
"""

import argparse
import gc
import resource
import sys
import time
from itertools import islice

import msgspec

from calleq.cli.failure import CommandError, UsageError
from calleq.cli.output import print_json, print_line, print_table
from simulator.fuzz.coverage_of import measure
from simulator.fuzz.mutator import mutations
from simulator.fuzz.target import TARGETS, Target, load

MESSAGES_LIMIT = 1_000_000_000
LONGEST_MS = 50.0
"""What one message may take, and not a millisecond more."""
GROWTH_LIMIT_BLOCKS = 1_000
"""Blocks of memory that Python may hold more once a tenth of the messages is through."""
GROWTH_LIMIT_KB = 32_768
"""What the whole process may grow by meanwhile: others may share it, and heaps are uneven."""
PAST_HEADER_LEAST = 0.5
COVERAGE_LEAST = 0.95
BROKEN_LIMIT = 20
"""Messages that broke a codec and are told in full."""
WARM_UP_SHARE = 10


class Broken(msgspec.Struct, frozen=True):
    """A message that a codec neither decoded nor refused."""

    octets: str
    error: str


class Verdict(msgspec.Struct, frozen=True):
    """What became of one codec's messages."""

    codec: str
    seed: int
    messages: int
    decoded: int
    refused: int
    past_header: int
    slowest_ms: float
    growth_blocks: int
    growth_kb: int
    cpu_s: float
    broken_count: int
    broken: tuple[Broken, ...]

    @property
    def passed(self) -> bool:
        """Whether all that is asked of a codec holds."""
        return (
            not self.broken_count
            and self.past_header >= PAST_HEADER_LEAST * self.messages
            and self.slowest_ms < LONGEST_MS
            and self.growth_blocks <= GROWTH_LIMIT_BLOCKS
            and self.growth_kb <= GROWTH_LIMIT_KB
        )


def try_codec(target: Target, seed: int, count: int) -> Verdict:
    """Decode `count` damaged messages; no error of the codec stops it."""
    decoded = refused = past_header = broken_count = 0
    slowest_ns = 0
    broken: list[Broken] = []
    settled_blocks = settled_kb = 0
    begun = time.process_time()
    for number, octets in enumerate(
        islice(mutations(target.samples, target.header_octets, seed), count)
    ):
        past_header += target.past_header(octets)
        started = time.thread_time_ns()
        try:
            target.decode(octets)
            decoded += 1
        except target.refusal:
            refused += 1
        except Exception as error:
            broken_count += 1
            if len(broken) < BROKEN_LIMIT:
                broken.append(Broken(octets.hex(), f"{type(error).__name__}: {error}"))
        slowest_ns = max(slowest_ns, time.thread_time_ns() - started)
        if number == count // WARM_UP_SHARE:
            settled_blocks, settled_kb = _held(target)
    blocks, peak_kb = _held(target)
    return Verdict(
        codec=target.name,
        seed=seed,
        messages=count,
        decoded=decoded,
        refused=refused,
        past_header=past_header,
        slowest_ms=slowest_ns / 1e6,
        growth_blocks=blocks - settled_blocks,
        growth_kb=peak_kb - settled_kb,
        cpu_s=time.process_time() - begun,
        broken_count=broken_count,
        broken=tuple(broken),
    )


def _held(target: Target) -> tuple[int, int]:
    """Blocks that Python holds, and the most kilobytes that the process ever held."""
    target.forget()
    gc.collect()
    return sys.getallocatedblocks(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def run(arguments: argparse.Namespace) -> int:
    """The command."""
    names = arguments.codecs or list(TARGETS)
    for name in names:
        if name not in TARGETS:
            raise UsageError(f"no codec {name}: there are {', '.join(TARGETS)}")
    if not 10 <= arguments.messages <= MESSAGES_LIMIT:
        raise UsageError(f"--messages {arguments.messages}: 10 to {MESSAGES_LIMIT} expected")
    if arguments.coverage:
        return _coverage(names, arguments)
    verdicts = [try_codec(load(name), arguments.seed, arguments.messages) for name in names]
    if arguments.json:
        print_json(msgspec.to_builtins(verdicts))
    else:
        _print(verdicts)
    failed = [verdict.codec for verdict in verdicts if not verdict.passed]
    if failed:
        raise CommandError(f"{', '.join(failed)}: not as it should be")
    return 0


def _print(verdicts: list[Verdict]) -> None:
    print_table(
        f"seed {verdicts[0].seed}, {verdicts[0].messages} messages each",
        ("codec", "decoded", "refused", "past header", "slowest", "growth", "CPU", "broken"),
        [
            (
                one.codec,
                str(one.decoded),
                str(one.refused),
                f"{one.past_header / one.messages:.0%}",
                f"{one.slowest_ms:.1f} ms",
                f"{one.growth_blocks} blocks",
                f"{one.cpu_s:.1f} s",
                str(one.broken_count),
            )
            for one in verdicts
        ],
        right=("decoded", "refused", "past header", "slowest", "growth", "CPU", "broken"),
    )
    for verdict in verdicts:
        for one in verdict.broken:
            print_line(f"{verdict.codec} {one.octets}: {one.error}")


def _coverage(names: list[str], arguments: argparse.Namespace) -> int:
    """How many branches of each decoder the messages take."""
    found = {}
    for name in names:
        target = load(name)
        damaged = mutations(target.samples, target.header_octets, arguments.seed)
        octets = [*target.samples, *islice(damaged, arguments.messages)]
        try:
            found[name] = measure(target.decoder, target.decode, target.refusal, octets)
        except ImportError:
            raise CommandError("--coverage needs the package coverage (calleq[test])") from None
    if arguments.json:
        print_json(msgspec.to_builtins(found))
    else:
        print_table(
            f"seed {arguments.seed}, {arguments.messages} messages each",
            ("decoder", "branches", "taken", "not taken"),
            [
                (
                    name,
                    str(one.branches),
                    f"{one.share:.1%}",
                    " ".join(dict.fromkeys(one.missed)) or "none",
                )
                for name, one in found.items()
            ],
            right=("branches", "taken"),
        )
    short = [name for name, one in found.items() if one.share < COVERAGE_LEAST]
    if short:
        raise CommandError(f"{', '.join(short)}: less than {COVERAGE_LEAST:.0%} of the branches")
    return 0
