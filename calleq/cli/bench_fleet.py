"""What a bench and its process of telephones say to each other."""

import msgspec


class FleetTelephone(msgspec.Struct, frozen=True):
    """One telephone: what it registers as, and what it does."""

    username: str
    password: str
    registrar_host: str
    registrar_port: int
    speaks: bool = False
    hangs_up_s: float = 0.0
    """So long after it answered; 0: never."""


class Fleet(msgspec.Struct, frozen=True):
    """All telephones of a process."""

    telephones: tuple[FleetTelephone, ...]
    voices: bool = False


class Told(msgspec.Struct):
    """One call as its telephone saw it; instants are UTC nanoseconds, 0: never."""

    username: str
    invited_ns: int
    answered_ns: int = 0
    first_audio_ns: int = 0
    """When anything but silence came."""
    first_heard_ns: int = 0
    """When the other party was heard."""


class Report(msgspec.Struct, frozen=True):
    """What the telephones of a process have seen."""

    told: list[Told]
    failures: list[str]
    up: int
    """Calls that are up now."""
    cpu_s: float
