"""What a specialised resource plays and collects: announcements, tones, digits.

Owns the contents of PlayAnnouncement and PromptAndCollectUserInformation (IN-SCF-SRF data types).
"""

from enum import IntEnum

import msgspec

from calleq.ss7.isup.optional_types import GenericDigits


class VariableTime(msgspec.Struct, frozen=True, gc=False):
    """A time to be spoken, as "HHMM"."""

    digits: str


class VariableDate(msgspec.Struct, frozen=True, gc=False):
    """A date to be spoken, as "YYMMDD"."""

    digits: str


class VariablePrice(msgspec.Struct, frozen=True, gc=False):
    """A price to be spoken: eight digits, of which the last two are the fraction."""

    digits: str


VariablePart = int | GenericDigits | VariableTime | VariableDate | VariablePrice


class MessageText(msgspec.Struct, frozen=True, gc=False):
    """A text to be spoken by the resource."""

    content: str
    """IA5, 1 to 127 characters."""
    attributes: bytes | None = None


class VariableMessage(msgspec.Struct, frozen=True, gc=False):
    """A recorded message with parts that differ from call to call."""

    elementary_message_id: int
    variable_parts: tuple[VariablePart, ...]
    """1 to 5 parts."""


MessageID = int | MessageText | tuple[int, ...] | VariableMessage
"""A recorded message by its number, a text, several messages in turn, or one with variables."""


class InbandInfo(msgspec.Struct, frozen=True, gc=False):
    """An announcement: ends with its duration or its repetitions, whatever comes first."""

    message_id: MessageID
    number_of_repetitions: int | None = None
    """1 to 127."""
    duration_s: int | None = None
    """0 (endless) to 32767."""
    interval_s: int | None = None
    """Silence between repetitions, 0 to 32767."""


class Tone(msgspec.Struct, frozen=True, gc=False):
    """A tone; a duration of 0 is endless."""

    tone_id: int
    duration_s: int | None = None


InformationToSend = InbandInfo | Tone | str
"""Announcement, tone, or text for a display (IA5)."""


class ErrorTreatment(IntEnum):
    """What the resource does about a wrong entry."""

    REPORT_ERROR_TO_SCF = 0
    HELP = 1
    REPEAT_PROMPT = 2


class CollectedDigits(msgspec.Struct, frozen=True, gc=False):
    """How digits are to be collected. Digits: "0" to "9", "*", "#"; at most two per delimiter."""

    maximum: int
    """1 to 127."""
    minimum: int = 1
    end_of_reply: str | None = None
    cancel: str | None = None
    start: str | None = None
    first_digit_timeout_s: int | None = None
    """1 to 127."""
    inter_digit_timeout_s: int | None = None
    error_treatment: ErrorTreatment = ErrorTreatment.REPORT_ERROR_TO_SCF
    interruptable: bool = True
    """A digit ends the announcement."""
    voice_information: bool = False
    voice_back: bool = False
