"""The messages of facilities and supplementary services, typed (Q.763 Tables 29, 36, 42 to 53).

Most carry optional parameters alone: what they mean is in `other`, and `optional.find` reads it.
"""

import msgspec

from calleq.ss7.isup.values import Cause, Other


class Far(msgspec.Struct, frozen=True, gc=False):
    """Facility request message (Q.763 Table 42)."""

    cic: int
    facility: int = 2
    """Facility indicator (§3.22): 2 user-to-user service."""
    other: Other = ()


class Faa(msgspec.Struct, frozen=True, gc=False):
    """Facility accepted message (Q.763 Table 42)."""

    cic: int
    facility: int = 2
    other: Other = ()


class Frj(msgspec.Struct, frozen=True, gc=False):
    """Facility reject message (Q.763 Table 29)."""

    cic: int
    facility: int
    cause: Cause
    other: Other = ()


class Fac(msgspec.Struct, frozen=True, gc=False):
    """Facility message (Q.763 Table 45)."""

    cic: int
    other: Other = ()


class Usr(msgspec.Struct, frozen=True, gc=False):
    """User-to-user information message (Q.763 Table 36); the first octet is the discriminator."""

    cic: int
    information: bytes
    other: Other = ()


class Nrm(msgspec.Struct, frozen=True, gc=False):
    """Network resource management message (Q.763 Table 46)."""

    cic: int
    other: Other = ()


class Idr(msgspec.Struct, frozen=True, gc=False):
    """Identification request message (Q.763 Table 47)."""

    cic: int
    other: Other = ()


class Irs(msgspec.Struct, frozen=True, gc=False):
    """Identification response message (Q.763 Table 48)."""

    cic: int
    other: Other = ()


class Sgm(msgspec.Struct, frozen=True, gc=False):
    """Segmentation message (Q.763 Table 49): the second part of a message too long for one."""

    cic: int
    other: Other = ()


class Lop(msgspec.Struct, frozen=True, gc=False):
    """Loop prevention message (Q.763 Table 50)."""

    cic: int
    other: Other = ()


class Apm(msgspec.Struct, frozen=True, gc=False):
    """Application transport message (Q.763 Table 51)."""

    cic: int
    other: Other = ()


class Pri(msgspec.Struct, frozen=True, gc=False):
    """Pre-release information message (Q.763 Table 52)."""

    cic: int
    other: Other = ()


class Sdn(msgspec.Struct, frozen=True, gc=False):
    """Subsequent directory number message, national use (Q.763 Table 53)."""

    cic: int
    other: Other = ()


class Drs(msgspec.Struct, frozen=True, gc=False):
    """Delayed release message of the 1988 edition; its code is reserved since (Q.763 Table 4)."""

    cic: int
    cause: Cause
    other: Other = ()


class Crg(msgspec.Struct, frozen=True, gc=False):
    """Charge information message: its parameters are a national matter (Q.763 Table 4, note)."""

    cic: int
    body: bytes = b""


class Pam(msgspec.Struct, frozen=True, gc=False):
    """Pass-along message, national use (Q.763 Table 43): another message's type and parameters."""

    cic: int
    passed_type: int
    body: bytes = b""


class Exm(msgspec.Struct, frozen=True, gc=False):
    """Exit message (T1.113.3 Table 5, ANSI only)."""

    cic: int
    other: Other = ()


ServiceMessage = (
    Far
    | Faa
    | Frj
    | Fac
    | Usr
    | Nrm
    | Idr
    | Irs
    | Sgm
    | Lop
    | Apm
    | Pri
    | Sdn
    | Drs
    | Crg
    | Pam
    | Exm
)
