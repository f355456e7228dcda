"""Recordings of calls: listed, read, heard, removed. Recording is begun and ended by orders."""

import asyncio

from starlette.responses import FileResponse, Response

from calleq.access_server.recordings import RecordingShelf
from calleq.access_server.routes_calls import recalled
from calleq.access_server.routing import (
    CHANGE_BUSINESS,
    READ_BUSINESS,
    Answer,
    Context,
    Route,
    answer,
)
from calleq.door.problems import NOT_FOUND
from calleq.intake import is_reference
from calleq.messages.answers import RecordedList, RecordedView
from calleq.web.problems import ProblemDetail, ProblemError

NO_RECORDING = ProblemDetail(
    status=404, code="not_found", title="Not found", detail="no such recording"
)
_GOES_ON = ProblemDetail(
    status=409,
    code="not_possible_now",
    title="Not possible now",
    detail="the recording goes on, or has been removed already",
)
_NOT_WHOLE = ProblemDetail(
    status=409,
    code="not_possible_now",
    title="Not possible now",
    detail="there is nothing to hear: the recording is not complete, or has been removed",
)


async def list_recordings(asked: Context) -> Response:
    """Those of the call of the path."""
    door, call = await recalled(asked)
    if door.call(call, asked.business) is None:
        raise ProblemError(NOT_FOUND)
    return answer(RecordedList(asked.services.the(RecordingShelf).of_call(call)))


async def get_recording(asked: Context) -> Response:
    """One of them."""
    return answer(await _own(asked))


async def hear_recording(asked: Context) -> Response:
    """Its sound."""
    view = await _own(asked)
    path = asked.services.the(RecordingShelf).file(view.recording)
    if path is None or not path.is_file():
        raise ProblemError(_NOT_WHOLE)
    return FileResponse(path, media_type="audio/wav", filename=f"{view.recording}.wav")


async def delete_recording(asked: Context) -> Response:
    """Remove it."""
    view = await _own(asked)
    shelf = asked.services.the(RecordingShelf)
    gone = asyncio.Event()
    if not shelf.delete(view.recording, gone.set):
        raise ProblemError(_GOES_ON)
    await gone.wait()
    after = shelf.find(view.recording)
    return answer(view if after is None else after)


async def _own(asked: Context) -> RecordedView:
    """The recording of the path, where its call is one that may be seen."""
    view = await own_recording(asked, asked.parameter("recording"))
    if view is None:
        raise ProblemError(NO_RECORDING)
    return view


async def own_recording(asked: Context, recording: str) -> RecordedView | None:
    """A recording of a call that whoever asks may see; None: there is none."""
    view = asked.services.the(RecordingShelf).find(recording)
    if view is None or not is_reference(view.call):
        return None
    door = await asked.services.door_of(view.call)
    return view if door.call(view.call, asked.business) is not None else None


ROUTES = (
    Route(
        method="GET",
        path="/v1/calls/{call}/recordings",
        name="listRecordings",
        handler=list_recordings,
        policy=READ_BUSINESS,
        summary="The recordings of a call.",
        answers={200: Answer("They, oldest first.", RecordedList)},
        tag="recordings",
    ),
    Route(
        method="GET",
        path="/v1/recordings/{recording}",
        name="getRecording",
        handler=get_recording,
        policy=READ_BUSINESS,
        summary="One recording: its status, its length, who had heard that the call is recorded.",
        answers={200: Answer("The recording.", RecordedView)},
        tag="recordings",
    ),
    Route(
        method="GET",
        path="/v1/recordings/{recording}/audio",
        name="hearRecording",
        handler=hear_recording,
        policy=READ_BUSINESS,
        summary="The sound of a complete recording: the customer left, everybody else right.",
        answers={200: Answer("A WAV file, 8 kHz mu-law.", media_type="audio/wav")},
        problems={409: "It is not complete, or has been removed."},
        tag="recordings",
    ),
    Route(
        method="DELETE",
        path="/v1/recordings/{recording}",
        name="deleteRecording",
        handler=delete_recording,
        policy=CHANGE_BUSINESS,
        summary="Remove a recording; answered when its file is gone.",
        answers={200: Answer("It is deleted.", RecordedView)},
        problems={409: "It goes on, or has been removed already."},
        tag="recordings",
    ),
)
