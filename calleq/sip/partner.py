"""The far end of one dialog: how it is asked, where that goes, and what it allows.

Owns the dialog's value as it changes, and the choice of the next hop (RFC 3261 §12.2.1.1, §8.1.2).

Odd cases: a next hop that is a name is reached as the INVITE was, for names are found out before a
call and not within it; who called over a connection is reached over it, for a telephone behind a
translation has no other way in. A Contact that only the sender's side of a translation knows is
replaced by where the request came from, unless proxies are between us.
"""

import contextlib
import ipaddress
from functools import lru_cache

import msgspec

from calleq.sip.asking import Asked, Asking, Owner
from calleq.sip.bounds import REMEMBERED_LIMIT, SipError
from calleq.sip.checks import Refusal
from calleq.sip.dialog import (
    TARGET_REFRESHING,
    Dialog,
    next_hop,
    reachable_target,
    receive_request,
    request_fields,
    updated,
)
from calleq.sip.end import End
from calleq.sip.locating import DEFAULT_PORTS, is_address
from calleq.sip.message import Fields, Request, Response
from calleq.sip.proof import Proof
from calleq.sip.transaction import Target
from calleq.sip.uri import SipUri


class Partner:
    """One dialog with its far end."""

    __slots__ = ("_asking", "_end", "allows_update", "came", "dialog", "is_broken", "proof")

    def __init__(
        self, end: End, asking: Asking, dialog: Dialog, came: Target, proof: Proof | None = None
    ) -> None:
        """`came` is where the INVITE came from, or was sent to."""
        self._end = end
        self._asking = asking
        self.dialog = dialog
        self.came = came
        self.proof = proof
        self.allows_update = False
        self.is_broken = False
        """The connection that it came over is no more."""

    @property
    def hop(self) -> Target:
        """Where requests go."""
        uri = next_hop(self.dialog)
        if not isinstance(uri, SipUri):
            return self.came
        host = uri.host.strip("[]")
        direct = not self.dialog.routes or host == self.came.host
        if self.came.reliable and direct and not self.is_broken:
            return self.came
        if not is_address(host):
            return self.came
        transport = "TLS" if uri.secure else (uri.parameter("transport") or "UDP").upper()
        if transport not in DEFAULT_PORTS:
            return self.came
        return Target(host, uri.port or DEFAULT_PORTS[transport], transport)

    def ask(
        self,
        method: str,
        owner: Owner,
        now_us: int,
        *,
        fields: Fields | None = None,
        body: bytes = b"",
    ) -> Asked:
        """Send a request in the dialog; its owner hears the answer, even if it can't be sent."""
        self.dialog, uri, made = request_fields(self.dialog, method)
        hop = self.hop
        if method in TARGET_REFRESHING:
            made["contact"] = [self._end.way(hop).contact]
        made["user-agent"] = self._end.about["user-agent"]
        made.update(fields or {})
        asked = Asked(method, uri, hop, made, body, owner, self.proof, self._renumber)
        self._asking.try_send(asked, now_us)
        return asked

    def _renumber(self) -> int:
        """The CSeq of a request that is sent once more with credentials."""
        number = self.dialog.local_number + 1
        self.dialog = msgspec.structs.replace(self.dialog, local_number=number)
        return number

    def acknowledge(self, asked: Asked) -> None:
        """ACK the 2xx of that INVITE of ours."""
        _, uri, made = request_fields(self.dialog, "ACK")
        made["cseq"] = [f"{asked.number} ACK"]
        for name in ("authorization", "proxy-authorization"):
            if name in asked.request.fields:
                made[name] = asked.request.fields[name]
        hop = self.hop
        text, _ = self._end.via(hop)
        octets = Request("ACK", uri, {"via": [text], **made}).encode()
        asked.acks[self.dialog.remote.tag] = (hop, octets)
        self._end.transactions.send_octets(hop, octets)

    def judge(self, request: Request, source: Target) -> Refusal | None:
        """Take a request of theirs into the dialog, or say why not. Raises SipError."""
        seen_from = source if is_direct(request) else None
        self.dialog, refused = receive_request(self.dialog, request, source=seen_from)
        return refused

    def answered(self, response: Response) -> None:
        """An answer to an INVITE or UPDATE of ours came. Raises SipError."""
        self.dialog = updated(self.dialog, response)
        self.note_allowed(response)

    def note_allowed(self, message: Request | Response) -> None:
        """What they allow, where they say it and it can be read."""
        if "allow" in message.fields:
            with contextlib.suppress(SipError):
                self.allows_update = "update" in message.tokens("allow")


def is_direct(request: Request) -> bool:
    """Whether no proxy is between us and who sent it."""
    return "record-route" not in request.fields and len(request.vias) == 1


def seen_by_caller(dialog: Dialog, response: Response, sent_to: Target) -> Dialog:
    """The dialog of our INVITE: a telephone's private Contact gives way to where the INVITE went,
    where that is no private address itself and no proxy is between."""
    if not _is_outside(sent_to.host) or "record-route" in response.fields:
        return dialog
    return msgspec.structs.replace(dialog, target=reachable_target(dialog.target, sent_to))


@lru_cache(REMEMBERED_LIMIT)
def _is_outside(host: str) -> bool:
    """Whether a host is an address, and none of a private network's."""
    try:
        return not ipaddress.ip_address(host).is_private
    except ValueError:
        return False
