"""Whether a call that came to nothing is tried again, and when.

A further try is a call of its own, accepted for later and linked with the one before both ways
(`retried`, `retry_of`). It is made where the business wants it (`[businesses.retries]`: in all so
many tries, after these final states, so far apart), no later than its window after the first was
due, and only where everything that stands before a call allows it; otherwise the call before says
`not_retried` and why. Both are in the journal, and a process that died before either decides at its
restart.

A line of this network that was busy is watched by its switch meanwhile: when it becomes free (a
dial-up computer has gone off-line) the try is made at once. Nobody waits longer than the window; a
word that was lost costs the spacing and no more.
"""

from collections.abc import Callable, Iterable

from calleq.door.later import Later
from calleq.door.parts import Parts
from calleq.door.timeline import Timeline
from calleq.intake import Acceptance
from calleq.journal.entries import Progress
from calleq.messages.answers import EVENT_NOT_RETRIED, EVENT_RETRIED
from calleq.osn.messages import CallProgress, LineFree, WatchLine, encode
from calleq.schedule.calendar import opening_us
from calleq.topology import Business
from calleq.units import MINUTE_US, SECOND_US

SwitchOf = Callable[[str], str]
"""The switch with the line of a number, where a door can ask it; empty: it cannot."""

TOLD_US = MINUTE_US
"""After a call's end; its records are made then, and what would be written later is in the
acceptance of the further try anyhow."""
BY_LINE = "line_free"
"""Who moves a try to the instant at which the line is free."""


class Again:
    """The further tries of one door."""

    def __init__(self, parts: Parts, later: Later, switch_of: SwitchOf) -> None:
        self._door = parts.door
        self._calls = parts.calls
        self._accounts = parts.accounts
        self._intake = parts.intake
        self._journal = parts.journal
        self._clock = parts.clock
        self._bus = parts.bus
        self._later = later
        self._switch_of = switch_of

    def ended(self, timeline: Timeline) -> None:
        """A call has its final state."""
        entry, business = timeline.entry, self._accounts.business(timeline.business)
        if business is None or timeline.state not in business.retries.states:
            return
        if entry.try_number >= business.retries.tries:
            return
        now_us = self._clock.now_us()
        due_us = now_us + business.retries.spacing_s * SECOND_US
        last_us = self._last_us(timeline, business)
        if due_us > last_us:
            self._say(timeline, EVENT_NOT_RETRIED, "window")
        elif not business.active:
            self._say(timeline, EVENT_NOT_RETRIED, "suspended")
        elif opening_us(business, due_us) != due_us:
            self._say(timeline, EVENT_NOT_RETRIED, "closed")
        else:
            self._intake.further_tries.accept(
                entry,
                business,
                due_us,
                last_us,
                lambda outcome: self._accepted(timeline, business, outcome),
            )

    def _last_us(self, timeline: Timeline, business: Business) -> int:
        """When the last try may begin: a further one knows it from the one before."""
        if timeline.entry.try_number > 1:
            return timeline.expires_us
        first_us = timeline.due_us or timeline.accepted_at_us
        return first_us + business.retries.window_s * SECOND_US

    def _accepted(self, timeline: Timeline, business: Business, outcome: Acceptance | str) -> None:
        if isinstance(outcome, str):
            self._say(timeline, EVENT_NOT_RETRIED, outcome)
            return
        self._later.accepted(outcome)
        entry = outcome.entry
        self._say(timeline, EVENT_RETRIED, entry.call)
        if timeline.state == "customer_busy" and business.retries.when_free:
            number = timeline.customer_number
            switch = self._switch_of(number)
            if switch:
                limit_us = max(0, entry.expires_us - self._clock.now_us())
                watch = WatchLine(entry.call, number, self._door, limit_us)
                self._bus.send(self._door, switch, encode(watch))

    def _say(self, timeline: Timeline, event: str, detail: str) -> None:
        now_us = self._clock.now_us()
        if now_us < (timeline.ended_at_us or now_us) + TOLD_US:
            self._journal.append(self._door, Progress(timeline.call, event, detail=detail))
        timeline.progressed(CallProgress(timeline.call, event, now_us, detail=detail))
        self._calls.changed(timeline)

    def line_free(self, message: LineFree) -> bool:
        """A switch says that the line of a further try is free; False: no such try waits."""
        return self._later.hasten(message.call, BY_LINE)

    def restart(self, ended: Iterable[Timeline]) -> None:
        """Decide what a process that died has not decided, of calls that ended lately."""
        for timeline in ended:
            told = {event.event for event in timeline.events}
            if not timeline.retried_as and EVENT_NOT_RETRIED not in told:
                self.ended(timeline)
