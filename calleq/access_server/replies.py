"""What a door replied, as an HTTP answer."""

from collections.abc import Mapping

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from calleq.door.replies import Reply
from calleq.messages.answers import ProblemView
from calleq.web.answering import problem_response

_encode = msgspec.json.Encoder().encode


def reply_response(
    request: Request, reply: Reply, more_headers: Mapping[str, str] | None = None
) -> Response:
    """What a door replied, as an answer."""
    headers = {**dict(reply.headers), **(more_headers or {})}
    view = reply.view
    if isinstance(view, ProblemView):
        view = msgspec.structs.replace(view, instance=request.url.path)
        return problem_response(request, view, headers)
    return Response(_encode(view), reply.status, headers, "application/json")
