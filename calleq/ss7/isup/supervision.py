"""The messages that keep circuits and exchanges in order, typed (Q.763 Tables 24 to 28, 37 to 44).

Owns blocking, reset, query, continuity, confusion, overload, user part test, and the circuit
messages of ANSI T1.113 alone. `other` is as in `messages`.
"""

import msgspec

from calleq.ss7.isup.values import Cause, CircuitState, Other, RangeStatus


class Rsc(msgspec.Struct, frozen=True, gc=False):
    """Reset circuit message (Q.763 Table 39)."""

    cic: int


class Blo(msgspec.Struct, frozen=True, gc=False):
    """Blocking message (Q.763 Table 39)."""

    cic: int


class Bla(msgspec.Struct, frozen=True, gc=False):
    """Blocking acknowledgement message (Q.763 Table 39)."""

    cic: int


class Ubl(msgspec.Struct, frozen=True, gc=False):
    """Unblocking message (Q.763 Table 39)."""

    cic: int


class Uba(msgspec.Struct, frozen=True, gc=False):
    """Unblocking acknowledgement message (Q.763 Table 39)."""

    cic: int


class Ccr(msgspec.Struct, frozen=True, gc=False):
    """Continuity check request message (Q.763 Table 39)."""

    cic: int


class Lpa(msgspec.Struct, frozen=True, gc=False):
    """Loop back acknowledgement message, national use (Q.763 Table 39)."""

    cic: int


class Olm(msgspec.Struct, frozen=True, gc=False):
    """Overload message, national use (Q.763 Table 39)."""

    cic: int


class Ucic(msgspec.Struct, frozen=True, gc=False):
    """Unequipped circuit identification code message, national use (Q.763 Table 39)."""

    cic: int


class Cot(msgspec.Struct, frozen=True, gc=False):
    """Continuity message (Q.763 Table 28)."""

    cic: int
    continuity: int = 1
    """Continuity indicators (§3.18): 1 the check was successful, 0 it failed."""

    @property
    def passed(self) -> bool:
        """Whether the check was successful."""
        return bool(self.continuity & 1)


class Grs(msgspec.Struct, frozen=True, gc=False):
    """Circuit group reset message (Q.763 Table 41): range alone, 1 to 31."""

    cic: int
    circuits: RangeStatus


class Gra(msgspec.Struct, frozen=True, gc=False):
    """Circuit group reset acknowledgement (Q.763 Table 25); a status bit: blocked here."""

    cic: int
    circuits: RangeStatus


class Cgb(msgspec.Struct, frozen=True, gc=False):
    """Circuit group blocking message (Q.763 Table 40); a status bit: block this one."""

    cic: int
    kind: int
    circuits: RangeStatus


class Cgba(msgspec.Struct, frozen=True, gc=False):
    """Circuit group blocking acknowledgement message (Q.763 Table 40)."""

    cic: int
    kind: int
    circuits: RangeStatus


class Cgu(msgspec.Struct, frozen=True, gc=False):
    """Circuit group unblocking message (Q.763 Table 40)."""

    cic: int
    kind: int
    circuits: RangeStatus


class Cgua(msgspec.Struct, frozen=True, gc=False):
    """Circuit group unblocking acknowledgement message (Q.763 Table 40)."""

    cic: int
    kind: int
    circuits: RangeStatus


class Cqm(msgspec.Struct, frozen=True, gc=False):
    """Circuit group query message, national use (Q.763 Table 41): range alone, 0 to 31."""

    cic: int
    circuits: RangeStatus


class Cqr(msgspec.Struct, frozen=True, gc=False):
    """Circuit group query response message, national use (Q.763 Table 24)."""

    cic: int
    circuits: RangeStatus
    states: tuple[CircuitState, ...]


class Cfn(msgspec.Struct, frozen=True, gc=False):
    """Confusion message (Q.763 Table 26)."""

    cic: int
    cause: Cause
    other: Other = ()


class Upt(msgspec.Struct, frozen=True, gc=False):
    """User part test message (Q.763 Table 44)."""

    cic: int = 0
    other: Other = ()


class Upa(msgspec.Struct, frozen=True, gc=False):
    """User part available message (Q.763 Table 44)."""

    cic: int = 0
    other: Other = ()


class Crm(msgspec.Struct, frozen=True, gc=False):
    """Circuit reservation message (T1.113.3 Table 5, ANSI only)."""

    cic: int
    nature_of_connection: int = 0


class Cra(msgspec.Struct, frozen=True, gc=False):
    """Circuit reservation acknowledgement message (T1.113.3 Table 5, ANSI only)."""

    cic: int


class Cvt(msgspec.Struct, frozen=True, gc=False):
    """Circuit validation test message (T1.113.3 Table 5, ANSI only)."""

    cic: int


class Cvr(msgspec.Struct, frozen=True, gc=False):
    """Circuit validation response message (T1.113.3 Table 5, ANSI only)."""

    cic: int
    response: int = 0
    """Circuit validation response indicator: 0 successful, 1 failed."""
    characteristics: int = 0
    """Circuit group characteristics indicator, one octet."""
    other: Other = ()


CircuitMessage = (
    Rsc
    | Blo
    | Bla
    | Ubl
    | Uba
    | Ccr
    | Lpa
    | Olm
    | Ucic
    | Cot
    | Grs
    | Gra
    | Cgb
    | Cgba
    | Cgu
    | Cgua
    | Cqm
    | Cqr
    | Cfn
    | Upt
    | Upa
    | Crm
    | Cra
    | Cvt
    | Cvr
)
