"""The report of scenarios: one HTML file that needs nothing else, with every ladder drawn in it.

The design is that of `simulator.page`. Each scenario is a `<details>`; failures stand first and
open.
"""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from calleq import __version__
from calleq.units import SECOND_US
from simulator.page import page as framed
from simulator.page import wide
from simulator.scenarios.drawing import draw_ladder, draw_sweep, draw_telephones
from simulator.scenarios.running import Verdict

FILE = "scenarios.html"

STYLE = """
:root { --ss7: #1b59b8; --osn: #7a3fa0; --net: #99560a; --line: var(--good); }
@media (prefers-color-scheme: dark) { :root { --ss7: #8ab4ff; --osn: #cf9df0; --net: #f0b35e; } }
body { max-width: 75rem; } details { border-top: 1px solid var(--rule); }
summary { padding: .6rem 0; color: var(--ink); } summary span { color: var(--faint); }
summary b { display: inline-block; min-width: 4.2rem; } ul { padding-left: 1.2rem; }
.wide svg text { font: 12px ui-monospace, monospace; fill: var(--ink); }
.wide svg .time { fill: var(--faint); } .wide svg .mark { stroke: var(--faint); }
.wide svg .head { font-weight: bold; text-anchor: middle; } .wide svg .life { stroke: var(--rule); }
svg line { stroke-width: 1.5; } .wide svg text.name { font-size: 10px; stroke: none; }
svg .ss7 { stroke: var(--ss7); } svg .osn { stroke: var(--osn); } svg .net { stroke: var(--net); }
svg .line { stroke: var(--line); } .wide svg text.ss7, svg .ss7.tip { fill: var(--ss7); }
.wide svg text.osn, svg .osn.tip { fill: var(--osn); }
.wide svg text.net, svg .net.tip { fill: var(--net); }
.wide svg text.line, svg .line.tip { fill: var(--line); }
svg rect.ringing, svg rect.dialling { fill: var(--net); } svg rect.talking { fill: var(--line); }
svg rect.refused, svg rect.bad { fill: var(--bad); } svg rect.good { fill: var(--good); }
"""
"""What ladders and lanes need besides the style of all reports."""


def write_report(directory: Path, verdicts: Sequence[Verdict]) -> Path:
    """Write the report into a directory, made when it is not there. Raises OSError."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / FILE
    path.write_text(page(verdicts), encoding="utf-8")
    return path


def page(verdicts: Sequence[Verdict]) -> str:
    """The whole page; scenarios that failed come first."""
    failed = sum(not verdict.passed for verdict in verdicts)
    ordered = sorted(verdicts, key=lambda verdict: verdict.passed)
    told = f"{len(verdicts) - failed} passed, {failed} failed"
    parts = "\n".join(map(_scenario, ordered))
    return framed(
        f"Scenarios: {told}",
        f"<h1>Scenarios: {told}</h1>"
        f"<p>calleq-sim {escape(__version__)}. A ladder's colours: "
        '<span style="color:var(--net)">internet</span>, <span style="color:var(--osn)">OSN</span>,'
        ' <span style="color:var(--ss7)">signalling link</span>, '
        '<span style="color:var(--line)">line</span>. Bars: amber while a telephone rings or '
        "dials, green while it is in a call, red where it turned one away. Times in seconds.</p>\n"
        f"{parts}",
        STYLE,
    )


def _scenario(verdict: Verdict) -> str:
    mark, kind = ("passed", "good") if verdict.passed else ("failed", "bad")
    opened = "" if verdict.passed else " open"
    runs = f", {verdict.runs} runs" if verdict.runs > 1 else ""
    states = ", ".join(f"{state} {count}" for state, count in verdict.states.items()) or "none"
    parts = [
        f'<details{opened} id="{escape(verdict.name)}"><summary><b class="{kind}">{mark}</b> '
        f"{escape(verdict.title)} <span>{escape(verdict.name)}{runs}</span></summary>"
    ]
    if verdict.about:
        parts.append(f"<p>{escape(verdict.about)}</p>")
    if verdict.failures:
        told = "".join(f"<li>{escape(text)}</li>" for text in verdict.failures)
        parts.append(f'<ul class="bad">{told}</ul>')
    parts.append(
        f"<p>Seed {verdict.seed}. Final states: {escape(states)}."
        f" {verdict.simulated_s:,.1f} s simulated in {verdict.cpu_s:.2f} s of processor time."
        f" Repeat: <code>{escape(verdict.repeat)}</code></p>"
    )
    if verdict.sweep:
        parts.append(picture("Final states over the sweep", draw_sweep(verdict.sweep)))
    if verdict.shown is not None:
        shown = verdict.shown
        at = "" if shown.sweep_us is None else f" at {shown.sweep_us / SECOND_US:g} s"
        parts.append(picture(f"What the telephones lived through{at}", draw_telephones(shown)))
        for name, ladder in shown.ladders.items():
            parts.append(picture(f"Ladder of {name}{at}", draw_ladder(ladder)))
    parts.append("</details>")
    return "".join(parts)


def picture(title: str, drawn: str) -> str:
    """A picture under its title."""
    return f"<h3>{escape(title)}</h3>{wide(title, drawn)}"
