"""What customers who answered waited for, and who of them reached nobody."""

import json
from pathlib import Path

import pytest

from calleq.billing.waits import waits_of
from calleq.cli.main import main
from calleq.journal.inline import InlineJournal
from calleq.units import SECOND_US
from tests.virtual import REPRESENTATIVE, XYZ_REPRESENTATIVE, VirtualNetwork, number


@pytest.fixture(scope="module")
def network() -> VirtualNetwork:
    """Calls of two businesses: connected, hung up in the announcement, busy, and nobody there."""
    made = VirtualNetwork()
    made.call(number("00"), REPRESENTATIVE)
    made.call(number("05"), REPRESENTATIVE)
    made.call(number("01"), REPRESENTATIVE)
    made.call(number("00"), number("01"), hunt=False)
    made.call(number("00"), XYZ_REPRESENTATIVE, "xyz")
    return made


def test_who_answered_and_reached_nobody_is_counted_by_business(network: VirtualNetwork) -> None:
    abc, xyz = waits_of(network.records().values())
    assert (abc.business, abc.answered, abc.unconnected) == ("abc", 3, 2)
    assert abc.unconnected_share == pytest.approx(2 / 3)
    assert (xyz.business, xyz.answered, xyz.unconnected, xyz.unconnected_share) == ("xyz", 1, 0, 0)
    call = next(record.call for record in network.records().values() if record.business == "xyz")
    waited_us = network.event_at_us(call, "answered", "agent") - network.event_at_us(
        call, "answered", "customer"
    )
    assert xyz.mean_s == xyz.longest_s == xyz.most_of_95_s
    assert xyz.mean_s == pytest.approx(waited_us / SECOND_US, abs=0.1)


def test_nobody_who_answered_is_no_line() -> None:
    assert waits_of([]) == []


def test_the_command_tells_it(
    network: VirtualNetwork, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = InlineJournal(tmp_path / "network.journal", network.clock)
    for stamped in network.journal.entries:
        journal.append(stamped.entity, stamped.entry)
    journal.close()
    assert main(["cdr", "waits", "--data", str(tmp_path), "--business", "abc", "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["business"], told["answered"], told["unconnected"]) == ("abc", 3, 2)
    assert main(["cdr", "waits", "--data", str(tmp_path)]) == 0
    assert "66.7%" in capsys.readouterr().out
