"""A deployed process: every kind of proof through TLS, what is told, and no secret anywhere."""

import base64
import json
import time
from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest

from calleq.accounts.authenticator import PAGE_TOKEN, VISITOR_HEADER
from calleq.messages.signing import signed_headers
from tests.certificates import make
from tests.deployed import ORIGIN, PASSWORD, Deployed
from tests.live import calleq

CALL = {
    "business_id": "shop",
    "customer_number": "+12125550100",
    "representative_number": "+12125550143",
}
GUESS = "a guess that nobody may read"


class Proofs:
    """Every kind of proof, right and wrong, at the front door; `secrets` is what nobody may read,
    `answers` what was answered but for what is shown once."""

    def __init__(self, deployed: Deployed) -> None:
        self.deployed = deployed
        self.secrets: dict[str, str] = {"password": PASSWORD, "guess": GUESS}
        self.answers: list[str] = []
        self.calls: list[str] = []
        self.identifiers: dict[str, str] = {}

    def issue(self, kind: str, **more: str) -> str:
        with self.deployed.operates() as operator:
            order = {"kind": kind, "label": kind, **more}
            answer = operator.post("/v1/businesses/shop/credentials", json=order)
        assert answer.status_code == 201, answer.text
        issued = answer.json()
        self.identifiers[kind] = issued["credential"]["credential"]
        if issued["secret"]:
            self.secrets[kind] = issued["secret"]
        return str(issued["secret"])

    def places(self, http: httpx.Client, headers: dict[str, str], **more: str) -> int:
        answer = http.post("/v1/calls", json=CALL | more, headers=headers)
        self.answers.append(f"{answer.headers} {answer.text}")
        if answer.status_code == 202:
            self.calls.append(answer.json()["call"])
        return answer.status_code

    def signs(self, **more: object) -> dict[str, str]:
        body = httpx.Request("POST", self.deployed.url, json=CALL).content
        given = {"at_s": int(time.time()), "nonce": f"nonce-{time.time_ns():024d}", **more}
        return signed_headers(
            self.secrets["signing_key"],
            self.identifiers["signing_key"],
            method="POST",
            target="/v1/calls",
            body=body,
            **given,  # type: ignore[arg-type]
        )

    def from_a_page(self, http: httpx.Client, key: dict[str, str]) -> list[int]:
        issued = http.post("/v1/page-tokens", json={"page": "/boots"}, headers=key)
        assert issued.status_code == 201, issued.text
        told = issued.json()
        self.secrets |= {"page token": told["token"], "visitor": told["visitor"]}
        sent = {PAGE_TOKEN: told["token"], VISITOR_HEADER: told["visitor"], "origin": ORIGIN}
        sent["cookie"] = f"__Secure-calleq_visitor={told['visitor']}"
        message = {
            "equipment_address": "server-72.calleq.example",
            "business_id": "shop",
            "customer_number": "+12125550106",
        }
        statuses = []
        for _ in range(2):
            answer = http.post("/v1/direct-calls", json=message, headers=sent)
            statuses.append(answer.status_code)
            self.answers.append(f"{answer.headers} {answer.text}")
        return statuses


def basic(name: str, password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def forms(secret: str) -> set[bytes]:
    """How a secret may stand somewhere: plain, in Basic, in base64, in a URL, in JSON."""
    plain = secret.encode()
    whole = base64.b64encode(b"shop:" + plain).rstrip(b"=")
    texts = {plain, base64.b64encode(plain).rstrip(b"="), whole, plain.hex().encode()}
    return texts | {quote(secret, safe="").encode(), json.dumps(secret)[1:-1].encode()}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """Run once for all tests; the last one stops it and looks at what it left."""
    with Deployed(tmp_path_factory.mktemp("deployed"), "--log-full-numbers") as running:
        yield running


def test_a_certificate_is_renewed_while_the_process_runs(deployed: Deployed):
    with deployed.http() as before:
        assert before.get("/health").status_code == 200
        second = make(deployed.directory, "second", deployed.authority, days=2)
        second.copy_to(deployed.certificate, deployed.key)
        deployed.up.wait_for("another certificate is in use")
        deployed.up.wait_for("the certificate ends in 1 days: renew it")
        assert before.get("/health").status_code == 200, "a connection that stands goes on"
    with deployed.http() as after:
        assert after.get("/health").status_code == 200
    with deployed.operates() as operator:
        text = operator.get("/metrics").text
    assert 'calleq_certificate_renewals_total{door="front door"} 1.0' in text
    assert 'calleq_certificate_expiry_timestamp_seconds{door="front door"}' in text


def test_the_operator_s_door_is_for_programs_of_this_machine(deployed: Deployed):
    """A page of the internet whose name leads here, or that posts here, gets nothing."""
    with deployed.operates() as operator:
        assert operator.get("/status").status_code == 200
        for headers in (
            {"host": "evil.example"},
            {"host": "127.0.0.1.evil.example"},
            {"origin": "https://evil.example"},
            {"origin": "null"},
        ):
            for path in ("/status", "/metrics", "/v1/businesses"):
                assert operator.get(path, headers=headers).status_code == 403


def test_no_secret_is_in_any_file_or_output(deployed: Deployed):
    proofs = Proofs(deployed)
    key = {"authorization": f"Bearer {proofs.issue('api_key')}"}
    proofs.issue("signing_key")
    chosen = "a PIN is short: 271-828-1828"
    proofs.issue("password", secret=chosen)
    proofs.secrets["second password"] = chosen
    proofs.issue("certificate", certificate=deployed.client.path.read_text())
    with deployed.http() as http:
        assert proofs.places(http, {}, password=PASSWORD) == 202
        assert proofs.places(http, basic("shop", chosen)) == 202
        assert proofs.places(http, key) == 202
        signed = proofs.signs()
        assert proofs.places(http, signed) == 202
        assert proofs.places(http, signed) == 401
        assert proofs.places(http, {}, password=GUESS) == 401
        assert proofs.places(http, basic("shop", GUESS)) == 401
        assert proofs.places(http, {"authorization": key["authorization"][:-1]}) == 401
        assert proofs.places(http, proofs.signs(at_s=1_000_000_000)) == 401
        wrong = {"password": PASSWORD, "customer_number": "nonsense"}
        assert proofs.places(http, {}, **wrong) == 422
        assert proofs.from_a_page(http, key) == [202, 401]
        answer = http.get(f"/v1/calls/{proofs.calls[0]}", headers=basic("shop", PASSWORD))
        assert answer.status_code == 200
        assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; frame-ancestors 'none'")
        proofs.answers.append(f"{answer.headers} {answer.text}")
    with deployed.http(deployed.client) as http:
        assert proofs.places(http, {}) == 202
        looked_at = http.get(f"/v1/calls/{proofs.calls[-1]}")
        assert looked_at.json()["by"] == proofs.identifiers["certificate"]
    with deployed.operates() as operator:
        for path in ("/metrics", "/status", "/v1/businesses/shop/credentials", "/ready"):
            proofs.answers.append(operator.get(path).text)
    status = calleq("status", "--data", str(deployed.data)).stdout
    assert "certificates" in status
    proofs.answers.append(status)
    assert deployed.up.stop() == 0
    data = str(deployed.data)
    for command in (("trace", "last", "--data", data), ("cdr", "list", "--json", "--data", data)):
        proofs.answers.append(calleq(*command).stdout)
    written = {
        str(path): path.read_bytes()
        for path in deployed.data.rglob("*")
        if path.is_file() and path.name != "carrier.key"
    }
    written["output"] = "\n".join(deployed.up.said()).encode()
    written["errors"] = "".join(deployed.up.errors).encode()
    written["answers"] = "\n".join(proofs.answers).encode()
    assert any(path.endswith(".capture") for path in written)
    assert any(proofs.calls[0].encode() in octets for octets in written.values())
    carrier = (deployed.data / "carrier.key").read_bytes()
    hidden = {name: forms(secret) for name, secret in proofs.secrets.items()}
    hidden["carrier's key"] = {carrier, carrier.hex().encode(), base64.b64encode(carrier)[:-1]}
    hidden["client's key"] = {deployed.client.key.read_bytes().splitlines()[1]}
    hidden["door's key"] = {deployed.key.read_bytes().splitlines()[1]}
    found = [
        f"{name} in {place}"
        for name, texts in hidden.items()
        for place, octets in written.items()
        if any(text in octets for text in texts)
    ]
    assert found == []
    _told(deployed, proofs)


def _told(deployed: Deployed, proofs: Proofs) -> None:
    """Of each request one line with its id, and by the call's reference everything about it."""
    events = deployed.events()
    call = proofs.calls[0]
    about = [event["event"] for event in events if event.get("call") == call]
    assert about[0] == "call_accepted"
    assert about.count("request") == 2, "asked for, and looked at"
    requests = [event for event in events if event["event"] == "request"]
    assert len({event["request_id"] for event in requests}) == len(requests)
    reasons = {event.get("reason") for event in events if event["event"] == "refused"}
    assert {"bad_password", "unknown_credential", "replayed_nonce", "stale_timestamp"} <= reasons
    assert "replayed_page_token" in reasons
