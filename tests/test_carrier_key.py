"""The carrier's key, changed: what was sealed before opens, is sealed anew, needs it no more."""

import base64
import json
import pathlib

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from calleq.accounts.changes import CredentialIssued, CredentialRevoked, read
from calleq.accounts.credential import Credential
from calleq.accounts.keeping import Keeping, Resealing
from calleq.accounts.page_tokens import PageTokens, Presented
from calleq.accounts.registry import Registry
from calleq.accounts.safe import Safe, SafeError, key_name
from calleq.cli.carrier_key import KEYS_LIMIT, carrier_safe, read_keys, write_keys
from calleq.cli.failure import CommandError
from calleq.client import CalleqClient, SigningKey
from calleq.journal.entries import AccountChanged
from calleq.journal.reading import read_data
from tests.door import Door
from tests.live import LiveNetwork, calleq

OLD, NEW, NEWEST = b"o" * 32, b"n" * 32, b"w" * 32
NONCE = b"0123456789ab"
NAME = "sig-0123456789ab"


def test_a_safe_opens_what_it_sealed_and_what_was_sealed_before():
    before, after = Safe(OLD), Safe(NEW, OLD)
    sealed = before.seal("the secret", NAME, NONCE)
    assert after.open(sealed, NAME) == "the secret"
    assert (before.is_current(sealed), after.is_current(sealed)) == (True, False)
    again = after.seal("the secret", NAME, NONCE)
    assert after.is_current(again)
    with pytest.raises(SafeError):
        before.open(again, NAME)
    with pytest.raises(SafeError):
        Safe(NEW).open(sealed, NAME)
    for damaged in (again[:-2] + "AA", key_name(OLD) + again[8:], "x" + again):
        with pytest.raises(SafeError):
            after.open(damaged, NAME)


def test_what_was_sealed_before_keys_had_names_opens():
    cipher = AESGCM(OLD).encrypt(NONCE, b"the secret", NAME.encode())
    unnamed = base64.urlsafe_b64encode(NONCE + cipher).decode()
    for safe in (Safe(OLD), Safe(NEW, OLD), Safe(NEWEST, NEW, OLD)):
        assert safe.open(unnamed, NAME) == "the secret"
        assert not safe.is_current(unnamed)
    with pytest.raises(SafeError):
        Safe(NEW).open(unnamed, NAME)


def test_a_keys_name_tells_nothing_of_it_and_purposes_have_keys_of_their_own():
    assert key_name(OLD) != key_name(NEW)
    assert key_name(OLD) not in OLD.hex()
    safe = Safe(NEW, OLD)
    assert safe.derived("page tokens") == Safe(NEW).derived("page tokens")
    assert safe.derived_before("page tokens") == (Safe(OLD).derived("page tokens"),)


def test_page_tokens_of_before_are_good_until_they_end():
    before = PageTokens(Safe(OLD).derived("page tokens"))
    text = before.issue("t-1", "shop", "https://shop.example", "/", "v", 1_000, 900)
    presented = Presented(text, "https://shop.example", "", "v")
    safe = Safe(NEW, OLD)
    after = PageTokens(safe.derived("page tokens"), safe.derived_before("page tokens"))
    assert getattr(after.read(presented, 1_001), "identifier", "") == "t-1"
    assert after.read(presented, 1_900) == "expired_page_token"
    assert PageTokens(safe.derived("page tokens")).read(presented, 1_001) == "bad_page_token"


def signing(identifier: str, safe: Safe) -> CredentialIssued:
    return CredentialIssued(
        credential=Credential(
            identifier=identifier,
            kind="signing_key",
            role="developer",
            business="abc",
            stored=safe.seal(f"secret of {identifier}", identifier, NONCE),
        )
    )


def test_what_is_in_force_is_sealed_anew_at_the_start_once():
    first = Door()
    for change in (
        signing("sig-1", Safe(OLD)),
        signing("sig-2", Safe(NEW, OLD)),
        signing("sig-3", Safe(NEWEST)),
        signing("sig-4", Safe(OLD)),
        CredentialRevoked(credential="sig-4", at_us=first.clock.now_us()),
    ):
        first.keeping.change(change)
    entries = first.journal.entries
    later = Door()
    safe = Safe(NEW, OLD)
    registry = Registry(later.topology.businesses, safe=safe)
    resealing = Resealing(safe, lambda octets: bytes(octets))
    keeping = Keeping(registry, later.journal, later.clock, "server-72", resealing)
    keeping.restore(entries)
    written = [read(one.change) for one in later.journal.of(AccountChanged)]
    (again,) = [one for one in written if isinstance(one, CredentialIssued)]
    assert again.credential.identifier == "sig-1"
    assert Safe(NEW).open(again.credential.stored, "sig-1") == "secret of sig-1"
    known = registry.credential("sig-1")
    assert known is not None
    assert registry.signing_secret(known) == "secret of sig-1"
    third = Door()
    restored = Keeping(registry, third.journal, third.clock, "server-72", resealing)
    restored.restore([*entries, *later.journal.entries])
    assert third.journal.of(AccountChanged) == []


def test_the_file_is_its_owners_and_holds_whole_keys(tmp_path: pathlib.Path):
    carrier_safe(tmp_path)
    path = tmp_path / "carrier.key"
    (key,) = read_keys(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600
    write_keys(tmp_path, (NEW, key))
    assert read_keys(tmp_path) == (NEW, key)
    assert path.stat().st_mode & 0o777 == 0o600
    for octets in (b"", b"x" * 31, b"x" * 33, b"x" * 32 * (KEYS_LIMIT + 1)):
        path.write_bytes(octets)
        with pytest.raises(CommandError, match="is no carrier's key"):
            read_keys(tmp_path)
    path.write_bytes(key)
    path.chmod(0o640)
    with pytest.raises(CommandError, match="others may read it: chmod 600"):
        carrier_safe(tmp_path)


def test_there_are_not_too_many_and_none_is_shown(tmp_path: pathlib.Path):
    data = ("--data", str(tmp_path))
    assert "the first `calleq up` makes it" in calleq("carrier-key", *data).stderr
    write_keys(tmp_path, tuple(bytes([n]) * 32 for n in range(KEYS_LIMIT)))
    refused = calleq("carrier-key", "rotate", *data)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert f"holds {KEYS_LIMIT} keys, as many as may be" in refused.stderr
    shown = json.loads(calleq("carrier-key", "--json", *data).stdout)
    assert [row["in_use"] for row in shown] == [True] + [False] * (KEYS_LIMIT - 1)
    assert bytes([1]).hex() * 8 not in json.dumps(shown)


def lists_calls(url: str, signer: SigningKey) -> bool:
    with CalleqClient(url, "abc", credential=signer) as client:
        return list(client.calls()) == []


def test_a_network_goes_on_under_another_key(tmp_path: pathlib.Path):
    data = tmp_path / "data"
    where = ("--data", str(data))
    with LiveNetwork(data) as network:
        made = calleq(
            *("credential", "add", "--business", "abc", "--kind", "signing_key", "--json"), *where
        )
        issued = json.loads(made.stdout)
        signer = SigningKey("abc", issued["credential"]["credential"], issued["secret"])
        assert lists_calls(network.url, signer)
        rotated = calleq("carrier-key", "rotate", "--json", *where)
        assert rotated.returncode == 0, rotated.stderr
        assert lists_calls(network.url, signer)
    refused = calleq("carrier-key", "retire", *where)
    assert refused.returncode == 1
    assert "opens with a key of before alone: start the network again" in refused.stderr
    with LiveNetwork(data) as network:
        assert lists_calls(network.url, signer)
    retired = calleq("carrier-key", "retire", "--json", *where)
    assert json.loads(retired.stdout) == json.loads(rotated.stdout)[:1]
    (key,) = read_keys(data)
    stored = [
        change.credential.stored
        for stamped in read_data([data])
        if isinstance(stamped.entry, AccountChanged)
        and isinstance(change := read(stamped.entry.change), CredentialIssued)
        and change.credential.kind == "signing_key"
    ]
    assert Safe(key).open(stored[-1], issued["credential"]["credential"]) == issued["secret"]
    assert issued["secret"] not in "".join(stored)
