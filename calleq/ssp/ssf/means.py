"""What every service of a switch has in common: office, board, times."""

from dataclasses import dataclass, field

from calleq.ssp.board import Board
from calleq.ssp.office import Office
from calleq.units import SECOND_US

IDENTITIES = range(1, 128)
"""Identities that an association may have (EN 301 140-1)."""
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

    associations: dict[int, object] = field(default_factory=dict)
    """Those that others may speak of, by identity."""

    def name_association(self, association: object) -> int:
        """An identity for an association; 0 where all are taken."""
        free = (number for number in IDENTITIES if number not in self.associations)
        identity = next(free, 0)
        if identity:
            self.associations[identity] = association
        return identity

    def association(self, identity: int) -> object | None:
        """The association of that identity."""
        return self.associations.get(identity)

    def forget_association(self, identity: int) -> None:
        """Nothing is left of it."""
        self.associations.pop(identity, None)

    def next_player(self) -> str:
        """A name that no other player of this switch's services has."""
        self.serial += 1
        return f"ssf/{self.serial}"
