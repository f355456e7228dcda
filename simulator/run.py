"""`calleq-sim run`: calls through a whole network on the virtual clock, with their proof.

Reads the options into a plan, runs it, prints what it came to. `--erlangs` is the arrival rate
times the mean conversation, so the rate follows from it; with `--calls` and `--duration` and no
rate, the rate is the one that offers so many in that time.
"""

import argparse
import contextlib
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from calleq.charging import ChargingError, RememberedDecks, load_decks
from calleq.cli.failure import CommandError, UsageError
from calleq.cli.output import print_json, print_line, print_table
from calleq.numbering import parse_address
from calleq.rating import Deck, RatingError, amount_text
from calleq.topology import Topology, TopologyError, check_topology
from calleq.topology_billing import Billing, Pricing
from calleq.topology_mtp3 import as_ansi
from calleq.units import HOUR_US, MINUTE_US, SECOND_US, parse_utc
from simulator.engine import Outcome, Plan, Result, simulate
from simulator.faults.long_run import simulate_with_faults
from simulator.offers import Progress as Advance
from simulator.people import Holding, HoldingError, empirical
from simulator.report import write_report
from simulator.traffic import EXACT, PROCESSES, Arrival, TraceError, arrivals, read_trace
from simulator.virtual import START_US
from simulator.world import build_world

CUSTOMERS = 10_000
BUSINESSES = 20
"""Of ten representatives each."""
CIRCUITS = 400
"""Of each trunk group where no `--circuits` is given."""
CALLS_AT_ONCE_LIMIT = 2_000
"""Two circuits of one trunk group each, of which there are 4 095."""
MAX_CALLS = 10_000_000
MAX_RATE = 10_000.0
MAX_ERLANGS = 1e6
MAX_DURATION_US = 31 * 24 * HOUR_US
DEFAULT_CALLS = 1_000
DEFAULT_RATE = 5.0
DEFAULT_TALK_US = 5 * SECOND_US
MAX_TALK_US = HOUR_US
MIDNIGHT_US = parse_utc("2026-01-05T00:00:00Z")
"""When a world begins whose arrivals follow the hour of the day."""
UNITS_US = {"s": SECOND_US, "m": MINUTE_US, "h": HOUR_US, "d": 24 * HOUR_US}


def length_us(text: str) -> int:
    """Microseconds of `90`, `90s`, `15m`, `24h` or `7d`; ValueError for anything else.

    >>> length_us("24h") == 24 * HOUR_US
    True
    """
    unit = UNITS_US.get(text[-1:])
    value = float(text if unit is None else text[:-1])
    if not 0 < value < math.inf:
        raise ValueError(text)
    return round(value * (unit or SECOND_US))


def _length(name: str, text: str | None, longest_us: int) -> int | None:
    if text is None:
        return None
    try:
        given_us = length_us(text)
    except ValueError:
        raise UsageError(f"{name} {text}: a time such as 90, 15m or 24h expected") from None
    if not 0 < given_us <= longest_us:
        raise UsageError(f"{name} {text}: at most {longest_us // SECOND_US} s expected")
    return given_us


def _holding(arguments: argparse.Namespace) -> Holding:
    kind: str = arguments.holding
    mean_us = _length("--talk", arguments.talk, MAX_TALK_US)
    if kind.startswith("empirical:"):
        if mean_us is not None:
            raise UsageError("--talk goes with no empirical holding times: they have their mean")
        try:
            return empirical(Path(kind.partition(":")[2]))
        except HoldingError as error:
            raise UsageError(f"--holding: {error}") from error
    if kind not in ("constant", "exponential", "lognormal"):
        raise UsageError(
            f"--holding {kind}: constant, exponential, lognormal or empirical:FILE expected"
        )
    return Holding(kind, mean_us or DEFAULT_TALK_US)


def _rate(arguments: argparse.Namespace, holding: Holding, duration_us: int | None) -> float:
    """Calls per second, from whichever option says it."""
    if arguments.rate is not None and arguments.erlangs is not None:
        raise UsageError("--rate and --erlangs both say how much is offered: give one")
    if arguments.erlangs is not None:
        if not 0 < arguments.erlangs <= MAX_ERLANGS:
            raise UsageError(f"--erlangs {arguments.erlangs:g}: above 0 expected")
        rate: float = arguments.erlangs * SECOND_US / max(holding.mean_us, 1)
        if rate > MAX_RATE:
            raise UsageError(f"--erlangs {arguments.erlangs:g}: {rate:g} calls per second")
        return rate
    if arguments.rate is not None:
        if not 0 < arguments.rate <= MAX_RATE:
            raise UsageError(
                f"--rate {arguments.rate:g}: above 0, at most {MAX_RATE:g} per second, expected"
            )
        return float(arguments.rate)
    if arguments.calls is not None and duration_us is not None:
        return float(arguments.calls * SECOND_US / duration_us)
    return DEFAULT_RATE


def _arrivals(
    arguments: argparse.Namespace, topology: Topology, holding: Holding
) -> tuple[Iterator[Arrival], int | None]:
    """The calls to offer and how many, where that is known."""
    calls: int | None = arguments.calls
    if calls is not None and not 1 <= calls <= MAX_CALLS:
        raise UsageError(f"--calls {calls}: 1 to {MAX_CALLS} were expected")
    duration_us = _length("--duration", arguments.duration, MAX_DURATION_US)
    process: str = arguments.arrivals
    if process.startswith("trace:"):
        try:
            trace = read_trace(Path(process.partition(":")[2]), topology)
        except TraceError as error:
            raise UsageError(f"--arrivals: {error}") from error
        if duration_us is not None:
            trace = [arrival for arrival in trace if arrival.at_us < duration_us]
        return iter(trace[:calls]), len(trace[:calls])
    if process not in PROCESSES:
        raise UsageError(f"--arrivals {process}: {', '.join(PROCESSES)} or trace:FILE expected")
    rate = _rate(arguments, holding, duration_us)
    if calls is None and duration_us is None:
        calls = DEFAULT_CALLS
    fixed_rate = arguments.rate is None and arguments.erlangs is None and calls is not None
    exactly = fixed_rate and duration_us is not None and process in EXACT
    stream = arrivals(
        topology,
        arguments.seed,
        rate,
        process=process,
        calls=calls,
        duration_us=None if fixed_rate and not exactly else duration_us,
        exactly=exactly,
    )
    return stream, calls


def plan_of(
    arguments: argparse.Namespace, pcap: BinaryIO | None = None, frames: BinaryIO | None = None
) -> Plan:
    """What the options ask for. Raises UsageError."""
    holding = _holding(arguments)
    at_once: int | None = arguments.circuits
    if at_once is not None and not 1 <= at_once <= CALLS_AT_ONCE_LIMIT:
        raise UsageError(f"--circuits {at_once}: 1 to {CALLS_AT_ONCE_LIMIT} expected")
    topology = build_world(
        arguments.seed, CUSTOMERS, BUSINESSES, CIRCUITS, at_once, arguments.equipment or ""
    )
    if arguments.variant == "ansi":
        topology = as_ansi(topology)
    try:
        check_topology(topology)
    except TopologyError as error:
        raise UsageError(f"--equipment: {error}") from error
    deck = None
    if arguments.deck is not None:
        if arguments.faults:
            raise UsageError("--deck: not with --faults")
        topology, deck = priced(topology, arguments.deck)
    stream, calls = _arrivals(arguments, topology, holding)
    mutations: int = arguments.mutate_records
    if mutations and (calls is None or not 0 < mutations <= calls):
        raise UsageError(f"--mutate-records {mutations}: 1 to as many as --calls expected")
    faults: int = arguments.faults
    if faults and (calls is None or not 0 < faults <= calls):
        raise UsageError(f"--faults {faults}: 1 to as many as --calls expected")
    if faults and frames is not None:
        raise UsageError("--frames: not with --faults, whose links come and go")
    return Plan(
        topology=topology,
        arrivals=stream,
        seed=arguments.seed,
        holding=holding,
        patience_us=_length("--patience", arguments.patience, MAX_TALK_US),
        calls=calls,
        calls_at_once=CIRCUITS // 2 if at_once is None else at_once,
        mutations=mutations,
        faults=faults,
        pcap=pcap,
        frames=frames,
        is_pcapng=arguments.pcap is not None and arguments.pcap.suffix == ".pcapng",
        start_us=MIDNIGHT_US if arguments.arrivals == "day" else START_US,
        deck=deck,
    )


def priced(topology: Topology, file: Path) -> tuple[Topology, Deck]:
    """The world with a rate deck of its own, which must price it. Raises UsageError."""
    pricing = Pricing(decks=(str(file),))
    try:
        deck = load_decks(pricing, RememberedDecks(), START_US).of(Billing())
        assert deck is not None
        for prefix in {line.number[:8] for line in topology.lines}:
            deck.find(parse_address(prefix + "0000"), START_US)
    except (ChargingError, RatingError) as error:
        raise UsageError(f"--deck: {error}") from error
    return msgspec.structs.replace(topology, pricing=pricing), deck


@contextlib.contextmanager
def _progress(calls: int | None, show: bool) -> Iterator[Advance]:
    if not show:
        yield lambda offered: None
        return
    from rich.console import Console  # slow to import, and only for a terminal
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("calls"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("calls", total=calls)
        yield lambda offered: bar.update(task, completed=offered)


def run(arguments: argparse.Namespace) -> int:
    """The command."""
    with _opened(arguments.pcap) as pcap, _opened(arguments.frames) as frames:
        plan = plan_of(arguments, pcap, frames)
        with _progress(plan.calls, sys.stderr.isatty()) as progress:
            outcome = (simulate_with_faults if plan.faults else simulate)(plan, progress)
    result = outcome.result
    if arguments.report is not None:
        _report(arguments, outcome)
    if arguments.json:
        print_json(msgspec.to_builtins(result))
    else:
        _show(result)
    _judge(result, plan.mutations)
    return 0


def _judge(result: Result, wanted: int) -> None:
    """Raises CommandError when the records are not what they should be."""
    if result.breaches:
        raise CommandError(f"a rule was broken: {result.breaches[0]}")
    if result.altered < wanted:
        raise CommandError(
            f"only {result.altered} of {wanted} records were altered: too few calls reached anybody"
        )
    if result.money is not None and (result.money.difference_micro or result.money.held_micro):
        raise CommandError(
            f"{result.money.difference_micro} micro-units differ from what the telephones' diary"
            f" makes of the calls, and {result.money.held_micro} are held"
        )
    found = result.differences.records
    if found != result.altered or (result.differences.us and not result.altered):
        raise CommandError(
            f"{found} records differ from the telephones' diary, {result.altered} were altered"
        )


def _report(arguments: argparse.Namespace, outcome: Outcome) -> None:
    try:
        file = write_report(arguments.report, outcome, " ".join(["calleq-sim", *arguments.given]))
    except OSError as error:
        raise UsageError(f"{error.filename or arguments.report}: {error.strerror}") from error
    if not arguments.json:
        print_line(f"report         {file}")


@contextlib.contextmanager
def _opened(path: Path | None) -> Iterator[BinaryIO | None]:
    if path is None:
        yield None
        return
    try:
        file = path.open("wb")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    with file:
        yield file


def _show(result: Result) -> None:
    print_table(
        f"{result.calls} calls in {result.length_s:,.0f} s of simulated time",
        ("final state", "calls"),
        [(state, str(count)) for state, count in result.states.items()],
        right=("calls",),
    )
    print_table(
        "measures",
        ("measure", "value", "± (95 %)", "unit", "definition"),
        [
            (
                name,
                f"{figure.value:.4f}",
                "-" if figure.ci95 is None else f"{figure.ci95:.4f}",
                figure.unit,
                figure.definition,
            )
            for name, figure in result.measures.items()
        ],
        right=("value", "± (95 %)"),
    )
    for cause, count in result.lost.items():
        print_line(f"lost           {count} by cause {cause}")
    if result.refused:
        print_line(f"turned away    {result.refused} messages: the door had too many calls")
    print_line(f"ISUP messages  {result.isup_messages}")
    altered = f", {result.altered} altered on purpose" if result.altered else ""
    print_line(
        f"differences    {result.differences.records} records, {result.differences.us} us"
        f" between the records and the telephones' diary{altered}"
    )
    money = result.money
    if money is not None:
        charged = f"{amount_text(money.charged_micro)} {money.currency}"
        print_line(f"charged        {charged} for {money.calls} calls")
        print_line(
            f"               {money.difference_micro} micro-units differ from what the diary"
            f" makes of it, {money.held_micro} are held"
        )
    if result.faults:
        print_line(f"faults         {sum(result.faults.values())} of {len(result.faults)} kinds")
        print_line(f"partial        {result.partial} legs: their switch died in the call")
        for text in result.breaches:
            print_line(f"broken         {text}")
    print_line(f"Little's law   L and lambda W differ by {result.littles_law:.1e}")
    print_line(f"digest         {result.digest}")
    print_line(f"CPU            {result.cpu_s:.2f} s, {result.memory_mb:.0f} MB")
