"""TCAP under mutation: messages decoded, encoded again, and heard by an end that has dialogues.

What can be decoded must encode to the same message, and its parameters be read or refused as BER
to the last leaf. Whatever the octets, the end that hears them must stand, and know as many
dialogues as its user does.
"""

import contextlib
from types import FunctionType

from calleq.ss7 import ber
from calleq.ss7.sccp.values import PartyAddress
from calleq.ss7.tcap import codec, component_codec, dialogue_codec
from calleq.ss7.tcap.components import Invocation, Invoke, OperationClass
from calleq.ss7.tcap.contract import (
    BeginIndication,
    ContinueIndication,
    EndIndication,
    Event,
    ProviderAbortIndication,
    UserAbortIndication,
)
from calleq.ss7.tcap.messages import Abort, Message, MessageError
from calleq.ss7.tcap.transactions import TransactionCapabilities
from simulator.fuzz.coverage_of import functions_of
from simulator.fuzz.target import Target
from simulator.fuzz.tcap_samples import CONTEXTS, encoded

HEADER_OCTETS = 1
_TYPES = (0x61, 0x62, 0x64, 0x65, 0x67)
_DIALOGUES_LIMIT = 32
_IDLE_US = 1_000
_DESTINATION = b"\x49\x04"
_INVOCATIONS = [Invocation(at, 5, operation_class=OperationClass(at)) for at in (1, 2, 3)]
_HERE = PartyAddress(ssn=241, point_code=1)
_THERE = PartyAddress(ssn=241, point_code=2)


class Hearer:
    """An end with dialogues, for ever: it answers, and opens others for those that are lost.

    Dialogues are there as long as their user is not told otherwise, and no longer: that is asserted
    after every message.
    """

    def __init__(self) -> None:
        self._now_us = 0
        self._numbers: list[int] = []
        """The dialogues that its user knows of, in turn."""
        self._end = TransactionCapabilities(
            dialogues_limit=_DIALOGUES_LIMIT,
            idle_limit_us=_IDLE_US,
            answered=frozenset({0, 20}),
        )

    def hear(self, octets: bytes) -> None:
        """Receive the octets, for a dialogue of this end where they name one of four octets."""
        self._now_us += 1
        if len(self._numbers) < _DIALOGUES_LIMIT // 2:
            self._begin()
        at = octets.find(_DESTINATION)
        if at >= 0:
            number = self._numbers.pop(0)
            self._numbers.append(number)
            at += len(_DESTINATION)
            octets = octets[:at] + number.to_bytes(4, "big") + octets[at + 4 :]
        events = self._end.receive(_HERE, _THERE, octets, self._now_us)
        for event in (*events, *self._end.handle_timer(self._now_us)):
            self._take(event)
        for message in self._end.data_to_send():
            codec.decode(message.octets)
        assert len(self._end) == len(self._numbers), octets.hex()

    def _begin(self) -> None:
        context = CONTEXTS[0] if self._now_us & 1 else None
        number = self._end.begin(_THERE, _HERE, _INVOCATIONS, context=context, now_us=self._now_us)
        self._numbers.append(number)

    def _take(self, event: Event) -> None:
        """Do as a user does."""
        match event:
            case BeginIndication(dialogue=number):
                self._numbers.append(number)
                self._end.continue_(number, _INVOCATIONS, now_us=self._now_us)
            case ContinueIndication(dialogue=number):
                if self._now_us % 3:
                    self._end.continue_(number, now_us=self._now_us)
                else:
                    self._end.end(number, now_us=self._now_us)
                    self._numbers.remove(number)
            case EndIndication() | UserAbortIndication() | ProviderAbortIndication():
                self._numbers.remove(event.dialogue)
            case _:
                pass


def decode_all(octets: bytes, hearer: Hearer) -> Message:
    """Decode a message and all that is in it; what comes out must encode to the same message."""
    hearer.hear(octets)
    # Most damage spoils the length around it: with another one, it is met where it is.
    if octets and octets[0] in _TYPES:
        hearer.hear(ber.tlv(octets[0], octets[HEADER_OCTETS + 1 :]))
    dialogue_codec.decode(octets[HEADER_OCTETS + 1 :])
    for one in component_codec.decode_portion(octets, HEADER_OCTETS + 1, len(octets)):
        codec.write_component(one)
    message = codec.decode(octets)
    assert codec.decode(codec.encode(message)) == message, octets.hex()
    for component in () if isinstance(message, Abort) else message.components:
        if isinstance(component, Invoke) and component.parameter:
            with contextlib.suppress(ber.BerError):
                ber.check(component.parameter, 0, len(component.parameter))
    return message


def target() -> Target:
    """TCAP as ITU has it."""
    hearer = Hearer()

    def decode(octets: bytes) -> Message:
        return decode_all(octets, hearer)

    return Target(
        name="tcap",
        samples=encoded(),
        header_octets=HEADER_OCTETS,
        past_header=lambda octets: octets[:1] != b"" and octets[0] in _TYPES,
        decode=decode,
        refusal=MessageError,
        decoder=_decoder(),
        forget=dialogue_codec.forget,
    )


def _decoder() -> tuple[FunctionType, ...]:
    """Whatever looks at received octets."""
    return (
        *functions_of(ber, "elements", "element", "first", "contents_at", "check", "read_integer"),
        *functions_of(ber, "read_oid", "read_null", "read_external"),
        *functions_of(ber, "_tag_at", "_long_length", "_end_of_contents"),
        *functions_of(
            component_codec, "decode_portion", "_decode", "_derived_id", "_read", "_result"
        ),
        *functions_of(dialogue_codec, "decode", "_decode", "_field", "_request", "_response"),
        *functions_of(dialogue_codec, "_inner_integer", "_context", "_version1", "_information"),
        *functions_of(codec, "decode", "_message", "_abort", "derive_ids"),
    )
