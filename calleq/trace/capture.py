"""Captured octets: kept in memory for a simulation, in a framed file for a process that runs.

Owns the capture file's format: an eight-octet header (magic and version), then records. A record is
a mark, the length of what follows and its body: instant, segment, the names of link, sender and
receiver, and the octets. No checksum: a capture is evidence, and octets that were changed are shown
as they are.

Odd cases. A reader takes a file that is being written, or whose writer died: an unfinished record
at the end is left out. Where the frame itself is damaged, or a new run was appended to an
unfinished record, reading goes on at the next mark and the octets passed over are counted.

Refuses: a file that is no capture, names longer than 255 octets, more than its limit (records are
then dropped and counted, never the newest file content overwritten).
"""

from collections.abc import Iterable
from pathlib import Path
from struct import Struct
from typing import NamedTuple

from calleq.runtime.clock import Clock
from calleq.runtime.tap import Segment

MAGIC = b"CALLEQT"
VERSION = 1
HEADER = MAGIC + bytes((VERSION,))

FLUSH_OCTETS = 64 * 1024
"""A file's buffer is written once it holds as much."""
FLUSH_INTERVAL_US = 200_000
"""With a clock, nothing waits longer than this in a file's buffer."""
FILE_LIMIT_OCTETS = 4 * 1024**3
MEMORY_LIMIT_RECORDS = 5_000_000
NAMES_LIMIT = 4_096
"""Names of links and ends that a file's writer keeps packed."""
OCTETS_LIMIT = 1024**2
"""No message of any segment is longer; a length beyond is damage."""

_MARK = b"\xca\x11\xe9\x72"
_FRAME = Struct("<4sI")
_BODY = Struct("<qBBBB")
_HEAD = Struct("<4sIqB3s")
"""Frame and body as they are written, the lengths of the names as octets."""
_SEGMENTS = tuple(Segment)
_SEGMENT_CODES = {segment: code for code, segment in enumerate(_SEGMENTS)}


class CaptureError(ValueError):
    """The file is no capture, or a record cannot be kept in one; the text says why."""


class Captured(NamedTuple):
    """One message as a tap saw it, at the element that sent it."""

    at_us: int
    segment: Segment
    link: str
    sender: str
    receiver: str
    octets: bytes


class MemoryCapture:
    """A tap that keeps everything in memory, up to `limit` records; later ones are counted."""

    def __init__(self, limit: int = MEMORY_LIMIT_RECORDS) -> None:
        self._records: list[tuple[int, Segment, str, str, str, bytes]] = []
        self._limit = limit
        self.dropped = 0

    def saw(
        self, segment: Segment, link: str, sender: str, receiver: str, octets: bytes, at_us: int
    ) -> None:
        records = self._records
        if len(records) < self._limit:
            records.append((at_us, segment, link, sender, receiver, octets))
        else:
            self.dropped += 1

    def captures(self) -> list[Captured]:
        """Everything kept, sorted by time; equal instants in the order in which they were seen."""
        captures = [Captured._make(record) for record in self._records]
        captures.sort(key=_instant)
        return captures


class CaptureFile:
    """A tap that appends to a file. Give a clock where somebody reads while it is written.

    What it sees waits as it is, and is put in the file's form when it is written: so those who show
    it something wait as little as can be.

    Raises CaptureError when `path` exists and is no capture, OSError when it cannot be opened.
    """

    def __init__(
        self, path: Path, clock: Clock | None = None, limit_octets: int = FILE_LIMIT_OCTETS
    ) -> None:
        self._clock = clock
        self._waiting: list[tuple[int, Segment, tuple[bytes, bytes], bytes]] = []
        """When, where, names as `_pack_names` has them, and the octets."""
        self._waiting_octets = 0
        self._names: dict[tuple[str, str, str], tuple[bytes, bytes]] = {}
        """Names that came before, as `_pack_names` has them."""
        self._limit_octets = limit_octets
        self._flush_due = clock is None
        """A timer is set, or there is no clock to set it on."""
        self._is_closed = False
        self.dropped = 0
        self._file = path.open("ab", buffering=0)
        self._octets = self._file.tell()
        try:
            missing = _check_header(path)
        except CaptureError:
            self._file.close()
            raise
        if missing:
            self._octets += self._file.write(missing)

    def saw(
        self, segment: Segment, link: str, sender: str, receiver: str, octets: bytes, at_us: int
    ) -> None:
        key = (link, sender, receiver)
        names = self._names.get(key)
        if names is None:
            names = self._pack_names(key)
        length = len(octets)
        if length > OCTETS_LIMIT:
            raise CaptureError(f"{length} octets: at most {OCTETS_LIMIT}")
        if self._is_closed:
            self.dropped += 1
            return
        self._waiting.append((at_us, segment, names, octets))
        self._waiting_octets += length
        if self._waiting_octets >= FLUSH_OCTETS:
            self.flush()
        elif not self._flush_due:
            self._flush_due = True
            assert self._clock is not None
            self._clock.call_later_us(FLUSH_INTERVAL_US, self._flush_on_time)

    def _pack_names(self, key: tuple[str, str, str]) -> tuple[bytes, bytes]:
        if len(self._names) >= NAMES_LIMIT:
            self._names.clear()
        names = self._names[key] = _pack_names(*key)
        return names

    def flush(self) -> None:
        """Hand what waits to the operating system."""
        waiting, self._waiting = self._waiting, []
        self._waiting_octets = 0
        parts: list[bytes] = []
        for at_us, segment, names, octets in waiting:
            record = _pack(at_us, segment, names, octets)
            length = len(record) + len(octets)
            if self._octets + length > self._limit_octets:
                self.dropped += 1
                continue
            self._octets += length
            parts += (record, octets)
        pending = memoryview(b"".join(parts))
        while pending:
            pending = pending[self._file.write(pending) :]

    def close(self) -> None:
        """Flush and close; what is seen afterwards is dropped and counted."""
        self._is_closed = True
        self.flush()
        self._file.close()

    def _flush_on_time(self) -> None:
        self._flush_due = False
        if not self._is_closed:
            self.flush()


class CaptureRead(NamedTuple):
    """What a capture file held."""

    captures: list[Captured]
    skipped_octets: int
    """Octets that belong to no whole record, an unfinished one at the end left out."""


def pack_record(captured: Captured) -> bytes:
    """The record of one message; CaptureError when a name or the octets are too long."""
    names = _pack_names(captured.link, captured.sender, captured.receiver)
    return _pack(captured.at_us, captured.segment, names, captured.octets) + captured.octets


def _pack_names(link: str, sender: str, receiver: str) -> tuple[bytes, bytes]:
    """How long each name is, and the names; CaptureError for one that is too long."""
    names = (link.encode(), sender.encode(), receiver.encode())
    if max(map(len, names)) > 255:
        raise CaptureError(f"a name longer than 255 octets: {link!r}")
    return bytes(map(len, names)), b"".join(names)


def _pack(at_us: int, segment: Segment, names: tuple[bytes, bytes], octets: bytes) -> bytes:
    """A record up to its octets."""
    if len(octets) > OCTETS_LIMIT:
        raise CaptureError(f"{len(octets)} octets: at most {OCTETS_LIMIT}")
    lengths, text = names
    length = _BODY.size + len(text) + len(octets)
    return _HEAD.pack(_MARK, length, at_us, _SEGMENT_CODES[segment], lengths) + text


def read_capture(path: Path) -> CaptureRead:
    """Read one file in its own order; CaptureError when it is no capture."""
    _check_header(path)
    data = path.read_bytes()
    captures: list[Captured] = []
    skipped = 0
    position = len(HEADER)
    while position < len(data):
        found = data.find(_MARK, position)
        if found < 0:
            if not _MARK.startswith(data[position:]):
                skipped += len(data) - position
            break
        skipped += found - position
        end = _record_end(data, found)
        if end is None:
            if data.find(_MARK, found + 1) < 0:
                break
            skipped += len(_MARK)
            position = found + len(_MARK)
            continue
        captured = _unpack_body(data[found + _FRAME.size : end])
        if captured is None:
            skipped += end - found
        else:
            captures.append(captured)
        position = end
    return CaptureRead(captures, skipped)


def read_captures(paths: Iterable[Path]) -> list[Captured]:
    """Every message of the files, sorted by time; equal instants in the order of the paths."""
    captures = [captured for path in paths for captured in read_capture(path).captures]
    captures.sort(key=_instant)
    return captures


def _instant(captured: Captured) -> int:
    return captured.at_us


def _check_header(path: Path) -> bytes:
    """What is missing of the header (its writer may have died); CaptureError when it is none."""
    with path.open("rb") as file:
        header = file.read(len(HEADER))
    if HEADER.startswith(header):
        return HEADER[len(header) :]
    if not header.startswith(MAGIC):
        raise CaptureError(f"{path}: not a capture file")
    version = header[len(MAGIC) :].hex()
    raise CaptureError(f"{path}: capture format {version}, this program reads {VERSION:02x}")


def _record_end(data: bytes, start: int) -> int | None:
    """Where the record that starts with a mark ends; None when another mark must be looked for.

    A length is not believed when it leads past the file's end or over another record's mark.
    """
    if start + _FRAME.size > len(data):
        return None
    _, length = _FRAME.unpack_from(data, start)
    end: int = start + _FRAME.size + length
    if length < _BODY.size or end > len(data):
        return None
    if not data.startswith(_MARK, end) and data.find(_MARK, start + 1, end) >= 0:
        return None
    return end


def _unpack_body(body: bytes) -> Captured | None:
    """The message of a record's body, None when its names are damaged beyond reading."""
    at_us, segment, link, sender, receiver = _BODY.unpack_from(body)
    link_end = _BODY.size + link
    sender_end = link_end + sender
    receiver_end = sender_end + receiver
    if segment >= len(_SEGMENTS) or receiver_end > len(body):
        return None
    try:
        return Captured(
            at_us,
            _SEGMENTS[segment],
            body[_BODY.size : link_end].decode(),
            body[link_end:sender_end].decode(),
            body[sender_end:receiver_end].decode(),
            body[receiver_end:],
        )
    except UnicodeDecodeError:
        return None
