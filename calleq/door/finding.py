"""Which calls are wanted: the filters of a list, asked alike of memory and of the index."""

import msgspec

from calleq.call.driver import FINAL_STATES
from calleq.door.timeline import STATES_BEFORE, Timeline

STATES = (*STATES_BEFORE, *FINAL_STATES)
"""Every state that a call may have."""


class Wish(msgspec.Struct, frozen=True):
    """Calls that fit; what is None or empty fits all. Instants are UTC microseconds, `after`
    included, `before` not."""

    business: str | None = None
    state: str = ""
    final: bool | None = None
    customer: str = ""
    representative: str = ""
    accepted_after_us: int | None = None
    accepted_before_us: int | None = None
    due_after_us: int | None = None
    due_before_us: int | None = None
    ended_after_us: int | None = None
    ended_before_us: int | None = None

    def fits(self, timeline: Timeline) -> bool:
        """Whether a call is wanted."""
        return (
            self.business in (None, timeline.business)
            and self.state in ("", timeline.state)
            and self.final in (None, timeline.final)
            and self.customer in ("", timeline.customer_number)
            and self.representative in ("", timeline.representative_number)
            and _within(timeline.accepted_at_us, self.accepted_after_us, self.accepted_before_us)
            and _within(timeline.due_us or None, self.due_after_us, self.due_before_us)
            and _within(timeline.ended_at_us, self.ended_after_us, self.ended_before_us)
        )


def _within(at_us: int | None, after_us: int | None, before_us: int | None) -> bool:
    if after_us is None and before_us is None:
        return True
    if at_us is None:
        return False
    return (after_us is None or at_us >= after_us) and (before_us is None or at_us < before_us)
