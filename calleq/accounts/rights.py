"""What each role may do, as scopes: a credential may be limited to some of its role's.

| role | of | may |
|---|---|---|
| `business_owner` | a business | everything that the business may |
| `developer` | a business | make calls, put customers; read everything of its business |
| `carrier_operator` | the carrier | everything |
| `carrier_reviewer` | the carrier | reads everything |

A page has no credential here: its tokens are made and proved elsewhere, and may ask for one call.
"""

from typing import Literal

from calleq.accounts.principal import Role

Scope = Literal[
    "calls:write",
    "calls:read",
    "recordings:write",
    "recordings:read",
    "prices:read",
    "accounts:write",
    "customers:write",
    "accounts:read",
    "carrier:write",
]

_READS: frozenset[Scope] = frozenset(
    ("calls:read", "recordings:read", "prices:read", "accounts:read")
)
_DEVELOPER: frozenset[Scope] = _READS | {"calls:write", "customers:write"}
_OWNER: frozenset[Scope] = _DEVELOPER | {"recordings:write", "accounts:write"}
SCOPES: dict[Role, frozenset[Scope]] = {
    "business_owner": _OWNER,
    "developer": _DEVELOPER,
    "page": frozenset(("calls:write",)),
    "carrier_operator": _OWNER | {"carrier:write"},
    "carrier_reviewer": _READS,
}
"""Everything that a role may do."""

BUSINESS_ROLES: frozenset[Role] = frozenset(("business_owner", "developer"))
CARRIER_ROLES: frozenset[Role] = frozenset(("carrier_operator", "carrier_reviewer"))


def fits(role: Role, business: str) -> bool:
    """Whether somebody of a business (empty: of the carrier) may have a role."""
    return role in (BUSINESS_ROLES if business else CARRIER_ROLES)


def may(role: Role, limited_to: tuple[str, ...], scope: Scope) -> bool:
    """Whether a role, limited so (empty: not at all), reaches a scope."""
    return scope in SCOPES[role] and (not limited_to or scope in limited_to)
