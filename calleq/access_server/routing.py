"""What a route of the API is: the one description from which everything else is made.

A route is data. From the table of them (`calleq.access_server.routes`) come the paths that are
served, the OpenAPI document, the check of rights before a handler runs, and the tests of rights.
There is no route without a `Policy`, and no handler runs before the policy, the body and the query
have been found good.

A handler is `async def handler(asked: Context) -> Response`. It reads `asked.query_as(Kind)` and
`asked.body_as(Kind)`, takes what it needs from `asked.services`, answers by `answer(view, status)`
and refuses by raising `ProblemError`. It compares owners itself: what belongs to another business
is "not found" (`asked.business` is None for the carrier, who may see all).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar

import msgspec
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from calleq.access_server.services import Services
from calleq.accounts.principal import Principal, Role
from calleq.web.problems import ProblemDetail

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Owner = Literal["business", "carrier", "public"]

BUSINESS: frozenset[Role] = frozenset(("business_owner", "developer"))
"""Those who may do what a business may."""
CARRIER: frozenset[Role] = frozenset(("carrier_operator", "carrier_reviewer"))
"""Those who may read what any business has."""
OPERATOR: frozenset[Role] = frozenset(("carrier_operator",))
NOBODY: frozenset[Role] = frozenset()

_Kind = TypeVar("_Kind")
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Policy:
    """Who may use a route."""

    roles: frozenset[Role]
    """Empty only where the owner is `public`."""
    owner: Owner
    """Whose things the route is about: of one business (its own only, the carrier's roles
    excepted), of the carrier, or nobody's."""
    proof_in_message: bool = False
    """The body may carry its own proof (figure 8's password): then no credential is needed
    beside it."""

    def allows(self, principal: Principal) -> bool:
        """Whether somebody who proved who it is may use the route at all."""
        if self.owner == "public":
            return True
        if principal.role not in self.roles:
            return False
        return principal.of_carrier or (self.owner == "business" and bool(principal.business))


PUBLIC = Policy(NOBODY, "public")
OF_BUSINESS = Policy(BUSINESS, "business")
"""Done for the business that asks, by one of its own."""
READ_BUSINESS = Policy(BUSINESS | CARRIER, "business")
"""Read by a business of its own things, and by the carrier."""
CHANGE_BUSINESS = Policy(BUSINESS | OPERATOR, "business")
"""Changed by a business, or by the carrier's operator."""
OF_OPERATOR = Policy(OPERATOR, "carrier")
OF_CARRIER = Policy(CARRIER, "carrier")

FORBIDDEN = ProblemDetail(
    status=403,
    code="forbidden",
    title="Forbidden",
    detail="who you are may not do that; ask an owner of the business, or the carrier",
)

INITIAL = ProblemDetail(
    status=403,
    code="initial_password",
    title="Initial password",
    detail="this password was made for you and is good for nothing else before you change it:"
    " POST /v1/password",
)


RESOURCES: dict[str, str] = {"guards": "calls", "pages": "calls"}
"""To which scopes the routes of a tag belong that is not called as its scopes are."""


class NoQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The query of a route that has none."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One way in which a route answers that is no problem."""

    description: str
    model: type | None = None
    """The body; None: there is none, or it is not JSON."""
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    """Name and description of headers worth telling of."""


Body = type[msgspec.Struct] | type[BaseModel] | object
"""A msgspec structure or union of them: decoded strictly and given to the handler. A pydantic
model: described by it, and given to the handler as octets."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Route:
    """One thing that may be asked for."""

    method: Method
    path: str
    """`{name}` in it is a parameter; each is described in `openapi.PARAMETERS`."""
    name: str
    """What a client calls it, in camelCase: OpenAPI's operationId."""
    handler: "Handler"
    policy: Policy
    summary: str
    answers: Mapping[int, Answer]
    """By status; what every route may answer besides (401, 404, 429 …) is added by itself."""
    description: str = ""
    body: Body | None = None
    sealed: bool = False
    """Whether the whole body may be encrypted (`application/jose`)."""
    query: type[msgspec.Struct] = NoQuery
    """Its fields are the parameters; any other parameter is refused."""
    problems: Mapping[int, str] = field(default_factory=dict)
    """Refusals of this route's own, by status."""
    examples: Mapping[str, object] = field(default_factory=dict)
    """Bodies, by name."""
    tag: str = "calls"
    keyed: bool = True
    """Of a route that changes something: whether the surface keeps its answers by
    Idempotency-Key. Not where an answer has a secret in it that is shown once."""
    for_initial: bool = False
    """Whether it may be used with a password that has to be changed first."""
    asks_for_call: bool = False
    """The door keeps its keys, durably, and the guards count it."""

    @property
    def counted(self) -> bool:
        """Whether requests are counted by `rates`."""
        return not self.asks_for_call

    @property
    def takes_key(self) -> bool:
        """Whether an Idempotency-Key means anything."""
        return self.changes and (self.keyed or self.asks_for_call)

    @property
    def scope(self) -> str:
        """What a credential that is limited to scopes must reach (`calleq.accounts.rights`)."""
        if self.policy.owner == "carrier" and self.changes:
            return "carrier:write"
        kind = "write" if self.changes else "read"
        return f"{RESOURCES.get(self.tag, self.tag)}:{kind}"

    def allows(self, principal: Principal) -> bool:
        """Whether somebody may use it: by role, and by the scopes of the credential."""
        return self.refusal(principal) is None

    def refusal(self, principal: Principal) -> ProblemDetail | None:
        """Why somebody may not use it; None: they may."""
        if principal.is_initial and not self.for_initial:
            return INITIAL
        if principal.scopes and self.scope not in principal.scopes:
            return FORBIDDEN
        return None if self.policy.allows(principal) else FORBIDDEN

    @property
    def changes(self) -> bool:
        """Whether it may change something."""
        return self.method != "GET"


class Context:
    """One request on its way through a handler; everything about it has been checked."""

    __slots__ = ("body", "octets", "principal", "query", "request", "services")

    def __init__(
        self,
        request: Request,
        services: Services,
        principal: Principal | None,
        query: msgspec.Struct | None,
        octets: bytes,
        body: object,
    ) -> None:
        self.request = request
        self.services = services
        self.principal = principal
        """Who asks; None on a public route, or where the message carries its own proof."""
        self.query = query
        self.octets = octets
        """The body as it came."""
        self.body = body

    @property
    def who(self) -> Principal:
        """Who asks, on a route that only somebody known may use."""
        assert self.principal is not None, "the policy asks for a credential"
        return self.principal

    @property
    def business(self) -> str | None:
        """Whose things may be seen: a business's own, or (None) everybody's."""
        return None if self.who.of_carrier else self.who.business

    def query_as(self, kind: type[_Kind]) -> _Kind:
        """The query; `kind` is what the route says it is."""
        assert isinstance(self.query, kind)
        return self.query

    def body_as(self, kind: type[_Kind]) -> _Kind:
        """The body; `kind` is what the route says it is."""
        assert isinstance(self.body, kind)
        return self.body

    def parameter(self, name: str) -> str:
        """A parameter of the path."""
        return str(self.request.path_params[name])


Handler = Callable[[Context], Awaitable[Response]]


def answer(
    view: msgspec.Struct, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A view as JSON."""
    return Response(_encode(view), status, headers, "application/json")
