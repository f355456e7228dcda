"""What an SCP says, as INAP writes it: texts in pieces that fit, numbers, correlation identities.

A text of PlayAnnouncement has at most 127 characters of IA5 (ETS 300 374-1 §6.4, MessageID); a
longer one is ordered in pieces, cut where a word ends. A letter that IA5 has not is spoken as the
one beside it that it has; what has none is left out.
"""

import unicodedata

import msgspec

from calleq.ss7.isup.optional_types import GenericNumber, Number
from calleq.ss7.isup.values import CalledNumber, CallingNumber, Nature

TEXT_LIMIT = 127


class Piece(msgspec.Struct, frozen=True):
    """A part of a text, to be spoken in one message."""

    text: str
    ends_mark: bool = False
    """When it has been spoken, what was marked has been heard."""


def pieces(text: str, mark: str = "") -> tuple[Piece, ...]:
    """A text in the pieces in which it is ordered; put together they are the text.

    >>> [piece.text for piece in pieces("An ABC Company agent.", "ABC Company")]
    ['An ABC Company', ' agent.']
    """
    text, mark = _ia5(text), _ia5(mark)
    place = text.find(mark) if mark else -1
    if place < 0:
        return tuple(Piece(part) for part in _cut(text))
    end = place + len(mark)
    marked = _cut(text[:end])
    rest = _cut(text[end:]) if text[end:].strip() else []
    if not rest:
        marked[-1] += text[end:]
    return (
        *(Piece(part) for part in marked[:-1]),
        Piece(marked[-1], ends_mark=True),
        *(Piece(part) for part in rest),
    )


def _cut(text: str) -> list[str]:
    parts = []
    while len(text) > TEXT_LIMIT:
        end = text.rfind(" ", 0, TEXT_LIMIT) + 1 or TEXT_LIMIT
        parts.append(text[:end])
        text = text[end:]
    return [*parts, text]


def _ia5(text: str) -> str:
    if text.isascii():
        return text
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")


def e164(number: CalledNumber | CallingNumber | None, country_code: str) -> str:
    """A number of a call as E.164 with `+`; empty where it makes none, or there is none."""
    if number is None or not number.digits.isdecimal():
        return ""
    match number.nature:
        case Nature.INTERNATIONAL:
            return "+" + number.digits
        case Nature.NATIONAL:
            return "+" + country_code + number.digits
        case _:
            return ""


def routing_address(number: str) -> GenericNumber:
    """Where a temporary connection leads; `number` is E.164 with `+`."""
    return GenericNumber(0, Number(number.lstrip("+")))


def correlation_of(number: GenericNumber) -> str:
    """The correlation identity in a resource's question."""
    return number.number.digits
