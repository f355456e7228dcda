"""The customer-first call as its equipment sees it: what is commanded, in which order, and when."""

from collections.abc import Callable
from typing import Literal

import pytest

from calleq.call import driver
from calleq.call.customer_first import CallRequest, CustomerFirst, Policy
from calleq.call.driver import Command, Result
from calleq.call.policy import DETECTION_LIMIT_US, RING_GRACE_US
from calleq.units import SECOND_US

CUSTOMER, BUSINESS = "+12125550100", "+12125550140"
JANE, JOE, JIM = "+12125550143", "+12125550144", "+12125550145"
RING_LIMIT_US = 30 * SECOND_US


class Equipment:
    """Carries out nothing: writes down each command and says what the test wants it to say."""

    def __init__(
        self,
        representative: str = JANE,
        *,
        dial_first: Literal["customer", "agent"] = "customer",
        detect_machine: bool = False,
        hunt: bool = True,
        name_mark: str = "ABC Company",
        announcement_limit_us: int = 0,
        talk_limit_us: int = 0,
    ) -> None:
        self.now_us = 0
        self.script: list[str] = []
        self.last: dict[str, int] = {}
        self.call = CustomerFirst(
            CallRequest(
                call="c1",
                customer=CUSTOMER,
                caller=BUSINESS,
                representative=representative,
                customer_presented=CUSTOMER,
            ),
            Policy(
                ring_limit_us=RING_LIMIT_US,
                announcement="Please hold for ABC Company now.",
                name_mark=name_mark,
                whisper="Call for ABC Company.",
                apology="Sorry.",
                dial_first=dial_first,
                detect_machine=detect_machine,
                hunt=hunt,
                announcement_limit_us=announcement_limit_us,
                talk_limit_us=talk_limit_us,
            ),
        )
        self.call.start(self.now_us)
        self._take()

    def _take(self) -> None:
        for command in self.call.take_commands():
            key, text = self._read(command)
            self.last[key] = command.command
            self.script.append(text)

    def _read(self, command: Command) -> tuple[str, str]:
        match command:
            case driver.Reserve():
                return "reserve", "reserve"
            case driver.FindRepresentative():
                return "find", f"find, not {len(command.excluding)}"
            case driver.SetUpLeg():
                return f"dial {command.leg}", f"dial {command.leg} {command.address}"
            case driver.Detect():
                return "detect", "detect"
            case driver.Play():
                return f"{command.prompt}", f"play {command.prompt} to {command.leg}"
            case driver.Stop():
                return "stop", f"stop {command.leg}"
            case driver.Join():
                return "join", "join"
            case driver.ReleaseLeg():
                return f"release {command.leg}", f"release {command.leg} {command.cause}"
            case driver.Collect():
                return "collect", "collect"

    def says(self, result: Result) -> None:
        self.call.receive(result, self.now_us)
        self._take()

    def reserved(self) -> None:
        self.says(driver.Reserved(self.last["reserve"]))

    def rings(self, leg: driver.Leg) -> None:
        self.says(driver.Ringing(self.last[f"dial {leg}"], leg))

    def answers(self, leg: driver.Leg) -> None:
        self.says(driver.Answered(self.last[f"dial {leg}"], leg))

    def fails(self, leg: driver.Leg, cause: int) -> None:
        self.says(driver.Failed(self.last[f"dial {leg}"], leg, cause))

    def hangs_up(self, leg: driver.Leg) -> None:
        self.says(driver.Released(0, leg, 16))

    def cleared(self, leg: driver.Leg) -> None:
        self.says(driver.Released(self.last[f"release {leg}"], leg, 16))

    def found(self, number: str | None) -> None:
        self.says(driver.RepresentativeFound(self.last["find"], number))

    def judged(self, verdict: Literal["human", "machine", "fax", "silence"]) -> None:
        self.says(driver.Detected(self.last["detect"], "customer", verdict))

    def name_spoken(self) -> None:
        self.says(driver.PlayMarked(self.last["announcement"], "customer"))

    def ended(
        self, prompt: str, outcome: Literal["complete", "stopped", "failed"] = "complete"
    ) -> None:
        leg: driver.Leg = "agent" if prompt == "whisper" else "customer"
        self.says(driver.PlayEnded(self.last[prompt], leg, outcome))

    def joined(self) -> None:
        self.says(driver.Joined(self.last["join"]))

    def passes(self, length_us: int) -> None:
        """Time passes, the timer fires as often as it is due."""
        end_us = self.now_us + length_us
        while (due_us := self.call.next_timer()) is not None and due_us <= end_us:
            self.now_us = due_us
            self.call.handle_timer(due_us)
            self._take()
        self.now_us = end_us

    def told(self) -> list[str]:
        """What was commanded since the last time asked."""
        script, self.script = self.script, []
        return script

    def timeline(self) -> list[str]:
        events = self.call.take_events()
        return [" ".join(filter(None, (e.event, e.leg, str(e.cause or "")))) for e in events]


def customer_answers(**policy: object) -> Equipment:
    equipment = Equipment(**policy)  # type: ignore[arg-type]
    equipment.reserved()
    equipment.rings("customer")
    equipment.answers("customer")
    return equipment


def agent_answers(**policy: object) -> Equipment:
    """… after the announcement: the customer hears music."""
    equipment = customer_answers(**policy)
    equipment.rings("agent")
    equipment.name_spoken()
    equipment.ended("announcement")
    equipment.answers("agent")
    return equipment


def bridged(**policy: object) -> Equipment:
    equipment = agent_answers(**policy)
    equipment.ended("whisper")
    equipment.joined()
    return equipment


def test_a_whole_call() -> None:
    call = Equipment()
    assert call.told() == ["reserve"]
    call.reserved()
    assert call.told() == [f"dial customer {CUSTOMER}"]
    call.rings("customer")
    assert call.told() == []
    call.answers("customer")
    assert call.told() == ["play announcement to customer", f"dial agent {JANE}"]
    call.rings("agent")
    call.name_spoken()
    assert call.told() == []
    call.ended("announcement")
    assert call.told() == ["play music to customer"]
    call.answers("agent")
    assert call.told() == ["play whisper to agent"]
    call.ended("whisper")
    assert call.told() == ["stop customer", "join"]
    call.ended("music", "stopped")
    call.joined()
    assert call.call.state == "Bridged"
    call.hangs_up("customer")
    assert call.told() == ["release agent 16"]
    assert call.call.final is None
    call.cleared("agent")
    assert (call.call.final, call.call.cause, call.call.state) == ("completed", 16, "Ended")
    assert call.timeline() == [
        "dialled customer",
        "ringing customer",
        "answered customer",
        "announcement_started customer",
        "dialled agent",
        "ringing agent",
        "announcement_ended customer",
        "music_started customer",
        "answered agent",
        "whisper_started agent",
        "bridged",
        "released customer 16",
        "released agent 16",
    ]


def test_the_representative_hanging_up_ends_the_call_as_well() -> None:
    call = bridged()
    call.hangs_up("agent")
    call.cleared("customer")
    assert call.call.final == "completed"


def test_both_hanging_up_at_once_ends_the_call_once() -> None:
    call = bridged()
    call.told()
    call.hangs_up("customer")
    assert call.told() == ["release agent 16"]
    call.hangs_up("agent")
    assert call.call.final is None
    call.cleared("agent")
    assert call.call.final == "completed"


class TestTheAnnouncement:
    """It is cut by the representative's answer, but never before the name has been spoken."""

    def test_is_not_cut_before_the_name(self) -> None:
        call = customer_answers()
        call.told()
        call.answers("agent")
        call.ended("whisper")
        assert call.told() == ["play whisper to agent"]
        call.name_spoken()
        assert call.told() == ["stop customer", "join"]

    def test_is_cut_at_once_after_the_name_and_music_fills_the_whisper(self) -> None:
        call = customer_answers()
        call.name_spoken()
        call.told()
        call.answers("agent")
        assert call.told() == ["play whisper to agent", "stop customer"]
        call.ended("announcement", "stopped")
        assert call.told() == ["play music to customer"]
        call.ended("whisper")
        assert call.told() == ["stop customer", "join"]

    def test_without_a_name_may_be_cut_at_any_time(self) -> None:
        call = customer_answers(name_mark="")
        call.told()
        call.answers("agent")
        assert call.told() == ["play whisper to agent", "stop customer"]

    def test_that_cannot_be_played_does_not_hold_the_call(self) -> None:
        call = customer_answers()
        call.ended("announcement", "failed")
        call.answers("agent")
        call.told()
        call.ended("whisper")
        assert call.told() == ["stop customer", "join"]

    def test_whose_name_is_never_reported_holds_the_bridge_for_a_limited_time(self) -> None:
        call = customer_answers()
        call.answers("agent")
        call.ended("whisper")
        call.told()
        call.passes(15 * SECOND_US)
        assert call.told() == ["stop customer", "join"]


@pytest.mark.parametrize(
    ("cause", "final"),
    [
        (17, "customer_busy"),
        (18, "customer_no_answer"),
        (19, "customer_no_answer"),
        (20, "customer_no_answer"),
        (21, "customer_rejected"),
        (1, "failed"),
        (34, "failed"),
        (38, "failed"),
        (41, "failed"),
        (42, "failed"),
    ],
)
def test_a_customer_who_is_not_reached_costs_no_representative(cause: int, final: str) -> None:
    call = Equipment()
    call.reserved()
    call.told()
    call.fails("customer", cause)
    assert call.told() == []
    assert (call.call.final, call.call.cause) == (final, cause)


@pytest.mark.parametrize(
    ("cause", "final"),
    [
        (17, "agent_busy"),
        (18, "agent_no_answer"),
        (19, "agent_no_answer"),
        (21, "agent_rejected"),
        (1, "agent_unavailable"),
        (20, "agent_unavailable"),
        (34, "agent_unavailable"),
        (42, "agent_unavailable"),
    ],
)
def test_a_failed_hunt_is_named_by_its_last_attempt(cause: int, final: str) -> None:
    call = customer_answers()
    call.fails("agent", 31)
    call.found(JOE)
    call.fails("agent", cause)
    call.told()
    call.found(None)
    assert call.told() == []
    call.name_spoken()
    assert call.told() == ["stop customer"]
    call.ended("announcement", "stopped")
    assert call.told() == ["play apology to customer"]
    call.ended("apology")
    assert call.told() == ["release customer 16"]
    call.cleared("customer")
    assert (call.call.final, call.call.cause) == (final, cause)


class TestTheHunt:
    def test_tries_three_in_all(self) -> None:
        call = customer_answers()
        call.ended("announcement")
        call.fails("agent", 17)
        call.found(JOE)
        call.fails("agent", 17)
        call.found(JIM)
        call.told()
        call.fails("agent", 17)
        assert call.told() == ["stop customer"]
        assert call.call.state == "Apologising"

    def test_excludes_who_was_tried(self) -> None:
        call = customer_answers()
        call.told()
        call.fails("agent", 17)
        assert call.told() == ["find, not 1"]
        call.found(JOE)
        assert call.told() == [f"dial agent {JOE}"]

    def test_finds_the_first_where_the_message_names_none(self) -> None:
        call = customer_answers(representative="")
        assert call.told()[-1] == "find, not 0"
        call.found(None)
        call.ended("announcement")
        call.ended("apology")
        call.cleared("customer")
        assert (call.call.final, call.call.cause) == ("agent_unavailable", 0)

    def test_may_be_forbidden(self) -> None:
        call = customer_answers(hunt=False)
        call.ended("announcement")
        call.told()
        call.fails("agent", 17)
        assert call.told() == ["stop customer"]
        call.ended("music", "stopped")
        call.ended("apology")
        call.cleared("customer")
        assert call.call.final == "agent_busy"

    def test_goes_on_when_a_representative_hangs_up_on_the_whisper(self) -> None:
        call = agent_answers()
        call.told()
        call.hangs_up("agent")
        assert call.told() == ["find, not 1"]
        call.found(JOE)
        call.answers("agent")
        call.ended("whisper")
        call.joined()
        assert call.call.state == "Bridged"

    def test_goes_on_with_music_when_a_representative_hangs_up_on_the_bridge(self) -> None:
        call = agent_answers()
        call.ended("whisper")
        call.ended("music", "stopped")
        call.told()
        call.hangs_up("agent")
        assert call.told() == ["play music to customer", "find, not 1"]
        call.says(driver.Joined(call.last["join"]))
        assert call.call.state == "FindingRepresentative"

    def test_stays_the_outcome_when_the_customer_hangs_up_on_the_apology(self) -> None:
        call = customer_answers(hunt=False)
        call.fails("agent", 21)
        call.hangs_up("customer")
        assert call.call.final == "agent_rejected"

    def test_releases_an_attempt_that_is_never_reported_before_the_next(self) -> None:
        call = customer_answers()
        call.told()
        call.passes(RING_LIMIT_US + RING_GRACE_US)
        assert call.told() == ["release agent 16"]
        call.answers("agent")
        assert call.told() == []
        call.cleared("agent")
        assert call.told() == ["find, not 1"]


@pytest.mark.parametrize(
    "until",
    [
        pytest.param(lambda: customer_answers(), id="dialled"),
        pytest.param(lambda: agent_answers(), id="whispering"),
    ],
)
def test_a_customer_who_leaves_before_the_bridge_stops_the_representative_at_once(
    until: Callable[[], Equipment],
) -> None:
    call = until()
    call.told()
    call.hangs_up("customer")
    assert call.told() == ["release agent 16"]
    call.answers("agent")
    call.cleared("agent")
    assert call.call.final == "customer_abandoned"
    assert call.told() == []


class TestMachineDetection:
    def test_lets_no_representative_ring_for_a_machine(self) -> None:
        call = customer_answers(detect_machine=True)
        assert call.told()[-2:] == ["play announcement to customer", "detect"]
        call.judged("machine")
        assert call.told() == ["release customer 16"]
        call.cleared("customer")
        assert call.call.final == "customer_machine"

    def test_takes_a_fax_for_a_machine(self) -> None:
        call = customer_answers(detect_machine=True)
        call.judged("fax")
        call.cleared("customer")
        assert call.call.final == "customer_machine"

    @pytest.mark.parametrize("verdict", ["human", "silence"])
    def test_dials_the_representative_after_the_verdict(
        self, verdict: Literal["human", "silence"]
    ) -> None:
        call = customer_answers(detect_machine=True)
        call.told()
        call.judged(verdict)
        assert call.told() == [f"dial agent {JANE}"]

    def test_waits_two_seconds_at_most(self) -> None:
        call = customer_answers(detect_machine=True)
        call.told()
        call.passes(DETECTION_LIMIT_US - 1)
        assert call.told() == []
        call.passes(1)
        assert call.told() == [f"dial agent {JANE}"]
        call.judged("machine")
        assert call.told() == []

    def test_a_customer_who_leaves_meanwhile_has_abandoned(self) -> None:
        call = customer_answers(detect_machine=True)
        call.hangs_up("customer")
        assert call.call.final == "customer_abandoned"


class TestRepresentativeFirst:
    def both(self, **policy: object) -> Equipment:
        call = Equipment(dial_first="agent", **policy)  # type: ignore[arg-type]
        call.reserved()
        call.rings("agent")
        call.answers("agent")
        return call

    def test_calls_the_customer_when_the_representative_has_answered(self) -> None:
        call = self.both()
        assert call.told() == [
            "reserve",
            f"dial agent {JANE}",
            "play whisper to agent",
            f"dial customer {CUSTOMER}",
        ]
        call.ended("whisper")
        call.answers("customer")
        assert call.told() == ["join"]
        call.joined()
        assert call.call.state == "Bridged"

    def test_joins_after_the_whisper(self) -> None:
        call = self.both()
        call.told()
        call.answers("customer")
        assert call.told() == []
        call.ended("whisper")
        assert call.told() == ["join"]

    def test_releases_the_representative_when_the_customer_is_not_reached(self) -> None:
        call = self.both()
        call.told()
        call.fails("customer", 17)
        assert call.told() == ["release agent 16"]
        call.cleared("agent")
        assert call.call.final == "customer_busy"

    def test_ends_when_the_representative_gives_up(self) -> None:
        call = self.both()
        call.told()
        call.hangs_up("agent")
        assert call.told() == ["release customer 16"]
        call.cleared("customer")
        assert call.call.final == "agent_unavailable"

    def test_hunts_before_it_calls_the_customer(self) -> None:
        call = Equipment(dial_first="agent")
        call.reserved()
        call.fails("agent", 17)
        call.found(None)
        assert call.call.final == "agent_busy"
        assert not any(line.startswith("dial customer") for line in call.told())

    def test_bridges_the_judging_with_the_announcement_up_to_the_name(self) -> None:
        call = self.both(detect_machine=True)
        call.ended("whisper")
        call.told()
        call.answers("customer")
        assert call.told() == ["play announcement to customer", "detect"]
        call.judged("human")
        assert call.told() == []
        call.name_spoken()
        assert call.told() == ["stop customer", "join"]

    def test_goes_on_customer_first_when_the_representative_leaves_during_the_judging(self) -> None:
        call = self.both(detect_machine=True)
        call.answers("customer")
        call.told()
        call.passes(SECOND_US)
        call.hangs_up("agent")
        assert call.told() == []
        call.passes(SECOND_US)
        assert call.told() == ["find, not 1"]


class TestWhatElseEndsACall:
    def test_no_means_for_both_legs(self) -> None:
        call = Equipment()
        call.told()
        call.says(driver.ReserveFailed(call.last["reserve"], 34))
        assert (call.call.final, call.call.cause) == ("failed", 34)
        assert call.told() == []
        assert call.timeline() == ["failed 34"]

    def test_cancel(self) -> None:
        call = customer_answers()
        call.told()
        call.call.cancel(call.now_us)
        call._take()
        assert call.told() == ["release agent 16", "release customer 16"]
        call.cleared("customer")
        call.cleared("agent")
        assert call.call.final == "canceled"

    def test_cancel_before_the_start(self) -> None:
        request = CallRequest(call="c", customer=CUSTOMER, caller=BUSINESS)
        policy = Policy(ring_limit_us=1, announcement="", name_mark="", whisper="", apology="")
        call = CustomerFirst(request, policy)
        call.cancel(0)
        call.start(1)
        assert (call.final, call.take_commands()) == ("canceled", [])

    def test_cancel_of_a_bridged_call_hangs_up(self) -> None:
        call = bridged()
        call.call.cancel(call.now_us)
        call._take()
        call.cleared("customer")
        call.cleared("agent")
        assert call.call.final == "completed"

    def test_loss_of_the_equipment(self) -> None:
        call = bridged()
        call.told()
        call.says(driver.DriverLost(41))
        assert (call.call.final, call.call.cause) == ("failed", 41)
        assert call.told() == []

    def test_equipment_that_says_nothing(self) -> None:
        call = Equipment()
        call.passes(5 * SECOND_US)
        assert (call.call.final, call.call.cause) == ("failed", 102)

    def test_a_customer_who_rings_for_ever(self) -> None:
        call = Equipment()
        call.reserved()
        call.passes(10 * SECOND_US)
        call.rings("customer")
        call.told()
        call.passes(RING_LIMIT_US + RING_GRACE_US - 10 * SECOND_US)
        assert call.told() == ["release customer 16"]
        call.cleared("customer")
        assert (call.call.final, call.call.cause) == ("customer_no_answer", 19)

    def test_a_release_that_is_never_answered(self) -> None:
        call = bridged()
        call.hangs_up("agent")
        call.passes(20 * SECOND_US)
        assert call.call.final == "completed"
        call.cleared("customer")
        assert call.call.state == "Ended"

    def test_a_bridge_that_cannot_be_made(self) -> None:
        call = agent_answers()
        call.ended("whisper")
        call.says(driver.JoinFailed(call.last["join"], 47))
        call.cleared("customer")
        call.cleared("agent")
        assert (call.call.final, call.call.cause) == ("failed", 47)


class TestLimits:
    """A customer waits, and parties talk, no longer than the policy says."""

    def test_who_is_being_called_is_called_no_more_when_the_customer_has_waited_enough(
        self,
    ) -> None:
        call = customer_answers(announcement_limit_us=20 * SECOND_US)
        call.rings("agent")
        call.name_spoken()
        call.told()
        call.passes(20 * SECOND_US - 1)
        assert call.told() == []
        call.passes(1)
        assert call.told() == ["release agent 16", "stop customer"]
        call.cleared("agent")
        call.ended("announcement", "stopped")
        assert call.told() == ["play apology to customer"]
        call.ended("apology")
        call.cleared("customer")
        assert (call.call.final, call.call.cause) == ("agent_no_answer", 19)

    def test_the_wait_is_one_over_all_attempts_to_reach_somebody(self) -> None:
        call = customer_answers(announcement_limit_us=20 * SECOND_US)
        call.passes(15 * SECOND_US)
        call.fails("agent", 17)
        call.found(JOE)
        call.passes(4 * SECOND_US)
        assert call.call.state == "DialingAgent"
        call.passes(SECOND_US)
        assert call.call.state == "Apologising"

    def test_a_representative_who_answers_ends_the_wait(self) -> None:
        call = agent_answers(announcement_limit_us=20 * SECOND_US)
        call.passes(10 * SECOND_US)
        call.ended("whisper")
        call.joined()
        call.passes(3_600 * SECOND_US)
        assert call.call.state == "Bridged"

    def test_a_late_answer_to_a_dialling_that_was_given_up_changes_nothing(self) -> None:
        call = customer_answers(announcement_limit_us=20 * SECOND_US)
        call.passes(20 * SECOND_US)
        call.told()
        call.answers("agent")
        assert call.told() == []
        assert call.call.state == "Apologising"

    def test_a_call_ends_completed_at_its_limit_and_says_so(self) -> None:
        call = bridged(talk_limit_us=600 * SECOND_US)
        call.passes(600 * SECOND_US - 1)
        assert call.call.state == "Bridged"
        call.passes(1)
        call.cleared("agent")
        call.cleared("customer")
        assert (call.call.final, call.call.detail) == ("completed", "call_limit")

    def test_no_policy_lets_a_call_last_longer_than_four_hours(self) -> None:
        call = bridged(talk_limit_us=100 * 3_600 * SECOND_US)
        call.passes(4 * 3_600 * SECOND_US)
        assert call.call.state == "Releasing"
