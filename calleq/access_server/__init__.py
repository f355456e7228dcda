"""Internet access server 72: the door of the carrier, and what becomes of what it let in.

Its HTTP surface is `http`, imported only by who serves it.
"""

from calleq.access_server.server import AccessServer, Reply

__all__ = ["AccessServer", "Reply"]
