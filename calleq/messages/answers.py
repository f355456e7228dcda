"""What a door answers: frozen structures, shared by the server that says them and the client.

Instants are RFC 3339 in UTC with microseconds, or null where nothing has happened yet. `cause` is
a Q.850 cause, null while there is none. JSON Schema of each comes from the structure itself.
"""

import msgspec

EVENT_ACCEPTED = "accepted"
"""The first event of every timeline."""
EVENT_SCHEDULED = "scheduled"
"""The second event of a call for later; `detail` is when it is due."""
EVENT_RESCHEDULED = "rescheduled"
EVENT_DUE = "due"
"""A scheduled call is begun: from now on it is too late to cancel or move it."""
EVENT_CANCELLED = "cancelled"
EVENT_RETRIED = "retried"
"""The next try of an ended call has been accepted; `detail` is its reference."""
EVENT_NOT_RETRIED = "not_retried"
"""There was to be another try, and it is not made; `detail` says why."""
EVENT_ENDED = "ended"
"""The event that carries the final state in `detail`; a leg's release may still come after it."""


class CallAccepted(msgspec.Struct, frozen=True):
    """The message is accepted, durably: the call will be made, or end in a final state."""

    call: str
    state: str
    business: str
    events: str
    """Where its timeline is read."""
    code: str | msgspec.UnsetType = msgspec.UNSET
    """Where the business has its customers prove their numbers: the one-time code to be shown to
    whoever asked for the call, who enters it when called. Told to nobody else."""


class LegView(msgspec.Struct, frozen=True):
    """One attempt to reach one party."""

    leg: str
    """`customer`, `agent` or `third`."""
    attempt: int
    number: str
    dialled_at: str | None = None
    answered_at: str | None = None
    released_at: str | None = None
    cause: int | None = None


class ChargeView(msgspec.Struct, frozen=True):
    """What a finished call cost; money is in millionths of the currency's unit."""

    amount_micro: int
    currency: str
    over_micro: int = 0
    """By how much it exceeds what had been held."""
    charges: tuple[dict[str, object], ...] = ()
    """Each rounded amount and how it came about."""


class PageView(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page that the customer viewed."""

    url: str
    title: str = ""
    viewed_at: str = ""


class WebPageView(msgspec.Struct, frozen=True):
    """Which page the customer viewed when asking for the call, and which shortly before."""

    current: PageView
    recent: tuple[PageView, ...] = ()


class CallView(msgspec.Struct, frozen=True):
    """A call as its business may see it."""

    call: str
    state: str
    """A final state, or how far it has come: scheduled, accepted, set_up, calling_customer, …"""
    final: bool
    business: str
    customer_number: str
    representative_number: str | None
    accepted_at: str
    ended_at: str | None = None
    cause: int | None = None
    legs: tuple[LegView, ...] = ()
    events: int = 0
    """How many events its timeline has."""
    detail: str = ""
    """What belongs to a final state: why it is blocked, by what a customer objected."""
    figure: int = 8
    """By which message it was asked for: 8, from the business, or 9, from a page."""
    by: str = ""
    """Who asked: the credential's identifier or the user's name."""
    customer_id: str | None = None
    representative: str | None = None
    """The representative that a page asked for."""
    desired_time: str | None = None
    """As it was written; blank or null: as soon as possible."""
    due_at: str | None = None
    """Of a call for later: when it is to be made; it is `scheduled` until then."""
    expires_at: str | None = None
    """From then on a scheduled call is not begun any more."""
    retry_of: str | None = None
    """The call of which this is another try."""
    try_number: int = 1
    retried_as: str | None = None
    """The call that is the next try."""
    web_page: WebPageView | None = None
    """As the message had it: whatever it says is the customer's, or the page's, to say."""
    note: str | None = None
    """The customer's own words: text, never markup."""
    held: dict[str, object] | None = None
    """What was held for it before it was dialled."""
    charge: ChargeView | None = None
    """What it cost; null until it has ended and where calls cost nothing."""


class CallList(msgspec.Struct, frozen=True):
    """Calls, the newest first."""

    calls: tuple[CallView, ...]
    next: str | None = None
    """The cursor of the page after this; null: there is none."""


class EventView(msgspec.Struct, frozen=True, omit_defaults=True):
    """One event of a timeline; `sequence` counts 1, 2, 3 …"""

    sequence: int
    event: str
    at: str
    leg: str = ""
    attempt: int = 0
    number: str = ""
    cause: int = 0
    detail: str = ""


class EventPage(msgspec.Struct, frozen=True):
    """The events after the one asked about."""

    call: str
    state: str
    final: bool
    events: tuple[EventView, ...]


class OrderDone(msgspec.Struct, frozen=True):
    """An order to a call that stands."""

    call: str
    order: str


class RecordedPartyView(msgspec.Struct, frozen=True):
    """A party that is recorded."""

    leg: str
    attempt: int
    number: str
    announced_at: str
    """When it had heard to its end that the call is recorded."""


class RecordedView(msgspec.Struct, frozen=True):
    """One recording."""

    recording: str
    call: str
    equipment: str
    status: str
    """in-progress, paused, stopped, processing, completed, absent, failed or deleted."""
    begun_at: str
    changed_at: str
    seconds: float
    octets: int
    parties: list[RecordedPartyView]
    reason: str


class RecordedList(msgspec.Struct, frozen=True):
    """Recordings, oldest first."""

    recordings: list[RecordedView]


class FieldProblem(msgspec.Struct, frozen=True):
    """One field at fault."""

    pointer: str
    code: str | msgspec.UnsetType
    """Left out by the telephones' desk, which tells field from field in words alone."""
    detail: str


class ProblemView(msgspec.Struct, frozen=True, omit_defaults=True):
    """RFC 9457 problem details, with a stable `code` besides."""

    type: str
    title: str
    status: int
    code: str
    detail: str = ""
    instance: str = ""
    request_id: str = ""
    errors: tuple[FieldProblem, ...] = ()


class Health(msgspec.Struct, frozen=True, omit_defaults=True):
    """The server lives."""

    status: str
    server: str
    cpu_s: float | None = None
    """Processor time of its process so far; told to its own machine alone."""


ANSWERS = (CallAccepted, CallView, CallList, EventPage, ProblemView, Health)
