"""The process that is killed: the elements of a small network on a real journal.

They are the elements of `calleq up`, the journal writes by the very code of a real process, and the
disk ends the process at the step it was told to. Virtual are clock, wires and voice.
"""

import gc
import os
import random
import traceback
from pathlib import Path
from typing import NoReturn

import msgspec

from calleq.journal.inline import InlineJournal
from calleq.runtime.clock import VirtualClock
from simulator.crash.disks import KillingDisk
from simulator.crash.side import Side
from simulator.crash.wires import Audit, Channel, Done, EndedError, Kind, Run, Sent, Standing
from simulator.crash.world import START_US, WIRE_US, World

COMMIT_US = 4_000
SEGMENT_BYTES = 4_000
"""Small, so that segments are begun among the other steps."""

FAULT_STATUS = 70
"""The exit status of a process that ended by a fault of its own."""


class Life(msgspec.Struct, frozen=True):
    """What one life of the process is given."""

    journal: Path
    born_us: int
    """On the world's clock."""
    fatal_step: int
    """The durable step that ends it; 0: none."""


class _Inside:
    """One life of the process."""

    def __init__(self, world: World, channel: Channel, life: Life) -> None:
        self._channel = channel
        self._clock = VirtualClock(START_US)
        self._clock.advance_us(life.born_us)
        self._disk = KillingDisk(life.fatal_step, world.seed)
        self._journal = InlineJournal(
            life.journal,
            self._clock,
            disk=self._disk,
            commit_us=COMMIT_US,
            segment_bytes=SEGMENT_BYTES,
        )
        self._side = Side(world, world.inside, self._clock, self._put)
        draw = random.Random(f"{world.seed} {life.born_us}")
        self._side.build(self._journal, draw, self._journal.recovered)

    def _put(self, kind: Kind, place: str, far: str, octets: bytes) -> None:
        self._channel.send(Sent(self._clock.monotonic_us(), kind, place, far, octets))

    def serve(self) -> None:
        """Do what is ordered until the audit."""
        channel, clock = self._channel, self._clock
        channel.send(Done(clock.next_of_all_us()))
        while True:
            order = channel.receive()
            match order:
                case Run():
                    now_us = clock.monotonic_us()
                    for sent in order.arriving:
                        clock.call_later_us(sent.at_us + WIRE_US - now_us, self._side.arrives, sent)
                    clock.advance_us(order.until_us - now_us)
                    channel.send(Done(clock.next_of_all_us()))
                case Audit():
                    self._journal.close()
                    channel.send(self._standing(order.calls))
                    return
                case _:
                    raise AssertionError(f"no order: {order}")

    def _standing(self, calls: list[str]) -> Standing:
        side = self._side
        return Standing(
            steps=self._disk.steps,
            states={call: side.state(call) for call in calls},
            calls_in_progress=side.calls_in_progress(),
            circuits_not_idle=side.circuits_not_idle(),
        )


def live(world: World, channel: Channel, life: Life) -> NoReturn:
    """Be the process inside, in a process forked for it; never returns."""
    status = FAULT_STATUS
    try:
        gc.disable()
        _Inside(world, channel, life).serve()
        status = 0
    except EndedError:
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)
