"""What can change in the carrier's accounts, as one closed union.

Each change is written to the journal as `AccountChanged` (plain JSON: `written`, `read`) and
applied to a `Registry` by its one `apply`. Applying is idempotent: a change says what is so
afterwards, not by how much it differs. So what is in force can be written anew at any time (between
`RestatingBegun` and `RestatingDone`), and the segments of the journal before that may go.

No change carries a secret: passwords and keys are hashes, signing keys are sealed.
"""

from typing import Literal

import msgspec

from calleq.accounts.credential import Credential
from calleq.accounts.principal import Role
from calleq.topology_calendar import Opening

Consent = Literal["unknown", "given", "withdrawn"]


class _Change(msgspec.Struct, frozen=True, kw_only=True, tag_field="change"):
    pass


class BusinessAdded(_Change, frozen=True, kw_only=True, tag="business_added"):
    """A business that the topology does not have; `settings` are keys of `[[businesses]]`."""

    business: str
    settings: dict[str, object] = {}


class BusinessChanged(_Change, frozen=True, kw_only=True, tag="business_changed"):
    """Settings have other values; None: the topology's own again, or the default."""

    business: str
    settings: dict[str, object]


class BusinessSuspended(_Change, frozen=True, kw_only=True, tag="business_suspended"):
    """No new call is made for it; calls that go on do."""

    business: str
    reason: str = ""


class BusinessResumed(_Change, frozen=True, kw_only=True, tag="business_resumed"):
    """Calls are made for it again."""

    business: str


class UserPut(_Change, frozen=True, kw_only=True, tag="user_put"):
    """A user is there, with this name and role."""

    user: str
    business: str = ""
    """Empty: the carrier's."""
    role: Role
    name: str = ""


class UserRemoved(_Change, frozen=True, kw_only=True, tag="user_removed"):
    """A user is gone, and with it every credential of its own."""

    user: str
    business: str = ""


class NumberAssigned(_Change, frozen=True, kw_only=True, tag="number_assigned"):
    """A number (E.164) is a business's own, and may be presented as caller."""

    business: str
    number: str


class NumberReleased(_Change, frozen=True, kw_only=True, tag="number_released"):
    """It is no more."""

    business: str
    number: str


class RepresentativePut(_Change, frozen=True, kw_only=True, tag="representative_put"):
    """A representative is there, with this number and these shifts."""

    business: str
    representative: str
    number: str
    name: str = ""
    shifts: tuple[Opening, ...] = ()
    """In the business's zone; empty: always."""


class RepresentativeRemoved(_Change, frozen=True, kw_only=True, tag="representative_removed"):
    """A representative is gone; a call that it has goes on."""

    business: str
    representative: str


class CustomerPut(_Change, frozen=True, kw_only=True, tag="customer_put"):
    """What a business's own identifier of a customer means."""

    business: str
    customer: str
    number: str = ""
    """E.164, SIP URI or IP address; empty: not known."""
    sip: str = ""
    consent: Consent = "unknown"
    do_not_call: bool = False
    name: str = ""


class CustomerForgotten(_Change, frozen=True, kw_only=True, tag="customer_forgotten"):
    """Nothing is known of it any more."""

    business: str
    customer: str


class CredentialIssued(_Change, frozen=True, kw_only=True, tag="credential_issued"):
    """A credential is there, as it is."""

    credential: Credential


class CredentialRotated(_Change, frozen=True, kw_only=True, tag="credential_rotated"):
    """Another takes its place; the old one is good until an instant."""

    credential: str
    good_until_us: int
    successor: Credential


class CredentialRevoked(_Change, frozen=True, kw_only=True, tag="credential_revoked"):
    """It proves nothing from now on."""

    credential: str
    at_us: int
    reason: str = ""


class CredentialExpired(_Change, frozen=True, kw_only=True, tag="credential_expired"):
    """Its time was over."""

    credential: str
    at_us: int


class CredentialUsed(_Change, frozen=True, kw_only=True, tag="credential_used"):
    """It proved somebody; written now and then."""

    credential: str
    at_us: int


class RestatingBegun(_Change, frozen=True, kw_only=True, tag="restating_begun"):
    """All that is in force follows, among other changes."""


class RestatingDone(_Change, frozen=True, kw_only=True, tag="restating_done"):
    """All that was in force has been written since the last `RestatingBegun`."""


Change = (
    BusinessAdded
    | BusinessChanged
    | BusinessSuspended
    | BusinessResumed
    | UserPut
    | UserRemoved
    | NumberAssigned
    | NumberReleased
    | RepresentativePut
    | RepresentativeRemoved
    | CustomerPut
    | CustomerForgotten
    | CredentialIssued
    | CredentialRotated
    | CredentialRevoked
    | CredentialExpired
    | CredentialUsed
    | RestatingBegun
    | RestatingDone
)


class AccountError(ValueError):
    """A change that cannot be made: a stable code, the field that is at fault, and why."""

    def __init__(self, code: str, text: str, field: str = "") -> None:
        super().__init__(text)
        self.code = code
        self.field = field


def written(change: Change) -> dict[str, object]:
    """The change as a journal entry has it."""
    plain: dict[str, object] = msgspec.to_builtins(change)
    return plain


def read(plain: dict[str, object]) -> Change:
    """The change of a journal entry. Raises AccountError for what is none."""
    try:
        return msgspec.convert(plain, Change)  # type: ignore[no-any-return]
    except msgspec.ValidationError as error:
        raise AccountError("unreadable", f"no change of accounts: {error}") from error
