"""What can become of a party whom an SCP has sent to the peripheral: every state, every input.

The states of Q.1218 §3.1.3.5 (SRSM) as far as one circuit has them, and what follows its release.
Every pair stands in the table; what is ignored, too.
"""

from collections.abc import Mapping
from enum import StrEnum


class AssistState(StrEnum):
    """What becomes of a party."""

    ARRIVED = "Arrived"
    """The IAM has come; that it is taken is on its way to the disk."""
    ASKING = "Asking"
    """Answered; the SCP has been asked what is to be done and has said nothing yet."""
    SERVED = "Served"
    """The SCP commands."""
    CONCLUDING = "Concluding"
    """The SCP has ended the dialogue; what it ordered last is still played."""
    RELEASING = "Releasing"
    """The circuit is being released, by either end."""
    GONE = "Gone"


class AssistInput(StrEnum):
    """What can happen to it."""

    DURABLE = "durable"
    HEARD = "heard"
    """The SCP has said something."""
    REFUSED = "refused"
    """The SCP knows nothing of the party."""
    SILENT = "silent"
    """T(SRF): nothing is ordered, and nobody to talk to."""
    ENDED = "ended"
    """The SCP has ended the dialogue, and nothing is left to be played."""
    ENDED_EARLY = "ended early"
    """The SCP has ended the dialogue, and something is."""
    LOST = "lost"
    """The SCP cannot be reached, or has given the dialogue up."""
    PLAYED_OUT = "played out"
    """The last announcement is over, and the party may be parted."""
    FAR_RELEASE = "far release"
    CLEARED = "cleared"
    """The circuit is free again."""
    LOSE = "lose"
    """What the peripheral plays with is lost."""


class AssistAction(StrEnum):
    """What is done about it."""

    IGNORE = "ignore"
    ASK = "ask"
    """Answer the call and ask the SCP."""
    SERVE = "serve"
    """The SCP is there: T(SRF) starts anew when its orders have been taken."""
    CONCLUDE = "conclude"
    GIVE_UP = "give_up"
    """Give the dialogue up and release with cause 31."""
    RELEASE = "release"
    """The SCP has done with the party: release with cause 16."""
    PART = "part"
    """End the dialogue and release with cause 16."""
    FAIL = "fail"
    """End the dialogue and release with the cause of the loss."""
    LEAVE = "leave"
    """The switch released: end the dialogue."""
    VANISH = "vanish"
    """Nothing is left of the circuit: end the dialogue, if there is one."""


_S, _I, _A = AssistState, AssistInput, AssistAction
_Cell = tuple[AssistAction, AssistState]


def _row(state: AssistState, **cells: _Cell) -> dict[tuple[AssistState, AssistInput], _Cell]:
    """The cells of a state by input name; an input that is not named is ignored there."""
    row = {(state, given): (_A.IGNORE, state) for given in AssistInput}
    row.update({(state, AssistInput[name]): cell for name, cell in cells.items()})
    return row


_ENDS = {
    "FAR_RELEASE": (_A.LEAVE, _S.RELEASING),
    "CLEARED": (_A.VANISH, _S.GONE),
    "LOSE": (_A.FAIL, _S.RELEASING),
}
"""How it ends wherever the circuit is in use."""

TABLE: Mapping[tuple[AssistState, AssistInput], _Cell] = {
    **_row(_S.ARRIVED, DURABLE=(_A.ASK, _S.ASKING), **_ENDS),
    **_row(
        _S.ASKING,
        HEARD=(_A.SERVE, _S.SERVED),
        REFUSED=(_A.GIVE_UP, _S.RELEASING),
        SILENT=(_A.GIVE_UP, _S.RELEASING),
        ENDED=(_A.GIVE_UP, _S.RELEASING),
        LOST=(_A.GIVE_UP, _S.RELEASING),
        **_ENDS,
    ),
    **_row(
        _S.SERVED,
        HEARD=(_A.SERVE, _S.SERVED),
        REFUSED=(_A.GIVE_UP, _S.RELEASING),
        SILENT=(_A.GIVE_UP, _S.RELEASING),
        ENDED=(_A.RELEASE, _S.RELEASING),
        ENDED_EARLY=(_A.CONCLUDE, _S.CONCLUDING),
        LOST=(_A.GIVE_UP, _S.RELEASING),
        PLAYED_OUT=(_A.PART, _S.RELEASING),
        **_ENDS,
    ),
    **_row(
        _S.CONCLUDING,
        SILENT=(_A.GIVE_UP, _S.RELEASING),
        PLAYED_OUT=(_A.RELEASE, _S.RELEASING),
        **_ENDS,
    ),
    **_row(_S.RELEASING, CLEARED=(_A.VANISH, _S.GONE)),
    **_row(_S.GONE),
}
