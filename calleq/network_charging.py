"""Prices in a network: decks, accounts, and the records that settle calls, wired to one journal.

Calls are priced in the process of the access server. It has all that a call writes, or is told it
by the processes of the other elements (`calleq.relay.merging`). Elsewhere, and where the topology
names no deck, charging is absent: nothing costs anything.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from calleq.billing.charges import leg_uses
from calleq.billing.finished import FinishedCalls
from calleq.billing.records import SessionRecord
from calleq.charging import (
    CallCharging,
    ChargingError,
    DeckMemory,
    Decks,
    RememberedDecks,
    load_decks,
)
from calleq.journal.contract import Journal, Watcher
from calleq.journal.entries import Accepted, Stamped
from calleq.journal.entries import Charged as Entry
from calleq.rating import ServiceUse
from calleq.relay.merging import MARGIN_US, Merger
from calleq.runtime.clock import Clock
from calleq.topology import Business, Topology, TopologyError

Observe = Callable[[Watcher], object]
"""`observe` of the process's journal."""


@dataclass(slots=True)
class Charged:
    """Charging, and what tells it which calls are over."""

    charging: CallCharging
    finished: FinishedCalls
    read: Callable[[Topology], Decks]
    """Reads decks as a topology names them. Raises ChargingError."""
    told: list[Callable[[Entry], object]] = field(default_factory=list)
    """Told of every `Charged`: the doors."""
    merger: Merger | None = None
    """Puts what other processes write among what is written here; None: there are none."""

    def repriced(self, topology: Topology) -> Callable[[], None]:
        """What puts the decks of a topology in force. Raises ChargingError."""
        decks = self.read(topology)

        def put() -> None:
            self.charging.decks = decks

        return put

    def recover(self, entries: Sequence[Stamped]) -> None:
        """Take up the journal of before."""
        self.charging.recover(entries)
        if self.merger is not None:
            since_us = self.charging.open_since_us() or self.charging.now_us()
            for stamped in entries:
                if stamped.at_us >= since_us - MARGIN_US:
                    self.merger.own(stamped)
            self.merger.start(since_us)
            return
        for stamped in entries:
            self.finished.recover(stamped)
        self.finished.resume()

    def take(self, stamped: Stamped) -> None:
        """An entry is being written."""
        entry = stamped.entry
        if isinstance(entry, Accepted):
            self.charging.accepted(entry)
        elif isinstance(entry, Entry):
            for tell in self.told:
                tell(entry)
        if self.merger is None:
            self.finished.take(stamped)
        else:
            self.merger.own(stamped)


def charging_of(
    topology: Topology,
    journal: Journal,
    clock: Clock,
    observe: Observe,
    businesses: Callable[[str], Business | None],
    memory: DeckMemory | None = None,
) -> Charged | None:
    """Charging as the topology wants it; None where it names no deck. Raises TopologyError.

    `memory` remembers the decks that were used; None: nobody does.
    """
    if not topology.pricing.decks:
        return None
    kept = memory or RememberedDecks()

    def read(named: Topology) -> Decks:
        decks = load_decks(named.pricing, kept, clock.now_us())
        for business in named.businesses:
            decks.of(business.billing)
        return decks

    try:
        decks = read(topology)
    except ChargingError as error:
        raise TopologyError(str(error)) from error
    charging = CallCharging(
        decks,
        businesses,
        journal,
        clock,
        topology.access_server.name,
        reserve_minutes=topology.pricing.reserve_minutes,
        ring_limit_s=topology.timing.ring_limit_s,
    )

    def settle(record: SessionRecord, uses: tuple[ServiceUse, ...]) -> None:
        charging.settle(record.call, leg_uses(record), uses)

    charged = Charged(charging, FinishedCalls(clock, settle), read)
    observe(charged.take)
    return charged
