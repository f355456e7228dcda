"""Whether what a scenario expected came about; each thing that did not, in a sentence.

Judged on what is outside: the door's answers, the telephones' diary, the records, octets on wires,
samples in ears. Where a sentence can say what was there instead, it does.
"""

from collections import Counter
from typing import assert_never

import numpy as np

from calleq.billing.derivation import derive_records
from calleq.billing.records import LegRecord, SessionRecord
from calleq.media.frames import FRAME_SAMPLES, FRAME_US
from calleq.telephones.diary import DiaryEntry, Event
from calleq.trace.capture import Captured
from calleq.trace.decoding import Reading
from calleq.trace.ladder import Ladder, Row, ladder
from calleq.units import SECOND_US
from simulator.faults.invariants import breaches
from simulator.scenarios import expectations
from simulator.scenarios.expectations import AnyExpectation
from simulator.scenarios.happenings import fits
from simulator.scenarios.parts import us
from simulator.scenarios.stage import Stage
from simulator.scenarios.wording import Pattern, is_voice, parse_pattern, voice_of

LOUD_RMS = 200.0
"""Of 16-bit samples: far below speech, far above the noise of companding."""


class Findings:
    """Checks one run at rest."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._entries = stage.network.entries()
        self.records = derive_records(self._entries)
        self._ladders: dict[str, Ladder] = {}
        self._elements = frozenset(stage.network.processes)

    def failures(self) -> list[str]:
        """Everything that is not as it was expected, and every rule that was broken."""
        found = list(self._stage.problems)
        for place, expectation in enumerate(self._stage.scenario.expect):
            kind = expectation.__struct_config__.tag
            found += [f"expect {place + 1} ({kind}): {text}" for text in self._check(expectation)]
        network = self._stage.network
        found += breaches(network, self._stage.before, self._stage.accepted)
        return found

    def ladder(self, call: str) -> Ladder:
        """The ladder of a call by its reference."""
        found = self._ladders.get(call)
        if found is None:
            captures = self._stage.tap.capture.captures()
            codes = self._stage.network.point_codes()
            found = self._ladders[call] = ladder(
                call, captures, self._entries, codes, self._stage.eyes.decoders
            )
        return found

    def states(self) -> list[str]:
        """The final states of the accepted calls."""
        views = [self._stage.view(call) for call in self._stage.accepted]
        return ["unknown" if view is None else view.state for view in views]

    def _check(self, expectation: AnyExpectation) -> list[str]:
        match expectation:
            case expectations.CallIs():
                return self._call(expectation)
            case expectations.LegIs():
                return self._leg(expectation)
            case expectations.RecordsAre():
                return self._records(expectation)
            case expectations.StatesAre():
                return self._states(expectation)
            case expectations.Messages():
                return self._messages(expectation)
            case expectations.Timing():
                return self._timing(expectation)
            case expectations.Happens():
                return self._happens(expectation)
            case expectations.TelephoneIs():
                return self._telephone(expectation)
            case expectations.Audio():
                return self._audio(expectation)
            case _:
                assert_never(expectation)

    # Calls and records.

    def _call(self, wanted: expectations.CallIs) -> list[str]:
        call = self._stage.calls.get(wanted.call)
        if call is None:
            return [f"{wanted.call} was not accepted"]
        view = self._stage.view(call)
        if view is None:
            return [f"nobody knows {wanted.call}"]
        states = (wanted.state,) if isinstance(wanted.state, str) else wanted.state
        found = []
        if view.state not in states:
            found.append(f"{wanted.call} is {view.state}, {' or '.join(states)} was expected")
        if wanted.cause is not None and view.cause != wanted.cause:
            found.append(f"{wanted.call} has cause {view.cause}, {wanted.cause} was expected")
        return found

    def _record(self, name: str) -> SessionRecord | None:
        call = self._stage.calls.get(name)
        return next((record for record in self.records if record.call == call), None)

    def _leg(self, wanted: expectations.LegIs) -> list[str]:
        record = self._record(wanted.call)
        legs = () if record is None else record.legs
        leg = next(
            (
                one
                for one in reversed(legs)
                if (one.leg, one.attempt) == (wanted.leg, wanted.attempt)
            ),
            None,
        )
        which = f"{wanted.call}: {wanted.leg} {wanted.attempt}"
        if leg is None:
            return [f"{which} has no record"] if wanted.exists else []
        if not wanted.exists:
            return [f"{which} has a record: {leg.number} was dialled"]
        return [
            f"{which}: {name} is {told}, {given} was expected"
            for name, told, given in self._compared(leg, wanted)
            if given is not None and told != given
        ]

    def _compared(
        self, leg: LegRecord, wanted: expectations.LegIs
    ) -> list[tuple[str, object, object]]:
        number = self._stage.number(wanted.telephone) if wanted.telephone else None
        talk_s = None if wanted.talk_s is None else round(wanted.talk_s, 3)
        return [
            ("number", leg.number, number),
            ("cause", leg.cause, wanted.cause),
            ("answered", leg.answered_at_us is not None, wanted.answered),
            ("talk_us", leg.talk_us, wanted.talk_us),
            ("talk_s", round(leg.talk_us / SECOND_US, 3), talk_s),
            ("billable_s", leg.billable_s, wanted.billable_s),
            ("released_by", leg.released_by, wanted.released_by),
            ("partial", leg.partial, wanted.partial),
        ]

    def _records(self, wanted: expectations.RecordsAre) -> list[str]:
        found = []
        legs = sum(len(record.legs) for record in self.records)
        if wanted.sessions is not None and len(self.records) != wanted.sessions:
            found.append(f"{len(self.records)} session records, {wanted.sessions} were expected")
        if wanted.legs is not None and legs != wanted.legs:
            found.append(f"{legs} leg records, {wanted.legs} were expected")
        return found

    def _states(self, wanted: expectations.StatesAre) -> list[str]:
        counts = Counter(self.states())
        told = ", ".join(f"{state} {count}" for state, count in sorted(counts.items()))
        found = [
            f"{state} {counts[state]} times, {count} expected ({told})"
            for state, count in wanted.exactly.items()
            if counts[state] != count
        ]
        found += [
            f"{state} {counts[state]} times, at least {count} expected ({told})"
            for state, count in wanted.at_least.items()
            if counts[state] < count
        ]
        if wanted.only and set(counts) - set(wanted.only):
            found.append(f"only {', '.join(wanted.only)} expected ({told})")
        return found

    # Messages.

    def _messages(self, wanted: expectations.Messages) -> list[str]:
        call = self._stage.calls.get(wanted.call)
        if call is None:
            return [f"{wanted.call} was not accepted"]
        rows = self.ladder(call).rows
        found = [
            f"no {text} in the ladder" for text in wanted.present if not self._count(rows, text)
        ]
        found += [f"{text} in the ladder" for text in wanted.absent if self._count(rows, text)]
        for text, count in wanted.count.items():
            there = self._count(rows, text)
            if there != count:
                found.append(f"{text} {there} times in the ladder, {count} expected")
        return found + self._in_order(rows, wanted.order)

    def _pattern(self, text: str) -> Pattern:
        return parse_pattern(text, self._elements)

    def _count(self, rows: tuple[Row, ...], text: str) -> int:
        pattern = self._pattern(text)
        return sum(self._fits(pattern, row) for row in rows)

    def _fits(self, pattern: Pattern, row: Row) -> bool:
        captured = Captured(row.at_us, row.segment, row.link, row.sender, row.receiver, row.octets)
        read = Reading(row.name, row.fields, row.error)
        return fits(pattern, captured, read, self._stage.eyes)

    def _in_order(self, rows: tuple[Row, ...], order: tuple[str, ...]) -> list[str]:
        place = 0
        for text in order:
            pattern = self._pattern(text)
            while place < len(rows) and not self._fits(pattern, rows[place]):
                place += 1
            if place == len(rows):
                before = f" after {order[order.index(text) - 1]}" if order.index(text) else ""
                return [f"no {text}{before} in the ladder"]
            place += 1
        return []

    # Instants.

    def _timing(self, wanted: expectations.Timing) -> list[str]:
        stage, log = self._stage, self._stage.log.happenings
        earlier = stage.place_of(wanted.earlier)
        if earlier is None:
            return [f"{wanted.earlier!r} never happened"]
        later = stage.place_of(wanted.later, earlier + 1)
        if later is None:
            too_early = stage.place_of(wanted.later) is not None
            why = "only happened before" if too_early else "never happened after"
            return [f"{wanted.later!r} {why} {wanted.earlier!r}"]
        length_us = log[later].at_us - log[earlier].at_us
        told = f"{wanted.later!r} came {length_us / SECOND_US:.6f} s after {wanted.earlier!r}"
        if length_us < us(wanted.at_least_s):
            return [f"{told}, at least {wanted.at_least_s} s were expected"]
        if wanted.at_most_s is not None and length_us > us(wanted.at_most_s):
            return [f"{told}, at most {wanted.at_most_s} s were expected"]
        return []

    def _happens(self, wanted: expectations.Happens) -> list[str]:
        times, place = 0, self._stage.place_of(wanted.event)
        while place is not None:
            times, place = times + 1, self._stage.place_of(wanted.event, place + 1)
        if wanted.times is None:
            return [] if times else [f"{wanted.event!r} never happened"]
        if times != wanted.times:
            return [f"{wanted.event!r} happened {times} times, {wanted.times} were expected"]
        return []

    # Telephones.

    def _telephone(self, wanted: expectations.TelephoneIs) -> list[str]:
        number = self._stage.number(wanted.telephone)
        entries = self._stage.network.diary.entries(number)
        rings = [entry for entry in entries if entry.event is Event.RINGS]
        answers = sum(entry.event is Event.ANSWERS for entry in entries)
        found = []
        if wanted.rings is not None and len(rings) != wanted.rings:
            found.append(f"{wanted.telephone} rang {len(rings)} times, {wanted.rings} expected")
        if wanted.answers is not None and answers != wanted.answers:
            found.append(f"{wanted.telephone} answered {answers} times, {wanted.answers} expected")
        if wanted.shows is not None:
            shown = rings[0].detail if rings else None
            if shown != self._stage.number(wanted.shows):
                found.append(f"{wanted.telephone} showed {shown!r}, not {wanted.shows!r}")
        return found

    def _audio(self, wanted: expectations.Audio) -> list[str]:
        stage, log = self._stage, self._stage.log.happenings
        begin, end = 0, len(log)
        if wanted.since:
            since = stage.place_of(wanted.since)
            if since is None:
                return [f"{wanted.since!r} never happened"]
            begin = since
        if wanted.until:
            until = stage.place_of(wanted.until, begin)
            if until is None:
                return [f"{wanted.until!r} never happened"]
            end = until + 1
        number = stage.number(wanted.telephone)
        heard = [
            happening.what.detail
            for happening in log[begin:end]
            if isinstance(happening.what, DiaryEntry)
            and happening.what.number == number
            and happening.what.event is Event.HEARS
        ]
        found = self._voices(wanted, heard)
        if wanted.loud is not None:
            begin_us = log[begin].at_us if log else stage.began_us
            found += self._samples(wanted, number, begin_us)
        return found

    def _voices(self, wanted: expectations.Audio, heard: list[str]) -> list[str]:
        told = " · ".join(heard) or "nothing"
        place = 0
        for name in wanted.hears:
            voice = voice_of(name, self._stage.telephones)
            while place < len(heard) and not is_voice(voice, heard[place]):
                place += 1
            if place == len(heard):
                return [f"{wanted.telephone} did not hear {name} then; it heard {told}"]
            place += 1
        return [
            f"{wanted.telephone} heard {name}"
            for name in wanted.never
            if any(is_voice(voice_of(name, self._stage.telephones), one) for one in heard)
        ]

    def _samples(self, wanted: expectations.Audio, number: str, begin_us: int) -> list[str]:
        recording = self._stage.recordings[number]
        samples = recording.samples()
        start = (begin_us // FRAME_US + 1 - recording.start_frame) * FRAME_SAMPLES
        part = samples[start : start + us(wanted.for_s) // FRAME_US * FRAME_SAMPLES]
        if part.size == 0:
            return [f"nothing was recorded at {wanted.telephone} then"]
        level = float(np.sqrt(np.mean(np.square(part.astype(np.float64)))))
        if (level > LOUD_RMS) != wanted.loud:
            return [
                f"{wanted.telephone} heard a level of {level:.0f},"
                f" {'sound' if wanted.loud else 'silence'} was expected"
            ]
        return []
