"""What an SCP orders of a resource, as the resource carries it out (Q.1218, IN-SCF-SRF).

Owns the reading of PlayAnnouncement and PromptAndCollectUserInformation: prompts, how often, how
long, what is collected. Repetitions, the silence between them and the duration of the whole are as
the SCP says; neither given, a message is played once, music until it is cancelled.

Refused: a display, a message that is not recorded, a tone that nobody knows, text for digits, and
what would have to be understood or spoken back.
"""

import msgspec

from calleq.media.contract import Prompt
from calleq.media.languages import sentences
from calleq.media.numbered import DETECT, RECORDED
from calleq.ss7.inap.errors import ErrorCode
from calleq.ss7.inap.interaction import (
    CollectedDigits,
    InbandInfo,
    InformationToSend,
    MessageID,
    MessageText,
    Tone,
    VariableMessage,
    VariablePart,
)
from calleq.ss7.inap.refusals import refuse
from calleq.units import SECOND_US

DETECT_S = 5
"""How long an answer is judged where the SCP does not say."""

TONES = {1: "ringback", 2: "busy", 3: "congestion", 4: "unobtainable"}
"""Tones by the number an SCP orders them with."""


class Order(msgspec.Struct, frozen=True):
    """Something ordered by an SCP."""

    invoke_id: int
    prompts: tuple[Prompt, ...]
    tone: str = ""
    repetitions: int = 0
    """0: no end of them."""
    interval_us: int = 0
    duration_us: int = 0
    """0: no limit."""
    reports: bool = True
    """Tell when it is over."""
    is_last: bool = False
    """The resource may be parted after it."""
    detects_us: int = 0
    """Judge for so long what answers, instead of playing anything."""
    digits: CollectedDigits | None = None
    """Collect them, while or after it is played."""

    @property
    def is_endless(self) -> bool:
        """It plays until something else ends it."""
        return not self.repetitions and not self.duration_us and bool(self.prompts or self.tone)


def announcement(
    invoke_id: int, information: InformationToSend, *, reports: bool, is_last: bool
) -> Order:
    """What a play announcement orders. Raises OperationRefused."""
    match information:
        case InbandInfo():
            prompts = _prompts(information.message_id)
            duration_s = information.duration_s
            once = not duration_s and duration_s is None and not _endless(prompts)
            repetitions = information.number_of_repetitions or (1 if once else 0)
            interval_us = (information.interval_s or 0) * SECOND_US
            limit_us = (duration_s or 0) * SECOND_US
            return Order(
                invoke_id, prompts, "", repetitions, interval_us, limit_us, reports, is_last
            )
        case Tone(tone_id, tone_duration_s):
            if tone_id not in TONES:
                raise refuse(ErrorCode.UNAVAILABLE_RESOURCE, f"tone {tone_id} is not known")
            limit_us = (tone_duration_s or 0) * SECOND_US
            return Order(invoke_id, (), TONES[tone_id], 0, 0, limit_us, reports, is_last)
        case str():
            raise refuse(ErrorCode.UNEXPECTED_PARAMETER, "there is no display")


def collection(
    invoke_id: int,
    information: InformationToSend | None,
    collected: CollectedDigits | bool,
    *,
    is_last: bool,
) -> Order:
    """What a prompt and collect orders. Raises OperationRefused."""
    if not isinstance(collected, CollectedDigits):
        raise refuse(ErrorCode.UNEXPECTED_PARAMETER, "digits are collected, no text")
    if isinstance(information, InbandInfo) and information.message_id == DETECT:
        limit_us = (collected.first_digit_timeout_s or DETECT_S) * SECOND_US
        return Order(invoke_id, (), is_last=is_last, detects_us=limit_us)
    if collected.voice_information or collected.voice_back:
        raise refuse(ErrorCode.UNAVAILABLE_RESOURCE, "nobody understands or repeats what is said")
    if collected.minimum > collected.maximum:
        raise refuse(ErrorCode.UNEXPECTED_DATA_VALUE, "no number of digits would do")
    prompt = Order(invoke_id, (), repetitions=1, is_last=is_last)
    if information is not None:
        prompt = announcement(invoke_id, information, reports=False, is_last=is_last)
    return msgspec.structs.replace(prompt, digits=collected)


def _endless(prompts: tuple[Prompt, ...]) -> bool:
    return any(prompt.kind == "music" for prompt in prompts)


def _prompts(message: MessageID) -> tuple[Prompt, ...]:
    match message:
        case int():
            return (_recorded(message),)
        case MessageText(content, attributes):
            language = (attributes or b"").decode("ascii", "replace")
            return (Prompt("speech", content, language=sentences(language).voice),)
        case VariableMessage(number, parts):
            spoken = " ".join(_words(part) for part in parts)
            return (_recorded(number), Prompt("speech", spoken))
        case _:
            return tuple(_recorded(number) for number in message)


def _recorded(number: int) -> Prompt:
    prompt = RECORDED.get(number)
    if prompt is None:
        raise refuse(ErrorCode.UNAVAILABLE_RESOURCE, f"message {number} is not recorded")
    return prompt


def _words(part: VariablePart) -> str:
    """What is spoken of a variable part: its digits, one by one."""
    match part:
        case int():
            return str(part)
        case _:
            digits = part.digits if isinstance(part.digits, str) else part.digits.hex()
            return " ".join(digits)
