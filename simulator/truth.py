"""The truth of a run, from the telephones' diary alone, and its difference to the records.

The diary says when each telephone answered and when its call ended, as its owner saw it. A switch
sees an answer one line delay later; it sees a hang-up one delay later too, and its own release one
delay before the telephone does. Nothing here reads how a record came about.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from calleq.billing.records import SessionRecord
from calleq.telephones.diary import DiaryEntry


class Talk(msgspec.Struct, frozen=True):
    """One answered call at one telephone."""

    number: str
    answered_at_us: int
    talk_us: int


class Differences(msgspec.Struct, frozen=True):
    """How far the records are from the truth: calls missing or invented, and microseconds."""

    records: int
    us: int


def talks_of_diary(diary: Iterable[DiaryEntry], line_delay_us: int) -> list[Talk]:
    """Every answered call, with the talk time that its switch must have seen."""
    answered: dict[str, int] = {}
    talks = []
    for entry in diary:
        match entry.event:
            case "answers":
                answered[entry.number] = entry.at_us
            case "hangs_up" | "released":
                since_us = answered.pop(entry.number, None)
                if since_us is not None:
                    talk_us = entry.at_us - since_us
                    if entry.event == "released":
                        talk_us -= 2 * line_delay_us
                    talks.append(Talk(entry.number, since_us + line_delay_us, talk_us))
    return talks


def talks_of_records(records: Sequence[SessionRecord]) -> list[Talk]:
    """Every answered leg of the records."""
    return [
        Talk(leg.number, leg.answered_at_us, leg.talk_us)
        for record in records
        for leg in record.legs
        if leg.answered_at_us is not None
    ]


def differences(truth: Iterable[Talk], told: Iterable[Talk]) -> Differences:
    """Pair the talks of each telephone in the order of answer and add up what differs."""
    by_number: dict[str, tuple[list[Talk], list[Talk]]] = defaultdict(lambda: ([], []))
    for talk in truth:
        by_number[talk.number][0].append(talk)
    for talk in told:
        by_number[talk.number][1].append(talk)
    missing = 0
    off_us = 0
    for true_talks, told_talks in by_number.values():
        true_talks.sort(key=lambda talk: talk.answered_at_us)
        told_talks.sort(key=lambda talk: talk.answered_at_us)
        missing += abs(len(true_talks) - len(told_talks))
        for true_talk, told_talk in zip(true_talks, told_talks, strict=False):
            off_us += abs(true_talk.talk_us - told_talk.talk_us)
            off_us += abs(true_talk.answered_at_us - told_talk.answered_at_us)
    return Differences(missing, off_us)
