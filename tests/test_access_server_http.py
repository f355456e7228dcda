"""The internet side of access server 72, over HTTP, with the OSN recorded."""

import json
import random
import string
from typing import Any

import pytest

from calleq.accounts import FailureLimits, Rate
from calleq.intake.intake import LIMIT_IN_WORK
from calleq.journal.entries import Accepted, Refused
from calleq.web.problems import TYPE_BASE
from tests.door import LOOPBACK, OUTSIDE, Door, basic, message


@pytest.fixture
def door() -> Door:
    return Door()


def pointers(answer: Any) -> list[str]:
    return [fault["pointer"] for fault in answer.json()["errors"]]


def is_problem(answer: Any, status: int, code: str) -> bool:
    body = answer.json()
    return (
        answer.status_code == status
        and answer.headers["content-type"] == "application/problem+json"
        and body["status"] == status
        and body["code"] == code
        and body["type"] == TYPE_BASE + code
        and body["request_id"] == answer.headers["request-id"]
    )


@pytest.mark.row("S2-104", part=True)
def test_a_subscribers_message_reaches_the_switch(door: Door):
    answer = door.http().post("/v1/calls", json=message())

    assert answer.status_code == 202
    call = answer.json()["call"]
    assert answer.headers["location"] == f"/v1/calls/{call}"
    assert answer.json()["state"] == "accepted"
    [(sender, receiver, set_up)] = door.bus.sent
    assert (sender, receiver) == ("server-72", "ssp-62")
    assert (set_up.call, set_up.business, set_up.business_name) == (call, "abc", "ABC Company")
    assert set_up.business_number == "+12125550140"
    assert set_up.representatives == ("+12125550143", "+12125550144")
    assert (set_up.dial_first, set_up.hunt, set_up.detect_machine) == ("customer", True, True)
    assert set_up.ring_limit_us == 30_000_000
    assert set_up.answer_to == "server-72"


@pytest.mark.row("S2-05")
def test_the_number_is_stored_as_e164(door: Door):
    door.place(customer_number="+1 (212) 555-0100")
    [accepted] = door.journal.of(Accepted)
    assert accepted.message["customer_number"] == "+12125550100"
    assert door.set_ups()[0].customer == "+12125550100"


@pytest.mark.row("S2-05")
def test_a_message_without_number_and_customer_id_is_refused_by_field(door: Door):
    answer = door.http().post("/v1/calls", json=message(customer_number=None))
    assert is_problem(answer, 422, "invalid_message")
    assert pointers(answer) == ["/customer_number"]
    assert door.bus.sent == []


@pytest.mark.row("S2-12", part=True)
def test_number_or_identifier_or_both(door: Door):
    door.place(customer_number="+12125550106", customer_id="c-1")
    door.place(customer_number=None, customer_id="c-1")
    door.place(customer_number="+12125550100")
    assert [set_up.customer for set_up in door.set_ups()] == [
        "+12125550106",
        "+12125550106",
        "+12125550100",
    ]


@pytest.mark.row("S2-12", part=True)
def test_an_unknown_customer_is_refused_by_field_and_not_called(door: Door):
    door.place(customer_id="c-1")
    for fields in (
        {"customer_id": "c-2"},
        {"customer_id": "c-1", "business_id": "xyz", "password": "xyz-demo"},
    ):
        answer = door.http().post("/v1/calls", json=message(customer_number=None, **fields))
        assert is_problem(answer, 422, "invalid_message")
        assert pointers(answer) == ["/customer_id"]
    assert len(door.bus.sent) == 1


@pytest.mark.row("S2-33", part=True)
@pytest.mark.row("S2-34", part=True)
def test_exactly_the_numbers_of_the_message_are_passed_on(door: Door):
    door.place(customer_number="+12125550106", representative_number="+12125550144")
    [set_up] = door.set_ups()
    assert (set_up.customer, set_up.representative) == ("+12125550106", "+12125550144")


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("12125550100", "not_e164"),
        ("tomorrow", "not_e164"),
        ("911", "emergency"),
        ("+1911", "emergency"),
        ("7000", "short_code"),
        ("+19005550123", "premium_rate"),
        ("+4918012345", "shared_cost"),
        ("+870773123456", "international_network"),
        ("+80012345678", "international_network"),
        ("+12120550100", "invalid"),
        ("+999123456789", "unknown_country"),
        ("sip:alice@example.com", "voice_over_ip"),
        ("192.0.2.7", "voice_over_ip"),
        ("2001:db8::7", "voice_over_ip"),
        (12125550100, "string_type"),
    ],
)
@pytest.mark.parametrize("field", ["customer_number", "representative_number"])
def test_a_number_that_cannot_be_called_names_its_field(
    door: Door, field: str, number: object, code: str
):
    answer = door.http().post("/v1/calls", json=message(**{field: number}))
    assert is_problem(answer, 422, "invalid_message")
    [fault] = answer.json()["errors"]
    assert (fault["pointer"], fault["code"]) == (f"/{field}", code)
    assert door.bus.sent == []


@pytest.mark.row("S2-29")
def test_a_message_for_other_equipment_is_refused_and_logged(door: Door):
    http = door.http()
    wrong = http.post("/v1/calls", json=message(equipment_address="server-99.calleq.example"))
    assert is_problem(wrong, 421, "wrong_equipment")
    assert pointers(wrong) == ["/equipment_address"]
    assert [refused.reason for refused in door.journal.of(Refused)] == ["wrong_equipment"]
    assert door.bus.sent == []

    right = http.post("/v1/calls", json=message(equipment_address="SERVER-72.calleq.example."))
    assert right.status_code == 202


@pytest.mark.row("S2-32")
def test_the_extension_is_preserved_and_nothing_else_unknown_is_taken(door: Door):
    extension = {"later": ["edition", 1.5, None, {"ü": True}], "n": 2**63}
    door.place(extension=extension)
    [accepted] = door.journal.of(Accepted)
    assert accepted.message["extension"] == extension

    answer = door.http().post("/v1/calls", json=message(representativ_number="+12125550144"))
    assert is_problem(answer, 422, "invalid_message")
    assert answer.json()["errors"][0]["pointer"] == "/representativ_number"
    assert answer.json()["errors"][0]["code"] == "unknown_field"


@pytest.mark.row("S2-36", part=True)
@pytest.mark.parametrize("blank", ["", "   ", None, "absent"])
def test_a_blank_time_means_as_soon_as_possible(door: Door, blank: str | None):
    body = message()
    if blank != "absent":
        body["desired_time"] = blank
    assert door.http().post("/v1/calls", json=body).status_code == 202
    assert len(door.bus.sent) == 1


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ("2027-01-01T00:00:00+01:00", "too_far_ahead"),
        ("2026-11-21T09:58:59Z", "passed"),
        ("2026-02-30T10:00:00Z", "time"),
        ("20261121T100000Z", "time"),
        ("soon", "time"),
    ],
)
def test_a_time_at_which_no_call_is_made_is_refused_by_field(door: Door, wanted: str, code: str):
    answer = door.http().post("/v1/calls", json=message(desired_time=wanted))
    assert is_problem(answer, 422, "invalid_message")
    [fault] = answer.json()["errors"]
    assert (fault["pointer"], fault["code"]) == ("/desired_time", code)
    assert door.bus.sent == []
    assert door.journal.of(Accepted) == []


def test_a_hunt_forbidden_without_a_representative_names_the_field(door: Door):
    answer = door.http().post("/v1/calls", json=message(representative_number=None, hunt=False))
    assert is_problem(answer, 422, "invalid_message")
    assert pointers(answer) == ["/hunt"]
    assert door.place(representative_number=None)


@pytest.mark.row("S2-30", part=True)
@pytest.mark.row("S2-31")
@pytest.mark.row("S2-103", part=True)
@pytest.mark.row("S2-104")
def test_every_stranger_hears_the_same_and_nothing_reaches_the_osn(door: Door):
    strangers = [
        ("unknown_business", LOOPBACK, message(business_id="nobody")),
        ("bad_password", LOOPBACK, message(password="abc-demo ")),
        ("bad_password", OUTSIDE, message(business_id="abroad", password="far off")),
        ("suspended", LOOPBACK, message(business_id="gone", password="gone-demo")),
        ("demo_password_from_outside", OUTSIDE, message()),
    ]
    answers = [door.http(peer).post("/v1/calls", json=body) for _, peer, body in strangers]

    assert all(is_problem(answer, 401, "not_accepted") for answer in answers)
    assert len({answer.text for answer in answers}) == 1
    assert len({tuple(sorted(answer.headers.items())) for answer in answers}) == 1
    assert [refused.reason for refused in door.journal.of(Refused)] == [
        reason for reason, _, _ in strangers
    ]
    assert door.journal.of(Accepted) == []
    assert door.bus.sent == []
    assert door.accounts.failures == {"": 1, "abc": 2, "abroad": 1}


def test_a_hashed_password_is_good_from_anywhere(door: Door):
    door.place(OUTSIDE, business_id="abroad", password="far away")
    assert door.set_ups()[0].business == "abroad"


def test_a_sender_behind_a_proxy_is_not_this_machine(door: Door):
    for header in ("x-forwarded-for", "forwarded", "via"):
        answer = door.http().post("/v1/calls", json=message(), headers={header: OUTSIDE})
        assert is_problem(answer, 401, "not_accepted")
    assert door.bus.sent == []


def test_the_sixth_guess_at_once_is_not_looked_at(door: Door):
    http = door.http()
    for guess in range(6):
        http.post("/v1/calls", json=message(password=f"guess {guess}"))
    reasons = [refused.reason for refused in door.journal.of(Refused)]
    assert reasons == ["bad_password"] * 5 + ["too_many_failures"]
    door.clock.advance_us(12 * 60_000_000)
    assert http.post("/v1/calls", json=message()).status_code == 202


@pytest.mark.row("S2-103", part=True)
def test_ten_thousand_attempts_to_get_past_the_password_fail(door: Door):
    boundless = FailureLimits(*[Rate(burst=1_000_000, refill_us=1)] * 3)
    door = Door(limits=boundless)
    draw = random.Random(72)
    replies = [door.submit(*forged(draw)) for _ in range(10_000)]

    assert {reply.status for reply in replies} <= {400, 401, 422}
    assert sum(reply.status == 401 for reply in replies) > 5_000
    assert door.bus.sent == []
    assert door.journal.of(Accepted) == []
    assert door.submit(json.dumps(message()).encode()).status == 202


def forged(draw: random.Random) -> tuple[bytes, str]:
    """A message by somebody who does not know the password, and where it comes from."""
    business = draw.choice(["abc", "xyz", "gone", "abroad", "ABC", "abc.", "nobody", "root"])
    good = {"abc": "abc-demo", "xyz": "xyz-demo", "abroad": "far away", "gone": "gone-demo"}
    near = good.get(business, "abc-demo")
    position = draw.randrange(len(near))
    password: object = draw.choice(
        [
            near[:position] + draw.choice(string.printable) + near[position + 1 :],
            near[:position],
            near + draw.choice("\x00 \n'x"),
            near.upper(),
            near.encode().hex(),
            "' or '1'='1",
            "*",
            "",
            None,
            True,
            [near],
            {"$ne": ""},
            0,
            "".join(draw.choices(string.ascii_letters, k=12)),
        ]
    )
    if password == near:
        password = near + "!"
    body = json.dumps(message(business_id=business) | {"password": password}).encode()
    if draw.random() < 0.1:
        twice = b', "password": "abc-demo"}'
        body = body[:-1] + twice
    return body, draw.choice([LOOPBACK, OUTSIDE, "::1", ""])


@pytest.mark.row("S2-103", part=True)
def test_no_request_without_a_password_touches_the_osn(door: Door):
    http = door.http()
    paths = [
        "/",
        "/v1",
        "/v1/calls",
        "/v1/calls/x",
        "/v1/calls/x/events",
        "/admin",
        "/openapi.json",
    ]
    paths += ["/v1/calls/", "//v1/calls", "/v1/calls/../calls", "/v1/schemas/8", "/health"]
    for path in paths:
        for method in ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "FOO"):
            answer = http.request(method, path, content=b"{}")
            assert answer.status_code < 500
            assert answer.headers["request-id"]
            if not answer.is_success:
                assert answer.headers["content-type"] == "application/problem+json"
    assert door.bus.sent == []
    assert door.journal.entries == []


# Idempotency-Key: the table of calleq/intake/idempotency.py, row by row.


def test_a_new_key_makes_a_call(door: Door):
    answer = door.http().post("/v1/calls", json=message(), headers={"idempotency-key": "k1"})
    assert answer.status_code == 202
    assert "idempotent-replayed" not in answer.headers


def test_the_same_message_again_is_the_same_call(door: Door):
    http = door.http()
    first = http.post("/v1/calls", json=message(), headers={"idempotency-key": "k1"})
    reordered = dict(reversed(message().items()))
    door.clock.advance_us(23 * 3_600_000_000)
    again = http.post("/v1/calls", json=reordered, headers={"idempotency-key": "k1"})
    assert again.status_code == 202
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert len({set_up.call for set_up in door.set_ups()}) == 1
    assert len(door.journal.of(Accepted)) == 1


def test_another_message_with_the_key_is_refused(door: Door):
    http = door.http()
    http.post("/v1/calls", json=message(), headers={"idempotency-key": "k1"})
    other = message(customer_number="+12125550106")
    answer = http.post("/v1/calls", json=other, headers={"idempotency-key": "k1"})
    assert is_problem(answer, 422, "idempotency_key_reused")
    assert len(door.bus.sent) == 1


def test_a_message_being_accepted_is_in_progress(door: Door):
    door.journal.held = True
    body = json.dumps(message()).encode()
    replies: list[Any] = []
    door.server.submit(body, {"idempotency-key": "k1"}, LOOPBACK, replies.append)
    assert replies == []
    answer = door.http().post("/v1/calls", json=message(), headers={"idempotency-key": "k1"})
    assert is_problem(answer, 409, "in_progress")
    door.journal.flush()
    assert [reply.status for reply in replies] == [202]


def test_keys_of_two_businesses_do_not_meet(door: Door):
    http = door.http()
    one = http.post("/v1/calls", json=message(), headers={"idempotency-key": "k1"})
    other = message(business_id="xyz", password="xyz-demo")
    two = http.post("/v1/calls", json=other, headers={"idempotency-key": "k1"})
    assert one.json()["call"] != two.json()["call"]


def test_a_key_without_the_password_tells_nothing(door: Door):
    http = door.http()
    http.post("/v1/calls", json=message(), headers={"idempotency-key": "k1"})
    wrong = message(password="guess")
    answer = http.post("/v1/calls", json=wrong, headers={"idempotency-key": "k1"})
    assert is_problem(answer, 401, "not_accepted")


def test_a_refused_message_binds_no_key(door: Door):
    http = door.http()
    headers = {"idempotency-key": "k1"}
    late = message(desired_time="2027-01-01T00:00:00Z")
    assert http.post("/v1/calls", json=late, headers=headers).status_code == 422
    assert http.post("/v1/calls", json=message(), headers=headers).status_code == 202


@pytest.mark.parametrize("key", ["", "two words", "ü", "k" * 256])
def test_a_malformed_key_is_refused(door: Door, key: str):
    headers = {"idempotency-key": key.encode("latin-1")}
    answer = door.http().post("/v1/calls", json=message(), headers=headers)
    assert is_problem(answer, 400, "idempotency_key")


# Malformed requests.


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "json"),
        (b"nonsense", 400, "json"),
        (b"[]", 400, "json"),
        (b"\xff\xfe", 400, "json"),
        (b'{"business_id": NaN}', 400, "json"),
        (b'{"a": 1, "a": 2}', 400, "json"),
        (b'{"extension": ' + b"[" * 32 + b"]" * 32 + b"}", 400, "json"),
        (b"[" * 60_000, 400, "json"),
        (b'{"extension": 1e400}', 400, "json"),
        (b'{"extension": 18446744073709551616}', 400, "json"),
        (b" " * 65_537, 413, "too_large"),
        (b"{}", 422, "invalid_message"),
    ],
)
def test_malformed_messages_are_said_to_be(door: Door, body: bytes, status: int, code: str):
    answer = door.http().post(
        "/v1/calls", content=body, headers={"content-type": "application/json"}
    )
    assert is_problem(answer, status, code)
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/json; charset=latin-1"},
        {"content-type": "application/json", "content-encoding": "gzip"},
    ],
)
def test_other_media_types_are_refused(door: Door, headers: dict[str, str]):
    answer = door.http().post("/v1/calls", content=b"{}", headers=headers)
    assert is_problem(answer, 415, "media_type")


def test_unknown_paths_and_methods_are_problems(door: Door):
    assert is_problem(door.http().get("/nowhere"), 404, "not_found")
    answer = door.http().delete("/v1/calls")
    assert is_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "POST, GET, HEAD, OPTIONS"


def test_a_bug_of_ours_shows_no_traceback(door: Door, monkeypatch: pytest.MonkeyPatch):
    def broken(*arguments: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(door.server, "submit", broken)
    answer = door.http().post("/v1/calls", json=message())
    assert is_problem(answer, 500, "internal")
    assert "secret" not in answer.text
    assert door.surface.bugs == 1


def test_too_many_messages_in_work_are_told_to_come_again(door: Door):
    door.journal.held = True
    replies: list[Any] = []
    body = json.dumps(message()).encode()
    for _ in range(LIMIT_IN_WORK):
        door.server.submit(body, {}, LOOPBACK, replies.append)
    assert replies == []
    answer = door.http().post("/v1/calls", json=message())
    assert is_problem(answer, 503, "busy")
    assert answer.headers["retry-after"] == "1"
    door.journal.flush()
    assert {reply.status for reply in replies} == {202}


def test_the_clients_request_id_is_kept_if_it_is_a_plain_one(door: Door):
    http = door.http()
    assert http.get("/health", headers={"request-id": "r-17"}).headers["request-id"] == "r-17"
    assert http.get("/health", headers={"request-id": "r 17"}).headers["request-id"] == "request-1"


# Reading a call.


def test_a_call_is_followed_to_its_end(door: Door):
    call = door.place()
    http = door.http()
    states = []

    def look() -> None:
        states.append(http.get(f"/v1/calls/{call}", headers=basic()).json()["state"])

    look()
    door.taken(call)
    look()
    door.happens(call, "dialled", "customer", 1, number="+12125550100")
    look()
    door.happens(call, "answered", "customer", 1)
    look()
    door.happens(call, "dialled", "agent", 1, number="+12125550143")
    look()
    door.happens(call, "failed", "agent", 1, cause=17)
    door.happens(call, "dialled", "agent", 2, number="+12125550144")
    door.happens(call, "answered", "agent", 2)
    door.happens(call, "bridged")
    look()
    door.happens(call, "released", "customer", 1, cause=16)
    door.ends(call)
    door.happens(call, "released", "agent", 2, cause=16)
    look()

    assert states == [
        "accepted",
        "set_up",
        "calling_customer",
        "customer_answered",
        "calling_agent",
        "bridged",
        "completed",
    ]
    view = http.get(f"/v1/calls/{call}", headers=basic()).json()
    assert view["final"] is True
    assert view["legs"] == [
        {
            "leg": "customer",
            "attempt": 1,
            "number": "+12125550100",
            "dialled_at": "2026-11-21T10:00:01.000000Z",
            "answered_at": "2026-11-21T10:00:02.000000Z",
            "released_at": "2026-11-21T10:00:08.000000Z",
            "cause": 16,
        },
        {
            "leg": "agent",
            "attempt": 1,
            "number": "+12125550143",
            "dialled_at": "2026-11-21T10:00:03.000000Z",
            "answered_at": None,
            "released_at": "2026-11-21T10:00:04.000000Z",
            "cause": 17,
        },
        {
            "leg": "agent",
            "attempt": 2,
            "number": "+12125550144",
            "dialled_at": "2026-11-21T10:00:05.000000Z",
            "answered_at": "2026-11-21T10:00:06.000000Z",
            "released_at": "2026-11-21T10:00:09.000000Z",
            "cause": 16,
        },
    ]


def test_events_are_numbered_and_read_from_any_point(door: Door):
    call = door.place()
    door.happens(call, "dialled", "customer", 1, number="+12125550100")
    http = door.http()
    page = http.get(f"/v1/calls/{call}/events", headers=basic()).json()
    assert [(event["sequence"], event["event"]) for event in page["events"]] == [
        (1, "accepted"),
        (2, "dialled"),
    ]
    door.ends(call, "customer_busy", 17)
    page = http.get(f"/v1/calls/{call}/events?after=2", headers=basic()).json()
    assert page["final"] is True
    [ended] = page["events"]
    assert (ended["sequence"], ended["event"], ended["detail"], ended["cause"]) == (
        3,
        "ended",
        "customer_busy",
        17,
    )


@pytest.mark.parametrize(
    "query", ["after=-1", "after=x", "after=1.5", "wait=31", "wait=", "wait=nan"]
)
def test_a_query_out_of_range_is_a_problem(door: Door, query: str):
    call = door.place()
    answer = door.http().get(f"/v1/calls/{call}/events?{query}", headers=basic())
    assert is_problem(answer, 400, "invalid_query")


def test_a_call_is_shown_to_its_own_business_only(door: Door):
    call = door.place()
    http = door.http()
    assert http.get(f"/v1/calls/{call}", headers=basic()).status_code == 200
    foreign = http.get(f"/v1/calls/{call}", headers=basic("xyz", "xyz-demo"))
    absent = http.get(f"/v1/calls/{'0' * 26}", headers=basic("xyz", "xyz-demo"))
    assert is_problem(foreign, 404, "not_found")
    assert foreign.json()["detail"] == absent.json()["detail"]
    for headers in ({}, basic("abc", "guess"), {"authorization": "Basic !"}, basic("nobody")):
        answer = http.get(f"/v1/calls/{call}/events", headers=headers)
        assert is_problem(answer, 401, "not_accepted")
        assert answer.headers["www-authenticate"].startswith("Basic ")
    assert is_problem(
        door.http(OUTSIDE).get(f"/v1/calls/{call}", headers=basic()), 401, "not_accepted"
    )


def test_schemas_and_description_are_served(door: Door):
    http = door.http()
    for figure in "789":
        schema = http.get(f"/v1/schemas/{figure}").json()
        assert schema["$id"] == f"urn:calleq:schema:figure-{figure}"
        assert schema["additionalProperties"] is False
    assert is_problem(http.get("/v1/schemas/6"), 404, "not_found")
    alive = {"status": "ok", "server": "server-72"}
    assert http.get("/health").json() == alive | {"cpu_s": 1.5}
    assert http.get("/health", headers={"via": "1.1 proxy"}).json() == alive
    assert door.http(OUTSIDE).get("/health").json() == alive

    document = http.get("/openapi.json").json()
    assert document["openapi"] == "3.1.0"
    known = document["components"]["schemas"]
    references = set(find_references(document))
    assert references
    assert {one.removeprefix("#/components/schemas/") for one in references} <= set(known)
    for path in document["paths"]:
        concrete = path.replace("{call}", "0" * 26).replace("{figure}", "8")
        method = next(iter(document["paths"][path]))
        assert http.request(method, concrete, headers=basic()).status_code != 405


def find_references(value: Any) -> list[str]:
    if isinstance(value, dict):
        found = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return found + [one for item in value.values() for one in find_references(item)]
    if isinstance(value, list):
        return [one for item in value for one in find_references(item)]
    return []
