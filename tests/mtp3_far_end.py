"""A node of the signalling network whose neighbours are played by a test, message by message."""

from calleq.runtime.clock import VirtualClock
from calleq.runtime.tap import NoTap
from calleq.ss7 import mtp3_codec
from calleq.ss7 import mtp3_management as m
from calleq.ss7.links import InProcessLink
from calleq.ss7.mtp3 import SERVICE_ISUP, Msu
from calleq.ss7.mtp3_management_codec import from_msu, to_msu
from calleq.ss7.node import SERVICE_TEST, Mtp3Node

DELAY_US = 1_000


class FarEnd:
    """The far end of one link: it answers link tests, and keeps what else it is sent."""

    def __init__(
        self, node: Mtp3Node, name: str, point_code: int, code: int, *, managed: bool = True
    ) -> None:
        self.node = node
        self.name = name
        self.point_code = point_code
        self.code = code
        self.answers_tests = True
        self.messages: list[m.Management] = []
        self.units: list[Msu] = []
        self.tests: list[m.Sltm] = []
        self.wire = InProcessLink((node.name, name), node.clock, NoTap(), DELAY_US)
        self.end = self.wire.end(name)
        self.end.attach(self._receive, lambda in_service: None)
        near = self.wire.end(node.name)
        if not managed:
            # As an end over M3UA says of itself.
            near.managed = False  # type: ignore[attr-defined]
        node.attach(near, point_code)

    def _receive(self, octets: bytes) -> None:
        msu = mtp3_codec.decode(octets)
        if msu.service > SERVICE_TEST:
            self.units.append(msu)
            return
        message = from_msu(msu)
        if isinstance(message, m.Sltm):
            self.tests.append(message)
            if self.answers_tests:
                self.send(m.Slta(message.slc, message.pattern))
        else:
            self.messages.append(message)

    def send(self, message: m.Management, origin: int | None = None) -> None:
        """Send a management message over this link."""
        origin = self.point_code if origin is None else origin
        unit = to_msu(message, self.node.point_code, origin)
        assert self.end.send(mtp3_codec.encode(unit))

    def send_unit(self, destination: int, origin: int, selection: int = 0, **fields: int) -> None:
        """Send a unit of a user part over this link."""
        fields.setdefault("service", SERVICE_ISUP)
        unit = Msu(destination, origin, selection, b"\x01\x00\x10\x00", **fields)
        assert self.end.send(mtp3_codec.encode(unit))

    def taken(self) -> list[m.Management]:
        """What has come since one last asked, but for what every start brings (TRA)."""
        messages, self.messages = self.messages, []
        return messages


def pass_time(clock: VirtualClock, length_us: int = 10 * DELAY_US) -> None:
    clock.advance_us(length_us)
