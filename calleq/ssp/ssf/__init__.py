"""Service switching: what an SCP may command in a switch (SSF of Q.1214 and Q.1224).

`switching.ServiceSwitching` is the whole of it for one switch. An `association` holds the legs and
call segments of one dialogue; `leg` and `segment` are its two machines; `operations` says who
serves which operation.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from calleq.ssp.ssf import leg, segment

LEG = "Service switching: one leg"
SEGMENT = "Service switching: one call segment"

State = TypeVar("State", bound=StrEnum)
Given = TypeVar("Given", bound=StrEnum)


def machine_tables() -> dict[str, Mapping[tuple[str, str], tuple[str, str]]]:
    """Each state machine of service switching as {(state, input): (action, next state)}."""
    return {LEG: in_words(leg.TABLE), SEGMENT: in_words(segment.TABLE)}


def in_words(
    table: Mapping[tuple[State, Given], tuple[StrEnum, StrEnum]],
) -> dict[tuple[str, str], tuple[str, str]]:
    """A table with the names that people read."""
    return {
        (str(state), str(given)): (str(action), str(following))
        for (state, given), (action, following) in table.items()
    }
