"""The carrier's decryption keys: one at a time, rotated with an overlap, revoked at once."""

import json
import os
from pathlib import Path

import pytest

from calleq.protection.key_file import KeyFile
from calleq.protection.keys import (
    KEPT_US,
    LIMIT_KEYS_PER_BUSINESS,
    LOOK_US,
    MessageKeyError,
    MessageKeys,
    revoked,
    rotated,
)
from calleq.runtime.clock import VirtualClock
from calleq.units import HOUR_US
from tests.live import calleq

NOW_US = 1_795_000_000_000_000


def test_a_rotated_key_is_good_for_its_overlap_and_then_over():
    keys, first = rotated((), "abc", NOW_US)
    keys, second = rotated(keys, "abc", NOW_US, HOUR_US)
    before, now = keys
    assert (before.kid, now.kid) == (first.kid, second.kid)
    assert before.state(NOW_US + HOUR_US - 1) == "retiring"
    assert before.state(NOW_US + HOUR_US) == "over"
    assert now.state(NOW_US + HOUR_US) == "current"


def test_rotating_one_business_leaves_the_others():
    keys, _ = rotated((), "abc", NOW_US)
    keys, _ = rotated(keys, "xyz", NOW_US)
    assert [key.state(NOW_US) for key in keys] == ["current", "current"]


def test_a_revoked_key_is_revoked_at_once_and_stays_so():
    keys, key = rotated((), "abc", NOW_US)
    keys = revoked(revoked(keys, key.kid, NOW_US), key.kid, NOW_US + 5)
    assert keys[0].state(NOW_US) == "revoked"
    assert keys[0].revoked_us == NOW_US
    with pytest.raises(MessageKeyError, match="there is no key"):
        revoked(keys, "nobody's", NOW_US)


def test_keys_are_bounded_and_old_ones_forgotten():
    keys, _ = rotated((), "abc", NOW_US, 0)
    for _ in range(LIMIT_KEYS_PER_BUSINESS - 1):
        keys, _ = rotated(keys, "abc", NOW_US, 0)
    with pytest.raises(MessageKeyError, match="has 20 keys"):
        rotated(keys, "abc", NOW_US, 0)
    keys, _ = rotated(keys, "abc", NOW_US + KEPT_US + 1, 0)
    assert len(keys) == 2


@pytest.mark.parametrize("business", ["", "a b", "x" * 65, "../etc"])
def test_what_is_no_identifier_gets_no_key(business: str):
    with pytest.raises(MessageKeyError, match="no identifier"):
        rotated((), business, NOW_US)


def test_what_is_published_is_public():
    _, key = rotated((), "abc", NOW_US)
    assert key.public().keys() == {"kty", "crv", "x", "y", "kid", "use", "alg"}


# The file.


def test_the_file_is_its_owners_alone(tmp_path: Path):
    file = KeyFile(tmp_path)
    keys, _ = rotated((), "abc", NOW_US)
    file.write(keys)
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert file.read() == keys
    assert os.listdir(tmp_path) == ["message-keys.json"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int):
    file = KeyFile(tmp_path)
    file.write(rotated((), "abc", NOW_US)[0])
    file.path.chmod(mode)
    with pytest.raises(MessageKeyError, match="may be read by others"):
        file.read()


@pytest.mark.parametrize("octets", [b"", b"{}", b"[1]", b"\xff", b"[" * 9999])
def test_a_damaged_file_is_refused(tmp_path: Path, octets: bytes):
    file = KeyFile(tmp_path)
    file.write(())
    file.path.write_bytes(octets)
    with pytest.raises(MessageKeyError):
        file.read()


def test_a_key_that_is_not_the_one_it_says_is_refused(tmp_path: Path):
    file = KeyFile(tmp_path)
    file.write(rotated((), "abc", NOW_US)[0])
    stored = json.loads(file.path.read_text())
    for change in (
        {"kid": "0" * 24},
        {"private": {**stored[0]["private"], "d": "AA"}},
        {"private": {"kty": "oct", "k": "AAAA"}},
    ):
        file.path.write_text(json.dumps([{**stored[0], **change}]))
        with pytest.raises(MessageKeyError):
            file.read()
    file.path.write_text(json.dumps([*stored, *stored]))
    with pytest.raises(MessageKeyError, match="twice"):
        file.read()


# What a running door knows.


def test_a_running_door_takes_a_change_within_a_second(tmp_path: Path):
    clock = VirtualClock(NOW_US)
    file = KeyFile(tmp_path)
    known = MessageKeys(file, clock)
    assert known.published("abc") is None
    keys, first = rotated((), "abc", NOW_US)
    file.write(keys)
    clock.advance_us(LOOK_US)
    published = known.published("abc")
    assert published is not None
    assert published["kid"] == first.kid
    keys, second = rotated(keys, "abc", clock.now_us(), HOUR_US)
    file.write(keys)
    clock.advance_us(LOOK_US)
    assert known.find(first.kid)
    assert known.find(second.kid)
    clock.advance_us(HOUR_US)
    assert known.find(first.kid) is None
    file.write(revoked(keys, second.kid, clock.now_us()))
    clock.advance_us(LOOK_US)
    assert known.find(second.kid) is None
    assert known.published("abc") is None
    file.path.unlink()
    clock.advance_us(LOOK_US)
    assert known.find(second.kid) is None


def test_a_file_damaged_meanwhile_shuts_nobody_out(tmp_path: Path):
    clock = VirtualClock(NOW_US)
    file = KeyFile(tmp_path)
    keys, key = rotated((), "abc", NOW_US)
    file.write(keys)
    known = MessageKeys(file, clock)
    file.path.write_text("what is this")
    clock.advance_us(LOOK_US)
    assert known.find(key.kid) is not None
    assert known.unreadable == 1


# The command.


def test_the_command_lists_rotates_and_revokes(tmp_path: Path):
    at = ("--data", str(tmp_path), "--json")
    first = json.loads(calleq("keys", "rotate", "abc", *at).stdout)[0]
    both = json.loads(calleq("keys", "rotate", "abc", "--overlap-hours", "1", *at).stdout)
    assert [key["state"] for key in both] == ["retiring", "current"]
    revoking = calleq("keys", "revoke", first["kid"], *at)
    assert [key["state"] for key in json.loads(revoking.stdout)] == ["revoked", "current"]
    shown = calleq("keys", "--data", str(tmp_path))
    private = {key["private"]["d"] for key in json.loads(KeyFile(tmp_path).path.read_text())}
    assert "2 keys" in shown.stdout
    assert not any(secret in shown.stdout + revoking.stdout for secret in private)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("rotate",), "a business's identifier is needed"),
        (("revoke",), "a key's kid is needed"),
        (("revoke", "nobody's"), "there is no key"),
        (("rotate", "a b"), "no identifier"),
        (("rotate", "abc", "--overlap-hours", "9999"), "hours were expected"),
    ],
)
def test_the_command_says_what_is_wrong(tmp_path: Path, arguments: tuple[str, ...], says: str):
    refused = calleq("keys", *arguments, "--data", str(tmp_path))
    assert refused.returncode in (1, 2)
    assert says in refused.stderr
    assert "Traceback" not in refused.stderr
