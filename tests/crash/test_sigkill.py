"""`calleq up` killed with SIGKILL, again and again, at instants drawn from a seed.

The client is this process; the telephones' diary lies in a file that each entry reaches at once.
"""

import pathlib
import random
import signal
import threading
import time
from collections import Counter

import httpx
import msgspec

from calleq.billing.derivation import derive_records
from calleq.journal.entries import Accepted, Dialled, Ended
from calleq.journal.reading import read_data
from calleq.telephones.diary import Event, read_diary
from tests.live import LiveNetwork, calleq

KILLS = 20
LONGEST_LIFE_S = 0.5
POSTS_PER_LIFE = 10
UNALLOCATED, REJECTS, BUSY, PERSON = (
    "+12125550103",
    "+12125550107",
    "+12125550101",
    "+12125550100",
)
CUSTOMERS = (UNALLOCATED, UNALLOCATED, REJECTS, REJECTS, BUSY, PERSON)
SETTLED_WITHIN_S = 40


class Client:
    """Posts messages until each is accepted, and remembers what it was promised."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.customers: dict[str, str] = {}
        self.promised: dict[str, set[str]] = {}
        self._last = 0

    def live(self, url: str) -> None:
        """Post new messages, and old ones that were not answered, until the network is gone."""
        keys = [key for key in self.customers if key not in self.promised]
        for _ in range(POSTS_PER_LIFE):
            self._last += 1
            key = f"message-{self._last}"
            self.customers[key] = self.draw.choice(CUSTOMERS)
            keys.append(key)
        with httpx.Client(base_url=url, timeout=5) as http:
            for key in keys:
                try:
                    self.post(http, key)
                except httpx.TransportError:
                    return

    def post(self, http: httpx.Client, key: str) -> None:
        message = {
            "business_id": "abc",
            "password": "abc-demo",
            "customer_number": self.customers[key],
            "representative_number": "+12125550143",
            "hunt": False,
        }
        answer = http.post("/v1/calls", json=message, headers={"idempotency-key": key})
        if answer.status_code == 202:
            self.promised.setdefault(key, set()).add(answer.json()["call"])
        else:
            assert answer.status_code in (409, 503), answer.text

    def finish(self, url: str) -> None:
        """Post what is not accepted yet, and everything once more."""
        with httpx.Client(base_url=url, timeout=10) as http:
            for key in self.customers:
                self.post(http, key)


def settled(http: httpx.Client, calls: set[str]) -> dict[str, str]:
    """The final state of each call, as soon as all have one."""
    deadline = time.monotonic() + SETTLED_WITHIN_S
    states: dict[str, str] = {}
    while waiting := calls - states.keys():
        assert time.monotonic() < deadline, f"without an end: {waiting}"
        for call in waiting:
            answer = http.get(f"/v1/calls/{call}", auth=("abc", "abc-demo"))
            assert answer.status_code == 200, answer.text
            if answer.json()["final"]:
                states[call] = answer.json()["state"]
        threading.Event().wait(0.1)
    return states


def test_twenty_sigkills_lose_no_accepted_call_and_dial_none_twice(
    tmp_path: pathlib.Path,
) -> None:
    client = Client(seed=20)
    for _ in range(KILLS):
        network = LiveNetwork(tmp_path, "--talk", "0.5")
        with network:
            length_s = client.draw.uniform(0, LONGEST_LIFE_S)
            death = threading.Timer(length_s, network.up.process.kill)
            death.start()
            client.live(network.url)
            death.join()
            network.up.process.wait(30)
        assert network.status == -signal.SIGKILL
    with LiveNetwork(tmp_path, "--talk", "0.5") as network:
        client.finish(network.url)
        calls = {call for promised in client.promised.values() for call in promised}
        with httpx.Client(base_url=network.url, timeout=10) as http:
            states = settled(http, calls)
        status, fresh = network.call("+12125550105", "+12125550144", "--only-rep")
        assert (status, fresh["state"]) == (1, "customer_abandoned"), "circuits and lines are free"
    assert network.status == 0
    checked = calleq("journal", "check", "--data", str(tmp_path))
    assert checked.returncode == 0, checked.stdout

    assert len(client.promised) == len(client.customers) > 100, "every message was accepted"
    assert all(len(promised) == 1 for promised in client.promised.values())
    entries = read_data(tmp_path)
    accepted = Counter(s.entry.call for s in entries if isinstance(s.entry, Accepted))
    assert set(accepted.values()) == {1}
    assert accepted.keys() == calls | {fresh["call"]}
    attempts = Counter(
        (s.entry.call, s.entry.leg, s.entry.attempt)
        for s in entries
        if isinstance(s.entry, Dialled)
    )
    assert set(attempts.values()) == {1}
    ends = Counter((s.entity, s.entry.call) for s in entries if isinstance(s.entry, Ended))
    assert set(ends.values()) == {1}
    assert len(ends) == 2 * len(accepted), "one at the peripheral, one at the door"

    attempted = Counter(s.entry.number for s in entries if isinstance(s.entry, Dialled))
    lived = Counter(
        entry.number
        for entry in read_diary(tmp_path / "telephones.diary")
        if entry.event in (Event.RINGS, Event.REFUSES)
    )
    assert all(lived[number] <= attempted[number] for number in attempted)
    assert lived[REJECTS] > KILLS

    records = derive_records(entries)
    assert Counter(record.call for record in records) == accepted
    assert all(record.state == states.get(record.call, fresh["state"]) for record in records)
    legs = Counter((leg.session, leg.leg, leg.attempt, leg.part) for r in records for leg in r.legs)
    assert set(legs.values()) == {1}
    interrupted = [record for record in records if (record.state, record.cause) == ("failed", 41)]
    assert all(any(leg.leg == "customer" for leg in record.legs) for record in interrupted)
    assert msgspec.json.encode(records) == msgspec.json.encode(derive_records(reversed(entries)))
