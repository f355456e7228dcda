"""Guards before any dial: whom a business may call, and how often anybody may (`CallGuards`)."""

from calleq.guards.destinations import Destinations
from calleq.guards.facts import Facts, facts_of, regions_of_country_code
from calleq.guards.guard import CallGuards
from calleq.guards.making import guards_of
from calleq.guards.reasons import REASONS, refusal
from calleq.guards.refused import Filter, RefusalList, view_of

__all__ = [
    "REASONS",
    "CallGuards",
    "Destinations",
    "Facts",
    "Filter",
    "RefusalList",
    "facts_of",
    "guards_of",
    "refusal",
    "regions_of_country_code",
    "view_of",
]
