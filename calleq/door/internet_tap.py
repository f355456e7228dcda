"""What is captured of the internet side: request and answer as JSON, without the password and the
one-time code.

Only the fields of figures 8 and 9 are shown, what is encrypted as it was sent; of a body that is
neither a JSON object nor encrypted only its length is.
"""

from typing import Literal

import msgspec

from calleq.messages import CallInitiation, DirectCallRequest
from calleq.messages.answers import CallAccepted, ProblemView
from calleq.messages.sealed import is_sealed
from calleq.runtime.tap import NoTap, Segment, Tap

MASK = "********"

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_SHOWN = frozenset(CallInitiation.model_fields) | frozenset(DirectCallRequest.model_fields)
_TARGETS = {8: "/v1/calls", 9: "/v1/direct-calls"}


class InternetTap:
    """Shows a server's exchanges with businesses to the tap of the network."""

    def __init__(self, tap: Tap, server: str) -> None:
        self._tap = tap
        self._server = server
        self._link = f"internet/{server}"
        self._captures = not isinstance(tap, NoTap)

    def request(self, call: str | None, figure: Literal[8, 9], body: bytes, at_us: int) -> None:
        """A message of that figure as it arrived at `at_us`."""
        if not self._captures:
            return
        shown = {"call": call, "request": f"POST {_TARGETS[figure]}", "body": _masked(body)}
        self._tap.saw(Segment.INTERNET, self._link, "business", self._server, _encode(shown), at_us)

    def answer(
        self, call: str | None, status: int, view: CallAccepted | ProblemView, at_us: int
    ) -> None:
        """What was answered to it; a one-time code is not shown."""
        if not self._captures:
            return
        if isinstance(view, CallAccepted) and view.code is not msgspec.UNSET:
            view = msgspec.structs.replace(view, code=MASK)
        shown = {"call": call, "status": status, "body": view}
        self._tap.saw(Segment.INTERNET, self._link, self._server, "business", _encode(shown), at_us)


def _masked(body: bytes) -> dict[str, object]:
    if body.startswith(b"eyJ") and is_sealed(text := body.decode("ascii", "replace").strip()):
        return {"jose": text}
    try:
        fields = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        return {"octets": len(body)}
    shown: dict[str, object] = {name: fields[name] for name in _SHOWN & fields.keys()}
    if "password" in shown:
        shown["password"] = MASK
    return dict(sorted(shown.items()))
