"""The testers' desk of the simulated telephones, as an HTTP application.

    GET  /telephones                      all telephones and what they do now
    GET  /telephones/{number}             one of them
    GET  /telephones/{number}/diary       what it lived through: {"entries": [...]}
    POST /telephones/{number}/dial        {"to": "+12125550143"}
    POST /telephones/{number}/hang-up
    POST /telephones/{number}/say         {"hz": 1004, "seconds": 2}
    POST /telephones/{number}/keys        {"keys": "42#"}
    POST /telephones/{number}/note        {"keys": "123456"}: entered when a code is asked for
    GET  /telephones/{number}/heard.wav   what its ear heard (headers Heard-From: since when,
                                          Missed-Frames: 20 ms ticks the voice process missed)
    PUT  /talk                            {"seconds": 5}

`{number}` is E.164 with or without its `+`. It is for loopback only and has no password: whoever
hosts it binds it there. It can do what a person beside a telephone can, and nothing to any other
element of the network. Refusals are RFC 9457 problems.
"""

import io
import wave
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from calleq.media.contract import line_wire
from calleq.media.frames import SAMPLE_RATE_HZ
from calleq.media.remote import Recording
from calleq.messages.answers import FieldProblem
from calleq.telephones.behaviours import ELEMENT
from calleq.telephones.diary import DiaryEntry, Event
from calleq.telephones.house import ErrorCode, TelephoneError, Telephones
from calleq.units import SECOND_US, utc_text
from calleq.web.answering import answer_problem, with_problems
from calleq.web.problems import ProblemError, plain_problem

if TYPE_CHECKING:
    from calleq.media.g711 import Samples

BODY_LIMIT = 4_096
"""Octets of a request's body."""

Recorder = Callable[[str, str], Awaitable[Recording]]
"""`await recorder(element, wire)`: what arrived there; ConnectionError when nobody can say."""

_STATUS: dict[ErrorCode, int] = {
    "unknown_telephone": 404,
    "invalid_number": 422,
    "invalid_value": 422,
    "telephone_in_use": 409,
    "not_in_a_call": 409,
    "not_mobile": 409,
}


class TelephoneView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One telephone now."""

    number: str
    state: str
    far: str
    """The number dialled or shown in the current or last call."""
    hears: list[str]
    antenna: str | None = None
    """A mobile telephone's, empty when it is out of reach; left out for one with a wire."""


class TelephoneList(msgspec.Struct, frozen=True):
    """All telephones."""

    telephones: list[TelephoneView]
    talk_seconds: float


class EntryView(msgspec.Struct, frozen=True, kw_only=True):
    """One diary entry."""

    number: str
    at: str
    """RFC 3339, UTC."""
    at_us: int
    monotonic_us: int
    event: Event
    detail: str
    cause: int


class DiaryView(msgspec.Struct, frozen=True):
    """The diary of one telephone, oldest entry first."""

    entries: list[EntryView]


class DialRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to dial."""

    to: str


class MoveRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where to carry a mobile telephone; empty: out of reach."""

    antenna: str


class SayRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tone to sound."""

    hz: int
    seconds: float = 1.0


class KeysRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keys to press."""

    keys: str


class TalkRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long people talk."""

    seconds: float


Body = TypeVar("Body", DialRequest, MoveRequest, SayRequest, KeysRequest, TalkRequest)


class Desk:
    """The handlers; `desk_app` makes the application of them."""

    def __init__(self, telephones: Telephones, recorder: Recorder) -> None:
        self._telephones = telephones
        self._recorder = recorder

    async def overview(self, request: Request) -> Response:
        views = [self._view(number) for number in self._telephones.numbers]
        return _json(TelephoneList(views, self._telephones.talk_us / SECOND_US))

    async def show(self, request: Request) -> Response:
        return _json(self._view(_number(request)))

    async def diary(self, request: Request) -> Response:
        number = _number(request)
        self._telephones.telephone(number)
        entries = self._telephones.diary.entries(number)
        return _json(DiaryView([_entry_view(entry) for entry in entries]))

    async def dial(self, request: Request) -> Response:
        body = await _body(request, DialRequest)
        number = _number(request)
        self._telephones.dial(number, body.to)
        return _json(self._view(number), 202)

    async def move(self, request: Request) -> Response:
        body = await _body(request, MoveRequest)
        number = _number(request)
        self._telephones.move(number, body.antenna)
        return _json(self._view(number), 202)

    async def hang_up(self, request: Request) -> Response:
        number = _number(request)
        self._telephones.hang_up(number)
        return _json(self._view(number), 202)

    async def say(self, request: Request) -> Response:
        body = await _body(request, SayRequest)
        number = _number(request)
        self._telephones.say_tone(number, body.hz, body.seconds)
        return _json(self._view(number), 202)

    async def press(self, request: Request) -> Response:
        body = await _body(request, KeysRequest)
        number = _number(request)
        self._telephones.press(number, body.keys)
        return _json(self._view(number), 202)

    async def note(self, request: Request) -> Response:
        body = await _body(request, KeysRequest)
        number = _number(request)
        self._telephones.note(number, body.keys)
        return _json(self._view(number), 202)

    async def heard(self, request: Request) -> Response:
        number = _number(request)
        self._telephones.telephone(number)
        try:
            recording = await self._recorder(ELEMENT, line_wire(number))
        except ConnectionError as error:
            lost = plain_problem(503, "voice_lost", f"no recording can be had: {error}")
            raise ProblemError(lost) from error
        from calleq.media.g711 import decode  # with numpy: slow to import, and rarely asked for

        return Response(
            wave_file(decode(recording.octets)),
            headers={
                "Heard-From": utc_text(recording.from_us),
                "Missed-Frames": str(recording.missed_frames),
            },
            media_type="audio/wav",
        )

    async def talk(self, request: Request) -> Response:
        body = await _body(request, TalkRequest)
        self._telephones.set_talk_us(round(body.seconds * SECOND_US))
        return _json(body)

    def _view(self, number: str) -> TelephoneView:
        telephone = self._telephones.telephone(number)
        return TelephoneView(
            number=number,
            state=telephone.state.value,
            far=telephone.far,
            hears=sorted(self._telephones.heard(number)),
            antenna=self._telephones.antenna_of(number),
        )


def desk_app(telephones: Telephones, recorder: Recorder) -> ASGIApp:
    """The desk of these telephones."""
    desk = Desk(telephones, recorder)
    app = Starlette(
        routes=[
            Route("/telephones", desk.overview),
            Route("/telephones/{number}", desk.show),
            Route("/telephones/{number}/diary", desk.diary),
            Route("/telephones/{number}/dial", desk.dial, methods=["POST"]),
            Route("/telephones/{number}/move", desk.move, methods=["POST"]),
            Route("/telephones/{number}/hang-up", desk.hang_up, methods=["POST"]),
            Route("/telephones/{number}/say", desk.say, methods=["POST"]),
            Route("/telephones/{number}/keys", desk.press, methods=["POST"]),
            Route("/telephones/{number}/note", desk.note, methods=["POST"]),
            Route("/telephones/{number}/heard.wav", desk.heard),
            Route("/talk", desk.talk, methods=["PUT"]),
        ]
    )
    app.add_exception_handler(TelephoneError, _refused)
    return with_problems(app)


def wave_file(samples: "Samples") -> bytes:
    """A RIFF file of 8 kHz, 16-bit mono samples."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(SAMPLE_RATE_HZ)
        out.writeframes(samples.astype("<i2").tobytes())
    return file.getvalue()


def _number(request: Request) -> str:
    """E.164 of the path; clients write it bare, with `+`, with `%2B`, or with a space for `+`."""
    text: str = request.path_params["number"]
    return "+" + text.strip().removeprefix("+")


async def _body(request: Request, kind: type[Body]) -> Body:
    """The body as a message of its kind. Raises ProblemError, pointing at the field."""
    octets = b""
    async for chunk in request.stream():
        octets += chunk
        if len(octets) > BODY_LIMIT:
            detail = f"a body has at most {BODY_LIMIT} octets"
            raise ProblemError(plain_problem(413, "body_too_large", detail))
    try:
        return msgspec.json.decode(octets, type=kind)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$")
        pointer = place.rstrip("`").replace(".", "/")
        field = FieldProblem(pointer, msgspec.UNSET, reason)
        detail = f"the body is no {kind.__name__}"
        raise ProblemError(plain_problem(422, "invalid_field", detail, (field,))) from error
    except msgspec.DecodeError as error:
        detail = f"the body is not JSON: {error}"
        raise ProblemError(plain_problem(400, "invalid_json", detail)) from error


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, TelephoneError)
    return answer_problem(request, plain_problem(_STATUS[error.code], error.code, str(error)))


def _entry_view(entry: DiaryEntry) -> EntryView:
    return EntryView(
        number=entry.number,
        at=utc_text(entry.at_us),
        at_us=entry.at_us,
        monotonic_us=entry.monotonic_us,
        event=entry.event,
        detail=entry.detail,
        cause=entry.cause,
    )


def _json(body: msgspec.Struct, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, media_type="application/json")
