"""Players of a voice process as an element's process has them, across the loss of that process.

A player that runs when the voice process is lost is begun anew when there is one again, from its
first word: who listens hears a gap, then the whole. When none has come within `patience_s`, and at
once where there is no patience, it reports `failed`; so does a player that is started meanwhile and
would have to wait longer. A mark is reported once.
"""

import asyncio
from collections.abc import Callable

import msgspec

from calleq.media import protocol
from calleq.media.contract import Played, Player, Prompt


class _Running(msgspec.Struct):
    request: protocol.Play
    report: Player
    marked: bool = False


class RemotePlayers:
    """Everything that plays for the elements of this process."""

    def __init__(
        self,
        send: Callable[[protocol.Request], bool],
        loop: asyncio.AbstractEventLoop,
        patience_s: float,
    ) -> None:
        self._send = send
        self._loop = loop
        self._patience_s = patience_s
        self._running: dict[int, _Running] = {}
        self._latest: dict[tuple[str, str], int] = {}
        """Of each element's player of a name, the one that was begun last."""
        self._giving_up: asyncio.TimerHandle | None = None

    def play(self, number: int, element: str, player: str, prompt: Prompt, report: Player) -> None:
        """See `Voice.play`."""
        request = protocol.Play(number, element, player, prompt)
        if self._send(request) or self._giving_up is not None:
            self._running[number] = _Running(request, report)
            self._latest[element, player] = number
        elif report.ended is not None:
            self._loop.call_soon(report.ended, "failed")

    def stop(self, element: str, player: str) -> None:
        """See `Voice.stop`; the voice process does not say what it was told."""
        self._send(protocol.Stop(element, player))
        running = self._forget(self._latest.get((element, player), 0))
        if running is not None and running.report.ended is not None:
            self._loop.call_soon(running.report.ended, "stopped")

    def ended(self, number: int, how: Played) -> None:
        """A player is over."""
        running = self._forget(number)
        if running is not None and running.report.ended is not None:
            running.report.ended(how)

    def _forget(self, number: int) -> _Running | None:
        running = self._running.pop(number, None)
        if running is not None:
            name = (running.request.element, running.request.player)
            if self._latest.get(name) == number:
                del self._latest[name]
        return running

    def marked(self, number: int) -> None:
        """It has come to its mark."""
        running = self._running.get(number)
        if running is not None and not running.marked:
            running.marked = True
            if running.report.marked is not None:
                running.report.marked()

    def restore(self) -> None:
        """There is a voice process, for the first time or again."""
        if self._giving_up is not None:
            self._giving_up.cancel()
            self._giving_up = None
        for running in self._running.values():
            self._send(running.request)

    def lost(self) -> None:
        """The voice process is gone."""
        if not self._patience_s:
            self._give_up()
        elif self._giving_up is None:
            self._giving_up = self._loop.call_later(self._patience_s, self._give_up)

    def _give_up(self) -> None:
        self._giving_up = None
        for number in list(self._running):
            self.ended(number, "failed")
