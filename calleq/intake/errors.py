"""What a door says when it does not accept a message: problems (RFC 9457) as data.

The refusals that a sender could learn from (unknown business, wrong password, suspended, …) are one
problem, `NOT_ACCEPTED`.
"""

from calleq.messages.errors import Fault, MessageError
from calleq.web.problems import ProblemDetail

NOT_ACCEPTED = ProblemDetail(
    status=401,
    code="not_accepted",
    title="Not accepted",
    detail="business or password not accepted (or key, signature, certificate, page token; or none"
    " was sent): GET /docs tells how to prove who asks",
)
BUSY = ProblemDetail(
    status=503,
    code="busy",
    title="Too much in work",
    detail="too many messages are in work; nothing of this one was kept, send it again",
    retry_after_s=1,
)
DRAINING = ProblemDetail(
    status=503,
    code="draining",
    title="About to stop",
    detail="this door takes no calls any more; nothing of this message was kept, send it again",
    retry_after_s=10,
)
NOT_AT_THIS_EQUIPMENT = ProblemDetail(
    status=421,
    code="wrong_equipment",
    title="Meant for other equipment",
    detail="the message is not addressed to this equipment",
    errors=(
        Fault("/equipment_address", "wrong_equipment", "is not the address of this equipment"),
    ),
)
DO_NOT_CALL = ProblemDetail(
    status=403,
    code="do_not_call",
    title="Not to be called",
    detail="this customer has asked never to be called by this business again",
    errors=(Fault("/customer_number", "do_not_call", "is on the business's do-not-call list"),),
)
KEY_MALFORMED = ProblemDetail(
    status=400,
    code="idempotency_key",
    title="Malformed Idempotency-Key",
    detail="an Idempotency-Key has 1 to 255 visible ASCII characters",
)
KEY_IN_PROGRESS = ProblemDetail(
    status=409,
    code="in_progress",
    title="In progress",
    detail="a message with this Idempotency-Key is being accepted; ask again",
    retry_after_s=1,
)
KEY_REUSED = ProblemDetail(
    status=422,
    code="idempotency_key_reused",
    title="Idempotency-Key used before",
    detail="this Idempotency-Key belongs to another message",
)
KEYS_FULL = ProblemDetail(
    status=503,
    code="idempotency_keys_full",
    title="Too many Idempotency-Keys",
    detail="no further Idempotency-Key can be kept today; the message was not accepted",
    retry_after_s=3600,
)


def malformed(error: MessageError) -> ProblemDetail:
    """The problem of octets that are no message of figure 8."""
    codes = {fault.code for fault in error.faults}
    if "too_large" in codes and not any(fault.pointer for fault in error.faults):
        return ProblemDetail(
            status=413, code="too_large", title="Message too large", detail=str(error)
        )
    if "json" in codes:
        return ProblemDetail(status=400, code="json", title="Not JSON", detail=str(error))
    return invalid(*error.faults)


def invalid(*faults: Fault) -> ProblemDetail:
    """The problem of a message some of whose fields cannot be acted upon."""
    names = ", ".join(sorted({fault.pointer[1:] or "the message" for fault in faults}))
    return ProblemDetail(
        status=422,
        code="invalid_message",
        title="Invalid message",
        detail=f"the message cannot be acted upon: {names}",
        errors=faults,
    )
