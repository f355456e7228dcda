"""The virtual clock against the plainest clock there is: a list, searched for what is due first."""

import asyncio
import itertools
import socket
from collections.abc import Callable, Coroutine

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calleq.runtime.clock import SLOT_BITS, LoopClock, VirtualClock

SLOT_US = 1 << SLOT_BITS
delays = st.one_of(
    st.integers(0, 5_000),
    st.integers(SLOT_US - 2, SLOT_US + 2),
    st.integers(0, 100 * SLOT_US),
    st.sampled_from([0, 1_000, 4_000, 30_000_000, 14_400_000_000]),
)


@given(st.lists(st.tuples(delays, delays, st.booleans()), max_size=60), st.integers(10**8, 10**10))
def test_timers_fire_when_due_and_in_the_order_in_which_they_were_set(
    plans: list[tuple[int, int, bool]], step_us: int
):
    """Each plan is a timer that sets another when it fires; some of those are cancelled."""
    clock = VirtualClock(10**15)
    fired: list[tuple[int, int]] = []
    expected: list[tuple[int, int]] = []
    orders = itertools.count()

    def fire(order: int, then: tuple[int, bool] | None) -> None:
        fired.append((clock.monotonic_us(), order))
        assert clock.now_us() == 10**15 + clock.monotonic_us()
        if then is not None:
            delay_us, cancelled = then
            due = (clock.monotonic_us() + delay_us, next(orders))
            timer = clock.call_later_us(delay_us, fire, due[1], None)
            if cancelled:
                timer.cancel()
            else:
                expected.append(due)

    for first_us, second_us, cancelled in plans:
        order = next(orders)
        expected.append((first_us, order))
        clock.call_later_us(first_us, fire, order, (second_us, cancelled))
    while clock.next_due_us() is not None:
        clock.advance_us(step_us)
    assert fired == sorted(expected)
    assert not clock.run_next()


def test_one_timer_at_a_time_and_time_does_not_pass_it():
    clock = VirtualClock()
    seen: list[str] = []
    clock.call_later_us(3 * SLOT_US, seen.append, "far")
    clock.call_later_us(1, seen.append, "near")
    assert clock.next_due_us() == 1
    assert clock.run_next()
    assert (seen, clock.monotonic_us()) == (["near"], 1)
    assert clock.next_due_us() == 3 * SLOT_US
    clock.call_later_us(5, seen.append, "nearer than far")
    assert clock.run_next()
    assert clock.run_next()
    assert seen == ["near", "nearer than far", "far"]


def test_a_run_ends_at_its_limit_or_when_nothing_is_left():
    clock = VirtualClock()
    late = clock.call_later_us(10 * SLOT_US, lambda: None)
    assert not clock.run(SLOT_US)
    assert clock.monotonic_us() == SLOT_US
    late.cancel()
    assert clock.run(SLOT_US)
    assert clock.monotonic_us() == SLOT_US


def test_the_past_is_refused():
    with pytest.raises(ValueError, match="5 us into the past"):
        VirtualClock().call_later_us(-5, lambda: None)


def test_two_clocks_in_step_see_what_is_in_the_background_too():
    """Else one side of a world in two processes jumps over what the other then sends it."""
    clock = VirtualClock()
    assert clock.next_of_all_us() is None
    clock.call_in_background_us(30, lambda: None)
    assert (clock.next_due_us(), clock.next_of_all_us()) == (None, 30)
    clock.call_later_us(40, lambda: None)
    assert clock.next_of_all_us() == 30
    clock.advance_us(30)
    assert clock.next_of_all_us() == 40


def test_no_timer_of_a_stopped_clock_rings() -> None:
    """A start that fails ends with a call begun: its timer wrote to a journal that was closed."""

    async def rung() -> list[str]:
        loop = asyncio.get_running_loop()
        clock = LoopClock(loop)
        heard: list[str] = []
        first, over = asyncio.Event(), asyncio.Event()
        clock.call_later_us(0, heard.append, "before")
        clock.call_later_us(0, first.set)
        await first.wait()
        clock.call_later_us(0, heard.append, "after")
        clock.stop()
        loop.call_later(0, over.set)  # behind the one that must not ring
        await over.wait()
        return heard

    assert asyncio.run(rung()) == ["before"]


def on_a_loop(
    scene: Callable[[LoopClock, asyncio.AbstractEventLoop], Coroutine[None, None, None]],
) -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        await scene(LoopClock(loop), loop)

    asyncio.run(run())


def test_what_is_to_be_done_at_once_is_done_in_order_and_after_whoever_asked() -> None:
    happened: list[str] = []

    async def scene(clock: LoopClock, loop: asyncio.AbstractEventLoop) -> None:
        done = loop.create_future()

        def first() -> None:
            clock.call_later_us(0, happened.append, "third")
            clock.call_later_us(0, done.set_result, None)
            happened.append("first")

        clock.call_later_us(0, first)
        clock.call_later_us(0, happened.append, "cancelled").cancel()
        clock.call_later_us(0, happened.append, "second")
        assert happened == []
        await done

    on_a_loop(scene)
    assert happened == ["first", "second", "third"]


def test_an_earlier_timer_does_not_wait_for_a_later_one_that_was_set_before() -> None:
    happened: list[str] = []

    async def scene(clock: LoopClock, loop: asyncio.AbstractEventLoop) -> None:
        done = loop.create_future()
        clock.call_later_us(3_600_000_000, happened.append, "in an hour")
        clock.call_later_us(20_000, done.set_result, None)
        clock.call_later_us(10_000, happened.append, "in 10 ms")
        clock.call_later_us(15_000, happened.append, "cancelled").cancel()
        began_us = clock.monotonic_us()
        await done
        assert clock.monotonic_us() - began_us >= 19_000

    on_a_loop(scene)
    assert happened == ["in 10 ms"]


def test_a_call_that_fails_is_told_to_the_loop_and_keeps_nobody_from_his_own() -> None:
    told: list[str] = []
    happened: list[str] = []

    async def scene(clock: LoopClock, loop: asyncio.AbstractEventLoop) -> None:
        loop.set_exception_handler(lambda _, context: told.append(str(context["exception"])))
        done = loop.create_future()

        def fail(why: str) -> None:
            raise ValueError(why)

        clock.call_later_us(0, fail, "at once")
        clock.call_later_us(0, happened.append, "at once")
        clock.call_later_us(1_000, fail, "later")
        clock.call_later_us(1_000, happened.append, "later")
        clock.call_later_us(2_000, done.set_result, None)
        await done

    on_a_loop(scene)
    assert told == happened == ["at once", "later"]


class SleepyClock(LoopClock):
    """A clock whose process may stand still: time goes by, and nothing rings."""

    slept_us = 0

    def monotonic_us(self) -> int:
        return super().monotonic_us() + self.slept_us


def test_who_wakes_late_hears_an_answer_before_the_limit_that_was_set_to_it() -> None:
    """A stall of some seconds had both ends of every signalling link of a process take the other
    for silent, although the acknowledgement was due long before the limit."""
    happened: list[str] = []

    async def scene() -> None:
        loop = asyncio.get_running_loop()
        clock = SleepyClock(loop)
        near, far = socket.socketpair()
        done = loop.create_future()
        limit = clock.call_later_us(400_000, happened.append, "limit")
        clock.call_later_us(20_000, far.send, b"!")

        def answered() -> None:
            happened.append("answer")
            limit.cancel()
            near.recv(1)

        loop.add_reader(near, answered)
        clock.call_later_us(450_000, happened.append, "later")
        clock.call_later_us(500_000, done.set_result, None)
        clock.slept_us = 1_000_000
        await done
        loop.remove_reader(near)
        near.close()
        far.close()

    asyncio.run(scene())
    assert happened == ["answer", "later"]
