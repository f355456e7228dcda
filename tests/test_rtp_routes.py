"""Compiled routes and sums against the symbolic mixer: on any graph they are the same samples."""

import random

import numpy as np
import pytest

from calleq.media.contract import Player, Prompt
from calleq.media.frames import FRAME_SAMPLES
from calleq.media.g711 import DECODING, IDLE_OCTET
from calleq.media.graph import Leaf, VoiceGraph
from calleq.media.mixer import Mixer
from calleq.media.plane import VoicePlane
from calleq.media.prompts import NominalPrompts
from calleq.media.rtp.routes import Routes
from calleq.media.rtp.sounding import Sounding
from calleq.media.rtp.table import MAX_ROWS, PHASES
from calleq.runtime.clock import VirtualClock

FRAME_US = 20_000


class StandIn:
    """A port whose voice the test makes."""

    def __init__(self, number: int, rows: np.ndarray) -> None:
        self.row = 1 + number
        self._rows = rows

    def frame(self, frame: int) -> np.ndarray | None:
        return DECODING[self._rows[self.row]]


class Watched(VoicePlane):
    """A plane that tells its routes of each change."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__(clock, NominalPrompts())
        self._watching = 1
        self.routes = Routes(self.graph)
        self.graph.relinked = self.routes.touch

    def _before_change(self, end, foreseen=False):
        self.routes.touch(end)


class Scene:
    """A random network: switches with lines, a peripheral with circuits to them, ports anywhere."""

    def __init__(self, seed: int, ports: int) -> None:
        self.random = random.Random(seed)
        self.clock = VirtualClock()
        self.plane = Watched(self.clock)
        self.routes = self.plane.routes
        self.rows = np.full((MAX_ROWS, FRAME_SAMPLES), IDLE_OCTET, dtype=np.uint8)
        self.hears = [0] * ports
        self.sounding = Sounding(self.plane.repertoire)
        self.ends = []
        for number in range(ports):
            end = self.plane.graph.end("gateway", f"line:{number}")
            leaf = Leaf()
            leaf.live = StandIn(number, self.rows)
            leaf.voice = frozenset((f"mouth:{number}",))
            self.plane.graph.attach(end, leaf)
            self.routes.add(end, number)
            self.ends.append(end)
        self.noise = np.random.default_rng(seed)

    def change(self) -> None:
        """One of the things that elements do."""
        draw = self.random
        ports = len(self.ends)
        line = f"line:{draw.randrange(ports)}"
        circuit = f"circuit:1-2:{draw.randrange(ports)}"
        match draw.randrange(8):
            case 0:
                self.plane.feed("switch", line, (f"wire:{circuit}",))
                self.plane.feed("switch", circuit, (f"wire:{line}",))
            case 1:
                self.plane.feed("switch", line, ("tone:ringback",))
            case 2 | 3:
                size = draw.randrange(2, 8)
                members = [f"circuit:1-2:{draw.randrange(ports)}" for _ in range(size)]
                for own in members:
                    others = tuple(f"wire:{each}" for each in members if each != own)
                    self.plane.feed("peripheral", own, others)
            case 4:
                self.plane.feed(
                    "peripheral", circuit, ("player:a", f"wire:circuit:1-2:{draw.randrange(ports)}")
                )
            case 5:
                self.plane.play(
                    "peripheral", "a", Prompt("tone", str(draw.randrange(300, 3_000))), Player()
                )
            case 6:
                self.plane.stop("peripheral", "a")
            case _:
                self.plane.feed(
                    "switch", line, tuple(f"wire:line:{draw.randrange(ports)}" for _ in range(3))
                )

    def compiled(self, frame: int) -> list[np.ndarray]:
        """What each port is sent, by the compiled routes."""
        for number, row in self.routes.compile(frame % PHASES):
            self.routes.use(row)
            before, self.hears[number] = self.hears[number], row
            self.routes.leave(before)
        self.routes.settle()
        for sounds in self.routes.due:
            self.sounding.fill(sounds, frame, self.rows)
        # sums of sums: one of another phase is heard a frame later; here all are made of one frame
        for _ in range(3):
            for phase in range(PHASES):
                self.routes.sums.work_out(phase, self.rows)
        return [DECODING[self.rows[row]] for row in self.hears]

    def mixed(self, frame: int) -> list[np.ndarray]:
        """The same by the symbolic mixer."""
        mixer = Mixer(self.plane.repertoire)
        mixer.begin(frame, 1)
        arriving = [mixer.arriving(end) for end in self.ends]
        silence = np.zeros(FRAME_SAMPLES, dtype=np.int16)
        return [silence if samples is None else samples for samples in arriving]


@pytest.mark.parametrize("seed", range(12))
def test_compiled_routes_make_the_samples_of_the_symbolic_mixer(seed: int):
    scene = Scene(seed, ports=9)
    for frame in range(1, 60):
        scene.clock.advance_us(FRAME_US)
        for _ in range(scene.random.randrange(4)):
            scene.change()
        scene.rows[1:10] = scene.noise.integers(0, 256, (9, FRAME_SAMPLES), dtype=np.uint8)
        for compiled, mixed in zip(scene.compiled(frame), scene.mixed(frame), strict=True):
            assert (compiled == mixed).all()


def test_rows_of_nobody_go_back():
    scene = Scene(5, ports=6)
    free = len(scene.routes._free)
    for frame in range(1, 40):
        scene.clock.advance_us(FRAME_US)
        scene.change()
        scene.compiled(frame)
    for wires in ("line", "circuit:1-2"):
        for number in range(6):
            for element in ("switch", "peripheral"):
                scene.plane.feed(element, f"{wires}:{number}", ())
    scene.compiled(41)
    assert scene.hears == [0] * 6
    assert len(scene.routes._free) == free
    assert scene.routes.sounds == {}
    assert not any(scene.routes.due)
    assert not scene.routes.users.any()


def test_a_conference_is_one_total_for_all():
    scene = Scene(1, ports=10)
    for number in range(10):
        others = tuple(f"wire:line:{each}" for each in range(10) if each != number)
        scene.plane.feed("switch", f"line:{number}", others)
    scene.compiled(1)
    (group,) = scene.routes._groups.values()
    assert group.rows == tuple(range(1, 11))
    assert len(group.ears) == 10
    assert isinstance(scene.plane.graph, VoiceGraph)
