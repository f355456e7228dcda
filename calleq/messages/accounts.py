"""Accounts as the API takes and shows them: frozen structures, shared with the client.

Nothing here carries a stored secret. A new secret is in `IssuedView`, once.
"""

from typing import Annotated, Literal

import msgspec

AccountRole = Literal["business_owner", "developer", "page", "carrier_operator", "carrier_reviewer"]
"""A page has no credential of its own: that one is refused."""
CredentialKind = Literal["password", "pin", "api_key", "signing_key", "certificate"]
Consent = Literal["unknown", "given", "withdrawn"]


class _Order(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Shift(_Order, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A time of the week in the business's zone; one that ends at or before it begins runs into
    the next day."""

    days: tuple[str, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    begin: str = "00:00"
    end: str = "24:00"


class NewBusiness(_Order, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A business to be added."""

    business: str
    """Its identifier: small letters, digits, `-` and `.`."""
    settings: dict[str, object] = {}
    """Keys of `[[businesses]]` as a topology file has them: `name`, `number`, `language`,
    `calendar`, `policy`, `billing` …"""


class BusinessSettings(_Order, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings that are to be other ones."""

    settings: dict[str, object]
    """null: the topology's own again, or the default. A business's owner may change those that are
    its own affair; name, number, guards and billing are the carrier's."""


class Suspension(_Order, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a business is suspended."""

    reason: str = ""
    """For the carrier's own people."""


class UserOrder(_Order, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A user as it is to be."""

    role: AccountRole
    name: str = ""


class RepresentativeOrder(_Order, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A representative as it is to be."""

    number: str
    """E.164 with +."""
    name: str = ""
    shifts: tuple[Shift, ...] = ()
    """When calls are offered; none: always."""


class CustomerOrder(_Order, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A customer as it is to be known."""

    number: str = ""
    """E.164 with +."""
    sip: str = ""
    """Where it is called by voice over IP when there is no number."""
    consent: Consent = "unknown"
    """Withdrawn: it is not called."""
    do_not_call: bool = False
    name: str = ""


class NewCredential(_Order, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A credential to be issued."""

    kind: CredentialKind
    role: AccountRole | None = None
    """None: that of its user, or business_owner."""
    user: str = ""
    """Of which user; empty: of the business itself."""
    label: str = ""
    scopes: tuple[str, ...] = ()
    """Of its role's, those it is limited to; none: not limited."""
    expires_at: str = ""
    """RFC 3339; empty: it does not expire."""
    secret: str = ""
    """Password or PIN: the one that was chosen; empty: one is made. Keys are always made."""
    certificate: str = ""
    """Certificate: in PEM, or its SHA-256 fingerprint."""


class PasswordChange(_Order, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One's own password, changed."""

    current: str
    """The one that there is, once more."""
    new: str


class Rotation(_Order, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a credential is replaced."""

    overlap_s: int = 86_400
    """So long the old one is good beside the new; 0: not at all."""
    secret: str = ""
    certificate: str = ""


class Revocation(_Order, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a credential is revoked."""

    reason: str = ""


class BusinessView(msgspec.Struct, frozen=True, kw_only=True):
    """A business."""

    business: str
    active: bool
    """Whether new calls are made for it."""
    suspended_because: str = ""
    in_topology: bool = True
    numbers: tuple[str, ...] = ()
    """Its own, the one that customers see first."""
    settings: dict[str, object]
    """All of them, as they are now."""
    changed: tuple[str, ...] = ()
    """Settings that are not as the topology has them."""


class BusinessList(msgspec.Struct, frozen=True):
    """Businesses by identifier."""

    businesses: list[BusinessView]
    next: str = ""
    """`after` of the next page; empty: this is the last."""


class UserView(msgspec.Struct, frozen=True, kw_only=True):
    """A user."""

    user: str
    business: str
    role: AccountRole
    name: str


class UserList(msgspec.Struct, frozen=True):
    """All users of a business, or of the carrier."""

    users: list[UserView]


class NumberList(msgspec.Struct, frozen=True):
    """Every number that a business owns, the one that customers see first."""

    business: str
    numbers: tuple[str, ...]


class RepresentativeView(msgspec.Struct, frozen=True, kw_only=True):
    """A representative."""

    representative: str
    number: str
    name: str
    shifts: tuple[Shift, ...]
    on_shift: bool
    """Whether calls are offered now."""


class RepresentativeList(msgspec.Struct, frozen=True):
    """All representatives of a business that have identifiers."""

    representatives: list[RepresentativeView]


class CustomerView(msgspec.Struct, frozen=True, kw_only=True):
    """A customer."""

    customer: str
    number: str
    sip: str
    consent: Consent
    do_not_call: bool
    name: str


class CustomerList(msgspec.Struct, frozen=True):
    """Customers by identifier."""

    customers: list[CustomerView]
    next: str = ""
    """`after` of the next page; empty: this is the last."""


class CredentialView(msgspec.Struct, frozen=True, kw_only=True):
    """A credential, without its secret."""

    credential: str
    kind: CredentialKind
    role: AccountRole
    business: str
    user: str
    label: str
    scopes: tuple[str, ...]
    standing: Literal["good", "revoked", "expired", "suspended", "no_user"]
    issued_at: str
    expires_at: str
    """Empty: it does not."""
    change_before: str = ""
    """It was made for a person, who has to change it before then; empty: it was not."""
    revoked_at: str
    last_used_at: str
    """To the hour; empty: never."""
    replaced_by: str


class CredentialList(msgspec.Struct, frozen=True):
    """Credentials, the oldest first; of those that are revoked the last hundred."""

    credentials: list[CredentialView]


class IssuedView(msgspec.Struct, frozen=True):
    """A new credential."""

    credential: CredentialView
    secret: str
    """It is not shown again; empty where whoever asked gave it or holds it."""


class PageQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which part of a long list."""

    after: str = ""
    """`next` of the page before."""
    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 100
