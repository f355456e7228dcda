"""Which of many sockets have something to read: by epoll, or by poll where there is none."""

import select

from calleq.media.rtp.table import MAX_LEGS

_READABLE = 1
"""EPOLLIN and POLLIN alike."""


class Ready:
    """The sockets that are asked about."""

    def __init__(self) -> None:
        self._epoll = select.epoll() if hasattr(select, "epoll") else None
        self._poll = None if self._epoll is not None else select.poll()

    def add(self, descriptor: int) -> None:
        """Ask about a socket from now on."""
        (self._epoll or self._some_poll()).register(descriptor, _READABLE)

    def remove(self, descriptor: int) -> None:
        """Ask about it no longer."""
        (self._epoll or self._some_poll()).unregister(descriptor)

    def now(self) -> list[tuple[int, int]]:
        """The descriptors of those that have something now, each with what it has."""
        if self._epoll is not None:
            return self._epoll.poll(0, MAX_LEGS)
        return self._some_poll().poll(0)

    def _some_poll(self) -> select.poll:
        assert self._poll is not None
        return self._poll
