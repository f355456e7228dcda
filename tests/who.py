"""Who asks: a registry with credentials of every kind, and the authenticator over it."""

import base64
import itertools
from hashlib import sha256

import msgspec

from calleq.accounts import Accounts, Denial, FailureLimits, InlineVerifier, hash_password
from calleq.accounts.authenticator import PAGE_TOKEN, VISITOR_HEADER, Authenticator, RequestProof
from calleq.accounts.changes import CredentialIssued, UserPut
from calleq.accounts.credential import PREFIXES, Credential, CredentialKind
from calleq.accounts.page_tokens import LIFETIME_S, PageTokens
from calleq.accounts.principal import Principal, Role
from calleq.accounts.registry import Registry
from calleq.accounts.replays import Replays
from calleq.accounts.safe import Safe
from calleq.messages.signing import signed_headers
from calleq.runtime.clock import VirtualClock
from calleq.topology import Business
from calleq.units import SECOND_US
from tests.door import MORNING_US, OUTSIDE, QUICK, Door

ORIGIN = "https://shop.example"
PAGE = "/offers/boots"
VISITOR = "visitor-0123456789abcdef"
SHOP = Business(identifier="shop", origins=(ORIGIN,), number="+12125550143")
OTHER = Business(identifier="other", origins=("https://other.example",))
SUSPENDED = Business(identifier="gone", active=False, origins=("https://gone.example",))
PAGE_KEY = b"p" * 32


class Who:
    """Everything that knows who asks, on the virtual clock. Secrets are `self.secrets[id]`."""

    def __init__(
        self,
        limits: FailureLimits | None = None,
        replays: Replays | None = None,
        businesses: tuple[Business, ...] = (SHOP, OTHER, SUSPENDED),
        clock: VirtualClock | None = None,
        door: Door | None = None,
    ) -> None:
        """With a `door` its accounts and its authenticator."""
        self.safe = Safe(b"s" * 32)
        self.used: list[str] = []
        if door is not None:
            self.clock, self.registry = door.clock, door.registry
            self.accounts, self.authenticator = door.accounts, door.authenticator
        else:
            self.clock = clock or VirtualClock(MORNING_US)
            self.registry = Registry(businesses, safe=self.safe)
            self.verifier = InlineVerifier(QUICK)
            self.accounts = Accounts(self.registry, self.verifier, self.clock, b"k" * 32, limits)
            self.tokens = PageTokens(PAGE_KEY)
            self.authenticator = Authenticator(
                self.accounts,
                self.clock,
                self.tokens,
                Replays() if replays is None else replays,
                self.used.append,
            )
        self.secrets: dict[str, str] = {}
        self._numbers = itertools.count(1)

    @property
    def now_s(self) -> int:
        return self.clock.now_us() // SECOND_US

    def issue(
        self,
        kind: CredentialKind,
        business: str = "shop",
        role: Role = "developer",
        *,
        secret: str | None = None,
        **more: object,
    ) -> Credential:
        """A credential that is good; `stored` is made of its secret as the registry has it."""
        number = next(self._numbers)
        identifier = f"{PREFIXES[kind]}{number:012x}"
        word = {"signing_key": "sign", "api_key": "live"}.get(kind, "")
        whole = f"cq_{word}_{number:012x}_{number:043d}" if word else f"{number:08d}"
        whole = secret or whole
        stored = {
            "password": lambda: hash_password(whole, QUICK),
            "pin": lambda: hash_password(whole, QUICK),
            "api_key": lambda: sha256(whole.encode()).hexdigest(),
            "signing_key": lambda: self.safe.seal(whole, identifier, number.to_bytes(12, "big")),
            "certificate": lambda: sha256(whole.encode()).hexdigest(),
        }[kind]()
        given = {"identifier": identifier, "kind": kind, "role": role, "business": business}
        credential = msgspec.convert({**given, "stored": stored, **more}, Credential)
        self.registry.apply(CredentialIssued(credential=credential))
        self.secrets[identifier] = whole
        return credential

    def user(self, user: str, business: str = "shop", role: Role = "developer") -> None:
        self.registry.apply(UserPut(user=user, business=business, role=role))

    def asks(
        self,
        headers: dict[str, str] | None = None,
        *,
        method: str = "POST",
        target: str = "/v1/calls",
        body: bytes = b"",
        peer: str = OUTSIDE,
        certificate: str = "",
    ) -> Principal | Denial:
        """One request, and who it is from."""
        proof = RequestProof(method, target, headers or {}, body, peer, certificate)
        verdicts: list[Principal | Denial] = []
        self.authenticator.authenticate(proof, verdicts.append)
        [verdict] = verdicts
        return verdict

    def why(self, *arguments: object, **more: object) -> str:
        """The reason of a denial; empty where it was let in."""
        verdict = self.asks(*arguments, **more)  # type: ignore[arg-type]
        return verdict.reason if isinstance(verdict, Denial) else ""

    def key(self, credential: Credential) -> dict[str, str]:
        return bearer(self.secrets[credential.identifier])

    def signs(
        self,
        credential: Credential,
        nonce: str = "n0123456789abcdef",
        *,
        at_s: int | None = None,
        method: str = "POST",
        target: str = "/v1/calls",
        body: bytes = b"",
    ) -> dict[str, str]:
        return signed_headers(
            self.secrets[credential.identifier],
            credential.identifier,
            at_s=self.now_s if at_s is None else at_s,
            nonce=nonce,
            method=method,
            target=target,
            body=body,
        )

    def page(
        self,
        identifier: str = "pt-1",
        business: str = "shop",
        origin: str = ORIGIN,
        page: str = PAGE,
        visitor: str = VISITOR,
        lifetime_s: int = LIFETIME_S,
    ) -> dict[str, str]:
        """The headers that a browser sends from the page that a token was issued for."""
        token = self.authenticator.issue_page_token(
            identifier, business, origin, page, visitor, lifetime_s
        )
        return {
            PAGE_TOKEN: token,
            "origin": origin,
            "referer": origin + page,
            VISITOR_HEADER: visitor,
        }


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def basic(identifier: str, password: str) -> dict[str, str]:
    encoded = base64.b64encode(f"{identifier}:{password}".encode()).decode()
    return {"authorization": f"Basic {encoded}"}
