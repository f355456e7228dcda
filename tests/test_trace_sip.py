"""SIP in ladders and captures."""

import pathlib
import subprocess

import pytest

from calleq.network_nodes import point_codes
from calleq.runtime.tap import Segment
from calleq.trace.capture import Captured
from calleq.trace.ladder import ladder
from calleq.trace.pcapng import write_pcapng
from calleq.trace.render import render_text
from calleq.trace.sip import datagram
from tests.gateway_world import CUSTOMER, REPRESENTATIVE, Scene
from tests.test_gateway_trunks import ABROAD, TrunkScene

LINK = "sip:ssp-62 UDP 127.0.0.1:5062 127.0.0.1:5100"


def sip_rows(scene: Scene, call: str) -> list[tuple[str, str, str]]:
    rows = scene.network.ladder(call).rows
    return [(row.sender, row.receiver, row.name) for row in rows if row.segment is Segment.SIP]


def test_the_dialogs_of_a_call_are_in_its_ladder_and_those_of_others_are_not() -> None:
    scene = Scene()
    other = scene.network.call("+12125550121", REPRESENTATIVE).call
    first = scene.call()
    second = scene.call()
    for call in (first, second):
        for switch, number in (("ssp-62", CUSTOMER), ("ssp-64", REPRESENTATIVE)):
            telephone = f"telephone {number}"
            said = [row for row in sip_rows(scene, call) if telephone in row]
            assert said[0] == (switch, telephone, "INVITE")
            assert [name for *_, name in said].count("BYE") == 1
            assert len(said) == 6, said
    assert sip_rows(scene, other) == [], "nobody was registered there"
    assert "SIP      INVITE" in render_text(scene.network.ladder(first))


def test_every_try_at_a_trunk_is_in_the_ladder() -> None:
    scene = TrunkScene()
    scene.peers[0].refuses = 503
    call = scene.call(ABROAD)
    names = [
        name for sender, receiver, name in sip_rows(scene, call) if "carrier" in (sender, receiver)
    ]
    assert names.count("INVITE") == 2
    assert any(name.startswith("503") for name in names)


def test_a_damaged_message_is_shown_where_it_stands() -> None:
    scene = Scene()
    call = scene.call()
    captures = scene.network.tap.captures()
    place = next(
        index
        for index, one in enumerate(captures)
        if one.segment is Segment.SIP and one.octets.startswith(b"SIP/2.0 180")
    )
    broken = captures[place].octets.replace(b"SIP/2.0 180", b"SIP/2.0 1x0")
    captures[place] = captures[place]._replace(octets=broken)
    network = scene.network
    shown = ladder(call, captures, network.journal.entries, point_codes(network.topology))
    (row,) = [one for one in shown.rows if one.octets == broken]
    assert row.name == "damaged"
    assert row.error


def test_a_datagram_goes_from_its_sender_to_its_receiver() -> None:
    out = Captured(0, Segment.SIP, LINK, "ssp-62", "telephone +1", b"hello")
    back = out._replace(sender="telephone +1", receiver="ssp-62")
    assert datagram(out)[20:24] == (5_062).to_bytes(2) + (5_100).to_bytes(2)
    assert datagram(back)[20:24] == (5_100).to_bytes(2) + (5_062).to_bytes(2)
    assert datagram(out).endswith(b"hello")
    six = out._replace(link="sip:ssp-62 TCP ::1:5062 ::1:5100")
    assert datagram(six)[0] >> 4 == 6
    assert datagram(out._replace(link="line:+1")) == b""


@pytest.mark.foreign("tshark")
def test_tshark_reads_sip_and_isup_of_one_call_in_one_file(tmp_path: pathlib.Path) -> None:
    scene = Scene()
    call = scene.call()
    file = tmp_path / "call.pcapng"
    rows = [
        Captured(row.at_us, row.segment, row.link, row.sender, row.receiver, row.octets)
        for row in scene.network.ladder(call).rows
    ]
    with file.open("wb") as out:
        write_pcapng(out, rows, call)
    names = ("frame.interface_name", "frame.comment", "sip.Method", "isup.message_type")
    wanted = [word for name in names for word in ("-e", name)]
    shown = subprocess.run(
        ["tshark", "-r", str(file), "-T", "fields", "-E", "separator=;", *wanted],
        capture_output=True,
        text=True,
        check=True,
    )
    read = [line.split(";") for line in shown.stdout.splitlines()]
    assert {comment for _, comment, *_ in read} == {call}
    methods = [method for name, _, method, _ in read if name == "sip:ssp-62" and method]
    assert methods == ["INVITE", "ACK", "BYE"]
    assert any(kind for *_, kind in read), "ISUP is there, too"
