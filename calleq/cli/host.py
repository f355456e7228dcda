"""A process that hosts elements in real time: what `calleq up`, `run` and `demo` stand on.

One asyncio loop; a Twisted reactor rides on it as a guest where elements of other processes must be
reached; the voice process runs beside. `Host` starts everything in order, says where it listens and
ends everything in the reverse order: doors first, then the elements' wires, the journal last.
"""

import asyncio
import contextlib
import gc
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

from calleq.access_server.administration import Administration
from calleq.access_server.services import Services
from calleq.accounts.passwords import PooledVerifier
from calleq.charging import DeckDirectory
from calleq.cli.administering import administration_of, has_door
from calleq.cli.carrier_key import carrier_safe
from calleq.cli.claims import claim
from calleq.cli.doors import open_doors, standing_of
from calleq.cli.exposure import check_exposure, door_certificates, replays_of, watched
from calleq.cli.failure import CommandError, UsageError
from calleq.cli.older import past_of
from calleq.cli.plants import OneProcess, Wires
from calleq.cli.reading import merge_json, write_point_codes
from calleq.cli.telling import told_of
from calleq.cli.voices import FoundVoice, Starting, voice_address, voice_beside, voice_starting
from calleq.cli.wish import Wish
from calleq.intake.idempotency import KEPT_US
from calleq.journal.file import FileJournal
from calleq.journal.frames import JournalError
from calleq.journal.reading import journal_path
from calleq.journal.segments import Retention
from calleq.media.recorder import RECORDINGS, RecordingPlace
from calleq.media.remote import RemoteVoice, VoiceLostError
from calleq.media.supplied import SuppliedError
from calleq.network import TELEPHONES, Network, build_network
from calleq.network_gateways import SipGround, has_sip, telephone_doors
from calleq.network_nodes import point_codes
from calleq.network_plant import Plant
from calleq.network_prompts import (
    Recordings,
    listens_for_words,
    prompts_of,
    recordings_of,
    supply,
)
from calleq.operation.process import ProcessDesk
from calleq.operation.standing import Standing
from calleq.protection.key_file import KeyFile
from calleq.protection.keys import MessageKeyError
from calleq.relay.tail import JournalTail
from calleq.runtime.clock import LoopClock
from calleq.runtime.draws import SystemDraws
from calleq.runtime.garbage import look_as_usual, look_seldom
from calleq.schedule import ScheduleStore, StoreDamaged
from calleq.schedule.store import SUFFIX as SCHEDULE_SUFFIX
from calleq.ss7.variant import variant_of
from calleq.telephones.diary import Diary
from calleq.topology import Topology, TopologyError
from calleq.topology_doors import doors_of
from calleq.trace.capture import CaptureFile
from calleq.web.tls import ServerTls

DECKS = "decks"
"""Where in the data directory the rate decks lie that were used."""
VERIFIERS = 2
"""Threads that verify passwords; more would only take the elements' processor time."""


@dataclass(slots=True)
class Host:
    """A running process."""

    network: Network
    voice: RemoteVoice
    wires: Wires
    wire_addresses: dict[str, str]
    """Where other processes reach the elements of this one."""
    doors: dict[str, str] = field(default_factory=dict)
    """Where people and programs reach them."""
    failure: str = ""
    administration: Administration | None = None
    """Of the accounts; None where there is no door."""
    services: Services | None = None
    """What stands behind the first door; the operator has it, too."""
    process: ProcessDesk | None = None
    """What its operator may do with it as a whole."""
    standing: Standing | None = None
    """How the process stands, for its operator and for load balancers."""

    @property
    def url(self) -> str:
        """The front door."""
        return self.doors["front door"]


@contextlib.asynccontextmanager
async def hosting(
    wish: Wish, stop: asyncio.Event, starting: Starting | None = None
) -> AsyncIterator[Host]:
    """Start everything; on leaving, end everything. `stop` is set when the disk or voice fails.

    `starting` is the voice process of a whole network, where it is being started already.
    Raises StoppedError when `stop` was set while another process was waited for.
    """
    certificates = door_certificates(wish.topology, wish.elements)
    wish.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    process = claim(wish.data, wish.process)
    loop = asyncio.get_running_loop()
    clock = LoopClock(loop)
    async with contextlib.AsyncExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(VERIFIERS, "passwords"))
        failures: list[str] = []

        def failed(what: str) -> None:
            if not stop.is_set():
                failures.append(what)
                stop.set()

        # Millions of entries are read and none of them is garbage: not to be looked at meanwhile.
        gc.disable()
        stack.callback(look_as_usual)
        base = journal_path(wish.data, process)
        schedule = _schedule(wish, process, stack)
        open_journal = partial(
            FileJournal,
            base,
            clock,
            loop,
            lambda error: failed(str(error)),
            retention=_retention(wish, schedule, stack),
            is_known=partial(schedule.keeps, young_us=clock.now_us() - KEPT_US),
        )
        opening = await stack.enter_async_context(_opening(open_journal, clock))
        if wish.elements is not None:
            await opening  # the voice may have to be waited for: what is refused is refused before
        capture, diary = _witnesses(wish, process, clock, stack)
        supplied = await asyncio.to_thread(_supplied, wish)
        voice = await stack.enter_async_context(
            _voice(wish, stop, starting, lambda: failed("the voice process ended"))
        )
        journal = await opening
        wires = await stack.enter_async_context(_wires(wish, clock, capture))
        verifier = PooledVerifier(pool, loop.call_soon_threadsafe)
        sip = await stack.enter_async_context(_sip(wish, voice, clock))
        plant = _plant(wish, clock, journal, wires, voice, capture, verifier, diary, sip)
        plant = replace(plant, supplied=supply(voice, supplied), schedule=schedule)
        plant = _with_safe(wish, process, plant, clock, stack)
        host = _set_to_work(wish, plant, voice, wires, journal)
        host.administration = administration_of(wish.topology, host.network, plant.safe, pool)
        _stand(wish, host, clock, journal, stop, certificates)
        look_seldom()
        await open_doors(wish, host, base, stack)
        await stack.enter_async_context(watched(certificates.values(), clock, wish.say))
        await _tell_where(wish, host)
        try:
            yield host
        finally:
            with contextlib.suppress(JournalError):  # a failed disk is told of already
                host.network.stop()
            host.failure = "; ".join(failures)


def _stand(
    wish: Wish,
    host: Host,
    clock: LoopClock,
    journal: FileJournal,
    stop: asyncio.Event,
    certificates: Mapping[str, ServerTls],
) -> None:
    """What is known of the process, and what its operator may do with it."""
    host.process = ProcessDesk(host.network, clock, stop.set, _reread(wish))
    draining = host.process.draining
    host.standing = standing_of(host.network, clock, journal, host.wires, certificates, draining)


def _reread(wish: Wish) -> Callable[[], Topology] | None:
    """What reads the topology again; a file that is no good is a TopologyError."""
    reread = wish.reread
    if reread is None:
        return None

    def read() -> Topology:
        try:
            topology = reread()
            check_exposure(topology, wish.elements)
            return topology
        except UsageError as error:
            raise TopologyError(str(error)) from error

    return read


def _schedule(wish: Wish, process: str, stack: contextlib.AsyncExitStack) -> ScheduleStore:
    """What is made later; closed after the journal, whose last word it has to hear."""
    try:
        store = ScheduleStore(wish.data / f"{process}{SCHEDULE_SUFFIX}")
    except StoreDamaged as error:
        raise CommandError(str(error)) from error
    stack.callback(store.close)
    return store


def _with_safe(
    wish: Wish, process: str, plant: Plant, clock: LoopClock, stack: contextlib.AsyncExitStack
) -> Plant:
    """The plant with the carrier's keys, where a door is here."""
    if not has_door(wish.topology, wish.elements):
        return plant
    safe = carrier_safe(wish.data)
    replays = replays_of(wish.data / f"{process}.replays", clock, stack)
    return replace(
        plant,
        safe=safe,
        page_key=safe.derived("page tokens"),
        former_page_keys=safe.derived_before("page tokens"),
        replays=replays,
    )


async def _tell_where(wish: Wish, host: Host) -> None:
    """Write where the doors are and who has which point code."""
    if host.doors:
        merge_json(wish.data / "listening.json", host.doors)
    if host.network.gateways:
        with contextlib.suppress(VoiceLostError):  # it is started again, and asked again
            await host.voice.tally()  # comes after the ports that the first calls take
    write_point_codes(wish.data, point_codes(wish.topology), variant_of(wish.topology))


def _plant(
    wish: Wish,
    clock: LoopClock,
    journal: FileJournal,
    wires: Wires,
    voice: RemoteVoice,
    capture: CaptureFile,
    verifier: PooledVerifier,
    diary: Diary,
    sip: SipGround | None,
) -> Plant:
    return Plant(
        clock=clock,
        journal=told_of(journal, wish),
        bus=wires.bus,
        lines=wires.lines,
        voice=voice,
        tap=capture,
        link_ends=wires.link_ends,
        verifier=verifier,
        random_bits=SystemDraws().bits,
        secret=secrets.token_bytes(32),
        diary=diary,
        recordings=RecordingPlace(voice, wish.data / RECORDINGS, wish.keep_recordings_us),
        talk_us=wish.talk_us,
        sip=sip,
        message_keys=KeyFile(wish.data),
        observe=journal.observe,
        life=secrets.randbits(63) | 1,
        reaches=wires.reaches,
        tail=JournalTail(lambda: journal.outstanding),
        past=past_of(journal.path),
        decks=DeckDirectory(wish.data / DECKS),
    )


@contextlib.asynccontextmanager
async def _sip(wish: Wish, voice: RemoteVoice, clock: LoopClock) -> AsyncIterator[SipGround | None]:
    """Sockets for SIP, where an element here speaks it."""
    if not has_sip(wish.topology, wish.elements):
        yield None
        return
    # slow to import, as all that speaks TCP
    from calleq.cli.sip_ground import addresses_free, sip_ground

    async with sip_ground(voice, clock) as ground:
        with addresses_free():
            yield ground


@contextlib.asynccontextmanager
async def _opening(
    opened: Callable[[], FileJournal], clock: LoopClock
) -> AsyncIterator[Awaitable[FileJournal]]:
    """The journal, opened in a thread while the voice process starts; closed after everything."""
    opening = asyncio.create_task(asyncio.to_thread(opened))
    try:
        yield opening
    finally:
        try:
            journal = await opening
        except JournalError:
            pass  # whoever waited for it was told
        else:
            clock.stop()  # a call may have begun that nobody ends: nothing is written from here on
            journal.close()


def _witnesses(
    wish: Wish, process: str, clock: LoopClock, stack: contextlib.AsyncExitStack
) -> tuple[CaptureFile, Diary]:
    """What writes down the octets that pass here, and what telephones live through."""
    capture = CaptureFile(wish.data / f"{process}.capture", clock)
    stack.callback(capture.close)
    diary = Diary(clock, wish.data / "telephones.diary" if _has_telephones(wish) else None)
    stack.callback(diary.close)
    return capture, diary


def _retention(
    wish: Wish, schedule: ScheduleStore, stack: contextlib.AsyncExitStack
) -> Retention | None:
    """What the journal says is held by the records, and, of doors, by the schedule as well."""
    if wish.keep_us is None:
        return None
    doors = {plan.name for plan in doors_of(wish.topology)}
    from calleq.cli.records_made import RecordsMade  # a database's library is slow to import

    made = stack.enter_context(RecordsMade(wish.database, wish.data, wish.say).watched())

    def consumed() -> dict[str, int]:
        kept = schedule.durable()
        return {
            entity: min(sequence, kept.get(entity, 0)) if entity in doors else sequence
            for entity, sequence in made.consumed().items()
        }

    return Retention(wish.keep_us, consumed, waiting_kept=True)


def _set_to_work(
    wish: Wish, plant: Plant, voice: RemoteVoice, wires: Wires, journal: FileJournal
) -> Host:
    try:
        network = build_network(wish.topology, plant, wish.elements, journal.recovered)
    except (
        TopologyError,
        MessageKeyError,
    ) as error:  # a file that the topology names is not what it should be
        raise UsageError(str(error)) from error
    wires.open(network.lines_lost)
    addresses = wires.listening() | telephone_doors(wish.topology, wish.elements)
    host = Host(network, voice, wires, addresses)
    try:
        network.start(journal.recovered)
    except StoreDamaged as error:
        raise CommandError(str(error)) from error
    journal.forget_recovered()
    return host


def _supplied(wish: Wish) -> Recordings:
    """What businesses supply. Raises CommandError."""
    try:
        return recordings_of(wish.topology)
    except SuppliedError as error:
        raise CommandError(str(error)) from error


def _has_telephones(wish: Wish) -> bool:
    return wish.elements is None or TELEPHONES in wish.elements


@contextlib.asynccontextmanager
async def _voice(
    wish: Wish, stop: asyncio.Event, starting: Starting | None, lost: Callable[[], object]
) -> AsyncIterator[RemoteVoice]:
    """The voice that the elements here speak by; without a process where none of them speaks."""
    prompts, words = prompts_of(wish.topology), listens_for_words(wish.topology)
    if wish.elements is None:
        async with contextlib.AsyncExitStack() as stack:
            if starting is None:
                starting = await stack.enter_async_context(voice_starting(wish.data, wish.rtp))
            beside = voice_beside(starting, prompts, wish.say, lost, words=words, stop=stop)
            yield await stack.enter_async_context(beside)
    elif wish.elements <= voiceless(wish.topology):
        yield RemoteVoice()
    else:
        found = FoundVoice(voice_address(wish.topology), prompts, wish.say, words=words)
        async with found.kept(stop) as voice:
            yield voice


def voiceless(topology: Topology) -> frozenset[str]:
    """The elements through which no voice goes."""
    points = (point.name for point in topology.transfer_points)
    controls = (point.name for point in topology.service_control_points)
    return frozenset((topology.access_server.name, *points, *controls))


@contextlib.asynccontextmanager
async def _wires(wish: Wish, clock: LoopClock, capture: CaptureFile) -> AsyncIterator[Wires]:
    wires: Wires
    if wish.elements is None:
        wires = OneProcess(wish.topology, clock, capture)
    else:
        from calleq.cli.several import SeveralProcesses  # slow to import, as all that speaks TCP

        wires = SeveralProcesses(wish.topology, clock, capture, wish.elements)
    try:
        yield wires
    finally:
        await wires.close()
