"""Who pays for calls: what is held before one is dialled, and what it is charged when it is over.

Stands beside the door (`calleq.intake.contract.Charging`). Prices are `calleq.rating`'s; what a
call was is told by its record, which `calleq.billing` derives and hands over.
"""

from calleq.charging.charging import CallCharging
from calleq.charging.decks import (
    ChargingError,
    DeckDirectory,
    DeckMemory,
    Decks,
    RememberedDecks,
    load_decks,
)

__all__ = [
    "CallCharging",
    "ChargingError",
    "DeckDirectory",
    "DeckMemory",
    "Decks",
    "RememberedDecks",
    "load_decks",
]
