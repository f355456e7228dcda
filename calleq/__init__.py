"""calleq: the telephone company's side of click-to-call.

The rooms of the house, and which may import which, stand in docs/architecture.md.
"""

__version__ = "0.1.0"
