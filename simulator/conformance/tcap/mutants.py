"""Mutants of TCAP: invocations that wait for another time, and a user that is told less."""

from calleq.units import SECOND_US
from simulator.conformance.language import Language
from simulator.conformance.mutants import Mutant, Verb
from simulator.conformance.tcap.user import ScriptedUser


class _Timer(Mutant):
    """`timer 9`: every invocation waits so many seconds for its answer."""

    def __init__(self, language: Language, seconds: str) -> None:
        super().__init__(language)
        self._length_us = round(float(seconds) * SECOND_US)

    def prepare(self, element: object) -> None:
        assert isinstance(element, ScriptedUser)
        self.acted += 1
        element.timer_us = self._length_us


class _Untold(Mutant):
    """`untold cancel`: the user is not told events whose wording begins so."""

    def __init__(self, language: Language, wording: str) -> None:
        super().__init__(language)
        self._wording = wording

    def prepare(self, element: object) -> None:
        assert isinstance(element, ScriptedUser)
        element.unheard = self._wording
        self.acted += 1


TCAP_VERBS: dict[str, Verb] = {"timer": _Timer, "untold": _Untold}
