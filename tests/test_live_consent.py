"""Consent and the do-not-call list as their users have them: `calleq up`, real voice, commands.

Three customers at once: one presses a key, one says a word (where the recogniser is installed), one
never wants to be called again.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.util import find_spec

import pytest

from tests.live import LiveNetwork, at_once, calleq
from tests.test_docs import ROOT, blocks

PRESSES, QUIET, OPTS_OUT, SAYS = (f"+1212555010{place}" for place in range(4))
MORE = f"""
[[lines]]
number = "+12125550144"
[[lines]]
number = "{SAYS}"
behaviour = "says_yes"
"""


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveNetwork]:
    folder = tmp_path_factory.mktemp("consent")
    page = (ROOT / "docs" / "guide" / "prompts.md").read_text("utf-8")
    (text,) = blocks(page, "toml asking.toml")
    text = text.replace('consent = "key"', 'consent = "key_or_speech"')
    text = text.replace('["+12125550143"]', '["+12125550143", "+12125550144"]')
    (folder / "asking.toml").write_text(text + MORE, "utf-8")
    file = str(folder / "asking.toml")
    with LiveNetwork(folder / "data", "--network", file, "--talk", "2") as running:
        yield running


def outcome(network: LiveNetwork, customer: str) -> tuple[str, str]:
    """The call's state, and what the customer answered."""
    done = calleq(
        *("call", "--customer", customer, "--business", "abc", "--password", "abc-demo"),
        *("--url", network.url, "--desk", network.desk),
    )
    (answer, *_) = [
        line.partition("answers: ")[2] for line in done.stdout.splitlines() if "answers: " in line
    ]
    return done.stdout.splitlines()[-1].partition(" ")[0], answer


@pytest.mark.row("S2-100", part=True)
def test_a_key_a_word_and_never_again(network: LiveNetwork) -> None:
    customers = [PRESSES, OPTS_OUT]
    if find_spec("pocketsphinx") is not None:
        customers.append(SAYS)
    ends = at_once(*(partial(outcome, network, customer) for customer in customers))
    found = dict(zip(customers, ends, strict=True))
    assert found[PRESSES] == ("completed", "key_1")
    assert found[OPTS_OUT] == ("customer_rejected", "opted_out")
    assert found.get(SAYS, ("completed", "yes")) == ("completed", "yes")

    data = ("--data", str(network.data))
    listed = calleq("do-not-call", *data)
    assert "1 numbers not to be called" in listed.stdout
    assert OPTS_OUT in listed.stdout
    refused = calleq(
        *("call", "--customer", OPTS_OUT, "--business", "abc", "--password", "abc-demo"),
        *("--url", network.url),
    )
    assert refused.returncode == 1
    assert "never to be called" in refused.stderr
    removed = calleq("do-not-call", "remove", OPTS_OUT, "--business", "abc", *data)
    assert removed.returncode == 0
    again = calleq("do-not-call", "remove", OPTS_OUT, "--business", "abc", *data)
    assert again.returncode == 1
    assert "is not on the list" in again.stderr
    assert calleq("do-not-call", "add", PRESSES, "--business", "xyz", *data).returncode == 1
    assert calleq("do-not-call", "add", "--business", "abc", *data).returncode == 2


def test_a_code_is_told_and_entered_at_the_telephone(network: LiveNetwork) -> None:
    done = calleq(
        *("call", "--customer", PRESSES, "--business", "def", "--password", "def-demo"),
        *("--url", network.url, "--desk", network.desk, "--enter-code"),
    )
    lines = done.stdout.splitlines()
    told = [line for line in lines if line.startswith("code ")]
    assert len(told) == 1
    code = told[0].split()[1].rstrip(":")
    assert code.isdigit()
    assert any("answers: right_code" in line for line in lines), done.stdout
    assert lines[-1].startswith("completed")
    kept = b"".join(path.read_bytes() for path in network.data.rglob("*.journal*"))
    assert kept
    assert code.encode() not in kept


def test_a_code_is_in_the_outcome_as_json_and_a_desk_that_is_not_there_is_said(
    network: LiveNetwork,
) -> None:
    asked = ("call", "--customer", PRESSES, "--business", "def", "--password", "def-demo")
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    later = ("--at", tomorrow.isoformat(), "--confirmed", "--json")
    done = calleq(*asked, "--url", network.url, *later)
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["code"]) == 6
    refused = calleq(*asked, "--url", network.url, "--enter-code", "--desk", "http://127.0.0.1:9")
    assert refused.returncode == 2
    assert "--enter-code" in refused.stderr
