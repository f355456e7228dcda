"""What is wrong with a message, said so that its sender can mend it.

One error class stands at this boundary, `MessageError`; it carries every fault found (at most
`LIMIT_FAULTS`), each with the JSON pointer (RFC 6901) of the field it concerns. A fault never
quotes a password.
"""

import msgspec

LIMIT_FAULTS = 20
"""A message of ten thousand wrong fields is told of its first twenty."""
LIMIT_POINTER = 120
"""Characters of a pointer; field names come from strangers."""


class Fault(msgspec.Struct, frozen=True):
    """One thing wrong: where (a JSON pointer, empty for the whole), a stable code, and a text."""

    pointer: str
    code: str
    detail: str


class MessageError(ValueError):
    """The octets are not the message they should be; `faults` says all that is wrong."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(_text(fault) for fault in faults))
        self.faults = faults


def pointer(location: tuple[int | str, ...]) -> str:
    """The JSON pointer of a field.

    >>> pointer(("web_page", "recent", 0))
    '/web_page/recent/0'
    """
    parts = (str(part).replace("~", "~0").replace("/", "~1") for part in location)
    return "".join(f"/{part}" for part in parts)[:LIMIT_POINTER]


def _text(fault: Fault) -> str:
    return f"{fault.pointer}: {fault.detail}" if fault.pointer else fault.detail
