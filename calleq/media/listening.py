"""What can be listened for on a wire: who answered, a key, words. Measures, and who hears them.

A `Hearing` is one kind of listening: how samples become the measures of frames, what a silent frame
measures, and a fresh `Listener` for each time. A listener is fed the measures frame by frame and
decides once; at the limit it must.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Generic, Protocol, TypeVar

from calleq.media.contract import Verdict
from calleq.media.detect import QUIET_FRAME, AnswerDetector, Row, measure
from calleq.media.g711 import Samples
from calleq.media.keypad import NO_KEY
from calleq.media.keys import KeyReceiver, measure_keys
from calleq.media.utterance import QUIET_FRAME as NO_SPEECH
from calleq.media.utterance import UtteranceListener, frames_of

Measure = TypeVar("Measure")
MeasureIn = TypeVar("MeasureIn", contravariant=True)
Decision = TypeVar("Decision")
DecisionOut = TypeVar("DecisionOut", covariant=True)


class Listener(Protocol[MeasureIn, DecisionOut]):
    """Decides once."""

    def hear(self, frame: MeasureIn) -> DecisionOut | None:
        """Take the measures of the next frame; the decision, when there is one."""

    def expire(self) -> DecisionOut:
        """The limit is reached, or there was a decision: it."""


@dataclass(frozen=True, slots=True)
class Hearing(Generic[Measure, Decision]):
    """One kind of listening."""

    measure: Callable[[Samples], list[Measure]]
    quiet: Measure
    listener: Callable[[], Listener[Measure, Decision]]


ANSWERS: Hearing[Row, Verdict] = Hearing(measure, QUIET_FRAME, AnswerDetector)
PRESSED: Hearing[str, str] = Hearing(measure_keys, NO_KEY, KeyReceiver)


def spoken(begin_frames: int) -> Hearing[Samples, Samples]:
    """Where an utterance begins and ends; what was said in it is for a recogniser to tell."""
    return Hearing(frames_of, NO_SPEECH, partial(UtteranceListener, begin_frames))
