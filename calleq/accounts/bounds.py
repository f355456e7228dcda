"""How much there may be of what the registry keeps."""

from calleq.units import HOUR_US

LIMIT_BUSINESSES = 10_000
LIMIT_USERS = 200
"""Of one business, and of the carrier."""
LIMIT_NUMBERS = 1_000
"""Of one business."""
LIMIT_REPRESENTATIVES = 1_000
"""Of one business."""
LIMIT_SHIFTS = 50
"""Of one representative."""
LIMIT_CREDENTIALS = 100
"""Of one business, and of the carrier, that are good."""
LIMIT_SPOKEN = 3
"""Passwords and PINs of one user, or of a business itself: a wrong one costs as many
verifications."""
LIMIT_NAME = 100
"""Characters of a name or label."""
LIMIT_REASON = 200
LIMIT_CUSTOMER_IDENTIFIER = 200
LONGEST_OVERLAP_US = 30 * 24 * HOUR_US
"""So long a credential that was rotated may be good beside the one that replaces it."""
