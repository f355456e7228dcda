"""Offer and answer (RFC 3264): pure functions of descriptions, and the table of whose turn it is.

Owns which codec, direction, packet time and key both sides settle on, and what an answer says to
each stream of an offer. calleq speaks one audio stream of G.711 with telephone-event; every other
stream is refused with port 0, in its place (§6).

Odd cases: the first G.711 that the offerer lists is taken, whatever the answerer likes best, so
that both directions use the same; telephone-event keeps the offerer's payload type; a stream on
hold is answered with the mirror of its direction; SAVP is answered with SAVP and one key, or
refused, never by plain RTP.
"""

from enum import Enum, auto

import msgspec

from calleq.sip.bounds import SipError
from calleq.sip.crypto import Crypto
from calleq.sip.sdp import (
    PCMA,
    PCMU,
    TELEPHONE_EVENT,
    Description,
    Direction,
    Encoding,
    Stream,
)

PTIME_MS = 20
EVENT_PAYLOAD = 101
EVENTS = "0-15"
PROTOCOLS = frozenset({"RTP/AVP", "RTP/SAVP"})
G711 = frozenset({"PCMU", "PCMA"})

_MIRROR = {
    Direction.SENDRECV: Direction.SENDRECV,
    Direction.SENDONLY: Direction.RECVONLY,
    Direction.RECVONLY: Direction.SENDONLY,
    Direction.INACTIVE: Direction.INACTIVE,
}
_SENDS = frozenset({Direction.SENDRECV, Direction.SENDONLY})
_RECEIVES = frozenset({Direction.SENDRECV, Direction.RECVONLY})


class Local(msgspec.Struct, frozen=True, gc=False):
    """What this side brings to a description."""

    session_id: int
    version: int
    address: str
    port: int
    direction: Direction = Direction.SENDRECV
    """SENDONLY or INACTIVE puts the other side on hold (§8.4)."""
    codecs: tuple[Encoding, ...] = (PCMU, PCMA)
    crypto: tuple[Crypto, ...] = ()
    """Offered: SAVP. In an answer its first key is ours, under the tag that is chosen."""
    ptime_ms: int = PTIME_MS


class Agreed(msgspec.Struct, frozen=True, gc=False):
    """What both sides settled on for the voice."""

    codec: str
    """PCMU or PCMA."""
    payload: int
    address: str
    """Where our voice is sent to."""
    port: int
    sends: bool
    """Whether we may send voice; where not, the other side holds us or we it."""
    receives: bool
    ptime_ms: int
    event_payload: int | None = None
    """Payload type of telephone-event towards the other side."""
    our_key: Crypto | None = None
    their_key: Crypto | None = None


_OUR_EVENTS = Encoding(EVENT_PAYLOAD, TELEPHONE_EVENT, 8_000, EVENTS)
_FORMATS = {payload: str(payload) for payload in range(1_000)}
"""Payload types as formats; three digits is what a description may have of them."""


def offer(local: Local) -> Description:
    """A description to begin with."""
    codecs = (*local.codecs, _OUR_EVENTS)
    return _description(local, (_own_stream(local, codecs, local.direction, local.crypto),))


def answer(offered: Description, local: Local) -> tuple[Description, Agreed | None]:
    """The answer to an offer, and what is agreed; None where every stream is refused (488)."""
    agreed: Agreed | None = None
    streams = []
    for stream in offered.streams:
        made = None if agreed is not None else _answered(stream, local)
        if made is None:
            streams.append(_refused(stream))
        else:
            answered, agreed = made
            streams.append(answered)
    return _description(local, tuple(streams)), agreed


def settle(ours: Description, theirs: Description) -> Agreed | None:
    """What our offer and their answer come to; None where they refused the voice.

    Raises SipError where the answer does not fit the offer (§6).
    """
    if len(ours.streams) != len(theirs.streams):
        raise SipError(f"{len(theirs.streams)} streams in answer to {len(ours.streams)}")
    for mine, other in zip(ours.streams, theirs.streams, strict=True):
        if mine.refused or other.refused:
            continue
        if (mine.kind, mine.protocol) != (other.kind, other.protocol):
            raise SipError(f"{other.kind} {other.protocol} in answer to {mine.protocol}")
        codec = _first_codec(other, frozenset(e.name for e in mine.encodings))
        if codec is None:
            raise SipError("an answer without a codec of the offer")
        our_key, their_key = _keys_of_answer(mine, other)
        return _agreed(other, codec, mine.direction, our_key, their_key)
    return None


def _description(local: Local, streams: tuple[Stream, ...]) -> Description:
    return Description(local.session_id, local.version, local.address, streams)


def _own_stream(
    local: Local,
    encodings: tuple[Encoding, ...],
    direction: Direction,
    crypto: tuple[Crypto, ...],
) -> Stream:
    return Stream(
        port=local.port,
        payloads=tuple([_FORMATS[encoding.payload] for encoding in encodings]),
        protocol="RTP/SAVP" if crypto else "RTP/AVP",
        address=local.address,
        encodings=encodings,
        direction=direction,
        ptime_ms=local.ptime_ms,
        crypto=crypto,
    )


def _refused(stream: Stream) -> Stream:
    return Stream(port=0, payloads=stream.payloads, kind=stream.kind, protocol=stream.protocol)


def _first_codec(stream: Stream, names: frozenset[str]) -> Encoding | None:
    for encoding in stream.encodings:
        if encoding.name in names & G711 and encoding.rate_hz == PCMU.rate_hz:
            return encoding
    return None


def _event(stream: Stream) -> Encoding | None:
    for encoding in stream.encodings:
        if encoding.name == TELEPHONE_EVENT and encoding.rate_hz == PCMU.rate_hz:
            return encoding
    return None


def _answered(stream: Stream, local: Local) -> tuple[Stream, Agreed] | None:
    """Our side of one stream; None where it is refused."""
    if stream.refused or stream.kind != "audio" or stream.protocol not in PROTOCOLS:
        return None
    codec = _first_codec(stream, frozenset(encoding.name for encoding in local.codecs))
    if codec is None:
        return None
    our_key = their_key = None
    if stream.secure:
        their_key = next((crypto for crypto in stream.crypto if crypto.usable), None)
        own = [c for c in local.crypto if their_key is not None and c.suite == their_key.suite]
        if their_key is None or not own:
            return None
        our_key = msgspec.structs.replace(own[0], tag=their_key.tag)
    event = _event(stream)
    if event is not None:
        event = msgspec.structs.replace(event, format=EVENTS)
    direction = _both(_MIRROR[stream.direction], local.direction)
    encodings = (codec,) if event is None else (codec, event)
    made = _own_stream(local, encodings, direction, () if our_key is None else (our_key,))
    return made, _agreed(stream, codec, local.direction, our_key, their_key)


def _both(one: Direction, other: Direction) -> Direction:
    """What both allow."""
    sends = one in _SENDS and other in _SENDS
    receives = one in _RECEIVES and other in _RECEIVES
    if sends:
        return Direction.SENDRECV if receives else Direction.SENDONLY
    return Direction.RECVONLY if receives else Direction.INACTIVE


def _keys_of_answer(mine: Stream, other: Stream) -> tuple[Crypto | None, Crypto | None]:
    if not mine.secure:
        return None, None
    if len(other.crypto) != 1:
        raise SipError(f"{len(other.crypto)} keys in an answer: one expected")
    (theirs,) = other.crypto
    for crypto in mine.crypto:
        if (crypto.tag, crypto.suite) == (theirs.tag, theirs.suite):
            return crypto, theirs
    raise SipError("the key of an answer belongs to none of the offer")


def _agreed(
    theirs: Stream,
    codec: Encoding,
    own: Direction,
    our_key: Crypto | None,
    their_key: Crypto | None,
) -> Agreed:
    direction = _both(_MIRROR[theirs.direction], own)
    event = _event(theirs)
    return Agreed(
        codec=codec.name,
        payload=codec.payload,
        address=theirs.address,
        port=theirs.port,
        sends=direction in _SENDS and theirs.address != "0.0.0.0",
        receives=direction in _RECEIVES,
        ptime_ms=theirs.ptime_ms or PTIME_MS,
        event_payload=event.payload if event is not None else None,
        our_key=our_key,
        their_key=their_key,
    )


class Turn(Enum):
    """Whose description is awaited (RFC 3264 §4, RFC 6337 §2.2)."""

    STABLE = auto()
    LOCAL_OFFER = auto()
    """Ours is out and not answered."""
    REMOTE_OFFER = auto()
    """Theirs is here and not answered."""


class Move(Enum):
    """What happens to descriptions."""

    OFFER_SENT = auto()
    OFFER_RECEIVED = auto()
    ANSWER_SENT = auto()
    ANSWER_RECEIVED = auto()
    REFUSED = auto()
    """The offer that was out was answered by a failure: what was agreed before stays."""


class Verdict(Enum):
    """What is done about it."""

    TAKE = auto()
    GLARE = auto()
    """Both offered: 491, and the caller tries again after 2.1 to 4 s, the called before 2 s."""
    TOO_EARLY = auto()
    """Their second offer before our answer: 500 with Retry-After (RFC 3261 §14.2)."""
    WRONG = auto()
    """Our user asked for what is not its turn, or they sent what is not theirs; it is ignored."""


TURNS: dict[tuple[Turn, Move], tuple[Verdict, Turn]] = {
    (Turn.STABLE, Move.OFFER_SENT): (Verdict.TAKE, Turn.LOCAL_OFFER),
    (Turn.STABLE, Move.OFFER_RECEIVED): (Verdict.TAKE, Turn.REMOTE_OFFER),
    (Turn.STABLE, Move.ANSWER_SENT): (Verdict.WRONG, Turn.STABLE),
    (Turn.STABLE, Move.ANSWER_RECEIVED): (Verdict.WRONG, Turn.STABLE),
    (Turn.STABLE, Move.REFUSED): (Verdict.WRONG, Turn.STABLE),
    (Turn.LOCAL_OFFER, Move.OFFER_SENT): (Verdict.WRONG, Turn.LOCAL_OFFER),
    (Turn.LOCAL_OFFER, Move.OFFER_RECEIVED): (Verdict.GLARE, Turn.LOCAL_OFFER),
    (Turn.LOCAL_OFFER, Move.ANSWER_SENT): (Verdict.WRONG, Turn.LOCAL_OFFER),
    (Turn.LOCAL_OFFER, Move.ANSWER_RECEIVED): (Verdict.TAKE, Turn.STABLE),
    (Turn.LOCAL_OFFER, Move.REFUSED): (Verdict.TAKE, Turn.STABLE),
    (Turn.REMOTE_OFFER, Move.OFFER_SENT): (Verdict.WRONG, Turn.REMOTE_OFFER),
    (Turn.REMOTE_OFFER, Move.OFFER_RECEIVED): (Verdict.TOO_EARLY, Turn.REMOTE_OFFER),
    (Turn.REMOTE_OFFER, Move.ANSWER_SENT): (Verdict.TAKE, Turn.STABLE),
    (Turn.REMOTE_OFFER, Move.ANSWER_RECEIVED): (Verdict.WRONG, Turn.REMOTE_OFFER),
    (Turn.REMOTE_OFFER, Move.REFUSED): (Verdict.TAKE, Turn.STABLE),
}


def glare_wait_us(owns_call_id: bool, draw: float) -> int:
    """How long to wait after 491 (RFC 3261 §14.1); `draw` is at random, 0 to 1.

    In steps of 10 ms: 2.1 to 4 s for whoever made the Call-ID, 0 to 2 s for the other.
    """
    step_us = 10_000
    return (210 + int(draw * 190)) * step_us if owns_call_id else int(draw * 200) * step_us
