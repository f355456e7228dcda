"""The carrier's accounts: businesses, users, numbers, representatives, customers, credentials.

A registry is state and nothing else: it begins with the businesses of a topology, and every later
change (`calleq.accounts.changes`) is applied on top by `apply`. It reads no clock, no disk and no
random numbers; who writes changes to the journal and restores them is `calleq.accounts.keeping`.

`check` says whether somebody may ask for a change, against bounds and against what is there;
`apply` asks nothing, since what the journal holds has happened: a change of something unknown is
passed over. Whoever keeps something that a change makes worthless (a verified password, a source
known to be good) `listen`s.

Suspension: `business(…).active` is False from the change on, so no door accepts a message, no
credential of the business proves anything (`standing`), and no call that waits is begun. Calls that
go on do so to their end.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import assert_never

import msgspec

from calleq.accounts.changes import (
    BusinessAdded,
    BusinessChanged,
    BusinessResumed,
    BusinessSuspended,
    Change,
    CredentialExpired,
    CredentialIssued,
    CredentialRevoked,
    CredentialRotated,
    CredentialUsed,
    CustomerForgotten,
    CustomerPut,
    NumberAssigned,
    NumberReleased,
    RepresentativePut,
    RepresentativeRemoved,
    RestatingBegun,
    RestatingDone,
    UserPut,
    UserRemoved,
)
from calleq.accounts.credential import (
    Credential,
    Standing,
    identifier_in,
    is_api_key,
)
from calleq.accounts.credentials import CredentialBook
from calleq.accounts.customers import LIMIT_CUSTOMERS, Customer, CustomerBook, refuses
from calleq.accounts.safe import Safe, SafeError
from calleq.accounts.shifts import on_shift
from calleq.accounts.subscribers import Book, Subscriber, merged
from calleq.topology_business import Agent, Business

User = UserPut
"""What is known of a user is what was said of it last."""


class Registry:
    """All accounts of one carrier, or the topology's businesses alone."""

    def __init__(
        self,
        businesses: Iterable[Business] = (),
        customers_limit: int = LIMIT_CUSTOMERS,
        safe: Safe | None = None,
    ) -> None:
        """`safe` opens signing keys; None: there are none here."""
        self._book = Book(businesses)
        self._users: dict[tuple[str, str], User] = {}
        self._customers = CustomerBook(customers_limit)
        self._credentials = CredentialBook()
        self._safe = safe
        self._listeners: list[Callable[[Change], object]] = []

    # Businesses

    def business(self, identifier: str) -> Business | None:
        """The business as it is now, active or not; the same object until it changes."""
        known = self._book.find(identifier)
        return None if known is None else known.whole

    def businesses(self) -> list[Business]:
        """All of them."""
        return [known.whole for known in self._book.all()]

    def subscriber(self, identifier: str) -> Subscriber | None:
        """A business with what was changed of it."""
        return self._book.find(identifier)

    def owner_of(self, number: str) -> str | None:
        """The business that owns a number (E.164); None: nobody does."""
        return self._book.owner_of(number)

    def numbers(self, business: str) -> tuple[str, ...]:
        """Every number that a business owns, the one that customers see first."""
        known = self._book.find(business)
        return () if known is None else known.own_numbers()

    def on_shift(self, business: str, now_us: int) -> tuple[str, ...]:
        """The numbers of the business's representatives to whom calls may be offered now.

        A number of no agent is always among them; one of agents while any of them is on shift.
        """
        known = self._book.find(business)
        return () if known is None else on_shift(known.whole, now_us)

    def agent(self, business: str, identifier: str) -> Agent | None:
        """The representative of that identifier (field 910), on shift or not."""
        known = self._book.find(business)
        agents = () if known is None else known.whole.agents
        return next((agent for agent in agents if agent.identifier == identifier), None)

    # Users and credentials

    def user(self, business: str, identifier: str) -> User | None:
        """A user of a business, or (empty) of the carrier."""
        return self._users.get((business, identifier))

    def users(self, business: str) -> list[User]:
        """The users of a business, or (empty) of the carrier."""
        return [user for (of, _), user in self._users.items() if of == business]

    def credential(self, identifier: str) -> Credential | None:
        """A credential by its identifier, whatever it is worth (`standing`)."""
        return self._credentials.find(identifier)

    def every_credential(self) -> list[Credential]:
        """All of them, of every business and of the carrier."""
        return self._credentials.every()

    def credentials(self, business: str) -> list[Credential]:
        """Those of a business, or (empty) of the carrier, the oldest first."""
        return self._credentials.of(business)

    def api_key(self, presented: str) -> Credential | None:
        """The credential of an API key that was presented whole; None: of none.

        Direct look-up by the identifier in the key, then one comparison of SHA-256 digests in
        constant time. What it is worth is `standing`'s to say.
        """
        identifier = identifier_in(presented)
        known = None if identifier is None else self._credentials.find(identifier)
        return known if known is not None and is_api_key(known, presented) else None

    def signing_secret(self, credential: Credential) -> str | None:
        """The secret text of a signing key, whose UTF-8 is the key of the HMAC.

        None for a credential of another kind, and where the carrier's key does not open it.
        """
        if self._safe is None or credential.kind != "signing_key":
            return None
        try:
            return self._safe.open(credential.stored, credential.identifier)
        except SafeError:
            return None

    def by_fingerprint(self, fingerprint: str) -> Credential | None:
        """The credential of a certificate: SHA-256 of its DER, hexadecimal, small letters."""
        return self._credentials.by_fingerprint(fingerprint)

    def passwords(self, business: str, now_us: int, user: str = "") -> tuple[Credential, ...]:
        """The passwords and PINs that are good for a business, or for one of its users.

        The newest first, few of them (`calleq.accounts.bounds`); `stored` is argon2id. The
        topology's own `password_hash` is not among them.
        """
        found = self._credentials.spoken(business, user)
        return tuple(one for one in found if one.standing(now_us) == "good")

    def standing(self, credential: Credential, now_us: int) -> Standing:
        """What a credential is worth now, its user and its business considered."""
        own = credential.standing(now_us)
        if own != "good":
            return own
        if credential.user and (credential.business, credential.user) not in self._users:
            return "no_user"
        if credential.business:
            business = self.business(credential.business)
            if business is None or not business.active:
                return "suspended"
        return "good"

    def last_used_us(self, credential: str) -> int:
        """When it proved somebody last; 0: never."""
        return self._credentials.last_used_us(credential)

    def expiring(self, now_us: int) -> list[Credential]:
        """Credentials whose time is over by now, and of which nothing has said so."""
        return self._credentials.expiring(now_us)

    # Customers

    def customer(self, business: str, identifier: str) -> Customer | None:
        """A customer by the business's own identifier."""
        return self._customers.find(business, identifier)

    def customers(self, business: str, after: str = "") -> Iterator[Customer]:
        """The customers of a business by identifier, from after that one."""
        return self._customers.of(business, after)

    def taught(self, business: str, identifier: str, number: str) -> None:
        """An accepted message named a customer with its number or address, which replaces the
        number and nothing else that is known; others are forgotten before it."""
        known = self._customers.find(business, identifier)
        if known is not None and known.number == number:
            self._customers.named(business, identifier)
            return
        known = known or Customer(business=business, customer=identifier)
        self._customers.put(msgspec.structs.replace(known, number=number))

    def forbids(self, business: str, address: str, customer: str = "") -> bool:
        """Whether a customer of the business at that address, or of that identifier, does not want
        to be called."""
        known = self._customers.find(business, customer) if customer else None
        return self._customers.forbids(business, address) or (known is not None and refuses(known))

    # Changes

    def listen(self, listener: Callable[[Change], object]) -> None:
        """Have every change told after it was applied, those of the journal too."""
        self._listeners.append(listener)

    def rebase(self, businesses: Iterable[Business]) -> None:
        """Put the businesses of a topology that was read anew underneath the changes.

        Raises AccountError, and changes nothing, where a changed setting does not fit any more.
        """
        self._book.rebase(businesses)

    def begin_anew(self, businesses: Iterable[Business]) -> None:
        """Know these businesses, no user and no credential: all of them are told anew."""
        self._book = Book(businesses)
        self._users.clear()
        self._credentials = CredentialBook()

    def apply(self, change: Change) -> None:
        """The change is so from now on."""
        match change:
            case UserPut():
                self._users[change.business, change.user] = change
            case UserRemoved():
                self._remove_user(change)
            case CustomerPut():
                self._customers.put(change)
            case CustomerForgotten():
                self._customers.forget(change.business, change.customer)
            case CredentialIssued():
                self._credentials.put(change.credential)
                if change.credential.ended_us:
                    self._credentials.end(change.credential.identifier, 0)
            case CredentialRotated():
                self._rotate(change)
            case CredentialRevoked() | CredentialExpired():
                self._credentials.end(change.credential, change.at_us)
            case CredentialUsed():
                self._credentials.used(change.credential, change.at_us)
            case RestatingBegun() | RestatingDone():
                pass
            case BusinessAdded():
                self._book.add(change.business, change.settings)
            case _:
                self._change_business(change)
        for listener in self._listeners:
            listener(change)

    def in_force(self) -> Iterator[list[Change]]:
        """All that is so beyond the topology, as changes in small groups.

        Others may be applied between two groups: a group is what is so when it is given.
        """
        yield from self._book.in_force()
        for key in list(self._users):
            if key in self._users:
                yield [self._users[key]]
        yield from self._credentials.in_force()
        yield from self._customers.in_force()

    def _change_business(
        self,
        change: BusinessChanged
        | BusinessSuspended
        | BusinessResumed
        | NumberAssigned
        | NumberReleased
        | RepresentativePut
        | RepresentativeRemoved,
    ) -> None:
        known = self._book.find(change.business)
        if known is None:
            return
        match change:
            case BusinessChanged():
                known.settings = merged(known.settings, change.settings)
            case BusinessSuspended():
                known.active, known.reason = False, change.reason
            case BusinessResumed():
                known.active, known.reason = True, ""
            case NumberAssigned():
                known.numbers[change.number] = True
            case NumberReleased():
                known.numbers[change.number] = False
            case RepresentativePut():
                known.agents[change.representative] = Agent(
                    identifier=change.representative,
                    number=change.number,
                    name=change.name,
                    shifts=change.shifts,
                )
            case RepresentativeRemoved():
                known.agents[change.representative] = None
            case _:
                assert_never(change)
        self._book.settle(known)

    def _remove_user(self, change: UserRemoved) -> None:
        self._users.pop((change.business, change.user), None)

    def _rotate(self, change: CredentialRotated) -> None:
        old = self._credentials.find(change.credential)
        if old is not None:
            until_us = min(old.expires_us or change.good_until_us, change.good_until_us)
            self._credentials.put(
                msgspec.structs.replace(
                    old, expires_us=until_us, replaced_by=change.successor.identifier
                )
            )
        self._credentials.put(change.successor)
