"""A message on its way through the intake, and how it is answered."""

from collections.abc import Callable
from typing import Literal

import msgspec

from calleq.intake.outcome import Declined, Outcome
from calleq.messages import CallInitiation, DirectCallRequest
from calleq.protection.opening import Opened
from calleq.protection.veil import veiled

Answer = Callable[[Outcome], object]


class Work(msgspec.Struct, frozen=True):
    """A well-formed message."""

    message: CallInitiation | DirectCallRequest
    opened: Opened
    figure: Literal[8, 9]
    key: str | None
    peer: str
    source: str
    """The sender's address; empty behind a proxy."""
    answer: Answer
    fingerprint: str


def veiling(answer: Answer, opened: Opened | None) -> Answer:
    """The answer, of which no problem says what was sealed."""
    if opened is None or not opened.texts:
        return answer

    def say(outcome: Outcome) -> None:
        if isinstance(outcome, Declined):
            problem = veiled(outcome.problem, opened.texts)
            outcome = msgspec.structs.replace(outcome, problem=problem)
        answer(outcome)

    return say
