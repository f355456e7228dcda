"""What the elements of a network write, for tests of records."""

from calleq.journal.entries import (
    Accepted,
    CircuitKey,
    Dialled,
    Ended,
    Entry,
    LineAnswered,
    LineReleased,
    LineRinging,
    LineSeized,
    Stamped,
    Transit,
)

MS = 1_000
SECOND = 1_000_000
IP, SSP_62, SSP_64, SSP_66 = 1, 62, 64, 66
NAMES = {62: "ssp-62", 64: "ssp-64", 66: "ssp-66"}


class Journals:
    """Writes what the elements of a network would write, each with a clock of its own."""

    def __init__(self) -> None:
        self.entries: list[Stamped] = []
        self.skew_us: dict[str, int] = {}
        self.seizures: dict[str, int] = {}
        self._sequence: dict[str, int] = {}

    def say(self, at_us: int, entity: str, entry: Entry) -> None:
        self._sequence[entity] = self._sequence.get(entity, 0) + 1
        wall_us = at_us + self.skew_us.get(entity, 0)
        base_us = 1_000_000_007 * len(entity)
        self.entries.append(
            Stamped(entity, self._sequence[entity], wall_us, at_us + base_us, entry)
        )

    def seized(self, at_us: int, switch: int, number: str, key: CircuitKey | None) -> int:
        name = NAMES[switch]
        seizure = self.seizures[name] = self.seizures.get(name, 0) + 1
        self.say(at_us, name, LineSeized(seizure, number, key, "+12125550140", number))
        return seizure

    def answered_leg(
        self,
        at_us: int,
        switch: int,
        number: str,
        key: CircuitKey,
        answer_us: int,
        release_us: int,
        cause: int = 16,
    ) -> None:
        """A party is rung, answers and is released; the instants are lengths from `at_us`."""
        name, seizure = NAMES[switch], self.seized(at_us, switch, number, key)
        self.say(at_us + 10 * MS, name, LineRinging(seizure))
        self.say(at_us + answer_us, name, LineAnswered(seizure))
        self.say(at_us + release_us, name, LineReleased(seizure, cause, 0, "line"))

    def dialled(
        self, at_us: int, call: str, leg: str, attempt: int, number: str, cic: int
    ) -> CircuitKey:
        key = CircuitKey(IP, SSP_62, cic)
        self.say(at_us, "ip-76", Dialled(call, leg, attempt, number, key))
        return key

    def transit(self, at_us: int, key: CircuitKey, far: int, cic: int) -> CircuitKey:
        outgoing = CircuitKey(SSP_62, far, cic)
        self.say(at_us, "ssp-62", Transit(key, outgoing))
        return outgoing

    def accepted(self, at_us: int, call: str, business: str = "abc") -> None:
        self.say(at_us, "server-72", Accepted(call, business, "server-72", {}))

    def ended(self, at_us: int, call: str, state: str, cause: int = 16) -> None:
        self.say(at_us, "ip-76", Ended(call, state, cause))


def completed_call(journals: Journals, at_us: int, call: str, cics: tuple[int, ...]) -> None:
    """Customer at SSP 62 itself, representative over SSP 62 at SSP 64."""
    first, second, onward = cics
    journals.accepted(at_us, call)
    key = journals.dialled(at_us + 5 * MS, call, "customer", 1, "+12125550100", first)
    journals.answered_leg(at_us + 12 * MS, SSP_62, "+12125550100", key, 4 * SECOND, 14 * SECOND)
    key = journals.dialled(at_us + 4_100 * MS, call, "agent", 1, "+12125550143", second)
    key = journals.transit(at_us + 4_106 * MS, key, SSP_64, onward)
    journals.answered_leg(
        at_us + 4_112 * MS, SSP_64, "+12125550143", key, 4 * SECOND, 9_900 * MS + 1
    )
    journals.ended(at_us + 14_100 * MS, call, "completed")


def rung_and_dialled_anew(journals: Journals, call: str = "TWICE") -> None:
    """SSP 62 hears nothing of the ringing at SSP 64, its circuit is reset, and it takes another
    (Q.764 §2.8.1): the same telephone rings again."""
    number = "+12125550143"
    journals.accepted(0, call)
    key = journals.dialled(5 * MS, call, "customer", 1, number, 1)
    first = journals.transit(10 * MS, key, SSP_64, 7)
    seizure = journals.seized(15 * MS, SSP_64, number, first)
    journals.say(17 * MS, "ssp-64", LineRinging(seizure))
    journals.say(3_700 * MS, "ssp-64", LineReleased(seizure, 31, 2, "network"))
    again = CircuitKey(SSP_62, SSP_64, 8)
    journals.say(3_701 * MS, "ssp-62", Transit(key, again, "", True, number))
    journals.answered_leg(3_706 * MS, SSP_64, number, again, 4 * SECOND, 14 * SECOND)
    journals.ended(18 * SECOND, call, "completed")
