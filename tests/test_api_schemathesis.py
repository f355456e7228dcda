"""Everything that the description of the API says holds, for requests that a machine makes up.

Each operation is asked, with good and bad input, by the carrier and by a business that has calls
which wait, are accepted and are over; half of the requests name one of them. A few requests of each
operation run in CI; `CALLEQ_SCHEMATHESIS=1000 pytest tests/test_api_schemathesis.py` asks for so
many of each.
"""

import json
import os
from typing import Any

import schemathesis
from hypothesis import HealthCheck, assume, settings
from schemathesis.specs.openapi.checks import ignored_auth

from calleq.access_server.routes import ROUTES
from calleq.messages.errors import MessageError
from calleq.messages.strict_json import parse
from calleq.units import SECOND_US
from tests.door import Door
from tests.who import Who

EXAMPLES = int(os.environ.get("CALLEQ_SCHEMATHESIS", "3"))

BETWEEN_US = SECOND_US // 50
"""Between two requests, so that they are not too many."""


def door_with_calls() -> tuple[Door, list[str]]:
    """A call that is over, one that waits and one that nobody has taken, and their references.

    None that equipment has: an order to it is answered when the equipment says so, never here."""
    door = Door()
    ended = door.place()
    door.taken(ended)
    door.happens(ended, "dialled", "customer", 1, number="+12125550100")
    door.ends(ended)
    return door, [ended, door.place(desired_time="2026-11-21T20:00:00Z"), door.place()]


DOOR, CALLS = door_with_calls()
KEYS = Who(door=DOOR)
SENDERS = {
    "business": KEYS.key(KEYS.issue("api_key", "abc", "business_owner")),
    "carrier": KEYS.key(KEYS.issue("api_key", "", "carrier_operator")),
}
POLICIES = {(route.method, route.path): route.policy for route in ROUTES}
schema = schemathesis.openapi.from_asgi("/openapi.json", DOOR.surface.app)
schema.config.generation.update(with_security_parameters=False)
good = schema.config.checks.positive_data_acceptance
# What cannot be acted upon, whatever its form: a number that nobody may call, another equipment.
good.expected_statuses = [*good.expected_statuses, "422", "421"]
bad = schema.config.checks.negative_data_rejection
bad.expected_statuses = [*bad.expected_statuses, "413", "414"]


def named(case: Any) -> None:
    """Every other request names a call that there is; one for events a call that is over, of which
    none are waited for."""
    drawn = case.path_parameters.get("call")
    if isinstance(drawn, str) and drawn and ord(drawn[-1]) % 2:
        known = CALLS[:1] if "/events" in case.operation.path else CALLS
        case.path_parameters["call"] = known[ord(drawn[0]) % len(known)]


def is_taken(body: Any) -> bool:
    """Whether a body is within what no schema can say: integers of 64 bits, 32 levels, 64 KiB."""
    if not isinstance(body, dict | list):
        return True
    try:
        parse(json.dumps(body).encode())
    except MessageError:
        return False
    return True


def sender_of(case: Any) -> str:
    """Of the two, one who may do that; or the other, in some requests."""
    policy = POLICIES[case.operation.method.upper(), case.operation.path]
    of_carrier = policy.owner == "carrier" or "business_owner" not in policy.roles
    other = len(repr((case.body, case.query, case.path_parameters))) % 4 == 0
    return "carrier" if of_carrier != other else "business"


@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_operation_does_what_its_description_says(case: Any):
    assume(is_taken(case.body))  # what is not is refused: tests/test_api_bad_input.py
    if case.path_parameters:
        named(case)
    DOOR.clock.advance_us(BETWEEN_US)
    sender = sender_of(case)
    # Nobody gets anywhere without a credential: tests/test_api_routes.py; here all have one.
    answer = case.call_and_validate(headers=SENDERS[sender], excluded_checks=[ignored_auth])
    assert answer.status_code != 500
    assert DOOR.surface.bugs == 0
