"""One transaction: its state, its last message, and when its timers are due.

Owns the carrying out of a table's actions; what comes of them goes to the `Steps` that it is given.
Knows neither its neighbours nor how messages are matched: `transactions` does.
"""

from typing import Protocol

import msgspec

from calleq.sip.message import Fields, Request, Response, respond
from calleq.sip.transaction_tables import (
    INPUT_OF,
    LENGTHS_US,
    LONGEST_REPEAT_US,
    REPEATING,
    Action,
    Input,
    Machine,
    State,
    Timer,
)

Key = tuple[str, ...]
"""What names a transaction (RFC 3261 §17.1.3, §17.2.3)."""


class Target(msgspec.Struct, frozen=True, gc=False):
    """Where messages go, or come from."""

    host: str
    port: int
    transport: str = "UDP"
    """As Via has it: UDP, TCP, TLS."""

    @property
    def reliable(self) -> bool:
        """Whether nothing is lost on the way, so that nothing is repeated."""
        return self.transport != "UDP"


_LIGHT = frozenset(
    {
        (True, State.ACCEPTED),
        (False, State.ACCEPTED),
        (False, State.COMPLETED),
        (False, State.CONFIRMED),
    }
)
"""A client's or a server's states in which the request is not looked at any more."""


class Steps(Protocol):
    """Where the actions of a transaction go."""

    def send_octets(self, target: Target, octets: bytes) -> None:
        """Send these."""

    def deliver(self, transaction: "Transaction", message: Request | Response) -> None:
        """Hand the message to the user."""

    def tell(self, transaction: "Transaction", action: Action) -> None:
        """Tell the user of a timeout or of a transport that failed."""

    def start(self, transaction: "Transaction", timer: Timer, due_us: int) -> None:
        """Wake the transaction then."""

    def ended(self, transaction: "Transaction") -> None:
        """Forget the transaction."""


_OVER = Request("", "", {})
"""Stands for a request that nothing is asked of any more: what lingers should weigh little."""


class Transaction:
    """One of any machine. `give` is its only door."""

    __slots__ = (
        "_repeat_us",
        "_said",
        "_steps",
        "call_id",
        "cancel_fields",
        "cancel_wanted",
        "due_us",
        "key",
        "machine",
        "merged",
        "quiet",
        "request",
        "state",
        "target",
        "to_tag",
    )

    def __init__(
        self, machine: Machine, key: Key, request: Request, target: Target, steps: Steps
    ) -> None:
        """`request` is ours in a client, theirs in a server; `target` where messages are sent."""
        self.machine = machine
        self.key = key
        self.request = request
        self.call_id = request.call_id
        self.merged: Key | None = None
        """What names the request on all the ways that it may come by, in a server."""
        self.target = target
        self.state = machine.initial
        self.due_us: dict[Timer, int] = {}
        self.cancel_wanted = False
        self.cancel_fields: Fields = {}
        self.quiet = False
        """Its user is not told: it is a CANCEL of our own, or one answered here."""
        self.to_tag = ""
        """Of the last answer, in a server."""
        self._steps = steps
        self._said = b""
        self._repeat_us = 0

    def begin(self, now_us: int, octets: bytes | None = None) -> None:
        """Send the request, in a client, and start the first timers. `octets` are the request's,
        where they are made already."""
        if self.machine.client:
            self._said = self.request.encode() if octets is None else octets
            self._steps.send_octets(self.target, self._said)
        self._start_timers(now_us)

    def give(self, given: Input, now_us: int, message: Request | Response | None = None) -> bool:
        """Let something happen; whether it was in time (see `Action.TOO_LATE`)."""
        actions, following = self.machine.table[self.state, given]
        for action in actions:
            self._carry_out(action, message, now_us)
        if following is not self.state:
            self.state = following
            if following is State.TERMINATED:
                self.due_us.clear()
                self._steps.ended(self)
            else:
                if following not in self.machine.kept:
                    self.due_us.clear()
                self._start_timers(now_us)
                if (self.machine.client, following) in _LIGHT:
                    self.request = _OVER
                if following is State.ACCEPTED:
                    self._said = b""
        return Action.TOO_LATE not in actions

    def fire(self, timer: Timer, now_us: int) -> None:
        """The timer is due."""
        del self.due_us[timer]
        self.give(INPUT_OF[timer], now_us)
        if timer in REPEATING and self.state is not State.TERMINATED:
            slow = self.machine.client and self.state is State.PROCEEDING
            longest_us = LONGEST_REPEAT_US[timer]
            self._repeat_us = longest_us if slow else min(2 * self._repeat_us, longest_us)
            self.start(timer, now_us + self._repeat_us)

    def start(self, timer: Timer, due_us: int) -> None:
        """Start one timer."""
        self.due_us[timer] = due_us
        self._steps.start(self, timer, due_us)

    def _start_timers(self, now_us: int) -> None:
        for timer in self.machine.started.get(self.state, ()):
            length_us = LENGTHS_US[timer][self.target.reliable]
            if timer in REPEATING:
                if self.target.reliable:
                    continue
                self._repeat_us = length_us
            if length_us:
                self.start(timer, now_us + length_us)
            else:
                self.give(INPUT_OF[timer], now_us)

    def _carry_out(self, action: Action, message: Request | Response | None, now_us: int) -> None:
        match action:
            case Action.SEND:
                assert isinstance(message, Response)
                self.due_us.pop(Timer.TRYING, None)
                self._send(message)
            case Action.REPEAT:
                if self._said:
                    self._steps.send_octets(self.target, self._said)
            case Action.DELIVER:
                assert message is not None
                self._steps.deliver(self, message)
            case Action.ACKNOWLEDGE:
                assert isinstance(message, Response)
                self._steps.send_octets(
                    self.target, acknowledgement(self.request, message).encode()
                )
            case Action.SAY_TRYING:
                self._send(respond(self.request, 100))
            case Action.TELL_TIMEOUT | Action.TELL_FAILURE:
                self._steps.tell(self, action)
            case Action.TOO_LATE:
                pass

    def _send(self, message: Response) -> None:
        if message.status > 100:
            self.to_tag = message.called.tag
        self._said = message.encode()
        self._steps.send_octets(self.target, self._said)


def acknowledgement(request: Request, response: Response) -> Request:
    """ACK of a failure, hop by hop (RFC 3261 §17.1.1.3)."""
    made = _same_way(request, "ACK")
    made["to"] = list(response.fields["to"])
    return Request("ACK", request.target, made)


def cancellation(request: Request, fields: Fields | None = None) -> Request:
    """CANCEL of an INVITE of ours (RFC 3261 §9.1), with more fields."""
    return Request("CANCEL", request.target, {**_same_way(request, "CANCEL"), **(fields or {})})


def _same_way(request: Request, method: str) -> Fields:
    """The fields of a request that goes the same way: one Via, the same everything else."""
    made: Fields = {"via": [str(request.via)]}
    for name in ("route", "max-forwards", "from", "to", "call-id"):
        if name in request.fields:
            made[name] = list(request.fields[name])
    made["cseq"] = [f"{request.cseq.number} {method}"]
    return made
