"""Addresses in place of numbers: one form of each, and who may be called."""

import pytest

from calleq.numbering import (
    IpAddress,
    NumberingError,
    SipUri,
    VoipPolicy,
    parse_address,
    parse_sip,
)


@pytest.mark.parametrize(
    ("text", "canonical", "host"),
    [
        ("sip:ann@example.com", "sip:ann@example.com", "example.com"),
        ("SIP:Ann@EXAMPLE.com.", "sip:Ann@example.com", "example.com"),
        ("sips:ann@a-b.example:5061", "sips:ann@a-b.example:5061", "a-b.example"),
        ("sip:192.0.2.7", "sip:192.0.2.7", "192.0.2.7"),
        ("sip:x@[2001:DB8:0::7]:5070", "sip:x@[2001:db8::7]:5070", "2001:db8::7"),
        ("sip:a%20b@h;transport=TCP", "sip:a%20b@h;transport=tcp", "h"),
    ],
)
def test_one_form_of_each(text: str, canonical: str, host: str) -> None:
    address = parse_address(text)
    assert isinstance(address, SipUri)
    assert (address, address.host) == (canonical, host)
    assert parse_address(address) == address


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("192.0.2.7", "sip:192.0.2.7"),
        ("2001:0db8::7", "sip:[2001:db8::7]"),
    ],
)
def test_an_address_alone_means_whoever_answers_there(text: str, uri: str) -> None:
    address = parse_address(text)
    assert isinstance(address, IpAddress)
    assert address.uri == uri


@pytest.mark.parametrize(
    "text",
    [
        "sip:",
        "sip:@",
        "sip:ann@",
        "sip:ann:secret@example.com",
        "sip:ann@example.com?Route=sip:evil.example",
        "sip:ann@example.com;maddr=127.0.0.1",
        "sip:ann@example.com;user=phone",
        "sip:ann@exa mple.com",
        "sip:ann@example.com\r\nVia: x",
        "sip:ann@127.1",
        "sip:ann@0x7f.0.0.1",
        "sip:ann@2130706433",
        "sip:ann@0177.0.0.1",
        "sip:ann@example.com:22",
        "sip:ann@example.com:70000",
        "sip:ann@-example.com",
        "sip:ann@example..com",
        "sip:ann@[::1",
        "sip:ann@[fe80::1%eth0]",
        "fe80::1%eth0",
        "sip:" + "a" * 40 + "@" + "b" * 60,
        "sip:ann@ex\u0430mple.com",
        "tel:+12125550100",
        "http://example.com",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(NumberingError):
        parse_address(text)


ALLOWED = ("example.com", ".voice.example", "192.0.2.0/24", "127.0.0.1", "2001:db8::/32")


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("sip:ann@example.com", True),
        ("sip:ann@www.example.com", False),
        ("sip:ann@a.b.voice.example", True),
        ("sip:ann@voice.example", False),
        ("sip:ann@evilvoice.example", False),
        ("sip:ann@example.com.evil.example", False),
        ("192.0.2.7", True),
        ("192.0.3.7", False),
        ("sip:127.0.0.1", True),
        ("sip:127.0.0.2", False),
        ("2001:db8::7", True),
        ("::1", False),
        ("sip:x@[::ffff:127.0.0.1]", True),
        ("sip:x@[::ffff:10.0.0.1]", False),
        ("sip:localhost", False),
        ("+12125550100", False),
        ("sip:+12125550100@example.com", True),
        ("sip:+19005550123@example.com", False),
    ],
)
def test_only_what_is_named_may_be_called(text: str, allowed: bool) -> None:
    assert VoipPolicy(ALLOWED).allows(parse_address(text)) is allowed


def test_without_a_word_of_the_operator_nobody_may() -> None:
    policy = VoipPolicy()
    assert not policy.is_offered
    assert not policy.allows(parse_address("sip:ann@example.com"))


@pytest.mark.parametrize(
    ("host", "found", "allowed"),
    [
        ("example.com", "93.184.216.34", True),
        ("example.com", "192.0.2.9", True),
        ("example.com", "127.0.0.1", True),
        ("example.com", "127.0.0.2", False),
        ("example.com", "10.1.2.3", False),
        ("example.com", "169.254.169.254", False),
        ("example.com", "::1", False),
        ("example.com", "::ffff:10.1.2.3", False),
        ("example.com", "224.0.0.5", False),
        ("example.com", "0.0.0.0", False),
        ("93.184.216.34", "93.184.216.34", False),
        ("example.com", "elsewhere.example", False),
    ],
)
def test_a_name_does_not_lead_into_networks_that_are_not_named(
    host: str, found: str, allowed: bool
) -> None:
    """Whoever has the name chooses where it leads."""
    assert VoipPolicy(ALLOWED).allows_found(host, found) is allowed


def test_every_name_is_every_name_of_the_public_internet() -> None:
    policy = VoipPolicy(("*",))
    assert policy.allows(parse_sip("sip:ann@anything.example"))
    assert not policy.allows(parse_sip("sip:192.0.2.7"))
    assert not policy.allows_found("anything.example", "192.168.1.1")


@pytest.mark.parametrize("text", ["Example.com", "10.0.0.1/8", "a b", "", ".", "sip:a", "10.0.0"])
def test_what_an_operator_cannot_mean_is_refused(text: str) -> None:
    with pytest.raises(NumberingError):
        VoipPolicy((text,))
