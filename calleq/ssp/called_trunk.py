"""The called side on a SIP trunk of this switch: the party is a subscriber of another system.

To the call it is a line like any other, so this switch faces the party and writes what bills are
made of. The trunks that lead to the number are tried in order: one whose channels are all in use is
passed over (34 where all are), one that fails before the party is rung gives way to the next. Each
try is a seizure of its own in the journal, and `again` marks those after the first.
"""

from calleq.causes import Q850
from calleq.lines.channel import LineChannel
from calleq.ss7.isup.messages import Cause, Location
from calleq.ssp.bearer import VOICE
from calleq.ssp.called_line import CalledLine
from calleq.ssp.lines import Availability
from calleq.ssp.office import Attempt, Office
from calleq.ssp.terminating import TerminatingCall, TInput, TState

FAILED = frozenset(
    (
        Q850.OUT_OF_ORDER,
        Q850.NO_CIRCUIT,
        Q850.NETWORK_OUT_OF_ORDER,
        Q850.TEMPORARY_FAILURE,
        Q850.CONGESTION,
        Q850.CIRCUIT_NOT_AVAILABLE,
        Q850.RESOURCE_UNAVAILABLE,
    )
)
"""Causes which say that a trunk, or what is behind it, is in trouble, and nothing of the party."""


class CalledTrunk(CalledLine):
    """The party is behind one of some SIP trunks."""

    __slots__ = ("_trunks",)

    def __init__(
        self, office: Office, attempt: Attempt, trunks: tuple[str, ...], call: TerminatingCall
    ) -> None:
        super().__init__(office, attempt, call)
        self._trunks = list(trunks)
        """Those not tried yet."""

    def select(self) -> None:
        trunk = self._idle()
        if trunk is None:
            self._refuse(Availability.FULL)
        elif not self._carries():
            self._refuse(Q850.BEARER_NOT_IMPLEMENTED)
        else:
            self._trunks = self._trunks[self._trunks.index(trunk) + 1 :]
            self._take(trunk)
            self.receive(TInput.FACILITY_SELECTED)

    def _carries(self) -> bool:
        iam = self._attempt.iam
        return iam is None or iam.medium in VOICE

    def _idle(self) -> str | None:
        availability = self._office.register.availability
        return next((one for one in self._trunks if availability(one) is Availability.IDLE), None)

    def _offer(self, channel: LineChannel) -> None:
        attempt, office = self._attempt, self._office
        trunk = office.register.trunk(channel.line)
        assert trunk is not None, "a trunk was taken"
        channel.offer(
            attempt.calling if trunk.trusted else attempt.shown,
            attempt.called,
            restricted=attempt.restricted,
            screening=office.screening(attempt),
        )

    def channel_released(self, cause: int, *, by_line: bool) -> None:
        """Go to the next trunk where this one failed; the party may be reached yet."""
        failed = cause in FAILED or (cause == Q850.NO_USER_RESPONDING and not by_line)
        if self.state is TState.PRESENT_CALL and failed and self._idle() is not None:
            self.hear(())
            self.cause = Cause(cause, Location.USER if by_line else Location.PUBLIC_LOCAL)
            self._write(self._released("line" if by_line else "network"))
            self.call.party_hidden()
            self.receive(TInput.ROUTE_FULL)
        else:
            super().channel_released(cause, by_line=by_line)
