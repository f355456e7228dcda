"""Plots as inline SVG: bars, rows and a curve, each with a title and a description in words.

Sizes are in units of the drawing's own box; the page scales it. Colours come from the page's
classes `axis`, `fill`, `mark` and `curve`. A plot of no values says so.
"""

import html
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 720, 260
LEFT, RIGHT, TOP, BOTTOM = 84, 14, 14, 38
LABELS_MOST = 12
"""Along an axis."""
ROW_HEIGHT = 26
TIME_STEPS_S = (
    *(1, 2, 5, 10, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200),
    *(86_400, 2 * 86_400, 7 * 86_400),
)
"""Between the labels of an axis of time."""


@dataclass(frozen=True, slots=True)
class Plot:
    """One drawing."""

    title: str
    svg: str


def opening(width: int, height: int, title: str, words: str) -> str:
    """The begin tag of a drawing, with its name, and in words what there is to see."""
    name = html.escape(title)
    return (
        f'<svg role="img" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        f' aria-label="{name}"><title>{name}</title>'
        f"<desc>{html.escape(words)}</desc>"
    )


def text(x: float, y: float, told: str, kind: str = "", anchor: str = "start") -> str:
    """Words at a place; `kind` is their class, `anchor` where the place lies in them."""
    named = f' class="{kind}"' if kind else ""
    placed = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{x:g}" y="{y:g}"{named}{placed}>{html.escape(told)}</text>'


def ticks(highest: float, wanted: int = 4) -> list[float]:
    """Round values from 0 to `highest` at least.

    >>> ticks(7.3)
    [0.0, 2.0, 4.0, 6.0, 8.0]
    """
    if highest <= 0:
        return [0.0, 1.0]
    rough = highest / wanted
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(m * magnitude for m in (1, 2, 2.5, 5, 10) if m * magnitude >= rough * 0.999)
    count = math.ceil(highest / step - 1e-9)
    return [round(step * place, 10) for place in range(count + 1)]


def bars(title: str, values: Sequence[tuple[str, float]], highest: float | None = None) -> Plot:
    """Upright bars, labelled below."""
    if not values:
        return _nothing(title)
    scale = ticks(max(value for _, value in values) if highest is None else highest)
    step = (WIDTH - LEFT - RIGHT) / len(values)
    every = -(-len(values) // LABELS_MOST)
    parts = [_upright_axis(scale)]
    for place, (label, value) in enumerate(values):
        x, y = LEFT + place * step, _height(value, scale[-1])
        width = max(step * 0.86, 0.5)
        parts.append(
            f'<rect class="mark" x="{x + step * 0.07:.1f}" y="{y:.1f}" width="{width:.1f}"'
            f' height="{HEIGHT - BOTTOM - y:.1f}"><title>{html.escape(label)}: {value:g}'
            "</title></rect>"
        )
        if place % every == 0:
            parts.append(_below(x + step / 2, label))
    peak = max(values, key=lambda pair: pair[1])
    words = f"{len(values)} bars, the highest {peak[1]:g} at {peak[0]}."
    return _plot(title, words, HEIGHT, parts)


def rows(title: str, values: Sequence[tuple[str, int]]) -> Plot:
    """Lying bars with their names above them: names may be long."""
    if not values:
        return _nothing(title)
    most = max(count for _, count in values) or 1
    parts = []
    for place, (label, count) in enumerate(values):
        y = place * 2 * ROW_HEIGHT
        width = (WIDTH - RIGHT) * count / most
        parts.append(text(0, y + 16, f"{label}: {count:,}"))
        parts.append(
            f'<rect class="mark" x="0" y="{y + 22}" width="{width:.1f}" height="{ROW_HEIGHT - 6}"/>'
        )
    words = ", ".join(f"{label} {count}" for label, count in values) + "."
    return _plot(title, words, len(values) * 2 * ROW_HEIGHT, parts)


def curve(
    title: str, values: Sequence[tuple[float, float]], across: Callable[[float], str]
) -> Plot:
    """A curve through points in the order of their first value; `across` labels that one."""
    if len(values) < 2:
        return _nothing(title)
    scale = ticks(max(value for _, value in values))
    first, last = values[0][0], values[-1][0]
    width = WIDTH - LEFT - RIGHT

    def x_of(at: float) -> float:
        return LEFT + width * (at - first) / (last - first)

    points = " ".join(f"{x_of(at):.1f},{_height(value, scale[-1]):.1f}" for at, value in values)
    floor = HEIGHT - BOTTOM
    parts = [
        _upright_axis(scale),
        f'<polygon class="fill" points="{LEFT},{floor} {points} {WIDTH - RIGHT},{floor}"/>',
        f'<polyline class="curve" points="{points}"/>',
    ]
    for place, at in enumerate(at_round_times(first, last)):
        parts.append(_below(x_of(at), across(at), "middle" if place else "start"))
    peak = max(values, key=lambda pair: pair[1])
    words = f"From 0 to {peak[1]:.1f}, the highest at {across(peak[0])}."
    return _plot(title, words, HEIGHT, parts)


def at_round_times(first_s: float, last_s: float) -> list[float]:
    """At most six round seconds, minutes, hours or days between two times in seconds.

    >>> at_round_times(0, 86_400)
    [0, 21600, 43200, 64800, 86400]
    """
    length_s = last_s - first_s
    step_s = next((step for step in TIME_STEPS_S if length_s <= 5 * step), TIME_STEPS_S[-1])
    place = math.ceil(first_s / step_s)
    return [at * step_s for at in range(place, math.floor(last_s / step_s) + 1)]


def _height(value: float, highest: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * min(value, highest) / highest


def _upright_axis(scale: Sequence[float]) -> str:
    lines = []
    for value in scale:
        y = _height(value, scale[-1])
        lines.append(f'<path class="axis" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        lines.append(text(LEFT - 6, round(y + 4, 1), f"{value:,.10g}", anchor="end"))
    return "".join(lines)


def _below(x: float, label: str, anchor: str = "middle") -> str:
    return text(round(x, 1), HEIGHT - BOTTOM + 20, label, anchor=anchor)


def _plot(title: str, words: str, height: int, parts: Sequence[str]) -> Plot:
    svg = opening(WIDTH, height, title, words) + "".join(parts) + "</svg>"
    return Plot(title, f"<p>{html.escape(title)}</p>\n{svg}")


def _nothing(title: str) -> Plot:
    return Plot(title, f"<p>{html.escape(title)}: too few values for a plot.</p>")
