"""The octets of a journal file. Pure: no file is touched here.

Layout, all integers big-endian:

    header   magic "CALLEQJ\\n" (8) · format version (4) · CRC-32 of these twelve (4)
    frame    length of the payload (4) · CRC-32 (4) · group × 2 + last in its group (8) · payload
    ...
    zeros    space prepared for frames to come; cut when the journal is closed

The payload is one `Stamped` in MessagePack. An empty payload is a mark: it says that everything
before it was durable when it was written (at opening and at closing). The CRC covers length, group
and payload, so that a flipped bit anywhere in a frame shows.

Why the group: frames are written in groups, and a group is written only after the one before it is
durable. A crash can therefore leave any mixture of written and unwritten octets of the *last* group
and nothing else. So a bad frame that no frame of a later group follows is a torn tail, which nobody
was ever told of, and is cut; a bad frame with a good frame of a later group behind it is damage to
what was durable, and is refused. Whether the bad frame belongs to the group of the good one before
it or begins the next, that one's last-in-group bit tells.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from calleq.journal.entries import Stamped

MAGIC = b"CALLEQJ\n"
FORMAT_VERSION = 1
PAYLOAD_LIMIT_BYTES = 1 << 20
"""No entry is longer; a longer length in a frame is damage."""

_HEADER = struct.Struct(">8sII")
_FRAME = struct.Struct(">IIQ")
_COVERED = struct.Struct(">IQ")
HEADER_BYTES = _HEADER.size
FRAME_BYTES = _FRAME.size

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Stamped] = msgspec.msgpack.Decoder(Stamped)


class JournalError(Exception):
    """The journal cannot do, or is not, what was asked; the text names the file and says why."""


class JournalDamaged(JournalError):  # noqa: N818
    """What was durable is damaged: the file must be restored, not cut."""


class JournalVersion(JournalError):  # noqa: N818
    """The file is of a format that this version of calleq does not read."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a journal's octets say. `end` is the offset after the last good frame."""

    entries: list[Stamped]
    end: int
    group: int
    """The group of the last good frame; the next one written is higher."""
    notes: list[str]
    last_sequence: dict[str, int]


def encode_entry(stamped: Stamped) -> bytes:
    """The payload of an entry. Raises JournalError when it is too long or cannot be encoded."""
    try:
        payload = _encoder.encode(stamped)
    except (TypeError, ValueError, OverflowError) as error:
        raise JournalError(f"an entry of {stamped.entity} cannot be written: {error}") from error
    if len(payload) > PAYLOAD_LIMIT_BYTES:
        raise JournalError(
            f"an entry of {stamped.entity} is {len(payload)} octets long;"
            f" at most {PAYLOAD_LIMIT_BYTES} are written"
        )
    return payload


def encode_header() -> bytes:
    """The sixteen octets at the beginning of every journal."""
    covered = MAGIC + FORMAT_VERSION.to_bytes(4, "big")
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
    if len(octets) >= HEADER_BYTES and octets[:HEADER_BYTES].strip(b"\0"):
        return False
    return encode_header().startswith(octets) or not octets.strip(b"\0")


def decode_journal(octets: bytes, name: str) -> Contents:
    """Read a whole journal; `name` stands in the errors.

    Raises JournalVersion, JournalDamaged, and JournalError for a file that is no journal.
    """
    contents = Contents([], HEADER_BYTES, 0, [], {})
    if is_unfinished_header(octets):
        contents.notes.append(f"{name}: empty; its making was cut short")
        return contents
    _check_header(octets, name)
    return _decode_frames(octets, name, contents)


def _check_header(octets: bytes, name: str) -> None:
    if not octets.startswith(MAGIC):
        raise JournalError(f"{name}: not a journal of calleq: it does not begin with {MAGIC!r}")
    if len(octets) < HEADER_BYTES:
        raise JournalDamaged(f"{name}: its header is damaged")
    _, version, crc = _HEADER.unpack_from(octets)
    if zlib.crc32(octets[:12]) != crc:
        raise JournalDamaged(f"{name}: its header is damaged")
    if version != FORMAT_VERSION:
        raise JournalVersion(
            f"{name}: journal format {version}; this calleq reads format {FORMAT_VERSION}"
        )


def _decode_frames(octets: bytes, name: str, contents: Contents) -> Contents:
    entries, last_sequence = contents.entries, contents.last_sequence
    view = memoryview(octets)
    offset, mark, size = HEADER_BYTES, 1, len(octets)
    while offset < size:
        payload_end = _good_frame(view, offset, mark >> 1)
        if payload_end == 0:
            _judge_tail(octets, offset, mark, name, contents.notes)
            break
        mark = _mark(view, offset)
        if payload_end > offset + FRAME_BYTES:
            stamped = _decode_entry(view[offset + FRAME_BYTES : payload_end], offset, name)
            last = last_sequence.get(stamped.entity)
            if last is not None and stamped.sequence != last + 1:
                raise JournalDamaged(
                    f"{name}: at octet {offset} entry {stamped.sequence} of {stamped.entity}"
                    f" follows entry {last}"
                )
            last_sequence[stamped.entity] = stamped.sequence
            entries.append(stamped)
        offset = payload_end
    return Contents(entries, offset, mark >> 1, contents.notes, last_sequence)


def _decode_entry(payload: memoryview, offset: int, name: str) -> Stamped:
    try:
        return _decoder.decode(payload)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise JournalDamaged(
            f"{name}: the frame at octet {offset} is whole but holds no entry: {error}"
        ) from error


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


def _judge_tail(octets: bytes, offset: int, mark: int, name: str, notes: list[str]) -> None:
    """Note a torn tail at `offset`; raise JournalDamaged when durable frames lie behind it.

    `mark` is that of the good frame before: its group, and whether it was the last of it.
    """
    torn_end = len(octets.rstrip(b"\0"))
    if torn_end <= offset:
        return
    view = memoryview(octets)
    torn_group = (mark >> 1) + (mark & 1)
    for start in range(offset + 1, torn_end):
        if octets[start] == 0 and _good_frame(view, start, torn_group + 1):
            raise JournalDamaged(
                f"{name}: the frame at octet {offset} is damaged and durable frames follow it"
                f" (at octet {start}): restore the file, it is not cut"
            )
    notes.append(f"{name}: torn tail of {torn_end - offset} octets at octet {offset}")


class Frame(msgspec.Struct, frozen=True, gc=False):
    """A good frame in the octets it was found in."""

    stamped: Stamped | None
    """None: a mark."""
    start: int
    end: int
    mark: int


def good_frames(octets: bytes, start: int, mark: int, name: str, *, whole: bool) -> Iterator[Frame]:
    """The good frames from `start` on; `mark` is that of the frame before, 1 before the first.

    Ends before the first frame that is not good. When the octets are the `whole` rest of the file,
    that frame is judged as `decode_journal` does: raises JournalDamaged unless it is a torn tail.
    """
    view = memoryview(octets)
    offset = start
    while offset < len(octets):
        end = _good_frame(view, offset, mark >> 1)
        if end == 0:
            if whole:
                _judge_tail(octets, offset, mark, name, [])
            return
        mark = _mark(view, offset)
        empty = end == offset + FRAME_BYTES
        stamped = None if empty else _decode_entry(view[offset + FRAME_BYTES : end], offset, name)
        yield Frame(stamped, offset, end, mark)
        offset = end
