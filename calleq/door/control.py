"""Orders on their way to equipment and back: sent until answered, told once.

An order that is not answered is sent again every `AGAIN_US`; equipment carries it out once. After
`SENDINGS_LIMIT` it is given up (`no_answer`): whether it was carried out is then not known, and the
call's events say it. At most `WAITING_LIMIT` are on their way at once.
"""

from collections.abc import Callable

from calleq.osn.contract import Bus
from calleq.osn.messages import ControlCall, ControlDone, ControlRefused, encode
from calleq.osn.orders import Order, Refusal
from calleq.runtime.clock import Clock, Timer
from calleq.units import SECOND_US

AGAIN_US = 2 * SECOND_US
SENDINGS_LIMIT = 4
WAITING_LIMIT = 5_000

Answer = Callable[[Refusal | None], object]
"""Told once: None when the order stands, else why not."""


class _Waiting:
    """One order without an answer."""

    __slots__ = ("answer", "equipment", "octets", "sendings", "timer")

    def __init__(self, equipment: str, octets: bytes, answer: Answer) -> None:
        self.equipment = equipment
        self.octets = octets
        self.answer = answer
        self.sendings = 0
        self.timer: Timer | None = None


class Controls:
    """The orders of one access server."""

    def __init__(self, name: str, bus: Bus, clock: Clock) -> None:
        self._name = name
        self._bus = bus
        self._clock = clock
        self._waiting: dict[tuple[str, str], _Waiting] = {}
        self._last = 0

    def send(self, call: str, equipment: str, order: Order, answer: Answer, command: str) -> None:
        """Have equipment carry out an order; `command` is its id, a new one where it is empty.

        The same id again joins nothing: it is sent and answered as equipment answers it.
        """
        if len(self._waiting) >= WAITING_LIMIT:
            answer("too_many_orders")
            return
        self._last += 1
        command = command or f"{self._clock.now_us()}-{self._last}"
        before = self._waiting.pop((call, command), None)
        if before is not None:
            self._over(before, "not_possible_now")
        octets = encode(ControlCall(call, command, self._name, order))
        self._waiting[call, command] = _Waiting(equipment, octets, answer)
        self._send((call, command))

    def _send(self, key: tuple[str, str]) -> None:
        waiting = self._waiting[key]
        if waiting.sendings >= SENDINGS_LIMIT:
            del self._waiting[key]
            waiting.answer("no_answer")
            return
        waiting.sendings += 1
        waiting.timer = self._clock.call_later_us(AGAIN_US, self._send, key)
        self._bus.send(self._name, waiting.equipment, waiting.octets)

    def answered(self, message: ControlDone | ControlRefused) -> bool:
        """Equipment has answered; False when nobody waits for it."""
        waiting = self._waiting.pop((message.call, message.command), None)
        if waiting is None:
            return False
        self._over(waiting, message.reason if isinstance(message, ControlRefused) else None)
        return True

    def _over(self, waiting: _Waiting, refusal: Refusal | None) -> None:
        if waiting.timer is not None:
            waiting.timer.cancel()
        waiting.answer(refusal)
