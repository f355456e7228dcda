"""Encrypted messages to a network that runs, with the guide's own program; then everything that
the network has written is searched for what was in them."""

import json
import pathlib

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


WAITING = """import time
import httpx
for _ in range(50):
    if httpx.get(f"{URL}/v1/businesses/xyz/message-keys").status_code == 200:
        break
    time.sleep(0.1)"""
"""The program, once the network has taken up the key: it does so within a second."""
