"""Messages that wait for their second part (simple segmentation, Q.764 §2.1.12).

A message that announces a segment is kept until SGM comes or T34 runs out; any other message on the
circuit ends the wait at once. At most one waits on a circuit.
"""

from collections.abc import Callable

from calleq.runtime.clock import Timer
from calleq.ss7.isup.blocking import Marks
from calleq.ss7.isup.circuit import TrunkCircuit
from calleq.ss7.isup.messages import Message, Sgm
from calleq.ss7.isup.segmentation import Segmented, join
from calleq.ss7.isup.timers import Timed


class Segments:
    """The first parts that an exchange keeps, by circuit."""

    def __init__(
        self,
        exchange: Timed,
        whole: Callable[[TrunkCircuit, Message], object],
    ) -> None:
        """`whole` is given each message once it is complete, or will not be."""
        self._exchange = exchange
        self._whole = whole
        self._kept: dict[TrunkCircuit, tuple[Segmented, Timer]] = {}

    def keep(self, circuit: TrunkCircuit, message: Segmented) -> None:
        """Wait for the second part; one that waits already will not get it."""
        self.finish(circuit, None)
        timer = self._exchange.clock.call_later_us(
            self._exchange.timers.t34_us, self.finish, circuit, None
        )
        self._kept[circuit] = (message, timer)
        circuit.marks |= Marks.SEGMENTED

    def finish(self, circuit: TrunkCircuit, segment: Sgm | None) -> bool:
        """Hand over what waits on the circuit, with its second part or without."""
        kept = self._kept.get(circuit)
        if kept is None:
            return False
        self.drop(circuit)
        self._whole(circuit, join(kept[0], segment))
        return True

    def drop(self, circuit: TrunkCircuit) -> None:
        """The call is over: nothing is waited for."""
        circuit.marks &= ~Marks.SEGMENTED
        kept = self._kept.pop(circuit, None)
        if kept is not None:
            kept[1].cancel()
