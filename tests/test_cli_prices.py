"""`calleq price` and `calleq balance`: what they print, and what they say when they cannot."""

import json
from pathlib import Path

import pytest

from calleq.cli.main import main
from calleq.topology import figure1_path


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(arguments)
    output = capsys.readouterr()
    return status, output.out, output.err


def test_a_price_by_the_shipped_deck(capsys: pytest.CaptureFixture[str]):
    number = "+442079460000"
    status, out, _ = said(capsys, "price", number, "--minutes", "0.6", "--json")
    price = json.loads(out)
    assert (status, price["deck"], price["currency"]) == (0, "retail", "USD")
    assert (price["customer"]["rate_key"], price["representative"]) == ("+44", None)
    # 36 s are 30 and one increment of 6, at 0.02 a minute, and 0.005 for the call.
    assert price["maximum"] == "0.017"


def test_a_price_as_people_read_it(capsys: pytest.CaptureFixture[str]):
    status, out, _ = said(
        capsys, "price", "+12125550100", "--business", "xyz", "--rep", "+4930123456"
    )
    assert status == 0
    assert "by deck retail, in USD" in out
    assert "representative" in out
    assert "1 min at most  0.054 USD" in out


@pytest.mark.parametrize(
    ("arguments", "status", "error"),
    [
        (("+19005550100",), 1, "+19005550100 is not sold: premium rate (+1900)"),
        (("+81312345678",), 1, "deck retail has no rate for +81312345678 at that time"),
        (("911",), 2, "'911'"),
        (("+12125550100", "--business", "nobody"), 2, "--business nobody: one of abc, xyz"),
        (("+12125550100", "--minutes", "nan"), 2, "--minutes nan: 0 to 1440 were expected"),
        (("+12125550100", "--network", "voip"), 1, "the topology names no rate deck"),
    ],
)
def test_what_has_no_price_says_why(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], status: int, error: str
):
    found, out, told = said(capsys, "price", *arguments)
    assert (found, out) == (status, "")
    assert told.startswith("calleq: ")
    assert error in told


def test_a_deck_file_that_is_none_is_named_with_its_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    network = tmp_path / "network.toml"
    network.write_text(figure1_path().read_text())
    deck = tmp_path / "retail.toml"
    shipped = figure1_path().with_name("retail.toml").read_text()
    deck.write_text(shipped.replace('per_minute = "0.012"', "per_minute = 0.012"))
    status, _, told = said(capsys, "price", "+12125550100", "--network", str(network))
    assert status == 1
    assert "retail.toml, line 17: rates[0].per_minute: 0.012: an amount as text" in told


def test_a_balance_needs_a_network_that_runs(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    status, _, told = said(capsys, "balance", "show", "--data", str(tmp_path))
    assert status == 1
    assert "no running network is known here" in told
