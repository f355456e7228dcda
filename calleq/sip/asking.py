"""Requests of ours until their answers: by which transport, with which credentials, once more.

Owns what happens between a request and the answer that its owner wants to hear: 401 and 407 are
answered with credentials where there are any, and a request above DATAGRAM_OCTETS_LIMIT goes by TCP
first (RFC 3261 §18.1.1), by UDP where no connection comes about.

An owner hears each answer of an INVITE, and one final answer, or why there is none, of any other.
"""

from collections.abc import Callable
from typing import Protocol

from calleq.sip.bounds import SipError
from calleq.sip.end import End
from calleq.sip.fields import CSeq
from calleq.sip.message import Fields, Request, Response
from calleq.sip.proof import Proof
from calleq.sip.transaction import Key, Target
from calleq.units import SECOND_US

DATAGRAM_OCTETS_LIMIT = 1_300
NO_STREAM_US = 600 * SECOND_US
"""So long a host that took no connection is not tried again by TCP."""
NO_STREAM_LIMIT = 1_024
SILENT = 408
"""What no answer at all counts as (RFC 3261 §8.1.3.1)."""
UNREACHABLE = 503


_LINGERING = ("from", "to", "call-id", "cseq", "authorization", "proxy-authorization")
"""Fields of an accepted INVITE that something may still be made of."""


class Owner(Protocol):
    """Who asked."""

    def answered(self, asked: "Asked", response: Response, now_us: int) -> None:
        """An answer."""

    def unanswered(self, asked: "Asked", status: int, now_us: int) -> None:
        """There will be none: SILENT or UNREACHABLE. After a 2xx of an INVITE nothing is told."""


class _Nobody:
    """Who asked, of requests that no answer is given of any more."""

    def answered(self, asked: "Asked", response: Response, now_us: int) -> None:
        """Nobody wants to know."""

    def unanswered(self, asked: "Asked", status: int, now_us: int) -> None:
        """Nobody wants to know."""


_NOBODY: Owner = _Nobody()


class Asked:
    """One request of ours, however often it is sent."""

    __slots__ = (
        "acks",
        "body",
        "fields",
        "key",
        "method",
        "nonces",
        "owner",
        "proof",
        "renumber",
        "request",
        "streamed",
        "target",
        "uri",
    )

    def __init__(
        self,
        method: str,
        uri: str,
        target: Target,
        fields: Fields,
        body: bytes,
        owner: Owner,
        proof: Proof | None = None,
        renumber: Callable[[], int] | None = None,
    ) -> None:
        """`fields` has everything but Via and credentials; `renumber` gives the CSeq of the next
        attempt, one more than the last where there is none."""
        self.method = method
        self.uri = uri
        self.target = target
        self.fields = fields
        self.body = body
        self.owner = owner
        self.proof = proof
        self.renumber = renumber
        self.nonces: frozenset[str] = frozenset()
        self.streamed: bool | None = None
        """Goes by TCP for its size; False: that was tried in vain."""
        self.key: Key = ()
        self.request: Request
        self.acks: dict[str, tuple[Target, bytes]] = {}
        """What acknowledged each 2xx, by the tag of who gave it: sent again when it comes again."""

    def accepted(self) -> None:
        """An INVITE is accepted and lingers: keep what late answers of other forks are told apart,
        acknowledged and made dialogs by."""
        fields = self.request.fields
        kept = {name: fields[name] for name in _LINGERING if name in fields}
        self.request = Request(self.method, self.uri, kept)
        self.fields = {"cseq": self.fields["cseq"]}
        self.body = b""

    @property
    def number(self) -> int:
        """CSeq."""
        return int(self.fields["cseq"][0].split(" ", 1)[0])


class Asking:
    """All requests of ours that may still be answered."""

    def __init__(self, end: End) -> None:
        self._end = end
        self._asked: dict[Key, Asked] = {}
        self._no_stream: dict[str, int] = {}
        """Hosts that took no connection, and until when they are believed."""

    def __len__(self) -> int:
        return len(self._asked)

    def send(self, asked: Asked, now_us: int) -> None:
        """Send. Raises SipError where there is no room or a field can't be written."""
        request, octets = self._made(asked, asked.target)
        target = asked.target
        if (
            len(octets) > DATAGRAM_OCTETS_LIMIT
            and target.transport == "UDP"
            and asked.streamed is None
            and self._no_stream.get(target.host, now_us) <= now_us
        ):
            asked.streamed = True
            target = Target(target.host, target.port, "TCP")
            request, octets = self._made(asked, target)
        asked.request = request
        asked.key = self._end.transactions.send(request, target, now_us, octets)
        self._asked[asked.key] = asked

    def try_send(self, asked: Asked, now_us: int) -> None:
        """As `send`; its owner hears UNREACHABLE where it can't be sent."""
        try:
            self.send(asked, now_us)
        except SipError:
            asked.owner.unanswered(asked, UNREACHABLE, now_us)

    def _made(self, asked: Asked, target: Target) -> tuple[Request, bytes]:
        text, via = self._end.via(target)
        fields = {"via": [text], **asked.fields}
        if asked.proof is not None:
            fields.update(asked.proof.fields(asked.method, asked.uri))
        request = Request(asked.method, asked.uri, fields, asked.body)
        request.via = via
        request.cseq = CSeq(asked.number, asked.method)
        return request, request.encode()

    def answered(self, key: Key, response: Response, now_us: int) -> None:
        """An answer came."""
        asked = self._asked.get(key)
        if asked is None:
            return
        status = response.status
        if status >= 300 or (status >= 200 and asked.method != "INVITE"):
            del self._asked[key]
        if status in (401, 407) and self._again(asked, response, now_us):
            return
        asked.owner.answered(asked, response, now_us)
        self._let_go(asked)

    def _let_go(self, asked: Asked) -> None:
        """Where nothing more will come of it, let its owner be: the two hold each other."""
        if asked.key not in self._asked:
            asked.owner = _NOBODY

    def _again(self, asked: Asked, response: Response, now_us: int) -> bool:
        """Send with credentials for that challenge; False where that is of no use."""
        if asked.proof is None:
            return False
        nonce = asked.proof.learn(response, asked.nonces)
        if nonce is None:
            return False
        asked.nonces |= {nonce}
        self._renumber(asked)
        self.try_send(asked, now_us)
        return True

    def _renumber(self, asked: Asked) -> None:
        number = asked.renumber() if asked.renumber is not None else asked.number + 1
        asked.fields = {**asked.fields, "cseq": [f"{number} {asked.method}"]}

    def timed_out(self, key: Key, now_us: int) -> None:
        """Nobody answered."""
        asked = self._asked.pop(key, None)
        if asked is not None:
            asked.owner.unanswered(asked, SILENT, now_us)
            self._let_go(asked)

    def unreachable(self, key: Key, now_us: int) -> None:
        """The transport failed."""
        asked = self._asked.pop(key, None)
        if asked is None:
            return
        if asked.streamed:
            asked.streamed = False
            if len(self._no_stream) >= NO_STREAM_LIMIT:
                self._no_stream.clear()
            self._no_stream[asked.target.host] = now_us + NO_STREAM_US
            self.try_send(asked, now_us)
        else:
            asked.owner.unanswered(asked, UNREACHABLE, now_us)
            self._let_go(asked)

    def over(self, key: Key) -> None:
        """No more answers come: an accepted INVITE's last 2xx would have been here by now."""
        asked = self._asked.pop(key, None)
        if asked is not None:
            self._let_go(asked)
