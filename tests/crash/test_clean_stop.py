"""Ctrl-C while calls are under way: a clean end, and nothing lost at the next start."""

import json
import pathlib

import pytest

from calleq.client import CalleqClient
from calleq.journal.entries import Dialled, LineReleased
from calleq.journal.reading import read_journal
from tests.live import LiveNetwork, calleq
from tests.test_restart import wait_until

SILENT, REJECTS, PERSON, REPRESENTATIVE = (
    "+12125550102",
    "+12125550107",
    "+12125550100",
    "+12125550143",
)


@pytest.mark.row("S2-79")
def test_a_clean_stop_loses_no_call_that_was_under_way(tmp_path: pathlib.Path) -> None:
    """As docs/guide.md has it: ended calls keep their end, interrupted ones fail with cause 41."""
    with LiveNetwork(tmp_path, "--talk", "30") as network:
        _, ended = network.call(REJECTS, REPRESENTATIVE, "--only-rep")
        with CalleqClient(network.url, "abc", "abc-demo") as client:
            ringing = client.place_call(SILENT, REPRESENTATIVE).call
            talking = client.place_call(PERSON, REPRESENTATIVE).call
            wait_until(
                "one rings and the other talks",
                lambda: (
                    client.call(ringing).state == "calling_customer"
                    and client.call(talking).state == "bridged"
                ),
            )
    assert network.status == 0
    _, notes = read_journal(tmp_path / "network.journal")
    assert notes == [], "the journal was closed"
    with LiveNetwork(tmp_path) as network, CalleqClient(network.url, "abc", "abc-demo") as client:
        states = {call: client.call(call) for call in (ended["call"], ringing, talking)}
    assert [view.state for view in states.values()] == ["customer_rejected", "failed", "failed"]
    assert [view.cause for view in states.values()] == [21, 41, 41]

    entries, _ = read_journal(tmp_path / "network.journal")
    dialled = [s.entry.call for s in entries if isinstance(s.entry, Dialled)]
    assert (dialled.count(ringing), dialled.count(talking)) == (1, 2), "nobody was called again"
    closed = [s for s in entries if isinstance(s.entry, LineReleased)]
    assert len({(s.entity, s.entry.seizure) for s in closed}) == len(closed), "each call once"
    shown = calleq("cdr", "show", talking, "--data", str(tmp_path), "--json")
    legs = json.loads(shown.stdout)["legs"]
    assert [leg["leg"] for leg in legs] == ["customer", "agent"]
    assert all(leg["partial"] and leg["cause"] == 41 for leg in legs)
    assert min(leg["talk_us"] for leg in legs) > 0, "up to the stop"
