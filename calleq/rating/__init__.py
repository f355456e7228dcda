"""Prices: rate decks, what a call costs and may cost at most, and reservations against a balance.

Pure. Nothing in calleq uses this room yet.
"""
