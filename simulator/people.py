"""How long people talk and wait: drawn for each call from a seed, and told to the telephones.

Of the two people in a conversation one is the first to hang up, by a draw of `REP_ENDS_SHARE`: the
conversation lasts as long as that one was told, and the other stays. Both ask when they first hear
each other, within moments; what the first is told decides what the second is told.

A file of holding times has a number of seconds at the start of each line; each conversation draws
one of them evenly. It is refused with `HoldingError`.
"""

import math
import random
from collections.abc import Callable
from pathlib import Path

import msgspec

from calleq.telephones.behaviours import Manners
from calleq.units import HOUR_US, SECOND_US

REP_ENDS_SHARE = 0.3
"""How often the representative is the first to hang up."""
MEETING_US = SECOND_US
"""Two people of one conversation hear each other within this time."""
LOGNORMAL_VARIATION = 1.2
"""Standard deviation over mean, as telephone conversations have it."""
TALK_LIMIT_US = 4 * HOUR_US - SECOND_US
"""Nobody talks longer: what is drawn beyond is cut, since the network ends a call at 4 hours."""
VALUES_LIMIT = 1_000_000
"""Holding times in a file."""

Draw = Callable[[], int]
"""A length of time in microseconds."""


class HoldingError(ValueError):
    """A file of holding times cannot be used; the text names the file and the line."""


class Holding(msgspec.Struct, frozen=True):
    """A distribution of conversation lengths."""

    kind: str
    mean_us: int
    values_us: tuple[int, ...] = ()
    """Empirical only."""

    def draw(self, source: random.Random) -> Draw:
        """Draws of it from a source."""
        mean_us = self.mean_us
        if self.kind == "constant":
            return lambda: mean_us
        if self.kind == "exponential":
            return lambda: min(TALK_LIMIT_US, round(source.expovariate(1.0) * mean_us))
        if self.kind == "lognormal":
            variance = math.log1p(LOGNORMAL_VARIATION**2)
            mu, sigma = math.log(mean_us) - variance / 2, math.sqrt(variance)
            return lambda: min(TALK_LIMIT_US, round(source.lognormvariate(mu, sigma)))
        values_us = self.values_us
        return lambda: source.choice(values_us)


def empirical(path: Path) -> Holding:
    """The distribution of a file's values. Raises HoldingError."""
    values_us: list[int] = []
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError as error:
        raise HoldingError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise HoldingError(f"{path}: no text in UTF-8") from error
    if len(lines) > VALUES_LIMIT:
        raise HoldingError(f"{path}: more than {VALUES_LIMIT} lines")
    for number, line in enumerate(lines, start=1):
        text = line.partition(",")[0].strip()
        if not text or text.startswith("#"):
            continue
        try:
            value_us = round(float(text) * SECOND_US)
        except (ValueError, OverflowError):
            raise HoldingError(f"{path}:{number}: {text!r} is no number of seconds") from None
        if not 0 <= value_us <= TALK_LIMIT_US:
            raise HoldingError(f"{path}:{number}: {text} s, 0 to {TALK_LIMIT_US // SECOND_US}")
        values_us.append(value_us)
    if not values_us:
        raise HoldingError(f"{path}: no holding time in it")
    return Holding("empirical", round(sum(values_us) / len(values_us)), tuple(values_us))


class Conversations(Manners):
    """Tells the people of a simulated world how long to talk and to wait."""

    def __init__(
        self,
        seed: int,
        holding: Holding,
        callees: frozenset[str],
        *,
        now_us: Callable[[], int],
        patience_us: int | None = None,
        callees_end: float = REP_ENDS_SHARE,
    ) -> None:
        """`callees` are those who have no patience to lose: the representatives.

        `patience_us` is the mean of an exponential patience of everybody else.
        """
        super().__init__(holding.mean_us)
        self._talk = holding.draw(random.Random(f"talk {seed}"))
        self._ends = random.Random(f"ends {seed}")
        self._patience = random.Random(f"patience {seed}")
        self._mean_patience_us = patience_us
        self._callees = callees
        self._callees_end = callees_end
        self._now_us = now_us
        self._met: dict[str, tuple[bool, int, int | None]] = {}
        """By customer: whether a callee has asked, when, and what the other is to be told."""

    def talk_length_us(self, number: str, far: str) -> int | None:
        """See `Manners`; None for the one who stays."""
        is_callee = number in self._callees
        customer = far if is_callee else number
        now_us = self._now_us()
        met = self._met.pop(customer, None)
        if met is not None and met[0] != is_callee and now_us - met[1] <= MEETING_US:
            return met[2]
        talk_us = self._talk()
        callee_ends = self._ends.random() < self._callees_end
        ends = callee_ends == is_callee
        self._met[customer] = (is_callee, now_us, None if ends else talk_us)
        return talk_us if ends else None

    def patience_us(self, number: str, far: str) -> int | None:
        """See `Manners`."""
        mean_us = self._mean_patience_us
        if mean_us is None or number in self._callees:
            return None
        return round(self._patience.expovariate(1.0) * mean_us)
