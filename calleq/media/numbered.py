"""The carrier's recorded messages, by the number that an SCP orders them with.

One place for every resource that plays for an SCP: the boards of the switches and the peripherals.
Numbers below 100 are prompts. `DETECT` is no announcement: who orders it with a prompt and collect
gets the judgement of what answered as one digit (`VERDICT_DIGITS`), within the first digit's time.
"""

from typing import Final

from calleq.media.contract import Prompt, Verdict

MUSIC: Final = 1
"""Endless; ends with its duration or by a cancel."""
CLOSED: Final = 10
NOT_IN_SERVICE: Final = 11
ALL_BUSY: Final = 12
NUMBER_IS: Final = 20
"""To be followed by digits."""

DETECT: Final = 200

RECORDED: dict[int, Prompt] = {
    MUSIC: Prompt("music"),
    CLOSED: Prompt("speech", "We are sorry, our office is closed. Please call again later."),
    NOT_IN_SERVICE: Prompt("speech", "The number you have dialled is not in service."),
    ALL_BUSY: Prompt("speech", "All our representatives are busy. Please call again later."),
    NUMBER_IS: Prompt("speech", "The number is"),
}

VERDICT_DIGITS: dict[Verdict, str] = {"human": "1", "machine": "2", "fax": "3", "silence": "4"}
