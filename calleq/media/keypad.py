"""The keys of a telephone, and how long it takes to press them; what they sound like is `keys`.

A key that is pressed here sounds for `KEY_US`, then there is `PAUSE_US` of silence.
"""

from calleq.units import MILLISECOND_US

KEYS = "123A456B789C*0#D"
"""By low frequency, then by high."""
NO_KEY = ""
KEYS_LIMIT = 64
"""Keys pressed at a time."""
KEY_US = 100 * MILLISECOND_US
PAUSE_US = 100 * MILLISECOND_US


def keys_length_us(keys: str) -> int:
    """How long it takes to press them.

    >>> keys_length_us("42#")
    600000
    """
    return len(keys) * (KEY_US + PAUSE_US)
