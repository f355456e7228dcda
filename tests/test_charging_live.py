"""A real server: a hundred messages at once, and money for ten calls."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from calleq.journal.reading import read_data
from calleq.topology import figure1_path
from tests.charging_scene import FLAT, audit
from tests.door import message
from tests.live import LiveNetwork, calleq

EACH_MICRO = 2 * (60 + 42 + 80) * 1_000 + 5_000 + 2_002
"""What a call of abc holds for a minute's talk: two representatives may be tried."""
SUBMITS = 100
ASKED_LIMIT = 200
"""How often the balance is asked for until every call is settled; each takes a process."""


def network_file(directory: Path) -> Path:
    """Figure 1 with the flat deck, where abc pays before."""
    text = figure1_path().read_text()
    text = text.replace('decks = ["retail.toml"]', 'decks = ["flat.toml"]\nreserve_minutes = 1')
    paying = '[businesses.billing]\npayment = "prepaid"\ncap_month = "40.00"\n\n[[businesses]]'
    head, abc, rest = text.partition('[[businesses]]\nidentifier = "abc"')
    file = directory / "network.toml"
    file.write_text(head + abc + rest.replace("[[businesses]]", paying, 1))
    (directory / "flat.toml").write_text(FLAT)
    return file


def submitted(url: str) -> list[httpx.Response]:
    """All at once, each by a connection of its own."""

    def submit(_: int) -> httpx.Response:
        body = message(customer_number="+12125550100")
        return httpx.post(f"{url}/v1/calls", json=body, timeout=60)

    with ThreadPoolExecutor(SUBMITS) as pool:
        return list(pool.map(submit, range(SUBMITS)))


def test_a_hundred_submits_at_once_spend_no_more_than_there_is(tmp_path: Path):
    data = tmp_path / "data"
    with LiveNetwork(data, "--network", str(network_file(tmp_path)), "--talk", "1") as live:

        def balance() -> Any:
            shown = calleq("balance", "show", "--business", "abc", "--json", "--data", str(data))
            assert shown.returncode == 0, shown.stderr
            return json.loads(shown.stdout)[0]

        credit = f"{10 * EACH_MICRO / 1e6:.6f}"
        credited = calleq("balance", "credit", "abc", credit, "--data", str(data))
        assert credited.returncode == 0, credited.stderr
        answers = submitted(live.url)
        statuses = Counter(answer.status_code for answer in answers)
        problems = Counter(answer.json().get("code") for answer in answers)
        # A call that ends while others are still on their way frees money for a further one.
        assert statuses.keys() == {202, 402}, problems
        assert problems["balance"] == statuses[402] == SUBMITS - statuses[202]
        assert 10 <= statuses[202] < SUBMITS
        left = balance()
        for _ in range(ASKED_LIMIT):
            if left["calls_open"] == 0:
                break
            left = balance()
    worst, most = audit(read_data(data))
    assert worst == 0
    assert max(amount for period, amount in most.items() if period.startswith("month")) <= (
        40_000_000
    )
    records = json.loads(calleq("cdr", "list", "--json", "--data", str(data)).stdout)
    amounts = [record["amount"] for record in records]
    assert len(amounts) == statuses[202]
    assert all(amount is not None for amount in amounts)
    assert Decimal(left["charged"]) == sum(map(Decimal, amounts)) > 0
    assert left["held"] == "0.00"
