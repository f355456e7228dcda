"""Calls leave no circles of objects behind, so that looking for garbage may be done seldom."""

import gc
from collections import Counter

from calleq.runtime.garbage import SELDOM, look_as_usual, look_seldom
from tests.gateway_world import Scene


def test_calls_between_telephones_leave_no_circle_of_objects() -> None:
    scene = Scene()
    scene.call()
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        for _ in range(3):
            call = scene.call()
        gc.collect()
        found = Counter(
            type(one).__name__ for one in gc.garbage if "calleq" in type(one).__module__
        )
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
    assert scene.network.records()[call].state == "completed"
    assert not found


def test_looking_seldom_ends_with_looking_as_usual() -> None:
    look_as_usual()
    usual = gc.get_threshold()
    assert usual != SELDOM
    look_seldom()
    try:
        assert gc.get_threshold() == SELDOM
        assert gc.get_freeze_count()
    finally:
        look_as_usual()
    assert gc.get_threshold() == usual
    assert not gc.get_freeze_count()
    assert gc.isenabled()
