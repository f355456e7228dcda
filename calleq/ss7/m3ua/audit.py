"""Audits of destinations by a process (RFC 4666 §4.5.3): asking the gateway how they are now.

Owns which destinations are asked about. One that the gateway has said something bad of (DUNA, DRST,
SCON, DUPU) is asked about (DAUD) every T(audit), until the gateway says that it is available
(DAVA). So no word of the gateway that is lost stays lost. It is what a signalling-route-set-test is
between nodes of MTP3, and as often.

It forgets everything with the association. More than `AUDITED_LIMIT` destinations are not asked
about: the gateway's own word is enough for the others.
"""

from collections.abc import Callable

from calleq.runtime.clock import Clock, Timer
from calleq.ss7.m3ua import messages as m
from calleq.units import SECOND_US

T_AUDIT_US = 30 * SECOND_US
AUDITED_LIMIT = 1_024


class Audits:
    """The audits of one process towards one gateway."""

    def __init__(self, clock: Clock, send: Callable[[m.Message], None]) -> None:
        self._clock = clock
        self._send = send
        self._asked: dict[m.Affected, Timer] = {}

    def heard(self, message: m.DestinationMessage) -> None:
        """The gateway says something of destinations."""
        for affected in message.affected:
            timer = self._asked.pop(affected, None)
            if timer is not None:
                timer.cancel()
            if not isinstance(message, m.Dava) and len(self._asked) < AUDITED_LIMIT:
                self._ask_later(affected)

    def forget(self) -> None:
        """The association is gone."""
        for timer in self._asked.values():
            timer.cancel()
        self._asked.clear()

    def _ask_later(self, affected: m.Affected) -> None:
        # A destination may be away for ever: no simulation waits for the next question.
        self._asked[affected] = self._clock.call_in_background_us(T_AUDIT_US, self._ask, affected)

    def _ask(self, affected: m.Affected) -> None:
        self._ask_later(affected)
        self._send(m.Daud((affected,)))
