"""Which seizure of a circuit at one exchange is which at the next. Pure.

Both exchanges write the same circuit key, and a circuit is used again and again. The exchange that
sent the IAM wrote one instant for each use, the one that received it another, each in the order in
which it happened; but the clocks of two machines differ, and either may have lost or never written
some. As long as nothing is missing the order alone decides. Otherwise each instant of the receiving
side belongs to the latest use that began before it, give or take the clocks.

Wall clocks step: an hour by hand, a second by decree. So where something is missing the monotonic
clocks are asked too, which never step, and which two exchanges of one machine share (those of two
are set by their wall clocks once). Where a wall clock has plainly stepped, or they agree in
nothing, the order decides if both sides wrote equally many.

Where both sides wrote which number was called, what differs belongs apart whenever there is another
choice: an IAM that waited in the exchange (a slow disk) and one that was lost soon after it look
alike by their instants. A number that a switch translated is still joined where it is alone. Odd
case: where a side did not write the number, machines whose clocks differ by more than
CLOCK_TOLERANCE_US, and an IAM that was lost between them, may be joined wrongly.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

from calleq.journal.entries import Dialled, Entry, LineRefused, LineSeized, Stamped, Transit

CLOCK_TOLERANCE_US = 100_000
"""How far the clocks of two machines may differ."""

ARRIVAL_LIMIT_US = 30_000_000
"""An IAM that took longer to be acted on belongs to another use of the circuit."""

Differ = Callable[[int, int], bool]
"""Whether the n-th that was sent is plainly not the m-th that was received."""


def pair_uses(sent: Sequence[Stamped], received: Sequence[Stamped]) -> list[int]:
    """For each entry of `received` the index of its use in `sent`, or -1; as `pair_in_order`."""
    sent_us, received_us = [one.at_us for one in sent], [one.at_us for one in received]

    def differ(index: int, place: int) -> bool:
        return numbers_differ(sent[index], received[place])

    pairs = pair_in_order(sent_us, received_us)
    if len(sent) == len(received) and -1 not in pairs and not _wrong(pairs, differ):
        return pairs
    pairs = pair_in_order(sent_us, received_us, differ)
    least = _badness(pairs, sent_us, received_us, differ)
    run_us, reached_us = [one.monotonic_us for one in sent], [one.monotonic_us for one in received]
    if _rises(run_us) and _rises(reached_us):
        for difference_us in _differences(sent, received):
            moved_us = [at_us + difference_us for at_us in reached_us]
            by_machine = pair_in_order(run_us, moved_us, differ)
            badness = _badness(by_machine, run_us, moved_us, differ)
            if badness < least:
                pairs, least = by_machine, badness
    nobody = pairs.count(-1) == len(pairs)
    if len(sent) == len(received) and (nobody or _stepped(sent) or _stepped(received)):
        each = list(range(len(sent)))
        if _wrong(each, differ) <= least[0]:
            return each
    return pairs


def numbers_differ(sent: Stamped, received: Stamped) -> bool:
    """Whether both say which number was called, and not the same."""
    one, other = _called(sent.entry), _called(received.entry)
    return one != other and one != "" != other


def _called(entry: Entry) -> str:
    match entry:
        case Dialled(number=called):
            return called
        case Transit(called=called) | LineSeized(called=called) | LineRefused(called=called):
            return called
    return ""


def _wrong(pairs: Sequence[int], differ: Differ) -> int:
    return sum(index >= 0 and differ(index, place) for place, index in enumerate(pairs))


def _differences(sent: Sequence[Stamped], received: Sequence[Stamped]) -> list[int]:
    """What to add to the receiver's monotonic instants to compare them with the sender's.

    Nothing on one machine; on two what their wall clocks said, at the beginning or at the end.
    """
    return [0, *(_offset(received[place]) - _offset(sent[place]) for place in (0, -1))]


def _offset(stamped: Stamped) -> int:
    return stamped.at_us - stamped.monotonic_us


def _badness(
    pairs: list[int], sent: Sequence[int], received: Sequence[int], differ: Differ
) -> tuple[int, int, int]:
    """How many are of two numbers, how many are left over, how long the others took together."""
    took_us = sum(
        abs(at_us - sent[index]) for at_us, index in zip(received, pairs, strict=True) if index >= 0
    )
    return _wrong(pairs, differ), pairs.count(-1), took_us


def _rises(instants: Sequence[int]) -> bool:
    """Whether nothing in between was started anew, which sets a monotonic clock back."""
    return all(one <= other for one, other in pairwise(instants))


def _stepped(entries: Sequence[Stamped]) -> bool:
    """Whether the wall clock moved against the monotonic one."""
    offsets = [_offset(one) for one in entries]
    return max(offsets) - min(offsets) > CLOCK_TOLERANCE_US


def pair_in_order(
    sent: Sequence[int], received: Sequence[int], differ: Differ | None = None
) -> list[int]:
    """For each instant of `received` the index of its instant in `sent`, or -1.

    Both are in the order in which their exchange wrote them. No index is given twice, and the
    indices rise. With `differ` it is asked of every pair; without it equal numbers of both that are
    plausible are the k-th of one and the k-th of the other.

    >>> pair_in_order([0, 5_000_000], [3_000, 5_002_000])
    [0, 1]
    >>> pair_in_order([0, 5_000_000], [5_002_000])
    [1]
    """
    if differ is None and len(sent) == len(received) and _all_plausible(sent, received):
        return list(range(len(sent)))
    pairs = []
    lowest = 0
    for place, at_us in enumerate(received):
        following = received[place + 1] if place + 1 < len(received) else None
        index = _use_of(sent, at_us, following, lowest)
        if differ is not None and index >= 0 and differ(index, place):
            index = _other_use(sent, at_us, lowest, index, partial(_fits, differ, place))
        pairs.append(index)
        lowest = max(lowest, index + 1)
    return pairs


def _all_plausible(sent: Sequence[int], received: Sequence[int]) -> bool:
    """Whether the k-th belongs to the k-th throughout."""
    last = len(sent) - 1
    return all(
        sent[k] - CLOCK_TOLERANCE_US <= at_us <= sent[k] + ARRIVAL_LIMIT_US
        and (k == last or at_us <= sent[k + 1] + CLOCK_TOLERANCE_US)
        for k, at_us in enumerate(received)
    )


def _use_of(sent: Sequence[int], at_us: int, following: int | None, lowest: int) -> int:
    """The index in `sent`, not below `lowest`, of the use that was received at `at_us`; or -1."""
    before = bisect_right(sent, at_us, lowest) - 1
    after = before + 1
    if before >= lowest and at_us - sent[before] > ARRIVAL_LIMIT_US:
        before = -1
    late = after < len(sent) and sent[after] - at_us <= CLOCK_TOLERANCE_US
    if before < lowest:
        return after if late else -1
    if not late or at_us - sent[before] <= sent[after] - at_us:
        return before
    wanted_by_next = following is not None and (
        after + 1 == len(sent) or following < sent[after + 1] - CLOCK_TOLERANCE_US
    )
    return before if wanted_by_next else after


def _fits(differ: Differ, place: int, index: int) -> bool:
    return not differ(index, place)


def _other_use(
    sent: Sequence[int], at_us: int, lowest: int, index: int, fits: Callable[[int], bool]
) -> int:
    """The use nearest to `index`, as plausible by its instant, that fits; else `index` itself."""
    after = index + 1
    if after < len(sent) and sent[after] - at_us <= CLOCK_TOLERANCE_US and fits(after):
        return after
    for before in range(index - 1, lowest - 1, -1):
        if at_us - sent[before] > ARRIVAL_LIMIT_US:
            break
        if fits(before):
            return before
    return index
