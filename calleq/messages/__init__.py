"""The messages of figures 7, 8 and 9, and what a door answers to them.

`figures` has the models and their octets, `strict_json` the JSON they may come in, `errors` what is
said of a message that is none, `schemas` their JSON Schema and examples, `answers` the way back.
"""

from calleq.messages.errors import Fault, MessageError
from calleq.messages.figures import (
    CallInitiation,
    CallRequest,
    DirectCallRequest,
    Message,
    decode,
    desired_time_us,
    encode,
)

__all__ = [
    "CallInitiation",
    "CallRequest",
    "DirectCallRequest",
    "Fault",
    "Message",
    "MessageError",
    "decode",
    "desired_time_us",
    "encode",
]
