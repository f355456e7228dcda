"""Where URIs are reached: the procedure of RFC 3263, with the example of its §4.1."""

from collections import Counter

import pytest

from calleq.sip.locating import Kind, Naptr, Question, Record, Srv, locate
from calleq.sip.transaction import Target
from calleq.sip.uri import SipUri, parse_uri

ZONE: dict[Question, list[Record]] = {
    Question(Kind.NAPTR, "example.com"): [
        Naptr(90, 50, "s", "SIP+D2T", "_sip._tcp.example.com"),
        Naptr(100, 50, "s", "SIP+D2U", "_sip._udp.example.com"),
        Naptr(50, 50, "s", "SIPS+D2T", "_sips._tcp.example.com"),
        Naptr(10, 10, "u", "E2U+sip", ""),
    ],
    Question(Kind.SRV, "_sip._tcp.example.com"): [
        Srv(0, 1, 5_060, "server1.example.com"),
        Srv(1, 2, 5_060, "server2.example.com"),
    ],
    Question(Kind.SRV, "_sip._udp.example.com"): [Srv(0, 0, 5_070, "server1.example.com.")],
    Question(Kind.SRV, "_sips._tcp.example.com"): [Srv(0, 0, 5_061, "server2.example.com")],
    Question(Kind.ADDRESS, "server1.example.com"): ["192.0.2.1", "2001:db8::1"],
    Question(Kind.ADDRESS, "server2.example.com"): ["192.0.2.2"],
    Question(Kind.ADDRESS, "plain.example"): ["192.0.2.9"],
    Question(Kind.SRV, "_sip._udp.none.example"): [Srv(0, 0, 0, ".")],
}


def located(text: str, *transports: str) -> tuple[list[Target], list[Question]]:
    """Targets, and what was asked."""
    uri = parse_uri(text)
    assert isinstance(uri, SipUri)
    steps = locate(uri, lambda: 0.5, transports or ("UDP", "TCP", "TLS"))
    asked: list[Question] = []
    records: list[Record] | None = None
    while True:
        try:
            question = steps.send(records) if records is not None else next(steps)
        except StopIteration as done:
            return done.value, asked
        asked.append(question)
        records = ZONE.get(question, [])


def test_the_domains_own_order_decides_among_the_transports_that_we_speak():
    targets, asked = located("sip:user@example.com", "TCP", "UDP")
    assert targets == [
        Target("192.0.2.1", 5_060, "TCP"),
        Target("2001:db8::1", 5_060, "TCP"),
        Target("192.0.2.2", 5_060, "TCP"),
        Target("192.0.2.1", 5_070, "UDP"),
        Target("2001:db8::1", 5_070, "UDP"),
    ]
    assert asked[0] == Question(Kind.NAPTR, "example.com")


def test_sips_comes_to_nothing_but_tls():
    targets, _ = located("sips:user@example.com")
    assert targets == [Target("192.0.2.2", 5_061, "TLS")]
    assert located("sips:user@192.0.2.7;transport=tcp")[0] == [Target("192.0.2.7", 5_061, "TLS")]
    assert located("sips:user@192.0.2.7;transport=udp")[0] == []
    assert located("sips:user@example.com", "UDP", "TCP") == ([], [])


@pytest.mark.parametrize(
    ("uri", "target"),
    [
        ("sip:192.0.2.7", Target("192.0.2.7", 5_060, "UDP")),
        ("sip:[2001:db8::7]:5080", Target("2001:db8::7", 5_080, "UDP")),
        ("sip:a@192.0.2.7;transport=tcp", Target("192.0.2.7", 5_060, "TCP")),
        ("sip:a@example.com;maddr=192.0.2.8", Target("192.0.2.8", 5_060, "UDP")),
    ],
)
def test_an_address_needs_no_question(uri: str, target: Target):
    assert located(uri) == ([target], [])


def test_a_port_needs_addresses_only_and_a_transport_no_naptr():
    assert located("sip:a@plain.example:5080") == (
        [Target("192.0.2.9", 5_080, "UDP")],
        [Question(Kind.ADDRESS, "plain.example")],
    )
    targets, asked = located("sip:a@example.com;transport=udp")
    assert targets[0] == Target("192.0.2.1", 5_070, "UDP")
    assert asked[0] == Question(Kind.SRV, "_sip._udp.example.com")


def test_without_naptr_each_service_is_asked_for_and_then_the_host_itself():
    targets, asked = located("sip:a@plain.example")
    assert targets == [Target("192.0.2.9", 5_060, "UDP")]
    assert [question.kind for question in asked] == [
        Kind.NAPTR,
        Kind.SRV,
        Kind.SRV,
        Kind.SRV,
        Kind.ADDRESS,
    ]
    assert located("sip:a@none.example;transport=udp")[0] == []


def test_weights_share_the_calls_among_hosts_of_one_priority():
    name = Question(Kind.SRV, "_sip._udp.w.example")
    records: list[Record] = [Srv(0, 3, 5_060, "192.0.2.3"), Srv(0, 1, 5_060, "192.0.2.1")]
    records.append(Srv(1, 9, 5_060, "192.0.2.9"))
    first: Counter[str] = Counter()
    for step in range(100):
        uri = parse_uri("sip:w.example;transport=udp")
        assert isinstance(uri, SipUri)
        steps = locate(uri, lambda step=step: (step + 0.5) / 100)
        assert next(steps) == name
        with pytest.raises(StopIteration) as done:
            steps.send(records)
        targets = done.value.value
        assert targets[-1].host == "192.0.2.9"
        first[targets[0].host] += 1
    assert first == {"192.0.2.3": 75, "192.0.2.1": 25}
