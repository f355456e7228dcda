"""What elements' processes and the voice process say to each other: msgpack behind a length.

Each message is four octets of length (big-endian) and a tagged msgpack map. `requests` and
`reports` cut a stream into messages. They refuse (ProtocolError) a length beyond
`MAX_MESSAGE_OCTETS` and octets that are no message of their kind. Whoever gets that closes the
connection.
"""

from typing import TypeVar

import msgspec

from calleq.media.contract import Played, Prompt, Verdict
from calleq.media.ports import PortEvent, PortPlan, Quality, Tally
from calleq.media.recorder import RecordingEnd
from calleq.runtime.framing import LENGTH, LengthReader

MAX_MESSAGE_OCTETS = 1 << 20
MAX_UNREAD_OCTETS = 8 << 20
"""A peer that lets more than this lie unread is taken to be gone."""
MAX_PREPARED_PROMPTS = 256


class ProtocolError(Exception):
    """The peer sent what is no message; the text says what was wrong."""


class Feed(msgspec.Struct, frozen=True, tag="feed"):
    element: str
    wire: str
    sources: tuple[str, ...]


class Play(msgspec.Struct, frozen=True, tag="play"):
    """Answer: `Ended`; `Marked` may come before."""

    number: int
    element: str
    player: str
    prompt: Prompt


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """There is no answer, and none to the player's `Play` any more."""

    element: str
    player: str


class Detect(msgspec.Struct, frozen=True, tag="detect"):
    """Answer: `Judged`."""

    number: int
    element: str
    wire: str
    limit_us: int


class NextKey(msgspec.Struct, frozen=True, tag="next_key"):
    """Answer: `Pressed`."""

    number: int
    element: str
    wire: str
    limit_us: int


class ListenFor(msgspec.Struct, frozen=True, tag="listen_for"):
    """Answer: `Said`."""

    number: int
    element: str
    wire: str
    words: tuple[str, ...]
    limit_us: int


class Hear(msgspec.Struct, frozen=True, tag="hear"):
    """Answers: `Heard`, at once and at each change."""

    number: int
    element: str
    wire: str


class Prepare(msgspec.Struct, frozen=True, tag="prepare"):
    """Have prompts rendered. Answer: `Prepared`."""

    number: int
    prompts: tuple[Prompt, ...]
    words: bool = False
    """Words will be listened for."""


class Supply(msgspec.Struct, frozen=True, tag="supply"):
    """A recording of a business, mu-law at 8 kHz, for prompts that name its key."""

    key: str
    octets: bytes


class Record(msgspec.Struct, frozen=True, tag="record"):
    element: str
    wire: str


class FetchRecording(msgspec.Struct, frozen=True, tag="fetch"):
    """Answer: `Recorded`."""

    number: int
    element: str
    wire: str
    since_us: int


class ClearRecording(msgspec.Struct, frozen=True, tag="clear"):
    element: str
    wire: str


class BindPorts(msgspec.Struct, frozen=True, tag="bind_ports"):
    """Have ports bound for calls to come. Answer: `PortsBound`."""

    number: int
    host: str
    """Empty: where the voice process has its ports by default."""
    count: int
    shared: bool = False


class TakePort(msgspec.Struct, frozen=True, tag="take_port"):
    """Let a port be an end's; one that this connection has not bound is bound now, if it can be.

    Answer, only where it cannot: `PortTold` with `failed`.
    """

    element: str
    wire: str
    host: str
    port: int
    shared: bool = False


class PlanPort(msgspec.Struct, frozen=True, tag="plan_port"):
    element: str
    wire: str
    plan: PortPlan


class ClosePort(msgspec.Struct, frozen=True, tag="close_port"):
    """Answer: `PortClosed`."""

    number: int
    element: str
    wire: str


class AskTalkers(msgspec.Struct, frozen=True, tag="ask_talkers"):
    """Answer: `TalkersTold`."""

    number: int


class AskTally(msgspec.Struct, frozen=True, tag="ask_tally"):
    """Answer: `Told`."""

    number: int


class StartRecording(msgspec.Struct, frozen=True, tag="start_recording"):
    """Answer: `RecordingOver`, when the file is safe or gone."""

    number: int
    element: str
    recording: str


class StopRecording(msgspec.Struct, frozen=True, tag="stop_recording"):
    element: str
    recording: str


Request = (
    Feed
    | Play
    | Stop
    | Detect
    | NextKey
    | ListenFor
    | Hear
    | Prepare
    | Supply
    | Record
    | FetchRecording
    | ClearRecording
    | BindPorts
    | TakePort
    | PlanPort
    | ClosePort
    | AskTalkers
    | AskTally
    | StartRecording
    | StopRecording
)


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    number: int
    how: Played


class Marked(msgspec.Struct, frozen=True, tag="marked"):
    number: int


class Judged(msgspec.Struct, frozen=True, tag="judged"):
    number: int
    verdict: Verdict


class Pressed(msgspec.Struct, frozen=True, tag="pressed"):
    number: int
    key: str


class Said(msgspec.Struct, frozen=True, tag="said"):
    number: int
    word: str


class Heard(msgspec.Struct, frozen=True, tag="heard"):
    number: int
    voices: tuple[str, ...]


class Prepared(msgspec.Struct, frozen=True, tag="prepared"):
    number: int
    notice: str
    """One line for the operator when speech is not what it should be; else empty."""
    understands: bool = False
    """Whether words can be understood."""


class Recorded(msgspec.Struct, frozen=True, tag="recorded"):
    number: int
    from_us: int
    octets: bytes
    missed_frames: int


class PortsBound(msgspec.Struct, frozen=True, tag="ports_bound"):
    number: int
    host: str
    shared: bool
    ports: tuple[int, ...]
    """Perhaps fewer than were asked for."""


class PortClosed(msgspec.Struct, frozen=True, tag="port_closed"):
    number: int
    quality: Quality


class PortTold(msgspec.Struct, frozen=True, tag="port_told"):
    element: str
    wire: str
    event: PortEvent


class TalkersTold(msgspec.Struct, frozen=True, tag="talkers"):
    number: int
    talkers: tuple[tuple[str, str], ...]


class Told(msgspec.Struct, frozen=True, tag="tally"):
    number: int
    tally: Tally


class RecordingOver(msgspec.Struct, frozen=True, tag="recording_over"):
    number: int
    end: RecordingEnd


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """A request could not be done; nothing was changed by it."""

    reason: str


Report = (
    Ended
    | Marked
    | Judged
    | Pressed
    | Said
    | Heard
    | Prepared
    | Recorded
    | PortsBound
    | PortClosed
    | PortTold
    | TalkersTold
    | Told
    | RecordingOver
    | Refused
)

Received = TypeVar("Received")

_encode = msgspec.msgpack.Encoder().encode


def framed(message: Request | Report) -> bytes:
    """A message as it goes over the socket."""
    body = _encode(message)
    if len(body) > MAX_MESSAGE_OCTETS:
        raise ProtocolError(f"a message of {len(body)} octets: at most {MAX_MESSAGE_OCTETS}")
    return LENGTH.pack(len(body)) + body


def requests() -> LengthReader[Request]:
    """For the voice process."""
    return _reader(msgspec.msgpack.Decoder(Request))


def reports() -> LengthReader[Report]:
    """For an element's process."""
    return _reader(msgspec.msgpack.Decoder(Report))


def _reader(decoder: msgspec.msgpack.Decoder[Received]) -> LengthReader[Received]:
    def decode(body: bytes) -> Received:
        try:
            return decoder.decode(body)
        except msgspec.MsgspecError as error:
            raise ProtocolError(f"no message of the voice protocol: {error}") from None

    return LengthReader(1, MAX_MESSAGE_OCTETS, decode, ProtocolError)
