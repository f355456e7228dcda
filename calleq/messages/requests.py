"""What may be asked of a call besides its message: frozen structures, shared with the client.

Nothing unknown is taken: a misspelt field is refused.
"""

import msgspec


class AddParty(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Dial a third party and join it."""

    number: str
    """E.164 with +, or an address."""


REQUESTS = (AddParty,)
