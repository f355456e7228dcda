"""Altered elements: each has one reaction removed or changed, and must fail the case that names it.

A case's data names its mutants by short sentences, such as "suppress RLC"; `VERBS` is the registry.
These verbs stand between the element and its links and see only octets, so they can be made of any
element; a suite adds verbs of its own that change the element itself (`timer t7 60`). A verb that
no registry has is a mistake of the case (WireError), and so is a mutant that never did anything:
`acted` says so.
"""

from collections.abc import Callable, Mapping, Sequence

from calleq.units import SECOND_US
from simulator.conformance.language import Language, Read, Value, WireError, as_fields

Payloads = Sequence[tuple[int, bytes]]
"""What becomes of one message: nothing, or messages, each with a delay in microseconds."""


class Mutant:
    """No alteration at all; what a verb alters it overrides."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.acted = 0
        self.tell: Callable[[bytes], object] = lambda payload: None
        """Sends a message from the element on the way that the arriving one came."""

    def prepare(self, element: object) -> None:
        """Alter the element itself before anything happens."""

    def leaving(self, message: Read, payload: bytes) -> Payloads:
        """What leaves the element instead of this message."""
        return ((0, payload),)

    def arriving(self, message: Read, payload: bytes) -> Payloads:
        """What the element gets instead of this message."""
        return ((0, payload),)


class _OfOneName(Mutant):
    """Alters messages of one name; which way they go a subclass says."""

    def __init__(self, language: Language, name: str) -> None:
        super().__init__(language)
        self._name = name

    def altered(self, message: Read, payload: bytes) -> Payloads:
        """What becomes of a message on that way."""
        if message.name != self._name:
            return ((0, payload),)
        self.acted += 1
        return self.change(message, payload)

    def change(self, message: Read, payload: bytes) -> Payloads:
        """What becomes of one of that name; `suppress RLC`, `ignore RSC`: nothing."""
        return ()


class Leaving(_OfOneName):
    """Alters messages of one name that leave."""

    def leaving(self, message: Read, payload: bytes) -> Payloads:
        return self.altered(message, payload)


class _Repeat(Leaving):
    """`repeat RLC`: it leaves twice."""

    def change(self, message: Read, payload: bytes) -> Payloads:
        return ((0, payload), (0, payload))


class _Delay(Leaving):
    """`delay RLC 5`: it leaves so many seconds later."""

    def __init__(self, language: Language, name: str, seconds: str) -> None:
        super().__init__(language, name)
        self._delay_us = round(float(seconds) * SECOND_US)

    def change(self, message: Read, payload: bytes) -> Payloads:
        return ((self._delay_us, payload),)


class _Say(Leaving):
    """`say ACM as CON`: another message leaves, of ordinary contents."""

    def __init__(self, language: Language, name: str, _as: str, other: str) -> None:
        super().__init__(language, name)
        self._other = other

    def change(self, message: Read, payload: bytes) -> Payloads:
        return ((0, self.language.ordinary(self._other, message)),)


class _Alter(Leaving):
    """`alter IAM medium 2`: a parameter has other contents, or is added."""

    def __init__(self, language: Language, name: str, parameter: str, *value: str) -> None:
        super().__init__(language, name)
        self._parameter = parameter
        self._value = _value(language, parameter, " ".join(value))

    def change(self, message: Read, payload: bytes) -> Payloads:
        fields = {**as_fields(message), self._parameter: self._value}
        return ((0, self.language.build(message.name, message.cic, fields)),)


class _Strip(Mutant):
    """`strip propagation_delay of IAM`: an optional parameter is missing."""

    def __init__(self, language: Language, parameter: str, _of: str, name: str) -> None:
        super().__init__(language)
        self._name = name
        self._parameter = parameter

    def leaving(self, message: Read, payload: bytes) -> Payloads:
        fields = as_fields(message)
        if message.name != self._name or self._parameter not in fields:
            return ((0, payload),)
        self.acted += 1
        del fields[self._parameter]
        return ((0, self.language.build(message.name, message.cic, fields)),)


class Arriving(_OfOneName):
    """Alters messages of one name that arrive."""

    def arriving(self, message: Read, payload: bytes) -> Payloads:
        return self.altered(message, payload)


class _Take(Arriving):
    """`take 0xf8 as REL`: the element mistakes it for another of ordinary contents."""

    def __init__(self, language: Language, name: str, _as: str, other: str) -> None:
        super().__init__(language, name)
        self._other = other

    def change(self, message: Read, payload: bytes) -> Payloads:
        return ((0, self.language.ordinary(self._other, message)),)


class _Forget(Mutant):
    """`forget congestion_level of REL`: the element does not see an optional parameter."""

    def __init__(self, language: Language, parameter: str, _of: str, name: str) -> None:
        super().__init__(language)
        self._name = name
        self._parameter = parameter

    def arriving(self, message: Read, payload: bytes) -> Payloads:
        fields = as_fields(message)
        if message.name != self._name or self._parameter not in fields:
            return ((0, payload),)
        self.acted += 1
        del fields[self._parameter]
        return ((0, self.language.build(message.name, message.cic, fields)),)


class _See(Arriving):
    """`see REL cause 16`: the element sees other contents of a parameter."""

    def __init__(self, language: Language, name: str, parameter: str, *value: str) -> None:
        super().__init__(language, name)
        self._parameter = parameter
        self._value = _value(language, parameter, " ".join(value))

    def change(self, message: Read, payload: bytes) -> Payloads:
        fields = {**as_fields(message), self._parameter: self._value}
        return ((0, self.language.build(message.name, message.cic, fields)),)


class _Answer(Arriving):
    """`answer SGM with REL`: a message too many leaves after one that came."""

    def __init__(self, language: Language, name: str, _with: str, other: str) -> None:
        super().__init__(language, name)
        self._other = other

    def change(self, message: Read, payload: bytes) -> Payloads:
        self.tell(self.language.ordinary(self._other, message))
        return ((0, payload),)


Verb = Callable[..., Mutant]

VERBS: dict[str, Verb] = {
    "suppress": Leaving,
    "repeat": _Repeat,
    "delay": _Delay,
    "say": _Say,
    "alter": _Alter,
    "strip": _Strip,
    "ignore": Arriving,
    "take": _Take,
    "see": _See,
    "answer": _Answer,
    "forget": _Forget,
}


def mutant_of(sentence: str, language: Language, more: Mapping[str, Verb]) -> Mutant:
    """The mutant that a case names; `more` are the suite's own verbs. Raises WireError."""
    verb, *words = sentence.split()
    verbs = {**VERBS, **more}
    if verb not in verbs:
        raise WireError(f"mutant {sentence!r}: one of {', '.join(verbs)} expected first")
    try:
        return verbs[verb](language, *words)
    except (TypeError, KeyError, ValueError) as error:
        raise WireError(f"mutant {sentence!r}: {error}") from error


def _value(language: Language, parameter: str, text: str) -> Value:
    """A word, a number or octets, whichever the parameter takes."""
    try:
        language.pack(parameter, text)
    except WireError:
        number = int(text)
        language.pack(parameter, number)
        return number
    return text
