"""The transaction layer: octets in and out, requests and responses to its user (RFC 3261 §17).

Owns every transaction of one process, by key, at most TRANSACTIONS_LIMIT, and their timers. What
comes in is parsed, refused where `checks` says so, matched, and handed up as an event; what must be
sent gathers until `data_to_send` takes it. Time is an argument.

It refuses, without state: what is not well formed (400 and so on), a request that came twice by two
ways (482), CANCEL of nothing (481), and everything new once it is full (503). It drops what cannot
be answered and answers to nothing; both are counted.

Odd cases: CANCEL is answered here, and the user is told only where it can still refuse the INVITE;
our own CANCEL waits for the first provisional answer, and is never sent after a final one: the user
then gets the 2xx after all, and must ACK and BYE (RFC 3261 §9.1, §15). ACK of a 2xx has no
transaction: it comes as `Requested` without a key, and goes out by `send_plain`.
"""

import heapq
from collections import deque
from itertools import count
from zlib import crc32

import msgspec

from calleq.sip.bounds import TRANSACTIONS_LIMIT, SipError
from calleq.sip.checks import Abilities, Refusal, check_response, refusal
from calleq.sip.fields import MAGIC_COOKIE, answer_target, received_via
from calleq.sip.message import Fields, Request, Response, parse, respond, with_top_via
from calleq.sip.transaction import Key, Target, Transaction, cancellation
from calleq.sip.transaction_tables import (
    INVITE_CLIENT,
    INVITE_SERVER,
    LENGTHS_US,
    OTHER_CLIENT,
    OTHER_SERVER,
    Action,
    Input,
    State,
    Timer,
)

NEVER_US = 1 << 62
RETRY_AFTER_S = 5
"""What a refused caller is told when the table is full."""


class Answered(msgspec.Struct, frozen=True):
    """An answer to a request of ours; each 2xx of an INVITE comes, of whatever fork."""

    key: Key
    response: Response


class Requested(msgspec.Struct, frozen=True):
    """A request of theirs, its Via marked; without a key an ACK, which has no answer."""

    key: Key | None
    request: Request
    source: Target


class Cancelled(msgspec.Struct, frozen=True):
    """An INVITE of theirs that is not answered finally yet is not wanted any more: say 487."""

    key: Key
    cancel: Request


class TimedOut(msgspec.Struct, frozen=True):
    """Nobody answered our request, or nobody acknowledged our refusal."""

    key: Key


class Unreachable(msgspec.Struct, frozen=True):
    """The transport failed."""

    key: Key


Event = Answered | Requested | Cancelled | TimedOut | Unreachable


class Transactions:
    """All transactions of one end."""

    def __init__(
        self, abilities: Abilities | None = None, *, limit: int = TRANSACTIONS_LIMIT
    ) -> None:
        self._abilities = abilities or Abilities()
        self._limit = limit
        self._clients: dict[Key, Transaction] = {}
        self._servers: dict[Key, Transaction] = {}
        self._merged: dict[Key, Key] = {}
        self._timers: list[tuple[int, int, bool, Key, Timer]] = []
        """When, order, of a client?, whose, which. Names only: what is over is not held by them."""
        self._order = count()
        self._events: deque[Event] = deque()
        self._out: list[tuple[Target, bytes]] = []
        self.dropped = 0
        """Messages that could not be read or answered."""
        self.strays = 0
        """Answers that belong to no request of ours."""

    def __len__(self) -> int:
        """How many transactions there are."""
        return len(self._clients) + len(self._servers)

    # What the user asks.

    def send(
        self, request: Request, target: Target, now_us: int, octets: bytes | None = None
    ) -> Key:
        """Send a request; its topmost Via has a branch of its own. Not for ACK.

        `octets` are the request's, where they are made already. Raises SipError where the branch
        is in use or there is no room.
        """
        key = (request.via.branch, request.method)
        if key in self._clients or not request.via.branch.startswith(MAGIC_COOKIE):
            raise SipError(f"a branch that is in use or none: {request.via.branch[:40]!r}")
        if len(self) >= self._limit:
            raise SipError(f"more than {self._limit} transactions")
        machine = INVITE_CLIENT if request.method == "INVITE" else OTHER_CLIENT
        made = Transaction(machine, key, request, target, self)
        self._clients[key] = made
        made.begin(now_us, octets)
        return key

    def send_plain(self, message: Request | Response, target: Target) -> None:
        """Send once, without a transaction: ACK of a 2xx."""
        self.send_octets(target, message.encode())

    def request_of(self, key: Key) -> Request | None:
        """The request of theirs that has that key; None where it is over."""
        transaction = self._servers.get(key)
        return transaction.request if transaction is not None else None

    def respond(self, key: Key, response: Response, now_us: int) -> bool:
        """Answer a request of theirs; False where it is too late or the transaction is over."""
        transaction = self._servers.get(key)
        if transaction is None:
            return False
        said = Input.SAY_PROVISIONAL if response.status < 200 else Input.SAY_SUCCESS
        if response.status >= 300:
            said = Input.SAY_FAILURE
        return transaction.give(said, now_us, response)

    def cancel(self, key: Key, now_us: int, fields: Fields | None = None) -> bool:
        """Take an INVITE of ours back, with those fields (Reason) in the CANCEL; False where its
        final answer is here already."""
        transaction = self._clients.get(key)
        if transaction is None or transaction.machine is not INVITE_CLIENT:
            return False
        transaction.cancel_fields = fields or {}
        if transaction.state is State.CALLING:
            transaction.cancel_wanted = True
        elif transaction.state is State.PROCEEDING:
            self._send_cancel(transaction, now_us)
        else:
            return False
        return True

    def transport_failed(self, target: Target, now_us: int) -> None:
        """The connection broke, or nothing can be sent there."""
        for table in (self._clients, self._servers):
            for transaction in [one for one in table.values() if one.target == target]:
                transaction.give(Input.TRANSPORT_FAILED, now_us)

    # What comes in.

    def receive(self, octets: bytes, source: Target, now_us: int) -> None:
        """One message, whole. Whatever it holds, nothing is raised."""
        try:
            message = parse(octets)
            if isinstance(message, Response):
                check_response(message)
                self._answer_came(message, now_us)
            else:
                self._request_came(message, source, now_us)
        except SipError:
            self.dropped += 1

    def _answer_came(self, response: Response, now_us: int) -> None:
        transaction = self._clients.get((response.via.branch, response.cseq.method))
        if transaction is None or transaction.call_id != response.call_id:
            self.strays += 1
            return
        status = response.status
        given = Input.PROVISIONAL if status < 200 else Input.SUCCESS
        transaction.give(given if status < 300 else Input.FAILURE, now_us, response)
        if transaction.cancel_wanted and transaction.state is State.PROCEEDING:
            transaction.cancel_wanted = False
            self._send_cancel(transaction, now_us)

    def _request_came(self, request: Request, source: Target, now_us: int) -> None:
        refused = refusal(request, self._abilities)
        if refused is not None:
            if request.method == "ACK":
                raise SipError(refused.text)
            self._refuse(request, refused, source)
            return
        via = received_via(request.via, source.host, source.port)
        if via != request.via:
            request = with_top_via(request, via)
        key = server_key(request)
        known = self._servers.get(key)
        if known is not None:
            given = Input.ACK if request.method == "ACK" else Input.REQUEST
            known.give(given, now_us, request)
        elif request.method == "ACK":
            self._events.append(Requested(None, request, source))
        elif request.method == "CANCEL":
            self._cancel_came(request, key, source, now_us)
        elif len(self) >= self._limit:
            full = Refusal(503, "full", {"retry-after": [str(RETRY_AFTER_S)]})
            self._refuse(request, full, source)
        elif not request.called.tag and merged_key(request) in self._merged:
            self._refuse(request, Refusal(482, "came by another way already"), source)
        else:
            self._open(request, key, source, now_us)
            self._events.append(Requested(key, request, source))

    def _open(self, request: Request, key: Key, source: Target, now_us: int) -> Transaction:
        machine = INVITE_SERVER if request.method == "INVITE" else OTHER_SERVER
        made = Transaction(machine, key, request, _back(request, source), self)
        self._servers[key] = made
        if not request.called.tag and request.method != "CANCEL":
            made.merged = merged_key(request)
            self._merged[made.merged] = key
        made.begin(now_us)
        return made

    def _cancel_came(self, request: Request, key: Key, source: Target, now_us: int) -> None:
        invite = self._servers.get((*key[:-1], "INVITE"))
        if invite is None or len(self) >= self._limit:
            self._refuse(request, Refusal(481, "nothing to cancel"), source)
            return
        own = self._open(request, key, source, now_us)
        own.quiet = True
        tag = invite.to_tag or _tag(request)
        own.give(Input.SAY_SUCCESS, now_us, respond(request, 200, to_tag=tag))
        if invite.state is State.PROCEEDING:
            self._events.append(Cancelled(invite.key, request))

    def _refuse(self, request: Request, refused: Refusal, source: Target) -> None:
        """Answer without state; the same request gets the same answer again."""
        octets = refused.response(request, _tag(request)).encode()
        try:
            target = _back(request, source)
        except SipError:
            target = source
        self._out.append((target, octets))

    def _send_cancel(self, invite: Transaction, now_us: int) -> None:
        if Timer.CANCEL in invite.due_us or len(self) >= self._limit:
            return
        invite.start(Timer.CANCEL, now_us + LENGTHS_US[Timer.CANCEL][0])
        key = (invite.key[0], "CANCEL")
        request = cancellation(invite.request, invite.cancel_fields)
        made = Transaction(OTHER_CLIENT, key, request, invite.target, self)
        made.quiet = True
        self._clients[key] = made
        made.begin(now_us)

    # What goes out.

    def next_event(self) -> Event | None:
        """What happened next; None where nothing did."""
        return self._events.popleft() if self._events else None

    def data_to_send(self) -> list[tuple[Target, bytes]]:
        """What is to be sent, in order; each is given once."""
        out, self._out = self._out, []
        return out

    @property
    def soonest_us(self) -> int:
        """No timer is due sooner; what it was set for may be over."""
        return self._timers[0][0] if self._timers else NEVER_US

    def next_timer_us(self) -> int | None:
        """When `handle_timers` is wanted next."""
        while self._timers:
            due_us, _, client, key, timer = self._timers[0]
            transaction = (self._clients if client else self._servers).get(key)
            if transaction is not None and transaction.due_us.get(timer) == due_us:
                return due_us
            heapq.heappop(self._timers)
        return None

    def handle_timers(self, now_us: int) -> None:
        """Do what is due."""
        while (due_us := self.next_timer_us()) is not None and due_us <= now_us:
            _, _, client, key, timer = heapq.heappop(self._timers)
            (self._clients if client else self._servers)[key].fire(timer, due_us)

    # Where the actions of transactions go: see `Steps`.

    def send_octets(self, target: Target, octets: bytes) -> None:
        """Send these."""
        self._out.append((target, octets))

    def deliver(self, transaction: Transaction, message: Request | Response) -> None:
        """Hand up."""
        if transaction.quiet:
            return
        if isinstance(message, Response):
            self._events.append(Answered(transaction.key, message))
        else:
            self._events.append(Requested(None, message, transaction.target))

    def tell(self, transaction: Transaction, action: Action) -> None:
        """Tell of an end that nobody answered."""
        if not transaction.quiet:
            kind = TimedOut if action is Action.TELL_TIMEOUT else Unreachable
            self._events.append(kind(transaction.key))

    def start(self, transaction: Transaction, timer: Timer, due_us: int) -> None:
        """Wake it then."""
        client, key = transaction.machine.client, transaction.key
        heapq.heappush(self._timers, (due_us, next(self._order), client, key, timer))

    def ended(self, transaction: Transaction) -> None:
        """Forget it."""
        if transaction.machine.client:
            del self._clients[transaction.key]
            return
        del self._servers[transaction.key]
        merged = transaction.merged
        if merged is not None and self._merged.get(merged) == transaction.key:
            del self._merged[merged]


def server_key(request: Request) -> Key:
    """What names a server transaction; an ACK's is its INVITE's (RFC 3261 §17.2.3)."""
    method = "INVITE" if request.method == "ACK" else request.method
    via = request.via
    if via.branch.startswith(MAGIC_COOKIE):
        return (via.branch, via.sent_by, method)
    number, tag = str(request.cseq.number), request.caller.tag
    return (request.target, tag, request.call_id, number, via.sent_by, via.branch, method)


def merged_key(request: Request) -> Key:
    """What two copies of one request that came by different ways share (RFC 3261 §8.2.2.2)."""
    return (request.call_id, request.caller.tag, str(request.cseq))


def _back(request: Request, source: Target) -> Target:
    """Where answers go: the connection it came on, or as its Via says."""
    if source.reliable:
        return source
    host, port = answer_target(received_via(request.via, source.host, source.port))
    return Target(host, port, source.transport)


def _tag(request: Request) -> str:
    """A tag that is the same for the same request, where no state is kept."""
    try:
        text = f"{request.call_id} {request.caller.tag} {request.via.branch}"
    except SipError:
        text = ""
    return f"{crc32(text.encode('utf-8', 'surrogateescape')):08x}"
