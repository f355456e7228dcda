"""Answers that are repeated until they are acknowledged: 2xx to INVITE, and reliable 1xx.

Owns when: T1 after the first, then at doubling distance, at most so long, given up after 64*T1
(RFC 3261 §13.3.1.4, RFC 3262 §3). What is sent, and what giving up means, is its owner's.
"""

from calleq.sip.bounds import GIVE_UP_US, T1_US, T2_US


class Repeater:
    """One answer under way. `due_us` is when `handle_timer` is wanted; None: never more."""

    def __init__(self, now_us: int, *, longest_us: int = T2_US) -> None:
        self._give_up_us = now_us + GIVE_UP_US
        self._longest_us = longest_us
        self._distance_us = T1_US
        self.due_us: int | None = now_us + T1_US
        self.gave_up = False

    def acknowledged(self) -> None:
        """It arrived."""
        self.due_us = None

    def handle_timer(self, now_us: int) -> bool:
        """Whether the answer is to be sent again now; False where nothing is due or it gave up."""
        if self.due_us is None or now_us < self.due_us:
            return False
        if now_us >= self._give_up_us:
            self.gave_up = True
            self.due_us = None
            return False
        self._distance_us = min(2 * self._distance_us, self._longest_us)
        self.due_us = min(now_us + self._distance_us, self._give_up_us)
        return True


def success_repeater(now_us: int) -> Repeater:
    """For a 2xx: every 4 s at most. Given up: BYE. Over streams too, for ACK is end to end."""
    return Repeater(now_us)


def reliable_repeater(now_us: int) -> Repeater:
    """For a reliable 1xx: doubling without a limit. Given up: 504, or any 5xx."""
    return Repeater(now_us, longest_us=GIVE_UP_US)
