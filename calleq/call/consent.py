"""What a customer answers when asked whether a representative is to be rung, and what it means.

An answer is one key, one of the words that were listened for, or one of two markers:
`NOTHING_SAID` (silence) and `OTHER_WORDS`. Only `YES_KEY` and the words of `YES_WORDS` let a
representative be rung; where a one-time code is asked for (`one_time_code`), only `RIGHT_CODE`.
`OPT_OUT_KEY` asks never to be called by this business again. Everything else is no; what may have
been a mistake (silence, another key, other words, another code) is asked again as often as the
policy says.
"""

from enum import StrEnum
from typing import Final, Literal

from calleq.media.contract import NOTHING_SAID

Consent = Literal["none", "key", "key_or_speech", "code"]
"""Whether the customer is asked before a representative is rung, and how it may be answered."""

YES_KEY: Final = "1"
OPT_OUT_KEY: Final = "9"
WORDS: Final = ("yes", "no", "representative")
"""What is listened for; a recogniser of telephone speech is good for three words, not for ten."""
YES_WORDS: Final = frozenset(("yes", "representative"))
NO_WORDS: Final = frozenset(("no",))

RIGHT_CODE: Final = "right code"
WRONG_CODE: Final = "wrong code"
"""What was entered is judged where it is heard: the digits go no further."""

OPTED_OUT: Final = "opted_out"
"""The detail of a call whose customer never wants to be called by this business again."""


class Reading(StrEnum):
    """What an answer means."""

    YES = "yes"
    NO = "no"
    OPT_OUT = "opt out"
    UNCLEAR = "unclear"
    """Silence, another key, other words, another code: perhaps a mistake."""


def reading(value: str, consent: Consent = "key") -> Reading:
    """What a collected answer means where consent is asked for so.

    >>> [str(reading(value)) for value in ("1", "yes", "no", "9", "", "other words")]
    ['yes', 'yes', 'no', 'opt out', 'unclear', 'unclear']
    >>> [str(reading(value, "code")) for value in ("1", RIGHT_CODE, "9")]
    ['unclear', 'yes', 'opt out']
    """
    if value == RIGHT_CODE if consent == "code" else value == YES_KEY or value in YES_WORDS:
        return Reading.YES
    if value == OPT_OUT_KEY:
        return Reading.OPT_OUT
    return Reading.NO if value in NO_WORDS else Reading.UNCLEAR


def detail(value: str) -> str:
    """An answer as timelines and ends say it.

    >>> [detail(value) for value in ("1", "9", "", "yes", "other words")]
    ['key_1', 'opted_out', 'silence', 'yes', 'other_words']
    >>> detail(WRONG_CODE)
    'wrong_code'
    """
    if value == OPT_OUT_KEY:
        return OPTED_OUT
    if len(value) == 1:
        return f"key_{value}"
    if value == NOTHING_SAID:
        return "silence"
    return value.replace(" ", "_")
