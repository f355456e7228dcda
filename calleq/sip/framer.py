"""Messages on a byte stream (RFC 3261 §18.3): TCP and TLS.

Owns the cutting only. Line ends between messages are keep-alives and skipped (RFC 5626 §3.5.1). A
stream whose next message cannot be found again is `broken`: what came before is still given out,
and so is the head whose Content-Length was unusable, so that it may be answered 400; then its owner
closes the connection. Nothing that comes after is looked at.
"""

import re

from calleq.sip.bounds import HEAD_OCTETS_LIMIT, MESSAGE_OCTETS_LIMIT

_LENGTH = re.compile(rb"\r\n(?:content-length|l)[ \t]*+:\s*+([^\r\n]*)", re.IGNORECASE)
_NUMBER = re.compile(rb"[0-9]{1,5}")
_KEEP_ALIVE = b"\r\n"


class StreamFramer:
    """Cuts a stream into messages, whatever pieces it comes in."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._searched = 0
        self.broken = ""
        """Why nothing more can be read; empty while all is well."""

    def receive(self, octets: bytes) -> list[bytes]:
        """The messages that are whole now. Holds one message and one read at most."""
        found: list[bytes] = []
        if self.broken:
            return found
        held = self._held
        held += octets
        start = 0
        while not self.broken:
            while held.startswith(_KEEP_ALIVE, start):
                start += len(_KEEP_ALIVE)
            end = held.find(b"\r\n\r\n", max(start, self._searched - 3))
            if end < 0 or end - start > HEAD_OCTETS_LIMIT:
                if len(held) - start > HEAD_OCTETS_LIMIT:
                    self.broken = f"a head of more than {HEAD_OCTETS_LIMIT} octets"
                    break
                self._searched = len(held)
                break
            after = end + 4 + self._body_octets(bytes(held[start:end]))
            if after - start > MESSAGE_OCTETS_LIMIT:
                self.broken = f"a message of {after - start} octets"
            if self.broken:
                found.append(bytes(held[start : end + 4]))
                break
            if after > len(held):
                self._searched = end
                break
            found.append(bytes(held[start:after]))
            start = self._searched = after
        if self.broken:
            held.clear()
        else:
            del held[:start]
            self._searched = max(0, self._searched - start)
        return found

    def _body_octets(self, head: bytes) -> int:
        """What Content-Length says; it must be there once (§18.3). Otherwise the end."""
        lengths = _LENGTH.findall(head)
        if len(lengths) != 1 or _NUMBER.fullmatch(lengths[0].strip(b" \t")) is None:
            self.broken = f"{len(lengths)} usable header fields content-length: one expected"
            return 0
        return int(lengths[0])
