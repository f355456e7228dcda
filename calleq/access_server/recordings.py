"""The recordings of the equipment beside a door: of whom they are, and where they lie."""

from collections.abc import Callable, Mapping
from pathlib import Path

from calleq.calling_logic.recorded import view_of
from calleq.calling_logic.recordings import Recordings
from calleq.messages.answers import RecordedView


class RecordingShelf:
    """All recordings that equipment of this process has; by the name of the equipment."""

    def __init__(self, by_equipment: Mapping[str, Recordings]) -> None:
        self._by_equipment = by_equipment

    def of_call(self, call: str) -> list[RecordedView]:
        """Those of one call, oldest first."""
        found = [
            view_of(name, view)
            for name, recordings in self._by_equipment.items()
            for view in recordings.views(call)
        ]
        return sorted(found, key=lambda view: view.begun_at)

    def find(self, recording: str) -> RecordedView | None:
        """One of them."""
        for name, recordings in self._by_equipment.items():
            view = recordings.view(recording)
            if view is not None:
                return view_of(name, view)
        return None

    def file(self, recording: str) -> Path | None:
        """Where a complete one lies."""
        for recordings in self._by_equipment.values():
            path = recordings.file(recording)
            if path is not None:
                return path
        return None

    def delete(self, recording: str, gone: Callable[[], object]) -> bool:
        """Remove one; `gone` is told when that is durable. False: it goes on, or is none."""
        return any(one.delete(recording, gone) for one in self._by_equipment.values())
