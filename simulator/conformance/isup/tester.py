"""The tester's end: an exchange that says what a case says and remembers what it was told.

It has a point code, a link to the switch under test and an inbox; above level 3 nothing of it is
calleq's: messages are built and read by `octets`. It answers nothing by itself. Of each circuit it
keeps what both sides have said (`CircuitView`), so that a case can end by asking whether the two
ends agree.
"""

from collections import deque
from collections.abc import Mapping

from calleq.runtime.clock import Clock
from calleq.ss7.mtp3 import SERVICE_ISUP, Msu
from calleq.ss7.node import Mtp3Node
from simulator.conformance.isup.octets import build, read
from simulator.conformance.language import Arrived, Read, Value, WireError

INBOX_LIMIT = 10_000
SELECTION_MASK = 15
HARDWARE = b"\x01"
"""Circuit group supervision message type indicator: hardware failure oriented (Q.763 §3.13)."""


class CircuitView:
    """One circuit as the two ends' messages have it."""

    __slots__ = ("blocked_by_switch", "blocked_by_tester", "busy", "unconfirmed")

    def __init__(self) -> None:
        self.busy = False
        self.blocked_by_switch = False
        self.blocked_by_tester = False
        self.unconfirmed: set[bool] = set()
        """Whose REL or RSC has no RLC yet: True the tester's, False the switch's."""

    def take(self, name: str, *, sent: bool) -> None:
        """A message about this circuit passed; `sent` by the tester."""
        match name:
            case "IAM" | "CCR":
                self.busy = True
                self._forget_blocking(sent=sent)
            case "REL":
                self.unconfirmed.add(sent)
            case "RSC":
                self.unconfirmed.add(sent)
                self._forget_blocking(sent=sent)
            case "RLC":
                self.unconfirmed.discard(not sent)
                self.busy = bool(self.unconfirmed)
            case "UCIC":
                self.busy = False
            case "BLA" | "UBA" if sent:
                self.blocked_by_switch = name == "BLA"
            case "BLA" | "UBA":
                self.blocked_by_tester = name == "BLA"
            case _:
                pass

    def failed(self) -> None:
        """Hardware failed: whatever was on the circuit is over without a word (Q.764 §2.8.2.2)."""
        self.busy = False
        self.unconfirmed.clear()

    def _forget_blocking(self, *, sent: bool) -> None:
        """Who seizes or resets a circuit does not block it (any more)."""
        if sent:
            self.blocked_by_tester = False
        else:
            self.blocked_by_switch = False


class Tester:
    """One exchange of the tester's."""

    def __init__(self, name: str, node: Mtp3Node, switch_code: int, clock: Clock) -> None:
        self.name = name
        self.node = node
        self.inbox: deque[Arrived] = deque(maxlen=INBOX_LIMIT)
        self.circuits: dict[int, CircuitView] = {}
        self.last_us: dict[str, int] = {}
        """When a message of that name last passed, in either direction."""
        self.faults: list[str] = []
        """Octets of the switch that were no message."""
        self._switch_code = switch_code
        self._clock = clock
        node.on_message(SERVICE_ISUP, self._received)

    def send(self, name: str, cic: int, fields: Mapping[str, Value]) -> bool:
        """Send a message; False when the switch cannot be reached. Raises WireError."""
        payload = build(name, cic, fields)
        self._saw(read(payload), sent=True)
        return self.node.transfer(self._switch_code, cic & SELECTION_MASK, payload)

    def circuit(self, cic: int) -> CircuitView:
        """What is known of a circuit."""
        return self.circuits.setdefault(cic, CircuitView())

    def _received(self, msu: Msu) -> None:
        try:
            message = read(msu.payload)
        except WireError as error:
            self.faults.append(str(error))
            return
        if msu.selection != message.cic & SELECTION_MASK:
            self.faults.append(f"{message.name}: link selection {msu.selection}")
        self._saw(message, sent=False)
        self.inbox.append(Arrived(self._clock.monotonic_us(), message))

    def _saw(self, message: Read, *, sent: bool) -> None:
        self.last_us[message.name] = self._clock.monotonic_us()
        contents = message.parameters.get("range_and_status", b"")
        if message.name in ("GRA", "CGBA", "CGUA", "GRS") and contents:
            self._take_group(message, contents, sent=sent)
        else:
            self.circuit(message.cic).take(message.name, sent=sent)

    def _take_group(self, message: Read, contents: bytes, *, sent: bool) -> None:
        status = int.from_bytes(contents[1:], "little")
        for place in range(contents[0] + 1):
            view = self.circuit(message.cic + place)
            if message.name == "GRS":
                view.take("RSC", sent=sent)
            elif message.name == "GRA":
                view.take("RLC", sent=sent)
                if status >> place & 1:
                    view.take("BLA", sent=not sent)
            elif status >> place & 1:
                view.take("BLA" if message.name == "CGBA" else "UBA", sent=sent)
                if message.name == "CGBA" and message.parameters["group_type"] == HARDWARE:
                    view.failed()
