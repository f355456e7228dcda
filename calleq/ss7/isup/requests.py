"""What one exchange asks of another until it is answered: blocking, resets, queries, tests.

Every such request has the same small machine (Q.764 §2.8.2, §2.9.3, §2.9.4, §2.13): it is sent, and
repeated at a short interval; when it is still unanswered after a long one, maintenance is told (an
alarm stands until the answer) and it goes on at the long interval. `TABLE` decides every pair.

A request may outlive its reason: before each repetition whoever made it says what is left to be
asked (`again`), and nothing left ends it. What is sent never grows: at most one request of a kind
stands for one circuit or group.
"""

from collections.abc import Callable
from enum import IntEnum

from calleq.runtime.clock import Clock, Timer
from calleq.ss7.isup.messages import Message


class RequestState(IntEnum):
    """How long a request has been standing."""

    FRESH = 0
    """Within the long interval."""
    OVERDUE = 1
    """Beyond it: the alarm stands."""
    OVER = 2


class RequestInput(IntEnum):
    """What can happen to a request."""

    ANSWERED = 0
    WITHDRAWN = 1
    SHORT_TIMER = 2
    LONG_TIMER = 3
    RESUMED = 4
    """The far exchange can be reached again."""


class RequestAction(IntEnum):
    """What to do about it."""

    IGNORE = 0
    REPEAT = 1
    ALARM = 2
    """Tell maintenance, repeat, go on at the long interval."""
    REPEAT_SLOWLY = 3
    END = 4


_S, _I, _A = RequestState, RequestInput, RequestAction
TABLE: dict[tuple[RequestState, RequestInput], tuple[RequestAction, RequestState]] = {
    (_S.FRESH, _I.ANSWERED): (_A.END, _S.OVER),
    (_S.FRESH, _I.WITHDRAWN): (_A.END, _S.OVER),
    (_S.FRESH, _I.SHORT_TIMER): (_A.REPEAT, _S.FRESH),
    (_S.FRESH, _I.LONG_TIMER): (_A.ALARM, _S.OVERDUE),
    (_S.FRESH, _I.RESUMED): (_A.REPEAT, _S.FRESH),
    (_S.OVERDUE, _I.ANSWERED): (_A.END, _S.OVER),
    (_S.OVERDUE, _I.WITHDRAWN): (_A.END, _S.OVER),
    (_S.OVERDUE, _I.SHORT_TIMER): (_A.IGNORE, _S.OVERDUE),
    (_S.OVERDUE, _I.LONG_TIMER): (_A.REPEAT_SLOWLY, _S.OVERDUE),
    (_S.OVERDUE, _I.RESUMED): (_A.REPEAT_SLOWLY, _S.OVERDUE),
    (_S.OVER, _I.ANSWERED): (_A.IGNORE, _S.OVER),
    (_S.OVER, _I.WITHDRAWN): (_A.IGNORE, _S.OVER),
    (_S.OVER, _I.SHORT_TIMER): (_A.IGNORE, _S.OVER),
    (_S.OVER, _I.LONG_TIMER): (_A.IGNORE, _S.OVER),
    (_S.OVER, _I.RESUMED): (_A.IGNORE, _S.OVER),
}


class Request:
    """One request under way."""

    __slots__ = (
        "_again",
        "_clock",
        "_ended",
        "_long",
        "_overdue",
        "_send",
        "_short",
        "far",
        "name",
        "state",
    )

    def __init__(
        self,
        name: str,
        far: int,
        clock: Clock,
        lengths_us: tuple[int, int],
        again: Callable[[], Message | None],
        send: Callable[[int, Message], object],
        ended: Callable[["Request"], object],
        overdue: Callable[[], object],
    ) -> None:
        """`lengths_us` are the short and the long interval; nothing is sent before `begin`."""
        self.name = name
        """As people read it, for example `CGB of 32 circuits from 1 on`."""
        self.far = far
        self.state = RequestState.FRESH
        self._clock = clock
        self._again = again
        self._send = send
        self._ended = ended
        self._overdue = overdue
        self._short: tuple[int, Timer | None] = (lengths_us[0], None)
        self._long: tuple[int, Timer | None] = (lengths_us[1], None)

    @property
    def is_left(self) -> bool:
        """Whether anything is still to be asked."""
        return self._again() is not None

    def begin(self) -> None:
        """Send it for the first time."""
        self._set_long()
        self._repeat()

    def take(self, given: RequestInput) -> None:
        """Something happened to it."""
        action, self.state = TABLE[self.state, given]
        match action:
            case RequestAction.IGNORE:
                pass
            case RequestAction.REPEAT:
                self._repeat()
            case RequestAction.ALARM:
                self._overdue()
                self._repeat_slowly()
            case RequestAction.REPEAT_SLOWLY:
                self._repeat_slowly()
            case RequestAction.END:
                self._end()

    def _repeat(self) -> None:
        self._cancel_short()
        message = self._again()
        if message is None:
            self.take(RequestInput.WITHDRAWN)
            return
        self._send(self.far, message)
        if self.state is RequestState.FRESH:
            length_us = self._short[0]
            timer = self._clock.call_later_us(length_us, self.take, RequestInput.SHORT_TIMER)
            self._short = (length_us, timer)

    def _repeat_slowly(self) -> None:
        self._cancel_short()
        message = self._again()
        if message is None:
            self.take(RequestInput.WITHDRAWN)
            return
        self._set_long()
        self._send(self.far, message)

    def _set_long(self) -> None:
        length_us, timer = self._long
        if timer is not None:
            timer.cancel()
        timer = self._clock.call_later_us(length_us, self.take, RequestInput.LONG_TIMER)
        self._long = (length_us, timer)

    def _cancel_short(self) -> None:
        length_us, timer = self._short
        if timer is not None:
            timer.cancel()
            self._short = (length_us, None)

    def _end(self) -> None:
        self._cancel_short()
        timer = self._long[1]
        if timer is not None:
            timer.cancel()
        self._ended(self)
