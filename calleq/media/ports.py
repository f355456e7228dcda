"""What a gateway may ask of the voice plane: RTP ports at the ends of wires.

A port makes real voice of one end of a wire. What RTP brings to the port is what its element sends
into the wire, beside whatever it feeds there; what arrives at the element's end is sent as RTP to
the far end that was negotiated. So a port joins bridges, conferences and announcements as any
simulated telephone does, and no other element knows that it is there.

Ports are bound ahead, in pairs (RTP even, RTCP the next), so that an offer names one without
waiting for the voice process: `take_port` answers at once, from those that are free.

Keys of telephone-event (RFC 4733) that arrive at a port are heard on the wire as the tones they
name; keys that a player sends towards a port leave as events where events were negotiated.
"""

from collections.abc import Callable
from typing import Literal, Protocol

import msgspec

Codec = Literal["PCMU", "PCMA"]

PortEvent = Literal["heard", "silent", "failed"]
"""`heard`: the first RTP of the far end has come, or it has come again; `silent`: none for
`SILENT_LIMIT_US` although it may send; `failed`: the voice process was lost, and the port with
it."""


class PortAddress(msgspec.Struct, frozen=True):
    """Where a port receives RTP; RTCP goes to the port number above."""

    host: str
    port: int


class SecureKeys(msgspec.Struct, frozen=True):
    """SRTP of one stream (RFC 4568): master key and salt of each side, in base64."""

    suite: str
    ours: str
    theirs: str


class PortPlan(msgspec.Struct, frozen=True):
    """What offer and answer settled for a port."""

    host: str
    """Where the far end wants RTP; empty: it has not said yet, and nothing is sent."""
    port: int
    codec: Codec = "PCMU"
    payload: int = 0
    event_payload: int | None = None
    """Payload type of telephone-event towards the far end."""
    sends: bool = True
    """Whether we may send to it."""
    receives: bool = True
    """Whether it may send to us; where not, what comes is not heard."""
    keys: SecureKeys | None = None


class Quality(msgspec.Struct, frozen=True):
    """What a leg's voice was like, over its whole time (RFC 3550 §6.4, G.107)."""

    received: int = 0
    """RTP packets that were taken."""
    lost: int = 0
    """Packets that never came."""
    late: int = 0
    """Packets that came after their time, and were not heard."""
    strangers: int = 0
    """Packets that were refused: from elsewhere, or of another source."""
    jitter_us: int = 0
    """Interarrival jitter, at its last."""
    sent: int = 0
    far_lost: int = 0
    """What the far end reports of what we sent it."""
    far_jitter_us: int = 0
    round_trip_us: int = 0
    r_factor: float = 0.0
    """Transmission rating by G.107 of what we received; 0 where nothing was."""
    mos: float = 0.0


class Tally(msgspec.Struct, frozen=True):
    """What a voice process has done since it started, with all its ports."""

    ports: int
    """In use now."""
    sent: int
    late: int
    """Frames that left more than 5 ms after their tick."""
    latest_us: int
    """The most that one was late."""
    skipped: int
    """Ticks (of a quarter of all ports each) that did not come, and were not caught up."""
    failed: int
    """Packets that could not be sent."""
    concealed: int
    """Frames that did not come, and for which something stood in."""
    malformed: int
    """Packets that were none."""
    unknown: int
    """Packets of a payload type that was not negotiated."""
    ready: bool = True
    """Whether everything is made that is made beside the first calls."""


class Ports(Protocol):
    """The ports of one voice process, for one element's process; calls return at once."""

    def open_ports(self, element: str, host: str, shared: bool = False) -> None:
        """Have ports of this element bound at `host` ahead of the calls that will take them;
        `shared`: those that calls of its trunks share."""

    def take_port(self, element: str, wire: str, shared: bool = False) -> PortAddress | None:
        """A port for this end from now on; None when none is free.

        A `shared` port is that of a trunk: other ends have it too, and what arrives is told apart
        by the address it was sent from, which the plan must name.
        """

    def plan_port(self, element: str, wire: str, plan: PortPlan) -> None:
        """What was negotiated, at first or again; nothing is sent or heard before."""

    def close_port(self, element: str, wire: str, done: Callable[[Quality], object]) -> None:
        """Give the port back; `done` is told once what its voice was like."""

    def on_port_event(self, element: str, told: Callable[[str, PortEvent], object]) -> None:
        """Tell of each event of the element's ports, by the name of the wire."""
