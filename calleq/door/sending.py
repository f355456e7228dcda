"""Instructions on their way to equipment, and whom equipment has: sent until taken, then audited.

An instruction is sent again until equipment says it has it (equipment takes a call once, by its
reference), first after `RESEND_FIRST_US`, then ever more rarely, for as long as the call is not
taken: only the equipment can say that a call will not be made. Equipment from which nothing final
has come for `AUDIT_US` is asked about the call, and again, so that a call whose end was lost on its
way ends here as well. Bounded by the calls alive, of which `Calls` has a limit.
"""

from calleq.osn.contract import Bus
from calleq.osn.messages import AskForCall, SetUpCall, encode
from calleq.runtime.clock import Clock, Timer
from calleq.units import SECOND_US

RESEND_FIRST_US = 5 * SECOND_US
RESEND_LONGEST_US = 60 * SECOND_US
AUDIT_US = 300 * SECOND_US
"""Equipment is asked about a call that it has taken and not ended for so long."""


class Sending:
    """The instructions of one door."""

    def __init__(self, name: str, instructs: str, bus: Bus, clock: Clock) -> None:
        """`name` is the door's, `instructs` the element that gets its instructions."""
        self._name = name
        self._instructs = instructs
        self._bus = bus
        self._clock = clock
        self._resends: dict[str, Timer] = {}
        self._audits: dict[str, Timer] = {}
        """Of every call that equipment has and that has not ended."""
        self._equipment: dict[str, str] = {}
        """Who has such a call."""

    def send(self, instruction: SetUpCall) -> None:
        """Send an instruction, again and again until it is taken or the call is over."""
        self._send(instruction.call, encode(instruction), RESEND_FIRST_US)

    def is_taken(self, call: str) -> bool:
        """Whether equipment has said that it has the call."""
        return call in self._audits

    def equipment(self, call: str) -> str | None:
        """Who has a call that has not ended; None while nobody said so."""
        return self._equipment.get(call)

    def taken(self, call: str, equipment: str) -> None:
        """Equipment has the call: the instruction rests, and audits begin."""
        if call not in self._audits:
            self._stop_resending(call)
            self._equipment[call] = equipment
            self._audits[call] = self._clock.call_later_us(AUDIT_US, self._ask, equipment, call)

    def over(self, call: str) -> None:
        """The call has ended: nothing is sent or asked any more."""
        self._stop_resending(call)
        self._equipment.pop(call, None)
        audit = self._audits.pop(call, None)
        if audit is not None:
            audit.cancel()

    def _send(self, call: str, octets: bytes, again_after_us: int) -> None:
        longer_us = min(2 * again_after_us, RESEND_LONGEST_US)
        self._resends[call] = self._clock.call_later_us(
            again_after_us, self._send, call, octets, longer_us
        )
        self._bus.send(self._name, self._instructs, octets)

    def _stop_resending(self, call: str) -> None:
        timer = self._resends.pop(call, None)
        if timer is not None:
            timer.cancel()

    def _ask(self, equipment: str, call: str) -> None:
        self._audits[call] = self._clock.call_later_us(AUDIT_US, self._ask, equipment, call)
        self._bus.send(self._name, equipment, encode(AskForCall(call, self._name)))
