"""TLS at a door and between processes: the keys of `tls` tables in a topology file.

Relative paths are told from the topology file's own directory. Whether the files can be used is
found out by whoever opens the door (`calleq.web.tls`) or the wires (`calleq.runtime.secure`).
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


class WireTls(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """By what the processes of a network prove themselves to each other.

    `{element}` in a place stands for the name of the element that is proved.
    """

    certificate: str = ""
    """PEM file with the element's certificate, its name being a DNS name of it; empty: no TLS."""
    key: str = ""
    """PEM file with its private key, not encrypted."""
    authorities: str = ""
    """PEM file with the carrier's own authorities, and nobody else's."""

    def __bool__(self) -> bool:
        return bool(self.certificate)

    def found_from(self, directory: Path) -> "WireTls":
        """The same with the places of its files told from a directory."""
        if not self:
            return self
        return WireTls(
            certificate=str(directory / self.certificate),
            key=str(directory / self.key),
            authorities=str(directory / self.authorities),
        )

    def wrong(self) -> str:
        """What does not fit, beginning with the key; empty: all of it does."""
        given = {name for name in self.__struct_fields__ if getattr(self, name)}
        missing = [name for name in self.__struct_fields__ if name not in given]
        if given and missing:
            return f"{missing[0]}: is needed beside {sorted(given)[0]}"
        return ""
