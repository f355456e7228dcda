"""Page tokens as a business's own server asks for them, and gets them."""

import msgspec

LIFETIME_S = 900
"""Unless another is wished for."""


class PageTokenWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For which page of which visitor a token is wanted."""

    page: str
    """The page's path, such as /offers/boots."""
    origin: str | None = None
    """Where the page is served; absent: the business's only origin."""
    visitor: str | None = None
    """The visitor's value, 16 to 128 letters, digits, - and _; absent: one is made."""
    lifetime_s: int = LIFETIME_S


class PageTokenView(msgspec.Struct, frozen=True):
    """A token for one request of figure 9."""

    token: str
    """Goes with the request in the header Calleq-Page-Token."""
    visitor: str
    """Goes with it in the cookie __Secure-calleq_visitor, or in the header Calleq-Visitor."""
    origin: str
    page: str
    expires_at: str
    cookie: str
    """A Set-Cookie line with which the business's own server may keep the visitor's value."""
