"""What a rate says, and the arithmetic of one length of time under it.

The order in which the parts of a rate count, for a length in whole seconds as the record has it:

1. at most `no_charge_s`: nothing is charged, not even the connection fee;
2. shorter than `minimum_s`: as long as that;
3. rounded up to increments: `first_s` once, then as many `next_s` as are begun;
4. the first `free_s` of these seconds cost nothing;
5. every other second costs the price per minute of the band in which **its increment** begins (the
   minimum's seconds too, as if the call had gone on);
6. the connection fee is added.

All of it is exact, in sixtieths of a micro-unit; nothing is rounded here.
"""

import msgspec

from calleq.rating.bands import STANDARD, Week
from calleq.rating.money import SIXTIETHS, RatingError, amount_text

INCREMENT_LIMIT_S = 3_600
MINIMUM_LIMIT_S = 86_400
"""Also of free seconds."""
LENGTH_LIMIT_S = 31 * 86_400
"""A leg that is longer is no call but a fault; it is refused, not priced."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """A price. For a service, `connection_micro` is what each use costs."""

    per_minute_micro: int = 0
    connection_micro: int = 0
    first_s: int = 1
    next_s: int = 1
    minimum_s: int = 0
    free_s: int = 0
    no_charge_s: int = 0
    per_minute_in: tuple[tuple[str, int], ...] = ()
    """(band, micro-units per minute) where it differs from `per_minute_micro`, by name."""

    def __post_init__(self) -> None:
        prices = (self.per_minute_micro, self.connection_micro, *dict(self.per_minute_in).values())
        assert min(prices) >= 0, "prices are never negative"
        assert 1 <= self.first_s <= INCREMENT_LIMIT_S, "checked where decks are read"
        assert 1 <= self.next_s <= INCREMENT_LIMIT_S, "checked where decks are read"
        assert min(self.minimum_s, self.free_s, self.no_charge_s) >= 0

    def price_in(self, band: str) -> int:
        """Micro-units per minute in a band, or at `STANDARD` times."""
        return dict(self.per_minute_in).get(band, self.per_minute_micro)

    @property
    def dearest_per_minute_micro(self) -> int:
        """Of all the week."""
        return max(self.per_minute_micro, *dict(self.per_minute_in).values(), 0)

    @property
    def rule(self) -> str:
        """How a length of time becomes seconds that are charged, in words."""
        parts = [f"increments {self.first_s}/{self.next_s}"]
        if self.minimum_s:
            parts.append(f"at least {self.minimum_s} s")
        if self.free_s:
            parts.append(f"first {self.free_s} s free")
        if self.no_charge_s:
            parts.append(f"nothing up to {self.no_charge_s} s")
        if self.per_minute_in:
            parts.append("an increment at the price of the band in which it begins")
        return ", ".join(parts)


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a charge: so many of something at a price each."""

    what: str
    """`connection`, `free`, or `talk`."""
    band: str = STANDARD
    quantity: int = 1
    """Seconds; 1 for a connection fee."""
    price_micro: int
    """For a minute; for a connection, itself."""
    sixtieths: int
    """The exact cost, in sixtieths of a micro-unit."""

    @property
    def text(self) -> str:
        """The line as people read it."""
        cost = f"{amount_text(self.sixtieths // SIXTIETHS)}"
        if self.sixtieths % SIXTIETHS:
            cost += f" {self.sixtieths % SIXTIETHS}/60"
        if self.what == "connection":
            return f"connection = {cost}"
        if self.what == "free":
            return f"{self.quantity} s free = {cost}"
        return f"{self.quantity} s {self.band} at {amount_text(self.price_micro)}/min = {cost}"


def check_length(length_s: int) -> None:
    """Raises RatingError (`bad_length`) unless a length can be priced."""
    if not 0 <= length_s <= LENGTH_LIMIT_S:
        raise RatingError(
            "bad_length", f"a length of {length_s} s: 0 to {LENGTH_LIMIT_S} s expected"
        )


def charged_seconds(terms: Terms, length_s: int) -> int:
    """Seconds after minimum and increments, free ones included; 0 where nothing is charged."""
    check_length(length_s)
    if _is_free(terms, length_s):
        return 0
    return _at_increment(terms, max(length_s, terms.minimum_s))


def lines_of(terms: Terms, week: Week, start_us: int, length_s: int) -> tuple[Line, ...]:
    """What a length of time that began at `start_us` costs, line by line."""
    total_s = charged_seconds(terms, length_s)
    if _is_free(terms, length_s):
        return ()
    if not terms.per_minute_in:
        return _lines(terms, ((0, total_s, STANDARD),), total_s)
    return _lines(terms, tuple(week.spans(start_us, total_s)), total_s)


def dearest_lines(terms: Terms, length_s: int) -> tuple[Line, ...]:
    """What a length of time costs at most, whenever it begins: all of it in the dearest band."""
    total_s = charged_seconds(terms, length_s)
    if _is_free(terms, length_s):
        return ()
    dearest = terms.dearest_per_minute_micro
    named = {price: name for name, price in (*terms.per_minute_in, _standard(terms))}
    return _lines(terms, ((0, total_s, named[dearest]),), total_s)


def _standard(terms: Terms) -> tuple[str, int]:
    return STANDARD, terms.per_minute_micro


def _is_free(terms: Terms, length_s: int) -> bool:
    return 0 < terms.no_charge_s >= length_s


def _at_increment(terms: Terms, second: int) -> int:
    """The first beginning (or end) of an increment at or after a second."""
    if second <= 0:
        return 0
    if second <= terms.first_s:
        return terms.first_s
    return terms.first_s - (terms.first_s - second) // terms.next_s * terms.next_s


def _lines(terms: Terms, spans: tuple[tuple[int, int, str], ...], total_s: int) -> tuple[Line, ...]:
    connection = terms.connection_micro
    lines: list[Line] = []
    if connection:
        lines.append(
            Line(what="connection", price_micro=connection, sixtieths=connection * SIXTIETHS)
        )
    free_s = min(terms.free_s, total_s)
    if free_s:
        lines.append(Line(what="free", quantity=free_s, price_micro=0, sixtieths=0))
    for begin, end, band in spans:
        begin_s = max(_at_increment(terms, begin), free_s)
        end_s = min(_at_increment(terms, end), total_s)
        if end_s > begin_s:
            price = terms.price_in(band)
            seconds = end_s - begin_s
            lines.append(
                Line(
                    what="talk",
                    band=band,
                    quantity=seconds,
                    price_micro=price,
                    sixtieths=price * seconds,
                )
            )
    return tuple(lines)
