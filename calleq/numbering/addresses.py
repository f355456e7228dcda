"""Parsing of the three kinds of address. Refuses with `NumberingError`, which names the reason."""

import ipaddress
import re

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_GROUPING = re.compile(r"[ .()\-/]")
_SIP = re.compile(r"sips?:[^\s@<>]+@?[^\s<>]+", re.IGNORECASE)


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
    """A SIP or SIPS URI (RFC 3261 §19.1)."""

    __slots__ = ()


class IpAddress(str):
    """An IPv4 or IPv6 address that stands in place of a number."""

    __slots__ = ()


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


def parse_address(text: str) -> Address:
    """The address that the text means, by its form."""
    if text[:4].lower() == "sip:" or text[:5].lower() == "sips:":
        if not _SIP.fullmatch(text):
            raise NumberingError(f"{text!r} is not a SIP URI such as sip:alice@example.com")
        return SipUri(text)
    try:
        return IpAddress(str(ipaddress.ip_address(text)))
    except ValueError:
        return parse_e164(text)
