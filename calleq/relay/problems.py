"""What the sender of a request is told at a front where the authority has not decided it."""

from calleq.relay.bounds import RETRY_AFTER_S
from calleq.web.problems import ProblemDetail

UNREACHABLE = ProblemDetail(
    status=503,
    code="authority_unreachable",
    title="Cannot be decided now",
    detail="the access server, which decides for every door, cannot be reached from this one;"
    " nothing of this request was kept and nobody is called: send it again",
    retry_after_s=RETRY_AFTER_S,
)
TOO_LATE = ProblemDetail(
    status=503,
    code="authority_late",
    title="Not decided in time",
    detail="the access server came to this request too late and left it; nothing of it was kept"
    " and nobody is called: send it again",
    retry_after_s=RETRY_AFTER_S,
)
UNANSWERED = ProblemDetail(
    status=503,
    code="outcome_unknown",
    title="No answer",
    detail="the access server was lost while it decided this request, so it is not known here"
    " whether it was accepted: send it again with the same Idempotency-Key, which makes no second"
    " call, or look at the list of calls",
    retry_after_s=RETRY_AFTER_S,
)
"""A request without a key that is sent again may be a second call, as after any lost answer; the
guard of one live call for a number stands against it."""
