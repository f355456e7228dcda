"""Callers' numbers vouched for (STIR/SHAKEN): signed, verified, and by a foreign program too."""

import base64
import datetime
import pathlib
import subprocess
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from hypothesis import example, given, settings
from hypothesis import strategies as st

from calleq.sip.bounds import SipError
from calleq.sip.message import Request
from calleq.sip.shaken import (
    FRESH_S,
    IDENTITY_CHARACTERS_LIMIT,
    STATUS_OF_TRUST,
    Attestation,
    Signer,
    Trust,
    Verifier,
)
from tests.sip_wire import request

URL = "https://cert.bell.example/shaken.pem"
NOW_S = int(time.time())
CALLER, CALLED = "+12015550100", "+12125550199"
ORIGID = "123e4567-e89b-12d3-a456-426655440000"


def pem_of(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


class Authority:
    """Signs certificates, its own first."""

    def __init__(self, name: str = "STI-CA", above: "Authority | None" = None) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = (above or self).signs(self.name, self.key.public_key(), ca=True)

    def signs(
        self,
        name: x509.Name,
        key: ec.EllipticCurvePublicKey,
        *,
        ca: bool = False,
        from_s: int = NOW_S - 86_400,
        until_s: int = NOW_S + 86_400,
    ) -> x509.Certificate:
        def at(seconds: int) -> datetime.datetime:
            return datetime.datetime.fromtimestamp(seconds, datetime.UTC)

        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(at(from_s))
            .not_valid_after(at(until_s))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .sign(self.key, hashes.SHA256())
        )

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)


AUTHORITY = Authority()
KEY = ec.generate_private_key(ec.SECP256R1())
CARRIER = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Bell 62")])
CERTIFICATE = AUTHORITY.signs(CARRIER, KEY.public_key())
PEM = CERTIFICATE.public_bytes(serialization.Encoding.PEM)
SIGNER = Signer(pem_of(KEY), URL)


def invite(*identities: str) -> Request:
    made = request("INVITE")
    return Request("INVITE", made.target, made.fields | {"identity": list(identities)})


def signed(attestation: Attestation = "A", now_s: int = NOW_S) -> str:
    return SIGNER.identity(attestation, CALLER, CALLED, ORIGID, now_s)


def believes(*pems: bytes, known: dict[str, bytes] | None = None) -> Verifier:
    return Verifier(pems or (AUTHORITY.pem,), {URL: PEM} if known is None else known)


@pytest.mark.parametrize("attestation", ["A", "B", "C"])
def test_what_is_signed_is_verified_with_its_attestation(attestation: Attestation):
    verdict = believes().judge(invite(signed(attestation)), CALLER, CALLED, NOW_S + 5)
    assert (verdict.trust, verdict.attestation) == (Trust.VERIFIED, attestation)
    assert (verdict.origid, verdict.signer) == (ORIGID, "CN=Bell 62")


def test_a_passport_says_what_rfc_8588_wants_in_its_order():
    token, parameters = signed().split(";", 1)
    head, claims, _ = token.split(".")

    def read(part: str) -> str:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode()

    assert read(head) == f'{{"alg":"ES256","ppt":"shaken","typ":"passport","x5u":"{URL}"}}'
    assert read(claims) == (
        f'{{"attest":"A","dest":{{"tn":["12125550199"]}},"iat":{NOW_S},'
        f'"orig":{{"tn":"12015550100"}},"origid":"{ORIGID}"}}'
    )
    assert parameters == f'info=<{URL}>;alg=ES256;ppt="shaken"'


def test_numbers_are_compared_as_digits():
    message = invite(signed())
    assert believes().judge(message, "12015550100", "+1 212-555-0199", NOW_S).trust is (
        Trust.VERIFIED
    )


@pytest.mark.parametrize(
    ("calling", "called", "after_s", "trust"),
    [
        ("+12015550101", CALLED, 0, Trust.OTHER_NUMBERS),
        (CALLER, "+12125550198", 0, Trust.OTHER_NUMBERS),
        (CALLER, CALLED, FRESH_S, Trust.VERIFIED),
        (CALLER, CALLED, FRESH_S + 1, Trust.STALE),
        (CALLER, CALLED, -FRESH_S - 1, Trust.STALE),
    ],
)
def test_another_call_and_another_time(calling: str, called: str, after_s: int, trust: Trust):
    verdict = believes().judge(invite(signed()), calling, called, NOW_S + after_s)
    assert verdict.trust is trust
    assert (verdict.attestation is None) == (trust is not Trust.VERIFIED)


def test_a_changed_claim_or_signature_is_false():
    head, claims, rest = signed("C").split(".", 2)
    signature, tail = rest.split(";", 1)
    text = base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4))
    better = base64.urlsafe_b64encode(text.replace(b'"C"', b'"A"')).rstrip(b"=").decode()
    other = signature[:-3] + ("AAA" if signature[-3:] != "AAA" else "BBB")
    for forged in (f"{head}.{better}.{signature};{tail}", f"{head}.{claims}.{other};{tail}"):
        assert believes().judge(invite(forged), CALLER, CALLED, NOW_S).trust is Trust.FALSE
    assert STATUS_OF_TRUST[Trust.FALSE] == 438


def test_without_identity_and_with_one_of_another_kind_there_is_none():
    assert believes().judge(request("INVITE"), CALLER, CALLED, NOW_S).trust is Trust.NONE
    other = signed().replace('ppt="shaken"', 'ppt="div"')
    assert believes().judge(invite(other), CALLER, CALLED, NOW_S).trust is Trust.NONE
    assert believes().judge(invite(other, signed()), CALLER, CALLED, NOW_S).trust is (
        Trust.VERIFIED
    )


@pytest.mark.parametrize(
    "line",
    [
        "",
        "..sig;info=<x>;ppt=shaken",
        "a.b.c;info=<x>;ppt=shaken",
        "e30.e30.AAAA;info=<x>;ppt=shaken",
        "no info",
        "x" * (IDENTITY_CHARACTERS_LIMIT + 1),
    ],
)
def test_what_is_no_passport_is_unreadable(line: str):
    assert believes().judge(invite(line), CALLER, CALLED, NOW_S).trust is Trust.UNREADABLE


@given(st.text(max_size=200), st.integers(0, 400))
@example(text="\t", at=0)  # blanks around a field's value mean nothing (RFC 3261 §7.3.1)
@settings(max_examples=100, deadline=None)
def test_damaged_identities_raise_nothing(text: str, at: int):
    good = signed()
    damaged = good[:at] + text + good[at + len(text) // 2 :]
    trust = believes().judge(invite(damaged), CALLER, CALLED, NOW_S).trust
    assert trust in Trust
    if trust is Trust.VERIFIED:
        token, whole = damaged.strip().split(";")[0], good.split(";")[0]
        assert token.split(".")[:2] == whole.split(".")[:2]


# Whom to believe.


def test_a_signer_that_is_trusted_by_itself_and_one_that_nobody_knows():
    assert believes(PEM, known={}).judge(invite(signed()), CALLER, CALLED, NOW_S).trust is (
        Trust.VERIFIED
    )
    stranger = believes(AUTHORITY.pem, known={})
    assert stranger.judge(invite(signed()), CALLER, CALLED, NOW_S).trust is Trust.UNKNOWN_SIGNER
    elsewhere = believes(Authority("other").pem)
    assert elsewhere.judge(invite(signed()), CALLER, CALLED, NOW_S).trust is (Trust.UNKNOWN_SIGNER)


def test_a_chain_leads_over_another_authority_which_must_be_one():
    between = Authority("between", AUTHORITY)
    certificate = between.signs(CARRIER, KEY.public_key())
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    message = invite(signed())
    for chain, trust in ((pem + between.pem, Trust.VERIFIED), (pem, Trust.UNKNOWN_SIGNER)):
        assert believes(known={URL: chain}).judge(message, CALLER, CALLED, NOW_S).trust is trust
    mere = Authority("mere", AUTHORITY)
    mere.certificate = AUTHORITY.signs(mere.name, mere.key.public_key(), ca=False)
    forged = mere.signs(CARRIER, KEY.public_key()).public_bytes(serialization.Encoding.PEM)
    verifier = believes(known={URL: forged + mere.pem})
    assert verifier.judge(message, CALLER, CALLED, NOW_S).trust is Trust.UNKNOWN_SIGNER


def test_a_certificate_that_is_not_valid_now_is_not_believed():
    old = AUTHORITY.signs(CARRIER, KEY.public_key(), until_s=NOW_S - 1)
    pem = old.public_bytes(serialization.Encoding.PEM)
    for verifier in (believes(known={URL: pem}), believes(pem, known={})):
        assert verifier.judge(invite(signed()), CALLER, CALLED, NOW_S).trust is (
            Trust.UNKNOWN_SIGNER
        )


def test_files_that_are_no_keys_or_certificates_are_refused():
    with pytest.raises(SipError, match="P-256"):
        Signer(pem_of(rsa.generate_private_key(65_537, 2_048)), URL)
    with pytest.raises(SipError, match="P-256"):
        Signer(pem_of(ec.generate_private_key(ec.SECP384R1())), URL)
    for pem in (b"", b"nothing"):
        with pytest.raises(SipError):
            Signer(pem, URL)
        with pytest.raises(SipError):
            Verifier([pem])


# Foreign.


def public_pem(folder: pathlib.Path) -> pathlib.Path:
    file = folder / "certificate.pem"
    file.write_bytes(PEM)
    return file


@pytest.mark.foreign("secsipidx")
def test_secsipidx_believes_what_we_sign(tmp_path: pathlib.Path):
    identity = SIGNER.identity("B", CALLER, CALLED, ORIGID, int(time.time()))
    key = tmp_path / "public.pem"
    key.write_bytes(
        KEY.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )

    def checked(value: str) -> int:
        arguments = ["secsipidx", "-check", "-fpubkey", str(key), "-identity", value]
        arguments += ["-expire", "60"]
        return subprocess.run(arguments, capture_output=True, timeout=20, check=False).returncode

    assert checked(identity) == 0
    assert checked(identity.replace(".", ".A", 1)) != 0


@pytest.mark.foreign("secsipidx")
def test_we_believe_what_secsipidx_signs(tmp_path: pathlib.Path):
    key = tmp_path / "key.pem"
    key.write_bytes(
        KEY.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )
    arguments = ["secsipidx", "-sign-full", "-fprvkey", str(key), "-attest", "A"]
    arguments += ["-orig-tn", CALLER[1:], "-dest-tn", CALLED[1:], "-x5u", URL]
    arguments += ["-orig-id", ORIGID]
    done = subprocess.run(arguments, capture_output=True, timeout=20, check=False, text=True)
    assert done.returncode == 0, done.stderr
    now_s = int(time.time())
    verdict = believes().judge(invite(done.stdout.strip()), CALLER, CALLED, now_s)
    assert (verdict.trust, verdict.attestation, verdict.origid) == (Trust.VERIFIED, "A", ORIGID)


def test_signing_and_verifying_take_well_under_a_millisecond():
    verifier, message = believes(), invite(signed())
    spent = {}
    for name, work in (
        ("sign", signed),
        ("verify", lambda: verifier.judge(message, CALLER, CALLED, NOW_S)),
    ):
        began = time.process_time()
        for _ in range(200):
            work()
        spent[name] = (time.process_time() - began) / 200
    assert max(spent.values()) < 2e-3, spent
