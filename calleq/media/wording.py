"""What announcements say, in words: the sentences of `languages` with a business's name in them.

Owns the choice between "a" and "an" by the sound of a business's name. It cannot know every name:
capitals of up to three letters, and longer ones without a vowel, are read as letters ("an XYZ");
longer ones are read as a word ("a NASA"). A name is cleaned before it is spoken (control characters
and doubled blanks go; `MAX_NAME_CHARACTERS` are kept).
"""

import re
from functools import lru_cache

from calleq.media.languages import sentences

MAX_NAME_CHARACTERS = 80
KEPT_NAMES = 1_024
"""Names whose wording is remembered: the same business calls again and again."""

_LETTERS_WITH_VOWEL_SOUND = frozenset("AEFHILMNORSX")
_SILENT_H = ("heir", "herb ", "honest", "honor", "honour", "hour")
_CONSONANT_SOUND = re.compile(
    r"eu|ewe|on(e|ce)\b|ouija|ubi|uga|ukr|uni(?![mn])|ur[aou]|us[aeu]|ut[aeio]|uv"
)
"""Written with a vowel, spoken with a consonant: European, one, unit, user, utility."""


@lru_cache(maxsize=KEPT_NAMES)
def announcement_text(business_name: str, language: str = "en") -> tuple[str, str]:
    """The announcement to the customer and the part of it that must be heard before it is cut.

    >>> announcement_text("ABC Company")[0]
    'Please hold while we connect you to an ABC Company customer representative.'
    >>> announcement_text("")
    ('Please hold while we connect you to a customer representative.', '')
    >>> announcement_text("ABC", "de")
    ('Bitte warten Sie, wir verbinden Sie mit dem Kundendienst von ABC.', 'ABC')
    """
    said, name = sentences(language), spoken_name(business_name)
    if not name:
        return said.announcement_unnamed, ""
    return said.announcement.format(article=indefinite_article(name), name=name), name


def whisper_text(business_name: str, language: str = "en") -> str:
    """What the representative alone hears before the bridge.

    >>> whisper_text("ABC Company"), whisper_text("")
    ('Call for ABC Company.', 'Customer call.')
    """
    said, name = sentences(language), spoken_name(business_name)
    return said.whisper.format(name=name.rstrip(".")) if name else said.whisper_unnamed


def apology_text(business_name: str, language: str = "en") -> str:
    """What the customer hears when no representative could be reached."""
    said, name = sentences(language), spoken_name(business_name)
    return said.apology.format(name=name) if name else said.apology_unnamed


@lru_cache(maxsize=KEPT_NAMES)
def question_text(business_name: str, language: str = "en", *, by: str = "key") -> tuple[str, str]:
    """What a customer is asked before a representative is rung, and the name in it.

    `by`: how it may be answered, `key`, `key_or_speech` or `code`.

    >>> question_text("ABC", by="key_or_speech")[0].split(". ")[:2]
    ['This is ABC', 'Press 1 or say yes to be connected to a representative']
    """
    said, name = sentences(language), spoken_name(business_name)
    who = said.introduction.format(name=name.rstrip(".")) if name else said.introduction_unnamed
    what = {"key_or_speech": said.press_or_say, "code": said.enter_code}.get(by, said.press)
    return f"{who} {what} {said.opt_out}", name.rstrip(".")


def wrong_code_text(language: str = "en") -> str:
    """What a customer hears who has entered another code: the question again."""
    said = sentences(language)
    return f"{said.wrong_code} {said.enter_code} {said.opt_out}"


OBJECTION_KEY = "9"
"""Pressed by a party that does not want to be recorded."""


def recording_text(language: str = "en") -> str:
    """What every party hears before it is recorded.

    >>> recording_text()
    'This call is recorded. If you do not want this, press 9 now.'
    """
    said = sentences(language)
    return f"{said.recorded} {said.objection}"


def named_text(name: str, language: str = "en") -> str:
    """What may be played in a call by its name: hold, busy, thanks, goodbye; else empty.

    >>> named_text("hold", "fr"), named_text("nothing")
    ('Veuillez patienter.', '')
    """
    said = sentences(language)
    match name:
        case "hold":
            return said.hold
        case "busy":
            return said.busy
        case "thanks":
            return said.thanks
        case "goodbye":
            return said.goodbye
        case _:
            return ""


@lru_cache(maxsize=KEPT_NAMES)
def spoken_name(business_name: str) -> str:
    """A business's name as it can be spoken: printable, single blanks, of bounded length."""
    printable = "".join(c if c.isprintable() else " " for c in business_name)
    return " ".join(printable.split())[:MAX_NAME_CHARACTERS].rstrip()


def indefinite_article(name: str) -> str:
    """ "a" or "an", by the sound with which the name begins.

    >>> [indefinite_article(name) for name in ("BBC", "XYZ Travel", "Hour Glass", "8x8", "Uber")]
    ['a', 'an', 'an', 'an', 'an']
    """
    found = re.search(r"[^\W_]+", name)
    if found is None:
        return "a"
    word = found.group()
    if word[0].isdigit():
        return "an" if _number_begins_with_vowel(word) else "a"
    if _is_spelled(word, name[found.end() : found.end() + 1]):
        return "an" if word[0].upper() in _LETTERS_WITH_VOWEL_SOUND else "a"
    rest = name[found.start() :].lower()
    if rest.startswith(_SILENT_H):
        return "an"
    if rest[0] in "aeiouàáâäåæèéêëìíîïòóôöøùúû":
        return "a" if _CONSONANT_SOUND.match(rest) else "an"
    return "a"


def _is_spelled(word: str, following: str) -> bool:
    """Whether a word is read letter by letter."""
    if len(word) == 1:
        return word.isupper() and not (word == "A" and following == " ")
    letters = "".join(c for c in word if c.isalpha())
    if not letters.isupper():
        return False
    return len(letters) <= 3 or not any(c in "AEIOUY" for c in letters)


def _number_begins_with_vowel(word: str) -> bool:
    """Eight, eighty, eight hundred; eleven and eighteen, also before thousands."""
    match = re.match(r"\d+", word)
    digits = match.group() if match else ""
    leading = digits[: len(digits) % 3 or 3]
    return digits.startswith("8") or leading in ("11", "18")
