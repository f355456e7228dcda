"""The octets of a journal's segments. Pure: no file is touched here.

Layout of a segment, all integers big-endian:

    header   magic "CALLEQJ\\n" (8) · format version (4) · CRC-32 of these twelve (4)
    frame    length of the payload (4) · CRC-32 (4) · group × 2 + last in its group (8) · payload
    ...
    zeros    space prepared for frames to come; cut when the segment is closed

The first frame's payload is an `Opening`: where the segment before ended, so that none can be lost,
swapped or cut unseen. Every other payload is one `Stamped` (`calleq.journal.payloads`). An empty
payload is a mark: it says that everything before it was durable when it was written (at opening and
at closing). The CRC covers length, group and payload, so that a flipped bit anywhere in a frame
shows. Format 1 had a single segment, without `Opening`, format 2 no deflated payloads; both are
read and never written.

Why the group: frames are written in groups, and a group is written only after the one before it is
durable. A crash can therefore leave any mixture of written and unwritten octets of the *last* group
and nothing else. So a bad frame that no frame of a later group follows is a torn tail, which nobody
was ever told of, and is cut; a bad frame with a good frame of a later group behind it, in its own
segment or in a later one, is damage to what was durable, and is refused. Whether the bad frame
belongs to the group of the good one before it or begins the next, that one's last-in-group bit
tells.
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import msgspec

from calleq.journal.entries import Stamped
from calleq.journal.payloads import PAYLOAD_LIMIT_BYTES, decode_payload, encode_payload

MAGIC = b"CALLEQJ\n"
FORMAT_VERSION = 3
READ_VERSIONS = (1, 2, 3)

_HEADER = struct.Struct(">8sII")
_FRAME = struct.Struct(">IIQ")
_COVERED = struct.Struct(">IQ")
HEADER_BYTES = _HEADER.size
FRAME_BYTES = _FRAME.size


class Opening(msgspec.Struct, frozen=True):
    """What the first frame of a segment says of the segments before."""

    segment: int
    """1, 2, 3 …"""
    previous_bytes: int
    """The length of the segment before, which is closed; 0 for the first."""
    opened_at_us: int
    """UTC; everything in earlier segments was written before."""
    sequences: dict[str, int]
    """The last sequence number of each entity before this segment."""


_encoder = msgspec.msgpack.Encoder()
_opening_decoder: msgspec.msgpack.Decoder[Opening] = msgspec.msgpack.Decoder(Opening)


class JournalError(Exception):
    """The journal cannot do, or is not, what was asked; the text names the file and says why."""


class JournalDamaged(JournalError):  # noqa: N818
    """What was durable is damaged: the file must be restored, not cut."""


class JournalVersion(JournalError):  # noqa: N818
    """The file is of a format that this version of calleq does not read."""


@dataclass(slots=True)
class Contents:
    """What a journal says, gathered segment after segment."""

    entries: list[Stamped] = field(default_factory=list)
    is_known: Callable[[Stamped], bool] | None = None
    """Of which entries are known otherwise: they are checked, counted and not kept."""
    notes: list[str] = field(default_factory=list)
    last_sequence: dict[str, int] = field(default_factory=dict)
    group: int = 0
    """The group of the last good frame; the next one written is higher."""
    end: int = 0
    """The offset after the last good frame of the last segment read."""
    version: int = 0
    """The format of the last segment read; 0 when its making was cut short."""
    opening: Opening | None = None
    """Of the last segment read; None where it has none (yet)."""


def encode_entry(stamped: Stamped) -> bytes:
    """The payload of an entry. Raises JournalError when it is too long or cannot be encoded."""
    try:
        payload = encode_payload(stamped)
    except (TypeError, ValueError, OverflowError) as error:
        raise JournalError(f"an entry of {stamped.entity} cannot be written: {error}") from error
    if len(payload) > PAYLOAD_LIMIT_BYTES:
        raise JournalError(
            f"an entry of {stamped.entity} is {len(payload)} octets long;"
            f" at most {PAYLOAD_LIMIT_BYTES} are written"
        )
    return payload


def decode_entry(payload: bytes) -> Stamped:
    """The entry of a payload. Raises JournalError for what is none."""
    try:
        return decode_payload(memoryview(payload))
    except (IndexError, msgspec.DecodeError) as error:
        raise JournalError(f"the octets hold no entry: {error}") from error


def encode_opening(opening: Opening) -> bytes:
    """The payload of a segment's first frame."""
    return _encoder.encode(opening)


def encode_header(version: int = FORMAT_VERSION) -> bytes:
    """The sixteen octets at the beginning of every segment."""
    covered = MAGIC + version.to_bytes(4, "big")
    return covered + zlib.crc32(covered).to_bytes(4, "big")


def encode_frames(payloads: list[bytes], group: int) -> bytes:
    """One group of frames; an empty payload is a mark."""
    parts = []
    mark, last = group << 1, len(payloads) - 1
    for index, payload in enumerate(payloads):
        length = len(payload)
        if index == last:
            mark += 1
        crc = zlib.crc32(payload, zlib.crc32(_COVERED.pack(length, mark)))
        parts.append(_FRAME.pack(length, crc, mark))
        parts.append(payload)
    return b"".join(parts)


def is_unfinished_header(octets: bytes) -> bool:
    """Whether a crash cut the file's making short, so that nothing can have been in it."""
    written = octets.rstrip(b"\0")
    return any(
        len(written) < len(header.rstrip(b"\0")) and header.startswith(written)
        for header in map(encode_header, READ_VERSIONS)
    )


def decode_segment(octets: bytes, name: str, number: int, contents: Contents) -> None:
    """Read segment `number`, named `name` in errors, on top of what `contents` has of those before.

    With no segment before, the opening says where the sequence numbers begin. Raises
    JournalVersion, JournalDamaged, and JournalError for a file that is no segment of a journal.
    """
    previous_end = contents.end
    contents.opening = None
    contents.end = HEADER_BYTES
    contents.version = 0
    if is_unfinished_header(octets):
        contents.notes.append(f"{name}: empty; its making was cut short")
        return
    contents.version = _check_header(octets, name)
    reader = _Frames(octets, name, contents)
    if contents.version > 1:
        opening = reader.opening()
        if opening is None:
            return
        _check_opening(opening, name, number, previous_end, contents)
        contents.opening = opening
        contents.last_sequence.update(opening.sequences)
    reader.entries()


def _check_header(octets: bytes, name: str) -> int:
    if not octets.startswith(MAGIC):
        raise JournalError(f"{name}: not a journal of calleq")
    if len(octets) < HEADER_BYTES:
        raise JournalDamaged(f"{name}: its header is damaged")
    _, version, crc = _HEADER.unpack_from(octets)
    if zlib.crc32(octets[:12]) != crc:
        raise JournalDamaged(f"{name}: its header is damaged")
    if version not in READ_VERSIONS:
        readable = ", ".join(str(known) for known in READ_VERSIONS)
        raise JournalVersion(f"{name}: journal format {version}; this calleq reads {readable}")
    return int(version)


def _check_opening(
    opening: Opening, name: str, number: int, previous_end: int, contents: Contents
) -> None:
    if opening.segment != number:
        raise JournalDamaged(f"{name}: holds segment {opening.segment}, not {number}")
    if previous_end == 0:
        return
    if opening.previous_bytes != previous_end:
        raise JournalDamaged(
            f"{name}: the segment before it is whole up to octet {previous_end}, but"
            f" {opening.previous_bytes} octets of it were durable: restore it"
        )
    if opening.sequences != contents.last_sequence:
        raise JournalDamaged(f"{name}: does not go on where the segment before it ends")


class _Frames:
    """Reads the frames of one segment one after the other."""

    def __init__(self, octets: bytes, name: str, contents: Contents) -> None:
        self._octets = octets
        self._view = memoryview(octets)
        self._name = name
        self._contents = contents

    def opening(self) -> Opening | None:
        """The first frame; None when it was not written whole."""
        contents = self._contents
        end = _good_frame(self._view, HEADER_BYTES, contents.group + 1)
        if end == 0:
            self._judge_tail(HEADER_BYTES, contents.group << 1 | 1)
            return None
        try:
            opening = _opening_decoder.decode(self._view[HEADER_BYTES + FRAME_BYTES : end])
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise JournalDamaged(f"{self._name}: its first frame is no opening: {error}") from error
        contents.end = end
        return opening

    def entries(self) -> None:
        """Everything that follows, up to the end or the torn tail."""
        contents, view = self._contents, self._view
        append, last_sequence = contents.entries.append, contents.last_sequence
        is_known = contents.is_known
        unpack, crc32, decode = _FRAME.unpack_from, zlib.crc32, decode_payload
        offset, size = contents.end, len(view)
        mark = _mark(view, HEADER_BYTES) if contents.opening else contents.group << 1 | 1
        while offset < size:
            start = offset + FRAME_BYTES
            if start > size:
                self._judge_tail(offset, mark)
                break
            length, crc, found = unpack(view, offset)
            end = start + length
            # The same test as `_good_frame`, written out: this loop reads millions.
            if (
                found >> 1 < mark >> 1
                or not found
                or length > PAYLOAD_LIMIT_BYTES
                or end > size
                or crc32(view[offset + 8 : end], crc32(view[offset : offset + 4])) != crc
            ):
                self._judge_tail(offset, mark)
                break
            mark = found
            if length:
                try:
                    stamped = decode(view[start:end])
                except (msgspec.DecodeError, msgspec.ValidationError) as error:
                    raise _no_entry(offset, error, self._name) from error
                entity, sequence = stamped.entity, stamped.sequence
                if sequence != last_sequence.get(entity, 0) + 1:
                    raise self._gap(offset, stamped)
                last_sequence[entity] = sequence
                if is_known is None or not is_known(stamped):
                    append(stamped)
            offset = end
        contents.end, contents.group = offset, mark >> 1

    def _gap(self, offset: int, stamped: Stamped) -> JournalDamaged:
        last = self._contents.last_sequence.get(stamped.entity, 0)
        return JournalDamaged(
            f"{self._name}: at octet {offset} entry {stamped.sequence} of {stamped.entity}"
            f" follows entry {last}"
        )

    def _judge_tail(self, offset: int, mark: int) -> None:
        note = _judge_tail(self._octets, offset, mark, self._name)
        if note:
            self._contents.notes.append(note)


def _judge_tail(octets: bytes, offset: int, mark: int, name: str) -> str:
    """Describe a torn tail at `offset`; raise JournalDamaged when durable frames lie behind it.

    `mark` is that of the good frame before: its group, and whether it was the last of it.
    """
    view = memoryview(octets)
    torn_end = len(octets.rstrip(b"\0"))
    if torn_end <= offset:
        return ""
    torn_group = (mark >> 1) + (mark & 1)
    for start in range(offset + 1, torn_end):
        if octets[start] == 0 and _good_frame(view, start, torn_group + 1):
            raise JournalDamaged(
                f"{name}: the frame at octet {offset} is damaged and durable frames follow it"
                f" (at octet {start}): restore the file, it is not cut"
            )
    return f"{name}: torn tail of {torn_end - offset} octets at octet {offset}"


def _good_frame(view: memoryview, offset: int, group_before: int) -> int:
    """Where the frame at `offset` ends; 0 when there is no good one of this or a later group."""
    if offset + FRAME_BYTES > len(view):
        return 0
    length, crc, mark = _FRAME.unpack_from(view, offset)
    end = offset + FRAME_BYTES + int(length)
    if length > PAYLOAD_LIMIT_BYTES or end > len(view) or mark >> 1 < group_before or not mark:
        return 0
    covered = zlib.crc32(_COVERED.pack(length, mark))
    if zlib.crc32(view[offset + FRAME_BYTES : end], covered) != crc:
        return 0
    return end


def _mark(view: memoryview, offset: int) -> int:
    return int.from_bytes(view[offset + 8 : offset + 16], "big")


def segment_version(header: bytes, name: str) -> int:
    """The format that the first octets of a segment name; 0 when its making was cut short.

    Raises as `decode_segment` does.
    """
    return 0 if is_unfinished_header(header) else _check_header(header, name)


class Frame(msgspec.Struct, frozen=True, gc=False):
    """A good frame in the octets it was found in."""

    stamped: Stamped | None
    """None: a mark, or the opening."""
    start: int
    end: int
    mark: int


def good_frames(
    octets: bytes, mark: int, name: str, *, opening: bool, whole: bool
) -> Iterator[Frame]:
    """The good frames of a part of a segment; `mark` is that of the frame before it, 1 before all.

    `opening` says that the first is the segment's opening. Ends before the first frame that is not
    good. When the octets are the `whole` rest of the file, that frame is judged as
    `decode_segment` does: raises JournalDamaged unless it is a torn tail.
    """
    view = memoryview(octets)
    offset = 0
    while offset < len(octets):
        end = _good_frame(view, offset, mark >> 1)
        if end == 0:
            if whole:
                _judge_tail(octets, offset, mark, name)
            return
        mark = _mark(view, offset)
        stamped = None
        if end > offset + FRAME_BYTES and not opening:
            stamped = _decode_entry(view[offset + FRAME_BYTES : end], offset, name)
        yield Frame(stamped, offset, end, mark)
        offset, opening = end, False


def _decode_entry(payload: memoryview, offset: int, name: str) -> Stamped:
    try:
        return decode_payload(payload)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise _no_entry(offset, error, name) from error


def _no_entry(offset: int, error: Exception, name: str) -> JournalDamaged:
    return JournalDamaged(
        f"{name}: the frame at octet {offset} is whole but holds no entry: {error}"
    )


def opened_at_us(octets: bytes) -> int:
    """The instant that the opening at the beginning of a segment names; 0 where there is none."""
    end = _good_frame(memoryview(octets), HEADER_BYTES, 0)
    if end:
        try:
            return _opening_decoder.decode(octets[HEADER_BYTES + FRAME_BYTES : end]).opened_at_us
        except (msgspec.DecodeError, msgspec.ValidationError):
            pass  # format 1 begins with an entry
    return 0


def entry_around(octets: bytes, at: int) -> tuple[Stamped, int] | None:
    """The entry whose frame covers octet `at`, and where that frame ends; None: there is none."""
    view = memoryview(octets)
    start = octets.rfind(b"\0", 0, max(0, at - FRAME_BYTES) + 1)
    while start >= 0:
        end = _good_frame(view, start, 0)
        if end > at:
            try:
                return decode_payload(view[start + FRAME_BYTES : end]), end
            except (msgspec.DecodeError, msgspec.ValidationError):
                return None  # an opening
        start = octets.rfind(b"\0", 0, start)
    return None
