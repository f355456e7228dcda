"""tshark dissects what the builder writes, and reads the same values."""

import os
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from calleq.sip.checks import Abilities
from calleq.sip.crypto import Crypto
from calleq.sip.dialog import as_caller, make_request
from calleq.sip.digest import Challenge, answer
from calleq.sip.interworking import reason_of_cause
from calleq.sip.message import Request, Response, parse, respond
from calleq.sip.negotiation import Local, offer
from calleq.sip.reliable import ReliableAnswers
from calleq.sip.session_timer import ask
from calleq.sip.transaction import acknowledgement, cancellation
from tests.sip_wire import request

pytestmark = [
    pytest.mark.foreign("tshark"),
    pytest.mark.skipif(
        shutil.which("tshark") is None and not os.environ.get("CALLEQ_REQUIRE_FOREIGN"),
        reason="tshark is not installed",
    ),
]

CONTACT = {"contact": ["<sip:bob@192.0.2.9:5062;ob>"]}
SDP = {"content-type": ["application/sdp"]}
VOICE = Local(7, 1, "192.0.2.1", 4_000)
SECURE = Local(7, 2, "192.0.2.1", 4_000, crypto=(Crypto(1, "AES_CM_128_HMAC_SHA1_80", bytes(30)),))


def every_message() -> list[Request | Response]:
    """A message of each kind that the room makes."""
    plain = request("INVITE")
    described = offer(VOICE).encode()
    fields = {**plain.fields, **SDP, **ask(), **Abilities().fields(), "subject": ['"é, ü"']}
    invite = Request("INVITE", plain.target, fields, described)
    early = ReliableAnswers(invite, 42).say(respond(invite, 183, to_tag="b", fields=CONTACT), 0)
    routed = CONTACT | {"record-route": ["<sip:p2.example;lr>, <sip:p1.example:5070;lr>"]}
    accepted = respond(invite, 200, to_tag="b", fields=routed | SDP, body=offer(SECURE).encode())
    busy = respond(invite, 486, to_tag="b", fields={"reason": [str(reason_of_cause(17))]})
    dialog = as_caller(invite, accepted)
    made: list[Request | Response] = [invite, early, accepted, busy]
    for method, more in (
        ("ACK", {}),
        ("PRACK", {"rack": ["42 1 INVITE"]}),
        ("UPDATE", CONTACT),
        ("BYE", {"reason": [str(reason_of_cause(16))]}),
    ):
        via = f"SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{method}"
        dialog, asked = make_request(dialog, method, via, fields=dict(more))
        made.append(asked)
    challenge = Challenge("example.com", "nonce", "SHA-256")
    register = request("REGISTER", "r")
    shown = answer(challenge, "bob", "zanzibar", "REGISTER", register.target, cnonce="c")
    register.fields["authorization"] = [str(shown)]
    refused = respond(register, 401, to_tag="r", fields={"www-authenticate": [str(challenge)]})
    return [*made, acknowledgement(invite, busy), cancellation(invite), register, refused]


def write_datagrams(path: Path, messages: list[bytes]) -> None:
    """Each in UDP and IPv4 (DLT 101)."""
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 101))
        for octets in messages:
            datagram = struct.pack(">HHHH", 5_060, 5_060, 8 + len(octets), 0) + octets
            total = 20 + len(datagram)
            head = struct.pack(">BBHHHBBH", 0x45, 0, total, 0, 0, 64, 17, 0)
            packet = head + bytes((192, 0, 2, 1)) + bytes((192, 0, 2, 9)) + datagram
            file.write(struct.pack("<IIII", 0, 0, len(packet), len(packet)) + packet)


FIELDS = (
    "sip.Method",
    "sip.Status-Code",
    "sip.Call-ID",
    "sip.CSeq.seq",
    "sip.CSeq.method",
    "sip.from.tag",
    "sip.to.tag",
    "sip.Via.branch",
    "sip.contact.uri",
    "sip.auth.username",
    "sip.auth.algorithm",
    "sdp.media.port",
    "sdp.media.proto",
)


def wanted(message: Request | Response) -> list[str]:
    """What tshark should read, by our own reading."""
    asked = isinstance(message, Request)
    shown = (message.first("authorization") or message.first("www-authenticate") or "").split(", ")
    credentials = dict(part.removeprefix("Digest ").partition("=")[::2] for part in shown)
    media = message.body.decode().partition("m=audio ")[2].split(" ")
    return [
        message.method if asked else "",
        "" if asked else str(message.status),
        message.call_id,
        str(message.cseq.number),
        message.cseq.method,
        message.caller.tag,
        message.called.tag,
        message.via.branch,
        str(message.addresses("contact")[0].uri) if "contact" in message.fields else "",
        credentials.get("username", ""),
        credentials.get("algorithm", ""),
        media[0],
        media[1] if media[0] else "",
    ]


def test_every_kind_of_message_is_well_formed_and_reads_the_same(tmp_path: Path) -> None:
    made = every_message()
    path = tmp_path / "sip.pcap"
    write_datagrams(path, [message.encode() for message in made])
    command = ["tshark", "-n", "-r", str(path), "-T", "fields", "-E", "aggregator=|"]
    columns = [part for name in (*FIELDS, "_ws.malformed") for part in ("-e", name)]
    told = subprocess.run([*command, *columns], capture_output=True, text=True, check=True).stdout
    rows = [line.split("\t") for line in told.splitlines()]
    assert [row[: len(FIELDS)] for row in rows] == [
        wanted(parse(message.encode())) for message in made
    ]
    assert [row[-1] for row in rows] == [""] * len(made)
