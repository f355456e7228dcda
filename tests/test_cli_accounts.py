"""`calleq business`, `user`, `number`, `rep`, `customer`, `credential`: typed, and what is seen."""

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from calleq.cli import accounts
from calleq.cli.accounts import operator_client
from calleq.cli.failure import CommandError, UsageError
from calleq.cli.given_accounts import given_settings, given_shift
from calleq.cli.main import build_parser
from calleq.client.accounts import AccountsClient
from tests.asgi import InProcess
from tests.door import LOOPBACK, OUTSIDE, Door


class Terminal:
    """Commands at the operator's door of one access server."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.door = Door()
        self._capsys = capsys
        operators = InProcess(self.door.operators, LOOPBACK)
        doors = InProcess(self.door.surface.app, OUTSIDE)

        def client(url: str, key: str = "") -> AccountsClient:
            return AccountsClient(url, key, doors if key else operators)

        monkeypatch.setattr(accounts, "AccountsClient", client)
        monkeypatch.setattr(accounts, "operator_client", lambda data: client("http://operator"))
        monkeypatch.setenv("COLUMNS", "160")

    def types(self, line: list[str]) -> str:
        """What a command prints."""
        given = build_parser().parse_args(line)
        assert accounts.run(given) == 0
        return self._capsys.readouterr().out

    def reads(self, *words: str) -> Any:
        return json.loads(self.types([*words, "--json"]))


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(monkeypatch, capsys)


def test_every_list_is_a_table_and_json(terminal: Terminal):
    terminal.types(["business", "add", "acme", "--name", "Acme", "--number", "+12125550170"])
    abc = ["--business", "abc"]
    terminal.types(["user", "add", "ann", *abc, "--role", "developer"])
    terminal.types(
        ["rep", "add", "ann", *abc, "--number", "+12125550143", "--shift", "mon 09:00-12:00"]
    )
    terminal.types(["customer", "add", "c-1", *abc, "--number", "+12125550100", "--do-not-call"])
    secret = terminal.types(["credential", "add", *abc, "--kind", "api_key", "--user", "ann"])
    assert secret.count("cq_live_") == 1
    assert "not shown again" in secret
    for words, told in (
        (["business", "list"], "Acme"),
        (["business", "show", "abc"], "ABC Company"),
        (["user", "list", *abc], "developer"),
        (["number", "list", *abc], "+12125550140"),
        (["rep", "list", *abc], "mon 09:00-12:00"),
        (["customer", "list", *abc], "c-1"),
        (["customer", "show", "c-1", *abc], "no"),
        (["credential", "list", *abc], "key-"),
    ):
        assert told in terminal.types(words), words
        assert terminal.reads(*words), words
    assert "cq_live_" not in terminal.types(["credential", "list", *abc])


def test_a_business_is_changed_suspended_and_resumed(terminal: Terminal):
    changed = terminal.reads("business", "set", "abc", "language=fr", "calendar.zone=Europe/Paris")
    assert changed["changed"] == ["calendar", "language"]
    assert changed["settings"]["calendar"]["zone"] == "Europe/Paris"
    back = terminal.reads("business", "set", "abc", "language=", "calendar.zone=")
    assert back["changed"] == []
    assert not terminal.reads("business", "suspend", "abc", "--reason", "unpaid")["active"]
    assert "unpaid" in terminal.types(["business", "show", "abc"])
    assert terminal.reads("business", "resume", "abc")["active"]


def test_a_credential_is_rotated_and_revoked(terminal: Terminal):
    abc = ["--business", "abc"]
    issued = terminal.reads("credential", "add", *abc, "--kind", "api_key")
    name = issued["credential"]["credential"]
    again = terminal.reads("credential", "rotate", name, *abc, "--overlap", "60")
    assert again["secret"] != issued["secret"]
    revoked = terminal.reads(
        "credential", "revoke", again["credential"]["credential"], *abc, "--reason", "lost"
    )
    assert revoked["standing"] == "revoked"


def test_what_belongs_to_a_business_is_removed(terminal: Terminal):
    abc = ["--business", "abc"]
    terminal.types(["user", "add", "ann", *abc, "--role", "developer"])
    terminal.types(["customer", "add", "c-1", *abc, "--number", "+12125550100"])
    terminal.types(["number", "add", "+12125550149", *abc])
    terminal.types(["rep", "add", "ann", *abc, "--number", "+12125550143"])
    assert "removed" in terminal.types(["user", "remove", "ann", *abc])
    assert "removed" in terminal.types(["customer", "remove", "c-1", *abc])
    assert "removed" in terminal.types(["rep", "remove", "ann", *abc])
    left = terminal.reads("number", "remove", "+12125550149", *abc)
    assert left["numbers"] == ["+12125550140"]
    assert terminal.reads("customer", "list", *abc) == []


def test_a_password_that_was_chosen_comes_from_a_file_and_is_not_printed(
    terminal: Terminal, tmp_path: Path
):
    chosen = tmp_path / "password"
    chosen.write_text("correct horse battery\n")
    words = ["credential", "add", "--business", "abc", "--kind", "password"]
    told = terminal.types([*words, "--secret-file", str(chosen)])
    assert "correct horse" not in told
    assert "secret:" not in told
    with pytest.raises(UsageError, match="cannot be read"):
        terminal.types([*words, "--secret-file", str(tmp_path / "nowhere")])


def test_from_elsewhere_a_key_is_needed_and_only_its_own_is_seen(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.delenv("CALLEQ_KEY", raising=False)
    elsewhere = ["--url", "https://calls.example"]
    with pytest.raises(UsageError, match="needs an API key"):
        terminal.types(["business", "list", *elsewhere])
    issued = terminal.reads("credential", "add", "--business", "abc", "--kind", "api_key")
    file = tmp_path / "key"
    file.write_text(issued["secret"])
    listed = terminal.reads("business", "list", *elsewhere, "--key-file", str(file))
    assert [one["business"] for one in listed] == ["abc"]
    monkeypatch.setenv("CALLEQ_KEY", issued["secret"])
    with pytest.raises(CommandError, match="no business"):
        terminal.types(["business", "show", "xyz", *elsewhere])


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["business", "show", "nobody"], "no business 'nobody'"),
        (["number", "add", "911", "--business", "abc"], "E.164"),
        (["business", "set", "abc", "language=tlh"], "language"),
        (["customer", "add", "c", "--business", "abc"], "a number or a SIP address is needed"),
        (["credential", "revoke", "key-000000000000"], "no credential"),
    ],
)
def test_a_refusal_is_said_in_the_doors_own_words(terminal: Terminal, words: list[str], why: str):
    with pytest.raises(CommandError, match=why):
        terminal.types(words)


@pytest.mark.parametrize("words", [["nonsense"], ["=x"], ["a.b=1", "a=2", "a.c=3"]])
def test_settings_that_are_none_are_refused(words: list[str]):
    if words == ["a.b=1", "a=2", "a.c=3"]:
        with pytest.raises(UsageError, match="given twice"):
            given_settings(words)
        return
    with pytest.raises(UsageError, match="KEY=VALUE"):
        given_settings(words)


@pytest.mark.parametrize("text", ["", "mon", "mon 9-17", "mon-noon 09:00-17:00", "x 09:00-17:00"])
def test_a_shift_that_is_none_is_refused(text: str):
    with pytest.raises(UsageError, match="shift"):
        given_shift(text)


def test_days_of_a_shift_may_run_over_the_week():
    assert given_shift("fri-mon 22:00-06:00").days == ("fri", "sat", "sun", "mon")


def test_where_no_network_is_known_a_command_says_what_to_do(tmp_path: Path):
    with pytest.raises(CommandError, match="calleq up"):
        operator_client(tmp_path)
    (tmp_path / "listening.json").write_text('{"operator": "http://127.0.0.1:9"}')
    with pytest.raises(CommandError, match="is it running"):
        operator_client(tmp_path)


def test_every_command_has_help_with_an_example(capsys: pytest.CaptureFixture[str]):
    commands = ("business", "user", "number", "rep", "customer", "credential", "drain", "backup")
    for command in (*commands, "restore", "reload"):
        with pytest.raises(SystemExit):
            build_parser().parse_args([command, "--help"])
        assert "example: calleq" in capsys.readouterr().out
    assert isinstance(build_parser(), argparse.ArgumentParser)
