"""Ladders for people and for programs: text with a lifeline per element, and JSON rows.

Owns the look. The text fits `WIDTH_COLUMNS`: time, lifelines with an arrow from sender to receiver,
segment, message and fields, which go on below when they are long. JSON rows hold everything,
octets included.
"""

import textwrap

from calleq.runtime.tap import Segment
from calleq.trace.ladder import Ladder, Row
from calleq.units import utc_text

WIDTH_COLUMNS = 100
LINES_LIMIT = 32
"""More lines of fields than this are cut, with `…`; the JSON rows have them whole."""

_TIME_COLUMNS = 10
_SEGMENT_COLUMNS = 9
_FIELDS_LEAST_COLUMNS = 54
_UNBROKEN_COLUMNS = 32
_FIXED_BLANK = "\x1f"
"""Stands for a blank at which no line is broken, and cannot come from a field."""
_SEGMENT_TEXT = {
    Segment.INTERNET: "internet",
    Segment.OSN: "OSN",
    Segment.SIGNALLING_LINK: "SS7 link",
    Segment.CIRCUIT: "circuit",
    Segment.SIP: "SIP",
    Segment.INSIDE: "inside",
}


def render_text(ladder: Ladder) -> str:
    """The ladder as text, its lines without trailing blanks, ending in a newline."""
    rows = ladder.rows
    if not rows:
        return f"call {ladder.call}: no message captured\n"
    elements = _elements(rows)
    room = WIDTH_COLUMNS - _TIME_COLUMNS - _SEGMENT_COLUMNS - _FIELDS_LEAST_COLUMNS
    pitch = max(2, min(4, room // len(elements)))
    inside = ", inside (an element)" * any(row.segment is Segment.INSIDE for row in rows)
    lines = [
        f"call {ladder.call}   {utc_text(rows[0].at_us)}   {len(rows)} messages",
        f"segments: internet, OSN, SS7 link (signalling link), circuit, SIP{inside};"
        " time in seconds",
        "",
    ]
    lines += _heads(elements, pitch)
    for row in rows:
        lines += _row_lines(row, elements, pitch)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def rows_as_json(ladder: Ladder) -> list[dict[str, object]]:
    """Each row as plain values: names, texts, microseconds and hexadecimal octets."""
    return [
        {
            "at": utc_text(row.at_us),
            "offset_us": row.offset_us,
            "segment": str(row.segment),
            "link": row.link,
            "from": row.sender,
            "to": row.receiver,
            "message": row.name,
            "fields": [{"name": name, "value": value} for name, value in row.fields],
            "error": row.error or None,
            "octets": row.octets.hex(),
        }
        for row in ladder.rows
    ]


def _elements(rows: tuple[Row, ...]) -> list[str]:
    """Elements in the order in which they come in; one met first as receiver stands right of it."""
    elements: list[str] = []
    for row in rows:
        for name in (row.sender, row.receiver):
            if name not in elements:
                elements.append(name)
    return elements


def _heads(elements: list[str], pitch: int) -> list[str]:
    """The names as a staircase, each over its own lifeline."""
    lines = []
    for index, name in enumerate(elements):
        lifelines = "".join("│".ljust(pitch) for _ in range(index))
        lines.append(" " * _TIME_COLUMNS + lifelines + name)
    return lines


def _row_lines(row: Row, elements: list[str], pitch: int) -> list[str]:
    left = f"{row.offset_us / 1_000_000:8.3f}  "
    start = _TIME_COLUMNS + pitch * len(elements) + _SEGMENT_COLUMNS
    width = max(WIDTH_COLUMNS - start, _FIELDS_LEAST_COLUMNS)
    wrapped = textwrap.wrap(_text(row), width, subsequent_indent="  ", break_on_hyphens=False)
    wrapped = [line.replace(_FIXED_BLANK, " ") for line in wrapped]
    if len(wrapped) > LINES_LIMIT:
        wrapped = [*wrapped[: LINES_LIMIT - 1], wrapped[LINES_LIMIT - 1][:-1] + "…"]
    arrow = _arrow(elements.index(row.sender), elements.index(row.receiver), len(elements), pitch)
    segment = _SEGMENT_TEXT[row.segment].ljust(_SEGMENT_COLUMNS)
    lines = [left + arrow + segment + wrapped[0]]
    idle = "".join("│".ljust(pitch) for _ in elements)
    for more in wrapped[1:]:
        lines.append(" " * _TIME_COLUMNS + idle + " " * _SEGMENT_COLUMNS + more)
    return lines


def _text(row: Row) -> str:
    """Name and fields in one line; octets that are no message say so first."""
    told = ", ".join(_unbroken(f"{name} {value}") for name, value in row.fields)
    if row.error:
        return f"{row.name} !! {row.error}; {told}"
    return f"{row.name}  {told}" if told else row.name


def _unbroken(field: str) -> str:
    """A short field does not go over the end of a line."""
    return field.replace(" ", _FIXED_BLANK) if len(field) <= _UNBROKEN_COLUMNS else field


def _arrow(sender: int, receiver: int, count: int, pitch: int) -> str:
    """Lifelines of all elements with an arrow between two of them."""
    low, high = min(sender, receiver), max(sender, receiver)
    cells = []
    for column in range(count):
        inside = low <= column < high
        if column == sender:
            mark = "●"
        elif column == receiver:
            mark = "▶" if receiver > sender else "◀"
        else:
            mark = "┼" if low < column < high else "│"
        cells.append(mark + ("─" if inside else " ") * (pitch - 1))
    return "".join(cells)
