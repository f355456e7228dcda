"""Reliable provisional answers and PRACK (RFC 3262), on both sides of an INVITE.

Owns RSeq and RAck. `ReliableAnswers` is the called side: one answer at a time is under way, and
repeated until its PRACK; `ReliableOrder` is the caller's: answers count only in order, each of its
own dialog. Who makes and sends the messages is their owner.

Odd cases: a PRACK for what is not under way is 481; a caller that does not support 100rel gets
plain answers, one that requires it gets nothing else but 100; an answer that comes again, or before
the one that it follows, is dropped, for it will come again.
"""

from calleq.sip.bounds import NUMBER_LIMIT, RELIABLE_LIMIT, SipError
from calleq.sip.checks import Refusal
from calleq.sip.fields import RAck, parse_rack
from calleq.sip.message import Request, Response
from calleq.sip.repeating import Repeater, reliable_repeater

OPTION = "100rel"


def wants_reliable(request: Request) -> bool:
    """Whether the caller requires or supports reliable answers."""
    return OPTION in request.tokens("require") | request.tokens("supported")


class ReliableAnswers:
    """The called side of one INVITE."""

    def __init__(self, invite: Request, first_number: int) -> None:
        """`first_number` is at random, 1 to 2**31 - 1 (§3)."""
        if not 1 <= first_number <= NUMBER_LIMIT - RELIABLE_LIMIT:
            raise SipError(f"RSeq {first_number} is none to begin with")
        self._cseq = invite.cseq
        self._number = first_number - 1
        self._said = 0
        self.under_way: Response | None = None
        self._repeater: Repeater | None = None

    @property
    def due_us(self) -> int | None:
        """When `handle_timer` is wanted."""
        return self._repeater.due_us if self._repeater is not None else None

    @property
    def gave_up(self) -> bool:
        """No PRACK came within 64*T1: refuse the INVITE with 504."""
        return self._repeater is not None and self._repeater.gave_up

    def say(self, response: Response, now_us: int) -> Response:
        """The answer with Require and RSeq, to be sent now; not 100.

        Raises SipError while another is under way, or after RELIABLE_LIMIT of them.
        """
        if self.under_way is not None or self._said >= RELIABLE_LIMIT or response.status <= 100:
            raise SipError("another reliable answer is under way, or there were too many")
        self._number += 1
        self._said += 1
        fields = {**response.fields, "rseq": [str(self._number)]}
        fields["require"] = [*response.fields.get("require", ()), OPTION]
        self.under_way = Response(response.status, response.reason, fields, response.body)
        self._repeater = reliable_repeater(now_us)
        return self.under_way

    def handle_timer(self, now_us: int) -> Response | None:
        """The answer, where it is to be sent again now."""
        again = self._repeater is not None and self._repeater.handle_timer(now_us)
        return self.under_way if again else None

    def acknowledged(self, prack: Request) -> Refusal | None:
        """Take a PRACK; None: answer it 200. Raises SipError where its RAck is none."""
        rack = parse_rack(prack.first("rack") or "")
        expected = RAck(self._number, self._cseq.number, self._cseq.method)
        if self.under_way is None or rack != expected:
            return Refusal(481, "PRACK of what is not under way")
        self.under_way = None
        self._repeater = None
        return None


class ReliableOrder:
    """The caller's side of one early dialog."""

    def __init__(self) -> None:
        self._last = 0

    def receive(self, response: Response) -> RAck | None:
        """What PRACK is to acknowledge; None where the answer is to be dropped: it came before, or
        one before it is missing. Raises SipError where it has no RSeq."""
        number = response.number("rseq", NUMBER_LIMIT)
        if not number:
            raise SipError("a reliable answer without RSeq")
        if self._last and number != self._last + 1:
            return None
        self._last = number
        return RAck(number, response.cseq.number, response.cseq.method)


def is_reliable(response: Response) -> bool:
    """Whether PRACK is due."""
    return 100 < response.status < 200 and OPTION in response.tokens("require")
