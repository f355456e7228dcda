"""A 2xx of ours to an INVITE, said again until its ACK (RFC 3261 §13.3.1.4).

Owns the repeating of one answer; what it means that no ACK came is its owner's.
"""

from collections.abc import Callable

from calleq.sip.end import End, Wake
from calleq.sip.message import Response
from calleq.sip.repeating import success_repeater
from calleq.sip.transaction import Key


class Unacknowledged:
    """One 2xx under way. It is sent at once."""

    __slots__ = ("_end", "_gave_up", "_key", "_repeater", "_response", "_wake", "number")

    def __init__(
        self,
        end: End,
        key: Key,
        response: Response,
        gave_up: Callable[[int], None],
        now_us: int,
    ) -> None:
        self._end = end
        self._key = key
        self._response = response
        self._gave_up = gave_up
        self.number = response.cseq.number
        """Which ACK it waits for."""
        self._repeater = success_repeater(now_us)
        end.transactions.respond(key, response, now_us)
        self._wake: Wake | None = None
        self._set()

    def _set(self) -> None:
        due_us = self._repeater.due_us
        self._wake = self._end.at(due_us, self._due) if due_us is not None else None

    def _due(self, now_us: int) -> None:
        if self._repeater.handle_timer(now_us):
            self._end.transactions.respond(self._key, self._response, now_us)
        if self._repeater.gave_up:
            self._gave_up(now_us)
        else:
            self._set()

    def stop(self) -> None:
        """It arrived, or does not matter any more."""
        if self._wake is not None:
            self._wake.cancel()
            self._wake = None
