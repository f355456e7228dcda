"""Parsing of the three kinds of address. Refuses with `NumberingError`, which names the reason."""

import ipaddress
import re

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_GROUPING = re.compile(r"[ .()\-/]")
_SIP = re.compile(
    r"(?P<scheme>sips?):"
    r"(?:(?P<user>(?:[a-z0-9_.!~*'()&=+$,-]|%[0-9a-f]{2}){1,64})@)?"
    r"(?P<host>[a-z0-9.-]{1,99}|\[[0-9a-f:.]{2,45}\])"
    r"(?P<port>:[0-9]{1,5})?"
    r"(?P<transport>;transport=(?:udp|tcp|tls))?",
    re.ASCII | re.IGNORECASE,
)
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_PORTS = range(1_024, 65_536)
"""Below are the doors of other services, and never of SIP."""

ADDRESS_LIMIT = 100
"""Characters of an address, as lines and journals carry it."""


class NumberingError(ValueError):
    """The text is no address calleq can reach; the message says what was expected."""


class E164(str):
    """An international public telephone number, `+` and 7 to 15 digits (E.164 §6)."""

    __slots__ = ()

    @property
    def digits(self) -> str:
        """The digits as signalling carries them, without the `+`."""
        return self[1:]


class SipUri(str):
    """A SIP or SIPS URI (RFC 3261 §19.1) of the plain kind: a user perhaps, a host, perhaps a port
    and a transport. No password, no headers, no other parameter: they would let whoever wrote the
    message choose more than whom to call."""

    __slots__ = ()

    @property
    def host(self) -> str:
        """A name, or an address without brackets."""
        behind = self.partition(":")[2].rpartition("@")[2].partition(";")[0]
        if behind.startswith("["):
            return behind[1:].partition("]")[0]
        return behind.partition(":")[0]

    @property
    def user(self) -> str:
        """What stands before the @; empty where nothing does."""
        return self.partition(":")[2].rpartition("@")[0]


class IpAddress(str):
    """An IPv4 or IPv6 address that stands in place of a number: whoever answers SIP there."""

    __slots__ = ()

    @property
    def host(self) -> str:
        """The address itself."""
        return str(self)

    @property
    def uri(self) -> SipUri:
        """What it means.

        >>> IpAddress("192.0.2.7").uri
        'sip:192.0.2.7'
        """
        return SipUri(f"sip:[{self}]" if ":" in self else f"sip:{self}")


Address = E164 | SipUri | IpAddress


def parse_e164(text: str) -> E164:
    """The number in canonical form; spaces, dots, brackets and hyphens between digits are dropped.

    >>> parse_e164("+1 (212) 555-0100")
    '+12125550100'
    """
    compact = _GROUPING.sub("", text)
    if not _E164.fullmatch(compact):
        raise NumberingError(
            f"{text!r} is not an E.164 number: write '+', the country code and the number,"
            " 7 to 15 digits in all, for example +12125550100"
        )
    return E164(compact)


def parse_sip(text: str) -> SipUri:
    """The URI in canonical form: small letters but for the user, addresses written one way.

    Raises NumberingError.

    >>> parse_sip("SIP:Ann@Example.COM:5070;transport=TCP")
    'sip:Ann@example.com:5070;transport=tcp'
    """
    matched = _SIP.fullmatch(text) if len(text) <= ADDRESS_LIMIT else None
    host = _host(matched["host"].lower()) if matched is not None else ""
    if matched is None or not host or int((matched["port"] or ":5060")[1:]) not in _PORTS:
        raise NumberingError(
            f"{text[:ADDRESS_LIMIT]!r} is not a SIP URI that can be called: write it such as"
            f" sip:alice@example.com, at most {ADDRESS_LIMIT} characters"
        )
    user = f"{matched['user']}@" if matched["user"] else ""
    tail = (matched["port"] or "") + (matched["transport"] or "").lower()
    return SipUri(f"{matched['scheme'].lower()}:{user}{host}{tail}")


def _host(host: str) -> str:
    """The host in its one form; empty where it is none.

    What is all digits and dots is an address written in full, or nothing: `127.1`, `0x7f.1` and
    `2130706433` are ways to write an address that few readers notice.
    """
    if host.startswith("["):
        try:
            return f"[{ipaddress.IPv6Address(host[1:-1])}]"
        except ValueError:
            return ""
    labels = host.removesuffix(".").split(".")
    if labels[-1][:1].isdigit():
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError:
            return ""
    return ".".join(labels) if all(map(_LABEL.fullmatch, labels)) else ""


def parse_address(text: str) -> Address:
    """The address that the text means, by its form. Raises NumberingError."""
    if text[:4].lower() == "sip:" or text[:5].lower() == "sips:":
        return parse_sip(text)
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return parse_e164(text)
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id:
        raise NumberingError(f"{text!r} means something on one machine alone: leave out its scope")
    return IpAddress(str(address))


def is_voip(text: str) -> bool:
    """Whether a canonical address is called by voice over IP, and not by number; empty: no."""
    return bool(text) and not text.startswith("+")
