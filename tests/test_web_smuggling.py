"""Request smuggling: thousands of ways to say two things about where a request ends.

Each goes to a real site over a socket of its own, which then closes its half. Whatever it is: the
requests that the site acts upon are those that h11, which nobody here wrote, reads in the same
octets, in the same order, or fewer; each is answered once; and where one was refused, that was the
last answer and the connection is closed.
"""

import asyncio
import itertools
import random
from collections.abc import Iterator

import h11

from tests.front_scene import PATIENCE_S, Site, Wire, serving

REFUSALS = (400, 408, 413, 414, 417, 431, 501, 505)
HIDDEN = b"POST /direct HTTP/1.1\r\nHost: evil\r\nContent-Length: 6\r\n\r\nhidden"

LENGTHS = (
    *(b"5", b"0", b"05", b"+5", b"-5", b"5.0", b"5e0", b"0x5", b"5,5", b"5, 5", b"5,6", b"5;"),
    *(b"5 ", b"5\t", b"5 5", b"", b" ", b'"5"', b"five", b"5\x0b", b"5\x00", b"\xd9\xa5", b"6"),
    *(b"4", b"99", b"9" * 30, b"18446744073709551621", b"4294967301", b"0 5", b"5\r\n 0", b"5\r0"),
)
CODINGS = (
    *(b"chunked", b"Chunked", b"CHUNKED", b"chunked ", b"\tchunked", b" chunked", b"chunked\t"),
    *(b"xchunked", b"chunkedx", b"chunk", b"chunked, identity", b"identity, chunked", b"identity"),
    *(b"chunked, chunked", b"chunked,", b",chunked", b"chunked;q=1", b'"chunked"', b"'chunked'"),
    *(b"chunked\x00", b"\x0bchunked", b"chunked\x0b", b"ch\x00unked", b"gzip, chunked", b""),
    *(b"chunked\r\n identity", b"\r\n chunked", b"chun\xe7ked", b"cow", b"chunked\xa0", b"0"),
)
LENGTH_NAMES = (
    *(b"Content-Length:", b"content-length:", b"CONTENT-LENGTH:", b"Content-Length :"),
    *(b" Content-Length:", b"Content-Length\t:", b"Content_Length:", b"Content-Length\x00:"),
    *(b"X-Content-Length:", b"Content-Length", b"\x0bContent-Length:", b"Content-\xa0Length:"),
    *(b"Content-Length::", b"X: y\nContent-Length:", b"X: y\rContent-Length:", b":Content-Length:"),
)
CODING_NAMES = (
    *(b"Transfer-Encoding:", b"transfer-encoding:", b"Transfer-Encoding :", b" Transfer-Encoding:"),
    *(b"Transfer_Encoding:", b"Transfer-Encoding\t:", b"Transfer-Encoding\x00:", b"TE:"),
    *(b"X: y\nTransfer-Encoding:", b"X: y\rTransfer-Encoding:", b"Transfer-Encoding\r\n :"),
    *(b"X:\r\n Transfer-Encoding:", b"Transfer-Encoding", b"\tTransfer-Encoding:"),
)
CHUNKS = (
    *(b"5\r\nhello\r\n0\r\n\r\n", b"0\r\n\r\n", b"0\r\n\r\n" + HIDDEN, b"5\r\nhello\r\n0\r\n"),
    *(
        b"5;a=b\r\nhello\r\n0\r\n\r\n",
        b'5;a="b;\r\n"\r\nhello\r\n0\r\n\r\n',
        b"5 \r\nhello\r\n0\r\n\r\n",
    ),
    *(
        b"5;\nhello\r\n0\r\n\r\n",
        b"5\nhello\n0\n\n",
        b"5\rhello\r0\r\r",
        b"0x5\r\nhello\r\n0\r\n\r\n",
    ),
    *(b"+5\r\nhello\r\n0\r\n\r\n", b"-1\r\nhello\r\n0\r\n\r\n", b"5\r\nhelloX\r\n0\r\n\r\n"),
    *(b"5\r\nhell\r\n0\r\n\r\n", b"05\r\nhello\r\n00\r\n\r\n", b"5\r\nhello0\r\n\r\n"),
    *(b"100000005\r\nhello\r\n0\r\n\r\n", b"FFFFFFFFFFFFFFFB\r\nhello\r\n0\r\n\r\n"),
    *(b"5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n", b"5\r\nhello\r\n0\r\nX: y\r\n\r\n" + HIDDEN),
    *(
        b"\r\n5\r\nhello\r\n0\r\n\r\n",
        b"5\r\nhello\r\n\r\n0\r\n\r\n",
        b"\xd9\xa5\r\nhello\r\n0\r\n\r\n",
    ),
    *(b"5_0\r\nhello\r\n0\r\n\r\n", b"5\x00\r\nhello\r\n0\r\n\r\n", b"0\r\n\r\n\r\n" + HIDDEN),
    *(
        b"5\t\r\nhello\r\n0\r\n\r\n",
        b"5\r\nhello\r\n0;x\r\n\r\n",
        b"0\r\n\n" + HIDDEN,
        b"0\n\r\n" + HIDDEN,
    ),
)
PLAIN_BODIES = (
    b"hello",
    b"",
    b"hell",
    b"hello" + HIDDEN,
    HIDDEN,
    b"5\r\nhello\r\n0\r\n\r\n" + HIDDEN,
)
LINES = (
    *(b"POST /direct HTTP/1.1", b"GET /direct HTTP/1.1", b"POST /direct HTTP/1.0"),
    *(
        b"POST /direct HTTP/1.2",
        b"POST /direct HTTP/2.0",
        b"POST /direct HTTP/0.9",
        b"POST /direct",
    ),
    *(b"POST  /direct HTTP/1.1", b"POST\t/direct\tHTTP/1.1", b" POST /direct HTTP/1.1"),
    *(b"POST /direct  HTTP/1.1", b"POST /direct HTTP/1.1 ", b"POST /dir ect HTTP/1.1"),
    *(b"post /direct HTTP/1.1", b"POST /direct http/1.1", b"POST /direct HTTP/1,1"),
    *(b"POST /direct HTTP/1.1\r", b"POST /direct HTTP/1.1\x00", b"POST /di\x00rect HTTP/1.1"),
    *(
        b"POST /direct#x HTTP/1.1",
        b"POST http://a/direct HTTP/1.1",
        b"POST http://a@b/direct HTTP/1.1",
    ),
    *(
        b"POST //direct HTTP/1.1",
        b"POST direct HTTP/1.1",
        b"POST * HTTP/1.1",
        b"OPTIONS * HTTP/1.1",
    ),
    *(
        b"CONNECT a:80 HTTP/1.1",
        b"PRI * HTTP/2.0",
        b"POST /direct HTTP/1.11",
        b"P\xd6ST /direct HTTP/1.1",
    ),
    *(b"POST /direct HTTP/+1.1", b"\x00POST /direct HTTP/1.1", b"POST /direct\x0bHTTP/1.1"),
)
HOSTS = (
    *(b"Host: a\r\n", b"", b"Host: a\r\nHost: a\r\n", b"Host: a\r\nHost: b\r\n", b"Host : a\r\n"),
    *(
        b"Host:\r\n",
        b"Host: a b\r\n",
        b" Host: a\r\n",
        b"Host: a\r\n b\r\n",
        b"host: a\n",
        b"Host: a\r",
    ),
)


def crossed() -> Iterator[bytes]:
    """Every length with every coding, in both orders, over bodies that suit one, both, neither."""
    start = b"POST /direct HTTP/1.1\r\nHost: a\r\n"
    for length, coding in itertools.product(LENGTHS, CODINGS):
        one, other = b"Content-Length: " + length, b"Transfer-Encoding: " + coding
        for lines in ((one, other), (other, one)):
            yield start + b"\r\n".join(lines) + b"\r\n\r\n" + CHUNKS[2]


def alone() -> Iterator[bytes]:
    """Each oddity by itself, before a body and a hidden request."""
    start = b"POST /direct HTTP/1.1\r\nHost: a\r\n"
    for name, length in itertools.product(LENGTH_NAMES, LENGTHS):
        yield start + name + b" " + length + b"\r\n\r\nhello" + HIDDEN
    for name, coding in itertools.product(CODING_NAMES, CODINGS):
        yield start + name + b" " + coding + b"\r\n\r\n" + CHUNKS[0] + HIDDEN
    for first, second in itertools.product(LENGTHS, LENGTHS[:12]):
        both = b"Content-Length: %b\r\nContent-Length: %b\r\n\r\n" % (first, second)
        yield start + both + b"hello" + HIDDEN
    for chunks in CHUNKS:
        yield start + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + HIDDEN
    for line, host in itertools.product(LINES, HOSTS):
        yield line + b"\r\n" + host + b"Content-Length: 5\r\n\r\nhello" + HIDDEN


def drawn(count: int, seed: int) -> Iterator[bytes]:
    """Everything mixed, and octets changed here and there."""
    draw = random.Random(seed)
    odd = (
        b"\r",
        b"\n",
        b"\r\n",
        b"\x00",
        b" ",
        b"\t",
        b":",
        b"\x0b",
        b"\xa0",
        b"\r\n ",
        b"0",
        b";",
    )
    for _ in range(count):
        fields = [draw.choice(HOSTS[:2])]
        for names, values in ((LENGTH_NAMES, LENGTHS), (CODING_NAMES, CODINGS)):
            for _ in range(draw.choice((0, 1, 1, 2))):
                fields.append(draw.choice(names[:4]) + b" " + draw.choice(values) + b"\r\n")
        draw.shuffle(fields)
        if draw.random() < 0.2:
            fields.append(b"Connection: " + draw.choice((b"close", b"keep-alive", b"TE")) + b"\r\n")
        body = draw.choice(CHUNKS + PLAIN_BODIES)
        line = LINES[0] if draw.random() < 0.8 else draw.choice(LINES)
        octets = bytearray(line + b"\r\n" + b"".join(fields) + b"\r\n" + body + HIDDEN)
        for _ in range(draw.choice((0, 0, 1, 2))):
            at = draw.randrange(len(octets))
            octets[at : at + draw.choice((0, 1, 2))] = draw.choice(odd)
        yield bytes(octets)


def read_by_h11(octets: bytes) -> list[tuple[str, str, bytes]]:
    """The requests that h11 reads before it gives up."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=32 * 1024)
    connection.receive_data(octets)
    connection.receive_data(b"")
    requests: list[tuple[str, str, bytes]] = []
    method = target = ""
    body = b""
    while True:
        try:
            event = connection.next_event()
        except h11.RemoteProtocolError:
            return requests
        if isinstance(event, h11.Request):
            method, target, body = event.method.decode(), event.target.decode(), b""
            if target.startswith("http://"):
                target = "/" + target.removeprefix("http://").partition("/")[2]
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            requests.append((method, target, body))
            if method == "CONNECT":
                return requests
            connection.send(h11.Response(status_code=200, headers=[("content-length", "0")]))
            connection.send(h11.EndOfMessage())
            if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                return requests
            connection.start_next_cycle()
        else:
            return requests


def answers_in(octets: bytes) -> list[int]:
    """The statuses of the answers, each whole, and nothing behind the last."""
    statuses: list[int] = []
    while octets:
        head, end, octets = octets.partition(b"\r\n\r\n")
        assert end, "an answer is whole"
        lines = head.lower().split(b"\r\n")
        lengths = [int(line[15:]) for line in lines if line.startswith(b"content-length:")]
        assert len(lengths) == 1
        assert len(octets) >= lengths[0]
        octets = octets[lengths[0] :]
        statuses.append(int(lines[0].split()[1]))
    return statuses


def check(octets: bytes, said: bytes, acted: list[tuple[str, str, bytes]]) -> None:
    statuses = answers_in(said)
    served = [status for status in statuses if status < 400]
    refused = [status for status in statuses if status in REFUSALS]
    assert len(served) == len(acted), octets
    assert refused in ([], statuses[-1:]), octets
    second_opinion = [
        request
        for request in read_by_h11(octets)
        if request[0] in ("GET", "POST") and request[1].startswith("/")
    ]
    assert acted == second_opinion[: len(acted)], octets


def play(cases: list[bytes]) -> int:
    """Send each by itself; how many requests were acted upon."""

    async def one(site: Site, octets: bytes) -> int:
        before = len(site.asked)
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(octets)
        writer.write_eof()
        said = await Wire(reader, writer).rest()
        writer.close()
        acted = site.asked[before:]
        check(octets, said, acted)
        return len(acted)

    async def all_of_them() -> int:
        async with serving(per_turn=1_000, burst=1_000) as site:
            async with asyncio.timeout(len(cases) / 50 + PATIENCE_S):
                return sum([await one(site, octets) for octets in cases])

    return asyncio.run(all_of_them())


def test_length_and_coding_crossed_are_one_answer_or_a_closed_connection():
    cases = list(crossed())
    assert len(cases) > 1_800
    assert play(cases) == 0, "none of them is a request that can be trusted"


def test_each_oddity_by_itself_is_one_answer_or_a_closed_connection():
    cases = list(alone())
    assert len(cases) > 1_500
    assert play(cases) > 100, "some are plain after all"


def test_everything_mixed_is_one_answer_or_a_closed_connection():
    assert play(list(drawn(3_000, seed=72))) > 50
