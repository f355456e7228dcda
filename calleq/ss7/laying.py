"""Signalling links as a topology describes them: their timers, and the wires inside a process."""

from dataclasses import replace

from calleq.runtime.clock import Clock
from calleq.runtime.tap import Tap
from calleq.ss7.links import UNHURRIED, InProcessLink
from calleq.ss7.m2pa import Timers
from calleq.ss7.wire import Quality
from calleq.topology import SignallingLink
from calleq.units import SECOND_US


def timers_of(link: SignallingLink, usual: Timers | None = None) -> Timers:
    """The timers of a link: those that the topology names, else the `usual` ones."""
    usual = usual or Timers()
    named = {f"{name}_us": round(seconds * SECOND_US) for name, seconds in link.timers.items()}
    acknowledge_us = min(usual.acknowledge_us, named.get("t7_us", usual.t7_us) // 2)
    return replace(usual, **named, acknowledge_us=acknowledge_us)


def in_process_link(link: SignallingLink, clock: Clock, tap: Tap, seed: int = 0) -> InProcessLink:
    """The link that a topology describes, both ends in one process."""
    quality = Quality(
        delay_us=link.delay_us,
        jitter_us=link.jitter_us,
        loss=link.loss,
        damage=link.damage,
        doubling=link.doubling,
        reordering=link.reordering,
    )
    return InProcessLink(
        link.ends,
        clock,
        tap,
        link.delay_us,
        quality=quality,
        seed=seed,
        timers=timers_of(link, UNHURRIED),
        emergency=link.proving == "emergency",
        slc=link.slc,
    )
