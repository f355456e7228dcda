"""What strangers send to a door under mutation: HTTP's framing and sealed envelopes.

A request that was framed is written anew, as the application behind the door gets it, and read
again: the same method, target, fields and body must come out. A message is encoded and decoded
again. An envelope that opens must be one of the samples: nothing else is authentic.
"""

from calleq.protection import envelopes
from calleq.protection.envelopes import EnvelopeError, open_envelope
from calleq.protection.keys import MessageKey, MessageKeys
from calleq.runtime.clock import VirtualClock
from calleq.web import framing
from calleq.web.exchange import Request, written_anew
from calleq.web.framing import Chunks, FramingError, Head, read_head
from simulator.fuzz.coverage_of import functions_of
from simulator.fuzz.envelopes import ENVELOPES, KEY, NOW_US
from simulator.fuzz.target import Target

_HEADER_OCTETS = len(b"POST /v1/calls HTTP/1.1\r\n")
_START = b"POST /v1/calls HTTP/1.1\r\n"


def http_samples() -> list[bytes]:
    """A request of every kind of framing."""
    return [
        _START + b"Host: door\r\nContent-Length: 5\r\n\r\nhello",
        _START + b"Host: door\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\n\r\n",
        _START + b"Host: door\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello",
        _START + b"Host: door\r\nConnection: close, TE\r\nContent-Length: 0\r\n\r\n",
        b"GET http://door:80/v1/calls?limit=1 HTTP/1.1\r\nHost: other\r\nX: a \t\r\n\r\n",
        b"GET http://door?x HTTP/1.0\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: door\r\n\r\n",
        b"GET /talk HTTP/1.1\r\nHost: door\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"GET /v1/calls?" + b"x" * 4_080 + b" HTTP/1.1\r\nHost: door\r\n\r\n",
        b"GET /v1/calls HTTP/1.1\r\nHost: do",
        b"POST /v1",
    ]


def _framed(octets: bytes) -> tuple[Head, bytes] | None:
    """Head and body; None where the request is not whole."""
    head = read_head(octets)
    if head is None:
        return None
    if head.length >= 0:
        body = octets[head.end : head.end + head.length]
        return (head, body) if len(body) == head.length else None
    chunks = Chunks(bytearray(), head.end)
    return (head, bytes(chunks.body)) if chunks.read(octets) else None


def target() -> Target:
    """HTTP's framing."""

    def decode_request(octets: bytes) -> object:
        framed = _framed(octets)
        if framed is None:
            return None
        head, body = framed
        request = Request(head.method, head.target, head.headers, body, "")
        again = _framed(written_anew(request, head, keeps=head.keeps))
        assert again is not None, octets.hex()
        assert again[1] == body, octets.hex()
        assert (again[0].method, again[0].target) == (head.method, head.target), octets.hex()
        return framed

    return Target(
        name="http",
        samples=http_samples(),
        header_octets=_HEADER_OCTETS,
        past_header=lambda octets: octets.startswith((b"POST /", b"GET ", b"OPTIONS *")),
        decode=decode_request,
        refusal=FramingError,
        decoder=(*functions_of(framing, "_request_line", "_head", "_from_absolute", "_length"),),
    )


class _Fixed:
    """The one key of the envelopes."""

    def __init__(self, key: MessageKey) -> None:
        self._keys: tuple[MessageKey, ...] | None = (key,)

    def changed(self) -> tuple[MessageKey, ...] | None:
        keys, self._keys = self._keys, None
        return keys


def jose_target() -> Target:
    """Sealed envelopes."""
    find = MessageKeys(_Fixed(KEY), VirtualClock(NOW_US)).find
    samples = list(ENVELOPES)
    known = set(samples)

    def decode_envelope(octets: bytes) -> object:
        envelope = open_envelope(octets.decode("latin-1"), find, NOW_US)
        assert octets in known, octets.hex()
        return envelope

    return Target(
        name="jose",
        samples=samples,
        header_octets=samples[0].index(b"."),
        past_header=lambda octets: octets.startswith(b"eyJ") and octets.count(b".") == 4,
        decode=decode_envelope,
        refusal=EnvelopeError,
        decoder=functions_of(envelopes, "open_envelope", "_octets", "_header", "_sealed_us"),
    )
