"""Who asks, once it is known: the one thing that every later decision about rights looks at."""

from typing import Literal

import msgspec

Role = Literal["business_owner", "developer", "page", "carrier_operator", "carrier_reviewer"]
"""What somebody may do. The first three belong to one business, the others to the carrier."""

Proof = Literal["password", "api_key", "signature", "certificate", "page_token", "operator"]
"""How somebody proved who it is; `operator`: by being on the server's own machine, at its own
door for operators."""


class Principal(msgspec.Struct, frozen=True):
    """Somebody who proved who it is."""

    role: Role
    proof: Proof
    business: str = ""
    """Whose it is; empty: the carrier's."""
    name: str = ""
    """The user, or the visitor of a page; for people to read."""
    credential: str = ""
    """Identifier (never the secret) of what it proved itself with."""
    visitor: str = ""
    """Of a page token: a digest of the visitor's cookie, by which visitors are limited."""
    origin: str = ""
    """Of a page token: where the page is served (`https://shop.example`)."""
    page: str = ""
    """Of a page token: the page's path."""
    scopes: tuple[str, ...] = ()
    """What of its role's rights its credential is limited to; empty: all of them."""

    is_initial: bool = False
    """Its password was made for it, and has to be changed before anything else is done."""

    @property
    def of_carrier(self) -> bool:
        """Whether it belongs to the carrier and not to a business."""
        return self.role in ("carrier_operator", "carrier_reviewer")
