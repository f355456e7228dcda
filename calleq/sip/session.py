"""What happens within a call: new offers both ways, hold, glare, UPDATE, session timers.

Owns the descriptions, our re-INVITE or UPDATE under way and its tries, and the session timer. How a
call begins and ends is `call`'s; that its far end is gone is told to `gone`. What they ask is in
`reoffers`.

Odd cases: an offer before the call is up goes by UPDATE, where they allow it, and otherwise waits;
an offer that met theirs (491) is made again after the RFC's time, at most OFFERS_LIMIT times; what
is refused leaves everything as it was. 408 and 481 mean that the dialog is no more (RFC 5057 §5.1).
"""

import contextlib
from collections.abc import Callable

import msgspec

from calleq.causes import Q850
from calleq.sip.asking import SILENT, Asked
from calleq.sip.bounds import NUMBER_LIMIT, SipError
from calleq.sip.checks import SDP_TYPE
from calleq.sip.descriptions import Descriptions
from calleq.sip.end import End, Wake
from calleq.sip.events import AgreedAgain, ReofferRefused
from calleq.sip.grammar import parse_number
from calleq.sip.message import Fields, Message, Response
from calleq.sip.negotiation import Local, Turn, glare_wait_us
from calleq.sip.partner import Partner
from calleq.sip.sdp import Description, Direction, parse_description
from calleq.sip.session_timer import (
    SessionTimer,
    after_too_brief,
    ask,
)
from calleq.sip.session_timer import settle as settle_timer
from calleq.units import SECOND_US

OFFERS_LIMIT = 5
"""How often one offer of ours is made, while theirs keep meeting it."""
LONGEST_WAIT_S = 10
"""The longest Retry-After that is waited for."""
SDP_FIELDS: Fields = {"content-type": [SDP_TYPE]}


def description_of(message: Message) -> Description | None:
    """The description that a message has; None where it has none. Raises SipError."""
    if not message.body or message.content_type != SDP_TYPE:
        return None
    return parse_description(message.body)


def _nobody(cause: int, now_us: int) -> None:
    """A call that is over needs not be told that its far end is gone."""


class Session:
    """What both sides of one call have agreed on, and what is under way about it."""

    def __init__(
        self,
        handle: int,
        end: End,
        gone: Callable[[int, int], None],
        *,
        owns_call_id: bool,
        interval_s: int,
    ) -> None:
        """`gone` is told the cause and the time."""
        self.handle = handle
        self.end = end
        self.gone = gone
        self.descriptions = Descriptions()
        self.partner: Partner | None = None
        self.is_up = False
        self.may_update = False
        """The first offer was answered reliably before the call is up (RFC 3311 §5.1)."""
        self.is_over = False
        self.inviting_us = False
        """An INVITE of theirs within the call is not acknowledged yet."""
        self._owns_call_id = owns_call_id
        self.interval_s = interval_s
        self._wanted: Local | None = None
        self._asked: Asked | None = None
        self._is_refresh = False
        self._tried: Local | None = None
        """What the offer that is out would have come to."""
        self._tries = 0
        self._timer: SessionTimer | None = None
        self._timer_wake: Wake | None = None
        self._wait: Wake | None = None

    # Its life.

    def came_up(self, now_us: int) -> None:
        """Both sides have acknowledged: from now on it is ours to offer."""
        self.is_up = True
        self._go_on(now_us)

    def stop(self) -> None:
        """The call is over, or about to be: nothing more is asked."""
        self.is_over = True
        self._wanted = None
        for wake in (self._timer_wake, self._wait):
            if wake is not None:
                wake.cancel()
        self._timer_wake = self._wait = None

    def over(self) -> None:
        """The call is forgotten, after `stop`: nobody is told anything any more."""
        self.gone = _nobody

    def set_timer(self, timer: SessionTimer | None) -> None:
        """From now on this session timer runs (RFC 4028 §7.2, §9)."""
        self._timer = timer
        if self._timer_wake is not None:
            self._timer_wake.cancel()
            self._timer_wake = None
        if timer is not None and not self.is_over:
            self._timer_wake = self.end.at(timer.due_us, self._timer_due)

    def _timer_due(self, now_us: int) -> None:
        timer = self._timer
        self._timer_wake = None
        if timer is None or self.is_over:
            return
        if not timer.refreshing or now_us >= timer.since_us + timer.interval_s * SECOND_US:
            self.gone(Q850.RECOVERY_ON_TIMER, now_us)
            return
        end_us = timer.since_us + timer.interval_s * SECOND_US
        self._timer_wake = self.end.at(end_us, self._timer_due)
        self._refresh(now_us)

    # What our user wants.

    @property
    def is_inviting(self) -> bool:
        """Whether a re-INVITE or UPDATE of ours is under way."""
        return self._asked is not None

    def reoffer(self, local: Local, now_us: int) -> None:
        """Offer that as soon as may be."""
        self._wanted = local
        self._tries = 0
        self._go_on(now_us)

    def hold(self, on: bool, now_us: int) -> None:
        """Offer what is local, to hold them or to take them back."""
        local = self._wanted or self.descriptions.local
        if local is not None:
            direction = Direction.SENDONLY if on else Direction.SENDRECV
            self.reoffer(msgspec.structs.replace(local, direction=direction), now_us)

    def go_on(self, now_us: int) -> None:
        """Something that was in the way of our offer is done."""
        if self._wanted is not None:
            self._go_on(now_us)

    def _go_on(self, now_us: int) -> None:
        """Make the offer that is wanted, where nothing is in its way."""
        partner = self.partner
        if (
            self._wanted is None
            or partner is None
            or self.is_over
            or self._wait is not None
            or self.is_inviting
            or self.inviting_us
            or self.descriptions.turn is not Turn.STABLE
            or not (self.is_up or (self.may_update and partner.allows_update))
        ):
            return
        wanted, self._wanted = self._wanted, None
        self._tries += 1
        body = self.descriptions.offer(wanted).encode()
        self._ask("INVITE" if self.is_up else "UPDATE", wanted, body, now_us)

    def _ask(self, method: str, local: Local | None, body: bytes, now_us: int) -> None:
        assert self.partner is not None
        self._is_refresh = local is None
        fields = self._fields(method) | (SDP_FIELDS if body else {})
        self._tried = local
        self._asked = self.partner.ask(method, self, now_us, fields=fields, body=body)
        if self._asked.key == ():
            self._asked = None

    def _fields(self, method: str) -> Fields:
        fields: Fields = {name: self.end.about[name] for name in ("allow", "supported")}
        if self._timer is not None:
            role = "uac" if self._timer.refreshing else "uas"
            fields["session-expires"] = [f"{self._timer.interval_s};refresher={role}"]
        elif method == "INVITE":
            fields.update(ask(self.interval_s))
        return fields

    def _refresh(self, now_us: int) -> None:
        """Tell them that we are there (RFC 4028 §7.4). Any request of ours would do as well."""
        partner = self.partner
        if partner is None or self.is_inviting or self.inviting_us or self._wait is not None:
            return
        if partner.allows_update:
            self._ask("UPDATE", None, b"", now_us)
        elif self.descriptions.turn is Turn.STABLE and self.descriptions.described is not None:
            self._ask("INVITE", None, self.descriptions.offer_again().encode(), now_us)

    # What comes of it.

    def answered(self, asked: Asked, response: Response, now_us: int) -> None:
        """An answer to our re-INVITE or UPDATE."""
        status = response.status
        if status < 200:
            return
        tag = response.called.tag
        if asked is not self._asked:
            if status < 300 and tag in asked.acks:
                self.end.transactions.send_octets(*asked.acks[tag])
            return
        self._asked = None
        if status < 300:
            self._agreed(asked, response, now_us)
        else:
            self._declined(asked, status, response, now_us)
        self.go_on(now_us)

    def unanswered(self, asked: Asked, status: int, now_us: int) -> None:
        """None will come."""
        if asked is self._asked or self._asked is None:
            self._asked = None
            self._declined(asked, status, None, now_us)

    def _agreed(self, asked: Asked, response: Response, now_us: int) -> None:
        partner = self.partner
        assert partner is not None
        try:
            partner.answered(response)
            if not self.is_over:
                self.set_timer(settle_timer(response, now_us))
        except SipError:
            pass  # what they say of themselves is as before
        if asked.method == "INVITE":
            partner.acknowledge(asked)
        if not asked.body:
            return
        try:
            theirs = description_of(response)
            if theirs is None:
                raise SipError("no answer to our offer")
            agreed = self.descriptions.settle(theirs)
        except SipError:
            if self.descriptions.turn is Turn.LOCAL_OFFER:
                self.descriptions.refused()
            self._tell_refused(488)
        else:
            if not self._is_refresh and not self.is_over:
                self.end.events.append(AgreedAgain(self.handle, agreed))

    def _declined(self, asked: Asked, status: int, response: Response | None, now_us: int) -> None:
        if asked.body and self.descriptions.turn is Turn.LOCAL_OFFER:
            self.descriptions.refused()
        if self.is_over:
            return
        if status in (SILENT, 481) or response is None:
            self.gone(Q850.TEMPORARY_FAILURE, now_us)
        elif self._is_refresh:
            self._refresh_declined(asked, response, now_us)
        elif (wait_us := self._wait_of(response)) is not None and self._tries < OFFERS_LIMIT:
            self._wanted = self._wanted or self._tried
            self._wait = self.end.at(now_us + wait_us, self._waited)
        else:
            self._tell_refused(status)

    def _refresh_declined(self, asked: Asked, response: Response, now_us: int) -> None:
        """Try the other way, or later; the end of the interval ends the call otherwise."""
        timer = self._timer
        if response.status == 422 and timer is not None:
            with contextlib.suppress(SipError):
                text = after_too_brief(response)["session-expires"][0]
                interval_s = parse_number(text, NUMBER_LIMIT)
                if interval_s > timer.interval_s:
                    self._timer = msgspec.structs.replace(timer, interval_s=interval_s)
                    self._refresh(now_us)
                    return
        wait_us = self._wait_of(response)
        if wait_us is not None:
            self._wait = self.end.at(now_us + wait_us, self._waited_to_refresh)
        elif asked.method == "UPDATE" and self.partner is not None:
            self.partner.allows_update = False
            self._refresh(now_us)

    def _wait_of(self, response: Response) -> int | None:
        """How long to wait before the same may be asked again; None: it is of no use."""
        if response.status == 491:
            return glare_wait_us(self._owns_call_id, self.end.draw())
        if response.status in (500, 503) and "retry-after" in response.fields:
            text = response.fields["retry-after"][0].partition(";")[0].partition("(")[0].strip()
            if text.isdecimal() and len(text) < 4 and int(text) <= LONGEST_WAIT_S:
                return int(text) * SECOND_US
        return None

    def _waited(self, now_us: int) -> None:
        self._wait = None
        self._go_on(now_us)

    def _waited_to_refresh(self, now_us: int) -> None:
        self._wait = None
        if not self.is_over:
            self._refresh(now_us)
            self.go_on(now_us)

    def _tell_refused(self, status: int) -> None:
        if not self._is_refresh and not self.is_over:
            self.end.events.append(ReofferRefused(self.handle, status))
