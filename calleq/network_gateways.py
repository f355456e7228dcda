"""Wiring of SIP: which elements of a process have a gateway, and what those stand on.

A part of `calleq.network`, in a module of its own. A gateway lives in the process of its switch,
also where the simulated telephones of the switch live elsewhere: then its lines stay inside
(`SharedLines`), and the others go on over TCP.
"""

from collections.abc import Callable
from dataclasses import dataclass

from calleq.gateway.contract import Resolve, SipElement, SipTransport
from calleq.gateway.gateway import Gateway, Ground
from calleq.gateway.trunks import resolve_addresses
from calleq.gateway.voip import VoipTrunk
from calleq.lines.contract import LinePlant
from calleq.lines.plants import InProcessLines, SharedLines
from calleq.media.ports import Ports
from calleq.numbering import VoipPolicy
from calleq.runtime.clock import Clock
from calleq.runtime.tap import Tap
from calleq.sip.bounds import SipError
from calleq.topology import Topology, TopologyError


@dataclass(frozen=True, slots=True, kw_only=True)
class SipGround:
    """What a process gives its gateways beside what every element has."""

    ports: Ports
    transport: Callable[[SipElement], SipTransport]
    """The sockets of a switch's gateway; they are opened when it starts."""
    resolve: Resolve = resolve_addresses


def has_sip(topology: Topology, chosen: frozenset[str] | None) -> bool:
    """Whether one of the chosen elements (None: all) speaks SIP."""
    return bool(_served(topology, chosen))


def _served(topology: Topology, chosen: frozenset[str] | None) -> list[SipElement]:
    elements: tuple[SipElement, ...] = (*topology.switches, *topology.peripherals)
    return [
        element
        for element in elements
        if element.sip is not None and (chosen is None or element.name in chosen)
    ]


def telephone_doors(topology: Topology, chosen: frozenset[str] | None) -> dict[str, str]:
    """Where telephones register with the chosen switches, by what people are told it is."""
    doors = {}
    for switch in topology.switches:
        access = switch.sip
        if access is None or not (chosen is None or switch.name in chosen):
            continue
        domain = access.domain or access.listen.rpartition(":")[0]
        ways = f"{access.listen} (UDP, TCP)"
        if access.listen_tls:
            ways += f", {access.listen_tls} (TLS)"
        doors[f"telephones of {switch.name}"] = f"register at {domain}, {ways}"
    return doors


def lines_beside(topology: Topology, lines: LinePlant, clock: Clock, tap: Tap) -> LinePlant:
    """The plant of a process whose lines to telephones lead elsewhere, with those that stay."""
    near = InProcessLines(clock, topology.timing.line_delay_us, tap)
    alone = frozenset(peripheral.name for peripheral in topology.peripherals)
    return SharedLines(near, lines, alone)


def build_gateways(
    topology: Topology,
    chosen: frozenset[str],
    ground: SipGround | None,
    lines: LinePlant,
    clock: Clock,
    tap: Tap,
    random_bits: Callable[[int], int],
    secret: bytes,
) -> dict[str, Gateway]:
    """The gateways of the chosen switches, by the switch's name; none without a ground.

    Raises TopologyError for a key or certificate of a trunk that is none.
    """
    if ground is None:
        return {}
    try:
        return _built(topology, chosen, ground, lines, clock, tap, random_bits, secret)
    except SipError as error:
        raise TopologyError(f"sip_trunks: {error}") from error


def _built(
    topology: Topology,
    chosen: frozenset[str],
    ground: SipGround,
    lines: LinePlant,
    clock: Clock,
    tap: Tap,
    random_bits: Callable[[int], int],
    secret: bytes,
) -> dict[str, Gateway]:
    return {
        switch.name: Gateway(
            topology,
            switch,
            Ground(
                lines=lines,
                ports=ground.ports,
                clock=clock,
                tap=tap,
                transport=ground.transport(switch),
                random_bits=random_bits,
                secret=secret,
                resolve=ground.resolve,
            ),
            _voip_of(topology, switch),
        )
        for switch in _served(topology, chosen)
    }


def _voip_of(topology: Topology, element: SipElement) -> VoipTrunk | None:
    for peripheral in topology.peripherals:
        if peripheral is element and peripheral.sip is not None:
            domain = peripheral.sip.domain or peripheral.sip.listen.rpartition(":")[0]
            policy = VoipPolicy(peripheral.voip_allowed)
            return VoipTrunk(peripheral.name, domain, policy, peripheral.voip_channels)
    return None
