"""What a topology file says of SIP: accesses of switches, and trunks to other systems."""

from typing import Literal

import msgspec

LineAccess = Literal["simulated", "sip", "webrtc"]


class SipAccess(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where telephones and other systems that speak SIP find a switch or a peripheral."""

    listen: str
    """HOST:PORT, for UDP and TCP."""
    listen_tls: str = ""
    """HOST:PORT, for TLS; needs `certificate` and `key`."""
    certificate: str = ""
    """PEM file, beside the topology file unless its path is absolute; `key` alike."""
    key: str = ""
    domain: str = ""
    """What stands behind the @ of its subscribers; empty: the host it listens at."""
    srtp: bool = False
    """Whether voice may be encrypted (SDES, RFC 4568): offered to who came by TLS, taken from who
    offers it."""
    digests: tuple[Literal["SHA-256", "MD5"], ...] = ("SHA-256", "MD5")
    """By which passwords are proven, the best first. Some telephones cannot answer a challenge
    beside one that they do not know: for those, `["MD5"]`."""
    media_host: str = ""
    """Where RTP is received; empty: the host it listens at."""


class BrowserAccess(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the page is that makes a telephone of a browser."""

    listen: str = "127.0.0.1:8073"
    """HOST:PORT of the page; port 0: any free one."""
    certificate: str = ""
    """PEM file, from where calleq is started unless its path is absolute; `key` alike. Without
    them only browsers of the same machine give the page a microphone."""
    key: str = ""
    origins: tuple[str, ...] = ()
    """Under which addresses browsers reach it (`https://phone.example.com`), beside its own."""
    media_host: str = ""
    """The address at which they reach this machine with voice; empty: each that it has."""


class SipTrunk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A trunk group between one of our switches and another system, by SIP."""

    name: str
    switch: str
    peers: tuple[str, ...]
    """HOST:PORT or SIP URIs, in the order in which they are tried."""
    prefixes: tuple[str, ...] = ()
    """E.164 prefixes (with `+`) of the numbers that lie behind it."""
    forbidden: tuple[str, ...] = ()
    """Prefixes among those that are never dialled."""
    transit: bool = False
    """Whether calls that come by it may leave the network again, by this trunk or another."""
    channels: int = 30
    accept_from: tuple[str, ...] = ()
    """Addresses or networks whose calls are taken without a password; empty: those of the peers."""
    username: str = ""
    """By which we prove ourselves to it, and register where `register` is true."""
    password: str = ""
    register: bool = False
    options_s: float = 30.0
    """Between two OPTIONS that ask whether a peer is there; 0: none."""
    trusted: bool = False
    """Whether it is told who calls although the caller is not to be shown (RFC 3325)."""
    shared_ports: bool = False
    """Whether its calls share a few RTP ports: fewer sockets and less work for a trunk of many
    calls, whose far end must send voice from the address that it names, another for each call."""
    shaken_key: str = ""
    """PEM file of the key that signs caller identities (RFC 8588); empty: none are signed."""
    shaken_certificate: str = ""
    """Where the far end finds the certificate: an URL."""
    shaken_trusted: tuple[str, ...] = ()
    """PEM files of certificates or authorities whose signatures are believed."""
