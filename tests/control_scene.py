"""A call in simulated time whose parties talk, and the verbs of whoever controls it."""

import pathlib
from collections.abc import Callable
from typing import Any

from calleq.media.contract import Prompt
from calleq.media.g711 import Samples
from calleq.media.recorder import read_recording
from calleq.osn.orders import Order, Party, Refusal
from calleq.units import MINUTE_US, SECOND_US
from tests.virtual import REPRESENTATIVE, VirtualNetwork, number

CUSTOMER = number("00")
AGENT = REPRESENTATIVE
OTHER = number("06")
"""Slow to answer."""
LONG_TALK_US = 20 * MINUTE_US


class ControlledCall(VirtualNetwork):
    """A network with one call, bridged a second ago."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, talk_us=more.pop("talk_us", LONG_TALK_US), **more)
        self.reference = self.place(CUSTOMER, AGENT)
        limit_us = self.clock.monotonic_us() + MINUTE_US
        while self.view(self.reference).state != "bridged":
            assert self.clock.run_next()
            assert self.clock.monotonic_us() < limit_us
        self.passes(1)

    def passes(self, seconds: float) -> None:
        """Time goes by."""
        self.clock.advance_us(round(seconds * SECOND_US))

    def order(self, order: Order, command: str = "") -> Refusal | None:
        """Have an order carried out and wait for the answer."""
        answers: list[Refusal | None] = []
        self.server.control(self.reference, "abc", order, answers.append, command)
        self.until_true(lambda: bool(answers))
        assert len(answers) == 1
        return answers[0]

    def done(self, *orders: Order) -> None:
        """Have orders carried out that must not be refused."""
        for order in orders:
            assert self.order(order) is None, order

    def happened(self) -> list[str]:
        """What has happened since the bridge was made: event, leg and what is said of it."""
        events = self.events(self.reference)
        first = next(at for at, event in enumerate(events) if event.event == "bridged") + 1
        return [
            " ".join(filter(None, (event.event, event.leg, event.detail)))
            for event in events[first:]
        ]

    def until(self, event: str, limit_s: float = 60) -> None:
        """Let time pass until that is the last thing that has happened."""
        self.until_true(lambda: self.happened()[-1:] == [event], limit_s)

    def until_true(self, is_so: Callable[[], bool], limit_s: float = 60) -> None:
        """Let time pass until something is so."""
        end_us = self.clock.monotonic_us() + round(limit_s * SECOND_US)
        while not is_so():
            assert self.clock.monotonic_us() < end_us, self.happened()
            assert self.clock.run_next()

    def sounds(self, telephone: str, hertz: int) -> None:
        """Whoever is at the telephone sounds a tone and nothing else from now on."""
        assert self.network.telephones is not None
        self.network.telephones.say_tone(telephone, hertz, 60)

    def presses(self, telephone: str, keys: str) -> None:
        """Whoever is at the telephone presses keys."""
        assert self.network.telephones is not None
        self.network.telephones.press(telephone, keys)

    def ends(self) -> None:
        """The customer hangs up; everything is over and at rest."""
        self.hang_up(CUSTOMER)
        self.run_to_end(self.reference)
        self.assert_at_rest()


def hears(prompt: Prompt) -> str:
    """What a telephone hears of a text."""
    return f"{prompt.kind}:{prompt.text}"


def both_channels(directory: pathlib.Path, recording: str) -> tuple[Samples, Samples]:
    """What was recorded."""
    return read_recording(directory / f"{recording}.wav")


ALL: tuple[Party, ...] = ("customer", "agent", "third")
