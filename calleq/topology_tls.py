"""TLS at a door: the keys of `tls` tables in a topology file.

Relative paths are told from the topology file's own directory. Whether the files can be used is
found out by whoever opens the door (`calleq.web.tls`).
"""

from pathlib import Path

import msgspec


class Tls(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """By what a door proves who it is, and whose certificates it takes from its clients."""

    certificate: str = ""
    """PEM file with the door's certificate and those between it and its root; empty: no TLS."""
    key: str = ""
    """PEM file with its private key, not encrypted."""
    client_authorities: str = ""
    """PEM file with the authorities whose certificates clients may prove themselves with, or with
    such certificates themselves; empty: none are asked for."""

    def __bool__(self) -> bool:
        return bool(self.certificate)

    def found_from(self, directory: Path) -> "Tls":
        """The same with the places of its files told from a directory."""
        places = {
            name: str(directory / place)
            for name in ("certificate", "key", "client_authorities")
            if (place := getattr(self, name))
        }
        return msgspec.structs.replace(self, **places) if places else self

    def wrong(self) -> tuple[str, str] | None:
        """A key that does not fit, and what is wrong with it; None where all do."""
        if self.certificate and not self.key:
            return "key", "is needed beside certificate"
        if self.key and not self.certificate:
            return "certificate", "is needed beside key"
        if self.client_authorities and not self.certificate:
            return "certificate", "is needed before certificates of clients can be asked for"
        return None
