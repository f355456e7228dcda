"""The messages of a subscriber line, typed; `q931` turns them into octets (Q.931 §3, §4).

Both ends use the same messages. `reference` is the call reference value on that line (0 to 127);
`from_originator` is False for the side that chose it and True in the other direction, as the flag
bit of Q.931 §4.3.
"""

import msgspec


class LineError(ValueError):
    """The octets are no line message; the text says why."""


class Setup(msgspec.Struct, frozen=True):
    """Offer a call: by the switch, the telephone rings; by the telephone, it dials `called`."""

    reference: int
    called: str
    calling: str = ""
    """E.164 with `+`; empty when not presented."""
    display: str = ""


class Alerting(msgspec.Struct, frozen=True):
    """The called party is being rung."""

    reference: int


class Connect(msgspec.Struct, frozen=True):
    """The called party answered."""

    reference: int


class Disconnect(msgspec.Struct, frozen=True):
    """This side ends the call; in-band tones may follow from the network."""

    reference: int
    cause: int


class Release(msgspec.Struct, frozen=True):
    """The line channel is given up; answered by `ReleaseComplete`."""

    reference: int
    cause: int


class ReleaseComplete(msgspec.Struct, frozen=True):
    """The call reference is free again; also the answer to a SETUP that is refused at once."""

    reference: int
    cause: int


LineMessage = Setup | Alerting | Connect | Disconnect | Release | ReleaseComplete
