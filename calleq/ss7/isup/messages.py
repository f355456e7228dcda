"""The messages of ISUP calls, typed (Q.762 §2, Q.763 §4); `codec` turns them into octets.

Owns set-up, conversation and release; `supervision` and `services` own the rest, and all of them
are named here. Every message is frozen. `other` keeps the optional parameters that have no field of
their own, as (parameter name code, contents), in the order in which they arrived, so that nothing
is lost on the way through a switch; `optional` reads them.
"""

import msgspec

from calleq.ss7.isup.services import (
    Apm,
    Crg,
    Drs,
    Exm,
    Faa,
    Fac,
    Far,
    Frj,
    Idr,
    Irs,
    Lop,
    Nrm,
    Pam,
    Pri,
    Sdn,
    ServiceMessage,
    Sgm,
    Usr,
)
from calleq.ss7.isup.supervision import (
    Bla,
    Blo,
    Ccr,
    Cfn,
    Cgb,
    Cgba,
    Cgu,
    Cgua,
    CircuitMessage,
    Cot,
    Cqm,
    Cqr,
    Cra,
    Crm,
    Cvr,
    Cvt,
    Gra,
    Grs,
    Lpa,
    Olm,
    Rsc,
    Uba,
    Ubl,
    Ucic,
    Upa,
    Upt,
)
from calleq.ss7.isup.values import (
    CalledNumber,
    CallingNumber,
    CallState,
    Cause,
    CircuitState,
    GroupKind,
    IsupError,
    Location,
    Nature,
    Other,
    Presentation,
    RangeStatus,
    range_status,
)


class Iam(msgspec.Struct, frozen=True, gc=False):
    """Initial address message: seizes the circuit (Q.763 Table 32)."""

    cic: int
    called: CalledNumber
    calling: CallingNumber | None = None
    nature_of_connection: int = 0
    forward_call: int = 0x6001
    """Q.763 §3.23, first octet the higher: ISUP all the way, ISDN access."""
    category: int = 10
    medium: int = 3
    """Transmission medium requirement (Q.763 §3.54): 0 speech, 3 3.1 kHz audio."""
    other: Other = ()


class Acm(msgspec.Struct, frozen=True, gc=False):
    """Address complete message (Q.763 Table 21)."""

    cic: int
    backward_call: int = 0x0000
    cause: Cause | None = None
    other: Other = ()


class Cpg(msgspec.Struct, frozen=True, gc=False):
    """Call progress message (Q.763 Table 23); event 1 is alerting (§3.21)."""

    cic: int
    event: int
    cause: Cause | None = None
    other: Other = ()


class Anm(msgspec.Struct, frozen=True, gc=False):
    """Answer message (Q.763 Table 22)."""

    cic: int
    other: Other = ()


class Con(msgspec.Struct, frozen=True, gc=False):
    """Connect message: address complete and answer in one (Q.763 Table 27)."""

    cic: int
    backward_call: int = 0x0000
    other: Other = ()


class Rel(msgspec.Struct, frozen=True, gc=False):
    """Release message (Q.763 Table 33)."""

    cic: int
    cause: Cause
    other: Other = ()


class Rlc(msgspec.Struct, frozen=True, gc=False):
    """Release complete message (Q.763 Table 34)."""

    cic: int
    cause: Cause | None = None
    other: Other = ()


class Sam(msgspec.Struct, frozen=True, gc=False):
    """Subsequent address message (Q.763 Table 35); `digits` 0-9, b, c and, for ST, a last f."""

    cic: int
    digits: str
    other: Other = ()


class Inr(msgspec.Struct, frozen=True, gc=False):
    """Information request message, national use (Q.763 Table 31)."""

    cic: int
    request: int = 0x0000
    """Information request indicators (§3.29), first octet the higher."""
    other: Other = ()


class Inf(msgspec.Struct, frozen=True, gc=False):
    """Information message, national use (Q.763 Table 30)."""

    cic: int
    information: int = 0x0000
    """Information indicators (§3.28), first octet the higher."""
    other: Other = ()


class Fot(msgspec.Struct, frozen=True, gc=False):
    """Forward transfer message (Q.763 Table 37)."""

    cic: int
    other: Other = ()


class Sus(msgspec.Struct, frozen=True, gc=False):
    """Suspend message (Q.763 Table 38)."""

    cic: int
    by_network: int = 0
    """Suspend/resume indicators (§3.52): 0 initiated by the ISDN subscriber, 1 by the network."""
    other: Other = ()


class Res(msgspec.Struct, frozen=True, gc=False):
    """Resume message (Q.763 Table 38)."""

    cic: int
    by_network: int = 0
    other: Other = ()


class Unknown(msgspec.Struct, frozen=True, gc=False):
    """A message whose type calleq does not act on; `body` is every octet after the type."""

    cic: int
    message_type: int
    body: bytes


Message = (
    Iam
    | Sam
    | Inr
    | Inf
    | Acm
    | Cpg
    | Anm
    | Con
    | Fot
    | Sus
    | Res
    | Rel
    | Rlc
    | Unknown
    | CircuitMessage
    | ServiceMessage
)

__all__ = [
    "Acm",
    "Anm",
    "Apm",
    "Bla",
    "Blo",
    "CallState",
    "CalledNumber",
    "CallingNumber",
    "Cause",
    "Ccr",
    "Cfn",
    "Cgb",
    "Cgba",
    "Cgu",
    "Cgua",
    "CircuitMessage",
    "CircuitState",
    "Con",
    "Cot",
    "Cpg",
    "Cqm",
    "Cqr",
    "Cra",
    "Crg",
    "Crm",
    "Cvr",
    "Cvt",
    "Drs",
    "Exm",
    "Faa",
    "Fac",
    "Far",
    "Fot",
    "Frj",
    "Gra",
    "GroupKind",
    "Grs",
    "Iam",
    "Idr",
    "Inf",
    "Inr",
    "Irs",
    "IsupError",
    "Location",
    "Lop",
    "Lpa",
    "Message",
    "Nature",
    "Nrm",
    "Olm",
    "Other",
    "Pam",
    "Presentation",
    "Pri",
    "RangeStatus",
    "Rel",
    "Res",
    "Rlc",
    "Rsc",
    "Sam",
    "Sdn",
    "ServiceMessage",
    "Sgm",
    "Sus",
    "Uba",
    "Ubl",
    "Ucic",
    "Unknown",
    "Upa",
    "Upt",
    "Usr",
    "range_status",
]
