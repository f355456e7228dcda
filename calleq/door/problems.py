"""What a door says of orders to calls that it cannot carry out."""

from calleq.web.problems import ProblemDetail

NO_SUBSCRIBER = "the business is no subscriber any more"

NOT_FOUND = ProblemDetail(status=404, code="not_found", title="Not found", detail="no such call")
CALL_OVER = ProblemDetail(
    status=409, code="call_over", title="Call over", detail="the call has ended"
)
TOO_LATE = ProblemDetail(
    status=409,
    code="too_late",
    title="Too late",
    detail="the call has been begun: it cannot be cancelled or moved any more; hang it up",
)
BEING_CHANGED = ProblemDetail(
    status=409,
    code="in_progress",
    title="In progress",
    detail="the call is being begun, cancelled or moved; look at it again",
    retry_after_s=1,
)
