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
    """A final state, or how far it has come: accepted, set_up, calling_customer, …"""
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
    web_page: WebPageView | None = None
    """As the message had it: whatever it says is the customer's, or the page's, to say."""
    note: str | None = None
    """The customer's own words: text, never markup."""
    due_at: str | None = None
    """Of a call for later: when it is to be made; it is `scheduled` until then."""
    expires_at: str | None = None
    """From then on a scheduled call is not begun any more."""
    retry_of: str | None = None
    """The call of which this is another try."""
    try_number: int = 1
    retried_as: str | None = None
    """The call that is the next try."""


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


ANSWERS = (CallAccepted, CallView, EventPage, ProblemView, Health)
