"""What a switch knows of the length of called numbers, for calls whose digits come in pieces.

A number towards another switch or system goes on as soon as its prefix tells the way: the last
switch waits for the rest, not this one. A number of this switch must be as long as its lines'
numbers with that prefix; where these differ in length, more digits may follow but need not. A
number that cannot be told apart from any prefix yet must go on. ST ends every number, and whatever
has no route is complete as it is: waiting would not find one.
"""

from collections.abc import Iterable

from calleq.ss7.isup.contract import Digits
from calleq.ss7.isup.messages import CalledNumber, Nature
from calleq.ssp.routing import Beyond, OwnNumber, Route, Routing, Towards

_ENOUGH = Digits.ENOUGH
_NATIONAL, _INTERNATIONAL = int(Nature.NATIONAL), int(Nature.INTERNATIONAL)

LEAST_DIGITS = 7
"""Of any number in E.164 notation that is routed here."""


_NATIONAL, _INTERNATIONAL = Nature.NATIONAL, Nature.INTERNATIONAL


def e164(digits: str, nature: int, country_code: str) -> str:
    """A signalled number as E.164 with `+`; empty when the digits make none."""
    digits = digits.removesuffix("f")
    if nature == _NATIONAL:
        digits = country_code + digits
    elif nature != _INTERNATIONAL:
        return ""
    if digits.isascii() and digits.isdecimal() and 7 <= len(digits) <= 15 and digits[0] != "0":
        return "+" + digits
    return ""


class SwitchNumbers:
    """The numbers of one switch; fulfils `NumberPlan`."""

    def __init__(self, routing: Routing, lines: Iterable[str], country_code: str) -> None:
        """`lines` are the numbers of the switch's own lines (E.164 with `+`)."""
        self._routing = routing
        self._country_code = country_code
        self._asked: CalledNumber | None = None
        self._found: tuple[str, Route | None] = ("", None)
        self._lengths: dict[str, tuple[int, int]] = {}
        for number in lines:
            prefix = routing.prefix_of(number)
            shortest, longest = self._lengths.get(prefix, (len(number), len(number)))
            self._lengths[prefix] = (min(shortest, len(number)), max(longest, len(number)))

    def digits(self, called: CalledNumber) -> Digits:
        """Whether a number is long enough."""
        number, route = self._look(called)
        match route:
            case None:
                return _ENOUGH
            case _ if called.digits.endswith("f"):
                return _ENOUGH
            case Towards() | Beyond():
                short = len(number) <= LEAST_DIGITS
            case OwnNumber():
                shortest, longest = self._lengths.get(self._routing.prefix_of(number), (0, 0))
                if shortest <= len(number) < longest:
                    return Digits.MAYBE
                short = len(number) < shortest
            case _:
                short = self._routing.may_lead_somewhere(number)
        return Digits.MISSING if short else _ENOUGH

    def goes_on(self, called: CalledNumber) -> bool:
        """Whether a call to it only passes through here."""
        return isinstance(self._look(called)[1], Towards)

    def _look(self, called: CalledNumber) -> tuple[str, Route | None]:
        """The number in E.164, and where it leads; kept, for an IAM is asked about twice."""
        if called is not self._asked:
            number = self._e164(called)
            self._asked = called
            self._found = number, self._routing.route(number) if number else None
        return self._found

    def _e164(self, called: CalledNumber) -> str:
        """As far as it has come; empty for numbers of a nature that is not routed here."""
        digits = called.digits.removesuffix("f")
        if called.nature == _NATIONAL:
            return f"+{self._country_code}{digits}"
        return f"+{digits}" if called.nature == _INTERNATIONAL else ""
