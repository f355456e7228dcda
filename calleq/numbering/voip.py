"""Who may be called by voice over IP: only hosts that the operator has named.

A message may name any SIP URI or IP address, so whoever may post messages could have calling
equipment knock at any door that it can reach: machines beside it, its own operator's door, other
networks. Hence nothing may be called that is not allowed: names of domains, and networks. What a
name leads to is looked at again (`allows_found`), because a name that is allowed may lead into a
network that is not: whoever has the name chooses its address.

Odd cases: `.example.com` allows every name below and not `example.com` itself; `*` allows every
name, and addresses of the public internet alone; an IPv4 address in the clothes of IPv6 is what is
in them.
"""

import ipaddress
from collections.abc import Iterable

from calleq.numbering.addresses import E164, Address, NumberingError, SipUri, parse_sip
from calleq.numbering.public import NumberRefusedError, public_number

EVERY_NAME = "*"
ALLOWED_LIMIT = 1_000

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class VoipPolicy:
    """Which hosts one piece of equipment may call."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        """Each is a domain, `.domain`, an address, a network, or `*`. Raises NumberingError."""
        self._networks: list[_Network] = []
        self._names: set[str] = set()
        for text in allowed:
            try:
                self._networks.append(ipaddress.ip_network(text))
            except ValueError:
                self._names.add(_domain(text))

    @property
    def is_offered(self) -> bool:
        """Whether anybody at all may be called so."""
        return bool(self._networks or self._names)

    def allows(self, address: Address) -> bool:
        """Whether an address may be called, as far as it can be told from the address itself."""
        if isinstance(address, E164):
            return False
        if isinstance(address, SipUri) and not _user_may_be_called(address):
            return False
        host = address.host
        found = _as_address(host)
        return self._allows_name(host) if found is None else self._is_inside(found)

    def allows_found(self, host: str, found: str) -> bool:
        """Whether `found`, an address that the name of an allowed host leads to, may be called.

        Private, loopback, link-local, multicast and reserved addresses only where their networks
        are named.
        """
        address = _as_address(found)
        if address is None:
            return False
        if self._is_inside(address):
            return True
        is_name = _as_address(host) is None
        return is_name and address.is_global and not address.is_multicast

    def _allows_name(self, host: str) -> bool:
        if host in self._names or EVERY_NAME in self._names:
            return True
        labels = host.split(".")
        return any("." + ".".join(labels[place:]) in self._names for place in range(1, len(labels)))

    def _is_inside(self, address: _Address) -> bool:
        return any(address in network for network in self._networks)


def _as_address(host: str) -> _Address | None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _domain(text: str) -> str:
    if text == EVERY_NAME:
        return text
    try:
        host = parse_sip(f"sip:{text.removeprefix('.')}").host
    except NumberingError:
        host = ""
    if not host or host != text.removeprefix(".") or _as_address(host) is not None:
        raise NumberingError(
            f"{text!r} is neither a domain in small letters, such as example.com or .example.com,"
            " nor a network, such as 192.0.2.0/24"
        )
    return text


def _user_may_be_called(address: SipUri) -> bool:
    """A number before the @ leads into the telephone network somewhere: what may not be dialled
    here may not be dialled there."""
    if not address.user.startswith("+"):
        return True
    try:
        public_number(address.user)
    except NumberRefusedError:
        return False
    return True
