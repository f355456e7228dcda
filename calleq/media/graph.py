"""Who speaks to whom: the symbolic plane, where voice is names and not samples.

An `End` is one element's end of one wire. What arrives at it is what the other element sends into
that wire; what it sends is the sum of its sources: players and tones of its own element (`Leaf`),
and what arrives at that element's other ends (`inlets`). A change walks downstream only as far as
somebody's ear changes. The mixer reads the same ends, so names and samples cannot disagree.

Odd cases. A source that would close a ring (an element hearing itself around a loop of bridges)
is left silent until the ring is broken elsewhere; `rings` counts them. A player named before it
starts is silent until it does. An element that names its own wire as a source makes an echo. A
second listener on an end takes the first one's place.

Refuses (VoiceError): a source that is not `wire:`, `player:` or `tone:`; more than `MAX_SOURCES`
for one end; more than `MAX_ENDS` ends that are in use.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from calleq.media.contract import TONES, Prompt
from calleq.media.frames import FRAME_US

if TYPE_CHECKING:
    from calleq.media.g711 import Samples

MAX_SOURCES = 64
MAX_ENDS = 200_000

Voices = frozenset[str]
SILENCE: Voices = frozenset()


class VoiceError(ValueError):
    """An element asked the voice plane for what it cannot do; the text says what."""


def _parse(source: str) -> tuple[str, str]:
    kind, _, name = source.partition(":")
    if kind not in ("wire", "player", "tone"):
        raise VoiceError(f"source {source!r} is none of wire:, player:, tone:")
    if kind == "tone" and name not in TONES:
        raise VoiceError(f"tone {name!r} is none of {', '.join(TONES)}")
    return kind, name


def check_sources(sources: tuple[str, ...]) -> None:
    """Raises VoiceError when an end cannot send the sum of these."""
    if len(sources) > MAX_SOURCES:
        raise VoiceError(f"{len(sources)} sources for one wire: at most {MAX_SOURCES}")
    for source in sources:
        _parse(source)


def frame_at(monotonic_us: int) -> int:
    """The first frame that begins at an instant or after it."""
    return -(-monotonic_us // FRAME_US)


class Live(Protocol):
    """A sound that nobody knows before it comes."""

    row: int
    """Where the voice process keeps it."""

    def frame(self, frame: int) -> "Samples | None":
        """Its samples of the frame that is rendered now; None for silence."""


class Leaf:
    """A sound at its origin: a player of an element, a tone fed into one end, a port's RTP."""

    __slots__ = ("end_frame", "line", "live", "player", "prompt", "start_frame", "users", "voice")

    def __init__(self, player: tuple[str, str] | None = None) -> None:
        self.player = player
        """Element and name of a player; None for a tone and for a port."""
        self.live: Live | None = None
        """What comes in from outside, for a port."""
        self.voice = SILENCE
        """Nobody until it starts."""
        self.prompt: Prompt | None = None
        """What a player plays; None before it starts, and for a tone (its voice names it)."""
        self.line = ""
        self.start_frame = 0
        self.end_frame = 0
        """The first frame in which it is over; 0: without end."""
        self.users: list[End] = []


class End:
    """One element's end of one wire."""

    __slots__ = (
        "cut",
        "element",
        "facing",
        "heard",
        "inlets",
        "leaves",
        "listener",
        "outlets",
        "own",
        "sent",
        "sources",
        "watchers",
        "wire",
    )

    def __init__(self, element: str, wire: str, facing: "list[End]") -> None:
        self.element = element
        self.wire = wire
        self.facing = facing
        """All ends of the wire, this one among them."""
        self.sources: tuple[str, ...] = ()
        self.leaves: tuple[Leaf, ...] = ()
        self.inlets: tuple[End, ...] = ()
        self.outlets: list[End] = []
        """Ends of this element that send on what arrives here."""
        self.own: Leaf | None = None
        """What comes in from outside at this end, a source beside those it is fed."""
        self.cut = False
        """Whether a source is left silent because it would close a ring."""
        self.sent = SILENCE
        self.heard = SILENCE
        self.listener: Callable[[Voices], object] | None = None
        self.watchers: list[object] = []
        """Whoever takes samples here (the graph only keeps them)."""

    def idle(self) -> bool:
        """Whether forgetting this end would change nothing."""
        return not (
            self.sources or self.outlets or self.listener or self.watchers or self.own is not None
        )


def _nobody(end: End) -> None:
    """Whoever is told where nobody asked."""


class VoiceGraph:
    """All ends and leaves of a network, kept up to date change by change."""

    def __init__(self) -> None:
        self._wires: dict[str, list[End]] = {}
        """The ends of each wire: two, rarely more."""
        self._ends = 0
        """How many there are of all wires."""
        self._players: dict[tuple[str, str], Leaf] = {}
        self._cut: list[End] = []
        self._changed: list[End] = []
        self._notifying = False
        self.rings = 0
        self.relinked: Callable[[End], object] = _nobody
        """Told of an end that gets a source which it was denied because of a ring."""

    def end(self, element: str, wire: str) -> End:
        """An element's end of a wire, made when it is first spoken of. Raises VoiceError."""
        facing = self._wires.get(wire)
        if facing is not None:
            for end in facing:
                if end.element == element:
                    return end
        return self._new_end(element, wire)

    def _new_end(self, element: str, wire: str) -> End:
        if self._ends >= MAX_ENDS:
            self._sweep()
        self._ends += 1
        facing = self._wires.setdefault(wire, [])
        end = End(element, wire, facing)
        for other in facing:
            end.heard |= other.sent
        facing.append(end)
        return end

    def _sweep(self) -> None:
        for wire, facing in list(self._wires.items()):
            facing[:] = [end for end in facing if not end.idle()]
            if not facing:
                del self._wires[wire]
        self._ends = sum(len(facing) for facing in self._wires.values())
        if self._ends >= MAX_ENDS:
            raise VoiceError(f"more than {MAX_ENDS} ends of wires are in use")

    def size(self) -> int:
        """How many ends there are."""
        return self._ends

    def forget_idle(self, wire: str) -> None:
        """Forget a wire of which nobody wants anything: that of a call that is over."""
        facing = self._wires.get(wire)
        if facing is not None and all(end.idle() for end in facing):
            del self._wires[wire]
            self._ends -= len(facing)

    def feed(self, element: str, wire: str, sources: tuple[str, ...], now_us: int) -> None:
        """Let `element` send the sum of `sources` into `wire`; a new tone begins at `now_us`."""
        self.feed_end(self.end(element, wire), sources, now_us)

    def feed_end(self, end: End, sources: tuple[str, ...], now_us: int) -> None:
        """As `feed`, for whoever has the end already."""
        if sources == end.sources:
            return
        leaves, inlets = self._resolve(end, sources, now_us) if sources else ((), ())
        if end.own is not None:
            leaves = (*leaves, end.own)
        dropped = end.leaves
        for leaf in dropped:
            leaf.users.remove(end)
        for inlet in end.inlets:
            inlet.outlets.remove(end)
        had = end.sources
        end.sources = sources
        end.leaves = leaves
        for leaf in leaves:
            leaf.users.append(end)
        for leaf in dropped:
            self._forget_if_unused(leaf)
        if not inlets:
            end.inlets = inlets
            end.cut = False
        elif not self._link(end, inlets):
            self.rings += 1
        self._spread(end)
        if had and self._cut:
            self._mend()
        if self._changed and not self._notifying:
            self._notify()

    def _resolve(
        self, end: End, sources: tuple[str, ...], now_us: int
    ) -> tuple[tuple[Leaf, ...], tuple[End, ...]]:
        """The leaves and inlets that sources name, each once. Changes nothing that is heard."""
        if len(sources) == 1:
            kind, _, name = sources[0].partition(":")
            if kind == "wire":
                return (), (self.end(end.element, name),)
            if kind == "player":
                return (self.player(end.element, name),), ()
        elif len(sources) > MAX_SOURCES:
            check_sources(sources)
        leaves: list[Leaf] = []
        inlets: list[End] = []
        for source in dict.fromkeys(sources):
            kind, _, name = source.partition(":")
            if kind == "wire":
                inlets.append(self.end(end.element, name))
            elif kind == "player":
                leaves.append(self.player(end.element, name))
            else:
                leaves.append(self._tone(end, _parse(source)[1], now_us))
        return tuple(leaves), tuple(inlets)

    def _tone(self, end: End, name: str, now_us: int) -> Leaf:
        voice = frozenset((f"tone:{name}",))
        for leaf in end.leaves:
            if leaf.player is None and leaf.voice == voice:
                return leaf
        leaf = Leaf()
        leaf.voice = voice
        leaf.start_frame = frame_at(now_us)
        return leaf

    def attach(self, end: End, leaf: Leaf | None) -> None:
        """Let what comes in from outside be a source of an end; None: from now on nothing does."""
        former, end.own = end.own, leaf
        if former is not None:
            former.users.remove(end)
            end.leaves = tuple(each for each in end.leaves if each is not former)
        if leaf is not None:
            leaf.users.append(end)
            end.leaves = (*end.leaves, leaf)
        self.tell(end)

    def tell(self, end: End) -> None:
        """What an end sends has another name now: tell those downstream."""
        self._spread(end)
        if self._changed and not self._notifying:
            self._notify()

    def player(self, element: str, name: str) -> Leaf:
        """The leaf of a player, silent when it does not play yet."""
        leaf = self._players.get((element, name))
        if leaf is None:
            leaf = self._players[element, name] = Leaf((element, name))
        return leaf

    def start(self, leaf: Leaf) -> None:
        """A player's leaf got its voice: tell those downstream."""
        for end in leaf.users:
            self._spread(end)
        if self._changed and not self._notifying:
            self._notify()

    def finish(self, leaf: Leaf) -> None:
        """A player is over. Ends that are still fed from it will hear its next start."""
        leaf.voice = SILENCE
        leaf.prompt = None
        for end in leaf.users:
            self._spread(end)
        self._forget_if_unused(leaf)
        if self._changed and not self._notifying:
            self._notify()

    def _forget_if_unused(self, leaf: Leaf) -> None:
        if leaf.player is not None and leaf.prompt is None and not leaf.users:
            self._players.pop(leaf.player, None)

    def listen(self, end: End, heard: Callable[[Voices], object]) -> None:
        """Tell `heard` whose voices arrive at an end, now and at each change."""
        end.listener = heard
        heard(end.heard)

    def reached(self, end: End) -> dict[End, None]:
        """Every end at which something of what `end` sends arrives, nearest first, each once."""
        reached: dict[End, None] = {}
        front = [end]
        for sender in front:
            for far in sender.facing:
                if far is not sender and far not in reached:
                    reached[far] = None
                    front += far.outlets
        return reached

    def _link(self, end: End, inlets: tuple[End, ...]) -> bool:
        """Take `inlets`, except those that already hear something of what `end` sends.

        Returns whether all were taken.
        """
        end.cut = False
        for far in end.facing:
            if far is not end and (far.outlets or far in inlets):
                inlets = self._without_rings(end, inlets)
                break
        end.inlets = inlets
        for inlet in inlets:
            inlet.outlets.append(end)
        return not end.cut

    def _without_rings(self, end: End, inlets: tuple[End, ...]) -> tuple[End, ...]:
        """Those of `inlets` at which nothing arrives of what `end` sends; notes it when some do."""
        reached = self.reached(end)
        if reached.keys().isdisjoint(inlets):
            return inlets
        end.cut = True
        self._cut.append(end)
        return tuple(inlet for inlet in inlets if inlet not in reached)

    def _mend(self) -> None:
        """Something was taken away: perhaps a source that was left silent may be heard now."""
        waiting, self._cut = self._cut, []
        for end in waiting:
            if not end.cut or end in self._cut:
                continue  # it was fed anew since, or stands here twice
            for inlet in end.inlets:
                inlet.outlets.remove(end)
            named = [_parse(source) for source in dict.fromkeys(end.sources)]
            wires = [name for kind, name in named if kind == "wire"]
            self._link(end, tuple(self.end(end.element, wire) for wire in wires))
            self.relinked(end)
            self._spread(end)

    def _spread(self, changed: End) -> None:
        """Bring what is sent and heard downstream of an end up to date."""
        front = [changed]
        while front:
            end = front.pop()
            leaves, inlets = end.leaves, end.inlets
            if not leaves and not inlets:
                sent = SILENCE
            elif not inlets and len(leaves) == 1:
                sent = leaves[0].voice
            elif not leaves and len(inlets) == 1:
                sent = inlets[0].heard
            else:
                sent = SILENCE.union(
                    *[leaf.voice for leaf in leaves], *[one.heard for one in inlets]
                )
            if sent is end.sent or sent == end.sent:
                continue
            end.sent = sent
            facing = end.facing
            several = len(facing) > 2
            for far in facing:
                if far is end:
                    continue
                if several:
                    sent = SILENCE.union(*[other.sent for other in facing if other is not far])
                if sent is far.heard or sent == far.heard:
                    continue
                far.heard = sent
                if far.listener is not None:
                    self._changed.append(far)
                if far.outlets:
                    front.extend(far.outlets)

    def _notify(self) -> None:
        """Tell the listeners, in the order of the changes; what they do in turn comes after."""
        self._notifying = True
        try:
            while self._changed:
                changed, self._changed = self._changed, []
                for end in changed if len(changed) == 1 else dict.fromkeys(changed):
                    if end.listener is not None:
                        end.listener(end.heard)
        finally:
            self._notifying = False
