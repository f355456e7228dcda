"""Switches 62, 64, 66 and mobile switch 65: the call control of a local exchange.

`SwitchService` is the whole of it; `machine_tables` gives its live state tables to the documents.
"""

from collections.abc import Mapping

from calleq.lines import channel
from calleq.ssp import originating, ssf, terminating
from calleq.ssp.ssf import in_words
from calleq.ssp.switch import SwitchService

__all__ = ["SwitchService", "machine_tables"]

ORIGINATING = "Switch: originating call model"
TERMINATING = "Switch: terminating call model"
LINE_CALL = "Switch: one call on a line"


def machine_tables() -> dict[str, Mapping[tuple[str, str], tuple[str, str]]]:
    """Each state machine of a switch as {(state, input): (action, next state)}."""
    return {
        ORIGINATING: in_words(originating.TABLE),
        TERMINATING: in_words(terminating.TABLE),
        LINE_CALL: in_words(channel.TABLE),
        **ssf.machine_tables(),
    }
