"""Session timers (RFC 4028): a call whose other end vanished without BYE ends.

Owns Session-Expires and Min-SE, who refreshes, and when. The refresher sends UPDATE (or INVITE)
after half the interval; the other side releases the call when none came, a little before the end.

It refuses, with 422 and Min-SE, an interval shorter than ours.

Odd cases: a caller that does not know timers leaves them to the called side; an answer without
Session-Expires means that there is no timer, unless the caller refreshes on its own account: it
does not here.
"""

import msgspec

from calleq.sip.bounds import NUMBER_LIMIT, SipError
from calleq.sip.checks import Refusal
from calleq.sip.grammar import parse_number, parse_parameters
from calleq.sip.message import Message, Request, Response
from calleq.units import SECOND_US

OPTION = "timer"
INTERVAL_S = 1_800
SHORTEST_S = 90
"""RFC 4028 §5: nobody may ask for less."""
MARGIN_S = 32
"""The side that only watches releases so long before the end, or a third of it (§10)."""


class SessionExpires(msgspec.Struct, frozen=True, gc=False):
    """The field."""

    interval_s: int
    refresher: str = ""
    """`uac`, `uas`, or empty where it is left open."""

    def __str__(self) -> str:
        return f"{self.interval_s}" + (f";refresher={self.refresher}" if self.refresher else "")


class SessionTimer(msgspec.Struct, frozen=True, gc=False):
    """What both sides agreed on, and since when."""

    interval_s: int
    refreshing: bool
    """Whether we refresh; otherwise we watch."""
    since_us: int

    @property
    def due_us(self) -> int:
        """When to refresh, or to release the call."""
        if self.refreshing:
            return self.since_us + self.interval_s * SECOND_US // 2
        margin_s = min(MARGIN_S, self.interval_s // 3)
        return self.since_us + (self.interval_s - margin_s) * SECOND_US

    def refreshed(self, now_us: int) -> "SessionTimer":
        """Anew from now."""
        return msgspec.structs.replace(self, since_us=now_us)


def parse_session_expires(message: Message) -> SessionExpires | None:
    """The field; None where it is missing. Raises SipError."""
    text = message.first("session-expires")
    if text is None:
        return None
    seconds, semicolon, rest = text.partition(";")
    refresher = (parse_parameters(semicolon + rest).get("refresher") or "").lower()
    if refresher not in ("", "uac", "uas"):
        raise SipError(f"no refresher: {refresher[:20]!r}")
    return SessionExpires(parse_number(seconds.strip(" \t"), NUMBER_LIMIT), refresher)


def _shortest(message: Message) -> int:
    text = message.first("min-se")
    if text is None:
        return SHORTEST_S
    return max(SHORTEST_S, parse_number(text.partition(";")[0].strip(" \t"), NUMBER_LIMIT))


def ask(interval_s: int = INTERVAL_S) -> dict[str, list[str]]:
    """Fields of an INVITE or UPDATE of ours; the other side may make the interval shorter."""
    return {"session-expires": [str(SessionExpires(interval_s))], "min-se": [str(SHORTEST_S)]}


def after_too_brief(response: Response) -> dict[str, list[str]]:
    """Fields of the next attempt after a 422 (§7.4). Raises SipError where it says nothing."""
    if "min-se" not in response.fields:
        raise SipError("a 422 without Min-SE")
    least = _shortest(response)
    return {"session-expires": [str(max(least, INTERVAL_S))], "min-se": [str(least)]}


def accept(
    request: Request, now_us: int, *, interval_s: int = INTERVAL_S, shortest_s: int = SHORTEST_S
) -> tuple[SessionTimer, dict[str, list[str]]] | Refusal:
    """As the called side: our timer and the fields of our 2xx, or why not (§9)."""
    asked = parse_session_expires(request)
    knows = OPTION in request.tokens("supported") | request.tokens("require")
    if asked is not None and asked.interval_s < shortest_s:
        if knows:
            return Refusal(422, "too brief", {"min-se": [str(shortest_s)]})
        asked = None
    least = max(shortest_s, _shortest(request))
    settled = max(least, min(interval_s, asked.interval_s) if asked is not None else interval_s)
    refresher = (asked.refresher if asked is not None and knows else "") or "uas"
    fields = {"session-expires": [str(SessionExpires(settled, refresher))]}
    if knows:
        fields["require"] = [OPTION]
    return SessionTimer(settled, refresher == "uas", now_us), fields


def settle(response: Response, now_us: int) -> SessionTimer | None:
    """As the caller: the timer that a 2xx sets (§7.2); None where there is none."""
    told = parse_session_expires(response)
    if told is None:
        return None
    if told.interval_s < SHORTEST_S:
        raise SipError(f"a session of {told.interval_s} s")
    return SessionTimer(told.interval_s, told.refresher != "uas", now_us)
