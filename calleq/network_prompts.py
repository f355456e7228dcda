"""What a network may have to say, and what its businesses supply to be played instead.

What is spoken is named so that it can be rendered before anybody listens; what is supplied is read,
checked and handed to the voice plane, which knows it by its key.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

from calleq.media.contract import Prompt
from calleq.media.languages import UNDERSTOOD, sentences
from calleq.media.supplied import Supplied, read_wav
from calleq.media.wording import (
    announcement_text,
    apology_text,
    question_text,
    recording_text,
    whisper_text,
    wrong_code_text,
)
from calleq.scp.wording import pieces
from calleq.telephones.habits import HABITS
from calleq.topology import Business, Topology

Recordings = Mapping[str, Mapping[str, Supplied]]
"""What businesses supplied, by business and purpose."""


class Supplies(Protocol):
    """A voice plane that recordings can be given to."""

    def supply(self, key: str, octets: bytes) -> None:
        """Have a recording at hand."""


def prompts_of(topology: Topology) -> list[Prompt]:
    """Every sentence the network may have to speak, so that it can be rendered beforehand."""
    spoken: dict[tuple[str, str, str], Prompt] = {}
    for business in (Business(identifier="none"), *topology.businesses):
        for prompt in _of_business(business):
            spoken.setdefault((prompt.language, prompt.text, prompt.mark), prompt)
    prompts = list(spoken.values())
    return prompts + _ordered(topology, prompts) + _replies(topology)


def _replies(topology: Topology) -> list[Prompt]:
    """What simulated people say, of what has to be synthesised."""
    replies = {HABITS[line.behaviour].reply for line in topology.lines if line.behaviour in HABITS}
    return [reply for reply in replies if reply is not None and reply.kind == "mouth"]


def listens_for_words(topology: Topology) -> bool:
    """Whether a business wants its customers' words to be understood."""
    return any(
        business.consent == "key_or_speech" and business.language in UNDERSTOOD
        for business in topology.businesses
    )


def _of_business(business: Business) -> Iterable[Prompt]:
    name, language = business.name, business.language
    said = sentences(language)
    text, mark = announcement_text(name, language)
    texts = [(text, mark), (whisper_text(name, language), ""), (apology_text(name, language), "")]
    texts.append((recording_text(language), ""))
    if len(business.representatives) > 1:
        texts.append((said.busy, ""))
    if business.consent != "none":
        texts += [
            question_text(name, language, by=business.consent),
            (said.goodbye, ""),
            (said.opted_out, ""),
        ]
    if business.consent == "code":
        texts.append((wrong_code_text(language), ""))
        texts.append(question_text(name, language))  # of calls that were accepted without a code
    return [Prompt("speech", text, mark, said.voice) for text, mark in texts]


def _ordered(topology: Topology, spoken: list[Prompt]) -> list[Prompt]:
    """The sentences as SCPs order them, where those are not the sentences themselves."""
    if not topology.service_control_points:
        return []
    texts = [(prompt.text, prompt.mark, prompt.language) for prompt in spoken]
    voice = sentences("en").voice
    texts += [(rule.closed_text, "", voice) for one in topology.freephone for rule in one.rules]
    parts = [
        (part.text, voice) for text, mark, voice in texts if text for part in pieces(text, mark)
    ]
    known = {(prompt.text, prompt.language) for prompt in spoken if not prompt.mark}
    return [
        Prompt("speech", text, language=voice)
        for text, voice in dict.fromkeys(parts)
        if (text, voice) not in known
    ]


def recordings_of(topology: Topology) -> Recordings:
    """What the businesses of a network supply. Raises SuppliedError, naming the file."""
    return {
        business.identifier: {
            purpose: read_wav(Path(file)) for purpose, file in business.recordings.items()
        }
        for business in topology.businesses
        if business.recordings
    }


def supply(voice: Supplies, recordings: Recordings) -> dict[str, dict[str, str]]:
    """Give the recordings to a voice plane; their keys, by business and purpose."""
    for supplied in recordings.values():
        for recording in supplied.values():
            voice.supply(recording.key, recording.octets)
    return keys_of(recordings)


def keys_of(recordings: Recordings) -> dict[str, dict[str, str]]:
    """The keys of recordings, by business and purpose."""
    return {
        business: {purpose: one.key for purpose, one in supplied.items()}
        for business, supplied in recordings.items()
    }
