"""The table of everything that may be asked of a door over HTTP.

Each room's routes stand in a module of their own, `routes_<what>.py`, as a literal tuple; this
joins them in the order in which paths are tried. The busiest comes first.
"""

from calleq.access_server import (
    routes_accounts,
    routes_calls,
    routes_control,
    routes_docs,
    routes_events,
    routes_guards,
    routes_lists,
    routes_message_keys,
    routes_page_tokens,
    routes_passwords,
    routes_prices,
    routes_recordings,
    routes_service,
)
from calleq.access_server.routing import Route

ROUTES: tuple[Route, ...] = (
    *routes_calls.ROUTES,
    *routes_events.ROUTES,
    *routes_control.ROUTES,
    *routes_accounts.ROUTES,
    *routes_passwords.ROUTES,
    *routes_page_tokens.ROUTES,
    *routes_prices.ROUTES,
    *routes_lists.ROUTES,
    *routes_message_keys.ROUTES,
    *routes_guards.ROUTES,
    *routes_recordings.ROUTES,
    *routes_docs.ROUTES,
    *routes_service.ROUTES,
)
