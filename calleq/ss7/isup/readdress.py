"""A message of one circuit made one of another, for what a transit exchange passes on."""

import msgspec

from calleq.ss7.isup.messages import Message


def onto(message: Message, cic: int) -> Message:
    """The same message with another circuit identification code."""
    return msgspec.structs.replace(message, cic=cic)
