"""The report of a run: one HTML page with its figures and plots, complete in itself.

Plots are inline SVG with a title and a description for those who cannot see them, and their numbers
stand in a table beside them. The design is that of `simulator.page`.
"""

import html
from pathlib import Path

from calleq.units import SECOND_US
from simulator.engine import Outcome, Result
from simulator.measures import Measure
from simulator.page import facts, figure, section, table
from simulator.page import page as framed
from simulator.svg import bars, curve, rows

FILE = "index.html"


def write_report(directory: Path, outcome: Outcome, command: str) -> Path:
    """Write the page into a directory, made where it is not there. Raises OSError."""
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / FILE
    file.write_text(page(outcome, command), "utf-8")
    return file


def page(outcome: Outcome, command: str) -> str:
    """The whole page."""
    result = outcome.result
    parts = [
        _head(result, command),
        _measures(result),
        section("Final states", _states(result)),
        *([section("Faults", _faults(result))] if result.faults else []),
        section("Concurrent calls", _concurrent(outcome)),
        section("Completed calls by hour", _hours(outcome)),
        section("Length of conversations", _lengths(outcome)),
    ]
    title = f"calleq-sim: {result.calls} calls, seed {result.seed}"
    return framed(title, "\n".join(parts))


def _head(result: Result, command: str) -> str:
    found = result.differences
    mark = "good" if found.records == result.altered and not result.breaches else "bad"
    compared = f"{found.records} records and {found.us:,} µs of difference"
    if result.altered:
        compared += f", {result.altered} altered on purpose"
    if result.partial:
        compared += f"; {result.partial:,} legs whose switch died in the call told apart"
    listed = [
        ("repeat it with", f"<code>{html.escape(command)}</code>"),
        ("simulated time", f"{_clock_text(result.length_s)} ({result.length_s:,.0f} s)"),
        ("records against diary", f'<span class="{mark}">{compared}</span>'),
        ("Little's law", f"L and λW differ by {result.littles_law:.1e}"),
        ("ISUP messages", f"{result.isup_messages:,}"),
        ("digest", f"<code>{result.digest}</code>"),
        ("CPU and memory", f"{result.cpu_s:.2f} s, {result.memory_mb:.0f} MB"),
    ]
    return f"<h1>{result.calls:,} calls, {result.completed:,} completed</h1>\n{facts(listed)}"


def _measures(result: Result) -> str:
    cells = [
        (
            name,
            _value(found),
            "" if found.ci95 is None else f"± {found.ci95:.4f}",
            found.unit,
            found.definition,
        )
        for name, found in result.measures.items()
    ]
    for cause, count in result.lost.items():
        cells.append((f"lost, {cause}", str(count), "", "calls", f"lost by Q.850 cause {cause}"))
    heads = ("measure", "value", "95 %", "unit", "definition")
    return section("Measures", table("Measures", heads, cells, (1, 2), "told"))


def _states(result: Result) -> str:
    """The most frequent first."""
    states = sorted(result.states.items(), key=lambda state: -state[1])
    plot = rows("Calls by final state", [(state or "none", count) for state, count in states])
    cells = [(state or "none", str(count)) for state, count in states]
    return figure(plot, table("Calls by final state", ("state", "calls"), cells, numbers=(1,)))


def _value(measure: Measure) -> str:
    """Four digits after the point; none where calls were counted."""
    counted = measure.unit == "calls" and measure.value == round(measure.value)
    return f"{measure.value:,.{0 if counted else 4}f}"


def _faults(result: Result) -> str:
    cells = [(name, str(count)) for name, count in result.faults.items()]
    told = "".join(f'<p class="bad">{html.escape(text)}</p>' for text in result.breaches)
    return told + table("Faults by kind", ("kind", "times"), cells, numbers=(1,))


def _concurrent(outcome: Outcome) -> str:
    occupancy = outcome.occupancy
    means = occupancy.means()
    width_s = occupancy.bin_us / SECOND_US
    plot = curve(
        "Calls at once over time",
        [(place * width_s, value) for place, value in enumerate(means)],
        across=_clock_text,
    )
    cells = [
        (_clock_text(place * width_s), f"{value:.2f}", str(occupancy.bins[place].most))
        for place, value in enumerate(means)
    ]
    heads = ("from", "mean", "most")
    return figure(plot, table("Calls at once over time", heads, cells, numbers=(1, 2)))


def _hours(outcome: Outcome) -> str:
    hours = outcome.hours.hours
    shares = [hour.completed / hour.offered if hour.offered else 0.0 for hour in hours]
    plot = bars(
        "Share of calls completed (CCR) by hour",
        [(str(place), share) for place, share in enumerate(shares)],
        highest=1.0,
    )
    offered = bars(
        "Calls offered by hour",
        [(str(place), float(hour.offered)) for place, hour in enumerate(hours)],
    )
    cells = [
        (str(place), str(hour.offered), str(hour.completed), f"{share:.4f}")
        for place, (hour, share) in enumerate(zip(hours, shares, strict=True))
    ]
    heads = ("hour", "offered", "completed", "CCR")
    told = table("Completed calls by hour", heads, cells, numbers=(1, 2, 3))
    return plot.svg + figure(offered, told)


def _lengths(outcome: Outcome) -> str:
    lengths = outcome.lengths
    width_s = lengths.bar_us / SECOND_US
    counted = [(f"{place * width_s:g}", float(n)) for place, n in enumerate(lengths.bars)]
    plot = bars("Conversations by their length in seconds", counted)
    cells = [
        (f"{place * width_s:g} to {(place + 1) * width_s:g} s", str(count))
        for place, count in enumerate(lengths.bars)
    ]
    heads = ("length", "conversations")
    return figure(plot, table("Conversations by length", heads, cells, numbers=(1,)))


def _clock_text(seconds: float) -> str:
    whole = round(seconds)
    text = f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
    return text.removesuffix(":00") if whole % 60 == 0 else text
