"""What a process shall host: said by a command, done by `host`, which takes long to import."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from calleq.topology import Topology
from calleq.units import HOUR_US
from calleq.web.events import Events

KEEP_RECORDINGS_US = 30 * 24 * HOUR_US


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a process shall host and where."""

    topology: Topology
    data: Path
    elements: frozenset[str] | None
    """None: the whole network in this process."""
    process: str
    """Names the journal and the capture."""
    port: int | None = None
    desk_port: int = 0
    talk_us: int
    keep_us: int | None = None
    """How long segments of the journal are kept; None: for ever."""
    keep_recordings_us: int = KEEP_RECORDINGS_US
    """How long recordings of calls are kept."""
    database: str | None = None
    """Where the records are that segments are kept for; None: in the data directory."""
    rtp: str = ""
    """HOST:FIRST-LAST, where the voice process of a whole network has its RTP ports; empty: there
    where it has them by default."""
    reread: Callable[[], Topology] | None = None
    """Reads the topology again from where it came; None: from nowhere."""
    say: Callable[[str], None]
    events: Events | None = None
    """Where it is told what happens, for a log collector; None: nowhere."""
