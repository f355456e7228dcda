"""Messages with something sealed in them, opened before anything else looks at them.

| arrives as | opened |
|---|---|
| `application/jose` | the whole body is one envelope |
| JSON, a value of `SEALABLE` has an envelope's form | each of those values |
| anything else | nothing: the message is as it stands |

All envelopes of a message are sealed with keys of one business, which must be the one that the
message names: what was sealed for one business is worth nothing in the message of another. An
envelope is good for `OLDEST_US`, and once: whoever copies one (a sealed password, say) into a
message of its own is refused, while the same octets with the same Idempotency-Key are a message
sent again, which makes no second call. Only envelopes of messages whose sender proved who it is are
remembered, so that strangers cannot fill the memory.

What a business requires (`Encryption.required`) is asked once it is known that it is the business:
nobody on the way can make its messages plain ones, or have the carrier say what it requires.

Odd cases: within a sealed whole nothing is sealed again. An envelope spelled with JSON's escapes is
no envelope. After a restart envelopes of the minutes before are not remembered.
"""

from collections import OrderedDict
from collections.abc import Mapping
from hashlib import sha256

import msgspec

from calleq.messages.errors import Fault, MessageError
from calleq.messages.sealed import MEDIA_TYPE, SEALABLE, is_sealed
from calleq.messages.strict_json import JsonValue, parse, parse_object
from calleq.protection.envelopes import (
    AHEAD_US,
    OLDEST_US,
    Envelope,
    EnvelopeError,
    open_envelope,
)
from calleq.protection.keys import KeySource, MessageKeys
from calleq.protection.veil import forms
from calleq.runtime.clock import Clock
from calleq.topology import Business
from calleq.web.problems import ProblemDetail

LIMIT_REMEMBERED = 500_000
"""Envelopes; about 1 300 sealed messages a second for as long as they are good."""

NOT_OPENED = ProblemDetail(
    status=400,
    code="not_opened",
    title="Cannot be decrypted",
    detail="what is encrypted in the message cannot be opened here: fetch the business's key again"
    " and encrypt the message anew",
)
REMEMBERED_FULL = ProblemDetail(
    status=503,
    code="busy",
    title="Too much in work",
    detail="too many encrypted messages in these minutes; nothing of this one was kept",
    retry_after_s=60,
)

_encode = msgspec.json.Encoder().encode


class SealRefusedError(Exception):
    """The message is not taken; `reason` is for the log, the problem for its sender."""

    def __init__(self, problem: ProblemDetail, reason: str) -> None:
        super().__init__(reason)
        self.problem = problem
        self.reason = reason


class Opened(msgspec.Struct, frozen=True):
    """A message as it may be decoded."""

    body: bytes
    whole: bool = False
    business: str = ""
    """Whose keys it was sealed with; empty: nothing was sealed."""
    fields: frozenset[str] = frozenset()
    """Those sealed each by itself."""
    texts: tuple[str, ...] = ()
    """What must not be said about it (`veil`)."""
    envelopes: tuple[tuple[bytes, int], ...] = ()
    """Mark and time of each."""
    octets: bytes = b""
    """Digest of the message as it arrived."""

    def __repr__(self) -> str:
        return f"Opened(whole={self.whole}, fields={sorted(self.fields)})"


class Protection:
    """What opens the messages of one door."""

    def __init__(self, keys: MessageKeys, clock: Clock, limit: int = LIMIT_REMEMBERED) -> None:
        self.keys = keys
        self._clock = clock
        self._limit = limit
        self._seen: OrderedDict[bytes, tuple[bytes, int]] = OrderedDict()
        """By the mark: what it came in, and until when it is good."""

    def open(self, body: bytes, headers: Mapping[str, str]) -> Opened:
        """The message as it may be decoded. Raises SealRefusedError, and MessageError where it is
        to be JSON and is not."""
        if is_jose(headers):
            return self._open_whole(body)
        if b'"eyJ' not in body:
            return Opened(body)
        return self._open_fields(body)

    def check(self, opened: Opened, business: Business, key: str | None) -> None:
        """The business has proved itself: what it requires, and that nothing is used again.

        `key` is the Idempotency-Key. Raises SealRefusedError.
        """
        _check_required(opened, business)
        if not opened.envelopes:
            return
        if opened.business != business.identifier:
            raise SealRefusedError(NOT_OPENED, "sealed_for_another")
        self._remember(opened, key)

    def _open_whole(self, body: bytes) -> Opened:
        try:
            text = body.decode("ascii").strip()
        except UnicodeDecodeError as error:
            raise SealRefusedError(NOT_OPENED, "not_compact") from error
        envelope, value = self._envelope(text, "")
        return Opened(
            envelope.plaintext,
            True,
            envelope.business,
            texts=forms([value]),
            envelopes=((envelope.mark, envelope.sealed_us),),
            octets=sha256(body).digest(),
        )

    def _open_fields(self, body: bytes) -> Opened:
        message = parse_object(body)
        sealed = [name for name in message if name in SEALABLE and is_sealed(message[name])]
        if not sealed:
            return Opened(body)
        envelopes: list[Envelope] = []
        values: dict[str, JsonValue] = {}
        for name in sealed:
            envelope, values[name] = self._envelope(str(message[name]), name)
            envelopes.append(envelope)
        businesses = {envelope.business for envelope in envelopes}
        if len(businesses) != 1:
            raise SealRefusedError(NOT_OPENED, "sealed_for_several")
        return Opened(
            _encode({**message, **values}),
            False,
            businesses.pop(),
            frozenset(sealed),
            forms(values.values()),
            tuple((envelope.mark, envelope.sealed_us) for envelope in envelopes),
            sha256(body).digest(),
        )

    def _envelope(self, text: str, field: str) -> tuple[Envelope, JsonValue]:
        """The envelope and its value, JSON as strict as that of a message."""
        try:
            envelope = open_envelope(text, self.keys.find, self._clock.now_us())
            value = parse(envelope.plaintext)
        except EnvelopeError as error:
            raise SealRefusedError(NOT_OPENED, f"sealed_{error.reason}") from error
        except MessageError as error:
            raise SealRefusedError(NOT_OPENED, "sealed_no_json") from error
        if envelope.field != field:
            raise SealRefusedError(NOT_OPENED, "sealed_moved")
        return envelope, value

    def _remember(self, opened: Opened, key: str | None) -> None:
        now_us = self._clock.now_us()
        while self._seen and next(iter(self._seen.values()))[1] < now_us:
            self._seen.popitem(last=False)
        use = opened.octets + (key or "").encode()
        for mark, _ in opened.envelopes:
            before = self._seen.get(mark)
            if before is not None and (key is None or before[0] != use):
                raise SealRefusedError(NOT_OPENED, "sealed_used_before")
        if len(self._seen) + len(opened.envelopes) > self._limit:
            raise SealRefusedError(REMEMBERED_FULL, "sealed_memory_full")
        for mark, _ in opened.envelopes:
            # All are kept equally long, so that the first to be forgotten stands first.
            self._seen.setdefault(mark, (use, now_us + OLDEST_US + AHEAD_US))


def protection_by(source: KeySource, clock: Clock) -> Protection:
    """Of a door whose keys lie there; with `NoKeys` whatever is sealed cannot be opened."""
    return Protection(MessageKeys(source, clock), clock)


def is_jose(headers: Mapping[str, str]) -> bool:
    """Whether the whole body is said to be sealed; header names are in lower case."""
    content_type = headers.get("content-type", "")
    return content_type.partition(";")[0].strip().lower() == MEDIA_TYPE


def _check_required(opened: Opened, business: Business) -> None:
    wanted = business.encryption
    if wanted.required == "none" or opened.whole:
        return
    if wanted.required == "whole":
        raise SealRefusedError(_required("the whole message"), "plain")
    # A field that may be blank and is says nothing: only what is there must be sealed.
    message = parse_object(opened.body)
    plain = [
        name
        for name in wanted.fields
        if name not in opened.fields and message.get(name) is not None
    ]
    if plain:
        faults = (Fault(f"/{name}", "plain", "must be encrypted") for name in plain)
        raise SealRefusedError(_required(", ".join(plain), *faults), "plain")


def _required(what: str, *faults: Fault) -> ProblemDetail:
    return ProblemDetail(
        status=422,
        code="encryption_required",
        title="Must be encrypted",
        detail=f"this business requires encryption of {what}",
        errors=faults,
    )
