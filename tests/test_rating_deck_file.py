"""Decks as TOML and CSV: what is read, and what is refused in which words."""

import pathlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calleq.numbering import parse_address
from calleq.rating import Barred, RatingError, Terms, Withdrawn, parse_deck
from calleq.rating.bands import BANDS_LIMIT
from calleq.units import parse_utc

GUIDE = pathlib.Path(__file__).parent.parent / "docs" / "guide" / "rating.md"

HEAD = 'name = "retail"\ncurrency = "USD"\nzone = "America/New_York"\n'
WHOLE = """\
name = "retail"
currency = "USD"
zone = "America/New_York"
round_to = "0.0001"

[[bands]]
name = "peak"
days = ["mon", "tue", "wed", "thu", "fri"]
begin = "08:00"
end = "18:00"

[[rates]]
to = "+1"
from = 2026-01-01T00:00:00-05:00
per_minute = "0.012"
connection = "0.01"
increments = "30/6"
minimum_s = 30
free_s = 5
no_charge_s = 2
[rates.per_minute_in]
peak = "0.02"

[[rates]]
to = "+88"
from = "2026-01-01T00:00:00Z"
barred = "satellite"

[[rates]]
to = "+1"
from = 2027-01-01T00:00:00Z
withdrawn = true

[[services]]
name = "recording"
from = 2026-01-01T00:00:00Z
each = "0.05"
per_minute = "0.002"
"""
"""Line 13 is the first rate's destination."""


def test_a_whole_deck_is_read():
    deck = parse_deck(WHOLE)
    assert (deck.name, deck.currency, deck.round_to_micro) == ("retail", "USD", 100)
    assert deck.week.band_at(parse_utc("2026-06-10T12:00:00Z")) == "peak"
    first, second = deck.history("+1")
    assert first.effective_from_us == parse_utc("2026-01-01T05:00:00Z")
    assert first.says == Terms(
        per_minute_micro=12_000,
        connection_micro=10_000,
        first_s=30,
        next_s=6,
        minimum_s=30,
        free_s=5,
        no_charge_s=2,
        per_minute_in=(("peak", 20_000),),
    )
    assert second.says == Withdrawn()
    assert deck.history("+88")[0].says == Barred("satellite")
    recording = deck.service("recording", parse_utc("2026-06-01T00:00:00Z"))
    assert recording is not None
    assert recording.terms == Terms(connection_micro=50_000, per_minute_micro=2_000)


TABLE = """\
to,from,per_minute,increments,per_minute_in.peak,barred,withdrawn
+44,2026-01-01T00:00:00Z,0.02,60/60,0.03,,
+447,2026-01-01T00:00:00Z,0.05,,,,

+4470,2026-01-01T00:00:00Z,,,,personal numbers,
+44,2026-09-01T00:00:00Z,,,,,yes
"""


def test_increments_may_be_of_a_second():
    for text, first, following in (("1/1", 1, 1), ("1/60", 1, 60), ("60/1", 60, 1)):
        deck = parse_deck(changed('"30/6"', f'"{text}"'))
        says = deck.history("+1")[0].says
        assert isinstance(says, Terms)
        assert (says.first_s, says.next_s) == (first, following)


def test_a_table_adds_rates_to_its_deck():
    deck = parse_deck(WHOLE, tables={"uk.csv": TABLE})
    assert [rate.says for rate in deck.history("+44")] == [
        Terms(per_minute_micro=20_000, first_s=60, next_s=60, per_minute_in=(("peak", 30_000),)),
        Withdrawn(),
    ]
    assert deck.history("+447")[0].says == Terms(per_minute_micro=50_000)
    assert deck.history("+4470")[0].says == Barred("personal numbers")
    assert len(deck.rates) == 8


def changed(old: str, new: str) -> str:
    assert WHOLE.count(old) == 1, "the change must be one"
    return WHOLE.replace(old, new)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name = \n", "deck.toml, line 1: this is no TOML"),
        (changed('name = "retail"', 'name = ""'), "line 1: name: '': a text of 1 to 200"),
        (changed('"retail"', '"' + "x" * 201 + '"'), "line 1: name: 'x+: a text of 1 to 200"),
        ("", "deck.toml: name: nothing: a text of 1 to 200 characters expected"),
        (changed('"USD"', '"usd"'), "line 2: currency: 'usd': a currency of three letters"),
        (changed('"America/New_York"', '"New York"'), "line 3: zone: 'New York': a zone of the"),
        (changed('"America/New_York"', '"America/Gotham"'), "line 3: zone: 'America/Gotham'"),
        (changed('"America/New_York"', '"America"'), "line 3: zone: 'America': a zone"),
        (changed('"America/New_York"', '"../etc/passwd"'), "line 3: zone"),
        (changed('"0.0001"', '"0"'), "line 4: round_to: '0': more than 0 expected"),
        (changed('"fri"', '"Fri"'), r"line 8: bands\[0\].days: 'Fri': one of mon, tue"),
        (changed('"fri"', '"mon"'), r"line 8: bands\[0\].days: .* each day once"),
        (changed('"08:00"', '"8:00"'), r"line 9: bands\[0\].begin: '8:00': a time of day"),
        (changed('"08:00"', '"24:00"'), r"line 9: bands\[0\].begin: '24:00': 00:00 of the next"),
        (changed('"18:00"', '"24:01"'), r"line 10: bands\[0\].end: '24:01': a time of day"),
        (changed('name = "peak"', 'name = "standard"'), r"line 7: bands\[0\].name: 'standard'"),
        (changed('"+88"', '"88"'), r"line 25: rates\[1\].to: '88' is no destination"),
        (
            changed("2026-01-01T00:00:00-05:00", "2026-01-01T00:00:00"),
            r"line 14: rates\[0\].from: '2026-01-01T00:00:00': an instant with its offset",
        ),
        (
            changed("2026-01-01T00:00:00-05:00", "2026-01-01"),
            r"line 14: rates\[0\].from: .* an instant with its offset",
        ),
        (changed('"0.012"', "0.012"), r"line 15: rates\[0\].per_minute: 0.012: an amount as text"),
        (changed('"0.012"', '"-1"'), r"line 15: rates\[0\].per_minute: '-1': digits, a point"),
        (changed('"30/6"', '"30"'), r"line 17: rates\[0\].increments: '30': first/next in seconds"),
        (changed('"30/6"', '"0/6"'), r"line 17: rates\[0\].increments: '0/6': first/next"),
        (changed('"30/6"', '"30/0"'), r"line 17: rates\[0\].increments: '30/0': first/next"),
        (
            changed('name = "peak"', 'name = "peak"\nprice = "1"'),
            r"line 8: bands\[0\].price: '1': no such key",
        ),
        (changed("minimum_s = 30", "minimum_s = -1"), r"line 18: rates\[0\].minimum_s: -1: whole"),
        (changed("free_s = 5", "free_s = true"), r"line 19: rates\[0\].free_s: True: whole"),
        (changed("no_charge_s = 2", "grace = 2"), r"line 20: rates\[0\].grace: 2: no such key"),
        (
            changed('peak = "0.02"', 'weekend = "0.02"'),
            r"line 22: rates\[0\].per_minute_in.weekend: 'weekend': a band of this deck \(peak\)",
        ),
        (changed('"0.02"', '"two"'), r"line 22: rates\[0\].per_minute_in.peak: 'two': digits"),
        (changed('barred = "satellite"', "barred = 1"), r"line 27: rates\[1\].barred: 1: a text"),
        (
            changed("withdrawn = true", 'withdrawn = true\nper_minute = "1"'),
            r"line 33: rates\[2\].per_minute: '1': no such key",
        ),
        (
            changed("withdrawn = true", 'withdrawn = true\nbarred = "x"'),
            r"line 32: rates\[2\].withdrawn: True: either barred or withdrawn expected",
        ),
        (
            changed('name = "recording"', 'name = "Recording!"'),
            r"line 35: services\[0\].name: 'Recording!': a name in small letters",
        ),
        (
            HEAD + '[[rates]]\nto = "+1"\nfrom = 2026-01-01T00:00:00Z\nper_minute = "1"\n'
            'per_minute_in = { peak = "2" }\n',
            r"line 8: rates\[0\].per_minute_in.peak: 'peak': a band of this deck",
        ),
        (HEAD + "rates = 3\n", r"line 4: rates: 3: tables headed \[\[rates\]\] expected"),
        (HEAD + "prices = 3\n", "line 4: prices: 3: no such key, but one of name, currency"),
        (
            HEAD + 'rates = [{ to = "+1", from = 2026-01-01T00:00:00Z }]\n',
            r"line 4: rates\[0\].per_minute: nothing: an amount as text",
        ),
        (
            WHOLE + '[[rates]]\nto = "+1"\nfrom = 2026-01-01T05:00:00Z\nper_minute = "1"\n',
            r"line 41: rates\[3\].from: '\+1': another instant than that of deck.toml, line 13,",
        ),
        (
            WHOLE + '[[bands]]\nname = "noon"\ndays = ["mon"]\nbegin = "12:00"\nend = "13:00"\n',
            "deck.toml: bands: bands 'peak' and 'noon' both hold at mon 12:00",
        ),
    ],
)
def test_a_fault_is_told_with_its_line_its_key_and_what_was_expected(text: str, words: str):
    with pytest.raises(RatingError, match=words) as caught:
        parse_deck(text)
    assert caught.value.reason == "bad_deck"


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("to,per_minute\n", "uk.csv, line 1: header: .* a column 'from' expected"),
        ("to,from,price\n", "uk.csv, line 1: header: 'price': one of to, from"),
        ("to,from,to\n", "uk.csv, line 1: header: .* each column once expected"),
        ("", "uk.csv, line 1: header: .* a column 'to' expected"),
        ("to,from\n+44\n", "uk.csv, line 2: row: 1: 2 cells expected"),
        ('to,from\n"+44,x\n', "uk.csv, line 2: this is no CSV"),
        (
            TABLE.replace("0.05", "5c"),
            "uk.csv, line 3: per_minute: '5c': digits, a point and at most six decimals",
        ),
        (TABLE.replace(",,yes", ",,1"), "uk.csv, line 6: withdrawn: '1': true, or in a table yes"),
        (TABLE.replace("0.03", "x"), "uk.csv, line 2: per_minute_in.peak: 'x': digits"),
        (TABLE.replace("+4470", "service:x"), "uk.csv, line 5: to: 'service:x': a destination"),
        (
            TABLE.replace("+447,", "+44,"),
            r"uk.csv, line 3: from: '\+44': another instant than that of uk.csv, line 2",
        ),
    ],
)
def test_a_fault_in_a_table_is_told_with_its_line_and_column(table: str, words: str):
    with pytest.raises(RatingError, match=words):
        parse_deck(WHOLE, tables={"uk.csv": table})


def test_lengths_and_increments_have_limits():
    longest = changed("minimum_s = 30", "minimum_s = 86400").replace('"30/6"', '"3600/3600"')
    terms = parse_deck(longest).history("+1")[0].says
    assert isinstance(terms, Terms)
    assert (terms.minimum_s, terms.first_s, terms.next_s) == (86_400, 3_600, 3_600)
    for text in (
        longest.replace("86400", "86401"),
        longest.replace("3600/", "3601/"),
        longest.replace("/3600", "/3601"),
        longest.replace("/3600", "/0"),
    ):
        with pytest.raises(RatingError, match=r"line 1[78]: .* expected"):
            parse_deck(text)


def test_a_deck_has_so_many_bands_and_a_file_so_many_characters(monkeypatch):
    def with_bands(count: int) -> str:
        return HEAD + "".join(
            f'[[bands]]\nname = "b{n}"\ndays = ["mon"]\n'
            f'begin = "{n // 4:02d}:{n % 4}0"\nend = "{n // 4:02d}:{n % 4}5"\n'
            for n in range(count)
        )

    assert len(parse_deck(with_bands(BANDS_LIMIT)).week.bands) == BANDS_LIMIT
    with pytest.raises(RatingError, match=f"bands: {BANDS_LIMIT + 1}: at most {BANDS_LIMIT}"):
        parse_deck(with_bands(BANDS_LIMIT + 1))
    monkeypatch.setattr("calleq.rating.deck_file.TEXT_LIMIT", len(WHOLE))
    assert parse_deck(WHOLE, tables={"a.csv": "to,from\n"}) == parse_deck(WHOLE)
    for text, tables in [(WHOLE + "#", {}), (WHOLE, {"a.csv": " " * (len(WHOLE) + 1)})]:
        with pytest.raises(RatingError, match=f"at most {len(WHOLE)} characters"):
            parse_deck(text, tables=tables)


def verdict(text: str, tables: dict[str, str] | None = None) -> str:
    """`read`, or the reason of the refusal; any other error is a bug."""
    try:
        parse_deck(text, tables=tables)
    except RatingError as error:
        return error.reason
    return "read"


@given(st.text(max_size=200), st.text(max_size=100))
def test_any_text_is_a_deck_or_refused(tail: str, table: str):
    tables = {"any.csv": "to,from,per_minute\n" + table}
    assert verdict(HEAD + tail, tables) in ("read", "bad_deck")
    assert verdict(HEAD, tables) in ("read", "bad_deck")


VALUES = [
    "0",
    "-1",
    '""',
    "[]",
    "{}",
    "true",
    "1e400",
    "nan",
    '"\\u0000"',
    "9999-12-31T23:59:59-23:59",
    "[[]]",
    "12:00:00",
    "0001-01-01T00:00:00+23:59",
    "99999999999999999999",
    '"2026-06-01T00:00:00Z"',
    '"+1"',
    '"1/1"',
    '"1"',
]


@given(st.integers(0, WHOLE.count("\n") - 1), st.sampled_from(VALUES))
def test_a_deck_with_a_line_changed_is_a_deck_or_refused(place: int, value: str):
    lines = WHOLE.splitlines()
    key, equals, _ = lines[place].partition("=")
    lines[place] = f"{key}= {value}" if equals else lines[place]
    assert verdict("\n".join(lines)) in ("read", "bad_deck")


def test_the_guide_to_prices_can_be_followed():
    page = GUIDE.read_text("utf-8")
    (toml,) = re.findall(r"^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (table,) = re.findall(r"^```csv\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (example,) = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    shown = re.findall(r"^```text\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    printed: list[str] = []
    names = {"deck_toml": toml, "mobile_csv": table, "print": lambda *a: printed.append(str(*a))}
    exec(compile(example, "rating.md", "exec"), names)
    assert "\n".join(printed) == "".join(shown).rstrip("\n")
    assert parse_deck(toml).find(parse_address("+12125550100"), parse_utc("2026-06-01T00:00Z"))
