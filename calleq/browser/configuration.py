"""What the browser process is told: where it listens, and the lines that browsers may be.

Read from JSON or TOML (`--config FILE`, `-` for JSON on standard input, so that passwords need lie
in no file). Everything else is refused with ConfigurationError, which names the key.
"""

from pathlib import Path
from typing import Final

import msgspec

LINES_LIMIT = 10_000
NEEDED: Final = ("aiortc", "websockets")
"""Packages of the extra `webrtc`."""
INSTALL: Final = "browsers as telephones need more packages: pip install 'calleq[webrtc]'"


class ConfigurationError(ValueError):
    """The configuration says nothing that can be run; the text names the key and why."""


class BrowserLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A subscriber line whose telephone is a browser."""

    number: str
    """E.164 with its `+`."""
    registrar: str
    """HOST:PORT where its switch speaks SIP over UDP."""
    username: str = ""
    """As which it registers; empty: the number without its `+`."""
    password: str
    """Of its digest; the person at the page gives the same."""
    domain: str = ""
    """What stands behind the @ of the switch's subscribers; empty: the registrar's host."""

    @property
    def user(self) -> str:
        """As which it registers."""
        return self.username or self.number.removeprefix("+")

    @property
    def host(self) -> str:
        """Where its switch speaks SIP."""
        return self.registrar.rpartition(":")[0]

    @property
    def port(self) -> int:
        """The port there."""
        return int(self.registrar.rpartition(":")[2])


class Configuration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it."""

    lines: tuple[BrowserLine, ...]
    listen: str = "127.0.0.1:8073"
    """HOST:PORT of the page; port 0: any free one."""
    certificate: str = ""
    """PEM file; `key` alike. Only pages of HTTPS, or of the same machine, get a microphone."""
    key: str = ""
    origins: tuple[str, ...] = ()
    """Under which addresses the page is reached (`https://phone.example.com`), beside its own."""
    operator_listen: str = "127.0.0.1:0"
    """HOST:PORT of the operator's view; it has no password."""
    media_host: str = ""
    """The address at which browsers reach this machine with voice; empty: each that it has."""
    sip_host: str = ""
    """The address from which switches are spoken to, RTP included; empty: that of the switch, which
    is on this machine then."""
    names: dict[str, str] = {}
    """Whose a number is, where the switch tells no name: `{"+12125550140": "ABC Company"}`."""


def read_configuration(octets: bytes, *, toml: bool = False) -> Configuration:
    """Read and check one. Raises ConfigurationError."""
    try:
        if toml:
            found = msgspec.toml.decode(octets, type=Configuration)
        else:
            found = msgspec.json.decode(octets, type=Configuration)
    except msgspec.DecodeError as error:
        raise ConfigurationError(str(error)) from error
    if not 0 < len(found.lines) <= LINES_LIMIT:
        raise ConfigurationError(f"lines: {len(found.lines)}: 1 to {LINES_LIMIT} expected")
    numbers = {line.number for line in found.lines}
    if len(numbers) != len(found.lines):
        raise ConfigurationError("lines: a number stands there twice")
    for place, line in enumerate(found.lines):
        if not line.number.startswith("+") or not line.number[1:].isdecimal():
            raise ConfigurationError(f"lines[{place}].number: {line.number}: E.164 with + expected")
        if not line.password:
            raise ConfigurationError(f"lines[{place}].password: a browser line needs one")
        _check_address(f"lines[{place}].registrar", line.registrar)
    _check_address("listen", found.listen)
    _check_address("operator_listen", found.operator_listen)
    if bool(found.certificate) != bool(found.key):
        raise ConfigurationError("certificate and key belong together")
    return found


def read_file(path: Path) -> Configuration:
    """As `read_configuration`; TOML where the file is called so. Raises ConfigurationError."""
    try:
        octets = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror or error}") from error
    try:
        return read_configuration(octets, toml=path.suffix == ".toml")
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from error


def _check_address(key: str, text: str) -> None:
    host, colon, port = text.rpartition(":")
    if not (host and colon and port.isascii() and port.isdecimal() and int(port) <= 65_535):
        raise ConfigurationError(f"{key}: {text}: HOST:PORT expected")
