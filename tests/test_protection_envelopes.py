"""One envelope: RFC 7518's own figures, other hands' work, and whatever is none."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from calleq.client.sealing import Sealer, SealingError
from calleq.messages.sealed import AGREEMENTS, SEALABLE
from calleq.protection.envelopes import (
    AHEAD_US,
    OLDEST_US,
    EnvelopeError,
    open_envelope,
)
from calleq.protection.keys import MessageKey, MessageKeys, rotated
from calleq.runtime.clock import VirtualClock
from calleq.units import SECOND_US
from tests.sealing_by_hand import (
    b64,
    concat_kdf,
    open_by_hand,
    private_of,
    public_of,
    seal_by_hand,
    unb64,
)

NOW_US = 1_795_000_000 * SECOND_US
NOW_S = NOW_US // SECOND_US


class OneKey:
    def __init__(self, *keys: MessageKey) -> None:
        self.keys: tuple[MessageKey, ...] | None = keys

    def changed(self) -> tuple[MessageKey, ...] | None:
        keys, self.keys = self.keys, None
        return keys


KEYS, KEY = rotated((), "abc", NOW_US)
FIND = MessageKeys(OneKey(KEY), VirtualClock(NOW_US)).find
HEADER = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "kid": KEY.kid, "iat": NOW_S}


def opened(text: str, now_us: int = NOW_US) -> bytes:
    return open_envelope(text, FIND, now_us).plaintext


def reason(text: str, now_us: int = NOW_US) -> str:
    with pytest.raises(EnvelopeError) as refused:
        open_envelope(text, FIND, now_us)
    return refused.value.reason


def sealer(agreement: str = AGREEMENTS[0], now_s: float = NOW_S) -> Sealer:
    return Sealer(KEY.public(), lambda: now_s, agreement)


# Other hands.


def test_the_oracle_derives_the_key_of_rfc_7518_appendix_c():
    alice = {
        "x": "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0",
        "y": "SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps",
        "d": "0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo",
    }
    bob = {
        "x": "weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ",
        "y": "e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck",
        "d": "VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw",
    }
    from cryptography.hazmat.primitives.asymmetric import ec

    secret = private_of(alice).exchange(ec.ECDH(), public_of(bob))
    assert secret == private_of(bob).exchange(ec.ECDH(), public_of(alice))
    assert b64(concat_kdf(secret, "A128GCM", 128, b"Alice", b"Bob")) == "VqqN6vgjbSBcIijNcacQGg"


@pytest.mark.parametrize("agreement", AGREEMENTS)
def test_what_our_client_seals_is_opened_by_the_words_of_the_rfc(agreement: str):
    text = sealer(agreement).field("note", "grüezi")
    header, plaintext = open_by_hand(text, KEY.private)
    assert json.loads(plaintext) == "grüezi"
    assert header["kid"] == KEY.kid
    assert header["field"] == "note"


@pytest.mark.parametrize("agreement", AGREEMENTS)
@pytest.mark.parametrize("parties", [{}, {"apu": b64(b"Alice"), "apv": b64(b"Bob")}])
def test_what_is_sealed_by_the_words_of_the_rfc_is_opened(agreement: str, parties: dict[str, str]):
    text = seal_by_hand({**HEADER, **parties, "alg": agreement}, b'"x"', KEY.public())
    assert opened(text) == b'"x"'


@pytest.mark.foreign("jose")
@pytest.mark.parametrize("agreement", AGREEMENTS)
def test_the_program_jose_opens_ours_and_we_open_its(tmp_path: Path, agreement: str):
    private = tmp_path / "private.jwk"
    private.write_text(json.dumps({**KEY.private, "kid": KEY.kid}))
    text = sealer(agreement).field("note", "from here")
    ours = tmp_path / "ours.jwe"
    ours.write_text(text)
    shown = subprocess.run(
        ["jose", "jwe", "dec", "-i", str(ours), "-k", str(private)],
        capture_output=True,
        check=True,
        timeout=20,
    )
    assert json.loads(shown.stdout) == "from here"

    public = tmp_path / "public.jwk"
    public.write_text(json.dumps({name: KEY.private[name] for name in ("kty", "crv", "x", "y")}))
    template = json.dumps({"protected": {**HEADER, "alg": agreement, "field": "note"}})
    theirs = subprocess.run(
        ["jose", "jwe", "enc", "-i", template, "-I-", "-k", str(public), "-c"],
        input=b'"from there"',
        capture_output=True,
        check=True,
        timeout=20,
    )
    assert opened(theirs.stdout.decode().strip()) == b'"from there"'


# What is none.

BAD_HEADERS: list[tuple[str, dict[str, Any], str]] = [
    ("none", {"alg": "none"}, "algorithm"),
    ("rsa", {"alg": "RSA1_5"}, "algorithm"),
    ("oaep", {"alg": "RSA-OAEP-256"}, "algorithm"),
    ("shared", {"alg": "dir"}, "algorithm"),
    ("wrapped by a shared key", {"alg": "A256KW"}, "algorithm"),
    ("password", {"alg": "PBES2-HS512+A256KW", "p2c": 10_000_000, "p2s": "x"}, "header"),
    ("1PU", {"alg": "ECDH-1PU+A256KW"}, "algorithm"),
    ("weaker wrap", {"alg": "ECDH-ES+A128KW"}, "algorithm"),
    ("weaker content", {"enc": "A128GCM"}, "algorithm"),
    ("cbc", {"enc": "A256CBC-HS512"}, "algorithm"),
    ("algorithm no text", {"alg": ["ECDH-ES"]}, "algorithm"),
    ("compressed", {"zip": "DEF"}, "header"),
    ("critical", {"crit": ["iat"]}, "header"),
    ("key brought along", {"jwk": KEY.public()}, "header"),
    ("key elsewhere", {"jku": "https://evil.example/keys"}, "header"),
    ("certificate elsewhere", {"x5u": "https://evil.example/chain"}, "header"),
    ("undated", {"iat": None}, "undated"),
    ("dated in words", {"iat": str(NOW_S)}, "undated"),
    ("dated true", {"iat": True}, "undated"),
    ("dated with a fraction", {"iat": NOW_S + 0.5}, "undated"),
    ("a key of nobody", {"kid": "0" * 24}, "unknown_key"),
    ("no key", {"kid": None}, "unknown_key"),
    ("a number for a key", {"kid": 7}, "unknown_key"),
    ("a field that is none", {"field": 7}, "header"),
    ("long type", {"typ": "x" * 200}, "header"),
    ("long party", {"apu": "x" * 200}, "header"),
    ("party no text", {"apv": 1}, "header"),
]


@pytest.mark.parametrize(
    ("changes", "why"), [case[1:] for case in BAD_HEADERS], ids=[case[0] for case in BAD_HEADERS]
)
def test_a_header_says_nothing_but_what_is_agreed(changes: dict[str, Any], why: str):
    header = {name: value for name, value in {**HEADER, **changes}.items() if value is not None}
    sealed = seal_by_hand({**HEADER}, b'"x"', KEY.public())
    epk = json.loads(unb64(sealed.split(".")[0]))["epk"]
    forged = b64(json.dumps({"epk": epk, **header}).encode())
    assert reason(".".join([forged, *sealed.split(".")[1:]])) == why


def test_a_compressed_one_is_refused_though_it_is_authentic():
    assert reason(seal_by_hand({**HEADER, "zip": "DEF"}, b"x" * 9_999, KEY.public())) == "header"


def test_names_that_stand_twice_are_no_header():
    doubled = json.dumps(HEADER)[:-1] + ', "alg": "ECDH-ES"}'
    assert reason(f"{b64(doubled.encode())}.AA.AA.AA.AA") == "header"


@pytest.mark.parametrize(
    "epk",
    [
        {"kty": "EC", "crv": "P-256", "x": b64(bytes(31) + b"\5"), "y": b64(bytes(31) + b"\7")},
        {"kty": "EC", "crv": "P-256", "x": b64(bytes(32)), "y": b64(bytes(32))},
        {"kty": "EC", "crv": "P-256", "x": b64(b"\xff" * 32), "y": b64(b"\xff" * 32)},
        {"kty": "EC", "crv": "P-521", "x": b64(bytes(32)), "y": b64(bytes(32))},
        {"kty": "EC", "crv": "P-256", "x": b64(bytes(33)), "y": b64(bytes(32))},
        {"kty": "EC", "crv": "P-256", "x": 1, "y": 2},
        {"kty": "OKP", "crv": "X25519", "x": b64(bytes(32))},
        {"kty": "EC", "crv": "P-256", "x": KEY.private["x"]},
        {"kty": "EC", "crv": "P-256", "x": KEY.private["x"], "y": KEY.private["y"], "d": "AA"},
        "point",
        None,
    ],
)
def test_a_point_that_is_none_opens_nothing(epk: object):
    """RFC 7518 §4.6.1.1 and the invalid curve attack."""
    sealed = seal_by_hand(HEADER, b'"x"', KEY.public()).split(".")
    forged = b64(json.dumps({**HEADER, "epk": epk}).encode())
    assert reason(".".join([forged, *sealed[1:]])) in ("ephemeral_key", "not_authentic")


@pytest.mark.parametrize("agreement", AGREEMENTS)
def test_one_character_changed_anywhere_and_it_is_not_opened(agreement: str):
    text = sealer(agreement).field("customer_id", "7")
    for place, one in enumerate(text):
        other = "A" if one != "A" else "B"
        reason(text[:place] + other + text[place + 1 :])


def test_an_octet_less_or_more_and_it_is_not_opened():
    text = sealer().field("note", "hello")
    for cut in range(len(text)):
        reason(text[:cut])
    for more in ("=", "A", ".", ".A", "\n", " ", "AAAA"):
        reason(text + more)
    reason(" " + text)


def test_parts_of_two_do_not_make_a_third():
    first, second = (
        sealer().field("note", "one").split("."),
        sealer().field("note", "two").split("."),
    )
    for choice in range(1, 31):
        parts = [(second if choice >> place & 1 else first)[place] for place in range(5)]
        reason(".".join(parts))


def test_another_spelling_of_the_same_octets_is_refused():
    """Else it would be another message to whoever remembers it."""
    parts = sealer().field("note", "x").split(".")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(parts[4][-1])
    same = alphabet[last | 1] if not last & 1 else alphabet[last & ~1]
    assert unb64(parts[4]) == unb64(parts[4][:-1] + same)
    assert reason(".".join([*parts[:4], parts[4][:-1] + same])) == "not_canonical"


def test_it_is_good_for_five_minutes():
    text = sealer().field("note", "x")
    assert opened(text, NOW_US + OLDEST_US)
    assert reason(text, NOW_US + OLDEST_US + 1) == "stale"
    assert opened(text, NOW_US - AHEAD_US)
    assert reason(text, NOW_US - AHEAD_US - 1) == "sealed_ahead"


# The client's own end.


def test_only_fields_that_may_be_sealed_are():
    for name in SEALABLE:
        assert opened(sealer().field(name, [1]))
    with pytest.raises(SealingError, match="business_id"):
        sealer().field("business_id", "abc")


@pytest.mark.parametrize(
    "key",
    [
        {},
        {"kty": "oct", "k": "AAAA", "kid": "x"},
        {name: value for name, value in KEY.public().items() if name != "kid"},
        {**KEY.private, "kid": "x"},
        {**KEY.public(), "x": "AA"},
        {**KEY.public(), "crv": "P-521"},
    ],
)
def test_what_is_no_public_key_seals_nothing(key: dict[str, str]):
    with pytest.raises(SealingError):
        Sealer(key)


def test_secrets_do_not_show_when_printed():
    assert KEY.private["d"] not in repr(KEY)
    envelope = open_envelope(sealer().field("note", "hush"), FIND, NOW_US)
    assert "hush" not in repr(envelope)
