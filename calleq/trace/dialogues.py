"""Which call a dialogue of INAP belongs to, for messages of TCAP do not name it.

Owns the way from a transaction to a call. An SCP's journal has, for every leg that it has a switch
dial, its own transaction identifier as the circuit's number (`LEG_BITS`); whatever the transaction
at that point code sends or receives is the call's. A resource opens a dialogue of its own, with the
correlation digits that the SCP gave to the switch: they join it to the call of that dialogue.

Messages are told in the order of time, all of them. Nothing is refused; what cannot be read is no
call's. What is remembered are the dialogues of the captures at hand.
"""

from collections.abc import Callable, Iterable

from calleq.journal.entries import Dialled, Stamped
from calleq.ss7 import mtp3_codec
from calleq.ss7.inap.arguments import AssistRequestInstructions, EstablishTemporaryConnection
from calleq.ss7.inap.codec import decode_argument
from calleq.ss7.inap.errors import InapError, Version
from calleq.ss7.inap.octets import text
from calleq.ss7.inap.operations import OperationCode
from calleq.ss7.isup.values import IsupError
from calleq.ss7.mtp3 import Msu, Mtp3Error
from calleq.ss7.sccp.messages import Message as SccpMessage
from calleq.ss7.tcap import codec
from calleq.ss7.tcap.components import Invoke
from calleq.ss7.tcap.messages import Abort, Begin, Continue, End, Message, MessageError
from calleq.trace.capture import Captured
from calleq.trace.inap import SUBSYSTEMS

LEG_BITS = 8
"""A service key's number is the SCP's transaction, then an octet for the leg."""
Transaction = tuple[int, int, bytes]
"""A transaction at one of its ends: that end's point code, the far end's, and its identifier."""


class CallDialogues:
    """Finds the call of every message of INAP; `call_of` is told all, in the order of time."""

    def __init__(
        self, entries: Iterable[Stamped], mtp3: Callable[[bytes], Msu] = mtp3_codec.decode
    ) -> None:
        self._mtp3 = mtp3
        self._dialled: dict[tuple[int, int, int], str] = {}
        for stamped in entries:
            entry = stamped.entry
            if isinstance(entry, Dialled) and entry.circuit is not None:
                circuit = entry.circuit
                key = (circuit.origin, circuit.destination, circuit.cic >> LEG_BITS)
                self._dialled.setdefault(key, entry.call)
        self._calls: dict[Transaction, str] = {}
        self._correlated: dict[str, str] = {}

    def call_of(self, message: SccpMessage, captured: Captured) -> str:
        """The call of a message; empty when it is none's."""
        if message.called.ssn not in SUBSYSTEMS and message.calling.ssn not in SUBSYSTEMS:
            return ""
        try:
            said = codec.decode(message.data)
            msu = self._mtp3(captured.octets)
        except (MessageError, Mtp3Error):
            return ""
        here = message.calling.point_code
        there = message.called.point_code
        ends = _ends(
            said,
            msu.origin if here is None else here,
            msu.destination if there is None else there,
        )
        call = next((known for end in ends if (known := self._known(end))), "")
        call = call or self._by_correlation(said)
        if call:
            self._calls.update(dict.fromkeys(ends, call))
            self._remember_correlation(said, call)
        return call

    def call_sent_on(self, correlation: str) -> str:
        """See `Dialogues` of the ladder."""
        return self._correlated.get(correlation, "")

    def _known(self, end: Transaction) -> str:
        call = self._calls.get(end, "")
        return call or self._dialled.get((end[0], end[1], int.from_bytes(end[2], "big")), "")

    def _by_correlation(self, said: Message) -> str:
        if not isinstance(said, Begin):
            return ""
        for argument in _invoked(said, OperationCode.ASSIST_REQUEST_INSTRUCTIONS):
            if isinstance(argument, AssistRequestInstructions):
                return self._correlated.get(argument.correlation_id.number.digits, "")
        return ""

    def _remember_correlation(self, said: Message, call: str) -> None:
        for argument in _invoked(said, OperationCode.ESTABLISH_TEMPORARY_CONNECTION):
            if isinstance(argument, EstablishTemporaryConnection) and argument.correlation_id:
                try:
                    self._correlated[text(argument.correlation_id)] = call
                except IsupError:
                    continue


def _ends(said: Message, here: int, there: int) -> list[Transaction]:
    ends: list[Transaction] = []
    if isinstance(said, Begin | Continue):
        ends.append((here, there, said.originating))
    if isinstance(said, Continue | End | Abort):
        ends.append((there, here, said.destination))
    return ends


def _invoked(said: Message, code: OperationCode) -> list[object]:
    """The arguments of that operation in a message, those that can be read."""
    if isinstance(said, Abort):
        return []
    found: list[object] = []
    for component in said.components:
        if isinstance(component, Invoke) and component.operation == code:
            try:
                found.append(decode_argument(code, component.parameter, Version.CS2))
            except InapError:
                continue
    return found
