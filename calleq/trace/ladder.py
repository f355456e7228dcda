"""The ladder of one call: every message that belongs to it, decoded from captured octets alone.

`ladder` takes the captures and the journals of all processes. The journals only say which octets
belong to the call (`circuits`, `lines`); what a row says, its octets say (`decoding`), so that an
octet changed in a capture shows.

Messages of the OSN and of the internet carry the call's reference themselves. One whose reference
was damaged in one octet is shown where it stands, unless it has become another call's.

Refuses nothing: a call of which no octet was captured has an empty ladder.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

import msgspec

from calleq.journal.entries import Accepted, Dialled, Ended, Progress, Stamped, Undertaken
from calleq.osn.messages import OsnError
from calleq.osn.relaying import RelayMessage
from calleq.runtime.tap import Segment
from calleq.ss7.inap.assisting import CORRELATION, correlation_of
from calleq.ss7.isup.messages import Iam, IsupError
from calleq.ss7.mtp3 import Mtp3Error
from calleq.ss7.sccp.messages import Message as SccpMessage
from calleq.ss7.sccp.values import SERVICE_SCCP, SccpError
from calleq.trace.capture import Captured
from calleq.trace.circuits import Circuits, Seizure, seizures
from calleq.trace.decoding import Decoders, read_internet, reading
from calleq.trace.dialogues import CallDialogues
from calleq.trace.lines import Lines
from calleq.trace.sip_calls import SipCalls, far_name

DECODERS = Decoders()
_CALL_KEY = b'"call":"'


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One message of the ladder."""

    at_us: int
    offset_us: int
    """Since the ladder's first row."""
    segment: Segment
    link: str
    sender: str
    receiver: str
    name: str
    fields: tuple[tuple[str, str], ...]
    error: str
    """What is wrong with octets that are no message; else empty."""
    octets: bytes


class Dialogues(Protocol):
    """Who knows which call the users of SCCP speak of: their messages do not name it."""

    def call_of(self, message: SccpMessage, captured: Captured) -> str:
        """The call of a message, empty when it is none's; it is told all, in the order of time."""

    def call_sent_on(self, correlation: str) -> str:
        """The call whose party was last sent to a peripheral under that identity; empty: none."""


class Ladder(msgspec.Struct, frozen=True):
    """Every captured message of a call, in the order of time."""

    call: str
    rows: tuple[Row, ...]


def ladder(
    call: str,
    captures: Sequence[Captured],
    entries: Iterable[Stamped],
    point_codes: Mapping[str, int],
    decoders: Decoders = DECODERS,
    dialogues: Dialogues | None = None,
) -> Ladder:
    """The ladder of `call`.

    `dialogues` finds the units of SCCP that belong to it; without it, the SCP's journal says.

    `captures` are sorted by time (`read_captures`, `MemoryCapture.captures`); `entries` are those
    of all journals in any order; `point_codes` has every node's by its name.
    """
    stamped = list(entries)
    announced, offers = seizures(stamped)
    circuits = Circuits(announced, point_codes, decoders)
    lines = Lines(offers, decoders)
    dialogs = SipCalls(offers)
    parties: dict[int, Captured] = {}
    referenced = _References(call, stamped, decoders)
    spoken = dialogues or CallDialogues(stamped, decoders.mtp3)
    chosen: list[int] = []
    for index, captured in enumerate(captures):
        match captured.segment:
            case Segment.SIGNALLING_LINK:
                message = _sccp_message(captured.octets, decoders)
                if message is None:
                    circuits.take(index, captured)
                    _join(circuits.owners[index], captured.octets, decoders, spoken)
                elif spoken.call_of(message, captured) == call:
                    chosen.append(index)
            case Segment.CIRCUIT:
                if lines.call_of(captured) == call:
                    chosen.append(index)
            case Segment.SIP:
                offer = dialogs.offer_of(captured)
                if offer is not None and offer.call == call:
                    chosen.append(index)
                    parties[index] = far_name(captured, offer)
            case Segment.OSN | Segment.INSIDE | Segment.INTERNET:
                if referenced.belongs(captured):
                    chosen.append(index)
    names: dict[int, tuple[int, int, int]] = {}
    for index, seizure in circuits.owners.items():
        if seizure is not None and seizure.call == call:
            names[index] = (seizure.key.origin, seizure.key.destination, seizure.key.cic)
    order = sorted([*chosen, *names])
    start_us = captures[order[0]].at_us if order else 0
    return Ladder(
        call,
        tuple(
            _row(parties.get(index, captures[index]), start_us, decoders, call, names.get(index))
            for index in order
        ),
    )


def last_call(entries: Iterable[Stamped]) -> str | None:
    """The call accepted last, or, in journals without a door, undertaken or dialled last."""
    latest: dict[type, tuple[int, str]] = {}
    for stamped in entries:
        entry = stamped.entry
        if isinstance(entry, Accepted | Undertaken | Dialled):
            known = latest.get(type(entry))
            if known is None or stamped.at_us >= known[0]:
                latest[type(entry)] = (stamped.at_us, entry.call)
    for kind in (Accepted, Undertaken, Dialled):
        if kind in latest:
            return latest[kind][1]
    return None


def _row(
    captured: Captured,
    start_us: int,
    decoders: Decoders,
    call: str,
    codes: tuple[int, int, int] | None,
) -> Row:
    read = reading(captured, decoders, call, codes)
    return Row(
        at_us=captured.at_us,
        offset_us=captured.at_us - start_us,
        segment=captured.segment,
        link=captured.link,
        sender=captured.sender,
        receiver=captured.receiver,
        name=read.name,
        fields=read.fields,
        error=read.error,
        octets=captured.octets,
    )


def _join(seizure: Seizure | None, octets: bytes, decoders: Decoders, spoken: Dialogues) -> None:
    """A circuit to a peripheral belongs to the call whose correlation identity its IAM carries."""
    if seizure is None or seizure.call or CORRELATION not in octets:
        return
    try:
        message = decoders.isup(decoders.mtp3(octets).payload)
    except (Mtp3Error, IsupError):
        return
    if isinstance(message, Iam):
        correlation = correlation_of(message.other)
        if correlation:
            seizure.call = spoken.call_sent_on(correlation)


def _sccp_message(octets: bytes, decoders: Decoders) -> SccpMessage | None:
    """What a unit carries, if it is one of SCCP and can be read."""
    if not octets or octets[0] & 15 != SERVICE_SCCP:
        return None
    try:
        return decoders.sccp(decoders.mtp3(octets).payload)
    except (Mtp3Error, SccpError):
        return None


class _References:
    """Tells messages that carry the call's reference, be it damaged in one octet."""

    def __init__(self, call: str, entries: Iterable[Stamped], decoders: Decoders) -> None:
        self._call = call
        self._octets = call.encode()
        self._decoders = decoders
        self._others = {
            stamped.entry.call
            for stamped in entries
            if isinstance(stamped.entry, Accepted | Undertaken | Dialled | Progress | Ended)
        } - {call}

    def belongs(self, captured: Captured) -> bool:
        of_internet = captured.segment is Segment.INTERNET
        read = _internet_reference if of_internet else _osn_reference
        reference = read(captured.octets, self._decoders)
        if reference == self._call:
            return True
        if reference in self._others:
            return False
        if reference is None and self._octets in captured.octets:
            return True
        start = captured.octets.find(_CALL_KEY) + len(_CALL_KEY)
        given = captured.octets[start : start + len(self._octets)]
        if start < len(_CALL_KEY) or len(given) != len(self._octets):
            return False
        return sum(one != other for one, other in zip(given, self._octets, strict=True)) <= 1


_Reader = Callable[[bytes, Decoders], str | None]


def _osn_reference(octets: bytes, decoders: Decoders) -> str | None:
    try:
        message = decoders.osn(octets)
        return "" if isinstance(message, RelayMessage) else message.call
    except OsnError:
        return None


def _internet_reference(octets: bytes, decoders: Decoders) -> str | None:
    try:
        return read_internet(octets)[0].call or None
    except ValueError:
        return None
