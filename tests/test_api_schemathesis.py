"""Everything that the description of the API says holds, for requests that a machine makes up.

Each operation is asked, with good and bad input, by a business that has calls which wait, are
accepted and are over; half of the requests name one of them. A few requests of each operation run
in CI; `CALLEQ_SCHEMATHESIS=1000 pytest tests/test_api_schemathesis.py` asks for so many of each.
"""

import os
from typing import Any

import schemathesis
from hypothesis import HealthCheck, settings

from tests.door import Door, basic

EXAMPLES = int(os.environ.get("CALLEQ_SCHEMATHESIS", "5"))


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
schema = schemathesis.openapi.from_asgi("/openapi.json", DOOR.surface.app)


def named(case: Any) -> None:
    """Every other request names a call that there is; a stream one that is over, for it ends."""
    drawn = case.path_parameters.get("call")
    if isinstance(drawn, str) and drawn and ord(drawn[-1]) % 2:
        known = CALLS[:1] if case.operation.path.endswith("/stream") else CALLS
        case.path_parameters["call"] = known[ord(drawn[0]) % len(known)]


@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_operation_does_what_its_description_says(case: Any):
    if case.path_parameters:
        named(case)
    case.headers = {**(case.headers or {}), **basic()}
    answer = case.call_and_validate()
    assert answer.status_code != 500
    assert DOOR.surface.bugs == 0
