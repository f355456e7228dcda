"""The businesses: the topology's, with what was changed since on top.

A business is worth what its topology file says, then the settings that were changed, then the
numbers that were assigned or released, then its representatives. So a topology that is read anew
changes what the file says and leaves every later change as it was. `Book.business` gives the
whole as the one `Business` that everybody else knows.

Odd cases: a number that two businesses of one topology name belongs to the first. A business that
was added here and is in the topology later is the topology's, with the changes on top. One that
leaves the topology is suspended, not gone: its calls and charges still name it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from calleq.accounts.changes import (
    AccountError,
    BusinessAdded,
    BusinessChanged,
    BusinessResumed,
    BusinessSuspended,
    Change,
    NumberAssigned,
    NumberReleased,
    RepresentativePut,
    RepresentativeRemoved,
)
from calleq.topology_business import Agent, Business

KEPT_APART = frozenset(
    (
        *("identifier", "password", "password_hash", "active", "numbers", "agents"),
        *("representatives", "recorded_name", "recorded_announcement", "recorded_music"),
    )
)
"""Keys of a business that are no settings: there are changes of their own for them, or they name
files of the carrier's machine."""


@dataclass(slots=True)
class Subscriber:
    """One business and what was changed of it."""

    base: Business
    of_topology: bool
    settings: dict[str, object] = field(default_factory=dict)
    active: bool | None = None
    """Suspended (False) or resumed here; None: as the topology says."""
    reason: str = ""
    """Why it is suspended."""
    left: bool = False
    """It was in the topology and is not any more."""
    numbers: dict[str, bool] = field(default_factory=dict)
    """Assigned, or (False) released though the topology names it."""
    agents: dict[str, Agent | None] = field(default_factory=dict)
    """Put, or (None) removed though the topology names it."""
    whole: Business = field(init=False)

    def __post_init__(self) -> None:
        self.settle()

    def settle(self) -> None:
        """Work out the whole anew. Raises AccountError for settings that do not fit."""
        self.whole = self.with_settings(self.settings)

    def with_settings(self, settings: Mapping[str, object]) -> Business:
        """The business as it would be with other settings. Raises AccountError."""
        base = settled(self.base, settings) if settings else self.base
        if not (self.numbers or self.agents or self.left) and self.active is None:
            return base
        agents = {agent.identifier: agent for agent in base.agents}
        replaced = [agents[name].number for name in self.agents if name in agents]
        for name, agent in self.agents.items():
            agents.pop(name, None)
            if agent is not None:
                agents[name] = agent
        named = [agent.number for agent in agents.values()]
        kept = [one for one in base.representatives if one in named or one not in replaced]
        owned = [one for one in base.numbers if self.numbers.get(one, True)]
        owned += [one for one, assigned in self.numbers.items() if assigned and one not in owned]
        number = base.number if self.numbers.get(base.number, True) else ""
        return msgspec.structs.replace(
            base,
            active=not self.left and (base.active if self.active is None else self.active),
            number=number,
            numbers=tuple(one for one in owned if one != number),
            agents=tuple(agents.values()),
            representatives=tuple(dict.fromkeys([*kept, *named])),
        )

    def own_numbers(self) -> tuple[str, ...]:
        """Every number that it owns, the one that customers see first."""
        whole = self.whole
        return ((whole.number,) if whole.number else ()) + whole.numbers


def settled(base: Business, settings: Mapping[str, object]) -> Business:
    """A business with other settings. Raises AccountError, which names the key."""
    apart = KEPT_APART.intersection(settings)
    if apart:
        key = min(apart)
        raise AccountError("not_a_setting", f"{key} is not changed so", key)
    told = msgspec.to_builtins(base)
    usual = msgspec.to_builtins(base)
    for key, value in settings.items():
        told[key] = _with(usual.get(key), value)
    try:
        business = msgspec.convert(told, Business)
    except msgspec.ValidationError as error:
        raise AccountError("invalid_setting", str(error), _key_of(str(error))) from error
    wrong = business.wrong()
    if wrong is not None:
        raise AccountError("invalid_setting", f"{wrong[0]}: {wrong[1]}", wrong[0])
    return business


def merged(settings: Mapping[str, object], changed: Mapping[str, object]) -> dict[str, object]:
    """Settings with others on top, tables key by key; what is None is no setting any more."""
    whole = dict(settings)
    for key, value in changed.items():
        known = whole.pop(key, None)
        if isinstance(value, dict):
            value = merged(known if isinstance(known, dict) else {}, value)
        if value not in (None, {}):
            whole[key] = value
    return whole


def _with(usual: object, value: object) -> object:
    """A setting's value, of a table the other keys as usual; None: as usual."""
    if value is None:
        return usual
    if isinstance(usual, dict) and isinstance(value, dict):
        return usual | {key: _with(usual.get(key), one) for key, one in value.items()}
    return value


def _key_of(text: str) -> str:
    """The key that a validation error is about, as far as it says."""
    _, _, at = text.partition("`$.")
    return at.rstrip("`") or text.rpartition("field `")[2].rstrip("`")


class Book:
    """All businesses by their identifiers."""

    def __init__(self, businesses: Iterable[Business]) -> None:
        self._all: dict[str, Subscriber] = {}
        self._owners: dict[str, str] = {}
        self.rebase(businesses)

    def __len__(self) -> int:
        return len(self._all)

    def find(self, identifier: str) -> Subscriber | None:
        """A business with its changes."""
        return self._all.get(identifier)

    def all(self) -> Iterator[Subscriber]:
        """Every one, in the order in which they came."""
        return iter(self._all.values())

    def owner_of(self, number: str) -> str | None:
        """Whose number it is."""
        return self._owners.get(number)

    def rebase(self, businesses: Iterable[Business]) -> None:
        """Put the businesses of a topology underneath. Raises AccountError, and changes nothing."""
        named = {business.identifier: business for business in businesses}
        fresh = {
            identifier: _moved(self._all.get(identifier), business, left=False)
            for identifier, business in named.items()
        }
        for identifier, known in self._all.items():
            if identifier not in named:
                fresh[identifier] = (
                    _moved(known, known.base, left=True) if known.of_topology else known
                )
        self._all = fresh
        self._index()

    def add(self, identifier: str, settings: Mapping[str, object]) -> None:
        """A business that no topology names; one that is there has these settings then."""
        known = self._all.get(identifier)
        if known is None:
            base = Business(identifier=identifier)
            known = self._all[identifier] = Subscriber(base, of_topology=False)
        known.settings = merged({}, settings)
        self.settle(known)

    def settle(self, subscriber: Subscriber) -> None:
        """Something of it changed."""
        before = subscriber.own_numbers()
        subscriber.settle()
        identifier = subscriber.base.identifier
        for number in before:
            if self._owners.get(number) == identifier:
                del self._owners[number]
        for number in subscriber.own_numbers():
            self._owners.setdefault(number, identifier)

    def _index(self) -> None:
        self._owners = {}
        for identifier, subscriber in self._all.items():
            for number in subscriber.own_numbers():
                self._owners.setdefault(number, identifier)

    def in_force(self) -> Iterator[list[Change]]:
        """What was changed of each; see `Registry.in_force`."""
        for identifier in list(self._all):
            changes = _changes_of(self._all[identifier])
            if changes:
                yield changes


def _changes_of(known: Subscriber) -> list[Change]:
    """What makes a business as it is out of what its topology says."""
    business = known.base.identifier
    changes: list[Change] = []
    if not known.of_topology:
        changes.append(BusinessAdded(business=business, settings=dict(known.settings)))
    elif known.settings:
        changes.append(BusinessChanged(business=business, settings=dict(known.settings)))
    if known.active is not None:
        suspended = BusinessSuspended(business=business, reason=known.reason)
        changes.append(BusinessResumed(business=business) if known.active else suspended)
    for number, assigned in known.numbers.items():
        kind = NumberAssigned if assigned else NumberReleased
        changes.append(kind(business=business, number=number))
    for name, agent in known.agents.items():
        if agent is None:
            changes.append(RepresentativeRemoved(business=business, representative=name))
        else:
            changes.append(representative_put(business, agent))
    return changes


def _moved(known: Subscriber | None, base: Business, *, left: bool) -> Subscriber:
    """What was changed of a business, on top of another base."""
    if known is None:
        return Subscriber(base, of_topology=True)
    return Subscriber(
        base,
        of_topology=True,
        settings=known.settings,
        active=known.active,
        reason=known.reason,
        left=left,
        numbers=known.numbers,
        agents=known.agents,
    )


def representative_put(business: str, agent: Agent) -> RepresentativePut:
    """The change that puts a representative as it is."""
    return RepresentativePut(
        business=business,
        representative=agent.identifier,
        number=agent.number,
        name=agent.name,
        shifts=agent.shifts,
    )
