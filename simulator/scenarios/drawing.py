"""Scenarios as pictures: SVG of a ladder, of what telephones lived through, and of a sweep.

Each is one `<svg>` with a title and a description for whoever cannot see it; colours come from the
page's style sheet by class, so that they follow light and dark. Nothing is loaded from elsewhere.
"""

from collections.abc import Callable, Sequence
from html import escape

from calleq.runtime.tap import Segment
from calleq.telephones.diary import DiaryEntry, Event
from calleq.trace.ladder import Ladder, Row
from calleq.units import SECOND_US
from simulator.scenarios.happenings import CallHappening, Happening
from simulator.scenarios.running import Shown, Swept
from simulator.svg import opening, text

ROWS_LIMIT = 400
"""Messages of one ladder that are drawn; the rest is counted."""
FIELDS_CHARACTERS = 90
PITCH = 88
ROW = 26
HEAD = 50
LEFT = 72
TEXT = 640
LANE = 30
WIDTH = 960
_SEGMENT_CLASS = {
    Segment.INTERNET: "net",
    Segment.OSN: "osn",
    Segment.SIGNALLING_LINK: "ss7",
    Segment.CIRCUIT: "line",
    Segment.SIP: "line",
    Segment.INSIDE: "osn",
}


def draw_ladder(ladder: Ladder) -> str:
    """The messages of a call, one arrow each, top to bottom in the order of time."""
    rows = ladder.rows[:ROWS_LIMIT]
    elements: list[str] = []
    for row in rows:
        elements += [name for name in (row.sender, row.receiver) if name not in elements]
    width = LEFT + PITCH * len(elements) + TEXT
    height = HEAD + ROW * len(rows) + ROW
    title = f"Ladder of call {ladder.call}"
    parts = [opening(width, height, title, f"{len(ladder.rows)} messages")]
    for place, name in enumerate(elements):
        x = LEFT + PITCH * place
        parts.append(text(x, 14 + 14 * (place % 2), name.removeprefix("telephone "), "head"))
        parts.append(f'<line class="life" x1="{x}" y1="{HEAD - 14}" x2="{x}" y2="{height}"/>')
    for place, row in enumerate(rows):
        parts.append(_arrow(row, HEAD + ROW * place + 8, elements))
    left = len(ladder.rows) - len(rows)
    if left:
        parts.append(text(LEFT, height - 4, f"and {left} more messages"))
    return "".join((*parts, "</svg>"))


def _arrow(row: Row, y: int, elements: Sequence[str]) -> str:
    start = LEFT + PITCH * elements.index(row.sender)
    end = LEFT + PITCH * elements.index(row.receiver)
    tip = -6 if end > start else 6
    kind = _SEGMENT_CLASS[row.segment]
    told = ", ".join(f"{name} {value}" for name, value in row.fields)
    if len(told) > FIELDS_CHARACTERS:
        told = told[: FIELDS_CHARACTERS - 1] + "…"
    text_x = LEFT + PITCH * (len(elements) - 1) + 24
    return (
        text(4, y + 4, f"{row.offset_us / SECOND_US:8.3f}", "time")
        + text((start + end) / 2, y - 4, row.name, f"{kind} name", "middle")
        + f'<line class="{kind}" x1="{start}" y1="{y}" x2="{end}" y2="{y}"/>'
        + f'<path class="{kind} tip" d="M{end} {y}l{tip} -4v8z"/>'
        + text(text_x, y + 4, told)
    )


def draw_telephones(shown: Shown) -> str:
    """What each telephone lived through, one lane each, and the milestones of the calls above."""
    entries = [h for h in shown.happenings if isinstance(h.what, DiaryEntry)]
    calls = [h for h in shown.happenings if isinstance(h.what, CallHappening)]
    names = {number: name for name, number in shown.telephones.items()}
    numbers = list(dict.fromkeys(h.what.number for h in entries if isinstance(h.what, DiaryEntry)))
    end_us = max((h.at_us for h in shown.happenings), default=shown.began_us)
    length_us = max(1, end_us - shown.began_us)
    plot = WIDTH - 3 * PITCH

    def x_of(at_us: int) -> float:
        return round(2 * PITCH + plot * (at_us - shown.began_us) / length_us, 1)

    height = 3 * LANE + LANE * len(numbers)
    words = f"{len(numbers)} telephones over {length_us / SECOND_US:.1f} seconds"
    parts = [opening(WIDTH, height, "What the telephones lived through", words)]
    parts += _milestones(calls, x_of)
    for place, number in enumerate(numbers):
        y = 2 * LANE + LANE * place
        parts.append(text(0, y + 18, names.get(number, number)))
        lived = [h for h in entries if isinstance(h.what, DiaryEntry) and h.what.number == number]
        for kind, since_us, until_us in _spans(lived, end_us):
            length = max(1.5, round(x_of(until_us) - x_of(since_us), 1))
            parts.append(
                f'<rect class="{kind}" x="{x_of(since_us)}" y="{y + 4}" width="{length}"'
                f' height="{LANE - 10}"><title>{kind}, {(until_us - since_us) / SECOND_US:.3f} s'
                "</title></rect>"
            )
    for tick in range(6):
        at_us = shown.began_us + length_us * tick // 5
        told = f"{(at_us - shown.began_us) / SECOND_US:.1f} s"
        parts.append(text(x_of(at_us), height - 6, told, "time", "middle" if tick else "start"))
    return "".join((*parts, "</svg>"))


def _milestones(calls: Sequence[Happening], x_of: Callable[[int], float]) -> list[str]:
    """Ticks with their names as tooltips; those that mean most are written out."""
    parts = []
    for happening in calls:
        what = happening.what
        if not isinstance(what, CallHappening):
            continue
        x = x_of(happening.at_us)
        told = " ".join(part for part in (what.event, what.leg, what.detail) if part)
        parts.append(
            f'<line class="mark" x1="{x}" y1="{LANE}" x2="{x}" y2="{2 * LANE - 6}">'
            f"<title>{escape(told)}</title></line>"
        )
        if what.event in ("bridged", "ended"):
            parts.append(text(x, LANE - 4, what.detail or what.event, "time", "middle"))
    return parts


def _spans(lived: Sequence[Happening], end_us: int) -> list[tuple[str, int, int]]:
    """What a telephone was doing: ringing, dialling, in a call."""
    spans: list[tuple[str, int, int]] = []
    doing, since_us = "", 0
    starts = {
        Event.RINGS: "ringing",
        Event.DIALS: "dialling",
        Event.ANSWERS: "talking",
        Event.FAR_END_ANSWERS: "talking",
    }
    ends = (
        Event.HANGS_UP,
        Event.RELEASED,
        Event.STOPS_RINGING,
        Event.DECLINES,
        Event.LINE_LOST,
        Event.REFUSES,
    )
    for happening in lived:
        assert isinstance(happening.what, DiaryEntry)
        event = happening.what.event
        if event is Event.REFUSES and not doing:
            spans.append(("refused", happening.at_us, happening.at_us))
        elif event in starts or event in ends:
            if doing:
                spans.append((doing, since_us, happening.at_us))
            doing, since_us = starts.get(event, ""), happening.at_us
    if doing:
        spans.append((doing, since_us, end_us))
    return spans


def draw_sweep(swept: Sequence[Swept]) -> str:
    """The final state by the value of the sweep: one lane for each state, a mark for each run."""
    states = sorted({state for run in swept for state in run.states})
    first_us, last_us = swept[0].at_us, swept[-1].at_us
    plot = WIDTH - 4 * PITCH
    height = LANE * (len(states) + 1)
    words = f"{len(swept)} runs, final states {', '.join(states)}"
    parts = [opening(WIDTH, height, "Final states over the sweep", words)]
    width = max(1.0, round(plot / len(swept), 2))
    for place, state in enumerate(states):
        parts.append(text(0, LANE * place + 19, state))
    for run in swept:
        x = round(2.5 * PITCH + plot * (run.at_us - first_us) / max(1, last_us - first_us), 1)
        kind = "good" if run.passed else "bad"
        for state in run.states:
            y = LANE * states.index(state) + 6
            parts.append(f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="18"/>')
    for at_us, x in ((first_us, 2.5 * PITCH), (last_us, 2.5 * PITCH + plot)):
        parts.append(text(x, height - 8, f"{at_us / SECOND_US:g} s", "time", "middle"))
    return "".join((*parts, "</svg>"))
