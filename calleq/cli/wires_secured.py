"""TLS on the wires between processes, as a topology has it, and what is refused without it.

Wires that other machines can reach are TLS, or the process does not start: a UsageError says what
to do, as it does for files that cannot be used.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from calleq.accounts import is_loopback
from calleq.cli.failure import UsageError
from calleq.runtime.clock import Clock
from calleq.topology import Service, Topology, address_of, element_names

if TYPE_CHECKING:
    from calleq.runtime.secure import WireFiles
    from calleq.runtime.tcp import TcpReactor

_WIRES: tuple[Service, ...] = ("osn", "links", "lines")


def check_wires(topology: Topology, elements: frozenset[str] | None) -> None:
    """Raise UsageError where wires of this process would be in the clear among machines, or where
    its files cannot be used. `elements` None: it has no wires to others."""
    if elements is None:
        return
    if topology.processes.tls:
        _files_of(topology, elements)
        return
    exposed = {
        element: host
        for element, host in topology.processes.hosts.items()
        if host != "localhost" and not is_loopback(host)
    }
    if exposed:
        told = ", ".join(f"{element} at {host}" for element, host in exposed.items())
        raise UsageError(
            f"processes.hosts has elements that other machines reach ({told}), and their wires are"
            " without TLS: give processes.tls a certificate, a key and authorities"
            " (`calleq certificates DIRECTORY` makes them)"
        )


def reactors_of(
    topology: Topology,
    elements: frozenset[str],
    reactor: "TcpReactor",
    clock: Clock,
    say: Callable[[str], object],
) -> "Callable[[str], TcpReactor]":
    """What makes the connections of each element here. Raises UsageError."""
    if not topology.processes.tls:
        return lambda element: reactor
    from calleq.runtime.secure import SecureWires

    places = {
        address_of(topology, element, service): element
        for element in element_names(topology)
        for service in _WIRES
    }
    files = _files_of(topology, elements)
    wires = SecureWires(reactor, clock, files, lambda host, port: places[host, port], say)
    return wires.of


def _files_of(topology: Topology, elements: frozenset[str]) -> "list[WireFiles]":
    from calleq.runtime.secure import WireFiles, WireTlsError  # OpenSSL is slow to import

    tls = topology.processes.tls
    try:
        return [
            WireFiles(element, tls.certificate, tls.key, tls.authorities)
            for element in sorted(elements)
        ]
    except WireTlsError as error:
        raise UsageError(f"processes.tls: {error}") from error
