"""What page and server tell each other over the WebSocket: version 1.

Each message is one text frame of JSON with a `type`. Owns reading and writing; what is none of
these, too long or of another version is a SignallingError. Times are milliseconds, as browsers
count them.

Odd case: unknown fields of a message are skipped, so that a newer page can speak with an older
server; a message of an unknown type is refused.
"""

import msgspec

VERSION = 1
FRAME_OCTETS_LIMIT = 32_768
"""Of one message; an offer with many addresses has 4 000."""


class SignallingError(ValueError):
    """What came is no message; the text says why."""


class ClientProfile(msgspec.Struct, frozen=True, kw_only=True):
    """What a page tells of the client it runs in."""

    browser: str = ""
    operating_system: str = ""
    voip_routine: str = ""
    """By which voice is carried: `WebRTC, PCMU`."""
    user: str = ""
    """How the person at the page is called, if they say."""
    language: str = ""


class Hello(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="hello"):
    """First of all: which line the page wants to be, and the proof that it may."""

    version: int
    number: str
    password: str = ""
    resume: str = ""
    """Of an earlier `Welcome`: goes on where the connection broke, in place of the password."""
    profile: ClientProfile = ClientProfile()


class Answer(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="answer"):
    """The call is taken; `sdp` is the page's offer, with all its addresses."""

    call: int
    sdp: str


class HangUp(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="hang_up"):
    """The call is refused, or ended."""

    call: int
    fault: str = ""
    """Why the page cannot take it: `microphone`, `voice`; empty: the person does not want it."""


class Key(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="key"):
    """A key is pressed."""

    call: int
    key: str


class Leave(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="leave"):
    """The page is closed, or does not want to be a telephone any more."""


FromPage = Hello | Answer | HangUp | Key | Leave


class Welcome(msgspec.Struct, frozen=True, tag_field="type", tag="welcome"):
    """The page is this line's telephone."""

    version: int
    number: str
    resume: str


class Refused(msgspec.Struct, frozen=True, tag_field="type", tag="refused"):
    """The page is not; the connection is closed."""

    reason: str
    """`credentials`, `too_many_attempts`, `too_many_messages`, `version`, `in_use`, `moved`,
    `full`, `stopping`, `malformed`."""


class Line(msgspec.Struct, frozen=True, tag_field="type", tag="line"):
    """Whether the switch can call, and the call there is; 0: none."""

    registered: bool
    call: int


class Ringing(msgspec.Struct, frozen=True, tag_field="type", tag="ringing"):
    """Somebody calls."""

    call: int
    name: str
    number: str
    """Empty: not shown."""


class Voice(msgspec.Struct, frozen=True, tag_field="type", tag="voice"):
    """The answer to the page's offer."""

    call: int
    sdp: str


class Talking(msgspec.Struct, frozen=True, tag_field="type", tag="talking"):
    """The voice path stands and the call is answered, `for_ms` ago."""

    call: int
    for_ms: int
    name: str
    number: str


class Ended(msgspec.Struct, frozen=True, tag_field="type", tag="ended"):
    """Nothing is left of the call."""

    call: int
    reason: str
    """`hung_up`, `declined`, `caller_ended`, `missed`, `microphone`, `no_voice`, `lost`."""


ToPage = Welcome | Refused | Line | Ringing | Voice | Talking | Ended

_DECODER = msgspec.json.Decoder(FromPage)
_ENCODER = msgspec.json.Encoder()


def decode(text: str | bytes) -> FromPage:
    """Read what the page says. Raises SignallingError."""
    if len(text) > FRAME_OCTETS_LIMIT:
        raise SignallingError(f"{len(text)} characters: at most {FRAME_OCTETS_LIMIT} expected")
    try:
        message: FromPage = _DECODER.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SignallingError(str(error)) from error
    return message


def encode(message: ToPage) -> str:
    """Write what the page is told."""
    return _ENCODER.encode(message).decode()
