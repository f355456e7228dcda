"""Who hears whom, compiled: for each leg the one row that it is sent.

Walks the symbolic graph (`calleq.media.graph`) upstream from a leg's end, as the mixer does, but
once for each change and not for each frame: a chain of ends with one source each comes to the row
of a port or of a sound; an end with several sources becomes an ear of a group of rows (`sums`),
beside all others that hear the same rows but for their own. Silence is row 0. Players that do not
play are left out, so their start and end are changes too.

`touch` is told of each end whose sources change; what lies downstream is compiled anew by
`compile`, which says which legs now hear another row. Rows are counted by those who use them; those
of nobody go back. Refuses nothing: beyond `MAX_ROWS` an ear hears silence (`refused` counts them).
"""

from collections.abc import Iterable

import numpy as np

from calleq.media.graph import End, Leaf, VoiceGraph
from calleq.media.mixer import MAX_HOPS
from calleq.media.rtp.sums import Group, Sums
from calleq.media.rtp.table import MAX_LEGS, MAX_ROWS, PHASES, SILENT_ROW, Integers

MOST_UNEVEN = 64
"""So many more sounds than in another may be due in one phase."""
_SCRATCH_ROW = MAX_ROWS - 1


class Routes:
    """The compiled graph."""

    def __init__(self, graph: VoiceGraph) -> None:
        self._graph = graph
        self.sums = Sums(_SCRATCH_ROW)
        self.sounds: dict[Leaf, int] = {}
        """Players and tones that somebody is sent, and their rows."""
        self.due: tuple[dict[Leaf, int], ...] = tuple({} for _ in range(PHASES))
        """The same by the phase in which each has its frame."""
        self.begun: list[int] = []
        """Rows of sounds that have had no frame yet; whoever fills them empties this."""
        self.refused = 0
        self._leg_at: dict[End, int] = {}
        self._touched: dict[End, None] = {}
        self._free = list(range(_SCRATCH_ROW - 1, MAX_LEGS, -1))
        self.users: Integers = np.zeros(MAX_ROWS, dtype=np.int64)
        """How many use a row: legs that are sent it, and groups."""
        self.recounted: set[int] = set()
        """Rows of which that has changed; whoever looks at them empties this."""
        self._groups: dict[tuple[int, ...], Group] = {}
        self._ear_of: dict[int, tuple[Group, int]] = {}
        """By row of an ear: its group, and its own row in it."""
        self._leaf_of: dict[int, Leaf] = {}
        self._sound_phase: dict[int, int] = {}
        self._first_phase = 0
        self._known: dict[End, int] = {}
        """What arrives where, within one compilation."""
        self._made: list[int] = []
        self._next_phase = 0

    def add(self, end: End, leg: int) -> None:
        """A leg has an end."""
        self._leg_at[end] = leg
        self.touch(end)
        self._touched[end] = None

    def remove(self, end: End) -> None:
        """It has it no longer."""
        self.touch(end)
        self._leg_at.pop(end, None)
        self._touched.pop(end, None)

    def touch(self, end: End) -> None:
        """What `end` sends is about to change, or has: its ears are compiled anew."""
        for ear in self._graph.reached(end):
            if ear in self._leg_at:
                self._touched[ear] = None

    def sound_of(self, row: int) -> Leaf | None:
        """The player or tone of a row; None for another."""
        return self._leaf_of.get(row)

    def phase_of(self, row: int) -> int | None:
        """When a sum is worked out; None for another row."""
        ear = self._ear_of.get(row)
        return None if ear is None else ear[0].phase

    def sound_phase(self, row: int) -> int | None:
        """When a sound has its frame; None for another row."""
        return self._sound_phase.get(row)

    def pending(self) -> bool:
        """Whether there is something to compile."""
        return bool(self._touched)

    def compile(self, first_phase: int) -> list[tuple[int, int]]:
        """(leg, row) of each that may hear another row than before; whoever is told `use`s it.

        `first_phase` is the one that is ticked next: a sound that begins does not wait.
        """
        if not self._touched:
            return []
        self._first_phase = first_phase
        touched, self._touched = self._touched, {}
        self._known.clear()
        return [(self._leg_at[end], self._arriving(end, 0)) for end in touched]

    def use(self, row: int) -> None:
        """Somebody is sent this row from now on."""
        if row != SILENT_ROW:
            self.users[row] += 1
            self.recounted.add(row)

    def leave(self, row: int) -> None:
        """Somebody is no longer."""
        if row != SILENT_ROW:
            self.users[row] -= 1
            self.recounted.add(row)
            self._forget_unused((row,))

    def settle(self) -> None:
        """Forget the rows that were made while compiling and that nobody took into use."""
        made, self._made = self._made, []
        self._forget_unused(reversed(made))

    def _forget_unused(self, rows: Iterable[int]) -> None:
        for row in rows:
            if self.users[row]:
                continue
            leaf = self._leaf_of.pop(row, None)
            if leaf is not None:
                del self.sounds[leaf]
                del self.due[self._sound_phase.pop(row)][leaf]
                self._free.append(row)
            ear = self._ear_of.pop(row, None)
            if ear is not None:
                self._forget_ear(*ear)
                self._free.append(row)

    def _forget_ear(self, group: Group, own: int) -> None:
        del group.ears[own]
        self.sums.changed(group)
        if not group.ears:
            del self._groups[group.rows]
            for row in group.rows:
                self.leave(row)

    def _arriving(self, end: End, hops: int) -> int:
        """The row of what arrives at an end."""
        if hops >= MAX_HOPS:
            return SILENT_ROW
        row = self._known.get(end)
        if row is None:
            facing = end.facing
            if len(facing) == 2:
                row = self._sending(facing[0] if facing[1] is end else facing[1], hops)
            else:
                rows = [self._sending(far, hops) for far in facing if far is not end]
                row = self._sum([one for one in rows if one], SILENT_ROW)
            self._known[end] = row
        return row

    def _sending(self, end: End, hops: int) -> int:
        rows = [self._sound(leaf) for leaf in end.leaves]
        rows += [self._arriving(inlet, hops + 1) for inlet in end.inlets]
        heard = [row for row in rows if row]
        if len(heard) < 2:
            return heard[0] if heard else SILENT_ROW
        return self._sum(heard, self._plain(end))

    def _plain(self, end: End) -> int:
        """The row that arrives at an end where it is one leg's, of which the end sends the rest."""
        for _ in range(MAX_HOPS):
            far = [each for each in end.facing if each is not end]
            if len(far) != 1:
                return SILENT_ROW
            leaves, inlets = far[0].leaves, far[0].inlets
            if len(leaves) + len(inlets) != 1:
                return SILENT_ROW
            if leaves:
                return self._sound(leaves[0]) if leaves[0].live is not None else SILENT_ROW
            end = inlets[0]
        return SILENT_ROW

    def _sound(self, leaf: Leaf) -> int:
        if leaf.live is not None:
            return leaf.live.row
        if leaf.player is not None and leaf.prompt is None:
            return SILENT_ROW
        row = self.sounds.get(leaf)
        if row is None:
            row = self._new_row()
            if row != SILENT_ROW:
                self.sounds[leaf] = row
                self._leaf_of[row] = leaf
                self._place(leaf, row)
        return row

    def _place(self, leaf: Leaf, row: int) -> None:
        """Choose the phase of a sound: the next one that has not many more than another."""
        counts = [len(due) for due in self.due]
        most = min(counts) + MOST_UNEVEN
        phase = self._first_phase
        while counts[phase] > most:
            phase = (phase + 1) % PHASES
        self._sound_phase[row] = phase
        self.due[phase][leaf] = row
        self.begun.append(row)

    def _new_row(self) -> int:
        if not self._free:
            self.refused += 1
            return SILENT_ROW
        row = self._free.pop()
        self._made.append(row)
        return row

    def _sum(self, heard: list[int], own: int) -> int:
        """The row of an ear that hears these, and itself says `own`."""
        if len(heard) < 2:
            return heard[0] if heard else SILENT_ROW
        if own in heard:
            own = SILENT_ROW
        together = tuple(sorted([*heard, own] if own else heard))
        group = self._groups.get(together)
        if group is None:
            depth = 1 + max(self._depth(row) for row in together)
            group = Group(together, depth, self._next_phase)
            self._next_phase = (self._next_phase + 1) % PHASES
        row = group.ears.get(own)
        if row is not None:
            return row
        row = self._new_row()
        if row != SILENT_ROW:
            if not group.ears:
                self._groups[together] = group
                for each in together:
                    self.use(each)
            group.ears[own] = row
            self._ear_of[row] = (group, own)
            self.sums.changed(group)
        return row

    def _depth(self, row: int) -> int:
        ear = self._ear_of.get(row)
        return 0 if ear is None else ear[0].depth
