"""How long a timer may run, as a tester holds it against what passes (Q.764 Table A.1, Q.118).

In seconds, shortest and longest. Written from the recommendation apart from the switch's own
values: a switch may choose within the range, and only that is checked.
"""

RANGES: dict[str, tuple[float, float]] = {
    "T1": (15, 60),
    "T2": (180, 180),
    "T4": (300, 900),
    "T5": (300, 900),
    "T6": (60, 120),
    "T7": (20, 30),
    "T8": (10, 15),
    "T9": (90, 240),
    "T12": (15, 60),
    "T13": (300, 900),
    "T14": (15, 60),
    "T15": (300, 900),
    "T16": (15, 60),
    "T17": (300, 900),
    "T18": (15, 60),
    "T19": (300, 900),
    "T20": (15, 60),
    "T21": (300, 900),
    "T22": (15, 60),
    "T23": (300, 900),
    "T24": (0, 2),
    "T25": (1, 10),
    "T26": (60, 180),
    "T27": (240, 240),
    "T28": (10, 10),
    "T33": (12, 15),
    "T34": (2, 4),
    "T35": (15, 20),
    "T36": (10, 15),
    # Level 3: Q.704 §16.8, Q.707 §5.5
    "MTP T1": (0.5, 1.2),
    "MTP T2": (0.7, 2),
    "MTP T3": (0.5, 1.2),
    "MTP T4": (0.5, 1.2),
    "MTP T5": (0.5, 1.2),
    "MTP T6": (0.5, 1.2),
    "MTP T8": (0.8, 1.2),
    "MTP T10": (30, 60),
    "MTP T14": (2, 3),
    "MTP T15": (2, 3),
    "MTP T16": (1.4, 2),
    "MTP T22": (180, 360),
    "MTP T23": (180, 360),
    "SLT T1": (4, 12),
    "SLT T2": (30, 90),
    # SCCP: Q.714 annex C; T(stat.info) doubles
    "T(reass)": (10, 20),
    "T(stat.info)": (5, 10),
    "T(stat.info) second": (10, 20),
    "T(stat.info) third": (20, 40),
    # INAP: EN 300 374-1 leaves TSSF to the operator; so long it may be in CAMEL (TS 29.078 §11)
    "Tssf": (1, 20),
}
SLACK_S = 0.1
"""Of a link's delay there and back, and of the time that the switch needs."""
