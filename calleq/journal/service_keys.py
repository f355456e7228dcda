"""How an SCP and the switch that dials for it call one leg, so that their journals can be joined.

An SCP sees no circuit: what it has in common with the switch is the TCAP transaction by which it
asks, and the leg's number in it. Written as a circuit key (from the SCP's point code to the
switch's) they join the SCP's `Dialled` to the switch's `Transit` as circuits join exchanges.
"""

from calleq.journal.entries import CircuitKey

LEGS = 256
"""Leg numbers are one octet."""


def service_key(control_point: int, switch: int, transaction: int, leg: int) -> CircuitKey:
    """The leg that `control_point` has `switch` dial; `transaction` is the SCP's own identifier.

    >>> service_key(4753, 4593, 7, 2).cic
    1794
    """
    return CircuitKey(control_point, switch, transaction * LEGS + leg)
