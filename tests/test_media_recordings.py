"""Recordings in files: what two parties said, left and right, and what becomes of bad disks."""

import errno
import pathlib
import shutil
import subprocess

import numpy as np
import pytest

from calleq.media.contract import Player, Prompt, player_source, wire_source
from calleq.media.frames import FRAME_SAMPLES, FRAME_US
from calleq.media.g711 import Samples, encode
from calleq.media.graph import VoiceError
from calleq.media.prompts import NominalPrompts
from calleq.media.recorder import (
    RecordingEnd,
    RecordingError,
    is_complete,
    read_recording,
    recording_path,
    recording_wire,
)
from calleq.media.sounds import test_tone as tone_of
from calleq.media.taping import BACKLOG_CHUNKS, PromptScribe, Tape
from calleq.media.ticked import TickedVoice
from calleq.media.virtual import VirtualVoice
from calleq.media.virtual_tapes import VirtualTapes
from calleq.runtime.clock import VirtualClock
from calleq.runtime.disk import DiskFile, RealDisk
from calleq.units import SECOND_US
from tests.rtp_bench import Plane, speech

LEFT_HZ, RIGHT_HZ = 440, 1_000
NAME = "01CALL-1"


def speaks(voice: TickedVoice | VirtualVoice, wire: str, hertz: int) -> None:
    """The telephone at the far end of a wire sounds a tone from now on."""
    voice.feed("telephones", wire, (player_source(wire),))
    voice.play("telephones", wire, Prompt("tone", str(hertz)), Player())


def bridge(voice: TickedVoice | VirtualVoice) -> None:
    """Two parties at the bridge of `ip`; each sounds its tone."""
    for wire, other in (("one", "other"), ("other", "one")):
        voice.feed("ip", wire, (wire_source(other),))
    speaks(voice, "one", LEFT_HZ)
    speaks(voice, "other", RIGHT_HZ)


def recorded(voice: TickedVoice | VirtualVoice, left: str, right: str) -> None:
    """What is recorded from now on; an empty name is nobody."""
    sides = (("left", left), ("right", right))
    for side, wire in sides:
        sources = (wire_source(wire),) if wire else ()
        voice.feed("ip", recording_wire(NAME, "left" if side == "left" else "right"), sources)


def is_tone(samples: Samples, hertz: int) -> bool:
    """Whether samples are a piece of the test tone, octet by octet."""
    tone = tone_of(hertz).samples
    return any(
        np.array_equal(samples, np.take(tone, np.arange(at, at + samples.size), mode="wrap"))
        for at in range(0, tone.size, FRAME_SAMPLES)
    )


def test_each_side_holds_what_its_party_said_sample_by_sample(tmp_path: pathlib.Path) -> None:
    clock = VirtualClock()
    voice = VirtualVoice(clock, NominalPrompts(), tmp_path)
    tapes = VirtualTapes(voice, tmp_path)
    ends: list[RecordingEnd] = []
    bridge(voice)
    clock.advance_us(SECOND_US)
    tapes.start_recording("ip", NAME, ends.append)
    recorded(voice, "one", "other")
    clock.advance_us(2 * SECOND_US)
    recorded(voice, "", "")  # a pause
    clock.advance_us(SECOND_US)
    recorded(voice, "one", "other")
    clock.advance_us(SECOND_US)
    tapes.stop_recording("ip", NAME)
    assert ends == []
    clock.advance_us(0)
    left, right = read_recording(recording_path(tmp_path, NAME))
    second = SECOND_US // FRAME_US * FRAME_SAMPLES
    assert (left.size, right.size) == (4 * second, 4 * second)
    for side, hertz in ((left, LEFT_HZ), (right, RIGHT_HZ)):
        assert is_tone(side[: 2 * second], hertz)
        assert not side[2 * second : 3 * second].any()
        assert is_tone(side[3 * second :], hertz)
    size = recording_path(tmp_path, NAME).stat().st_size
    assert ends == [RecordingEnd("completed", 4 * SECOND_US, size)]
    assert is_complete(recording_path(tmp_path, NAME)) == size
    assert clock.next_due_us() is None


def test_real_voice_writes_the_same_file_but_for_missed_ticks(tmp_path: pathlib.Path) -> None:
    voice = TickedVoice(NominalPrompts(), recordings=tmp_path)
    ends: list[RecordingEnd] = []
    bridge(voice)
    voice.tick(0)
    voice.start_recording("ip", NAME, ends.append)
    recorded(voice, "one", "other")
    for frame in (1, 2, 3, 6, 7):
        voice.tick(frame)
    voice.stop_recording("ip", NAME)
    left, right = read_recording(recording_path(tmp_path, NAME))
    assert left.size == 7 * FRAME_SAMPLES
    for side, hertz in ((left, LEFT_HZ), (right, RIGHT_HZ)):
        assert is_tone(side[: 3 * FRAME_SAMPLES], hertz)
        assert not side[3 * FRAME_SAMPLES : 5 * FRAME_SAMPLES].any()
        assert is_tone(side[5 * FRAME_SAMPLES :], hertz)
    assert [end.status for end in ends] == ["completed"]


def test_a_recording_can_be_played_to_somebody(tmp_path: pathlib.Path) -> None:
    voice = TickedVoice(NominalPrompts(), recordings=tmp_path)
    bridge(voice)
    voice.start_recording("ip", NAME, lambda end: None)
    recorded(voice, "one", "")
    for frame in range(50):
        voice.tick(frame)
    voice.stop_recording("ip", NAME)
    heard: list[str] = []
    voice.play("ip", "again", Prompt("recording", NAME), Player(heard.append))
    voice.feed("ip", "one", (player_source("again"),))
    voice.record("telephones", "one")
    for frame in range(50, 110):
        voice.tick(frame)
    assert heard == ["complete"]
    ear = voice.ear("telephones", "one")
    assert ear is not None
    _, octets = ear.since(0, 110)
    assert len(octets) >= 50 * FRAME_SAMPLES
    voice.play("ip", "none", Prompt("recording", "01NOTHING-1"), Player(heard.append))
    voice.play("ip", "none", Prompt("recording", "../secret"), Player(heard.append))
    voice.tick(111)
    assert heard == ["complete", "failed", "failed"]


def test_what_comes_by_rtp_is_recorded_octet_by_octet(tmp_path: pathlib.Path) -> None:
    """Two telephones behind ports, relayed to each other as two real ones are."""
    plane = Plane(tmp_path)
    one, far_one = plane.leg("sip", "one")
    other, far_other = plane.leg("sip", "other")
    for wire, heard in (("one", "other"), ("other", "one")):
        plane.voice.feed("ip", wire, (wire_source(heard),))
    said = {far_one: speech(1, 80), far_other: speech(2, 80)}
    spoken = 0

    def speak() -> None:
        nonlocal spoken
        for leg, far in ((one, far_one), (other, far_other)):
            frame = said[far][spoken * FRAME_SAMPLES :][:FRAME_SAMPLES]
            far.say(leg, encode(frame))
        spoken += 1

    plane.frames(20, speak)
    plane.voice.start_recording("ip", NAME, lambda end: None)
    recorded(plane.voice, "one", "other")
    plane.frames(50, speak)
    plane.voice.stop_recording("ip", NAME)
    plane.close()
    sides = read_recording(recording_path(tmp_path, NAME))
    for samples, whole in zip(sides, said.values(), strict=True):
        middle = samples[5 * FRAME_SAMPLES : 45 * FRAME_SAMPLES]
        places = range(0, whole.size - middle.size, FRAME_SAMPLES)
        assert any(np.array_equal(middle, whole[at : at + middle.size]) for at in places)


@pytest.mark.foreign("sox")
def test_sox_reads_what_was_written(tmp_path: pathlib.Path) -> None:
    tape = Tape(tmp_path / "one.wav", PromptScribe(), lambda end: None)
    tape.keep(bytes([0x80]) * 8_000, bytes([0xFF]) * 8_000)
    tape.stop()
    program = shutil.which("sox")
    assert program is not None
    said = subprocess.run(
        [program, "--info", str(tmp_path / "one.wav")], capture_output=True, text=True, check=True
    ).stdout
    assert "8-bit u-law" in said
    assert "Channels       : 2" in said
    assert "8000 samples" in said


class FullDisk(RealDisk):
    """Takes so many writes and then says that it is full."""

    def __init__(self, writes: int) -> None:
        self.writes = writes

    def open(self, path: pathlib.Path) -> DiskFile:
        return FullFile(self, super().open(path))


class FullFile:
    """A file on it."""

    def __init__(self, disk: FullDisk, file: DiskFile) -> None:
        self._disk = disk
        self.read_all, self.truncate = file.read_all, file.truncate
        self.sync, self.close = file.sync, file.close
        self._write_at = file.write_at

    def write_at(self, offset: int, octets: bytes) -> None:
        if not self._disk.writes:
            raise OSError(errno.ENOSPC, "No space left on device")
        self._disk.writes -= 1
        self._write_at(offset, octets)


@pytest.mark.parametrize("writes", [0, 1, 3])
def test_a_full_disk_fails_the_recording_and_leaves_no_file(
    tmp_path: pathlib.Path, writes: int
) -> None:
    ends: list[RecordingEnd] = []
    path = tmp_path / "full.wav"
    tape = Tape(path, PromptScribe(), ends.append, FullDisk(writes))
    for _ in range(200):
        tape.keep(bytes(FRAME_SAMPLES), bytes(FRAME_SAMPLES))
    tape.stop()
    assert ends == [RecordingEnd("failed", reason="No space left on device")]
    assert tape.is_over
    assert not path.exists()


class SlowScribe:
    """Does nothing before it is told to."""

    def __init__(self) -> None:
        self.jobs: list[tuple[object, object]] = []

    def write(self, job: object, written: object) -> None:
        self.jobs.append((job, written))

    def work(self) -> None:
        for job, written in self.jobs:
            PromptScribe().write(job, written)  # type: ignore[arg-type]


def test_a_disk_that_falls_behind_fails_the_recording(tmp_path: pathlib.Path) -> None:
    scribe, ends = SlowScribe(), list[RecordingEnd]()
    path = tmp_path / "slow.wav"
    tape = Tape(path, scribe, ends.append)
    for _ in range(50 * (BACKLOG_CHUNKS + 2)):
        tape.keep(bytes(FRAME_SAMPLES), bytes(FRAME_SAMPLES))
    assert tape.is_over
    assert len(scribe.jobs) == BACKLOG_CHUNKS + 1
    scribe.work()
    assert ends == [RecordingEnd("failed", reason="the disk is too slow")]
    assert not path.exists()


def test_a_recording_that_reaches_its_size_is_complete(tmp_path: pathlib.Path) -> None:
    ends: list[RecordingEnd] = []
    path = tmp_path / "long.wav"
    tape = Tape(path, PromptScribe(), ends.append, limit_octets=4_000)
    for _ in range(20):
        tape.keep(bytes(FRAME_SAMPLES), bytes(FRAME_SAMPLES))
    assert [(end.status, end.reason) for end in ends] == [("completed", "it has reached its size")]
    left, right = read_recording(path)
    assert (left.size, right.size) == (2_000, 2_000)


def test_nothing_recorded_is_absent_and_half_a_file_is_no_recording(
    tmp_path: pathlib.Path,
) -> None:
    ends: list[RecordingEnd] = []
    tape = Tape(tmp_path / "nothing.wav", PromptScribe(), ends.append)
    tape.stop()
    assert [end.status for end in ends] == ["absent"]
    assert not (tmp_path / "nothing.wav").exists()
    broken = Tape(tmp_path / "half.wav", PromptScribe(), ends.append)
    broken.keep(bytes(16_000), bytes(16_000))
    assert is_complete(tmp_path / "half.wav") == 0
    with pytest.raises(RecordingError, match="no complete recording"):
        read_recording(tmp_path / "half.wav")


def test_two_recordings_of_one_name_and_a_name_that_is_none_are_refused(
    tmp_path: pathlib.Path,
) -> None:
    voice = TickedVoice(NominalPrompts(), recordings=tmp_path)
    ends: list[RecordingEnd] = []
    voice.start_recording("ip", NAME, ends.append)
    voice.start_recording("ip", NAME, ends.append)
    voice.start_recording("ip", "../elsewhere", ends.append)
    assert [end.status for end in ends] == ["failed", "failed"]
    with pytest.raises(VoiceError):
        voice.feed("ip", recording_wire(NAME, "left"), ("nonsense",))
