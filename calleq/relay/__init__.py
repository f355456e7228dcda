"""Doors in processes of their own, and the one authority that decides for all of them.

The authority is in the access server's process, which keeps accounts, guards, prices, the schedule
and the journal of all that. A front is a door on the internet whose element is in another process:
it finds out who sends a request, by accounts that the authority tells it, and relays the request.
Whatever the authority cannot be asked is not accepted (docs/adr/0018).
"""

from calleq.relay.authority import Authority
from calleq.relay.front import Front
from calleq.relay.front_door import FrontDoor

__all__ = ["Authority", "Front", "FrontDoor"]
