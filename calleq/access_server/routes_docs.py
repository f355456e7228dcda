"""The browsable page of the API: one page, its style and its script, from this server alone.

It takes nothing from anywhere else, and its policy (`Content-Security-Policy`) says so.
"""

from functools import lru_cache
from importlib.resources import files

from starlette.responses import Response

from calleq.access_server.routing import PUBLIC, Answer, Context, Route

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@lru_cache(maxsize=8)
def _octets(name: str) -> bytes:
    return files("calleq.access_server").joinpath("page", name).read_bytes()


def _page(name: str, media_type: str) -> Response:
    headers = {"content-security-policy": _POLICY, "referrer-policy": "no-referrer"}
    return Response(_octets(name), headers=headers, media_type=media_type)


async def get_docs(asked: Context) -> Response:
    """The page."""
    return _page("docs.html", "text/html")


async def get_style(asked: Context) -> Response:
    """How it looks."""
    return _page("style.css", "text/css")


async def get_script(asked: Context) -> Response:
    """What makes it from the description."""
    return _page("script.js", "text/javascript")


ROUTES = (
    Route(
        method="GET",
        path="/docs",
        name="getDocs",
        handler=get_docs,
        policy=PUBLIC,
        summary="This API as a page to read and to try.",
        answers={200: Answer("The page.", media_type="text/html")},
        tag="service",
    ),
    Route(
        method="GET",
        path="/docs/style.css",
        name="getDocsStyle",
        handler=get_style,
        policy=PUBLIC,
        summary="The page's style.",
        answers={200: Answer("CSS.", media_type="text/css")},
        tag="service",
    ),
    Route(
        method="GET",
        path="/docs/script.js",
        name="getDocsScript",
        handler=get_script,
        policy=PUBLIC,
        summary="The page's script.",
        answers={200: Answer("JavaScript.", media_type="text/javascript")},
        tag="service",
    ),
)
