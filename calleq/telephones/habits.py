"""What people and machines at telephones do with a call, as data: one habit for each behaviour."""

import msgspec

from calleq.media.contract import Prompt
from calleq.units import SECOND_US

PICK_UP_US = 4 * SECOND_US
SLOW_PICK_UP_US = 25 * SECOND_US
LEAVES_ANNOUNCEMENT_US = 3 * SECOND_US
MACHINE_LIMIT_US = 20 * SECOND_US
"""How long an answering machine stays on the line, greeting included."""
FAX_LIMIT_US = 35 * SECOND_US
"""T1 of ITU-T T.30 §5.4.3.1: how long a fax looks for another."""

MODEM_ANSWERS = Prompt(kind="tone", text="2225")
"""Bell 103 answering tone."""
MODEM_CALLS = Prompt(kind="tone", text="1270")
"""Bell 103 originating tone."""


YES_KEY = Prompt(kind="keys", text="1")
"""What an ordinary person replies to the question whether to be connected."""


class Habit(msgspec.Struct, frozen=True, kw_only=True):
    """What whoever is at a telephone does with a call."""

    answers_after_us: int | None = None
    """Of ringing; None: never."""
    in_use: bool = False
    """The telephone is off the hook from the start."""
    rejects: bool = False
    says: Prompt = Prompt(kind="mouth", text="hello")
    """On a call that is through."""
    leaves_after_us: int | None = None
    """From the moment the call is through; None: not on its own account."""
    leaves_speech_after_us: int | None = None
    """From first hearing an announcement."""
    converses: bool = False
    """Reacts to what it hears, as a person."""
    puts_down_after_us: int | None = None
    """From the moment a call that rang here is through: the handset is put down, once."""
    reply: Prompt | None = YES_KEY
    """To an announcement that asks to press a key; None: nothing."""
    takes_up_after_us: int | None = None
    """... and taken up again so much later; None: never."""


HABITS: dict[str, Habit] = {
    "person": Habit(answers_after_us=PICK_UP_US, converses=True),
    "slow": Habit(answers_after_us=SLOW_PICK_UP_US, converses=True),
    "hangs_up": Habit(
        answers_after_us=PICK_UP_US,
        converses=True,
        leaves_speech_after_us=LEAVES_ANNOUNCEMENT_US,
    ),
    "busy": Habit(in_use=True, answers_after_us=PICK_UP_US, converses=True),
    "silent": Habit(),
    "rejects": Habit(rejects=True),
    "machine": Habit(
        answers_after_us=PICK_UP_US,
        says=Prompt(kind="mouth", text="greeting"),
        leaves_after_us=MACHINE_LIMIT_US,
    ),
    "fax": Habit(
        answers_after_us=PICK_UP_US,
        says=Prompt(kind="mouth", text="fax"),
        leaves_after_us=FAX_LIMIT_US,
    ),
    "modem": Habit(answers_after_us=0, says=MODEM_ANSWERS),
    **{
        name: Habit(answers_after_us=PICK_UP_US, converses=True, reply=reply)
        for name, reply in {
            "says_yes": Prompt(kind="mouth", text="yes"),
            "says_no": Prompt(kind="mouth", text="no"),
            "says_other": Prompt(kind="mouth", text="who is this"),
            "presses_other": Prompt(kind="keys", text="5"),
            "opts_out": Prompt(kind="keys", text="9"),
            "keeps_quiet": None,
        }.items()
    },
}
"""By the `behaviour` of a line."""

CALLER = HABITS["person"]
"""Whoever takes up a handset to dial."""
COMPUTER = Habit(says=MODEM_CALLS)
"""A computer that dials its internet service."""
