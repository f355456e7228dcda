"""Application servers as a signalling gateway keeps them (RFC 4666 §4.3.3, §4.3.2).

Owns the state of one application server and which of its processes has the traffic: one at a time
(override), shared by signalling link selection (load-share) or all of them (broadcast). Every pair
of a state and an input is decided in `TABLE`.

When the last active process goes, the server is pending for T(r): messages wait, at most
`WAITING_LIMIT` of them, and go to the process that becomes active meanwhile. What does not fit, or
waited in vain, is counted in `discarded`.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import Protocol

from calleq.runtime.clock import Clock, Timer
from calleq.ss7.m3ua import messages as m
from calleq.units import SECOND_US

T_R_US = 2 * SECOND_US
"""How long a server without active process is waited for (RFC 4666 §4.3.3, §4.9: about 2 s)."""

WAITING_LIMIT = 1_024
"""Messages that wait for a pending server; the newest are refused."""


class State(IntEnum):
    """Where an application server stands (RFC 4666 §4.3.3)."""

    DOWN = 0
    INACTIVE = 1
    ACTIVE = 2
    PENDING = 3


class Input(IntEnum):
    """What can happen to it."""

    FIRST_UP = 0
    """A process is up, and none was."""
    FIRST_ACTIVE = 1
    LAST_INACTIVE = 2
    """No process is active any more; another is up."""
    LAST_DOWN = 3
    """No process is up any more."""
    T_R = 4


class Action(IntEnum):
    """What to do."""

    IGNORE = 0
    NOTIFY = 1
    """Tell the processes the new state."""
    OPEN = 2
    """Stop T(r), send what waits, tell the state and that traffic flows."""
    WAIT = 3
    """Start T(r), tell the state."""
    CLOSE = 4
    """Discard what waits, tell the state and that no traffic flows."""


TABLE: dict[tuple[State, Input], tuple[Action, State]] = {
    (State.DOWN, Input.FIRST_UP): (Action.NOTIFY, State.INACTIVE),
    (State.DOWN, Input.FIRST_ACTIVE): (Action.OPEN, State.ACTIVE),
    (State.DOWN, Input.LAST_INACTIVE): (Action.IGNORE, State.DOWN),
    (State.DOWN, Input.LAST_DOWN): (Action.IGNORE, State.DOWN),
    (State.DOWN, Input.T_R): (Action.IGNORE, State.DOWN),
    (State.INACTIVE, Input.FIRST_UP): (Action.IGNORE, State.INACTIVE),
    (State.INACTIVE, Input.FIRST_ACTIVE): (Action.OPEN, State.ACTIVE),
    (State.INACTIVE, Input.LAST_INACTIVE): (Action.IGNORE, State.INACTIVE),
    (State.INACTIVE, Input.LAST_DOWN): (Action.IGNORE, State.DOWN),
    (State.INACTIVE, Input.T_R): (Action.IGNORE, State.INACTIVE),
    (State.ACTIVE, Input.FIRST_UP): (Action.IGNORE, State.ACTIVE),
    (State.ACTIVE, Input.FIRST_ACTIVE): (Action.IGNORE, State.ACTIVE),
    (State.ACTIVE, Input.LAST_INACTIVE): (Action.WAIT, State.PENDING),
    (State.ACTIVE, Input.LAST_DOWN): (Action.WAIT, State.PENDING),
    (State.ACTIVE, Input.T_R): (Action.IGNORE, State.ACTIVE),
    (State.PENDING, Input.FIRST_UP): (Action.IGNORE, State.PENDING),
    (State.PENDING, Input.FIRST_ACTIVE): (Action.OPEN, State.ACTIVE),
    (State.PENDING, Input.LAST_INACTIVE): (Action.IGNORE, State.PENDING),
    (State.PENDING, Input.LAST_DOWN): (Action.IGNORE, State.PENDING),
    (State.PENDING, Input.T_R): (Action.CLOSE, State.INACTIVE),
}

_STATUS = {
    State.DOWN: m.AsStatus.INACTIVE,
    State.INACTIVE: m.AsStatus.INACTIVE,
    State.ACTIVE: m.AsStatus.ACTIVE,
    State.PENDING: m.AsStatus.PENDING,
}


class Process(Protocol):
    """An ASP as its application servers see it."""

    def send(self, message: m.Message) -> None:
        """Put a message on its association."""

    @property
    def asp_identifier(self) -> int | None:
        """What it said that it is."""


class ApplicationServer:
    """One routing key, the processes that serve it and its traffic.

    `receive` gets the DATA of its processes, `changed` hears whether traffic flows. `discarded`
    counts messages that found no process.
    """

    def __init__(
        self,
        name: str,
        routing_context: int,
        destination: int,
        clock: Clock,
        *,
        traffic_mode: m.TrafficMode = m.TrafficMode.OVERRIDE,
        t_r_us: int = T_R_US,
        processes_needed: int = 1,
    ) -> None:
        """`processes_needed`: with fewer that are active the others are told so (§4.3.4.5)."""
        self.name = name
        self.routing_context = routing_context
        self.destination = destination
        self.traffic_mode = traffic_mode
        self.state = State.DOWN
        self.discarded = 0
        self.receive: Callable[[m.Data], None] = _forget
        self.changed: Callable[[bool], None] | None = None
        self.up: list[Process] = []
        """Processes that may serve it, in the order in which they came up; active or not."""
        self.active: list[Process] = []
        self._clock = clock
        self._t_r_us = t_r_us
        self._needed = processes_needed
        self._timer: Timer | None = None
        self._waiting: list[m.Data] = []

    @property
    def takes_traffic(self) -> bool:
        """Whether `transfer` would find a process now or has hope of one."""
        return self.state in (State.ACTIVE, State.PENDING)

    def transfer(self, data: m.Data) -> bool:
        """Send to the process or processes in charge; False when there is nobody."""
        if self.state is State.PENDING:
            if len(self._waiting) >= WAITING_LIMIT:
                self.discarded += 1
                return False
            self._waiting.append(data)
            return True
        if not self.active:
            self.discarded += 1
            return False
        match self.traffic_mode:
            case m.TrafficMode.BROADCAST:
                for process in tuple(self.active):
                    process.send(data)
            case m.TrafficMode.LOADSHARE:
                self.active[data.selection % len(self.active)].send(data)
            case _:
                self.active[0].send(data)
        return True

    def process_up(self, process: Process) -> None:
        """A process is up and not active."""
        if process in self.up:
            return
        self.up.append(process)
        before = self.state
        self._handle(Input.FIRST_UP)
        if self.state is before:
            process.send(self._notification(process))

    def process_active(self, process: Process) -> None:
        """A process takes traffic; in override mode from the one that had it."""
        if process not in self.up:
            self.up.append(process)
        if process in self.active:
            return
        if self.traffic_mode is m.TrafficMode.OVERRIDE:
            for other in tuple(self.active):
                self.active.remove(other)
                other.send(
                    m.Notify(
                        m.StatusType.OTHER,
                        m.OtherStatus.ALTERNATE_ASP_ACTIVE,
                        process.asp_identifier,
                        (self.routing_context,),
                    )
                )
        self.active.append(process)
        before = self.state
        self._handle(Input.FIRST_ACTIVE)
        if self.state is before:
            process.send(self._notification(process))

    def process_inactive(self, process: Process) -> None:
        """A process takes no more traffic."""
        if process in self.active:
            self.active.remove(process)
            if not self.active:
                self._handle(Input.LAST_INACTIVE)
            self._tell_if_too_few()

    def process_down(self, process: Process) -> None:
        """A process is gone."""
        if process in self.up:
            self.up.remove(process)
        was_active = process in self.active
        if was_active:
            self.active.remove(process)
        if not self.up:
            self._handle(Input.LAST_DOWN)
        elif was_active and not self.active:
            self._handle(Input.LAST_INACTIVE)
        if was_active:
            self._tell_if_too_few()

    def process_failed(self, process: Process) -> None:
        """Its association broke: tell the other processes (§3.8.2); `process_down` follows."""
        failure = m.Notify(
            m.StatusType.OTHER,
            m.OtherStatus.ASP_FAILURE,
            process.asp_identifier,
            (self.routing_context,),
        )
        for other in self.up:
            if other is not process:
                other.send(failure)

    def _tell_if_too_few(self) -> None:
        """Processes that are up may become active when there are too few (§3.8.2)."""
        if not 0 < len(self.active) < self._needed:
            return
        for process in self.up:
            if process not in self.active:
                process.send(
                    m.Notify(
                        m.StatusType.OTHER,
                        m.OtherStatus.INSUFFICIENT_ASPS,
                        None,
                        (self.routing_context,),
                    )
                )

    def _handle(self, event: Input) -> None:
        action, self.state = TABLE[self.state, event]
        match action:
            case Action.IGNORE:
                pass
            case Action.NOTIFY:
                self._notify()
            case Action.OPEN:
                self._open()
            case Action.WAIT:
                self._timer = self._clock.call_later_us(self._t_r_us, self._handle, Input.T_R)
                self._notify()
            case Action.CLOSE:
                self._close()

    def _open(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._notify()
        waiting, self._waiting = self._waiting, []
        for data in waiting:
            self.transfer(data)
        self._tell(True)

    def _close(self) -> None:
        self._timer = None
        self.discarded += len(self._waiting)
        self._waiting.clear()
        if not self.up:
            self.state = State.DOWN
        self._notify()
        self._tell(False)

    def _tell(self, flows: bool) -> None:
        if self.changed is not None:
            self.changed(flows)

    def _notify(self) -> None:
        for process in tuple(self.up):
            process.send(self._notification(process))

    def _notification(self, process: Process) -> m.Notify:
        return m.Notify(
            m.StatusType.AS_STATE,
            _STATUS[self.state],
            process.asp_identifier,
            (self.routing_context,),
        )


def _forget(data: m.Data) -> None:
    """Nobody takes the server's traffic."""
