"""SIP as ladders and captures show it: what a message says, and how it crosses IP.

A tap names the link of a SIP message by switch, transport and both addresses, ours first:
`sip:ssp-62 UDP 127.0.0.1:5062 127.0.0.1:49152`. For other people's tools each message becomes one
UDP datagram between the two, whatever carried it.
"""

import ipaddress
from struct import Struct

from calleq.sip.message import Message, Request, parse
from calleq.trace.capture import Captured

LINK_TYPE_RAW = 101
"""IP without anything before it."""

_IPV4 = Struct(">BBHHHBBH4s4s")
_IPV6 = Struct(">IHBB16s16s")
_UDP = Struct(">HHHH")
_PROTOCOL_UDP = 17
_HOPS = 64
_SHOWN = (
    ("from", "from"),
    ("to", "to"),
    ("p-asserted-identity", "asserted"),
    ("privacy", "privacy"),
    ("reason", "reason"),
    ("contact", "contact"),
)
"""Header fields that a ladder shows, and how it calls them."""


def described(octets: bytes) -> tuple[str, tuple[tuple[str, str], ...]]:
    """A message's name and what a ladder shows of it. Raises SipError."""
    message = parse(octets)
    fields: list[tuple[str, str]] = []
    if isinstance(message, Request):
        name = message.method
        fields.append(("to", message.target))
        wanted = [pair for pair in _SHOWN if pair[0] != "to"]
    else:
        name = f"{message.status} {message.reason}"
        fields.append(("of", message.cseq.method))
        wanted = [pair for pair in _SHOWN if pair[0] in ("reason", "contact")]
    for field, word in wanted:
        value = message.first(field)
        if value:
            fields.append((word, value))
    if message.body:
        fields.append(("voice", _voice(message)))
    return name, tuple(fields)


def _voice(message: Message) -> str:
    """The lines of a description that say where voice goes, and how."""
    text = message.body.decode("utf-8", "replace")
    lines = [line for line in text.splitlines() if line[:2] in ("c=", "m=")]
    ways = ("a=sendonly", "a=recvonly", "a=inactive")
    lines += [line for line in text.splitlines() if line in ways]
    return " ".join(lines) or f"{len(message.body)} octets of {message.content_type}"


def datagram(captured: Captured) -> bytes:
    """The message in UDP and IP, from where it was sent to where it went; empty where the link
    names no addresses."""
    words = captured.link.removeprefix("sip:").split(" ")
    if len(words) != 4:
        return b""
    switch, _, near, far = words
    source, target = (near, far) if captured.sender == switch else (far, near)
    try:
        ends = [_address(text) for text in (source, target)]
    except ValueError:
        return b""
    (source_ip, source_port), (target_ip, target_port) = ends
    payload = captured.octets
    length = _UDP.size + len(payload)
    head = _UDP.pack(source_port, target_port, length & 0xFFFF, 0)
    if source_ip.version == 6 or target_ip.version == 6:
        over = _IPV6.pack(6 << 28, length, _PROTOCOL_UDP, _HOPS, source_ip.packed, target_ip.packed)
        return over + head + payload
    plain = (0x45, 0, _IPV4.size + length, 0, 0, _HOPS, _PROTOCOL_UDP)
    unsummed = _IPV4.pack(*plain, 0, source_ip.packed, target_ip.packed)
    over = _IPV4.pack(*plain, _checksum(unsummed), source_ip.packed, target_ip.packed)
    return over + head + payload


def _address(text: str) -> tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, int]:
    host, _, port = text.rpartition(":")
    return ipaddress.ip_address(host.strip("[]")), int(port)


def _checksum(head: bytes) -> int:
    """Of an IPv4 header (RFC 791 §3.1)."""
    total = sum(int.from_bytes(head[at : at + 2]) for at in range(0, len(head), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
