"""What proves us to others: credentials for the challenges that were met (RFC 3261 §22.2, §22.3).

Owns the challenges of one call or registration, by realm, and how often each nonce was used; later
requests carry them unasked. Passwords stay in `Credentials` and are written nowhere.

It gives up where a realm asks again what was answered, unless its nonce was only stale: the
password is wrong then, and asking on would look like guessing.
"""

from collections.abc import Callable

from calleq.sip.bounds import SipError
from calleq.sip.digest import Challenge, answer, strongest
from calleq.sip.events import Credentials
from calleq.sip.message import Fields, Response

REALMS_LIMIT = 4
CHALLENGES_LIMIT = 6
"""Challenges that one request answers, stale ones with them."""
_FIELDS = {401: ("www-authenticate", "authorization")}
_FIELDS[407] = ("proxy-authenticate", "proxy-authorization")


class Proof:
    """One set of credentials and where it was shown."""

    __slots__ = ("_counts", "_credentials", "_met", "_random")

    def __init__(self, credentials: Credentials, random: Callable[[int], int]) -> None:
        self._credentials = credentials
        self._random = random
        self._met: dict[tuple[str, str], Challenge] = {}
        """By the field that answers, and realm."""
        self._counts: dict[str, int] = {}
        """By nonce."""

    def learn(self, response: Response, answered: frozenset[str]) -> str | None:
        """Take the challenge of a 401 or 407; its nonce, or None where it is of no use.

        `answered` are the nonces that this request has shown already.
        """
        asked, shown = _FIELDS[response.status]
        try:
            challenge = strongest(response.fields.get(asked, ()))
        except SipError:
            return None
        if challenge is None or challenge.nonce in answered or len(answered) >= CHALLENGES_LIMIT:
            return None
        key = (shown, challenge.realm)
        before = self._met.get(key)
        if before is not None and before.nonce in answered and not challenge.stale:
            return None
        if before is None and len(self._met) >= REALMS_LIMIT:
            return None
        if before is not None:
            self._counts.pop(before.nonce, None)
        self._met[key] = challenge
        return challenge.nonce

    def fields(self, method: str, uri: str) -> Fields:
        """Authorization and Proxy-Authorization for a request; empty before any challenge."""
        made: Fields = {}
        for (name, _), challenge in self._met.items():
            count = self._counts.get(challenge.nonce, 0) + 1
            self._counts[challenge.nonce] = count
            shown = answer(
                challenge,
                self._credentials.username,
                self._credentials.password,
                method,
                uri,
                cnonce=f"{self._random(64):016x}",
                count=count,
            )
            made.setdefault(name, []).append(str(shown))
        return made
