"""Global title translation, table by table: rule, title, where it leads (Q.714 §2.4)."""

import pytest

from calleq.ss7.sccp.translation import (
    ENTITIES_LIMIT,
    Entity,
    Rule,
    Sharing,
    Translated,
    TranslationTable,
)
from calleq.ss7.sccp.values import (
    FullTitle,
    GlobalTitle,
    NatureTitle,
    PartyAddress,
    PlanTitle,
    ReturnCause,
    SccpError,
    TranslationTitle,
    UnknownTitle,
)

A, B, C, D = 11, 12, 13, 14
EVERYONE = frozenset((A, B, C, D))

RULES = (
    Rule(prefix="1800", entities=(Entity(A, 241),)),
    Rule(prefix="18005550199", entities=(Entity(B, 106),)),
    Rule(prefix="", entities=(Entity(C),), route_on_title=True),
    Rule(prefix="1900", entities=(Entity(A, 241), Entity(B, 241), Entity(C, 241))),
    Rule(prefix="1866", entities=(Entity(A), Entity(B), Entity(C)), sharing=Sharing.LOAD_SHARED),
    Rule(
        prefix="44",
        entities=(Entity(D),),
        route_on_title=True,
        new_translation_type=17,
        new_prefix="0",
    ),
    Rule(prefix="77", translation_type=9, nature=None, entities=(Entity(D, 8),)),
    Rule(prefix="7", translation_type=10, plan=None, nature=None, entities=(Entity(D, 9),)),
    Rule(prefix="7", translation_type=None, plan=None, nature=3, entities=(Entity(D, 10),)),
    Rule(prefix="", nature=3, entities=(Entity(D),)),
    Rule(prefix="5", nature=1, entities=(Entity(D, 5),)),
)
TABLE = TranslationTable(RULES)


def lead(
    title: GlobalTitle | None,
    ssn: int | None = 241,
    selection: int = 0,
    reachable: frozenset[int] = EVERYONE,
) -> Translated | ReturnCause:
    def reach(entity: Entity, on_title: bool) -> ReturnCause | None:
        if entity.point_code in reachable:
            return None
        return ReturnCause.MTP_FAILURE if entity.point_code == A else ReturnCause.SUBSYSTEM_FAILURE

    called = PartyAddress(ssn, None, title, route_on_title=True)
    return TABLE.translate(called, selection, reach)


@pytest.mark.parametrize(
    ("title", "point_code", "ssn"),
    [
        (FullTitle("18005550142"), A, 241),
        (FullTitle("18005550199"), B, 106),
        (FullTitle("180055501995"), B, 106),
        (FullTitle("1800"), A, 241),
        (FullTitle("19005550100"), A, 241),
        (PlanTitle("77123", 9), D, 8),
        (TranslationTitle("7123", 10), D, 9),
        (NatureTitle("7123", 3), D, 10),
        (FullTitle("2125550100", nature=3), D, 241),
    ],
    ids=str,
)
def test_the_longest_prefix_of_the_titles_own_table_decides(
    title: GlobalTitle, point_code: int, ssn: int
) -> None:
    """A final translation: on subsystem number from here on, the title is kept."""
    found = lead(title)
    assert found == Translated(point_code, PartyAddress(ssn, None, title))


@pytest.mark.parametrize(
    ("title", "point_code", "further"),
    [
        (FullTitle("180"), C, FullTitle("180")),
        (FullTitle("3355"), C, FullTitle("3355")),
        (FullTitle("4420"), D, FullTitle("020", 17)),
    ],
    ids=str,
)
def test_a_title_may_have_to_be_translated_further_on(
    title: GlobalTitle, point_code: int, further: GlobalTitle
) -> None:
    found = lead(title)
    assert found == Translated(point_code, PartyAddress(241, None, further, route_on_title=True))


@pytest.mark.parametrize(
    ("title", "cause"),
    [
        (None, ReturnCause.NO_TRANSLATION_FOR_NATURE),
        (UnknownTitle(9, b"\x01"), ReturnCause.NO_TRANSLATION_FOR_NATURE),
        (FullTitle("1800", 99), ReturnCause.NO_TRANSLATION_FOR_NATURE),
        (FullTitle("1800", plan=7), ReturnCause.NO_TRANSLATION_FOR_NATURE),
        (FullTitle("1800", nature=2), ReturnCause.NO_TRANSLATION_FOR_NATURE),
        (PlanTitle("1800"), ReturnCause.NO_TRANSLATION_FOR_NATURE),
        (FullTitle("6", nature=1), ReturnCause.NO_TRANSLATION),
        (PlanTitle("78", 9), ReturnCause.NO_TRANSLATION),
        (NatureTitle("8", 3), ReturnCause.NO_TRANSLATION),
    ],
    ids=str,
)
def test_what_leads_nowhere_has_its_cause(title: GlobalTitle | None, cause: ReturnCause) -> None:
    assert lead(title) is cause


@pytest.mark.parametrize(
    ("reachable", "taken"),
    [
        ({A, B, C}, A),
        ({B, C}, B),
        ({C}, C),
        ({A}, A),
        (set(), ReturnCause.MTP_FAILURE),
    ],
    ids=str,
)
def test_the_backup_stands_in_and_the_primary_has_its_place_again(
    reachable: set[int], taken: int | ReturnCause
) -> None:
    found = lead(FullTitle("1900555"), reachable=frozenset(reachable))
    assert (found.point_code if isinstance(found, Translated) else found) == taken


def test_the_load_is_shared_by_selection_and_those_who_can_keep_their_entity() -> None:
    title = FullTitle("1866555")

    def taken(reachable: frozenset[int]) -> list[int]:
        found = [lead(title, selection=number, reachable=reachable) for number in range(6)]
        return [one.point_code for one in found if isinstance(one, Translated)]

    assert taken(EVERYONE) == [A, B, C, A, B, C]
    assert taken(frozenset((A, C))) == [A, C, C, A, C, C]
    assert taken(frozenset((C,))) == [C] * 6


@pytest.mark.parametrize("ssn", [None, 0])
def test_a_final_translation_needs_a_subsystem(ssn: int | None) -> None:
    assert lead(FullTitle("2125550100", nature=3), ssn=ssn) is ReturnCause.UNEQUIPPED_USER
    assert isinstance(lead(FullTitle("18005550142"), ssn=ssn), Translated), "the rule has one"


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ((RULES[0], RULES[0]), "two translations"),
        ((Rule(entities=()),), "1 to 16 entities"),
        ((Rule(entities=(Entity(A),) * (ENTITIES_LIMIT + 1)),), "1 to 16 entities"),
        ((Rule(entities=(Entity(A),), prefix="+1"),), "other signs"),
        ((Rule(entities=(Entity(A),), new_prefix="+1"),), "other signs"),
        ((Rule(entities=(Entity(A, 256),)),), "0 to 255"),
        ((Rule(entities=(Entity(A),), new_translation_type=256),), "0 to 255"),
        (
            (Rule(entities=(Entity(A),), prefix="12", plan=None, nature=None, new_prefix="1"),),
            "even count",
        ),
        (tuple(Rule(entities=(Entity(A),), prefix=str(at)) for at in range(10_001)), "at most"),
    ],
)
def test_rules_that_cannot_be_gone_by_are_refused(rules: tuple[Rule, ...], why: str) -> None:
    with pytest.raises(SccpError, match=why):
        TranslationTable(rules)
