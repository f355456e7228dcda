"""Orders that arrive over the OSN: each is carried out once and answered once, alike when repeated.

An order that the call as it stands refuses is refused at once. Any other is journalled
(`Controlled`) and carried out when that is durable; by then the call may have changed, and it may
be refused after all. One whose entry was not durable at a crash was not carried out, and never is:
after a restart the calls that had been dialled are over. Keys are not written down, they may be
secrets.

Bounds: `ORDERS_LIMIT` orders for each call, `ANSWERS_LIMIT` answers remembered in all.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable

import msgspec

from calleq.calling_logic.driver import CallDriver
from calleq.calling_logic.means import Means
from calleq.journal.entries import Controlled
from calleq.osn.messages import ControlCall, ControlDone, ControlRefused
from calleq.osn.orders import Order, Refusal, SendKeys

ORDERS_LIMIT = 500
"""Orders carried out for one call."""
ANSWERS_LIMIT = 10_000

Answer = ControlDone | ControlRefused


class Orders:
    """The orders to all calls of one piece of equipment."""

    def __init__(
        self,
        means: Means,
        find: Callable[[str], CallDriver | None],
        send: Callable[[str, Answer], object],
    ) -> None:
        """`find` has the calls that go on; `send` is given who is answered, and the answer."""
        self._means = means
        self._find = find
        self._send = send
        self._answers: OrderedDict[tuple[str, str], Answer | None] = OrderedDict()
        """None: it is being carried out."""
        self._counts: Counter[str] = Counter()
        """Orders carried out, by call."""

    def receive(self, message: ControlCall) -> None:
        """An order from the OSN, for the first time or again."""
        name = (message.call, message.command)
        if name in self._answers:
            answer = self._answers[name]
            if answer is not None:
                self._send(message.answer_to, answer)
            return
        self._answers[name] = None
        if len(self._answers) > ANSWERS_LIMIT:
            self._answers.popitem(last=False)
        refusal = self._objection(message)
        if refusal is not None:
            self._answer(message, refusal)
            return
        self._counts[message.call] += 1
        means = self._means
        entry = Controlled(message.call, message.command, _written(message.order))
        means.journal.append(means.name, entry, lambda: self._carry_out(message))

    def call_over(self, call: str) -> None:
        """Nothing more is ordered of it."""
        self._counts.pop(call, None)

    def _objection(self, message: ControlCall) -> Refusal | None:
        call = self._find(message.call)
        if call is None:
            return "no_such_call"
        if self._counts[message.call] >= ORDERS_LIMIT:
            return "too_many_orders"
        return call.control.objection(message.order)

    def _carry_out(self, message: ControlCall) -> None:
        call = self._find(message.call)
        refusal = "call_over" if call is None else call.control.carry_out(message.order)
        self._answer(message, refusal)

    def _answer(self, message: ControlCall, refusal: Refusal | None) -> None:
        answer: Answer = ControlDone(message.call, message.command)
        if refusal is not None:
            answer = ControlRefused(message.call, message.command, refusal)
        self._answers[message.call, message.command] = answer
        self._send(message.answer_to, answer)


def _written(order: Order) -> dict[str, object]:
    """An order as the journal has it."""
    written: dict[str, object] = msgspec.to_builtins(order)
    if isinstance(order, SendKeys):
        written["keys"] = f"{len(order.keys)} keys"
    return written
