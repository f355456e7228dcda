"""A small network's captures and journal entries, written down by hand for the ladder's tests."""

import msgspec

from calleq.journal.entries import (
    Accepted,
    CircuitKey,
    Dialled,
    Entry,
    LineSeized,
    Stamped,
    Transit,
)
from calleq.lines import q931
from calleq.lines.messages import (
    Alerting,
    Connect,
    Disconnect,
    LineMessage,
    Release,
    ReleaseComplete,
    Setup,
)
from calleq.osn import messages as osn
from calleq.runtime.tap import Segment
from calleq.ss7 import mtp3_codec
from calleq.ss7.isup import codec
from calleq.ss7.isup.messages import (
    Acm,
    Anm,
    CalledNumber,
    CallingNumber,
    Cause,
    Iam,
    Message,
    Rel,
    Rlc,
)
from calleq.ss7.mtp3 import Msu
from calleq.topology import parse_point_code
from calleq.trace.capture import Captured, MemoryCapture

POINT_CODES = {
    name: parse_point_code(code)
    for name, code in {
        "ssp-62": "2-62-1",
        "ssp-64": "2-64-1",
        "stp-68": "2-68-1",
        "stp-70": "2-70-1",
        "ip-76": "2-76-1",
    }.items()
}
DELAY_US = 1_000


class Scene:
    """Writes what taps and journals would; instants are given in microseconds."""

    def __init__(self) -> None:
        self.tap = MemoryCapture()
        self.entries: list[Stamped] = []

    def captures(self) -> list[Captured]:
        return self.tap.captures()

    def writes(self, at_us: int, entity: str, entry: Entry) -> None:
        self.entries.append(Stamped(entity, len(self.entries) + 1, at_us, at_us, entry))

    def accepts(self, at_us: int, call: str) -> None:
        self.writes(at_us, "server-72", Accepted(call, "abc", "http", {}))
        body = {"customer": "+12125550100", "business": "abc"}
        exchange = {"call": call, "request": "POST /v1/calls", "status": 202, "body": body}
        octets = msgspec.json.encode(exchange)
        self.tap.saw(Segment.INTERNET, "http", "client", "server-72", octets, at_us)

    def tells(self, at_us: int, sender: str, receiver: str, message: osn.OsnMessage) -> None:
        self.tap.saw(Segment.OSN, "osn", sender, receiver, osn.encode(message), at_us)

    def sends(
        self, at_us: int, origin: str, destination: str, message: Message, via: str = "stp-68"
    ) -> None:
        """One ISUP message over a transfer point: two captures, `DELAY_US` apart."""
        msu = Msu(
            POINT_CODES[destination],
            POINT_CODES[origin],
            message.cic & 15,
            codec.encode(message),
        )
        octets = mtp3_codec.encode(msu)
        for start_us, sender, receiver in (
            (at_us, origin, via),
            (at_us + DELAY_US, via, destination),
        ):
            link = f"{origin if sender == origin else destination}/{via}"
            self.tap.saw(Segment.SIGNALLING_LINK, link, sender, receiver, octets, start_us)

    def on_line(self, at_us: int, sender: str, number: str, message: LineMessage) -> None:
        """A line message from the switch, or from the telephone (`sender` empty)."""
        ends = (sender or f"telephone {number}", f"telephone {number}" if sender else "ssp-62")
        link = f"line:{number}"
        self.tap.saw(Segment.CIRCUIT, link, *ends, q931.encode(message), at_us)

    def dials(self, at_us: int, call: str, number: str, cic: int, leg: str = "customer") -> None:
        """The peripheral dials: its journal entry, then its IAM to switch 62."""
        key = CircuitKey(POINT_CODES["ip-76"], POINT_CODES["ssp-62"], cic)
        self.writes(at_us, "ip-76", Dialled(call, leg, 1, number, key))
        iam = Iam(cic, CalledNumber(number[1:]), CallingNumber("12125550140"))
        self.sends(at_us + 100, "ip-76", "ssp-62", iam)

    def customer_leg(self, at_us: int, call: str, number: str, cic: int, reference: int) -> None:
        """A whole leg to a line of switch 62: dialled, rung, answered, released by the customer."""
        self.dials(at_us, call, number, cic)
        key = CircuitKey(POINT_CODES["ip-76"], POINT_CODES["ssp-62"], cic)
        at_us += 3_000
        self.writes(at_us, "ssp-62", LineSeized(1, number, key, "", number))
        self.on_line(at_us + 10, "ssp-62", number, Setup(reference, number))
        self.on_line(at_us + 20, "", number, Alerting(reference, True))
        self.sends(at_us + 30, "ssp-62", "ip-76", Acm(cic, 0x0400))
        at_us += 4_000_000
        self.on_line(at_us, "", number, Connect(reference, True))
        self.sends(at_us + 10, "ssp-62", "ip-76", Anm(cic))
        at_us += 9_000_000
        self.on_line(at_us, "", number, Disconnect(reference, 16, True))
        self.sends(at_us + 10, "ssp-62", "ip-76", Rel(cic, Cause(16, 0)))
        self.on_line(at_us + 20, "ssp-62", number, Release(reference, 16))
        self.on_line(at_us + 30, "", number, ReleaseComplete(reference, 16, True))
        self.sends(at_us + 3_000, "ip-76", "ssp-62", Rlc(cic))

    def agent_leg_busy(self, at_us: int, call: str, number: str, cic: int, second: int) -> None:
        """A leg through switch 62 to a line of switch 64 that is busy."""
        self.dials(at_us, call, number, cic, "agent")
        first = CircuitKey(POINT_CODES["ip-76"], POINT_CODES["ssp-62"], cic)
        onward = CircuitKey(POINT_CODES["ssp-62"], POINT_CODES["ssp-64"], second)
        at_us += 3_000
        self.writes(at_us, "ssp-62", Transit(first, onward))
        iam = Iam(second, CalledNumber(number[1:]), CallingNumber("12125550140"))
        self.sends(at_us + 10, "ssp-62", "ssp-64", iam, "stp-70")
        self.sends(at_us + 3_000, "ssp-64", "ssp-62", Rel(second, Cause(17, 0)), "stp-70")
        self.sends(at_us + 6_000, "ssp-62", "ssp-64", Rlc(second), "stp-70")
        self.sends(at_us + 6_010, "ssp-62", "ip-76", Rel(cic, Cause(17, 0)))
        self.sends(at_us + 9_000, "ip-76", "ssp-62", Rlc(cic))
