"""What a user of TCAP (SSF, SCP, SRF) and its end of TCAP owe each other (Q.771 §3).

`Dialogues` is one subsystem's end: sans-I/O, time as an argument (monotonic microseconds). What
arrives comes back as a list of events, in order; what is to be sent is fetched with `data_to_send`.
`calleq.ss7.tcap.entity.Entity` joins one with SCCP and a clock, and offers the same requests.

A dialogue is known by a number that no other dialogue has for a long time. It is over, and its
number forgotten, with `end`, `abort`, or with an EndIndication, UserAbortIndication or
ProviderAbortIndication; requests for a number that is not known raise TcapError, as do requests
that its state does not allow. The order of a dialogue is: who begins sends `begin`; who is begun
with answers with `continue_`, `end` or `abort`; until the answer, the beginner may send only a
prearranged `end` or `abort`; then either sends what it likes.

A context given with `begin` opens a dialogue with a dialogue portion (AARQ). The answering side
accepts it by its first `continue_` or `end`, with the same or another context, or refuses it with
`abort`. Without a context there is no dialogue portion at all.

No event is ever returned from within a request: what a request brings about locally (none of
which is an event) is visible in its return value or TcapError.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Protocol

import msgspec

from calleq.ss7.sccp.values import PartyAddress, ReturnCause
from calleq.ss7.tcap.components import ComponentIndication, ComponentRequest

Context = tuple[int, ...]
"""The arcs of an application context's name."""


class TcapError(ValueError):
    """A request that cannot be done: the text says why; nothing was sent or changed."""


class ProviderCause(IntEnum):
    """Why TCAP gave a dialogue up (P-Abort cause, Q.773 §4.2.1.5; from 128 on: local)."""

    UNRECOGNIZED_MESSAGE_TYPE = 0
    UNRECOGNIZED_TRANSACTION_ID = 1
    BADLY_FORMATTED_TRANSACTION_PORTION = 2
    INCORRECT_TRANSACTION_PORTION = 3
    RESOURCE_LIMITATION = 4
    ABNORMAL_DIALOGUE = 126
    """A dialogue portion that does not fit, here or there."""
    NO_COMMON_DIALOGUE_PORTION = 127
    """The far end knows no version of the dialogue portion that this end sends."""
    IDLE = 128
    """Nothing was sent or received for as long as a dialogue may be idle."""


class AbortReason(IntEnum):
    """Why a user aborts (Q.771 §3.1.2.2.2.4)."""

    USER_SPECIFIC = 0
    CONTEXT_NOT_SUPPORTED = 1
    """Answers a begin: the context that comes with it is an alternative, or the same again."""
    DIALOGUE_REFUSED = 2
    """Answers a begin."""


class BeginIndication(msgspec.Struct, frozen=True):
    """Someone opens a dialogue; exactly one `continue_`, `end` or `abort` answers it."""

    dialogue: int
    called: PartyAddress
    calling: PartyAddress
    context: Context | None
    user_information: bytes
    """The EXTERNAL elements, one after another; none: no octets."""
    components: tuple[ComponentIndication, ...]


class ContinueIndication(msgspec.Struct, frozen=True):
    """The dialogue goes on."""

    dialogue: int
    context: Context | None
    """With the first answer: the context that the far end works with. Else None."""
    user_information: bytes
    components: tuple[ComponentIndication, ...]


class EndIndication(msgspec.Struct, frozen=True):
    """The dialogue is over, after these components."""

    dialogue: int
    context: Context | None
    """As of `ContinueIndication`."""
    user_information: bytes
    components: tuple[ComponentIndication, ...]


class UserAbortIndication(msgspec.Struct, frozen=True):
    """The far end's user has given the dialogue up, or never took it."""

    dialogue: int
    reason: AbortReason
    context: Context | None
    """With a refusal: a context that the far end would take."""
    user_information: bytes


class ProviderAbortIndication(msgspec.Struct, frozen=True):
    """TCAP, here or there, has given the dialogue up."""

    dialogue: int
    cause: int
    """A `ProviderCause`."""


class CancelIndication(msgspec.Struct, frozen=True):
    """No answer to an invocation in its time (TC-L-CANCEL): nothing will come of it any more.

    For class 2 this is success, for class 3 failure, for class 1 an error; class 4 asks for none.
    """

    dialogue: int
    invoke_id: int


class NoticeIndication(msgspec.Struct, frozen=True):
    """What was sent has not been delivered; the dialogue stands until its user ends it."""

    dialogue: int
    cause: ReturnCause


class UnidirectionalIndication(msgspec.Struct, frozen=True):
    """Components that belong to no dialogue."""

    called: PartyAddress
    calling: PartyAddress
    context: Context | None
    user_information: bytes
    components: tuple[ComponentIndication, ...]


Event = (
    BeginIndication
    | ContinueIndication
    | EndIndication
    | UserAbortIndication
    | ProviderAbortIndication
    | CancelIndication
    | NoticeIndication
    | UnidirectionalIndication
)


class Outgoing(msgspec.Struct, frozen=True):
    """What SCCP is to send."""

    called: PartyAddress
    calling: PartyAddress
    octets: bytes
    sequence: int
    """Messages of one dialogue have the same, and stay in order (SCCP class 1)."""
    return_on_error: bool
    """Whether this end wants to know that it was not delivered."""


class DialogueUser(Protocol):
    """Who is told events, where TCAP is joined with SCCP."""

    def dialogue_event(self, event: Event, now_us: int) -> None:
        """Something has happened; requests may be made from within."""


class Dialogues(Protocol):
    """One subsystem's end of TCAP. `TransactionCapabilities` is it.

    Every request raises TcapError where it cannot be done.
    """

    def begin(
        self,
        called: PartyAddress,
        calling: PartyAddress,
        components: Sequence[ComponentRequest] = (),
        *,
        context: Context | None = None,
        user_information: bytes = b"",
        now_us: int,
    ) -> int:
        """Open a dialogue and return its number."""

    def continue_(
        self,
        dialogue: int,
        components: Sequence[ComponentRequest] = (),
        *,
        context: Context | None = None,
        user_information: bytes = b"",
        now_us: int,
    ) -> None:
        """Send in a dialogue; context and user information go with the first answer only.

        `context` None there: the one that the dialogue was begun with.
        """

    def end(
        self,
        dialogue: int,
        components: Sequence[ComponentRequest] = (),
        *,
        prearranged: bool = False,
        context: Context | None = None,
        user_information: bytes = b"",
        now_us: int,
    ) -> None:
        """End a dialogue; `prearranged`: both ends know, nothing is sent."""

    def abort(
        self,
        dialogue: int,
        *,
        reason: AbortReason = AbortReason.USER_SPECIFIC,
        context: Context | None = None,
        user_information: bytes = b"",
        now_us: int,
    ) -> None:
        """Give a dialogue up, or refuse to take it; `context`: an alternative to offer."""

    def unidirectional(
        self,
        called: PartyAddress,
        calling: PartyAddress,
        components: Sequence[ComponentRequest],
        *,
        context: Context | None = None,
        user_information: bytes = b"",
        now_us: int,
    ) -> None:
        """Send components that belong to no dialogue; their invocations are of class 4."""

    def cancel(self, dialogue: int, invoke_id: int) -> None:
        """Forget an invocation of this end without telling anyone (TC-U-CANCEL)."""

    def reset_timer(self, dialogue: int, invoke_id: int, now_us: int) -> None:
        """Let an invocation's time run from now (TC-TIMER-RESET)."""

    def free_invoke_id(self, dialogue: int | None = None) -> int:
        """An invoke id that is not in use in that dialogue; None: in one that is yet to begin."""

    def receive(
        self, called: PartyAddress, calling: PartyAddress, octets: bytes, now_us: int
    ) -> list[Event]:
        """Take what SCCP delivers; it never raises, whatever the octets."""

    def notice(self, cause: ReturnCause, octets: bytes, now_us: int) -> list[Event]:
        """Take back what SCCP could not deliver."""

    def data_to_send(self) -> list[Outgoing]:
        """What has come up to be sent since this was last asked, in order."""

    def next_timer(self) -> int | None:
        """When `handle_timer` is to be called, in monotonic microseconds; None: not at all."""

    def handle_timer(self, now_us: int) -> list[Event]:
        """Do what is due."""
