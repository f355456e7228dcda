"""Which dialogues one end of TCAP has, under which transaction ids, and which is idle for longest.

Transaction ids are four octets and count up, so that one is not used again before all others were.
A dialogue's number is its transaction id.
"""

from collections import OrderedDict

from calleq.ss7.sccp.values import PartyAddress
from calleq.ss7.tcap.contract import Context, TcapError
from calleq.ss7.tcap.states import Dialogue, State

_ID_OCTETS = 4
_IDS = 1 << 8 * _ID_OCTETS


class DialogueTable:
    """The dialogues of one end."""

    def __init__(self, first_id: int, limit: int, idle_limit_us: int) -> None:
        self._dialogues: OrderedDict[int, Dialogue] = OrderedDict()
        """By number; the one that is idle for longest comes first."""
        self._next_id = first_id % _IDS
        self._limit = limit
        self._idle_limit_us = idle_limit_us

    def __len__(self) -> int:
        return len(self._dialogues)

    def __contains__(self, number: int) -> bool:
        return number in self._dialogues

    @property
    def is_full(self) -> bool:
        """Whether no dialogue can be opened."""
        return len(self._dialogues) >= self._limit

    def free_id(self) -> bytes:
        """The next transaction id in turn that is not in use."""
        number = self._next_id
        while number in self._dialogues:
            number = (number + 1) % _IDS
        self._next_id = (number + 1) % _IDS
        return number.to_bytes(_ID_OCTETS, "big")

    @staticmethod
    def id_of(number: int) -> bytes:
        """The transaction id of a number that `free_id` gave out."""
        return number.to_bytes(_ID_OCTETS, "big")

    def open(
        self,
        state: State,
        local_id: bytes,
        remote_id: bytes,
        local: PartyAddress,
        remote: PartyAddress,
        context: Context | None,
        now_us: int,
    ) -> Dialogue:
        """Take a dialogue in; the table is not full."""
        number = int.from_bytes(local_id, "big")
        dialogue = Dialogue(number, state, local_id, remote_id, local, remote, context, now_us)
        self._dialogues[number] = dialogue
        return dialogue

    def get(self, number: int) -> Dialogue:
        """The dialogue of that number; TcapError where there is none."""
        dialogue = self._dialogues.get(number)
        if dialogue is None:
            raise TcapError(f"there is no dialogue {number}")
        return dialogue

    def find(self, local_id: bytes | None, far_id: bytes | None = None) -> Dialogue | None:
        """The dialogue of that transaction id; not, if its far end is known by another."""
        if local_id is None or len(local_id) != _ID_OCTETS:
            return None
        dialogue = self._dialogues.get(int.from_bytes(local_id, "big"))
        if dialogue is None or far_id is None:
            return dialogue
        return dialogue if dialogue.remote_id in (b"", far_id) else None

    def touch(self, dialogue: Dialogue, now_us: int) -> None:
        """Something of it was sent or received."""
        dialogue.touched_us = now_us
        self._dialogues.move_to_end(dialogue.number)

    def forget(self, dialogue: Dialogue) -> None:
        """It is over."""
        del self._dialogues[dialogue.number]

    def next_idle_us(self) -> int | None:
        """When the next dialogue will have been idle for too long."""
        for dialogue in self._dialogues.values():
            return dialogue.touched_us + self._idle_limit_us
        return None

    def idle(self, now_us: int) -> Dialogue | None:
        """A dialogue that has been idle for too long; None: there is none."""
        for dialogue in self._dialogues.values():
            return dialogue if dialogue.touched_us + self._idle_limit_us <= now_us else None
        return None
