"""The report of a suite: one HTML file that needs nothing else, with the ladder of every case.

Cases that failed stand first in their group and open. Looks are those of the scenarios' report.
"""

from collections.abc import Sequence
from html import escape
from itertools import groupby
from pathlib import Path

from calleq import __version__
from simulator.conformance.loading import Suite
from simulator.conformance.running import FAIL, NOT_RUN, PASS, Verdict
from simulator.page import page as framed
from simulator.scenarios.drawing import draw_ladder
from simulator.scenarios.report import STYLE, picture

_KINDS = {PASS: "good", FAIL: "bad", NOT_RUN: ""}


def tally(verdicts: Sequence[Verdict]) -> str:
    """How many passed, failed and were not run."""
    counts = [sum(one.verdict == kind for one in verdicts) for kind in (PASS, FAIL, NOT_RUN)]
    return f"{counts[0]} passed, {counts[1]} failed, {counts[2]} not run"


def write_report(directory: Path, name: str, suite: Suite, verdicts: Sequence[Verdict]) -> Path:
    """Write `NAME.html` into a directory, made when it is not there. Raises OSError."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name}.html"
    path.write_text(page(suite, verdicts), encoding="utf-8")
    return path


def page(suite: Suite, verdicts: Sequence[Verdict]) -> str:
    """The whole page."""
    parts = []
    for group, cases in groupby(verdicts, key=lambda verdict: verdict.group):
        ordered = sorted(cases, key=lambda verdict: verdict.verdict != FAIL)
        parts.append(f"<h2>{escape(group)}</h2>" + "\n".join(map(_case, ordered)))
    body = "\n".join(parts)
    told = f"{suite.title}: {tally(verdicts)}"
    return framed(
        told,
        f"<h1>{escape(told)}</h1>"
        f"<p>calleq-sim {escape(__version__)}. {escape(suite.about)} Times in seconds.</p>\n{body}",
        STYLE,
    )


def _case(verdict: Verdict) -> str:
    opened = " open" if verdict.verdict == FAIL else ""
    parts = [
        f'<details{opened} id="{escape(verdict.number)}"><summary>'
        f'<b class="{_KINDS[verdict.verdict]}">{verdict.verdict.lower()}</b> '
        f"{escape(verdict.number)} {escape(verdict.title)}</summary>"
    ]
    if verdict.about:
        parts.append(f"<p>{escape(verdict.about)}</p>")
    if verdict.why:
        kind = _KINDS[verdict.verdict]
        parts.append(f'<p class="{kind}">{escape(verdict.why)}</p>')
    if verdict.clauses:
        parts.append(f"<p>Asked for by {escape(', '.join(verdict.clauses))}.</p>")
    if verdict.mutants:
        parts.append(f"<p>Must be failed by: {escape('; '.join(verdict.mutants))}.</p>")
    if verdict.ladder is not None:
        parts.append(picture(f"Ladder of {verdict.number}", draw_ladder(verdict.ladder)))
    parts.append("</details>")
    return "".join(parts)
