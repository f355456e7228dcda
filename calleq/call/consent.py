"""What a customer answers when asked whether a representative is to be rung, and what it means.

An answer is one key, one of the words that were listened for, or one of two markers:
`NOTHING_SAID` (silence) and `OTHER_WORDS`. Only `YES_KEY` and the words of `YES_WORDS` let a
representative be rung. `OPT_OUT_KEY` asks never to be called by this business again. Everything
else is no; what may have been a mistake (silence, another key, other words) is asked again as often
as the policy says.
"""

from enum import StrEnum
from typing import Final, Literal

from calleq.media.contract import NOTHING_SAID, OTHER_WORDS

Consent = Literal["none", "key", "key_or_speech"]
"""Whether the customer is asked before a representative is rung, and how it may be answered."""

YES_KEY: Final = "1"
OPT_OUT_KEY: Final = "9"
WORDS: Final = ("yes", "no", "representative")
"""What is listened for; a recogniser of telephone speech is good for three words, not for ten."""
YES_WORDS: Final = frozenset(("yes", "representative"))
NO_WORDS: Final = frozenset(("no",))

OPTED_OUT: Final = "opted_out"
"""The detail of a call whose customer never wants to be called by this business again."""


class Reading(StrEnum):
    """What an answer means."""

    YES = "yes"
    NO = "no"
    OPT_OUT = "opt out"
    UNCLEAR = "unclear"
    """Silence, another key, other words: perhaps a mistake."""


def reading(value: str) -> Reading:
    """What a collected answer means.

    >>> [str(reading(value)) for value in ("1", "yes", "no", "9", "", "other words")]
    ['yes', 'yes', 'no', 'opt out', 'unclear', 'unclear']
    """
    if value == YES_KEY or value in YES_WORDS:
        return Reading.YES
    if value == OPT_OUT_KEY:
        return Reading.OPT_OUT
    return Reading.NO if value in NO_WORDS else Reading.UNCLEAR


def detail(value: str) -> str:
    """An answer as timelines and ends say it.

    >>> [detail(value) for value in ("1", "9", "", "yes", "other words")]
    ['key_1', 'opted_out', 'silence', 'yes', 'other_words']
    """
    if value == OPT_OUT_KEY:
        return OPTED_OUT
    if len(value) == 1:
        return f"key_{value}"
    if value == NOTHING_SAID:
        return "silence"
    return "other_words" if value == OTHER_WORDS else value
