"""What a topology file says of the elements that make calls, and of the door that orders them."""

from pathlib import Path
from typing import Literal

import msgspec

from calleq.topology_sip import SipAccess
from calleq.topology_tls import Tls


class InternetInterface(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A door that an element has of its own: messages that arrive there it executes itself."""

    equipment_address: str
    """What fields 802 and 902 of a message must say to be meant for this equipment."""
    listen: str = "127.0.0.1:0"
    """Beyond this machine only with `tls`."""
    tls: Tls = Tls()

    def found_from(self, directory: Path) -> "InternetInterface":
        """The same with the places of its files told from a directory."""
        return msgspec.structs.replace(self, tls=self.tls.found_from(directory))


class Peripheral(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An intelligent peripheral, reached over circuits of a switch."""

    name: str
    numeral: str
    point_code: str
    switch: str = ""
    """Empty: no circuits lead anywhere; then it needs `sip`, and calls by voice over IP alone."""
    interface: str = ""
    """Numeral of its interface, to its switch and to the internet."""
    logic: str = ""
    number: str = ""
    """What it presents as calling number where a business has none."""
    assist: str = ""
    """E.164 prefix (with `+`) of calls that an SCP sends to it; seven digits of correlation follow.

    Empty: it takes no orders of an SCP.
    """
    internet: InternetInterface | None = None
    """Its own door on the internet; None: it has none."""
    sip: SipAccess | None = None
    """Where it speaks SIP, to call SIP URIs and IP addresses; None: it calls numbers alone."""
    voip_allowed: tuple[str, ...] = ()
    """Whom it may call so: domains (`example.com`), domains below one (`.example.com`), addresses
    and networks (`192.0.2.0/24`), `*` (every name that leads into the public internet)."""
    voip_channels: int = 60
    """Calls by voice over IP at once."""


class CallingEquipment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Equipment that stands by itself and makes calls, over circuits of a switch."""

    name: str
    kind: Literal["bridge", "dialler", "outside"] = "bridge"
    """A conference bridge; a dialler, which has its switch bridge; or somebody else's driver."""
    point_code: str
    switch: str
    numeral: str = ""
    driver: str = ""
    """Of kind `outside`: `package.module:factory` (docs/guide/equipment.md)."""
    number: str = ""
    """What it presents as calling number where a business has none."""


class AccessServer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The internet access server: the door of the carrier."""

    name: str
    numeral: str
    equipment_address: str
    """What field 802 of a message must say to be meant for this equipment."""
    switch: str = ""
    """The switch it passes instructions to; empty: a peripheral gets them directly."""
    equipment: str = ""
    """What makes its calls: a control point, equipment that stands by itself, the peripheral of
    the switch, or the switch itself.

    Empty: the peripheral, or the switch where it has none.
    """
    listen: str = "127.0.0.1:8072"
    """Beyond this machine only with `tls`."""
    tls: Tls = Tls()

    def found_from(self, directory: Path) -> "AccessServer":
        """The same with the places of its files told from a directory."""
        return msgspec.structs.replace(self, tls=self.tls.found_from(directory))
