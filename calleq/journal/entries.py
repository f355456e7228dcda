"""Everything a journal holds, as one closed union. Each process writes one journal.

A `Stamped` entry carries who wrote it, its sequence number and both times. Records, traces and
recovery are derived from these entries and from nothing else (docs/architecture.md, rule 4).

A circuit is named by `CircuitKey`, the label of the IAM that seized it. That is what one exchange
and the next have in common: ISUP carries no call reference (rule 3).

Entries are acyclic and there are millions of them, so the garbage collector need not look at them.
"""

from collections.abc import Iterable

import msgspec


class CircuitKey(msgspec.Struct, frozen=True, gc=False):
    """The circuit of a seizure as its IAM names it: from `origin` to `destination`, on `cic`."""

    origin: int
    destination: int
    cic: int


class Received(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What the IAM that brought a call said, before anything was made of it (Q.763 §3.9, §3.10)."""

    trunk_group: str
    """The group of the circuit by which it came."""
    called: str
    called_nature: int
    calling: str = ""
    """Empty when the IAM had no calling number."""
    calling_nature: int = 0
    presentation: int = 0


class Accepted(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag="accepted"):
    """A door accepted a message for `call`; written before the answer says so."""

    call: str
    business: str
    door: str
    message: dict[str, object]
    """The message as received, without its password."""
    idempotency_key: str | None = None
    fingerprint: str = ""
    figure: int = 8
    by: str = ""
    """Who asked: the credential's identifier, or the user's name; never a secret."""
    source: str = ""
    """The sender's address."""
    visitor: str = ""
    """Of a request from a page: by what its visitor is known."""
    due_us: int = 0
    """When it is to be made, UTC; 0: at once."""
    expires_us: int = 0
    """From then on it is not begun any more; 0: never."""
    held: dict[str, object] | None = None
    """What is held for it, as charging says (`calleq.intake.contract.Held`)."""
    talk_limit_us: int = 0
    """How long its parties may talk for that; 0: no limit of this kind."""
    retry_of: str = ""
    """The call of which this is another try."""
    try_number: int = 1
    code_of: str = ""
    """Of which call its one-time code is; empty: none was told."""


class Rescheduled(msgspec.Struct, frozen=True, gc=False, tag="rescheduled"):
    """An accepted call that had not been begun is due at another time; its last entry counts."""

    call: str
    due_us: int
    expires_us: int = 0
    by: str = ""


class Cancelled(msgspec.Struct, frozen=True, gc=False, tag="cancelled"):
    """Somebody cancelled a call before it was begun; its `Ended` follows."""

    call: str
    by: str = ""


class Charged(msgspec.Struct, frozen=True, gc=False, tag="charged"):
    """What a finished call cost, once; what was held beyond that is free again."""

    call: str
    business: str
    amount_micro: int
    currency: str
    over_micro: int = 0
    """By how much it exceeds what was held."""
    charges: tuple[dict[str, object], ...] = ()
    """Each rounded amount and how it came about (`calleq.rating.Charge`), plain JSON."""


class Credited(msgspec.Struct, frozen=True, gc=False, tag="credited"):
    """Money was paid in for a business (negative: taken out)."""

    business: str
    amount_micro: int
    currency: str
    by: str = ""
    note: str = ""


class BalanceStated(msgspec.Struct, frozen=True, gc=False, tag="balance_stated"):
    """What a business has paid and spent up to here, whatever `Charged` and `Credited` said."""

    business: str
    currency: str
    credited_micro: int
    charged_micro: int
    spent_micro: dict[str, int] = {}
    """By day and month of the business's zone (`day 2026-01-05`), as far as they still count."""


class AccountChanged(msgspec.Struct, frozen=True, gc=False, tag="account_changed"):
    """A change of businesses, users, numbers, representatives, customers or credentials."""

    change: dict[str, object]
    """As `calleq.accounts` has it, plain JSON; no secret but hashes."""
    by: str = ""


class Refused(msgspec.Struct, frozen=True, gc=False, tag="refused"):
    """A door refused a message; `reason` is the true one, which the sender is not told."""

    door: str
    business: str
    reason: str
    peer: str
    customer: str = ""
    """Whom it would have called; empty where the message was not looked at so far."""
    by: str = ""
    visitor: str = ""
    idempotency_key: str | None = None
    """The key that is bound to the refusal; None: none is."""
    fingerprint: str = ""
    problem: dict[str, object] | None = None
    """Of such a key: what the sender was told, plain JSON."""


class DoNotCall(msgspec.Struct, frozen=True, gc=False, tag="do_not_call"):
    """A customer never wants to be called again by a business; a number's last entry counts."""

    door: str
    business: str
    number: str
    listed: bool = True
    """False: an operator took the number off the list."""
    call: str = ""
    """In which the customer said so; empty: an operator did."""


class Undertaken(msgspec.Struct, frozen=True, gc=False, tag="undertaken"):
    """Calling equipment took over the set-up of `call`; `instruction` is the OSN message, JSON."""

    call: str
    instruction: dict[str, object]


class Dialled(msgspec.Struct, frozen=True, gc=False, tag="dialled"):
    """An attempt to dial; written before its IAM leaves and never repeated after a restart."""

    call: str
    leg: str
    """`customer`, `agent` or `third`."""
    attempt: int
    """1 for the call's first dialling of this leg, 2 for the next representative, and so on."""
    number: str
    circuit: CircuitKey | None
    trunk_group: str = ""


class Progress(msgspec.Struct, frozen=True, gc=False, tag="progress"):
    """Something happened to a call; durable before the equipment acts on it."""

    call: str
    event: str
    leg: str = ""
    attempt: int = 0
    cause: int = 0
    detail: str = ""


class Ended(msgspec.Struct, frozen=True, gc=False, tag="ended"):
    """The one final state of a call."""

    call: str
    state: str
    cause: int
    detail: str = ""
    """What belongs to the state: why a customer who answered is `customer_rejected`."""


class Transit(msgspec.Struct, frozen=True, gc=False, tag="transit"):
    """A switch passed a call on: the circuit (None: a line) it came by and the one it leaves by."""

    incoming: CircuitKey | None
    outgoing: CircuitKey
    line: str = ""
    again: bool = False
    """Another choice for the same call: the circuit that was chosen before came to nothing."""
    called: str = ""
    """The number called, E.164; empty in journals of before it was written."""


class LineSeized(msgspec.Struct, frozen=True, gc=False, tag="line_seized"):
    """The switch facing a party offered it a call; `seizure` numbers it within the switch.

    A call that leaves the network by a SIP trunk is offered at the trunk: then `line` is the name
    of the trunk, and `called` the number behind it.
    """

    seizure: int
    line: str
    incoming: CircuitKey | None
    calling: str
    called: str
    received: Received | None = None
    """None where a line of the same switch dialled."""
    again: bool = False
    """Another choice for the same call: the trunk that was chosen before came to nothing."""
    dialled_by: str = ""
    """The line that dialled, where it was one of this switch, or the SIP trunk it came by."""


class LineRinging(msgspec.Struct, frozen=True, gc=False, tag="line_ringing"):
    """The party's telephone rings."""

    seizure: int


class LineAnswered(msgspec.Struct, frozen=True, gc=False, tag="line_answered"):
    """The party answered: charging may begin. Durable before ANM leaves the switch."""

    seizure: int


class LineHeartbeat(msgspec.Struct, frozen=True, gc=False, tag="line_heartbeat"):
    """The call at the line is still up; written regularly, so that a crash leaves little open."""

    seizure: int


class LineReleased(msgspec.Struct, frozen=True, gc=False, tag="line_released"):
    """The call at the line ended; `released_by` is `line` or `network`.

    `restart`: a life of the switch that began after a crash says that the call is over. It ended
    some time after the last entry that the life before it wrote.
    """

    seizure: int
    cause: int
    location: int
    released_by: str


class LineMeasured(msgspec.Struct, frozen=True, gc=False, tag="line_measured"):
    """What the voice of the call at the line was like; told after its end, where it is measured.

    The fields are those of `calleq.media.ports.Quality`.
    """

    seizure: int
    received: int = 0
    lost: int = 0
    late: int = 0
    strangers: int = 0
    jitter_us: int = 0
    sent: int = 0
    far_lost: int = 0
    far_jitter_us: int = 0
    round_trip_us: int = 0
    r_factor: float = 0.0
    mos: float = 0.0


class LineRefused(msgspec.Struct, frozen=True, gc=False, tag="line_refused"):
    """The switch facing the party could not offer it the call (busy, unallocated, absent…)."""

    called: str
    incoming: CircuitKey | None
    cause: int
    location: int
    calling: str = ""
    received: Received | None = None
    dialled_by: str = ""
    """As that of `LineSeized`."""


class Redirected(msgspec.Struct, frozen=True, gc=False, tag="redirected"):
    """An SCP had a call that came by a circuit dialled to another number; written before it is."""

    incoming: CircuitKey
    dialled: str
    """The number that the call came for."""
    called: str
    again: bool = False
    """What it was dialled to before came to nothing."""


class Furnished(msgspec.Struct, frozen=True, gc=False, tag="furnished"):
    """What an SCP has a switch write into the records of a call (FurnishChargingInformation)."""

    control_point: int
    dialogue: int
    """The switch's own number of the dialogue."""
    circuits: tuple[CircuitKey, ...]
    """By what legs came or go that have been dialled already."""
    coming: tuple[CircuitKey, ...]
    """... that are dialled after this."""
    tag: str
    """The octets, hexadecimal."""


class Assisted(msgspec.Struct, frozen=True, gc=False, tag="assisted"):
    """A peripheral took a party that an SCP had sent on to it; durable before ANM leaves.

    Nothing of it is billed: whoever called the party writes that.
    """

    incoming: CircuitKey
    control_point: int
    """Whose orders it follows."""
    correlation: str


class AssistEnded(msgspec.Struct, frozen=True, gc=False, tag="assist_ended"):
    """The peripheral let go of that party, or the party's switch did."""

    incoming: CircuitKey
    cause: int


class Controlled(msgspec.Struct, frozen=True, gc=False, tag="controlled"):
    """An order to a call that goes on; durable before it is carried out."""

    call: str
    command: str
    order: dict[str, object]
    """The order as the OSN had it, JSON."""


class RecordedParty(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A party that is recorded, and when it had heard the announcement to its end."""

    leg: str
    attempt: int
    number: str
    announced_at_us: int


class Recorded(msgspec.Struct, frozen=True, gc=False, tag="recorded"):
    """What a recording is from now on."""

    call: str
    recording: str
    """Its name, that of its file too."""
    status: str
    """`in-progress`, `paused`, `stopped`, `processing`, `completed`, `absent`, `failed` or
    `deleted`."""
    parties: tuple[RecordedParty, ...] = ()
    """All so far; of a recording that has begun each had heard the announcement before."""
    length_us: int = 0
    octets: int = 0
    reason: str = ""


class Started(msgspec.Struct, frozen=True, gc=False, tag="started"):
    """An element began work; `software` is the version that writes what follows."""

    software: str


_OfDoors = Accepted | Rescheduled | Cancelled | Refused | DoNotCall | AccountChanged
_OfMoney = Charged | Credited | BalanceStated
_OfEquipment = Undertaken | Dialled | Progress | Ended | Controlled | Recorded
_OfLines = LineSeized | LineRinging | LineAnswered | LineHeartbeat | LineReleased | LineMeasured
_OfSwitches = Transit | LineRefused | Redirected | Furnished | Assisted | AssistEnded

Entry = _OfDoors | _OfMoney | _OfEquipment | _OfLines | _OfSwitches | Started


class Stamped(msgspec.Struct, frozen=True, gc=False):
    """An entry as it lies in the journal."""

    entity: str
    """The element that said it."""
    sequence: int
    """1, 2, 3 … within the entity's journal; gaps mean loss."""
    at_us: int
    monotonic_us: int
    entry: Entry


def by_entity(entries: Iterable[Stamped]) -> dict[str, list[Stamped]]:
    """What each element said, in the order given."""
    found: dict[str, list[Stamped]] = {}
    for stamped in entries:
        own = found.get(stamped.entity)
        if own is None:
            found[stamped.entity] = [stamped]
        else:
            own.append(stamped)
    return found
