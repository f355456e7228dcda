"""The bit fields of ISUP's mandatory indicators, by name (Q.763 §3).

Messages keep indicators as the numbers they are on the wire (two octets: the first the higher), so
that the calls of every day pay nothing. A `Field` reads or sets one of them:

>>> CONTINUITY_CHECK.of(0x04) == CHECK_REQUIRED
True
>>> hex(CALLED_STATUS.put(0x1204, SUBSCRIBER_FREE))
'0x1604'

Owns places and values; what call control makes of them stands there. Spare bits have no name.
"""

from typing import NamedTuple


class Field(NamedTuple):
    """One field of an indicator; `shift` counts from the lowest bit of the last octet."""

    name: str
    shift: int
    width: int

    def of(self, indicators: int) -> int:
        """Its value in the indicators."""
        return indicators >> self.shift & (1 << self.width) - 1

    def put(self, indicators: int, value: int) -> int:
        """The indicators with the field set; ValueError when the value does not fit."""
        if value >> self.width:
            raise ValueError(f"{self.name} {value} does not fit into {self.width} bits")
        return indicators & ~((1 << self.width) - 1 << self.shift) | value << self.shift


# Nature of connection indicators (Q.763 §3.35), one octet.
SATELLITE = Field("satellite circuits", 0, 2)
CONTINUITY_CHECK = Field("continuity check", 2, 2)
CHECK_REQUIRED = 1
CHECK_ON_PREVIOUS = 2
ECHO_DEVICE_OUTGOING = Field("outgoing echo control device included", 4, 1)
NATURE_OF_CONNECTION = (SATELLITE, CONTINUITY_CHECK, ECHO_DEVICE_OUTGOING)

# Forward call indicators (Q.763 §3.23), two octets.
INTERNATIONAL_CALL = Field("international call", 8, 1)
FORWARD_END_TO_END_METHOD = Field("end-to-end method", 9, 2)
FORWARD_INTERWORKING = Field("interworking encountered", 11, 1)
FORWARD_END_TO_END = Field("end-to-end information available", 12, 1)
FORWARD_ISUP = Field("ISDN user part all the way", 13, 1)
ISUP_PREFERENCE = Field("ISDN user part preference", 14, 2)
ISUP_PREFERRED = 0
ISUP_NOT_REQUIRED = 1
ISUP_REQUIRED = 2
ORIGINATING_ACCESS_ISDN = Field("originating access ISDN", 0, 1)
FORWARD_SCCP_METHOD = Field("SCCP method", 1, 2)
FORWARD_NATIONAL = Field("reserved for national use", 4, 4)
FORWARD_CALL = (
    ISUP_PREFERENCE,
    FORWARD_ISUP,
    FORWARD_END_TO_END,
    FORWARD_INTERWORKING,
    FORWARD_END_TO_END_METHOD,
    INTERNATIONAL_CALL,
    FORWARD_NATIONAL,
    FORWARD_SCCP_METHOD,
    ORIGINATING_ACCESS_ISDN,
)

# Backward call indicators (Q.763 §3.5), two octets.
CHARGE = Field("charge", 8, 2)
CHARGE_NO_INDICATION = 0
NO_CHARGE = 1
CHARGED = 2
CALLED_STATUS = Field("called party's status", 10, 2)
NO_INDICATION = 0
SUBSCRIBER_FREE = 1
CONNECT_WHEN_FREE = 2
CALLED_CATEGORY = Field("called party's category", 12, 2)
ORDINARY_SUBSCRIBER = 1
PAYPHONE = 2
BACKWARD_END_TO_END_METHOD = Field("end-to-end method", 14, 2)
BACKWARD_INTERWORKING = Field("interworking encountered", 0, 1)
BACKWARD_END_TO_END = Field("end-to-end information available", 1, 1)
BACKWARD_ISUP = Field("ISDN user part all the way", 2, 1)
HOLDING = Field("holding requested", 3, 1)
TERMINATING_ACCESS_ISDN = Field("terminating access ISDN", 4, 1)
ECHO_DEVICE_INCOMING = Field("incoming echo control device included", 5, 1)
BACKWARD_SCCP_METHOD = Field("SCCP method", 6, 2)
BACKWARD_CALL = (
    BACKWARD_END_TO_END_METHOD,
    CALLED_CATEGORY,
    CALLED_STATUS,
    CHARGE,
    BACKWARD_SCCP_METHOD,
    ECHO_DEVICE_INCOMING,
    TERMINATING_ACCESS_ISDN,
    HOLDING,
    BACKWARD_ISUP,
    BACKWARD_END_TO_END,
    BACKWARD_INTERWORKING,
)

# Event information (Q.763 §3.21), one octet.
EVENT_RESTRICTED = Field("presentation restricted", 7, 1)
EVENT = Field("event", 0, 7)
EVENT_ALERTING = 1
EVENT_PROGRESS = 2
EVENT_IN_BAND = 3
EVENT_FORWARDED_BUSY = 4
EVENT_FORWARDED_NO_REPLY = 5
EVENT_FORWARDED_UNCONDITIONAL = 6
EVENT_INFORMATION = (EVENT_RESTRICTED, EVENT)

# Information request indicators (Q.763 §3.29), two octets.
REQUEST_CALLING_ADDRESS = Field("calling party address requested", 8, 1)
REQUEST_HOLDING = Field("holding requested", 9, 1)
REQUEST_CATEGORY = Field("calling party's category requested", 11, 1)
REQUEST_CHARGE = Field("charge information requested", 12, 1)
REQUEST_MALICIOUS_CALL = Field("malicious call identification requested", 15, 1)
INFORMATION_REQUEST = (
    REQUEST_MALICIOUS_CALL,
    REQUEST_CHARGE,
    REQUEST_CATEGORY,
    REQUEST_HOLDING,
    REQUEST_CALLING_ADDRESS,
)

# Information indicators (Q.763 §3.28), two octets.
CALLING_ADDRESS_RESPONSE = Field("calling party address response", 8, 2)
ADDRESS_NOT_INCLUDED = 0
ADDRESS_NOT_AVAILABLE = 1
ADDRESS_INCLUDED = 3
HOLD_PROVIDED = Field("hold provided", 10, 1)
CATEGORY_RESPONSE = Field("calling party's category included", 13, 1)
CHARGE_RESPONSE = Field("charge information included", 14, 1)
UNSOLICITED = Field("unsolicited", 15, 1)
INFORMATION = (
    UNSOLICITED,
    CHARGE_RESPONSE,
    CATEGORY_RESPONSE,
    HOLD_PROVIDED,
    CALLING_ADDRESS_RESPONSE,
)

# Continuity (§3.18), suspend/resume (§3.52), group supervision (§3.13): one octet each.
CONTINUITY_SUCCESSFUL = Field("continuity check successful", 0, 1)
INITIATED_BY_NETWORK = Field("initiated by the network", 0, 1)
GROUP_SUPERVISION = Field("circuit group supervision", 0, 2)
CONTINUITY = (CONTINUITY_SUCCESSFUL,)
SUSPEND_RESUME = (INITIATED_BY_NETWORK,)
GROUP_KIND = (GROUP_SUPERVISION,)
