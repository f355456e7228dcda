"""A process that can die: what an element stands on, cut off from it at one instant.

A process works only when something reaches it: a timer, an octet, a report of voice or disk. So
death is that nothing reaches it any more: each wrapper here hands on what its element is told as
long as its `Life` lasts, and drops it afterwards. What the process had set going in the voice plane
ends with it. What it had sent before stays sent.

Refuses nothing. Odd case: a process that begins again gets a new `Life` and new wrappers; late
timers of the old life meet a dead one.
"""

from collections.abc import Callable

from calleq.lines.contract import LinePlant
from calleq.media.contract import Played, Player, Prompt, Verdict, Voice
from calleq.network import Network
from calleq.osn.contract import Bus
from calleq.runtime.clock import Clock, Timer
from calleq.ss7.links import LinkEnd
from calleq.ss7.m2pa import Remains
from simulator.faults.disk import DiskJournal, VirtualDisk


class Life:
    """Whether a process still runs."""

    __slots__ = ("alive",)

    def __init__(self) -> None:
        self.alive = True


class MortalClock:
    """The clock of one machine: timers of the dead are not fired, and its wall clock may be off."""

    def __init__(
        self, clock: Clock, life: Life, offset_us: Callable[[], int], origin_us: int = 0
    ) -> None:
        """`offset_us` tells how far this machine's wall clock is from the right time.

        Its monotonic clock counts from another instant, `origin_us` before the simulation's.
        """
        self._clock = clock
        self._origin_us = origin_us
        self._life = life
        self._offset_us = offset_us

    def now_us(self) -> int:
        return self._clock.now_us() + self._offset_us()

    def monotonic_us(self) -> int:
        return self._clock.monotonic_us() + self._origin_us

    def call_later_us(self, delay_us: int, call: Callable[..., object], *args: object) -> Timer:
        return self._clock.call_later_us(delay_us, self._fire, call, args)

    def call_in_background_us(
        self, delay_us: int, call: Callable[..., object], *args: object
    ) -> Timer:
        return self._clock.call_in_background_us(delay_us, self._fire, call, args)

    def _fire(self, call: Callable[..., object], args: tuple[object, ...]) -> None:
        if self._life.alive:
            call(*args)


class MortalBus:
    """The OSN as one process reaches it; fulfils `Bus`."""

    def __init__(self, bus: Bus, life: Life) -> None:
        self._bus = bus
        self._life = life
        self.attached: list[str] = []
        """Every name under which something of the process is on the OSN."""

    def attach(self, element: str, receive: Callable[[str, bytes], None]) -> None:
        life = self._life
        self.attached.append(element)

        def arrives(sender: str, octets: bytes) -> None:
            if life.alive:
                receive(sender, octets)

        self._bus.attach(element, arrives)

    def send(self, sender: str, receiver: str, octets: bytes) -> None:
        self._bus.send(sender, receiver, octets)


class MortalLines:
    """The lines as one process reaches them; fulfils `LinePlant`."""

    def __init__(self, lines: LinePlant, life: Life) -> None:
        self._lines = lines
        self._life = life

    def serve(self, switch: str, receive: Callable[[str, bytes], None]) -> None:
        life = self._life

        def arrives(line: str, octets: bytes) -> None:
            if life.alive:
                receive(line, octets)

        self._lines.serve(switch, arrives)

    def plug_in(self, switch: str, line: str, receive: Callable[[bytes], None]) -> None:
        life = self._life

        def arrives(octets: bytes) -> None:
            if life.alive:
                receive(octets)

        self._lines.plug_in(switch, line, arrives)

    def to_telephone(self, switch: str, line: str, octets: bytes) -> None:
        self._lines.to_telephone(switch, line, octets)

    def to_switch(self, switch: str, line: str, octets: bytes) -> None:
        self._lines.to_switch(switch, line, octets)


class MortalLinkEnd:
    """A signalling link's end in one process; fulfils `LinkEnd`."""

    def __init__(self, end: LinkEnd, life: Life) -> None:
        self._end = end
        self._life = life
        self.link = end.link
        self.near = end.near
        self.far = end.far

    @property
    def in_service(self) -> bool:
        return self._end.in_service

    def send(self, octets: bytes) -> bool:
        return self._end.send(octets)

    def attach(self, receive: Callable[[bytes], None], changed: Callable[[bool], None]) -> None:
        life = self._life

        def arrives(octets: bytes) -> None:
            if life.alive:
                receive(octets)

        def changes(in_service: bool) -> None:
            if life.alive:
                changed(in_service)

        self._end.attach(arrives, changes)

    @property
    def congestion(self) -> int:
        return self._end.congestion

    def on_congestion(self, told: Callable[[int], None]) -> None:
        life = self._life

        def tells(level: int) -> None:
            if life.alive:
                told(level)

        self._end.on_congestion(tells)

    def start(self) -> None:
        self._end.start()

    def stop(self) -> None:
        self._end.stop()

    def last_received(self) -> int:
        return self._end.last_received()

    def retrieve(self, after: int | None) -> list[bytes]:
        return self._end.retrieve(after)

    def take_back(self) -> Remains:
        return self._end.take_back()


class MortalVoice:
    """The voice plane as one process reaches it; fulfils `Voice`."""

    def __init__(self, voice: Voice, life: Life) -> None:
        self._voice = voice
        self._life = life
        self._fed: dict[tuple[str, str], None] = {}
        self._players: dict[tuple[str, str], int] = {}
        self._plays = 0
        self._failed: set[int] = set()
        """Plays that end because the voice process was lost."""

    def feed(self, element: str, wire: str, sources: tuple[str, ...]) -> None:
        if sources:
            self._fed[element, wire] = None
        else:
            self._fed.pop((element, wire), None)
        self._voice.feed(element, wire, sources)

    def play(self, element: str, player: str, prompt: Prompt, report: Player) -> None:
        key = (element, player)
        self._plays += 1
        play = self._plays

        def ended(outcome: Played) -> None:
            if self._players.get(key) == play:
                del self._players[key]
            if play in self._failed:
                self._failed.discard(play)
                outcome = "failed"
            if self._life.alive and report.ended is not None:
                report.ended(outcome)

        def marked() -> None:
            if self._life.alive and report.marked is not None:
                report.marked()

        self._voice.play(
            element, player, prompt, Player(ended, None if report.marked is None else marked)
        )
        self._players[key] = play

    def stop(self, element: str, player: str) -> None:
        self._voice.stop(element, player)

    def detect(
        self, element: str, wire: str, limit_us: int, verdict: Callable[[Verdict], object]
    ) -> None:
        def judged(what: Verdict) -> None:
            if self._life.alive:
                verdict(what)

        self._voice.detect(element, wire, limit_us, judged)

    def next_key(
        self, element: str, wire: str, limit_us: int, pressed: Callable[[str], object]
    ) -> None:
        def heard(key: str) -> None:
            if self._life.alive:
                pressed(key)

        self._voice.next_key(element, wire, limit_us, heard)

    def understands(self) -> bool:
        return self._voice.understands()

    def listen_for(
        self,
        element: str,
        wire: str,
        words: tuple[str, ...],
        limit_us: int,
        heard: Callable[[str], object],
    ) -> None:
        def said(word: str) -> None:
            if self._life.alive:
                heard(word)

        self._voice.listen_for(element, wire, words, limit_us, said)

    def hear(self, element: str, wire: str, heard: Callable[[frozenset[str]], object]) -> None:
        def hears(voices: frozenset[str]) -> None:
            if self._life.alive:
                heard(voices)

        self._voice.hear(element, wire, hears)

    def fail_players(self) -> None:
        """The voice process is lost and found again: whatever plays ends, reported as failed."""
        for (element, player), play in tuple(self._players.items()):
            self._failed.add(play)
            self._voice.stop(element, player)

    def end(self) -> None:
        """The process is dead: the voice plane forgets what it asked for."""
        for element, player in tuple(self._players):
            self._voice.stop(element, player)
        for element, wire in tuple(self._fed):
            self._voice.feed(element, wire, ())
        self._fed.clear()


class Process:
    """One element as a process: its disk and wall clock, and what runs of it at present."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.disk = VirtualDisk()
        self.offset_us = 0
        """How far its wall clock is from the right time."""
        self.life = Life()
        self.life.alive = False
        self.network: Network | None = None
        self.journal: DiskJournal | None = None
        self.voice: MortalVoice | None = None
        self.attached: list[str] = []
        """Names on the OSN that go with its life."""
        self.deaths = 0
        self.begun = 0
