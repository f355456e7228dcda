"""What gateways stand on in a process that runs in real time: sockets, RTP ports, a resolver.

Imported only where something speaks SIP: what speaks TCP takes long to import.
"""

import contextlib
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from OpenSSL import SSL
from twisted.internet.error import CannotListenError

from calleq.cli.failure import CommandError
from calleq.gateway.contract import SipElement
from calleq.gateway.led import Led
from calleq.gateway.resolving import Resolver, system_names
from calleq.gateway.secure import Names, SecureWrap
from calleq.gateway.transport import SipSockets
from calleq.media.ports import Ports
from calleq.network_gateways import SipGround
from calleq.runtime.clock import Clock
from calleq.runtime.guest import GuestReactor, start_guest, stop_guest
from calleq.topology_sip import SipAccess

DRAW_BITS = 53
"""As many as a float between 0 and 1 has."""


@contextlib.asynccontextmanager
async def sip_ground(ports: Ports, clock: Clock) -> AsyncIterator[SipGround]:
    """Sockets are opened when a gateway starts, and closed at the end."""
    reactor = start_guest()
    opened: list[SipSockets] = []
    led = Led(Resolver(system_names(reactor), clock, _draw))

    def transport(switch: SipElement) -> SipSockets:
        access = switch.sip
        assert access is not None, "only switches with sip have a gateway"
        host, port = _address(access.listen)
        secure = _address(access.listen_tls) if access.listen_tls else None
        opened.append(
            SipSockets(
                reactor,
                clock,
                host,
                port,
                secure=secure,
                wrap=_wrap(reactor, switch.name, access, led.names),
            )
        )
        return opened[-1]

    try:
        yield SipGround(ports=ports, transport=transport, resolve=led)
    finally:
        for sockets in opened:
            sockets.stop()
        await stop_guest(reactor)


@contextlib.contextmanager
def addresses_free() -> Iterator[None]:
    """Raises CommandError for an address that somebody else listens at."""
    try:
        yield
    except CannotListenError as error:
        raise CommandError(
            f"SIP: {error.interface}:{error.port}: {_words(error)}; where a switch listens is said"
            " in the network's file (switches.sip)"
        ) from error


def _words(error: CannotListenError) -> str:
    cause = error.socketError
    return (cause.strerror or str(cause)) if isinstance(cause, OSError) else str(cause)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def _wrap(reactor: GuestReactor, switch: str, access: SipAccess, names: Names) -> SecureWrap | None:
    if not access.listen_tls:
        return None
    try:
        return SecureWrap(reactor, Path(access.certificate), Path(access.key), names=names)
    except SSL.Error as error:
        raise CommandError(
            f"SIP of {switch}: {access.certificate} and {access.key} are no certificate and its key"
        ) from error


def _draw() -> float:
    return secrets.randbits(DRAW_BITS) / (1 << DRAW_BITS)
