"""The switch's place on the OSN: instructions of access server 72, passed on or executed here.

Owns one decision. What the switch's own door on the internet instructs, it executes itself. An
instruction from the access server is passed on, octet for octet, to the peripheral attached to this
switch, which executes it; without one the switch executes it itself, on its own announcement board;
without a board either the sender gets `SetUpRefused` (cause 27, destination out of order). What the
call becomes goes from whoever executes it straight to the element that `answer_to` names. A door
that found a line of this switch busy has it watched (`watching`). Equipment that cannot bridge has
this switch join its circuits (`joining`). Anything else, and anything from anyone else, is counted
in `discarded` and goes nowhere.
"""

from calleq.calling_logic.logic import CallingLogic
from calleq.causes import Q850
from calleq.osn.contract import Bus
from calleq.osn.messages import (
    AddParty,
    AskForCall,
    ControlCall,
    JoinCircuits,
    OsnError,
    SetUpCall,
    SetUpRefused,
    WatchLine,
    decode,
    encode,
)
from calleq.ssp.joining import Joining
from calleq.ssp.watching import LineWatches


class SetUpRelay:
    """Serves one switch's name on the OSN."""

    def __init__(
        self,
        name: str,
        bus: Bus,
        access_server: str,
        peripheral: str,
        logic: CallingLogic | None = None,
        joining: Joining | None = None,
        own_door: str = "",
        watches: LineWatches | None = None,
    ) -> None:
        """`peripheral` is empty when none is attached; `logic` is the switch's own, and
        `own_door` is empty where it has none."""
        self._name = name
        self._bus = bus
        self._instructors = {access_server, own_door} - {""}
        self._peripheral = peripheral
        self._logic = logic
        self._joining = joining
        self._own_door = own_door
        self._watches = watches
        self.relayed = 0
        self.executed = 0
        self.refused = 0
        self.discarded = 0
        bus.attach(name, self._received)

    def _received(self, sender: str, octets: bytes) -> None:
        try:
            message = decode(octets)
        except OsnError:
            self.discarded += 1
            return
        if isinstance(message, JoinCircuits) and self._joining is not None:
            self._joining.asked(sender, message)
        elif sender not in self._instructors:
            self.discarded += 1
        elif isinstance(message, WatchLine) and self._watches is not None:
            self._watches.asked(message)
        elif isinstance(message, SetUpCall) and self._peripheral and sender != self._own_door:
            self.relayed += 1
            self._bus.send(self._name, self._peripheral, octets)
        elif self._logic is not None and isinstance(
            message, SetUpCall | AskForCall | AddParty | ControlCall
        ):
            self.executed += isinstance(message, SetUpCall)
            self._logic.receive(sender, octets)
        elif isinstance(message, SetUpCall):
            self._refuse(message, sender)
        else:
            self.discarded += 1

    def _refuse(self, message: SetUpCall, sender: str) -> None:
        self.refused += 1
        reason = f"{self._name} has neither a peripheral nor a board of its own"
        self._bus.send(
            self._name, sender, encode(SetUpRefused(message.call, Q850.OUT_OF_ORDER, reason))
        )
