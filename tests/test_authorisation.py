"""Rights: every route asked by everybody who may not, in every way; nobody succeeds."""

import json
from collections import Counter

import pytest

from calleq.access_server.routes import ROUTES
from calleq.access_server.routing import RESOURCES, Policy
from calleq.accounts.rights import SCOPES
from calleq.journal.entries import AccountChanged, Refused
from tests.asking_asgi import Asker
from tests.probes import KINDS, ROLES, Probe, Probes

DENIED = {401, 403}
LEAST_PROBES = 10_000


def judged(probe: Probe, status: int) -> str:
    """What is wrong with how a probe was answered; empty: nothing."""
    if status < 400:
        return "succeeded"
    if status >= 500:
        return "met a defect"
    if probe.own_object:
        return "" if status in (401, 403, 404) else "was not refused for whose it is"
    if probe.route.policy.proof_in_message:  # without a credential its password is looked at
        return "" if status in DENIED | {400, 422} else "was not refused for its password"
    return "" if status in DENIED else "was not refused for who asks"


def said(body: bytes) -> str:
    """What a refusal tells, but for which request it is about."""
    told = json.loads(body)
    return json.dumps({name: told[name] for name in ("type", "title", "status", "code", "detail")})


@pytest.mark.row("S2-31", part=True)
@pytest.mark.row("S2-104", part=True)
def test_ten_thousand_probes_and_none_succeeds():
    probes = Probes()
    before = len(probes.door.journal.entries)
    sent = len(probes.door.bus.sent)
    failed: list[str] = []
    counted: Counter[str] = Counter()
    outward: set[str] = set()
    with Asker(probes.door.surface.app) as asker:
        for probe in probes.all():
            status, body = probes.send(asker, probe.route, probe.asked)
            counted[probe.route.name] += 1
            if status == 401:
                outward.add(said(body))
            wrong = judged(probe, status)
            if wrong:
                what = f"{probe.route.name} {probe.role} {probe.kind} {probe.defect}"
                failed.append(f"{what}: {wrong}: {status} {body[:200]!r}")
    assert not failed, "\n".join([f"{len(failed)} probes", *failed[:20]])
    assert counted.total() >= LEAST_PROBES, counted.total()
    assert len(outward) == 1, "whatever was wrong, one thing is told"
    denials = probes.door.authenticator.denials
    assert len(denials) >= 18, "… and many written down"
    assert denials["bad_password"] > 1_000
    assert "too_many_failures" not in denials
    assert len(probes.door.bus.sent) == sent, "nothing reached the OSN"
    entries = [stamped.entry for stamped in probes.door.journal.entries[before:]]
    changes = [one.change["change"] for one in entries if isinstance(one, AccountChanged)]
    assert set(changes) <= {"credential_used"}, "nothing was changed"
    assert {type(one) for one in entries} <= {AccountChanged, Refused}
    assert set(counted) == {route.name for route in ROUTES if route.policy.owner != "public"}


def test_the_same_requests_with_nothing_wrong_are_let_in():
    """What the probes lack is what they are refused for."""
    refused: list[str] = []
    for route in ROUTES:
        probes = Probes()  # what a route changes is not there for the next
        with Asker(probes.door.surface.app) as asker:
            for role in ROLES:
                if role not in route.policy.roles:
                    continue
                for kind in KINDS:
                    credential = probes.own[
                        role, kind, "" if role.startswith("carrier") else "shop"
                    ]
                    asked = probes.good(route, credential)
                    status, _ = probes.send(asker, route, asked)
                    if status in DENIED:
                        refused.append(f"{route.name} {role} {kind}: {status}")
    assert not refused


def test_every_route_has_a_policy_and_a_scope():
    known = {scope for scopes in SCOPES.values() for scope in scopes}
    for route in ROUTES:
        assert isinstance(route.policy, Policy), route.name
        if route.policy.owner != "public":
            assert route.policy.roles, route.name
            assert route.scope in known, (route.name, route.scope)
            assert route.policy.roles <= set(SCOPES), route.name
    assert set(RESOURCES) <= {route.tag for route in ROUTES}
