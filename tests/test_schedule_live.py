"""Calls for later over `calleq up`: the guide's commands, the API, and the end of the process."""

import os
import pathlib
import re
import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from calleq.client import CalleqClient, ClientError
from calleq.units import parse_utc
from tests.live import ROOT, LiveNetwork
from tests.test_docs import COMMANDS, blocks, follow


def test_the_guide_to_the_schedule_can_be_followed(tmp_path: pathlib.Path):
    page = (ROOT / "docs" / "guide" / "schedule.md").read_text("utf-8")
    (live,) = blocks(page, "sh live")
    (plain,) = blocks(page, "sh")
    assert len(plain.splitlines()) == 1
    said = ""
    with LiveNetwork(tmp_path) as network:
        environment = {
            "PYTHONPATH": str(ROOT),
            "PATH": os.environ["PATH"],
            "CALLEQ_URL": network.url,
            "CALLEQ_BUSINESS": "abc",
            "CALLEQ_PASSWORD": "abc-demo",
        }
        for line in live.splitlines():
            program, _, arguments = line.partition(" ")
            done = subprocess.run(
                f"{COMMANDS[program]} {arguments}",
                shell=True,
                env=environment,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
            said += done.stdout
    assert re.search(r"scheduled for .*rescheduled for .*canceled", said, re.DOTALL)


def test_the_bench_of_the_guide_runs(tmp_path: pathlib.Path):
    page = (ROOT / "docs" / "guide" / "schedule.md").read_text("utf-8")
    (plain,) = blocks(page, "sh")
    assert follow(f"```sh\n{plain}```\n", tmp_path) == 1


@pytest.mark.row("S2-79", part=True)
def test_a_scheduled_call_outlives_the_kill_of_its_process(tmp_path: pathlib.Path):
    with LiveNetwork(tmp_path) as network:
        with CalleqClient(network.url, "abc", "abc-demo") as client:
            later = datetime.now(UTC) + timedelta(seconds=2)
            soon = client.place_call(
                "+12125550100",
                "+12125550143",
                desired_time=later.isoformat(timespec="milliseconds"),
                confirmed=True,
            )
            tomorrow = (later + timedelta(days=1)).isoformat(timespec="seconds")
            gone = client.place_call("+12125550100", desired_time=tomorrow, confirmed=True)
            kept = client.place_call("+12125550106", desired_time=tomorrow, confirmed=True)
            assert soon.state == "scheduled"
            assert client.cancel(gone.call).state == "canceled"
            with pytest.raises(ClientError) as refused:
                client.reschedule(gone.call, None)
            assert refused.value.code == "call_over"
        network.up.process.kill()
        network.up.process.wait(30)
    with (
        LiveNetwork(tmp_path) as network,
        CalleqClient(network.url, "abc", "abc-demo") as client,
    ):
        events = list(client.events(soon.call))
        assert [event.event for event in events[:3]] == ["accepted", "scheduled", "due"]
        assert events[-1].event == "ended"
        due = next(event for event in events if event.event == "due")
        assert parse_utc(due.at) >= parse_utc(later.isoformat())
        assert client.call(soon.call).state == "completed"
        assert client.call(gone.call).state == "canceled"
        assert client.call(kept.call).state == "scheduled"
        with pytest.raises(ClientError) as refused:
            client.cancel(soon.call)
        assert refused.value.code == "call_over"
