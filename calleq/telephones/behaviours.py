"""Who is at a telephone, and what they do: the occupant that follows a habit (`habits`).

A person answers, says `hello`, talks once another person is heard and hangs up `talk_us` after
that. Asked to press 1 or 9, they reply as is their habit (a person presses 1), and wait longer for
what follows. Two people who both wait for the other would wait for ever: so a person says `hello`
again when an announcement or music ends in silence, and every `SILENCE_PATIENCE_US` of hearing
nothing, and hangs up after `HELLO_LIMIT` of them. A person who hears nothing but a busy or
congestion tone hangs up after `TONE_PATIENCE_US`.

Nothing here knows whether the telephone is a customer's or a representative's, who called whom, or
what the network believes: an occupant knows what rings, what it hears and what time it is.

Timers: one for what comes next (answer, hang up), one for patience with silence, one for patience
with waiting for a person. Each is set once for a phase of a call and never renewed while it lasts.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from calleq.media.contract import (
    Player,
    Prompt,
    Voice,
    line_wire,
    player_source,
)
from calleq.media.keypad import keys_length_us
from calleq.runtime.clock import Clock, Timer
from calleq.telephones.diary import Diary, Event
from calleq.telephones.habits import CALLER, Habit
from calleq.telephones.table import State
from calleq.telephones.telephone import TONE_PATIENCE_US, Telephone
from calleq.units import SECOND_US

ELEMENT = "telephones"
"""The element name of all telephones at the voice plane."""

TALK_US = 5 * SECOND_US
SILENCE_PATIENCE_US = 4 * SECOND_US
REPLY_US = 500_000
"""How long after a question somebody replies."""
QUESTION_PATIENCE_US = 15 * SECOND_US
"""Of silence after a question, which may be answered by saying nothing."""
HELLO_LIMIT = 10
"""How often a person says hello to nobody before hanging up."""
KEPT_KINDS = 4_096
DISHEARTENING = frozenset(("tone:busy", "tone:congestion", "tone:unobtainable"))
"""What tells a person that the call is over."""

_HEARS, _SAYS = Event.HEARS, Event.SAYS

_ASKS = re.compile(r"\b[19]\b")
_CODE = re.compile("c[oó]d", re.IGNORECASE)
"""Code, código."""

_HELLO = Prompt(kind="mouth", text="hello")
_TALK = Prompt(kind="mouth", text="talk")
_UNWATCHED = Player()


class Manners:
    """What all people of a network share and a tester may change while it runs.

    A simulator overrides the two questions, which are asked once for each call.
    """

    def __init__(self, talk_us: int = TALK_US) -> None:
        self.talk_us = talk_us

    def talk_length_us(self, number: str, far: str) -> int | None:
        """How long whoever is at `number` talks with `far`; None: until the other hangs up."""
        return self.talk_us

    def patience_us(self, number: str, far: str) -> int | None:
        """How long they wait for a person after answering or dialling; None: as it comes."""
        return None


class Inhabitant:
    """Follows a habit at one telephone; fulfils `Occupant`."""

    __slots__ = (
        "_answering_habit",
        "_clock",
        "_connected",
        "_diary",
        "_down",
        "_habit",
        "_has_spoken",
        "_heard",
        "_hellos",
        "_listens",
        "_manners",
        "_met_person",
        "_mouth",
        "_next",
        "_noted",
        "_own_voice",
        "_patience",
        "_phone",
        "_pressing_until_us",
        "_sources",
        "_voice",
        "_waiting",
        "_was_down",
        "_wire",
        "on_free",
    )

    def __init__(
        self,
        phone: Telephone,
        habit: Habit,
        voice: Voice,
        clock: Clock,
        diary: Diary,
        manners: Manners,
    ) -> None:
        self._phone = phone
        self._answering_habit = self._habit = habit
        self._voice = voice
        self._clock = clock
        self._diary = diary
        self._manners = manners
        self._wire = line_wire(phone.number)
        self._mouth = f"{phone.number}/mouth"
        self._own_voice = f"mouth:{phone.number}"
        self._sources = (player_source(self._mouth),)
        self._heard: frozenset[str] = frozenset()
        self._listens = False
        self._connected = False
        self._met_person = False
        self._hellos = 0
        self._next: Timer | None = None
        self._patience: Timer | None = None
        self._waiting: Timer | None = None
        self._down: Timer | None = None
        self._was_down = False
        self._has_spoken = False
        self._pressing_until_us = 0
        self._noted = ""
        self.on_free: Callable[[], object] | None = None

    @property
    def heard(self) -> frozenset[str]:
        """The voices that arrive at the ear now."""
        return self._heard

    @property
    def was_connected(self) -> bool:
        """Whether the current or last call was through."""
        return self._connected

    def dial(self, number: str, habit: Habit = CALLER) -> None:
        """Place a call and behave by `habit` in it; only with the telephone on the hook."""
        if self._phone.state is State.ON_HOOK:
            self._habit = habit
            self._phone.dial(number)

    def take_up(self, habit: Habit) -> None:
        """Follow this habit from the next call on that the telephone rings for."""
        self._answering_habit = habit

    def say(self, prompt: Prompt) -> None:
        """Utter something; what was being uttered is cut off."""
        self._has_spoken = True
        said = prompt.text if prompt.kind == "mouth" else f"{prompt.kind} {prompt.text}"
        self._diary.note(self._phone.number, _SAYS, said)
        self._voice.play(ELEMENT, self._mouth, prompt, _UNWATCHED)

    def press(self, keys: str) -> None:
        """Press keys, and say nothing of one's own accord meanwhile."""
        self._pressing_until_us = self._clock.monotonic_us() + keys_length_us(keys)
        self.say(Prompt("keys", keys))

    def note(self, keys: str) -> None:
        """Have a code at hand, to be entered when one is asked for."""
        self._noted = keys

    # Occupant: what the telephone tells.

    def telephone_rings(self) -> None:
        self._habit = self._answering_habit
        self._was_down = False
        after_us = self._habit.answers_after_us
        if after_us == 0:
            self._phone.pick_up()
        elif after_us is not None:
            self._next = self._clock.call_later_us(after_us, self._answer)

    def telephone_stopped_ringing(self) -> None:
        self._forget_timers()

    def telephone_off_hook(self) -> None:
        self._connected = False
        self._met_person = False
        self._hellos = 0
        self._has_spoken = False
        self._voice.feed(ELEMENT, self._wire, self._sources)
        if not self._listens:
            self._listens = True
            self._voice.hear(ELEMENT, self._wire, self._hear)
        elif self._heard:
            self._note_heard()

    def telephone_connected(self) -> None:
        habit = self._habit
        self._connected = True
        self.say(habit.says)
        if habit.leaves_after_us is not None:
            self._leave_after(habit.leaves_after_us)
        if habit.puts_down_after_us is not None and not self._was_down:
            self._down = self._clock.call_later_us(habit.puts_down_after_us, self._phone.put_down)
        if habit.converses:
            patience_us = self._manners.patience_us(self._phone.number, self._phone.far)
            if patience_us is not None:
                self._waiting = self._clock.call_later_us(patience_us, self._leave)
            self._react(frozenset())

    def telephone_put_down(self) -> None:
        self.telephone_hung_up()
        self._was_down = True
        after_us = self._habit.takes_up_after_us
        if after_us is not None:
            self._down = self._clock.call_later_us(after_us, self._phone.pick_up)

    def telephone_hung_up(self) -> None:
        self._forget_timers()
        if self._has_spoken:
            self._voice.stop(ELEMENT, self._mouth)
        self._has_spoken = False
        self._voice.feed(ELEMENT, self._wire, ())

    def telephone_free(self) -> None:
        if self.on_free is not None:
            self.on_free()

    # What is heard.

    def _hear(self, voices: frozenset[str]) -> None:
        if self._own_voice in voices:
            voices -= {self._own_voice}
        previous, self._heard = self._heard, voices
        if voices == previous or not self._phone.is_off_hook:
            return
        self._note_heard()
        if self._habit.converses and self._connected:
            self._react(previous)

    def _note_heard(self) -> None:
        heard = self._heard
        if len(heard) == 1:
            (detail,) = heard
        else:
            detail = ", ".join(sorted(heard)) or "silence"
        self._diary.note(self._phone.number, _HEARS, detail)

    def _react(self, previous: frozenset[str]) -> None:
        """Decide what to do about what is heard now, in a call that is through."""
        heard = self._heard
        if self._patience is not None:
            self._be_patient_no_more()
        if heard and heard <= DISHEARTENING:
            self._patience = self._clock.call_later_us(TONE_PATIENCE_US, self._leave)
        elif self._met_person:
            return
        elif "mouth" in (kinds := _kinds(heard)):
            self._met_person = True
            self._wait_no_more()
            self.say(_TALK)
            talk_us = self._manners.talk_length_us(self._phone.number, self._phone.far)
            if talk_us is not None:
                self._leave_after(talk_us)
        elif not heard and _ask(previous):
            asked = self._reply_with_code if _ask_for_code(previous) else self._reply
            self._patience = self._clock.call_later_us(REPLY_US, asked)
        elif not heard:
            if previous and not previous & DISHEARTENING:
                self._say_hello()
            self._patience = self._clock.call_later_us(SILENCE_PATIENCE_US, self._call_out)
        elif self._habit.leaves_speech_after_us is not None and "speech" in kinds:
            self._leave_after(self._habit.leaves_speech_after_us)

    def _reply(self) -> None:
        reply = self._habit.reply
        if reply is not None and reply.kind == "keys":
            self.press(reply.text)
        elif reply is not None:
            self.say(reply)
        self._patience = self._clock.call_later_us(QUESTION_PATIENCE_US, self._call_out)

    def _reply_with_code(self) -> None:
        """Whoever has none at hand cannot enter it."""
        if self._noted:
            self.press(self._noted)
            self._patience = self._clock.call_later_us(QUESTION_PATIENCE_US, self._call_out)
        else:
            self._reply()

    def _say_hello(self) -> None:
        if self._clock.monotonic_us() < self._pressing_until_us:
            return
        self._hellos += 1
        self.say(_HELLO)

    def _call_out(self) -> None:
        """Nothing is heard for long: is anybody there?"""
        self._patience = None
        if self._hellos >= HELLO_LIMIT:
            self._leave()
            return
        self._say_hello()
        self._patience = self._clock.call_later_us(SILENCE_PATIENCE_US, self._call_out)

    # Hands and timers.

    def _answer(self) -> None:
        self._next = None
        self._phone.pick_up()

    def _leave_after(self, length_us: int) -> None:
        """The first reason to leave a call stands."""
        if self._next is None:
            self._next = self._clock.call_later_us(length_us, self._leave)

    def _leave(self) -> None:
        """Hanging up forgets every timer, whichever of them came to this."""
        self._phone.hang_up()

    def _be_patient_no_more(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _wait_no_more(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _forget_timers(self) -> None:
        self._be_patient_no_more()
        self._wait_no_more()
        if self._next is not None:
            self._next.cancel()
            self._next = None
        if self._down is not None:
            self._down.cancel()
            self._down = None


@lru_cache(maxsize=KEPT_KINDS)
def _ask(voices: frozenset[str]) -> bool:
    """Whether the voices ask to press a key."""
    return any(voice.startswith("speech:") and _ASKS.search(voice) for voice in voices)


@lru_cache(maxsize=KEPT_KINDS)
def _ask_for_code(voices: frozenset[str]) -> bool:
    """Whether the voices ask to enter a code."""
    return any(voice.startswith("speech:") and _CODE.search(voice) for voice in voices)


@lru_cache(maxsize=KEPT_KINDS)
def _kinds(voices: frozenset[str]) -> frozenset[str]:
    """Of what kind the voices are: `mouth`, `speech`, `music` or `tone`."""
    return frozenset(voice.partition(":")[0] for voice in voices)
