"""The carrier's rate decks: read from their files, and never other than what was used before.

A deck that prices a call is remembered, text and tables, under its name. When its files are read
again (at a start, at a reload) they may say more, from now on; what they said before must be said
as it was (`calleq.rating.check_successor`). So whatever was ever charged can be reckoned again, and
a deck that is named by no topology any more still prices the calls that were accepted by it.

Refuses with `ChargingError`, which names file and line: a file that is no deck, one whose past was
edited, two decks of one name, a default that no file has.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Protocol

import msgspec

from calleq.rating import Deck, DeckFile, RatingError, check_successor, read_deck
from calleq.topology_billing import Billing, Pricing

REMEMBERED_SUFFIX = ".deck.json"


class ChargingError(ValueError):
    """Prices are not what they must be; the text says which and what to do."""


class DeckText(msgspec.Struct, frozen=True):
    """A deck as its files have it."""

    name: str
    """The deck's own."""
    file: str
    text: str
    tables: dict[str, str]
    first_used_us: int

    @property
    def fingerprint(self) -> str:
        """Of what it says; the same wherever its files lie."""
        said = msgspec.json.encode((self.text, sorted(self.tables.values())))
        return hashlib.sha256(said).hexdigest()

    def parsed(self) -> DeckFile:
        """Raises RatingError."""
        return read_deck(self.text, self.file, self.tables)


class DeckMemory(Protocol):
    """Remembers the decks that were used."""

    def remembered(self) -> Iterable[DeckText]:
        """Each deck as it was last used. Raises ChargingError."""

    def remember(self, deck: DeckText) -> None:
        """From now on this deck is the last used of its name. Raises ChargingError."""


class RememberedDecks:
    """Remembers as long as it lives."""

    def __init__(self) -> None:
        self._decks: dict[str, DeckText] = {}

    def remembered(self) -> Iterable[DeckText]:
        """See `DeckMemory`."""
        return tuple(self._decks.values())

    def remember(self, deck: DeckText) -> None:
        """See `DeckMemory`."""
        self._decks[deck.name] = deck


class DeckDirectory:
    """Remembers in a directory, one file for each deck; durable when `remember` returns."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def remembered(self) -> Iterable[DeckText]:
        """See `DeckMemory`."""
        found = []
        for path in sorted(self._directory.glob(f"*{REMEMBERED_SUFFIX}")):
            try:
                found.append(msgspec.json.decode(path.read_bytes(), type=DeckText))
            except (OSError, msgspec.DecodeError) as error:
                raise ChargingError(f"{path}: no remembered deck: {error}; restore it") from error
        return found

    def remember(self, deck: DeckText) -> None:
        """See `DeckMemory`."""
        name = hashlib.sha256(deck.name.encode()).hexdigest()[:16]
        path = self._directory / f"{name}{REMEMBERED_SUFFIX}"
        fresh = path.with_suffix(f".{os.getpid()}")
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            with fresh.open("wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(deck), indent=1))
                file.flush()
                os.fsync(file.fileno())
            os.replace(fresh, path)
            directory = os.open(self._directory, os.O_RDONLY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)
        except OSError as error:
            raise ChargingError(f"{path}: cannot be written: {error.strerror}") from error


class Decks:
    """The decks of a carrier by name."""

    def __init__(self, current: Mapping[str, Deck], before: Mapping[str, Deck], usual: str) -> None:
        """`before` are those that only calls of before go by; `usual` is the default's name."""
        self._all = {**before, **current}
        self._current = frozenset(current)
        self._usual = usual

    def __bool__(self) -> bool:
        return bool(self._current)

    @property
    def names(self) -> list[str]:
        """Of those by which calls are priced now."""
        return sorted(self._current)

    def of(self, billing: Billing) -> Deck | None:
        """By which a business's calls are priced now; None: they are not.

        Raises ChargingError for a name that no deck has.
        """
        name = billing.deck or self._usual
        if not name:
            return None
        if name not in self._current:
            known = ", ".join(sorted(self._current)) or "none"
            raise ChargingError(f"no rate deck {name!r}: there are {known}")
        return self._all[name]

    def named(self, name: str) -> Deck | None:
        """A deck, one of before among them."""
        return self._all.get(name)


def load_decks(pricing: Pricing, memory: DeckMemory, now_us: int) -> Decks:
    """Read the files of all decks, compare them with what was used, and remember what is new.

    Raises ChargingError; then nothing of it is remembered.
    """
    before: dict[str, DeckText] = {deck.name: deck for deck in memory.remembered()}
    current: dict[str, Deck] = {}
    fresh: list[DeckText] = []
    for file in pricing.decks:
        given = _texts_of(Path(file), now_us)
        read = _parsed(given)
        deck = read.deck
        if deck.name in current:
            raise ChargingError(f"{file}: another file has a deck named {deck.name!r} as well")
        current[deck.name] = deck
        given = msgspec.structs.replace(given, name=deck.name)
        used = before.pop(deck.name, None)
        if used is None:
            fresh.append(given)
        elif used.fingerprint != given.fingerprint:
            _check_succession(_parsed(used).deck, read, file, now_us)
            fresh.append(msgspec.structs.replace(given, first_used_us=used.first_used_us))
    usual = pricing.default or next(iter(current), "")
    if usual and usual not in current:
        raise ChargingError(f"pricing.default: no deck is named {usual!r}: {', '.join(current)}")
    decks = Decks(current, {name: _parsed(used).deck for name, used in before.items()}, usual)
    for given in fresh:
        memory.remember(given)
    return decks


def _texts_of(path: Path, now_us: int) -> DeckText:
    shipped = Path(str(files("calleq") / "data" / path.name))
    if not path.exists() and shipped.is_file():
        path = shipped  # a topology file that was copied without it
    tables = sorted({path.with_suffix(".csv"), *path.parent.glob(f"{path.stem}.*.csv")})
    try:
        return DeckText(
            name="",
            file=path.name,
            text=path.read_text("utf-8"),
            tables={one.name: one.read_text("utf-8") for one in tables if one.is_file()},
            first_used_us=now_us,
        )
    except OSError as error:
        raise ChargingError(f"{error.filename or path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ChargingError(f"{path}: not a text: {error}") from error


def _parsed(given: DeckText) -> DeckFile:
    try:
        return given.parsed()
    except RatingError as error:
        raise ChargingError(str(error)) from error


def _check_succession(old: Deck, new: DeckFile, file: str, now_us: int) -> None:
    try:
        check_successor(old, new.deck, now_us)
    except RatingError as error:
        where = _where(old, new, now_us) or Path(file).name
        raise ChargingError(f"{where}: {error}") from error


def _where(old: Deck, new: DeckFile, now_us: int) -> str:
    """File and line of the first rate that is not as it must be, or of another of its key."""
    there = set(new.deck.rates)
    for rate in old.rates:
        if rate not in there:
            place = new.places.get((rate.key, rate.effective_from_us))
            others = (found for (key, _), found in new.places.items() if key == rate.key)
            place = place or next(others, None)
            return "" if place is None else place.text
    kept = set(old.rates)
    for rate in new.deck.rates:
        if rate not in kept and rate.effective_from_us < now_us:
            return new.places[rate.key, rate.effective_from_us].text
    return ""
