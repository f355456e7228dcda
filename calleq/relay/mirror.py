"""The accounts of the authority as a front has them: enough to know who sends a request.

Told are businesses, users and credentials, not customers: whom a business may call is the
authority's to say. Every piece has a number; one that is missing makes what is here worth nothing
until everything has been told anew.
"""

from calleq.accounts.changes import AccountError, read
from calleq.accounts.registry import Registry
from calleq.osn.relaying import AccountsTold
from calleq.topology import Business


class AccountsMirror:
    """Keeps a registry as the authority says."""

    def __init__(self, registry: Registry, businesses: tuple[Business, ...]) -> None:
        """`businesses` are those of the topology, which lie underneath what is told."""
        self._registry = registry
        self._businesses = businesses
        self.life = 0
        """Of the authority that told it."""
        self.taken = 0
        """Pieces of it so far; 0: everything is to be told anew."""
        self.is_whole = False
        self.unreadable = 0
        """Changes that this version does not know."""

    def rebase(self, businesses: tuple[Business, ...]) -> None:
        """Put the businesses of a topology that was read anew underneath. Raises AccountError."""
        self._registry.rebase(businesses)
        self._businesses = businesses

    def take(self, told: AccountsTold) -> None:
        """A piece has come."""
        if told.number == 1:
            self._registry.begin_anew(self._businesses)
            self.life, self.taken, self.is_whole = told.life, 0, False
        elif told.life != self.life or told.number != self.taken + 1:
            if told.life == self.life and told.number <= self.taken:
                return
            self.taken, self.is_whole = 0, False
            return
        self.taken = told.number
        for plain in told.changes:
            try:
                self._registry.apply(read(plain))
            except AccountError:
                self.unreadable += 1
        self.is_whole = self.is_whole or told.whole
