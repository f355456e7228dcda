"""The 49 torture messages of RFC 4475, each with the verdict that the RFC gives."""

import os
import pathlib

import pytest

from calleq.sip.bounds import SipError
from calleq.sip.checks import Abilities, check_response, refusal
from calleq.sip.framer import StreamFramer
from calleq.sip.message import Request, Response, parse

CORPUS = pathlib.Path(os.environ.get("CALLEQ_CORPORA", "")) / "rfc4475"

pytestmark = pytest.mark.skipif(
    not os.environ.get("CALLEQ_CORPORA") or not CORPUS.is_dir(),
    reason="CALLEQ_CORPORA names no directory with rfc4475",
)

ODD_METHODS = ("MESSAGE", "RE%47IST%45R", "!interesting-Method0123456789_*+`.%indeed'~")
"""Methods of valid messages: whether they are served is not what the RFC asks there."""
SERVER = Abilities(methods=(*Abilities().methods, *ODD_METHODS), body_types=("application/sdp",))

ACCEPTED = 0
DROPPED = -1

VERDICTS = {
    # 3.1.1 valid messages
    "wsinv": ACCEPTED,
    "intmeth": ACCEPTED,
    "esc01": ACCEPTED,
    "escnull": ACCEPTED,
    "esc02": ACCEPTED,
    "lwsdisp": ACCEPTED,
    "longreq": ACCEPTED,
    "dblreq": ACCEPTED,
    "semiuri": ACCEPTED,
    "transports": ACCEPTED,
    "mpart01": ACCEPTED,
    "unreason": ACCEPTED,
    "noreason": ACCEPTED,
    # 3.1.2 invalid messages
    "badinv01": 400,
    "clerr": 400,
    "ncl": 400,
    "scalar02": 400,
    "scalarlg": DROPPED,
    "quotbal": 400,
    "ltgtruri": 400,
    "lwsruri": 400,
    "lwsstart": 400,
    "trws": 400,
    "escruri": 400,
    "baddate": ACCEPTED,  # "an element ... could ignore this value altogether"
    "regbadct": 400,
    "badaspec": 400,
    "baddn": 400,
    "badvers": 505,
    "mismatch01": 400,
    "mismatch02": 501,
    "bigcode": DROPPED,
    # 3.2 transaction layer
    "badbranch": 400,
    # 3.3 application layer
    "insuf": 400,
    "unkscm": 416,
    "novelsc": 416,
    "unksm2": 400,
    "bext01": 420,
    "invut": 415,
    "regaut01": ACCEPTED,  # and challenged: see test_sip_digest
    "multi01": 400,
    "mcl01": 400,
    "bcast": DROPPED,
    "zeromf": ACCEPTED,  # by an endpoint; a proxy answers 483
    "cparam01": ACCEPTED,
    "cparam02": ACCEPTED,
    "regescrt": ACCEPTED,
    "sdp01": 406,
    # 3.4 backward compatibility
    "inv2543": ACCEPTED,
}


def octets_of(name: str) -> bytes:
    return (CORPUS / f"{name}.dat").read_bytes()


def verdict_on(octets: bytes, server: Abilities) -> int:
    try:
        message = parse(octets)
        if isinstance(message, Response):
            check_response(message)
            return ACCEPTED
    except SipError:
        return DROPPED
    refused = refusal(message, server)
    return ACCEPTED if refused is None else refused.status


def test_every_message_of_the_rfc_has_a_verdict():
    assert len(VERDICTS) == 49
    assert {path.stem for path in CORPUS.glob("*.dat")} - {"test"} == set(VERDICTS)


@pytest.mark.parametrize("name", VERDICTS)
def test_each_message_gets_the_verdict_of_the_rfc(name: str):
    server = Abilities(
        methods=SERVER.methods,
        body_types=(*SERVER.body_types, "multipart/mixed")
        if name == "mpart01"
        else ("application/sdp",),
    )
    assert verdict_on(octets_of(name), server) == VERDICTS[name]


@pytest.mark.parametrize("name", [name for name, verdict in VERDICTS.items() if verdict >= 400])
def test_what_is_refused_can_be_answered(name: str):
    request = parse(octets_of(name))
    assert isinstance(request, Request)
    refused = refusal(request, SERVER)
    assert refused is not None
    answer = parse(refused.response(request, "here").encode())
    assert isinstance(answer, Response)
    assert (answer.status, answer.flaw) == (VERDICTS[name], "")
    assert answer.fields["via"] == request.fields["via"]


@pytest.mark.parametrize(
    "name", [name for name, verdict in VERDICTS.items() if verdict == ACCEPTED]
)
def test_what_is_accepted_reads_the_same_once_written_again(name: str):
    message = parse(octets_of(name))
    again = parse(message.encode())
    told = {**message.fields}
    told.pop("content-length", None)
    again.fields.pop("content-length")
    assert again.fields == told
    assert again.body == message.body
    assert str(again.caller) == str(message.caller)
    assert [*map(str, again.vias)] == [*map(str, message.vias)]


def test_the_unusual_values_of_valid_messages_are_read_as_meant():
    wsinv = parse(octets_of("wsinv"))
    assert wsinv.caller.display == 'J Rosenberg \\"'
    assert wsinv.caller.tag == "98asjd8"
    assert (wsinv.cseq.number, wsinv.number("max-forwards", 255)) == (9, 68)
    assert [via.transport for via in wsinv.vias] == ["UDP", "TCP", "UDP"]
    (contact,) = wsinv.addresses("contact")
    assert contact.display == 'Quoted string ""'
    assert contact.parameters["q"] == "0.33"
    esc01 = parse(octets_of("esc01"))
    assert isinstance(esc01, Request)
    assert esc01.uri.unescaped_user == "sips:user@example.com"
    semiuri = parse(octets_of("semiuri"))
    assert isinstance(semiuri, Request)
    assert semiuri.uri.user == "user;par=u%40example.net"
    assert semiuri.uri.host == "example.com"
    (first,) = parse(octets_of("cparam01")).addresses("contact")
    (second,) = parse(octets_of("cparam02")).addresses("contact")
    assert "unknownparam" in first.parameters
    assert second.uri.parameter("unknownparam") == ""
    assert parse(octets_of("dblreq")).body == b""
    assert len(parse(octets_of("esc02")).fields["c%6fntact"]) == 1


def test_over_a_stream_two_messages_are_two_and_a_useless_length_ends_it():
    stream = StreamFramer()
    octets = octets_of("dblreq")
    cut = [message for at in range(len(octets)) for message in stream.receive(octets[at : at + 1])]
    first, second, rest = cut
    assert [parse(octets).cseq.method for octets in (first, second)] == ["REGISTER", "INVITE"]
    assert rest == b"C\r\n\r\n", "the second message's own length is one octet too small"
    waiting = StreamFramer()
    assert waiting.receive(octets_of("clerr")) == []
    assert waiting.broken == ""
    for name in ("ncl", "mcl01", "inv2543"):
        stream = StreamFramer()
        (head,) = stream.receive(octets_of(name))
        assert stream.broken
        assert stream.receive(octets) == []
        assert isinstance(parse(head), Request)
