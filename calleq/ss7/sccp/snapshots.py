"""What can be said of one node's SCCP, for commands and tests."""

import msgspec

from calleq.ss7.sccp.management import SubsystemManagement


class SccpSnapshot(msgspec.Struct, frozen=True):
    """What one node's SCCP has done, and what it knows."""

    subsystems: dict[int, bool]
    """Local ones, and whether they are in service."""
    remote: dict[str, str]
    """Known points and their subsystems in words, by "point code" or "point code:ssn"."""
    sent: int
    delivered: int
    relayed: int
    malformed: int
    undeliverable: int
    segments_dropped: int
    reassembling: int
    returned: dict[str, int]
    """How often by cause."""


def remote_words(management: SubsystemManagement) -> dict[str, str]:
    """What is known of other points and their subsystems."""
    remote = {}
    for code, standing, subsystems in management.known():
        remote[str(code)] = standing.name.lower()
        remote |= {f"{code}:{ssn}": state.name.lower() for ssn, state in subsystems.items()}
    return remote
