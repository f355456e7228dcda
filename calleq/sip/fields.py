"""Typed header fields: addresses with a name, Via, CSeq, Reason, RAck.

Owns reading and writing of each; refuses with SipError. Which fields a message has is `message`'s.

Odd cases: a URI that stands without angle brackets has no parameters of its own, they are the
field's (RFC 3261 §20); such a URI may hold no comma, question mark or semicolon. Via may have white
space around its slashes and colon (RFC 4475 §3.1.1.1).
"""

import re
from functools import lru_cache
from urllib.parse import quote as escape_text

import msgspec

from calleq.sip.bounds import NUMBER_LIMIT, REMEMBERED_CHARACTERS, REMEMBERED_LIMIT, SipError
from calleq.sip.grammar import (
    TOKEN_CHARACTERS,
    Parameters,
    encode_parameters,
    is_token,
    parse_number,
    parse_parameters,
    quote,
    unquote,
)
from calleq.sip.uri import PORT_LIMIT, Uri, forget_uris, parse_uri

MAGIC_COOKIE = "z9hG4bK"

_NAMED = re.compile(
    rf'[ \t]*+((?:"(?:[^"\\]|\\.)*+")|[{TOKEN_CHARACTERS} \t]*+)[ \t]*+<([^<>]*+)>', re.DOTALL
)
_PLAIN = re.compile(r"[ \t]*+([^\s;,?<>\"]++)[ \t]*+")
_VIA = re.compile(
    rf"SIP[ \t]*+/[ \t]*+([{TOKEN_CHARACTERS}]++)[ \t]*+/[ \t]*+([{TOKEN_CHARACTERS}]++)[ \t]++"
    r"([A-Za-z0-9_.\-]++|\[[0-9A-Fa-f:.]++\])(?:[ \t]*+:[ \t]*+([0-9]{1,5}))?+[ \t]*+",
    re.IGNORECASE,
)
_CSEQ = re.compile(rf"([0-9]++)[ \t]++([{TOKEN_CHARACTERS}]++)")
_RACK = re.compile(rf"([0-9]++)[ \t]++([0-9]++)[ \t]++([{TOKEN_CHARACTERS}]++)")


class NameAddress(msgspec.Struct, frozen=True, gc=False):
    """What From, To, Contact, Route and their like hold."""

    uri: Uri
    display: str = ""
    """The name that people read, without quotes."""
    parameters: Parameters = {}

    @property
    def tag(self) -> str:
        """The tag; empty where there is none."""
        return self.parameters.get("tag") or ""

    def __str__(self) -> str:
        shown = f"{quote(self.display)} " if self.display else ""
        return f"{shown}<{self.uri}>{encode_parameters(self.parameters)}"


def parse_name_address(text: str) -> NameAddress:
    """Read one address, with or without brackets.

    >>> parse_name_address('"Bell" <sip:a@b;lr>;tag=7').tag
    '7'
    """
    return _remembered(text) if len(text) <= REMEMBERED_CHARACTERS else _read_address(text)


def _read_address(text: str) -> NameAddress:
    named = _NAMED.match(text)
    if named is not None:
        return NameAddress(
            parse_uri(named[2]),
            unquote(named[1].strip(" \t")),
            parse_parameters(text, named.end()),
        )
    plain = _PLAIN.match(text)
    if plain is None:
        raise SipError(f"no address: {text[:60]!r}")
    return NameAddress(parse_uri(plain[1]), "", parse_parameters(text, plain.end()))


_remembered = lru_cache(REMEMBERED_LIMIT)(_read_address)


class Via(msgspec.Struct, frozen=True, gc=False):
    """One hop that the answer goes back over (RFC 3261 §20.42)."""

    transport: str
    """In capitals."""
    host: str
    port: int | None = None
    parameters: Parameters = {}
    version: str = "2.0"

    @property
    def branch(self) -> str:
        """The transaction's name; empty where there is none (RFC 2543)."""
        return self.parameters.get("branch") or ""

    @property
    def sent_by(self) -> str:
        """Host and port as transactions compare them."""
        return f"{self.host.lower()}:{self.port or ''}"

    def __str__(self) -> str:
        port = f":{self.port}" if self.port is not None else ""
        where = f"{self.transport} {self.host}{port}"
        return f"SIP/{self.version}/{where}{encode_parameters(self.parameters)}"


def parse_via(text: str) -> Via:
    """Read one Via value."""
    return _remembered_via(text) if len(text) <= REMEMBERED_CHARACTERS else _read_via(text)


def _read_via(text: str) -> Via:
    matched = _VIA.match(text)
    if matched is None:
        raise SipError(f"no Via: {text[:60]!r}")
    port = int(matched[4]) if matched[4] else None
    if port is not None and not 0 < port <= PORT_LIMIT:
        raise SipError(f"no port in Via: {port}")
    return Via(
        transport=matched[2].upper(),
        host=matched[3],
        port=port,
        parameters=parse_parameters(text, matched.end()),
        version=matched[1],
    )


_remembered_via = lru_cache(REMEMBERED_LIMIT)(_read_via)


def received_via(via: Via, source_host: str, source_port: int) -> Via:
    """The Via with where it really came from (RFC 3261 §18.2.1, RFC 3581 §4)."""
    parameters = dict(via.parameters)
    if "rport" in parameters:
        parameters["rport"] = str(source_port)
    if "rport" in parameters or via.host.strip("[]") != source_host:
        parameters["received"] = source_host
    return msgspec.structs.replace(via, parameters=parameters)


def answer_target(via: Via) -> tuple[str, int]:
    """Host and port that an answer over datagrams goes to (RFC 3261 §18.2.2, RFC 3581 §4)."""
    default = 5061 if via.transport == "TLS" else 5060
    port = via.port or default
    maddr = via.parameters.get("maddr")
    if maddr:
        return maddr, port
    received, rport = via.parameters.get("received"), via.parameters.get("rport")
    if received and rport:
        return received, parse_number(rport, PORT_LIMIT)
    return received or via.host.strip("[]"), port


class CSeq(msgspec.Struct, frozen=True, gc=False):
    """The request's place in its dialog."""

    number: int
    method: str

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


def parse_cseq(text: str) -> CSeq:
    """Read it; the number is below 2**31 (RFC 3261 §8.1.1.5)."""
    return _remembered_cseq(text) if len(text) <= REMEMBERED_CHARACTERS else _read_cseq(text)


def _read_cseq(text: str) -> CSeq:
    matched = _CSEQ.fullmatch(text)
    if matched is None:
        raise SipError(f"no CSeq: {text[:40]!r}")
    return CSeq(_small(matched[1]), matched[2])


_remembered_cseq = lru_cache(REMEMBERED_LIMIT)(_read_cseq)


class RAck(msgspec.Struct, frozen=True, gc=False):
    """Which reliable answer a PRACK acknowledges (RFC 3262 §7.2)."""

    rseq: int
    cseq: int
    method: str

    def __str__(self) -> str:
        return f"{self.rseq} {self.cseq} {self.method}"


def parse_rack(text: str) -> RAck:
    """Read it."""
    matched = _RACK.fullmatch(text)
    if matched is None:
        raise SipError(f"no RAck: {text[:40]!r}")
    return RAck(_small(matched[1]), _small(matched[2]), matched[3])


def _small(digits: str) -> int:
    return parse_number(digits.lstrip("0") or "0", NUMBER_LIMIT)


class Reason(msgspec.Struct, frozen=True, gc=False):
    """Why a call ended (RFC 3326)."""

    protocol: str
    """`Q.850` or `SIP`, or another."""
    cause: int | None = None
    text: str = ""

    def __str__(self) -> str:
        cause = f";cause={self.cause}" if self.cause is not None else ""
        return f"{self.protocol}{cause}" + (f";text={quote(self.text)}" if self.text else "")


def parse_reason(text: str) -> Reason:
    """Read one Reason value.

    >>> parse_reason('Q.850 ;cause=16 ;text="Terminated"').cause
    16
    """
    protocol, semicolon, rest = text.partition(";")
    protocol = protocol.strip(" \t")
    if not is_token(protocol):
        raise SipError(f"no Reason: {text[:40]!r}")
    parameters = parse_parameters(semicolon + rest)
    cause = parameters.get("cause")
    return Reason(
        protocol,
        parse_number(cause, 999) if cause is not None else None,
        unquote(parameters.get("text") or ""),
    )


def escape_header(text: str) -> str:
    """Text as a header's value inside a URI (`Replaces` in Refer-To and the like)."""
    return escape_text(text, safe="-_.!~*'()")


def forget_fields() -> None:
    """Forget the addresses, Vias and CSeqs whose reading is remembered."""
    forget_uris()
    _remembered.cache_clear()
    _remembered_via.cache_clear()
    _remembered_cseq.cache_clear()
