"""Server-sent events, read piece by piece (the HTML standard, 9.2.6), as far as calleq sends them.

What is bounded: a line of more than `LIMIT_LINE` octets is no event of calleq.
"""

import msgspec

from calleq.client.errors import ClientError
from calleq.messages.answers import EVENT_ENDED, EventView

LIMIT_LINE = 1 << 20

_decoder: msgspec.json.Decoder[EventView] = msgspec.json.Decoder(EventView)


class EventReader:
    """The events of one call's stream."""

    def __init__(self, after: int = 0) -> None:
        self.after = after
        """The last event that was read."""
        self.over = False
        """Whether the call has ended."""
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, octets: bytes) -> list[EventView]:
        """The events that are whole now. Raises ClientError."""
        *lines, self._rest = (self._rest + octets).replace(b"\r\n", b"\n").split(b"\n")
        if len(self._rest) > LIMIT_LINE:
            raise ClientError("a line of the stream has no end", code="unintelligible")
        found = []
        for line in lines:
            if line:
                name, _, value = line.partition(b":")
                if name == b"data":
                    self._data.append(value.removeprefix(b" "))
            elif self._data:
                found.append(self._event())
        return found

    def _event(self) -> EventView:
        data, self._data = b"\n".join(self._data), []
        try:
            event = _decoder.decode(data)
        except msgspec.DecodeError as error:
            raise ClientError("an event is no event of calleq", code="unintelligible") from error
        self.after = max(self.after, event.sequence)
        self.over = self.over or event.event == EVENT_ENDED
        return event
