"""Probes of rights: for every route, by every role and kind of proof, everything that can be wrong.

Generated from the table of routes, so that a new route is probed by itself. A probe is a request
that must not succeed; `good` makes the same request with nothing wrong, to see that the probe fails
for what is wrong with it and not for something else.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import get_args

import msgspec

from calleq.access_server.routes import ROUTES
from calleq.access_server.routing import Route
from calleq.accounts import FailureLimits, Rate
from calleq.accounts.authenticator import PAGE_TOKEN, VISITOR_HEADER
from calleq.accounts.changes import CredentialRevoked, RepresentativePut, UserRemoved
from calleq.accounts.credential import Credential, CredentialKind
from calleq.accounts.principal import Role
from calleq.messages.signing import CREDENTIAL, NONCE, SIGNATURE, TIMESTAMP
from tests.asking_asgi import Asker
from tests.door import Door, message
from tests.who import OTHER, SHOP, SUSPENDED, Who, basic, bearer

ROLES: tuple[Role, ...] = ("business_owner", "developer", "carrier_operator", "carrier_reviewer")
UNLIMITED = Rate(burst=1_000_000, refill_us=1_000)
"""Every password is looked at: the limit of guesses shall not refuse what the password must."""
KINDS: tuple[CredentialKind, ...] = ("api_key", "signing_key", "password", "certificate")


@dataclass(frozen=True)
class Asked:
    """What a probe sends."""

    headers: dict[str, str] = field(default_factory=dict)
    certificate: str = ""
    method: str = ""
    """Empty: the route's."""
    target: str = ""
    body: bytes | None = None


@dataclass(frozen=True)
class Probe:
    """One request that must not succeed."""

    route: Route
    role: str
    kind: str
    defect: str
    asked: Asked
    own_object: bool = False
    """It is asked for something that there is, and that belongs to somebody else."""


class Probes:
    """A door with businesses, credentials of every kind and role, and a call; and the probes."""

    def __init__(self) -> None:
        limits = FailureLimits(UNLIMITED, UNLIMITED, UNLIMITED)
        self.door = Door(businesses=(SHOP, OTHER, SUSPENDED), limits=limits)
        self.who = Who(door=self.door)
        agent = RepresentativePut(
            business="shop", representative="rep-1", number="+12125550143", name="Ann"
        )
        self.who.registry.apply(agent)
        self.password = self.who.issue("password", role="business_owner", secret="of the shop")
        told = message(business_id="shop", password="of the shop")
        self.call = self.door.submit(msgspec.json.encode(told)).view.call  # type: ignore[union-attr]
        self.own: dict[tuple[Role, CredentialKind, str], Credential] = {}
        for role in ROLES:
            for business in ("",) if role.startswith("carrier") else ("shop", "other"):
                for kind in KINDS:
                    self.own[role, kind, business] = self._issue(role, kind, business)
        self._nonce = 0

    def _issue(
        self, role: Role, kind: CredentialKind, business: str, tail: str = "", **more: object
    ) -> Credential:
        user = f"{role.replace('_', '-')}-{kind.replace('_', '-')}{tail}"
        self.who.user(user, business, role)
        secret = f"secret of {user} at {business}" if kind in ("password", "certificate") else None
        return self.who.issue(kind, business, role, user=user, secret=secret, **more)

    # The request of a route

    def path(self, route: Route, business: str = "shop") -> str:
        """A path of the route with names of things that there are."""
        words = {
            "call": self.call,
            "business": business,
            "figure": "8",
            "recording": f"{self.call}-1",
            "number": "+12125550143",
            "representative": "rep-1",
            "customer": "c-1",
            "user": "developer-api-key",
            "credential": self.own["developer", "api_key", "shop"].identifier,
        }
        return re.sub(r"\{(\w+)\}", lambda found: words.get(found[1], "x"), route.path)

    def body(self, route: Route) -> bytes:
        """A body of the route, good where the table has an example."""
        if route.body is None:
            return b""
        if route.name == "placeCall":
            return msgspec.json.encode(message(business_id="shop", password=None))
        if route.name == "requestCall":
            there = self.door.topology.access_server.equipment_address
            asked = {"business_id": "shop", "equipment_address": there}
            return msgspec.json.encode({**asked, "customer_number": "+12125550100"})
        return msgspec.json.encode(next(iter(route.examples.values()), smallest(route.body)))

    def send(self, asker: Asker, route: Route, asked: Asked) -> tuple[int, bytes]:
        """Status and body of what is answered."""
        headers = {"content-type": "application/json", **asked.headers}
        body = self.body(route) if asked.body is None else asked.body
        target = asked.target or self.path(route)
        method, shown = asked.method or route.method, asked.certificate
        return asker.ask(method, target, headers, body, certificate=shown)

    def good(self, route: Route, credential: Credential) -> Asked:
        """The request with nothing wrong."""
        match credential.kind:
            case "api_key":
                return Asked(self.who.key(credential))
            case "signing_key":
                return Asked(self.signed(route, credential))
            case "certificate":
                return Asked(certificate=credential.stored)
            case _:
                name = f"{credential.business}/{credential.user}"
                return Asked(basic(name, self.who.secrets[credential.identifier]))

    def signed(self, route: Route, credential: Credential, **more: object) -> dict[str, str]:
        """The four headers, by a nonce that was never used."""
        self._nonce += 1
        given: dict[str, object] = {
            "method": route.method,
            "target": self.path(route),
            "body": self.body(route),
            "nonce": f"nonce-{self._nonce:012d}",
            **more,
        }
        return self.who.signs(credential, **given)  # type: ignore[arg-type]

    # The probes

    def all(self) -> Iterator[Probe]:
        """Every probe of every route that is not public."""
        for route in ROUTES:
            if route.policy.owner == "public":
                continue
            yield from self._nothing(route)
            for role in ROLES:
                for kind in KINDS:
                    yield from self._wrong(route, role, kind)
                    yield from self._beyond(route, role, kind)
            yield from self._pages(route)

    def _nothing(self, route: Route) -> Iterator[Probe]:
        absent: dict[str, dict[str, str]] = {
            "empty": {"authorization": ""},
            "blank": {"authorization": " "},
            "scheme alone": {"authorization": "Bearer"},
            "no such scheme": {"authorization": "Digest username=shop"},
            "null": {"authorization": "Bearer null"},
            "undefined": {"authorization": "Bearer undefined"},
            "no colon": {"authorization": "Basic c2hvcA=="},
            "nobody": basic("", ""),
            "control": basic("shop\x00", "of the shop"),
            "other user": basic("shop/", ""),
            "carrier": basic("/", ""),
            "said beside": {"x-calleq-business": "shop", "x-calleq-role": "carrier_operator"},
            "principal": {"principal": "carrier_operator", "cookie": "role=carrier_operator"},
            "forwarded": {"x-forwarded-for": "127.0.0.1", "forwarded": "for=127.0.0.1"},
            "empty page token": {PAGE_TOKEN: ""},
            "certificate said": {"client-certificate": "x", "x-client-cert": "x"},
        }
        if not route.policy.proof_in_message:
            absent["absent"] = {}
        else:
            for name in ("said beside", "principal", "forwarded", "certificate said"):
                del absent[name]
            for name, fields in _WRONG_MESSAGES.items():
                body = msgspec.json.encode(message(**{"business_id": "shop", **fields}))
                yield Probe(route, "", "message", name, Asked(body=body))
        for name, headers in absent.items():
            yield Probe(route, "", "nothing", name, Asked(headers))

    def _wrong(self, route: Route, role: Role, kind: CredentialKind) -> Iterator[Probe]:
        business = "" if role.startswith("carrier") else "shop"
        good = self.own[role, kind, business]
        ended = self._ended(role, kind, business)
        for defect, credential in ended.items():
            yield Probe(route, role, kind, defect, self.good(route, credential))
        wrong = {
            "api_key": self._wrong_keys,
            "signing_key": self._wrong_signatures,
            "password": self._wrong_passwords,
            "certificate": self._wrong_certificates,
        }[kind]
        for defect, asked in wrong(route, good):
            yield Probe(route, role, kind, defect, asked)

    def _ended(self, role: Role, kind: CredentialKind, business: str) -> dict[str, Credential]:
        """Credentials that were good once; made once for all routes."""
        key = (role, kind)
        if key not in _cache(self):
            who = self.who
            made = {
                "revoked": self._issue(role, kind, business, "-r"),
                "expired": self._issue(role, kind, business, "-e", expires_us=1),
                "no user": self._issue(role, kind, business, "-n"),
            }
            if business:
                made["suspended"] = self._issue(role, kind, "gone", "-s")
            revoked = made["revoked"].identifier
            who.registry.apply(CredentialRevoked(credential=revoked, at_us=1))
            who.registry.apply(UserRemoved(user=made["no user"].user, business=business))
            _cache(self)[key] = made
        return _cache(self)[key]

    def _wrong_keys(self, route: Route, good: Credential) -> Iterator[tuple[str, Asked]]:
        secret = self.who.secrets[good.identifier]
        sign = self.own[good.role, "signing_key", good.business]
        for defect, text in {
            "truncated": secret[:-1],
            "cut short": secret[:20],
            "longer": secret + "0",
            "another digit": secret[:-1] + ("1" if secret[-1] != "1" else "2"),
            "another name": secret.replace("cq_live_", "cq_live_f", 1)[:-1],
            "capitals": secret.upper(),
            "identifier alone": good.identifier,
            "hash of it": good.stored,
            "signing key": self.who.secrets[sign.identifier],
            "twice": f"{secret}, {secret}",
            "quoted": f'"{secret}"',
            "empty": "",
        }.items():
            yield defect, Asked(bearer(text))
        yield "as a password", Asked(basic(good.identifier, secret))
        yield "as a business's password", Asked(basic("shop", secret))
        yield "in the query", Asked(target=f"{self.path(route)}?api_key={secret}", method="")
        yield "in a cookie", Asked({"cookie": f"authorization=Bearer {secret}"})
        yield "with a signature", Asked(self.who.key(good) | self.signed(route, sign))
        yield "with a page token", Asked(self.who.key(good) | self._page())

    def _wrong_signatures(self, route: Route, good: Credential) -> Iterator[tuple[str, Asked]]:
        other = next(
            one
            for (role, kind, business), one in self.own.items()
            if kind == "signing_key" and (role, business) != (good.role, good.business)
        )
        key = self.own[good.role, "api_key", good.business]

        def headers(**more: object) -> dict[str, str]:
            return self.signed(route, good, **more)

        for name in (CREDENTIAL, TIMESTAMP, NONCE, SIGNATURE):
            yield f"without {name}", Asked({k: v for k, v in headers().items() if k != name})
            yield f"empty {name}", Asked({**headers(), name: ""})
        now_s = self.who.now_s
        swapped = "PUT" if route.method != "PUT" else "POST"
        changed: dict[str, dict[str, str]] = {
            "wrong method": headers(method=swapped),
            "wrong path": headers(target=self.path(route) + "/x"),
            "wrong query": headers(target=self.path(route) + "?a=1"),
            "wrong body": headers(body=self.body(route) + b" "),
            "stale": headers(at_s=now_s - 300),
            "an hour old": headers(at_s=now_s - 3_600),
            "ahead": headers(at_s=now_s + 61),
            "milliseconds": headers(at_s=now_s * 1_000),
            "another nonce": {**headers(), NONCE: "another-nonce-0000"},
            "short nonce": headers(nonce="short"),
            "another time": {**headers(), TIMESTAMP: str(now_s - 1)},
            "zeros": {**headers(), SIGNATURE: "v1=" + "0" * 64},
            "truncated": {**headers(), SIGNATURE: headers()[SIGNATURE][:-1]},
            "another version": {**headers(), SIGNATURE: "v0=" + "0" * 64},
            "another's name": {**headers(), CREDENTIAL: other.identifier},
            "a key's name": {**headers(), CREDENTIAL: key.identifier},
            "nobody's name": {**headers(), CREDENTIAL: "sig-ffffffffffff"},
        }
        for defect, given in changed.items():
            yield defect, Asked(given)
        if not route.policy.proof_in_message:
            yield "query added", Asked(headers(), target=f"{self.path(route)}?business=shop")
            if route.body is not None:
                yield "body changed", Asked(headers(), body=self.body(route) + b" ")
        secret = self.who.secrets[good.identifier]
        yield "secret sent", Asked(bearer(secret))
        self.who.secrets[good.identifier] = secret[:-1]
        yield "wrong secret", Asked(headers())
        self.who.secrets[good.identifier] = secret

    def _wrong_passwords(self, route: Route, good: Credential) -> Iterator[tuple[str, Asked]]:
        name, secret = f"{good.business}/{good.user}", self.who.secrets[good.identifier]
        for defect, (identifier, password) in {
            "truncated": (name, secret[:-1]),
            "longer": (name, secret + " "),
            "empty": (name, ""),
            "capitals": (name, secret.upper()),
            "the hash": (name, good.stored),
            "as the business": ("shop", secret),
            "as another business": (f"other/{good.user}", secret),
            "as the suspended": (f"gone/{good.user}", secret),
            "as nobody": (f"none/{good.user}", secret),
            "as another user": (f"{good.business}/nobody", secret),
            "two users": (f"{name}/{good.user}", secret),
            "capital name": (name.upper(), secret),
        }.items():
            yield defect, Asked(basic(identifier, password))
        yield "as a key", Asked(bearer(secret))
        twice = basic(name, secret)["authorization"]
        yield "twice", Asked({"authorization": f"{twice}, {twice}"})
        yield "in the target", Asked(target=f"{self.path(route)}?password={secret[:6]}")

    def _wrong_certificates(self, route: Route, good: Credential) -> Iterator[tuple[str, Asked]]:
        print_ = good.stored
        for defect, shown in {
            "unknown": "0" * 64,
            "truncated": print_[:-1],
            "longer": print_ + "0",
            "capitals": print_.upper() if print_.upper() != print_ else "A" * 64,
            "identifier": good.identifier,
        }.items():
            yield defect, Asked(certificate=shown)
        yield (
            "said in a header",
            Asked({"client-certificate": print_, "x-ssl-client-sha256": print_}),
        )
        yield "with a wrong key", Asked(bearer("cq_live_0"), certificate=print_)
        yield "with a wrong token", Asked({PAGE_TOKEN: "pt1.x.y"}, certificate=print_)
        yield "as a key", Asked(bearer(print_))

    def _beyond(self, route: Route, role: Role, kind: CredentialKind) -> Iterator[Probe]:
        """Good credentials that may not: by role, by scope, by whose the thing is."""
        carrier = role.startswith("carrier")
        good = self.own[role, kind, "" if carrier else "shop"]
        if role not in route.policy.roles or (carrier and route.policy.owner == "nobody"):
            yield Probe(route, role, kind, "role", self.good(route, good))
            return
        for scope in ("calls:read", "prices:read", "none:at-all"):
            if scope != route.scope:
                limited = self._limited(role, kind, good.business, scope)
                yield Probe(route, role, kind, f"scope {scope}", self.good(route, limited))
        if not carrier and ("{" in route.path or route.name in ("placeCall", "requestCall")):
            stranger = self.own[role, kind, "other"]
            asked = self.good(route, stranger)
            yield Probe(route, role, kind, "other business", asked, own_object=True)

    def _limited(self, role: Role, kind: CredentialKind, business: str, scope: str) -> Credential:
        key = (role, kind, scope)
        if key not in _limits(self):
            tail = "-" + scope.partition(":")[0]
            _limits(self)[key] = self._issue(role, kind, business, tail, scopes=(scope,))
        return _limits(self)[key]

    def _page(self, **more: object) -> dict[str, str]:
        self._nonce += 1
        return self.who.page(f"page-{self._nonce}", **more)  # type: ignore[arg-type]

    def _pages(self, route: Route) -> Iterator[Probe]:
        may = "page" in route.policy.roles
        if not may:
            yield Probe(route, "page", "page_token", "role", Asked(self._page()))
        page = self._page
        used = page()
        self.who.asks(used)
        changed: dict[str, Callable[[], dict[str, str]]] = {
            "replayed": lambda: used,
            "other origin": lambda: page() | {"origin": "https://evil.example"},
            "no origin": lambda: page() | {"origin": ""},
            "null origin": lambda: page() | {"origin": "null"},
            "origin below": lambda: page() | {"origin": "https://a.shop.example"},
            "plain origin": lambda: page() | {"origin": "http://shop.example"},
            "origin's port": lambda: page() | {"origin": "https://shop.example:8443"},
            "other page": lambda: page() | {"referer": "https://shop.example/other"},
            "page below": lambda: page() | {"referer": "https://shop.example/offers/boots/x"},
            "page elsewhere": lambda: page() | {"referer": "https://evil.example/offers/boots"},
            "other visitor": lambda: page() | {VISITOR_HEADER: "visitor-of-another-kind"},
            "no visitor": lambda: page() | {VISITOR_HEADER: ""},
            "two visitors": lambda: (
                page() | {"cookie": "__Secure-calleq_visitor=another-0123456789"}
            ),
            "foreign origin named": lambda: page(origin="https://other.example"),
            "suspended": lambda: page(business="gone", origin="https://gone.example"),
            "nobody's": lambda: page(business="none", origin="https://shop.example"),
            "tampered": lambda: _tampered(page()),
            "cut": lambda: page() | {PAGE_TOKEN: page()[PAGE_TOKEN][:-4]},
            "halves": lambda: page() | {PAGE_TOKEN: ".".join(["pt1", "AAAA", "AAAA"])},
            "as a key": lambda: bearer(page()[PAGE_TOKEN]),
        }
        for defect, make in changed.items():
            yield Probe(route, "page", "page_token", defect, Asked(make()))
        if may:
            theirs = page(business="other", origin="https://other.example")
            yield Probe(route, "page", "page_token", "other business", Asked(theirs))


_WRONG_MESSAGES: dict[str, dict[str, object]] = {
    "wrong password": {"password": "wrong"},
    "empty password": {"password": ""},
    "no password": {"password": None},
    "null password": {"password": []},
    "number": {"password": 271828},
    "other business": {"business_id": "other", "password": "of the shop"},
    "suspended": {"business_id": "gone", "password": "of the shop"},
    "unknown": {"business_id": "none", "password": "of the shop"},
    "user's name": {"business_id": "shop/ann", "password": "of the shop"},
    "list": {"business_id": ["shop"], "password": "of the shop"},
}
_ENDED: dict[int, dict[tuple[str, str], dict[str, Credential]]] = {}
_LIMITED: dict[int, dict[tuple[str, str, str], Credential]] = {}


def _cache(probes: Probes) -> dict[tuple[str, str], dict[str, Credential]]:
    return _ENDED.setdefault(id(probes), {})


def _limits(probes: Probes) -> dict[tuple[str, str, str], Credential]:
    return _LIMITED.setdefault(id(probes), {})


def smallest(model: object) -> dict[str, object]:
    """A body with what must be in it, as far as a structure says."""
    found: dict[str, object] = {}
    if not (isinstance(model, type) and issubclass(model, msgspec.Struct)):
        return found
    for one in msgspec.structs.fields(model):
        if one.required:
            words = get_args(one.type)
            found[one.encode_name] = words[0] if words else {int: 1, str: "x"}.get(one.type)
    return found


def _tampered(headers: dict[str, str]) -> dict[str, str]:
    version, payload, tag = headers[PAGE_TOKEN].split(".")
    middle = len(payload) // 2
    other = "A" if payload[middle] != "A" else "B"
    changed = payload[:middle] + other + payload[middle + 1 :]
    return {**headers, PAGE_TOKEN: f"{version}.{changed}.{tag}"}
