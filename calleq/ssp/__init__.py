"""Switches 62, 64, 66 and mobile switch 65: the call control of a local exchange.

`SwitchService` is the whole of it; `machine_tables` gives its live state tables to the documents.
"""

from collections.abc import Mapping

from calleq.ssp import channel, originating, terminating
from calleq.ssp.switch import SwitchService

__all__ = ["SwitchService", "machine_tables"]


def machine_tables() -> dict[str, Mapping[tuple[str, str], tuple[str, str]]]:
    """Each state machine of a switch as {(state, input): (action, next state)}."""
    return {
        "Switch: originating call model": originating.machine_table(),
        "Switch: terminating call model": terminating.machine_table(),
        "Switch: one call on a line": channel.machine_table(),
    }
