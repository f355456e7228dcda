"""Global title translation as data (Q.714 §2.4): from a title to where it is answered.

Owns the rules and how one is found: by the kind of title, translation type, numbering plan and
nature of address (its selector), then by the longest prefix of the digits. A rule names entities:
a point code, with a subsystem or without. The first that can be reached is taken (`DOMINANT`:
primary, then backups), or they share the load by the link selection, so that what must stay in
order goes one way. What is routed on title again (intermediate translation) may be given another
translation type and another prefix.

Whether an entity can be reached is not known here: `choose` is given a function that says why not.
Rules that contradict each other (one selector and one prefix twice) are refused with SccpError.
"""

from collections.abc import Callable, Sequence
from enum import Enum

import msgspec
from msgspec.structs import replace

from calleq.ss7.sccp.values import (
    FullTitle,
    GlobalTitle,
    NatureOfAddress,
    NatureTitle,
    NumberingPlan,
    PartyAddress,
    PlanTitle,
    ReturnCause,
    SccpError,
    TranslationTitle,
    UnknownTitle,
)

ENTITIES_LIMIT = 16
RULES_LIMIT = 10_000


class Sharing(Enum):
    """How the entities of a rule stand to each other."""

    DOMINANT = "dominant"
    """The first that can be reached."""
    LOAD_SHARED = "load_shared"
    """Each gets its part, by link selection."""


class Entity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a title may lead."""

    point_code: int
    ssn: int | None = None
    """None: the one in the called address."""


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One translation."""

    entities: tuple[Entity, ...]
    prefix: str = ""
    """The longest that fits decides; empty: every number."""
    translation_type: int | None = 0
    """None: a title that has none (indicator 1). Likewise the next two."""
    plan: int | None = NumberingPlan.ISDN
    nature: int | None = NatureOfAddress.INTERNATIONAL
    sharing: Sharing = Sharing.DOMINANT
    route_on_title: bool = False
    """The entities translate again (a transfer point, a gateway); else they are the end."""
    new_translation_type: int | None = None
    """With `route_on_title`: what the title gets for its own; None: it stays."""
    new_prefix: str | None = None
    """With `route_on_title`: what stands in for the prefix; None: it stays."""


Selector = tuple[int | None, int | None, int | None]
"""Translation type, numbering plan, nature of address; None where the title has none."""
Reach = Callable[[Entity, bool], ReturnCause | None]
"""Why an entity cannot be reached (on title, or its subsystem); None when it can."""


class Translated(msgspec.Struct, frozen=True):
    """A title was understood: where to, and with which called address."""

    point_code: int
    called: PartyAddress


class TranslationTable:
    """The rules of one node, ready for look-up."""

    def __init__(self, rules: Sequence[Rule] = ()) -> None:
        if len(rules) > RULES_LIMIT:
            raise SccpError(f"{len(rules)} translations: at most {RULES_LIMIT}")
        self.rules = tuple(rules)
        self._tables: dict[Selector, dict[str, Rule]] = {}
        for rule in rules:
            _check(rule)
            table = self._tables.setdefault((rule.translation_type, rule.plan, rule.nature), {})
            if rule.prefix in table:
                raise SccpError(
                    f"two translations of {rule.prefix!r}: {table[rule.prefix]}, {rule}"
                )
            table[rule.prefix] = rule
        self._lengths = {
            selector: sorted({len(prefix) for prefix in table}, reverse=True)
            for selector, table in self._tables.items()
        }

    def find(self, title: GlobalTitle | None) -> Rule | ReturnCause:
        """The rule for a title, or why there is none."""
        selector = selector_of(title)
        if title is None or selector is None or isinstance(title, UnknownTitle):
            return ReturnCause.NO_TRANSLATION_FOR_NATURE
        table = self._tables.get(selector)
        if table is None:
            return ReturnCause.NO_TRANSLATION_FOR_NATURE
        for length in self._lengths[selector]:
            rule = table.get(title.digits[:length])
            if rule is not None:
                return rule
        return ReturnCause.NO_TRANSLATION

    def translate(
        self, called: PartyAddress, selection: int, reach: Reach
    ) -> Translated | ReturnCause:
        """Where a called address leads; the cause to return the message with when nowhere."""
        rule = self.find(called.title)
        if isinstance(rule, ReturnCause):
            return rule
        entity = choose(rule, selection, reach)
        if isinstance(entity, ReturnCause):
            return entity
        ssn = called.ssn if entity.ssn is None else entity.ssn
        if not rule.route_on_title:
            if not ssn:
                return ReturnCause.UNEQUIPPED_USER
            final = replace(called, ssn=ssn, point_code=None, route_on_title=False)
            return Translated(entity.point_code, final)
        assert called.title is not None, "a rule was found for it"
        title = retitled(called.title, rule)
        further = replace(called, ssn=ssn, point_code=None, title=title)
        return Translated(entity.point_code, further)


def _check(rule: Rule) -> None:
    """Refuse what could not be written into an address."""
    if not 0 < len(rule.entities) <= ENTITIES_LIMIT:
        raise SccpError(f"{rule}: 1 to {ENTITIES_LIMIT} entities")
    new_prefix = rule.new_prefix or ""
    if (rule.prefix + new_prefix).strip("0123456789abcdef"):
        raise SccpError(f"{rule}: a prefix has other signs than digits")
    paired = rule.plan is None and rule.nature is None and rule.new_prefix is not None
    if paired and (len(rule.prefix) + len(new_prefix)) & 1:
        raise SccpError(f"{rule}: titles of translation type only have an even count of digits")
    numbers = [entity.ssn for entity in rule.entities] + [rule.new_translation_type]
    if any(number is not None and not 0 <= number < 256 for number in numbers):
        raise SccpError(f"{rule}: subsystem numbers and translation types are 0 to 255")


def selector_of(title: GlobalTitle | None) -> Selector | None:
    """What chooses the table for a title; None for one that nobody can read."""
    match title:
        case NatureTitle(_, nature):
            return None, None, nature
        case TranslationTitle(_, kind):
            return kind, None, None
        case PlanTitle(_, kind, plan):
            return kind, plan, None
        case FullTitle(_, kind, plan, nature):
            return kind, plan, nature
        case _:
            return None


def choose(rule: Rule, selection: int, reach: Reach) -> Entity | ReturnCause:
    """The entity of a rule that a message goes to, or why none can be reached."""
    first: ReturnCause | None = None
    start = selection % len(rule.entities) if rule.sharing is Sharing.LOAD_SHARED else 0
    for entity in (*rule.entities[start:], *rule.entities[:start]):
        cause = reach(entity, rule.route_on_title)
        if cause is None:
            return entity
        first = cause if first is None else first
    assert first is not None, "a rule has entities"
    return first


def retitled(title: GlobalTitle, rule: Rule) -> GlobalTitle:
    """The title with the translation type and the prefix that the rule gives it."""
    assert not isinstance(title, UnknownTitle), "no rule is found for one"
    if rule.new_prefix is not None:
        title = replace(title, digits=rule.new_prefix + title.digits[len(rule.prefix) :])
    if rule.new_translation_type is not None and not isinstance(title, NatureTitle):
        title = replace(title, translation_type=rule.new_translation_type)
    return title
