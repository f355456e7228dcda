"""Where the parameters of each message type stand: Q.763 §4 as data.

Owns the name codes of parameters that have a place of their own and one `Layout` per message type.
What an optional part may hold is `optional.CONTENTS`; names of all parameters are there too.
Messages of ANSI T1.113 alone, and its IAM, have their layouts in `ANSI_LAYOUTS`.
"""

from typing import NamedTuple

from calleq.ss7.isup import messages as m

HEAD_OCTETS = 3
"""Circuit identification code and message type."""

END_OF_OPTIONAL = 0x00
TRANSMISSION_MEDIUM = 0x02
CALLED_PARTY_NUMBER = 0x04
SUBSEQUENT_NUMBER = 0x05
NATURE_OF_CONNECTION = 0x06
FORWARD_CALL = 0x07
CALLING_PARTY_CATEGORY = 0x09
CALLING_PARTY_NUMBER = 0x0A
INFORMATION_REQUEST = 0x0E
INFORMATION = 0x0F
CONTINUITY = 0x10
BACKWARD_CALL = 0x11
CAUSE_INDICATORS = 0x12
GROUP_KIND = 0x15
RANGE_AND_STATUS = 0x16
FACILITY = 0x18
USER_SERVICE_INFORMATION = 0x1D
USER_TO_USER = 0x20
SUSPEND_RESUME = 0x22
EVENT_INFORMATION = 0x24
CIRCUIT_STATE = 0x26
GROUP_CHARACTERISTICS = 0xE5
VALIDATION_RESPONSE = 0xE6


class Layout(NamedTuple):
    """Where the parameters of one message type stand (Q.763 §4)."""

    name: str
    message_type: int
    table: str
    """Of Q.763, unless it says another standard."""
    fixed: tuple[tuple[int, int], ...]
    """Name code and length in octets of each mandatory fixed parameter, in order."""
    variable: tuple[int, ...]
    optional: bool
    pointers_at: int
    parameters_at: int


def _layout(
    name: str,
    message_type: int,
    table: str,
    fixed: tuple[tuple[int, int], ...] = (),
    variable: tuple[int, ...] = (),
    optional: bool = True,
) -> Layout:
    pointers_at = HEAD_OCTETS + sum(length for _, length in fixed)
    parameters_at = pointers_at + len(variable) + optional
    return Layout(name, message_type, table, fixed, variable, optional, pointers_at, parameters_at)


def _circuit(name: str, message_type: int, table: str = "39") -> Layout:
    """A message that says nothing but its circuit."""
    return _layout(name, message_type, table, optional=False)


def _group(name: str, message_type: int, table: str, kind: bool) -> Layout:
    fixed = ((GROUP_KIND, 1),) if kind else ()
    return _layout(name, message_type, table, fixed, (RANGE_AND_STATUS,), optional=False)


IAM = _layout(
    "IAM",
    0x01,
    "32",
    fixed=(
        (NATURE_OF_CONNECTION, 1),
        (FORWARD_CALL, 2),
        (CALLING_PARTY_CATEGORY, 1),
        (TRANSMISSION_MEDIUM, 1),
    ),
    variable=(CALLED_PARTY_NUMBER,),
)
ACM = _layout("ACM", 0x06, "21", fixed=((BACKWARD_CALL, 2),))
CON = _layout("CON", 0x07, "27", fixed=((BACKWARD_CALL, 2),))
ANM = _layout("ANM", 0x09, "22")
REL = _layout("REL", 0x0C, "33", variable=(CAUSE_INDICATORS,))
RLC = _layout("RLC", 0x10, "34")
RSC = _circuit("RSC", 0x12)
CPG = _layout("CPG", 0x2C, "23", fixed=((EVENT_INFORMATION, 1),))

LAYOUTS: dict[type[m.Message], Layout] = {
    m.Iam: IAM,
    m.Sam: _layout("SAM", 0x02, "35", variable=(SUBSEQUENT_NUMBER,)),
    m.Inr: _layout("INR", 0x03, "31", fixed=((INFORMATION_REQUEST, 2),)),
    m.Inf: _layout("INF", 0x04, "30", fixed=((INFORMATION, 2),)),
    m.Cot: _layout("COT", 0x05, "28", fixed=((CONTINUITY, 1),), optional=False),
    m.Acm: ACM,
    m.Con: CON,
    m.Fot: _layout("FOT", 0x08, "37"),
    m.Anm: ANM,
    m.Rel: REL,
    m.Sus: _layout("SUS", 0x0D, "38", fixed=((SUSPEND_RESUME, 1),)),
    m.Res: _layout("RES", 0x0E, "38", fixed=((SUSPEND_RESUME, 1),)),
    m.Rlc: RLC,
    m.Ccr: _circuit("CCR", 0x11),
    m.Rsc: RSC,
    m.Blo: _circuit("BLO", 0x13),
    m.Ubl: _circuit("UBL", 0x14),
    m.Bla: _circuit("BLA", 0x15),
    m.Uba: _circuit("UBA", 0x16),
    m.Grs: _group("GRS", 0x17, "41", kind=False),
    m.Cgb: _group("CGB", 0x18, "40", kind=True),
    m.Cgu: _group("CGU", 0x19, "40", kind=True),
    m.Cgba: _group("CGBA", 0x1A, "40", kind=True),
    m.Cgua: _group("CGUA", 0x1B, "40", kind=True),
    m.Far: _layout("FAR", 0x1F, "42", fixed=((FACILITY, 1),)),
    m.Faa: _layout("FAA", 0x20, "42", fixed=((FACILITY, 1),)),
    m.Frj: _layout("FRJ", 0x21, "29", fixed=((FACILITY, 1),), variable=(CAUSE_INDICATORS,)),
    m.Lpa: _circuit("LPA", 0x24),
    m.Drs: _layout("DRS", 0x27, "4 (1988)", variable=(CAUSE_INDICATORS,)),
    m.Gra: _group("GRA", 0x29, "25", kind=False),
    m.Cqm: _group("CQM", 0x2A, "41", kind=False),
    m.Cqr: _layout("CQR", 0x2B, "24", variable=(RANGE_AND_STATUS, CIRCUIT_STATE), optional=False),
    m.Cpg: CPG,
    m.Usr: _layout("USR", 0x2D, "36", variable=(USER_TO_USER,)),
    m.Ucic: _circuit("UCIC", 0x2E),
    m.Cfn: _layout("CFN", 0x2F, "26", variable=(CAUSE_INDICATORS,)),
    m.Olm: _circuit("OLM", 0x30),
    m.Nrm: _layout("NRM", 0x32, "46"),
    m.Fac: _layout("FAC", 0x33, "45"),
    m.Upt: _layout("UPT", 0x34, "44"),
    m.Upa: _layout("UPA", 0x35, "44"),
    m.Idr: _layout("IDR", 0x36, "47"),
    m.Irs: _layout("IRS", 0x37, "48"),
    m.Sgm: _layout("SGM", 0x38, "49"),
    m.Lop: _layout("LOP", 0x40, "50"),
    m.Apm: _layout("APM", 0x41, "51"),
    m.Pri: _layout("PRI", 0x42, "52"),
    m.Sdn: _layout("SDN", 0x43, "53"),
}
"""Every ITU message whose parameters Q.763 lays out."""

PASS_ALONG_TYPE = 0x28
"""Q.763 Table 43: what follows is a message of its own."""
CHARGE_TYPE = 0x31
"""Q.763 Table 4, note: what follows is a national matter."""

ANSI_IAM = _layout(
    "IAM",
    0x01,
    "T1.113.3",
    fixed=((NATURE_OF_CONNECTION, 1), (FORWARD_CALL, 2), (CALLING_PARTY_CATEGORY, 1)),
    variable=(USER_SERVICE_INFORMATION, CALLED_PARTY_NUMBER),
)

_ITU_ALONE = frozenset(
    (m.Sam, m.Con, m.Far, m.Faa, m.Frj, m.Drs, m.Usr, m.Olm, m.Nrm, m.Upt, m.Upa)
) | frozenset((m.Idr, m.Irs, m.Sgm, m.Lop, m.Apm, m.Pri, m.Sdn))

ANSI_LAYOUTS: dict[type[m.Message], Layout] = {
    **{kind: layout for kind, layout in LAYOUTS.items() if kind not in _ITU_ALONE},
    m.Iam: ANSI_IAM,
    m.Rlc: _circuit("RLC", 0x10, "T1.113.3"),
    m.Cra: _circuit("CRA", 0xE9, "T1.113.3"),
    m.Crm: _layout("CRM", 0xEA, "T1.113.3", fixed=((NATURE_OF_CONNECTION, 1),), optional=False),
    m.Cvr: _layout(
        "CVR", 0xEB, "T1.113.3", fixed=((VALIDATION_RESPONSE, 1), (GROUP_CHARACTERISTICS, 1))
    ),
    m.Cvt: _circuit("CVT", 0xEC, "T1.113.3"),
    m.Exm: _layout("EXM", 0xED, "T1.113.3"),
}
"""The messages of ANSI T1.113; where both have one, only IAM and RLC look different."""

MESSAGE_TYPES: dict[type[m.Message], int] = {
    **{kind: layout.message_type for kind, layout in (LAYOUTS | ANSI_LAYOUTS).items()},
    m.Pam: PASS_ALONG_TYPE,
    m.Crg: CHARGE_TYPE,
}
"""The type code of every message but `Unknown`, whose code is a field."""

MESSAGE_NAMES = {
    **{code: kind.__name__.upper() for kind, code in MESSAGE_TYPES.items()},
    0x1C: "CMR",
    0x1D: "CMC",
    0x1E: "CMRJ",
}
"""Acronyms by message type (Q.762 Table 2); call modification is of the 1988 edition."""
