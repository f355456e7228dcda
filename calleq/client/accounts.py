"""Accounts over HTTP: for the commands, and for programs of a business or of the carrier.

Who asks is said by a key (`cq_live_…`), or by being on the server's own machine, at its operator's
door, which asks for none. Whatever goes wrong is a `ClientError` in the server's own words.
"""

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import TypeVar
from urllib.parse import quote

import httpx
import msgspec

from calleq.client.asking import read
from calleq.client.transport import base_of, trusts_environment, unreachable
from calleq.messages.accounts import (
    BusinessList,
    BusinessSettings,
    BusinessView,
    CredentialList,
    CredentialView,
    CustomerList,
    CustomerOrder,
    CustomerView,
    IssuedView,
    NewBusiness,
    NewCredential,
    NumberList,
    PasswordChange,
    RepresentativeList,
    RepresentativeOrder,
    RepresentativeView,
    Revocation,
    Rotation,
    Suspension,
    UserList,
    UserOrder,
    UserView,
)
from calleq.messages.answers import ProblemView
from calleq.messages.prices import BalanceView, CreditOrder, PriceQuery, PriceView

TIMEOUT_S = 30.0
PAGE = 500

_Answer = TypeVar("_Answer")
_encode = msgspec.json.Encoder().encode


class AccountsClient:
    """Talks to one server; a context manager that closes its connections.

    Where a `business` may be empty, the carrier's own are meant.
    """

    def __init__(
        self,
        url: str,
        key: str = "",
        transport: httpx.BaseTransport | None = None,
        *,
        password: tuple[str, str] | None = None,
    ) -> None:
        """`password` is a name (`shop/ann`) and its password, in place of a key. Raises
        ClientError for what is no URL."""
        base = base_of(url)
        self._http = httpx.Client(
            base_url=base,
            headers={"authorization": f"Bearer {key}"} if key else {},
            auth=password,
            transport=transport,
            timeout=TIMEOUT_S,
            trust_env=trusts_environment(base),
        )

    def __enter__(self) -> "AccountsClient":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    # Businesses

    def businesses(self) -> Iterator[BusinessView]:
        """All that may be seen, by identifier. Raises ClientError."""
        after = ""
        while True:
            query = {"after": after, "limit": str(PAGE)}
            page = self._ask("GET", "/v1/businesses", BusinessList, query=query)
            yield from page.businesses
            after = page.next
            if not after:
                return

    def business(self, business: str) -> BusinessView:
        """One business. Raises ClientError."""
        return self._ask("GET", _path(business), BusinessView)

    def add_business(self, business: str, settings: Mapping[str, object]) -> BusinessView:
        """Add one. Raises ClientError."""
        order = NewBusiness(business=business, settings=dict(settings))
        return self._ask("POST", "/v1/businesses", BusinessView, order)

    def change_business(self, business: str, settings: Mapping[str, object]) -> BusinessView:
        """Give settings other values. Raises ClientError."""
        order = BusinessSettings(settings=dict(settings))
        return self._ask("PATCH", _path(business), BusinessView, order)

    def suspend(self, business: str, reason: str = "") -> BusinessView:
        """No new calls. Raises ClientError."""
        return self._ask(
            "POST", _path(business, "suspend"), BusinessView, Suspension(reason=reason)
        )

    def resume(self, business: str) -> BusinessView:
        """Calls again. Raises ClientError."""
        return self._ask("POST", _path(business, "resume"), BusinessView)

    # What belongs to them

    def numbers(self, business: str) -> NumberList:
        """Its own numbers. Raises ClientError."""
        return self._ask("GET", _path(business, "numbers"), NumberList)

    def assign_number(self, business: str, number: str) -> NumberList:
        """Make a number its own. Raises ClientError."""
        return self._ask("PUT", _path(business, "numbers", number), NumberList)

    def release_number(self, business: str, number: str) -> NumberList:
        """Take one from it. Raises ClientError."""
        return self._ask("DELETE", _path(business, "numbers", number), NumberList)

    def representatives(self, business: str) -> list[RepresentativeView]:
        """Its representatives. Raises ClientError."""
        path = _path(business, "representatives")
        return self._ask("GET", path, RepresentativeList).representatives

    def put_representative(
        self, business: str, representative: str, order: RepresentativeOrder
    ) -> RepresentativeView:
        """Add one, or change it. Raises ClientError."""
        path = _path(business, "representatives", representative)
        return self._ask("PUT", path, RepresentativeView, order)

    def remove_representative(self, business: str, representative: str) -> None:
        """Remove one. Raises ClientError."""
        self._do("DELETE", _path(business, "representatives", representative))

    def customers(self, business: str) -> Iterator[CustomerView]:
        """Its customers, by identifier. Raises ClientError."""
        after = ""
        while True:
            query = {"after": after, "limit": str(PAGE)}
            page = self._ask("GET", _path(business, "customers"), CustomerList, query=query)
            yield from page.customers
            after = page.next
            if not after:
                return

    def customer(self, business: str, customer: str) -> CustomerView:
        """One customer. Raises ClientError."""
        return self._ask("GET", _path(business, "customers", customer), CustomerView)

    def put_customer(self, business: str, customer: str, order: CustomerOrder) -> CustomerView:
        """Say what an identifier means. Raises ClientError."""
        return self._ask("PUT", _path(business, "customers", customer), CustomerView, order)

    def forget_customer(self, business: str, customer: str) -> None:
        """Forget one. Raises ClientError."""
        self._do("DELETE", _path(business, "customers", customer))

    # Users and credentials

    def users(self, business: str = "") -> list[UserView]:
        """All of them. Raises ClientError."""
        return self._ask("GET", _path(business, "users"), UserList).users

    def put_user(self, user: str, order: UserOrder, business: str = "") -> UserView:
        """Add one, or change it. Raises ClientError."""
        return self._ask("PUT", _path(business, "users", user), UserView, order)

    def remove_user(self, user: str, business: str = "") -> None:
        """Remove one with its credentials. Raises ClientError."""
        self._do("DELETE", _path(business, "users", user))

    def credentials(self, business: str = "") -> list[CredentialView]:
        """All of them, without their secrets. Raises ClientError."""
        return self._ask("GET", _path(business, "credentials"), CredentialList).credentials

    def issue(self, order: NewCredential, business: str = "") -> IssuedView:
        """A new one with its secret, which is not told again. Raises ClientError."""
        return self._ask("POST", _path(business, "credentials"), IssuedView, order)

    def rotate(self, credential: str, order: Rotation, business: str = "") -> IssuedView:
        """Another in its place. Raises ClientError."""
        path = _path(business, "credentials", credential, "rotate")
        return self._ask("POST", path, IssuedView, order)

    def revoke(self, credential: str, reason: str = "", business: str = "") -> CredentialView:
        """It proves nothing any more. Raises ClientError."""
        path = _path(business, "credentials", credential, "revoke")
        return self._ask("POST", path, CredentialView, Revocation(reason=reason))

    def change_password(self, current: str, new: str) -> CredentialView:
        """One's own, by which this client proves itself: it is of no use afterwards. Raises
        ClientError."""
        order = PasswordChange(current=current, new=new)
        return self._ask("POST", "/v1/password", CredentialView, order)

    # Prices

    def price(self, query: PriceQuery) -> PriceView:
        """What a call would cost now. Raises ClientError."""
        given = {name: str(value) for name, value in msgspec.structs.asdict(query).items() if value}
        return self._ask("GET", "/v1/price", PriceView, query=given)

    def balance(self, business: str = "") -> BalanceView:
        """What a business has; empty: the one that asks. Raises ClientError."""
        query = {"business": business} if business else None
        return self._ask("GET", "/v1/balance", BalanceView, query=query)

    def credit(self, order: CreditOrder) -> BalanceView:
        """Money was paid in; the balance then. Raises ClientError."""
        return self._ask("POST", "/v1/balance/credits", BalanceView, order)

    def _ask(
        self,
        method: str,
        path: str,
        kind: type[_Answer],
        order: msgspec.Struct | None = None,
        query: Mapping[str, str] | None = None,
    ) -> _Answer:
        return read(self._answer(method, path, order, query), kind)

    def _do(self, method: str, path: str) -> None:
        answer = self._answer(method, path)
        if not answer.is_success:
            read(answer, ProblemView)

    def _answer(
        self,
        method: str,
        path: str,
        order: msgspec.Struct | None = None,
        query: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        content = None if order is None else _encode(order)
        headers = {} if order is None else {"content-type": "application/json"}
        try:
            return self._http.request(method, path, content=content, headers=headers, params=query)
        except httpx.TransportError as error:
            raise unreachable(self._http.base_url, error) from error


def _path(business: str, *parts: str) -> str:
    """Below a business, or (empty) below the carrier."""
    whose = f"/v1/businesses/{quote(business, safe='')}" if business else "/v1/carrier"
    return "/".join([whose, *(quote(part, safe="") for part in parts)])
