"""What each telephone lived through, written by the telephone itself.

This is the ground truth that tests and the simulator hold against the network's records: it reads
no record, no journal and no octet of another element. An entry is kept in memory and, when a path
is given, appended to that file as a line of JSON at once, so that it survives the process.

Odd case: beyond `ENTRIES_LIMIT` entries nothing more is kept (the file still grows); `dropped` says
how many, and a diary that dropped something is no truth to measure against.
"""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

import msgspec

from calleq.runtime.clock import Clock

ENTRIES_LIMIT = 5_000_000


class Event(StrEnum):
    """What can happen at a telephone. In brackets: what `detail` and `cause` then say."""

    RINGS = "rings"
    """Starts to ring (the calling number shown, empty when none is)."""
    DISPLAYS = "displays"
    """Shows a text with the call (the text)."""
    STOPS_RINGING = "stops_ringing"
    """The caller or the network gave up (cause)."""
    REFUSES = "refuses"
    """Turned a call away without ringing (the calling number; cause 17 or 21)."""
    DECLINES = "declines"
    """Turned the ringing call away (cause 21)."""
    ANSWERS = "answers"
    DIALS = "dials"
    """Takes up the handset and dials (the number)."""
    FAR_END_RINGS = "far_end_rings"
    FAR_END_ANSWERS = "far_end_answers"
    HEARS = "hears"
    """What arrives at the ear changed (the voices, or `silence`)."""
    SAYS = "says"
    """Starts to utter something (what)."""
    PUTS_DOWN = "puts_down"
    """Put down, and the call stays."""
    TAKES_UP = "takes_up"
    """Taken up again."""
    HANGS_UP = "hangs_up"
    """Hung up at this end (cause 16)."""
    RELEASED = "released"
    """The far end or the network ended the call (cause)."""
    CROSSED = "crossed"
    """The network's own end of the call met this end's hang-up on the line (cause)."""
    LINE_LOST = "line_lost"
    """The wire to the switch broke, and the call with it."""


BEGINS = frozenset((Event.RINGS, Event.DIALS))
ANSWERED = frozenset((Event.ANSWERS, Event.FAR_END_ANSWERS))
ENDS = frozenset(
    (Event.STOPS_RINGING, Event.DECLINES, Event.HANGS_UP, Event.RELEASED, Event.LINE_LOST)
)


class DiaryEntry(msgspec.Struct, frozen=True, gc=False):
    """One event at one telephone."""

    number: str
    at_us: int
    """UTC."""
    monotonic_us: int
    event: Event
    detail: str = ""
    cause: int = 0
    """Q.850; 0 where the event has none."""


class DiaryCall(msgspec.Struct, frozen=True):
    """One call as its telephone lived it. A call refused at once began and ended in one entry."""

    number: str
    began: DiaryEntry
    answered: DiaryEntry | None
    ended: DiaryEntry | None

    @property
    def is_outgoing(self) -> bool:
        """Whether this telephone dialled."""
        return self.began.event is Event.DIALS

    @property
    def rang(self) -> bool:
        """Whether this telephone made a sound."""
        return self.began.event is Event.RINGS

    @property
    def far(self) -> str:
        """The number dialled or shown."""
        return self.began.detail

    @property
    def ring_us(self) -> int | None:
        """From the first ring (or dialling) to the answer or the end; None while it goes on."""
        until = self.answered or self.ended
        return until.monotonic_us - self.began.monotonic_us if until else None

    @property
    def talk_us(self) -> int | None:
        """From answer to end; 0 when never answered, None while it goes on."""
        if self.ended is None:
            return None
        return self.ended.monotonic_us - self.answered.monotonic_us if self.answered else 0


class Diary:
    """The diaries of all telephones of one process. Entries of a telephone are in their order."""

    def __init__(
        self,
        clock: Clock,
        path: Path | None = None,
        sink: Callable[[DiaryEntry], object] | None = None,
    ) -> None:
        """With a `sink`, each entry is handed to it and is not kept.

        Raises OSError when `path` cannot be appended to.
        """
        self._clock = clock
        self._entries: list[DiaryEntry] = []
        self._by_number: dict[str, list[DiaryEntry]] = {}
        self._file = path.open("ab", buffering=0) if path else None
        self._sink = sink
        self.dropped = 0

    def note(self, number: str, event: Event, detail: str = "", cause: int = 0) -> None:
        """Write that something happens at a telephone now."""
        clock = self._clock
        entry = DiaryEntry(number, clock.now_us(), clock.monotonic_us(), event, detail, cause)
        if self._file is not None:
            self._file.write(msgspec.json.encode(entry) + b"\n")
        if self._sink is not None:
            self._sink(entry)
            return
        if len(self._entries) >= ENTRIES_LIMIT:
            self.dropped += 1
            return
        self._entries.append(entry)
        of_number = self._by_number.get(number)
        if of_number is None:
            of_number = self._by_number[number] = []
        of_number.append(entry)

    def entries(self, number: str = "") -> tuple[DiaryEntry, ...]:
        """Everything so far, of one telephone or of all, oldest first."""
        return tuple(self._by_number.get(number, ()) if number else self._entries)

    def events(self, number: str) -> list[str]:
        """The names of what happened at a telephone, in order."""
        return [entry.event.value for entry in self._by_number.get(number, ())]

    def calls(self, number: str) -> list[DiaryCall]:
        """The calls of a telephone, oldest first; the last may still be going on."""
        return fold_calls(self._by_number.get(number, ()))

    def clear(self) -> None:
        """Forget what is in memory; the file keeps it."""
        self._entries.clear()
        self._by_number.clear()

    def close(self) -> None:
        """Close the file; later entries are kept in memory alone."""
        if self._file is not None:
            self._file.close()
            self._file = None


def read_diary(path: Path) -> list[DiaryEntry]:
    """The entries of a diary file. A last line that was cut short is left out.

    Raises OSError when it cannot be read, ValueError when a line is no entry.
    """
    lines = path.read_bytes().split(b"\n")[:-1]
    try:
        return [msgspec.json.decode(line, type=DiaryEntry) for line in lines]
    except msgspec.DecodeError as error:
        raise ValueError(f"{path}: not a telephones' diary: {error}") from error


def fold_calls(entries: "list[DiaryEntry] | tuple[DiaryEntry, ...]") -> list[DiaryCall]:
    """The calls that the entries of one telephone tell of."""
    calls: list[DiaryCall] = []
    began: DiaryEntry | None = None
    answered: DiaryEntry | None = None
    for entry in entries:
        event = entry.event
        if event is Event.REFUSES:
            calls.append(DiaryCall(entry.number, entry, None, entry))
        elif event in BEGINS:
            began, answered = entry, None
        elif began is None:
            continue  # what follows the end of a call, such as hanging up after a busy tone
        elif event in ANSWERED:
            answered = entry
        elif event in ENDS:
            calls.append(DiaryCall(entry.number, began, answered, entry))
            began = None
    if began is not None:
        calls.append(DiaryCall(began.number, began, answered, None))
    return calls
