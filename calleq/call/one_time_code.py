"""One-time codes: whoever asks for a call is shown six digits, whoever answers must enter them.

So a number is proved to be that of the person who asked: a stranger who has somebody else's
telephone ring cannot have a representative rung, too. A code belongs to one call and its further
tries. It is worked out of the call's reference under a key of the carrier, so nothing that is kept
holds it, and the same request gets the same code again. Equipment is told a `mark` of it, by which
what is entered can be judged: to find the code of a mark by trying takes longer than it is good
for.

No code begins with `OPT_OUT_KEY`, which alone keeps its meaning where digits are asked for.
"""

import hmac
from hashlib import scrypt, sha256
from typing import Final

from calleq.call.consent import OPT_OUT_KEY, RIGHT_CODE, WRONG_CODE
from calleq.media.contract import NOTHING_SAID

DIGITS: Final = 6
KEY_OCTETS: Final = 32
_CODES: Final = 9 * 10 ** (DIGITS - 1)
_COST: Final = 2**11
"""Of scrypt (RFC 7914): some milliseconds for one code, an hour of a processor for all."""


class OneTimeCodes:
    """Makes codes. `key` is the carrier's: the same for all of its doors, and after a restart."""

    def __init__(self, key: bytes) -> None:
        if len(key) < KEY_OCTETS:
            raise ValueError(f"the key of one-time codes needs at least {KEY_OCTETS} octets")
        self._key = key

    def code(self, reference: str) -> str:
        """The code of the call with that reference."""
        drawn = hmac.new(self._key, reference.encode(), sha256).digest()
        return f"{int.from_bytes(drawn[:16], 'big') % _CODES:0{DIGITS}}"

    def mark(self, reference: str, call: str) -> str:
        """The mark of that code in a call, perhaps a further try of the one it was made for."""
        return _mark(self.code(reference), call)


def judged(entered: str, mark: str, call: str) -> str:
    """What was entered as an answer to the question of consent.

    That is `RIGHT_CODE`, `WRONG_CODE`, `OPT_OUT_KEY` or `NOTHING_SAID`.
    """
    if entered in (NOTHING_SAID, OPT_OUT_KEY):
        return entered
    if len(entered) != DIGITS or not hmac.compare_digest(_mark(entered, call), mark):
        return WRONG_CODE
    return RIGHT_CODE


def _mark(code: str, call: str) -> str:
    return scrypt(code.encode(), salt=call.encode(), n=_COST, r=8, p=1, dklen=16).hex()
