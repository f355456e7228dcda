"""Whether a change may be asked for: against what is there, against bounds, against each other.

What is refused here is refused before anything is written. `Registry.apply` checks nothing.
"""

from calleq.accounts.bounds import (
    LIMIT_BUSINESSES,
    LIMIT_CREDENTIALS,
    LIMIT_CUSTOMER_IDENTIFIER,
    LIMIT_NAME,
    LIMIT_NUMBERS,
    LIMIT_REASON,
    LIMIT_REPRESENTATIVES,
    LIMIT_SHIFTS,
    LIMIT_SPOKEN,
    LIMIT_USERS,
)
from calleq.accounts.changes import (
    AccountError,
    BusinessAdded,
    BusinessChanged,
    BusinessResumed,
    BusinessSuspended,
    Change,
    CredentialIssued,
    CredentialRevoked,
    CredentialRotated,
    CustomerForgotten,
    CustomerPut,
    NumberAssigned,
    NumberReleased,
    RepresentativePut,
    RepresentativeRemoved,
    UserPut,
    UserRemoved,
)
from calleq.accounts.credential import SPOKEN_KINDS, Credential
from calleq.accounts.registry import Registry
from calleq.accounts.rights import SCOPES, fits
from calleq.accounts.subscribers import Subscriber, merged, settled
from calleq.numbering import NumberingError, SipUri, parse_address, parse_e164
from calleq.topology_business import IDENTIFIER, Business


def check(registry: Registry, change: Change, now_us: int) -> None:
    """Raises AccountError where the change cannot be made now."""
    match change:
        case BusinessAdded() | BusinessChanged() | BusinessSuspended() | BusinessResumed():
            _check_business(registry, change)
        case UserPut() | UserRemoved():
            _check_user(registry, change)
        case NumberAssigned() | NumberReleased():
            _check_number(registry, change)
        case RepresentativePut() | RepresentativeRemoved():
            _check_representative(registry, change)
        case CustomerPut() | CustomerForgotten():
            _check_customer(registry, change)
        case CredentialIssued():
            _check_credential(registry, change.credential, now_us)
        case CredentialRotated():
            known = _credential(registry, change.credential)
            if known.standing(now_us) != "good" or known.replaced_by:
                raise AccountError("not_good", f"{known.identifier} is not good any more")
            _check_credential(registry, change.successor, now_us, replacing=known)
        case CredentialRevoked():
            if _credential(registry, change.credential).ended_us:
                raise AccountError("unchanged", f"{change.credential} is revoked already")
        case _:
            pass  # said by the registry's keeper alone


def known_business(registry: Registry, identifier: str) -> Subscriber:
    """The business. Raises AccountError when there is none."""
    known = registry.subscriber(identifier)
    if known is None:
        raise AccountError("unknown_business", f"no business {identifier!r}", "business")
    return known


def _check_business(
    registry: Registry,
    change: BusinessAdded | BusinessChanged | BusinessSuspended | BusinessResumed,
) -> None:
    if isinstance(change, BusinessAdded):
        if registry.business(change.business) is not None:
            raise AccountError("exists", f"there is a business {change.business!r}", "business")
        _check_identifier(change.business, "business")
        if len(registry.businesses()) >= LIMIT_BUSINESSES:
            raise AccountError("full", f"{LIMIT_BUSINESSES} businesses at most")
        _check_presented(registry, settled(Business(identifier=change.business), change.settings))
        return
    known = known_business(registry, change.business)
    match change:
        case BusinessChanged():
            whole = known.with_settings(merged(known.settings, change.settings))
            settled(known.base, change.settings)  # what is set to None is looked at, too
            _check_presented(registry, whole)
        case BusinessSuspended():
            _check_text(change.reason, LIMIT_REASON, "reason")
            if not known.whole.active:
                raise AccountError("unchanged", f"{change.business} is suspended already")
        case BusinessResumed():
            if known.left:
                raise AccountError("not_in_topology", f"{change.business} left the topology")
            if known.whole.active:
                raise AccountError("unchanged", f"{change.business} is not suspended")


def _check_presented(registry: Registry, business: Business) -> None:
    """The number that customers see belongs to nobody else."""
    _check_text(business.name, LIMIT_NAME, "name")
    if business.number:
        if _e164(business.number, "number") != business.number:
            raise AccountError("number", "write it in E.164, with +", "number")
        _check_owner(registry, business.identifier, business.number)


def _check_owner(registry: Registry, business: str, number: str) -> None:
    owner = registry.owner_of(number)
    if owner not in (None, business):
        raise AccountError("owned", f"{number} belongs to another business", "number")


def _check_user(registry: Registry, change: UserPut | UserRemoved) -> None:
    if change.business:
        known_business(registry, change.business)
    known = registry.user(change.business, change.user)
    if isinstance(change, UserRemoved):
        if known is None:
            raise AccountError("unknown_user", f"no user {change.user!r}", "user")
        return
    _check_identifier(change.user, "user")
    _check_text(change.name, LIMIT_NAME, "name")
    if not fits(change.role, change.business):
        whose = "a business" if change.business else "the carrier"
        raise AccountError("role", f"a user of {whose} is no {change.role}", "role")
    if known is None and len(registry.users(change.business)) >= LIMIT_USERS:
        raise AccountError("full", f"{LIMIT_USERS} users at most")


def _check_number(registry: Registry, change: NumberAssigned | NumberReleased) -> None:
    known_business(registry, change.business)
    owned = registry.numbers(change.business)
    if isinstance(change, NumberReleased):
        if change.number not in owned:
            raise AccountError("unknown_number", f"{change.number} is not its own", "number")
        return
    if _e164(change.number, "number") != change.number:
        raise AccountError("number", "write it in E.164, with +", "number")
    _check_owner(registry, change.business, change.number)
    if change.number in owned:
        raise AccountError("unchanged", f"{change.number} is its own already", "number")
    if len(owned) >= LIMIT_NUMBERS:
        raise AccountError("full", f"{LIMIT_NUMBERS} numbers at most")


def _check_representative(
    registry: Registry, change: RepresentativePut | RepresentativeRemoved
) -> None:
    known = known_business(registry, change.business)
    there = registry.agent(change.business, change.representative)
    if isinstance(change, RepresentativeRemoved):
        if there is None:
            text = f"no representative {change.representative!r}"
            raise AccountError("unknown_representative", text, "representative")
        return
    _check_identifier(change.representative, "representative")
    _check_text(change.name, LIMIT_NAME, "name")
    if _e164(change.number, "number") != change.number:
        raise AccountError("number", "write it in E.164, with +", "number")
    if len(change.shifts) > LIMIT_SHIFTS:
        raise AccountError("full", f"{LIMIT_SHIFTS} shifts at most", "shifts")
    for place, shift in enumerate(change.shifts):
        if what := shift.wrong():
            raise AccountError("shifts", what, f"shifts/{place}")
    if there is None and len(known.whole.agents) >= LIMIT_REPRESENTATIVES:
        raise AccountError("full", f"{LIMIT_REPRESENTATIVES} representatives at most")


def _check_customer(registry: Registry, change: CustomerPut | CustomerForgotten) -> None:
    known_business(registry, change.business)
    if isinstance(change, CustomerForgotten):
        if registry.customer(change.business, change.customer) is None:
            raise AccountError("unknown_customer", f"no customer {change.customer!r}", "customer")
        return
    if not change.customer or not change.customer.isprintable():
        raise AccountError("identifier", "is empty, or cannot be printed", "customer")
    _check_text(change.customer, LIMIT_CUSTOMER_IDENTIFIER, "customer")
    _check_text(change.name, LIMIT_NAME, "name")
    if not (change.number or change.sip):
        raise AccountError("missing", "a number or a SIP address is needed", "number")
    if change.number and _e164(change.number, "number") != change.number:
        raise AccountError("number", "write it in E.164, with +", "number")
    try:
        if change.sip and not isinstance(parse_address(change.sip), SipUri):
            raise AccountError("sip", "a SIP URI is expected", "sip")
    except NumberingError as error:
        raise AccountError("sip", str(error), "sip") from error


def _credential(registry: Registry, identifier: str) -> Credential:
    known = registry.credential(identifier)
    if known is None:
        raise AccountError("unknown_credential", f"no credential {identifier!r}", "credential")
    return known


def _check_credential(
    registry: Registry, credential: Credential, now_us: int, replacing: Credential | None = None
) -> None:
    business = credential.business
    if business:
        known_business(registry, business)
    if credential.user:
        user = registry.user(business, credential.user)
        if user is None:
            raise AccountError("unknown_user", f"no user {credential.user!r}", "user")
        if credential.role != user.role:
            raise AccountError("role", f"{user.user} is {user.role}", "role")
    _check_text(credential.label, LIMIT_NAME, "label")
    if not fits(credential.role, business):
        whose = "a business" if business else "the carrier"
        raise AccountError("role", f"a credential of {whose} is no {credential.role}", "role")
    beyond = [one for one in credential.scopes if one not in SCOPES[credential.role]]
    if beyond:
        text = f"{beyond[0]}: of a {credential.role} {', '.join(sorted(SCOPES[credential.role]))}"
        raise AccountError("scopes", text, "scopes")
    if credential.expires_us and credential.expires_us <= now_us:
        raise AccountError("expires", "has passed", "expires")
    good = [one for one in registry.credentials(business) if one.standing(now_us) == "good"]
    if len(good) >= LIMIT_CREDENTIALS:
        raise AccountError("full", f"{LIMIT_CREDENTIALS} credentials at most; revoke one")
    if credential.kind == "certificate":
        known = registry.by_fingerprint(credential.stored)
        if known is not None:
            raise AccountError("exists", "that certificate proves somebody already", "certificate")
    if credential.kind in SPOKEN_KINDS:
        spoken = registry.passwords(business, now_us, credential.user)
        if len(spoken) >= LIMIT_SPOKEN:
            text = f"{LIMIT_SPOKEN} passwords and PINs at most; revoke one"
            raise AccountError("full", text)


def _check_identifier(text: str, field: str) -> None:
    if not IDENTIFIER.fullmatch(text):
        raise AccountError("identifier", "small letters, digits, - and . are expected", field)


def _check_text(text: str, limit: int, field: str) -> None:
    if len(text) > limit:
        raise AccountError("too_long", f"{limit} characters at most", field)
    if not text.isprintable():
        raise AccountError("unprintable", "has characters that cannot be printed", field)


def _e164(text: str, field: str) -> str:
    try:
        return str(parse_e164(text))
    except NumberingError as error:
        raise AccountError("number", str(error), field) from error
