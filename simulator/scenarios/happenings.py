"""What happens in a scenario, in one list, as it happens: at telephones, of calls, on wires.

Owns the tap and the diary that write the list, and the question whether something in it is an
event that a file names. Instants are monotonic microseconds. Messages are decoded only when
somebody asks for one.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from calleq.network_nodes import point_codes
from calleq.osn.messages import CallEnded, CallProgress, OsnError, SetUpTaken
from calleq.osn.messages import decode as decode_osn
from calleq.runtime.clock import Clock
from calleq.runtime.tap import Segment
from calleq.ss7.mtp3 import Mtp3Error
from calleq.ss7.variant import variant_of
from calleq.telephones.diary import Diary, DiaryEntry, Event
from calleq.topology import Topology
from calleq.trace.capture import Captured, MemoryCapture
from calleq.trace.decoding import Decoders, Reading, decoders_of, reading
from simulator.scenarios.wording import (
    AnyEvent,
    CallEvent,
    Pattern,
    TelephoneEvent,
    has_fields,
    is_voice,
)


class Eyes(NamedTuple):
    """How messages are read."""

    names: Mapping[int, str]
    """Nodes by their point codes."""
    decoders: Decoders


def eyes_of(topology: Topology) -> Eyes:
    """How the messages of a network are read."""
    names = {code: name for name, code in point_codes(topology).items()}
    return Eyes(names, decoders_of(variant_of(topology)))


class CallHappening(msgspec.Struct, frozen=True, gc=False):
    """An event of a call as equipment told it, or its acceptance at the door."""

    call: str
    event: str
    leg: str = ""
    detail: str = ""


class Happening(msgspec.Struct, frozen=True, gc=False):
    """One thing and its instant."""

    at_us: int
    what: DiaryEntry | CallHappening | Captured


class Log:
    """Everything that has happened."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.happenings: list[Happening] = []
        self.keeps_messages = False
        """Whether somebody asks for messages."""

    def add(self, what: DiaryEntry | CallHappening | Captured) -> None:
        """It happens now."""
        self.happenings.append(Happening(self._clock.monotonic_us(), what))


class WatchedDiary(Diary):
    """A diary that tells the log, once there is one."""

    log: Log | None = None

    def note(self, number: str, event: Event, detail: str = "", cause: int = 0) -> None:
        super().note(number, event, detail, cause)
        if self.log is None:
            return
        clock = self._clock
        self.log.add(DiaryEntry(number, clock.now_us(), clock.monotonic_us(), event, detail, cause))


class WatchingTap:
    """A capture that tells the log what equipment says of calls, and messages if asked to."""

    def __init__(self) -> None:
        self.capture = MemoryCapture()
        self.log: Log | None = None

    def saw(
        self, segment: Segment, link: str, sender: str, receiver: str, octets: bytes, at_us: int
    ) -> None:
        self.capture.saw(segment, link, sender, receiver, octets, at_us)
        if self.log is None:
            return
        if segment in (Segment.OSN, Segment.INSIDE):
            happening = _told(octets)
            if happening is not None:
                self.log.add(happening)
        if self.log.keeps_messages:
            self.log.add(Captured(at_us, segment, link, sender, receiver, octets))


def _told(octets: bytes) -> CallHappening | None:
    try:
        message = decode_osn(octets)
    except OsnError:
        return None
    match message:
        case CallProgress():
            return CallHappening(message.call, message.event, message.leg, message.detail)
        case CallEnded():
            return CallHappening(message.call, "ended", "", message.state)
        case SetUpTaken():
            return CallHappening(message.call, "taken")
        case _:
            return None


def is_event(
    event: AnyEvent,
    what: DiaryEntry | CallHappening | Captured,
    references: dict[str, str],
    eyes: Eyes,
) -> bool:
    """Whether this is the event that is meant.

    `references`: call references by the names of calls; `eyes`: how messages are read.
    """
    match event, what:
        case TelephoneEvent(), DiaryEntry():
            return (
                event.number == what.number
                and event.event == what.event.value
                and (event.what == "" or is_voice(event.what, what.detail))
            )
        case CallEvent(), CallHappening():
            return (
                references.get(event.call) == what.call
                and event.event == what.event
                and event.leg in ("", what.leg)
            )
        case Pattern(), Captured():
            return fits(event, what, reading(what, eyes.decoders, "", None), eyes)
        case _:
            return False


def fits(pattern: Pattern, captured: Captured, read: Reading, eyes: Eyes) -> bool:
    """Whether a captured message is the one that a pattern means.

    `from` and `to` are the nodes that made it and that it is for; each signalling message is
    counted once, on its first link, which is what `via` tells.
    """
    if read.name != pattern.name:
        return False
    sender, receiver = captured.sender, captured.receiver
    if captured.segment is Segment.SIGNALLING_LINK:
        try:
            msu = eyes.decoders.mtp3(captured.octets)
        except Mtp3Error:
            return False
        if eyes.names.get(msu.origin, "") != sender:
            return False
        receiver = eyes.names.get(msu.destination, "")
    return (
        pattern.sender in ("", sender)
        and pattern.receiver in ("", receiver)
        and pattern.via in ("", captured.receiver)
        and has_fields(pattern.fields, read.fields)
    )


def first(
    event: AnyEvent,
    happenings: Sequence[Happening],
    start: int,
    references: dict[str, str],
    eyes: Eyes,
) -> int | None:
    """The place of the first such event from place `start` on."""
    for place in range(start, len(happenings)):
        if is_event(event, happenings[place].what, references, eyes):
            return place
    return None
