"""The signalling gateway: the side of M3UA that gives traffic to processes (RFC 4666 §4.3, §4.4).

Owns the application servers of one gateway and the processes that have come to it. It answers what
a process asks, registers routing keys where that is allowed, and tells the state of destinations
(DUNA, DAVA, SCON, DUPU) to those that are active. As an IPSP in single exchange it does the same
without speaking of destinations.

It refuses, with ERR and the code of RFC 4666 §3.8.1: traffic of a process that is not active,
routing contexts that it does not have, traffic modes that contradict the server's, identifiers that
are in use. Nothing a process sends makes it raise.
"""

from collections.abc import Callable, Iterable
from enum import IntEnum

from calleq.runtime.clock import Clock
from calleq.ss7.m3ua import messages as m
from calleq.ss7.m3ua.server import ApplicationServer
from calleq.ss7.variant import ITU, Variant

SERVERS_LIMIT = 1_024
"""Application servers of one gateway, configured and registered."""

FIRST_DYNAMIC_CONTEXT = 0x10000
"""Routing contexts that are given out begin above what people configure."""


class Destination(IntEnum):
    """What a gateway knows of a destination in its network."""

    UNKNOWN = 0
    AVAILABLE = 1
    UNAVAILABLE = 2
    RESTRICTED = 3
    CONGESTED = 4


class ProcessState(IntEnum):
    """Where a process stands towards this gateway."""

    DOWN = 0
    UP = 1


class RemoteProcess:
    """One process at the far end of an association; fulfils `server.Process`."""

    def __init__(self, put: Callable[[m.Message], None], allowed: frozenset[str]) -> None:
        """`allowed` names the application servers it may serve; empty: any."""
        self.asp_identifier: int | None = None
        self.state = ProcessState.DOWN
        self.registered: set[int] = set()
        """Routing contexts that it registered itself."""
        self.allowed = allowed
        self._put = put

    def send(self, message: m.Message) -> None:
        self._put(message)


class Gateway:
    """Application servers, their processes, and the network behind.

    DATA of an active process goes to the `receive` of its server; `status` tells what is known of a
    destination.
    `refused` counts messages that were answered with ERR.
    """

    def __init__(
        self,
        clock: Clock,
        status: Callable[[int], Destination],
        *,
        may_register: bool = False,
        variant: Variant = ITU,
    ) -> None:
        self.servers: dict[int, ApplicationServer] = {}
        self.refused = 0
        self.may_register = may_register
        self.on_registered: Callable[[ApplicationServer], None] | None = None
        """Told of a server that a process registered, before the answer is sent."""
        self._point_code_bits = variant.point_code_bits
        self._clock = clock
        self.status = status
        self.destinations: Callable[[tuple[m.Affected, ...]], Iterable[int]] = _single
        """The destinations that points with masks stand for."""
        self._processes: list[RemoteProcess] = []
        self._registered: set[int] = set()
        self._next_context = FIRST_DYNAMIC_CONTEXT

    def add(self, server: ApplicationServer) -> None:
        """Configure an application server; ValueError when its routing context is taken."""
        if server.routing_context in self.servers:
            raise ValueError(f"routing context {server.routing_context} is taken")
        if len(self.servers) >= SERVERS_LIMIT:
            raise ValueError(f"more than {SERVERS_LIMIT} application servers")
        self.servers[server.routing_context] = server

    def connected(self, process: RemoteProcess) -> None:
        """An association stands."""
        self._processes.append(process)

    def lost(self, process: RemoteProcess) -> None:
        """An association is gone."""
        if process in self._processes:
            self._processes.remove(process)
        for server in self.servers.values():
            if process in server.up:
                server.process_failed(process)
        self._down(process)

    def tell(self, message: m.Duna | m.Dava | m.Drst | m.Scon | m.Dupu) -> None:
        """Tell every process that is active for anything (RFC 4666 §4.5.1)."""
        active: list[RemoteProcess] = [
            process
            for process in self._processes
            if any(process in server.active for server in self.servers.values())
        ]
        for process in active:
            process.send(message)

    def receive(self, process: RemoteProcess, message: m.Message) -> bool:
        """Take in what a process asks or sends; False when it is nothing for a gateway."""
        match message:
            case m.Data():
                self._data(process, message)
            case m.AspUp(identifier):
                self._up(process, identifier)
            case m.AspDown():
                self._down(process)
                process.send(m.AspDownAck())
            case m.AspActive(mode, contexts):
                self._active(process, mode, contexts)
            case m.AspInactive(contexts):
                self._inactive(process, contexts)
            case m.RegistrationRequest(keys):
                results = tuple(self._register(process, key) for key in keys)
                process.send(m.RegistrationResponse(results))
            case m.DeregistrationRequest(contexts):
                answers = tuple(self._deregister(process, context) for context in contexts)
                process.send(m.DeregistrationResponse(answers))
            case m.Daud(affected):
                self._audit(process, affected)
            case _:
                return False
        return True

    def error(self, process: RemoteProcess, code: m.ErrorCode, contexts: m.Contexts = ()) -> None:
        """Answer with ERR."""
        self.refused += 1
        process.send(m.Error(code, contexts))

    def _data(self, process: RemoteProcess, data: m.Data) -> None:
        if data.routing_context is None:
            serving = [server for server in self.servers.values() if process in server.active]
        else:
            named = self.servers.get(data.routing_context)
            if named is None:
                context = (data.routing_context,)
                self.error(process, m.ErrorCode.INVALID_ROUTING_CONTEXT, context)
                return
            serving = [named] if process in named.active else []
        if not serving:
            self.error(process, m.ErrorCode.UNEXPECTED_MESSAGE)
            return
        serving[0].receive(data)

    def _up(self, process: RemoteProcess, identifier: int | None) -> None:
        twin = any(
            other.asp_identifier == identifier and other.state is ProcessState.UP
            for other in self._processes
            if other is not process
        )
        if identifier is not None and twin:
            self.error(process, m.ErrorCode.INVALID_ASP_IDENTIFIER)
            return
        was_active = [server for server in self.servers.values() if process in server.active]
        process.asp_identifier = identifier
        process.state = ProcessState.UP
        for server in was_active:
            server.process_inactive(process)
        process.send(m.AspUpAck(identifier))
        if was_active:
            self.error(process, m.ErrorCode.UNEXPECTED_MESSAGE)
        for server in self._allowed(process):
            server.process_up(process)

    def _down(self, process: RemoteProcess) -> None:
        process.state = ProcessState.DOWN
        for server in tuple(self.servers.values()):
            server.process_down(process)
        for context in tuple(process.registered):
            self._forget(process, context)

    def _active(self, process: RemoteProcess, mode: int | None, contexts: m.Contexts) -> None:
        servers = self._asked(process, contexts)
        if servers is None:
            return
        if mode is not None and mode not in m.TrafficMode.__members__.values():
            self.error(process, m.ErrorCode.UNSUPPORTED_TRAFFIC_MODE, contexts)
            return
        for server in servers:
            if mode is not None and server.traffic_mode is not m.TrafficMode(mode):
                if server.active:
                    self.error(process, m.ErrorCode.UNSUPPORTED_TRAFFIC_MODE, contexts)
                    return
                server.traffic_mode = m.TrafficMode(mode)
        process.send(m.AspActiveAck(mode, contexts))
        for server in servers:
            server.process_active(process)

    def _inactive(self, process: RemoteProcess, contexts: m.Contexts) -> None:
        servers = self._asked(process, contexts)
        if servers is None:
            return
        process.send(m.AspInactiveAck(contexts))
        for server in servers:
            server.process_inactive(process)

    def _asked(
        self, process: RemoteProcess, contexts: m.Contexts
    ) -> list[ApplicationServer] | None:
        """The servers of a request; None when it was answered with ERR."""
        if process.state is not ProcessState.UP:
            self.error(process, m.ErrorCode.UNEXPECTED_MESSAGE)
            return None
        allowed = {server.routing_context: server for server in self._allowed(process)}
        wrong = tuple(context for context in contexts if context not in allowed)
        if wrong:
            self.error(process, m.ErrorCode.INVALID_ROUTING_CONTEXT, wrong)
            return None
        if not allowed:
            self.error(process, m.ErrorCode.NO_CONFIGURED_AS)
            return None
        return [allowed[context] for context in contexts or allowed]

    def _allowed(self, process: RemoteProcess) -> Iterable[ApplicationServer]:
        return [
            server
            for context, server in self.servers.items()
            if context in process.registered
            or (
                context not in self._registered
                and (not process.allowed or server.name in process.allowed)
            )
        ]

    def _register(self, process: RemoteProcess, key: m.RoutingKey) -> m.RegistrationResult:
        status = self._registrable(process, key)
        if status is not m.Registration.REGISTERED:
            return m.RegistrationResult(key.identifier, status)
        context = key.routing_context
        if context is None:
            context = self._next_context
            self._next_context += 1
        mode = key.traffic_mode or m.TrafficMode.OVERRIDE
        server = ApplicationServer(
            f"registered-{context}",
            context,
            key.destinations[0],
            self._clock,
            traffic_mode=m.TrafficMode(mode),
        )
        self.add(server)
        self._registered.add(context)
        process.registered.add(context)
        if self.on_registered is not None:
            self.on_registered(server)
        server.process_up(process)
        return m.RegistrationResult(key.identifier, m.Registration.REGISTERED, context)

    def _registrable(self, process: RemoteProcess, key: m.RoutingKey) -> m.Registration:
        if not self.may_register or process.state is not ProcessState.UP:
            return m.Registration.PERMISSION_DENIED
        if len(key.destinations) != 1 or key.services or key.origins:
            return m.Registration.UNSUPPORTED_FIELD
        if key.traffic_mode is not None and key.traffic_mode not in (
            m.TrafficMode.__members__.values()
        ):
            return m.Registration.UNSUPPORTED_TRAFFIC_MODE
        if len(self.servers) >= SERVERS_LIMIT:
            return m.Registration.INSUFFICIENT_RESOURCES
        if key.destinations[0] >> self._point_code_bits:
            return m.Registration.INVALID_POINT_CODE
        if key.network_appearance is not None:
            return m.Registration.INVALID_NETWORK_APPEARANCE
        for server in self.servers.values():
            if server.destination == key.destinations[0]:
                differs = key.traffic_mode not in (None, server.traffic_mode)
                return (
                    m.Registration.UNSUPPORTED_TRAFFIC_MODE
                    if differs
                    else m.Registration.NO_UNIQUE_ROUTING
                )
        if key.routing_context in self.servers:
            return m.Registration.CHANGE_REFUSED
        return m.Registration.REGISTERED

    def _deregister(self, process: RemoteProcess, context: int) -> m.DeregistrationResult:
        if context not in self.servers:
            status = m.Deregistration.INVALID_ROUTING_CONTEXT
        elif context not in process.registered:
            status = m.Deregistration.NOT_REGISTERED
        elif process in self.servers[context].active:
            status = m.Deregistration.ACTIVE
        else:
            self._forget(process, context)
            status = m.Deregistration.DEREGISTERED
        return m.DeregistrationResult(context, status)

    def _forget(self, process: RemoteProcess, context: int) -> None:
        process.registered.discard(context)
        self._registered.discard(context)
        server = self.servers.pop(context)
        server.process_down(process)

    def _audit(self, process: RemoteProcess, affected: tuple[m.Affected, ...]) -> None:
        if process.state is not ProcessState.UP:
            self.error(process, m.ErrorCode.UNEXPECTED_MESSAGE)
            return
        for point in affected:
            if point.mask:
                covered = [m.Affected(code) for code in self.destinations((point,))]
            else:
                covered = [point]
            self._answer(process, covered or [point])

    def _answer(self, process: RemoteProcess, points: list[m.Affected]) -> None:
        for point in points:
            match self.status(point.point_code):
                case Destination.AVAILABLE:
                    process.send(m.Dava((point,)))
                case Destination.RESTRICTED:
                    process.send(m.Drst((point,)))
                case Destination.CONGESTED:
                    process.send(m.Scon((point,)))
                    process.send(m.Dava((point,)))
                case Destination.UNAVAILABLE:
                    process.send(m.Duna((point,)))
                case Destination.UNKNOWN:
                    self.refused += 1
                    process.send(m.Error(m.ErrorCode.DESTINATION_STATUS_UNKNOWN, affected=(point,)))


def _single(affected: tuple[m.Affected, ...]) -> Iterable[int]:
    return [point.point_code for point in affected]
