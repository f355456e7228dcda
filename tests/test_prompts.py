"""What customers hear besides people: languages, recordings of a business, notices in a long hunt.

Calls through the whole network of figure 1 on the virtual clock; what an ear heard is compared with
the samples that were played.
"""

import struct
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from calleq.call.policy import NOTICE_FIRST_US, NOTICE_INTERVAL_US
from calleq.calling_logic.instruction import MUSIC, NAME
from calleq.media.contract import Prompt, line_wire
from calleq.media.g711 import Samples, dbm0, decode, encode, saturate
from calleq.media.languages import LANGUAGES, SENTENCES
from calleq.media.prompts import NominalPrompts, SpokenPrompts
from calleq.media.supplied import Supplied, SuppliedError, parse_wav, read_wav
from calleq.media.wording import announcement_text, apology_text, question_text, whisper_text
from calleq.network_prompts import prompts_of, recordings_of
from calleq.special_resource.orders import announcement
from calleq.ss7.inap.interaction import InbandInfo, MessageText
from calleq.topology import Topology, TopologyError, figure1_path, load_topology, parse_topology
from calleq.units import SECOND_US
from simulator.virtual import Speech
from tests.live import calleq
from tests.test_consent import CUSTOMER, asking
from tests.test_equipments import BY_PERIPHERAL, OTHERS, made_by, with_silent_representatives
from tests.virtual import REPRESENTATIVE, VirtualNetwork, number

HERTZ = 1_004


def tone(rate_hz: int = 8_000, length_s: float = 1.0, level: float = 0.3) -> Samples:
    at_s = np.arange(round(rate_hz * length_s)) / rate_hz
    return saturate(32_767 * level * np.sin(2 * np.pi * HERTZ * at_s))


def wav(
    body: bytes, tag: int = 1, bits: int = 16, rate_hz: int = 8_000, channels: int = 1
) -> bytes:
    frame = channels * bits // 8
    form = struct.pack("<HHIIHH", tag, channels, rate_hz, rate_hz * frame, frame, bits)
    chunks = b"fmt " + struct.pack("<I", len(form)) + form
    chunks += b"LIST" + struct.pack("<I", 3) + b"abc\0"  # odd chunks are padded
    chunks += b"data" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def assert_tone(supplied: Supplied, level: float = 0.3) -> None:
    """The supplied samples are the tone, at its length, pitch and level."""
    samples = decode(supplied.octets)
    assert supplied.length_us == pytest.approx(SECOND_US, abs=1_000)
    spectrum = np.abs(np.fft.rfft(samples.astype(np.float64)))
    assert int(spectrum.argmax()) == HERTZ
    assert supplied.level_dbm0 == pytest.approx(dbm0(tone(level=level)), abs=0.3)


# WAV files.


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 16_000, 44_100, 48_000, 96_000])
def test_any_rate_becomes_8_khz(rate_hz: int) -> None:
    assert_tone(parse_wav(wav(tone(rate_hz).tobytes(), rate_hz=rate_hz)))


def test_every_coding_becomes_mu_law() -> None:
    linear = tone()
    eight = ((linear.astype(np.int32) >> 8) + 128).astype(np.uint8)
    stereo = np.repeat(linear, 2)
    assert_tone(parse_wav(wav(linear.tobytes())))
    assert_tone(parse_wav(wav(eight.tobytes(), bits=8)))
    assert_tone(parse_wav(wav(encode(linear), tag=7, bits=8)))
    assert_tone(parse_wav(wav(stereo.tobytes(), channels=2)))
    assert parse_wav(wav(encode(linear), tag=7, bits=8)).octets == encode(linear)


@pytest.mark.foreign("sox")
@pytest.mark.parametrize(
    "options",
    [
        *(["-e", "a-law"], ["-e", "u-law"], ["-b", "8", "-e", "unsigned"]),
        *(["-b", "16", "-r", "22050"], ["-b", "16", "-r", "48000", "-c", "2"]),
    ],
    ids=str,
)
def test_what_sox_writes_is_read(options: list[str], tmp_path: Path) -> None:
    file = tmp_path / "tone.wav"
    rate = [] if "-r" in options else ["-r", "8000"]
    effect = ["synth", "1", "sine", str(HERTZ), "vol", "0.3"]
    subprocess.run(["sox", "-n", *rate, *options, str(file), *effect], check=True)
    assert_tone(read_wav(file))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no WAV file"),
        (b"RIFF\0\0\0\0AVI ", "no WAV file"),
        (wav(b"")[:40], "without sound"),
        (wav(b"")[:12] + b"data\0\0\0\0", "before its format"),
        (wav(b"")[:12] + b"fmt \2\0\0\0\0\0", "cut short"),
        (wav(b"\0" * 99_999, tag=2, bits=4), "coding 2 of 4 bits"),
        (wav(b"\0" * 99_999, bits=24), "coding 1 of 24 bits"),
        (wav(tone().tobytes(), channels=6), "6 channels"),
        (wav(tone().tobytes(), rate_hz=4_000), "4000 Hz"),
        (wav(tone(length_s=0.05).tobytes()), "0.1 s of sound"),
        (wav(b"\1\2" * 8_000 * 121), "121.0 s of sound"),
        (wav(b"\0\0" * 8_000), "silent"),
    ],
)
def test_what_cannot_be_played_is_refused_with_the_reason(content: bytes, why: str) -> None:
    with pytest.raises(SuppliedError, match=why):
        parse_wav(content)


def test_files_are_checked_by_a_command(tmp_path: Path) -> None:
    good, bad = tmp_path / "name.wav", tmp_path / "bad.wav"
    good.write_bytes(wav(tone().tobytes()))
    bad.write_bytes(b"MP3")
    done = calleq("prompts", "check", str(good))
    assert done.returncode == 0
    assert f"{good}: PCM of 16 bits, 8000 Hz, 1 channel; 1.0 s, -7" in done.stdout
    done = calleq("prompts", "check", str(good), str(bad), str(tmp_path / "none.wav"))
    assert done.returncode == 1
    assert f"{bad}: no WAV file" in done.stdout
    assert "none.wav: No such file" in done.stdout


# Recordings of a business.


def with_business(topology: Topology, **keys: Any) -> Topology:
    return msgspec.structs.replace(
        topology,
        businesses=tuple(
            msgspec.structs.replace(one, **keys) if one.identifier == "abc" else one
            for one in topology.businesses
        ),
    )


def supplied_by_abc(tmp_path: Path, purpose: str) -> Topology:
    """ABC supplies a tone for a purpose."""
    file = tmp_path / "abc.wav"
    file.write_bytes(wav(tone().tobytes()))
    return with_business(made_by(BY_PERIPHERAL), **{f"recorded_{purpose}": str(file)})


def heard(topology: Topology, representative: str = REPRESENTATIVE) -> tuple[Samples, int]:
    """What the customer's ear heard from answer to the end, and where the bridge was in it."""
    speech = Speech(supplied=recordings_of(topology))
    network = VirtualNetwork(topology, speech=speech)
    call = network.place(CUSTOMER, representative)
    while network.view(call).state != "customer_answered":
        assert network.clock.run_next()
    recording = network.voice.record("telephones", line_wire(CUSTOMER))
    began_us = network.clock.now_us()
    network.run_to_end(call)
    assert network.view(call).state == "completed"
    bridged_us = network.event_at_us(call, "bridged") - began_us
    return recording.stop(), bridged_us * 8 // 1_000


def found_at(sound: Samples, piece: Samples) -> int:
    """Where a piece is in a sound, sample for sample; -1 where it is not."""
    size = 1 << (sound.size + piece.size).bit_length()
    one = np.fft.rfft(sound.astype(np.float64), size)
    other = np.fft.rfft(piece.astype(np.float64), size)
    place = int(np.fft.irfft(one * other.conj(), size)[: sound.size].argmax())
    return place if np.array_equal(sound[place : place + piece.size], piece) else -1


@pytest.mark.row("S2-57", part=True)
@pytest.mark.row("S2-58", part=True)
def test_the_customer_hears_the_samples_of_the_announcement_from_the_answer_on() -> None:
    sound, bridged = heard(made_by(BY_PERIPHERAL))
    text, mark = announcement_text("ABC Company")
    spoken = NominalPrompts().samples(Prompt("speech", text, mark))
    # The representative is there before its end: what follows the name is cut.
    part = spoken[: spoken.size * (text.index(mark) + len(mark)) // len(text)]
    assert 0 <= found_at(sound, part) < 8_000 // 10
    assert found_at(sound[bridged:], part) < 0


@pytest.mark.row("S2-58", part=True)
def test_a_recorded_name_is_heard_in_the_announcement(tmp_path: Path) -> None:
    sound, _ = heard(supplied_by_abc(tmp_path, NAME))
    before = NominalPrompts().samples(Prompt("speech", "Please hold while we connect you to an"))
    name = decode(encode(tone()))
    place = found_at(sound, before)
    assert place >= 0
    assert found_at(sound, name) == place + before.size


def test_a_recorded_announcement_is_heard_whole(tmp_path: Path) -> None:
    sound, _ = heard(supplied_by_abc(tmp_path, "announcement"))
    assert 0 <= found_at(sound, decode(encode(tone()))) < 8_000 // 10


def test_recorded_music_is_heard_while_somebody_holds(tmp_path: Path) -> None:
    slow = number("06")
    sound, bridged = heard(supplied_by_abc(tmp_path, MUSIC), slow)
    twice = decode(encode(np.concatenate((tone(), tone()))))
    assert 0 < found_at(sound, twice) < bridged


def test_a_recording_that_is_not_at_hand_is_done_without(tmp_path: Path) -> None:
    topology = supplied_by_abc(tmp_path, NAME)
    network = VirtualNetwork(topology)
    assert network.call(CUSTOMER, REPRESENTATIVE).state == "completed"


def test_the_places_of_recordings_are_told_from_the_topology_file(tmp_path: Path) -> None:
    text = figure1_path().read_text("utf-8")
    file = tmp_path / "network.toml"
    file.write_text(
        text.replace('identifier = "abc"', 'identifier = "abc"\nrecorded_name = "a.wav"')
    )
    (abc, *_) = (one for one in load_topology(file).businesses if one.identifier == "abc")
    assert abc.recordings == {NAME: str(tmp_path / "a.wav")}


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ('consent = "perhaps"', "consent"),
        ('consent = "key"\ndial_first = "agent"', "dial_first is customer"),
        ("question_tries = 4", "question_tries: 4: 1 to 3"),
        ("answer_limit_s = 0.5", "answer_limit_s: 0.5: 1 to 10"),
        ('language = "la"', "language"),
    ],
)
def test_a_business_that_cannot_be_is_refused_with_its_key(key: str, why: str) -> None:
    text = figure1_path().read_text("utf-8")
    with pytest.raises(TopologyError, match=why):
        parse_topology(text.replace('identifier = "xyz"', f'identifier = "xyz"\n{key}'), "net")


# Languages.


def texts(language: str, name: str = "ABC") -> list[str]:
    said = SENTENCES[language]
    spoken = [announcement_text(name, language)[0], whisper_text(name, language)]
    spoken += [apology_text(name, language), question_text(name, language)[0]]
    return [*spoken, said.busy, said.goodbye, said.opted_out]


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_every_sentence_of_its_own_with_a_name_and_without(language: str) -> None:
    for name in ("ABC", ""):
        for text in texts(language, name):
            assert text
            assert "{" not in text
            assert "  " not in text
            assert language == "en" or text not in texts("en", name)
    assert "ABC" in announcement_text("ABC", language)[0]
    assert announcement_text("", language)[1] == ""


def test_the_synthesiser_has_a_voice_for_each_language(tmp_path: Path) -> None:
    library = SpokenPrompts(tmp_path)
    lengths = {
        said.voice: library.duration_us(Prompt("speech", said.goodbye, language=said.voice))
        for said in SENTENCES.values()
    }
    assert library.notice == ""
    assert all(length_us > SECOND_US // 2 for length_us in lengths.values())


@pytest.mark.parametrize("language", ["fr", "es", "de"])
@pytest.mark.parametrize("equipment", [BY_PERIPHERAL, "ssp-62"])
def test_a_business_speaks_its_language(equipment: str, language: str) -> None:
    network = VirtualNetwork(asking(equipment, language=language))
    assert network.call(CUSTOMER, REPRESENTATIVE).state == "completed"
    details = [one.detail for one in network.entries(CUSTOMER) if one.event == "hears"]
    spoken = [detail.removeprefix("speech:") for detail in details if "speech:" in detail]
    question, _ = question_text("ABC Company", language)
    assert spoken == [question, announcement_text("ABC Company", language)[0]]
    whispered = [one.detail for one in network.entries(REPRESENTATIVE) if one.event == "hears"]
    assert f"speech:{whisper_text('ABC Company', language)}" in whispered


def test_a_message_may_want_another_language_than_its_business() -> None:
    network = VirtualNetwork(made_by(BY_PERIPHERAL))
    network.call(CUSTOMER, REPRESENTATIVE, language="de")
    details = [one.detail for one in network.entries(CUSTOMER) if one.event == "hears"]
    assert f"speech:{announcement_text('ABC Company', 'de')[0]}" in details


def test_an_scp_says_in_which_language_a_text_is_spoken() -> None:
    information = InbandInfo(MessageText("Bonjour", b"fr"), number_of_repetitions=1)
    (prompt,) = announcement(1, information, reports=True, is_last=False).prompts
    assert prompt.language == SENTENCES["fr"].voice
    network = VirtualNetwork(asking("scp-1", language="fr"))
    view = network.call(CUSTOMER, REPRESENTATIVE)
    assert view.state == "completed"


def test_everything_a_network_says_can_be_prepared() -> None:
    topology = asking(language="fr", consent="key")
    prepared = {(prompt.language, prompt.text) for prompt in prompts_of(topology)}
    assert {("fr", text) for text in texts("fr", "ABC Company")} <= prepared
    assert ("en-us", announcement_text("")[0]) in prepared


# A long hunt.


def heard_in_turn(network: VirtualNetwork) -> list[tuple[str, int]]:
    """(what, from when) at the customer's ear, silences left out."""
    entries = [one for one in network.entries(CUSTOMER) if one.event == "hears"]
    return [(one.detail, one.at_us) for one in entries if one.detail != "silence"]


@pytest.mark.parametrize("equipment", [BY_PERIPHERAL, *OTHERS])
def test_all_are_busy_is_said_again_and_again_while_the_hunt_goes_on(equipment: str) -> None:
    network = VirtualNetwork(made_by(equipment, with_silent_representatives()))
    view = network.call(CUSTOMER)
    assert view.state == "agent_no_answer"
    turns = heard_in_turn(network)
    notice = f"speech:{SENTENCES['en'].busy}"
    notices = [at_us for what, at_us in turns if what == notice]
    lost_us = network.event_at_us(view.call, "dialled", "agent", 2)
    assert 0 <= notices[0] - lost_us < SECOND_US
    assert len(notices) > 5
    length_us = NominalPrompts().duration_us(Prompt("speech", SENTENCES["en"].busy))
    for one, other in pairwise(notices):
        assert other - one == pytest.approx(length_us + NOTICE_INTERVAL_US, abs=SECOND_US)
    words = "".join(what.removeprefix("speech:") for what, _ in turns if what != "music")
    all_busy = SENTENCES["en"].busy * len(notices)
    assert words == f"{announcement_text('ABC Company')[0]}{all_busy}{apology_text('ABC Company')}"


def test_an_attempt_lost_during_the_announcement_is_told_of_soon_after_it() -> None:
    busy, slow = number("01"), number("06")
    topology = with_business(made_by(BY_PERIPHERAL), representatives=(slow,))
    network = VirtualNetwork(topology)
    view = network.call(CUSTOMER, busy)
    assert view.state == "completed"
    turns = [what for what, _ in heard_in_turn(network)]
    notice = f"speech:{SENTENCES['en'].busy}"
    assert turns[:4] == [f"speech:{announcement_text('ABC Company')[0]}", "music", notice, "music"]
    music, spoken = (at_us for what, at_us in heard_in_turn(network)[1:3])
    assert spoken - music == pytest.approx(NOTICE_FIRST_US, abs=SECOND_US // 5)
