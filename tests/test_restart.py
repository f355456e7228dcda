"""A process that dies loses nothing it accepted and dials nobody twice (rule 5 of the house)."""

import json
import pathlib
import threading
import time

from calleq.client import CalleqClient
from calleq.journal.entries import Accepted, Dialled, Ended
from calleq.journal.reading import read_data
from calleq.topology import load_topology
from simulator.virtual import VirtualNetwork
from tests.live import LiveNetwork, calleq

WITHIN_S = 30


def wait_until(what, seen) -> None:
    deadline = time.monotonic() + WITHIN_S
    waiting = threading.Event()
    while not seen():
        assert time.monotonic() < deadline, what
        waiting.wait(0.02)


def test_a_call_under_way_when_the_process_is_killed_ends_as_failed_and_is_not_dialled_again(
    tmp_path: pathlib.Path,
):
    with LiveNetwork(tmp_path) as network:
        with CalleqClient(network.url, "abc", "abc-demo") as client:
            call = client.place_call("+12125550102", "+12125550143").call
        wait_until(
            "the customer's telephone rings",
            lambda: any(entry["event"] == "rings" for entry in network.diary("+12125550102")),
        )
        network.up.process.kill()
        network.up.process.wait(WITHIN_S)
    with LiveNetwork(tmp_path) as network:
        with CalleqClient(network.url, "abc", "abc-demo") as client:
            list(client.events(call))
            view = client.call(call)
        assert (view.state, view.final) == ("failed", True)
        assert not any(entry["event"] == "rings" for entry in network.diary("+12125550102")[-1:])
        shown = calleq("cdr", "show", call, "--data", str(tmp_path), "--json")
        record = json.loads(shown.stdout)
        status, fresh = network.call("+12125550105", "+12125550143")
    assert record["state"] == "failed"
    assert [leg["talk_us"] for leg in record["legs"]] == [0]
    assert (status, fresh["state"]) == (1, "customer_abandoned")
    entries = [stamped.entry for stamped in read_data(tmp_path)]
    assert sum(isinstance(entry, Dialled) and entry.call == call for entry in entries) == 1


def test_a_call_accepted_and_not_dialled_when_the_process_died_is_dialled_after_the_restart():
    message = {
        "business_id": "xyz",
        "customer_number": "+12125550100",
        "representative_number": "+12125550153",
    }
    accepted = Accepted(
        call="01KE6P4ZK8CRN1KHA0F770ADTP", business="xyz", door="server-72", message=message
    )
    before = VirtualNetwork(load_topology())
    before.journal.append("server-72", accepted)
    before.clock.advance_us(10_000)
    after = VirtualNetwork(load_topology(), entries=before.journal.entries)
    view = after.run_to_end(accepted.call, "xyz")
    assert view.state == "completed"
    dialled = [s.entry for s in after.journal.entries if isinstance(s.entry, Dialled)]
    assert [(entry.leg, entry.number) for entry in dialled] == [
        ("customer", "+12125550100"),
        ("agent", "+12125550153"),
    ]
    finals = {s.entry.state for s in after.journal.entries if isinstance(s.entry, Ended)}
    assert finals == {"completed"}
