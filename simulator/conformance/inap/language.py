"""The messages of an INAP case: INAP towards SCPs, ISUP towards exchanges.

Which of the two a message or a parameter belongs to its name tells: ISUP's are acronyms (`IAM`) and
written_so, INAP's are writtenSo.
"""

from collections.abc import Mapping

from simulator.conformance.inap.octets import INAP
from simulator.conformance.isup.octets import FORMATS, ISUP
from simulator.conformance.isup.parameters import CODES
from simulator.conformance.language import Language, Read, Value


class Both:
    """ISUP and INAP; fulfils `Language`."""

    def build(self, name: str, cic: int, fields: Mapping[str, Value]) -> bytes:
        return _of_message(name).build(name, cic, fields)

    def read(self, octets: bytes) -> Read:
        """An INAP message: ISUP's are read where they arrive."""
        return INAP.read(octets)

    def check(self, name: str, fields: Mapping[str, Value]) -> None:
        _of_message(name).check(name, fields)

    def pack(self, parameter: str, value: Value) -> bytes:
        return _of_parameter(parameter).pack(parameter, value)

    def mismatch(self, parameter: str, contents: bytes, value: Value) -> str:
        return _of_parameter(parameter).mismatch(parameter, contents, value)

    def ordinary(self, name: str, like: Read) -> bytes:
        return _of_message(name).ordinary(name, like)


def _of_message(name: str) -> Language:
    return ISUP if name in FORMATS else INAP


def _of_parameter(name: str) -> Language:
    return ISUP if name in CODES else INAP


BOTH = Both()
