"""What a switch writes so that a crash leaves little open, and what it closes after one."""

from calleq.journal.entries import (
    Entry,
    LineAnswered,
    LineHeartbeat,
    LineReleased,
    LineRinging,
    LineSeized,
    Stamped,
)
from tests.ssp_neighbours import Town

DSL, ISDN = "+12125550100", "+12125550104"
MINUTE_S = 60


def heartbeats(town: Town) -> list[int]:
    return [e.seizure for e in town.journal.entries if isinstance(e, LineHeartbeat)]


def test_a_talk_is_never_unproved_for_more_than_a_minute() -> None:
    town = Town()
    town.clears_politely(DSL, ISDN)
    leg = town.call_in(DSL)
    town.passes(0.1)
    town.rings(DSL)
    town.passes(2 * MINUTE_S)
    assert heartbeats(town) == [], "nobody talks while it rings"
    town.picks_up(DSL)
    for minutes in range(1, 11):
        town.passes(MINUTE_S)
        assert len(heartbeats(town)) >= minutes
    other = town.call_in(ISDN, cic=2)
    town.passes(0.1)
    town.picks_up(ISDN)
    town.passes(MINUTE_S)
    assert heartbeats(town)[-2:] in ([1, 2], [2, 1])
    leg.hangs_up()
    town.hangs_up(ISDN)
    town.passes(1)
    assert other.ended
    count = len(town.journal.entries)
    town.passes(10 * MINUTE_S)
    assert len(town.journal.entries) == count
    assert town.at_rest()


def test_a_caller_who_goes_while_the_answer_is_being_written_leaves_no_heartbeat() -> None:
    town = Town()
    town.clears_politely(DSL)
    leg = town.call_in(DSL)
    town.passes(0.1)
    town.rings(DSL)
    town.picks_up(DSL)
    leg.hangs_up()
    town.passes(5 * MINUTE_S)
    assert heartbeats(town) == []
    assert town.at_rest()


def stamped(*entries: Entry, entity: str = "ssp-a") -> list[Stamped]:
    return [Stamped(entity, place, place, place, entry) for place, entry in enumerate(entries, 1)]


def test_after_a_restart_open_line_calls_are_closed_once_and_first_of_all() -> None:
    before = stamped(
        LineSeized(1, DSL, None, "", DSL),
        LineSeized(2, ISDN, None, "", ISDN),
        LineAnswered(1),
        LineReleased(1, 16, 0, "line"),
        LineRinging(2),
        LineSeized(3, DSL, None, "", DSL),
        LineAnswered(3),
    )
    elsewhere = stamped(LineSeized(9, DSL, None, "", DSL), entity="ssp-b")
    town = Town()
    assert town.switch.restart([*before, *elsewhere]) == 2
    closed: list[Entry] = [LineReleased(number, 41, 2, "restart") for number in (2, 3)]
    assert town.journal.entries == closed
    again = Town()
    assert again.switch.restart([*before, *stamped(*closed)]) == 0
    assert again.journal.entries == []


def test_a_switch_that_is_stopped_proves_its_talks_up_to_then() -> None:
    town = Town()
    town.clears_politely(DSL, ISDN)
    town.call_in(DSL)
    town.call_in(ISDN, cic=2)
    town.passes(0.1)
    town.rings(DSL)
    town.picks_up(ISDN)
    town.passes(20)
    town.switch.stop()
    assert heartbeats(town) == [2], "the other one still rings"
    town.hangs_up(ISDN)
    town.passes(1)
    town.switch.stop()
    assert heartbeats(town) == [2]
