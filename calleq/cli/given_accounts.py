"""What a person gave of accounts on the command line: settings and shifts, as they are meant."""

import json
import re

from calleq.cli.failure import UsageError
from calleq.messages.accounts import Shift

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SHIFT = re.compile(r"(?P<days>[a-z,-]+) +(?P<begin>\d\d:\d\d) *- *(?P<end>\d\d:\d\d)", re.ASCII)


def given_settings(words: list[str]) -> dict[str, object]:
    """Settings of a business from `key=value` and `table.key=value`. Raises UsageError.

    >>> given_settings(["language=fr", "calendar.zone=Europe/Paris", "question_tries=3", "name="])
    {'language': 'fr', 'calendar': {'zone': 'Europe/Paris'}, 'question_tries': 3, 'name': None}
    """
    settings: dict[str, object] = {}
    for word in words:
        path, equals, text = word.partition("=")
        if not equals or not path:
            raise UsageError(f"{word}: KEY=VALUE was expected")
        table: dict[str, object] = settings
        *above, key = path.split(".")
        for name in above:
            inner = table.setdefault(name, {})
            if not isinstance(inner, dict):
                raise UsageError(f"{word}: {name} is given twice")
            table = inner
        table[key] = _value(text)
    return settings


def _value(text: str) -> object:
    if not text:
        return None
    try:
        value: object = json.loads(text)
    except ValueError:
        return text
    return value


def given_shift(text: str) -> Shift:
    """A shift from `mon-fri 09:00-17:00`. Raises UsageError.

    >>> given_shift("sat,sun 22:00-06:00")
    Shift(days=('sat', 'sun'), begin='22:00', end='06:00')
    """
    found = _SHIFT.fullmatch(text.strip().lower())
    if found is None:
        raise UsageError(f"shift {text!r}: days and hours, such as mon-fri 09:00-17:00")
    days: list[str] = []
    for part in found["days"].split(","):
        first, dash, last = part.partition("-")
        if first not in DAYS or (dash and last not in DAYS):
            raise UsageError(f"shift {text!r}: days are {', '.join(DAYS)}")
        begin, end = DAYS.index(first), DAYS.index(last if dash else first)
        span = range(begin, end + 1 if end >= begin else end + 8)
        days += [DAYS[day % 7] for day in span]
    return Shift(days=tuple(dict.fromkeys(days)), begin=found["begin"], end=found["end"])
