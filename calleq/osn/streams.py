"""Once and in order, whatever happens to the connection: the two ends of one OSN stream. Pure.

A stream runs from one element to another. The sender numbers its messages 1, 2, 3 … and keeps each
until it is taken; the receiver delivers number n + 1 only after n. When a connection is lost and
made anew between the same two processes, the receiver's `Welcome` says what it took, and the sender
goes on after it.

A process that restarted is another `incarnation`, and the stream starts afresh with it: messages
that were never sent to the old life are sent to the new one; messages that were sent and not
confirmed are dropped and counted (`lost_with_peer`), because the old life may have acted on them
and nothing may be done twice.
"""

from collections import deque

from calleq.osn.frames import Frame, FrameError, Hello, Message, Taken, Welcome

QUEUE_LIMIT_MESSAGES = 10_000
"""Messages one stream keeps for a peer that does not take them; what comes then is dropped."""

WINDOW_LIMIT_MESSAGES = 1_000
"""Messages sent and not yet confirmed."""


class SendingStream:
    """The sender's end. What its methods return goes onto the connection, if there is one."""

    def __init__(self, sender: str, receiver: str, incarnation: int) -> None:
        self.dropped = 0
        """Messages refused because the queue was full."""
        self.lost_with_peer = 0
        self._hello = Hello(sender, receiver, incarnation)
        self._peer: int | None = None
        self._welcomed = False
        self._unconfirmed: deque[bytes] = deque()
        self._waiting: deque[bytes] = deque()
        self._taken = 0

    @property
    def pending(self) -> int:
        """Messages not yet confirmed: sent or waiting."""
        return len(self._unconfirmed) + len(self._waiting)

    @property
    def unconfirmed(self) -> int:
        """Messages sent on this connection that the receiver has not confirmed."""
        return len(self._unconfirmed)

    def connected(self) -> list[Frame]:
        """A connection stands: introduce ourselves."""
        self._welcomed = False
        return [self._hello]

    def disconnected(self) -> None:
        """The connection is gone."""
        self._welcomed = False

    def send(self, octets: bytes) -> list[Frame]:
        """Take a message into the stream."""
        if self.pending >= QUEUE_LIMIT_MESSAGES:
            self.dropped += 1
            return []
        self._waiting.append(octets)
        return self._fill() if self._welcomed else []

    def receive(self, frame: Frame) -> list[Frame]:
        """Act on a frame of the receiver. Raises FrameError for one that is out of turn."""
        match frame:
            case Welcome(incarnation, taken) if not self._welcomed:
                return self._begin(incarnation, taken)
            case Taken(sequence) if self._welcomed:
                self._confirm(sequence)
                return self._fill()
            case _:
                raise FrameError(f"a receiver said {type(frame).__name__} out of turn")

    def _begin(self, incarnation: int, taken: int) -> list[Frame]:
        if self._peer != incarnation:
            if taken:
                raise FrameError(f"a receiver met for the first time claims to have {taken}")
            self.lost_with_peer += len(self._unconfirmed)
            self._unconfirmed.clear()
            self._peer = incarnation
            self._taken = 0
        else:
            self._confirm(taken)
        self._welcomed = True
        again: list[Frame] = [
            Message(self._taken + number, octets)
            for number, octets in enumerate(self._unconfirmed, 1)
        ]
        return again + self._fill()

    def _confirm(self, sequence: int) -> None:
        if not self._taken <= sequence <= self._taken + len(self._unconfirmed):
            raise FrameError(f"a receiver claims to have {sequence}, which was not sent")
        while self._taken < sequence:
            self._unconfirmed.popleft()
            self._taken += 1

    def _fill(self) -> list[Frame]:
        frames: list[Frame] = []
        while self._waiting and len(self._unconfirmed) < WINDOW_LIMIT_MESSAGES:
            octets = self._waiting.popleft()
            self._unconfirmed.append(octets)
            frames.append(Message(self._taken + len(self._unconfirmed), octets))
        return frames


class ReceivingStream:
    """The receiver's end: what was taken from one life of one sender."""

    def __init__(self, sender_incarnation: int, incarnation: int) -> None:
        self.sender_incarnation = sender_incarnation
        self._incarnation = incarnation
        self._taken = 0

    def welcome(self) -> Welcome:
        """What to answer to the sender's `Hello`."""
        return Welcome(self._incarnation, self._taken)

    def confirmation(self) -> Taken:
        """What to say after messages were received."""
        return Taken(self._taken)

    def receive(self, message: Message) -> bytes | None:
        """The octets to deliver; None when they were delivered before.

        Raises FrameError when messages are missing before this one.
        """
        if message.sequence > self._taken + 1:
            raise FrameError(f"message {message.sequence} came after message {self._taken}")
        if message.sequence <= self._taken:
            return None
        self._taken += 1
        return message.octets
