"""Two ends of TCAP with nothing but octets between them, for tests that read like a dialogue."""

from collections.abc import Sequence
from typing import Any

from calleq.ss7.sccp.values import PartyAddress
from calleq.ss7.tcap import codec
from calleq.ss7.tcap.components import Component, ComponentRequest, Invoke
from calleq.ss7.tcap.contract import Event, Outgoing
from calleq.ss7.tcap.messages import Begin, DialogueRequest, Message
from calleq.ss7.tcap.transactions import TransactionCapabilities

SSF = PartyAddress(ssn=241, point_code=1)
SCF = PartyAddress(ssn=241, point_code=8)
CS1 = (0, 4, 0, 1, 1, 1, 0, 0)
CS2 = (0, 4, 0, 1, 21, 3, 4, 0)
NULL = bytes.fromhex("0500")
FAR_ID = b"\x77\x01"


class Pair:
    """An SSF's end and an SCF's, joined."""

    def __init__(self, **options: Any) -> None:
        self.now_us = 1_000
        self.ssf = TransactionCapabilities(first_id=0x100, **options)
        self.scf = TransactionCapabilities(first_id=0x9000, **options)
        self.passed: list[bytes] = []
        """Every message that was carried, in order."""

    def begin(self, *components: ComponentRequest, context: Any = CS1, **more: Any) -> int:
        """The SSF opens a dialogue; nothing is carried yet."""
        return self.ssf.begin(SCF, SSF, components, context=context, now_us=self.now_us, **more)

    def open(self, *components: ComponentRequest, context: Any = CS1) -> tuple[int, int]:
        """A dialogue that both ends have, each by its number; the SCF has answered."""
        here = self.begin(*components, context=context)
        (begun,) = self.to_scf()
        self.scf.continue_(begun.dialogue, now_us=self.now_us)
        self.to_ssf()
        return here, begun.dialogue

    def to_scf(self) -> list[Any]:
        """Carry what the SSF has to send; what the SCF is told of it."""
        return self._carry(self.ssf, self.scf)

    def to_ssf(self) -> list[Any]:
        """Carry what the SCF has to send; what the SSF is told of it."""
        return self._carry(self.scf, self.ssf)

    def pass_time(self, length_us: int) -> list[Event]:
        """Let time pass for the SSF, timer by timer; what it is told."""
        end_us = self.now_us + length_us
        events: list[Event] = []
        while (due_us := self.ssf.next_timer()) is not None and due_us <= end_us:
            self.now_us = due_us
            events += self.ssf.handle_timer(due_us)
        self.now_us = end_us
        return events

    def _carry(self, sender: TransactionCapabilities, taker: TransactionCapabilities) -> list[Any]:
        events: list[Event] = []
        for message in sender.data_to_send():
            self.passed.append(message.octets)
            events += taker.receive(message.called, message.calling, message.octets, self.now_us)
        return events


class Alone:
    """One end, played against by hand."""

    def __init__(self, **options: Any) -> None:
        self.now_us = 1_000
        self.end = TransactionCapabilities(first_id=1, **options)

    def hears(self, message: Message | bytes) -> list[Any]:
        """What the end's user is told of a message from the far end."""
        octets = message if isinstance(message, bytes) else codec.encode(message)
        return self.end.receive(SSF, SCF, octets, self.now_us)

    def says(self) -> list[Message]:
        """The messages that the end has sent."""
        return [codec.decode(message.octets) for message in self.end.data_to_send()]

    def sends(self) -> list[Outgoing]:
        """The same, as SCCP gets them."""
        return self.end.data_to_send()

    def begins(self, *components: ComponentRequest, context: Any = None) -> int:
        """The end opens a dialogue; its message is taken away."""
        number = self.end.begin(SCF, SSF, components, context=context, now_us=self.now_us)
        self.says()
        return number

    def is_begun_with(self, *components: Component, context: Any = None) -> int:
        """The far end opens a dialogue."""
        request = None if context is None else DialogueRequest(context)
        (begun,) = self.hears(Begin(FAR_ID, request, components))
        return int(begun.dialogue)

    def answers(self, dialogue: int, components: Sequence[ComponentRequest] = ()) -> None:
        """The end answers, and its message is taken away."""
        self.end.continue_(dialogue, components, now_us=self.now_us)
        self.says()


def identifier(dialogue: int) -> bytes:
    """The transaction id of an end's dialogue."""
    return dialogue.to_bytes(4, "big")


def invoke(invoke_id: int, operation: int = 20) -> Invoke:
    """An operation from the far end."""
    return Invoke(invoke_id, operation, NULL)
