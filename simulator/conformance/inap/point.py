"""The tester's SCP: SCCP, TCAP and INAP of the tester's own above a level 3, and its dialogues.

A dialogue has a number, in the order in which they are opened by either side: it is what cases name
as a circuit (`x` is 1, `y` 2, `z` 3). What the tester says goes as TC-BEGIN where the dialogue is
not open, else as TC-CONTINUE; `tc = "end"` ends it, `tc = "wait"` keeps a component for the next
message. It answers nothing by itself but the subsystem status test of SCCP (Q.714 §5.3.4).

It is a fault of the switch to speak in a dialogue that is over or that there never was, to another
subsystem, or in a message that cannot be read.
"""

from collections import deque
from collections.abc import Mapping

from calleq.runtime.clock import Clock
from calleq.ss7.mtp3 import Msu
from calleq.ss7.node import Mtp3Node
from simulator.conformance.inap.elements import element
from simulator.conformance.inap.formats import CONTEXTS
from simulator.conformance.inap.octets import MESSAGES, component, pack, read_component
from simulator.conformance.language import Arrived, Read, Value, WireError
from simulator.conformance.sccp.octets import SCCP
from simulator.conformance.tcap.octets import TCAP

SERVICE = 3
SUBSYSTEM = 241
FIRST_INVOKE = 64
"""Invocations of which a case does not say the identifier count from here."""
_LABEL = 5
"""Octets of an SCCP message before SCCP's own."""
_DIALOGUE_AS = "06070011860501" + "0101"
_VERSION = "80020780"
_ACCEPTED = "a203020100" + "a305a103020100"
_OID = 0x06
_CONTEXT_NAMES = {oid: name for name, oid in CONTEXTS.items()}


def request(context: str) -> str:
    """The dialogue portion that opens a dialogue in a context (Q.773 §4.2.3: AARQ)."""
    return f"hex:{_portion(0x60, context, '').hex()}"


def response(context: str) -> str:
    """The dialogue portion that accepts one (AARE)."""
    return f"hex:{_portion(0x61, context, _ACCEPTED).hex()}"


def _portion(kind: int, context: str, verdict: str) -> bytes:
    name = element(0xA1, element(_OID, bytes.fromhex(CONTEXTS[context])))
    unit = element(kind, bytes.fromhex(_VERSION) + name + bytes.fromhex(verdict))
    return element(0x28, bytes.fromhex(_DIALOGUE_AS) + element(0xA0, unit))


def context_in(portion: bytes) -> str:
    """The application context that a dialogue portion names; empty where it names none."""
    for oid, name in _CONTEXT_NAMES.items():
        if element(_OID, bytes.fromhex(oid)) in portion:
            return name
    return ""


class Dialogue:
    """One dialogue, as the tester has it."""

    def __init__(self, own_id: str) -> None:
        self.own_id = own_id
        self.far_id = ""
        self.context = ""
        """As the switch asked for it, until it is answered."""
        self.is_answered = False
        self.is_over = False
        self.waiting: list[bytes] = []
        self.next_invoke = FIRST_INVOKE


class ControlPoint:
    """One SCP of the tester's; fulfils `Party`."""

    def __init__(self, name: str, node: Mtp3Node, switch_code: int, clock: Clock) -> None:
        self.name = name
        self.node = node
        self.inbox: deque[Arrived] = deque()
        self.faults: list[str] = []
        self.dialogues: dict[int, Dialogue] = {}
        self._switch_code = switch_code
        self._clock = clock
        node.on_message(SERVICE, self._received)

    @property
    def open(self) -> list[int]:
        """Dialogues in which both sides have spoken, and that nobody ended."""
        return [
            number
            for number, one in self.dialogues.items()
            if one.is_answered and one.far_id and not one.is_over
        ]

    def send(self, name: str, cic: int, fields: Mapping[str, Value]) -> bool:
        """Say something in a dialogue, which is opened if need be. Raises WireError."""
        dialogue = self.dialogues.get(cic)
        if dialogue is None:
            dialogue = self.dialogues[cic] = Dialogue(f"hex:0a0b0c{cic:02x}")
        opens = not dialogue.far_id
        kind = "begin" if opens else "continue"
        if name in MESSAGES:
            kind = name.lower()
        else:
            kind = str(fields.get("tc", kind))
            given = {"invoke": dialogue.next_invoke, **fields}
            if "invoke" not in fields:
                dialogue.next_invoke += 1
            dialogue.waiting.append(component(name, given))
        if kind == "wait":
            return True
        parts: dict[str, Value] = {}
        if kind in ("begin", "continue"):
            parts["otid"] = dialogue.own_id
        if kind != "begin":
            parts["dtid"] = dialogue.far_id or dialogue.own_id
        self._add_context(dialogue, kind, fields, parts)
        for key, mine in (("pAbortCause", "cause"), ("userAbort", "dialogue")):
            if key in fields:
                parts[mine] = fields[key]
        for number, octets in enumerate(dialogue.waiting):
            parts[f"component_{number + 1}"] = f"hex:{octets.hex()}"
        dialogue.waiting = []
        dialogue.is_over = dialogue.is_over or kind in ("end", "abort")
        return self._transfer(TCAP.build(kind.upper(), 0, parts))

    def _add_context(
        self,
        dialogue: Dialogue,
        kind: str,
        fields: Mapping[str, Value],
        parts: dict[str, Value],
    ) -> None:
        if kind == "begin":
            context = str(fields.get("context", "cs1 scp to ssp"))
            parts["dialogue"] = request(context)
            dialogue.is_answered = True
        elif kind != "abort" and not dialogue.is_answered:
            dialogue.is_answered = True
            if dialogue.context:
                parts["dialogue"] = response(dialogue.context)

    def _transfer(self, data: bytes) -> bool:
        address: Value = {"ssn": SUBSYSTEM, "pc": self._switch_code}
        own: Value = {"ssn": SUBSYSTEM, "pc": self.node.point_code}
        unit = SCCP.build(
            "UDT", 0, {"called": address, "calling": own, "data": f"hex:{data.hex()}"}
        )
        return self.node.transfer(self._switch_code, 0, unit[_LABEL:], service=SERVICE)

    # What comes.

    def _received(self, msu: Msu) -> None:
        try:
            self._take(SCCP.read(bytes(_LABEL) + msu.payload))
        except WireError as error:
            self.faults.append(str(error))

    def _take(self, unit: Read) -> None:
        if unit.name == "SST":
            self._answer_test(unit)
        if unit.name != "UDT":
            if unit.name not in ("SST", "SSA", "SSP"):
                self.faults.append(f"{unit.name} came")
            return
        called = unit.parameters["called"]
        if called[-1] != SUBSYSTEM:
            self.faults.append(f"a message to {called.hex()}")
            return
        message = TCAP.read(unit.parameters["data"])
        number = self._number_of(message)
        if number is None:
            self.faults.append(f"{message.name} in no dialogue of the tester's")
            return
        dialogue = self.dialogues[number]
        if dialogue.is_over and message.name != "ABORT":
            self.faults.append(f"{message.name} in a dialogue that is over")
        if "otid" in message.parameters:
            dialogue.far_id = f"hex:{message.parameters['otid'].hex()}"
        dialogue.is_over = dialogue.is_over or message.name in ("END", "ABORT")
        for said in _messages(message, number):
            self.inbox.append(Arrived(self._clock.monotonic_us(), said))
        if message.name == "BEGIN":
            dialogue.context = context_in(message.parameters.get("dialogue", b""))

    def _number_of(self, message: Read) -> int | None:
        if message.name == "BEGIN":
            number = len(self.dialogues) + 1
            self.dialogues[number] = Dialogue(f"hex:0a0b0c{number:02x}")
            return number
        wanted = f"hex:{message.parameters.get('dtid', b'').hex()}"
        return next((key for key, one in self.dialogues.items() if one.own_id == wanted), None)

    def _answer_test(self, unit: Read) -> None:
        about = int.from_bytes(unit.parameters["about"], "big")
        answer = SCCP.build("SSA", 0, {"ssn": SUBSYSTEM, "about": about})
        self.node.transfer(self._switch_code, 0, answer[_LABEL:], service=SERVICE)

    def prohibit(self) -> None:
        """SCCP management tells the switch that the tester's subsystem is out of service."""
        told = SCCP.build("SSP", 0, {"ssn": SUBSYSTEM, "about": self.node.point_code})
        self.node.transfer(self._switch_code, 0, told[_LABEL:], service=SERVICE)


def _messages(message: Read, number: int) -> list[Read]:
    """One for each component; one for the whole where there is none."""
    common: dict[str, bytes] = {}
    portion = message.parameters.get("dialogue")
    if portion is not None:
        common["context"] = context_in(portion).encode("ascii")
    said = []
    for key, octets in message.parameters.items():
        if key.startswith("component"):
            name, parts = read_component(octets)
            tc = pack("tc", message.name.lower())
            said.append(Read(name, number, {"tc": tc, **common, **parts}))
    if said:
        return said
    if "cause" in message.parameters:
        common["pAbortCause"] = message.parameters["cause"]
    if message.name == "ABORT" and portion is not None:
        common["userAbort"] = portion
    return [Read(message.name, number, common)]
