"""The messages of a subscriber line, typed; `q931` turns them into octets (Q.931 §3, §4).

Both ends use the same messages. `reference` is the call reference value on that line (0 to 127);
`to_originator` is False in what the side that chose the reference sends and True in the other
direction: the flag bit of Q.931 §4.3. SETUP always comes from the side that chose it.
"""

import msgspec


class LineError(ValueError):
    """The octets are no line message; the text says why."""


class Setup(msgspec.Struct, frozen=True, gc=False):
    """Offer a call: by the switch, the telephone rings; by the telephone, it dials `called`."""

    reference: int
    called: str
    calling: str = ""
    """E.164 with `+`; empty when not presented."""
    display: str = ""


class Alerting(msgspec.Struct, frozen=True, gc=False):
    """The called party is being rung."""

    reference: int
    to_originator: bool = False


class Connect(msgspec.Struct, frozen=True, gc=False):
    """The called party answered."""

    reference: int
    to_originator: bool = False


class Notify(msgspec.Struct, frozen=True, gc=False):
    """The called telephone was put down and the call stays, or it was taken up again (§4.5.22)."""

    reference: int
    suspended: bool
    to_originator: bool = False


class Disconnect(msgspec.Struct, frozen=True, gc=False):
    """This side ends the call; in-band tones may follow from the network."""

    reference: int
    cause: int
    to_originator: bool = False


class Release(msgspec.Struct, frozen=True, gc=False):
    """The line channel is given up; answered by `ReleaseComplete`."""

    reference: int
    cause: int
    to_originator: bool = False


class ReleaseComplete(msgspec.Struct, frozen=True, gc=False):
    """The call reference is free again; also the answer to a SETUP that is refused at once."""

    reference: int
    cause: int
    to_originator: bool = False


Clearing = Disconnect | Release | ReleaseComplete
"""The messages that say a cause."""

LineMessage = Setup | Alerting | Connect | Notify | Clearing
