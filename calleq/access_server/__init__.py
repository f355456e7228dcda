"""Internet access server 72: the door of the carrier, and what becomes of what it let in."""

from calleq.access_server.http import HttpSurface, http_app
from calleq.access_server.server import AccessServer, Reply

__all__ = ["AccessServer", "HttpSurface", "Reply", "http_app"]
