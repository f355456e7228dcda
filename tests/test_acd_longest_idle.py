"""Who is offered the next call."""

from calleq.acd.longest_idle import LongestIdle

JANE, JOE, JIM = "+12125550143", "+12125550144", "+12125550145"


def enrolled() -> LongestIdle:
    acd = LongestIdle()
    acd.enrol("abc", (JANE, JOE), 0)
    return acd


def test_equally_idle_are_offered_in_the_businesss_order() -> None:
    assert enrolled().find("abc", ()) == JANE


def test_who_ended_a_call_goes_behind_who_has_waited() -> None:
    acd = enrolled()
    acd.begin_call(JANE, 0)
    assert acd.find("abc", ()) == JOE
    acd.end_call(JANE, 10)
    assert acd.find("abc", ()) == JOE
    acd.begin_call(JOE, 0)
    acd.end_call(JOE, 20)
    assert acd.find("abc", ()) == JANE


def test_who_was_tried_is_not_offered_again() -> None:
    assert enrolled().find("abc", (JANE,)) == JOE
    assert enrolled().find("abc", (JANE, JOE)) is None


def test_who_is_in_two_calls_is_busy_until_the_last_ends() -> None:
    acd = enrolled()
    acd.begin_call(JANE, 0)
    acd.begin_call(JANE, 0)
    acd.end_call(JANE, 10)
    assert acd.find("abc", (JOE,)) is None
    acd.end_call(JANE, 20)
    assert acd.find("abc", (JOE,)) == JANE


def test_who_belongs_to_no_business_is_followed_only_during_a_call() -> None:
    acd = enrolled()
    acd.begin_call(JIM, 0)
    acd.end_call(JIM, 10)
    assert acd.find("abc", (JANE, JOE)) is None
    acd.enrol("abc", (JANE, JOE, JIM), 20)
    assert acd.find("abc", (JANE, JOE)) == JIM


def test_a_business_nobody_knows_has_nobody() -> None:
    assert enrolled().find("xyz", ()) is None


def test_a_shared_representative_is_busy_for_both_businesses() -> None:
    acd = enrolled()
    acd.enrol("xyz", (JANE,), 5)
    acd.begin_call(JANE, 0)
    assert acd.find("xyz", ()) is None
