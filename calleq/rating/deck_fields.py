"""The fields of a deck file, one at a time: what each may hold, and what is said when it does not.

Both kinds of file end here, TOML with its types and CSV with text in every cell. Each fault names
the file, the line where it is known, the key, what stands there and what was expected, as a
`RatingError` (`bad_deck`).
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import NoReturn
from zoneinfo import ZoneInfo

import msgspec

from calleq.rating.bands import DAYS
from calleq.rating.money import RatingError, parse_amount
from calleq.rating.terms import INCREMENT_LIMIT_S, MINIMUM_LIMIT_S
from calleq.units import parse_utc

TEXT_LIMIT = 200
SHOWN_LIMIT = 60
"""Characters of a wrong value that are repeated in an error."""

_INCREMENTS = re.compile(r"([0-9]{1,4})/([0-9]{1,4})", re.ASCII)
_WALL = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])", re.ASCII)
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}", re.ASCII)
_DIGITS = re.compile(r"[0-9]{1,9}", re.ASCII)
_ZONE = re.compile(r"[A-Z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,2}", re.ASCII)
_NO_ZONES = frozenset(("Factory",))


class Place(msgspec.Struct, frozen=True):
    """Where in which file something stands."""

    file: str
    line: int | None
    path: str
    """The key, such as `rates[3].per_minute`, or the column."""

    @property
    def text(self) -> str:
        """File and line."""
        return self.file if self.line is None else f"{self.file}, line {self.line}"

    def refuse(self, found: object, expected: str) -> NoReturn:
        """Raise the error for what was found here."""
        shown = "nothing" if found is None else repr(found)[:SHOWN_LIMIT]
        raise RatingError("bad_deck", f"{self.text}: {self.path}: {shown}: {expected} expected")


class Fields:
    """The values of one table or row, taken out one by one; `finish` refuses what is left."""

    def __init__(
        self, values: Mapping[str, object], file: str, path: str, lines: Mapping[str, int]
    ) -> None:
        """`lines` has the line of each key, and that of the table under the empty key."""
        self._values = dict(values)
        self._known: list[str] = []
        self._file, self._path, self._lines = file, path, lines

    def place(self, key: str) -> Place:
        """Where a key stands, or would."""
        path = ".".join(part for part in (self._path, key) if part)
        known = (
            self._lines[name] for name in (key, key.partition(".")[0], "") if name in self._lines
        )
        return Place(self._file, next(known, None), path)

    def has(self, key: str) -> bool:
        """Whether the key is there and was not taken yet."""
        return key in self._values

    def take(self, key: str) -> object:
        """The raw value; None where there is none."""
        self._known.append(key)
        return self._values.pop(key, None)

    def finish(self) -> None:
        """Nothing may be left."""
        for key, value in self._values.items():
            self.place(key).refuse(value, f"no such key, but one of {', '.join(self._known)},")

    def text(self, key: str) -> str:
        value = self.take(key)
        if (
            not isinstance(value, str)
            or not 0 < len(value) <= TEXT_LIMIT
            or not value.isprintable()
        ):
            self.place(key).refuse(value, f"a text of 1 to {TEXT_LIMIT} characters")
        return value

    def name(self, key: str) -> str:
        value = self.take(key)
        if not isinstance(value, str) or not _NAME.fullmatch(value):
            self.place(key).refuse(value, "a name in small letters, digits, '-' and '_'")
        return value

    def matching(self, key: str, pattern: re.Pattern[str], expected: str) -> str:
        value = self.take(key)
        if not isinstance(value, str) or not pattern.fullmatch(value):
            self.place(key).refuse(value, expected)
        return value

    def amount(self, key: str, default: int | None = None) -> int:
        """Micro-units; `default` where there is no such key, if it is not None."""
        if default is not None and not self.has(key):
            self.take(key)
            return default
        return amount_here(self.take(key), self.place(key))

    def seconds(self, key: str) -> int:
        """0 where there is no such key."""
        if not self.has(key):
            self.take(key)
            return 0
        value = self.take(key)
        if isinstance(value, str) and _DIGITS.fullmatch(value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            self.place(key).refuse(value, f"whole seconds, 0 to {MINIMUM_LIMIT_S},")
        if not 0 <= value <= MINIMUM_LIMIT_S:
            self.place(key).refuse(value, f"whole seconds, 0 to {MINIMUM_LIMIT_S},")
        return value

    def increments(self, key: str) -> tuple[int, int]:
        """(first, next) seconds; 1/1 where there is no such key."""
        if not self.has(key):
            self.take(key)
            return 1, 1
        value = self.take(key)
        matched = _INCREMENTS.fullmatch(value) if isinstance(value, str) else None
        if matched is not None:
            first, following = int(matched[1]), int(matched[2])
            if 1 <= first <= INCREMENT_LIMIT_S and 1 <= following <= INCREMENT_LIMIT_S:
                return first, following
        self.place(key).refuse(
            value, f'first/next in seconds, each 1 to {INCREMENT_LIMIT_S}, such as "60/60",'
        )

    def instant(self, key: str) -> int:
        """UTC microseconds, 1970 or later."""
        value = self.take(key)
        at_us = -1
        if isinstance(value, datetime):
            value = value.isoformat()
        if isinstance(value, str):
            try:
                at_us = parse_utc(value)
            except (ValueError, OverflowError):
                at_us = -1
        if at_us < 0:
            self.place(key).refuse(
                value, "an instant with its offset, such as 2026-01-01T00:00:00Z,"
            )
        return at_us

    def truth(self, key: str) -> bool:
        """False where there is no such key."""
        if not self.has(key):
            self.take(key)
            return False
        value = self.take(key)
        if isinstance(value, bool):
            return value
        if value == "yes":
            return True
        self.place(key).refuse(value, "true, or in a table yes or an empty cell,")

    def wall(self, key: str) -> int:
        """Minutes from midnight, up to 24:00."""
        value = self.take(key)
        matched = _WALL.fullmatch(value) if isinstance(value, str) else None
        minutes = -1 if matched is None else int(matched[1]) * 60 + int(matched[2])
        if not 0 <= minutes <= 24 * 60:
            self.place(key).refuse(value, "a time of day from 00:00 to 24:00")
        return minutes

    def days(self, key: str) -> frozenset[int]:
        value = self.take(key)
        if not isinstance(value, list) or not value:
            self.place(key).refuse(value, f"a list of days, of {', '.join(DAYS)},")
        for day in value:
            if day not in DAYS:
                self.place(key).refuse(day, f"one of {', '.join(DAYS)}")
        if len(set(value)) < len(value):
            self.place(key).refuse(value, "each day once")
        return frozenset(DAYS.index(day) for day in value)

    def zone(self, key: str) -> ZoneInfo:
        """A zone of the installed IANA data."""
        value = self.take(key)
        if isinstance(value, str) and _ZONE.fullmatch(value) and value not in _NO_ZONES:
            try:
                return ZoneInfo(value)
            except (KeyError, ValueError, OSError):
                pass
        self.place(key).refuse(value, "a zone of the IANA data, such as Europe/Berlin,")


def amount_here(value: object, place: Place) -> int:
    """Micro-units of a text. A number of TOML is refused: it would pass through binary."""
    if not isinstance(value, str):
        place.refuse(value, 'an amount as text, such as "0.0125",')
    try:
        return parse_amount(value)
    except RatingError:
        place.refuse(value, 'digits, a point and at most six decimals, such as "0.0125",')
