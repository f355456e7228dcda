"""Encrypted messages to a network that runs, with the guide's own program; then everything that
the network has written is searched for what was in them."""

import datetime
import json
import pathlib

import httpx
import pytest

from tests.live import ROOT, LiveNetwork, calleq
from tests.test_docs import blocks

PLAINTEXT = (b"patient-4711", b"xyz-demo")
NUMBER = b"12125550100"


@pytest.mark.row("S2-37")
def test_the_guides_program_makes_two_calls_and_nobody_on_the_way_reads_them(
    tmp_path: pathlib.Path,
):
    page = (ROOT / "docs" / "guide" / "encryption.md").read_text("utf-8")
    (program,) = blocks(page, "python")
    data = tmp_path / "data"
    with LiveNetwork(data) as network:
        rotated = calleq("keys", "rotate", "xyz", "--data", str(data), "--json")
        assert rotated.returncode == 0, rotated.stderr
        done: dict[str, object] = {"URL": network.url}
        exec(compile(program.replace("import httpx", WAITING), "encryption.md", "exec"), done)
        answers = [done["whole"], done["in_part"]]
        assert [answer.status_code for answer in answers] == [202, 202]  # type: ignore[attr-defined]
        tampered = done["sealer"].whole(done["message"])[:-1] + b"?"  # type: ignore[attr-defined]
        refused = done["httpx"].post(  # type: ignore[attr-defined]
            f"{network.url}/v1/calls",
            content=tampered,
            headers={"content-type": "application/jose"},
        )
        assert (refused.status_code, refused.json()["code"]) == (400, "not_opened")
        calls = [answer.json()["call"] for answer in answers]  # type: ignore[attr-defined]
        shown = [
            calleq("trace", call, "--data", str(data), "--json").stdout.encode() for call in calls
        ]
        for options in ((), ("customer_number,customer_id,password",)):
            placed = by_command(network.url, "--encrypt", *options)
            calls.append(placed["call"])
            shown.append(calleq("trace", calls[-1], "--data", str(data), "--json").stdout.encode())
        by_a_key_that_lies_in_a_file(network.url, tmp_path)
        printed = "\n".join([*network.up.said(), *network.up.errors]).encode()
    for text in PLAINTEXT:
        assert text not in printed
        assert not any(text in ladder for ladder in shown)
        for file in data.rglob("*"):
            if file.is_file() and "journal" not in file.name and "calls.sqlite" not in file.name:
                assert text not in file.read_bytes(), file
    assert NUMBER not in printed
    for ladder in shown:
        internet = [line for line in json.loads(ladder) if "internet" in json.dumps(line)]
        assert internet
        assert NUMBER not in json.dumps(internet).encode()
    assert (data / "message-keys.json").stat().st_mode & 0o777 == 0o600


def by_command(url: str, *options: str) -> dict[str, str]:
    """A call for tomorrow, placed by `calleq call`."""
    at = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)).replace(hour=15)
    done = calleq(
        *("call", "--customer", "+12125550100", "--rep", "+12125550153", "--url", url),
        *("--at", at.isoformat(timespec="seconds"), "--confirmed", "--json"),
        *("--business", "xyz", "--password", "xyz-demo", *options),
    )
    assert done.returncode == 0, done.stderr
    placed: dict[str, str] = json.loads(done.stdout)
    assert placed["state"] == "scheduled"
    return placed


def by_a_key_that_lies_in_a_file(url: str, directory: pathlib.Path) -> None:
    key, other = directory / "key.json", directory / "other.json"
    key.write_bytes(httpx.get(f"{url}/v1/businesses/xyz/message-keys").content)
    by_command(url, "--encrypt", "--encryption-key", str(key))
    other.write_text(json.dumps(json.loads(key.read_text())["keys"][0]))
    by_command(url, "--encrypt", "customer_number", "--encryption-key", str(other))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--encrypt", "customer_number,colour"], "--encrypt colour: nothing for the whole"),
        (["--encrypt", "--encryption-key", "no-such-file"], "no-such-file: cannot be read"),
        (["--encrypt", "--encryption-key", "setup.cfg"], "setup.cfg: is no public key of the"),
        (["--encryption-key", "setup.cfg"], "--encryption-key belongs to --encrypt"),
    ],
)
def test_what_cannot_encrypt_is_said_before_anything_is_sent(options: list[str], said: str):
    call = ("call", "--customer", "+12125550100", "--url", "http://127.0.0.1:1")
    done = calleq(*call, "--business", "xyz", "--password", "xyz-demo", *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


WAITING = """import time
import httpx
for _ in range(50):
    if httpx.get(f"{URL}/v1/businesses/xyz/message-keys").status_code == 200:
        break
    time.sleep(0.1)"""
"""The program, once the network has taken up the key: it does so within a second."""
