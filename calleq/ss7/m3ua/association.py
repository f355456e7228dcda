"""One association between two M3UA nodes, sans I/O: what goes to which side of the protocol.

Owns the framing of a stream, the heartbeat, and who takes a message: requests go to the gateway's
side, answers, notifications and the state of destinations to the process's side. A node has one of
the two, or both (IPSP in double exchange). `send` and `close` are those of whoever owns the
connection.

It refuses, with ERR: versions, classes and types that RFC 4666 does not have, messages for a side
that this node has not, parameters that are wrong. An ERR is never answered with one. A stream that
cannot be followed any more, and a far end that leaves `SILENT_BEATS` heartbeats unanswered, close
the association.
"""

from collections.abc import Callable

import msgspec

from calleq.runtime.clock import Clock, Timer
from calleq.ss7.m3ua import codec
from calleq.ss7.m3ua import messages as m
from calleq.ss7.m3ua.asp import Asp, AspSettings
from calleq.ss7.m3ua.audit import Audits
from calleq.ss7.m3ua.gateway import Gateway, RemoteProcess
from calleq.units import SECOND_US

T_BEAT_US = 30 * SECOND_US
SILENT_BEATS = 2
DIAGNOSTIC_LIMIT_OCTETS = 40
"""How much of a refused message goes back with its ERR (RFC 4666 §3.8.1)."""


class Counters(msgspec.Struct):
    """What one association has carried and refused."""

    sent: int = 0
    received: int = 0
    malformed: int = 0
    """Messages answered with ERR because of their octets."""
    unexpected: int = 0
    """Messages for a side that this node has not."""
    errors: int = 0
    """ERR messages received."""


class Association:
    """One association from its connection to its end.

    `receive_data` gets DATA for the process's side; that for the gateway's side goes to the
    gateway. `destination` hears what the far gateway says of destinations. `active` hears whether
    this node's process has the traffic.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        asp: AspSettings | None = None,
        gateway: Gateway | None = None,
        allowed: frozenset[str] = frozenset(),
        t_beat_us: int = T_BEAT_US,
    ) -> None:
        """`allowed` names the gateway's application servers that the far end may serve."""
        if asp is None and gateway is None:
            raise ValueError("an association needs a process, a gateway or both")
        self.counters = Counters()
        self.gateway = gateway
        self.asp = (
            None if asp is None else Asp(asp, clock, self.send, self._tell_active, self._give_up)
        )
        self.audits = Audits(clock, self.send)
        self.remote = RemoteProcess(self.send, allowed)
        self.receive_data: Callable[[m.Data], None] = _forget_data
        self.destination: Callable[[m.DestinationMessage], None] = _forget_destination
        self.active: Callable[[bool], None] = _forget_active
        self._clock = clock
        self._t_beat_us = t_beat_us
        self._framer = codec.Framer()
        self._write: Callable[[bytes], None] | None = None
        self._close: Callable[[], None] | None = None
        self._beat: Timer | None = None
        self._silent = 0

    @property
    def stands(self) -> bool:
        """Whether there is a connection."""
        return self._write is not None

    def connected(self, write: Callable[[bytes], None], close: Callable[[], None]) -> None:
        """The connection stands; `close` must be followed by `lost`."""
        self._framer = codec.Framer()
        self._write, self._close = write, close
        self._silent = 0
        self._beat_later()
        if self.gateway is not None:
            self.gateway.connected(self.remote)
        if self.asp is not None:
            self.asp.connected()

    def lost(self) -> None:
        """The connection is gone; does nothing when none stands."""
        if self._write is None:
            return
        self._write = self._close = None
        if self._beat is not None:
            self._beat.cancel()
        if self.gateway is not None:
            self.gateway.lost(self.remote)
        if self.asp is not None:
            self.audits.forget()
            self.asp.lost()

    def stop(self) -> None:
        """Leave in order."""
        if self.asp is not None:
            self.asp.stop()

    def send(self, message: m.Message) -> None:
        """Put a message on the connection; lost when there is none, as its owner knows."""
        if self._write is not None:
            self.counters.sent += 1
            self._write(codec.encode(message))

    def send_data(self, data: m.Data) -> bool:
        """Send traffic of this node's process; False when it is not active."""
        if self.asp is None or not self.asp.active:
            return False
        self.send(data)
        return True

    def receive(self, octets: bytes) -> None:
        """Take in octets of the connection."""
        try:
            framed = self._framer.receive(octets)
        except m.M3uaError:
            self.counters.malformed += 1
            self._give_up()
            return
        for one in framed:
            if self._write is None:
                return
            self._take(one)

    def _take(self, octets: bytes) -> None:
        self._silent = 0
        self.counters.received += 1
        try:
            message = codec.decode(octets)
        except m.M3uaError as error:
            self.counters.malformed += 1
            if (octets[2], octets[3]) != (0, 0):
                self.send(m.Error(error.code, diagnostic=octets[:DIAGNOSTIC_LIMIT_OCTETS]))
            return
        match message:
            case m.Dupu(affected) if any(one.mask for one in affected):
                # A user part is unavailable at one point code, never at a range (§3.4.5).
                self.counters.malformed += 1
                self.send(m.Error(m.ErrorCode.INVALID_PARAMETER_VALUE))
            case m.Beat(data):
                self.send(m.BeatAck(data))
            case m.BeatAck():
                pass
            case m.Data() if self.asp is not None and self.asp.active:
                self.receive_data(message)
            case m.Duna() | m.Dava() | m.Drst() | m.Scon() | m.Dupu() if self.asp is not None:
                self.audits.heard(message)
                self.destination(message)
            case _:
                self._dispatch(message)

    def _dispatch(self, message: m.Message) -> None:
        if isinstance(message, m.Error):
            self.counters.errors += 1
        if self.asp is not None and self.asp.receive(message):
            return
        if self.gateway is not None and self.gateway.receive(self.remote, message):
            return
        self.counters.unexpected += 1
        if not isinstance(message, m.Error | m.Notify):
            self.send(m.Error(m.ErrorCode.UNEXPECTED_MESSAGE))

    def _beat_later(self) -> None:
        self._beat = self._clock.call_later_us(self._t_beat_us, self._beats)

    def _beats(self) -> None:
        if self._silent >= SILENT_BEATS:
            self._give_up()
            return
        self._silent += 1
        self._beat_later()
        self.send(m.Beat(self._clock.monotonic_us().to_bytes(8)))

    def _give_up(self) -> None:
        if self._close is not None:
            self._close()

    def _tell_active(self, flows: bool) -> None:
        self.active(flows)


def _forget_data(data: m.Data) -> None:
    """Nobody serves the process's traffic."""


def _forget_destination(message: m.DestinationMessage) -> None:
    """Nobody asks about destinations."""


def _forget_active(flows: bool) -> None:
    """Nobody asks whether traffic flows."""
