"""The doors of a process, opened: those on the internet, the telephones' desk, the operator's."""

import contextlib
import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.types import ASGIApp

from calleq.access_server.administration import Administration
from calleq.access_server.cross_origin import CrossOrigin
from calleq.access_server.direct import DirectCalls
from calleq.access_server.fronts import front_app
from calleq.access_server.http import http_app
from calleq.access_server.proofs import by_proof
from calleq.access_server.recordings import RecordingShelf
from calleq.access_server.relayed import known_already, serving
from calleq.access_server.routes import ROUTES
from calleq.access_server.routes_page_tokens import PageTokenDesk
from calleq.access_server.senders import Authenticate
from calleq.access_server.services import Services
from calleq.accounts.authenticator import Authenticator
from calleq.charging import CallCharging
from calleq.cli.browsers import BrowserProcess, configuration_of
from calleq.cli.door_services import Prepare, door_services
from calleq.cli.exposure import door_name
from calleq.cli.failure import CommandError
from calleq.cli.older import OlderCalls
from calleq.cli.plants import Wires
from calleq.cli.reading import operator_door
from calleq.cli.wish import Wish
from calleq.door.door import Door
from calleq.guards import CallGuards
from calleq.journal.file import FileJournal
from calleq.network import Network
from calleq.operation.control import recordings_of
from calleq.operation.standing import Standing
from calleq.operation.surface import operator_app
from calleq.runtime.clock import Clock
from calleq.telephones.desk import desk_app
from calleq.topology_doors import DoorPlan, doors_of
from calleq.web.browser_headers import BrowserHeaders, direct_with_headers
from calleq.web.exchange import Direct
from calleq.web.gate import Gate
from calleq.web.hosting import GuestServer, HostingError
from calleq.web.own_machine import OwnMachine
from calleq.web.ready import Ready
from calleq.web.tls import ServerTls
from calleq.web.told import Told, told_direct

if TYPE_CHECKING:
    from calleq.cli.host import Host


def standing_of(
    network: Network,
    clock: Clock,
    journal: FileJournal,
    wires: Wires,
    certificates: Mapping[str, ServerTls],
    draining: Callable[[], bool],
) -> Standing:
    """How the process stands, for its operator and for load balancers."""
    return Standing(
        draining=draining,
        network=network,
        clock=clock,
        certificates=certificates,
        flushes=journal.flushes,
        written=journal.written,
        outstanding=lambda: journal.outstanding,
        journal_failure=lambda: journal.failure,
        reaches=wires.reaches,
    )


async def open_doors(
    wish: Wish, host: "Host", base: Path, stack: contextlib.AsyncExitStack
) -> None:
    """Open every door; `host.doors` says where. Raises CommandError."""
    network = host.network
    if network.doors:
        prepare = await stack.enter_async_context(door_services(base, network))
        for plan in doors_of(wish.topology):
            if wish.elements is None or plan.element in wish.elements:
                await _open_door(wish, plan, host, base, stack, prepare)
        _serve_fronts(host, base, stack, prepare)
    else:
        for plan in doors_of(wish.topology):
            if plan.element in network.fronts:
                await _open_front(wish, plan, host, stack)
    if network.telephones is not None:
        app = OwnMachine(desk_app(network.telephones, host.voice.recording))
        await _serve(app, "127.0.0.1", wish.desk_port, "telephones' desk", host, stack)
    whole = wish.elements is None
    browsers = configuration_of(wish.topology, any_port=wish.port is not None) if whole else None
    if browsers is not None:
        beside = BrowserProcess(browsers, wish.say)
        host.doors.update(await stack.enter_async_context(beside.running()))
    if network.link_ends or network.exchanges or network.doors or network.fronts:
        door = operator_door(wish.process, whole=whole)
        app = OwnMachine(operator_app(network, host.services, host.standing, host.process))
        await _serve(app, "127.0.0.1", 0, door, host, stack)


async def _open_door(
    wish: Wish,
    plan: DoorPlan,
    host: "Host",
    base: Path,
    stack: contextlib.AsyncExitStack,
    prepare: Prepare,
) -> None:
    """A door on the internet. `--port` is the access server's; for a whole network that has one,
    the other doors take any port that is free."""
    door, authenticator = host.network.doors[plan.element], host.network.authenticator
    assert authenticator is not None, "where there are doors it is known who asks"
    assert host.standing is not None, "it is known before doors are opened"
    older = OlderCalls(base, door.name)
    stack.callback(older.close)
    authenticate = by_proof(authenticator, door.intake.denied)
    if not plan.is_inner:
        prepare = _with_calls_of_all(host, door, base, stack, prepare)
    app = _application(host, door, authenticator, older, prepare, authenticate)
    app = CrossOrigin(app, ROUTES, authenticator.origins)
    direct = DirectCalls(door, _request_id, authenticator)
    await _on_internet(wish, plan, host, stack, app, direct, door.name)


def _with_calls_of_all(
    host: "Host", door: Door, base: Path, stack: contextlib.AsyncExitStack, prepare: Prepare
) -> Prepare:
    """At the access server's door a business finds its calls of every door that is decided here."""
    beside = [other for other in host.network.doors.values() if other is not door]
    older = {other.name: OlderCalls(base, other.name) for other in beside}
    for one in older.values():
        stack.callback(one.close)

    def prepared(services: Services) -> None:
        prepare(services)
        for other in beside:
            services.add_door(other, older[other.name])

    return prepared


async def _open_front(
    wish: Wish, plan: DoorPlan, host: "Host", stack: contextlib.AsyncExitStack
) -> None:
    """A door on the internet whose requests are decided in another process."""
    door = host.network.fronts[plan.element]
    standing = host.standing
    assert standing is not None, "it is known before doors are opened"

    def prepare(services: Services) -> None:
        services.add(Ready, standing)  # type: ignore[type-abstract]
        recordings = recordings_of(host.network)
        if recordings:
            services.add(RecordingShelf, RecordingShelf(recordings))

    app = front_app(door, _request_id, time.process_time, prepare)
    app = CrossOrigin(app, ROUTES, door.authenticator.origins)
    direct = DirectCalls(door, _request_id, door.authenticator)
    await _on_internet(wish, plan, host, stack, app, direct, door.name)


def _serve_fronts(
    host: "Host", base: Path, stack: contextlib.AsyncExitStack, prepare: Prepare
) -> None:
    """Have the doors of other processes' fronts served by what the authority is relayed."""
    authority, authenticator = host.network.authority, host.network.authenticator
    if authority is None or authenticator is None:
        return
    apps = {}
    for front, door in authority.doors.items():
        older = OlderCalls(base, door.name)
        stack.callback(older.close)
        apps[front] = _application(host, door, authenticator, older, prepare, known_already)
    authority.serve = serving(apps)


async def _on_internet(
    wish: Wish,
    plan: DoorPlan,
    host: "Host",
    stack: contextlib.AsyncExitStack,
    app: ASGIApp,
    direct: Direct,
    door: str,
) -> None:
    """Serve a door where its plan, or `--port`, says."""
    assert host.standing is not None, "it is known before doors are opened"
    address, _, port_text = plan.listen.rpartition(":")
    port = int(port_text)
    if wish.port is not None and not plan.is_inner:
        port = wish.port
    elif wish.port is not None and wish.elements is None:
        port = 0
    tls = host.standing.certificates.get(plan.element)
    app = BrowserHeaders(app, tls=tls is not None)
    direct = direct_with_headers(direct, tls=tls is not None)
    if wish.events is not None:
        app, direct = Told(app, wish.events, door), told_direct(direct, wish.events, door)
    gate = host.standing.gates[door] = Gate()
    name = door_name(plan)
    await _serve(app, address.strip("[]"), port, name, host, stack, tls, gate, direct)


def _application(
    host: "Host",
    door: Door,
    authenticator: Authenticator,
    older: OlderCalls,
    prepare: Prepare,
    authenticate: Authenticate,
) -> ASGIApp:
    """What is served of a door."""
    accounts, standing = host.network.accounts, host.standing
    assert accounts is not None, "where there are doors there are accounts"
    assert standing is not None, "it is known before doors are opened"

    def prepared(services: Services) -> None:
        prepare(services)
        if host.network.guards is not None:
            services.add(CallGuards, host.network.guards)
        if host.network.charged is not None:
            services.add(CallCharging, host.network.charged.charging)
        if host.administration is not None:
            services.add(Administration, host.administration)
        desk = PageTokenDesk(authenticator, secrets.token_bytes, standing.clock)
        services.add(PageTokenDesk, desk)
        services.add(Ready, standing)  # type: ignore[type-abstract]
        host.services = host.services or services

    return http_app(
        door, accounts, _request_id, older=older, authenticate=authenticate, prepare=prepared
    )


def _request_id() -> str:
    return secrets.token_hex(12)


async def _serve(
    app: ASGIApp,
    address: str,
    port: int,
    name: str,
    host: "Host",
    stack: contextlib.AsyncExitStack,
    tls: ServerTls | None = None,
    gate: Gate | None = None,
    direct: Direct | None = None,
) -> None:
    site = GuestServer(app, address, port, tls, gate, direct)
    try:
        bound = await site.start()
    except HostingError as error:
        raise CommandError(
            f"the {name}: {error}; choose another port with --port or --desk-port"
        ) from error
    stack.push_async_callback(site.stop)
    shown = f"[{address}]" if ":" in address else address
    host.doors[name] = f"{'https' if tls else 'http'}://{shown}:{bound}"
