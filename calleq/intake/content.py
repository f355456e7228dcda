"""A message as it is kept: its content without secrets, and by what equal messages are known."""

from collections.abc import Callable
from hashlib import sha256
from typing import Literal

import msgspec
from pydantic import BaseModel

from calleq.intake.idempotency import short_fingerprint
from calleq.intake.outcome import Declined, Outcome
from calleq.intake.resolving import Resolved
from calleq.messages import CallInitiation, DirectCallRequest, decode
from calleq.protection.opening import Opened
from calleq.protection.veil import veiled

_canonical = msgspec.json.Encoder(order="sorted")


def message_of(figure: Literal[8, 9], body: bytes) -> CallInitiation | DirectCallRequest:
    """The message of a figure. Raises MessageError."""
    return decode(CallInitiation, body) if figure == 8 else decode(DirectCallRequest, body)


def content_of(
    message: CallInitiation | DirectCallRequest, resolved: Resolved | None = None
) -> dict[str, object]:
    """The message without its password, numbers canonical, what was left out left out; with
    `resolved` also who is meant by what it says."""
    content: dict[str, object] = {}
    values, given = vars(message), message.model_fields_set
    for name in type(message).model_fields:
        if name in given and name != "password":
            value = values[name]
            kept = isinstance(value, BaseModel)  # plain values are kept as they stand
            content[name] = value.model_dump(exclude_unset=True) if kept else value
    for name in ("customer_number", "representative_number"):
        if content.get(name) is not None:
            content[name] = str(content[name])  # a journal writes plain text
    if resolved is not None:
        content["customer_number"] = str(resolved.customer)
        if resolved.representative is not None:
            content["representative_number"] = str(resolved.representative)
    return content


def fingerprint_of(message: CallInitiation | DirectCallRequest) -> str:
    """The same for messages that say the same."""
    return short_fingerprint(sha256(_canonical.encode(content_of(message))).digest())


def plain_address(address: str) -> str:
    """An equipment address as it is compared."""
    return address.casefold().rstrip(".")


def veiling(
    answer: Callable[[Outcome], object], opened: Opened | None
) -> Callable[[Outcome], object]:
    """The answer, of which no problem says what was sealed."""
    if opened is None or not opened.texts:
        return answer

    def say(outcome: Outcome) -> None:
        if isinstance(outcome, Declined):
            problem = veiled(outcome.problem, opened.texts)
            outcome = msgspec.structs.replace(outcome, problem=problem)
        answer(outcome)

    return say
