"""All telephones of a network, each plugged into the line that the topology gives it.

Owns the wiring of instruments, occupants and lines, and the computers on dial-up lines: a line of
kind `dial_up` that is `online` carries a data call to the internet service's number, placed when
the telephones start and placed again when it fails or ends: up to `REDIAL_TRIES` times in a row,
ever more slowly, because switches may be started long after the telephones. While it lasts the line
is really busy.

What it refuses: `TelephoneError`, with a `code` that the desk shows. Octets of a switch that are no
line message are discarded and counted in `malformed`.
"""

from collections.abc import Callable
from typing import Literal

from calleq.lines.contract import LinePlant
from calleq.lines.messages import LineError, LineMessage, Setup
from calleq.lines.q931 import decode, encode
from calleq.lines.radio import is_radio
from calleq.media.contract import Prompt, Voice
from calleq.media.keypad import KEYS, KEYS_LIMIT
from calleq.numbering import NumberingError, parse_e164
from calleq.runtime.clock import Clock, Timer
from calleq.telephones.behaviours import TALK_US, Inhabitant, Manners
from calleq.telephones.diary import Diary
from calleq.telephones.habits import COMPUTER, HABITS, Habit
from calleq.telephones.mobile import MobileRadio
from calleq.telephones.table import State
from calleq.telephones.telephone import Telephone
from calleq.topology import HomeSwitches, Line, Topology
from calleq.units import SECOND_US

REDIAL_FIRST_US = SECOND_US
REDIAL_LONGEST_US = 30 * SECOND_US
REDIAL_TRIES = 60
"""Failed data calls in a row before a computer stays off-line."""
TONE_HZ = range(50, 3_901)
"""What a telephone line carries and a tester may say."""
SAY_LIMIT_US = 60 * SECOND_US
TALK_LIMIT_US = 24 * 3_600 * SECOND_US

ErrorCode = Literal[
    "unknown_telephone",
    "invalid_number",
    "telephone_in_use",
    "not_in_a_call",
    "not_mobile",
    "invalid_value",
]


class TelephoneError(ValueError):
    """A telephone cannot do what a tester asked for; the text says why."""

    def __init__(self, code: ErrorCode, reason: str) -> None:
        super().__init__(reason)
        self.code: ErrorCode = code


class Computer:
    """Computer 36 on a dial-up line: keeps it on-line by a data call."""

    def __init__(
        self, inhabitant: Inhabitant, phone: Telephone, isp: str, clock: Clock, boot_us: int
    ) -> None:
        self._boot_us = boot_us
        self._inhabitant = inhabitant
        self._phone = phone
        self._isp = isp
        self._clock = clock
        self._tries_left = REDIAL_TRIES
        self._pause_us = REDIAL_FIRST_US
        self._redial: Timer | None = None
        self._stopped = False

    @property
    def is_online(self) -> bool:
        """Whether the data call is through."""
        return self._phone.state is State.TALKING and self._phone.far == self._isp

    def start(self) -> None:
        self._inhabitant.on_free = self._line_is_free
        if self._boot_us:
            self._redial = self._clock.call_later_us(self._boot_us, self._dial)
        else:
            self._dial()

    def stop(self) -> None:
        """Place no more data calls; one that is on stays."""
        self._stopped = True
        if self._redial is not None:
            self._redial.cancel()
            self._redial = None

    def _dial(self) -> None:
        self._redial = None
        if self._phone.state is State.ON_HOOK:
            self._tries_left -= 1
            self._inhabitant.dial(self._isp, COMPUTER)

    def _line_is_free(self) -> None:
        if self._inhabitant.was_connected:
            self._tries_left = REDIAL_TRIES
            self._pause_us = REDIAL_FIRST_US
        if self._redial is None and self._tries_left > 0 and not self._stopped:
            self._redial = self._clock.call_later_us(self._pause_us, self._dial)
            self._pause_us = min(2 * self._pause_us, REDIAL_LONGEST_US)


class Telephones:
    """The telephones of a network. Nothing happens before `start`."""

    def __init__(
        self,
        topology: Topology,
        plant: LinePlant,
        voice: Voice,
        clock: Clock,
        diary: Diary,
        *,
        talk_us: int = TALK_US,
        isp_number: str = "",
        manners: Manners | None = None,
        boot_us: int = 0,
    ) -> None:
        """`isp_number` is the topology's where none is given, `manners` those of `talk_us`.

        Computers dial `boot_us` after the start.
        Raises TelephoneError for a line with an unknown behaviour or without a switch.
        """
        self.diary = diary
        self.malformed = 0
        """Octet strings from switches that were no line message."""
        self._plant = plant
        self._voice = voice
        self._clock = clock
        self._boot_us = boot_us
        self._manners = manners or Manners(talk_us)
        self._isp_number = isp_number or topology.isp_number
        self._telephones: dict[str, Telephone] = {}
        self._inhabitants: dict[str, Inhabitant] = {}
        self._switches: dict[str, str] = {}
        self._computers: list[Computer] = []
        self._radios: dict[str, MobileRadio] = {}
        self._mobile_switches = {
            switch.name: switch for switch in topology.switches if switch.kind == "mtso"
        }
        switches = HomeSwitches(topology)
        for line in topology.lines:
            if line.access == "simulated":
                self._install(line, switches.of(line.number))

    def start(self) -> None:
        """Plug every telephone in; computers of dial-up lines go on-line."""
        for number, telephone in self._telephones.items():
            self._plant.plug_in(self._switches[number], number, self._receiver(telephone))
        for radio in self._radios.values():
            radio.start()
        for computer in self._computers:
            computer.start()

    def stop(self) -> None:
        """Computers dial no more, and the diary's file is closed."""
        for computer in self._computers:
            computer.stop()
        self.diary.close()

    def lines_lost(self, switch: str) -> None:
        """The wires to a switch broke: whatever went on there is over."""
        for number, telephone in self._telephones.items():
            if self._switches[number] == switch:
                telephone.lose_line()

    @property
    def numbers(self) -> tuple[str, ...]:
        """The numbers of all telephones, in the topology's order."""
        return tuple(self._telephones)

    @property
    def talk_us(self) -> int:
        """How long people talk once they have heard each other."""
        return self._manners.talk_us

    @property
    def are_computers_online(self) -> bool:
        """Whether every computer that should be on-line by telephone is."""
        return all(computer.is_online for computer in self._computers)

    def telephone(self, number: str) -> Telephone:
        """The telephone of a number. Raises TelephoneError when there is none."""
        telephone = self._telephones.get(number)
        if telephone is None:
            raise TelephoneError("unknown_telephone", f"no telephone has the number {number}")
        return telephone

    def switch_of(self, number: str) -> str:
        """The name of the switch a telephone is wired to. Raises TelephoneError."""
        self.telephone(number)
        return self._switches[number]

    def heard(self, number: str) -> frozenset[str]:
        """The voices that arrive at a telephone's ear now."""
        self.telephone(number)
        return self._inhabitants[number].heard

    def dial(self, caller: str, called: str) -> None:
        """Have someone take up a telephone and dial. Raises TelephoneError."""
        telephone = self.telephone(caller)
        try:
            number = parse_e164(called)
        except NumberingError as error:
            raise TelephoneError("invalid_number", str(error)) from error
        if telephone.state is not State.ON_HOOK:
            raise TelephoneError(
                "telephone_in_use", f"telephone {caller} is {telephone.state.value}, not OnHook"
            )
        self._inhabitants[caller].dial(str(number))

    def pick_up(self, number: str) -> None:
        """Answer now; does nothing unless the telephone rings. Raises TelephoneError."""
        self.telephone(number).pick_up()

    def hang_up(self, number: str) -> None:
        """End the call of a telephone, or turn away the one that rings. Raises TelephoneError."""
        telephone = self.telephone(number)
        if telephone.state is State.ON_HOOK:
            raise TelephoneError("not_in_a_call", f"telephone {number} is on the hook")
        telephone.hang_up()

    def say_tone(self, number: str, hz: int, seconds: float) -> None:
        """Sound a tone into a telephone that is off the hook. Raises TelephoneError."""
        telephone = self.telephone(number)
        length_us = round(seconds * SECOND_US)
        if hz not in TONE_HZ:
            raise TelephoneError(
                "invalid_value", f"{hz} Hz is outside {TONE_HZ.start} to {TONE_HZ.stop - 1} Hz"
            )
        if not 0 < length_us <= SAY_LIMIT_US:
            raise TelephoneError(
                "invalid_value", f"{seconds} s is outside 0 to {SAY_LIMIT_US // SECOND_US} s"
            )
        if not telephone.is_off_hook:
            raise TelephoneError(
                "not_in_a_call", f"telephone {number} is {telephone.state.value}: nobody listens"
            )
        tone = Prompt(kind="tone", text=str(hz), limit_us=length_us)
        self._inhabitants[number].say(tone)

    def press(self, number: str, keys: str) -> None:
        """Press keys of a telephone that is off the hook. Raises TelephoneError."""
        telephone = self.telephone(number)
        if not 0 < len(keys) <= KEYS_LIMIT or not set(keys) <= set(KEYS):
            raise TelephoneError(
                "invalid_value", f"{keys!r} are no keys: 1 to {KEYS_LIMIT} of {KEYS} expected"
            )
        if not telephone.is_off_hook:
            raise TelephoneError(
                "not_in_a_call", f"telephone {number} is {telephone.state.value}: nobody listens"
            )
        self._inhabitants[number].press(keys)

    def note(self, number: str, keys: str) -> None:
        """Whoever is at a telephone has been shown these digits, and enters them when asked for a
        code. Raises TelephoneError."""
        self.telephone(number)
        if not 0 < len(keys) <= KEYS_LIMIT or not set(keys) <= set(KEYS):
            raise TelephoneError(
                "invalid_value", f"{keys!r} are no keys: 1 to {KEYS_LIMIT} of {KEYS} expected"
            )
        self._inhabitants[number].note(keys)

    def set_talk_us(self, talk_us: int) -> None:
        """How long people talk from now on. Raises TelephoneError."""
        if not 0 <= talk_us <= TALK_LIMIT_US:
            raise TelephoneError(
                "invalid_value", f"{talk_us} us is outside 0 to {TALK_LIMIT_US} us of talk"
            )
        self._manners.talk_us = talk_us

    def antenna_of(self, number: str) -> str | None:
        """The antenna a mobile telephone is in reach of, empty: none; None: it is not mobile."""
        self.telephone(number)
        radio = self._radios.get(number)
        return None if radio is None else radio.antenna

    def move(self, number: str, antenna: str) -> None:
        """Carry a mobile telephone into reach of an antenna, or out of reach of all (empty).

        Raises TelephoneError.
        """
        self.telephone(number)
        radio = self._radios.get(number)
        if radio is None:
            raise TelephoneError("not_mobile", f"telephone {number} has a wire")
        try:
            radio.move(antenna)
        except KeyError:
            known = ", ".join(self._mobile_switches[self._switches[number]].all_antennas)
            raise TelephoneError(
                "invalid_value", f"no antenna {antenna!r}: {known}, or empty for out of reach"
            ) from None

    def behave(self, number: str, habit: Habit) -> None:
        """Whoever is at a telephone takes up another habit, from the next call on.

        A telephone that is in use from now on must be on the hook. Raises TelephoneError.
        """
        telephone = self.telephone(number)
        if habit.in_use and telephone.state not in (State.ON_HOOK, State.IN_USE):
            raise TelephoneError(
                "telephone_in_use", f"telephone {number} is {telephone.state.value}, not OnHook"
            )
        telephone.rejects = habit.rejects
        if habit.in_use:
            telephone.state = State.IN_USE
        elif telephone.state is State.IN_USE:
            telephone.hang_up()
        self._inhabitants[number].take_up(habit)

    def _install(self, line: Line, switch: str | None) -> None:
        number = line.number
        behaviour: str = line.behaviour
        habit = HABITS.get(behaviour)
        if habit is None:
            raise TelephoneError("invalid_value", f"line {number}: behaviour {behaviour!r}")
        if switch is None:
            raise TelephoneError("invalid_value", f"line {number}: no switch has its prefix")

        def send(message: LineMessage) -> None:
            radio = self._radios.get(number)
            if radio is None:
                self._plant.to_switch(switch, number, encode(message))
            elif radio.in_reach:
                if type(message) is Setup:
                    radio.dials()
                self._plant.to_switch(switch, number, encode(message))

        note = self.diary.note
        telephone = Telephone(
            number, self._clock, send, note, in_use=habit.in_use, rejects=habit.rejects
        )
        inhabitant = Inhabitant(
            telephone, habit, self._voice, self._clock, self.diary, self._manners
        )
        telephone.seat(inhabitant)
        self._telephones[number] = telephone
        self._inhabitants[number] = inhabitant
        self._switches[number] = switch
        if line.kind == "mobile":
            radio = self._make_radio(line, switch, telephone)
            inhabitant.on_free = radio.free
            self._radios[number] = radio
        if line.kind == "dial_up" and line.online:
            computer = Computer(inhabitant, telephone, self._isp_number, self._clock, self._boot_us)
            self._computers.append(computer)

    def _make_radio(self, line: Line, switch: str, telephone: Telephone) -> MobileRadio:
        office = self._mobile_switches[switch]
        antennas = office.all_antennas
        return MobileRadio(
            {name: cell for cell, name in enumerate(antennas, 1)},
            antennas[0] if line.coverage else "",
            round(office.paging_s * SECOND_US),
            self._clock,
            lambda octets: self._plant.to_switch(switch, line.number, octets),
            lambda: telephone.state not in (State.ON_HOOK, State.IN_USE),
            telephone.lose_line,
        )

    def _receiver(self, telephone: Telephone) -> Callable[[bytes], None]:
        radio = self._radios.get(telephone.number)

        def receive(octets: bytes) -> None:
            if radio is not None:
                if not radio.in_reach:
                    return
                if is_radio(octets):
                    radio.receive(octets)
                    return
            try:
                message = decode(octets)
            except LineError:
                self.malformed += 1
                return
            if radio is not None and type(message) is Setup:
                radio.called()
            telephone.receive(message)

        return receive
