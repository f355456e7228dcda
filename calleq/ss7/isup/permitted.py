"""Which optional parameters each message may carry: Q.763 Tables 21 to 53 as data.

Written as name codes in hexadecimal, in the order of the tables. Compatibility information of the
message (0x38) may stand in any message of the later editions and is listed where a table has it.
"""

from calleq.ss7.isup import messages as m

_BACKWARD = "29 01 2a 20 03 2c 35 37 2e 0c 39 36 2f 32 33 40 72 78 89 8a"
"""What the messages backwards during set-up have in common."""

_TABLES: dict[type[m.Message], str] = {
    m.Acm: f"{_BACKWARD} 12 74 7a 82",
    m.Cpg: f"{_BACKWARD} 12 11 45 21 4d c0 2d 74 7a",
    m.Anm: "11 29 01 2a 20 21 03 2e 2c 39 4d 2d c0 35 2f 32 0c 33 37 40 73 72 78 89 8a",
    m.Con: "29 4d 21 01 2a 20 03 2f 2c 32 35 37 2e 2d 39 33 c0 40 72 78 82 89 8a",
    m.Iam: (
        "23 01 0a 08 0b 13 1a 0d 28 20 03 1d 2a c0 31 30 2f c1 2b 34 32 39 2c 33 3a 3e 3f 4c 4b"
        " 5b 25 65 6e 6f 70 72 66 75 37 3d 79 78 7b 7d 7f 81 84 85 87 88 4e 77 8a 8b 8d"
    ),
    m.Rel: "13 0c 03 1e 20 27 2f 2e 39 2a 73 32 82 77 8c",
    m.Rlc: "12",
    m.Sam: "",
    m.Inf: "09 0a 01 0d 39 2f",
    m.Inr: "01 2f 39",
    m.Fot: "01",
    m.Sus: "01",
    m.Res: "01",
    m.Cfn: "",
    m.Far: "2a 01 0d 39",
    m.Faa: "2a 01 0d 39",
    m.Frj: "2a",
    m.Usr: "03",
    m.Upt: "39",
    m.Upa: "39",
    m.Fac: "38 39 32 33 45 03 2c 0c 7c 86 87 89 8a",
    m.Nrm: "38 39 37",
    m.Idr: "3b 38 39",
    m.Irs: "3c 38 39 0a 03 c0 71",
    m.Sgm: "03 20 38 c1 2c c0",
    m.Lop: "38 39 43 44",
    m.Apm: "38 39 78",
    m.Pri: "38 39 08 29 78",
    m.Sdn: "05 38",
}

PERMITTED: dict[type[m.Message], frozenset[int]] = {
    kind: frozenset(bytes.fromhex(codes)) for kind, codes in _TABLES.items()
}
"""The name codes that the optional part of each message may have."""
