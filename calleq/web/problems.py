"""Problems (RFC 9457) as data: what an element of HTTP says when it does not do as it was asked.

`ProblemDetail` is a problem as its element knows it, `ProblemError` ends a request with one, and
`view` is what a reader sees of it (`calleq.messages.answers.ProblemView`): the same shape for every
element. `code` is for programs, `detail` for people; `errors` point into the request's body
(RFC 6901). The answers are made of these in `calleq.web.answering`.
"""

from collections.abc import Mapping
from http import HTTPStatus

import msgspec

from calleq.messages.answers import FieldProblem, ProblemView
from calleq.messages.errors import Fault

TYPE_BASE = "tag:calleq.example,2026:problem/"
"""RFC 9457 §3.1.1: a tag URI names a type where no page explains it."""
ERRORS_LIMIT = 100
"""Faults listed in one answer."""


class ProblemDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One problem: HTTP status, stable code, a title for its kind and a detail for this case."""

    status: int
    code: str
    title: str
    detail: str = ""
    errors: tuple[Fault | FieldProblem, ...] = ()
    retry_after_s: int | None = None

    def view(self) -> ProblemView:
        """The problem as its reader sees it, but for what only the request tells."""
        return ProblemView(
            type=TYPE_BASE + self.code,
            title=self.title,
            status=self.status,
            code=self.code,
            detail=self.detail,
            errors=tuple(
                FieldProblem(error.pointer, error.code, error.detail)
                for error in self.errors[:ERRORS_LIMIT]
            ),
        )


def problem_of(view: ProblemView) -> ProblemDetail:
    """The problem that its reader saw as `view`."""
    return ProblemDetail(
        status=view.status,
        code=view.code,
        title=view.title,
        detail=view.detail,
        errors=view.errors,
    )


def plain_problem(
    status: int, code: str, detail: str, errors: tuple[FieldProblem, ...] = ()
) -> ProblemDetail:
    """A problem titled by the own phrase of its status."""
    title = HTTPStatus(status).phrase
    return ProblemDetail(status=status, code=code, title=title, detail=detail, errors=errors)


class ProblemError(Exception):
    """Ends a request with a problem, and with headers besides."""

    def __init__(self, problem: ProblemDetail, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(problem.detail)
        self.problem = problem
        self.headers = dict(headers or {})
