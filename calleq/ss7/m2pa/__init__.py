"""M2PA, the link layer of a signalling link that is no 64 kbit/s channel (RFC 4165), sans I/O.

`frames` has the octets, `table` what each state makes of each input, `timing` the timers and
bounds; `buffer` keeps what is not acknowledged, `flow` numbers units and acknowledges them,
`session` is one end of a link that does all of it.
"""

from calleq.ss7.m2pa.buffer import NONE_RECEIVED, Remains
from calleq.ss7.m2pa.flow import Flow, Owner
from calleq.ss7.m2pa.frames import Deframer, M2paError, Status
from calleq.ss7.m2pa.session import Session
from calleq.ss7.m2pa.table import TABLE, Action, Input, State
from calleq.ss7.m2pa.timing import Bounds, Timers

__all__ = [
    "NONE_RECEIVED",
    "TABLE",
    "Action",
    "Bounds",
    "Deframer",
    "Flow",
    "Input",
    "M2paError",
    "Owner",
    "Remains",
    "Session",
    "State",
    "Status",
    "Timers",
]
