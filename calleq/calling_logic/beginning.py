"""What a call needs before anybody is dialled: somebody who is likely to be free, and ways.

Owns the call's place among those that wait for representatives (`calleq.acd.capacity`), from its
first command to its end: a call that has a representative waits for none, one that lost theirs
needs another.
"""

from collections.abc import Callable

from calleq.acd.capacity import Capacity, Wish
from calleq.call import driver
from calleq.call.driver import Result
from calleq.calling_logic.instruction import parties_of
from calleq.calling_logic.means import Means
from calleq.causes import Q850
from calleq.osn.messages import SetUpCall

RESERVE_AGAIN_US = 100_000
"""How soon circuits are asked for again while they are being reset."""
WAITING = "waiting_for_representative"
LIKELY = "representative_likely"
"""Events of a call that is held, and of its end."""


def _nothing(*what: object) -> None:
    """A call that is over is told nothing."""


class Beginning:
    """That of one call."""

    def __init__(
        self,
        means: Means,
        capacity: Capacity,
        instruction: SetUpCall,
        act: Callable[[Result], object],
        tell: Callable[[str, str], object],
    ) -> None:
        """`act` takes answers to the machine, `tell` events of its timeline, with their
        details."""
        self._means = means
        self._capacity = capacity
        self._call = instruction.call
        self._instruction = instruction
        self._candidates = parties_of(instruction)[1]
        self._act = act
        self._tell = tell
        self._is_over = False

    def await_capacity(self, command: driver.AwaitCapacity) -> None:
        """Answer when one of the call's representatives is likely to be free."""
        instruction, capacity = self._instruction, self._capacity
        wish = Wish(self._candidates, instruction.likely_free, instruction.free_within_us)
        waits = False

        def likely() -> None:
            if waits:
                self._tell(LIKELY, _words(capacity.predicted))
            self._act(driver.LikelyFree(command.command))

        if not self._candidates:
            likely()  # nobody is there to wait for, which the hunt will say
            return
        before = capacity.waiting
        capacity.wait(self._call, wish, likely)
        waits = capacity.waiting > before
        if waits:
            self._tell(WAITING, _words(capacity.chance(wish)))

    def reserve(self, command: driver.Reserve) -> None:
        """Circuits under reset are waited for, as long as the machine waits for its answer."""
        if self._is_over:
            return
        access = self._means.access

        def answered(are_kept: bool) -> None:
            if self._is_over:
                return
            if are_kept:
                self._act(driver.Reserved(command.command))
            elif access.are_resetting():
                self._means.clock.call_later_us(RESERVE_AGAIN_US, self.reserve, command)
            else:
                self._act(driver.ReserveFailed(command.command, Q850.NO_CIRCUIT))

        if not self._instruction.likely_free:
            self._capacity.needs(self._call, self._candidates)
        access.reserve(self._call, answered, parties_of(self._instruction))

    def representative_dialled(self) -> None:
        """The call has somebody, for now."""
        self._capacity.has_one(self._call)

    def representative_gone(self) -> None:
        """It has nobody any more, and hunts on unless it is over."""
        if not self._is_over:
            self._capacity.needs(self._call, self._candidates)

    def over(self) -> None:
        """The call has its end."""
        self._is_over = True
        # They hold the call, which holds this: nothing should have to find that out.
        self._act = self._tell = _nothing
        self._capacity.over(self._call)


def _words(chance: float) -> str:
    """What was predicted, as the timeline has it."""
    return f"chance {chance:.2f}"
