"""The one-time code of a call, told with the answer to whoever asked for it."""

from collections.abc import Callable

from calleq.call.one_time_code import OneTimeCodes
from calleq.door.timeline import Timeline
from calleq.intake import Admitted


def told_code(
    codes: OneTimeCodes | None, outcome: Admitted, find: Callable[[str], Timeline | None]
) -> str:
    """The code of an admitted call, also to who asks again while it has not ended; empty: none."""
    if codes is None:
        return ""
    if outcome.acceptance is not None:
        code_of = outcome.acceptance.entry.code_of
    else:
        timeline = find(outcome.call)
        code_of = "" if timeline is None or timeline.final else timeline.entry.code_of
    return codes.code(code_of) if code_of else ""
