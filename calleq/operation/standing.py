"""How a process stands, beside its network: may it be sent messages, how long are its certificates
good, what does its disk do.

Alive is whoever answers. Ready is a process whose doors can do what they promise: it is not asked
to drain, its journal can be written, and of the equipment that its doors instruct some can be
reached. A load balancer sends messages to those that are ready and lets the others finish.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import msgspec

from calleq.network import Network
from calleq.runtime.clock import Clock
from calleq.runtime.durations import Durations
from calleq.units import utc_text
from calleq.web.gate import Gate
from calleq.web.ready import ReadyView
from calleq.web.tls import ServerTls


class CertificateView(msgspec.Struct, frozen=True, kw_only=True):
    """The certificate of a door."""

    door: str
    subject: str
    expires: str
    """RFC 3339, UTC."""
    left_s: int
    renewals: int
    """Since the start."""
    warning: str = ""
    """What should be done about it; empty: nothing."""


@dataclass(slots=True, kw_only=True)
class Standing:
    """What the host knows of its process."""

    network: Network
    clock: Clock
    certificates: Mapping[str, ServerTls] = field(default_factory=dict)
    """By the element whose door it is."""
    flushes: Durations | None = None
    """Of the journal."""
    written: Mapping[tuple[str, type], int] = field(default_factory=dict)
    """Entries written to the journal, by element and kind."""
    outstanding: Callable[[], int] = lambda: 0
    """Entries that wait for the disk."""
    journal_failure: Callable[[], str] = str
    """Why the journal cannot be written; empty: it can."""
    reaches: Callable[[str], bool] = lambda element: True
    """Whether an element of another process can be reached."""
    draining: Callable[[], bool] = lambda: False
    """Whether new messages are to be refused, because the process is about to end."""
    gates: dict[str, Gate] = field(default_factory=dict)
    """Of the doors on the internet, by name."""
    bugs: dict[str, Callable[[], int]] = field(default_factory=dict)
    """Requests that ended in an error of ours, by door."""

    def certificate_views(self) -> list[CertificateView]:
        """Every door's."""
        now_us = self.clock.now_us()
        return [
            CertificateView(
                door=tls.door,
                subject=tls.subject,
                expires=utc_text(tls.expires_at_us),
                left_s=tls.left_s(now_us),
                renewals=tls.renewals,
                warning=tls.warning(now_us),
            )
            for tls in self.certificates.values()
        ]

    def view(self) -> ReadyView:
        """Whether messages should be sent to this process, and why not."""
        reasons = []
        if self.draining():
            reasons.append("draining")
        if self.journal_failure():
            reasons.append("journal_not_writable")
        if any(front.front.problem is not None for front in self.network.fronts.values()):
            reasons.append("authority_unreachable")
        instructed = {door.instructs for door in self.network.doors.values()}
        if instructed and not any(self._can_reach(name) for name in instructed):
            reasons.append("no_equipment_reachable")
        return ReadyView("not_ready" if reasons else "ready", tuple(reasons))

    def _can_reach(self, element: str) -> bool:
        """Whether equipment can be told to make a call, and has a way out for it."""
        if not self.reaches(element):
            return False
        exchange = self.network.exchanges.get(element)
        groups = () if exchange is None else exchange.snapshot().groups
        return not groups or any(group.idle or group.busy for group in groups)
