"""What a topology must say so that telephones and other systems can speak SIP with it.

Owns the checks of a switch's access by SIP, of lines whose telephone is real, and of SIP trunks;
errors are TopologyError and begin with the key (`lines[3].access`).
"""

import ipaddress
import math
import re
from pathlib import Path
from typing import TypeVar

from msgspec.structs import replace

from calleq.topology_foreign import is_host, is_port
from calleq.topology_sip import BrowserAccess, SipAccess, SipTrunk
from calleq.topology_types import HomeSwitches, Line, Topology, TopologyError

CHANNELS_LIMIT = 1_000
"""Calls at once on one SIP trunk."""
PEERS_LIMIT = 16
OPTIONS_LIMIT_S = 3_600.0
_ANYWHERE = ("0.0.0.0", "::", "[::]")

Placed = TypeVar("Placed", SipAccess, SipTrunk)

_FILES = ("certificate", "key")
_TRUNK_FILES = ("shaken_key", "shaken_trusted")

_USERNAME = re.compile(r"[A-Za-z0-9_.!~*'&=+$,?/-]{1,64}")
_PREFIX = re.compile(r"\+[0-9]{1,15}")
_ORIGIN = re.compile(r"https?://[^/\s]+/?")
_PEER = re.compile(r"sips?:[^@\s<>]+")


def check_sip(topology: Topology) -> None:
    """Raise TopologyError on the first thing that does not fit, naming its key."""
    accesses: dict[str, SipAccess] = {}
    addresses: dict[str, str] = {}
    for index, switch in enumerate(topology.switches):
        if switch.sip is not None:
            key = f"switches[{index}].sip"
            if switch.kind == "mtso":
                raise TopologyError(f"{key}: a mobile switch has no lines of SIP")
            _check_access(key, switch.sip, addresses)
            accesses[switch.name] = switch.sip
    for index, peripheral in enumerate(topology.peripherals):
        if peripheral.sip is not None:
            _check_access(f"peripherals[{index}].sip", peripheral.sip, addresses)
    _check_lines(topology, accesses)
    _check_browsers(topology.browsers)
    names = {group.name for group in topology.trunks}
    for index, trunk in enumerate(topology.sip_trunks):
        _check_trunk(f"sip_trunks[{index}]", trunk, accesses, names)


def placed(topology: Topology, folder: Path) -> Topology:
    """The topology with the paths of its PEM files as found from `folder`, where it lies itself.

    Raises TopologyError for a file that is not there.
    """
    switches = tuple(
        switch
        if switch.sip is None
        else replace(switch, sip=_placed(f"switches[{index}].sip", switch.sip, _FILES, folder))
        for index, switch in enumerate(topology.switches)
    )
    peripherals = tuple(
        one
        if one.sip is None
        else replace(one, sip=_placed(f"peripherals[{index}].sip", one.sip, _FILES, folder))
        for index, one in enumerate(topology.peripherals)
    )
    trunks = tuple(
        _placed(f"sip_trunks[{index}]", trunk, _TRUNK_FILES, folder)
        for index, trunk in enumerate(topology.sip_trunks)
    )
    return replace(topology, switches=switches, peripherals=peripherals, sip_trunks=trunks)


def _placed(key: str, given: Placed, names: tuple[str, ...], folder: Path) -> Placed:
    changes: dict[str, str | tuple[str, ...]] = {}
    for name in names:
        value: str | tuple[str, ...] = getattr(given, name)
        if not value:
            continue
        texts = (value,) if isinstance(value, str) else value
        paths = tuple(str(folder / text) for text in texts)
        for text, path in zip(texts, paths, strict=True):
            if not Path(path).is_file():
                raise TopologyError(f"{key}.{name}: {text}: no such file")
        changes[name] = paths[0] if isinstance(value, str) else paths
    return replace(given, **changes)


def username_of(line: Line) -> str:
    """What the telephone of a line registers as."""
    return line.username or line.number.removeprefix("+")


def _check_access(key: str, access: SipAccess, seen: dict[str, str]) -> None:
    for name in ("listen", "listen_tls"):
        address = getattr(access, name)
        if not address and name == "listen_tls":
            continue
        host, colon, port = address.rpartition(":")
        if not (colon and is_host(host) and is_port(port) and int(port) > 0):
            raise TopologyError(
                f"{key}.{name}: {address!r}: HOST:PORT expected, such as 127.0.0.1:5060"
            )
        if host in _ANYWHERE and not (access.domain and access.media_host):
            raise TopologyError(
                f"{key}.{name}: {address} is every address: domain and media_host say which"
                " telephones are told"
            )
        if address in seen:
            raise TopologyError(f"{key}.{name}: {address} is taken by {seen[address]}")
        seen[address] = f"{key}.{name}"
    if access.listen_tls and not (access.certificate and access.key):
        raise TopologyError(f"{key}.listen_tls: TLS needs certificate and key, PEM files both")
    if not access.listen_tls and (access.certificate or access.key):
        raise TopologyError(f"{key}.certificate: listen_tls says where TLS is served: expected")
    for name in ("domain", "media_host"):
        value = getattr(access, name)
        if value and not is_host(value):
            raise TopologyError(f"{key}.{name}: {value!r} is no host name or address")


def _check_lines(topology: Topology, accesses: dict[str, SipAccess]) -> None:
    switches = HomeSwitches(topology)
    seen: dict[tuple[str, str], str] = {}
    for index, line in enumerate(topology.lines):
        key = f"lines[{index}]"
        if line.access == "simulated":
            if line.username or line.password:
                raise TopologyError(f"{key}.username: a simulated telephone does not register")
            continue
        home = switches.of(line.number) or ""
        if home not in accesses:
            raise TopologyError(
                f"{key}.access: {line.access} at {home}: the switch needs sip, such as"
                ' sip = { listen = "127.0.0.1:5060" }'
            )
        if line.online and line.kind == "dial_up":
            raise TopologyError(f"{key}.online: only a simulated telephone has a modem beside it")
        if not line.password:
            raise TopologyError(f"{key}.password: a telephone that registers needs one")
        username = username_of(line)
        if not _USERNAME.fullmatch(username):
            raise TopologyError(f"{key}.username: {username!r}: letters, digits and -_.+ expected")
        if (home, username) in seen:
            raise TopologyError(f"{key}.username: {username!r} is that of {seen[home, username]}")
        seen[home, username] = line.number


def _check_browsers(access: BrowserAccess) -> None:
    host, colon, port = access.listen.rpartition(":")
    if not (colon and is_host(host) and is_port(port)):
        raise TopologyError(f"browsers.listen: {access.listen!r}: HOST:PORT expected")
    if bool(access.certificate) != bool(access.key):
        raise TopologyError("browsers.certificate: certificate and key belong together")
    for place, origin in enumerate(access.origins):
        if not _ORIGIN.fullmatch(origin):
            raise TopologyError(
                f"browsers.origins[{place}]: {origin!r}: such as https://phone.example.com"
            )


def _check_trunk(
    key: str, trunk: SipTrunk, accesses: dict[str, SipAccess], names: set[str]
) -> None:
    if not trunk.name or trunk.name in names or trunk.name.startswith("+"):
        raise TopologyError(f"{key}.name: {trunk.name!r}: a name of its own is expected")
    names.add(trunk.name)
    if trunk.switch not in accesses:
        known = ", ".join(sorted(accesses)) or "there is none"
        raise TopologyError(f"{key}.switch: {trunk.switch!r}: a switch with sip expected: {known}")
    if not 1 <= len(trunk.peers) <= PEERS_LIMIT:
        raise TopologyError(f"{key}.peers: {len(trunk.peers)}: 1 to {PEERS_LIMIT} expected")
    for place, peer in enumerate(trunk.peers):
        host, _, port = peer.rpartition(":")
        if not _PEER.fullmatch(peer) and not (is_host(host) and is_port(port)):
            raise TopologyError(f"{key}.peers[{place}]: {peer!r}: HOST:PORT or sip:HOST expected")
    for name in ("prefixes", "forbidden"):
        for place, prefix in enumerate(getattr(trunk, name)):
            if not _PREFIX.fullmatch(prefix):
                raise TopologyError(f"{key}.{name}[{place}]: {prefix!r}: + and digits expected")
    for place, network in enumerate(trunk.accept_from):
        try:
            ipaddress.ip_network(network, strict=False)
        except ValueError:
            raise TopologyError(
                f"{key}.accept_from[{place}]: {network!r}: an address or network expected"
            ) from None
    if not 1 <= trunk.channels <= CHANNELS_LIMIT:
        raise TopologyError(f"{key}.channels: {trunk.channels}: 1 to {CHANNELS_LIMIT} expected")
    if not (math.isfinite(trunk.options_s) and 0 <= trunk.options_s <= OPTIONS_LIMIT_S):
        raise TopologyError(f"{key}.options_s: {trunk.options_s}: 0 to {OPTIONS_LIMIT_S} expected")
    _check_proofs(key, trunk)


def _check_proofs(key: str, trunk: SipTrunk) -> None:
    if trunk.password and not trunk.username:
        raise TopologyError(f"{key}.username: a password is given, so a name is expected")
    if trunk.register and not trunk.password:
        raise TopologyError(f"{key}.register: needs username and password")
    if trunk.shaken_key and not trunk.shaken_certificate:
        raise TopologyError(f"{key}.shaken_certificate: where it is found is expected, an URL")
