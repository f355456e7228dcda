"""Recording one call: nobody is recorded who has not heard, to its end, that the call is recorded.

Ordered to record, it tells every party at once; each may object with a key until
`OBJECTION_US` after the announcement's end. When everybody has heard it and that is durable, the
recording begins: the customer left, everybody else right, and of each only what others hear (who is
muted is not recorded, and while the customer is on hold nobody is). Whoever joins later is told
before being recorded. An objection,
whenever it comes, ends the recording, and the call is not recorded any more; it goes on.

A small machine (`recording_table`); per party there is only whether the announcement was heard. Odd
cases: a party that leaves while being told need not hear it; an announcement that cannot be played
is not heard, so nothing is recorded; a voice process or disk that fails ends the recording, as
`failed`, and never the call.
"""

from collections.abc import Callable, Mapping

import msgspec

from calleq.calling_logic.bridge import Conversation
from calleq.calling_logic.leg import CircuitLeg
from calleq.calling_logic.means import Means
from calleq.calling_logic.mixing import Mixing
from calleq.calling_logic.recording_table import (
    IGNORED,
    LISTENS,
    RECORDING_TABLE,
    REFUSED,
    Input,
    State,
)
from calleq.calling_logic.recordings import Recordings
from calleq.journal.entries import Recorded, RecordedParty
from calleq.media.contract import Played, Player, Prompt
from calleq.media.keypad import NO_KEY
from calleq.media.languages import sentences
from calleq.media.recorder import RecordingEnd
from calleq.media.wording import OBJECTION_KEY, recording_text
from calleq.osn.orders import Refusal
from calleq.units import SECOND_US

OBJECTION_US = 3 * SECOND_US
"""How long after the announcement's end a party may still object before it is recorded."""
LISTEN_US = 10 * SECOND_US
"""How long a key is listened for at a time."""


Tell = Callable[[str, CircuitLeg | None, str], object]
"""Journals and tells an event of the call or a party, with a detail."""


class CallRecording:
    """What is recorded of one call; one recording after the other."""

    def __init__(
        self,
        means: Means,
        mixing: Mixing,
        recordings: Recordings,
        call: str,
        conversation: Conversation,
        language: str,
        tell: Tell,
    ) -> None:
        """`language` is what the announcement is spoken in."""
        self._means = means
        self._mixing = mixing
        self._recordings = recordings
        self._call = call
        self._conversation = conversation
        self._prompt = Prompt(
            "speech", recording_text(language), language=sentences(language).voice
        )
        self._tell = tell
        self._state = State.ABSENT
        self._name = ""
        self._round = 0
        """Of the announcement: what an earlier one reports is late."""
        self._told: dict[CircuitLeg, str] = {}
        """Those who are hearing it, and its player."""
        self._heard: dict[CircuitLeg, RecordedParty] = {}
        self._result = RecordingEnd("absent")
        self._why = ""
        """Why it was stopped, where nobody ordered so."""
        self._is_begun = False
        """Whether the voice process has been asked for it."""
        conversation.changed = self.parties_changed

    @property
    def state(self) -> State:
        """What it is doing."""
        return self._state

    def take(self, given: Input) -> Refusal | None:
        """An order, or something that happened; why an order is refused."""
        row = RECORDING_TABLE.get((self._state, given))
        if row is None:
            refusal = REFUSED[self._state].get(given)
            assert (refusal is not None) != (given in IGNORED[self._state])
            return refusal
        action, self._state = row
        ACTIONS[action](self)
        return None

    def parties_changed(self) -> None:
        """Somebody came, left, or is heard no longer or again: record what is said now."""
        legs = self._conversation.legs
        for leg in [leg for leg in self._told if leg not in legs]:
            self._mixing.end(self._told.pop(leg))
            self._look_whether_all_heard()
        if self._state in LISTENS and not self._customer_is_held():
            for leg in legs:
                if leg not in self._told and leg not in self._heard:
                    self._announce_to(leg)
        self._feed()

    def _feed(self) -> None:
        """What is recorded is what those say who were told and are heard."""
        if not self._name or self._state not in (State.RECORDING, State.PAUSED):
            return
        speaking = [
            leg
            for leg in self._conversation.legs
            if self._state is State.RECORDING
            and not self._customer_is_held()
            and leg in self._heard
            and leg not in self._told
            and self._conversation.speaks(leg)
        ]
        left = tuple(leg.circuit for leg in speaking if leg.command.leg == "customer")
        right = tuple(leg.circuit for leg in speaking if leg.command.leg != "customer")
        self._mixing.feed_recording(self._name, left, right)

    def _customer_is_held(self) -> bool:
        """What is said meanwhile is no part of the call with the customer."""
        conversation = self._conversation
        return any(
            leg.command.leg == "customer" and conversation.seat(leg).is_held
            for leg in conversation.legs
        )

    # The announcement.

    def announce(self) -> None:
        self._round += 1
        self._name = self._recordings.new_name(self._call)
        self._heard.clear()
        for leg in self._conversation.legs:
            if leg not in self._told:  # telling one tells the others, where nobody is held
                self._announce_to(leg)

    def _announce_to(self, leg: CircuitLeg) -> None:
        command, this_round = leg.command, self._round
        player = f"{self._call}/recorded-{this_round}-{command.leg}-{command.attempt}"
        self._told[leg] = player

        def ended(how: Played) -> None:
            if self._told.get(leg) != player or how == "stopped":
                return
            self._let_hear(leg, "")
            if how == "failed":
                del self._told[leg]
                self.take(Input.UNHEARD)
                return
            clock = self._means.clock
            at_us = clock.now_us()
            self._tell("recording_announced", leg, self._name)
            clock.call_later_us(OBJECTION_US, self._not_objected, leg, player, at_us)

        self._mixing.begin(player, self._prompt, Player(ended))
        self._let_hear(leg, player)
        self._tell("recording_announcement_started", leg, self._name)
        self._listen(leg, player)

    def _let_hear(self, leg: CircuitLeg, player: str) -> None:
        if leg in self._conversation.legs:
            self._conversation.seat(leg).announcement = player
            self._conversation.tune()

    def _listen(self, leg: CircuitLeg, player: str) -> None:
        def pressed(key: str) -> None:
            if self._told.get(leg) != player:
                return
            if key == OBJECTION_KEY:
                self._tell("recording_objected", leg, self._name)
                self.take(Input.OBJECTED)
            else:
                assert key == NO_KEY or len(key) == 1
                self._listen(leg, player)

        self._mixing.next_key(leg.circuit, LISTEN_US, pressed)

    def _not_objected(self, leg: CircuitLeg, player: str, at_us: int) -> None:
        if self._told.get(leg) != player:
            return
        del self._told[leg]
        command = leg.command
        party = RecordedParty(command.leg, command.attempt, command.address, at_us)
        self._heard[leg] = party
        if self._state in (State.RECORDING, State.PAUSED):
            status = "paused" if self._state is State.PAUSED else "in-progress"
            self._note(status, self._feed)
        self._look_whether_all_heard()

    def _look_whether_all_heard(self) -> None:
        if self._state is State.ANNOUNCING and not self._told and len(self._heard) > 1:
            self.take(Input.ALL_HEARD)

    def _hush(self) -> None:
        """Nobody is told any more."""
        told, self._told = self._told, {}
        for leg, player in told.items():
            self._let_hear(leg, "")
            self._mixing.end(player)

    # The other actions of the table.

    def proceed(self) -> None:
        """Nothing to do."""

    def give_up(self) -> None:
        self._give_up("stopped before it began")

    def give_up_unheard(self) -> None:
        self._give_up("the announcement could not be played")

    def give_up_objected(self) -> None:
        self._give_up("a party objected")

    def _give_up(self, why: str) -> None:
        self._hush()
        self._tell("recording_absent", None, self._name)
        self._note("absent", None, RecordingEnd("absent", reason=why))
        self._name = ""

    def begin(self) -> None:
        """Who heard the announcement, and when, is durable before a sample is recorded."""
        name = self._name

        def durable() -> None:
            if self._name != name or self._state not in (State.RECORDING, State.PAUSED):
                return
            self._is_begun = True
            self._mixing.start_recording(name, lambda end: self._over(name, end))
            self._tell("recording_started", None, name)
            self._feed()

        self._is_begun = False
        self._why = ""
        self._note("in-progress", durable)

    def pause(self) -> None:
        self._feed()
        self._note("paused")
        self._tell("recording_paused", None, self._name)

    def resume(self) -> None:
        self._note("in-progress", self._feed)
        self._tell("recording_resumed", None, self._name)

    def stop(self) -> None:
        self._stop("")

    def stop_objected(self) -> None:
        self._stop("a party objected")

    def _stop(self, why: str) -> None:
        self._hush()
        self._why = why
        name, saved = self._name, RecordingEnd("completed", reason=why)

        def durable() -> None:
            if self._name == name:
                self._note("processing", None, saved)
                self._mixing.stop_recording(name)

        self._note("stopped", durable if self._is_begun else None, saved)
        if self._is_begun:
            self._mixing.feed_recording(name, (), ())
        else:
            self._over(self._name, RecordingEnd("absent", reason=why))

    def _over(self, name: str, end: RecordingEnd) -> None:
        if name == self._name:
            self._result = end
            self.take(Input.FAILED if end.status == "failed" else Input.SAVED)

    def note_saved(self) -> None:
        self._note_over(f"recording_{self._result.status}")

    def note_failed(self) -> None:
        self._note_over("recording_failed")

    def _note_over(self, event: str) -> None:
        self._hush()
        self._mixing.feed_recording(self._name, (), ())
        end = self._result
        reason = end.reason or self._why
        self._note(end.status, None, msgspec.structs.replace(end, reason=reason))
        self._tell(event, None, self._name)
        self._name = ""

    def _note(
        self,
        status: str,
        durable: Callable[[], object] | None = None,
        end: RecordingEnd | None = None,
    ) -> None:
        entry = Recorded(self._call, self._name, status, tuple(self._heard.values()))
        if end is not None:
            entry = Recorded(
                self._call,
                self._name,
                status,
                entry.parties,
                end.length_us,
                end.octets,
                end.reason,
            )
        self._recordings.note(entry, durable)


ACTIONS: Mapping[str, Callable[[CallRecording], None]] = {
    action.__name__: action
    for action in (
        CallRecording.proceed,
        CallRecording.announce,
        CallRecording.give_up,
        CallRecording.give_up_unheard,
        CallRecording.give_up_objected,
        CallRecording.begin,
        CallRecording.pause,
        CallRecording.resume,
        CallRecording.stop,
        CallRecording.stop_objected,
        CallRecording.note_saved,
        CallRecording.note_failed,
    )
}
