"""What TCAP carries: components, and what may be wrong with them (Q.773 §3.1, §4.2.2).

Owns the values that users of TCAP and its codec share. A parameter is the octets of one whole BER
element, as the application (INAP) writes it, or no octets; TCAP does not look into it. Operation
and error codes are numbers (local) or object identifiers, as tuples of arcs (global).
"""

from enum import IntEnum

import msgspec

Code = int | tuple[int, ...]
"""An operation or an error: a local value, or the arcs of a global one."""

INVOKE_IDS = range(-128, 128)
"""An invoke id is one octet, signed (Q.773 §4.2.2.2)."""
FIRST_INVOKE_ID = 0


class OperationClass(IntEnum):
    """What the invoker of an operation will be told (Q.771 §2.3.1.1.2)."""

    SUCCESS_OR_FAILURE = 1
    FAILURE_ONLY = 2
    SUCCESS_ONLY = 3
    NEITHER = 4


class Problem(IntEnum):
    """Why a component was rejected (Q.773 §4.2.2.6): its kind's tag, then the code."""

    UNRECOGNIZED_COMPONENT = 0x8000
    MISTYPED_COMPONENT = 0x8001
    BADLY_STRUCTURED_COMPONENT = 0x8002

    DUPLICATE_INVOKE_ID = 0x8100
    UNRECOGNIZED_OPERATION = 0x8101
    MISTYPED_PARAMETER = 0x8102
    RESOURCE_LIMITATION = 0x8103
    INITIATING_RELEASE = 0x8104
    UNRECOGNIZED_LINKED_ID = 0x8105
    LINKED_RESPONSE_UNEXPECTED = 0x8106
    UNEXPECTED_LINKED_OPERATION = 0x8107

    RESULT_UNRECOGNIZED_INVOKE_ID = 0x8200
    RESULT_UNEXPECTED = 0x8201
    RESULT_MISTYPED_PARAMETER = 0x8202

    ERROR_UNRECOGNIZED_INVOKE_ID = 0x8300
    ERROR_UNEXPECTED = 0x8301
    ERROR_UNRECOGNIZED = 0x8302
    ERROR_UNEXPECTED_ERROR = 0x8303
    """An error that this operation does not have."""
    ERROR_MISTYPED_PARAMETER = 0x8304


class Invoke(msgspec.Struct, frozen=True, gc=False):
    """An operation to be carried out: as it is on the wire, and as it is received."""

    invoke_id: int
    operation: Code
    parameter: bytes = b""
    linked_id: int | None = None
    """The invoke id of the far end's operation that this one belongs to."""


class Invocation(msgspec.Struct, frozen=True, gc=False):
    """An operation as its user asks for it (TC-INVOKE request); sent as an `Invoke`."""

    invoke_id: int
    """Not one that is still in use in the dialogue, see `Dialogues.free_invoke_id`."""
    operation: Code
    parameter: bytes = b""
    linked_id: int | None = None
    operation_class: OperationClass = OperationClass.SUCCESS_OR_FAILURE
    timer_us: int = 0
    """How long an answer may take; 0: as long as operations wait by default."""


class ReturnResult(msgspec.Struct, frozen=True, gc=False):
    """An operation was carried out; with `last` false, more of the result follows."""

    invoke_id: int
    operation: Code | None = None
    """On the wire where there is a parameter, and only there."""
    parameter: bytes = b""
    last: bool = True


class ReturnError(msgspec.Struct, frozen=True, gc=False):
    """An operation was not carried out."""

    invoke_id: int
    error: Code
    parameter: bytes = b""


class Reject(msgspec.Struct, frozen=True, gc=False):
    """A component was not understood; from a user, or from the far end."""

    invoke_id: int | None
    """None: could not be told from the component."""
    problem: int
    """A `Problem`; a code that the standard does not have stays a number."""


class LocalReject(msgspec.Struct, frozen=True, gc=False):
    """A received component that this end rejects by itself (TC-L-REJECT indication).

    The `Reject` for the far end goes with the next thing that the user sends in the dialogue.
    """

    invoke_id: int | None
    problem: int
    component: bytes = b""
    """The component, as far as it could be told from others."""


Component = Invoke | ReturnResult | ReturnError | Reject
"""On the wire."""
ComponentRequest = Invocation | ReturnResult | ReturnError | Reject
"""From a user."""
ComponentIndication = Invoke | ReturnResult | ReturnError | Reject | LocalReject
"""To a user."""
