"""Where one HTTP request ends and the next begins, read as strictly as RFC 9112 allows.

Sans-I/O: `read_head` and `read_chunks` look at the octets of a connection from where a request
begins and say what is there, or that more is needed, or raise `FramingError`. After an error the
octets behind it mean nothing, so the connection must be closed: two readers of one stream who
disagree about the border of a request is what request smuggling is made of.

Refused, though some servers take it: line ends that are not CR LF, folded lines, white space before
a colon, control characters, more than one Content-Length, even equal ones, or one that is not mere
digits, Content-Length beside Transfer-Encoding, any coding but `chunked` alone, chunk extensions
that are not plain ones, trailer fields, Transfer-Encoding in HTTP/1.0, a request without exactly
one Host (RFC 9112 §3.2), a target with a fragment or octets beyond ASCII, methods nobody serves, an
empty line before a request (§2.2 would have it skipped, and not every reader does).
"""

import re
from http import HTTPStatus

import msgspec

LIMIT_HEAD = 16 * 1024
LIMIT_TARGET = 4 * 1024
LIMIT_HEADERS = 64
LIMIT_BODY = 64 * 1024
"""Octets of a body, unless a site says otherwise."""
LIMIT_CHUNK_LINE = 80
LIMIT_CHUNKS = 1_024
"""Chunks of one body: a body in single octets costs more than it carries."""
METHODS = frozenset((b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"))

_REQUEST = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) ([!-~]+) HTTP/([0-9])\.([0-9])")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")
_ABSOLUTE = re.compile(rb"[Hh][Tt][Tt][Pp][Ss]?://([^/?#@\s]+)(/[^#]*|\?[^#]*)?")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})(?:;[!#$%&'*+.^_`|~0-9A-Za-z-]+=[0-9A-Za-z]*)?")


class FramingError(Exception):
    """Octets that are no request; `status` is to be answered before the connection is closed."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail

    @property
    def title(self) -> str:
        """The phrase of the status."""
        return HTTPStatus(self.status).phrase


class Head(msgspec.Struct):
    """All of a request but its body."""

    method: bytes
    target: bytes
    """In origin-form; `*` stands for itself."""
    headers: list[tuple[bytes, bytes]]
    """Names in lower case."""
    end: int
    """Where the body begins."""
    length: int
    """Octets of the body; -1: it comes in chunks."""
    keeps: bool
    """Whether the connection goes on after the answer."""
    expects: bool
    """Whether the sender waits to be told to go on."""
    upgrades: bool
    """Whether a WebSocket is wanted."""
    old: bool
    """HTTP/1.0."""


def read_head(data: bytes | bytearray, start: int = 0, limit_body: int = LIMIT_BODY) -> Head | None:
    """The head that begins at `start`; None when it has not come whole. Raises FramingError."""
    end = data.find(b"\r\n\r\n", start)
    if end < 0 or end - start > LIMIT_HEAD:
        if len(data) - start > LIMIT_HEAD:
            raise FramingError(431, "head_too_large", f"at most {LIMIT_HEAD} octets of headers")
        _check_beginning(data, start)
        return None
    first, *lines = bytes(data[start:end]).split(b"\r\n")
    method, target, old = _request_line(first)
    if len(lines) > LIMIT_HEADERS:
        raise FramingError(431, "too_many_headers", f"at most {LIMIT_HEADERS} headers")
    headers: list[tuple[bytes, bytes]] = []
    singular: dict[bytes, bytes] = {}
    for line in lines:
        field = _FIELD.fullmatch(line)
        if field is None:
            raise FramingError(400, "malformed", "a header field is malformed")
        name = field[1].lower()
        value = field[2].rstrip(b" \t")
        if name in _SINGULAR:
            if name in singular:
                raise FramingError(400, "malformed", f"more than one {name.decode()}")
            singular[name] = value
        headers.append((name, value))
    return _head(method, target, headers, singular, end + 4, old, limit_body)


_SINGULAR = frozenset((b"content-length", b"transfer-encoding", b"host", b"expect", b"upgrade"))


def _check_beginning(data: bytes | bytearray, start: int) -> None:
    """What has come of a head could still become one: no bare line feed, no other protocol."""
    first = data.find(b"\n", start)
    if first >= 0:
        if first == start or data[first - 1] != 0x0D:
            raise FramingError(400, "malformed", "a line ends without CR LF")
        _request_line(bytes(data[start : first - 1]))
    elif len(data) - start > LIMIT_TARGET + 64:
        raise FramingError(414, "target_too_long", f"at most {LIMIT_TARGET} octets of target")
    elif len(data) > start and data[start] < 0x21:
        raise FramingError(400, "malformed", "no request begins so")


def _request_line(line: bytes) -> tuple[bytes, bytes, bool]:
    request = _REQUEST.fullmatch(line)
    if request is None:
        raise FramingError(400, "malformed", "the request line is malformed")
    method, target, major, minor = request.groups()
    if major != b"1" or minor > b"1":
        raise FramingError(505, "http_version", "HTTP/1.1 is spoken here")
    if len(target) > LIMIT_TARGET:
        raise FramingError(414, "target_too_long", f"at most {LIMIT_TARGET} octets of target")
    if method not in METHODS:
        raise FramingError(501, "method_unknown", "no such method is served")
    return method, target, minor == b"0"


def _head(
    method: bytes,
    target: bytes,
    headers: list[tuple[bytes, bytes]],
    singular: dict[bytes, bytes],
    end: int,
    old: bool,
    limit_body: int,
) -> Head:
    host = singular.get(b"host")
    if host is None and not old:
        raise FramingError(400, "no_host", "a request needs a Host")
    if not target.startswith(b"/") and (target, method) != (b"*", b"OPTIONS"):
        target, headers = _from_absolute(target, headers)
    if b"#" in target:
        raise FramingError(400, "malformed", "a target has no fragment")
    length = _length(singular, old, limit_body)
    expect = singular.get(b"expect", b"").lower()
    if expect not in (b"", b"100-continue"):
        raise FramingError(417, "expectation", "only 100-continue is met")
    options: set[bytes] = set()
    for name, value in headers:
        if name == b"connection":
            options |= {option.strip() for option in value.lower().split(b",")}
    upgrades = (
        b"upgrade" in options
        and singular.get(b"upgrade", b"").lower() == b"websocket"
        and method == b"GET"
        and length == 0
        and not old
    )
    return Head(
        method,
        target,
        headers,
        end,
        length,
        keeps=not old and b"close" not in options,
        expects=bool(expect) and not old,
        upgrades=upgrades,
        old=old,
    )


def _from_absolute(
    target: bytes, headers: list[tuple[bytes, bytes]]
) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """RFC 9112 §3.2.2: the host of an absolute-form target counts, not that of the header."""
    absolute = _ABSOLUTE.fullmatch(target)
    if absolute is None:
        raise FramingError(400, "malformed", "the target is malformed")
    path = absolute[2] or b"/"
    if path.startswith(b"?"):
        path = b"/" + path
    others = [header for header in headers if header[0] != b"host"]
    return path, [(b"host", absolute[1]), *others]


def _length(singular: dict[bytes, bytes], old: bool, limit_body: int) -> int:
    announced = singular.get(b"content-length")
    coding = singular.get(b"transfer-encoding")
    if coding is not None:
        if announced is not None or old:
            raise FramingError(400, "framing", "where the body ends is said in two ways")
        if coding.lower() != b"chunked":
            raise FramingError(501, "transfer_coding", "chunked is the only transfer coding here")
        return -1
    if announced is None:
        return 0
    if not announced.isdigit() or len(announced) > 10:
        raise FramingError(400, "framing", "Content-Length is a number")
    length = int(announced)
    if length > limit_body:
        raise FramingError(413, "too_large", f"at most {limit_body} octets are accepted")
    return length


class Chunks(msgspec.Struct):
    """A body in chunks (RFC 9112 §7.1) as far as it has come."""

    body: bytearray
    at: int
    """Where the next chunk begins."""
    count: int = 0
    over: bool = False

    def read(self, data: bytes | bytearray, limit_body: int = LIMIT_BODY) -> bool:
        """Take what has come whole; True when the body is over. Raises FramingError."""
        while not self.over:
            line_end = data.find(b"\n", self.at, self.at + LIMIT_CHUNK_LINE)
            if line_end < 0:
                if len(data) - self.at >= LIMIT_CHUNK_LINE:
                    raise FramingError(400, "framing", "a chunk's size is too long")
                return False
            line = bytes(data[self.at : line_end])
            chunk = _CHUNK.fullmatch(line[:-1]) if line.endswith(b"\r") else None
            if chunk is None:
                raise FramingError(400, "framing", "a chunk's size is malformed")
            if not self._take(data, line_end + 1, int(chunk[1], 16), limit_body):
                return False
        return True

    def _take(self, data: bytes | bytearray, start: int, size: int, limit_body: int) -> bool:
        """One chunk; False when it has not come whole."""
        if len(self.body) + size > limit_body:
            raise FramingError(413, "too_large", f"at most {limit_body} octets are accepted")
        end = start + size
        after = bytes(data[end : end + 2])
        if after and not b"\r\n".startswith(after):
            what = "a chunk is longer than it says" if size else "trailer fields are not taken"
            raise FramingError(400, "framing", what)
        if len(after) < 2:
            return False
        self.count += 1
        if self.count > LIMIT_CHUNKS:
            raise FramingError(400, "framing", f"at most {LIMIT_CHUNKS} chunks")
        self.body += data[start:end]
        self.at = end + 2
        self.over = size == 0
        return True


def whole_requests(data: bytes | bytearray) -> int | None:
    """How many requests the octets are, if they are whole ones beyond doubt, and nothing else.

    For whoever refuses them unread: it looks for nothing but their borders. None: cannot be told
    without reading; the connection must be closed then.
    """
    start, size, count = 0, len(data), 0
    while start < size:
        end = data.find(b"\r\n\r\n", start, start + LIMIT_HEAD)
        if end < 0:
            return None
        # With the end of its last line, which is a field's like any other.
        head = data[start : end + 2].lower()
        start = end + 4
        # Whatever else could speak of the body's end, in any spelling, is not looked into.
        if b"transfer-encoding" in head or b"\nconnection" in head or b"\nexpect" in head:
            return None
        if head.startswith(b"head") or b" http/1.1\r\n" not in head:
            return None
        if head.count(b"\n") != head.count(b"\r\n"):
            return None
        at = head.find(b"content-length")
        if at >= 0:
            length = _LENGTH_LINE.match(head, at - 2)
            if length is None or head.find(b"content-length", at + 1) >= 0:
                return None
            start += int(length[1])
        count += 1
    return count if start == size else None


_LENGTH_LINE = re.compile(rb"\r\ncontent-length: ?([0-9]{1,6})\r\n")
