"""Everything that can be expected of a scenario, once its network is at rest.

`checks` compares; nothing here runs. Besides what a file expects, every rule of
`simulator.faults.invariants` holds in every scenario.
"""

from typing import Literal

import msgspec

from simulator.scenarios.parts import Part


class Expectation(Part, tag_field="that", frozen=True, kw_only=True):
    """Something that must be so when the network is at rest."""


class CallIs(Expectation, tag="call", frozen=True, kw_only=True):
    """A call's final state, as its business sees it."""

    call: str = "call"
    state: str | tuple[str, ...]
    """One, or one of several."""
    cause: int | None = None


class LegIs(Expectation, tag="leg", frozen=True, kw_only=True):
    """The record of one attempt to reach a party; only what is given is compared."""

    call: str = "call"
    leg: Literal["customer", "agent"]
    attempt: int = 1
    exists: bool = True
    telephone: str = ""
    cause: int | None = None
    answered: bool | None = None
    talk_us: int | None = None
    talk_s: float | None = None
    """To the millisecond."""
    billable_s: int | None = None
    released_by: str | None = None
    partial: bool | None = None


class RecordsAre(Expectation, tag="records", frozen=True, kw_only=True):
    """How many session records there are, and legs in them all."""

    sessions: int | None = None
    legs: int | None = None


class StatesAre(Expectation, tag="states", frozen=True, kw_only=True):
    """How many accepted calls came to which final state."""

    exactly: dict[str, int] = msgspec.field(default_factory=dict)
    at_least: dict[str, int] = msgspec.field(default_factory=dict)
    only: tuple[str, ...] = ()
    """No other state than these."""


class Messages(Expectation, tag="messages", frozen=True, kw_only=True):
    """What the ladder of a call contains."""

    call: str = "call"
    order: tuple[str, ...] = ()
    """These, in this order, others between them."""
    present: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    count: dict[str, int] = msgspec.field(default_factory=dict)


class Timing(Expectation, tag="timing", frozen=True, kw_only=True):
    """How long after the first `earlier` the first `later` from then on happens."""

    earlier: str
    later: str
    at_least_s: float = 0.0
    at_most_s: float | None = None


class Happens(Expectation, tag="happens", frozen=True, kw_only=True):
    """How often an event happens in the whole scenario."""

    event: str
    times: int | None = None
    """None: at least once."""


class TelephoneIs(Expectation, tag="telephone", frozen=True, kw_only=True):
    """What a telephone lived through."""

    telephone: str
    rings: int | None = None
    answers: int | None = None
    shows: str | None = None
    """The calling number of its first ring; a name of a telephone, a number, or empty."""


class Audio(Expectation, tag="audio", frozen=True, kw_only=True):
    """What arrives at a telephone's ear."""

    telephone: str
    hears: tuple[str, ...] = ()
    """Voices in this order: speech, music, silence, tone:busy, the name of a telephone."""
    never: tuple[str, ...] = ()
    since: str = ""
    """An event; empty: from the beginning."""
    until: str = ""
    loud: bool | None = None
    """Rendered from samples: whether anything is to be heard from `since` for `for_s`."""
    for_s: float = 0.5


AnyExpectation = (
    CallIs | LegIs | RecordsAre | StatesAre | Messages | Timing | Happens | TelephoneIs | Audio
)
