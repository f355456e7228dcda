"""Switches 62, 64, 66 and mobile switch 65: the call control of a local exchange.

`SwitchService` is the whole of it; `machine_tables` gives its live state tables to the documents.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from calleq.ssp import channel, originating, terminating
from calleq.ssp.switch import SwitchService

__all__ = ["SwitchService", "machine_tables"]

ORIGINATING = "Switch: originating call model"
TERMINATING = "Switch: terminating call model"
LINE_CALL = "Switch: one call on a line"

State = TypeVar("State", bound=StrEnum)
Given = TypeVar("Given", bound=StrEnum)


def machine_tables() -> dict[str, Mapping[tuple[str, str], tuple[str, str]]]:
    """Each state machine of a switch as {(state, input): (action, next state)}."""
    return {
        ORIGINATING: _in_words(originating.TABLE),
        TERMINATING: _in_words(terminating.TABLE),
        LINE_CALL: _in_words(channel.TABLE),
    }


def _in_words(
    table: Mapping[tuple[State, Given], tuple[StrEnum, StrEnum]],
) -> dict[tuple[str, str], tuple[str, str]]:
    return {
        (str(state), str(given)): (str(action), str(following))
        for (state, given), (action, following) in table.items()
    }
