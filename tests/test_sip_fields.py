"""Addresses, Via and the other fields: the examples of RFC 3261 and what is refused."""

import pytest

from calleq.sip.bounds import HEAD_OCTETS_LIMIT, VALUES_LIMIT, SipError
from calleq.sip.checks import Abilities, refusal
from calleq.sip.fields import (
    RAck,
    answer_target,
    parse_cseq,
    parse_name_address,
    parse_rack,
    parse_reason,
    parse_via,
    received_via,
)
from calleq.sip.framer import StreamFramer
from calleq.sip.grammar import parse_parameters, split_values
from calleq.sip.message import Request, Response, parse, respond
from calleq.sip.uri import OpaqueUri, SipUri, TelUri, escape_user, parse_uri, same_address

SAME = [  # RFC 3261 §19.1.4
    ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
    ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
    ("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"),
    (
        "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
        "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
    ),
    (
        "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
        "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
    ),
    ("tel:+1-201-555-0123", "tel:+12015550123"),
]
DIFFERENT = [
    ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
    ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
    ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
    ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
    ("sip:a@b", "sips:a@b"),
    ("sip:a@b", "sip:a:secret@b"),
    ("tel:7042;phone-context=example.com", "tel:7042"),
    ("sip:+1@b", "tel:+1"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_addresses_that_the_rfc_calls_the_same(one: str, other: str):
    assert same_address(parse_uri(one), parse_uri(other))


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_addresses_that_the_rfc_calls_different(one: str, other: str):
    assert not same_address(parse_uri(one), parse_uri(other))


@pytest.mark.parametrize(
    "text",
    [
        "sip:alice@atlanta.com",
        "sip:alice:secretword@atlanta.com;transport=tcp",
        "sips:alice@atlanta.com?subject=project%20x&priority=urgent",
        "sip:+1-212-555-1212:1234@gateway.com;user=phone",
        "sips:1212@gateway.com",
        "sip:alice@192.0.2.4",
        "sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com",
        "sip:alice;day=tuesday@atlanta.com",
        "sip:[2001:db8::9:1]:5070;lr",
        "tel:7042;phone-context=example.com",
        "tel:+1-201-555-0123",
    ],
)
def test_the_addresses_of_the_rfcs_are_written_as_they_were_read(text: str):
    assert str(parse_uri(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "alice",
        "sip:",
        "sip:@",
        "sip:a@",
        "sip:a b@c",
        "sip:a@b:0",
        "sip:a@b:70000",
        "sip:a@b;",
        "sip:a@b;x;x",
        "sip:a@b?x",
        "sip:%4@b",
        "sip:a@[1",
        "tel:",
        "tel:+",
        "tel:abcxyz",
        "sip:" + "a" * 5_000 + "@b",
        "sip:a@b" + ";p" * 70,
    ],
)
def test_what_is_no_address_is_refused(text: str):
    with pytest.raises(SipError):
        parse_uri(text)


def test_parts_of_an_address_are_at_hand():
    uri = parse_uri("sip:%2B1%20x@b.c:5070;user=phone;lr")
    assert isinstance(uri, SipUri)
    assert (uri.unescaped_user, uri.port, uri.parameter("user")) == ("+1 x", 5070, "phone")
    assert (uri.parameter("lr"), uri.parameter("ttl")) == ("", None)
    assert escape_user("a b@c") == "a%20b%40c"
    assert parse_uri("http://x") == OpaqueUri("http://x")
    number = parse_uri("tel:+1(201)555.0123")
    assert isinstance(number, TelUri)
    assert number.digits == "+12015550123"


def test_names_and_parameters_are_read_with_and_without_brackets():
    shown = parse_name_address('"A. \\"G.\\" Bell" <sip:agb@bell-telephone.com> ;tag=a48s')
    assert (shown.display, shown.tag) == ('A. "G." Bell', "a48s")
    assert parse_name_address(str(shown)) == shown
    plain = parse_name_address("sip:+12125551212@server.phone2net.com;tag=887s")
    assert plain.tag == "887s"
    assert isinstance(plain.uri, SipUri)
    assert plain.uri.parameters == ()
    assert parse_name_address("Anonymous <sip:c8oqz84zk7z@privacy.org>").display == "Anonymous"
    for wrong in ("", "<>", '"x <sip:a@b>', "<sip:a@b", "<sip:a@b>;;", "<sip:a@b> x"):
        with pytest.raises(SipError):
            parse_name_address(wrong)


def test_commas_between_quotes_and_brackets_separate_nothing():
    line = '"Bell, A" <sip:a@b?x=1>;q=1 , <sip:c,d@e>'
    assert split_values(line) == ['"Bell, A" <sip:a@b?x=1>;q=1', "<sip:c,d@e>"]
    for wrong in ("a,,b", "a,", '"a,b', "<a,b", ",".join("a" * (VALUES_LIMIT + 1))):
        with pytest.raises(SipError):
            split_values(wrong)
    with pytest.raises(SipError):
        parse_parameters(";x=1;x=2")


def test_an_answer_goes_where_its_request_came_from():
    via = parse_via("SIP/2.0/UDP 10.1.1.1:4540;rport;branch=z9hG4bKkjshdyff")  # RFC 3581 §6
    marked = received_via(via, "192.0.2.1", 9_988)
    assert str(marked) == (
        "SIP/2.0/UDP 10.1.1.1:4540;rport=9988;branch=z9hG4bKkjshdyff;received=192.0.2.1"
    )
    assert answer_target(marked) == ("192.0.2.1", 9_988)
    plain = received_via(parse_via("SIP/2.0/UDP host.example.com;branch=z9hG4bK1"), "192.0.2.7", 7)
    assert answer_target(plain) == ("192.0.2.7", 5_060)
    here = parse_via("SIP/2.0/TLS 192.0.2.7;branch=z9hG4bK1")
    assert received_via(here, "192.0.2.7", 7) == here
    assert answer_target(here) == ("192.0.2.7", 5_061)
    assert answer_target(parse_via("SIP/2.0/UDP a:7;maddr=224.0.1.75")) == ("224.0.1.75", 7)
    assert parse_via("SIP/2.0/UDP [2001:db8::1]:5060;branch=x").host == "[2001:db8::1]"
    for wrong in ("", "SIP/2.0 a", "SIP/2.0/UDP", "SIP/2.0/UDP a:0", "SIP/2.0/UDP a;branch="):
        with pytest.raises(SipError):
            parse_via(wrong)


def test_numbers_have_their_limits():
    assert parse_cseq("4711 INVITE").number == 4_711
    assert parse_rack("776656 1 INVITE") == RAck(776_656, 1, "INVITE")
    for wrong in ("2147483648 INVITE", "INVITE", "-1 INVITE", "1"):
        with pytest.raises(SipError):
            parse_cseq(wrong)
    with pytest.raises(SipError):
        parse_rack("1 INVITE")


def test_reasons_of_rfc_3326_are_read():
    reason = parse_reason('SIP ;cause=200 ;text="Call completed elsewhere"')
    assert (reason.protocol, reason.cause, reason.text) == ("SIP", 200, "Call completed elsewhere")
    assert parse_reason(str(reason)) == reason
    assert parse_reason("Q.850;cause=16").cause == 16
    for wrong in ("", "Q.850;cause=x", "Q.850;cause=1000", "a b"):
        with pytest.raises(SipError):
            parse_reason(wrong)


OPTIONS = (
    b"OPTIONS sip:carol@chicago.com SIP/2.0\r\nVia: SIP/2.0/UDP pc33;branch=z9hG4bKhjhs8ass877\r\n"
    b"Max-Forwards: 70\r\nTo: <sip:carol@chicago.com>\r\nFrom: Alice <sip:a@b>;tag=1928\r\n"
    b"Call-ID: a84b4c76e66710\r\nCSeq: 63104 OPTIONS\r\nContact: <sip:alice@pc33>\r\n"
)


def test_options_is_answered_with_what_there_is_and_refer_is_refused():
    request = parse(OPTIONS + b"Accept: application/sdp\r\nContent-Length: 0\r\n\r\n")
    assert isinstance(request, Request)
    assert refusal(request, Abilities()) is None
    answer = parse(respond(request, 200, to_tag="93", fields=Abilities().fields()).encode())
    assert isinstance(answer, Response)
    assert (answer.status, answer.reason, answer.called.tag) == (200, "OK", "93")
    assert "UPDATE" in answer.values("allow")
    refer = parse(OPTIONS.replace(b"OPTIONS", b"REFER") + b"Refer-To: <sip:x@y>\r\n\r\n")
    assert isinstance(refer, Request)
    refused = refusal(refer, Abilities())
    assert refused is not None
    assert refused.status == 405
    assert "REFER" not in refused.response(refer, "93").values("allow")


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"SIP/2.0 99 x\r\n\r\n",
        b"SIP/3.0 200 OK\r\n\r\n",
        b"INVITE sip:a@b SIP/2.0\nVia: x\n\n",
        b"INVITE sip:a@b SIP/2.0\r\nX: a\nb\r\n\r\n",
        OPTIONS + b"X: y\r\n" * 300 + b"\r\n",
        OPTIONS + b"X: " + b"y" * HEAD_OCTETS_LIMIT + b"\r\n\r\n",
        bytes(70_000),
    ],
)
def test_what_cannot_be_answered_is_refused(octets: bytes):
    with pytest.raises(SipError):
        parse(octets)


def test_a_flaw_is_answered_400():
    for wrong in (b"Max-Forwards: 70\r\n", b"no field\r\n", b": x\r\n", b"Contact: <\r\n"):
        request = parse(OPTIONS + wrong + b"\r\n")
        assert isinstance(request, Request)
        refused = refusal(request, Abilities())
        assert refused is not None
        assert refused.status == 400, wrong


def test_a_stream_gives_messages_and_skips_keep_alives_and_breaks_at_its_limits():
    whole = OPTIONS + b"l: 4\r\n\r\nbody"
    stream = StreamFramer()
    assert stream.receive(b"\r\n\r\n" + whole + b"\r\n\r\n" + whole[:50]) == [whole]
    assert stream.receive(whole[50:-1]) == []
    assert stream.receive(whole[-1:]) == [whole]
    assert stream.receive(OPTIONS + b"l: 99999\r\n\r\n") != []
    assert stream.broken
    stream = StreamFramer()
    assert stream.receive(b"x" * (HEAD_OCTETS_LIMIT + 1)) == []
    assert stream.broken


def test_a_line_end_in_a_field_is_never_written():
    request = parse(OPTIONS + b"\r\n")
    for value in ("x\r\nEvil: y", "x\ny", "x\r"):
        request.fields["subject"] = [value]
        with pytest.raises(SipError):
            request.encode()


def test_empty_fields_are_nothing_and_an_empty_number_is_none():
    request = parse(OPTIONS + b"Require:\r\nk:\r\nExpires:\r\n\r\n")
    assert isinstance(request, Request)
    assert refusal(request, Abilities()) is None
    assert request.tokens("supported") == frozenset()
    with pytest.raises(SipError):
        request.number("expires", 10)
    assert parse(OPTIONS + b"Expires: 0000\r\n\r\n").number("expires", 10) == 0
