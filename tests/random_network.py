"""The journals of a small network on a bad day, from a seed: whatever calls can leave in them."""

import random
from collections.abc import Callable

from calleq.journal.entries import (
    Accepted,
    CircuitKey,
    Dialled,
    Ended,
    Entry,
    LineAnswered,
    LineHeartbeat,
    LineMeasured,
    LineRefused,
    LineReleased,
    LineRinging,
    LineSeized,
    Progress,
    Received,
    Refused,
    Stamped,
    Started,
    Transit,
    Undertaken,
)
from calleq.units import HOUR_US, MINUTE_US
from tests.billing_scene import IP, MS, NAMES, SECOND, SSP_62, SSP_64

BUSY_CIRCUITS = range(1, 13)
"""Used again and again; the others only when none of these is free."""
CIRCUITS = range(1, 800)


class RandomNetwork:
    """Calls that overlap; what is written lies in `entries` by entity and time."""

    def __init__(self, seed: int, calls: int, *, beyond: bool = False) -> None:
        """`beyond`: some calls leave by SIP trunks, and voices are measured."""
        self.orphans: list[str] = []
        """The numbers of legs that nobody dialled."""
        self._chance = random.Random(seed)
        self._said: list[tuple[int, str, Entry]] = []
        self._free_at_us: dict[tuple[int, int], int] = {}
        self._seizures = 0
        kinds: tuple[Callable[[int, str], None], ...] = (
            self._completed,
            self._completed,
            self._refused,
            self._lost_iam,
            self._blocked,
            self._crashed,
            self._restarted,
            self._endless,
            self._between_telephones,
            self._never_dialled,
            self._door_refused,
            *((self._beyond, self._beyond) if beyond else ()),
        )
        self._measures = beyond
        for name in ("server-72", "ip-76", *NAMES.values()):
            self._say(0, name, Started("0.1.0"))
        at_us = SECOND
        for number in range(calls):
            at_us += round(self._chance.expovariate(1 / (2 * SECOND)))
            self._chance.choice(kinds)(at_us, f"CALL{number:04}")
        # Long after: everything is judged by then.
        self._say(at_us + 48 * HOUR_US, "server-72", Refused("server-72", "", "late", ""))
        self.entries = self._stamped()

    def _stamped(self) -> list[Stamped]:
        sequences: dict[str, int] = {}
        skew_us = {name: self._chance.randrange(-3 * MS, 3 * MS) for name in NAMES.values()}
        stamped = []
        for at_us, entity, entry in sorted(self._said, key=lambda said: said[0]):
            sequences[entity] = sequences.get(entity, 0) + 1
            wall_us = at_us + skew_us.get(entity, 0)
            base_us = 1_000_000_007 * len(entity)
            stamped.append(Stamped(entity, sequences[entity], wall_us, at_us + base_us, entry))
        return stamped

    def _say(self, at_us: int, entity: str, entry: Entry) -> None:
        self._said.append((at_us, entity, entry))

    def _circuit(self, far: int, at_us: int, until_us: int) -> CircuitKey:
        """A circuit to SSP 62 or from it that is free in this time."""
        for cic in (*self._chance.sample(BUSY_CIRCUITS, len(BUSY_CIRCUITS)), *CIRCUITS):
            if self._free_at_us.get((far, cic), 0) < at_us:
                self._free_at_us[far, cic] = until_us + 50 * MS
                return CircuitKey(IP, SSP_62, cic) if far == IP else CircuitKey(SSP_62, far, cic)
        raise AssertionError("there are enough circuits")

    def _accepted(self, at_us: int, call: str) -> None:
        business = self._chance.choice(("abc", "xyz"))
        key = self._chance.choice((None, f"=key {call}"))
        message = {"business_id": business}
        self._say(
            at_us, "server-72", Accepted(call, business, "server-72", message, key, "fingerprint")
        )
        self._say(at_us + MS, "ip-76", Undertaken(call, {"business": business}))

    def _dialled(self, at_us: int, call: str, leg: str, number: str, until_us: int) -> CircuitKey:
        key = self._circuit(IP, at_us, until_us)
        self._say(at_us, "ip-76", Dialled(call, leg, 1, number, key, "76-62"))
        if self._chance.random() < 0.03:
            self._say(at_us + MS, "ip-76", Dialled(call, leg, 1, number, key, "76-62"))
            self._free_at_us[IP, key.cic] += HOUR_US
        return key

    def _line(
        self,
        at_us: int,
        switch: int,
        number: str,
        key: CircuitKey | None,
        talk_us: int,
        trunk: str = "",
        *,
        again: bool = False,
    ) -> tuple[str, int]:
        """A party is rung, answers after 2 s and is released, unless `talk_us` is negative."""
        self._seizures += 1
        name, seizure = NAMES[switch], self._seizures
        received = Received("76-62", number[1:], 4, "12125550140", 4, 0)
        line = trunk or number
        seized = LineSeized(seizure, line, key, "+12125550140", number, received, again)
        self._say(at_us, name, seized)
        if self._chance.random() < 0.9:
            self._say(at_us + 10 * MS, name, LineRinging(seizure))
        answered_us = at_us + 2 * SECOND
        self._say(answered_us, name, LineAnswered(seizure))
        for beat_us in range(answered_us + MINUTE_US, answered_us + talk_us, MINUTE_US):
            self._say(beat_us, name, LineHeartbeat(seizure))
        if talk_us >= 0:
            cause = self._chance.choice((16, 16, 16, 41))
            self._say(answered_us + talk_us, name, LineReleased(seizure, cause, 0, "line"))
            if self._measures and self._chance.random() < 0.5:
                measured = LineMeasured(seizure, 50, 1, r_factor=91.2, mos=4.4)
                self._say(answered_us + talk_us + 30 * MS, name, measured)
        return name, seizure

    def _talk_us(self) -> int:
        return round(self._chance.choice((0, 3 * SECOND, 90 * SECOND, 25 * MINUTE_US)) * 1.01)

    def _completed(self, at_us: int, call: str) -> None:
        talk_us = self._talk_us()
        end_us = at_us + 6 * SECOND + talk_us
        self._accepted(at_us, call)
        key = self._dialled(at_us + 5 * MS, call, "customer", "+12125550100", end_us)
        self._line(at_us + 10 * MS, SSP_62, "+12125550100", key, talk_us + 3 * SECOND)
        agent_us = at_us + 2_100 * MS
        key = self._dialled(agent_us, call, "agent", "+12125550143", end_us)
        onward = self._circuit(SSP_64, agent_us, end_us)
        self._say(agent_us + 8 * MS, "ssp-62", Transit(key, onward))
        self._line(agent_us + 14 * MS, SSP_64, "+12125550143", onward, talk_us)
        self._say(end_us, "ip-76", Ended(call, "completed", 16))

    def _beyond(self, at_us: int, call: str) -> None:
        """Trunks of two switches are tried until one of them works."""
        talk_us = self._talk_us()
        end_us = at_us + 5 * SECOND + talk_us
        self._accepted(at_us, call)
        key = self._dialled(at_us + 5 * MS, call, "customer", "+442079460000", end_us)
        self._seizures += 1
        first = LineSeized(self._seizures, "west", key, "+12125550140", "+442079460000")
        self._say(at_us + 12 * MS, "ssp-62", first)
        self._say(at_us + 30 * MS, "ssp-62", LineReleased(self._seizures, 41, 0, "line"))
        at_us += 31 * MS
        if self._chance.random() < 0.5:
            self._line(at_us, SSP_62, "+442079460000", key, talk_us, "east", again=True)
        else:
            onward = self._circuit(SSP_64, at_us, end_us)
            self._say(at_us, "ssp-62", Transit(key, onward, "", True, "+442079460000"))
            self._line(at_us + 6 * MS, SSP_64, "+442079460000", onward, talk_us, "east")
        self._say(end_us, "ip-76", Ended(call, "completed", 16))

    def _refused(self, at_us: int, call: str) -> None:
        self._accepted(at_us, call)
        key = self._dialled(at_us + 5 * MS, call, "customer", "+12125550101", at_us + SECOND)
        refusal = LineRefused("+12125550101", key, 17, 2, "+12125550140")
        self._say(at_us + 12 * MS, "ssp-62", refusal)
        self._say(at_us + 20 * MS, "ip-76", Progress(call, "failed", "customer", 1, 17))
        self._say(at_us + 21 * MS, "ip-76", Ended(call, "customer_busy", 17))

    def _lost_iam(self, at_us: int, call: str) -> None:
        self._accepted(at_us, call)
        self._dialled(at_us + 5 * MS, call, "customer", "+12125550100", at_us + 20 * SECOND)
        end_us = at_us + 15 * SECOND
        self._say(end_us, "ip-76", Progress(call, "failed", "customer", 1, 38))
        self._say(end_us + MS, "ip-76", Ended(call, "failed", 38))

    def _blocked(self, at_us: int, call: str) -> None:
        self._accepted(at_us, call)
        self._say(at_us + 5 * MS, "ip-76", Ended(call, "blocked", 34))

    def _crashed(self, at_us: int, call: str) -> None:
        """The switch never says how the talk ended."""
        self._accepted(at_us, call)
        end_us = at_us + self._talk_us() + 4 * SECOND
        key = self._dialled(at_us + 5 * MS, call, "customer", "+12125550100", end_us)
        self._line(at_us + 12 * MS, SSP_62, "+12125550100", key, -1)
        self._say(end_us, "ip-76", Ended(call, "failed", 41))

    def _restarted(self, at_us: int, call: str) -> None:
        """The switch says after a restart that the talk is over."""
        self._accepted(at_us, call)
        end_us = at_us + self._talk_us() + 4 * SECOND
        key = self._dialled(at_us + 5 * MS, call, "customer", "+12125550100", end_us)
        name, seizure = self._line(at_us + 12 * MS, SSP_62, "+12125550100", key, -1)
        late_us = end_us + self._chance.choice((-SECOND, SECOND, 100 * SECOND))
        self._say(late_us, name, LineReleased(seizure, 41, 2, "restart"))
        self._say(late_us + MS, name, Started("0.2.0"))
        self._say(end_us, "ip-76", Ended(call, "failed", 41))

    def _endless(self, at_us: int, call: str) -> None:
        self._accepted(at_us, call)
        if self._chance.random() < 0.5:
            end_us = at_us + 72 * HOUR_US
            key = self._dialled(at_us + 5 * MS, call, "customer", "+12125550100", end_us)
            self._line(at_us + 12 * MS, SSP_62, "+12125550100", key, -1)

    def _between_telephones(self, at_us: int, call: str) -> None:
        talk_us = self._talk_us()
        key = self._circuit(SSP_64, at_us, at_us + talk_us + 3 * SECOND)
        self._say(at_us, "ssp-62", Transit(None, key, "+12125550101"))
        self._line(at_us + 5 * MS, SSP_64, "+12125550144", key, talk_us)
        self._line(at_us + 6 * MS, SSP_64, "+12125550145", None, talk_us)

    def _never_dialled(self, at_us: int, call: str) -> None:
        number = f"+1212666{len(self.orphans):04}"
        self.orphans.append(number)
        key = CircuitKey(IP, SSP_62, 900 + len(self.orphans))
        self._line(at_us, SSP_62, number, key, self._talk_us())

    def _door_refused(self, at_us: int, call: str) -> None:
        self._say(at_us, "server-72", Refused("server-72", "abc", "password", "10.0.0.1"))
