"""Callers' numbers, signed where they leave by a trunk and judged where they come by one."""

import datetime
import pathlib
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from calleq.journal.entries import LineSeized
from calleq.lines.messages import Screening
from calleq.sip.shaken import Signer, Trust, Verifier
from calleq.ss7.isup.messages import Iam
from calleq.units import SECOND_US
from simulator.virtual import START_US
from tests.gateway_world import REPRESENTATIVE
from tests.test_gateway_trunks import ABROAD, TrunkScene, trunk

URL = "https://certificates.example/calleq.pem"
OWN = "+12125550120"


@pytest.fixture
def files(tmp_path: pathlib.Path) -> dict[str, str]:
    """Key and certificate of a carrier, valid in simulated time."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a carrier")])
    begin = datetime.datetime.fromtimestamp(START_US / SECOND_US, datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begin - datetime.timedelta(days=1))
        .not_valid_after(begin + datetime.timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    paths = {"key": tmp_path / "key.pem", "certificate": tmp_path / "certificate.pem"}
    paths["certificate"].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths["key"].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return {what: str(path) for what, path in paths.items()}


def calls_abroad(files: dict[str, str], *, trusted: bool, **fields: Any) -> TrunkScene:
    """A telephone of ours calls over a trunk that signs."""
    scene = TrunkScene(trunk(shaken_key=files["key"], shaken_certificate=URL, trusted=trusted))
    scene.customer.hang_up_after_us = SECOND_US
    scene.customer.dial(ABROAD, "12125550120", "customer-120", **fields)
    scene.clock.advance_us(40 * SECOND_US)
    assert "is answered" in scene.customer.happened
    scene.assert_nothing_is_left()
    return scene


def test_a_caller_of_ours_is_vouched_for(files: dict[str, str]) -> None:
    scene = calls_abroad(files, trusted=False)
    request = scene.peers[0].invited[0].request
    pem = pathlib.Path(files["certificate"]).read_bytes()
    now_s = scene.clock.now_us() // SECOND_US
    verdict = Verifier([pem]).judge(request, OWN, ABROAD, now_s)
    assert (verdict.trust, verdict.attestation) == (Trust.VERIFIED, "A")


def test_who_is_not_to_be_known_is_signed_for_whom_we_trust_alone(files: dict[str, str]) -> None:
    for trusted in (True, False):
        scene = calls_abroad(files, trusted=trusted, privacy=["id"])
        request = scene.peers[0].invited[0].request
        assert ("identity" in request.fields) is trusted


def comes_in(
    files: dict[str, str], calling: str, signed_for: str, level: Any, called: str = OWN
) -> TrunkScene:
    """The other system calls a telephone of ours, with an Identity unless `level` is None."""
    scene = TrunkScene(trunk(shaken_trusted=(files["certificate"],)))
    signer = Signer(pathlib.Path(files["key"]).read_bytes(), URL)
    now_s = scene.clock.now_us() // SECOND_US
    origid = "123e4567-e89b-42d3-a456-426655440000"
    fields = {}
    if level is not None:
        fields["identity"] = [signer.identity(level, signed_for, called, origid, now_s)]
    peer = scene.peers[0]
    peer.hang_up_after_us = SECOND_US
    peer.dial(called, calling, domain="carrier.example", **fields)
    scene.clock.advance_us(40 * SECOND_US)
    scene.assert_nothing_is_left()
    return scene


@pytest.mark.parametrize(
    ("level", "screening"),
    [
        ("A", Screening.PASSED),
        ("B", Screening.FAILED),
        ("C", Screening.UNSCREENED),
        (None, Screening.UNSCREENED),
    ],
)
def test_a_caller_whom_a_carrier_vouches_for_comes_in(
    files: dict[str, str], level: str | None, screening: Screening
) -> None:
    """The next switch is told how far the number is believed (Q.763 §3.10)."""
    scene = comes_in(files, ABROAD, ABROAD, level, REPRESENTATIVE)
    assert "is answered" in scene.peers[0].happened
    asked = [said for *_, said in scene.network.signalling() if isinstance(said, Iam)]
    told = {(said.calling.digits, said.calling.screening) for said in asked if said.calling}
    assert told == {(ABROAD[1:], screening)}
    entries = [one.entry for one in scene.network.journal.entries]
    assert [one.calling for one in entries if isinstance(one, LineSeized)] == [ABROAD]


def test_a_signature_that_was_made_for_another_caller_is_refused(files: dict[str, str]) -> None:
    scene = comes_in(files, ABROAD, "+442079460001", "A")
    assert scene.peers[0].happened[0].startswith("fails 438")
    assert not scene.customer.invited


def test_a_key_that_is_none_is_said_with_its_trunk(tmp_path: pathlib.Path) -> None:
    (tmp_path / "key.pem").write_text("nothing of the kind")
    with pytest.raises(ValueError, match="sip_trunks: trunk carrier: no private key"):
        TrunkScene(trunk(shaken_key=str(tmp_path / "key.pem"), shaken_certificate=URL))
