"""`calleq circuits`, `links` and `status` over a network that runs, as its operator uses them."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from calleq.cli.failure import UsageError
from calleq.cli.operation import given_circuits
from tests.live import LiveNetwork, calleq

GROUP = "62-64"


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveNetwork]:
    with LiveNetwork(tmp_path_factory.mktemp("operation") / "data", "--talk", "1") as network:
        yield network


def told(network: LiveNetwork, *words: str) -> Any:
    """What a command says as JSON."""
    done = calleq(*words, "--json", "--data", str(network.data))
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


def blocked(network: LiveNetwork, exchange: str, end: str) -> list[int]:
    """Circuits that are blocked once everything is acknowledged."""
    for _ in range(100):
        circuits = told(network, "circuits", "list", GROUP, "--exchange", exchange)
        if not any(circuit["unacknowledged"] for circuit in circuits):
            break
    return [circuit["circuit"] for circuit in circuits if circuit[end]]


def test_an_operator_blocks_circuits_sees_the_alarm_and_unblocks_them(
    network: LiveNetwork,
) -> None:
    quiet = calleq("status", "--data", str(network.data))
    assert (quiet.returncode, "no alarms" in quiet.stdout) == (0, True)
    ordered = told(network, "circuits", "block", GROUP, "1", "8-9", "--exchange", "ssp-62")
    assert [circuit["blocked_here"] for circuit in ordered] == [["maintenance"]] * 3
    assert blocked(network, "ssp-62", "blocked_here") == [1, 8, 9]
    assert blocked(network, "ssp-64", "blocked_remotely") == [1, 8, 9]
    loud = calleq("status", "--data", str(network.data), env={"COLUMNS": "200"})
    assert loud.returncode == 1
    assert "blocked remotely" in loud.stdout
    assert "1, 8-9" in loud.stdout
    told(network, "circuits", "unblock", GROUP, "--exchange", "ssp-62")
    assert blocked(network, "ssp-62", "blocked_here") == []
    status = told(network, "status")
    assert status["alarms"] == []
    assert status["counters"]["ssp-64"]["unexpected"] == 0
    (over,) = [
        alarm
        for alarm in status["cleared"]
        if (alarm["element"], alarm["kind"]) == ("ssp-64", "blocked remotely")
    ]
    assert over["since"] < over["until"]
    assert over["since"] in loud.stdout
    past = calleq("status", "--data", str(network.data), env={"COLUMNS": "200"})
    assert past.returncode == 0
    assert over["until"] in past.stdout


def test_a_circuit_is_checked_reset_and_queried_on_the_real_voice_plane(
    network: LiveNetwork,
) -> None:
    for order in ("check", "reset", "query"):
        told(network, "circuits", order, GROUP, "20", "21", "--exchange", "ssp-64")
    assert blocked(network, "ssp-64", "blocked_here") == []
    (group,) = [
        group
        for group in told(network, "status")["groups"]
        if (group["exchange"], group["group"]) == ("ssp-64", GROUP)
    ]
    assert (group["idle"], group["reset"]) == (60, 0)
    assert calleq("status", "--data", str(network.data)).returncode == 0


def test_every_end_of_every_link_is_shown(network: LiveNetwork) -> None:
    links = told(network, "links")
    assert len(links) == 30
    assert all(link["in_service"] for link in links)
    assert {(link["state"], link["slc"]) for link in links} == {("in traffic", 0)}
    table = calleq("links", "--data", str(network.data))
    assert "in traffic" in table.stdout


def test_orders_that_cannot_be_are_refused_in_words(network: LiveNetwork) -> None:
    data = ("--data", str(network.data))
    assert (
        "no circuit 999: 1 to 60 expected"
        in calleq("circuits", "block", GROUP, "999", *data).stderr
    )
    assert "which trunk group" in calleq("circuits", "reset", *data).stderr
    assert "no trunk group nix" in calleq("circuits", "reset", "nix", *data).stderr
    nobody = calleq("circuits", "reset", GROUP, "--exchange", "ssp-99", *data)
    assert "runs ssp-99" in nobody.stderr


def test_the_surface_refuses_what_is_no_order(network: LiveNetwork) -> None:
    doors = json.loads((network.data / "listening.json").read_text())
    url = f"{doors['operator']}/exchanges/ssp-62/groups/{GROUP}"
    assert httpx.post(url, content=b'{"order": "explode"}').status_code == 422
    assert httpx.post(url, content=b"x" * 70_000).status_code == 413
    shown = httpx.post(url, content=b'{"order": "query", "circuits": [3]}')
    assert [circuit["circuit"] for circuit in shown.json()["circuits"]] == [3]


def test_without_a_network_that_runs_the_commands_say_so(tmp_path: Any) -> None:
    done = calleq("status", "--data", str(tmp_path))
    assert done.returncode == 1
    assert "no running network is known here" in done.stderr
    (tmp_path / "listening.json").write_text('{"operator": "http://127.0.0.1:9"}')
    assert "is it running?" in calleq("links", "--data", str(tmp_path)).stderr


def test_circuits_are_given_as_people_write_them() -> None:
    assert given_circuits([]) is None
    assert given_circuits(["1", "4", "8-10"]) == [1, 4, 8, 9, 10]
    with pytest.raises(UsageError, match="circuit x-3"):
        given_circuits(["x-3"])
