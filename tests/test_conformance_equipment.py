"""Any equipment: the suite of calling equipment, what passes it, and that it would notice.

The five kinds of S2-62 are peripheral, switch, service control point, conference bridge and other
equipment that can call; here are the two that stand by themselves, and a driver written outside
calleq's packages.
"""

import json
import os

import pytest

from simulator.conformance.equipment.cases import Case
from simulator.conformance.equipment.running import DRIVER, run_equipment_case
from simulator.conformance.equipment.stage_cases import CASES
from simulator.conformance.equipment.stage_mutants import MUTANTS
from simulator.conformance.running import FAIL, PASS
from tests.live import ROOT, calleq

DIALLER = "calleq.equipment.dialler:Dialler"
OUTSIDE = "announcing_dialler:equipment"
EXAMPLES = ROOT / "docs" / "examples"
DRIVERS = (DRIVER, DIALLER, OUTSIDE)


@pytest.fixture(autouse=True)
def _examples_can_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLES))


@pytest.mark.row("S2-108")
@pytest.mark.row("S2-62", part=True)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.number)
@pytest.mark.parametrize("driver", DRIVERS)
def test_ours_and_somebody_elses_pass(driver: str, case: Case) -> None:
    verdict = run_equipment_case(case, driver)
    assert verdict.verdict == PASS, verdict.why


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.number)
def test_every_case_is_failed_by_each_of_its_mutants(case: Case) -> None:
    survivors = [
        mutant for mutant in case.mutants if run_equipment_case(case, mutant=mutant).verdict != FAIL
    ]
    assert survivors == []


def test_every_mutant_is_named_by_a_case() -> None:
    assert {mutant for case in CASES for mutant in case.mutants} == set(MUTANTS)
    assert [case.number for case in CASES if not case.mutants] == ["wy-08"]


def test_an_outsider_runs_it_by_one_command() -> None:
    run = ("conformance", "equipment", "wy-01", "st-07", "--driver", OUTSIDE, "--json")
    done = calleq(*run, module="simulator.cli", env={**os.environ, "PYTHONPATH": str(EXAMPLES)})
    assert done.returncode == 0, done.stderr
    assert [one["verdict"] for one in json.loads(done.stdout)] == [PASS, PASS]


def test_a_driver_that_is_not_there_is_named() -> None:
    done = calleq("conformance", "equipment", "--driver", "nowhere:factory", module="simulator.cli")
    assert done.returncode == 2
    assert "nowhere" in done.stderr
