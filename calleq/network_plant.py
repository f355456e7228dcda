"""What the elements of one process stand on: clock, journal, the wires between them, voice."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from calleq.accounts.passwords import PasswordVerifier
from calleq.accounts.replays import Replays
from calleq.accounts.safe import Safe
from calleq.charging import DeckMemory
from calleq.equipment.contract import Factory
from calleq.journal.contract import Journal
from calleq.lines.contract import LinePlant
from calleq.media.contract import Voice
from calleq.media.recorder import RecordingPlace
from calleq.network_charging import Observe
from calleq.network_gateways import SipGround
from calleq.osn.contract import Bus
from calleq.protection import KeySource, NoKeys
from calleq.relay.feeding import Past
from calleq.relay.tail import JournalTail
from calleq.runtime.clock import Clock
from calleq.runtime.tap import Tap
from calleq.schedule import ScheduleStore
from calleq.ss7.links import LinkEnd
from calleq.ss7.mtp3 import MessageTransfer
from calleq.ss7.sccp.service import SignallingNetwork
from calleq.telephones.behaviours import TALK_US, Manners
from calleq.telephones.diary import Diary
from calleq.topology import (
    SignallingLink,
)

LinkEnds = Callable[[SignallingLink, frozenset[str]], Mapping[str, LinkEnd]]
"""The ends of a link that lie in this process, by the name of their node."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """What the elements of one process stand on."""

    clock: Clock
    journal: Journal
    bus: Bus
    lines: LinePlant
    voice: Voice
    tap: Tap
    link_ends: LinkEnds
    verifier: PasswordVerifier
    random_bits: Callable[[int], int]
    secret: bytes
    """At least 16 random bytes of this process, for the cache of verified passwords."""
    diary: Diary
    supplied: Mapping[str, dict[str, str]] = field(default_factory=dict)
    """Keys of what businesses supplied, by business and purpose; the voice has them."""
    limited: bool = True
    """Whether `[guards]` counts calls; what must never be called never is."""
    talk_us: int = TALK_US
    recordings: RecordingPlace | None = None
    """Where calls are recorded; None: none is."""
    manners: Manners | None = None
    """Of the people at the telephones; None: those who talk for `talk_us`."""
    between: Callable[[str, MessageTransfer], MessageTransfer] | None = None
    """What stands between a node of that name and its exchange; None: nothing does."""
    below_sccp: Callable[[str, SignallingNetwork], SignallingNetwork] | None = None
    """What stands between a node of that name and its SCCP; None: nothing does."""
    message_keys: KeySource = field(default_factory=NoKeys)
    """With which businesses encrypt messages."""
    safe: Safe | None = None
    """Opens the keys with which businesses sign; None: there are none."""
    page_key: bytes = b""
    """Under which page tokens are made, 32 octets or more; empty: a key of this process."""
    former_page_keys: tuple[bytes, ...] = ()
    """Under which they were made before the carrier's key was another."""
    replays: Replays | None = None
    """What has been used once; None: nothing is known of lives before this one."""
    drivers: Mapping[str, Factory] = field(default_factory=dict)
    """Drivers of equipment by its name, in place of those that the topology names."""
    sip: SipGround | None = None
    """What gateways stand on; None: nobody here speaks SIP, whatever the topology says."""
    life: int = 0
    """Of this process, another number after each start, by which doors in other processes and the
    authority know each other's lives; 0: doors are those of this process alone."""
    reaches: Callable[[str], bool] = lambda element: True
    """Whether nothing waits for a connection to an element of another process."""
    tail: JournalTail | None = None
    """Of the journal, for a process whose entries are told to the authority; None: they are not."""
    past: Past | None = None
    """Reads what the journal said before."""
    schedule: ScheduleStore | None = None
    """Where calls that are made later are kept; None: in memory."""
    observe: Observe | None = None
    """`observe` of the journal; None: calls have no price, whatever the topology says."""
    decks: DeckMemory | None = None
    """Remembers the rate decks that were used; None: nobody does."""
