"""Users and credentials, of a business and of the carrier.

The carrier's own are at /v1/carrier. A secret is in one answer and never again; such answers are
not kept for Idempotency-Key either.
"""

from starlette.responses import Response

from calleq.access_server.account_handling import CHANGE_OWN, OF_BUSINESS_PATH, TOLD, business_of
from calleq.access_server.administration import Administration, refusal
from calleq.access_server.routing import (
    FORBIDDEN,
    OF_CARRIER,
    OF_OPERATOR,
    READ_BUSINESS,
    Answer,
    Context,
    Policy,
    Route,
    answer,
)
from calleq.accounts.changes import AccountError, UserPut
from calleq.accounts.credential import Credential
from calleq.accounts.issuing import Issued
from calleq.accounts.principal import Role
from calleq.messages.accounts import (
    CredentialList,
    CredentialView,
    IssuedView,
    NewCredential,
    Revocation,
    Rotation,
    UserList,
    UserOrder,
    UserView,
)
from calleq.units import SECOND_US, parse_utc, utc_text
from calleq.web.problems import ProblemError, plain_problem

OF_CARRIER_PATH = "/v1/carrier"


def _whose(asked: Context) -> str:
    """The business of the path; empty where it is the carrier's."""
    if "business" not in asked.request.path_params:
        return ""
    return business_of(asked).base.identifier


# Users


def _user_view(user: UserPut) -> UserView:
    return UserView(user=user.user, business=user.business, role=user.role, name=user.name)


async def list_users(asked: Context) -> Response:
    """The users of a business, or of the carrier."""
    registry = asked.services.the(Administration).registry
    return answer(UserList([_user_view(user) for user in registry.users(_whose(asked))]))


async def put_user(asked: Context) -> Response:
    """Add a user, or change it."""
    order, administration = asked.body_as(UserOrder), asked.services.the(Administration)
    change = UserPut(
        user=asked.parameter("user"), business=_whose(asked), role=order.role, name=order.name
    )
    await administration.make(change, asked.who)
    return answer(_user_view(change))


async def remove_user(asked: Context) -> Response:
    """Remove a user with all of its credentials."""
    administration, name = asked.services.the(Administration), asked.parameter("user")
    user = administration.registry.user(_whose(asked), name)
    if user is None:
        raise ProblemError(plain_problem(404, "unknown_user", f"no user {name!r}"))
    await administration.remove_user(user, asked.who)
    return Response(None, 204)


# Credentials


def credential_view(administration: Administration, credential: Credential) -> CredentialView:
    registry = administration.registry
    known = registry.credential(credential.identifier) or credential
    return CredentialView(
        credential=known.identifier,
        kind=known.kind,
        role=known.role,
        business=known.business,
        user=known.user,
        label=known.label,
        scopes=known.scopes,
        standing=registry.standing(known, administration.now_us()),
        issued_at=_instant(known.issued_us),
        expires_at=_instant(known.expires_us),
        change_before=_instant(known.initial_until_us),
        revoked_at=_instant(known.ended_us),
        last_used_at=_instant(registry.last_used_us(known.identifier)),
        replaced_by=known.replaced_by,
    )


def _instant(at_us: int) -> str:
    return utc_text(at_us) if at_us else ""


async def list_credentials(asked: Context) -> Response:
    """Without their secrets."""
    administration = asked.services.the(Administration)
    found = administration.registry.credentials(_whose(asked))
    return answer(CredentialList([credential_view(administration, one) for one in found]))


async def issue_credential(asked: Context) -> Response:
    """A new one; its secret is in this answer and nowhere else."""
    order, administration = asked.body_as(NewCredential), asked.services.the(Administration)
    business = _whose(asked)
    user = administration.registry.user(business, order.user) if order.user else None
    usual: Role = "business_owner" if business else "carrier_operator"
    wanted = Credential(
        identifier="",
        kind=order.kind,
        role=order.role or (user.role if user is not None else usual),
        business=business,
        user=order.user,
        label=order.label,
        stored="",
        scopes=order.scopes,
        issued_us=administration.now_us(),
        expires_us=_expiry(order.expires_at),
    )
    _check_reach(asked, wanted)
    given = order.certificate if order.kind == "certificate" else order.secret
    issued = await administration.issue(wanted, given, asked.who)
    return _issued(administration, issued)


async def rotate_credential(asked: Context) -> Response:
    """Another in its place, the old one good for a while yet."""
    order, administration = asked.body_as(Rotation), asked.services.the(Administration)
    old = _credential(asked)
    _check_reach(asked, old)
    given = order.certificate if old.kind == "certificate" else order.secret
    overlap_us = order.overlap_s * SECOND_US
    issued = await administration.rotate(old, overlap_us, given, asked.who)
    return _issued(administration, issued)


async def revoke_credential(asked: Context) -> Response:
    """It proves nothing from now on."""
    administration, known = asked.services.the(Administration), _credential(asked)
    reason = asked.body_as(Revocation).reason
    await administration.revoke(known.identifier, reason, asked.who)
    return answer(credential_view(administration, known))


def _check_reach(asked: Context, wanted: Credential) -> None:
    """A credential that is limited gives nobody more than it has. Raises ProblemError 403."""
    own = asked.who.scopes
    if own and not (wanted.scopes and set(wanted.scopes) <= set(own)):
        raise ProblemError(FORBIDDEN)


def _credential(asked: Context) -> Credential:
    name, whose = asked.parameter("credential"), _whose(asked)
    known = asked.services.the(Administration).registry.credential(name)
    if known is None or known.business != whose:
        raise ProblemError(plain_problem(404, "unknown_credential", f"no credential {name!r}"))
    return known


def _issued(administration: Administration, issued: Issued) -> Response:
    view = credential_view(administration, issued.credential)
    return answer(IssuedView(view, issued.secret), 201)


def _expiry(text: str) -> int:
    try:
        return parse_utc(text) if text else 0
    except (ValueError, OverflowError) as error:
        told = "an RFC 3339 instant is expected, such as 2027-01-31T00:00:00Z"
        raise refusal(AccountError("instant", told, "expires_at")) from error


def _user_routes(
    path: str, read: Policy, change: Policy, named: str, whose: str
) -> tuple[Route, ...]:
    """The routes of users under a path; `named` is in their operation ids."""
    return (
        Route(
            method="GET",
            path=path + "/users",
            name=f"list{named}Users",
            handler=list_users,
            policy=read,
            summary=f"List the users of {whose}.",
            answers={200: Answer("All of them.", UserList)},
            tag="accounts",
        ),
        Route(
            method="PUT",
            path=path + "/users/{user}",
            name=f"put{named}User",
            handler=put_user,
            policy=change,
            body=UserOrder,
            summary=f"Add a user of {whose}, or change it.",
            answers={200: Answer("As it is now.", UserView)},
            problems=TOLD,
            tag="accounts",
        ),
        Route(
            method="DELETE",
            path=path + "/users/{user}",
            name=f"remove{named}User",
            handler=remove_user,
            policy=change,
            summary=f"Remove a user of {whose} with all of its credentials.",
            answers={204: Answer("Removed.")},
            problems=TOLD,
            tag="accounts",
        ),
    )


def _credential_routes(
    path: str, read: Policy, change: Policy, named: str, whose: str
) -> tuple[Route, ...]:
    """The routes of credentials under a path; `named` is in their operation ids."""
    return (
        Route(
            method="GET",
            path=path + "/credentials",
            name=f"list{named}Credentials",
            handler=list_credentials,
            policy=read,
            summary=f"List the credentials of {whose}, without their secrets.",
            answers={200: Answer("The oldest first.", CredentialList)},
            tag="accounts",
        ),
        Route(
            method="POST",
            path=path + "/credentials",
            name=f"issue{named}Credential",
            handler=issue_credential,
            policy=change,
            body=NewCredential,
            summary=f"Issue a credential of {whose}; its secret is shown once.",
            answers={201: Answer("Issued.", IssuedView)},
            problems=TOLD,
            examples={"a key": {"kind": "api_key", "label": "the shop's server"}},
            tag="accounts",
            keyed=False,
        ),
        Route(
            method="POST",
            path=path + "/credentials/{credential}/rotate",
            name=f"rotate{named}Credential",
            handler=rotate_credential,
            policy=change,
            body=Rotation,
            summary=f"Replace a credential of {whose}; the old one stays good for a while.",
            answers={201: Answer("Issued in its place.", IssuedView)},
            problems=TOLD,
            examples={"within an hour": {"overlap_s": 3600}},
            tag="accounts",
            keyed=False,
        ),
        Route(
            method="POST",
            path=path + "/credentials/{credential}/revoke",
            name=f"revoke{named}Credential",
            handler=revoke_credential,
            policy=change,
            body=Revocation,
            summary=f"Revoke a credential of {whose}, at once.",
            answers={200: Answer("As it is now.", CredentialView)},
            problems=TOLD,
            examples={"lost": {"reason": "found in a public repository"}},
            tag="accounts",
        ),
    )


_OWN = (OF_BUSINESS_PATH, READ_BUSINESS, CHANGE_OWN, "", "a business")
_CARRIERS = (OF_CARRIER_PATH, OF_CARRIER, OF_OPERATOR, "Carrier", "the carrier")

ROUTES = (
    *_user_routes(*_OWN),
    *_credential_routes(*_OWN),
    *_user_routes(*_CARRIERS),
    *_credential_routes(*_CARRIERS),
)
