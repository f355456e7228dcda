"""Which call a captured line message belongs to.

A switch journals `LineSeized` when it offers a call to a line; the SETUP that follows begins the
call's part of the line's messages, told from another call's on the same line by the call reference.
It lasts until the next SETUP with that reference.

What a mobile telephone says over the air belongs to the call that goes on, and to none when none
does.

Odd cases: a SETUP nobody journalled (the telephone dials) begins a part that belongs to no call; a
message that cannot be read, or whose reference nobody uses, belongs to the latest part that has not
been released, and when there is none and an offer is due, it is that offer's damaged SETUP.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from calleq.lines.messages import LineError, LineMessage, ReleaseComplete, Setup
from calleq.lines.radio import is_radio
from calleq.trace.capture import Captured
from calleq.trace.circuits import LineOffer
from calleq.trace.decoding import Decoders

SLACK_US = 10_000
"""A switch may journal an offer this much after its SETUP left."""


@dataclass(slots=True, eq=False)
class _Part:
    """The messages of one call on one line."""

    call: str
    reference: tuple[int, str] | None
    """Its value and the end that chose it; None until a message that can be read has shown it."""
    released: bool = False


@dataclass(slots=True)
class _Line:
    offers: deque[LineOffer] = field(default_factory=deque)
    parts: dict[object, _Part] = field(default_factory=dict)
    """One for each reference in use or used last, by it, the latest last; one whose reference is
    not known yet by itself."""


class Lines:
    """Puts line messages, given in the order of time, into calls."""

    def __init__(self, offers: Iterable[LineOffer], decoders: Decoders) -> None:
        self._decoders = decoders
        self._lines: dict[str, _Line] = {}
        for offer in offers:
            self._line(f"line:{offer.line}").offers.append(offer)

    def call_of(self, captured: Captured) -> str:
        """The call the message belongs to, empty for none of the journals'."""
        line = self._line(captured.link)
        if is_radio(captured.octets):
            carried = [part for part in line.parts.values() if not part.released]
            return carried[-1].call if carried else ""
        try:
            message = self._decoders.line(captured.octets)
        except LineError:
            message = None
        part = _part(line, captured, message)
        if part is None:
            return ""
        if isinstance(message, ReleaseComplete):
            part.released = True
        return part.call

    def _line(self, link: str) -> _Line:
        line = self._lines.get(link)
        if line is None:
            line = self._lines[link] = _Line()
        return line


def _part(line: _Line, captured: Captured, message: LineMessage | None) -> _Part | None:
    reference = None if message is None else _reference(captured, message)
    if isinstance(message, Setup):
        offer = _due(line, captured)
        return _begin(line, offer.call if offer else "", reference)
    if reference is not None and reference in line.parts:
        return line.parts[reference]
    unreleased = [part for part in line.parts.values() if not part.released]
    if not unreleased:
        offer = _due(line, captured)
        if offer is None:
            return next(reversed(line.parts.values())) if line.parts and message is None else None
        return _begin(line, offer.call, reference)
    latest = unreleased[-1]
    if latest.reference is None and reference is not None:
        del line.parts[latest]
        latest.reference = reference
        line.parts[reference] = latest
    return latest


def _reference(captured: Captured, message: LineMessage) -> tuple[int, str]:
    """The call reference and who chose it: both ends may use the same value (Q.931 §4.3)."""
    by_sender = isinstance(message, Setup) or not message.to_originator
    return message.reference, captured.sender if by_sender else captured.receiver


def _due(line: _Line, captured: Captured) -> LineOffer | None:
    """The offer that the switch journalled and whose SETUP was not seen; it is used up."""
    offers = line.offers
    if not offers or offers[0].switch != captured.sender:
        return None
    return offers.popleft() if offers[0].start_us - SLACK_US <= captured.at_us else None


def _begin(line: _Line, call: str, reference: tuple[int, str] | None) -> _Part:
    """Open a part after the others; the reference's former one is over."""
    part = _Part(call, reference)
    line.parts.pop(reference, None)
    line.parts[part if reference is None else reference] = part
    return part
