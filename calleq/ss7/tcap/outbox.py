"""What one end of TCAP has to send: messages written and kept until SCCP takes them.

Owns their size and number: DATA_LIMIT_OCTETS of SCCP each, OUTGOING_LIMIT of them. A request of a
user beyond either is refused with TcapError; an abort by this end itself is dropped, as if it had
been lost on its way. Rejects that do not fit beside what the user sends wait for its next message;
with an end they are lost.
"""

from calleq.ss7 import ber
from calleq.ss7.sccp.contract import DATA_LIMIT_OCTETS
from calleq.ss7.sccp.values import PartyAddress
from calleq.ss7.tcap import codec, component_codec
from calleq.ss7.tcap.components import Reject
from calleq.ss7.tcap.contract import Outgoing, TcapError
from calleq.ss7.tcap.messages import Abort, DialoguePortion
from calleq.ss7.tcap.states import Dialogue

OUTGOING_LIMIT = 100_000
"""Messages that wait to be fetched; whoever owns an end fetches them after every request."""


class Outbox:
    """Messages that wait to be fetched."""

    def __init__(self) -> None:
        self._waiting: list[Outgoing] = []
        self.dropped = 0
        """Aborts that there was no room for."""

    def fetch(self) -> list[Outgoing]:
        """Everything that waits, in order."""
        waiting = self._waiting
        self._waiting = []
        return waiting

    def begin(
        self,
        called: PartyAddress,
        calling: PartyAddress,
        local_id: bytes,
        dialogue: DialoguePortion | None,
        components: list[bytes],
    ) -> None:
        """A Begin; TcapError where it is too long."""
        octets = codec.begin(local_id, _portions(dialogue, components))
        self._put(Outgoing(called, calling, octets, int.from_bytes(local_id, "big"), True))

    def unidirectional(
        self,
        called: PartyAddress,
        calling: PartyAddress,
        dialogue: DialoguePortion | None,
        components: list[bytes],
    ) -> None:
        """Components that belong to no transaction; TcapError where they are too long."""
        octets = codec.unidirectional(_portions(dialogue, components))
        self._put(Outgoing(called, calling, octets, 0, False))

    def continue_(
        self, of: Dialogue, dialogue: DialoguePortion | None, components: list[bytes]
    ) -> None:
        """A Continue, with rejects where they fit; TcapError where it is too long without."""
        portions, left = _with_rejects(of, dialogue, components)
        octets = codec.continue_(of.local_id, of.remote_id, portions)
        self._put(Outgoing(of.remote, of.local, octets, of.number, True))
        of.rejects = left

    def end(self, of: Dialogue, dialogue: DialoguePortion | None, components: list[bytes]) -> None:
        """An End, as of `continue_`."""
        portions, _ = _with_rejects(of, dialogue, components)
        self._put(
            Outgoing(of.remote, of.local, codec.end(of.remote_id, portions), of.number, False)
        )

    def abort(self, called: PartyAddress, calling: PartyAddress, message: Abort) -> None:
        """An Abort by this end itself."""
        if len(self._waiting) >= OUTGOING_LIMIT:
            self.dropped += 1
            return
        self._waiting.append(Outgoing(called, calling, codec.encode(message), 0, False))

    def user_abort(self, of: Dialogue, dialogue: DialoguePortion | None) -> None:
        """An Abort by the user; TcapError where it is too long."""
        try:
            octets = codec.encode(Abort(of.remote_id, None, dialogue))
        except ber.BerError as error:
            raise TcapError(str(error)) from error
        self._put(Outgoing(of.remote, of.local, octets, of.number, False))

    def _put(self, message: Outgoing) -> None:
        if len(message.octets) > DATA_LIMIT_OCTETS:
            raise TcapError(f"a message of {len(message.octets)} octets")
        if len(self._waiting) >= OUTGOING_LIMIT:
            raise TcapError(f"{OUTGOING_LIMIT} messages wait to be sent")
        self._waiting.append(message)


_PORTIONS_LIMIT_OCTETS = DATA_LIMIT_OCTETS - 16
"""What the head of a message leaves of it: a tag, three length octets, two transaction ids."""


def _portions(dialogue: DialoguePortion | None, components: list[bytes]) -> bytes:
    try:
        return codec.portion(dialogue, components)
    except ber.BerError as error:
        raise TcapError(str(error)) from error


def _with_rejects(
    of: Dialogue, dialogue: DialoguePortion | None, components: list[bytes]
) -> tuple[bytes, list[Reject]]:
    """The portions of a message, and the rejects that are left for the next one."""
    if not of.rejects:
        return _portions(dialogue, components), of.rejects
    rejects = [component_codec.encode(one) for one in of.rejects]
    portions = _portions(dialogue, rejects + components)
    if len(portions) > _PORTIONS_LIMIT_OCTETS and components:
        return _portions(dialogue, components), of.rejects
    return portions, []
