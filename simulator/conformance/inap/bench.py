"""The bench of INAP: the switch and exchanges of ISUP's bench, with two SCPs of the tester's.

`scp` and `mate` are each other's mates; the triggers of the switch are in `network.toml`. Cases of
the resource (`role = "ip"`) have the peripheral `ip-a` instead of the switch (`resource.toml`).
"""

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import msgspec

from calleq.ss7 import mtp3_codec
from calleq.ss7.mtp3 import SERVICE_ISUP, Mtp3Error
from calleq.topology import load_topology
from simulator.conformance.inap.octets import INAP, MESSAGES
from simulator.conformance.inap.point import SERVICE, ControlPoint
from simulator.conformance.isup.bench import Bench
from simulator.conformance.isup.mutants import MeddledEnd
from simulator.conformance.language import Read, Value, WireError
from simulator.conformance.mutants import Mutant, Payloads
from simulator.conformance.sccp.octets import SCCP
from simulator.conformance.tcap.octets import TCAP

NETWORK = Path(str(files("simulator") / "conformance" / "inap" / "network.toml"))
TOPOLOGY = load_topology(NETWORK)
RESOURCE_TOPOLOGY = load_topology(NETWORK.with_name("resource.toml"))
"""The same SCPs, for cases of the resource."""
POINTS = tuple(point.name for point in TOPOLOGY.service_control_points)
_LABEL = 5
STATES = ("SSA", "SSP")
"""Messages of SCCP management that a mutant may ignore."""


class SignallingEnd(MeddledEnd):
    """A link's end with a mutant that alters components of INAP as well as messages of ISUP."""

    def _changed(self, octets: bytes, change: Callable[[Read, bytes], Payloads]) -> Payloads:
        try:
            msu = mtp3_codec.decode(octets)
            unit = SCCP.read(octets) if msu.service == SERVICE else None
            if unit is not None and unit.name in STATES:
                return ((0, octets),) if change(unit, octets) else ()
            if unit is None or unit.name != "UDT":
                return super()._changed(octets, change)
            message = TCAP.read(unit.parameters["data"])
            said = _altered(message, change)
        except (Mtp3Error, WireError):
            return ((0, octets),)
        made = []
        for delay_us, data in said:
            fields: dict[str, Value] = {
                key: f"hex:{contents.hex()}" for key, contents in unit.parameters.items()
            }
            fields["data"] = f"hex:{data.hex()}"
            whole = SCCP.build("UDT", 0, fields)
            made.append(
                (
                    delay_us,
                    mtp3_codec.encode(msgspec.structs.replace(msu, payload=whole[_LABEL:])),
                )
            )
        return made


def _altered(message: Read, change: Callable[[Read, bytes], Payloads]) -> list[tuple[int, bytes]]:
    """What becomes of a TCAP message: its components are altered one by one.

    Those that stay go on together; one that is delayed goes alone. A message that loses all its
    components is gone, but for the end of a dialogue.
    """
    head = {
        key: f"hex:{contents.hex()}"
        for key, contents in message.parameters.items()
        if not key.startswith("component")
    }
    kind = MESSAGES[message.name]
    units = [
        bytes((kind,)) + contents
        for key, contents in message.parameters.items()
        if key.startswith("component")
    ]
    changed = [one for unit in units or [bytes((kind,))] for one in change(INAP.read(unit), unit)]
    together: dict[tuple[int, int], list[bytes]] = {}
    for delay_us, unit in changed:
        together.setdefault((delay_us, unit[0]), []).append(unit[1:])
    if not together and units and message.name == "END":
        together[0, kind] = []
    names = {code: name for name, code in MESSAGES.items()}
    made = []
    for (delay_us, code), components in together.items():
        parts: dict[str, Value] = dict(head)
        for number, component in enumerate(one for one in components if one):
            parts[f"component_{number + 1}"] = f"hex:{component.hex()}"
        if code in (MESSAGES["END"], MESSAGES["ABORT"]):
            parts["omit"] = "otid"
        made.append((delay_us, TCAP.build(names[code], 0, parts)))
    return made


class InapBench(Bench):
    """A bench with SCPs of the tester's."""

    meddled = SignallingEnd
    shown = frozenset((SERVICE_ISUP, SERVICE))

    def begin(self) -> None:
        """The SCPs are there before the links carry anything."""
        self.points = {
            name: ControlPoint(name, self.far_node(name), self.codes[self.element], self.clock)
            for name in POINTS
        }


class SwitchBench(InapBench):
    """One switch with service switching under test."""

    def __init__(self, mutant: Mutant | None = None) -> None:
        super().__init__(mutant, None, TOPOLOGY)

    def calls_left(self) -> int:
        services = self.switch.services
        assert services is not None, "the network has SCPs"
        return super().calls_left() + len(services)


class ResourceBench(InapBench):
    """One peripheral with a specialized resource function under test, beside exchange B."""

    element = "ip-a"
    tester_names = ("b",)

    def __init__(self, mutant: Mutant | None = None) -> None:
        super().__init__(mutant, None, RESOURCE_TOPOLOGY)

    def calls_left(self) -> int:
        resource = self.network.peripherals[self.element].resource
        assert resource is not None, "the network has SCPs"
        return len(resource) + resource.dialogues
