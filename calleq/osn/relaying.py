"""What the process of a door says over the OSN to the process that decides for all doors, and back.

A door whose element is in a process of its own (`calleq.relay.front`) knows nothing about limits,
money or who must not be called. It finds out who sends a message, and relays it to the authority
(`calleq.relay.authority`), which is in the access server's process. Processes of other elements
tell the authority what their journals say of calls, so that it can charge them.

These messages have a union and names (`-front`, `-authority`) of their own: no other element is
sent one. Each is JSON with a `kind`. None carries a secret: passwords and keys are left out by the
front, and what is said of credentials are hashes and what is sealed under the carrier's own key.
"""

from collections.abc import Callable

import msgspec

from calleq.accounts.principal import Principal
from calleq.osn.messages import OsnError
from calleq.osn.messages import OsnMessage as CallMessage


class AskAuthority(msgspec.Struct, frozen=True, tag_field="kind", tag="ask_authority"):
    """Are you there? Asked again and again; answered by `AuthorityHere`."""

    life: int
    """Of the asking process: another number after each of its starts."""
    number: int
    """Of the question, which the answer repeats."""
    authority: int = 0
    """The life of the authority that it knows; 0: none."""
    accounts: int = 0
    """How many `AccountsTold` of that life it has taken."""


class AuthorityHere(msgspec.Struct, frozen=True, tag_field="kind", tag="authority_here"):
    """The authority lives."""

    life: int
    number: int
    at_us: int
    """By its own clock, which only counts on: what `Relay.until_us` is told by."""


class AccountsTold(msgspec.Struct, frozen=True, tag_field="kind", tag="accounts_told"):
    """What is so of businesses, users and credentials; each time a change, told at once."""

    life: int
    number: int
    """1 begins anew: everything in force follows, over what the topology file says."""
    changes: tuple[dict[str, object], ...]
    """As `calleq.accounts.changes` has them."""
    whole: bool = False
    """All that is in force has been told by now."""


class Used(msgspec.Struct, frozen=True, gc=False):
    """A nonce or a page token that must never be used again, at no door."""

    owner: str
    mark: str
    until_s: int


class Relay(msgspec.Struct, frozen=True, tag_field="kind", tag="relay", omit_defaults=True):
    """A request of somebody known: decide it. Answered by `Relayed`; not decided at all where it
    was meant for another life of the authority, or is too late."""

    question: int
    authority: int
    until_us: int
    """Not to be begun later than this, by the authority's clock."""
    asker: Principal
    """Who has proved who it is at the front."""
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    peer: str
    figure: int = 0
    """8 or 9: it asks for a call; 0: it asks for something else."""
    used: Used | None = None


class Relayed(msgspec.Struct, frozen=True, tag_field="kind", tag="relayed", omit_defaults=True):
    """The answer, or a part of it."""

    question: int
    status: int
    """0: it was not decided; `refused` says why."""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    more: bool = False
    """Further parts of the body follow."""
    refused: str = ""
    """`late`, `draining`, or why the sender is not good any more."""


class RelayOver(msgspec.Struct, frozen=True, tag_field="kind", tag="relay_over"):
    """Nobody waits for the answer any more."""

    question: int


class TellEntries(msgspec.Struct, frozen=True, tag_field="kind", tag="tell_entries"):
    """The authority has these entries of the elements' journals, and wants those that follow."""

    life: int
    """Of the authority."""
    taken: dict[str, int]
    """The last sequence number by element; 0: none."""
    since_us: int
    """What was written before need not be told."""


class EntriesTold(msgspec.Struct, frozen=True, tag_field="kind", tag="entries_told"):
    """What elements wrote to their journal, durably, in its order."""

    authority: int
    entries: tuple[bytes, ...]
    """Frames of the journal."""
    through: dict[str, int]
    """By element: its last sequence number up to here."""
    told_us: int
    """Everything that they wrote up to this instant (UTC) has been told."""


RelayMessage = (
    AskAuthority
    | AuthorityHere
    | AccountsTold
    | Relay
    | Relayed
    | RelayOver
    | TellEntries
    | EntriesTold
)

AnyMessage = CallMessage | RelayMessage

_decoder: msgspec.json.Decoder[RelayMessage] = msgspec.json.Decoder(RelayMessage)
_any_decoder: msgspec.json.Decoder[AnyMessage] = msgspec.json.Decoder(AnyMessage)

encode: Callable[[AnyMessage], bytes] = msgspec.json.Encoder().encode
"""The octets of a message."""


def decode(octets: bytes) -> RelayMessage:
    """The message of the octets; OsnError when they are none of these."""
    try:
        return _decoder.decode(octets)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise OsnError(f"not a message to or from the authority: {error}") from error


def decode_any(octets: bytes) -> AnyMessage:
    """The message of the octets, whatever crosses the OSN; OsnError when they are none."""
    try:
        return _any_decoder.decode(octets)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise OsnError(f"not an OSN message: {error}") from error
