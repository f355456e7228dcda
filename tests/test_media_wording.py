"""What announcements say."""

import pytest

from calleq.media.wording import (
    MAX_NAME_CHARACTERS,
    announcement_text,
    apology_text,
    indefinite_article,
    spoken_name,
    whisper_text,
)


@pytest.mark.parametrize(
    "name",
    ["ABC Company", "XYZ Travel", "IBM", "FBI Tours", "Acme", "Hour Glass", "Honest Ed's", "8x8",
     "11 Main", "18th Street", "80 Days", "811", "11,000 Virgins", "Orange", "Umbrella Works",
     "Uncle Ben", "Unimark", "Off Ltd", "M&M", "X Ltd", "émigré Press", "SAP"],
)  # fmt: skip
def test_an_before_a_vowel_sound(name):
    assert indefinite_article(name) == "an"


@pytest.mark.parametrize(
    "name",
    ["BBC", "UPS", "Best Travel", "University Press", "United Air", "Unit 5", "European Rail",
     "One Stop", "Once Upon", "Utah Power", "User Group", "Hotel Bar", "3M", "1-800 Plants",
     "7-Eleven", "110 Ltd", "U Ltd", "Yellow Cab", "The Home", "", "!!!", "KPMG", "NATO Shop"],
)  # fmt: skip
def test_a_before_a_consonant_sound(name):
    assert indefinite_article(name) == "a"


def test_the_announcement_is_the_sources_sentence_and_marks_the_name():
    text, mark = announcement_text("ABC Company")
    assert text == "Please hold while we connect you to an ABC Company customer representative."
    assert mark == "ABC Company"


def test_without_a_name_the_wording_is_neutral():
    for nothing in ("", "   ", "\x00\n"):
        text, mark = announcement_text(nothing)
        assert text == "Please hold while we connect you to a customer representative."
        assert mark == ""
    assert whisper_text("") == "Customer call."
    assert "no customer representative" in apology_text("")


def test_whisper_and_apology_name_the_business():
    assert whisper_text("ABC Company") == "Call for ABC Company."
    assert whisper_text("Acme Inc.") == "Call for Acme Inc."
    assert "no ABC Company customer representative" in apology_text("ABC Company")


def test_a_name_is_cleaned_and_bounded():
    assert spoken_name(" A\tB\n C\x1b ") == "A B C"
    assert len(spoken_name("word " * 100)) <= MAX_NAME_CHARACTERS
