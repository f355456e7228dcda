"""Where a party can be reached: `E164 | SipUri | IpAddress`.

Each is a `str` of its one canonical form, so that equal addresses compare equal and JSON carries
them as they are. `parse_address` is the only way in from text; `public_number` is stricter and
says whether a number may be called at all, `VoipPolicy` whether a SIP URI or an IP address may.
"""

from calleq.numbering.addresses import (
    E164,
    Address,
    IpAddress,
    NumberingError,
    SipUri,
    is_voip,
    parse_address,
    parse_e164,
    parse_sip,
)
from calleq.numbering.public import (
    KINDS_NOT_CALLED,
    NumberRefusedError,
    existing_number,
    public_number,
)
from calleq.numbering.voip import VoipPolicy

__all__ = [
    "E164",
    "KINDS_NOT_CALLED",
    "Address",
    "IpAddress",
    "NumberRefusedError",
    "NumberingError",
    "SipUri",
    "VoipPolicy",
    "existing_number",
    "is_voip",
    "parse_address",
    "parse_e164",
    "parse_sip",
    "public_number",
]
