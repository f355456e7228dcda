"""What each leg is sent: another leg's packets as they come, or frames by its tick.

A leg that hears one other leg's row and nothing else is relayed to, where both are planned: voice
passes without a tick's delay, and its codec is changed octet by octet where they differ. If the one
speaks in telephone-events and the other does not know them, its keys have to become tones, so that
it is ticked. Of several that hear the same leg one is relayed to, the others are ticked.
"""

from calleq.media.rtp.batch import address_key
from calleq.media.rtp.intake import Ring
from calleq.media.rtp.keys import KeysOut
from calleq.media.rtp.latch import Address
from calleq.media.rtp.leg import Leg
from calleq.media.rtp.output import Output, SendTo
from calleq.media.rtp.routes import Routes
from calleq.media.rtp.table import MAX_LEGS, PHASES, SILENT_ROW, Integers, Legs, LegTable


def _nowhere(packet: memoryview, far: Address) -> object:
    """Nothing is sent to a leg that has no far end."""
    raise OSError


class Crossing:
    """Where rows, and packets, of legs go on to."""

    def __init__(
        self, table: LegTable, routes: Routes, output: Output, legs: dict[int, Leg]
    ) -> None:
        self._table = table
        self._routes = routes
        self._output = output
        self._legs = legs
        self._departure = output.departure
        self._listeners: dict[int, set[int]] = {}
        """By leg: those that hear its row and nothing else."""
        self._relays: list[SendTo] = [_nowhere] * MAX_LEGS
        self._fars: list[Address] = [("", 0)] * MAX_LEGS
        """How relayed packets are sent to each leg, and where."""

    def add(self, number: int) -> None:
        """A leg is taken."""
        self._listeners[number] = set()

    def remove(self, number: int) -> None:
        """It is no more, and nobody hears it."""
        del self._listeners[number]

    def hear(self, number: int, row: int) -> None:
        """Let a leg be sent a row."""
        before = int(self._table.hears[number])
        if row == before:
            return
        self._routes.use(row)
        self._table.hears[number] = row
        if before - 1 in self._listeners:
            self._listeners[before - 1].discard(number)
        if row - 1 in self._listeners:
            self._listeners[row - 1].add(number)
        summed = self._routes.phase_of(row)
        own = number % PHASES if summed is None else summed
        self._table.phase[number] = own
        if row == SILENT_ROW:
            self._output.fall_silent(number)
        else:
            sounding = self._routes.sound_phase(row)
            self._output.move(number, own if sounding is None else sounding)
        self._routes.leave(before)

    def sources_of(self, number: int) -> tuple[int, ...]:
        """The leg whose row a leg hears, if it is one's."""
        source = int(self._table.hears[number]) - 1
        return (source,) if source in self._legs else ()

    def settle(self, numbers: set[int]) -> None:
        """Decide for these legs, and those that hear them, what is relayed and what is ticked."""
        table = self._table
        concerned = set(numbers)
        for number in numbers:
            concerned |= self._listeners[number]
            fit = [each for each in self._listeners[number] if self._can_relay(number, each)]
            onto = min(fit, default=-1)
            if onto >= 0:
                there = self._legs[onto]
                self._relays[onto], self._fars[onto] = there.sendto, there.far or ("", 0)
            if onto != table.relay_to[number]:
                table.relay_to[number] = onto
                table.fresh[onto] = True
        relayed = {
            int(table.relay_to[source])
            for number in concerned
            for source in self.sources_of(number)
        }
        for number in concerned:
            leg = self._legs[number]
            sender = self._sender(leg)
            self._address(leg, plain=sender == leg.sendto)
            sends = leg.plan is not None and leg.plan.sends and leg.far is not None
            if sends and number not in relayed and leg.far is not None:
                self._output.include(number, sender, leg.far)
            else:
                self._output.exclude(number)

    def _address(self, leg: Leg, plain: bool) -> None:
        """Say whether its packets leave by batches, and how."""
        table, number, far = self._table, leg.number, leg.far
        known = far is not None and ":" not in far[0]
        table.descriptor[number] = leg.pair.rtp.fileno()
        table.direct[number] = known and plain and leg.keys is None and not leg.pair.shared
        if far is not None and known:
            table.far[number] = address_key(*far[:2])

    def _sender(self, leg: Leg) -> SendTo:
        """What sends a leg's frames: voice, or the keys that it hears as events."""
        leaf = self._routes.sound_of(int(self._table.hears[leg.number]))
        events = None if leg.plan is None else leg.plan.event_payload
        prompt = None if leaf is None else leaf.prompt
        if events is None or leaf is None or prompt is None or prompt.kind != "keys":
            return leg.sendto
        return KeysOut(self._table, leg, leaf, events).send_to

    def _can_relay(self, source: int, onto: int) -> bool:
        here, there = self._legs[source], self._legs[onto]
        if here.plan is None or there.plan is None or there.far is None:
            return False
        if here.plan.event_payload is not None and there.plan.event_payload is None:
            return False  # its keys have to become tones
        return here.plan.receives and there.plan.sends

    def relay(self, ring: Ring, slots: Integers, onto: Legs) -> None:
        """Send the packets in these slots on, each to its leg."""
        failed, together = 0, self._departure.in_batches(onto)
        if ring.sender is not None and together.any():
            failed = self._departure.leave(ring.sender, slots[together], onto[together])
            self._output.sent += int(together.sum())
            slots, onto = slots[~together], onto[~together]
        sends, fars, frames = self._relays, self._fars, ring.frames
        for slot, number in zip(slots.tolist(), onto.tolist(), strict=True):
            try:
                sends[number](frames[slot], fars[number])
            except OSError:
                failed += 1
        self._output.failed += failed
        self._output.sent += slots.size
