"""The kinds of fault by name: what each does to a network, as data for seeds, matrix and scenarios.

A `Kind` strikes at one instant. What it breaks for longer than that instant is broken until
`FragileNetwork.mend`, unless the kind says that it ends by itself. A kind may find nothing to
strike (its element is dead already): then it does nothing, and `strike` says so by False.
"""

from collections.abc import Callable
from random import Random

import msgspec

from calleq.ss7.isup.messages import GroupKind
from calleq.ss7.wire import Quality
from calleq.telephones.table import State
from calleq.units import HOUR_US, SECOND_US
from simulator.faults.bus import Rule, Trouble
from simulator.faults.network import FragileNetwork
from simulator.faults.outages import FaultError
from simulator.faults.signalling import SignallingRule, SignallingTrouble

Strike = Callable[["Scene", Random], bool]


class Scene(msgspec.Struct, frozen=True):
    """Where a fault strikes: the network and who is in the call."""

    network: FragileNetwork
    customer: str
    agent: str


class Kind(msgspec.Struct, frozen=True):
    """One kind of fault."""

    name: str
    what: str
    strike: Strike


def _attempted(act: Callable[[], object]) -> bool:
    try:
        act()
    except FaultError:
        return False
    return True


def _home(scene: Scene, number: str) -> str:
    return scene.network.telephones.switch_of(number)


def _link_fails(scene: Scene, draw: Random) -> bool:
    network = scene.network
    name = draw.choice([name for name in network.links if network.peripheral in name])
    return _attempted(lambda: network.fail_link(name))


def _link_flaps(scene: Scene, draw: Random) -> bool:
    """Out of service three times for 20 ms, 20 ms apart."""
    network = scene.network
    name = draw.choice(network.links)
    for turn in range(3):
        network.clock.call_later_us(turn * 40_000, network.fail_link, name)
        network.clock.call_later_us(turn * 40_000 + 20_000, network.restore_link, name)
    return True


def _link_noise(scene: Scene, draw: Random) -> bool:
    """For 5 s; each frame that is missed ends the service of its link for half a second."""
    network = scene.network
    for name in network.links:
        if network.peripheral in name:
            network.spoil_link(name, Quality(jitter_us=500, damage=0.05, reordering=0.01))
            network.clock.call_later_us(5 * SECOND_US, network.spoil_link, name, None)
    return True


def isolated(node: Callable[[Scene], str]) -> Strike:
    return lambda scene, draw: _attempted(lambda: scene.network.isolate(node(scene)))


def _both_transfer_points(scene: Scene, draw: Random) -> bool:
    for point in scene.network.topology.transfer_points:
        scene.network.isolate(point.name)
    return True


def restarts(node: Callable[[Scene], str], down_us: int = 2 * SECOND_US) -> Strike:
    def strike(scene: Scene, draw: Random) -> bool:
        network = scene.network
        name = node(scene)
        journal = network.processes[name].journal
        keep = draw.randint(0, journal.pending) if journal is not None else 0
        return _attempted(lambda: network.restart(name, down_us, keep))

    return strike


def _everything_restarts(scene: Scene, draw: Random) -> bool:
    network = scene.network
    struck = False
    for name, process in network.processes.items():
        if process.network is not None and process.network.telephones is None:
            assert process.journal is not None
            network.restart(name, 3 * SECOND_US, draw.randint(0, process.journal.pending))
            struck = True
    return struck


def _voice_lost(scene: Scene, draw: Random) -> bool:
    scene.network.lose_voice()
    return True


def _calls_lost(scene: Scene, draw: Random) -> bool:
    scene.network.lose_calls()
    return True


def disk(node: Callable[[Scene], str], state: str) -> Strike:
    def strike(scene: Scene, draw: Random) -> bool:
        scene.network.set_disk(node(scene), state)
        return True

    return strike


def _clock(step_us: int) -> Strike:
    def strike(scene: Scene, draw: Random) -> bool:
        scene.network.step_clock(step_us)
        return True

    return strike


def _clock_off(offset_us: int, node: Callable[[Scene], str]) -> Strike:
    """One machine's clock is off, however often this strikes."""

    def strike(scene: Scene, draw: Random) -> bool:
        network, name = scene.network, node(scene)
        step_us = offset_us - network.processes[name].offset_us
        if step_us:
            network.step_clock(step_us, name)
        return step_us != 0

    return strike


def _messages(trouble: Trouble, count: int, delay_us: int = 0, kind: str = "") -> Strike:
    def strike(scene: Scene, draw: Random) -> bool:
        rule = Rule(trouble=trouble, kind=kind, count=count, delay_us=delay_us)
        scene.network.bus.trouble(rule)
        return True

    return strike


def _signals(trouble: SignallingTrouble, count: int = 1) -> Strike:
    """To the next messages that arrive at the switch of the peripheral, half of all there are."""

    def strike(scene: Scene, draw: Random) -> bool:
        rule = SignallingRule(trouble=trouble, exchange=_host(scene), count=count)
        scene.network.signalling.trouble(rule)
        return True

    return strike


def _circuits_reset(node: Callable[[Scene], str]) -> Strike:
    return lambda scene, draw: scene.network.reset_circuits(node(scene))


def _circuits_blocked(node: Callable[[Scene], str], kind: GroupKind) -> Strike:
    return lambda scene, draw: scene.network.block_circuits(node(scene), kind)


def _hangs_up(who: Callable[[Scene], str]) -> Strike:
    def strike(scene: Scene, draw: Random) -> bool:
        telephones = scene.network.telephones
        if telephones.telephone(who(scene)).state in (State.ON_HOOK, State.IN_USE):
            return False
        telephones.hang_up(who(scene))
        return True

    return strike


def _out_of_reach(scene: Scene, draw: Random) -> bool:
    mobiles = [line.number for line in scene.network.topology.lines if line.kind == "mobile"]
    return bool(mobiles) and _attempted(
        lambda: scene.network.cover(draw.choice(mobiles), covered=False)
    )


def _peripheral(scene: Scene) -> str:
    return scene.network.peripheral


def _server(scene: Scene) -> str:
    return scene.network.server


def _host(scene: Scene) -> str:
    return scene.network.topology.peripherals[0].switch


def _customers(scene: Scene) -> str:
    return _home(scene, scene.customer)


def _agents(scene: Scene) -> str:
    return _home(scene, scene.agent)


def _transfer_point(scene: Scene) -> str:
    return scene.network.topology.transfer_points[0].name


KINDS: tuple[Kind, ...] = (
    Kind("link", "a signalling link of the peripheral fails", _link_fails),
    Kind("link flaps", "a link fails three times within 100 ms", _link_flaps),
    Kind("STP isolated", "all links of one STP fail, its mate is left", isolated(_transfer_point)),
    Kind("both STPs", "all links of both STPs fail", _both_transfer_points),
    Kind("STP restarts", "one STP dies for 2 s", restarts(_transfer_point)),
    Kind("IP isolated", "all signalling links of the peripheral fail", isolated(_peripheral)),
    Kind("switch isolated", "the representative's switch loses its links", isolated(_agents)),
    Kind("IP restarts", "the peripheral dies for 2 s", restarts(_peripheral)),
    Kind("host restarts", "the switch of the peripheral dies for 2 s", restarts(_host)),
    Kind("customer's switch", "the customer's switch dies for 2 s", restarts(_customers)),
    Kind("agent's switch", "the representative's switch dies for 2 s", restarts(_agents)),
    Kind("server restarts", "the access server dies for 2 s", restarts(_server)),
    Kind("server is away", "the access server dies for 5 min", restarts(_server, 300 * SECOND_US)),
    Kind("all restart", "every process dies at once for 3 s", _everything_restarts),
    Kind("voice lost", "the voice process is lost: what plays fails", _voice_lost),
    Kind("calls lost", "the peripheral loses the means of its calls", _calls_lost),
    Kind("slow disk", "a flush at the peripheral takes 500 ms", disk(_peripheral, "slow")),
    Kind("full disk", "the peripheral's disk is full: it ends", disk(_peripheral, "full")),
    Kind("EIO at IP", "a flush at the peripheral fails: it ends", disk(_peripheral, "error")),
    Kind("EIO at server", "a flush at the access server fails", disk(_server, "error")),
    Kind("EIO at switch", "a flush at the representative's switch fails", disk(_agents, "error")),
    Kind("clock +1 h", "every wall clock jumps an hour ahead", _clock(HOUR_US)),
    Kind("clock -1 h", "every wall clock falls an hour back", _clock(-HOUR_US)),
    Kind("leap second", "every wall clock repeats a second", _clock(-SECOND_US)),
    Kind(
        "IP's clock",
        "the peripheral's wall clock alone is 80 ms off",
        _clock_off(80_000, _peripheral),
    ),
    Kind(
        "OSN twice",
        "the next 4 messages arrive twice, 50 ms apart",
        _messages("duplicate", 4, 50_000),
    ),
    Kind(
        "OSN late",
        "the next message is 3 s late, past later ones",
        _messages("delay", 1, 3_000_000),
    ),
    Kind("OSN drops", "the next message is lost", _messages("drop", 1)),
    Kind(
        "end is lost",
        "the message that a call ended is lost",
        _messages("drop", 1, kind="call_ended"),
    ),
    Kind("ISUP lost", "the host switch does not hear the next message", _signals("drop")),
    Kind("ISUP all lost", "it does not hear the next 12 messages", _signals("drop", 12)),
    Kind("ISUP twice", "it hears the next 3 messages twice", _signals("duplicate", 3)),
    Kind("ISUP late", "it hears the next message 3 s late", _signals("delay")),
    Kind("ISUP order", "the next message is overtaken by the one after it", _signals("reorder")),
    Kind("ISUP damaged", "one bit is wrong in each of the next 4 messages", _signals("damage", 4)),
    Kind("host resets", "the host switch resets all its circuits", _circuits_reset(_host)),
    Kind("IP resets", "the peripheral resets all its circuits", _circuits_reset(_peripheral)),
    Kind("agent's resets", "the representative's switch resets all", _circuits_reset(_agents)),
    Kind(
        "host blocks",
        "the host switch blocks all its circuits for maintenance",
        _circuits_blocked(_host, GroupKind.MAINTENANCE),
    ),
    Kind(
        "agent's fails",
        "the hardware of all circuits fails at the representative's switch",
        _circuits_blocked(_agents, GroupKind.HARDWARE),
    ),
    Kind(
        "IP blocks",
        "the peripheral blocks all its circuits for maintenance",
        _circuits_blocked(_peripheral, GroupKind.MAINTENANCE),
    ),
    Kind("no coverage", "a mobile telephone goes out of reach", _out_of_reach),
    Kind("customer leaves", "the customer hangs up", _hangs_up(lambda scene: scene.customer)),
    Kind("agent leaves", "the representative hangs up", _hangs_up(lambda scene: scene.agent)),
    Kind("link noise", "the peripheral's links damage 1 frame in 20 for 5 s", _link_noise),
)
"""Every kind, in the order of the matrix."""
