"""A call that is moved to another time is judged there as a new one would be."""

from typing import Any

import pytest

from calleq.accounts.principal import Principal
from calleq.door.replies import Reply
from calleq.messages.new_time import NewTime
from calleq.units import SECOND_US, utc_text
from calleq.web.problems import ProblemDetail
from tests.guards_scene import GuardedDoor, call_of, code_of, let_through, only

ANN, BOB = "+12125550100", "+12125550102"
OWNER = Principal("business_owner", "password", "abc", "abc")
HOUR_S = 3_600


class Moving(GuardedDoor):
    """A door at which calls are asked for later, and moved."""

    def later(self, customer: str, after_s: int, business: str = "abc") -> Reply:
        at = utc_text(self.clock.now_us() + after_s * SECOND_US)
        return self.post(customer, business, desired_time=at, confirmed=True)

    def moved(self, call: str, after_s: int | None) -> ProblemDetail | None:
        at = None if after_s is None else utc_text(self.clock.now_us() + after_s * SECOND_US)
        answers: list[ProblemDetail | None] = []
        new = NewTime(desired_time=at, confirmed=True)
        self.door.server.reschedule(call, "abc", new, OWNER, answers.append)
        (answer,) = answers
        return answer


def near(limits: Any = None) -> tuple[Moving, str]:
    """Ann is called by xyz in an hour, and by abc in two."""
    scene = Moving(limits or only(apart_s=300))
    let_through(scene.later(ANN, HOUR_S, "xyz"))
    return scene, call_of(let_through(scene.later(ANN, 2 * HOUR_S)))


@pytest.mark.parametrize("beside_s", [-299, 0, 299])
def test_a_call_is_not_moved_beside_another_of_the_same_number(beside_s: int) -> None:
    scene, call = near()
    problem = scene.moved(call, HOUR_S + beside_s)
    assert problem is not None
    assert (problem.status, problem.code) == (409, "called_already")
    assert [(one.pointer, one.code) for one in problem.errors] == [
        ("/desired_time", "called_already")
    ]
    refused = scene.refused()[-1]
    assert (refused.reason, refused.customer, refused.by) == ("called_already", ANN, "abc")
    view = scene.door.server.call(call, "abc")
    assert view is not None
    assert view.state == "scheduled"
    assert code_of(scene.later(ANN, 2 * HOUR_S, "xyz")) == "called_already", "it stays where it was"


def test_a_call_is_moved_where_a_new_one_would_be_taken() -> None:
    scene, call = near()
    assert scene.moved(call, HOUR_S + 301) is None
    assert scene.moved(call, HOUR_S + 400) is None, "its own time is no other call's"
    assert code_of(scene.later(ANN, HOUR_S + 450)) == "called_already"
    let_through(scene.later(ANN, 2 * HOUR_S))


def test_a_call_is_not_moved_into_one_that_goes_on() -> None:
    scene = Moving(only(apart_s=300))
    goes_on = let_through(scene.post(ANN, "xyz"))
    call = call_of(let_through(scene.later(ANN, HOUR_S)))
    problem = scene.moved(call, None)
    assert problem is not None
    assert problem.code == "called_already"
    scene.ends(goes_on)
    assert scene.moved(call, None) is None


def test_a_call_is_not_moved_to_now_while_its_number_rests() -> None:
    scene = Moving(only(unanswered_s=60))
    scene.calls_and_ends(ANN, "customer_no_answer")
    call = call_of(let_through(scene.later(ANN, HOUR_S)))
    problem = scene.moved(call, None)
    assert problem is not None
    assert (problem.status, problem.code, problem.retry_after_s) == (429, "cooling_down", 60)
    assert scene.moved(call, HOUR_S // 2) is None
    scene.passes(60)
    assert scene.moved(call, None) is None


def test_calls_to_test_telephones_are_moved_as_one_likes() -> None:
    scene, call = near(only(apart_s=300, test_numbers=(ANN,)))
    assert scene.moved(call, HOUR_S) is None
