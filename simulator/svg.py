"""Plots as inline SVG: bars, rows and a curve, each with a title and a description in words.

Sizes are in units of the drawing's own box; the page scales it. Colours come from the page's
classes `axis`, `fill`, `mark` and `curve`. A plot of no values says so.
"""

import html
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 720, 260
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 14, 34
LABELS_MOST = 12
"""Along an axis."""
ROW_HEIGHT = 26


@dataclass(frozen=True, slots=True)
class Plot:
    """One drawing."""

    title: str
    svg: str


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
        parts.append(f'<text x="0" y="{y + 16}">{html.escape(label)}: {count:,}</text>')
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
    for place in range(5):
        at = first + (last - first) * place / 4
        anchor = ("start", "middle", "middle", "middle", "end")[place]
        parts.append(_below(x_of(at), across(at), anchor))
    peak = max(values, key=lambda pair: pair[1])
    words = f"From 0 to {peak[1]:.1f}, the highest at {across(peak[0])}."
    return _plot(title, words, HEIGHT, parts)


def _height(value: float, highest: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * min(value, highest) / highest


def _upright_axis(scale: Sequence[float]) -> str:
    lines = []
    for value in scale:
        y = _height(value, scale[-1])
        lines.append(f'<path class="axis" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        lines.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>')
    return "".join(lines)


def _below(x: float, label: str, anchor: str = "middle") -> str:
    return (
        f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="{anchor}">'
        f"{html.escape(label)}</text>"
    )


def _plot(title: str, words: str, height: int, parts: Sequence[str]) -> Plot:
    name = html.escape(title)
    svg = (
        f'<p>{name}</p>\n<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{name}">'
        f"<desc>{html.escape(words)}</desc>" + "".join(parts) + "</svg>"
    )
    return Plot(title, svg)


def _nothing(title: str) -> Plot:
    return Plot(title, f"<p>{html.escape(title)}: too few values for a plot.</p>")
