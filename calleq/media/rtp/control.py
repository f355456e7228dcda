"""RTCP: reports of senders and receivers, made and read (RFC 3550 §6).

What we send is one compound packet: a report (SR where we have sent, else RR) with one block about
the believed source, our CNAME, and BYE at the end of a leg. What we read is refused (RtcpError)
whole when a part of it is not what its header says; parts of kinds that we have no use for are
passed over. Time is NTP's: seconds since 1900 in 32 bits and as many bits of their fractions.
"""

import struct
from typing import Final

import msgspec

SENDER_REPORT: Final = 200
RECEIVER_REPORT: Final = 201
SOURCE_DESCRIPTION: Final = 202
GOODBYE: Final = 203

REPORT_US: Final = 5_000_000
"""Between two reports, on the average (RFC 3550 §6.2); from half of it to one and a half."""
MAX_OCTETS: Final = 1_500
NTP_EPOCH_S: Final = 2_208_988_800

_COMMON = struct.Struct(">BBHI")
_SENDER = struct.Struct(">IIIII")
_BLOCK = struct.Struct(">IIIIII")
_CNAME = 1


class RtcpError(ValueError):
    """Octets that are no RTCP; the text says why."""


class Block(msgspec.Struct, frozen=True):
    """What a receiver says of one source."""

    source: int
    lost_share: float
    """Since the report before."""
    lost: int
    """In all; negative where more came than was sent, as duplicates do."""
    newest: int
    """Highest sequence number and its cycles, 32 bits."""
    jitter: int
    """In timestamp units."""
    last_report: int = 0
    """The middle 32 bits of the NTP time of the last SR that it had of the source; 0: none."""
    since_report: int = 0
    """How long ago that was, in 1/65536 s."""


class Report(msgspec.Struct, frozen=True):
    """What one compound packet says, as far as it matters here."""

    source: int
    blocks: tuple[Block, ...] = ()
    sent_at: int | None = None
    """NTP time of an SR, 64 bits; None for an RR."""
    timestamp: int = 0
    packets: int = 0
    octets: int = 0
    leaves: bool = False
    """A BYE of the source."""


def ntp_time(utc_us: int) -> int:
    """NTP's 64 bits of an instant."""
    seconds, rest_us = divmod(utc_us, 1_000_000)
    return ((seconds + NTP_EPOCH_S & 0xFFFF_FFFF) << 32) | (rest_us << 32) // 1_000_000


def middle(ntp: int) -> int:
    """The 32 bits in the middle, by which reports refer to each other."""
    return (ntp >> 16) & 0xFFFF_FFFF


def _packed(kind: int, count: int, source: int, body: bytes) -> bytes:
    words = (_COMMON.size + len(body)) // 4 - 1
    return _COMMON.pack(0x80 | count, kind, words, source) + body


def build(report: Report, cname: str) -> bytes:
    """A compound packet."""
    blocks = b"".join(map(_built, report.blocks))
    count = len(report.blocks)
    if report.sent_at is None:
        first = _packed(RECEIVER_REPORT, count, report.source, blocks)
    else:
        at, counts = report.sent_at, (report.packets & 0xFFFF_FFFF, report.octets & 0xFFFF_FFFF)
        sender = _SENDER.pack(at >> 32, at & 0xFFFF_FFFF, report.timestamp & 0xFFFF_FFFF, *counts)
        first = _packed(SENDER_REPORT, count, report.source, sender + blocks)
    name = cname.encode("ascii")[:255]
    item = bytes((_CNAME, len(name))) + name
    item += bytes(4 - len(item) % 4)
    parts = [first, _packed(SOURCE_DESCRIPTION, 1, report.source, item)]
    if report.leaves:
        parts.append(_packed(GOODBYE, 1, report.source, b""))
    return b"".join(parts)


def _built(block: Block) -> bytes:
    share = min(max(int(block.lost_share * 256), 0), 255)
    lost = min(max(block.lost, -0x80_0000), 0x7F_FFFF) & 0xFF_FFFF
    rest = (block.newest & 0xFFFF_FFFF, block.jitter & 0xFFFF_FFFF)
    return _BLOCK.pack(
        block.source, share << 24 | lost, *rest, block.last_report, block.since_report
    )


def parse(octets: bytes) -> Report:
    """What a compound packet says. Raises RtcpError."""
    if not 8 <= len(octets) <= MAX_OCTETS:
        raise RtcpError(f"{len(octets)} octets: 8 to {MAX_OCTETS} expected")
    if octets[1] not in (SENDER_REPORT, RECEIVER_REPORT):
        raise RtcpError(f"a compound packet begins with a report, not with {octets[1]}")
    report: Report | None = None
    leaves = False
    start = 0
    while start < len(octets):
        count, kind, body, end = _part(octets, start)
        if kind in (SENDER_REPORT, RECEIVER_REPORT):
            report = report or _report(kind, count, octets[body:end])
        elif kind == GOODBYE:
            leaves = leaves or _leaves(octets[body:end], count, report)
        start = end
    assert report is not None
    return msgspec.structs.replace(report, leaves=leaves)


def _part(octets: bytes, start: int) -> tuple[int, int, int, int]:
    """Count and kind of a part, and where what follows its header begins and ends."""
    if len(octets) - start < 4:
        raise RtcpError("a header is cut off")
    first, kind, words = octets[start], octets[start + 1], octets[start + 2 : start + 4]
    end = start + 4 + 4 * int.from_bytes(words)
    if first >> 6 != 2:
        raise RtcpError(f"version {first >> 6}: 2 expected")
    if end > len(octets):
        raise RtcpError(f"a part of {end - start} octets where {len(octets) - start} are left")
    return first & 0x1F, kind, start + 4, end


def _report(kind: int, count: int, body: bytes) -> Report:
    sender = _SENDER.size if kind == SENDER_REPORT else 0
    if len(body) < 4 + sender + count * _BLOCK.size:
        raise RtcpError(f"{count} blocks do not fit into {len(body)} octets")
    start = 4 + sender
    blocks = tuple(
        _block(*_BLOCK.unpack_from(body, start + each * _BLOCK.size)) for each in range(count)
    )
    source = int.from_bytes(body[:4])
    if not sender:
        return Report(source, blocks)
    seconds, fraction, timestamp, packets, sent_octets = _SENDER.unpack_from(body, 4)
    return Report(source, blocks, seconds << 32 | fraction, timestamp, packets, sent_octets)


def _block(source: int, loss: int, newest: int, jitter: int, last: int, since: int) -> Block:
    lost = loss & 0xFF_FFFF
    lost -= (lost >> 23) << 24
    return Block(source, (loss >> 24) / 256, lost, newest, jitter, last, since)


def _leaves(body: bytes, count: int, report: Report | None) -> bool:
    if len(body) < 4 * count:
        raise RtcpError(f"{count} sources do not fit into {len(body)} octets")
    sources = [int.from_bytes(body[4 * each : 4 * each + 4]) for each in range(count)]
    return report is not None and report.source in sources


def round_trip_us(block: Block, now_ntp: int) -> int | None:
    """How long a packet takes there and back, by a block about ours; None: it says nothing."""
    if not block.last_report:
        return None
    units = (middle(now_ntp) - block.last_report - block.since_report) & 0xFFFF_FFFF
    if units >> 31:  # clocks that do not run evenly: it came before it was sent
        return 0
    return units * 1_000_000 >> 16
