"""The ISUP bench: CPU time of one IAM through the codec."""

import time

from calleq.cli.figures import Figure
from calleq.ss7.isup.codec import decode, encode
from calleq.ss7.isup.messages import CalledNumber, CallingNumber, Iam

ROUNDS = 5
IAMS = 20_000


def _sample() -> Iam:
    """Calling number and one more optional parameter (user service information, Q.763 §3.57)."""
    return Iam(
        cic=17,
        called=CalledNumber("12125550143"),
        calling=CallingNumber("12125550100"),
        other=((0x1D, b"\x80\x90\xa2"),),
    )


def measure(command: str) -> list[Figure]:
    """Best of some rounds, so that other programs on the machine do not count."""
    message = _sample()
    octets = encode(message)
    best_encode = best_decode = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(IAMS):
            encode(message)
        best_encode = min(best_encode, time.process_time() - started)
        started = time.process_time()
        for _ in range(IAMS):
            decode(octets)
        best_decode = min(best_decode, time.process_time() - started)
    return [
        Figure("IAM encoded", best_encode / IAMS * 1e6, "us CPU", command),
        Figure("IAM decoded", best_decode / IAMS * 1e6, "us CPU", command),
    ]
