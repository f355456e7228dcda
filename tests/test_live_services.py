"""The intelligent network as its users run it: `calleq up --equipment`, real clocks, real voice."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.live import LiveNetwork, calleq

WITHIN_S = 60
STATES = {
    "+12125550100": "completed",
    "+12125550101": "customer_busy",
    "+12125550103": "failed",
    "+12125550104": "customer_machine",
    "+12125550105": "customer_abandoned",
    "+12125550107": "customer_rejected",
    "+12125550108": "failed",
    "+12125550112": "customer_no_answer",
}
FREEPHONE, CENTRE, CALLER = "+18005550199", "+12125550143", "+12125550106"


@pytest.fixture(scope="module", params=["scp-1", "scp-2"])
def network(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveNetwork]:
    data = tmp_path_factory.mktemp(request.param) / "data"
    with LiveNetwork(data, "--talk", "2", "--equipment", request.param) as network:
        yield network


@pytest.mark.row("S2-62", part=True)
def test_calls_by_an_scp_end_as_the_magic_numbers_say(network: LiveNetwork) -> None:
    """All at once, as customers come."""
    with ThreadPoolExecutor(len(STATES)) as customers:
        ends = list(customers.map(lambda number: network.call(number, None), STATES))
    assert [(end["state"], status == 0) for status, end in ends] == [
        (state, state == "completed") for state in STATES.values()
    ]
    checked = calleq("cdr", "check", "--data", str(network.data))
    assert checked.returncode == 0, checked.stdout


@pytest.mark.row("S2-48", part=True)
def test_a_telephone_dials_the_800_number_and_the_centre_answers(network: LiveNetwork) -> None:
    dialled = httpx.post(
        f"{network.desk}/telephones/{CALLER[1:]}/dial", json={"to": FREEPHONE}, timeout=10
    )
    assert dialled.status_code == 202, dialled.text
    deadline = time.monotonic() + WITHIN_S
    while not any(
        entry["event"] == "hears" and entry["detail"] == f"mouth:{CENTRE}"
        for entry in network.diary(CALLER)
    ):
        assert time.monotonic() < deadline, network.diary(CALLER)
        time.sleep(0.2)
    shown = calleq("status", "--data", str(network.data), env={"COLUMNS": "200"})
    assert "1 translated" in shown.stdout
