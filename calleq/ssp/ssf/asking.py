"""What an SCP is told of a call that met a trigger: the InitialDP, from what is known of the call.

What the IAM said is handed on as it was said; of a telephone's call the switch says what it knows
itself: its number, an ordinary subscriber, speech.
"""

from calleq.ss7.inap.arguments import InitialDP
from calleq.ss7.inap.values import BearerCapability
from calleq.ss7.isup.messages import CalledNumber, Iam, IsupError
from calleq.ss7.isup.optional import find
from calleq.ss7.isup.optional_types import UserService
from calleq.ssp.office import Attempt
from calleq.ssp.ssf.triggers import EVENTS
from calleq.topology import Trigger

ORDINARY_SUBSCRIBER = 10
AUDIO = UserService(16)
"""3.1 kHz audio: what a telephone's call is carried as."""

_USER_SERVICE = 0x1D


def initial_dp(trigger: Trigger, attempt: Attempt) -> InitialDP:
    """The first thing an SCP hears of a call."""
    event = EVENTS[trigger.point]
    iam = attempt.iam
    if iam is None:
        return InitialDP(
            service_key=trigger.service_key,
            called_party_number=CalledNumber(attempt.called[1:]),
            calling_party_number=attempt.calling_number(),
            calling_partys_category=ORDINARY_SUBSCRIBER,
            bearer_capability=AUDIO,
            event_type_bcsm=event,
        )
    return InitialDP(
        service_key=trigger.service_key,
        called_party_number=iam.called,
        calling_party_number=iam.calling,
        calling_partys_category=iam.category,
        forward_call_indicators=iam.forward_call,
        bearer_capability=_bearer(iam),
        event_type_bcsm=event,
    )


def _bearer(iam: Iam) -> BearerCapability:
    try:
        service = find(iam.other, _USER_SERVICE, UserService)
    except IsupError:
        service = None
    return iam.medium if service is None else service
