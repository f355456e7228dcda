"""A small network in voice alone, and scenes to be played on it in virtual and in real mode.

Two telephones on lines of ssp-62, a circuit for each to ip-76, which announces, plays music and
bridges. A scene is a list of (instant in microseconds, what is done to a `Voice`).
"""

from collections.abc import Callable

import numpy as np

from calleq.media.contract import (
    Player,
    Prompt,
    Voice,
    circuit_wire,
    line_wire,
    player_source,
    tone_source,
    wire_source,
)
from calleq.media.frames import FRAME_US
from calleq.media.g711 import Samples
from calleq.media.prompts import NominalPrompts
from calleq.media.ticked import TickedVoice
from calleq.media.virtual import VirtualVoice
from calleq.media.wording import announcement_text
from calleq.runtime.clock import VirtualClock

CUSTOMER, AGENT = "+12125550100", "+12125550143"
CUSTOMER_LINE, AGENT_LINE = line_wire(CUSTOMER), line_wire(AGENT)
CUSTOMER_LEG, AGENT_LEG = circuit_wire(62, 76, 1), circuit_wire(62, 76, 2)
LEGS = {CUSTOMER_LINE: CUSTOMER_LEG, AGENT_LINE: AGENT_LEG}
TEXT, MARK = announcement_text("ABC Company")
ANNOUNCEMENT = Prompt("speech", TEXT, MARK)

Step = tuple[int, Callable[[Voice], object]]


def connect(voice: Voice, line: str) -> None:
    """The switch joins a line and its circuit to the peripheral."""
    voice.feed("ssp-62", LEGS[line], (wire_source(line),))
    voice.feed("ssp-62", line, (wire_source(LEGS[line]),))


def speak(voice: Voice, number: str, prompt: Prompt) -> None:
    """A telephone utters something."""
    player = f"{number}/mouth"
    voice.feed("telephones", line_wire(number), (player_source(player),))
    voice.play("telephones", player, prompt, Player())


def announce(voice: Voice, then_music: bool = True) -> None:
    """The peripheral plays the announcement to the customer, and music when it is over."""

    def music(how: str) -> None:
        if how == "complete" and then_music:
            voice.play("ip-76", "music", Prompt("music"), Player())
            voice.feed("ip-76", CUSTOMER_LEG, (player_source("music"),))

    voice.feed("ip-76", CUSTOMER_LEG, (player_source("announcement"),))
    voice.play("ip-76", "announcement", ANNOUNCEMENT, Player(ended=music))


def join(voice: Voice) -> None:
    """The peripheral bridges its two legs and ends what it plays."""
    voice.feed("ip-76", CUSTOMER_LEG, (wire_source(AGENT_LEG),))
    voice.feed("ip-76", AGENT_LEG, (wire_source(CUSTOMER_LEG),))
    voice.stop("ip-76", "announcement")
    voice.stop("ip-76", "music")


def call(join_at_us: int) -> list[Step]:
    """A customer-first call: announcement, music, ringing, bridge, talk, release."""
    return [
        (130_417, lambda voice: connect(voice, CUSTOMER_LINE)),
        (140_000, lambda voice: speak(voice, CUSTOMER, Prompt("mouth", "hello"))),
        (140_000, announce),
        (900_001, lambda voice: voice.feed("ssp-62", AGENT_LEG, (tone_source("ringback"),))),
        (join_at_us - 500_000, lambda voice: connect(voice, AGENT_LINE)),
        (join_at_us - 480_000, lambda voice: speak(voice, AGENT, Prompt("mouth", "talk"))),
        (join_at_us, join),
        (join_at_us, lambda voice: speak(voice, CUSTOMER, Prompt("tone", "1000"))),
        (join_at_us + 1_000_000, lambda voice: voice.stop("telephones", f"{AGENT}/mouth")),
        (join_at_us + 1_500_000, lambda voice: voice.feed("ssp-62", CUSTOMER_LINE, ())),
    ]


EARS = [("telephones", CUSTOMER_LINE), ("telephones", AGENT_LINE), ("ip-76", CUSTOMER_LEG)]


def virtually(scene: list[Step], end_us: int) -> list[Samples]:
    """What the ears hear up to `end_us` when the scene is played on the virtual clock."""
    clock = VirtualClock()
    voice = VirtualVoice(clock, NominalPrompts())
    recordings = [voice.record(*ear) for ear in EARS]
    for at_us, act in scene:
        clock.call_later_us(at_us, act, voice)
    clock.advance_us(end_us)
    return [recording.stop() for recording in recordings]


def ticked(scene: list[Step], end_us: int) -> list[Samples]:
    """The same in real mode, with ticks that the test makes."""
    from calleq.media.g711 import decode

    voice = TickedVoice(NominalPrompts())
    for ear in EARS:
        voice.record(*ear)
    for at_us, act in scene:
        while voice.next_frame * FRAME_US < at_us:
            voice.tick(voice.next_frame)
        act(voice)
    while voice.next_frame * FRAME_US < end_us:
        voice.tick(voice.next_frame)
    heard: list[Samples] = []
    for element, wire in EARS:
        ear = voice.ear(element, wire)
        assert ear is not None
        first, octets = ear.since(0, voice.next_frame)
        heard.append(np.concatenate((np.zeros(first * 160, dtype=np.int16), decode(octets))))
    return heard


def level_at(samples: Samples, hertz: int) -> float:
    """Root mean square of one frequency in samples (Goertzel's sum), in linear samples."""
    at_s = np.arange(samples.size) / 8_000
    turned = samples.astype(float) * np.exp(-2j * np.pi * hertz * at_s)
    return float(np.abs(turned.mean()) * np.sqrt(2))


def correlation(one: Samples, other: Samples) -> float:
    """Of two signals of one length: 1 when they are the same but for their loudness."""
    return float(np.corrcoef(one.astype(float), other.astype(float))[0, 1])
