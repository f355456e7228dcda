"""One call as its business may follow it: events in their order, state, legs.

A timeline is made of what the equipment said (`CallProgress`, `CallEnded`) or, after a restart, of
the journal's entries; it invents nothing. The state is the last milestone reached:

| event                | state               |
|----------------------|---------------------|
| accepted             | accepted            |
| scheduled            | scheduled           |
| due                  | accepted            |
| set-up taken         | set_up              |
| dialled              | calling_<leg>       |
| answered             | <leg>_answered      |
| bridged              | bridged             |
| ended                | the final state     |

Odd cases: what happens to a call that is bridged changes no state before its end, whoever is called
then. Releases of legs may be reported after the end; they complete the legs and do not change
the state. Events beyond `LIMIT_EVENTS` are counted and not kept; the end is always kept.
"""

from sys import intern

from calleq.door.views import Standing, call_view
from calleq.journal.entries import (
    Accepted,
    Cancelled,
    Charged,
    Dialled,
    Ended,
    Progress,
    Rescheduled,
    Stamped,
)
from calleq.messages.answers import (
    EVENT_ACCEPTED,
    EVENT_CANCELLED,
    EVENT_ENDED,
    EVENT_RESCHEDULED,
    EVENT_RETRIED,
    EVENT_SCHEDULED,
    CallView,
    EventPage,
    EventView,
    LegView,
)
from calleq.osn.messages import CallProgress
from calleq.units import utc_text

STATES_BEFORE = (
    *("scheduled", "accepted", "set_up", "calling_customer", "customer_answered"),
    *("calling_agent", "agent_answered", "bridged"),
)
"""Those of a call that has not ended."""
LIMIT_EVENTS = 256
"""Events kept per call: 3 representatives and every notification leave room tenfold."""


class Timeline:
    """What is known of one call."""

    __slots__ = (
        "accepted_at_us",
        "business",
        "call",
        "cause",
        "charge",
        "customer_number",
        "detail",
        "due_us",
        "ended_at_us",
        "entry",
        "events",
        "events_dropped",
        "expires_us",
        "final",
        "representative_number",
        "retried_as",
        "state",
    )

    def __init__(self, entry: Accepted, at_us: int) -> None:
        self.entry = entry
        self.call = entry.call
        self.business = entry.business
        self.customer_number = _text(entry.message.get("customer_number")) or ""
        self.representative_number = _text(entry.message.get("representative_number"))
        self.accepted_at_us = at_us
        self.ended_at_us: int | None = None
        self.cause = 0
        self.detail = ""
        self.charge: Charged | None = None
        self.state = "accepted"
        self.events = [CallProgress(entry.call, EVENT_ACCEPTED, at_us)]
        self.events_dropped = 0
        self.final = False
        """Whether the call has ended."""
        self.retried_as = ""
        self.due_us = entry.due_us
        self.expires_us = entry.expires_us
        if entry.due_us:
            self.state = "scheduled"
            detail = utc_text(entry.due_us)
            self.events.append(CallProgress(entry.call, EVENT_SCHEDULED, at_us, detail=detail))

    def taken(self) -> None:
        """Equipment has the instruction."""
        if self.state == "accepted":
            self.state = "set_up"

    def progressed(self, event: CallProgress) -> None:
        """One more event."""
        if len(self.events) >= LIMIT_EVENTS:
            self.events_dropped += 1
        else:
            self.events.append(self._light(event))
        if event.event == EVENT_RETRIED:
            self.retried_as = event.detail
        # A third party changes no state, nor does anybody who replaces a representative.
        if self.final or event.leg == "third" or self.state == "bridged":
            return
        match event.event:
            case "dialled":
                self.state = f"calling_{event.leg}"
            case "answered":
                self.state = f"{event.leg}_answered"
            case "bridged":
                self.state = "bridged"
            case "due":
                self.state = "accepted"
            case _:
                pass

    def _light(self, event: CallProgress) -> CallProgress:
        """The event with texts that others have too: a timeline is kept long after its call."""
        number = event.number
        for known in (self.customer_number, self.representative_number):
            if number == known:
                number = known
        return CallProgress(
            self.call,
            intern(event.event),
            event.at_us,
            intern(event.leg),
            event.attempt,
            number,
            event.cause,
            intern(event.detail),
        )

    def ended(self, state: str, cause: int, at_us: int, detail: str = "") -> bool:
        """The call's end; False when it had ended before."""
        if self.final:
            return False
        self.state = state
        self.cause = cause
        self.detail = detail
        self.ended_at_us = at_us
        self.final = True
        detail = f"{state}: {detail}" if detail else state
        self.events.append(CallProgress(self.call, EVENT_ENDED, at_us, cause=cause, detail=detail))
        return True

    def rescheduled(self, at_us: int, due_us: int, expires_us: int) -> None:
        """The call is due at another time."""
        self.due_us, self.expires_us = due_us, expires_us
        self.progressed(CallProgress(self.call, EVENT_RESCHEDULED, at_us, detail=utc_text(due_us)))

    def remember(self, stamped: Stamped) -> None:
        """What the journal says of this call, entry by entry; other entries do nothing."""
        entry = stamped.entry
        if isinstance(entry, Dialled):
            event = CallProgress(
                entry.call, "dialled", stamped.at_us, entry.leg, entry.attempt, entry.number
            )
            self._remember_once(event)
        elif isinstance(entry, Progress):
            event = CallProgress(
                entry.call,
                entry.event,
                stamped.at_us,
                entry.leg,
                entry.attempt,
                cause=entry.cause,
                detail=entry.detail,
            )
            self._remember_once(event)
        elif isinstance(entry, Rescheduled):
            self.rescheduled(stamped.at_us, entry.due_us, entry.expires_us)
        elif isinstance(entry, Cancelled):
            self.progressed(CallProgress(entry.call, EVENT_CANCELLED, stamped.at_us))
        elif isinstance(entry, Ended):
            self.ended(entry.state, entry.cause, stamped.at_us, entry.detail)
        elif isinstance(entry, Charged):
            self.charge = entry

    def _remember_once(self, event: CallProgress) -> None:
        # Equipment may write a dialling both as `Dialled` and as progress; one is enough.
        if event.event == "dialled" and any(
            (known.event, known.leg, known.attempt) == ("dialled", event.leg, event.attempt)
            for known in self.events
        ):
            return
        self.progressed(event)

    def view(self) -> CallView:
        """The call as it is answered."""
        standing = Standing(
            state=self.state,
            final=self.final,
            ended_at_us=self.ended_at_us,
            cause=self.cause,
            detail=self.detail,
            legs=self._legs(),
            events=len(self.events),
            due_us=self.due_us,
            expires_us=self.expires_us,
            retried_as=self.retried_as,
            charge=self.charge,
        )
        return call_view(self.entry, self.accepted_at_us, standing)

    def page(self, after: int) -> EventPage:
        """The events whose sequence number is greater than `after`."""
        events = tuple(
            EventView(
                sequence=sequence,
                event=event.event,
                at=utc_text(event.at_us),
                leg=event.leg,
                attempt=event.attempt,
                number=event.number,
                cause=event.cause,
                detail=event.detail,
            )
            for sequence, event in enumerate(self.events[after:], after + 1)
        )
        return EventPage(self.call, self.state, self.final, events)

    def _legs(self) -> tuple[LegView, ...]:
        legs: dict[tuple[str, int], dict[str, str | int]] = {}
        for event in self.events:
            if not event.leg:
                continue
            leg = legs.setdefault((event.leg, event.attempt), {})
            if event.number:
                leg.setdefault("number", event.number)
            field = _LEG_TIMES.get(event.event)
            if field is not None:
                leg.setdefault(field, utc_text(event.at_us))
                if field == "released_at" and event.cause:
                    leg.setdefault("cause", event.cause)
        return tuple(
            LegView(
                leg=name,
                attempt=attempt,
                number=str(leg.get("number", self._number(name))),
                dialled_at=_text(leg.get("dialled_at")),
                answered_at=_text(leg.get("answered_at")),
                released_at=_text(leg.get("released_at")),
                cause=_number(leg.get("cause")),
            )
            for (name, attempt), leg in legs.items()
            if "dialled_at" in leg or "released_at" in leg
        )

    def _number(self, leg: str) -> str:
        return self.customer_number if leg == "customer" else self.representative_number or ""


_LEG_TIMES = {
    "dialled": "dialled_at",
    "answered": "answered_at",
    "failed": "released_at",
    "released": "released_at",
}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None
