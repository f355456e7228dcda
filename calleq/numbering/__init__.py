"""Where a party can be reached: `E164 | SipUri | IpAddress`.

Each is a `str` of its one canonical form, so that equal addresses compare equal and JSON carries
them as they are. `parse_address` is the only way in from text; `public_number` is stricter and
says whether a number may be called at all.
"""

from calleq.numbering.addresses import (
    E164,
    Address,
    IpAddress,
    NumberingError,
    SipUri,
    parse_address,
    parse_e164,
)
from calleq.numbering.public import NumberRefusedError, public_number

__all__ = [
    "E164",
    "Address",
    "IpAddress",
    "NumberRefusedError",
    "NumberingError",
    "SipUri",
    "parse_address",
    "parse_e164",
    "public_number",
]
