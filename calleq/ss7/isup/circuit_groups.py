"""Runs of circuits: how many one group message can name, and which messages many circuits need.

Q.763 §3.43: a range of 31 names 32 circuits; group messages other than CQM name at least two. In a
blocking message only the circuits with a status bit are meant, so one alone is named with its
neighbour unmarked. GRS and CQM may name no more than `Variant.group_circuits`, and CGB and CGU may
mark no more (Q.764 §2.8.2.3, §2.9.3.2).
"""

from collections.abc import Iterable, Iterator

from calleq.ss7.isup.messages import RangeStatus, range_status
from calleq.ss7.variant import ITU, Variant

GROUP_LEAST = 2


class Run:
    """A run of circuits that one message names: `span` of them from `first` on."""

    __slots__ = ("first", "marked", "span")

    def __init__(self, marked: tuple[int, ...], variant: Variant) -> None:
        """`marked` ascend and lie within `variant.group_circuits` of each other."""
        self.marked = marked
        self.span = max(marked[-1] - marked[0] + 1, GROUP_LEAST)
        self.first = min(marked[0], variant.last_circuit + 1 - self.span)

    def status(self, marked: Iterable[int]) -> RangeStatus:
        """Range and status with these marked."""
        return range_status(self.first, self.span, list(marked))

    def range_alone(self) -> RangeStatus:
        """The range, for messages without status."""
        return RangeStatus(self.span - 1)


def runs(cics: Iterable[int], variant: Variant = ITU) -> Iterator[Run]:
    """The circuits by the messages that name them, ascending; neighbours stay together."""
    gathered: list[int] = []
    for cic in sorted(set(cics)):
        if gathered and cic - gathered[0] >= variant.group_circuits:
            yield Run(tuple(gathered), variant)
            gathered = []
        gathered.append(cic)
    if gathered:
        yield Run(tuple(gathered), variant)


def whole_runs(cics: Iterable[int], variant: Variant = ITU) -> Iterator[Run]:
    """As `runs`, but no run names a circuit that is not among them (GRS resets all it names).

    A circuit without a neighbour makes a run of its own, whose `span` cannot be sent in a group.
    """
    gathered: list[int] = []
    for cic in sorted(set(cics)):
        if gathered and (cic != gathered[-1] + 1 or len(gathered) == variant.group_circuits):
            yield Run(tuple(gathered), variant)
            gathered = []
        gathered.append(cic)
    if gathered:
        yield Run(tuple(gathered), variant)
