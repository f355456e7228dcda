"""The elements on one side of the pipes, on a clock and a journal, with wires to the other side.

Which elements are here is the world's choice: whatever joins two of this side is an ordinary wire
in the process, whatever leads to the other side goes over the pipe. Telephones are always outside.
"""

import random
from collections.abc import Callable, Mapping, Sequence

from calleq.accounts.passwords import InlineVerifier
from calleq.door.replies import Reply
from calleq.journal.contract import Journal
from calleq.journal.entries import Stamped
from calleq.lines.plants import InProcessLines
from calleq.media.prompts import NominalPrompts
from calleq.media.virtual import VirtualVoice
from calleq.messages.answers import CallAccepted
from calleq.network import Network, build_network
from calleq.network_plant import Plant
from calleq.osn.in_process import InProcessBus
from calleq.runtime.clock import VirtualClock
from calleq.runtime.tap import NoTap
from calleq.ss7.laying import in_process_link
from calleq.ss7.links import LinkEnd
from calleq.telephones.diary import Diary
from calleq.topology import SignallingLink
from simulator.crash.wires import Kind, Put, Sent, WireEnd
from simulator.crash.world import BUSINESS, WIRE_US, World


class Side:
    """Half of a world. It is a `LinePlant` and a `Bus` to its elements."""

    def __init__(self, world: World, here: frozenset[str], clock: VirtualClock, put: Put) -> None:
        self.clock = clock
        self.diary = Diary(clock)
        self._world = world
        self._here = here
        self._put = put
        self._ends: dict[str, WireEnd] = {}
        """By link."""
        self._serving: dict[str, Callable[[str, bytes], None]] = {}
        self._telephones: dict[tuple[str, str], Callable[[bytes], None]] = {}
        self._lines = InProcessLines(clock, WIRE_US, NoTap())
        self._bus = InProcessBus(clock, world.topology.timing.osn_delay_us, NoTap())
        self._answered: Callable[[str, int, str], object] = self._answer_across
        self.network: Network

    def build(
        self, journal: Journal, draw: random.Random, recovered: Sequence[Stamped] = ()
    ) -> None:
        """Make the elements and set them to work; `draw` is for call references."""
        plant = Plant(
            limited=False,
            clock=self.clock,
            journal=journal,
            bus=self,
            lines=self,
            voice=VirtualVoice(self.clock, NominalPrompts()),
            tap=NoTap(),
            link_ends=self._link_ends,
            verifier=InlineVerifier(),
            random_bits=draw.getrandbits,
            secret=draw.randbytes(32),
            diary=self.diary,
        )
        self.network = build_network(self._world.topology, plant, self._here, recovered)
        self.network.start(recovered)

    def calls_in_progress(self) -> int:
        """At every switch and peripheral here."""
        network = self.network
        at_switches = sum(switch.calls_in_progress for switch in network.switches.values())
        return at_switches + sum(len(one.calling_logic) for one in network.peripherals.values())

    def circuits_not_idle(self) -> int:
        """As the exchanges here see them."""
        exchanges = self.network.exchanges.values()
        groups = [group for exchange in exchanges for group in exchange.snapshot().groups]
        return sum(group.busy + group.reset for group in groups)

    def state(self, call: str) -> str:
        """The final state that the front door here would answer; empty when there is none."""
        server = self.network.server
        view = None if server is None else server.call(call, BUSINESS.identifier)
        return view.state if view is not None and view.final else ""

    def other_side(self, *, there: bool) -> None:
        """The other side went, or came back: its links with it."""
        for end in self._ends.values():
            end.change(there)

    # LinePlant

    def serve(self, switch: str, receive: Callable[[str, bytes], None]) -> None:
        self._serving[switch] = receive
        self._lines.serve(switch, receive)

    def plug_in(self, switch: str, line: str, receive: Callable[[bytes], None]) -> None:
        self._telephones[switch, line] = receive
        self._lines.plug_in(switch, line, receive)

    def to_telephone(self, switch: str, line: str, octets: bytes) -> None:
        if (switch, line) in self._telephones:
            self._lines.to_telephone(switch, line, octets)
        else:
            self._put("line", switch, line, octets)

    def to_switch(self, switch: str, line: str, octets: bytes) -> None:
        if switch in self._serving:
            self._lines.to_switch(switch, line, octets)
        else:
            self._put("line", switch, line, octets)

    # Bus

    def attach(self, element: str, receive: Callable[[str, bytes], None]) -> None:
        self._bus.attach(element, receive)

    def send(self, sender: str, receiver: str, octets: bytes) -> None:
        if receiver in self._here:
            self._bus.send(sender, receiver, octets)
        else:
            self._put("osn", sender, receiver, octets)

    # The pipe, the links over it and the client's messages

    def _link_ends(self, link: SignallingLink, chosen: frozenset[str]) -> Mapping[str, LinkEnd]:
        near = [name for name in link.ends if name in chosen]
        if len(near) == 2:
            wire = in_process_link(link, self.clock, NoTap())
            return {name: wire.end(name) for name in near}
        ends = {name: WireEnd(link.ends, name, self._put, link.slc) for name in near}
        self._ends.update({end.link: end for end in ends.values()})
        return ends

    def arrives(self, sent: Sent) -> None:
        """Something came over the pipe."""
        kind: Kind = sent.kind
        match kind:
            case "line" if sent.place in self._serving:
                self._serving[sent.place](sent.far, sent.octets)
            case "line":
                self._telephones[sent.place, sent.far](sent.octets)
            case "link":
                self._ends[sent.far].arrives(sent.octets)
            case "osn":
                self._bus.send(sent.place, sent.far, sent.octets)
            case "post":
                self.post(sent.place, sent.octets)
            case "answer":
                self._answered(sent.place, int(sent.far), sent.octets.decode())

    def on_answer(self, answered: Callable[[str, int, str], object]) -> None:
        """The client is here: tell it (key, status, call) of each answer."""
        self._answered = answered

    def post(self, key: str, body: bytes) -> None:
        """A message of the client, for the front door wherever it is."""
        server = self.network.server
        if server is None:
            self._put("post", key, "", body)
            return

        def answered(reply: Reply) -> None:
            call = reply.view.call if isinstance(reply.view, CallAccepted) else ""
            self._answered(key, reply.status, call)

        headers = {"content-type": "application/json", "idempotency-key": key}
        server.submit(body, headers, "127.0.0.1", answered)

    def _answer_across(self, key: str, status: int, call: str) -> None:
        self._put("answer", key, str(status), call.encode())
