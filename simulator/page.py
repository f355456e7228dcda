"""The one design of all reports: a page complete in itself, its style, tables and wide regions.

No script, no font and no style from elsewhere. It follows light and dark, fits a telephone's
screen, and what is wider than the screen scrolls in a region that the keyboard can reach. Colours
have names for what they mean; drawings take them by class.
"""

from collections.abc import Sequence
from html import escape

from simulator.svg import Plot

STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --paper: #fff; --faint: #5c6774;
  --rule: #d5dbe3; --plot: #1f6fb2; --soft: #cfe3f3; --good: #17703b; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ebf2; --paper: #12171e; --faint: #9aa6b4;
  --rule: #2c3743; --plot: #6cb4ee; --soft: #24425c; --good: #62c98b; --bad: #ff8a80; } }
body { margin: 0 auto; padding: 1rem; max-width: 60rem; color: var(--ink);
  background: var(--paper); font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; line-height: 1.2; margin: .5rem 0 1rem; }
h2 { font-size: 1.15rem; margin: 2.5rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; }
p, dd, li { overflow-wrap: anywhere; } code { font-size: .9em; overflow-wrap: anywhere; }
.good { color: var(--good); } .bad { color: var(--bad); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; }
dt { color: var(--faint); } dd { margin: 0; }
.wide { overflow-x: auto; } summary { cursor: pointer; color: var(--faint); }
:focus-visible { outline: 3px solid var(--plot); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--rule);
  vertical-align: top; } th { font-weight: 600; } .n { text-align: right; white-space: nowrap; }
svg { width: 100%; height: auto; display: block; } .wide svg { width: auto; max-width: none; }
svg text { fill: var(--faint); font: 13px system-ui, sans-serif; }
svg .axis { stroke: var(--rule); fill: none; } svg .fill { fill: var(--soft); }
svg .mark { fill: var(--plot); } svg .curve { stroke: var(--plot); fill: none; stroke-width: 2; }
@media (max-width: 36rem) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin: 0 0 .5rem; }
  .told tr { display: flex; flex-wrap: wrap; gap: 0 .75rem; border-bottom: 1px solid var(--rule); }
  .told :is(td, th) { border: 0; padding: .1rem 0; } .told td:first-child { font-weight: 600; }
  .told :is(td, th):last-child { flex-basis: 100%; color: var(--faint); }
  svg text { font-size: 22px; } .wide svg text { font-size: 13px; } }
"""


def page(title: str, content: str, style: str = "") -> str:
    """A whole page; `style` is what it needs besides."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}{style}</style>\n</head>\n<body>\n<main>\n"
        f"{content}\n</main>\n</body>\n</html>\n"
    )


def section(title: str, content: str) -> str:
    """A part of the page under its heading."""
    return f"<section>\n<h2>{escape(title)}</h2>\n{content}\n</section>"


def wide(name: str, content: str) -> str:
    """What may be wider than the screen."""
    return (
        f'<div class="wide" role="region" aria-label="{escape(name)}" tabindex="0">{content}</div>'
    )


def figure(plot: Plot, numbers: str) -> str:
    """A plot, and a table of its numbers to be opened."""
    return f"{plot.svg}\n<details><summary>the numbers</summary>\n{numbers}\n</details>"


def facts(listed: Sequence[tuple[str, str]]) -> str:
    """Names and what belongs to them; the latter is HTML already."""
    told = "".join(f"<dt>{escape(name)}</dt><dd>{text}</dd>" for name, text in listed)
    return f"<dl>{told}</dl>"


def table(
    name: str,
    heads: Sequence[str],
    cells: Sequence[Sequence[str]],
    numbers: Sequence[int] = (),
    kind: str = "",
) -> str:
    """Rows of text under heads; `numbers` are the columns to be set flush right.

    Of the kind `told` the last column is a sentence, which stands below the rest on small screens.
    """

    def row(tag: str, texts: Sequence[str]) -> str:
        return "".join(
            f"<{tag}{' class=n' if place in numbers else ''}>{escape(text)}</{tag}>"
            for place, text in enumerate(texts)
        )

    body = "".join(f"<tr>{row('td', texts)}</tr>" for texts in cells)
    named = f' class="{kind}"' if kind else ""
    return wide(
        name,
        f"<table{named}><thead><tr>{row('th', heads)}</tr></thead><tbody>{body}</tbody></table>",
    )
