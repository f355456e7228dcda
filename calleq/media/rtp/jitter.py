"""Jitter buffers of all legs: what came in, at its place in time, until its tick.

A leg's buffer is a ring of `DEPTH` frames by place in its stream's own time (RTP timestamps,
whatever the packets' length), as mu-law. `put` writes what came, `pop` moves each leg on by one
frame and says which had theirs. The wait is as short as it can be: the first frame of a stream is
played with the leg's next tick, or the one after where that comes within `LEAST_SLACK_US`. A frame
that comes just after its tick lets the leg wait one frame more, up to `MOST_WAITING`; when for
`hold` frames on end there was always one in hand, one is left out again. Each stretching doubles
`hold`, so that a bad path is not tried every second.

Odd cases. A frame that comes twice is written twice. One that comes later than its place is late,
and lost to the ear; after `LATE_FRAMES` such on end the path has become slower for good, and the
stream begins anew. One that lies farther ahead than the ring is deep, or far behind, begins the
stream anew: the far end has chosen another time. Timestamps wrap; places do not.
"""

import numpy as np

from calleq.media.frames import FRAME_SAMPLES, FRAME_US
from calleq.media.g711 import DECODING, FROM_A_LAW, Samples
from calleq.media.rtp.table import MAX_LEGS, Flags, Integers, Legs, Octets

DEPTH = 16
LEAST_SLACK_US = 6_000
MOST_WAITING = 6
LEAST_HOLD_FRAMES = 100
MOST_HOLD_FRAMES = 3_000
FAR_BEHIND = 100
LATE_FRAMES = 3
START = 1_000
"""The place of a stream's first frame: there is room before it."""
HISTORY_FRAMES = 3

_SLOT = DEPTH - 1


def _column() -> Integers:
    return np.zeros(MAX_LEGS, dtype=np.int64)


class JitterBuffers:
    """The rings, and where each leg stands in its own."""

    def __init__(self) -> None:
        self._octets: Octets = np.zeros((MAX_LEGS, DEPTH, FRAME_SAMPLES), dtype=np.uint8)
        self._place: Integers = np.full((MAX_LEGS, DEPTH), -1, dtype=np.int64)
        """Which frame lies in each slot; negative: a guess at the one of that number."""
        self._filled: Integers = np.zeros((MAX_LEGS, DEPTH), dtype=np.int64)
        """How much of a frame that comes in pieces is there."""
        self.active: Flags = np.zeros(MAX_LEGS, dtype=np.bool_)
        self.play = _column()
        """The place that was played last."""
        self._newest = _column()
        self._time = _column()
        """Timestamp of the last packet, with its cycles."""
        self._base = _column()
        """What makes a place of it."""
        self.gap = _column()
        """How many frames in a row were not there."""
        self._spare = _column()
        """The least number in hand since `_since`."""
        self._since = _column()
        self._hold = _column()
        self.late = _column()
        self._late_now = _column()
        """How many came late on end."""
        self.stretched = _column()

    def reset(self, legs: Legs | int) -> None:
        """Forget what these legs have; their next packet begins a stream."""
        self.active[legs] = False
        self._place[legs] = -1
        self._filled[legs] = 0
        self.gap[legs] = 0

    def clear(self, leg: int) -> None:
        """A new leg: also its counts."""
        self.reset(leg)
        self.late[leg] = self.stretched[leg] = self._late_now[leg] = 0
        self._hold[leg] = LEAST_HOLD_FRAMES

    def put(
        self, legs: Legs, timestamps: Integers, frames: Octets, a_law: Flags, slack_us: Integers
    ) -> None:
        """Take one whole frame of each of these legs, none of them twice."""
        self._begin_idle(legs, timestamps, slack_us)
        time = self._unwrapped(legs, timestamps)
        place, rest = np.divmod(time - self._base[legs], FRAME_SAMPLES)
        ahead = place - self.play[legs]
        if a_law.any():
            frames = frames.copy()
            frames[a_law] = FROM_A_LAW[frames[a_law]]
        usual = (rest == 0) & (ahead > 0) & (ahead <= DEPTH - 2)
        if usual.all():
            self._late_now[legs] = 0
        else:
            keep = self._odd(legs, timestamps, frames, slack_us, (time, place, rest, ahead))
            legs, place, time, frames = legs[keep], place[keep], time[keep], frames[keep]
        slot = place & _SLOT
        self._octets[legs, slot] = frames
        self._place[legs, slot] = place
        self._time[legs] = time
        np.maximum(place, self._newest[legs], out=place)
        self._newest[legs] = place

    def _odd(
        self,
        legs: Legs,
        timestamps: Integers,
        frames: Octets,
        slack_us: Integers,
        places: tuple[Integers, Integers, Integers, Integers],
    ) -> Flags:
        """Judge frames of which some are late, far away or between two places.

        `places` (time, place, rest, ahead) are put right; those to be written are returned.
        """
        time, place, rest, ahead = places
        behind = np.where(ahead < 0, self._late_now[legs] + 1, 0)
        self._late_now[legs] = behind
        away = (ahead > DEPTH - 2) | (ahead < -FAR_BEHIND) | (behind > LATE_FRAMES)
        if away.any():
            self._begin(legs[away], timestamps[away], slack_us[away])
            time[away], place[away], rest[away], ahead[away] = timestamps[away], START, 0, 1
        play = self.play[legs]
        heard = self._place[legs, play & _SLOT] == play
        stretch = (ahead == 0) & (rest == 0) & ~heard & (self._newest[legs] - play < MOST_WAITING)
        if stretch.any():
            self._wait(legs[stretch])
            ahead[stretch] = 1
        late = ahead <= 0
        self.late[legs[late]] += 1
        for each in np.flatnonzero((rest != 0) & ~late).tolist():
            at = int(legs[each]), int(timestamps[each])
            self.put_piece(*at, frames[each], int(slack_us[each]))
        keep: Flags = (rest == 0) & ~late
        return keep

    def _wait(self, legs: Legs) -> None:
        """Let legs wait one frame more: what has just come late is played yet."""
        self.play[legs] -= 1
        self.stretched[legs] += 1
        self._hold[legs] = np.minimum(2 * self._hold[legs], MOST_HOLD_FRAMES)
        self._spare[legs] = DEPTH
        self._since[legs] = self.play[legs]

    def _begin_idle(self, legs: Legs, timestamps: Integers, slack_us: Integers) -> None:
        idle = ~self.active[legs]
        if idle.any():
            self._begin(legs[idle], timestamps[idle], slack_us[idle])

    def _begin(self, legs: Legs, timestamps: Integers, slack_us: Integers) -> None:
        self.reset(legs)
        self.active[legs] = True
        self._time[legs] = timestamps
        self._base[legs] = timestamps - START * FRAME_SAMPLES
        self._newest[legs] = START
        self.play[legs] = START - 1 - (slack_us < LEAST_SLACK_US)
        self._spare[legs] = DEPTH
        self._since[legs] = self.play[legs]

    def _unwrapped(self, legs: Legs, timestamps: Integers) -> Integers:
        last = self._time[legs]
        step = (timestamps - last) & 0xFFFF_FFFF
        step -= (step >> 31) << 32
        return last + step

    def put_piece(self, leg: int, timestamp: int, octets: Octets, slack_us: int) -> None:
        """Take mu-law of one leg, of any length and at any place."""
        here = np.array([leg])
        at, slack = np.array([timestamp]), np.array([slack_us])
        self._begin_idle(here, at, slack)
        time = int(self._unwrapped(here, at)[0])
        ahead = (time - int(self._base[leg])) // FRAME_SAMPLES - int(self.play[leg])
        behind = int(self._late_now[leg]) + 1 if ahead < 0 else 0
        self._late_now[leg] = behind
        if ahead > DEPTH - 2 or ahead < -FAR_BEHIND or behind > LATE_FRAMES:
            self._begin(here, at, slack)
            time = timestamp
        elif ahead <= 0 and not self._stretch(leg, ahead):
            self.late[leg] += 1
            return
        if time > self._time[leg]:
            self._time[leg] = time
        start = time - int(self._base[leg])
        while octets.size:
            place, offset = divmod(start, FRAME_SAMPLES)
            count = min(FRAME_SAMPLES - offset, octets.size)
            if place - int(self.play[leg]) < DEPTH:
                self._write(leg, place, offset, octets[:count])
            octets = octets[count:]
            start += count

    def _write(self, leg: int, place: int, offset: int, octets: Octets) -> None:
        slot = place & _SLOT
        if self._place[leg, slot] == place:
            self._filled[leg, slot] = FRAME_SAMPLES
        elif self._place[leg, slot] != -2 - place or not self._filled[leg, slot]:
            self._place[leg, slot] = -2 - place
            self._filled[leg, slot] = 0
        self._octets[leg, slot, offset : offset + octets.size] = octets
        self._filled[leg, slot] += octets.size
        if self._filled[leg, slot] >= FRAME_SAMPLES:
            self._place[leg, slot] = place
            self._filled[leg, slot] = 0
            if place > self._newest[leg]:
                self._newest[leg] = place

    def _stretch(self, leg: int, ahead: int) -> bool:
        """Whether the leg waits one frame more, so that what has just come late is played yet."""
        play = int(self.play[leg])
        heard = self._place[leg, play & _SLOT] == play
        if ahead < 0 or heard or int(self._newest[leg]) - play >= MOST_WAITING:
            return False
        self._wait(np.array([leg]))
        return True

    def pop(self, legs: Legs, into: Octets) -> Flags:
        """Move each leg on by a frame, and write those that are there into rows 1 + leg.

        Which have theirs is returned; the row of another is not touched.
        """
        play = self.play[legs] + 1
        self.play[legs] = play
        slot = play & _SLOT
        there: Flags = (self._place[legs, slot] == play) & self.active[legs]
        if there.all():
            into[legs + 1] = self._octets[legs, slot]
        else:
            have = legs[there]
            into[have + 1] = self._octets[have, slot[there]]
        spare = np.minimum(self._newest[legs] - play, self._spare[legs])
        self._spare[legs] = spare
        shrinking = (spare > 0) & (play - self._since[legs] > self._hold[legs])
        if shrinking.any():
            self._shrink(legs[shrinking & there])
        return there

    def _shrink(self, legs: Legs) -> None:
        """There was always a frame in hand: leave one out."""
        self.play[legs] += 1
        self._spare[legs] = DEPTH
        self._since[legs] = self.play[legs]

    def history(self, legs: Legs) -> Samples:
        """The linear samples of the `HISTORY_FRAMES` frames before the one played last."""
        places = self.play[legs][:, None] - np.arange(HISTORY_FRAMES, 0, -1)
        slots = places & _SLOT
        octets = self._octets[legs[:, None], slots]
        known = self._place[legs[:, None], slots]
        samples: Samples = DECODING[octets]
        samples[(known != places) & (known != -2 - places)] = 0
        whole: Samples = samples.reshape(legs.size, HISTORY_FRAMES * FRAME_SAMPLES)
        return whole

    def guess(self, legs: Legs, octets: Octets) -> None:
        """What stands in for the frame played last, for the history of the next."""
        play = self.play[legs]
        slot = play & _SLOT
        self._octets[legs, slot] = octets
        self._place[legs, slot] = -2 - play
        self._filled[legs, slot] = 0

    def delay_us(self, leg: int) -> int:
        """How long a frame waits here, about: those in hand, and half a tick."""
        if not self.active[leg]:
            return 0
        waiting = int(self._newest[leg] - self.play[leg])
        return max(waiting, 0) * FRAME_US + FRAME_US // 2
