"""Altered equipment: each breaks the contract in one thing, and must fail the cases that name it.

A mutant stands between calling logic and the equipment, and alters what passes there; so it can be
made of any equipment. `acted` says whether it ever did anything.
"""

from collections.abc import Callable

from calleq.calling_logic.means import NUMBERS, Parties, Way, WayUser
from calleq.equipment.contract import Equipment
from calleq.journal.entries import CircuitKey
from calleq.media.contract import Player, Prompt, Verdict
from calleq.ss7.isup.messages import Cause, Message


class Mutant:
    """No alteration at all; fulfils `Equipment`, `Access` and `Stage`."""

    def __init__(self, equipment: Equipment) -> None:
        self._access = equipment.access
        self._stage = equipment.stage
        self.acted = 0

    @property
    def access(self) -> "Mutant":
        return self

    @property
    def stage(self) -> "Mutant":
        return self

    @property
    def group(self) -> str:
        return self._access.group

    def reserve(
        self, call: str, answer: Callable[[bool], object], parties: Parties = NUMBERS
    ) -> None:
        self._access.reserve(call, answer, parties)

    def are_resetting(self) -> bool:
        return self._access.are_resetting()

    def seize(self, call: str, called: str = "") -> Way | None:
        return self.altered_way(self._access.seize(call))

    def seize_extra(self, call: str, called: str = "") -> Way | None:
        return self.altered_way(self._access.seize_extra(call))

    def dial(self, way: Way, called: str, caller: str, user: WayUser) -> None:
        self._access.dial(own(way), called, caller, self.altered_user(user))

    def give_back(self, way: Way) -> None:
        self._access.give_back(own(way))

    def returned(self, call: str, way: Way | None = None) -> None:
        self._access.returned(call)

    def done(self, call: str) -> None:
        self._access.done(call)

    def play(self, way: Way, player: str, prompt: Prompt, report: Player) -> None:
        self._stage.play(own(way), player, prompt, report)

    def stop(self, way: Way, player: str) -> None:
        self._stage.stop(own(way), player)

    def detect(self, way: Way, limit_us: int, verdict: Callable[[Verdict], object]) -> None:
        self._stage.detect(own(way), limit_us, verdict)

    def understands(self) -> bool:
        return self._stage.understands()

    def ask(
        self,
        way: Way,
        player: str,
        prompt: Prompt,
        words: tuple[str, ...],
        limit_us: int,
        answered: Callable[[str], object],
        digits: int = 1,
    ) -> None:
        self._stage.ask(own(way), player, prompt, words, limit_us, answered, digits)

    def bridge(self, ways: tuple[Way, ...], done: Callable[[bool], object]) -> None:
        self._stage.bridge(tuple(own(way) for way in ways), done)

    def silence(self, way: Way) -> None:
        self._stage.silence(own(way))

    def altered_way(self, way: Way | None) -> Way | None:
        """What is given instead of a way."""
        return way

    def altered_user(self, user: WayUser) -> WayUser:
        """Who is told instead of the user of a way."""
        return user


class _OtherWay:
    """A way that does not release."""

    def __init__(self, mutant: Mutant, inner: Way) -> None:
        self.inner = inner
        self._mutant = mutant

    @property
    def key(self) -> CircuitKey:
        return self.inner.key

    @property
    def wire(self) -> str:
        return self.inner.wire

    def release(self, cause: Cause) -> None:
        self._mutant.acted += 1

    def pass_on(self, message: Message) -> None:
        self.inner.pass_on(message)


def own(way: Way) -> Way:
    return way.inner if isinstance(way, _OtherWay) else way


class _User:
    """Passes on what a way tells, or alters it."""

    def __init__(self, mutant: "_Telling", user: WayUser) -> None:
        self._mutant = mutant
        self._user = user

    def circuit_alerting(self, circuit: Way) -> None:
        self._mutant.tell(self._user, "alerting", lambda: self._user.circuit_alerting(circuit))

    def circuit_progress(self, circuit: Way) -> None:
        self._user.circuit_progress(circuit)

    def circuit_answered(self, circuit: Way) -> None:
        self._mutant.tell(self._user, "answered", lambda: self._user.circuit_answered(circuit))

    def circuit_notice(self, circuit: Way, message: Message) -> None:
        self._user.circuit_notice(circuit, message)

    def circuit_released(self, circuit: Way, cause: Cause) -> None:
        told = self._mutant.cause(cause)
        self._mutant.tell(
            self._user, "released", lambda: self._user.circuit_released(circuit, told)
        )

    def circuit_cleared(self, circuit: Way) -> None:
        self._mutant.tell(self._user, "cleared", lambda: self._user.circuit_cleared(circuit))


class _Telling(Mutant):
    """Alters what ways tell."""

    what = ""

    def altered_user(self, user: WayUser) -> WayUser:
        return _User(self, user)

    def tell(self, user: WayUser, what: str, pass_on: Callable[[], object]) -> None:
        """Tell it, if it is to be told."""
        if what == self.what:
            self.acted += 1
            self.instead(pass_on)
        else:
            pass_on()

    def instead(self, pass_on: Callable[[], object]) -> None:
        """Nothing, where no more is said."""

    def cause(self, cause: Cause) -> Cause:
        """The cause that is told."""
        return cause


class _Twice(_Telling):
    def instead(self, pass_on: Callable[[], object]) -> None:
        pass_on()
        pass_on()


def _hushed(what: str) -> type[Mutant]:
    return type("Hushed", (_Telling,), {"what": what})


def _twice(what: str) -> type[Mutant]:
    return type("Twice", (_Twice,), {"what": what})


class _OneCause(_Telling):
    def cause(self, cause: Cause) -> Cause:
        self.acted += 1
        return Cause(31, cause.location)


class _AnswerAtOnce(_Telling):
    """The telephone rings, and that is taken for an answer."""

    def altered_user(self, user: WayUser) -> WayUser:
        mutant = self

        class Hasty(_User):
            def circuit_alerting(self, circuit: Way) -> None:
                mutant.acted += 1
                user.circuit_answered(circuit)

        return Hasty(self, user)


class _PromiseAll(Mutant):
    def reserve(
        self, call: str, answer: Callable[[bool], object], parties: Parties = NUMBERS
    ) -> None:
        def told(kept: bool) -> None:
            self.acted += not kept
            answer(True)

        super().reserve(call, told, parties)


class _PromiseNobody(Mutant):
    def reserve(
        self, call: str, answer: Callable[[bool], object], parties: Parties = NUMBERS
    ) -> None:
        self.acted += 1
        answer(False)


class _PromiseTwice(Mutant):
    def reserve(
        self, call: str, answer: Callable[[bool], object], parties: Parties = NUMBERS
    ) -> None:
        self.acted += 1
        super().reserve(call, answer, parties)
        answer(True)


class _PromiseNever(Mutant):
    def reserve(
        self, call: str, answer: Callable[[bool], object], parties: Parties = NUMBERS
    ) -> None:
        self.acted += 1


class _KeepDone(Mutant):
    def done(self, call: str) -> None:
        self.acted += 1


class _KeepReturned(Mutant):
    def returned(self, call: str, way: Way | None = None) -> None:
        self.acted += 1


class _LoseGivenBack(Mutant):
    def give_back(self, way: Way) -> None:
        self.acted += 1


class _DialGivenBack(Mutant):
    def give_back(self, way: Way) -> None:
        self.acted += 1
        super().dial(way, "+12125550143", "", _Nobody())


class _TakeMore(Mutant):
    def seize(self, call: str, called: str = "") -> Way | None:
        way = super().seize(call)
        if way is None:
            self.acted += 1
            way = super().seize_extra(call)
        return way


class _ServeStrangers(Mutant):
    def seize(self, call: str, called: str = "") -> Way | None:
        way = super().seize(call)
        if way is None:
            self.acted += 1
            super().reserve(call, whatever)
            way = super().seize(call)
        return way


class _DialTwice(Mutant):
    _call = ""

    def seize(self, call: str, called: str = "") -> Way | None:
        self._call = call
        return super().seize(call)

    def dial(self, way: Way, called: str, caller: str, user: WayUser) -> None:
        super().dial(way, called, caller, user)
        second = super().seize_extra(self._call)
        if second is None:
            return
        self.acted += 1
        super().dial(second, called, caller, _Nobody())


class _HideCaller(Mutant):
    def dial(self, way: Way, called: str, caller: str, user: WayUser) -> None:
        self.acted += bool(caller)
        super().dial(way, called, "", user)


class _ShowAlways(Mutant):
    def dial(self, way: Way, called: str, caller: str, user: WayUser) -> None:
        self.acted += not caller
        super().dial(way, called, caller or "+12125550199", user)


class _NeverRelease(Mutant):
    def altered_way(self, way: Way | None) -> Way | None:
        return None if way is None else _OtherWay(self, way)


class _Nobody:
    """A user of a way who does not care."""

    def circuit_alerting(self, circuit: Way) -> None: ...
    def circuit_progress(self, circuit: Way) -> None: ...
    def circuit_answered(self, circuit: Way) -> None: ...
    def circuit_notice(self, circuit: Way, message: Message) -> None: ...
    def circuit_released(self, circuit: Way, cause: Cause) -> None: ...
    def circuit_cleared(self, circuit: Way) -> None: ...


def whatever(told: bool | str) -> None:
    """Nobody is told."""


CALLING_MUTANTS: dict[str, type[Mutant]] = {
    "promise to everybody": _PromiseAll,
    "promise to nobody": _PromiseNobody,
    "promise twice": _PromiseTwice,
    "never answer a reservation": _PromiseNever,
    "keep what is done": _KeepDone,
    "keep what has returned": _KeepReturned,
    "lose what is given back": _LoseGivenBack,
    "dial what is given back": _DialGivenBack,
    "take more than promised": _TakeMore,
    "serve strangers": _ServeStrangers,
    "dial twice": _DialTwice,
    "hide the caller": _HideCaller,
    "show a caller always": _ShowAlways,
    "never release": _NeverRelease,
    "tell no answer": _hushed("answered"),
    "tell the answer twice": _twice("answered"),
    "take ringing for an answer": _AnswerAtOnce,
    "tell no release": _hushed("released"),
    "never clear": _hushed("cleared"),
    "clear twice": _twice("cleared"),
    "one cause for all": _OneCause,
}
"""By the words that name them."""
