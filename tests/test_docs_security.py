"""The pages about who asks, deployment and security say what is true."""

import pathlib
import re
import subprocess

import pytest

from calleq.access_server.routes_businesses import OWN_SETTINGS
from calleq.accounts.bounds import LONGEST_OVERLAP_US
from calleq.accounts.denial import BUSY, DenialReason
from calleq.accounts.issuing import INITIAL_US
from calleq.accounts.page_tokens import LIFETIMES_S
from calleq.cli.keys_parser import (
    DEFAULT_AUTHORITY_DAYS,
    DEFAULT_DAYS,
    DEFAULT_OVERLAP_HOURS,
    DEFAULT_RENEW_DAYS,
)
from calleq.messages.signing import NONCE, SIGNATURE
from calleq.topology import parse_topology
from calleq.units import HOUR_US
from tests.live import ROOT
from tests.test_docs import blocks, follow
from tests.who import Who

PAGES = ROOT / "docs"


def reasons_of(kind: object) -> set[str]:
    """Every word of nested literals."""
    found: set[str] = set()
    for word in getattr(kind, "__args__", ()):
        found |= {word} if isinstance(word, str) else reasons_of(word)
    return found


def test_the_guide_to_deployment_can_be_followed(tmp_path: pathlib.Path):
    page = (PAGES / "guide" / "deployment.md").read_text("utf-8")
    assert follow(page, tmp_path) == 2
    whole, keys, wires = blocks(page, r"toml[^\n]*")
    place = "\n[[switches]]"
    topology = parse_topology(whole.replace(place, f"\n{keys}{place}", 1), "guide")
    assert topology.access_server.tls.client_authorities == "clients.pem"
    assert parse_topology(f"{whole}\n{wires}", "guide").processes.tls
    for name in re.findall(r"`(calleq_[a-z_]+)", page):
        metrics = (ROOT / "calleq" / "operation" / "metrics.py").read_text("utf-8")
        assert name.removesuffix("_total") in metrics, name


def test_the_guide_to_authentication_signs_as_doors_expect():
    page = (PAGES / "guide" / "authentication.md").read_text("utf-8")
    (example,) = blocks(page, "python")
    said: dict[str, object] = {}
    exec(compile(example, "authentication.md", "exec"), said)
    headers = said["headers"]
    assert isinstance(headers, dict)
    who = Who()
    sign = who.issue("signing_key")
    body = said["body"]
    assert isinstance(body, bytes)
    good = who.signs(sign, headers[NONCE], body=body)
    assert who.why(good, body=body) == ""
    assert set(headers) == set(good)


def test_the_shell_s_signature_is_the_library_s(tmp_path: pathlib.Path):
    """The lines of the guide, with values in place of the shell's variables."""
    who = Who()
    sign = who.issue("signing_key")
    secret, nonce, body = who.secrets[sign.identifier], "nonce-0123456789", b'{"a":1}'
    expected = who.signs(sign, nonce, body=body)
    (tmp_path / "body.json").write_bytes(body)
    page = (PAGES / "guide" / "authentication.md").read_text("utf-8")
    shell = next(block for block in blocks(page, "console") if "openssl" in block)
    lines = [line.removeprefix("$ ") for line in shell.splitlines()]
    now = f"now={who.now_s} nonce={nonce} id={sign.identifier} key={secret}"
    digest = re.search(r"digest=\$\(.*\)$", lines[0])
    assert digest is not None
    script = "\n".join([now.replace(" ", "\n"), digest[0], *lines[1:]])
    done = subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=30, check=True
    )
    assert f"v1={done.stdout[:64]}" == expected[SIGNATURE]


def test_every_reason_is_in_the_guide():
    page = (PAGES / "guide" / "authentication.md").read_text("utf-8")
    table = page.partition("## What is refused")[2]
    known = reasons_of(DenialReason)
    assert known >= BUSY
    assert {"bad_password", "other_origin", "replayed_nonce"} <= known
    assert set(re.findall(r"`([a-z_]+)`", table)) == known | {"other_business"}


CHAPTERS = {
    "V1": 27,
    "V2": 11,
    "V3": 19,
    "V4": 10,
    "V5": 9,
    "V6": 35,
    "V7": 18,
    "V8": 7,
    "V9": 7,
    "V10": 29,
    "V11": 14,
    "V12": 9,
    "V13": 13,
    "V14": 9,
    "V15": 13,
    "V16": 16,
    "V17": 7,
}
"""Requirements of ASVS 5.0.0 at levels 1 and 2, by chapter: 253."""


def test_the_table_of_fields_has_what_a_business_changes_itself():
    page = (PAGES / "security.md").read_text("utf-8")
    fields = page.partition("## Fields")[2].partition("\n## ")[0]
    (own,) = [line for line in fields.splitlines() if "`dial_first`" in line]
    named = own.split(" | ")[1]
    assert set(re.findall(r"`([a-z_]+)`", named)) == OWN_SETTINGS


def test_lives_of_keys_are_as_they_are_told():
    page = (PAGES / "security.md").read_text("utf-8")
    lives = page.partition("A key lives as")[2].partition("\n## ")[0]
    assert f"{LONGEST_OVERLAP_US // (24 * HOUR_US)} days at most" in lives
    assert f"{INITIAL_US // HOUR_US} hours, to be changed" in lives
    assert f"{DEFAULT_OVERLAP_HOURS} hours unless told" in lives
    assert f"{DEFAULT_DAYS} days, made anew {DEFAULT_RENEW_DAYS} days before" in lives
    assert f"{DEFAULT_AUTHORITY_DAYS // 365} years" in lives
    assert LIFETIMES_S[1] == 3_600, "the longest life of a page token is an hour"


def asvs_rows() -> list[list[str]]:
    page = (PAGES / "security.md").read_text("utf-8")
    lines = [line for line in page.splitlines() if re.match(r"\| V\d+\.\d+\.\d+ \|", line)]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_the_table_of_asvs_has_every_requirement_of_level_2_once():
    rows = asvs_rows()
    identifiers = [row[0].strip() for row in rows]
    assert len(identifiers) == len(set(identifiers)) == sum(CHAPTERS.values()) == 253
    counted = dict.fromkeys(CHAPTERS, 0)
    for identifier in identifiers:
        counted[identifier.partition(".")[0]] += 1
    assert counted == CHAPTERS


@pytest.mark.parametrize(
    "row", asvs_rows() if (PAGES / "security.md").exists() else [], ids=lambda row: row[0]
)
def test_each_requirement_has_a_verdict_and_a_test_or_a_reason(row: list[str]):
    assert len(row) == 4, row
    _, what, verdict, why = row
    assert what
    assert verdict in ("met", "not met", "does not apply")
    assert why
    for path, name in re.findall(r"`(tests/[a-z_0-9/]+\.py)(?:::(test_[a-z_0-9]+))?`", why):
        text = (ROOT / path).read_text("utf-8")
        assert not name or f"def {name}(" in text, f"{path}::{name}"
    for path in re.findall(r"`((?:calleq|deploy|docs)/[a-zA-Z_0-9/.-]+)`", why):
        assert (ROOT / path).exists(), path
