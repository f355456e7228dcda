"""Faults in every state of a call that an SCP makes: a part of the matrix; the command runs all."""

import json

import pytest

from calleq.ss7.mtp3 import Msu
from calleq.ss7.sccp.values import SERVICE_SCCP
from simulator.faults.kinds import KINDS, Kind
from simulator.faults.matrix import APPROACHES, NOT_IN_CS1, approaches_of, kinds_of, run_cell
from simulator.faults.service_kinds import SERVICE_KINDS
from simulator.faults.signalling import SignallingRule, SignallingTroubles
from tests.live import calleq

ONE_OF = 12
"""So many cells are left out for each that is run here."""


@pytest.mark.parametrize("equipment", ["scp-1", "scp-2"])
def test_every_rule_holds_after_faults_in_every_state_of_an_scps_call(equipment: str) -> None:
    approaches, kinds = approaches_of(equipment), kinds_of(equipment)
    places = [(row, column) for row in range(len(approaches)) for column in range(len(kinds))]
    chosen = [place for place in places if (place[0] * 5 + place[1]) % ONE_OF == 0]
    assert {row for row, _ in chosen} == set(range(len(approaches)))
    cells = [run_cell(approaches[row], kinds[column], equipment) for row, column in chosen]
    assert [cell for cell in cells if cell.breaches or cell.outcome == "not reached"] == []
    assert sum(cell.outcome == "-" for cell in cells) < 0.05 * len(cells)


@pytest.mark.parametrize("kind", SERVICE_KINDS, ids=lambda kind: kind.name)
def test_what_hurts_an_scp_and_its_dialogues_does_so_while_parties_talk(kind: Kind) -> None:
    bridged = next(one for one in APPROACHES if one.state == "Bridged")
    cell = run_cell(bridged, kind, "scp-1")
    assert cell.breaches == ()
    assert cell.outcome in ("completed", "failed")


def test_states_and_kinds_by_equipment() -> None:
    assert kinds_of("") == KINDS
    assert kinds_of("scp-1") == (*KINDS, *SERVICE_KINDS)
    assert approaches_of("") == approaches_of("scp-1") == APPROACHES
    left_out = {one.state for one in APPROACHES} - {one.state for one in approaches_of("scp-2")}
    assert left_out == NOT_IN_CS1


@pytest.mark.parametrize("equipment", ["scp-1", "scp-2"])
def test_records_of_an_scps_calls_are_true_whatever_strikes(equipment: str) -> None:
    options = ("run", "--calls", "300", "--faults", "66", "--equipment", equipment, "--json")
    done = calleq(*options, module="simulator.cli")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["breaches"] == []
    assert result["differences"] == {"records": 0, "us": 0}
    assert {"SCP isolated", "INAP twice", "SCP late"} <= set(result["faults"])


def test_a_rule_is_about_one_service() -> None:
    troubles = SignallingTroubles()
    troubles.trouble(SignallingRule(trouble="drop", exchange="scp-1", service=SERVICE_SCCP))
    isup, sccp = (Msu(1, 2, 0, bytes(8), service) for service in (5, SERVICE_SCCP))
    assert troubles.met("scp-1", isup) is None
    assert troubles.met("ssp-62", sccp) is None
    assert troubles.met("scp-1", sccp) is not None
    assert troubles.met("scp-1", sccp) is None


def test_the_command() -> None:
    options = ("faults", "--equipment", "scp-2", "--state", "Bridged", "--kind", "SCP isolated")
    done = calleq(*options, "--json", module="simulator.cli")
    assert done.returncode == 0, done.stderr
    (cell,) = json.loads(done.stdout)
    assert (cell["outcome"], cell["breaches"]) == ("completed", [])
    wrong = calleq("faults", "--equipment", "ip-77", module="simulator.cli")
    assert wrong.returncode == 2
    assert "one of scp-1, scp-2" in wrong.stderr
