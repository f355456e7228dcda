"""Who is likely to be free, and which calls wait for it: the rule alone, time by hand."""

import math

import pytest

from calleq.acd import capacity
from calleq.acd.capacity import PRIOR_US, Capacity, HoldingTimes, Wish, at_least
from calleq.acd.longest_idle import LongestIdle
from calleq.units import SECOND_US

JANE, JOE, JIM = "+12125550143", "+12125550144", "+12125550145"
BOTH = (JANE, JOE)
SURE = 1.0


class Scene:
    """Representatives, and calls that wait for them."""

    def __init__(self) -> None:
        self.acd = LongestIdle()
        self.acd.enrol("abc", BOTH, 0)
        self.capacity = Capacity(self.acd)
        self.gone_on: list[str] = []

    def waits(
        self,
        call: str,
        chance: float = SURE,
        within_s: int = 30,
        candidates: tuple[str, ...] = BOTH,
    ) -> None:
        wish = Wish(candidates, chance, within_s * SECOND_US)
        self.capacity.wait(call, wish, lambda: self.gone_on.append(call))

    def talks(self, call: str, number: str, now_us: int = 0) -> None:
        self.acd.begin_call(number, now_us)
        self.capacity.has_one(call)


def test_calls_go_on_at_once_for_as_many_as_are_free() -> None:
    scene = Scene()
    for call in ("c1", "c2", "c3"):
        scene.waits(call)
    assert scene.gone_on == ["c1", "c2"]
    assert scene.capacity.waiting == 1


def test_the_longest_waiting_goes_on_when_somebody_is_free() -> None:
    scene = Scene()
    scene.talks("x", JANE)
    scene.talks("y", JOE)
    for call in ("c1", "c2", "c3"):
        scene.waits(call)
    assert scene.gone_on == []
    scene.acd.end_call(JOE, 60 * SECOND_US)
    assert scene.gone_on == ["c1"]
    scene.acd.end_call(JANE, 61 * SECOND_US)
    assert scene.gone_on == ["c1", "c2"]
    scene.capacity.over("c1")
    assert scene.gone_on == ["c1", "c2", "c3"], "its customer did not answer: somebody is over"


def test_a_call_that_has_a_representative_is_no_rival_until_it_loses_them() -> None:
    scene = Scene()
    scene.waits("c1")
    scene.talks("c1", JANE)
    scene.waits("c2")
    assert scene.gone_on == ["c1", "c2"]
    scene.capacity.needs("c1", BOTH)
    scene.waits("c3")
    assert scene.gone_on == ["c1", "c2"]


def test_whoever_gives_up_waiting_is_forgotten() -> None:
    scene = Scene()
    scene.talks("x", JANE)
    scene.talks("y", JOE)
    scene.waits("c1")
    scene.waits("c2")
    scene.capacity.over("c1")
    scene.acd.end_call(JOE, SECOND_US)
    assert scene.gone_on == ["c2"]
    assert scene.capacity.waiting == 0


def test_a_call_for_somebody_else_does_not_wait_behind_others() -> None:
    scene = Scene()
    scene.talks("x", JANE)
    scene.talks("y", JOE)
    scene.waits("c1")
    scene.waits("c2", candidates=(JIM,))
    assert scene.gone_on == ["c2"]
    scene.waits("c3", candidates=(JIM,))
    assert scene.gone_on == ["c2"], "Jim has one call coming"


def test_a_call_that_would_be_let_go_does_not_overtake_one_with_the_same_candidates() -> None:
    scene = Scene()
    scene.talks("x", JANE)
    scene.talks("y", JOE)
    scene.waits("c1", chance=SURE)
    scene.waits("c2", chance=0.01)
    assert scene.gone_on == []


@pytest.mark.parametrize("within_s", [5, 30, 180, 600])
def test_the_chance_is_that_of_talks_without_memory(within_s: int) -> None:
    """Two busy, one free place needed: 1 - exp(-2 t / m), the least of two exponential times."""
    scene = Scene()
    scene.talks("x", JANE)
    scene.talks("y", JOE)
    expected = 1 - math.exp(-2 * within_s * SECOND_US / PRIOR_US)
    found = scene.capacity.chance(Wish(BOTH, SURE, within_s * SECOND_US))
    assert found == pytest.approx(expected, rel=1e-12)
    scene.waits("c1", chance=expected - 1e-9, within_s=within_s)
    assert scene.gone_on == ["c1"]


def test_at_least_so_many_of_independent_chances() -> None:
    for of in range(6):
        for count in range(-1, 8):
            exact = math.fsum(
                0.3 ** bin(which).count("1") * 0.7 ** (of - bin(which).count("1"))
                for which in range(2**of)
                if bin(which).count("1") >= count
            )
            assert at_least(count, of, 0.3) == pytest.approx(exact)


def test_the_mean_begins_with_what_is_assumed_and_follows_what_is() -> None:
    times = HoldingTimes()
    assert times.mean_us == PRIOR_US
    for _ in range(1_000):
        times.took(60 * SECOND_US)
    assert times.mean_us == pytest.approx(60 * SECOND_US, rel=0.01)
    for _ in range(1_000):
        times.took(0)
    assert times.mean_us == SECOND_US


def test_how_long_calls_take_is_learnt_from_the_calls_of_representatives() -> None:
    scene = Scene()
    for begun_s in range(0, 10_000, 100):
        scene.acd.begin_call(JANE, begun_s * SECOND_US)
        scene.acd.end_call(JANE, (begun_s + 10) * SECOND_US)
    scene.talks("x", JANE)
    scene.talks("y", JOE)
    assert scene.capacity.chance(Wish(BOTH, SURE, 30 * SECOND_US)) > 0.95


def test_a_full_room_has_nobody_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capacity, "WAITING_LIMIT", 1)
    scene = Scene()
    scene.talks("x", JANE)
    scene.talks("y", JOE)
    scene.waits("c1")
    scene.waits("c2")
    assert scene.gone_on == ["c2"]
    assert scene.capacity.waiting == 1
