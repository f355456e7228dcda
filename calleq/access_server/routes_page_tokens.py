"""Page tokens: a business's server asks for one, and puts it into the page that it serves."""

import base64
from collections.abc import Callable

from starlette.responses import Response

from calleq.access_server.routing import BUSINESS, Answer, Context, Policy, Route, answer
from calleq.accounts import Buckets, Rate
from calleq.accounts.authenticator import Authenticator
from calleq.accounts.page_tokens import (
    LIFETIMES_S,
    LIMIT_PAGE,
    VISITOR,
    VISITOR_COOKIE,
)
from calleq.intake import errors
from calleq.messages.errors import Fault
from calleq.messages.page_tokens import PageTokenView, PageTokenWish
from calleq.runtime.clock import Clock
from calleq.topology import Business
from calleq.units import SECOND_US, utc_text
from calleq.web.problems import ProblemDetail, ProblemError

ISSUED_RATE = Rate(burst=1_000, refill_us=SECOND_US // 50)
"""Tokens that one business gets."""
TOO_MANY = ProblemDetail(
    status=429,
    code="too_many_page_tokens",
    title="Too many page tokens",
    detail="this business asks for page tokens faster than they can be used; ask when the visitor"
    " is about to need one",
    retry_after_s=1,
)


class PageTokenDesk:
    """Issues tokens, bounded for each business."""

    def __init__(
        self, authenticator: Authenticator, random_octets: Callable[[int], bytes], clock: Clock
    ) -> None:
        self._authenticator = authenticator
        self._random_octets = random_octets
        self._clock = clock
        self._issued = Buckets(ISSUED_RATE, clock)

    def issue(self, business: Business, wish: PageTokenWish) -> PageTokenView:
        """A token as wished; ProblemError 422 or 429."""
        origin = _checked(business, wish)
        if not self._issued.take(business.identifier):
            raise ProblemError(TOO_MANY)
        visitor = wish.visitor or self._text(16)
        expires_us = self._clock.now_us() // SECOND_US * SECOND_US + wish.lifetime_s * SECOND_US
        token = self._authenticator.issue_page_token(
            f"page-{self._random_octets(8).hex()}",
            business.identifier,
            origin,
            wish.page,
            visitor,
            wish.lifetime_s,
        )
        cookie = f"{VISITOR_COOKIE}={visitor}; Path=/; Secure; HttpOnly; SameSite=Lax"
        return PageTokenView(token, visitor, origin, wish.page, utc_text(expires_us), cookie)

    def _text(self, octets: int) -> str:
        return base64.urlsafe_b64encode(self._random_octets(octets)).rstrip(b"=").decode()


async def issue_page_token(asked: Context) -> Response:
    """A token for one request from a page."""
    business = asked.services.accounts.business(asked.who.business)
    assert business is not None, "who asks belongs to it"
    view = asked.services.the(PageTokenDesk).issue(business, asked.body_as(PageTokenWish))
    return answer(view, 201)


def _checked(business: Business, wish: PageTokenWish) -> str:
    """The origin; ProblemError 422 for what does not fit."""
    shortest, longest = LIFETIMES_S
    if not shortest <= wish.lifetime_s <= longest:
        raise _wrong("lifetime_s", f"{shortest} to {longest} seconds are expected")
    page = wish.page
    if not (page.startswith("/") and len(page) <= LIMIT_PAGE and page.isascii()):
        raise _wrong("page", f"a path such as /offers is expected, at most {LIMIT_PAGE} long")
    if not page.isprintable() or not {"?", "#", " "}.isdisjoint(page):
        raise _wrong("page", "is a path alone, without query, fragment and blanks")
    if wish.visitor is not None and not VISITOR.fullmatch(wish.visitor):
        raise _wrong("visitor", "16 to 128 letters, digits, - and _ are expected")
    origins = business.origins
    origin = wish.origin if wish.origin is not None else "".join(origins[:1])
    if not origins:
        raise _wrong("origin", "the business names no origin of its pages: set `origins` first")
    if wish.origin is None and len(origins) > 1:
        raise _wrong("origin", f"is needed: one of {', '.join(origins)}")
    if origin not in origins:
        raise _wrong("origin", f"is none of the business's: {', '.join(origins)}")
    return origin


def _wrong(name: str, detail: str) -> ProblemError:
    return ProblemError(errors.invalid(Fault(f"/{name}", "invalid", detail)))


ROUTES = (
    Route(
        method="POST",
        path="/v1/page-tokens",
        name="issuePageToken",
        handler=issue_page_token,
        policy=Policy(BUSINESS, "business"),
        summary="A token that lets a page of yours ask for one call (figure 9).",
        description="For the business's own server, which puts the token into the page. It is good"
        " once, for minutes, on that page of that origin, for that visitor.",
        body=PageTokenWish,
        answers={201: Answer("The token, and what goes with it.", PageTokenView)},
        problems={422: "No page of the business.", 429: "Too many at once."},
        examples={"boots": {"page": "/offers/boots"}},
        tag="pages",
        keyed=False,
    ),
)
