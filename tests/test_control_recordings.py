"""Recordings under control: announced before anything, objected to, paused, kept and removed."""

import contextlib
import os
import pathlib
import resource
from collections.abc import Iterator

import numpy as np
import pytest

from calleq.calling_logic.recording import OBJECTION_US
from calleq.calling_logic.recordings import Recordings
from calleq.journal.entries import Progress, Recorded
from calleq.journal.memory import MemoryJournal
from calleq.media.frames import SAMPLE_RATE_HZ
from calleq.media.g711 import Samples, dbm0
from calleq.media.wording import recording_text
from calleq.osn.orders import (
    AddThird,
    Complete,
    Consult,
    Hold,
    Mute,
    PauseRecording,
    PlayPrompt,
    Record,
    ResumeRecording,
    StopRecording,
    Transfer,
    Unhold,
    Unmute,
)
from calleq.runtime.clock import VirtualClock
from calleq.topology import Topology, load_topology
from calleq.units import HOUR_US, SECOND_US
from simulator.virtual import START_US
from tests.control_scene import AGENT, CUSTOMER, OTHER, ControlledCall, both_channels
from tests.test_ssp_board import without_peripheral

EACH = pytest.mark.parametrize(
    "topology", [load_topology(), without_peripheral()], ids=["ip", "ssp"]
)
CUSTOMER_HZ, AGENT_HZ = 440, 1_000
ANNOUNCEMENT = {f"speech:{recording_text()}"}
DAY_US = 24 * HOUR_US


class RecordedCall(ControlledCall):
    """A call that may be recorded; both parties sound tones of their own."""

    def __init__(
        self, directory: pathlib.Path, topology: Topology | None = None, **more: object
    ) -> None:
        super().__init__(topology, recordings=directory, **more)
        self.directory = directory
        self.name = f"{self.reference}-1"
        self.both_sound()

    def both_sound(self) -> None:
        self.sounds(CUSTOMER, CUSTOMER_HZ)
        self.sounds(AGENT, AGENT_HZ)

    def recorded(self) -> None:
        """Announced, and being recorded since now."""
        self.done(Record())
        self.until("recording_started " + self.name)
        self.both_sound()

    def register(self) -> Recordings:
        network = self.network
        logic = (
            network.peripherals["ip-76"].calling_logic
            if network.peripherals
            else network.switches["ssp-62"].logic
        )
        assert logic is not None
        assert logic.recordings is not None
        return logic.recordings

    def statuses(self) -> list[str]:
        """What the journal says of the recording, one after the other."""
        return [
            one.entry.status
            for one in self.journal.entries
            if isinstance(one.entry, Recorded) and one.entry.recording == self.name
        ]

    def file(self) -> pathlib.Path:
        return self.directory / f"{self.name}.wav"


def sounding(samples: Samples) -> list[int]:
    """What is heard second by second: the frequency of the tone, 0 for silence."""
    heard = []
    for at in range(0, samples.size - SAMPLE_RATE_HZ + 1, SAMPLE_RATE_HZ):
        second = samples[at : at + SAMPLE_RATE_HZ]
        if not second.any():
            heard.append(0)
            continue
        heard.append(int(np.argmax(np.abs(np.fft.rfft(second.astype(np.float64))))))
    return heard


@EACH
def test_what_is_recorded_is_what_the_parties_said_after_both_were_told(
    topology: Topology, tmp_path: pathlib.Path
) -> None:
    call = RecordedCall(tmp_path, topology)
    call.done(Record())
    call.passes(0.5)
    assert (call.hears(CUSTOMER), call.hears(AGENT)) == (ANNOUNCEMENT, ANNOUNCEMENT)
    call.until_true(lambda: call.happened().count(f"recording_announced customer {call.name}") > 0)
    assert list(tmp_path.iterdir()) == []
    call.until(f"recording_started {call.name}")
    call.both_sound()
    began_us = call.clock.now_us()
    call.passes(10)
    call.done(StopRecording())
    call.until(f"recording_completed {call.name}")
    left, right = both_channels(tmp_path, call.name)
    assert abs(left.size / SAMPLE_RATE_HZ - 10) < 0.1
    assert set(sounding(left)) == {CUSTOMER_HZ}
    assert set(sounding(right)) == {AGENT_HZ}
    assert call.statuses() == ["in-progress", "stopped", "processing", "completed"]
    view = call.register().view(call.name)
    assert view is not None
    assert view.entry.octets == call.file().stat().st_size
    assert view.entry.length_us == left.size * SECOND_US // SAMPLE_RATE_HZ
    told = {(party.leg, party.number) for party in view.entry.parties}
    assert told == {("customer", CUSTOMER), ("agent", AGENT)}
    for party in view.entry.parties:
        assert party.announced_at_us + OBJECTION_US <= began_us
    call.ends()


def test_the_journal_proves_the_announcements_before_the_recording(tmp_path: pathlib.Path) -> None:
    call = RecordedCall(tmp_path)
    call.recorded()
    order = [
        one.entry.event if isinstance(one.entry, Progress) else one.entry.status
        for one in call.journal.entries
        if (isinstance(one.entry, Progress) and one.entry.event.startswith("recording_"))
        or isinstance(one.entry, Recorded)
    ]
    assert order == [
        "recording_announcement_started",
        "recording_announcement_started",
        "recording_announced",
        "recording_announced",
        "in-progress",
        "recording_started",
    ]
    call.ends()


@EACH
@pytest.mark.parametrize("party", [CUSTOMER, AGENT])
@pytest.mark.parametrize("after_s", [1, 8])
def test_whoever_objects_is_not_recorded_and_the_call_goes_on(
    topology: Topology, tmp_path: pathlib.Path, party: str, after_s: float
) -> None:
    """While the announcement is heard, and in the seconds after its end."""
    call = RecordedCall(tmp_path, topology)
    call.done(Record())
    if after_s > 5:
        call.until_true(
            lambda: sum(one.startswith("recording_announced") for one in call.happened()) == 2
        )
    else:
        call.passes(after_s)
    call.presses(party, "59")  # the first means nothing
    call.passes(3)
    leg = "customer" if party == CUSTOMER else "agent"
    assert f"recording_objected {leg} {call.name}" in call.happened()
    assert call.statuses() == ["absent"]
    assert list(tmp_path.iterdir()) == []
    call.passes(30)
    call.both_sound()
    call.passes(0.1)
    assert call.hears(CUSTOMER) == {f"tone:{AGENT_HZ}"}
    assert call.hears(AGENT) == {f"tone:{CUSTOMER_HZ}"}
    assert call.view(call.reference).state == "bridged"
    assert call.order(Record()) == "objected"
    assert list(tmp_path.iterdir()) == []
    call.ends()


def test_a_pause_is_silence_on_both_sides_and_is_told(tmp_path: pathlib.Path) -> None:
    call = RecordedCall(tmp_path)
    assert call.order(PauseRecording()) == "no_recording"
    call.recorded()
    call.passes(4)
    call.done(PauseRecording())
    assert call.order(PauseRecording()) == "not_possible_now"
    call.passes(4)
    call.done(ResumeRecording())
    assert call.order(ResumeRecording()) == "not_possible_now"
    assert call.order(Record()) == "recording_going_on"
    call.passes(4)
    call.done(StopRecording())
    call.until(f"recording_completed {call.name}")
    for side, hertz in zip(
        both_channels(tmp_path, call.name), (CUSTOMER_HZ, AGENT_HZ), strict=True
    ):
        heard = sounding(side)
        assert heard[:3] == [hertz] * 3
        assert heard[5:7] == [0] * 2
        assert heard[9:11] == [hertz] * 2
    assert call.statuses() == [
        *("in-progress", "paused", "in-progress"),
        *("stopped", "processing", "completed"),
    ]
    call.ends()


def test_who_is_muted_or_on_hold_is_not_recorded(tmp_path: pathlib.Path) -> None:
    call = RecordedCall(tmp_path)
    call.recorded()
    call.done(Mute("agent"))
    call.passes(3)
    call.done(Unmute("agent"), Hold("customer"))
    call.passes(3)
    call.done(Unhold("customer"))
    call.both_sound()
    call.passes(3)
    call.done(StopRecording())
    call.until(f"recording_completed {call.name}")
    left, right = (sounding(side) for side in both_channels(tmp_path, call.name))
    assert (left[1], right[1]) == (CUSTOMER_HZ, 0)
    assert (left[4], right[4]) == (0, 0)
    assert (left[7], right[7]) == (CUSTOMER_HZ, AGENT_HZ)
    call.ends()


def test_the_end_of_the_call_completes_the_recording(tmp_path: pathlib.Path) -> None:
    call = RecordedCall(tmp_path)
    call.recorded()
    call.passes(5)
    call.ends()
    assert call.statuses() == ["in-progress", "stopped", "processing", "completed"]
    left, right = both_channels(tmp_path, call.name)
    assert 4.9 < left.size / SAMPLE_RATE_HZ < 5.1
    assert right.size == left.size


@pytest.mark.parametrize("after_s", [0.0, 2, 4])
def test_a_call_that_ends_before_the_recording_begins_has_none(
    tmp_path: pathlib.Path, after_s: float
) -> None:
    call = RecordedCall(tmp_path)
    call.done(Record())
    call.passes(after_s)
    call.ends()
    assert call.statuses() == ["absent"]
    assert list(tmp_path.iterdir()) == []


def test_a_recording_may_be_given_up_while_it_is_announced_and_begun_again(
    tmp_path: pathlib.Path,
) -> None:
    call = RecordedCall(tmp_path)
    call.done(Record())
    call.passes(1)
    assert call.order(Record()) == "recording_going_on"
    assert call.order(PauseRecording()) == "not_possible_now"
    call.done(StopRecording())
    call.passes(1)
    assert call.statuses() == ["absent"]
    call.name = f"{call.reference}-2"
    call.recorded()
    call.passes(2)
    call.done(StopRecording())
    call.until(f"recording_completed {call.name}")
    call.name = f"{call.reference}-3"
    call.recorded()
    call.passes(2)
    call.ends()
    names = sorted(file.name for file in tmp_path.iterdir())
    assert names == [f"{call.reference}-2.wav", f"{call.reference}-3.wav"]


@EACH
def test_a_third_party_is_told_before_it_is_recorded(
    topology: Topology, tmp_path: pathlib.Path
) -> None:
    call = RecordedCall(tmp_path, topology)
    call.recorded()
    began_us = call.clock.monotonic_us()
    call.done(AddThird(OTHER), Mute("agent"), Mute("customer"))
    call.until_true(lambda: "answered third" in call.happened())
    call.passes(0.5)
    call.sounds(OTHER, 2_000)
    assert call.hears(OTHER) == ANNOUNCEMENT
    call.until_true(lambda: f"recording_announced third {call.name}" in call.happened())
    told_us = call.clock.monotonic_us() + OBJECTION_US - began_us
    call.passes(OBJECTION_US / SECOND_US + 1)
    call.sounds(OTHER, 2_000)
    call.passes(3)
    call.done(StopRecording())
    call.until(f"recording_completed {call.name}")
    _, right = both_channels(tmp_path, call.name)
    heard = sounding(right)
    assert set(heard[1 : told_us // SECOND_US]) == {0}, "nor what it said while it was told"
    assert heard[-1] == 2_000
    view = call.register().view(call.name)
    assert view is not None
    assert [party.leg for party in view.entry.parties] == ["customer", "agent", "third"]
    call.ends()


def test_a_third_party_that_objects_ends_the_recording(tmp_path: pathlib.Path) -> None:
    call = RecordedCall(tmp_path)
    call.recorded()
    call.passes(2)
    call.done(AddThird(OTHER))
    call.until_true(lambda: f"recording_announced third {call.name}" in call.happened())
    call.presses(OTHER, "9")
    call.until(f"recording_completed {call.name}")
    view = call.register().view(call.name)
    assert view is not None
    assert view.entry.reason == "a party objected"
    assert call.order(Record()) == "objected"
    call.ends()


def test_who_is_transferred_to_is_told_and_a_consultation_is_not_recorded(
    tmp_path: pathlib.Path,
) -> None:
    call = RecordedCall(tmp_path)
    call.recorded()
    call.passes(2)
    call.done(Consult(OTHER))
    call.until("consulting agent")
    call.sounds(AGENT, AGENT_HZ)
    call.sounds(OTHER, 2_000)
    call.passes(5)
    assert call.hears(OTHER) != ANNOUNCEMENT
    call.done(Complete())
    call.passes(0.5)
    assert call.hears(OTHER) == ANNOUNCEMENT
    call.until_true(lambda: call.happened().count(f"recording_announced agent {call.name}") == 2)
    call.passes(OBJECTION_US / SECOND_US)
    call.sounds(OTHER, 2_000)
    call.passes(3)
    call.done(StopRecording())
    call.until(f"recording_completed {call.name}")
    _, right = both_channels(tmp_path, call.name)
    heard = sounding(right)
    assert heard[:1] == [AGENT_HZ]
    assert heard[-2:] == [2_000, 2_000]
    assert AGENT_HZ not in heard[4:]
    assert heard.count(2_000) <= 4
    call.ends()


def test_a_transfer_while_the_announcement_is_heard_begins_when_the_new_one_was_told(
    tmp_path: pathlib.Path,
) -> None:
    call = RecordedCall(tmp_path)
    call.done(Transfer(OTHER))
    call.until("ringing agent")
    call.passes(22)
    call.done(Record())
    call.until_true(lambda: "transferred agent" in call.happened())
    call.until_true(lambda: f"recording_started {call.name}" in call.happened())
    view = call.register().view(call.name)
    assert view is not None
    assert {party.number for party in view.entry.parties} >= {CUSTOMER, OTHER}
    call.ends()


def test_a_recording_is_played_to_a_party(tmp_path: pathlib.Path) -> None:
    call = RecordedCall(tmp_path)
    call.recorded()
    call.passes(3)
    assert call.order(PlayPrompt("agent", recording=call.name)) == "invalid_prompt"
    call.done(StopRecording())
    call.until(f"recording_completed {call.name}")
    call.done(PlayPrompt("agent", recording=call.name))
    call.passes(0.5)
    assert call.hears(AGENT) == {f"recording:{call.name}"}
    call.until("prompt_ended agent complete")
    call.ends()


def test_a_deleted_recording_is_gone(tmp_path: pathlib.Path) -> None:
    call = RecordedCall(tmp_path)
    gone: list[str] = []
    assert not call.register().delete("01NONE-1", lambda: gone.append("none"))
    call.recorded()
    assert not call.register().delete(call.name, lambda: gone.append("going on"))
    call.passes(2)
    call.done(StopRecording())
    call.until(f"recording_completed {call.name}")
    assert call.register().delete(call.name, lambda: gone.append(call.name))
    assert call.file().exists(), "not before it is durable that it must go"
    call.passes(1)
    assert gone == [call.name]
    assert not call.file().exists()
    assert call.statuses()[-1] == "deleted"
    assert not call.register().delete(call.name, lambda: gone.append("twice"))
    assert call.order(PlayPrompt("agent", recording=call.name)) == "invalid_prompt"
    call.ends()


def test_retention_sweeps_what_is_old_and_only_that(tmp_path: pathlib.Path) -> None:
    clock = VirtualClock(START_US)
    journal = MemoryJournal(clock, 1_000)
    register = Recordings("ip-76", tmp_path, journal, clock, keep_us=2 * DAY_US)
    for name in ("01CALL-1", "01CALL-2"):
        (tmp_path / f"{name}.wav").write_bytes(b"voice")
        register.note(Recorded("01CALL", name, "completed"))
        clock.advance_us(DAY_US)
    stranger = tmp_path / "01OLDER-1.wav"
    stranger.write_bytes(b"voice")
    os.utime(stranger, (START_US / SECOND_US, START_US / SECOND_US))
    clock.advance_us(2 * HOUR_US)
    assert [file.name for file in tmp_path.iterdir()] == ["01CALL-2.wav"]
    clock.advance_us(DAY_US)
    assert list(tmp_path.iterdir()) == []
    assert {view.entry.status for view in register.views()} == {"deleted"}
    assert {view.entry.reason for view in register.views()} == {"retention"}
    clock.advance_us(5 * DAY_US)
    assert register.views() == []
    assert clock.next_due_us() is None


def test_a_directory_that_cannot_be_written_fails_the_recording_and_not_the_call(
    tmp_path: pathlib.Path,
) -> None:
    place = tmp_path / "taken"
    place.write_text("no directory", encoding="utf-8")
    call = RecordedCall(place)
    call.done(Record())
    call.until(f"recording_failed {call.name}")
    assert call.statuses() == ["in-progress", "failed"]
    assert call.view(call.reference).state == "bridged"
    assert call.order(StopRecording()) == "no_recording"
    call.ends()


@contextlib.contextmanager
def largest_file(octets: int) -> Iterator[None]:
    """The system lets no file grow beyond."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_takes_no_more_fails_the_recording_and_not_the_call(
    tmp_path: pathlib.Path,
) -> None:
    call = RecordedCall(tmp_path)
    call.recorded()
    with largest_file(50_000):
        call.passes(4)
        call.done(PauseRecording())
        call.until(f"recording_failed {call.name}")
    assert call.statuses()[-1] == "failed"
    assert list(tmp_path.iterdir()) == []
    view = call.register().view(call.name)
    assert view is not None
    assert view.entry.reason == "File too large"
    call.both_sound()
    call.passes(1)
    assert call.hears(CUSTOMER) == {f"tone:{AGENT_HZ}"}
    call.name = f"{call.reference}-2"
    call.recorded()
    call.passes(2)
    call.ends()
    assert call.statuses()[-1] == "completed"


def test_after_a_crash_a_recording_is_what_its_file_is(tmp_path: pathlib.Path) -> None:
    """One had been completed when the process ended, one had not, one had been deleted."""
    call = RecordedCall(tmp_path)
    call.recorded()
    call.passes(2)
    call.done(StopRecording())
    call.until(f"recording_completed {call.name}")
    whole = call.file().read_bytes()
    entries = list(call.journal.entries)
    one, two, three = (f"{call.reference}-{place}" for place in (1, 2, 3))
    entries = [
        stamped
        for stamped in entries
        if not (isinstance(stamped.entry, Recorded) and stamped.entry.status == "completed")
    ]
    last = entries[-1]
    register = call.register()
    for name, status, octets in (
        (two, "in-progress", whole[:500]),
        (three, "deleted", whole),
    ):
        (tmp_path / f"{name}.wav").write_bytes(octets)
        register.note(Recorded(call.reference, name, status))
    call.passes(1)
    entries += call.journal.entries[-2:]
    assert last.entity == "ip-76"
    again = ControlledCall(recordings=tmp_path, entries=entries, seed=2)
    logic = again.network.peripherals["ip-76"].calling_logic
    assert logic.recordings is not None
    known = {view.entry.recording: view.entry for view in logic.recordings.views()}
    assert {name: known[name].status for name in (one, two, three)} == {
        one: "completed",
        two: "failed",
        three: "deleted",
    }
    assert known[one].octets == len(whole)
    assert [file.name for file in tmp_path.iterdir()] == [f"{one}.wav"]


def test_equipment_without_a_place_for_them_makes_no_recordings() -> None:
    call = ControlledCall()
    assert call.order(Record()) == "not_possible_here"
    call.ends()


def test_the_announcement_is_speech_at_a_level_that_is_heard(tmp_path: pathlib.Path) -> None:
    call = RecordedCall(tmp_path)
    ear = call.voice.record("telephones", f"line:{CUSTOMER}")
    call.done(Record())
    call.passes(2)
    assert dbm0(ear.stop()) > -40
    call.ends()
