"""What a door answers to a submitted message: status, body, headers."""

import msgspec

from calleq.intake import Admitted
from calleq.intake.contract import Room
from calleq.messages.answers import EVENT_ACCEPTED, EVENT_SCHEDULED, CallAccepted, ProblemView
from calleq.web.problems import ProblemDetail


class Reply(msgspec.Struct, frozen=True):
    """What is answered to a submitted message; `view` is the body."""

    status: int
    view: CallAccepted | ProblemView
    headers: tuple[tuple[str, str], ...] = ()


def accepted(outcome: Admitted, code: str = "") -> Reply:
    """The reply that says that a call will be made, or was; with its one-time code, if any."""
    location = f"/v1/calls/{outcome.call}"
    state = EVENT_SCHEDULED if outcome.is_later else EVENT_ACCEPTED
    view = CallAccepted(
        outcome.call, state, outcome.business, f"{location}/events", code or msgspec.UNSET
    )
    headers: tuple[tuple[str, str], ...] = (("location", location),)
    if outcome.replayed:
        headers += (("idempotent-replayed", "true"),)
    return Reply(202, view, headers)


def declined(problem: ProblemDetail, *, replayed: bool = False) -> Reply:
    """The reply that says a problem; again, where the same message had been refused so before."""
    headers: tuple[tuple[str, str], ...] = ()
    if replayed:
        headers += (("idempotent-replayed", "true"),)
    if problem.retry_after_s is not None:
        headers += (("retry-after", str(problem.retry_after_s)),)
    if problem.status == 401:
        headers += (("www-authenticate", 'Basic realm="calleq", charset="UTF-8"'),)
    return Reply(problem.status, problem.view(), headers)


def with_room(reply: Reply, room: Room | None) -> Reply:
    """The reply with what is left of the limit of calls, as the IETF's draft has it."""
    if room is None:
        return reply
    policy = f'"calls";q={room.quota};w={room.window_s}'
    limit = f'"calls";r={room.left};t={room.full_in_s}'
    headers = (*reply.headers, ("ratelimit-policy", policy), ("ratelimit", limit))
    return msgspec.structs.replace(reply, headers=headers)
