"""What every service of a switch has in common: office, board, times."""

from dataclasses import dataclass

from calleq.ssp.board import Board
from calleq.ssp.office import Office
from calleq.units import SECOND_US

INTERACTION_US = 300 * SECOND_US
"""Tssf while a resource is connected: announcements take their time."""


@dataclass(slots=True)
class ServiceMeans:
    """The means of one switch's service switching."""

    office: Office
    board: Board | None
    """None: the switch has none, so it can neither dial for an SCP nor reach a peripheral."""
    point_code: int
    tssf_us: int
    tssf_interaction_us: int = INTERACTION_US
    expired: int = 0
    """How often an SCP was silent."""
    serial: int = 0
    """The last number given to a player."""

    def next_player(self) -> str:
        """A name that no other player of this switch's services has."""
        self.serial += 1
        return f"ssf/{self.serial}"
