"""What is heard in a call of `calleq up`, measured in the samples at the telephones' ears.

Three calls at once, of three businesses, one of them without a name. In each, once it is joined, a
tone is spoken into one telephone and then into the other. What each ear heard is then compared with
the samples that the prompts were rendered to.
"""

import math
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from calleq.media.contract import Prompt
from calleq.media.frames import FRAME_SAMPLES, SAMPLE_RATE_HZ
from calleq.media.music import hold_music
from calleq.media.prompts import SpokenPrompts
from calleq.media.wording import announcement_text
from calleq.topology import figure1_path
from tests.live import LiveNetwork, at_once

Sound = NDArray[np.float64]

TONE_S = 1.0
CUSTOMER_HZ, REP_HZ = 1_004, 1_633
TALK_S = 6
SETTLED_S = 0.6
"""After the bridge: both have begun to talk, so that a tone takes the place of talking."""
BEFORE_S = 0.5
GAP_S = 0.06
FRAME_S = FRAME_SAMPLES / SAMPLE_RATE_HZ
LOUD = 60.0
"""Root mean square of 16-bit samples; speech and music of the plant are ten times louder."""

CALLS = {
    "abc": ("+12125550100", "+12125550143", "ABC Company"),
    "xyz": ("+12125550111", "+12125550153", "XYZ Travel"),
    "plain": ("+12125550113", "+12125550144", ""),
}
"""Business: customer, representative, the name that is spoken."""

MORE = """
[[lines]]
number = "+12125550113"

[[businesses]]
identifier = "plain"
name = ""
password = "plain-demo"
number = "+12125550160"
representatives = ["+12125550144"]
"""


@dataclass
class Heard:
    """One call: its timeline, and what its two ears heard."""

    at: dict[str, float]
    """Seconds UTC of each kind of event, the first of its kind; `agent dialled` and the like."""
    customer: Sound
    customer_from: float
    rep: Sound
    rep_from: float
    missed_frames: int
    """Ticks that a busy machine made the voice process miss: silence in every ear."""

    def of_customer(self, since: float, until: float) -> Sound:
        """The customer's ear between two instants."""
        return part(self.customer, self.customer_from, since, until)

    def of_rep(self, since: float, until: float) -> Sound:
        """The representative's ear between two instants."""
        return part(self.rep, self.rep_from, since, until)

    def until_bridge(self) -> tuple[Sound, int]:
        """The customer's ear up to the bridge, and the sample of the answer in it."""
        since = self.at["customer answered"] - BEFORE_S
        return self.of_customer(since, self.at["bridged"]), round(BEFORE_S * SAMPLE_RATE_HZ)

    def samples(self, one: str, other: str) -> int:
        """Samples between two events."""
        return round((self.at[other] - self.at[one]) * SAMPLE_RATE_HZ)


def part(sound: Sound, start: float, since: float, until: float) -> Sound:
    """Some of a recording that begins at `start`; before and after it there was nothing."""
    first, last = (round((at - start) * SAMPLE_RATE_HZ) for at in (since, until))
    before, after = max(-first, 0), max(last - max(sound.size, first), 0)
    return np.pad(sound[max(first, 0) : max(last, 0)], (before, after))


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Heard]]:
    """The three calls, made and over, by business."""
    folder = tmp_path_factory.mktemp("audio")
    file = folder / "figure1-and-more.toml"
    text = figure1_path().read_text("utf-8")
    known = 'prefixes = ["+1212555010", "+12125550110"]'
    assert known in text
    file.write_text(text.replace(known, known[:-1] + ', "+12125550113"]') + MORE, "utf-8")
    with LiveNetwork(folder / "data", "--network", str(file), "--talk", str(TALK_S)) as network:
        done = at_once(*(lambda name=name: one_call(network, name) for name in CALLS))
        yield dict(zip(CALLS, done, strict=True))


def one_call(network: LiveNetwork, business: str) -> Heard:
    customer, rep, _ = CALLS[business]
    answer = network.post(
        {
            "business_id": business,
            "password": f"{business}-demo",
            "customer_number": customer,
            "representative_number": rep,
        }
    )
    assert answer.status_code == 202, answer.text
    call = answer.json()["call"]
    network.wait_for_event(call, "bridged", business)
    pause = threading.Event()
    pause.wait(SETTLED_S)
    network.say(customer, CUSTOMER_HZ, TONE_S)
    pause.wait(TONE_S + 0.4)
    network.say(rep, REP_HZ, TONE_S)
    view = network.follow(call, business)
    assert view["state"] == "completed"
    at: dict[str, float] = {}
    for event in network.events(call, business):
        name = f"{event['leg']} {event['event']}" if event["event"] in LEG_EVENTS else ""
        at.setdefault(name or event["event"], datetime.fromisoformat(event["at"]).timestamp())
    customer_sound, customer_from_us, _ = network.heard(customer)
    rep_sound, rep_from_us, missed = network.heard(rep)
    return Heard(at, customer_sound, customer_from_us / 1e6, rep_sound, rep_from_us / 1e6, missed)


LEG_EVENTS = {"dialled", "ringing", "answered", "released"}


# Measures.


def tone_shares(sound: Sound, hz: int) -> Sound:
    """In windows of 100 ms that are not silent: which share of the energy is at a frequency."""
    size = SAMPLE_RATE_HZ // 10
    windows = sound[: sound.size // size * size].reshape(-1, size)
    windows = windows[np.sqrt(np.mean(windows**2, axis=1)) > LOUD] * np.hanning(size)
    if not windows.size:
        return np.zeros(0)
    power = np.abs(np.fft.rfft(windows, axis=1)) ** 2
    bins = np.fft.rfftfreq(size, 1 / SAMPLE_RATE_HZ)
    near = np.abs(bins - hz) <= 25
    return np.asarray(power[:, near].sum(axis=1) / power.sum(axis=1))


def likeness(sound: Sound, template: Sound) -> tuple[float, int]:
    """How like a template the likeliest place is (normalised correlation), and that place.

    What a busy machine did not tick is silence, and is not compared.
    """
    if sound.size < template.size or not template.any():
        return 0.0, 0
    size = 1 << int(np.ceil(np.log2(sound.size + template.size)))
    spectrum = np.fft.rfft(sound, size) * np.conj(np.fft.rfft(template, size))
    products = np.fft.irfft(spectrum, size)[: sound.size - template.size + 1]
    sums = np.concatenate(([0.0], np.cumsum(sound**2)))
    energies = sums[template.size :] - sums[: -template.size]
    floor = template.size * LOUD**2 / 4
    values = products / np.sqrt(np.maximum(energies, floor) * np.sum(template**2))
    place = int(np.argmax(values))
    found = sound[place : place + template.size]
    ticked = template[found != 0]
    if ticked.size < template.size / 2:
        return float(values[place]), place
    energy = float(np.sum(found**2)) * float(np.sum(ticked**2))
    return float(np.dot(found, template)) / math.sqrt(energy), place


@pytest.fixture(scope="module")
def announcements(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Sound, int]]:
    """By business: the rendered announcement, and the sample by which it may be cut.

    The same synthesiser with a cache of its own: nothing is taken from the network's.
    """
    prompts = SpokenPrompts(tmp_path_factory.mktemp("prompts"))
    rendered = {}
    for business, (_, _, name) in CALLS.items():
        text, mark = announcement_text(name)
        prompt = Prompt("speech", text, mark)
        named = prompts.mark_us(prompt) * SAMPLE_RATE_HZ // 1_000_000
        rendered[business] = (prompts.samples(prompt).astype(np.float64), named)
    return rendered


def loud_frames(sound: Sound) -> Any:
    """Frame by frame: whether anything is heard."""
    frames = sound[: sound.size // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    return np.sqrt(np.mean(frames**2, axis=1)) > LOUD


# The tests.


@pytest.mark.row("S2-59")
@pytest.mark.parametrize("business", CALLS)
def test_each_hears_the_others_tone_and_nobody_their_own(
    heard: dict[str, Heard], business: str
) -> None:
    call = heard[business]
    bridged, ended = call.at["bridged"], call.at["ended"]
    assert call.at["announcement_started"] <= call.at["agent dialled"]
    assert call.at["agent dialled"] <= call.at["announcement_ended"]
    at_rep = call.of_rep(bridged, ended)
    at_customer = call.of_customer(bridged, ended)
    windows = round(TONE_S * 10) // 2
    assert np.sum(tone_shares(at_rep, CUSTOMER_HZ) > 0.9) >= windows
    assert np.sum(tone_shares(at_customer, REP_HZ) > 0.9) >= windows
    assert np.sum(tone_shares(at_customer, CUSTOMER_HZ) > 0.5) == 0
    assert np.sum(tone_shares(at_rep, REP_HZ) > 0.5) == 0


@pytest.mark.row("S2-57")
@pytest.mark.parametrize("business", CALLS)
def test_the_customer_hears_the_announcement_from_answer_on(
    heard: dict[str, Heard], announcements: dict[str, tuple[Sound, int]], business: str
) -> None:
    """Up to its end, or to where a representative's answer cut it: not before the name."""
    call = heard[business]
    announcement, named = announcements[business]
    sound, answered = call.until_bridge()
    played = round(call.at["announcement_ended"] - call.at["announcement_started"], 2)
    said = announcement[: round((played - 0.1) * SAMPLE_RATE_HZ)]
    if CALLS[business][2]:
        assert said.size >= named
    value, place = likeness(sound, said)
    assert value > 0.9
    assert -0.1 < (place - answered) / SAMPLE_RATE_HZ < 0.3


@pytest.mark.parametrize("business", CALLS)
def test_music_follows_the_announcement_until_the_bridge_without_a_gap(
    heard: dict[str, Heard], announcements: dict[str, tuple[Sound, int]], business: str
) -> None:
    """Frame by frame, wherever announcement and then music should be heard, something is.

    A gap of 60 ms is allowed, and what the voice process itself says that it missed.
    """
    call = heard[business]
    announcement, _ = announcements[business]
    sound, _ = call.until_bridge()
    _, begins = likeness(sound, announcement[: 2 * SAMPLE_RATE_HZ])
    music = hold_music().astype(np.float64)
    value, plays = likeness(sound, music[: SAMPLE_RATE_HZ // 2])
    assert value > 0.9
    until = min(plays, begins + announcement.size)
    expected = np.zeros(sound.size)
    expected[begins:until] = announcement[: until - begins]
    expected[plays:] = music[: sound.size - plays]
    # From the last word, or where it was cut, to the first note.
    words_end = begins + call.samples("announcement_started", "announcement_ended")
    silent = plays - min(words_end, begins + announcement.size)
    assert silent / FRAME_SAMPLES <= round(GAP_S / FRAME_S) + call.missed_frames
    # The bridge is reported up to one message and one tick after it was made.
    upto = sound.size - SAMPLE_RATE_HZ // 10
    missing = loud_frames(expected[begins:upto]) & ~loud_frames(sound[begins:upto])
    assert longest_run(missing) <= round(GAP_S / FRAME_S) + call.missed_frames
    # And music it is, up to the bridge.
    assert likeness(expected, sound[upto - SAMPLE_RATE_HZ // 2 : upto])[0] > 0.9


def longest_run(flags: Any) -> int:
    """The most flags in a row that are set."""
    longest = run = 0
    for flag in flags:
        run = run + 1 if flag else 0
        longest = max(longest, run)
    return longest


@pytest.mark.parametrize("business", CALLS)
def test_neither_announcement_nor_music_is_ever_at_the_representatives_ear(
    heard: dict[str, Heard], announcements: dict[str, tuple[Sound, int]], business: str
) -> None:
    call = heard[business]
    announcement, _ = announcements[business]
    music = hold_music().astype(np.float64)
    second = SAMPLE_RATE_HZ
    spoken = [announcement[at : at + second] for at in range(0, announcement.size - second, second)]
    played = [music[at : at + second] for at in range(0, 10 * second, second)]
    assert loud_frames(call.rep).sum() > 50, "it did hear something"
    for piece in (*spoken, *played):
        assert likeness(call.rep, piece)[0] < 0.5
    # The same measure finds them where they are.
    sound, _ = call.until_bridge()
    for piece in (*spoken[:2], music[: second // 2]):
        assert likeness(sound, piece)[0] > 0.9


@pytest.mark.row("S2-58")
def test_each_business_is_announced_by_its_own_name_and_one_without_neutrally(
    heard: dict[str, Heard], announcements: dict[str, tuple[Sound, int]]
) -> None:
    """The last 0.6 s up to the end of each name; where there is none, the wording around it."""
    telling = {}
    for business, (announcement, named) in announcements.items():
        start, end = (named - 4_800, named) if CALLS[business][2] else (8_000, 26_000)
        telling[business] = announcement[start:end]
    for business, call in heard.items():
        sound, _ = call.until_bridge()
        values = {other: likeness(sound, spoken)[0] for other, spoken in telling.items()}
        assert values.pop(business) > 0.9
        assert max(values.values()) < 0.7


def test_silence_is_what_is_left_when_the_call_is_over(heard: dict[str, Heard]) -> None:
    for call in heard.values():
        for sound, start in ((call.customer, call.customer_from), (call.rep, call.rep_from)):
            after = part(sound, start, call.at["ended"] + 0.2, call.at["ended"] + 60)
            assert not loud_frames(after).any()
