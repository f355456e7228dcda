"""Idempotency-Key on everything that changes something, but for calls being asked for.

Those have keys of their own, durable with the call (`calleq.intake.idempotency`). Here the answer
of a finished request is kept in memory for `KEPT_US`, by who asked, what for, and the key:

| key, for the same sender, method and path | answer                                         |
|-------------------------------------------|------------------------------------------------|
| new                                       | the request is done                            |
| same body, answered                       | the same answer again, `Idempotent-Replayed`   |
| same body, being answered                 | 409 `in_progress`                              |
| another body                              | 422 `idempotency_key_reused`                   |

A refusal is an answer: the key stays bound to it. What binds nothing: a request that could not be
read, one told to come again (Retry-After), and a defect of ours (500). What is beyond the bounds is
refused (503), not forgotten early.
"""

from collections import OrderedDict
from collections.abc import Mapping
from hashlib import sha256

import msgspec
from starlette.responses import Response

from calleq.intake import errors
from calleq.intake.idempotency import KEPT_US, is_key
from calleq.web.problems import ProblemDetail, ProblemError

LIMIT_KEPT = 20_000
LIMIT_KEPT_OCTETS = 32 << 20
"""Of all bodies that are kept."""
REPLAYED = "idempotent-replayed"
_BINDS_NOTHING = frozenset((429, 500, 503))

_canonical = msgspec.json.Encoder(order="deterministic").encode

Who = tuple[str, str, str, str]
"""Sender, method, path, key."""


class _Answered(msgspec.Struct):
    status: int
    headers: dict[str, str]
    body: bytes
    problem: ProblemDetail | None = None


class _Slot(msgspec.Struct):
    mark: bytes
    at_us: int
    answered: _Answered | None = None


class KeyedAnswers:
    """Answers by key, oldest first."""

    def __init__(self) -> None:
        self._slots: OrderedDict[Who, _Slot] = OrderedDict()
        self._octets = 0

    def begin(self, who: Who, body: object, now_us: int) -> Response | None:
        """Bind a key, or give the answer it has had; ProblemError where it cannot be used."""
        if not is_key(who[3]):
            raise ProblemError(errors.KEY_MALFORMED)
        self._forget_before(now_us - KEPT_US)
        slot, mark = self._slots.get(who), sha256(_canonical(body)).digest()
        if slot is None:
            if len(self._slots) >= LIMIT_KEPT or self._octets >= LIMIT_KEPT_OCTETS:
                raise ProblemError(errors.KEYS_FULL)
            self._slots[who] = _Slot(mark, now_us)
            return None
        if slot.mark != mark:
            raise ProblemError(errors.KEY_REUSED)
        if slot.answered is None:
            raise ProblemError(errors.KEY_IN_PROGRESS)
        return _again(slot.answered)

    def answered(self, who: Who, response: Response) -> None:
        """The request of a bound key has its answer."""
        headers = {name: value for name, value in response.headers.items() if name != REPLAYED}
        self._keep(who, _Answered(response.status_code, headers, bytes(response.body)))

    def refused(self, who: Who, problem: ProblemDetail, headers: Mapping[str, str]) -> None:
        """The request of a bound key was refused."""
        if problem.status in _BINDS_NOTHING or problem.retry_after_s is not None:
            self.failed(who)
        else:
            self._keep(who, _Answered(problem.status, dict(headers), b"", problem))

    def failed(self, who: Who) -> None:
        """It came to no answer that could be given again."""
        self._slots.pop(who, None)

    def __len__(self) -> int:
        return len(self._slots)

    def _keep(self, who: Who, answered: _Answered) -> None:
        slot = self._slots.get(who)
        if slot is not None:
            slot.answered = answered
            self._octets += len(answered.body)

    def _forget_before(self, at_us: int) -> None:
        while self._slots:
            who, slot = next(iter(self._slots.items()))
            if slot.at_us >= at_us or slot.answered is None:
                return
            del self._slots[who]
            self._octets -= len(slot.answered.body)


def _again(answered: _Answered) -> Response:
    headers = {**answered.headers, REPLAYED: "true"}
    if answered.problem is not None:
        raise ProblemError(answered.problem, headers)
    return Response(answered.body, answered.status, headers)
