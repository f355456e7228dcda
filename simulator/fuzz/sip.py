"""SIP messages and session descriptions under mutation."""

import re

from calleq.sip import crypto, fields, grammar, message, sdp, uri
from calleq.sip.bounds import SipError
from calleq.sip.checks import Abilities, check_response, refusal
from calleq.sip.dialog import as_called, as_caller
from calleq.sip.digest import Challenge, answer, parse_challenge, parse_credentials
from calleq.sip.fields import parse_name_address, parse_rack, parse_reason
from calleq.sip.message import Message, Request, Response, parse
from calleq.sip.negotiation import Local, offer
from calleq.sip.negotiation import answer as answered
from calleq.sip.sdp import parse_description
from calleq.sip.session_timer import accept
from simulator.fuzz.coverage_of import functions_of
from simulator.fuzz.target import Target

HEADER_OCTETS = 15
_START = re.compile(rb"[A-Z]+ \S+ SIP/2\.0\r\n|SIP/2\.0 [1-6][0-9]{2} [^\r\n]*\r\n")
_CREDENTIALS = answer(Challenge("b", "n0", "MD5"), "bob", "x", "INVITE", "sip:bob@b", cnonce="c")
_KEY = crypto.Crypto(1, "AES_CM_128_HMAC_SHA1_80", bytes(range(30)))
_LOCAL = Local(7, 1, "192.0.2.9", 5_000, crypto=(_KEY,))

_DIALOG = (
    'v: SIP/2.0/UDP h:5070;branch=z9hG4bK7;rport\r\nf: "A, B" <sip:a@b>;tag=1\r\n'
    "t: <sip:bob@b{}>{}\r\ni: 8@h\r\nCSeq: 7 {}\r\n"
)


def _sample(start: str, method: str, more: str, body: str = "", tag: str = "") -> bytes:
    head = f"{start}\r\n{_DIALOG.format(';lr?x=1' if not tag else '', tag, method)}{more}"
    return f"{head}l: {len(body)}\r\n\r\n{body}".encode()


def samples() -> list[bytes]:
    """Requests and answers with the fields that calls and registrations have."""
    body = "v=0\r\n"
    return [
        _sample(
            "INVITE sip:bob@b SIP/2.0",
            "INVITE",
            "Max-Forwards: 70\r\nm: <sip:a@10.0.0.1:5;ob>;q=0.3\r\nx: 1800;refresher=uac\r\n"
            "k: timer,100rel\r\nRecord-Route: <sip:p;lr>, <sips:q:6;lr>\r\nc: application/sdp\r\n",
            body,
        ),
        _sample(
            "REGISTER sip:b:5060;user=phone SIP/2.0",
            "REGISTER",
            f"m: *\r\nAuthorization: {_CREDENTIALS}\r\n",
        ),
        _sample(
            "PRACK tel:+1-201;x=y SIP/2.0",
            "PRACK",
            "RAck: 7 8 INVITE\r\nVia:\r\n  SIP/2.0/TCP\r\n x\r\n",
        ),
        _sample(
            "SIP/2.0 200 OK",
            "INVITE",
            "Contact: sip:[2001:db8::1]:5;b\r\nRecord-Route: <sip:p;lr>\r\n"
            'Reason: Q.850;cause=16;text="x \\" y"\r\nAccept: a/b , c\r\n',
            body,
            ";tag=2",
        ),
        _sample(
            "SIP/2.0 401 No",
            "REGISTER",
            f"WWW-Authenticate: {Challenge('b', 'n0', 'SHA-256', ('auth',), True, 'o')}\r\n",
            tag=";tag=2",
        ),
    ]


def _decode(octets: bytes) -> object:
    read = parse(octets)
    if isinstance(read, Response):
        check_response(read)
    else:
        refused = refusal(read, Abilities())
        if refused is not None:
            again = parse(refused.response(read, "t").encode())
            assert isinstance(again, Response), octets
            raise SipError(refused.text)
    _read_fields(read)
    written = parse(read.encode())
    assert not written.flaw, octets
    assert written.fields | {"content-length": []} == read.fields | {"content-length": []}, octets
    assert (written.start_line(), written.body) == (read.start_line(), read.body), octets
    return written


def _read_fields(read: Message) -> None:
    """Everything that is typed; what is an address is the same once written again."""
    names = ("contact", "route", "record-route") if read.first("contact") != "*" else ()
    for name in names:
        for address in read.addresses(name):
            assert parse_name_address(str(address)) == address, str(address)
    for via in read.vias:
        assert fields.parse_via(str(via)) == via
    for value in read.values("reason"):
        assert parse_reason(str(parse_reason(value))) == parse_reason(value)
    for line in read.fields.get("rack", ()):
        parse_rack(line)
    for line in read.fields.get("authorization", ()):
        shown = parse_credentials(line)
        assert shown is None or parse_credentials(str(shown)) == shown
    for line in read.fields.get("www-authenticate", ()):
        asked = parse_challenge(line)
        assert asked is None or parse_challenge(str(asked)) == asked
    if read.cseq.method == "INVITE":
        if isinstance(read, Request):
            accept(read, 0)
            as_called(read, "t")
        elif isinstance(read, Response):
            as_caller(Request("INVITE", "sip:bob@b", read.fields), read)


def target() -> Target:
    """SIP."""
    return Target(
        name="sip",
        samples=samples(),
        header_octets=HEADER_OCTETS,
        past_header=lambda octets: _START.match(octets) is not None,
        decode=_decode,
        refusal=SipError,
        decoder=(
            *functions_of(message, "_counted", "_request", "_response"),
            *functions_of(fields, "parse_"),
            *functions_of(uri, "parse_uri", "_parse_sip", "_parse_tel"),
            *functions_of(grammar, "parse_assignments", "unquote", "parse_number"),
        ),
        forget=message.forget_what_was_read,
    )


_SDP = b"v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\n"


def sdp_samples() -> list[bytes]:
    """Offers of ours and of others."""
    return [
        offer(_LOCAL).encode(),
        _SDP + b"c=IN IP6 2001:db8::1\r\nt=0 0\r\na=sendonly\r\nm=audio 4000 RTP/AVP 0 8 101\r\n"
        b"a=rtpmap:101 telephone-event/8000/1\r\na=fmtp:101 0-15\r\na=ptime:30\r\na=x\r\n",
        _SDP + b"m=video 0 RTP/AVP 31\r\nm=audio 4002/2 RTP/AVP 8 x\r\nc=IN IP4 192.0.2.7/127\r\n"
        b"a=inactive\r\na=rtcp:4003\r\n",
    ]


def _decode_sdp(octets: bytes) -> object:
    read = parse_description(octets)
    again = parse_description(read.encode())
    assert [s.port for s in again.streams] == [s.port for s in read.streams], octets
    assert [s.encodings for s in again.streams] == [s.encodings for s in read.streams], octets
    made, agreed = answered(read, _LOCAL)
    assert len(made.streams) == len(read.streams), octets
    told = parse_description(made.encode()).streams
    for one, other in zip(made.streams, told, strict=True):
        assert (one.refused and other.refused) or one == other, octets
    return agreed


def sdp_target() -> Target:
    """SDP, and the answer to it."""
    return Target(
        name="sdp",
        samples=sdp_samples(),
        header_octets=5,
        past_header=lambda octets: octets.startswith((b"v=0\r\n", b"v=0\n")),
        decode=_decode_sdp,
        refusal=SipError,
        decoder=(
            *functions_of(sdp, "_description", "_identifier", "_address", "_encoding", "_known"),
            *functions_of(crypto, "parse_crypto"),
        ),
        forget=sdp.forget_encodings,
    )
