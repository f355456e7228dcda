"""Who vouches for callers on the trunks of one switch: STIR/SHAKEN, signed and verified (RFC 8588).

Owns the keys and trusted certificates of each trunk, read once. A call that leaves by a trunk with
a key is signed as far as the switch knows its caller (`Screening.attestation`), and only where the
far end may know the number at all. A call that comes by a trunk with trusted certificates is
believed as far as its signature says: A is the caller's own number, B and C are not known to be.

It refuses, by the status that RFC 8224 has for it, a signature that does not fit or was made for
another call: that is a forgery, and worse than none. A signature of somebody unknown, or an old
one, is as none.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from uuid import UUID

import msgspec

from calleq.lines.messages import Screening, Setup
from calleq.sip.bounds import SipError
from calleq.sip.message import Fields, Request
from calleq.sip.shaken import STATUS_OF_TRUST, Attestation, Signer, Trust, Verifier
from calleq.topology_sip import SipTrunk

_FORGED = frozenset((Trust.FALSE, Trust.OTHER_NUMBERS, Trust.UNREADABLE))
_SCREENING: Mapping[Attestation, Screening] = {
    "A": Screening.PASSED,
    "B": Screening.FAILED,
    "C": Screening.UNSCREENED,
}


class Believed(msgspec.Struct, frozen=True):
    """What a signature comes to."""

    screening: Screening = Screening.UNSCREENED
    refusal: int = 0
    """The status to refuse with; 0: none."""


class Vouching:
    """Signs and verifies for one gateway."""

    def __init__(self, trunks: Iterable[SipTrunk], origin: UUID) -> None:
        """`origin` tells this gateway from others of the carrier. Raises SipError, naming the
        trunk, for a file that is no key or certificate."""
        self._origin = str(origin)
        self._signers: dict[str, Signer] = {}
        self._verifiers: dict[str, Verifier] = {}
        for trunk in trunks:
            try:
                if trunk.shaken_key:
                    key = _read(trunk.shaken_key)
                    self._signers[trunk.name] = Signer(key, trunk.shaken_certificate)
                if trunk.shaken_trusted:
                    trusted = [_read(path) for path in trunk.shaken_trusted]
                    self._verifiers[trunk.name] = Verifier(trusted)
            except SipError as error:
                raise SipError(f"trunk {trunk.name}: {error}") from error

    def signed(self, trunk: SipTrunk, setup: Setup, now_s: int) -> Fields:
        """The Identity of a call that leaves; no field where it is not signed."""
        signer = self._signers.get(trunk.name)
        hidden = setup.restricted and not trunk.trusted
        if signer is None or not setup.calling or hidden:
            return {}
        level = setup.screening.attestation
        identity = signer.identity(level, setup.calling, setup.called, self._origin, now_s)
        return {"identity": [identity]}

    def believed(
        self, trunk: SipTrunk, request: Request, calling: str, called: str, now_s: int
    ) -> Believed:
        """What is believed of the caller of a call that comes."""
        verifier = self._verifiers.get(trunk.name)
        if verifier is None:
            return Believed()
        verdict = verifier.judge(request, calling, called, now_s)
        if verdict.trust in _FORGED:
            return Believed(refusal=STATUS_OF_TRUST[verdict.trust])
        level = verdict.attestation
        return Believed() if level is None else Believed(_SCREENING[level])


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise SipError(f"{path}: {error.strerror or error}") from error
