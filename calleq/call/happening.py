"""What happens to a call: inputs of its table with what came along, and what its timeline says."""

import msgspec

from calleq.call.states import Input
from calleq.causes import Q850


class TimelineEvent(msgspec.Struct, frozen=True, gc=False):
    """Something that happened to the call; `event` is one of `calleq.osn.messages.EVENTS`."""

    event: str
    leg: str = ""
    attempt: int = 0
    number: str = ""
    cause: int = 0
    detail: str = ""


class Happening(msgspec.Struct, frozen=True, gc=False):
    """An input of the table with what came along with it."""

    input: Input
    cause: int = Q850.NORMAL
    number: str = ""
