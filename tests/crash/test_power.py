"""Power failures: what was said to be durable is there, and a journal that lied would be caught."""

import json

from calleq.journal.writer import JournalWriter
from simulator.crash.disks import ForgetfulDisk
from simulator.crash.power import power_losses
from tests.live import calleq


def test_a_thousand_power_failures_lose_nothing_and_invent_nothing() -> None:
    found = power_losses(1_000, seed=1)
    assert found.states >= 1_000
    assert found.entries_said_durable > 50_000
    assert (found.lost, found.invented, found.refused) == (0, 0, 0)


def test_the_command_fails_the_power_as_well() -> None:
    done = calleq(
        *("crash", "--kills", "0", "--power-losses", "200", "--seed", "77", "--json"),
        module="simulator.cli",
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["power"]["states"] >= 200
    assert found["kills"] is None


# The harness notices what it is there for; `kill -9` would notice none of these.


def test_a_journal_that_syncs_nothing_is_caught() -> None:
    found = power_losses(300, seed=1, disk=lambda: ForgetfulDisk(syncs=False))
    assert found.lost > 0
    assert not found.clean


def test_a_disk_that_does_not_sync_the_names_of_new_segments_is_caught() -> None:
    found = power_losses(300, seed=1, disk=lambda: ForgetfulDisk(keeps_names=False))
    assert found.lost > 0


def test_a_writer_that_does_not_sync_the_cut_of_a_segment_is_caught(monkeypatch) -> None:
    """Prepared space would be left in the middle of the journal."""
    monkeypatch.setattr(
        JournalWriter, "_close_segment", lambda self: self._file.truncate(self._end)
    )
    found = power_losses(300, seed=1)
    assert found.refused > 0
