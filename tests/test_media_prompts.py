"""Speech: nominal and spoken, kept, marked, and what stands in for it when there is none."""

import asyncio
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from calleq.media import prompts
from calleq.media.contract import Prompt
from calleq.media.g711 import dbm0, quantise
from calleq.media.prompts import NominalPrompts, SpokenPrompts
from calleq.media.wording import announcement_text

TEXT, MARK = announcement_text("ABC Company")
ANNOUNCEMENT = Prompt("speech", TEXT, MARK)


def test_nominal_lengths_follow_from_the_text_alone():
    library = NominalPrompts()
    assert library.ready(ANNOUNCEMENT)
    assert library.duration_us(ANNOUNCEMENT) == len(TEXT) * 65_000
    assert library.mark_us(ANNOUNCEMENT) == (TEXT.index(MARK) + len(MARK)) * 65_000
    assert library.mark_us(Prompt("speech", TEXT, "Nobody")) == len(TEXT) * 65_000
    samples = library.samples(ANNOUNCEMENT)
    assert samples.size == len(TEXT) * 65 * 8
    assert dbm0(samples) == pytest.approx(-18, abs=1)
    assert (samples == library.samples(ANNOUNCEMENT)).all()
    assert (samples[:8_000] != library.samples(Prompt("speech", TEXT + "!"))[:8_000]).any()


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("espeakng_loader")
    return tmp_path_factory.mktemp("prompts")


def test_a_spoken_announcement_has_level_length_and_mark(cache: Path):
    library = SpokenPrompts(cache)
    samples = library.samples(ANNOUNCEMENT)
    assert library.notice == ""
    assert 3_000_000 < library.duration_us(ANNOUNCEMENT) < 7_000_000
    assert samples.size * 125 == library.duration_us(ANNOUNCEMENT)
    assert -24 < dbm0(samples) < -15
    assert (quantise(samples) == samples).all()
    # the business's name ends about two thirds through
    share = library.mark_us(ANNOUNCEMENT) / library.duration_us(ANNOUNCEMENT)
    assert 0.5 < share < 0.8
    upto = library.duration_us(Prompt("speech", TEXT[: TEXT.index(MARK) + len(MARK)]))
    assert library.mark_us(ANNOUNCEMENT) == pytest.approx(upto, abs=400_000)


def test_what_is_spoken_lies_within_the_telephone_band(cache: Path):
    samples = SpokenPrompts(cache).samples(ANNOUNCEMENT).astype(float)
    power = np.abs(np.fft.rfft(samples)) ** 2
    hertz = np.fft.rfftfreq(samples.size, 1 / 8_000)
    assert power[hertz > 3_800].sum() < 0.001 * power.sum()
    assert power[(hertz > 100) & (hertz < 3_600)].sum() > 0.95 * power.sum()


def test_a_sentence_is_rendered_once_and_the_same_each_time(cache: Path, tmp_path: Path):
    first = SpokenPrompts(cache)
    samples = first.samples(ANNOUNCEMENT)
    again = SpokenPrompts(cache)
    assert again.ready(ANNOUNCEMENT)
    assert (again.samples(ANNOUNCEMENT) == samples).all()
    afresh = SpokenPrompts(tmp_path)
    assert not afresh.ready(ANNOUNCEMENT)
    asyncio.run(afresh.prepare(ANNOUNCEMENT))
    assert (afresh.samples(ANNOUNCEMENT) == samples).all()


def test_a_damaged_file_is_rendered_again(cache: Path, tmp_path: Path):
    prompt = Prompt("speech", "Yes.")
    library = SpokenPrompts(tmp_path)
    samples = library.samples(prompt)
    (file,) = tmp_path.iterdir()
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)
    other = SpokenPrompts(tmp_path)
    assert not other.ready(prompt)
    assert (other.samples(prompt) == samples).all()
    assert other.notice == ""


def test_a_voice_that_does_not_exist_gives_a_tone_and_says_so(tmp_path: Path):
    pytest.importorskip("espeakng_loader")
    library = SpokenPrompts(tmp_path)
    samples = library.samples(Prompt("speech", "Hello there.", language="tlh-kronos"))
    assert "tone is played instead" in library.notice
    assert "tlh-kronos" in library.notice
    assert "\n" not in library.notice
    assert samples.size == 12 * 65 * 8
    assert list(tmp_path.iterdir()) == []


def test_without_the_wheel_a_tone_is_played_and_a_line_says_so(tmp_path: Path):
    library = SpokenPrompts(tmp_path, engine="")
    assert library.ready(ANNOUNCEMENT)
    assert "espeakng-loader" in library.notice
    assert library.duration_us(ANNOUNCEMENT) == len(TEXT) * 65_000
    assert library.mark_us(ANNOUNCEMENT) == NominalPrompts().mark_us(ANNOUNCEMENT)
    spectrum = np.abs(np.fft.rfft(library.samples(ANNOUNCEMENT).astype(float)))
    assert round(spectrum.argmax() * 8_000 / (len(TEXT) * 520)) == prompts.FALLBACK_HZ


def test_a_cache_that_cannot_be_written_costs_only_time(tmp_path: Path):
    pytest.importorskip("espeakng_loader")
    occupied = tmp_path / "file"
    occupied.write_text("no directory")
    library = SpokenPrompts(occupied)
    assert library.samples(Prompt("speech", "Yes.")).size > 1_000
    assert "not kept" in library.notice


def test_few_prompts_are_kept_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(prompts, "MAX_KEPT_PROMPTS", 2)
    library = SpokenPrompts(tmp_path, engine="")
    lengths = [library.duration_us(Prompt("speech", "x" * size)) for size in (1, 2, 3, 1)]
    assert lengths == [65_000, 130_000, 195_000, 65_000]


@pytest.mark.parametrize("request_octets", [b"", b"{", b'{"text": 5}', b"\xff\xfe"])
def test_the_worker_refuses_what_is_no_request_in_one_line(request_octets: bytes):
    worker = subprocess.run(
        [sys.executable, "-m", "calleq.media.speak"],
        input=request_octets,
        capture_output=True,
        check=False,
        timeout=30,
    )
    assert worker.returncode == 1
    assert worker.stdout == b""
    assert len(worker.stderr.splitlines()) == 1
    assert b"Traceback" not in worker.stderr


def test_the_synthesiser_is_never_imported_by_the_house():
    loaded = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, calleq.media.server, calleq.media.remote, calleq.media.virtual;"
            "print('espeakng_loader' in sys.modules, 'calleq.media.speak' in sys.modules)",
        ],
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert loaded.stdout.split() == [b"False", b"False"]
