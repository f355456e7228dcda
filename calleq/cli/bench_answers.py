"""`calleq bench answers`: how often who answered is judged rightly, on synthesised greetings.

People who answer shortly, people who answer with a sentence, answering machines and fax machines,
in several voices, as they come over a telephone line: after silence, with noise, through mu-law,
with frames of 20 ms lost and concealed by the frame before. Judged as in a call: by what is heard
in the first 1.9 s. Rates are shares of all greetings of a kind; the CPU figure is of the judging.
"""

import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from calleq.call.policy import DETECTION_LIMIT_US, DETECTION_MARGIN_US
from calleq.cli.figures import Figure
from calleq.media.contract import Prompt, Verdict
from calleq.media.detect import AnswerDetector, measure
from calleq.media.frames import FRAME_SAMPLES, FRAME_US, SAMPLE_RATE_HZ
from calleq.media.g711 import Samples, quantise, rms_of_dbm0, saturate
from calleq.media.prompts import SpokenPrompts
from calleq.media.sounds import mouth

VOICES = ("en-us", "en-us+f1", "en-us+m3", "en-gb-x-rp")
GREETINGS = {
    "short": ("Hello?", "Yes?", "Hello, Anna speaking."),
    "sentence": ("Smith residence, good evening.", "Good morning, this is John speaking."),
    "machine": (
        "Hello, you have reached the Smith family. Please leave a message after the tone.",
        "Hi, this is John. I cannot take your call at the moment.",
        "The person you are calling is not available. Please try again later.",
    ),
}
LEADS_S = (0.1, 0.4, 0.8)
"""Silence between the answer and the first word."""
LOSSES = (0.0, 0.05)
"""Share of frames that are lost."""
NOISE_DBM0 = -55.0
CONCEALED = 0.7
"""What is left of the frame before, in place of one that was lost."""
HEARD_S = 3.0


def measure_answers(command: str) -> list[Figure]:
    """The figures."""
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        library = SpokenPrompts(Path(folder))
        sounds = {kind: list(_spoken(library, texts)) for kind, texts in GREETINGS.items()}
    sounds["fax"] = [mouth("fax", 0).samples]
    judged, cpu_s = 0, 0.0
    for kind, greetings in sounds.items():
        for lead_s in LEADS_S:
            for loss in LOSSES:
                lines = [on_line(sound, lead_s, loss, at) for at, sound in enumerate(greetings)]
                began = time.process_time()
                verdicts = Counter(verdict_on(line) for line in lines)
                cpu_s += time.process_time() - began
                judged += len(lines)
                for verdict, count in sorted(verdicts.items()):
                    name = f"{kind}, after {lead_s:g} s, {loss:.0%} lost: {verdict}"
                    figures.append(Figure(name, 100 * count / len(lines), "%", command))
    figures.append(Figure("CPU per verdict", 1_000 * cpu_s / judged, "ms", command))
    return figures


def _spoken(library: SpokenPrompts, texts: tuple[str, ...]) -> Iterator[Samples]:
    for text in texts:
        for voice in VOICES:
            yield library.samples(Prompt("speech", text, language=voice))


def on_line(greeting: Samples, lead_s: float, loss: float, seed: int) -> Samples:
    """A greeting as it is heard at the far end of a line, from the answer on."""
    chance = np.random.Generator(np.random.PCG64(seed))
    whole = np.zeros(round(HEARD_S * SAMPLE_RATE_HZ))
    start = round(lead_s * SAMPLE_RATE_HZ)
    part = greeting[: whole.size - start]
    whole[start : start + part.size] = part
    whole += chance.normal(0, rms_of_dbm0(NOISE_DBM0), whole.size)
    frames = quantise(saturate(whole)).reshape(-1, FRAME_SAMPLES).copy()
    for lost in np.flatnonzero(chance.random(len(frames)) < loss):
        frames[lost] = frames[lost - 1] * CONCEALED if lost else 0
    return frames.reshape(-1)


def verdict_on(line: Samples) -> Verdict:
    """Who answered, by what is heard before the representative's dialling can wait no longer."""
    detector = AnswerDetector()
    limit = (DETECTION_LIMIT_US - DETECTION_MARGIN_US) // FRAME_US
    for row in measure(line)[:limit]:
        if detector.hear(row) is not None:
            break
    return detector.expire()
