"""Addresses of SIP: sip, sips and tel URIs, and others kept as they are.

Owns parsing, writing and comparison (RFC 3261 §19.1, RFC 3966). It refuses a sip URI that has no
host or a character in the wrong place; a URI of a scheme that calleq does not know is an
`OpaqueUri`: a caller may name one in From, but it can't be called (416).

Odd cases: `sip:a@b` and `sip:a@b:5060` are different addresses; parameters that only one side has
matter only for `user`, `ttl`, `method`, `maddr` and `transport` (§19.1.4).
"""

import re
from functools import lru_cache
from urllib.parse import quote, unquote

import msgspec

from calleq.sip.bounds import (
    PARAMETERS_LIMIT,
    REMEMBERED_CHARACTERS,
    REMEMBERED_LIMIT,
    URI_CHARACTERS_LIMIT,
    SipError,
)

_ESCAPED = r"%[0-9A-Fa-f]{2}"
_USER = re.compile(rf"(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/]|{_ESCAPED})++")
_PASSWORD = re.compile(rf"(?:[A-Za-z0-9\-_.!~*'()&=+$,]|{_ESCAPED})*+")
_HOST = re.compile(
    r"((?:[A-Za-z0-9](?:[A-Za-z0-9_\-.]*[A-Za-z0-9.])?|\[[0-9A-Fa-f:.]++\]))(?::([0-9]{1,5}))?"
)
_PARAMETER = re.compile(
    rf"((?:[A-Za-z0-9\-_.!~*'()\[\]/:&+$]|{_ESCAPED})++)"
    rf"(?:=((?:[A-Za-z0-9\-_.!~*'()\[\]/:&+$]|{_ESCAPED})++))?+"
)
_HEADER = re.compile(
    rf"((?:[A-Za-z0-9\-_.!~*'()\[\]/?:+$]|{_ESCAPED})++)"
    rf"=((?:[A-Za-z0-9\-_.!~*'()\[\]/?:+$]|{_ESCAPED})*+)"
)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*+:[^\s<>\"]++")
_TEL_NUMBER = re.compile(r"\+[0-9\-.()]++|[0-9A-Fa-f*#\-.()]++")
_VISUAL = str.maketrans("", "", "-.()")
_DECIDING = ("user", "ttl", "method", "maddr", "transport")
_USER_SAFE = "-_.!~*'()&=+$,;?/"
PORT_LIMIT = 65_535


class SipUri(msgspec.Struct, frozen=True, gc=False):
    """A sip or sips URI; user and values are kept as they were written, escapes and all."""

    host: str
    user: str | None = None
    password: str | None = None
    port: int | None = None
    parameters: tuple[tuple[str, str | None], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    secure: bool = False

    def parameter(self, name: str) -> str | None:
        """The value of that parameter, `""` where it has none, None where it is not there."""
        for known, value in self.parameters:
            if known.lower() == name:
                return value or ""
        return None

    @property
    def unescaped_user(self) -> str:
        """The user part as people read it; empty where there is none."""
        return unquote(self.user, errors="surrogateescape") if self.user else ""

    def __str__(self) -> str:
        user = self.user if self.user is not None else ""
        if self.password is not None:
            user += f":{self.password}"
        return "".join(
            (
                "sips:" if self.secure else "sip:",
                f"{user}@" if self.user is not None else "",
                self.host,
                f":{self.port}" if self.port is not None else "",
                *(f";{n}" if v is None else f";{n}={v}" for n, v in self.parameters),
                "?" + "&".join(f"{n}={v}" for n, v in self.headers) if self.headers else "",
            )
        )


class TelUri(msgspec.Struct, frozen=True, gc=False):
    """A telephone number (RFC 3966): `+` and digits, or digits with a `phone-context`."""

    number: str
    parameters: tuple[tuple[str, str | None], ...] = ()

    @property
    def digits(self) -> str:
        """Without visual separators."""
        return self.number.translate(_VISUAL)

    def __str__(self) -> str:
        return f"tel:{self.number}" + "".join(
            f";{n}" if v is None else f";{n}={v}" for n, v in self.parameters
        )


class OpaqueUri(msgspec.Struct, frozen=True, gc=False):
    """A URI of another scheme, as it was written."""

    text: str

    def __str__(self) -> str:
        return self.text


Uri = SipUri | TelUri | OpaqueUri


def host_of(address: str) -> str:
    """A host or an address as a URI has it: those of IPv6 in brackets."""
    return f"[{address}]" if ":" in address and not address.startswith("[") else address


def escape_user(text: str) -> str:
    """Text as the user part of a URI."""
    return quote(text, safe=_USER_SAFE)


def parse_uri(text: str) -> Uri:
    """Read a URI; SipError where it is none.

    >>> str(parse_uri("sip:+12125550100@example.com;user=phone"))
    'sip:+12125550100@example.com;user=phone'
    """
    return _remembered(text) if len(text) <= REMEMBERED_CHARACTERS else _read_uri(text)


def _read_uri(text: str) -> Uri:
    if len(text) > URI_CHARACTERS_LIMIT:
        raise SipError(f"a URI of {len(text)} characters: at most {URI_CHARACTERS_LIMIT} expected")
    scheme, colon, rest = text.partition(":")
    match scheme.lower() if colon else "":
        case "sip":
            return _parse_sip(rest, False)
        case "sips":
            return _parse_sip(rest, True)
        case "tel":
            return _parse_tel(rest)
    if _SCHEME.fullmatch(text) is None:
        raise SipError(f"no URI: {text[:60]!r}")
    return OpaqueUri(text)


_remembered = lru_cache(REMEMBERED_LIMIT)(_read_uri)


def forget_uris() -> None:
    """Forget the URIs whose reading is remembered."""
    _remembered.cache_clear()


def _parse_sip(rest: str, secure: bool) -> SipUri:
    userinfo, at, hostpart = rest.rpartition("@")
    user: str | None = None
    password: str | None = None
    if at:
        user, colon, secret = userinfo.partition(":")
        if _USER.fullmatch(user) is None or _PASSWORD.fullmatch(secret) is None:
            raise SipError(f"no user part: {userinfo[:60]!r}")
        password = secret if colon else None
    hostpart, question, header_text = hostpart.partition("?")
    address, _, parameter_text = hostpart.partition(";")
    matched = _HOST.fullmatch(address)
    if matched is None:
        raise SipError(f"no host: {address[:60]!r}")
    port = int(matched[2]) if matched[2] else None
    if port is not None and not 0 < port <= PORT_LIMIT:
        raise SipError(f"no port: {port}")
    return SipUri(
        host=matched[1],
        user=user,
        password=password,
        port=port,
        parameters=_parameters(parameter_text) if _ else (),
        headers=_headers(header_text) if question else (),
        secure=secure,
    )


def _parameters(text: str) -> tuple[tuple[str, str | None], ...]:
    pieces = text.split(";")
    if len(pieces) > PARAMETERS_LIMIT:
        raise SipError(f"more than {PARAMETERS_LIMIT} parameters in a URI")
    found: list[tuple[str, str | None]] = []
    names: set[str] = set()
    for piece in pieces:
        matched = _PARAMETER.fullmatch(piece)
        if matched is None:
            raise SipError(f"no parameter of a URI: {piece[:60]!r}")
        name = matched[1].lower()
        if name in names:
            raise SipError(f"parameter {name} of a URI comes twice")
        names.add(name)
        found.append((matched[1], matched[2]))
    return tuple(found)


def _headers(text: str) -> tuple[tuple[str, str], ...]:
    pieces = text.split("&")
    if len(pieces) > PARAMETERS_LIMIT:
        raise SipError(f"more than {PARAMETERS_LIMIT} headers in a URI")
    found = []
    for piece in pieces:
        matched = _HEADER.fullmatch(piece)
        if matched is None:
            raise SipError(f"no header of a URI: {piece[:60]!r}")
        found.append((matched[1], matched[2]))
    return tuple(found)


def _parse_tel(rest: str) -> TelUri:
    number, semicolon, parameters = rest.partition(";")
    uri = TelUri(number, _parameters(parameters) if semicolon else ())
    if _TEL_NUMBER.fullmatch(number) is None or not uri.digits.strip("+"):
        raise SipError(f"no telephone number: {number[:40]!r}")
    return uri


def same_address(one: Uri, other: Uri) -> bool:
    """Whether both URIs mean the same (RFC 3261 §19.1.4, RFC 3966 §4)."""
    match one, other:
        case SipUri(), SipUri():
            return _same_sip(one, other)
        case TelUri(), TelUri():
            mine, theirs = _folded(one.parameters), _folded(other.parameters)
            return one.digits.lower() == other.digits.lower() and mine == theirs
        case OpaqueUri(), OpaqueUri():
            return one.text == other.text
        case _:
            return False


def _same_sip(one: SipUri, other: SipUri) -> bool:
    if (one.secure, one.port, one.host.lower()) != (other.secure, other.port, other.host.lower()):
        return False
    for mine, theirs in ((one.user, other.user), (one.password, other.password)):
        if (mine is None) != (theirs is None) or _plain(mine or "") != _plain(theirs or ""):
            return False
    first, second = _folded(one.parameters), _folded(other.parameters)
    for name in first.keys() | second.keys():
        both = name in first and name in second
        if (both and first[name] != second[name]) or (not both and name in _DECIDING):
            return False
    return _header_set(one) == _header_set(other)


def _plain(text: str) -> str:
    return unquote(text, errors="surrogateescape")


def _folded(parameters: tuple[tuple[str, str | None], ...]) -> dict[str, str]:
    return {_plain(n).lower(): _plain(v or "").lower() for n, v in parameters}


def _header_set(uri: SipUri) -> list[tuple[str, str]]:
    return sorted((_plain(name).lower(), _plain(value)) for name, value in uri.headers)
