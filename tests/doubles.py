"""Neighbours that tests of several rooms need in the same form."""

from calleq.runtime.tap import Segment


class RecordingTap:
    """A tap that writes down what it saw."""

    def __init__(self) -> None:
        self.seen: list[tuple[Segment, str, str, str, bytes, int]] = []

    def saw(
        self, segment: Segment, link: str, sender: str, receiver: str, octets: bytes, at_us: int
    ) -> None:
        self.seen.append((segment, link, sender, receiver, octets, at_us))
