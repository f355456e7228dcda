"""Which offers of a page are taken (RFC 8866, RFC 8829): what is checked before WebRTC sees them.

A page offers one stream of sound that can be G.711 mu-law, over DTLS and ICE. What is more, longer
or otherwise made is an OfferError. Addresses that only the page's own network can resolve (mDNS)
and those of TCP are left out: the page finds us without them (RFC 8445 §7.3.1.3).
"""

import ipaddress
import re

CHARACTERS_LIMIT = 16_384
LINES_LIMIT = 300
LINE_CHARACTERS_LIMIT = 1_024
CANDIDATES_LIMIT = 24
_LINE = re.compile(r"[a-z]=[\x20-\x7e]+")
_CANDIDATE = re.compile(
    r"a=candidate:[A-Za-z0-9+/]{1,32} [0-9]{1,3} (udp|tcp) [0-9]{1,10}"
    r" (\S{1,255}) ([0-9]{1,5}) typ .*",
    re.IGNORECASE,
)
_NEEDED = ("a=fingerprint:", "a=ice-ufrag:", "a=ice-pwd:")


class OfferError(ValueError):
    """The offer is not taken; the text says why."""


def checked_offer(text: str) -> str:
    """The offer as WebRTC is given it. Raises OfferError."""
    if len(text) > CHARACTERS_LIMIT:
        raise OfferError(f"{len(text)} characters: at most {CHARACTERS_LIMIT} expected")
    lines = [line.rstrip("\r") for line in text.strip().split("\n")]
    if len(lines) > LINES_LIMIT:
        raise OfferError(f"{len(lines)} lines: at most {LINES_LIMIT} expected")
    for line in lines:
        if len(line) > LINE_CHARACTERS_LIMIT or _LINE.fullmatch(line) is None:
            raise OfferError(f"no line of a description: {line[:60]!r}")
    if lines[0] != "v=0":
        raise OfferError("no description: it does not begin with v=0")
    _check_stream([line for line in lines if line.startswith("m=")])
    for name in _NEEDED:
        if not any(line.startswith(name) for line in lines):
            raise OfferError(f"a description without {name[2:-1]}")
    kept = [line for line in lines if not line.startswith("a=candidate:") or _is_usable(line)]
    if sum(line.startswith("a=candidate:") for line in kept) > CANDIDATES_LIMIT:
        raise OfferError(f"more than {CANDIDATES_LIMIT} addresses")
    return "\r\n".join(kept) + "\r\n"


def _check_stream(streams: list[str]) -> None:
    if len(streams) != 1:
        raise OfferError(f"{len(streams)} streams: one of sound expected")
    kind, _, protocol, *formats = (*streams[0].split(" "), "", "")[:64]
    if kind != "m=audio" or not protocol.endswith("/TLS/RTP/SAVPF"):
        raise OfferError(f"a stream of {kind[2:40]} over {protocol[:40]}")
    if "0" not in formats:
        raise OfferError("sound that cannot be G.711 mu-law")


def _is_usable(line: str) -> bool:
    """Whether it is an address of UDP that we can send to."""
    matched = _CANDIDATE.fullmatch(line)
    if matched is None or matched[1].lower() != "udp" or not 0 < int(matched[3]) <= 65_535:
        return False
    try:
        address = ipaddress.ip_address(matched[2])
    except ValueError:
        return False
    return not (address.is_multicast or address.is_unspecified)
