"""What a suite's messages are to the harness: names, circuits and named parameters.

A suite has a `Language`: how its messages are built and read, and how contents are held against
what a case says. Steps, mutants and verdicts know nothing else of a protocol.
"""

from collections import deque
from collections.abc import Mapping
from typing import NamedTuple, Protocol

import msgspec

Value = int | str | dict[str, int | str]
"""What a case may say of a parameter."""


class WireError(ValueError):
    """No message or no parameter of the suite's; the text says which part and why."""


class Read(NamedTuple):
    """A message as the tester read it."""

    name: str
    cic: int
    """The circuit, 0 where messages have none."""
    parameters: dict[str, bytes]
    """Contents by name (0x… where the name is unknown), in the order of arrival."""


class Language(Protocol):
    """The messages of one suite."""

    def build(self, name: str, cic: int, fields: Mapping[str, Value]) -> bytes:
        """The octets of a message. Raises WireError."""

    def read(self, octets: bytes) -> Read:
        """The message of the octets; every octet must belong to it. Raises WireError."""

    def check(self, name: str, fields: Mapping[str, Value]) -> None:
        """Raises WireError when there is no such message, or no such parameter in it."""

    def pack(self, parameter: str, value: Value) -> bytes:
        """The contents that a case means. Raises WireError."""

    def mismatch(self, parameter: str, contents: bytes, value: Value) -> str:
        """How contents differ from what a case says; empty when they do not. Raises WireError."""

    def ordinary(self, name: str, like: Read) -> bytes:
        """A message of that name that belongs to the same as another. Raises WireError."""


class Arrived(msgspec.Struct, frozen=True):
    """A message that came from the element under test."""

    at_us: int
    """Monotonic."""
    message: Read


class Party(Protocol):
    """One of the tester's ends."""

    @property
    def name(self) -> str:
        """As in ladders."""

    @property
    def inbox(self) -> deque[Arrived]:
        """What came and no step took yet."""

    @property
    def faults(self) -> list[str]:
        """What came and was no message."""

    def send(self, name: str, cic: int, fields: Mapping[str, Value]) -> bool:
        """Send a message; False when the element cannot be reached. Raises WireError."""


def as_fields(message: Read) -> dict[str, Value]:
    """The parameters of a message as a case would give them octet for octet."""
    return {name: f"hex:{contents.hex()}" for name, contents in message.parameters.items()}
