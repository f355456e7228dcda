"""What the customer-first machine does: the actions named in its table, and what they work on.

Owns the two legs, what the customer hears, the commands and events to be taken, and the outcome.
It knows no state of the table and decides nothing by itself: where an action finds that something
has come about (nobody is left to try, whisper and name are both spoken, nothing is left of the
legs), it raises that as a further input.

What is ugly: the whisper is two fields here and no machine, being played once, to its end or to the
bridge.
"""

from typing import Literal

from calleq.call import consent, driver
from calleq.call.consent import Reading
from calleq.call.driver import Command
from calleq.call.happening import Happening, TimelineEvent
from calleq.call.leg import CallLeg, LegInput, LegState
from calleq.call.one_time_code import DIGITS
from calleq.call.playback import Act, Cue, Playback
from calleq.call.policy import (
    ATTEMPTS_LIMIT,
    DETECTION_LIMIT_US,
    DETECTION_MARGIN_US,
    NOTICE_FIRST_US,
    NOTICE_INTERVAL_US,
    QUESTION_TRIES_LIMIT,
    CallRequest,
    Policy,
    agent_final,
    customer_final,
)
from calleq.call.states import Input
from calleq.causes import Q850

Prompt = Literal["announcement", "music", "busy_notice", "apology", "goodbye"]

_NOTHING = Act.NOTHING
_ANSWERS = {
    Reading.YES: Input.CONSENTED,
    Reading.NO: Input.REFUSED,
    Reading.OPT_OUT: Input.OPTED_OUT,
    Reading.UNCLEAR: Input.UNCLEAR,
}

CALL_LIMIT = "call_limit"
"""The detail of a completed call that its limit ended."""
NOBODY_FREE = "nobody_free"
"""The detail of a call whose customer was not rung, as nobody was likely to be free in time."""
PENDING_LIMIT = 16
"""Inputs that one result may cause; more is a loop in the table."""


class Conduct:
    """One call's legs, words and outcome, and what can be done with them."""

    def __init__(self, request: CallRequest, policy: Policy) -> None:
        self.request = request
        self.policy = policy
        self.customer = CallLeg("customer")
        self.agent = CallLeg("agent")
        self.commands: list[Command] = []
        self.events: list[TimelineEvent] = []
        self.raised: list[Happening] = []
        """In order; never many, so that a list weighs a tenth of a queue's."""
        self.awaited = 0
        """The one command whose answer counts."""
        self.outcome: str | None = None
        self.cause = 0
        self.detail = ""
        """What belongs to the outcome: what a customer answered who wants nobody rung."""
        self.is_over = False
        self._last_command = 0
        self._playback = Playback()
        self._prompt = ""
        self._tried: tuple[str, ...] = ()
        self._asked = 0
        """How often the customer has been asked for consent."""
        self._last_words: tuple[Prompt, str] = ("apology", policy.apology)
        self._music_us = 0
        """How long music plays before the next notice; 0: there is none."""
        self._agent_cause = 0
        """Of the last attempt to reach a representative; 0 before any."""
        self._whisper = 0
        """The `Play` of the whisper while it plays."""
        self._whisper_ended = False

    # What happened to legs and words.

    def note(self, event: str, leg: CallLeg, cause: int = 0, detail: str = "") -> None:
        """Something of a leg belongs in the timeline."""
        self.events.append(TimelineEvent(event, leg.leg, leg.attempt, leg.number, cause, detail))

    def note_lost_attempt(self, cause: int) -> None:
        """The representative just tried was not reached, or is gone again."""
        self._agent_cause = cause

    def raise_input(self, happened: Input) -> None:
        """An action has something for the table; it is taken when the action is done."""
        assert len(self.raised) < PENDING_LIMIT, "the table runs in circles"
        self.raised.append(Happening(happened))

    def name_spoken(self, command: int) -> None:
        """A `Play` has come to its mark."""
        if command == self._playback.command:
            self._cue(Cue.NAME_SPOKEN)

    def play_ended(self, command: int, outcome: str) -> None:
        """A `Play` has ended."""
        if command == self._whisper:
            self._whisper = 0
            self._whisper_ended = True
            self.raise_input(Input.WHISPER_ENDED)
        elif command == self._playback.command:
            self._playback.command = 0
            if self._prompt == "announcement":
                self.note("announcement_ended", self.customer, detail=outcome)
            is_over = self._prompt == "music" and outcome == "complete" and self._music_us
            self._cue(Cue.TURN if is_over else Cue.ENDED)

    def _cue(self, cue: Cue) -> None:
        playback = self._playback
        was_pending = playback.name_is_pending
        act = playback.step(cue)
        if act is not _NOTHING:
            self._obey(act)
        if was_pending and not playback.name_is_pending:
            self.raise_input(Input.NAME_SPOKEN)

    def _obey(self, act: Act) -> None:
        match act:
            case Act.NOTHING:
                pass
            case Act.PLAY_MUSIC:
                self._play("music", limit_us=self._music_us)
            case Act.PLAY_ANNOUNCEMENT:
                text, mark = self.policy.announcement, self.policy.name_mark
                self._play("announcement", text, mark)
            case Act.STOP:
                self.commands.append(driver.Stop(self._command(), "customer"))
            case Act.PLAY_NOTICE:
                self._music_us = NOTICE_INTERVAL_US
                self._play("busy_notice", self.policy.busy_notice)
            case Act.PLAY_APOLOGY:
                self._play(*self._last_words)
            case Act.SAY_APOLOGY_ENDED:
                self.raise_input(Input.APOLOGY_ENDED)

    def _play(self, prompt: Prompt, text: str = "", mark: str = "", limit_us: int = 0) -> None:
        command = self._playback.command = self._command()
        self._prompt = prompt
        self.commands.append(driver.Play(command, "customer", prompt, text, mark, limit_us))
        self.note(f"{prompt}_started", self.customer)

    def _command(self) -> int:
        self._last_command += 1
        return self._last_command

    # The actions of the table.

    def proceed(self, what: Happening) -> None:
        """Nothing to do: the same wait goes on in another state, to the same deadline."""

    def await_capacity(self, what: Happening) -> None:
        """No telephone rings before somebody is likely to be free."""
        self.awaited = self._command()
        self.commands.append(driver.AwaitCapacity(self.awaited))

    def find_nobody_free(self, what: Happening) -> None:
        self._finish("agent_unavailable", 0, NOBODY_FREE)

    def reserve(self, what: Happening) -> None:
        self.awaited = self._command()
        self.commands.append(driver.Reserve(self.awaited))

    def dial_customer(self, what: Happening) -> None:
        self._dial(self.customer, self.request.customer, self.request.caller)

    def dial_agent(self, what: Happening) -> None:
        assert self.agent.attempt < ATTEMPTS_LIMIT
        if self._tried and self.policy.busy_notice:
            self._music_us = self._music_us or NOTICE_FIRST_US
            if len(self._tried) == 1:
                self._cue(Cue.HUNT_GOES_ON)
        self._tried = (*self._tried, what.number)
        self._whisper = 0
        self._whisper_ended = False
        self._dial(self.agent, what.number, self.request.customer_presented)

    def _dial(self, leg: CallLeg, number: str, caller: str) -> None:
        command = self._command()
        leg.dial(number, command)
        limit_us = self.policy.ring_limit_us
        self.commands.append(
            driver.SetUpLeg(command, leg.leg, leg.attempt, number, caller, limit_us)
        )
        self.note("dialled", leg)

    def _announce(self) -> None:
        named = self.policy.name_mark != ""
        self._cue(Cue.ANNOUNCE if named else Cue.ANNOUNCE_WITHOUT_NAME)

    def announce_and_hunt(self, what: Happening) -> None:
        self._announce()
        self.hunt(what)

    def announce_and_judge(self, what: Happening) -> None:
        """Who is to be asked first hears nothing meanwhile: "please hold" would be too early."""
        if self.policy.consent == "none":
            self._announce()
        self.awaited = self._command()
        limit_us = DETECTION_LIMIT_US - DETECTION_MARGIN_US
        self.commands.append(driver.Detect(self.awaited, "customer", limit_us))

    def ask(self, what: Happening) -> None:
        """May a representative be rung? Where the policy does not ask, yes."""
        policy = self.policy
        if policy.consent == "none":
            self.raise_input(Input.CONSENTED)
            return
        self._asked += 1
        self.awaited = self._command()
        words = consent.WORDS if policy.consent == "key_or_speech" else ()
        digits = DIGITS if policy.consent == "code" else 1
        was_wrong = self.detail == consent.detail(consent.WRONG_CODE)
        text = (was_wrong and policy.question_again) or policy.question
        limit_us = policy.answer_limit_us
        self.commands.append(
            driver.Collect(self.awaited, "customer", text, words, limit_us, digits)
        )
        self.note("consent_asked", self.customer)

    def answer_to_question(self, value: str) -> Input:
        """What the customer answered, as an input of the table."""
        self.detail = consent.detail(value)
        self.note("consent_answered", self.customer, detail=self.detail)
        given = _ANSWERS[consent.reading(value, self.policy.consent)]
        tries = min(self.policy.question_tries, QUESTION_TRIES_LIMIT)
        return Input.REFUSED if given is Input.UNCLEAR and self._asked >= tries else given

    def say_goodbye(self, what: Happening) -> None:
        """Nobody is to be rung."""
        self.awaited = 0
        self._last_words = ("goodbye", self.policy.goodbye)
        self._cue(Cue.APOLOGISE)

    def opt_out(self, what: Happening) -> None:
        """... nor ever again; the end of the call says so to whoever keeps the list."""
        self.note("opted_out", self.customer)
        self._last_words = ("goodbye", self.policy.opted_out)
        self._cue(Cue.APOLOGISE)

    def dismiss_customer(self, what: Happening) -> None:
        self._finish("customer_rejected", Q850.REJECTED)

    def hunt(self, what: Happening) -> None:
        """The representative the message names, then whoever has been idle longest."""
        named = self.request.representative
        self.awaited = 0
        if self.agent.attempt == 0 and named:
            self.raised.append(Happening(Input.REPRESENTATIVE_FOUND, number=named))
        elif self.policy.hunt and self.agent.attempt < ATTEMPTS_LIMIT:
            self.awaited = self._command()
            self.commands.append(driver.FindRepresentative(self.awaited, self._tried))
        else:
            self.raise_input(Input.NOBODY_FOUND)

    def hunt_after_loss(self, what: Happening) -> None:
        """The representative hung up on the whisper or the bridge: the customer hears music."""
        self._whisper = 0
        self._cue(Cue.AGENT_LOST)
        self.hunt(what)

    def drop_agent(self, what: Happening) -> None:
        self._agent_cause = Q850.NO_ANSWER
        self._release(self.agent, Q850.NORMAL)

    def whisper(self, what: Happening) -> None:
        self._whisper_to_agent()
        self._cue(Cue.AGENT_READY)

    def whisper_and_dial_customer(self, what: Happening) -> None:
        self._whisper_to_agent()
        self.dial_customer(what)

    def _whisper_to_agent(self) -> None:
        self._whisper = self._command()
        text = self.policy.whisper
        self.commands.append(driver.Play(self._whisper, "agent", "whisper", text, ""))
        self.note("whisper_started", self.agent)

    def admit_customer(self, what: Happening) -> None:
        """Representative first: a person answered, and somebody is there already."""
        self._cue(Cue.AGENT_READY)
        self.join_if_ready(what)

    def join_if_ready(self, what: Happening) -> None:
        if self._whisper_ended and not self._playback.name_is_pending:
            self.raise_input(Input.READY)

    def join(self, what: Happening) -> None:
        if self._whisper:
            self.commands.append(driver.Stop(self._command(), "agent"))
        self._cue(Cue.BRIDGE)
        self.awaited = self._command()
        self.commands.append(driver.Join(self.awaited, "customer", "agent"))

    def bridge(self, what: Happening) -> None:
        self.events.append(TimelineEvent("bridged"))

    def stop_hunting(self, what: Happening) -> None:
        """The customer has waited long enough: whoever is being called now is called no more."""
        self.awaited = 0
        self._agent_cause = Q850.NO_ANSWER
        self._release(self.agent, Q850.NORMAL)
        self._cue(Cue.APOLOGISE)

    def apologise(self, what: Happening) -> None:
        self._cue(Cue.APOLOGISE)

    # How the call ends.

    def miss_customer(self, what: Happening) -> None:
        self._finish(customer_final(what.cause), what.cause)

    def time_out_customer(self, what: Happening) -> None:
        self._finish("customer_no_answer", Q850.NO_ANSWER)

    def dismiss_machine(self, what: Happening) -> None:
        self._finish("customer_machine", Q850.NORMAL)

    def abandon(self, what: Happening) -> None:
        self._finish("customer_abandoned", what.cause)

    def complete(self, what: Happening) -> None:
        self._finish("completed", what.cause)

    def complete_at_limit(self, what: Happening) -> None:
        """They have talked for as long as this call may last."""
        self._finish("completed", what.cause, CALL_LIMIT)

    def give_up(self, what: Happening) -> None:
        self._finish(agent_final(self._agent_cause), self._agent_cause)

    def cancel(self, what: Happening) -> None:
        self._finish("canceled", Q850.NORMAL)

    def fail(self, what: Happening) -> None:
        self._fail(what.cause, "no means" if what.input is Input.RESERVE_FAILED else "not joined")

    def expire(self, what: Happening) -> None:
        self._fail(what.cause, "deadline")

    def lose(self, what: Happening) -> None:
        self._fail(what.cause, "driver lost")

    def _fail(self, cause: int, why: str) -> None:
        self.events.append(TimelineEvent("failed", cause=cause, detail=why))
        self._finish("failed", cause)

    def _finish(self, outcome: str, cause: int, detail: str = "") -> None:
        assert self.outcome is None, f"already {self.outcome}, then {outcome}"
        self.outcome, self.cause = outcome, cause
        if outcome != "customer_rejected":
            self.detail = detail
        self._playback.command = self._whisper = self.awaited = 0
        for leg in (self.agent, self.customer):
            self._release(leg, Q850.NORMAL)
        self._raise_all_clear()

    def _release(self, leg: CallLeg, cause: int) -> None:
        if leg.state in (LegState.ABSENT, LegState.RELEASING):
            return
        leg.release_command, leg.release_cause = self._command(), cause
        leg.step(LegInput.RELEASE)
        self.commands.append(driver.ReleaseLeg(leg.release_command, leg.leg, cause))

    def conclude(self, what: Happening) -> None:
        self._raise_all_clear()

    def _raise_all_clear(self) -> None:
        if self.customer.is_absent and self.agent.is_absent:
            self.raise_input(Input.ALL_CLEAR)

    def end(self, what: Happening) -> None:
        assert self.outcome is not None
        self.is_over = True
