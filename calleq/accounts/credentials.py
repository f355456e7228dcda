"""All credentials: found by identifier, by fingerprint, by whose they are."""

from collections.abc import Iterator

import msgspec

from calleq.accounts.changes import Change, CredentialIssued, CredentialUsed
from calleq.accounts.credential import SPOKEN_KINDS, Credential

LIMIT_ENDED = 100
"""Credentials that prove nothing any more and are still shown, for each business."""

_Owner = tuple[str, str]


class CredentialBook:
    """All of them."""

    def __init__(self) -> None:
        self._all: dict[str, Credential] = {}
        self._of: dict[str, dict[str, None]] = {}
        self._spoken: dict[_Owner, dict[str, None]] = {}
        """Passwords and PINs by business and user."""
        self._by_fingerprint: dict[str, str] = {}
        self._used_us: dict[str, int] = {}

    def find(self, identifier: str) -> Credential | None:
        """One credential, whatever it is worth."""
        return self._all.get(identifier)

    def every(self) -> list[Credential]:
        """All of them, whatever they are worth."""
        return list(self._all.values())

    def by_fingerprint(self, fingerprint: str) -> Credential | None:
        """That of a certificate (SHA-256 of its DER, hexadecimal, small letters)."""
        return self._all.get(self._by_fingerprint.get(fingerprint, ""))

    def of(self, business: str) -> list[Credential]:
        """Those of a business (empty: of the carrier), the oldest first."""
        return [self._all[name] for name in self._of.get(business, ())]

    def spoken(self, business: str, user: str) -> list[Credential]:
        """Passwords and PINs of a business or one of its users, the newest first."""
        return [self._all[name] for name in reversed(self._spoken.get((business, user), {}))]

    def last_used_us(self, identifier: str) -> int:
        """When it proved somebody last, as far as is remembered; 0: never."""
        return self._used_us.get(identifier, 0)

    def put(self, credential: Credential) -> None:
        """A credential is as said."""
        name = credential.identifier
        self._all[name] = credential
        own = self._of.setdefault(credential.business, {})
        own[name] = None
        if credential.kind in SPOKEN_KINDS:
            self._spoken.setdefault((credential.business, credential.user), {})[name] = None
        if credential.kind == "certificate":
            self._by_fingerprint[credential.stored] = name

    def end(self, identifier: str, at_us: int) -> None:
        """It proves nothing any more; of those, the one that ended longest ago may go."""
        known = self._all.get(identifier)
        if known is None:
            return
        if not known.ended_us:
            known = msgspec.structs.replace(known, ended_us=at_us)
        self._all[identifier] = known
        self._spoken.get((known.business, known.user), {}).pop(identifier, None)
        if self._by_fingerprint.get(known.stored) == identifier:
            del self._by_fingerprint[known.stored]
        ended = [one for one in self.of(known.business) if one.ended_us]
        if len(ended) > LIMIT_ENDED:
            gone = min(ended, key=lambda one: one.ended_us).identifier
            del self._all[gone]
            del self._of[known.business][gone]
            self._used_us.pop(gone, None)

    def used(self, identifier: str, at_us: int) -> None:
        """It proved somebody."""
        if identifier in self._all:
            self._used_us[identifier] = max(at_us, self._used_us.get(identifier, 0))

    def expiring(self, now_us: int) -> list[Credential]:
        """Those whose time is over by now, and of which nothing has said so."""
        return [one for one in self._all.values() if one.standing(now_us) == "expired"]

    def in_force(self) -> Iterator[list[Change]]:
        """All of them; see `Registry.in_force`."""
        for identifier in list(self._all):
            known = self._all.get(identifier)
            if known is None:
                continue
            changes: list[Change] = [CredentialIssued(credential=known)]
            used_us = self._used_us.get(identifier)
            if used_us is not None:
                changes.append(CredentialUsed(credential=identifier, at_us=used_us))
            yield changes
