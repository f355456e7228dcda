"""Passwords of people: what they must not be, who changes them, how long a made one is good."""

import hashlib
import json
import pathlib
import random

import pytest

from calleq.accounts.strength import Breached, BreachedError, Strength
from calleq.cli import own_password
from calleq.cli.failure import CommandError, UsageError
from calleq.cli.main import build_parser
from calleq.client.accounts import AccountsClient
from calleq.journal.entries import AccountChanged
from calleq.topology import load_topology
from tests.asgi import InProcess
from tests.door import OUTSIDE, Door, basic, message
from tests.live import ROOT
from tests.test_accounts_api import SECOND_US, code, done

GOOD = "seven owls met at noon"
OTHER = "nine foxes sang at dusk"
HOUR_US = 3_600 * SECOND_US
USER = "/v1/businesses/abc/users/ann"
CREDENTIALS = "/v1/businesses/abc/credentials"


@pytest.fixture
def door() -> Door:
    return Door()


def ann(door: Door, **order: object) -> tuple[str, str]:
    """Ann of business abc with a password: its credential and, where it was made, itself."""
    carrier = door.operator()
    done(carrier.put(USER, json={"role": "developer", "name": "Ann"}))
    given = {"kind": "password", "user": "ann", **order}
    made = done(carrier.post(CREDENTIALS, json=given), 201)
    return made["credential"]["credential"], made["secret"]


def change(door: Door, current: str, new: str, proof: str = "", who: str = "abc/ann"):
    return door.http(OUTSIDE).post(
        "/v1/password",
        json={"current": current, "new": new},
        headers=basic(who, proof or current),
    )


# What they must not be.


@pytest.mark.parametrize(
    "secret",
    [
        "passwordpassword",
        "Passw0rd!Passw0rd!",
        "iloveyou123456",
        "123456789012345",
        "qwertyuiop[]asdf",
        "administrator2024",
        "calleq-calleq-1",
        "acme-acme-2026!",
        "CarrierOne-2026",
        "ann.ann.ann.ann",
    ],
)
def test_what_is_common_or_around_it_is_refused(secret: str):
    strength = Strength(words=("carrier one",))
    assert strength.fault(secret, ("acme", "ann", "")).startswith("is too easy to guess")


@pytest.mark.parametrize(
    "secret", [GOOD, OTHER, "x7Gq-2mPwz9K", "Ω≈ç√∫˜µ≤≥÷åß", "a" * 3 + GOOD * 10]
)
def test_what_is_hard_to_guess_is_taken_whatever_it_is_made_of(secret: str):
    assert Strength().fault(secret, ("acme", "ann")) == ""


def pwned(path: pathlib.Path, *secrets: str, lines: int = 3_000) -> pathlib.Path:
    """A file as Have I Been Pwned has it: those passwords among others."""
    digests = [hashlib.sha1(secret.encode()).hexdigest().upper() for secret in secrets]
    draws = random.Random(7)
    digests += [draws.randbytes(20).hex().upper() for _ in range(lines)]
    ordered = sorted(digests)
    path.write_bytes(b"".join(b"%s:%d\r\n" % (d.encode(), n + 1) for n, d in enumerate(ordered)))
    return path


def test_a_breached_one_is_refused_wherever_it_stands_in_the_file(tmp_path: pathlib.Path):
    known = [f"{GOOD} {number}" for number in range(200)]
    breached = Breached(pwned(tmp_path / "pwned.txt", *known))
    assert all(breached.has(secret) for secret in known)
    assert not any(breached.has(f"{OTHER} {number}") for number in range(200))
    assert Strength(breached).fault(known[0], ()).startswith("is known from a breach")
    assert Strength(breached).fault(OTHER, ()) == ""


@pytest.mark.parametrize("lines", [0, 1, 2])
def test_the_first_and_the_last_line_are_found_and_a_short_file_is_one(
    tmp_path: pathlib.Path, lines: int
):
    path = pwned(tmp_path / "pwned.txt", GOOD, lines=lines)
    assert Breached(path).has(GOOD)
    assert not Breached(path).has(OTHER)


def test_what_is_no_file_of_breached_passwords_is_refused(tmp_path: pathlib.Path):
    path = tmp_path / "passwords.txt"
    path.write_text("123456\npassword\n")
    with pytest.raises(BreachedError, match="no file of SHA-1 digests in order"):
        Breached(path)
    with pytest.raises(BreachedError, match="cannot be read: No such file"):
        Breached(tmp_path / "nothing")


def test_a_topology_names_the_file_and_the_carriers_words(tmp_path: pathlib.Path):
    from calleq.cli.administering import strength_of

    figure = (ROOT / "calleq" / "data" / "figure1.toml").read_text()
    path = tmp_path / "network.toml"
    path.write_text('passwords = {breached = "pwned.txt", words = ["megatel"]}\n' + figure)
    with pytest.raises(UsageError, match=r"passwords\.breached: .*pwned\.txt: cannot be read"):
        strength_of(load_topology(path))
    pwned(tmp_path / "pwned.txt", GOOD)
    strength = strength_of(load_topology(path))
    assert strength.fault(GOOD, ()).startswith("is known from a breach")
    assert strength.fault("MegaTelMegaTel26", ()).startswith("is too easy to guess")
    assert strength.fault(OTHER, ()) == ""


# Who changes them.


def test_people_change_their_own_with_the_old_one_which_ends_at_once(door: Door):
    old, _ = ann(door, secret=GOOD)
    changed = done(change(door, GOOD, OTHER))
    assert (changed["user"], changed["standing"]) == ("ann", "good")
    assert changed["credential"] != old
    calls = door.http(OUTSIDE).get("/v1/calls", headers=basic("abc/ann", OTHER))
    assert calls.status_code == 200
    assert door.http(OUTSIDE).get("/v1/calls", headers=basic("abc/ann", GOOD)).status_code == 401
    (rotated,) = [
        one
        for one in door.journal.of(AccountChanged)
        if one.change["change"] == "credential_rotated"
    ]
    assert rotated.by == old
    for text in (GOOD, OTHER):
        assert text not in str(door.journal.entries)


def test_names_of_the_business_and_the_person_are_no_passwords(door: Door):
    ann(door, secret=GOOD)
    done(door.operator().patch("/v1/businesses/abc", json={"settings": {"name": "Zwetschge Ltd"}}))
    done(door.operator().put(USER, json={"role": "developer", "name": "Ann Quetschkommode"}))
    for new in ("Zwetschge-2026", "quetschkommode1"):
        answer = change(door, GOOD, new)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/new"), new


def test_the_old_one_is_said_once_more_and_the_new_one_is_good_enough(door: Door):
    ann(door, secret=GOOD)
    for current, new, pointer in (
        ("not the old one", OTHER, "/current"),
        (GOOD, GOOD, "/new"),
        (GOOD, "", "/new"),
        (GOOD, "short", "/new"),
        (GOOD, "passwordpassword", "/new"),
    ):
        answer = change(door, current, new, proof=GOOD)
        assert answer.status_code == 422, answer.text
        assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]
    assert door.http(OUTSIDE).get("/v1/calls", headers=basic("abc/ann", GOOD)).status_code == 200


def test_a_business_changes_its_own_and_keys_change_none(door: Door):
    carrier = door.operator()
    done(carrier.post(CREDENTIALS, json={"kind": "password", "secret": GOOD}), 201)
    key = done(carrier.post(CREDENTIALS, json={"kind": "api_key"}), 201)["secret"]
    refused = door.http(OUTSIDE).post(
        "/v1/password",
        json={"current": GOOD, "new": OTHER},
        headers={"authorization": f"Bearer {key}"},
    )
    assert (refused.status_code, code(refused)) == (409, "no_password")
    done(change(door, GOOD, OTHER, who="abc"))
    placed = door.http(OUTSIDE).post("/v1/calls", json=message(password=OTHER))
    assert placed.status_code == 202, placed.text


# How long one is good that was made for a person.


def test_one_that_was_made_is_good_for_nothing_but_to_be_changed(door: Door):
    _, made = ann(door)
    told = basic("abc/ann", made)
    for method, path, body in (
        ("GET", "/v1/calls", None),
        ("POST", "/v1/calls", message(password=None)),
        ("GET", "/v1/limits", None),
    ):
        answer = door.http(OUTSIDE).request(method, path, json=body, headers=told)
        assert (answer.status_code, code(answer)) == (403, "initial_password"), path
    assert door.bus.sent == []
    changed = done(change(door, made, GOOD))
    assert changed["change_before"] == ""
    assert door.http(OUTSIDE).get("/v1/calls", headers=basic("abc/ann", GOOD)).status_code == 200
    assert door.http(OUTSIDE).get("/v1/calls", headers=told).status_code == 401


def test_one_that_was_made_ends_after_three_days(door: Door):
    credential, made = ann(door)
    (view,) = done(door.operator().get(CREDENTIALS))["credentials"]
    assert (view["credential"], view["standing"]) == (credential, "good")
    assert view["change_before"] == "2026-11-24T10:00:00.000000Z"
    door.clock.advance_us(72 * HOUR_US)
    assert change(door, made, GOOD).status_code == 401
    (view,) = done(door.operator().get(CREDENTIALS))["credentials"]
    assert view["standing"] in ("expired", "revoked")


def test_one_that_was_made_again_by_somebody_else_is_initial_too(door: Door):
    credential, _ = ann(door, secret=GOOD)
    again = door.operator().post(f"{CREDENTIALS}/{credential}/rotate", json={"overlap_s": 0})
    made = done(again, 201)["secret"]
    answer = door.http(OUTSIDE).get("/v1/calls", headers=basic("abc/ann", made))
    assert (answer.status_code, code(answer)) == (403, "initial_password")


def test_it_is_so_after_a_restart_and_a_programs_own_is_not(door: Door):
    _, made = ann(door)
    carrier = door.operator()
    program = done(carrier.post(CREDENTIALS, json={"kind": "password"}), 201)["secret"]
    after = Door()
    after.restart(door.journal.entries)
    answer = after.http(OUTSIDE).get("/v1/calls", headers=basic("abc/ann", made))
    assert code(answer) == "initial_password"
    placed = after.http(OUTSIDE).post("/v1/calls", json=message(password=program))
    assert placed.status_code == 202


def test_by_the_command(
    door: Door,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    transport = InProcess(door.surface.app, OUTSIDE)

    def client(url: str, *, password: tuple[str, str]) -> AccountsClient:
        return AccountsClient(url, transport=transport, password=password)

    monkeypatch.setattr(own_password, "AccountsClient", client)
    current, new = tmp_path / "current", tmp_path / "new"
    current.write_text(ann(door)[1])
    new.write_text(GOOD)

    def types(*words: str) -> int:
        return own_password.run(build_parser().parse_args(["password", *words]))

    who = ("--business", "abc", "--user", "ann", "--current-file", str(current))
    with pytest.raises(CommandError, match="is the one that there is"):
        types(*who, "--new-file", str(current))
    assert types(*who, "--new-file", str(new), "--json") == 0
    assert json.loads(capsys.readouterr().out)["user"] == "ann"
    with pytest.raises(CommandError, match="not accepted"):
        types(*who, "--new-file", str(new))
    typed = iter([GOOD, OTHER, "another", GOOD, OTHER, OTHER])
    monkeypatch.setattr(own_password, "getpass", lambda prompt: next(typed))
    monkeypatch.setattr(own_password.sys.stdin, "isatty", lambda: True, raising=False)
    with pytest.raises(CommandError, match="the two are not the same"):
        types("--business", "abc", "--user", "ann")
    assert types("--business", "abc", "--user", "ann") == 0
    assert "the one before is worth nothing" in capsys.readouterr().out
    monkeypatch.setattr(own_password.sys.stdin, "isatty", lambda: False, raising=False)
    with pytest.raises(UsageError, match="--current-file and --new-file"):
        types("--business", "abc")
    with pytest.raises(UsageError, match="say whose password it is"):
        types()
