"""What gateways stand on in a process that runs in real time: sockets, RTP ports, a resolver.

Imported only where something speaks SIP: what speaks TCP takes long to import.
"""

import contextlib
from collections.abc import AsyncIterator

from calleq.cli.failure import CommandError
from calleq.cli.wish import Wish
from calleq.gateway.transport import Sockets
from calleq.media.ports import Ports
from calleq.network_gateways import SipGround
from calleq.runtime.guest import start_guest, stop_guest
from calleq.topology import Switch


@contextlib.asynccontextmanager
async def sip_ground(ports: Ports) -> AsyncIterator[SipGround]:
    """Sockets are opened when a gateway starts, and closed at the end."""
    reactor = start_guest()
    opened: list[Sockets] = []

    def transport(switch: Switch) -> Sockets:
        assert switch.sip is not None
        opened.append(Sockets(reactor, switch.sip))
        return opened[-1]

    try:
        yield SipGround(ports=ports, transport=transport)
    finally:
        for sockets in opened:
            await sockets.close()
        await stop_guest(reactor)
