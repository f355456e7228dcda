"""The recordings of one piece of equipment: what each is, how long it is kept, and its removal.

What is known stands in the journal (`Recorded`): of which call, of whom, when each had heard the
announcement, how long it is. The files lie in a directory of their own, written by the voice
process. Nothing is recorded here; `recording` does that, call by call.

A recording is removed when somebody wants so or when it has been kept for `keep_us`: that is
journalled first, then the file goes; after a crash between the two it goes at the restart. One that
was going on at a crash is `completed` where its file is whole, else `failed`, its file removed.
Files that the journal does not know any more go when they are as old.

It remembers at most `KNOWN_LIMIT`; older ones are forgotten, and their files go by their age.
"""

import contextlib
from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from calleq.journal.contract import Journal
from calleq.journal.entries import Recorded, Stamped
from calleq.media.recorder import RecordingPlace, is_complete, length_us, recording_path
from calleq.runtime.clock import Clock, Timer
from calleq.runtime.disk import Disk, RealDisk
from calleq.units import HOUR_US, SECOND_US

KEEP_US = 30 * 24 * HOUR_US
KNOWN_LIMIT = 100_000
SWEEP_US = HOUR_US
"""How often what is too old is looked for, at least."""
GOING_ON = frozenset({"in-progress", "paused", "stopped", "processing"})
PLAYABLE = frozenset({"completed"})


class RecordingView(msgspec.Struct, frozen=True):
    """One recording as its last entry has it."""

    entry: Recorded
    begun_at_us: int
    changed_at_us: int


class Recordings:
    """Every recording of one piece of equipment that is known."""

    def __init__(
        self,
        name: str,
        directory: Path,
        journal: Journal,
        clock: Clock,
        keep_us: int = KEEP_US,
        disk: Disk | None = None,
    ) -> None:
        """`name` is the element's, as which the journal is written."""
        self._name = name
        self._directory = directory
        self._journal = journal
        self._clock = clock
        self._keep_us = keep_us
        self._disk = disk or RealDisk()
        self._known: OrderedDict[str, RecordingView] = OrderedDict()
        self._timer: Timer | None = None

    def views(self, call: str = "") -> list[RecordingView]:
        """Those known, of one call where it is named, oldest first."""
        return [view for view in self._known.values() if call in ("", view.entry.call)]

    def view(self, recording: str) -> RecordingView | None:
        """One of them."""
        return self._known.get(recording)

    def new_name(self, call: str) -> str:
        """A name that no recording of the call has had."""
        return f"{call}-{len(self.views(call)) + 1}"

    def note(self, entry: Recorded, durable: Callable[[], object] | None = None) -> None:
        """A recording has become what the entry says; `durable` when that is on disk.

        Whatever the voice process left of one that failed is removed.
        """
        self._remember(entry, self._clock.now_us())
        if entry.status == "failed":
            self._remove(entry.recording)
        self._journal.append(self._name, entry, durable)
        self._watch()

    def can_play(self, recording: str) -> bool:
        """Whether there is a complete recording of that name to be played."""
        view = self._known.get(recording)
        return view is not None and view.entry.status in PLAYABLE

    def file(self, recording: str) -> Path | None:
        """Where a complete recording lies; None when there is none."""
        return recording_path(self._directory, recording) if self.can_play(recording) else None

    def delete(self, recording: str, gone: Callable[[], object], reason: str = "") -> bool:
        """Remove a recording; `gone` is told when that is safe. False: it goes on, or is none."""
        view = self._known.get(recording)
        if view is None or view.entry.status in GOING_ON or view.entry.status == "deleted":
            return False
        deleted = msgspec.structs.replace(view.entry, status="deleted", reason=reason)

        def durable() -> None:
            self._remove(recording)
            gone()

        self.note(deleted, durable)
        return True

    def restore(self, entries: Iterable[Stamped]) -> None:
        """Take up the journal of before, oldest first; say what became of those going on then."""
        for stamped in entries:
            if stamped.entity == self._name and isinstance(stamped.entry, Recorded):
                self._remember(stamped.entry, stamped.at_us)
        for name, view in list(self._known.items()):
            entry = view.entry
            if entry.status == "deleted":
                self._remove(name)
            elif entry.status in GOING_ON:
                self._close(entry)
        self.sweep()

    def _close(self, entry: Recorded) -> None:
        size = is_complete(recording_path(self._directory, entry.recording))
        changes: dict[str, str | int] = {"status": "failed", "reason": "restart"}
        if size:
            changes = {"status": "completed", "octets": size, "length_us": length_us(size)}
        self.note(msgspec.structs.replace(entry, **changes))

    def sweep(self) -> None:
        """Remove what has been kept for long enough."""
        oldest_us = self._clock.now_us() - self._keep_us
        for name, view in list(self._known.items()):
            if view.changed_at_us > oldest_us or self.delete(name, _nothing, "retention"):
                continue
            if view.entry.status == "deleted":
                del self._known[name]
        for file in self._files():
            name = file.removesuffix(".wav")
            if name not in self._known and self._age_us(file) >= self._keep_us:
                self._remove(name)

    def _files(self) -> list[str]:
        try:
            return self._disk.names(self._directory)
        except OSError:
            return []  # recordings will fail, one by one, and say why

    def _age_us(self, file: str) -> int:
        try:
            changed_us = int((self._directory / file).stat().st_mtime * SECOND_US)
        except OSError:
            return 0
        return self._clock.now_us() - changed_us

    def _remember(self, entry: Recorded, at_us: int) -> None:
        before = self._known.pop(entry.recording, None)
        begun_us = at_us if before is None else before.begun_at_us
        if not entry.parties and before is not None:
            entry = msgspec.structs.replace(entry, parties=before.entry.parties)
        self._known[entry.recording] = RecordingView(entry, begun_us, at_us)
        if len(self._known) > KNOWN_LIMIT:
            self._known.popitem(last=False)

    def _remove(self, recording: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._disk.remove(recording_path(self._directory, recording))

    def _watch(self) -> None:
        """Look again when the oldest will have been kept for long enough."""
        if self._timer is None and self._known:
            self._timer = self._clock.call_later_us(min(SWEEP_US, self._keep_us), self._swept)

    def _swept(self) -> None:
        self._timer = None
        self.sweep()
        self._watch()


def recordings_of(
    name: str, place: RecordingPlace | None, journal: Journal, clock: Clock
) -> Recordings | None:
    """The recordings of the element `name`, where there is a place for any."""
    if place is None:
        return None
    return Recordings(name, place.directory, journal, clock, place.keep_us)


def _nothing() -> None:
    """Nobody waits for it."""
