"""The benches of the API and of overload, run short: what they print, never how fast it is."""

import shutil

import pytest

from calleq.cli import bench_api, bench_overload
from calleq.cli.main import main
from tests.test_cli_bench import printed


def test_api_says_what_a_call_asked_for_in_earnest_costs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_api, "MESSAGES", 64)
    monkeypatch.setattr(bench_api, "WARMING_MESSAGES", 32)
    monkeypatch.setattr(bench_api, "FLUSHES", 5)
    monkeypatch.setattr(bench_api, "HALF_LOAD_S", 0.3)
    figures = printed("api", capsys)
    assert figures["call asked for"]["unit"] == "us CPU"
    assert figures["outstanding"]["value"] == 32
    names = {"answer, p99", "answer at half load, p99", "calls asked for, one core"}
    assert names <= set(figures)


@pytest.mark.foreign("h2load")
def test_overload_says_what_is_accepted_and_that_nothing_is_lost(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_overload, "PEAK_S", 1)
    monkeypatch.setattr(bench_overload, "CLIENTS", 150)
    monkeypatch.setattr(bench_overload, "FACTORS", (3.0,))
    monkeypatch.setattr(bench_overload, "RUN_S", 3)
    monkeypatch.setattr(bench_overload, "EDGE_S", 0.5)
    monkeypatch.setattr(bench_overload, "REFUSALS", 500)
    figures = printed("overload", capsys)
    assert figures["accepted and not in the journal"]["value"] == 0
    assert figures["3 x peak: neither"]["value"] == 0
    assert figures["3 x peak: refused"]["value"] != 0
    events = figures["call that goes on: events"]["value"]
    assert isinstance(events, int)
    assert events > 4
    assert figures["refused unread"]["unit"] == "us CPU"


def test_without_the_generator_it_says_where_that_comes_from(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda program: None)
    assert main(["bench", "overload"]) == 1
    assert "nghttp2-client" in capsys.readouterr().err
