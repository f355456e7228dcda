"""The two small languages of scenario files: events to wait for, and messages of a ladder.

An event is one of

    TELEPHONE EVENT [WHAT]        customer answers · agent hears music · customer dials +1212…
    CALL EVENT [LEG]              call bridged · call dialled agent · call ended
    message PATTERN               message ACM from ssp-64

and a pattern is `NAME [from NODE] [to NODE] [via NODE] [with FIELD, FIELD …]`, where a field is
written as the ladder shows it (`cause 17`, `called 12125550143`) and may stop early at a blank.

A text that is neither raises WordingError, which says what was expected.
"""

import re

import msgspec

from calleq.messages.answers import EVENT_ACCEPTED, EVENT_ENDED
from calleq.osn.messages import EVENTS
from calleq.telephones.diary import Event

TELEPHONE_EVENTS = tuple(event.value for event in Event)
CALL_EVENTS = (EVENT_ACCEPTED, *EVENTS, "taken", EVENT_ENDED)
MESSAGE = "message"


class WordingError(ValueError):
    """The text is no event or pattern; the text says what was expected."""


class TelephoneEvent(msgspec.Struct, frozen=True):
    """Something at a telephone; `what` is empty for any."""

    number: str
    event: str
    what: str


class CallEvent(msgspec.Struct, frozen=True):
    """Something of a call; `leg` is empty for any."""

    call: str
    event: str
    leg: str


class Pattern(msgspec.Struct, frozen=True):
    """A message; empty fits any."""

    name: str
    sender: str
    receiver: str
    via: str
    fields: tuple[str, ...]


AnyEvent = TelephoneEvent | CallEvent | Pattern

_PATTERN = re.compile(
    r"(?P<name>.+?)(?: from (?P<sender>\S+))?(?: to (?P<receiver>\S+))?"
    r"(?: via (?P<via>\S+))?(?: with (?P<fields>.+))?"
)


def parse_pattern(text: str, nodes: frozenset[str]) -> Pattern:
    """The pattern of a text; raises WordingError. `nodes`: what `from`, `to` and `via` may name."""
    found = _PATTERN.fullmatch(text.strip())
    if found is None:
        raise WordingError(
            f"{text!r} is no message:"
            " NAME [from NODE] [to NODE] [via NODE] [with FIELD, …] expected"
        )
    for group in ("sender", "receiver", "via"):
        node = found[group]
        if node is not None and node not in nodes:
            raise WordingError(f"{node!r} is no element: {', '.join(sorted(nodes))} expected")
    fields = tuple(part.strip() for part in (found["fields"] or "").split(",") if part.strip())
    return Pattern(
        found["name"],
        found["sender"] or "",
        found["receiver"] or "",
        found["via"] or "",
        fields,
    )


def parse_event(
    text: str,
    telephones: dict[str, str],
    calls: frozenset[str],
    nodes: frozenset[str],
) -> AnyEvent:
    """The event of a text; raises WordingError. `telephones`: numbers by name."""
    subject, _, rest = text.strip().partition(" ")
    if subject == MESSAGE:
        return parse_pattern(rest, nodes)
    event, _, what = rest.strip().partition(" ")
    what = what.strip()
    if subject in calls:
        if event not in CALL_EVENTS:
            raise WordingError(f"{event!r}: one of {', '.join(CALL_EVENTS)} expected")
        if what not in ("", "customer", "agent"):
            raise WordingError(f"{what!r} is no leg: customer or agent expected")
        return CallEvent(subject, event, what)
    number = telephones.get(subject, subject)
    if number.startswith("+") and number[1:].isdigit():
        if event not in TELEPHONE_EVENTS:
            raise WordingError(f"{event!r}: one of {', '.join(TELEPHONE_EVENTS)} expected")
        return TelephoneEvent(number, event, voice_of(what, telephones, event))
    known = ", ".join([*telephones, *sorted(calls)])
    raise WordingError(
        f"{subject!r} is no telephone and no call: {known}, or `message` and its name expected"
    )


def voice_of(what: str, telephones: dict[str, str], event: str = "hears") -> str:
    """What a diary calls what a file calls so: the voice of a telephone by its name."""
    number = telephones.get(what)
    if number is None:
        return what
    return f"mouth:{number}" if event == "hears" else number


def is_voice(what: str, heard: str) -> bool:
    """Whether one voice of a diary's list is the one that is meant: `speech` is any speech."""
    return (
        any(voice == what or voice.startswith(f"{what}:") for voice in heard.split(", "))
        or heard == what
    )


def has_fields(wanted: tuple[str, ...], fields: tuple[tuple[str, str], ...]) -> bool:
    """Whether a message's fields say everything that is wanted."""
    told = [f"{name} {value}" for name, value in fields]
    return all(
        any(text == field or text.startswith(f"{field} ") for text in told) for field in wanted
    )
