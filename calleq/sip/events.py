"""What a user agent is asked to do, and what it tells: `Outgoing`, `Binding`, and its events.

Owns values only. One call is one handle, from `UserAgent.invite` or `Invited` to exactly one of
`Failed` and `Ended`; nothing is told of it afterwards. Causes are numbers of Q.850.
"""

import msgspec

from calleq.sip.fields import NameAddress
from calleq.sip.message import Fields, Request, Response
from calleq.sip.negotiation import Agreed, Local
from calleq.sip.sdp import Description
from calleq.sip.transaction import Key, Target
from calleq.sip.uri import Uri
from calleq.units import SECOND_US

REGISTRATION_S = 3_600
CALLS_LIMIT = 20_000
TRANSACTIONS_LIMIT = 100_000
RINGING_US = 180 * SECOND_US
"""Longer than this no telephone rings (RFC 3261 §16.6, Timer C)."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one user agent."""

    calls: int = CALLS_LIMIT
    transactions: int = TRANSACTIONS_LIMIT
    ringing_us: int = RINGING_US
    session_s: int = 1_800
    """Session-Expires that we ask for (RFC 4028)."""
    shortest_session_s: int = 90


class Credentials(msgspec.Struct, frozen=True):
    """By which we prove ourselves where we are asked 401 or 407."""

    username: str
    password: str


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """What a call of ours says."""

    target: Uri
    """The Request-URI."""
    to: NameAddress
    caller: NameAddress
    """From, without a tag."""
    next_hop: Target
    """Where the INVITE is sent to: what `target`, or the first route, was found to be."""
    local: Local
    """The offer."""
    route: tuple[str, ...] = ()
    """Values of Route."""
    fields: Fields = {}
    """More header fields by small names: P-Asserted-Identity, Privacy, Identity and the like."""
    credentials: Credentials | None = None
    call_id: str = ""
    """Empty: one of our own making."""


class Binding(msgspec.Struct, frozen=True, kw_only=True):
    """What we register as a client."""

    registrar: Uri
    """The Request-URI: the domain, without a user."""
    address: NameAddress
    """The address of record: To and From."""
    next_hop: Target
    contact: str = ""
    """A URI; empty: what the user agent's `contact` says for `next_hop`."""
    expires_s: int = REGISTRATION_S
    credentials: Credentials | None = None
    route: tuple[str, ...] = ()


class Invited(msgspec.Struct, frozen=True):
    """They call: `ring`, `progress`, `accept`, `refuse` or `hang_up`."""

    call: int
    request: Request
    source: Target
    offer: Description | None
    """None: we are to offer in our 2xx, and `Confirmed` tells what was agreed."""


class Trying(msgspec.Struct, frozen=True):
    """Somebody has our INVITE and works on it (100): it need not be sent elsewhere."""

    call: int


class Ringing(msgspec.Struct, frozen=True):
    """A provisional answer to our INVITE, 101 to 199, voice or not; never an answer of the call."""

    call: int
    response: Response


class EarlyMedia(msgspec.Struct, frozen=True):
    """Voice may flow before the answer (183, or 180 with a description)."""

    call: int
    agreed: Agreed
    response: Response


class Accepted(msgspec.Struct, frozen=True):
    """Our INVITE is answered 2xx; the ACK is on its way."""

    call: int
    response: Response
    agreed: Agreed


class Confirmed(msgspec.Struct, frozen=True):
    """Their ACK of our 2xx came. `agreed` is set where we had to offer."""

    call: int
    agreed: Agreed | None = None


class Failed(msgspec.Struct, frozen=True):
    """Our INVITE came to nothing; nothing is left of the call."""

    call: int
    status: int
    """408 where nobody answered, 503 where nothing can be sent there, 488 for an unfit answer."""
    cause: int
    """Of the Reason where there is one, otherwise of the status (RFC 3398)."""
    response: Response | None = None


class Leaving(msgspec.Struct, frozen=True):
    """Nobody is there any more (no answer within the call, no ACK, no refresh): the call is over,
    and `Ended` follows when nothing is left, up to 64*T1 later."""

    call: int
    cause: int


class Ended(msgspec.Struct, frozen=True):
    """The call is over, by them, by us or by a timer; nothing is left of it."""

    call: int
    cause: int
    status: int | None = None
    """Of the INVITE, where it was refused."""
    by_us: bool = False
    """`hang_up` or `refuse` was asked for."""


class Reoffered(msgspec.Struct, frozen=True):
    """They want to change the voice: `answer_offer` or `refuse_offer`, within ANSWER_LIMIT_US."""

    call: int
    offer: Description | None
    """None: we are to offer, and what is agreed comes as `AgreedAgain`."""


class AgreedAgain(msgspec.Struct, frozen=True):
    """What is agreed on the voice from now, after an offer of ours."""

    call: int
    agreed: Agreed


class ReofferRefused(msgspec.Struct, frozen=True):
    """Our new offer came to nothing; what was agreed before stays."""

    call: int
    status: int


class Requested(msgspec.Struct, frozen=True):
    """A request of theirs outside of calls, of a method that is handed up: `reply` to it."""

    key: Key
    request: Request
    source: Target


class Replied(msgspec.Struct, frozen=True):
    """The final answer to `UserAgent.request`; None where none came."""

    handle: int
    response: Response | None


class Registered(msgspec.Struct, frozen=True):
    """The binding stands for so long, and is refreshed by itself; 0: it is gone, as asked."""

    binding: int
    expires_s: int


class RegistrationFailed(msgspec.Struct, frozen=True):
    """A REGISTER came to nothing."""

    binding: int
    status: int
    """408 where nobody answered."""
    again_us: int | None
    """When it is tried again by itself; None: it was to be taken back."""
    response: Response | None = None


Event = (
    Invited
    | Trying
    | Ringing
    | EarlyMedia
    | Accepted
    | Confirmed
    | Failed
    | Leaving
    | Ended
    | Reoffered
    | AgreedAgain
    | ReofferRefused
    | Requested
    | Replied
    | Registered
    | RegistrationFailed
)
