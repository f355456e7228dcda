"""Damage to valid messages by the million: no codec may do anything but decode or refuse."""
