"""The report of a run: one HTML page with its figures and plots, complete in itself.

No script, no font and no style from elsewhere; plots are inline SVG with a title and a description
for those who cannot see them, and their numbers stand in a table beside them. The page fits a
telephone's screen, and wide tables scroll by keyboard too.
"""

import html
from collections.abc import Sequence
from pathlib import Path

from calleq.units import SECOND_US
from simulator.engine import Outcome, Result
from simulator.svg import Plot, bars, curve, rows

FILE = "index.html"

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --paper: #fff; --faint: #66717f;
  --line: #d5dbe3; --plot: #1f6fb2; --soft: #9ec7e8; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ebf2; --paper: #12171e; --faint: #9aa6b4;
  --line: #2c3743; --plot: #6cb4ee; --soft: #2f5f86; } }
body { margin: 0 auto; padding: 1rem; max-width: 60rem; color: var(--ink);
  background: var(--paper); font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; line-height: 1.2; } h2 { font-size: 1.15rem; margin-top: 2rem; }
p, dd { overflow-wrap: anywhere; } code { font-size: .9em; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; }
dt { color: var(--faint); } dd { margin: 0; }
.wide { overflow-x: auto; } .wide:focus-visible { outline: 3px solid var(--plot); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--faint); }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; } .n { text-align: right; white-space: nowrap; }
svg { width: 100%; height: auto; display: block; }
svg text { fill: var(--faint); font: 13px system-ui, sans-serif; }
svg .axis { stroke: var(--line); fill: none; } svg .fill { fill: var(--soft); }
svg .mark { fill: var(--plot); } svg .curve { stroke: var(--plot); fill: none; stroke-width: 2; }
summary { cursor: pointer; color: var(--faint); }
@media (max-width: 36rem) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin: 0 0 .5rem; } }
"""


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
        _section("Final states", _states(result)),
        _section("Concurrent calls", _concurrent(outcome)),
        _section("Completed calls by hour", _hours(outcome)),
        _section("Length of conversations", _lengths(outcome)),
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>calleq-sim: {result.calls} calls, seed {result.seed}</title>\n"
        f"<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(parts)
        + "\n</main>\n</body>\n</html>\n"
    )


def _head(result: Result, command: str) -> str:
    found = result.differences
    facts = [
        ("repeat it with", f"<code>{html.escape(command)}</code>"),
        ("simulated time", f"{result.length_s:,.0f} s"),
        (
            "records against diary",
            f"{found.records} records and {found.us} µs of difference"
            + (f", {result.altered} altered on purpose" if result.altered else ""),
        ),
        ("Little's law", f"L and λW differ by {result.littles_law:.1e}"),
        ("ISUP messages", f"{result.isup_messages:,}"),
        ("digest", f"<code>{result.digest}</code>"),
        ("CPU and memory", f"{result.cpu_s:.2f} s, {result.memory_mb:.0f} MB"),
    ]
    listed = "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in facts)
    return f"<h1>{result.calls:,} calls, {result.completed:,} completed</h1>\n<dl>{listed}</dl>"


def _measures(result: Result) -> str:
    cells = [
        (
            name,
            f"{figure.value:.4f}",
            "" if figure.ci95 is None else f"± {figure.ci95:.4f}",
            figure.unit,
            figure.definition,
        )
        for name, figure in result.measures.items()
    ]
    for cause, count in result.lost.items():
        cells.append((f"lost, {cause}", str(count), "", "calls", f"lost by Q.850 cause {cause}"))
    heads = ("measure", "value", "95 %", "unit", "definition")
    return _section("Measures", _table("Measures", heads, cells, numbers=(1, 2)))


def _states(result: Result) -> str:
    plot = rows("Calls by final state", [(s or "none", n) for s, n in result.states.items()])
    cells = [(state or "none", str(count)) for state, count in result.states.items()]
    return _figure(plot, _table("Calls by final state", ("state", "calls"), cells, numbers=(1,)))


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
    return _figure(plot, _table("Calls at once over time", heads, cells, numbers=(1, 2)))


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
    table = _table("Completed calls by hour", heads, cells, numbers=(1, 2, 3))
    return plot.svg + _figure(offered, table)


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
    return _figure(plot, _table("Conversations by length", heads, cells, numbers=(1,)))


def _clock_text(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"


def _section(title: str, content: str) -> str:
    return f"<section>\n<h2>{html.escape(title)}</h2>\n{content}\n</section>"


def _figure(plot: Plot, table: str) -> str:
    return f"{plot.svg}\n<details><summary>the numbers</summary>\n{table}\n</details>"


def _table(
    name: str,
    heads: tuple[str, ...],
    cells: Sequence[tuple[str, ...]],
    numbers: tuple[int, ...] = (),
) -> str:
    def row(tag: str, texts: tuple[str, ...]) -> str:
        return "".join(
            f"<{tag}{' class=n' if place in numbers else ''}>{html.escape(text)}</{tag}>"
            for place, text in enumerate(texts)
        )

    body = "".join(f"<tr>{row('td', texts)}</tr>" for texts in cells)
    return (
        f'<div class="wide" role="region" aria-label="{html.escape(name)}" tabindex="0">'
        f"<table><thead><tr>{row('th', heads)}</tr></thead><tbody>{body}</tbody></table></div>"
    )
