"""The cases of what parties hear, and of whole calls; with those of `cases` they are all."""

from functools import partial

from calleq.media.contract import NOTHING_SAID, Prompt
from calleq.units import SECOND_US
from simulator.conformance.equipment.bench import MARK, PROMPT, Bench, LeftOutError, require
from simulator.conformance.equipment.cases import (
    CASES,
    CUSTOMER,
    REPRESENTATIVE,
    STAGE,
    WHOLE,
    Case,
    case,
)
from simulator.conformance.equipment.whole import CALLS

__all__ = ["CASES"]

PERSON = "+12125550100"
MACHINE = "+12125550104"
THIRD = "+12125550144"

SPEECH = Prompt("speech", PROMPT, MARK)
MUSIC = Prompt("music")


@case(
    "st-01",
    STAGE,
    "A prompt is heard by its party alone, and its end told once",
    "Stage.play",
    "play to nobody",
    "never tell the end of a prompt",
    "tell the end of a prompt twice",
)
def _prompt(bench: Bench) -> None:
    bench.reserve("one")
    one, _ = bench.talk("one", CUSTOMER)
    bench.talk("one", REPRESENTATIVE)
    ear = bench.play(one, "one/1", SPEECH)
    bench.wait_s(1)
    bench.hears(CUSTOMER, f"speech:{PROMPT}")
    bench.hears(REPRESENTATIVE)
    bench.until(lambda: "complete" in ear.told, "end of the prompt")
    bench.wait_s(3)
    ends = [told for told in ear.told if told != "mark"]
    require(ends == ["complete"], f"told of the prompt: {ear.told}")


@case("st-02", STAGE, "The mark of a prompt is told before its end", "Stage.play", "tell no mark")
def _mark(bench: Bench) -> None:
    bench.reserve("one")
    one, _ = bench.talk("one", CUSTOMER)
    ear = bench.play(one, "one/1", SPEECH)
    bench.until(lambda: "complete" in ear.told, "end of the prompt")
    require(ear.told == ["mark", "complete"], f"told of the prompt: {ear.told}")


@case(
    "st-03",
    STAGE,
    "What is stopped is heard no more and told as stopped",
    "Stage.stop",
    "say complete always",
    "never stop",
)
def _stopped(bench: Bench) -> None:
    bench.reserve("one")
    one, _ = bench.talk("one", CUSTOMER)
    ear = bench.play(one, "one/1", SPEECH)
    bench.wait_s(0.5)
    bench.stage.stop(one, "one/1")
    bench.wait_s(5)
    require("mark" not in ear.told, "it was played on")
    require(ear.told == ["stopped"], f"told of the prompt: {ear.told}")
    bench.hears(CUSTOMER)


@case(
    "st-04",
    STAGE,
    "Music goes on until it is stopped",
    "Stage.play",
    "play to nobody",
    "never stop",
)
def _music(bench: Bench) -> None:
    bench.reserve("one")
    one, _ = bench.talk("one", CUSTOMER)
    ear = bench.play(one, "one/1", MUSIC)
    bench.wait_s(25)
    bench.hears(CUSTOMER, "music")
    bench.stage.stop(one, "one/1")
    bench.wait_s(1)
    require(ear.told == ["stopped"], f"told of the music: {ear.told}")
    bench.hears(CUSTOMER)


@case("st-05", STAGE, "One prompt follows another", "Stage.play", "play to nobody")
def _next_prompt(bench: Bench) -> None:
    bench.reserve("one")
    one, _ = bench.talk("one", CUSTOMER)
    first = bench.play(one, "one/1", SPEECH)
    bench.until(lambda: "complete" in first.told, "end of the prompt")
    bench.play(one, "one/2", MUSIC)
    bench.wait_s(1)
    bench.hears(CUSTOMER, "music")


@case(
    "st-06",
    STAGE,
    "A machine is told from a person, in time",
    "Stage.detect",
    "judge everybody human",
    "judge nobody",
)
def _machine(bench: Bench) -> None:
    bench.reserve("one")
    for number, expected in ((MACHINE, "machine"), (PERSON, "human")):
        way, _ = bench.talk("one", number)
        found = bench.judge(way, 4 * SECOND_US)
        require(found == expected, f"{number} was taken for {found}, not {expected}")


@case(
    "st-07",
    STAGE,
    "Two who are bridged hear each other and nobody else",
    "Stage.bridge",
    "bridge one side",
    "bridge without a word",
    "bridge in words alone",
)
def _bridged(bench: Bench) -> None:
    bench.reserve("one")
    one, _ = bench.talk("one", CUSTOMER)
    other, _ = bench.talk("one", REPRESENTATIVE)
    bench.bridge(one, other)
    bench.wait_s(3)
    bench.hears(CUSTOMER, f"mouth:{REPRESENTATIVE}")
    bench.hears(REPRESENTATIVE, f"mouth:{CUSTOMER}")


@case("st-08", STAGE, "Who is left alone hears nothing", "Stage.bridge", "leave nobody alone")
def _alone(bench: Bench) -> None:
    bench.reserve("one")
    one, witness = bench.talk("one", CUSTOMER)
    other, _ = bench.talk("one", REPRESENTATIVE)
    bench.bridge(one, other)
    bench.stage.silence(one)
    bench.bridge(other)
    bench.wait_s(1)
    bench.hears(REPRESENTATIVE)
    bench.release(one, witness)


@case("st-09", STAGE, "A third hears both, and both hear it", "Stage.bridge", "bridge two only")
def _third(bench: Bench) -> None:
    bench.reserve("one")
    one, _ = bench.talk("one", CUSTOMER)
    other, _ = bench.talk("one", REPRESENTATIVE)
    bench.bridge(one, other)
    extra = bench.access.seize_extra("one")
    if extra is None:
        raise LeftOutError("the equipment has no way for a third party")
    witness = bench.dial(extra, THIRD)
    bench.until(lambda: "answered" in witness.told, f"answer of {THIRD}")
    bench.bridge(one, other, extra)
    bench.wait_s(3)
    numbers = (CUSTOMER, REPRESENTATIVE, THIRD)
    for number in numbers:
        bench.hears(number, *(f"mouth:{each}" for each in numbers if each != number))


@case(
    "st-10",
    STAGE,
    "Who is played to after a bridge hears that alone, and comes back",
    "Stage.play",
    "play to nobody",
    "bridge in words alone",
)
def _held(bench: Bench) -> None:
    bench.reserve("one")
    one, _ = bench.talk("one", CUSTOMER)
    other, _ = bench.talk("one", REPRESENTATIVE)
    bench.bridge(one, other)
    bench.play(one, "one/1", MUSIC)
    bench.wait_s(1)
    bench.hears(CUSTOMER, "music")
    bench.stage.stop(one, "one/1")
    bench.bridge(one, other)
    bench.wait_s(1)
    bench.hears(CUSTOMER, f"mouth:{REPRESENTATIVE}")


@case("st-11", STAGE, "Who is let go hears nothing", "Stage.silence", "never silence")
def _silence(bench: Bench) -> None:
    bench.reserve("one")
    one, witness = bench.talk("one", CUSTOMER)
    bench.play(one, "one/1", MUSIC)
    bench.wait_s(1)
    bench.stage.silence(one)
    bench.wait_s(1)
    bench.hears(CUSTOMER)
    bench.release(one, witness)


@case(
    "st-12",
    STAGE,
    "A question is heard and answered by a key, and silence is told as such",
    "Stage.ask",
    "answer for the party",
    "hear no answer",
)
def _question(bench: Bench) -> None:
    bench.reserve("one")
    one, _ = bench.talk("one", CUSTOMER)
    bench.talk("one", REPRESENTATIVE)
    told: list[str] = []
    bench.stage.ask(one, "one/1", SPEECH, (), 5 * SECOND_US, told.append)
    bench.wait_s(1)
    bench.hears(CUSTOMER, f"speech:{PROMPT}")
    bench.hears(REPRESENTATIVE)
    bench.telephones.press(CUSTOMER, "1")
    bench.until(lambda: bool(told), "answer to the question")
    bench.stage.ask(one, "one/2", SPEECH, (), 5 * SECOND_US, told.append)
    bench.until(lambda: len(told) > 1, "word that nothing was answered", 20 * SECOND_US)
    bench.wait_s(5)
    require(told == ["1", NOTHING_SAID], f"told of two questions: {told}")


def _more(told: list[str], than: int) -> bool:
    return len(told) > than


@case(
    "st-13",
    STAGE,
    "As many keys as wanted are heard, each once, and fewer when no further one follows",
    "Stage.ask",
    "hear the first key alone",
    "hear no answer",
)
def _digits(bench: Bench) -> None:
    bench.reserve("one")
    one, _ = bench.talk("one", CUSTOMER)
    told: list[str] = []
    for keys in ("113355", "24"):
        player, before = f"one/{keys}", len(told)
        bench.stage.ask(one, player, SPEECH, (), 5 * SECOND_US, told.append, digits=6)
        bench.wait_s(1)
        bench.hears(CUSTOMER, f"speech:{PROMPT}")
        bench.telephones.press(CUSTOMER, keys)
        bench.until(partial(_more, told, before), "what was entered", 20 * SECOND_US)
    bench.wait_s(5)
    require(told == ["113355", "24"], f"told of two entries: {told}")


CASES.extend(
    Case(one.number, WHOLE, one.title, "calling logic 80", one.mutants, one.perform)
    for one in CALLS
)
