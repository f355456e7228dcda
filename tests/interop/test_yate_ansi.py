"""Yate as the far exchange of a network that speaks ANSI (T1.111, T1.113), over M2PA on TCP.

Run and skipped as `test_yate`.
"""

import pathlib
from collections.abc import Iterator

import pytest

from calleq.ss7.isup.ansi import decode
from calleq.ss7.mtp3 import SERVICE_ISUP
from calleq.ss7.mtp3_codec import unit_codec
from calleq.ss7.variant import ANSI
from calleq.topology import figure1_path
from simulator.foreign.check_capture import check
from tests.interop.test_yate import (
    FIGURE,
    REPRESENTATIVE,
    RESTARTED,
    Scene,
    customer_first_call,
    keep,
    keep_captured,
    until,
)
from tests.interop.yate_peer import Yate, yate
from tests.live import LiveNetwork

pytestmark = pytest.mark.skipif(
    yate() is None, reason="no Yate: CALLEQ_YATE names none and there is none in the PATH"
)

OWN, FAR = "244-16-64", "244-16-90"
STANDARD = ("-o", "mtp3.standard:ANSI", "-o", "isup.variant:ANSI Standard")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("yate-ansi")
    with Yate(folder / "far", FAR, OWN, listens=False, point_codes="ANSI8") as far:
        text = figure1_path().with_name("figure1_ansi.toml").read_text()
        for old, new in FIGURE:
            assert text.count(old) == 1
            text = text.replace(old, new.replace("2-90-1", FAR))
        topology = folder / "far.toml"
        topology.write_text(text.replace("PORT", str(far.port)))
        with LiveNetwork(folder / "data", "--network", str(topology), "--talk", "4") as network:
            network.up.wait_for(r"ssp-64/far-80 at ssp-64: in service")
            far.said(RESTARTED)
            yield Scene(network, far)


def test_a_customer_first_call_reaches_a_line_of_yate(scene: Scene, tmp_path: pathlib.Path) -> None:
    captured = customer_first_call(scene, tmp_path)
    found = check(captured, ANSI)
    assert found.passed, found.told
    keep(captured, "ansi-customer-first", *STANDARD)


def test_a_call_from_yate_is_answered_and_released_by_it(
    scene: Scene, tmp_path: pathlib.Path
) -> None:
    told = scene.far.call(REPRESENTATIVE.removeprefix("+"))
    assert "Calling 12125550143" in told
    until(lambda: "1 answered" in scene.far.told("callgen info"))
    scene.far.told("callgen drop")
    scene.far.said("message-type='RLC'")
    captured = [one for one in scene.network.captures() if one.link == "ssp-64/far-80"]
    units = [(one.sender, unit_codec(ANSI).decode(one.octets)) for one in captured]
    messages = [
        f"{sender} {type(message).__name__.upper()}"
        for sender, msu in units
        if msu.service == SERVICE_ISUP and (message := decode(msu.payload)).cic == 30
    ]
    assert messages[messages.index("far-80 IAM") :] == [
        "far-80 IAM",
        "ssp-64 ACM",
        "ssp-64 ANM",
        "far-80 REL",
        "ssp-64 RLC",
    ]
    keep_captured(tmp_path / "link.pcapng", captured, "ansi-from-yate", *STANDARD)


@pytest.mark.parametrize(
    ("told", "answer"),
    [
        ("block circuit=5", "BLA"),
        ("unblock circuit=5", "UBA"),
        ("block circuits=10-14", "CGBA"),
        ("unblock circuits=10-14", "CGUA"),
        ("query circuit=4 range=3", "CQR"),
        ("reset circuit=7", "RLC"),
    ],
)
def test_yate_s_supervision_of_circuits_is_answered(scene: Scene, told: str, answer: str) -> None:
    seen = len(scene.network.captures())

    def answered() -> bool:
        captured = scene.network.captures()[seen:]
        units = [unit_codec(ANSI).decode(one.octets) for one in captured if one.sender == "ssp-64"]
        said = {
            type(decode(msu.payload)).__name__.upper()
            for msu in units
            if msu.service == SERVICE_ISUP
        }
        return answer in said

    assert "OK" in scene.far.told(f"control isup1/ISUP {told}")
    until(answered)
