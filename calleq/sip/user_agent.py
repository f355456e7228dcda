"""A user agent (RFC 3261): calls, registrations and requests of one end, without input and output.

Owns the door. `calling`, `answering` and `session` are the parts of a call, `registration` the
client of a registrar, `asking` every request of ours until its answer. Octets and the time go in,
octets and events come out; sockets are `calleq.gateway.transport`'s.

Whatever comes from outside, nothing is raised. What the owner asks of a call that is over, or that
its state does not allow, does nothing: events and verbs may cross.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from calleq.sip.events import Binding, Credentials, Event, Outgoing
from calleq.sip.fields import NameAddress
from calleq.sip.message import Fields
from calleq.sip.negotiation import Agreed, Local
from calleq.sip.transaction import Key, Target
from calleq.sip.uri import Uri
from calleq.units import SECOND_US

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


class UserAgent:
    """One end of SIP. Drive it with `receive`, `handle_timers`, `next_event`, `data_to_send`."""

    def __init__(
        self,
        *,
        contact: Callable[[Target], str],
        random: Callable[[int], int],
        user_agent: str = "calleq",
        handed: frozenset[str] = frozenset(),
        limits: Limits = Limits(),
    ) -> None:
        """`contact` gives our URI towards a target (`sip:ssp-62@192.0.2.1:5060;transport=tcp`); its
        host and port stand in Via, too. `random` gives so many random bits. `handed` are methods
        outside of calls that come as `Requested` (REGISTER, at a registrar); OPTIONS is answered
        here, every other method 405."""
        raise NotImplementedError

    # What comes and goes.

    def receive(self, octets: bytes, source: Target, now_us: int) -> None:
        """One message, whole, from there."""
        raise NotImplementedError

    def next_event(self) -> Event | None:
        """What happened next; None where nothing did."""
        raise NotImplementedError

    def data_to_send(self) -> list[tuple[Target, bytes]]:
        """What is to be sent, in order; each is given once."""
        raise NotImplementedError

    def next_timer_us(self) -> int | None:
        """When `handle_timers` is wanted next."""
        raise NotImplementedError

    def handle_timers(self, now_us: int) -> None:
        """Do what is due."""
        raise NotImplementedError

    def transport_failed(self, target: Target, now_us: int) -> None:
        """The connection broke, or nothing can be sent there."""
        raise NotImplementedError

    # Calls of ours.

    def invite(self, outgoing: Outgoing, now_us: int) -> int:
        """Call; the handle. Raises SipError where there is no room or a field can't be written."""
        raise NotImplementedError

    # Calls of theirs.

    def ring(self, call: int, now_us: int, *, fields: Mapping[str, list[str]] = {}) -> None:
        """180."""
        raise NotImplementedError

    def progress(
        self, call: int, local: Local, now_us: int, *, fields: Mapping[str, list[str]] = {}
    ) -> Agreed | None:
        """183 with our answer (reliably where they can), so that they hear us before we accept.

        None where there is nothing to agree on yet: they offered nothing, or nothing fits.
        """
        raise NotImplementedError

    def accept(
        self, call: int, local: Local, now_us: int, *, fields: Mapping[str, list[str]] = {}
    ) -> Agreed | None:
        """200 with our answer, or with our offer where they made none: then None, and `Confirmed`
        tells. None too where nothing fits: the call is refused 488, and `Ended` comes."""
        raise NotImplementedError

    def refuse(
        self,
        call: int,
        status: int,
        cause: int | None,
        now_us: int,
        *,
        fields: Mapping[str, list[str]] = {},
    ) -> None:
        """Refuse with that status (300 to 699); `Ended` comes at once."""
        raise NotImplementedError

    # Any call.

    def hang_up(
        self, call: int, cause: int, now_us: int, *, fields: Mapping[str, list[str]] = {}
    ) -> None:
        """BYE, CANCEL or a refusal, whatever the state asks for, with Reason of Q.850. `Ended` by
        us comes once nothing is left: at the latest 64*T1 later."""
        raise NotImplementedError

    def hold(self, call: int, on: bool, now_us: int) -> None:
        """Hold them, or take them back, with what is local now."""
        raise NotImplementedError

    def reoffer(self, call: int, local: Local, now_us: int) -> None:
        """Offer anew as soon as it is our turn; `AgreedAgain` or `ReofferRefused` tells. The
        version counts up by itself. A newer wish replaces one that still waits."""
        raise NotImplementedError

    def answer_offer(self, call: int, local: Local, now_us: int) -> Agreed | None:
        """Answer `Reoffered`. None where nothing fits (488: all stays), or where we had to offer."""
        raise NotImplementedError

    def refuse_offer(self, call: int, now_us: int, status: int = 488) -> None:
        """Refuse `Reoffered`: what was agreed stays."""
        raise NotImplementedError

    # Other requests.

    def register(self, binding: Binding, now_us: int) -> int:
        """Register, and refresh until `unregister`; the handle. Raises SipError without room."""
        raise NotImplementedError

    def unregister(self, binding: int, now_us: int) -> None:
        """Take the binding back: `Registered` with 0, or `RegistrationFailed`, is the last."""
        raise NotImplementedError

    def request(
        self,
        method: str,
        target: Uri,
        next_hop: Target,
        caller: NameAddress,
        now_us: int,
        *,
        to: NameAddress | None = None,
        route: Sequence[str] = (),
        fields: Fields = {},
        body: bytes = b"",
        credentials: Credentials | None = None,
    ) -> int:
        """Ask outside of calls (OPTIONS, MESSAGE); the handle that `Replied` has."""
        raise NotImplementedError

    def reply(
        self,
        key: Key,
        status: int,
        now_us: int,
        *,
        fields: Mapping[str, list[str]] = {},
        body: bytes = b"",
    ) -> None:
        """Answer `Requested`. Not answering is no option: answer something within seconds."""
        raise NotImplementedError
