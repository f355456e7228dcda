"""The calls a server knows: those alive, the last that ended, and who waits for news of one.

Alive at most `LIMIT_LIVE_CALLS` (the door says busy beyond); ended at most `LIMIT_ENDED_CALLS`,
older ones are read back from the journal by `older`, where the process has it.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator

from calleq.access_server.timeline import Timeline
from calleq.journal.entries import Accepted, Stamped

LIMIT_LIVE_CALLS = 20_000
LIMIT_ENDED_CALLS = 5_000
LIMIT_WATCHERS = 1_000
"""Readers waiting for a call's next event."""

Older = Callable[[str], Iterable[Stamped]]


class Calls:
    """Timelines by call reference."""

    def __init__(self, older: Older | None = None) -> None:
        self._older = older
        self._live: dict[str, Timeline] = {}
        self._ended: OrderedDict[str, Timeline] = OrderedDict()
        self._watchers: dict[str, dict[int, Callable[[], object]]] = {}
        self._watcher_count = 0
        self._last_watcher = 0

    def full(self) -> bool:
        """Whether no further call may begin."""
        return len(self._live) >= LIMIT_LIVE_CALLS

    def begin(self, entry: Accepted, at_us: int) -> Timeline:
        """A call that was accepted."""
        timeline = self._live[entry.call] = Timeline(entry, at_us)
        return timeline

    def get(self, call: str) -> Timeline | None:
        """A call alive, or ended lately."""
        return self._live.get(call) or self._ended.get(call)

    def find(self, call: str, door: str) -> Timeline | None:
        """A call of whatever age that `door` accepted."""
        timeline = self.get(call)
        if timeline is None and self._older is not None:
            for stamped in self._older(call):
                entry = stamped.entry
                if isinstance(entry, Accepted):
                    if entry.call == call and entry.door == door:
                        timeline = Timeline(entry, stamped.at_us)
                elif timeline is not None and getattr(entry, "call", None) == call:
                    timeline.remember(stamped)
        return timeline

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

    def live(self) -> Iterator[Timeline]:
        """Those that have not ended."""
        return iter(tuple(self._live.values()))
