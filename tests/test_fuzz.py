"""Fifty thousand damaged messages for every codec, and a broken codec that is found out."""

import base64
import json
from itertools import islice

import pytest
from msgspec.structs import replace

from simulator.cli import main
from simulator.fuzz.command import COVERAGE_LEAST, try_codec
from simulator.fuzz.coverage_of import measure
from simulator.fuzz.envelopes import ENVELOPES
from simulator.fuzz.mutator import LENGTH_LIMIT_OCTETS, mutations
from simulator.fuzz.target import TARGETS, load

SEED = 1876
MESSAGES = 50_000


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_damaged_messages_are_decoded_or_refused_and_nothing_else(name: str) -> None:
    verdict = try_codec(load(name), SEED, MESSAGES)
    assert verdict.broken == ()
    assert verdict.past_header >= MESSAGES // 2
    if name != "jose":  # of which nothing that was changed is authentic
        # JSON survives a change less often than octets do.
        assert verdict.decoded >= MESSAGES // (20 if name == "relay" else 10)
    assert verdict.refused >= MESSAGES // 10
    assert verdict.passed, verdict


def misspelt(envelope: bytes) -> list[bytes]:
    """An envelope with a value of another type in its header: damage to base 64 makes no such."""
    coded, _, rest = envelope.partition(b".")
    header = json.loads(base64.urlsafe_b64decode(coded + b"=" * (-len(coded) % 4)))
    changed = ({**header, "field": 7}, {**header, "iat": "now"})
    return [
        base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=") + b"." + rest
        for one in changed
    ]


def test_the_envelopes_that_are_damaged_are_the_same_in_every_run() -> None:
    assert load("jose").samples == list(ENVELOPES)
    assert len({*ENVELOPES}) == 4


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_mutations_reach_nearly_every_branch_of_the_decoders(name: str) -> None:
    pytest.importorskip("coverage")
    target = load(name)
    damaged = mutations(target.samples, target.header_octets, SEED)
    many = 15_000 if name.startswith(("mtp3", "sccp", "tcap", "sip", "sdp", "user")) else 60_000
    octets = [*target.samples, *islice(damaged, many)]
    if name == "jose":
        octets += misspelt(target.samples[0])
    found = measure(target.decoder, target.decode, target.refusal, octets)
    assert found.branches >= 6
    assert found.share >= (1.0 if name == "jose" else COVERAGE_LEAST), found.missed


def test_every_sample_is_valid_and_mutations_are_the_same_for_the_same_seed() -> None:
    for name in TARGETS:
        target = load(name)
        for octets in target.samples:
            target.decode(octets)
            assert target.past_header(octets)
    first = list(islice(mutations(target.samples, 3, 7), 1_000))
    assert first == list(islice(mutations(target.samples, 3, 7), 1_000))
    assert first != list(islice(mutations(target.samples, 3, 8), 1_000))
    assert max(map(len, first)) <= max(LENGTH_LIMIT_OCTETS, *map(len, target.samples))


def test_a_codec_that_breaks_or_refuses_everything_at_its_header_is_found() -> None:
    good = load("mtp3")

    def decode(octets: bytes) -> object:
        if len(octets) == 9:
            raise KeyError("nine")
        return good.decode(octets)

    verdict = try_codec(replace(good, decode=decode), SEED, 1_000)
    assert not verdict.passed
    assert verdict.broken_count > len(verdict.broken) > 0
    assert "KeyError" in verdict.broken[0].error
    assert not try_codec(replace(good, past_header=lambda _: False), SEED, 100).passed


def test_a_codec_that_keeps_what_it_saw_is_found() -> None:
    good = load("mtp3")
    kept = []

    def decode(octets: bytes) -> object:
        kept.append(bytes([*octets]))
        return good.decode(octets)

    verdict = try_codec(replace(good, decode=decode), SEED, 5_000)
    assert verdict.growth_blocks > 4_000
    assert not verdict.passed


def test_the_command_tells_and_fails_where_it_should(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fuzz", "mtp3", "--messages", "200", "--json"]) == 0
    (verdict,) = json.loads(capsys.readouterr().out)
    assert (verdict["codec"], verdict["messages"], verdict["broken_count"]) == ("mtp3", 200, 0)
    assert main(["fuzz", "mtp3", "isup", "--messages", "200"]) == 0
    assert "past header" in capsys.readouterr().out
    assert main(["fuzz", "mtp3", "--messages", "10", "--coverage"]) == 1
    assert "less than 95%" in capsys.readouterr().err
    assert main(["fuzz", "nonsense"]) == 2
    assert main(["fuzz", "mtp3", "--messages", "1"]) == 2
