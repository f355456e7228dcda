"""What was sealed stays out of what is said about a message.

A problem's words may quote a field ("+19005550100 is a premium number"). Its sender knows the
field, but whoever reads the answer on its way does not. So everything that was sealed is taken out
of the words, in each form in which it could stand there; pointers and codes remain.
"""

from collections.abc import Iterable

import msgspec

from calleq.messages.errors import Fault
from calleq.numbering import NumberingError, parse_address
from calleq.web.problems import ProblemDetail

HIDDEN = "(sealed)"
SHORTEST = 3
"""Shorter texts would take words apart that say nothing of them."""
LIMIT_TEXTS = 500


def forms(values: Iterable[object]) -> tuple[str, ...]:
    """The texts to keep out, the longest first, of sealed values."""
    texts: set[str] = set()
    left = list(values)
    while left and len(texts) < LIMIT_TEXTS:
        value = left.pop()
        if isinstance(value, dict):
            left += [*value.values(), *value]
        elif isinstance(value, list | tuple):
            left += value
        elif isinstance(value, str):
            texts |= {value, value.strip(), *_number_forms(value)}
        elif isinstance(value, int | float) and not isinstance(value, bool):
            texts.add(str(value))
    return tuple(sorted((text for text in texts if len(text) >= SHORTEST), key=len, reverse=True))


def _number_forms(text: str) -> set[str]:
    try:
        canonical = str(parse_address(text))
    except NumberingError:
        return set()
    digits = "".join(filter(str.isdigit, text))
    return {canonical, canonical.lstrip("+"), digits}


def veiled(problem: ProblemDetail, texts: tuple[str, ...]) -> ProblemDetail:
    """The problem without those texts."""
    return msgspec.structs.replace(
        problem,
        title=_without(problem.title, texts),
        detail=_without(problem.detail, texts),
        errors=tuple(
            Fault(_without(error.pointer, texts), str(error.code), _without(error.detail, texts))
            for error in problem.errors
        ),
    )


def _without(text: str, hidden: tuple[str, ...]) -> str:
    for one in hidden:
        text = text.replace(one, HIDDEN)
    return text
