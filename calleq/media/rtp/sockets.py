"""Sockets of RTP ports: pairs of UDP sockets, RTP on an even number and RTCP on the next.

Their range lies outside the one from which the kernel gives ports to whoever asks for none in
particular: otherwise any program of this machine could have been given the port of a call to come.
"""

import resource
import socket
from pathlib import Path

import msgspec

DEFAULT_RANGE = "127.0.0.1:16384-32767"
MAX_PAIRS = 8_192
MAX_DRAINED = 1_000
RECEIVE_OCTETS = 1 << 16
"""Of one call's socket: some seconds of voice."""
SHARED_OCTETS = 4 << 20
_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")


class PortPair(msgspec.Struct, eq=False):
    """Two bound sockets."""

    host: str
    port: int
    rtp: socket.socket
    rtcp: socket.socket
    shared: bool = False
    """Whether several legs have it."""

    def drain(self) -> None:
        """Drop what waits: it was sent to a call that had these sockets before."""
        for one in (self.rtp, self.rtcp):
            for _ in range(MAX_DRAINED):
                try:
                    one.recv(1)
                except OSError:
                    break

    def close(self) -> None:
        """Give both numbers back to the kernel."""
        self.rtp.close()
        self.rtcp.close()


class PortRange(msgspec.Struct):
    """Where ports are bound."""

    host: str
    first: int
    last: int
    next: int = 0
    """The even number that is tried next."""

    def bind(self, host: str, octets: int = RECEIVE_OCTETS) -> PortPair | None:
        """The next free pair at `host` (empty: the default host); None when there is none."""
        for _ in range(self.first, self.last, 2):
            port = max(self.next, self.first)
            self.next = port + 2 if port + 3 <= self.last else self.first
            pair = bind_pair(host or self.host, port, octets)
            if pair is not None:
                return pair
        return None


def parse_range(text: str) -> PortRange:
    """HOST:FIRST-LAST. Raises ValueError, its text made for the operator."""
    host, _, numbers = text.rpartition(":")
    first, _, last = numbers.partition("-")
    if not (host and first.isascii() and first.isdigit() and last.isascii() and last.isdigit()):
        raise ValueError(f"--rtp {text}: expected HOST:FIRST-LAST")
    low, high = int(first) + int(first) % 2, int(last)
    if not 1024 <= low < high <= 65_535:
        raise ValueError(f"--rtp {text}: expected an even port and more, from 1024 to 65535")
    return PortRange(host.strip("[]"), low, high)


def overlaps_ephemeral(ports: PortRange) -> bool:
    """Whether the kernel gives numbers of this range to others, as far as it tells."""
    try:
        low, high = map(int, _EPHEMERAL.read_text("ascii").split())
    except (OSError, ValueError):
        return False
    return ports.first <= high and low <= ports.last


def bind_pair(host: str, port: int, octets: int = RECEIVE_OCTETS) -> PortPair | None:
    """Both sockets of a number, or None when it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound: list[socket.socket] = []
    try:
        for number in (port, port + 1):
            one = socket.socket(family, socket.SOCK_DGRAM)
            bound.append(one)
            one.setblocking(False)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, octets)
            one.bind((host, number))
    except OSError:
        for one in bound:
            one.close()
        return None
    rtp, rtcp = bound
    return PortPair(host, port, rtp, rtcp)


def allow_files(count: int) -> None:
    """Let this process have so many files open, as far as it is allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < count:
        wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(wanted, soft), hard))
