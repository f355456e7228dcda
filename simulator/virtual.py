"""A whole network on the virtual clock: the elements of `calleq up`, other ground under them.

Time stands still between events, so a call of minutes takes milliseconds. Disk, links, OSN and
lines have virtual delays; voice is symbolic and rendered only where a detector listens. Everything
random comes from the seed, so a run repeats to the byte.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from calleq.accounts.passwords import InlineVerifier
from calleq.accounts.principal import Principal
from calleq.billing.derivation import derive_records
from calleq.billing.records import SessionRecord
from calleq.calling_logic.recordings import KEEP_US
from calleq.charging import DeckMemory
from calleq.cli.output import problem_text
from calleq.door.door import Door
from calleq.door.replies import Reply
from calleq.equipment.contract import Factory
from calleq.journal.entries import Ended, Stamped
from calleq.journal.memory import MemoryJournal
from calleq.lines.plants import InProcessLines
from calleq.media.prompts import NominalPrompts
from calleq.media.recorder import RecordingPlace
from calleq.media.sounds import PromptLibrary
from calleq.media.virtual import Understood, VirtualVoice
from calleq.media.virtual_tapes import VirtualTapes
from calleq.messages.answers import CallView, ProblemView
from calleq.network import Network, build_network
from calleq.network_gateways import SipGround
from calleq.network_nodes import point_codes
from calleq.network_plant import Plant
from calleq.network_prompts import Recordings, keys_of, supply
from calleq.osn.in_process import InProcessBus
from calleq.runtime.clock import VirtualClock
from calleq.runtime.tap import NoTap, Tap
from calleq.ss7.laying import in_process_link
from calleq.ss7.links import InProcessLink, LinkEnd
from calleq.telephones.behaviours import TALK_US, Manners
from calleq.telephones.diary import Diary, DiaryEntry
from calleq.topology import SignallingLink, Topology
from calleq.units import HOUR_US, SECOND_US, parse_utc

START_US = parse_utc("2026-01-05T09:00:00Z")
"""When every simulated world begins: a Monday morning."""
COMMIT_US = 4_000
"""A disk flush of the virtual disk."""
SETTLE_US = SECOND_US
"""Computers on dial-up lines have gone on-line by then."""


class SubmitError(Exception):
    """The door refused a message; the text says what it answered."""


@dataclass(frozen=True, slots=True)
class Speech:
    """What is said in a network."""

    prompts: PromptLibrary = field(default_factory=NominalPrompts)
    """Nominal: nobody would understand it."""
    understood: Understood | None = None
    """Tells words from words; None: nobody does."""
    supplied: Recordings = field(default_factory=dict)
    """Recordings of businesses."""


class VirtualNetwork:
    """A network in simulated time, with everything a tester wants to ask it."""

    door = ""
    """The element at whose door messages are posted and calls asked about; empty: the access
    server's."""

    def __init__(
        self,
        topology: Topology,
        *,
        seed: int = 0,
        tap: Tap | None = None,
        talk_us: int = TALK_US,
        entries: Sequence[Stamped] = (),
        manners: Manners | None = None,
        journal_sink: Callable[[Stamped], object] | None = None,
        diary_sink: Callable[[DiaryEntry], object] | None = None,
        start_us: int = START_US,
        commit_us: int = COMMIT_US,
        drivers: Mapping[str, Factory] | None = None,
        sip: Callable[[VirtualClock], SipGround] | None = None,
        recordings: Path | None = None,
        keep_recordings_us: int = KEEP_US,
        speech: Speech | None = None,
        limited: bool = False,
        decks: DeckMemory | None = None,
    ) -> None:
        """`entries` is the journal of a life before: the network recovers from it.

        `sip` gives what gateways stand on; without it, nobody speaks SIP whatever the topology
        says. With a sink the journal or the diary hands its entries over and keeps none, so that a
        run may be long. Calls can be recorded where there is a directory for `recordings`. What
        is said can be understood where there is `speech`. Calls are counted by the limits of the
        topology only where it is `limited`: its load calls the same numbers again and again.
        """
        self.topology = topology
        self.clock = VirtualClock(start_us)
        self.tap = tap or NoTap()
        self.journal = MemoryJournal(self.clock, commit_us, journal_sink, entries)
        self.diary = Diary(self.clock, sink=diary_sink)
        self.voice = self._made_voice(speech or Speech(), recordings)
        self.links: dict[str, InProcessLink] = {}
        """By name."""
        self._seed = seed
        draw = random.Random(f"references {seed}")
        self.bus = InProcessBus(self.clock, topology.timing.osn_delay_us, self.tap)
        plant = Plant(
            clock=self.clock,
            journal=self.journal,
            bus=self.bus,
            lines=InProcessLines(self.clock, topology.timing.line_delay_us, self.tap),
            voice=self.voice,
            tap=self.tap,
            link_ends=self._link_ends,
            verifier=InlineVerifier(),
            random_bits=draw.getrandbits,
            secret=draw.randbytes(32),
            diary=self.diary,
            limited=limited,
            talk_us=talk_us,
            recordings=self._recording_place(recordings, keep_recordings_us),
            manners=manners,
            drivers=drivers or {},
            sip=None if sip is None else sip(self.clock),
            supplied=keys_of((speech or Speech()).supplied),
            observe=self.journal.observe,
            decks=decks,
        )
        self.network: Network = build_network(topology, plant, entries=entries)
        self.network.start(entries)
        self.clock.advance_us(SETTLE_US)

    def _recording_place(self, directory: Path | None, keep_us: int) -> RecordingPlace | None:
        if directory is None:
            return None
        return RecordingPlace(VirtualTapes(self.voice, directory), directory, keep_us)

    def _made_voice(self, speech: Speech, recordings: Path | None) -> VirtualVoice:
        voice = VirtualVoice(self.clock, speech.prompts, recordings, speech.understood)
        supply(voice, speech.supplied)
        return voice

    def _link_ends(self, link: SignallingLink, chosen: frozenset[str]) -> Mapping[str, LinkEnd]:
        wire = in_process_link(link, self.clock, self.tap, self._seed)
        self.links[link.name] = wire
        if link.is_foreign:
            wire.fail()  # nobody is there
        return {name: wire.end(name) for name in link.ends if name in chosen}

    @property
    def server(self) -> Door:
        """The door that is asked."""
        return self.network.doors[self.door or self.topology.access_server.name]

    def submit(
        self, body: bytes, answered: Callable[[Reply], object], page: Principal | None = None
    ) -> None:
        """Post a message from loopback, as its octets: of figure 8, or, from a `page`, of
        figure 9."""
        headers = {"content-type": "application/json"}
        figure: Literal[8, 9] = 8 if page is None else 9
        self.server.submit(body, headers, "127.0.0.1", answered, figure=figure, principal=page)

    def place(self, body: bytes, page: Principal | None = None) -> str:
        """Post a message as `submit` does and let time pass until it is answered; the call's
        reference."""
        replies: list[Reply] = []
        self.submit(body, replies.append, page)
        while not replies and self.clock.run_next():
            pass
        if not replies:
            raise SubmitError("the door did not answer")
        view = replies[0].view
        if isinstance(view, ProblemView):
            raise SubmitError(problem_text(view))
        if isinstance(view.code, str):
            self._show(view.call, view.business, view.code)
        return view.call

    def _show(self, call: str, business: str, code: str) -> None:
        """The customer, who asked for the call, sees its one-time code."""
        known, telephones = self.server.call(call, business), self.network.telephones
        assert known is not None
        if telephones is not None and known.customer_number in telephones.numbers:
            telephones.note(known.customer_number, code)

    def run_to_end(self, call: str, business: str, limit_us: int = HOUR_US) -> CallView:
        """Let time pass until the call has its final state and everything about it is quiet."""
        end_us = self.clock.monotonic_us() + limit_us
        while self.clock.monotonic_us() < end_us and self.clock.run_next():
            view = self.server.call(call, business)
            if view is not None and view.final:
                break
        self.clock.advance_us(SECOND_US)
        view = self.server.call(call, business)
        assert view is not None
        return view

    def fail_element(self, name: str) -> None:
        """Take every signalling link of a node out of service."""
        for wire, link in self.links.items():
            if name in wire.split("/"):
                link.fail()

    def restore_element(self, name: str) -> None:
        """Bring every signalling link of a node back."""
        for wire, link in self.links.items():
            if name in wire.split("/"):
                link.restore()

    def ended(self) -> int:
        """How many calls have their final state."""
        return len({s.entry.call for s in self.journal.entries if isinstance(s.entry, Ended)})

    def records(self) -> list[SessionRecord]:
        """The records, derived from the journal."""
        return derive_records(self.journal.entries)

    def point_codes(self) -> dict[str, int]:
        """The point code of every node by its name."""
        return point_codes(self.topology)
