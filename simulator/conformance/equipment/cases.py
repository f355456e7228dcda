"""The cases of calling equipment. Each says what it asks for and which mutants must fail it.

A case that the equipment may leave out says so by `LeftOutError`, and is not run.
"""

from collections.abc import Callable
from typing import NamedTuple

from simulator.conformance.equipment.bench import (
    CALLER,
    Bench,
    BrokenError,
    require,
)

CUSTOMER = "+12125550106"
"""Picks up late."""
BUSY = "+12125550101"
SILENT = "+12125550102"
NOBODY = "+12125550103"
REPRESENTATIVE = "+12125550143"
CALLS_LIMIT = 400
"""More calls at once than the trunk of the bench carries."""


class Case(NamedTuple):
    """One case."""

    number: str
    group: str
    title: str
    clause: str
    mutants: tuple[str, ...]
    perform: Callable[[Bench], object]


CASES: list[Case] = []


def case(
    number: str, group: str, title: str, clause: str, *mutants: str
) -> Callable[[Callable[[Bench], None]], Callable[[Bench], None]]:
    """Enter a function as a case."""

    def entered(perform: Callable[[Bench], None]) -> Callable[[Bench], None]:
        CASES.append(Case(number, group, title, clause, mutants, perform))
        return perform

    return entered


WAYS, CALLING, STAGE, WHOLE = "Ways", "Calling", "What parties hear", "Whole calls"


@case(
    "wy-01",
    WAYS,
    "A reservation is answered once",
    "Access.reserve",
    "promise twice",
    "never answer a reservation",
    "promise to nobody",
)
def _reserved(bench: Bench) -> None:
    require(bench.reserve("one"), "equipment without a call cannot keep ways for one")


@case(
    "wy-02",
    WAYS,
    "Nobody is promised what there is not",
    "Access.reserve",
    "promise to everybody",
    "promise to nobody",
)
def _promises(bench: Bench) -> None:
    kept = [f"call-{place}" for place in range(_capacity(bench))]
    require(bool(kept), "not one call could be promised its ways")
    for call in kept:
        bench.way(call)
        bench.way(call)


@case(
    "wy-03", WAYS, "What a call does not need any more is free", "Access.done", "keep what is done"
)
def _done(bench: Bench) -> None:
    first = _capacity(bench)
    for place in range(first):
        bench.access.done(f"call-{place}")
    require(_capacity(bench) == first, "after `done` not every way can be promised again")


@case("wy-04", WAYS, "A call takes two ways at most", "Access.seize", "take more than promised")
def _no_more(bench: Bench) -> None:
    bench.reserve("one")
    bench.way("one")
    bench.way("one")
    require(bench.access.seize("one") is None, "a third way was given where two were promised")


@case(
    "wy-05",
    WAYS,
    "Who has reserved nothing gets nothing",
    "Access.seize",
    "serve strangers",
)
def _stranger(bench: Bench) -> None:
    require(bench.access.seize("nobody") is None, "a way was given to a call without a reservation")


@case(
    "wy-06",
    WAYS,
    "A way that is free again may be taken by the same call",
    "Access.returned",
    "keep what has returned",
)
def _returned(bench: Bench) -> None:
    bench.reserve("one")
    bench.way("one")
    way = bench.way("one")
    bench.release(way, bench.dial(way, CUSTOMER))
    bench.access.returned("one")
    bench.way("one")


@case(
    "wy-07",
    WAYS,
    "A way that is given back was never dialled",
    "Access.give_back",
    "dial what is given back",
    "lose what is given back",
)
def _given_back(bench: Bench) -> None:
    bench.reserve("one")
    bench.access.give_back(bench.way("one"))
    bench.access.done("one")
    bench.wait_s(20)
    for number in (CUSTOMER, REPRESENTATIVE):
        bench.rang(number, 0)
    bench.at_rest()


@case("wy-08", WAYS, "Each way has a name of its own", "Way.key")
def _names(bench: Bench) -> None:
    bench.reserve("one")
    one, other = bench.way("one"), bench.way("one")
    require(one.key != other.key, f"two ways at once are called {one.key}")


@case(
    "cl-01",
    CALLING,
    "A telephone rings once and is answered",
    "WayUser",
    "dial twice",
    "tell no answer",
)
def _answered(bench: Bench) -> None:
    bench.reserve("one")
    bench.talk("one", CUSTOMER)
    bench.wait_s(5)
    bench.rang(CUSTOMER)
    offered = len(bench.lived(CUSTOMER))
    require(offered == 1, f"{CUSTOMER} was called {offered} times")


@case(
    "cl-02",
    CALLING,
    "An answer is told once, and not before the party has picked up",
    "WayUser.circuit_answered",
    "tell the answer twice",
    "take ringing for an answer",
)
def _answer_once(bench: Bench) -> None:
    bench.reserve("one")
    _, witness = bench.talk("one", CUSTOMER)
    told_us = witness.times_us[witness.told.index("answered")]
    (lived,) = bench.lived(CUSTOMER)
    picked_up = lived.answered
    require(
        picked_up is not None and told_us >= picked_up.at_us, "it was told before anyone picked up"
    )
    bench.wait_s(5)
    require(witness.told.count("answered") == 1, f"told in turn: {witness.told}")


@case(
    "cl-03",
    CALLING,
    "Who is busy is told as busy",
    "WayUser.circuit_released",
    "one cause for all",
    "tell no release",
    "clear twice",
    "never clear",
)
def _busy(bench: Bench) -> None:
    _refused(bench, BUSY, 17)


@case(
    "cl-04",
    CALLING,
    "A number that nobody has is told as such",
    "WayUser.circuit_released",
    "one cause for all",
)
def _unallocated(bench: Bench) -> None:
    _refused(bench, NOBODY, 1)


@case(
    "cl-05",
    CALLING,
    "A telephone stops ringing when its call is released",
    "Way.release",
    "never release",
    "never clear",
)
def _unanswered(bench: Bench) -> None:
    bench.reserve("one")
    way = bench.way("one")
    witness = bench.dial(way, SILENT)
    bench.until(lambda: bool(bench.lived(SILENT)), f"ringing of {SILENT}")
    bench.wait_s(5)
    bench.release(way, witness, 19)
    bench.on_hook(SILENT)
    bench.at_rest()


@case(
    "cl-06",
    CALLING,
    "A party who hangs up is told, and the call is over",
    "WayUser.circuit_released",
    "tell no release",
    "never clear",
    "clear twice",
)
def _hangs_up(bench: Bench) -> None:
    bench.reserve("one")
    _, witness = bench.talk("one", CUSTOMER)
    bench.telephones.hang_up(CUSTOMER)
    bench.until(lambda: "released" in witness.told, "word that the party has gone")
    bench.settled(witness)
    bench.at_rest()


@case(
    "cl-07",
    CALLING,
    "Who talks is let go when the call is released, and a second release does nothing",
    "Way.release",
    "never release",
    "clear twice",
)
def _let_go(bench: Bench) -> None:
    bench.reserve("one")
    way, witness = bench.talk("one", CUSTOMER)
    bench.release(way, witness)
    bench.on_hook(CUSTOMER)
    require("released" not in witness.told, "our own release was told as the far end's")


@case(
    "cl-08",
    CALLING,
    "The party sees the caller, where there is one to be seen",
    "Access.dial",
    "hide the caller",
    "show a caller always",
)
def _caller(bench: Bench) -> None:
    bench.reserve("one")
    for number, caller in ((CUSTOMER, CALLER), (REPRESENTATIVE, "")):
        bench.dial(bench.way("one"), number, caller)
        bench.until(lambda number=number: bool(bench.lived(number)), f"ringing of {number}")  # type: ignore[misc]
        shown = bench.lived(number)[0].far
        require(shown == caller, f"{number} sees {shown or 'nobody'}, not {caller or 'nobody'}")


def _refused(bench: Bench, number: str, cause: int) -> None:
    bench.reserve("one")
    witness = bench.dial(bench.way("one"), number)
    bench.until(lambda: "released" in witness.told, f"end of the call to {number}")
    bench.settled(witness)
    require(witness.cause == cause, f"cause {witness.cause}, not {cause}")
    require("answered" not in witness.told, "an answer was told")
    bench.at_rest()


def _capacity(bench: Bench) -> int:
    """How many calls can be promised their ways at once."""
    for place in range(CALLS_LIMIT):
        if not bench.reserve(f"call-{place}"):
            return place
    raise BrokenError(
        f"{CALLS_LIMIT} calls were promised two ways each, over a trunk of 60 circuits"
    )
