"""How accounts outlive the process: every change in the journal, and back after a restart.

A change is written and applied in one step, and is durable when the journal says so: whoever asked
for it is answered then. After a restart `restore` goes once through the journal of before, over
changes and over the customers that accepted messages taught, in the order in which they came.

What is in force is written anew every `RESTATED_US`, a few changes at a time, so that old segments
of the journal can go (`calleq.journal.segments`). Credentials whose time is over are said to be so
every `EXPIRED_LOOK_US`; they prove nothing from that instant on anyway. Signing keys that were
sealed under a key that the carrier had before are sealed anew at the start.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import msgspec

from calleq.accounts.changes import (
    AccountError,
    Change,
    CredentialExpired,
    CredentialIssued,
    CredentialUsed,
    RestatingBegun,
    RestatingDone,
    read,
    written,
)
from calleq.accounts.credential import Credential
from calleq.accounts.registry import Registry
from calleq.accounts.safe import NONCE_OCTETS, Safe, SafeError
from calleq.journal.contract import Journal
from calleq.journal.entries import Accepted, AccountChanged, Stamped
from calleq.runtime.clock import Clock
from calleq.units import HOUR_US, MILLISECOND_US

RESTATED_US = 24 * HOUR_US
RESTATED_AT_ONCE = 200
"""Groups of changes written anew in one go, then others have their turn."""
RESTATED_PAUSE_US = 20 * MILLISECOND_US
EXPIRED_LOOK_US = HOUR_US
USED_AGAIN_US = HOUR_US
"""That a credential was used is written once in so long."""


class Resealing(NamedTuple):
    """What seals signing keys anew that were sealed under another key than the one in use."""

    safe: Safe
    random_octets: Callable[[int], bytes]

    def again(self, credential: Credential) -> Credential | None:
        """The same sealed under the key in use; None: it is, or nobody can open it."""
        if credential.kind != "signing_key" or self.safe.is_current(credential.stored):
            return None
        try:
            secret = self.safe.open(credential.stored, credential.identifier)
        except SafeError:
            return None
        stored = self.safe.seal(secret, credential.identifier, self.random_octets(NONCE_OCTETS))
        return msgspec.structs.replace(credential, stored=stored)


class Keeping:
    """Keeps one registry in one journal, under the name of one element."""

    def __init__(
        self,
        registry: Registry,
        journal: Journal,
        clock: Clock,
        element: str,
        resealing: Resealing | None = None,
    ) -> None:
        self._resealing = resealing
        self.registry = registry
        self._journal = journal
        self._clock = clock
        self._element = element
        self._restating: Iterator[list[Change]] | None = None
        self.unreadable = 0
        """Entries of the journal that are no change of this version."""

    def now_us(self) -> int:
        """UTC, by which credentials are judged."""
        return self._clock.now_us()

    def change(
        self, change: Change, by: str = "", durable: Callable[[], object] | None = None
    ) -> None:
        """Write a change and apply it; `durable` is called when it is on disk.

        Raises JournalError, and changes nothing, when the journal takes nothing.
        """
        self._journal.append(self._element, AccountChanged(written(change), by), durable)
        self.registry.apply(change)

    def used(self, credential: str) -> None:
        """A credential proved somebody just now."""
        now_us = self._clock.now_us()
        if now_us - self.registry.last_used_us(credential) >= USED_AGAIN_US:
            self.change(CredentialUsed(credential=credential, at_us=now_us))

    def restore(self, entries: Iterable[Stamped]) -> None:
        """Take what the journal of before says, oldest entry first, once for all doors; from now
        on what is in force is written anew in its time."""
        begun_us, restated_us = 0, self._clock.now_us()
        for stamped in entries:
            entry = stamped.entry
            if isinstance(entry, Accepted):
                self._taught(entry)
            elif isinstance(entry, AccountChanged):
                try:
                    change = read(entry.change)
                except AccountError:
                    self.unreadable += 1
                    continue
                self.registry.apply(change)
                if isinstance(change, RestatingBegun):
                    begun_us = stamped.at_us
                elif isinstance(change, RestatingDone):
                    restated_us = begun_us
        self._reseal()
        due_us = max(0, restated_us + RESTATED_US - self._clock.now_us())
        self._clock.call_in_background_us(min(due_us, RESTATED_US), self._restate)
        self._clock.call_in_background_us(EXPIRED_LOOK_US, self._look)

    def _reseal(self) -> None:
        """Have nothing in force that only a key opens which was the carrier's before."""
        if self._resealing is None:
            return
        for credential in self.registry.every_credential():
            again = None if credential.ended_us else self._resealing.again(credential)
            if again is not None:
                self.change(CredentialIssued(credential=again))

    def _taught(self, entry: Accepted) -> None:
        customer, number = entry.message.get("customer_id"), entry.message.get("customer_number")
        if isinstance(customer, str) and isinstance(number, str):
            self.registry.taught(entry.business, customer, number)

    def _restate(self) -> None:
        if self._restating is None:
            if next(self.registry.in_force(), None) is None:
                self._clock.call_in_background_us(RESTATED_US, self._restate)
                return
            self._write(RestatingBegun())
            self._restating = self.registry.in_force()
        for _ in range(RESTATED_AT_ONCE):
            group = next(self._restating, None)
            if group is None:
                self._restating = None
                self._write(RestatingDone())
                self._clock.call_in_background_us(RESTATED_US, self._restate)
                return
            for change in group:
                self._write(change)
        self._clock.call_in_background_us(RESTATED_PAUSE_US, self._restate)

    def _look(self) -> None:
        now_us = self._clock.now_us()
        for credential in self.registry.expiring(now_us):
            self.change(CredentialExpired(credential=credential.identifier, at_us=now_us))
        self._clock.call_in_background_us(EXPIRED_LOOK_US, self._look)

    def _write(self, change: Change) -> None:
        """Say again what is so: nothing changes."""
        self._journal.append(self._element, AccountChanged(written(change)))
