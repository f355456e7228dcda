"""The ISDN user part (Q.761 to Q.764): messages, their octets and the calls on circuits."""

from calleq.causes import Q850

causes = Q850
"""As the modules of this room name them."""
