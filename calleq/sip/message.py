"""SIP requests and responses: read from octets lazily, written to octets (RFC 3261 §7).

Owns start line, header field lines (folding, compact names) and body; a field's own text is read
when it is asked for, and the fields that every element needs are kept once read. Text is UTF-8;
octets that are none survive a round trip.

It refuses, by SipError, what cannot be answered: no start line of SIP, a bare CR or LF, too much of
anything. What can still be answered with 400 is a message with a `flaw`: the first thing that is
wrong with its lines or its Content-Length. `checks` turns that into the answer.

Odd cases: empty lines before the start line are skipped; octets of a datagram behind the body that
Content-Length counts are dropped (RFC 4475 §3.1.1.8); fields keep their order within a name only.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from functools import lru_cache

from calleq.sip.bounds import (
    FIELDS_LIMIT,
    HEAD_OCTETS_LIMIT,
    MESSAGE_OCTETS_LIMIT,
    REMEMBERED_CHARACTERS,
    REMEMBERED_LIMIT,
    VALUES_LIMIT,
    SipError,
)
from calleq.sip.fields import (
    CSeq,
    NameAddress,
    Via,
    forget_fields,
    parse_cseq,
    parse_name_address,
    parse_via,
)
from calleq.sip.grammar import is_token, parse_number, split_values
from calleq.sip.lazy import lazy
from calleq.sip.lines import WRITTEN, read_line, remembered_line
from calleq.sip.reasons import REASONS
from calleq.sip.uri import Uri, parse_uri

_FOLD = re.compile(r"[ \t]*+\r\n[ \t]++")
_REQUEST = re.compile(r"(\S++) (.*) SIP/([0-9]++\.[0-9]++)([ \t]*+)", re.IGNORECASE)
_RESPONSE = re.compile(r"SIP/([0-9]++\.[0-9]++) ([0-9]{3,})(?: (.*))?", re.IGNORECASE)
_SPACE = re.compile(r"\s")
_READ = ("uri", "caller", "called", "cseq")
"""What a request keeps once it is read, but Via."""

Fields = dict[str, list[str]]
"""Lines of each field, by its full name in small letters."""


_NO_TOKENS: frozenset[str] = frozenset()


@lru_cache(REMEMBERED_LIMIT)
def _tokens_of(line: str) -> frozenset[str]:
    """The tokens of a line, which others have sent before."""
    return frozenset(value.lower() for value in split_values(line) if value)


class Message(ABC):
    """What requests and responses share. Not to be changed once it is made."""

    fields: Fields
    body: bytes
    flaw: str

    def first(self, name: str) -> str | None:
        """The first line of a field, whole; None where there is none."""
        lines = self.fields.get(name)
        return lines[0] if lines else None

    def values(self, name: str) -> list[str]:
        """All values of a field, over its lines, between commas. Raises SipError."""
        found = [value for line in self.fields.get(name, ()) for value in split_values(line)]
        if len(found) > VALUES_LIMIT:
            raise SipError(f"{len(found)} values of {name}: at most {VALUES_LIMIT} expected")
        return found

    def tokens(self, name: str) -> frozenset[str]:
        """The values of a list of tokens in small letters (Require, Supported and the like)."""
        lines = self.fields.get(name)
        if not lines:
            return _NO_TOKENS
        if len(lines) == 1 and len(lines[0]) <= REMEMBERED_CHARACTERS:
            return _tokens_of(lines[0])
        return frozenset(value.lower() for value in self.values(name) if value)

    def number(self, name: str, limit: int) -> int | None:
        """A field that is a number; None where it is missing. Raises SipError."""
        text = self.first(name)
        return None if text is None else parse_number(text.lstrip("0") or text[-1:], limit)

    def addresses(self, name: str) -> list[NameAddress]:
        """The addresses of Contact, Route, Record-Route and the like. Raises SipError."""
        return [parse_name_address(value) for value in self.values(name)]

    def _one(self, name: str) -> str:
        lines = self.fields.get(name, ())
        if len(lines) != 1:
            raise SipError(f"{len(lines)} header fields {name}: one expected")
        return lines[0]

    @lazy
    def vias(self) -> tuple[Via, ...]:
        """Where the message came through, the last hop first. Raises SipError, as do those below
        where a field is missing or not well formed."""
        lines = self.fields.get("via", ())
        if len(lines) == 1 and "," not in lines[0]:
            return (self.via,)
        found = tuple(parse_via(value) for value in self.values("via"))
        if not found:
            raise SipError("no Via")
        return found

    @lazy
    def via(self) -> Via:
        """The topmost Via."""
        lines = self.fields.get("via")
        if not lines:
            raise SipError("no Via")
        return parse_via(split_values(lines[0])[0])

    @lazy
    def caller(self) -> NameAddress:
        """From."""
        return parse_name_address(self._one("from"))

    @lazy
    def called(self) -> NameAddress:
        """To."""
        return parse_name_address(self._one("to"))

    @lazy
    def cseq(self) -> CSeq:
        """CSeq."""
        return parse_cseq(self._one("cseq"))

    @property
    def call_id(self) -> str:
        """Call-ID."""
        return self._one("call-id")

    @property
    def content_type(self) -> str:
        """Type and subtype of the body in small letters, without parameters; may be empty."""
        return (self.first("content-type") or "").partition(";")[0].strip(" \t").lower()

    @abstractmethod
    def start_line(self) -> str:
        """The first line."""

    def encode(self) -> bytes:
        """The message as octets; Content-Length is always written, and last.

        Raises SipError where a field holds a line end: it would say more than it should.
        """
        lines = [self.start_line()]
        for name, values in self.fields.items():
            if name != "content-length":
                spelt = WRITTEN.get(name) or f"{name.title()}: "
                if len(values) == 1:
                    lines.append(spelt + values[0])
                else:
                    lines += [spelt + value for value in values]
        lines.append(f"Content-Length: {len(self.body)}\r\n\r\n")
        head = "\r\n".join(lines)
        ends = len(lines) + 1
        if not head.count("\r") == head.count("\n") == head.count("\r\n") == ends:
            raise SipError("a line end inside a header field")
        return head.encode("utf-8", "surrogateescape") + self.body


class Request(Message):
    """A request."""

    def __init__(
        self,
        method: str,
        target: str,
        fields: Fields,
        body: bytes = b"",
        *,
        flaw: str = "",
        version: str = "2.0",
    ) -> None:
        self.method = method
        self.target = target
        self.fields = fields
        self.body = body
        self.flaw = flaw
        self.version = version

    @lazy
    def uri(self) -> Uri:
        """The Request-URI. Raises SipError."""
        return parse_uri(self.target)

    def start_line(self) -> str:
        """Method, Request-URI, version."""
        return f"{self.method} {self.target} SIP/2.0"


class Response(Message):
    """A response."""

    def __init__(
        self,
        status: int,
        reason: str,
        fields: Fields,
        body: bytes = b"",
        *,
        flaw: str = "",
    ) -> None:
        self.status = status
        self.reason = reason
        self.fields = fields
        self.body = body
        self.flaw = flaw

    def start_line(self) -> str:
        """Version, status, reason phrase."""
        return f"SIP/2.0 {self.status} {self.reason}"


def parse(octets: bytes) -> Request | Response:
    """Read one message, a datagram or what `StreamFramer` cut. Raises SipError: see above."""
    if len(octets) > MESSAGE_OCTETS_LIMIT:
        raise SipError(f"{len(octets)} octets: at most {MESSAGE_OCTETS_LIMIT} expected")
    octets = octets.lstrip(b"\r\n")
    end = octets.find(b"\r\n\r\n")
    flaw = "" if end >= 0 else "no empty line behind the header fields"
    head = octets[:end] if end >= 0 else octets.removesuffix(b"\r\n")
    if len(head) > HEAD_OCTETS_LIMIT:
        raise SipError(f"a head of {len(head)} octets: at most {HEAD_OCTETS_LIMIT} expected")
    text = head.decode("utf-8", "surrogateescape")
    if not text.count("\r\n") == text.count("\r") == text.count("\n"):
        raise SipError("a CR or LF that ends no line")
    if "\r\n " in text or "\r\n\t" in text:
        text = _FOLD.sub(" ", text)
    lines = text.split("\r\n")
    fields, wrong = _fields(lines)
    body = octets[end + 4 :] if end >= 0 else b""
    body, short = _counted(fields.get("content-length"), body)
    flaw = flaw or wrong or short
    if lines[0][:4].upper() == "SIP/":
        return _response(lines[0], fields, body, flaw)
    return _request(lines[0], fields, body, flaw)


def _fields(lines: list[str]) -> tuple[Fields, str]:
    """Header field lines by name, and the first thing that is wrong with them."""
    if len(lines) - 1 > FIELDS_LIMIT:
        raise SipError(f"{len(lines) - 1} header fields: at most {FIELDS_LIMIT} expected")
    fields: Fields = {}
    flaw = ""
    for line in lines[1:]:
        if len(line) <= REMEMBERED_CHARACTERS:
            name, value = remembered_line(line)
        else:
            name, value = read_line(line)
        if not name:
            flaw = flaw or f"no header field: {line[:40]!r}"
        elif name in fields:
            fields[name].append(value)
        else:
            fields[name] = [value]
    return fields, flaw


def _counted(lengths: list[str] | None, body: bytes) -> tuple[bytes, str]:
    """The body as long as Content-Length says, and what is wrong with that."""
    if not lengths:
        return body, ""
    try:
        length = parse_number(lengths[0], MESSAGE_OCTETS_LIMIT)
    except SipError as error:
        return body, f"Content-Length: {error}"
    if len(lengths) > 1:
        return body, "several header fields content-length"
    if length > len(body):
        return body, f"{len(body)} octets of a body of {length}"
    return body[:length], ""


def _response(line: str, fields: Fields, body: bytes, flaw: str) -> Response:
    matched = _RESPONSE.fullmatch(line)
    if matched is None or matched[1] != "2.0":
        raise SipError(f"no status line: {line[:60]!r}")
    status = parse_number(matched[2], 4_294_967_295)
    if not 100 <= status <= 699:
        raise SipError(f"no status code: {status}")
    return Response(status, matched[3] or "", fields, body, flaw=flaw)


def _request(line: str, fields: Fields, body: bytes, flaw: str) -> Request:
    matched = _REQUEST.fullmatch(line)
    if matched is None or not is_token(matched[1]):
        raise SipError(f"no start line of SIP: {line[:60]!r}")
    if _SPACE.search(matched[2]) or not matched[2] or matched[4]:
        flaw = "white space in the request line"
    return Request(matched[1], matched[2], fields, body, flaw=flaw, version=matched[3])


def respond(
    request: Request,
    status: int,
    *,
    to_tag: str = "",
    fields: Mapping[str, Iterable[str]] = {},
    body: bytes = b"",
    reason: str = "",
) -> Response:
    """The answer to a request, with the fields that every answer repeats (RFC 3261 §8.2.6).

    Works on a request with a flaw too: a field that it does not have is left out. `to_tag` is put
    in To where there is none.
    """
    made: Fields = {
        name: list(request.fields[name])
        for name in ("via", "from", "to", "call-id", "cseq")
        if name in request.fields
    }
    if status == 100 and "timestamp" in request.fields:
        made["timestamp"] = list(request.fields["timestamp"])
    if to_tag and len(made.get("to", ())) == 1:
        try:
            tagged = bool(request.called.tag)
        except SipError:
            tagged = True
        if not tagged:
            made["to"] = [f"{made['to'][0]};tag={to_tag}"]
    for name, values in fields.items():
        made[name] = list(values)
    return Response(status, reason or REASONS.get(status, REASONS[status // 100 * 100]), made, body)


def with_top_via(request: Request, via: Via) -> Request:
    """The request with its topmost Via replaced: what came in, marked with where from."""
    vias = (via, *request.vias[1:])
    made = Request(
        request.method,
        request.target,
        {**request.fields, "via": [str(one) for one in vias]},
        request.body,
        flaw=request.flaw,
        version=request.version,
    )
    read = request.__dict__
    made.__dict__.update({name: read[name] for name in _READ if name in read})
    made.vias, made.via = vias, via
    return made


def forget_what_was_read() -> None:
    """Forget every text whose reading is remembered; nothing depends on it but time."""
    _tokens_of.cache_clear()
    remembered_line.cache_clear()
    forget_fields()
