"""A message on its way through the intake."""

from collections.abc import Callable
from typing import Literal

import msgspec

from calleq.intake.outcome import Outcome
from calleq.messages import CallInitiation, DirectCallRequest
from calleq.protection.opening import Opened

Answer = Callable[[Outcome], object]


class Work(msgspec.Struct, frozen=True):
    """A well-formed message."""

    message: CallInitiation | DirectCallRequest
    opened: Opened
    figure: Literal[8, 9]
    key: str | None
    peer: str
    source: str
    """The sender's address; empty behind a proxy."""
    answer: Answer
    fingerprint: str
