"""Mutants of level 3: a timer that runs another time."""

import msgspec

from calleq.ss7.node import Mtp3Node
from calleq.units import SECOND_US
from simulator.conformance.language import Language
from simulator.conformance.mutants import Mutant, Verb


class _Timer(Mutant):
    """`timer t2 9`: a timer of the point runs so many seconds, whatever its range."""

    def __init__(self, language: Language, name: str, seconds: str) -> None:
        super().__init__(language)
        self._name = f"{name.lower()}_us"
        self._length_us = round(float(seconds) * SECOND_US)

    def prepare(self, element: object) -> None:
        assert isinstance(element, Mtp3Node)
        self.acted += 1
        # In place, past the check of ranges: a mutant is what that check is there to prevent.
        msgspec.structs.force_setattr(element.point.timers, self._name, self._length_us)


MTP3_VERBS: dict[str, Verb] = {"timer": _Timer}
