"""The files of a journal: its segments in their order, what they say together, and which may go.

A journal is named by its first segment, `network.journal`; the next are `network.00000002.journal`
and so on. A segment is closed (cut to its last frame, durable) before the next is made, so only the
last one may have a torn tail. Segments are removed oldest first, each durably, so what is left has
no gap; a gap is damage. None is removed that is young, or in which something began that goes on, or
of which the records have not been made.
"""

import itertools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from calleq.journal.entries import (
    Accepted,
    AccountChanged,
    BalanceStated,
    Charged,
    Credited,
    DoNotCall,
    Ended,
    Entry,
    LineReleased,
    LineSeized,
    Progress,
    Stamped,
    Undertaken,
)
from calleq.journal.frames import Contents, JournalDamaged, JournalError, decode_segment
from calleq.runtime.disk import Disk
from calleq.units import HOUR_US

SUFFIX = ".journal"
"""A process's journal is `<data directory>/<process>.journal`."""

SEGMENT_BYTES = 64 << 20
"""A segment that has reached this is closed."""

SEGMENTS_LIMIT = 99_999_999

KEEP_LIMIT_US = 48 * HOUR_US
"""Nothing younger is ever removed: idempotency keys live for a day, and clocks step."""

Data = Path | Sequence[Path]
"""The data directory of a network, or those of its machines."""

_ACCOUNTS = ("", "accounts")
"""Of all elements of a process together."""
_HELD, _BALANCE = "money held", "the balance"
"""Where other keys have an entity's name, which has no blank."""

_NUMBERED = re.compile(r"(?P<stem>.+)\.(?P<number>\d{8})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment as it was found."""

    number: int
    path: Path
    size: int
    end: int
    """After its last good frame."""
    version: int
    opened_at_us: int
    """UTC; 0 where it has no opening."""
    sequences: Mapping[str, int]
    """As its opening has them: the last sequence number of each entity before this segment."""
    entries: int


def segment_path(base: Path, number: int) -> Path:
    """Where segment `number` of a journal lies.

    >>> segment_path(Path("network.journal"), 1).name
    'network.journal'
    >>> segment_path(Path("network.journal"), 2).name
    'network.00000002.journal'
    """
    if number == 1:
        return base
    if number > SEGMENTS_LIMIT:
        raise JournalError(f"{base}: more than {SEGMENTS_LIMIT} segments")
    return base.with_name(f"{base.stem}.{number:08d}{base.suffix}")


def segment_numbers(disk: Disk, base: Path) -> list[int]:
    """The numbers of the segments that there are, in order. Raises OSError."""
    numbers = []
    for name in disk.names(base.parent):
        if name == base.name:
            numbers.append(1)
        elif name.startswith(f"{base.stem}.") and name.endswith(base.suffix):
            found = _NUMBERED.fullmatch(name.removesuffix(base.suffix))
            if found and found["stem"] == base.stem:
                numbers.append(int(found["number"]))
    return sorted(numbers)


def journal_of(name: str) -> str:
    """The journal, without suffix, of which a file is a segment.

    >>> journal_of("network.00000002.journal"), journal_of("ssp-62.journal")
    ('network', 'ssp-62')
    """
    stem = name.removesuffix(SUFFIX)
    numbered = _NUMBERED.fullmatch(stem)
    return numbered["stem"] if numbered else stem


def journals_in(disk: Disk, data: Path) -> list[Path]:
    """The journals of a data directory by the paths of their first segments. Raises OSError."""
    stems = {journal_of(name) for name in disk.names(data) if name.endswith(SUFFIX)}
    return [data / f"{stem}{SUFFIX}" for stem in sorted(stems)]


def journals_of(disk: Disk, data: Data) -> list[Path]:
    """The journals of all data directories of one network, as `journals_in`.

    Raises JournalError where two have one of the same name: they would be the same process's.
    """
    found: dict[str, Path] = {}
    for directory in [data] if isinstance(data, Path) else data:
        for base in journals_in(disk, directory):
            if base.name in found:
                raise JournalError(
                    f"{base} and {found[base.name]} are the journals of one process in two"
                    " directories: they are of two networks, or one is a copy of the other"
                )
            found[base.name] = base
    return list(found.values())


def read_segments(
    found: Iterable[tuple[int, Path, bytes]],
    is_known: Callable[[Stamped], bool] | None = None,
) -> tuple[Contents, list[Segment]]:
    """What the segments (number, path, octets) of one journal say together, in their order, but for
    the entries that are known.

    Raises JournalDamaged, JournalVersion, and JournalError for a file that is no segment.
    """
    contents = Contents(is_known=is_known)
    segments: list[Segment] = []
    for number, path, octets in found:
        if segments and number != segments[-1].number + 1:
            raise JournalDamaged(
                f"{path}: segment {segments[-1].number + 1} before it is missing: restore it"
            )
        if segments and segments[-1].size != segments[-1].end:
            raise JournalDamaged(
                f"{segments[-1].path}: whole up to octet {segments[-1].end} of"
                f" {segments[-1].size}, and {path.name} follows it: restore it"
            )
        before = len(contents.entries)
        decode_segment(octets, str(path), number, contents)
        opening = contents.opening
        segments.append(
            Segment(
                number=number,
                path=path,
                size=len(octets),
                end=contents.end,
                version=contents.version,
                opened_at_us=0 if opening is None else opening.opened_at_us,
                sequences={} if opening is None else opening.sequences,
                entries=len(contents.entries) - before,
            )
        )
    return contents, segments


class Unfinished:
    """What has begun in a journal and not ended, by the segment that it began in.

    A segment is needed while anything that began in it, or before it, goes on: recovery must see
    the acceptance of every call without an end, records every seizure without a release, and
    charging the acceptance of every call for which money is held. What is in force is needed, too,
    from where it was last written: numbers not to be called, what businesses have paid and spent,
    and the accounts, which are written anew as a whole (`calleq.accounts.changes`), customers that
    messages taught among them. A call that waits for its time is needed from its acceptance on, or,
    where something else keeps those that wait, from its beginning on.
    """

    def __init__(self, *, waiting_kept: bool = False) -> None:
        self._waiting_kept = waiting_kept
        self._since: dict[tuple[str, str | int], int] = {}
        self._restating: int | None = None
        """Where the accounts began to be written anew last."""

    def note(self, entity: str, entry: Entry, segment: int) -> None:
        """An entry was written to `segment`, or to a later one."""
        match entry:
            case Accepted():
                if not (self._waiting_kept and entry.due_us):
                    self._since.setdefault((entity, entry.call), segment)
                if "customer_id" in entry.message:
                    self._since.setdefault(_ACCOUNTS, segment)
                if entry.held:
                    self._since.setdefault((_HELD, entry.call), segment)
            case Progress(event="due") | Undertaken():
                self._since.setdefault((entity, entry.call), segment)
            case AccountChanged():
                self._note_change(entry.change.get("change"), segment)
            case Charged():
                self._since.pop((_HELD, entry.call), None)
                self._since.setdefault((_BALANCE, entry.business), segment)
            case Credited():
                self._since.setdefault((_BALANCE, entry.business), segment)
            case BalanceStated():
                self._since[_BALANCE, entry.business] = segment
            case LineSeized():
                self._since.setdefault((entity, entry.seizure), segment)
            case DoNotCall(listed=True):
                self._since[entity, f"{entry.business} {entry.number}"] = segment
            case DoNotCall():
                self._since.pop((entity, f"{entry.business} {entry.number}"), None)
            case Ended():
                self._since.pop((entity, entry.call), None)
            case LineReleased():
                self._since.pop((entity, entry.seizure), None)
            case _:
                pass

    def _note_change(self, change: object, segment: int) -> None:
        if change == "restating_begun":
            self._restating = segment
        elif change == "restating_done" and self._restating is not None:
            self._since[_ACCOUNTS] = self._restating
        else:
            self._since.setdefault(_ACCOUNTS, segment)

    def needed_from(self, current: int) -> int:
        """The first segment that must be kept; `current` when nothing goes on."""
        return min(self._since.values(), default=current)


@dataclass(frozen=True, slots=True)
class Retention:
    """How long closed segments are kept."""

    keep_us: int
    consumed: Callable[[], Mapping[str, int]]
    """Up to which sequence number the entries of each entity are held elsewhere, durably; what is
    beyond that is kept however old it is. Must not block."""
    waiting_kept: bool = False
    """Whether calls that wait for their time are among what is held elsewhere."""

    def __post_init__(self) -> None:
        if self.keep_us < KEEP_LIMIT_US:
            raise ValueError(
                f"journals are kept for {KEEP_LIMIT_US} us at least, not {self.keep_us}"
            )


@dataclass(frozen=True, slots=True)
class Begun:
    """The instant at which a segment was begun, and what all before it say together."""

    number: int
    opened_at_us: int
    sequences: Mapping[str, int]
    """The last sequence number of each entity before this segment."""


def removable(
    begun: Sequence[Begun], needed_from: int, retention: Retention, now_us: int
) -> list[int]:
    """The closed segments that may be removed, oldest first.

    `begun` has every segment in order; one is as old as its last entry, which is at most as old as
    the opening of the next.
    """
    old = list(
        itertools.takewhile(
            lambda pair: (
                pair[0].number < needed_from and pair[1].opened_at_us <= now_us - retention.keep_us
            ),
            itertools.pairwise(begun),
        )
    )
    if not old:
        return []
    consumed = retention.consumed()
    gone: list[int] = []
    for segment, following in old:
        if any(last > consumed.get(entity, 0) for entity, last in following.sequences.items()):
            break
        gone.append(segment.number)
    return gone
