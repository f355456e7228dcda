"""A switch of the network: SSP 62, 64, 66 or MTSO 65 (a local exchange with its lines).

`SwitchService` joins what a switch is made of and owns the calls in progress. It hears of a call by
an IAM on a circuit or by SETUP on a line and gives it to a `Call`; everything else happens between
that call's two sides. Numbers are normalised here: inside, all are E.164 with `+`, or empty where
the digits make no such number (such a call ends with cause 28).

It keeps nothing over a restart: circuits are reset by the exchange, telephones get cause 81 to what
they still say, and `last_seizure` continues the numbering where the journal left it. What its
journal left open at lines is closed there (`restart`), once and before anything else is written.
"""

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from calleq.acd.longest_idle import LongestIdle
from calleq.calling_logic.logic import CallingLogic
from calleq.calling_logic.means import Means
from calleq.calling_logic.recordings import recordings_of
from calleq.calling_logic.seizures import closed_by_restart, open_seizures
from calleq.calling_logic.stage import OwnVoice
from calleq.causes import Q850
from calleq.journal.contract import Journal
from calleq.journal.entries import (
    LineHeartbeat,
    Received,
    Stamped,
)
from calleq.lines.channel import ChannelUser, LineChannel
from calleq.lines.contract import LinePlant
from calleq.lines.messages import Screening, Setup, number_of
from calleq.media.contract import Voice
from calleq.media.recorder import RecordingPlace
from calleq.numbering import NumberingError, parse_e164
from calleq.osn.contract import Bus
from calleq.runtime.clock import Clock
from calleq.ss7.isup.contract import Circuit, CircuitUser, Exchange
from calleq.ss7.isup.messages import (
    CallingNumber,
    Iam,
    Presentation,
)
from calleq.ss7.sccp.contract import SccpProvider
from calleq.ssp.board import Board
from calleq.ssp.call import Call, CallMaker
from calleq.ssp.calling import CallingCircuit, CallingLine
from calleq.ssp.joining import Joining
from calleq.ssp.lines import Availability, LineRegister
from calleq.ssp.mobile import Radio
from calleq.ssp.numbers import SwitchNumbers, e164
from calleq.ssp.office import Attempt, Office
from calleq.ssp.routing import OwnNumber, Routing
from calleq.ssp.set_up import SetUpRelay
from calleq.ssp.ssf.switching import ServiceSwitching
from calleq.ssp.watching import LineWatches
from calleq.topology import Switch, Topology, TopologyError, parse_point_code
from calleq.topology_doors import inner_name
from calleq.topology_sip import SipTrunk


class SwitchService:
    """One switch at work, from construction on."""

    def __init__(
        self,
        topology: Topology,
        name: str,
        *,
        exchange: Exchange,
        lines: LinePlant,
        voice: Voice,
        bus: Bus,
        journal: Journal,
        clock: Clock,
        last_seizure: int = 0,
        sccp: SccpProvider | None = None,
        recordings: RecordingPlace | None = None,
    ) -> None:
        """Serve the switch `name` of the topology; raises TopologyError when it has none.

        Registers itself: `exchange.on_set_up`, `lines.serve`, `bus.attach`. `last_seizure` is the
        greatest `LineSeized.seizure` of this switch in the journal. With `sccp` the switch is a
        service switching point: it asks SCPs at its triggers, and dials for them. `recordings` is
        where calls are recorded that it makes by itself; None: none is.
        """
        switch = _switch_of(topology, name)
        routing = Routing(topology, name)
        own = [line for line in topology.lines if isinstance(routing.route(line.number), OwnNumber)]
        beyond = [trunk for trunk in topology.sip_trunks if trunk.switch == name]
        self.register = LineRegister(name, [*own, *beyond], lines, voice, clock)
        if switch.kind == "mtso":
            self.register.radio = _radio(switch, self.register, clock)
        self._calls: set[Call] = set()
        self._foreign = frozenset(topology.foreign())
        self._recordings = recordings
        self._trunks = [trunk for trunk in topology.trunks if name in trunk.ends]
        self._office = Office(
            name=name,
            exchange=exchange,
            voice=voice,
            journal=journal,
            clock=clock,
            register=self.register,
            routing=routing,
            country_code=topology.country_code,
            seizures=last_seizure,
        )
        peripheral = _peripheral_of(topology, name)
        self._new_call: CallMaker = Call
        own_code = parse_point_code(switch.point_code, topology.variant)
        has_board = switch.board and (sccp or switch.internet or not peripheral)
        board = self._own_board(switch, own_code) if has_board else None
        instructed = switch.internet is not None or not peripheral
        self.logic = self._own_logic(switch, board, bus) if board and instructed else None
        """Calling logic 80 on the switch's own board: for the instructions of its own door, and
        for the access server's where there is no peripheral."""
        self.services: ServiceSwitching | None = None
        """Service switching, where there are SCPs."""
        if sccp is not None:
            self.services = ServiceSwitching(topology, self._office, board, sccp, own_code)
            self._new_call = self.services.new_call
            if board is not None:
                board.new_call = self._new_call
        self.joining, self.relay = self._on_the_osn(topology, bus, peripheral)
        exchange.on_set_up(self._circuit_seized)
        numbers = (line.number for line in own)
        exchange.on_digits(SwitchNumbers(routing, numbers, topology.country_code))
        self.register.on_origination(self._line_dials)

    def _own_board(self, switch: Switch, point_code: int) -> Board:
        return Board(
            self._office,
            point_code,
            switch.board,
            tuple(trunk.name for trunk in self._trunks),
            self._calls.add,
            self._calls.discard,
        )

    def _own_logic(self, switch: Switch, board: Board, bus: Bus) -> CallingLogic:
        office = self._office
        name, place = office.name, self._recordings
        stage = OwnVoice(name, office.voice, board.hear, place.recorder if place else None)
        means = Means(
            name,
            switch.number,
            board,
            stage,
            office.journal,
            office.clock,
            LongestIdle(),
            stage,
            recordings_of(name, place, office.journal, office.clock),
        )
        return CallingLogic(means, bus)

    def _on_the_osn(
        self, topology: Topology, bus: Bus, peripheral: str
    ) -> tuple[Joining, SetUpRelay]:
        joining = Joining(topology, self.name, bus, self._calls)
        door = topology.access_server.name
        own = inner_name(topology, self.name)
        watches = LineWatches(self.name, self._is_free, bus, self._office.clock)
        self.register.on_freed(watches.freed)
        relay = SetUpRelay(self.name, bus, door, peripheral, self.logic, joining, own, watches)
        return joining, relay

    def _is_free(self, number: str) -> bool | None:
        """Whether a line could be called now; None: it is none of this switch."""
        if number not in self.register:
            return None
        return self.register.availability(number) is Availability.IDLE

    def resume(self, entries: Iterable[Stamped]) -> int:
        """Take up set-up instructions of the journal of before; how many calls are set up again."""
        return 0 if self.logic is None else self.logic.restart(entries)

    def know_owners(self, is_owned: Callable[[str], bool]) -> None:
        """From now on these are the numbers that are given to businesses."""
        self._office.routing.is_owned = is_owned

    def restart(self, entries: Iterable[Stamped]) -> int:
        """Close what the journal of before left open at lines; how many calls. Before all else.

        Nobody knows when they ended, only that it was after the last entry of that life.
        """
        name = self.name
        unreleased = open_seizures(name, entries)
        for seizure in unreleased:
            self._office.journal.append(name, closed_by_restart(seizure))
        return len(unreleased)

    def stop(self) -> None:
        """The process is about to end: prove every talk up to now. Nothing is released."""
        for seizure in sorted(self._office.talks):
            self._office.journal.append(self.name, LineHeartbeat(seizure))

    @property
    def name(self) -> str:
        """The element's name."""
        return self._office.name

    @property
    def calls_in_progress(self) -> int:
        """Calls whose caller's access is not clear yet."""
        return len(self._calls)

    @property
    def malformed_lines(self) -> int:
        """Octet strings from telephones that were no line message, and were dropped."""
        return self.register.malformed_lines

    def lines_lost(self) -> None:
        """The wires to the simulated telephones broke: calls with one of this switch are over.

        Real ones are not behind those wires: their gateway is in this process, and says itself
        what becomes of a call whose voice breaks (DISCONNECT, 41). Where it ends as a whole,
        `register.gateway_lost` is told.
        """
        self.register.lost()

    def _circuit_seized(self, circuit: Circuit, iam: Iam) -> CircuitUser:
        office = self._office
        calling = _calling(iam.calling, office.country_code)
        foreign = circuit.far in self._foreign
        if foreign:
            iam = _unscreened(iam)
        attempt = Attempt(
            called=e164(iam.called.digits, iam.called.nature, office.country_code),
            calling=calling,
            shown=calling if _may_be_shown(iam.calling) else "",
            incoming=circuit.key,
            iam=iam,
            received=self._received(circuit, iam),
            from_switch=office.routing.is_switch(circuit.far),
            origin="foreign" if foreign else "",
            screening=_screening(iam.calling),
        )
        call = self._new_call(office, attempt, self._over)
        side = CallingCircuit(office, circuit, call)
        call.calling = side
        self._calls.add(call)
        return side

    def _over(self, call: Call) -> None:
        self._calls.discard(call)
        self.joining.ended(call)

    def _received(self, circuit: Circuit, iam: Iam) -> Received:
        cic, far, group = circuit.key.cic, circuit.far, ""
        for trunk in self._trunks:
            if far in trunk.ends and trunk.first <= cic < trunk.first + trunk.circuits:
                group = trunk.name
                break
        called, calling = iam.called, iam.calling
        if calling is None:
            return Received(group, called.digits, called.nature)
        return Received(
            group,
            called.digits,
            called.nature,
            calling.digits,
            calling.nature,
            calling.presentation,
        )

    def _line_dials(self, channel: LineChannel, setup: Setup) -> ChannelUser:
        office = self._office
        try:
            called = str(parse_e164(setup.called))  # a journal writes plain text
        except NumberingError:
            called = ""
        trunk = self.register.trunk(channel.line)
        line = channel.line
        shown = "" if setup.restricted else line
        attempt = (
            Attempt(called=called, calling=line, shown=shown, line=line)
            if trunk is None
            else _from_trunk(trunk, called, setup)
        )
        call = self._new_call(office, attempt, self._calls.discard)
        side = CallingLine(office, channel, attempt, call)
        call.calling = side
        self._calls.add(call)
        return side


def _radio(switch: Switch, register: LineRegister, clock: Clock) -> Radio:
    return Radio(
        clock,
        switch.all_antennas,
        switch.radio_channels,
        switch.paging_s,
        register.send_radio,
        lambda number: register.line_lost(number, Q850.TEMPORARY_FAILURE),
    )


def _switch_of(topology: Topology, name: str) -> Switch:
    for switch in topology.switches:
        if switch.name == name:
            return switch
    raise TopologyError(f"switches: none is called {name!r}")


def _peripheral_of(topology: Topology, name: str) -> str:
    """The peripheral that makes the switch's calls; empty where the switch does that itself."""
    if topology.access_server.equipment == name:
        return ""
    for peripheral in topology.peripherals:
        if peripheral.switch == name:
            return peripheral.name
    return ""


def _calling(calling: CallingNumber | None, country_code: str) -> str:
    return "" if calling is None else e164(calling.digits, calling.nature, country_code)


def _may_be_shown(calling: CallingNumber | None) -> bool:
    return calling is not None and calling.presentation == Presentation.ALLOWED


def _unscreened(iam: Iam) -> Iam:
    """Whatever another network says of its caller's number, we have not looked (Q.731.3 §3.5.2)."""
    if iam.calling is None:
        return iam
    return replace(iam, calling=replace(iam.calling, screening=int(Screening.UNSCREENED)))


def _screening(calling: CallingNumber | None) -> Screening:
    if calling is None:
        return Screening.UNSCREENED
    return Screening(calling.screening & Screening.NETWORK)


def _from_trunk(trunk: SipTrunk, called: str, setup: Setup) -> Attempt:
    """A call that came by a SIP trunk; who calls is known to be true as far as it is signed."""
    calling = number_of(setup.calling)
    return Attempt(
        called=called,
        calling=calling,
        shown="" if setup.restricted else calling,
        line=trunk.name,
        origin="transit trunk" if trunk.transit else "trunk",
        screening=setup.screening if trunk.shaken_trusted else Screening.UNSCREENED,
    )
