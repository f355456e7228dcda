"""The client of a registrar (RFC 3261 §10.2): one binding, kept until it is taken back.

Owns its Call-ID and CSeq, when it is refreshed, and when it is tried again: soon and then at
doubling distance, at most LONGEST_PAUSE_S. Where we are refused (401, 403, 404, 407) it is tried
rarely from the start, for asking on looks like guessing. What Retry-After says is done.
"""

from calleq.sip.asking import Asked, Asking
from calleq.sip.bounds import SipError
from calleq.sip.dialog import MAX_FORWARDS
from calleq.sip.end import End, Wake
from calleq.sip.events import Binding, Registered, RegistrationFailed
from calleq.sip.grammar import parse_number
from calleq.sip.message import Fields, Response
from calleq.sip.proof import Proof
from calleq.sip.uri import parse_uri, same_address
from calleq.units import SECOND_US

FIRST_PAUSE_S = 5
LONGEST_PAUSE_S = 300
LONGEST_MARGIN_S = 60
"""So long before its end a binding is refreshed, or a tenth of it, at least half its time."""
EXPIRES_LIMIT_S = 2**31 - 1
_REFUSED = frozenset({401, 403, 404, 407})


class Registration:
    """One binding of ours at one registrar."""

    def __init__(self, handle: int, binding: Binding, end: End, asking: Asking) -> None:
        self.handle = handle
        self._binding = binding
        self._end = end
        self._asking = asking
        self._contact = (
            f"<{binding.contact}>" if binding.contact else end.way(binding.next_hop).contact
        )
        self._call_id = f"{end.random(64):016x}"
        self._tag = end.tag()
        self._number = 0
        self._expires_s = binding.expires_s
        self._asked_s = 0
        self._pause_s = FIRST_PAUSE_S
        self._proof = Proof(binding.credentials, end.random) if binding.credentials else None
        self._asked: Asked | None = None
        self._wake: Wake | None = None
        self._was_brief = False
        self._is_leaving = False
        self.is_over = False

    def register(self, now_us: int) -> None:
        """Ask now, unless an answer is awaited."""
        if self._asked is not None or self.is_over:
            return
        self._wake = None
        self._number += 1
        binding = self._binding
        self._asked_s = expires_s = 0 if self._is_leaving else self._expires_s
        fields: Fields = {
            "max-forwards": [str(MAX_FORWARDS)],
            "from": [f"{binding.address};tag={self._tag}"],
            "to": [str(binding.address)],
            "call-id": [self._call_id],
            "cseq": [f"{self._number} REGISTER"],
            "contact": [f"{self._contact};expires={expires_s}"],
            "expires": [str(expires_s)],
            **self._end.about,
        }
        if binding.route:
            fields["route"] = list(binding.route)
        uri = str(binding.registrar)
        asked = Asked(
            "REGISTER", uri, binding.next_hop, fields, b"", self, self._proof, self._renumber
        )
        self._asked = asked
        self._asking.try_send(asked, now_us)

    def _renumber(self) -> int:
        self._number += 1
        return self._number

    def leave(self, now_us: int) -> None:
        """Take it back."""
        self._is_leaving = True
        if self._wake is not None:
            self._wake.cancel()
        self.register(now_us)

    def answered(self, asked: Asked, response: Response, now_us: int) -> None:
        if response.status < 200:
            return
        self._asked = None
        if response.status < 300:
            self._registered(response, now_us)
        elif response.status == 423 and not self._was_brief and not self._is_leaving:
            self._was_brief = True
            self._too_brief(response, now_us)
        else:
            self._failed(response.status, response, now_us)

    def unanswered(self, asked: Asked, status: int, now_us: int) -> None:
        self._asked = None
        self._failed(status, None, now_us)

    def _registered(self, response: Response, now_us: int) -> None:
        self._was_brief = False
        if self._is_leaving:
            if self._asked_s:
                self.register(now_us)
            else:
                self.is_over = True
                self._end.events.append(Registered(self.handle, 0))
            return
        self._pause_s = FIRST_PAUSE_S
        expires_s = self._granted_s(response)
        if expires_s <= 0:
            self._failed(response.status, response, now_us)
            return
        self._end.events.append(Registered(self.handle, expires_s))
        margin_s = min(LONGEST_MARGIN_S, expires_s / 10)
        wait_s = max(1.0, min(expires_s - margin_s, expires_s - 1))
        self._wake = self._end.at(now_us + int(wait_s * SECOND_US), self.register)

    def _granted_s(self, response: Response) -> int:
        """How long the registrar lets our contact stand (§10.2.4)."""
        try:
            ours = parse_uri(self._contact.strip("<>"))
            for contact in response.addresses("contact"):
                if same_address(contact.uri, ours):
                    told = contact.parameters.get("expires")
                    if told is not None:
                        return parse_number(told, EXPIRES_LIMIT_S)
            told_s = response.number("expires", EXPIRES_LIMIT_S)
        except SipError:
            told_s = None
        return self._expires_s if told_s is None else told_s

    def _too_brief(self, response: Response, now_us: int) -> None:
        try:
            least_s = response.number("min-expires", EXPIRES_LIMIT_S)
        except SipError:
            least_s = None
        self._expires_s = max(self._expires_s, least_s or 0)
        self.register(now_us)

    def _failed(self, status: int, response: Response | None, now_us: int) -> None:
        again_us: int | None = None
        if self._is_leaving:
            self.is_over = True
        else:
            pause_s = LONGEST_PAUSE_S if status in _REFUSED else self._pause_s
            self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
            if response is not None:
                pause_s = max(pause_s, _retry_after_s(response))
            again_us = now_us + pause_s * SECOND_US
            self._wake = self._end.at(again_us, self.register)
        self._end.events.append(RegistrationFailed(self.handle, status, again_us, response))


def _retry_after_s(response: Response) -> int:
    text = (response.first("retry-after") or "").partition(";")[0].partition("(")[0].strip()
    try:
        return min(parse_number(text, EXPIRES_LIMIT_S), LONGEST_PAUSE_S)
    except SipError:
        return 0
