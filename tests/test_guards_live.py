"""The guards of `calleq up`, in processes of its own: they refuse, tell, and remember."""

import json
import pathlib
import re

import httpx

from calleq.topology import figure1_path
from tests.live import LiveNetwork, calleq

REJECTS = "+12125550107"
OWNER = ("abc", "abc-demo")


def post(network: LiveNetwork, customer: str) -> httpx.Response:
    body = {"business_id": "abc", "password": "abc-demo", "customer_number": customer}
    return httpx.post(f"{network.url}/v1/calls", json=body, trust_env=False)


def get(network: LiveNetwork, path: str) -> dict[str, object]:
    answer = httpx.get(f"{network.url}{path}", auth=OWNER, trust_env=False)
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


def test_a_number_that_turned_a_call_away_rests_over_a_restart(tmp_path: pathlib.Path) -> None:
    text = figure1_path().read_text("utf-8")
    file = tmp_path / "limited.toml"
    file.write_text(re.sub(r"(?m)^test_numbers = .*$", "declined_s = 900", text), "utf-8")
    data = tmp_path / "data"
    with LiveNetwork(data, "--network", str(file)) as network:
        placed = post(network, REJECTS)
        assert placed.status_code == 202, placed.text
        assert network.follow(placed.json()["call"])["state"] == "customer_rejected"
        refused = post(network, REJECTS)
        assert (refused.status_code, refused.json()["code"]) == (429, "cooling_down")
        assert 800 < int(refused.headers["retry-after"]) <= 900
        assert post(network, "+14165550100").json()["code"] == "region"
        assert post(network, "+19005550100").json()["errors"][0]["code"] == "premium_rate"
        told = get(network, "/v1/refusals")["refusals"]
        assert [one["reason"] for one in told] == ["premium_rate", "region", "cooling_down"]  # type: ignore[attr-defined]
        assert get(network, "/v1/limits")["regions"] == ["US"]
    with LiveNetwork(data, "--network", str(file)) as network:
        assert post(network, REJECTS).json()["code"] == "cooling_down"
        told = get(network, "/v1/refusals")["refusals"]
        reasons = [one["reason"] for one in told]  # type: ignore[attr-defined]
        assert reasons == ["cooling_down", "premium_rate", "region", "cooling_down"]
    listed = calleq("refusals", "--data", str(data), "--json")
    assert [one["reason"] for one in json.loads(listed.stdout)] == reasons[::-1]
