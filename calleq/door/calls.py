"""The calls a server knows: those alive, the last that ended, and who waits for news of one.

Alive at most `LIMIT_LIVE_CALLS` (the door says busy beyond); ended at most `LIMIT_ENDED_CALLS`.
An older one is told again from its journal (`recall`) and is then known for a while: of those there
are at most `LIMIT_RECALLED_CALLS`.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Set

from calleq.door.finding import Wish
from calleq.door.timeline import Timeline
from calleq.intake.errors import BUSY, DRAINING
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
from calleq.web.problems import ProblemDetail

LIMIT_LIVE_CALLS = 20_000
LIMIT_ENDED_CALLS = 5_000
LIMIT_RESTORED_CALLS = 500
"""Of the calls that ended before a restart; older ones are recalled when they are asked for."""
LIMIT_RECALLED_CALLS = 500
LIMIT_WATCHERS = 1_000
"""Readers waiting for a call's next event."""


_TELLING = (Progress, Dialled, Ended, Rescheduled, Cancelled, Charged)
"""What a timeline is made of, the most frequent first."""


class Calls:
    """Timelines by call reference."""

    def __init__(self) -> None:
        self._live: dict[str, Timeline] = {}
        self._ended: OrderedDict[str, Timeline] = OrderedDict()
        self._recalled: OrderedDict[str, Timeline] = OrderedDict()
        self._watchers: dict[str, dict[int, Callable[[], object]]] = {}
        self._watcher_count = 0
        self._last_watcher = 0
        self.draining = False
        """No call is begun any more; those that go on do so."""

    def refusal(self) -> ProblemDetail | None:
        """Why no further call may begin; None: one may."""
        if self.draining:
            return DRAINING
        return BUSY if len(self._live) >= LIMIT_LIVE_CALLS else None

    def begin(self, entry: Accepted, at_us: int) -> Timeline:
        """A call that was accepted."""
        timeline = self._live[entry.call] = Timeline(entry, at_us)
        return timeline

    def get(self, call: str) -> Timeline | None:
        """A call alive, or ended lately."""
        return self._live.get(call) or self._ended.get(call)

    def restore(
        self,
        entries: Iterable[Stamped],
        door: str,
        ended: Collection[str],
        waiting: Set[str] = frozenset(),
    ) -> None:
        """What the journal of before says of the calls that `door` accepted, oldest first.

        `ended` are those of them that have an end, in the order of their ends; of these only the
        last `LIMIT_RESTORED_CALLS` are taken up. Those `waiting` are the schedule's.
        """
        forgotten = waiting | set(list(ended)[:-LIMIT_RESTORED_CALLS])
        for stamped in entries:
            entry = stamped.entry
            if isinstance(entry, _TELLING):
                timeline = self.get(entry.call)
                if timeline is not None:
                    timeline.remember(stamped)
                    self.changed(timeline)
            elif isinstance(entry, Accepted) and entry.door == door:
                before = self.get(entry.retry_of) if entry.retry_of else None
                if before is not None:
                    before.retried_as = entry.call
                if entry.call not in forgotten:
                    self.begin(entry, stamped.at_us)

    def recall(self, call: str, door: str, entries: Iterable[Stamped]) -> None:
        """Know a call again that `door` accepted, by what its journal says of it, oldest first."""
        timeline: Timeline | None = None
        for stamped in entries:
            entry = stamped.entry
            if getattr(entry, "call", None) != call:
                continue
            if isinstance(entry, Accepted):
                timeline = Timeline(entry, stamped.at_us) if entry.door == door else None
            elif timeline is not None:
                timeline.remember(stamped)
        if timeline is not None and timeline.final and self.get(call) is None:
            self._recalled[call] = timeline
            if len(self._recalled) > LIMIT_RECALLED_CALLS:
                self._recalled.popitem(last=False)

    def matching(self, wish: Wish, before: str, limit: int) -> list[Timeline]:
        """Those alive or ended lately that fit, the newest first, behind the one named `before`
        (empty: from the newest)."""
        references = [
            call
            for known in (self._live, self._ended)
            for call, timeline in known.items()
            if (not before or call < before) and wish.fits(timeline)
        ]
        references.sort(reverse=True)  # nearly in order already: quicker than picking the largest
        return [timeline for call in references[:limit] if (timeline := self.get(call))]

    def find(self, call: str) -> Timeline | None:
        """A call alive, ended lately, or recalled lately."""
        return self.get(call) or self._recalled.get(call)

    def changed(self, timeline: Timeline) -> None:
        """Something happened: move the call where it belongs and tell who waits."""
        if timeline.final and self._live.pop(timeline.call, None) is not None:
            self._ended[timeline.call] = timeline
            if len(self._ended) > LIMIT_ENDED_CALLS:
                self._ended.popitem(last=False)
        watchers = self._watchers.pop(timeline.call, None)
        if watchers is not None:
            self._watcher_count -= len(watchers)
            for notify in watchers.values():
                notify()

    def watch(self, call: str, notify: Callable[[], object]) -> Callable[[], None] | None:
        """Call `notify` once at the call's next event; the result forgets it. None: too many."""
        if self._watcher_count >= LIMIT_WATCHERS:
            return None
        self._watcher_count += 1
        self._last_watcher += 1
        number = self._last_watcher
        self._watchers.setdefault(call, {})[number] = notify

        def forget() -> None:
            watchers = self._watchers.get(call)
            if watchers is not None and watchers.pop(number, None) is not None:
                self._watcher_count -= 1
                if not watchers:
                    del self._watchers[call]

        return forget

    def follow(self, history: Iterable[Stamped]) -> Timeline:
        """A call that waited, by its acceptance and what was said of it since."""
        timeline: Timeline | None = None
        for stamped in history:
            if isinstance(stamped.entry, Accepted):
                timeline = self.begin(stamped.entry, stamped.at_us)
            elif timeline is not None:
                timeline.remember(stamped)
        assert timeline is not None, "a history begins with an acceptance"
        return timeline

    def forget(self, call: str) -> None:
        """A call could not be begun after all."""
        self._live.pop(call, None)

    def ended_lately(self) -> list[Timeline]:
        """Those that have ended, the first first."""
        return list(self._ended.values())

    def live(self) -> Iterator[Timeline]:
        """Those that have not ended."""
        return iter(tuple(self._live.values()))
