"""Call references: one per call, made before its first leg, sortable by time.

The form is ULID's: 48 bits of UTC milliseconds and 80 random bits, 26 characters of Crockford's
base 32. References of one source never fall back, even when the wall clock does: within one
millisecond, or after a step back, the last one is counted up.
"""

from collections.abc import Callable

from calleq.runtime.clock import Clock
from calleq.units import MILLISECOND_US

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}
_RANDOM_BITS = 80
_PAIRS = tuple(high + low for high in _ALPHABET for low in _ALPHABET)


class CallReferences:
    """Makes references. `random_bits(n)` is `secrets.randbits`, or a seeded source in a run."""

    def __init__(self, clock: Clock, random_bits: Callable[[int], int]) -> None:
        self._clock = clock
        self._random_bits = random_bits
        self._last = 0

    def __call__(self) -> str:
        """A new reference, greater than every one before."""
        millisecond = self._clock.now_us() // MILLISECOND_US & (1 << 48) - 1
        if millisecond > self._last >> _RANDOM_BITS:
            # The top random bit stays clear, so that counting up has room within a millisecond.
            self._last = millisecond << _RANDOM_BITS | self._random_bits(_RANDOM_BITS - 1)
        else:
            self._last += 1 + self._random_bits(16)
        return reference_text(self._last)


def reference_text(value: int) -> str:
    """The 26 characters of 128 bits.

    >>> reference_text(0)
    '00000000000000000000000000'
    """
    return "".join([_PAIRS[value >> shift & 1023] for shift in range(120, -1, -10)])


def is_reference(text: str) -> bool:
    """Whether the text has a reference's form."""
    return len(text) == 26 and all(character in _ALPHABET for character in text)


def reference_value(reference: str) -> int | None:
    """The 128 bits of a reference; None where the text is none.

    >>> reference_value(reference_text(2**128 - 1)) == 2**128 - 1, reference_value("c1")
    (True, None)
    """
    if len(reference) != 26:
        return None
    value = 0
    for character in reference:
        digit = _VALUES.get(character)
        if digit is None:
            return None
        value = value << 5 | digit
    return value if value >> 128 == 0 else None


def reference_us(reference: str) -> int:
    """The UTC microseconds at which a reference was made, to the millisecond.

    >>> reference_us("01KE6P4ZK8CRN1KHA0F770ADTP")
    1767602618984000
    """
    value = 0
    for character in reference[:10]:
        value = value << 5 | _ALPHABET.index(character)
    return value * MILLISECOND_US
