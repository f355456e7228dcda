"""The process that is killed: the elements of a small network on a real journal.

They are the elements of `calleq up`, the journal writes by the very code of a real process, and the
disk ends the process at the step it was told to. Virtual are clock, wires and voice.
"""

import gc
import os
import random
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

import msgspec

from calleq.access_server.server import Reply
from calleq.accounts.passwords import InlineVerifier
from calleq.journal.inline import InlineJournal
from calleq.media.prompts import NominalPrompts
from calleq.media.virtual import VirtualVoice
from calleq.messages.answers import CallAccepted
from calleq.network import Network, Plant, build_network
from calleq.osn.in_process import InProcessBus
from calleq.runtime.clock import VirtualClock
from calleq.runtime.tap import NoTap
from calleq.ss7.links import InProcessLink, LinkEnd
from calleq.telephones.diary import Diary
from calleq.topology import SignallingLink
from simulator.crash.disks import KillingDisk
from simulator.crash.wires import (
    Audit,
    Channel,
    Done,
    EndedError,
    Kind,
    Put,
    Run,
    Sent,
    Standing,
    WireEnd,
)
from simulator.crash.world import BUSINESS, START_US, WIRE_US, World

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


class _Lines:
    """`LinePlant` of the switches inside; every telephone is outside."""

    def __init__(self, put: Put) -> None:
        self.serving: dict[str, Callable[[str, bytes], None]] = {}
        self._put = put

    def serve(self, switch: str, receive: Callable[[str, bytes], None]) -> None:
        self.serving[switch] = receive

    def plug_in(self, switch: str, line: str, receive: Callable[[bytes], None]) -> None:
        raise AssertionError("no telephone is inside")

    def to_telephone(self, switch: str, line: str, octets: bytes) -> None:
        self._put("line", switch, line, octets)

    def to_switch(self, switch: str, line: str, octets: bytes) -> None:
        raise AssertionError("no telephone is inside")


class _Inside:
    """One life of the process."""

    def __init__(self, world: World, channel: Channel, life: Life) -> None:
        self._channel = channel
        self._clock = VirtualClock(START_US)
        self._clock.advance_us(life.born_us)
        self._ends: dict[tuple[str, str], WireEnd] = {}
        self._lines = _Lines(self._put)
        self._disk = KillingDisk(life.fatal_step, world.seed)
        self._journal = InlineJournal(
            life.journal,
            self._clock,
            disk=self._disk,
            commit_us=COMMIT_US,
            segment_bytes=SEGMENT_BYTES,
        )
        self._network = self._build(world, random.Random(f"{world.seed} {life.born_us}"))

    def _build(self, world: World, draw: random.Random) -> Network:
        clock, tap, timing = self._clock, NoTap(), world.topology.timing
        plant = Plant(
            clock=clock,
            journal=self._journal,
            bus=InProcessBus(clock, timing.osn_delay_us, tap),
            lines=self._lines,
            voice=VirtualVoice(clock, NominalPrompts()),
            tap=tap,
            link_ends=self._link_ends,
            verifier=InlineVerifier(),
            random_bits=draw.getrandbits,
            secret=draw.randbytes(32),
            diary=Diary(clock),
        )
        recovered = self._journal.recovered
        network = build_network(world.topology, plant, world.inside, recovered)
        network.start(recovered)
        return network

    def _link_ends(self, link: SignallingLink, chosen: frozenset[str]) -> Mapping[str, LinkEnd]:
        near = [name for name in link.ends if name in chosen]
        if len(near) == 2:
            wire = InProcessLink(link.ends, self._clock, NoTap(), link.delay_us)
            return {name: wire.end(name) for name in near}
        ends = {name: WireEnd(link.ends, name, self._put) for name in near}
        self._ends.update({(end.near, end.far): end for end in ends.values()})
        return ends

    def _put(self, kind: Kind, place: str, far: str, octets: bytes) -> None:
        self._channel.send(Sent(self._clock.monotonic_us(), kind, place, far, octets))

    def serve(self) -> None:
        """Do what is ordered until the audit."""
        channel, clock = self._channel, self._clock
        channel.send(Done(clock.next_due_us()))
        while True:
            order = channel.receive()
            match order:
                case Run():
                    now_us = clock.monotonic_us()
                    for sent in order.arriving:
                        clock.call_later_us(sent.at_us + WIRE_US - now_us, self._arrives, sent)
                    clock.advance_us(order.until_us - now_us)
                    channel.send(Done(clock.next_due_us()))
                case Audit():
                    self._journal.close()
                    channel.send(self._standing(order.calls))
                    return
                case _:
                    raise AssertionError(f"no order: {order}")

    def _arrives(self, sent: Sent) -> None:
        match sent.kind:
            case "line":
                self._lines.serving[sent.place](sent.far, sent.octets)
            case "link":
                self._ends[sent.far, sent.place].arrives(sent.octets)
            case "post":
                self._post(sent.place, sent.octets)
            case _:
                raise AssertionError(f"{sent.kind} does not come in")

    def _post(self, key: str, body: bytes) -> None:
        server = self._network.server
        assert server is not None

        def answered(reply: Reply) -> None:
            call = reply.view.call if isinstance(reply.view, CallAccepted) else ""
            self._put("answer", key, str(reply.status), call.encode())

        headers = {"content-type": "application/json", "idempotency-key": key}
        server.submit(body, headers, "127.0.0.1", answered)

    def _standing(self, calls: list[str]) -> Standing:
        network = self._network
        assert network.server is not None
        states = {}
        for call in calls:
            view = network.server.call(call, BUSINESS.identifier)
            states[call] = view.state if view is not None and view.final else ""
        groups = [
            group for exchange in network.exchanges.values() for group in exchange.snapshot().groups
        ]
        return Standing(
            steps=self._disk.steps,
            states=states,
            calls_in_progress=sum(switch.calls_in_progress for switch in network.switches.values())
            + sum(len(one.calling_logic) for one in network.peripherals.values()),
            circuits_not_idle=sum(group.busy + group.reset for group in groups),
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
