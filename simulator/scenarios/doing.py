"""Steps that are done to the network itself: links, elements, disks, clocks, the OSN, faults."""

from collections.abc import Callable
from random import Random
from typing import assert_never

from simulator.faults.bus import Rule
from simulator.faults.kinds import KINDS, Scene
from simulator.faults.network import FragileNetwork
from simulator.scenarios import steps
from simulator.scenarios.parts import us


class StageError(Exception):
    """A step could not be done; the text says which and why."""


def do_to_element(
    network: FragileNetwork,
    step: steps.FailLink
    | steps.RestoreLink
    | steps.SpoilLink
    | steps.Isolate
    | steps.Reconnect
    | steps.Kill
    | steps.Begin
    | steps.Restart,
) -> None:
    """A step about one link or one element. Raises FaultError."""
    match step:
        case steps.FailLink():
            network.fail_link(step.link)
        case steps.RestoreLink():
            network.restore_link(step.link)
        case steps.SpoilLink():
            network.spoil_link(step.link, step.quality(network.delay_us(step.link)))
        case steps.Isolate():
            network.isolate(step.element)
        case steps.Reconnect():
            network.reconnect(step.element)
        case steps.Kill():
            network.kill(step.element, step.keep)
        case steps.Begin():
            network.begin(step.element)
        case steps.Restart():
            network.restart(step.element, us(step.down_s), step.keep)
        case _:
            assert_never(step)


def do_to_network(
    network: FragileNetwork,
    step: steps.LoseVoice
    | steps.LoseCalls
    | steps.StepClock
    | steps.Disk
    | steps.Osn
    | steps.Cover
    | steps.Fault
    | steps.Mend,
    number: Callable[[str], str],
    draw: Random,
) -> None:
    """A step about the whole of it; `number` knows telephones by name.

    Raises FaultError, StageError.
    """
    match step:
        case steps.LoseVoice():
            network.lose_voice()
        case steps.LoseCalls():
            network.lose_calls()
        case steps.StepClock():
            network.step_clock(us(step.by_s), step.element)
        case steps.Disk():
            network.set_disk(step.element, step.state)
        case steps.Osn():
            network.bus.trouble(_rule(step))
        case steps.Cover():
            network.cover(number(step.telephone), covered=step.covered)
        case steps.Fault():
            kind = next(kind for kind in KINDS if kind.name == step.kind)
            scene = Scene(network, number(step.customer), number(step.agent))
            if not kind.strike(scene, draw):
                raise StageError(f"{step.kind!r} found nothing to strike")
        case steps.Mend():
            network.mend()
        case _:
            assert_never(step)


def _rule(step: steps.Osn) -> Rule:
    return Rule(
        trouble=step.trouble,
        kind=step.message,
        sender=step.sender,
        receiver=step.receiver,
        count=step.count,
        delay_us=us(step.delay_s),
    )
