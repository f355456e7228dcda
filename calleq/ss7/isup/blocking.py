"""Blocking of a circuit: four small machines beside that of its call (Q.764 §2.8.2).

A circuit is blocked from this end or from the far one, for maintenance or because hardware failed,
in any combination; all of it is one small number, so that a circuit that is not blocked pays
nothing. A barred circuit is not chosen for calls from here. A call that was up when maintenance
blocked its circuit goes on; where hardware failed, the call is over.

`LOCAL` decides what this end does about its own blocking of one kind, `REMOTE` what it holds of the
far end's. `Marks` are their states in bits; the other bits are the circuit's other reasons not to
be idle. Every pair is decided, and tests enumerate the product.

Where Q.764 leaves room:

- an acknowledgement that does not fit is taken for news of what the far end believes, and answered
  by asking for what is so here (§2.9.4);
- a reset from either end means that the far end no longer knows that we blocked: we ask anew, but
  for GRS and maintenance, where GRA says it (§2.9.3);
- an IAM on a circuit that the far end has blocked means that it has unblocked it (§2.8.2.1).
"""

from enum import IntEnum, IntFlag

from calleq.ss7.isup.messages import GroupKind


class Local(IntEnum):
    """This end's blocking, of one kind."""

    UNBLOCKED = 0
    BLOCKING = 1
    """Asked for, not acknowledged."""
    BLOCKED = 2
    UNBLOCKING = 3
    """Its end is asked for, not acknowledged."""


class LocalInput(IntEnum):
    """What can happen to it."""

    BLOCK = 0
    """An order of maintenance, or an alarm of hardware."""
    UNBLOCK = 1
    BLOCK_ACKNOWLEDGED = 2
    """BLA, or a bit of CGBA."""
    UNBLOCK_ACKNOWLEDGED = 3
    """UBA, or a bit of CGUA."""
    FAR_RESET = 4
    """RSC received; for hardware, GRS too."""
    FAR_GROUP_RESET = 5
    """GRS received: the status bits of GRA will say what is blocked for maintenance."""
    OWN_RESET = 6
    """RSC or GRS sent."""


class LocalAction(IntEnum):
    """What to do about it."""

    IGNORE = 0
    ASK_BLOCK = 1
    """Send BLO, or have the circuit in a CGB."""
    ASK_UNBLOCK = 2
    """Send UBL, or have the circuit in a CGU."""
    CONFIRM = 3
    """The far end knows."""


_L, _I, _A = Local, LocalInput, LocalAction
LOCAL: dict[tuple[Local, LocalInput], tuple[LocalAction, Local]] = {
    (_L.UNBLOCKED, _I.BLOCK): (_A.ASK_BLOCK, _L.BLOCKING),
    (_L.UNBLOCKED, _I.UNBLOCK): (_A.IGNORE, _L.UNBLOCKED),
    (_L.UNBLOCKED, _I.BLOCK_ACKNOWLEDGED): (_A.ASK_UNBLOCK, _L.UNBLOCKING),
    (_L.UNBLOCKED, _I.UNBLOCK_ACKNOWLEDGED): (_A.IGNORE, _L.UNBLOCKED),
    (_L.UNBLOCKED, _I.FAR_RESET): (_A.IGNORE, _L.UNBLOCKED),
    (_L.UNBLOCKED, _I.FAR_GROUP_RESET): (_A.IGNORE, _L.UNBLOCKED),
    (_L.UNBLOCKED, _I.OWN_RESET): (_A.IGNORE, _L.UNBLOCKED),
    (_L.BLOCKING, _I.BLOCK): (_A.IGNORE, _L.BLOCKING),
    (_L.BLOCKING, _I.UNBLOCK): (_A.ASK_UNBLOCK, _L.UNBLOCKING),
    (_L.BLOCKING, _I.BLOCK_ACKNOWLEDGED): (_A.CONFIRM, _L.BLOCKED),
    (_L.BLOCKING, _I.UNBLOCK_ACKNOWLEDGED): (_A.IGNORE, _L.BLOCKING),
    (_L.BLOCKING, _I.FAR_RESET): (_A.ASK_BLOCK, _L.BLOCKING),
    (_L.BLOCKING, _I.FAR_GROUP_RESET): (_A.CONFIRM, _L.BLOCKED),
    (_L.BLOCKING, _I.OWN_RESET): (_A.ASK_BLOCK, _L.BLOCKING),
    (_L.BLOCKED, _I.BLOCK): (_A.IGNORE, _L.BLOCKED),
    (_L.BLOCKED, _I.UNBLOCK): (_A.ASK_UNBLOCK, _L.UNBLOCKING),
    (_L.BLOCKED, _I.BLOCK_ACKNOWLEDGED): (_A.IGNORE, _L.BLOCKED),
    (_L.BLOCKED, _I.UNBLOCK_ACKNOWLEDGED): (_A.ASK_BLOCK, _L.BLOCKING),
    (_L.BLOCKED, _I.FAR_RESET): (_A.ASK_BLOCK, _L.BLOCKING),
    (_L.BLOCKED, _I.FAR_GROUP_RESET): (_A.IGNORE, _L.BLOCKED),
    (_L.BLOCKED, _I.OWN_RESET): (_A.ASK_BLOCK, _L.BLOCKING),
    (_L.UNBLOCKING, _I.BLOCK): (_A.ASK_BLOCK, _L.BLOCKING),
    (_L.UNBLOCKING, _I.UNBLOCK): (_A.IGNORE, _L.UNBLOCKING),
    # Of a request that crossed the order to unblock.
    (_L.UNBLOCKING, _I.BLOCK_ACKNOWLEDGED): (_A.IGNORE, _L.UNBLOCKING),
    (_L.UNBLOCKING, _I.UNBLOCK_ACKNOWLEDGED): (_A.CONFIRM, _L.UNBLOCKED),
    (_L.UNBLOCKING, _I.FAR_RESET): (_A.CONFIRM, _L.UNBLOCKED),
    (_L.UNBLOCKING, _I.FAR_GROUP_RESET): (_A.CONFIRM, _L.UNBLOCKED),
    (_L.UNBLOCKING, _I.OWN_RESET): (_A.CONFIRM, _L.UNBLOCKED),
}


class Remote(IntEnum):
    """The far end's blocking, of one kind, as it is known here."""

    UNBLOCKED = 0
    BLOCKED = 1


class RemoteInput(IntEnum):
    """What can happen to it."""

    BLOCK = 0
    """BLO, or a bit of CGB; for maintenance a bit of GRA."""
    UNBLOCK = 1
    """UBL, or a bit of CGU."""
    IAM = 2
    """The far end seizes the circuit."""
    FAR_RESET = 3
    """RSC or GRS received."""
    OWN_RESET = 4
    """RSC or GRS sent: the far end will say what it has blocked."""


REMOTE: dict[tuple[Remote, RemoteInput], Remote] = {
    (Remote.UNBLOCKED, RemoteInput.BLOCK): Remote.BLOCKED,
    (Remote.UNBLOCKED, RemoteInput.UNBLOCK): Remote.UNBLOCKED,
    (Remote.UNBLOCKED, RemoteInput.IAM): Remote.UNBLOCKED,
    (Remote.UNBLOCKED, RemoteInput.FAR_RESET): Remote.UNBLOCKED,
    (Remote.UNBLOCKED, RemoteInput.OWN_RESET): Remote.UNBLOCKED,
    (Remote.BLOCKED, RemoteInput.BLOCK): Remote.BLOCKED,
    (Remote.BLOCKED, RemoteInput.UNBLOCK): Remote.UNBLOCKED,
    (Remote.BLOCKED, RemoteInput.IAM): Remote.UNBLOCKED,
    (Remote.BLOCKED, RemoteInput.FAR_RESET): Remote.UNBLOCKED,
    (Remote.BLOCKED, RemoteInput.OWN_RESET): Remote.UNBLOCKED,
}


class Marks(IntFlag):
    """What is said of a circuit beside the state of its call; 0 of almost every one."""

    LOCAL_MAINTENANCE = 0b0011
    """Two bits: `Local`, of kind maintenance."""
    LOCAL_HARDWARE = 0b1100
    REMOTE_MAINTENANCE = 1 << 4
    REMOTE_HARDWARE = 1 << 5
    UNEQUIPPED = 1 << 6
    """The far exchange says that it has no such circuit (Q.764 §2.12)."""
    IN_GROUP = 1 << 7
    """Its reset is asked for by a GRS."""
    SUSPENDED = 1 << 8
    """The call on it is suspended (`suspension`)."""
    SEGMENTED = 1 << 9
    """A message on it waits for its second part (`reassembly`)."""
    RESET_OVERDUE = 1 << 10
    """T17 has run out: maintenance was told."""
    ON_EQUIPMENT = 1 << 11
    """It is looped, or a check tone is sent on it."""
    CHECK_FAILED = 1 << 12
    """More than one check of it has failed: maintenance was told."""
    RESERVED = 1 << 13
    """The far exchange has reserved it for a call (`reservations`, ANSI only)."""


LOCAL_MASK = int(Marks.LOCAL_MAINTENANCE | Marks.LOCAL_HARDWARE)
REMOTE_MASK = int(Marks.REMOTE_MAINTENANCE | Marks.REMOTE_HARDWARE)
BARRED_MASK = LOCAL_MASK | REMOTE_MASK | int(Marks.UNEQUIPPED | Marks.RESERVED)
"""With any of these a circuit is not seized from here."""

_REMOTE_BIT = (int(Marks.REMOTE_MAINTENANCE), int(Marks.REMOTE_HARDWARE))


def local_of(marks: int, kind: GroupKind) -> Local:
    """The state of this end's blocking of a kind."""
    return Local(marks >> 2 * kind & 3)


def remote_of(marks: int, kind: GroupKind) -> Remote:
    """The state of the far end's blocking of a kind."""
    return Remote.BLOCKED if marks & _REMOTE_BIT[kind] else Remote.UNBLOCKED


def local_step(marks: int, kind: GroupKind, given: LocalInput) -> tuple[LocalAction, int]:
    """What to do about an input, and the marks that follow."""
    action, following = LOCAL[local_of(marks, kind), given]
    shift = 2 * kind
    return action, marks & ~(3 << shift) | following << shift


def remote_step(marks: int, kind: GroupKind, given: RemoteInput) -> int:
    """The marks that follow an input."""
    following = REMOTE[remote_of(marks, kind), given]
    bit = _REMOTE_BIT[kind]
    return marks | bit if following is Remote.BLOCKED else marks & ~bit
