"""What happens, as JSON lines for a log collector: one object a line, stable names, no secrets.

    {"at": "2026-11-22T10:00:00.000000Z", "level": "info", "event": "request", "request_id": …}

`at` is UTC. A field that is empty is left out. Telephone numbers are shortened to their first and
last digits wherever they stand in a value, unless the log was asked for numbers in full. Values are
data: a line feed in one is escaped, so nobody outside can write a line of his own.
"""

import logging
import re
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Literal, Protocol, TextIO

import msgspec

Level = Literal["debug", "info", "warning", "error"]
LIMIT_VALUE = 1_000
"""Characters of one value; a traceback may have ten times as many."""

_NUMBER = re.compile(r"(?<![\w.-])(\+|%2[bB])([1-9][0-9]{6,14})(?![0-9])")
_LINE_ENDS = {code: f"\\u{code:04x}" for code in (0x85, 0x2028, 0x2029)}
"""What JSON leaves as it is, and some readers take for the end of a line."""
_encode = msgspec.json.Encoder().encode


def shortened(text: str) -> str:
    """The text without whole telephone numbers.

    >>> shortened("customer +12125550100 is busy")
    'customer +121…00 is busy'
    """
    return _NUMBER.sub(lambda found: f"{found[1]}{found[2][:3]}…{found[2][-2:]}", text)


class Events(Protocol):
    """Where it is told what happens."""

    def tell(self, event: str, level: Level = "info", **fields: object) -> None:
        """Something happened. Values are text, numbers or booleans."""


class NoEvents:
    """Nobody wants to know."""

    def tell(self, event: str, level: Level = "info", **fields: object) -> None:
        """Nothing is kept."""


class JsonLines:
    """Writes to a stream that a collector reads."""

    def __init__(
        self, now: Callable[[], str], *, full_numbers: bool = False, stream: TextIO | None = None
    ) -> None:
        """`now` gives the time as it is to be written."""
        self._now = now
        self._full_numbers = full_numbers
        self._stream = stream or sys.stdout

    def tell(self, event: str, level: Level = "info", **fields: object) -> None:
        """Write one line; a collector that is gone is not waited for."""
        self._write({"at": self._now(), "level": level, "event": event}, fields)

    def _write(self, line: dict[str, object], fields: Mapping[str, object]) -> None:
        for name, value in fields.items():
            if value is None or value == "":
                continue
            line[name] = self._plain(name, value)
        try:
            self._stream.write(_encode(line).decode().translate(_LINE_ENDS) + "\n")
            self._stream.flush()
        except (OSError, ValueError):
            pass

    def _plain(self, name: str, value: object) -> object:
        if isinstance(value, bool | int | float):
            return value
        limit = 10 * LIMIT_VALUE if name == "traceback" else LIMIT_VALUE
        text = str(value)[:limit]
        return text if self._full_numbers else shortened(text)


class LoggingToEvents(logging.Handler):
    """What libraries log, as events."""

    def __init__(self, events: Events) -> None:
        super().__init__(logging.WARNING)
        self._events = events

    def emit(self, record: logging.LogRecord) -> None:
        """One record of the standard library's logging."""
        level: Level = "error" if record.levelno >= logging.ERROR else "warning"
        told = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else ""
        said = record.getMessage()
        self._events.tell("log", level, logger=record.name, message=said, traceback=told)
