"""What must be so before a door is opened to other machines, and the certificates of doors.

Refuses, before anything is started, to listen beyond loopback without TLS, or while a business has
a demonstration password: both are UsageErrors that say what to do. Certificates are looked at again
every `LOOK_S` while the process runs, and what changes is said.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path

from calleq.accounts import is_loopback
from calleq.accounts.replays import ReplayFile, Replays
from calleq.cli.failure import CommandError, UsageError
from calleq.cli.wires_secured import check_wires
from calleq.runtime.clock import Clock
from calleq.topology import Topology
from calleq.topology_doors import DoorPlan, doors_of
from calleq.units import SECOND_US, utc_text
from calleq.web.tls import LOOK_S, ServerTls, TlsError


def door_name(plan: DoorPlan) -> str:
    """What people call a door."""
    return f"door of {plan.element}" if plan.is_inner else "front door"


def door_certificates(topology: Topology, elements: frozenset[str] | None) -> dict[str, ServerTls]:
    """The certificates of the doors of this process, by element. Raises UsageError."""
    found: dict[str, ServerTls] = {}
    check_exposure(topology, elements)
    check_wires(topology, elements)
    for plan in _doors_here(topology, elements):
        if plan.tls:
            try:
                found[plan.element] = _tls(plan)
            except TlsError as error:
                raise UsageError(f"the {door_name(plan)}: {error}") from error
    return found


def check_exposure(topology: Topology, elements: frozenset[str] | None) -> None:
    """Raise UsageError where a door of this process would be open to other machines as it is."""
    for plan in _doors_here(topology, elements):
        _check_exposure(plan, topology)


def _doors_here(topology: Topology, elements: frozenset[str] | None) -> list[DoorPlan]:
    plans = doors_of(topology)
    return [plan for plan in plans if elements is None or plan.element in elements]


def replays_of(path: Path, clock: Clock, stack: contextlib.AsyncExitStack) -> Replays:
    """What was used once, in this life of the process and the one before. Raises CommandError."""
    try:
        file = ReplayFile(path, clock.now_us() // SECOND_US)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror or error}") from error
    stack.callback(file.close)
    return file.table()


@contextlib.asynccontextmanager
async def watched(
    certificates: Iterable[ServerTls], clock: Clock, say: Callable[[str], object]
) -> AsyncIterator[None]:
    """Take up renewed certificates, and say so, until the end."""
    every = list(certificates)
    if not every:
        yield
        return
    watching = asyncio.create_task(_watch(every, clock, say))
    try:
        yield
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching


async def _watch(certificates: list[ServerTls], clock: Clock, say: Callable[[str], object]) -> None:
    told: dict[str, str] = {}
    while True:
        for tls in certificates:
            if tls.look():
                until = utc_text(tls.expires_at_us)
                say(f"the {tls.door}: another certificate is in use, until {until}")
            warning = tls.warning(clock.now_us())
            if warning != told.get(tls.door, ""):
                told[tls.door] = warning
                if warning:
                    say(f"the {tls.door}: {warning}")
        await asyncio.sleep(LOOK_S)


def _tls(plan: DoorPlan) -> ServerTls:
    authorities = plan.tls.client_authorities
    return ServerTls(
        door_name(plan),
        Path(plan.tls.certificate),
        Path(plan.tls.key),
        Path(authorities) if authorities else None,
    )


def _check_exposure(plan: DoorPlan, topology: Topology) -> None:
    host = plan.listen.rpartition(":")[0].strip("[]")
    if host == "localhost" or is_loopback(host):
        return
    where = f"the {door_name(plan)} is to listen on {plan.listen}, where other machines reach it"
    if not plan.tls:
        raise UsageError(
            f"{where}, without TLS: give {plan.key}.tls a certificate and a key, or listen on"
            " 127.0.0.1"
        )
    demonstrating = [one.identifier for one in topology.businesses if one.is_demonstration]
    if demonstrating:
        raise UsageError(
            f"{where}, and these businesses have demonstration passwords:"
            f" {', '.join(demonstrating)}. Give each a password_hash (argon2id) in place of"
            " password, or leave both out and use credentials"
        )
