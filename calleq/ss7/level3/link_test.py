"""The test of a signalling link by level 3 (Q.707 §2.2): one literal table, and who obeys it.

A link that level 2 has brought into service carries no traffic before a test message (SLTM) has
come back right (SLTA), and is tested again and again while it does. A test that fails is made once
more; when that fails too the link is bad: level 2 shall begin with it anew, after T17.

The test reads no octets. `Action` says what its owner has to do.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import assert_never

from calleq.runtime.clock import Clock, Timer
from calleq.ss7.level3.timers import Mtp3Timers


class State(IntEnum):
    """How a link stands with its test."""

    OUT_OF_SERVICE = 0
    FIRST_TEST = 1
    SECOND_TEST = 2
    PASSED = 3
    FIRST_RETEST = 4
    SECOND_RETEST = 5
    FAILED = 6


class Input(IntEnum):
    """What can happen to a test."""

    LINK_UP = 0
    LINK_DOWN = 1
    RIGHT_ANSWER = 2
    WRONG_ANSWER = 3
    T1 = 4
    T2 = 5
    T17 = 6


class Action(IntEnum):
    """What is to be done."""

    IGNORE = 0
    SEND = 1
    """Send a test message."""
    PASS = 2
    """The link may carry traffic."""
    WAIT = 3
    """Right again: test it later again."""
    FAIL = 4
    """The link is bad."""
    BEGIN_ANEW = 5
    """Level 2 shall bring it into service anew."""
    END = 6
    """Forget the test."""


_S, _I, _A = State, Input, Action

TABLE: dict[tuple[State, Input], tuple[Action, State]] = {
    (_S.OUT_OF_SERVICE, _I.LINK_UP): (_A.SEND, _S.FIRST_TEST),
    (_S.OUT_OF_SERVICE, _I.LINK_DOWN): (_A.IGNORE, _S.OUT_OF_SERVICE),
    (_S.OUT_OF_SERVICE, _I.RIGHT_ANSWER): (_A.IGNORE, _S.OUT_OF_SERVICE),
    (_S.OUT_OF_SERVICE, _I.WRONG_ANSWER): (_A.IGNORE, _S.OUT_OF_SERVICE),
    (_S.OUT_OF_SERVICE, _I.T1): (_A.IGNORE, _S.OUT_OF_SERVICE),
    (_S.OUT_OF_SERVICE, _I.T2): (_A.IGNORE, _S.OUT_OF_SERVICE),
    (_S.OUT_OF_SERVICE, _I.T17): (_A.IGNORE, _S.OUT_OF_SERVICE),
    (_S.FIRST_TEST, _I.LINK_UP): (_A.SEND, _S.FIRST_TEST),
    (_S.FIRST_TEST, _I.LINK_DOWN): (_A.END, _S.OUT_OF_SERVICE),
    (_S.FIRST_TEST, _I.RIGHT_ANSWER): (_A.PASS, _S.PASSED),
    (_S.FIRST_TEST, _I.WRONG_ANSWER): (_A.IGNORE, _S.FIRST_TEST),
    (_S.FIRST_TEST, _I.T1): (_A.SEND, _S.SECOND_TEST),
    (_S.FIRST_TEST, _I.T2): (_A.IGNORE, _S.FIRST_TEST),
    (_S.FIRST_TEST, _I.T17): (_A.IGNORE, _S.FIRST_TEST),
    (_S.SECOND_TEST, _I.LINK_UP): (_A.SEND, _S.FIRST_TEST),
    (_S.SECOND_TEST, _I.LINK_DOWN): (_A.END, _S.OUT_OF_SERVICE),
    (_S.SECOND_TEST, _I.RIGHT_ANSWER): (_A.PASS, _S.PASSED),
    (_S.SECOND_TEST, _I.WRONG_ANSWER): (_A.IGNORE, _S.SECOND_TEST),
    (_S.SECOND_TEST, _I.T1): (_A.FAIL, _S.FAILED),
    (_S.SECOND_TEST, _I.T2): (_A.IGNORE, _S.SECOND_TEST),
    (_S.SECOND_TEST, _I.T17): (_A.IGNORE, _S.SECOND_TEST),
    (_S.PASSED, _I.LINK_UP): (_A.IGNORE, _S.PASSED),
    (_S.PASSED, _I.LINK_DOWN): (_A.END, _S.OUT_OF_SERVICE),
    (_S.PASSED, _I.RIGHT_ANSWER): (_A.IGNORE, _S.PASSED),
    (_S.PASSED, _I.WRONG_ANSWER): (_A.IGNORE, _S.PASSED),
    (_S.PASSED, _I.T1): (_A.IGNORE, _S.PASSED),
    (_S.PASSED, _I.T2): (_A.SEND, _S.FIRST_RETEST),
    (_S.PASSED, _I.T17): (_A.IGNORE, _S.PASSED),
    (_S.FIRST_RETEST, _I.LINK_UP): (_A.IGNORE, _S.FIRST_RETEST),
    (_S.FIRST_RETEST, _I.LINK_DOWN): (_A.END, _S.OUT_OF_SERVICE),
    (_S.FIRST_RETEST, _I.RIGHT_ANSWER): (_A.WAIT, _S.PASSED),
    (_S.FIRST_RETEST, _I.WRONG_ANSWER): (_A.IGNORE, _S.FIRST_RETEST),
    (_S.FIRST_RETEST, _I.T1): (_A.SEND, _S.SECOND_RETEST),
    (_S.FIRST_RETEST, _I.T2): (_A.IGNORE, _S.FIRST_RETEST),
    (_S.FIRST_RETEST, _I.T17): (_A.IGNORE, _S.FIRST_RETEST),
    (_S.SECOND_RETEST, _I.LINK_UP): (_A.IGNORE, _S.SECOND_RETEST),
    (_S.SECOND_RETEST, _I.LINK_DOWN): (_A.END, _S.OUT_OF_SERVICE),
    (_S.SECOND_RETEST, _I.RIGHT_ANSWER): (_A.WAIT, _S.PASSED),
    (_S.SECOND_RETEST, _I.WRONG_ANSWER): (_A.IGNORE, _S.SECOND_RETEST),
    (_S.SECOND_RETEST, _I.T1): (_A.FAIL, _S.FAILED),
    (_S.SECOND_RETEST, _I.T2): (_A.IGNORE, _S.SECOND_RETEST),
    (_S.SECOND_RETEST, _I.T17): (_A.IGNORE, _S.SECOND_RETEST),
    (_S.FAILED, _I.LINK_UP): (_A.SEND, _S.FIRST_TEST),
    (_S.FAILED, _I.LINK_DOWN): (_A.IGNORE, _S.FAILED),
    (_S.FAILED, _I.RIGHT_ANSWER): (_A.IGNORE, _S.FAILED),
    (_S.FAILED, _I.WRONG_ANSWER): (_A.IGNORE, _S.FAILED),
    (_S.FAILED, _I.T1): (_A.IGNORE, _S.FAILED),
    (_S.FAILED, _I.T2): (_A.IGNORE, _S.FAILED),
    (_S.FAILED, _I.T17): (_A.BEGIN_ANEW, _S.OUT_OF_SERVICE),
}


class LinkTest:
    """The test of one link. `failures` counts the times it was found bad."""

    def __init__(self, clock: Clock, timers: Mtp3Timers, act: Callable[[Action], object]) -> None:
        """`act` sends, passes, fails and begins anew for it."""
        self.state = State.OUT_OF_SERVICE
        self.failures = 0
        self._clock = clock
        self._timers = timers
        self._act = act
        self._timer: Timer | None = None

    def handle(self, happened: Input) -> None:
        """Do what the table says."""
        action, self.state = TABLE[self.state, happened]
        timers = self._timers
        match action:
            case Action.IGNORE:
                return
            case Action.SEND:
                self._await(timers.test_t1_us, Input.T1)
            case Action.PASS | Action.WAIT:
                self._await(timers.test_t2_us, Input.T2)
            case Action.FAIL:
                self.failures += 1
                self._await(timers.t17_us, Input.T17)
            case Action.END | Action.BEGIN_ANEW:
                self._stop()
            case _:
                assert_never(action)
        if action not in (Action.WAIT, Action.END):
            self._act(action)

    def _await(self, delay_us: int, then: Input) -> None:
        # Tests go on for as long as the link does: they are nothing that a simulation waits for.
        self._stop()
        self._timer = self._clock.call_in_background_us(delay_us, self.handle, then)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
