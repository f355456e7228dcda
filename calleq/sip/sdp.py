"""Session descriptions (RFC 8866): read, written, as values.

Owns the lines that a telephone call needs; other lines and attributes are dropped where they mean
nothing to it, and kept in `attributes` where they belong to a stream. It refuses, by SdpError's
parent SipError, what has no version, origin or connection, streams without a number, and too much
of anything. What two sides make of their descriptions is `negotiation`'s.

Odd cases: lines may end in LF alone (RFC 8866 §5); a connection of the session stands for streams
without one of their own; port 0 is a refused stream; an address of 0.0.0.0 is hold of old (RFC
3264 §8.4); formats that are no numbers belong to streams that calleq refuses.
"""

import re
from enum import StrEnum
from functools import lru_cache

import msgspec

from calleq.sip.bounds import (
    FORMATS_LIMIT,
    REMEMBERED_CHARACTERS,
    REMEMBERED_LIMIT,
    SDP_LINES_LIMIT,
    SDP_OCTETS_LIMIT,
    STREAMS_LIMIT,
    SipError,
)
from calleq.sip.crypto import Crypto, parse_crypto
from calleq.sip.grammar import is_token, parse_number
from calleq.sip.uri import PORT_LIMIT

ATTRIBUTES_LIMIT = 64
"""Attributes of one stream that are kept."""
PTIME_LIMIT_MS = 200
_ADDRESS = re.compile(r"[0-9A-Za-z.:\-]{1,255}")
_PAYLOAD = re.compile(r"[0-9]{1,3}")
_ENCODING = re.compile(r"([0-9]{1,3}) ([A-Za-z0-9\-_.]{1,40})/([0-9]{1,7})(?:/([0-9]{1,2}))?")


class Direction(StrEnum):
    """Which way voice flows, as seen by whoever wrote the description (RFC 8866 §6.7)."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"


_DIRECTIONS = {str(direction): direction for direction in Direction}


class Encoding(msgspec.Struct, frozen=True, gc=False):
    """What a payload type means (rtpmap and fmtp)."""

    payload: int
    name: str
    """In capitals, but `telephone-event`."""
    rate_hz: int = 8_000
    format: str = ""
    """What fmtp says of it."""


PCMU = Encoding(0, "PCMU")
PCMA = Encoding(8, "PCMA")
STATIC = {
    encoding.payload: encoding
    for encoding in (
        PCMU,
        Encoding(3, "GSM"),
        Encoding(4, "G723"),
        PCMA,
        Encoding(9, "G722"),
        Encoding(13, "CN"),
        Encoding(18, "G729"),
    )
}
"""Payload types that need no rtpmap (RFC 3551 §6)."""
TELEPHONE_EVENT = "telephone-event"


class Stream(msgspec.Struct, frozen=True, gc=False):
    """One media line and what belongs to it."""

    port: int
    payloads: tuple[str, ...]
    """Formats in order of preference, as written."""
    kind: str = "audio"
    protocol: str = "RTP/AVP"
    address: str = ""
    """Where media are sent to; the session's where the stream has none of its own."""
    encodings: tuple[Encoding, ...] = ()
    direction: Direction = Direction.SENDRECV
    ptime_ms: int | None = None
    crypto: tuple[Crypto, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()

    @property
    def refused(self) -> bool:
        """Port zero (RFC 3264 §5.1, §6)."""
        return self.port == 0

    @property
    def secure(self) -> bool:
        """Whether it is SRTP."""
        return "SAVP" in self.protocol


class Description(msgspec.Struct, frozen=True, gc=False):
    """A whole description: one side's offer or answer."""

    session_id: int
    version: int
    """Counted up by whoever changes anything (RFC 3264 §8)."""
    address: str
    streams: tuple[Stream, ...]
    user: str = "-"
    name: str = "-"

    def encode(self) -> bytes:
        """As it stands in a body of application/sdp."""
        family = _family(self.address)
        lines = [
            "v=0",
            f"o={self.user} {self.session_id} {self.version} IN {family} {self.address}",
            f"s={self.name}",
            f"c=IN {family} {self.address}",
            "t=0 0",
        ]
        for stream in self.streams:
            lines += _stream_lines(stream, self.address)
        return ("\r\n".join(lines) + "\r\n").encode("utf-8", "surrogateescape")


def _family(address: str) -> str:
    return "IP6" if ":" in address else "IP4"


def _stream_lines(stream: Stream, session_address: str) -> list[str]:
    lines = [f"m={stream.kind} {stream.port} {stream.protocol} {' '.join(stream.payloads)}"]
    if stream.address and stream.address != session_address:
        lines.append(f"c=IN {_family(stream.address)} {stream.address}")
    if stream.refused:
        return lines
    for encoding in stream.encodings:
        lines.append(f"a=rtpmap:{encoding.payload} {encoding.name}/{encoding.rate_hz}")
        if encoding.format:
            lines.append(f"a=fmtp:{encoding.payload} {encoding.format}")
    if stream.ptime_ms is not None:
        lines.append(f"a=ptime:{stream.ptime_ms}")
    lines += [f"a=crypto:{crypto}" for crypto in stream.crypto]
    lines += [f"a={name}:{value}" if value else f"a={name}" for name, value in stream.attributes]
    lines.append(f"a={stream.direction}")
    return lines


def parse_description(octets: bytes) -> Description:
    """Read a body of application/sdp; SipError where it is none."""
    if len(octets) > SDP_OCTETS_LIMIT:
        raise SipError(f"SDP of {len(octets)} octets: at most {SDP_OCTETS_LIMIT} expected")
    text = octets.decode("utf-8", "surrogateescape").replace("\r\n", "\n")
    lines = text.split("\n")
    if len(lines) > SDP_LINES_LIMIT:
        raise SipError(f"SDP of {len(lines)} lines: at most {SDP_LINES_LIMIT} expected")
    if lines[0].rstrip(" ") != "v=0":
        raise SipError(f"no SDP: {lines[0][:20]!r}")
    sections: list[list[tuple[str, str]]] = [[]]
    for line in lines[1:]:
        if not line:
            continue
        if line[1:2] != "=" or "\r" in line or "\0" in line:
            raise SipError(f"no line of SDP: {line[:40]!r}")
        if line[0] == "m":
            sections.append([])
        sections[-1].append((line[0], line[2:]))
    if len(sections) - 1 > STREAMS_LIMIT:
        raise SipError(f"{len(sections) - 1} streams: at most {STREAMS_LIMIT} expected")
    return _description(sections[0], sections[1:])


def _description(session: list[tuple[str, str]], media: list[list[tuple[str, str]]]) -> Description:
    given = dict(reversed(session))
    origin = given.get("o", "").split(" ")
    if len(origin) != 6 or not _ADDRESS.fullmatch(origin[5]):
        raise SipError(f"no origin: {given.get('o', '')[:60]!r}")
    address = _address(given["c"]) if "c" in given else ""
    direction = Direction.SENDRECV
    for kind, value in session:
        if kind == "a" and value in _DIRECTIONS:
            direction = _DIRECTIONS[value]
    streams = tuple(_stream(lines, address, direction) for lines in media)
    if not all(stream.address or stream.refused for stream in streams):
        raise SipError("a stream without an address")
    return Description(
        session_id=_identifier(origin[1]),
        version=_identifier(origin[2]),
        address=address or origin[5],
        streams=streams,
        user=origin[0],
        name=given.get("s", "-"),
    )


def _identifier(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 20:
        raise SipError(f"no number in the origin: {text[:24]!r}")
    return int(text)


def _address(text: str) -> str:
    parts = text.split(" ")
    if len(parts) != 3 or parts[0] != "IN" or parts[1] not in ("IP4", "IP6"):
        raise SipError(f"no connection: {text[:60]!r}")
    address = parts[2].partition("/")[0]
    if not _ADDRESS.fullmatch(address):
        raise SipError(f"no address: {address[:60]!r}")
    return address


def _stream(lines: list[tuple[str, str]], address: str, direction: Direction) -> Stream:
    parts = lines[0][1].split(" ")
    if len(parts) < 4 or not is_token(parts[0]) or not all(parts):
        raise SipError(f"no media line: {lines[0][1][:60]!r}")
    if len(parts) - 3 > FORMATS_LIMIT or not all(map(is_token, parts[3:])):
        raise SipError(f"no formats: {' '.join(parts[3:])[:60]!r}")
    encodings: dict[int, Encoding] = {}
    formats: dict[int, str] = {}
    ptime: int | None = None
    crypto: list[Crypto] = []
    other: list[tuple[str, str]] = []
    for kind, value in lines[1:]:
        if kind == "c":
            address = _address(value)
        if kind != "a":
            continue
        name, _, rest = value.partition(":")
        match name:
            case "rtpmap":
                if len(rest) > REMEMBERED_CHARACTERS:
                    raise SipError(f"no rtpmap: {rest[:60]!r}")
                encoding = _encoding(rest)
                encodings[encoding.payload] = encoding
            case "fmtp":
                payload, _, format_ = rest.partition(" ")
                if _PAYLOAD.fullmatch(payload):
                    formats[int(payload)] = format_
            case "ptime":
                ptime = parse_number(rest.partition(".")[0], PTIME_LIMIT_MS)
            case "crypto":
                crypto.append(parse_crypto(rest))
            case "sendrecv" | "sendonly" | "recvonly" | "inactive":
                direction = _DIRECTIONS[name]
            case _ if is_token(name):
                other.append((name, rest))
    if len(other) > ATTRIBUTES_LIMIT or len(crypto) > ATTRIBUTES_LIMIT:
        raise SipError(f"a stream with more than {ATTRIBUTES_LIMIT} attributes")
    payloads = tuple(parts[3:])
    port = parse_number(parts[1].partition("/")[0], PORT_LIMIT)
    return Stream(
        port=port,
        payloads=payloads,
        kind=parts[0],
        protocol=parts[2],
        address=address,
        encodings=() if not port else _known(payloads, encodings, formats),
        direction=direction,
        ptime_ms=ptime,
        crypto=tuple(crypto),
        attributes=tuple(other),
    )


@lru_cache(REMEMBERED_LIMIT)
def _encoding(text: str) -> Encoding:
    matched = _ENCODING.fullmatch(text.strip(" "))
    if matched is None:
        raise SipError(f"no rtpmap: {text[:60]!r}")
    name = matched[2]
    name = TELEPHONE_EVENT if name.lower() == TELEPHONE_EVENT else name.upper()
    return Encoding(int(matched[1]), name, int(matched[3]))


def _known(
    payloads: tuple[str, ...], encodings: dict[int, Encoding], formats: dict[int, str]
) -> tuple[Encoding, ...]:
    """The encodings of the formats listed, in their order; those that nothing explains are left."""
    found = []
    for payload in payloads:
        if not _PAYLOAD.fullmatch(payload):
            continue
        number = int(payload)
        encoding = encodings.get(number) or STATIC.get(number)
        if encoding is not None:
            format_ = formats.get(number)
            found.append(msgspec.structs.replace(encoding, format=format_) if format_ else encoding)
    return tuple(found)


def forget_encodings() -> None:
    """Forget the rtpmaps whose reading is remembered."""
    _encoding.cache_clear()
