"""The switch's place on the OSN: instructions of access server 72 go on to its peripheral.

Owns one decision: a `SetUpCall` from the access server is passed on, octet for octet, to the
peripheral attached to this switch, which executes it; without one the sender gets `SetUpRefused`
(cause 27, destination out of order). What the call becomes goes from the peripheral straight to
the element that `answer_to` names. Anything else, and anything from anyone else, is counted in
`discarded` and forwarded nowhere.
"""

from calleq.causes import Q850
from calleq.osn.contract import Bus
from calleq.osn.messages import OsnError, SetUpCall, SetUpRefused, decode, encode


class SetUpRelay:
    """Serves one switch's name on the OSN."""

    def __init__(self, name: str, bus: Bus, access_server: str, peripheral: str) -> None:
        """`peripheral` is empty when none is attached."""
        self._name = name
        self._bus = bus
        self._access_server = access_server
        self._peripheral = peripheral
        self.relayed = 0
        self.refused = 0
        self.discarded = 0
        bus.attach(name, self._received)

    def _received(self, sender: str, octets: bytes) -> None:
        try:
            message = decode(octets)
        except OsnError:
            self.discarded += 1
            return
        if sender != self._access_server or not isinstance(message, SetUpCall):
            self.discarded += 1
        elif self._peripheral:
            self.relayed += 1
            self._bus.send(self._name, self._peripheral, octets)
        else:
            self.refused += 1
            refusal = SetUpRefused(
                message.call, Q850.OUT_OF_ORDER, f"no peripheral is attached to {self._name}"
            )
            self._bus.send(self._name, sender, encode(refusal))
