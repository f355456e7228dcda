"""Rate decks as files: TOML for a whole deck, CSV for long tables of rates that belong to one.

Pure: it is given texts. Everything is strict: an unknown key or column, a number where an amount
in text belongs, an instant without offset, two rates of one key from one instant are refused with
`RatingError` (`bad_deck`), which names file, line and key. The line of a key is found by looking
for it in the text, since the reader of TOML does not tell; where tables are written inline it is
the line on which they begin.
"""

import csv
import re
import tomllib
from collections.abc import Iterator, Mapping

import msgspec

from calleq.rating.bands import BANDS_LIMIT, STANDARD, Band, Week
from calleq.rating.deck import SERVICE, Barred, Deck, Rate, Withdrawn, check_rate
from calleq.rating.deck_fields import Fields, Place, amount_here
from calleq.rating.money import RatingError
from calleq.rating.terms import Terms

TEXT_LIMIT = 64 * 1024 * 1024
"""Characters of one file."""
IN_BAND = "per_minute_in"

_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_HEADER = re.compile(r"\s*(\[\[?)\s*([A-Za-z0-9_.-]+)\s*\]\]?\s*(?:#.*)?")
_KEY_LINE = re.compile(r'\s*"?([A-Za-z0-9_-]+)"?\s*=')
_SYNTAX_LINE = re.compile(r"\(at line ([0-9]+),")
_COLUMNS = (
    "to",
    "from",
    "per_minute",
    "connection",
    "increments",
    "minimum_s",
    "free_s",
    "no_charge_s",
    "barred",
    "withdrawn",
)


class DeckFile(msgspec.Struct, frozen=True):
    """A deck, and where in its files each rate stands."""

    deck: Deck
    places: dict[tuple[str, int], Place]
    """By key and the instant from which it holds."""


def parse_deck(text: str, name: str = "deck.toml", tables: Mapping[str, str] | None = None) -> Deck:
    """As `read_deck`, the deck alone."""
    return read_deck(text, name, tables).deck


def read_deck(
    text: str, name: str = "deck.toml", tables: Mapping[str, str] | None = None
) -> DeckFile:
    """A deck from the text of its TOML file and of CSV tables (by name) with more of its rates.

    Raises RatingError (`bad_deck`).
    """
    raw = _load(text, name)
    lines = _lines_of(text)
    fields = Fields(raw, name, "", lines.get("", {}))
    deck_name = fields.text("name")
    currency = fields.matching("currency", _CURRENCY, "a currency of three letters, such as USD,")
    zone = fields.zone("zone")
    round_to = fields.amount("round_to", 1)
    if round_to < 1:
        fields.place("round_to").refuse("0", "more than 0")
    bands = tuple(_band(one) for one in _tables(fields, "bands", name, lines, BANDS_LIMIT))
    rates = _tables(fields, "rates", name, lines, None)
    services = _tables(fields, "services", name, lines, None)
    fields.finish()
    try:
        week = Week(zone, bands)
    except RatingError as error:
        raise RatingError("bad_deck", f"{name}: bands: {error}") from error
    found = _Rates(week)
    for one in rates:
        found.add(one, "to")
    for one in services:
        found.add(one, "name")
    for table, content in (tables or {}).items():
        for one in _rows(content, table):
            found.add(one, "to")
    deck = Deck(
        name=deck_name, currency=currency, week=week, rates=found.rates, round_to_micro=round_to
    )
    return DeckFile(deck, found.places)


class _Rates:
    """Rates gathered from every file of a deck, each checked where it stands."""

    def __init__(self, week: Week) -> None:
        self.rates: list[Rate] = []
        self._week = week
        self.places: dict[tuple[str, int], Place] = {}

    def add(self, fields: Fields, named: str) -> None:
        rate = _rate(fields, named, self._week)
        place = fields.place(named)
        try:
            check_rate(rate, self._week)
        except RatingError as error:
            raise RatingError("bad_deck", f"{place.text}: {place.path}: {error}") from error
        earlier = self.places.setdefault((rate.key, rate.effective_from_us), place)
        if earlier is not place:
            fields.place("from").refuse(
                rate.key, f"another instant than that of {earlier.file}, line {earlier.line},"
            )
        self.rates.append(rate)


def _load(text: str, name: str) -> dict[str, object]:
    if len(text) > TEXT_LIMIT:
        raise RatingError("bad_deck", f"{name}: at most {TEXT_LIMIT} characters expected")
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        found = _SYNTAX_LINE.search(str(error))
        where = f"{name}, line {found[1]}" if found else name
        raise RatingError("bad_deck", f"{where}: this is no TOML: {error}") from error


def _lines_of(text: str) -> dict[str, dict[str, int]]:
    """For each table, by its path (`rates[3]`), the line of each key; `""` is the header's."""
    found: dict[str, dict[str, int]] = {"": {}}
    counts: dict[str, int] = {}
    path = ""
    for number, line in enumerate(text.split("\n"), start=1):
        header = _HEADER.fullmatch(line)
        if header is not None:
            path = _path_of(header[1], header[2], counts)
            found.setdefault(path, {"": number})
            continue
        key = _KEY_LINE.match(line)
        if key is not None:
            found[path].setdefault(key[1], number)
    return found


def _path_of(brackets: str, dotted: str, counts: dict[str, int]) -> str:
    first, *rest = dotted.split(".")
    if brackets == "[[" and not rest:
        counts[first] = counts.get(first, -1) + 1
    here = f"{first}[{counts[first]}]" if first in counts else first
    return ".".join((here, *rest))


def _tables(
    fields: Fields,
    key: str,
    name: str,
    lines: Mapping[str, Mapping[str, int]],
    limit: int | None,
) -> list[Fields]:
    """The tables of an array, none where there is no such key."""
    if not fields.has(key):
        fields.take(key)
        return []
    value = fields.take(key)
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        fields.place(key).refuse(value, f"tables headed [[{key}]]")
    if limit is not None and len(value) > limit:
        fields.place(key).refuse(len(value), f"at most {limit}")
    start = fields.place(key).line
    found = []
    for index, one in enumerate(value):
        path = f"{key}[{index}]"
        known = dict(lines.get(path, {} if start is None else {"": start}))
        inner = lines.get(f"{path}.{IN_BAND}", {})
        known |= {f"{IN_BAND}.{band}": line for band, line in inner.items() if band}
        found.append(Fields(one, name, path, known))
    return found


def _band(fields: Fields) -> Band:
    name = fields.name("name")
    if name == STANDARD:
        fields.place("name").refuse(name, f"another name: {STANDARD!r} is what is in no band;")
    band = Band(
        name=name,
        days=fields.days("days"),
        begin_min=fields.wall("begin"),
        end_min=fields.wall("end"),
    )
    if band.begin_min == 24 * 60:
        fields.place("begin").refuse("24:00", "00:00 of the next day")
    fields.finish()
    return band


def _rate(fields: Fields, named: str, week: Week) -> Rate:
    """A rate of a table or row. `named` is the key under which it says what it is for."""
    if named == "name":
        key = SERVICE + fields.name("name").replace("-", "_")
    else:
        key = fields.text("to")
        if key.startswith(SERVICE):
            fields.place("to").refuse(key, "a destination, for services have tables of their own,")
    effective = fields.instant("from")
    barred = fields.text("barred") if fields.has("barred") else ""
    withdrawn = fields.truth("withdrawn")
    if barred and withdrawn:
        fields.place("withdrawn").refuse(True, "either barred or withdrawn")
    says: Terms | Barred | Withdrawn
    if barred:
        says = Barred(barred)
    elif withdrawn:
        says = Withdrawn()
    else:
        says = _terms(fields, week, is_service=named == "name")
    fields.finish()
    return Rate(key=key, effective_from_us=effective, says=says)


def _terms(fields: Fields, week: Week, is_service: bool) -> Terms:
    connection = fields.amount("each" if is_service else "connection", 0)
    per_minute = fields.amount("per_minute", 0 if is_service else None)
    first_s, next_s = fields.increments("increments")
    return Terms(
        per_minute_micro=per_minute,
        connection_micro=connection,
        first_s=first_s,
        next_s=next_s,
        minimum_s=fields.seconds("minimum_s"),
        free_s=fields.seconds("free_s"),
        no_charge_s=fields.seconds("no_charge_s"),
        per_minute_in=_in_bands(fields, week),
    )


def _in_bands(fields: Fields, week: Week) -> tuple[tuple[str, int], ...]:
    if not fields.has(IN_BAND):
        fields.take(IN_BAND)
        return ()
    value = fields.take(IN_BAND)
    if not isinstance(value, dict):
        fields.place(IN_BAND).refuse(value, 'a table of bands, such as { peak = "0.03" },')
    for band in value:
        if band not in week.names:
            known = ", ".join(sorted(week.names)) or "none there are"
            fields.place(f"{IN_BAND}.{band}").refuse(band, f"a band of this deck ({known})")
    return tuple(
        (band, amount_here(price, fields.place(f"{IN_BAND}.{band}")))
        for band, price in sorted(value.items())
    )


def _rows(text: str, name: str) -> Iterator[Fields]:
    """The rows of a CSV table. An empty cell is a key that is not there."""
    if len(text) > TEXT_LIMIT:
        raise RatingError("bad_deck", f"{name}: at most {TEXT_LIMIT} characters expected")
    reader = csv.reader(text.splitlines(), strict=True)
    try:
        columns = _columns(next(reader, []), name)
        for row in reader:
            if not row:
                continue
            line = reader.line_num
            if len(row) != len(columns):
                Place(name, line, "row").refuse(len(row), f"{len(columns)} cells")
            yield _row(dict(zip(columns, row, strict=True)), name, line)
    except csv.Error as error:
        raise RatingError(
            "bad_deck", f"{name}, line {reader.line_num}: this is no CSV: {error}"
        ) from error


def _columns(row: list[str], name: str) -> list[str]:
    for column in row:
        if column not in _COLUMNS and not column.startswith(f"{IN_BAND}."):
            Place(name, 1, "header").refuse(column, f"one of {', '.join(_COLUMNS)}, {IN_BAND}.BAND")
    if len(set(row)) < len(row):
        Place(name, 1, "header").refuse(row, "each column once")
    for needed in ("to", "from"):
        if needed not in row:
            Place(name, 1, "header").refuse(row, f"a column {needed!r}")
    return row


def _row(cells: dict[str, str], name: str, line: int) -> Fields:
    values: dict[str, object] = {}
    bands: dict[str, str] = {}
    for column, cell in cells.items():
        if not cell:
            continue
        if column.startswith(f"{IN_BAND}."):
            bands[column.removeprefix(f"{IN_BAND}.")] = cell
        else:
            values[column] = cell
    if bands:
        values[IN_BAND] = bands
    return Fields(values, name, "", {"": line})
