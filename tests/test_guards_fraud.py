"""Toll fraud: whatever is asked for, by whom and in whatever writing, nothing barred is dialled."""

import json
import random
import re
from pathlib import Path

import pytest

import calleq
from calleq.accounts.principal import Principal
from calleq.door.replies import Reply
from calleq.guards.reasons import REASONS, advice_for
from calleq.messages.answers import CallAccepted, ProblemView
from calleq.osn.messages import AddParty, CallProgress, ControlCall
from calleq.osn.orders import AddThird, Consult, Order, Refusal, Transfer
from tests.door import message
from tests.guards_scene import ADDRESS, GuardedDoor, call_of, let_through, only, shop

ATTEMPTS = 10_000

FRAUD = (
    "+1900", "+1976", "+1876", "+1809", "+1829", "+1849", "+1284", "+1473", "+1664", "+1649",
    "+1767", "+1784", "+1868", "+1869", "+1246", "+1268", "+1345", "+1500", "+1533", "+1600",
    "+44870", "+44871", "+44845", "+44900", "+44909", "+4470", "+4476", "+44908", "+441481",
    "+33892", "+33899", "+49900", "+49180", "+39899", "+34803", "+35315", "+37091", "+3719",
    "+216", "+252", "+269", "+225", "+231", "+232", "+239", "+240", "+243", "+53", "+509", "+675",
    "+677", "+682", "+686", "+688", "+690", "+870", "+881", "+882", "+883", "+878", "+888", "+979",
    "+800", "+808", "+7809", "+99", "+2108", "+12125550190", "+4420",
)  # fmt: skip
"""Prefixes of premium, personal, satellite and high-risk ranges, countries nobody here calls, one
that the business bars and one that the carrier does."""
GOOD = ("+12125550100", "+12125550102", "+12015550123", "+441212345678", "+447400123456")
WAYS = ("{}", "{}", "{} ", "sip:{}@example.com", "tel:{}", "00{}", "{};ext=1", "{},,1")


def grouped(draw: random.Random, number: str) -> str:
    """The same number as people write it."""
    digits = number[1:]
    cut = draw.randrange(1, 4)
    spaced = f"+{digits[:cut]}{draw.choice((' ', '-', ' (', '.'))}{digits[cut:]}"
    return spaced.replace("(", "(", 1) + (")" if "(" in spaced else "")


def a_number(draw: random.Random) -> str:
    if draw.random() < 0.1:
        return draw.choice(GOOD)
    prefix = draw.choice(FRAUD)
    length = draw.choice((8, 9, 10, 11, 11, 11, 12, 12, 13, 15))
    number = prefix + "".join(draw.choices("0123456789", k=max(0, length + 1 - len(prefix))))
    if prefix.startswith("+1") and draw.random() < 0.8:
        number = (number + "5550100")[:12]
    way = draw.random()
    if way < 0.6:
        return number
    return grouped(draw, number) if way < 0.8 else draw.choice(WAYS).format(number)


def explained(reply: Reply) -> bool:
    view = reply.view
    assert isinstance(view, ProblemView)
    return bool(view.title and view.detail and view.code and (view.errors or reply.status == 429))


def test_of_ten_thousand_attempts_none_dials_what_is_barred_and_each_refusal_is_explained() -> None:
    draw = random.Random(20261121)
    business = shop("abc", regions=("US", "GB"), barred=("+12125550190",))
    scene = GuardedDoor(only(barred=("+4420",)), [business])
    refused = made = 0
    for place in range(ATTEMPTS):
        customer, other = a_number(draw), a_number(draw)
        if draw.random() < 0.7:
            body = message(customer_number=customer, representative_number=other)
            if draw.random() < 0.5:
                del body["representative_number"]
            reply = scene.door.submit(json.dumps(body).encode())
        else:
            reply = scene.click(customer, f"v{place}")
        if isinstance(reply.view, CallAccepted):
            made += 1
            scene.ends(reply)
        else:
            refused += 1
            assert explained(reply), (customer, other, reply)
        scene.passes(0.1)
    dialled = {one.customer for one in scene.set_ups()}
    dialled |= {one.representative for one in scene.set_ups()} - {""}
    assert dialled <= set(GOOD) | set(business.representatives)
    assert {one.customer for one in scene.set_ups()} == set(GOOD)
    assert (made + refused, len(scene.set_ups())) == (ATTEMPTS, made)
    assert refused > 7_000
    reasons = {one.reason for one in scene.refused()}
    assert reasons >= {"region", "carrier_barred", "business_barred"}
    assert scene.door.intake.refusals_unwritten == 0


def bridged(scene: GuardedDoor, business: str = "abc") -> str:
    """A call whose parties talk."""
    call = call_of(let_through(scene.post("+12125550100", business)))
    for event, leg in (("dialled", "customer"), ("answered", "customer"), ("bridged", "")):
        scene.door.bus.says(CallProgress(call, event, scene.clock.now_us(), leg), sender="ip-76")
    return call


@pytest.mark.parametrize("kind", [AddThird, Transfer, Consult])
@pytest.mark.parametrize("by", ["abc", None])
def test_a_third_party_and_whoever_a_call_is_transferred_to_are_judged(
    kind: type[AddThird | Transfer | Consult], by: str | None
) -> None:
    scene = GuardedDoor(businesses=[shop("abc", barred=("+1202",))])
    call = bridged(scene)
    answers: list[Refusal | None] = []

    def order(number: str) -> None:
        orders: Order = kind(number)
        scene.door.server.control(call, by, orders, answers.append)

    for number in ("+18765550100", "+19005550100", "+12025550100", "911", "sip:+19005550100@a.b"):
        order(number)
    assert answers == ["number_refused"] * 5
    assert [one.reason for one in scene.refused()] == [
        "region", "premium_rate", "business_barred", "emergency", "premium_rate",
    ]  # fmt: skip
    assert {(one.business, one.by) for one in scene.refused()} == {("abc", by or "operator")}
    assert not [one for one in scene.door.set_ups() if isinstance(one, ControlCall)]
    order("+12015550123")
    assert [type(one) for one in scene.door.set_ups()][-1] is ControlCall


def test_a_third_party_added_over_the_api_is_judged_and_one_who_opted_out_is_not_called() -> None:
    scene = GuardedDoor()
    call = bridged(scene)
    scene.door.intake.do_not_call.add("abc", "+12015550123")
    page = scene.door.http()
    for number, code in (("+18765550100", "region"), ("+12015550123", "do_not_call")):
        answer = page.post(
            f"/v1/calls/{call}/parties", json={"number": number}, auth=("abc", "abc-demo")
        )
        assert (answer.status_code, answer.json()["code"]) == (403, code)
    assert not [one for one in scene.door.set_ups() if isinstance(one, AddParty)]
    good = {"number": "+12015550124"}
    answer = page.post(f"/v1/calls/{call}/parties", json=good, auth=("abc", "abc-demo"))
    assert answer.status_code == 202, answer.text


def test_a_representative_who_must_not_be_dialled_is_not_hunted() -> None:
    scene = GuardedDoor(businesses=[shop("abc", barred=("+12125550144",))])
    let_through(scene.post("+12125550100", representative_number=None))
    assert scene.set_ups()[-1].representatives == ("+12125550143",)


def test_the_representative_that_a_message_names_is_judged() -> None:
    scene = GuardedDoor()
    reply = scene.post("+12125550100", representative_number="+18765550100")
    assert isinstance(reply.view, ProblemView)
    assert (reply.status, reply.view.code) == (403, "region")
    assert reply.view.errors[0].pointer == "/representative_number"
    assert "only US may be called" in reply.view.detail


def test_a_page_that_proved_to_be_of_another_business_uses_up_nothing_of_this_one() -> None:
    scene = GuardedDoor(only(apart_s=300))
    body = {"equipment_address": ADDRESS, "business_id": "xyz", "customer_number": "+12125550100"}
    replies: list[Reply] = []
    page = Principal("page", "page_token", "abc", visitor="v")
    scene.door.server.submit(
        json.dumps(body).encode(), {}, "203.0.113.9", replies.append, figure=9, principal=page
    )
    assert replies[0].status == 401
    let_through(scene.click("+12125550100", "v", business="xyz"))


def test_what_calendar_and_charging_refuse_says_what_to_do_on_the_lists_too() -> None:
    """They were listed by their code alone. What only strangers meet has no advice."""
    root = Path(calleq.__file__).parent
    source = (root / "schedule/calendar.py").read_text() + (
        root / "charging/problems.py"
    ).read_text()
    codes = set(re.findall(r'_fault\("[^"]+", "([a-z_]+)"', source))
    codes |= set(re.findall(r'Refusal\(problem, "([a-z_]+)"\)', source))
    assert {"passed", "too_far_ahead", "closed", "balance", "held_calls"} <= codes
    codes |= {"spend_cap_day", "spend_cap_month", "prices: deck x is missing", "no_rate", "barred"}
    assert {code for code in codes if not advice_for(code)} == set()
    assert advice_for("bad_password") == ""


def test_every_reason_says_what_to_do() -> None:
    for code, reason in REASONS.items():
        assert all((reason.title, reason.advice)), code
        assert reason.status in (403, 409, 429, 503), code
